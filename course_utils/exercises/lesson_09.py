"""Exercises of lesson 09: the ELBO."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choose_line, close

P, Q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
JOINT = np.array([0.02, 0.005, 0.001, 0.03])


def kl(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(a * np.log(a / b)))


QP, PQ = kl(Q, P), kl(P, Q)


def elbo(q: np.ndarray, joint: np.ndarray) -> float:
    used = q > 0
    return float(np.sum(q[used] * np.log(joint[used] / q[used])))


def kl_gaussians(mu1: float, sigma1: float, mu2: float, sigma2: float) -> float:
    return float(np.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5)


EXERCISES = {
    "09.1": Exercise(
        judge=partial(close, expected=(QP, PQ)),
        praise=f"{QP:.3f} and {PQ:.3f} nats: the same two tables, two different numbers.",
        mistakes=[
            ((PQ, QP), "The two are exchanged. In KL(q‖p) the average is taken under q, the first one."),
            ((QP, QP), "The first is right. The two directions differ: for KL(p‖q) average log(p/q) under p."),
            ((PQ, PQ), "The second is right. The two directions differ: for KL(q‖p) average log(q/p) under q."),
            ((-QP, -PQ), "The signs are wrong: a divergence is never negative."),
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
            cases=[(np.full(4, 0.25), JOINT), (np.array([0.7, 0.0, 0.1, 0.2]), JOINT), (JOINT / JOINT.sum(), JOINT)],
        ),
        praise="No p(x) was needed. In the last case that was tried q was the posterior, and the ELBO equal to log p(x).",
        mistakes=[
            (lambda q, j: -elbo(q, j), "The sign is wrong: the ELBO is the sum of q · log(joint/q)."),
            (lambda q, j: np.sum(q * np.log(j)), "The entropy of q is missing: divide by q inside the logarithm."),
            (lambda q, j: np.log(j.sum()), "That is log p(x), which the ELBO only reaches if q is the posterior."),
            (lambda q, j: elbo(q, j / j.sum()), "You normalised the joint to the posterior. Leave it as it is: that is the point of the ELBO."),
            (lambda q, j: np.sum(np.log(j[q > 0] / q[q > 0])), "Weight each term with q: it is an average under q."),
            (lambda q, j: np.sum(q * np.log(j)) + np.sum(q[q > 0] * np.log(q[q > 0])), "The sign of the entropy is wrong: H(q) = −Σ q log q."),
            (lambda q, j: elbo(q, j) / np.log(2), "These are bits. For nats use the natural logarithm."),
        ],
        hints=("The sum over all stories of q · log(joint/q).", "Keep only the stories with `q > 0`."),
        solution="""
            import numpy as np

            def elbo_of(q, joint):
                used = q > 0
                return np.sum(q[used] * np.log(joint[used] / q[used]))

            answer = elbo_of
        """,
    ),
    "09.3": Exercise(
        judge=partial(choose_line, expected=3),
        praise="E_q log p(Z)/q(Z) is MINUS the divergence from q to the prior. With a plus the bound would reward moving away from it.",
        mistakes=[
            (1, "p(X, Z) = p(X|Z) p(Z): this line is right."),
            (2, "The logarithm of a product is a sum: this line is right."),
            (4, "The ELBO is a lower bound, so this line is right, even if it does not follow from the one above it."),
        ],
        hints=(
            "Compare each line with the third face of the ELBO in the text.",
            "What is the sign of E_q log p(Z)/q(Z)?",
        ),
        solution="answer = 3  # E_q log p(Z)/q(Z) = −KL(q‖p(Z))",
    ),
    "09.4": Exercise(
        judge=partial(
            agrees, reference=kl_gaussians, cases=[(0.5, 0.3, 0.0, 1.0), (-1.0, 2.0, 1.0, 0.5), (2.0, 1.5, 2.0, 1.5)]
        ),
        praise="With μ2 = 0 and σ2 = 1 this is the penalty in the loss of every VAE.",
        mistakes=[
            (lambda a, s, b, t: kl_gaussians(b, t, a, s), "That is the divergence in the other direction."),
            (lambda a, s, b, t: kl_gaussians(a, s, b, t) + 0.5, "The − 1/2 is missing: for equal Gaussians the result must be 0."),
            (lambda a, s, b, t: np.log(s / t) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5, "The logarithm is turned over: it is log(σ2/σ1)."),
            (lambda a, s, b, t: np.log(t / s) + (s + (a - b) ** 2) / (2 * t) - 0.5, "The widths σ1 and σ2 have to be squared in the second term."),
            (lambda a, s, b, t: np.log(t / s) + (s**2 + (a - b)) / (2 * t**2) - 0.5, "The difference of the means has to be squared."),
            (lambda a, s, b, t: np.log(t / s) + (s**2 + (a - b) ** 2) / 2 * t**2 - 0.5, "`/ 2 * σ2**2` multiplies by σ2². Put parentheses around the denominator."),
            (lambda a, s, b, t: np.log(t / s) + s**2 + (a - b) ** 2 / (2 * t**2) - 0.5, "Put parentheses around the numerator σ1² + (μ1 − μ2)²: all of it is divided."),
        ],
        hints=("Translate the formula term by term.", "Test it: for two equal Gaussians it must give 0."),
        solution="""
            import numpy as np

            def kl_gaussians(mu1, sigma1, mu2, sigma2):
                return np.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2)**2) / (2 * sigma2**2) - 0.5

            answer = kl_gaussians
        """,
    ),
}  # fmt: skip
