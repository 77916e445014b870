"""Exercises of lesson 05: Naive Bayes on Wrodl."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .lesson_04 import STYLES, VALUES
from .matchers import agrees, close

FREE = sum(VALUES) - len(VALUES)  # parameters of Naive Bayes on Wrodl
SHARES = np.array([0.14, 0.48, 0.34, 0.14, 0.44])  # of the five values of 05.2 among 50 faces
P = SHARES.prod()
THETAS = [np.array([0.2, 0.8]), np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.1, 0.0, 0.0])]
X = np.array([[0, 2, 1], [1, 0, 0], [1, 1, 1], [0, 1, 2]])  # the last one is impossible
ALBUMS = [
    np.array([[8, 3, 5], [2, 7, 4]]),
    np.array([[5, 0], [1, 6], [0, 9]]),
    np.array([[8, 2], [1, 9]]),
    np.array([[2, 4], [3, 6]]),
]


@np.errstate(divide="ignore")
def log_prob(x: np.ndarray, thetas: list) -> np.ndarray:
    return sum(np.log(theta[x[:, k]]) for k, theta in enumerate(thetas))


def raised(floor: float, rest: float = 0) -> Callable:
    """Return the mistake of no probability below `floor`, or of `rest` added to each."""
    return lambda x, thetas: log_prob(x, [np.maximum(theta, floor) + rest for theta in thetas])


def in_place_of_infinity(value: float) -> Callable:
    return lambda x, thetas: np.where(np.isinf(p := log_prob(x, thetas)), value, p)


@np.errstate(divide="ignore")
def without_zeros(x: np.ndarray, thetas: list) -> np.ndarray:
    """Return the sum of the logarithms, with 0 for log 0."""
    terms = [np.log(theta[x[:, k]]) for k, theta in enumerate(thetas)]
    return sum(np.where(np.isinf(term), 0, term) for term in terms)


def expected(n: np.ndarray) -> np.ndarray:
    """Return how many people independence expects in each cell."""
    return np.outer(n.sum(axis=1), n.sum(axis=0)) / n.sum()


def chi_squared(n: np.ndarray) -> float:
    return round(float(((n - expected(n)) ** 2 / expected(n)).sum()), 12)  # 0 for independent features, and not 1e-17


def yates(n: np.ndarray) -> float:
    """Return χ² as scipy does by default: with Yates' correction for tables of two by two."""
    apart = abs(n - expected(n))
    return ((apart - np.minimum(0.5, apart) * (n.shape == (2, 2))) ** 2 / expected(n)).sum()


def p_value(n: np.ndarray, correction: bool = False) -> float:
    from scipy.stats import chi2_contingency  # here: it takes a while to load

    return float(chi2_contingency(n, correction=correction).pvalue)


def information(n: np.ndarray) -> float:
    """Return N times the mutual information."""
    seen = n > 0
    return float(np.sum(n[seen] * np.log(n[seen] / expected(n)[seen])))


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
            (P / SHARES[3] * 0.38, "That is with a `ShirtScoopNeck`, the longest bar of the clothes. A `Hoodie` is asked for."),
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
            (lambda x, t: np.prod([np.log(theta[x[:, k]]) for k, theta in enumerate(t)], axis=0), "You multiplied the logarithms. They add up."),
            (lambda x, t: log_prob(x, t) / len(t), "You averaged over the features. The logarithms add up."),
            *[(raised(floor), "What has probability 0 has log p = −∞, and here it has not: did you raise the zeros, by `np.maximum`? The model says impossible; leave it so.") for floor in (1e-2, 1e-3, 1e-6, 1e-9, 1e-10, 1e-12, 1e-300)],
            *[(raised(0, rest), "What has probability 0 has log p = −∞, and here it has not: did you add something small before the logarithm? The model says impossible; leave it so.") for rest in (1e-6, 1e-8, 1e-9, 1e-10, 1e-12)],
            (without_zeros, "You counted log 0 as 0, as if that value were certain. One impossible value makes the whole x impossible, −np.inf."),
            (in_place_of_infinity(np.nan), "Where a probability is 0 you return nan. log p(x) is −np.inf there: x is impossible."),
            (in_place_of_infinity(0), "Where a probability is 0 you return 0, the logarithm of 1. log p(x) is −np.inf there: x is impossible."),
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
        judge=partial(agrees, reference=chi_squared, cases=[(counts,) for counts in ALBUMS]),
        praise="It is about 2N times the mutual information, and 0 for the last table that was tried, where the features are independent.",
        mistakes=[
            (lambda n: ((n - expected(n)) ** 2 / n).sum(), "You divided by the counts. Divide by what was expected, e."),
            (lambda n: chi_squared(n / n.sum()), "That is of shares. χ² is of counts: N times as much."),
            (lambda n: chi_squared(n) / n.sum(), "That is χ² divided by N, as if counts were shares."),
            (lambda n: chi_squared(n) / n.size, "That is the average over the cells. Add them up."),
            (lambda n: np.sqrt(chi_squared(n)), "You took the root at the end. χ² is the sum itself."),
            (lambda n: (abs(n - expected(n)) / expected(n)).sum(), "Square each difference n − e before you divide."),
            (lambda n: ((n - expected(n)) / expected(n)).sum(), "Square each difference n − e before you divide."),
            (lambda n: (((n - expected(n)) / expected(n)) ** 2).sum(), "You squared the e of the denominator, too. Only n − e is squared."),
            (lambda n: ((n - expected(n)) ** 2).sum(), "Divide each square by the e of its cell, before you add them up."),
            (lambda n: (n**2 / expected(n)).sum(), "Of each count subtract what was expected, before you square. (Or subtract N at the end.)"),
            (lambda n: ((n - n.sum() * expected(n)) ** 2 / (n.sum() * expected(n))).sum(), "e is the row's count times the column's, *divided by N*."),
            (lambda n: ((n - n.mean()) ** 2 / n.mean()).sum(), "You expect the same in each cell. Independence expects the row's count times the column's, over N."),
            (lambda n: (n - expected(n)) ** 2 / expected(n), "These are the terms. Add them up."),
            (lambda n: p_value(n), "That is the p-value that belongs to χ². The number asked for is χ² itself, the `statistic`."),
            (lambda n: p_value(n, correction=True), "That is a p-value, with Yates' correction. The number asked for is χ² itself, without it."),
            (yates, "That is with Yates' correction: `correction=False`."),
            (lambda n: 2 * information(n), "That is 2N times the mutual information, a relative of χ². The sum of (n − e)²/e is asked for."),
            (lambda n: information(n) / n.sum(), "That is the mutual information. The sum of (n − e)²/e is asked for."),
            (expected, "These are the expected counts. Now compare the real ones with them."),
        ],
        hints=(
            "`counts.sum(axis=1)` are the rows' counts, `counts.sum(axis=0)` the columns', `counts.sum()` is N.",
            "`np.outer(rows, columns) / N` is what independence expects, for all cells at once.",
            "Then `(counts - expected) ** 2 / expected`, added up.",
        ),
        solution="""
            import numpy as np

            def chi_squared(counts):
                expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
                return ((counts - expected) ** 2 / expected).sum()

            answer = chi_squared
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
