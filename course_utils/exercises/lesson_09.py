"""Exercises of lesson 09: the ELBO."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choose_line, close

P, Q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
LOGS = np.log([0.02, 0.005, 0.001, 0.03])  # of p(X, Z)
FAR = LOGS - 2000  # where exp gives 0
SOME = np.array([0.7, 0.0, 0.1, 0.2])


def kl(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(a * np.log(a / b)))


QP, PQ = kl(Q, P), kl(P, Q)


def elbo(q: np.ndarray, log_joint: np.ndarray) -> float:
    used = q > 0
    return float(np.sum(q[used] * (log_joint[used] - np.log(q[used]))))


def entropy(q: np.ndarray) -> float:
    return elbo(q, np.zeros(len(q)))


def posterior(log_joint: np.ndarray) -> np.ndarray:
    return np.exp(log_joint - np.logaddexp.reduce(log_joint))


def rounded(q: np.ndarray, log_joint: np.ndarray) -> float:
    """Return the ELBO by way of p(X, Z), which may be rounded to 0: a typical mistake."""
    return -np.inf if np.exp(log_joint).max() == 0 else elbo(q, log_joint)


WIDTH = 0.5  # of the noise in 09.4


def kl_to_prior(mu: float, sigma: float) -> float:
    """Return KL(N(μ, σ²)‖N(0, 1))."""
    return float((sigma**2 + mu**2 - 1) / 2 - np.log(sigma))


def expected(mu: float, sigma: float, x: float, width: float = WIDTH) -> float:
    """Return the average of log N(x|z, width²) over z from N(μ, σ²)."""
    return float(-0.5 * np.log(2 * np.pi * width**2) - ((x - mu) ** 2 + sigma**2) / (2 * width**2))


def elbo_of_gaussian(mu: float, sigma: float, x: float) -> float:
    return expected(mu, sigma, x) - kl_to_prior(mu, sigma)


POSTERIOR = (1.5 / (1 + WIDTH**2), np.sqrt(WIDTH**2 / (1 + WIDTH**2)), 1.5)  # μ, σ of p(z|x) and x


EXERCISES = {
    "09.1": Exercise(
        judge=partial(close, expected=(QP, PQ)),
        praise=f"{QP:.3f} and {PQ:.3f} nats: the same two tables, two different numbers.",
        mistakes=[
            ((PQ, QP), "The two are exchanged. In KL(q‖p) the average is taken under q, the first one."),
            ((QP, QP), "The first is right. The two directions differ: for KL(p‖q) average log(p/q) under p."),
            ((PQ, PQ), "The second is right. The two directions differ: for KL(q‖p) average log(q/p) under q."),
            ((-QP, -PQ), "The signs are wrong: a divergence is never negative."),
            ((QP, -PQ), "The first is right. A divergence is never negative, in neither direction."),
            ((-QP, PQ), "The second is right. A divergence is never negative, in neither direction."),
            ((QP / 2, PQ / 2), "You took the mean of the terms. They are weighted with a probability already: add them up."),
            ((QP / np.log(10), PQ / np.log(10)), "These are logarithms to the base 10. For nats use the natural logarithm."),
            ((QP / np.log(2), PQ / np.log(2)), "These are bits. For nats use the natural logarithm."),
        ],
        hints=("KL(q‖p) = 0.9 · log(0.9/0.5) + 0.1 · log(0.1/0.5).", "For the other one exchange the two tables."),
        solution="""
            import numpy as np

            p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
            answer = (np.sum(q * np.log(q / p)), np.sum(p * np.log(p / q)))
        """,
    ),
    "09.2": Exercise(
        judge=partial(
            agrees,
            reference=elbo,
            cases=[(np.full(4, 0.25), LOGS), (SOME, LOGS), (SOME[::-1], FAR), (posterior(LOGS), LOGS)],
        ),
        praise="No p(x) was needed. In the last case that was tried q was the posterior, and the ELBO equal to log p(x).",
        mistakes=[
            (lambda q, j: -elbo(q, j), "The sign is wrong: the ELBO is the average of log p(X, Z) − log q(Z)."),
            (lambda q, j: np.sum(q * j), "The entropy of q is missing: subtract log q from the logarithm of the joint."),
            (lambda q, j: entropy(q), "That is the entropy of q. Add the average of log p(X, Z)."),
            (lambda q, j: np.logaddexp.reduce(j), "That is log p(x), which the ELBO only reaches if q is the posterior."),
            (lambda q, j: elbo(q, j - np.logaddexp.reduce(j)), "You normalised the joint to the posterior. Leave it as it is: that is the point of the ELBO."),
            (lambda q, j: -elbo(q, np.log(posterior(j))), "That is the divergence from q to the posterior, the gap. The ELBO is log p(x) minus it, and needs no posterior."),
            (lambda q, j: np.sum(j[q > 0] - np.log(q[q > 0])), "Weight each term with q: it is an average under q."),
            (lambda q, j: np.sum(q * j) - entropy(q), "The sign of the entropy is wrong: H(q) = −Σ q log q."),
            (lambda q, j: elbo(q, j) / len(q), "You took the mean over the stories. The terms are weighted with q already: add them up."),
            (lambda q, j: elbo(q, j) / np.log(2), "These are bits. For nats use the natural logarithm."),
            (lambda q, j: elbo(q, np.exp(j)), "What you are given is a logarithm already: `np.exp` of it is p(X, Z), and that was averaged."),
            (rounded, "Right where the logarithms are moderate. But around −2000 `np.exp` gives 0, and the logarithm of 0 is −∞: never leave the logarithms."),
        ],
        hints=("The sum over all stories of q · log(p(X, Z)/q). What is the logarithm of a quotient?", "It is `log_joint - np.log(q)`. Keep only the stories with `q > 0`."),
        solution="""
            import numpy as np

            def elbo_of(q, log_joint):
                used = q > 0
                return np.sum(q[used] * (log_joint[used] - np.log(q[used])))

            answer = elbo_of
        """,
    ),
    "09.3": Exercise(
        judge=partial(choose_line, expected=3),
        praise="The logarithm is concave: the logarithm of a mean is at LEAST the mean of the logarithms. This is Jensen's inequality, and with ≥ line 3 is the ELBO's bound, in three lines.",
        mistakes=[
            (1, "p(X) is the sum of p(X, Z) over all stories: this line is right."),
            (2, "Each term was multiplied by q/q = 1: this line is right."),
            (4, "That sum is the ELBO, by definition: this line is right, even if it does not follow from the one above it."),
        ],
        hints=(
            "Three of the four lines say that two things are equal. Are they?",
            "In line 2 stands the logarithm of a mean, under q, and in line 3 a mean of logarithms. Try it with the numbers 1 and 100, each with q = 0.5.",
        ),
        solution="answer = 3  # log is concave: log of a mean ≥ mean of the logs",
    ),
    "09.4": Exercise(
        judge=partial(
            agrees, reference=elbo_of_gaussian, cases=[(0.5, 0.3, 1.2), (-1.0, 2.0, 0.4), POSTERIOR]
        ),
        praise="The last q that was tried is the posterior, N(0.8 x, 0.2): there your bound is log p(x). The second term is the penalty in the loss of a VAE.",
        mistakes=[
            (lambda m, s, x: expected(m, 0, x) - kl_to_prior(m, s), "You put μ in the place of z. The average of (x − z)² under q is (x − μ)² + σ²."),
            (lambda m, s, x: expected(m, s, x) + kl_to_prior(m, s), "The divergence to the prior is SUBTRACTED: the bound rewards a q that stays near it."),
            (lambda m, s, x: expected(m, s, x), "That is the first term. Subtract the divergence from q to the prior N(0, 1)."),
            (lambda m, s, x: -kl_to_prior(m, s), "That is minus the divergence to the prior. Add the average of log p(x|z) under q."),
            (lambda m, s, x: expected(m, s, x) - np.log(s) - (1 + m**2) / (2 * s**2) + 0.5, "The divergence is taken in the other direction: from q to the prior, with σ1 = sigma and σ2 = 1."),
            (lambda m, s, x: elbo_of_gaussian(m, s, x) + 0.5 * np.log(2 * np.pi * WIDTH**2), "The density p(x|z) has a factor before its exponential: − ½ log(2π · 0.5²) is missing."),
            (lambda m, s, x: elbo_of_gaussian(m, s, x) + 0.5 * np.log(2 * np.pi), "In log p(x|z) the term − ½ log 2π is missing."),
            (lambda m, s, x: expected(m, s, x, np.sqrt(WIDTH)) - kl_to_prior(m, s), "The noise has the WIDTH 0.5, so its variance is 0.25."),
            (lambda m, s, x: expected(m, s, x, 1) - kl_to_prior(m, s), "The noise has the width 0.5, not 1."),
            (lambda m, s, x: expected(m, s, x) - kl_to_prior(m, s) - 2 * np.log(s), "The logarithm in the divergence is turned over: it is log(σ2/σ1) = log(1/σ)."),
            (lambda m, s, x: elbo_of_gaussian(m, s, x) - 0.5, "The − ½ in the divergence is missing: for q = N(0, 1) it must be 0."),
            (lambda m, s, x: expected(m, np.sqrt(s), x) - (s + m**2 - 1) / 2 + np.log(s), "sigma is the width of q: square it where a variance is wanted."),
            (lambda m, s, x: elbo_of_gaussian(m, np.sqrt(s), x), "sigma is the width of q already: square it where a variance is wanted."),
            (lambda m, s, x: -elbo_of_gaussian(m, s, x), "The sign is wrong: that is the loss, the negative of the ELBO."),
            (lambda m, s, x: -0.5 * np.log(2 * np.pi * (1 + WIDTH**2)) - x**2 / (2 * (1 + WIDTH**2)), "That is log p(x), which the ELBO only reaches if q is the posterior."),
            (lambda m, s, x: elbo_of_gaussian(m, s, x) / np.log(2), "These are bits. For nats use the natural logarithm."),
        ],
        hints=(
            "E_q log p(x|z) − KL(q‖p(z)): take the two terms one after the other.",
            "log p(x|z) = − ½ log(2π · 0.25) − (x − z)²/(2 · 0.25). What is the average of (x − z)² under q?",
            "It is (x − μ)² + σ². In the divergence μ2 = 0 and σ2 = 1.",
        ),
        solution="""
            import numpy as np

            def elbo_of_gaussian(mu, sigma, x):
                log_likelihood = -0.5 * np.log(2 * np.pi * 0.5**2) - ((x - mu)**2 + sigma**2) / (2 * 0.5**2)
                divergence = np.log(1 / sigma) + (sigma**2 + mu**2) / 2 - 0.5
                return log_likelihood - divergence

            answer = elbo_of_gaussian
        """,
    ),
}  # fmt: skip
