"""Exercises of lesson 13: the variational autoencoder."""

import numpy as np

from .engine import Exercise
from .matchers import Wrong, agrees, call, choice, close, show


def reference_kl(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    return -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var), axis=1)


def grade_kl(answer: object) -> str:
    rng = np.random.default_rng(0)
    cases = [(np.array([[0.5, -2.0]]), np.array([[-1.0, 0.3]]))] + [
        tuple(rng.normal(size=(2, *shape))) for shape in ((4, 3), (3, 3), (2, 5))
    ]
    agrees(
        answer, reference_kl, cases,
        [
            (lambda m, v: -reference_kl(m, v), "The sign is wrong: a divergence is never negative."),
            (lambda m, v: 2 * reference_kl(m, v), "The factor 1/2 is missing."),
            (lambda m, v: -0.5 * np.sum(1 + np.log(np.abs(v)) - m**2 - v, axis=1), "`log_var` is log σ² already: σ² is its exponential."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - v, axis=1), "The last term is σ², the exponential of `log_var`."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(0.5 * v), axis=1), "The last term is σ², and you took σ."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(2 * v), axis=1), "You took `log_var` for log σ. It is log σ²."),
            (lambda m, v: -0.5 * np.sum(1 + v - m - np.exp(v), axis=1), "μ has to be squared."),
            (lambda m, v: -0.5 * np.sum(v - m**2 - np.exp(v), axis=1), "The 1 of each dimension is missing."),
            (lambda m, v: -0.5 * np.mean(1 + v - m**2 - np.exp(v), axis=1), "Add over the latent dimensions: you took their mean."),
            (lambda m, v: np.sum(reference_kl(m, v)), "That is the sum over all pictures. Return one number for each of them."),
            (lambda m, v: np.mean(reference_kl(m, v)), "That is the mean over all pictures. Return one number for each of them."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(v), axis=0), "You added over the pictures. Add over the latent dimensions."),
            (lambda m, v: -0.5 * (1 + v - m**2 - np.exp(v)), "These are the terms of each dimension. Add them for each picture."),
        ],
    )  # fmt: skip
    return "Half of the loss of every VAE: what it costs, in nats, to tell a decoder about x."


def grade_grey(answer: object) -> str:
    entropy = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    close(
        answer, entropy,
        [
            (0, "It does not reach 0, not even with p = 0.25. Put p = 0.25 into −x log p − (1 − x) log(1 − p)."),
            (entropy / np.log(2), "These are bits. For nats use the natural logarithm."),
            (-np.log(0.25), "That is −log 0.25, as if the pixel were ink. Weight both terms: x with 0.25, 1 − x with 0.75."),
            (-np.log(0.75), "That is −log 0.75, as if the pixel were paper. Weight both terms: x with 0.25, 1 − x with 0.75."),
            (-0.25 * np.log(0.25), "The term for paper is missing: (1 − x) log(1 − p)."),
            (-0.75 * np.log(0.75), "The term for ink is missing: x log p."),
            (np.log(2), "That is what p = 0.5 reaches. Which p is the best one?"),
            (-entropy, "The sign is wrong: a cross-entropy of probabilities is never negative."),
            (0.25, "That is the best p. What does it reach?"),
        ],
    )  # fmt: skip
    return "0.562 nats, the entropy of a coin with p = 0.25. No network is to blame for them, and a loss of grey pictures is full of them."


def grade_bargain(answer: object) -> str:
    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 2:
        raise Wrong(f"Your answer should be a pair (line, β), but it is {show(answer)}.")
    line, beta = answer
    line = (
        str(int(line))
        if isinstance(line, (int, float, np.integer, np.floating)) and line in (1, 2, 3, 4)
        else str(line).strip()
    )
    choice(
        line, "3",
        {
            "1": "Line 1 is right: the encoder's numbers, cut in two halves.",
            "2": "Line 2 is right: σ is the exponential of half of log σ².",
            "4": "Line 4 is right as it stands: summed over the latent dimensions, and the mean over the pictures. Compare it with line 3.",
        },
        what="The line",
    )  # fmt: skip
    close(
        beta, 64,
        [
            (1, "Not 1: after the mistake the two parts no longer stand in the proportion of the ELBO. Over what does line 3 take the mean?"),
            (1 / 64, "The other way round: the reconstruction became 64 times too small, so the KL weighs 64 times too much."),
            (50, "The mean over the pictures is taken in both parts. What else is averaged in line 3?"),
            (128, "Over 64 pixels is averaged, not over 128 numbers."),
            (64 * 50, "The mean over the pictures is taken in both parts. What else is averaged in line 3?"),
            (32, "The KL keeps its factor 1/2 in both. Only the mean over the pixels counts."),
            (2, "The number of latent dimensions has no part in it: the KL is summed, as it should be."),
        ],
        what="β",
    )  # fmt: skip
    return "The mean over 64 pixels is the sum divided by 64: as if β were 64. Nothing crashes, and the posterior collapses."


def reference_estimate(log_joint: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    log_w = log_joint - log_q
    top = log_w.max(axis=0)
    return top + np.log(np.mean(np.exp(log_w - top), axis=0))


def cases_of_estimate() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(1)
    cases = [(rng.normal(-20, 2, size=(n, N)), rng.normal(0, 1, size=(n, N))) for n, N in ((5, 3), (10, 4), (6, 6))]
    return cases + [(rng.normal(-2000, 2, size=(8, 3)), rng.normal(0, 1, size=(8, 3)))]


def grade_estimate(answer: object) -> str:
    cases = cases_of_estimate()
    agrees(
        answer, reference_estimate, cases[:3],
        [
            (lambda j, q: np.mean(j - q, axis=0), "That is the mean of the logarithms, the ELBO. Take the logarithm of the mean of the weights."),
            (lambda j, q: reference_estimate(j, q) + np.log(len(j)), "That is the log of the sum. Divide by n, or take log n away."),
            (lambda j, q: np.exp(reference_estimate(j, q)), "That is p(x). Return its logarithm."),
            (lambda j, q: reference_estimate(j, 0 * q), "The weights are p(x, z) / q(z|x): take `log_q` away."),
            (lambda j, q: reference_estimate(j, -q), "The weights are p(x, z) / q(z|x): take `log_q` away, do not add it."),
            (lambda j, q: reference_estimate(j.T, q.T), "The first index is the number of the sample: average over axis 0."),
            (lambda j, q: np.mean(reference_estimate(j, q)), "That is the mean over all pictures. Return one number for each of them."),
            (lambda j, q: -reference_estimate(j, q), "The sign is wrong: return log p(x), not −log p(x)."),
            (lambda j, q: np.max(j - q, axis=0), "That is the largest weight. Average all of them."),
        ],
    )  # fmt: skip
    if not np.isfinite(np.asarray(call(answer, *cases[3]), dtype=float)).all():
        raise Wrong(
            "For a face, with 2,000 nats, exp gives 0 and its logarithm −∞. Take the largest log-weight out first, or use `logsumexp`."
        )
    agrees(answer, reference_estimate, cases[3:])
    return "With n = 1 it is the ELBO's estimate, and with n → ∞ log p(x) itself."


def reference_direction(z: np.ndarray, has: np.ndarray) -> np.ndarray:
    return z[has].mean(axis=0) - z[~has].mean(axis=0)


def grade_direction(answer: object) -> str:
    rng = np.random.default_rng(3)
    cases = [(rng.normal(size=(N, d)), np.arange(N) % k == 0) for N, d, k in ((9, 3, 3), (8, 2, 4), (10, 12, 2))]
    agrees(
        answer, reference_direction, cases,
        [
            (lambda z, has: -reference_direction(z, has), "That takes the glasses off: mean with minus mean without."),
            (lambda z, has: z[has].mean(axis=0), "That is the place of the mean face with the attribute. Take the mean of those without it away."),
            (lambda z, has: z[has].mean(axis=0) - z.mean(axis=0), "You took the mean of all codes away. Take that of the codes without the attribute."),
            (lambda z, has: z[has].sum(axis=0) - z[~has].sum(axis=0), "Means, not sums: the two groups have different sizes."),
            (lambda z, has: reference_direction(z, has) / np.linalg.norm(reference_direction(z, has)), "Leave its length as it is: that says how far to go."),
            (lambda z, has: np.mean(z[has]) - np.mean(z[~has]), "That is one number. Average over the faces only: axis 0."),
            (lambda z, has: np.median(z[has], axis=0) - np.median(z[~has], axis=0), "These are medians. Take means."),
        ],
    )  # fmt: skip
    return "A subtraction of two means: and it can be added to any face."


EXERCISES = {
    "13.1": Exercise(
        grade=grade_kl,
        hints=(
            "For each dimension: −½ (1 + log σ² − μ² − σ²), and σ² = exp(log σ²).",
            "Then `sum(axis=1)`: over the latent dimensions, not over the pictures.",
        ),
        solution="""
            import numpy as np

            def kl_of(mu, log_var):
                return -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var), axis=1)

            answer = kl_of
        """,
        wrong=[
            (lambda mu, log_var: -reference_kl(mu, log_var), "never negative"),
            (lambda mu, log_var: 2 * reference_kl(mu, log_var), "1/2"),
            (lambda mu, log_var: -0.5 * np.sum(1 - mu**2 + 0 * log_var, axis=1), "exponential"),
            (lambda mu, log_var: reference_kl(mu, log_var).mean(), "each of them"),
            (lambda mu, log_var: -0.5 * (1 + log_var - mu**2 - np.exp(log_var)), "Add them"),
            (lambda mu, log_var: reference_kl(mu, log_var) / mu.shape[1], "their mean"),
            (lambda mu, log_var: -0.5 * np.sum(1 + log_var - mu**2 - np.exp(0.5 * log_var), axis=1), "you took σ"),
        ],
    ),
    "13.2": Exercise(
        grade=grade_grey,
        hints=(
            "−0.25 log p − 0.75 log(1 − p) is smallest where its slope in p is 0. Which p is that?",
            "p = 0.25. Put it in.",
        ),
        solution="""
            import numpy as np

            answer = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
        """,
        wrong=[
            (0, "does not reach 0"),
            (0.8113, "bits"),
            (1.386, "−log 0.25"),
            (0.6931, "p = 0.5"),
            (0.3466, "missing"),
        ],
    ),
    "13.3": Exercise(
        grade=grade_bargain,
        hints=(
            "`binary_cross_entropy_with_logits` without `reduction` takes a mean. Over which axes?",
            "Multiply the whole loss by 64, and compare it with lesson and ELBO.",
        ),
        solution="answer = (3, 64)  # the mean over pictures and pixels; 64 · loss = sum + 64 · KL",
        wrong=[
            ((3, 1 / 64), "other way round"),
            ((4, 64), "is right as it stands"),
            ((2, 1), "Line 2 is right"),
            ((3, 1), "Over what"),
            (3, "pair"),
        ],
    ),
    "13.4": Exercise(
        grade=grade_estimate,
        hints=(
            "The log-weights are `log_joint - log_q`, shape (n, N).",
            "`scipy.special.logsumexp(log_w, axis=0) - np.log(n)` never underflows.",
        ),
        solution="""
            import numpy as np
            from scipy.special import logsumexp

            def estimate(log_joint, log_q):
                return logsumexp(log_joint - log_q, axis=0) - np.log(len(log_joint))

            answer = estimate
        """,
        wrong=[
            (lambda log_joint, log_q: np.mean(log_joint - log_q, axis=0), "the ELBO"),
            (lambda log_joint, log_q: reference_estimate(log_joint, log_q) + np.log(len(log_joint)), "log of the sum"),
            (lambda log_joint, log_q: reference_estimate(log_joint, 0 * log_q), "take `log_q` away"),
            (
                lambda log_joint, log_q: np.log(np.maximum(np.mean(np.exp(log_joint - log_q), axis=0), 0) + 0.0),
                "2,000 nats",
            ),
            (lambda log_joint, log_q: reference_estimate(log_joint.T, log_q.T), "axis 0"),
        ],
    ),
    "13.5": Exercise(
        grade=grade_direction,
        hints=(
            "`z[has]` are the codes of the faces with the attribute, `z[~has]` the others.",
            "The difference of their means over axis 0.",
        ),
        solution="""
            def direction(z, has):
                return z[has].mean(axis=0) - z[~has].mean(axis=0)

            answer = direction
        """,
        wrong=[
            (lambda z, has: -reference_direction(z, has), "off"),
            (lambda z, has: z[has].mean(axis=0), "without it away"),
            (lambda z, has: z[has].mean(axis=0) - z.mean(axis=0), "mean of all codes"),
            (lambda z, has: z[has].sum(axis=0) - z[~has].sum(axis=0), "sums"),
        ],
    ),
}
