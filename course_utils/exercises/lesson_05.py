"""Exercises of lesson 05: Naive Bayes on Wrodl."""

from functools import partial

import numpy as np

from .engine import Exercise
from .lesson_04 import STYLES, VALUES
from .matchers import agrees, close

FREE = sum(VALUES) - len(VALUES)  # parameters of Naive Bayes on Wrodl
SHARES = np.array([0.14, 0.48, 0.34, 0.14, 0.44])  # of the five values of 05.2 among 50 faces
P = SHARES.prod()
THETAS = [np.array([0.2, 0.8]), np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.1, 0.0, 0.0])]
X = np.array([[0, 2, 1], [1, 0, 0], [1, 1, 1]])
PEOPLE = np.array([[0, 2, 1], [1, 0, 0], [1, 1, 1], [0, 2, 3], [1, 2, 1], [1, 0, 1]])
SIZES = [2, 3, 4]  # how many values their features have


def log_prob(x: np.ndarray, thetas: list) -> np.ndarray:
    return sum(np.log(theta[x[:, k]]) for k, theta in enumerate(thetas))


def score(
    x: np.ndarray,
    n_values: list[int],
    alpha: float,
    out: int = 1,
    out_of_total: int = 1,
    sizes: list[int] | None = None,
) -> float:
    """Return the score. The other arguments make mistakes: what is taken out, and the sizes in the denominators."""
    score = 0.0
    for k, size in enumerate(sizes or n_values):
        same = np.bincount(x[:, k])[x[:, k]] - out  # (N,) how many others have the same value
        score += np.log((same + alpha) / (len(x) - out_of_total + alpha * size)).sum()
    return float(score)


EXERCISES = {
    "05.1": Exercise(
        judge=partial(close, expected=FREE + 2, tolerance=0),
        praise=f"{FREE} + (3 − 1) = {FREE + 2}. The table went from {STYLES - 1:,} to {3 * STYLES - 1:,}; here two numbers were added.",
        mistakes=[
            (FREE, "That is the number without hats."),
            (FREE + 3, "The three probabilities of the hats add up to 1, so one of them is not free."),
            (sum(VALUES) + 3, "You counted all values. In each feature one probability follows from the others: subtract one for each of the six."),
            (3 * STYLES - 1, "That is the big table of exercise 04.1. Naive Bayes adds a small table for the new feature."),
            (FREE * 3, "A new feature multiplies the sample space, but Naive Bayes only adds a table of its own for it."),
        ],
        hints=(
            "What did Naive Bayes need before the hats?",
            "A feature with three values adds two free probabilities.",
        ),
        solution="answer = 7 + 6 + 3 + 4 + 8 + 3 - 6",
    ),
    "05.2": Exercise(
        judge=partial(close, expected=P, tolerance=5e-3),
        praise=f"0.14 × 0.48 × 0.34 × 0.14 × 0.44 ≈ {P:.6f}.",
        mistakes=[
            (P / 0.48, "The hair colour is missing. In this model it is a feature like the others, visible or not."),
            (SHARES.sum(), "You added the five numbers. Independent features multiply."),
            (0, "None of the five values has the probability 0. Look each of them up and multiply."),
            (P * 50**4, "Divide each count by 50, not only the product once."),
            (np.log(P), "That is log p(x). The exercise asks for p(x)."),
        ],
        hints=("Five numbers from the tables: NoHair 0.14, SilverGray 0.48, and three more.", "Multiply them."),
        solution="answer = 0.14 * 0.48 * 0.34 * 0.14 * 0.44",
    ),
    "05.3": Exercise(
        judge=partial(agrees, reference=log_prob, cases=[(X, THETAS), (X[:, :2], THETAS[:2])]),
        praise="One look-up for each feature, and a sum of logarithms: that is the whole model.",
        mistakes=[
            (lambda x, t: np.exp(log_prob(x, t)), "These are probabilities. Return their logarithms."),
            (lambda x, t: log_prob(x, t).sum(), "That is the sum over all observations. Return one value for each, shape (N,)."),
            (lambda x, t: np.log(sum(theta[x[:, k]] for k, theta in enumerate(t))), "You took the logarithm of a sum. Probabilities of independent features multiply: sum their logarithms."),
            (lambda x, t: np.array([[np.log(t[k][v]) for k, v in enumerate(row)] for row in x]), "These are the terms. Sum them over the features, axis 1."),
            (lambda x, t: log_prob(x, t) / len(t), "You averaged over the features. The logarithms add up."),
        ],
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
    ),
    "05.4": Exercise(
        judge=partial(
            agrees,
            reference=score,
            cases=[(PEOPLE, SIZES, 1.0), (PEOPLE, SIZES, 0.25), (PEOPLE[:3, :2], SIZES[:2], 2.0)],
        ),
        praise="An honest score again. And now the others say something about a newcomer: they share features, if not styles.",
        mistakes=[
            (lambda x, d, a: score(x, d, a, out=0, out_of_total=0), "Each person is scored by a model that has seen them: take them out first, N − 1 are left."),
            (lambda x, d, a: score(x, d, a, out_of_total=0), "The numerators are right. The others are only N − 1, also in the denominator."),
            (lambda x, d, a: score(x, d, a, sizes=[int(np.prod(d))] * len(d)),
             "The denominator has αd with d all combinations, as for the table. Here feature k has d_k = n_values[k] values of its own."),
            (lambda x, d, a: -score(x, d, a), "The sign is wrong: logarithms of probabilities are negative."),
            (lambda x, d, a: score(x, d, a) / len(x), "That is the average. The exercise asks for the sum."),
            (lambda x, d, a: np.exp(score(x, d, a)), "That is the product of the probabilities. Add up their logarithms."),
        ],
        hints=(
            "`np.delete(x, i, axis=0)` holds everybody but person i.",
            "`NaiveBayes(n_values, alpha).fit(others).log_prob(x[[i]])[0]` is the score of one person.",
            "By counts alone: n − 1 others have the same value, so the factor of feature k is (n − 1 + α)/(N − 1 + α d_k).",
        ),
        solution="""
            import numpy as np
            from course_utils.models import NaiveBayes

            def naive_leave_one_out(x, n_values, alpha):
                score = 0.0
                for i in range(len(x)):
                    others = np.delete(x, i, axis=0)
                    model = NaiveBayes(n_values, alpha=alpha).fit(others)
                    score = score + model.log_prob(x[[i]])[0]
                return score

            answer = naive_leave_one_out
        """,
    ),
    "05.5": Exercise(
        judge=partial(close, expected=(0.25, 0.5)),
        praise="Independent of each other, and not given the label: neither kind of independence follows from the other.",
        mistakes=[
            ((0.5, 0.25), "The two are exchanged: the naive one comes first."),
            ((0.25, 0.25), "The naive one is right. Which of the four results have c = 0, and in how many of those are both coins 1?"),
            ((0.5, 0.5), "The true one is right. Naive Bayes multiplies p(a=1 | c=0) and p(b=1 | c=0), which are 1/2 each."),
            ((0.125, 0.25), "These are the probabilities of a = b = 1 *and* c = 0. Given c = 0: divide by p(c=0) = 1/2."),
            ((0.25, 0.0), "That is so given c = 1. The label here is c = 0: the coins agree."),
            ((0.125, 0.0), "Those are the numbers of section 2, for a = b = c = 1. Here c = 0 is given, and a = b = 1 is asked for."),
        ],
        hints=(
            "Which of the four results (a, b, c) have c = 0? Forget the others.",
            "Naive Bayes needs only p(a=1 | c=0) and p(b=1 | c=0).",
        ),
        solution="answer = (0.5 * 0.5, 0.5)  # c = 0 leaves (0, 0) and (1, 1)",
    ),
}  # fmt: skip
