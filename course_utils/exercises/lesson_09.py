"""Exercises of lesson 09: the ELBO."""

import numpy as np

from .engine import Exercise
from .matchers import Wrong, agrees, choice, close, show

P, Q = np.array([0.5, 0.5]), np.array([0.9, 0.1])


def kl(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(a * np.log(a / b)))


QP, PQ = kl(Q, P), kl(P, Q)


def grade_two_tables(answer: object) -> str:
    close(
        answer, np.array([QP, PQ]),
        [
            (np.array([PQ, QP]), "The two are exchanged. In KL(q‖p) the average is taken under q, the first one."),
            (np.array([QP, QP]), "The first is right. The two directions differ: for KL(p‖q) average log(p/q) under p."),
            (np.array([PQ, PQ]), "The second is right. The two directions differ: for KL(q‖p) average log(q/p) under q."),
            (np.array([-QP, -PQ]), "The signs are wrong: a divergence is never negative."),
            (np.array([QP, PQ]) / np.log(2), "These are bits. For nats use the natural logarithm."),
        ],
    )  # fmt: skip
    return "0.368 and 0.511 nats: the same two tables, two different numbers."


def reference_elbo(q: np.ndarray, joint: np.ndarray) -> float:
    used = q > 0
    return float(np.sum(q[used] * np.log(joint[used] / q[used])))


def grade_elbo(answer: object) -> str:
    joint = np.array([0.02, 0.005, 0.001, 0.03])
    cases = [
        (np.array([0.25, 0.25, 0.25, 0.25]), joint),
        (np.array([0.7, 0.0, 0.1, 0.2]), joint),
        (joint / joint.sum(), joint),
    ]
    agrees(
        answer, reference_elbo, cases,
        [
            (lambda q, j: -reference_elbo(q, j), "The sign is wrong: the ELBO is the sum of q · log(joint/q)."),
            (lambda q, j: float(np.sum(q * np.log(j))), "The entropy of q is missing: divide by q inside the logarithm."),
            (lambda q, j: float(np.log(j.sum())), "That is log p(x), which the ELBO only reaches if q is the posterior."),
            (lambda q, j: reference_elbo(q, j / j.sum()), "You normalised the joint to the posterior. Leave it as it is: that is the point of the ELBO."),
            (lambda q, j: float(np.sum(np.log(j[q > 0] / q[q > 0]))), "Weight each term with q: it is an average under q."),
            (lambda q, j: float(np.sum(q * np.log(j)) + np.sum(q[q > 0] * np.log(q[q > 0]))), "The sign of the entropy is wrong: H(q) = −Σ q log q."),
            (lambda q, j: reference_elbo(q, j) / np.log(2), "These are bits. For nats use the natural logarithm."),
        ],
    )  # fmt: skip
    return "No p(x) was needed. In the last case that was tried q was the posterior, and the ELBO equal to log p(x)."


def grade_wrong_line(answer: object) -> str:
    if type(answer) is str and answer.strip(" ()") in ("1", "2", "3", "4"):
        answer = int(answer.strip(" ()"))
    if not (type(answer) in (int, float) or isinstance(answer, (np.integer, np.floating))) or answer not in (
        1,
        2,
        3,
        4,
    ):
        raise Wrong(f"The answer is the number of a line, 1, 2, 3 or 4, but it is {show(answer)}.")
    choice(
        str(int(answer)), "3",
        {
            "1": "p(X, Z) = p(X|Z) p(Z): this line is right.",
            "2": "The logarithm of a product is a sum: this line is right.",
            "4": "The ELBO is a lower bound, so this line is right, even if it does not follow from the one above it.",
        },
    )  # fmt: skip
    return "E_q log p(Z)/q(Z) is MINUS the divergence from q to the prior. With a plus the bound would reward moving away from it."


def reference_gaussians(mu1: float, sigma1: float, mu2: float, sigma2: float) -> float:
    return float(np.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5)


def grade_gaussians(answer: object) -> str:
    agrees(
        answer, reference_gaussians, [(0.5, 0.3, 0.0, 1.0), (-1.0, 2.0, 1.0, 0.5), (2.0, 1.5, 2.0, 1.5)],
        [
            (lambda a, s, b, t: reference_gaussians(b, t, a, s), "That is the divergence in the other direction."),
            (lambda a, s, b, t: reference_gaussians(a, s, b, t) + 0.5, "The − 1/2 is missing: for equal Gaussians the result must be 0."),
            (lambda a, s, b, t: float(np.log(s / t) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5), "The logarithm is turned over: it is log(σ2/σ1)."),
            (lambda a, s, b, t: float(np.log(t / s) + (s + (a - b) ** 2) / (2 * t) - 0.5), "The widths σ1 and σ2 have to be squared in the second term."),
            (lambda a, s, b, t: float(np.log(t / s) + (s**2 + (a - b)) / (2 * t**2) - 0.5), "The difference of the means has to be squared."),
            (lambda a, s, b, t: float(np.log(t / s) + (s**2 + (a - b) ** 2) / 2 * t**2 - 0.5), "`/ 2 * σ2**2` multiplies by σ2². Put parentheses around the denominator."),
            (lambda a, s, b, t: float(np.log(t / s) + s**2 + (a - b) ** 2 / (2 * t**2) - 0.5), "Put parentheses around the numerator σ1² + (μ1 − μ2)²: all of it is divided."),
        ],
    )  # fmt: skip
    return "With μ2 = 0 and σ2 = 1 this is the penalty in the loss of every VAE."


EXERCISES = {
    "09.1": Exercise(
        grade=grade_two_tables,
        hints=("KL(q‖p) = 0.9 · log(0.9/0.5) + 0.1 · log(0.1/0.5).", "For the other one exchange the two tables."),
        solution="""
            import numpy as np

            p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
            answer = (np.sum(q * np.log(q / p)), np.sum(p * np.log(p / q)))
        """,
        wrong=[
            ((PQ, QP), "exchanged"),
            ((QP, QP), "differ"),
            ((-QP, -PQ), "never negative"),
            ((QP / np.log(2), PQ / np.log(2)), "bits"),
        ],
    ),
    "09.2": Exercise(
        grade=grade_elbo,
        hints=("The sum over all stories of q · log(joint/q).", "Keep only the stories with `q > 0`."),
        solution="""
            import numpy as np

            def elbo_of(q, joint):
                used = q > 0
                return np.sum(q[used] * np.log(joint[used] / q[used]))

            answer = elbo_of
        """,
        wrong=[
            (lambda q, joint: -reference_elbo(q, joint), "sign"),
            (lambda q, joint: np.sum(q * np.log(joint)), "entropy"),
            (lambda q, joint: np.log(joint.sum()), "log p(x)"),
            (lambda q, joint: reference_elbo(q, joint / joint.sum()), "normalised"),
            (lambda q, joint: np.nansum(q * np.log2(joint / q)), "bits"),
            (lambda q, joint: np.nansum(q * np.log(joint) + q * np.log(q)), "entropy"),
        ],
    ),
    "09.3": Exercise(
        grade=grade_wrong_line,
        hints=(
            "Compare each line with the third face of the ELBO in the text.",
            "What is the sign of E_q log p(Z)/q(Z)?",
        ),
        solution="answer = 3  # E_q log p(Z)/q(Z) = −KL(q‖p(Z))",
        wrong=[(1, "is right"), (2, "is right"), (4, "lower bound"), (5, "number of a line")],
    ),
    "09.4": Exercise(
        grade=grade_gaussians,
        hints=("Translate the formula term by term.", "Test it: for two equal Gaussians it must give 0."),
        solution="""
            import numpy as np

            def kl_gaussians(mu1, sigma1, mu2, sigma2):
                return np.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2)**2) / (2 * sigma2**2) - 0.5

            answer = kl_gaussians
        """,
        wrong=[
            (lambda mu1, sigma1, mu2, sigma2: reference_gaussians(mu2, sigma2, mu1, sigma1), "other direction"),
            (lambda mu1, sigma1, mu2, sigma2: reference_gaussians(mu1, sigma1, mu2, sigma2) + 0.5, "1/2"),
            (
                lambda mu1, sigma1, mu2, sigma2: (
                    np.log(sigma1 / sigma2) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5
                ),
                "turned over",
            ),
            (
                lambda mu1, sigma1, mu2, sigma2: (
                    np.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / 2 * sigma2**2 - 0.5
                ),
                "denominator",
            ),
            (
                lambda mu1, sigma1, mu2, sigma2: (
                    np.log(sigma2 / sigma1) + sigma1**2 + (mu1 - mu2) ** 2 / (2 * sigma2**2) - 0.5
                ),
                "numerator",
            ),
        ],
    ),
}
