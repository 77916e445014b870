"""Exercises of lesson 05: Naive Bayes on Wrodl."""

import numpy as np

from .engine import Exercise
from .matchers import agrees, close

THETAS = [np.array([0.2, 0.8]), np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.1, 0.0, 0.0])]
X = np.array([[0, 2, 1], [1, 0, 0], [1, 1, 1]])


def grade_parameters(answer: object) -> str:
    close(
        answer, 25,
        [
            (23, "That is the number without hats."),
            (26, "The three probabilities of the hats add up to 1, so one of them is not free."),
            (31, "You counted all values. In each feature one probability follows from the others: subtract one for each of the six."),
            (12095, "That is the big table of exercise 04.1. Naive Bayes adds a small table for the new feature."),
            (69, "A new feature multiplies the sample space, but Naive Bayes only adds a table of its own for it."),
        ],
        tolerance=0,
    )  # fmt: skip
    return "23 + (3 − 1) = 25. The table went from 4,031 to 12,095; here two numbers were added."


def grade_by_hand(answer: object) -> str:
    right = 0.14 * 0.48 * 0.34 * 0.14 * 0.44
    close(
        answer, right,
        [
            (0.14 * 0.34 * 0.14 * 0.44, "The hair colour is missing. In this model it is a feature like the others, visible or not."),
            (0.14 + 0.48 + 0.34 + 0.14 + 0.44, "You added the five numbers. Independent features multiply."),
            (0, "None of the five values has the probability 0. Look each of them up and multiply."),
            (7 * 24 * 17 * 7 * 22 / 50, "Divide each count by 50, not only the product once."),
            (np.log(right), "That is log p(x). The exercise asks for p(x)."),
        ],
        tolerance=5e-3,
    )  # fmt: skip
    return "0.14 × 0.48 × 0.34 × 0.14 × 0.44 ≈ 0.001407."


def reference_log_prob(x: np.ndarray, thetas: list) -> np.ndarray:
    return sum(np.log(theta[x[:, k]]) for k, theta in enumerate(thetas))


def grade_log_prob(answer: object) -> str:
    agrees(
        answer, reference_log_prob, [(X, THETAS), (X[:, :2], THETAS[:2])],
        [
            (lambda x, t: np.exp(reference_log_prob(x, t)), "These are probabilities. Return their logarithms."),
            (lambda x, t: reference_log_prob(x, t).sum(), "That is the sum over all observations. Return one value for each, shape (N,)."),
            (lambda x, t: np.log(sum(theta[x[:, k]] for k, theta in enumerate(t))),
             "You took the logarithm of a sum. Probabilities of independent features multiply: sum their logarithms."),
            (lambda x, t: np.array([[np.log(t[k][v]) for k, v in enumerate(row)] for row in x]), "These are the terms. Sum them over the features, axis 1."),
            (lambda x, t: reference_log_prob(x, t) / len(t), "You averaged over the features. The logarithms add up."),
        ],
    )  # fmt: skip
    return "One look-up for each feature, and a sum of logarithms: that is the whole model."


def grade_coins(answer: object) -> str:
    close(
        answer, np.array([0.125, 0.0]),
        [
            (np.array([0.0, 0.125]), "The two are exchanged: the naive one comes first."),
            (np.array([0.125, 0.25]), "The naive one is right. Can a = b = 1 and c = a xor b = 1 happen?"),
            (np.array([0.25, 0.0]), "The true one is right. Naive Bayes multiplies three probabilities, p(a=1), p(b=1) and p(c=1)."),
            (np.array([0.125, 0.125]), "The naive one is right. Can a = b = 1 and c = a xor b = 1 happen?"),
        ],
    )  # fmt: skip
    return "Each coin shows 1 half of the time, so Naive Bayes says 1/8. But 1 xor 1 is 0: it never happens."


EXERCISES = {
    "05.1": Exercise(
        grade=grade_parameters,
        hints=("What did Naive Bayes need before the hats?", "A feature with three values adds two free probabilities."),
        solution="answer = 7 + 6 + 3 + 4 + 8 + 3 - 6",
        wrong=[(23, "without hats"), (26, "not free"), (12095, "big table"), (31, "subtract one")],
    ),
    "05.2": Exercise(
        grade=grade_by_hand,
        hints=("Five numbers from the tables: NoHair 0.14, SilverGray 0.48, and three more.", "Multiply them."),
        solution="answer = 0.14 * 0.48 * 0.34 * 0.14 * 0.44",
        wrong=[(0.14 * 0.34 * 0.14 * 0.44, "hair colour"), (1.54, "multiply"), (np.log(0.14 * 0.48 * 0.34 * 0.14 * 0.44), "log p(x)")],
    ),
    "05.3": Exercise(
        grade=grade_log_prob,
        hints=(
            "`thetas[k][x[:, k]]` looks up feature k for all observations at once.",
            "Add up `np.log(...)` of that over k.",
        ),
        solution="""
            import numpy as np

            def naive_log_prob(x, thetas):
                log_p = np.zeros(len(x))
                for k, theta in enumerate(thetas):
                    log_p = log_p + np.log(theta[x[:, k]])
                return log_p

            answer = naive_log_prob
        """,
        wrong=[
            (lambda x, t: np.prod([theta[x[:, k]] for k, theta in enumerate(t)], axis=0), "logarithms"),
            (lambda x, t: np.log(sum(theta[x[:, k]] for k, theta in enumerate(t))), "logarithm of a sum"),
            (lambda x, t: sum(np.log(theta[x[:, k]]) for k, theta in enumerate(t)).sum(), "one value for each"),
        ],
    ),
    "05.4": Exercise(
        grade=grade_coins,
        hints=("Naive Bayes needs only p(a=1), p(b=1) and p(c=1).", "Write down the four results (a, b, c). Is (1, 1, 1) among them?"),
        solution="answer = (0.5**3, 0.0)",
        wrong=[((0.0, 0.125), "exchanged"), ((0.125, 0.25), "happen"), ((0.25, 0.0), "multiplies three"), ((0.125, 0.125), "happen")],
    ),
}
