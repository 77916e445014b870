"""Exercises of lesson 14: a VAE on Planet Pixel."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

NEWS = np.log(2)  # of 14.1
ADDRESS = 0.5 * np.log(3 / 2) + 0.5 * np.log(3 / 4)


def logsumexp(x: np.ndarray, axis: int) -> np.ndarray:
    return np.logaddexp.reduce(x, axis=axis)


def nats_with(fit: np.ndarray, log_q: np.ndarray, weights: np.ndarray, log_n: np.ndarray) -> np.ndarray:
    return log_q - fit - logsumexp(log_n + np.log(weights), axis=1)


def cases_of_mixtures() -> list[tuple]:
    rng = np.random.default_rng(0)
    return [
        (
            rng.normal(-8, 2, size=N),
            rng.normal(5, 1, size=N),
            rng.dirichlet(np.ones(K)),
            rng.normal(-14, 3, size=(N, K)),
        )
        for N, K in ((5, 3), (4, 4), (3, 6))
    ]


def direction(z: np.ndarray, has: np.ndarray) -> np.ndarray:
    return z[has].mean(axis=0) - z[~has].mean(axis=0)


def cases_of_direction() -> list[tuple]:
    rng = np.random.default_rng(3)
    return [(rng.normal(size=(N, d)), np.arange(N) % k == 0) for N, d, k in ((9, 3, 3), (8, 2, 4), (10, 12, 2))]


def nats_by(log_p):
    """Return minus the ELBO with another log p(z), as a mistake."""
    return lambda f, q, w, n: q - f - log_p(w, n)


EXERCISES = {
    "14.1": Exercise(
        judge=partial(close, expected=(NEWS, ADDRESS)),
        praise=f"z always tells which face it was: log 2, all that there is to know. Together {NEWS + ADDRESS:.3f} nats, the mean KL(q(z|x)‖p(z)).",
        mistakes=[
            ((ADDRESS, NEWS), "You turned the pair round: first the mutual information, then the divergence."),
            ((NEWS, NEWS + ADDRESS), "The second is the mean of KL(q(z|x)‖p(z)), both parts together. Take q(z), the mean of the two rows."),
            ((NEWS + ADDRESS, ADDRESS), "The first is the mean of KL(q(z|x)‖p(z)), both parts together. Compare q(z|x) with q(z), not with p(z)."),
            ((NEWS, np.log(2 / 3) / 3 + 2 / 3 * np.log(4 / 3)), "The second is KL(p(z)‖q(z)). Weight the logarithms with q(z)."),
            ((1.5 * np.log(2), ADDRESS), "The first is the entropy of q(z). Take that of q(z|x) away: the second face's z is still open."),
            ((2 * NEWS, ADDRESS), "The two faces have probability ½ each: a mean, not a sum."),
            ((1.0, ADDRESS), "The first is in bits, or without its logarithms: log 2 is 0.693 nats."),
            ((NEWS**2, ADDRESS), "The first is squared somewhere: a mean of logarithms is no square."),
            ((NEWS, 0), "q(z) is not uniform: (½, ¼, ¼), the mean of the two rows."),
            ((0, ADDRESS), "z tells which face it was, so the first is not 0."),
        ],
        hints=(
            "q(z) = (½, ¼, ¼), the mean of the two rows.",
            "I = ½ log(1 / ½) + ½ · (½ log(½ / ¼) + ½ log(½ / ¼)), and the second is Σ q(z) log(q(z) / p(z)).",
        ),
        solution="""
            import numpy as np

            rows, p = np.array([[1, 0, 0], [0, 0.5, 0.5]]), np.ones(3) / 3
            q = rows.mean(axis=0)
            news = sum(0.5 * v * np.log(v / q[k]) for row in rows for k, v in enumerate(row) if v > 0)
            answer = (news, np.sum(q * np.log(q / p)))
        """,
    ),
    "14.2": Exercise(
        judge=partial(agrees, reference=nats_with, cases=cases_of_mixtures()),
        praise="Three logarithms, and only the one of p(z) has changed. The decoder and the encoder need not know.",
        mistakes=[
            (lambda f, q, w, n: -nats_with(f, q, w, n), "The sign is wrong: return minus the ELBO, the nats."),
            (lambda f, q, w, n: nats_with(f, -q, w, n), "log q(z|x) is taken away in the ELBO, so it is added in minus the ELBO."),
            (lambda f, q, w, n: nats_with(f, 0 * q, w, n), "log q(z|x) is missing: the ELBO takes it away."),
            (lambda f, q, w, n: nats_with(0 * f, q, w, n), "log p(x|z), `fit`, is missing."),
            (nats_by(lambda w, n: logsumexp(n, axis=1)), "The weights are missing: p(z) = Σ π_k N_k."),
            (nats_by(lambda w, n: logsumexp(n, axis=1) - np.log(len(w))), "You took equal weights. Use `weights`."),
            (nats_by(lambda w, n: n @ w), "That is the mean of the logarithms. Take the logarithm of the mean, Σ π_k N_k."),
            (nats_by(lambda w, n: logsumexp(n + w, axis=1)), "A product of probabilities is a sum of logarithms: add log π_k, not π_k."),
            (nats_by(lambda w, n: np.max(n + np.log(w), axis=1)), "That is the largest term only. Add all of them."),
            (nats_by(lambda w, n: (n + np.log(w)).sum(axis=1)), "A sum of logarithms is the logarithm of a product. Take that of a sum, Σ π_k N_k."),
            (nats_by(lambda w, n: logsumexp(n * w, axis=1)), "A weight in front of a logarithm is an exponent: add log π_k to log N_k."),
            (lambda f, q, w, n: logsumexp(n + np.log(w), axis=1), "That is log p(z) alone. Minus the ELBO has log p(x|z) and log q(z|x) as well."),
            (nats_by(lambda w, n: np.exp(n) @ w), "That is p(z). The bound needs its logarithm."),
            (lambda f, q, w, n: np.mean(nats_with(f, q, w, n)), "That is the mean over all faces. Return one number for each of them."),
        ],
        hints=(
            "log p(z) = log Σ_k π_k N_k: `scipy.special.logsumexp(log_n + np.log(weights), axis=1)`.",
            "Minus the ELBO is −(fit + log p(z) − log_q).",
        ),
        solution="""
            import numpy as np
            from scipy.special import logsumexp

            def nats_with(fit, log_q, weights, log_n):
                log_p_z = logsumexp(log_n + np.log(weights), axis=1)
                return -(fit + log_p_z - log_q)

            answer = nats_with
        """,
    ),
    "14.3": Exercise(
        judge=partial(choices, expected={"A": "standard", "B": "album", "C": "mixture"}),
        praise="Rule 2 gives the album away, and so does the distance of its two bounds. Between the others Rule 1 decides.",
        mistakes={
            "A": [
                ("mixture", "a fitted prior asks where faces live, and would have more of them than another shop that sells new ones."),
                ("album", "an album of training codes shows no new face. This shop shows the most."),
            ],
            "B": [
                ("standard", "the standard Gaussian does not know where the training faces live. Here nearly all are faces, and none is new."),
                ("mixture", "a smooth mixture asks between the codes as well, and finds some new faces. Here there is none."),
            ],
            "C": [
                ("standard", "the standard Gaussian knows nothing of the codes. Which shop has the fewest faces?"),
                ("album", "an album shows no new faces. This shop does."),
            ],
        },
        hints=("An album of training codes cannot show a new face.", "Of the two shops with new faces, which asks where faces live?"),
        solution='answer = {"A": "standard", "B": "album", "C": "mixture"}',
    ),
    "14.4": Exercise(
        judge=partial(agrees, reference=direction, cases=cases_of_direction()),
        praise="A subtraction of two means: and it can be added to any face.",
        mistakes=[
            (lambda z, has: -direction(z, has), "That takes the glasses off: mean with minus mean without."),
            (lambda z, has: z[has].mean(axis=0), "That is the place of the mean face with the attribute. Take the mean of those without it away."),
            (lambda z, has: z[has].mean(axis=0) - z.mean(axis=0), "You took the mean of all codes away. Take that of the codes without the attribute."),
            (lambda z, has: z.mean(axis=0) - z[~has].mean(axis=0), "You began with the mean of all codes. Begin with that of the codes with the attribute."),
            (lambda z, has: z + direction(z, has), "These are the new codes, z + v. Return v alone, shape (d,)."),
            (lambda z, has: z[has].sum(axis=0) - z[~has].sum(axis=0), "Means, not sums: the two groups have different sizes."),
            (lambda z, has: (z[has].sum(axis=0) - z[~has].sum(axis=0)) / len(z), "You divided both sums by the number of all faces. Divide each by that of its own group."),
            (lambda z, has: z[has].mean(axis=0) - z[1 - has].mean(axis=0), "`1 - has` is a list of row numbers, 0 and 1. `~has` turns True and False round."),
            (lambda z, has: direction(z, has) / np.linalg.norm(direction(z, has)), "Leave its length as it is: that says how far to go."),
            (lambda z, has: np.mean(z[has]) - np.mean(z[~has]), "That is one number. Average over the faces only: axis 0."),
            (lambda z, has: np.median(z[has], axis=0) - np.median(z[~has], axis=0), "These are medians. Take means."),
        ],
        hints=(
            "`z[has]` are the codes of the faces with the attribute, `z[~has]` the others.",
            "The difference of their means over axis 0.",
        ),
        solution="""
            def direction(z, has):
                return z[has].mean(axis=0) - z[~has].mean(axis=0)

            answer = direction
        """,
    ),
}  # fmt: skip
