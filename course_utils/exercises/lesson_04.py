"""Exercises of lesson 04: counting and smoothing."""

import math
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, close

VALUES = (7, 6, 3, 4, 8)  # how many values Wrodl's features have
STYLES = math.prod(VALUES)
COUNTS = np.array([3, 0, 1, 0, 2, 0, 0, 4])


def smooth(counts: np.ndarray, alpha: float) -> np.ndarray:
    return (counts + alpha) / (counts.sum() + alpha * len(counts))


def score(n: np.ndarray, a: float, weight: object = lambda n: n, out: int = 1, out_of_total: int = 1) -> float:
    """Return the score. The other arguments make mistakes: how often an outcome counts, and what is taken out."""
    seen = n[n > 0]
    return float(np.sum(weight(seen) * np.log((seen - out + a) / (n.sum() - out_of_total + a * len(n)))))


EXERCISES = {
    "04.1": Exercise(
        judge=partial(close, expected=3 * STYLES - 1, tolerance=0),
        praise=f"{STYLES} × 3 = {3 * STYLES:,} styles, one of them determined by the rest. One small feature, three times the table.",
        mistakes=[
            (3 * STYLES, "That is the number of styles. Their probabilities add up to 1, so the last one is not free."),
            (3 * (STYLES - 1), "Multiply the number of styles by 3 first, and subtract one at the end."),
            (STYLES - 1 + 3, "A new feature multiplies the sample space: each old style comes with each of the three hats."),
            (STYLES - 1 + 2, "A new feature multiplies the sample space: each old style comes with each of the three hats."),
            (STYLES - 1, "That is the number without hats."),
        ],
        hints=(
            "How many styles are there, each with each of the three hats?",
            "The probabilities add up to 1: one parameter follows from the others.",
        ),
        solution=f"answer = {STYLES} * 3 - 1",
    ),
    "04.2": Exercise(
        judge=partial(agrees, reference=smooth, cases=[(COUNTS, 1.0), (COUNTS, 0.25), (np.array([2, 0]), 3.0)]),
        praise="The numerators add up to N + αd, so that is the denominator, and the probabilities add up to 1.",
        mistakes=[
            (lambda n, a: (n + a) / n.sum(), "The denominator is still N. Every outcome got α more, so the total is N + αd."),
            (lambda n, a: (n + a) / (n.sum() + a * (len(n) - 1)), "You used d − 1, the number of free parameters. All d outcomes get a pseudo-count."),
            (lambda n, a: (n + a) / (n.sum() + len(n)), "The denominator is N + αd. Yours is right for α = 1 only."),
            (lambda n, a: (n + a) / (n.sum() + a), "The denominator is N + αd: the pseudo-count is added d times."),
            (lambda n, a: (n + 1) / (n.sum() + len(n)), "You always add 1. Add α, whatever it is."),
            (lambda n, a: n / n.sum(), "That is the estimate without smoothing. Add α to each count."),
            (lambda n, a: (n + a) / len(n), "You divided by the number of outcomes. Divide by N + αd, the sum of all numerators."),
        ],
        hints=(
            "The numerator is `counts + alpha`, for all outcomes at once.",
            "What do all numerators add up to? Divide by that.",
        ),
        solution="""
            def smooth(counts, alpha):
                return (counts + alpha) / (counts.sum() + alpha * len(counts))

            answer = smooth
        """,
    ),
    "04.3": Exercise(
        judge=partial(close, expected=2 / (50 + STYLES), tolerance=1e-4),  # 0.0004900 will do; d − 1 is nearer to its own mistake
        praise=f"(1 + 1)/(50 + {STYLES}) = 2/{50 + STYLES}, twice as much as a style that nobody wears.",
        mistakes=[
            (2 / 50, "You divided by 50; with α = 1 the denominator is N + d."),
            (1 / 50, "That is the share without smoothing."),
            (1 / (50 + STYLES), "That is the probability of an unseen style. This one was seen once, plus the pseudo-count."),
            (2 / (50 + STYLES - 1), f"With d = {STYLES - 1} the probabilities do not add up to 1. All {STYLES:,} styles get a pseudo-count."),
            (2 / STYLES, "The denominator is N + d: the fifty observations count too."),
        ],
        hints=("(n + α)/(N + αd), with n = 1.", f"The denominator is 50 + {STYLES}."),
        solution=f"answer = (1 + 1) / (50 + {STYLES})",
    ),
    "04.4": Exercise(
        judge=partial(agrees, reference=score, cases=[(COUNTS, 0.5), (COUNTS, 2.0), (np.array([1, 1, 0]), 1.0)]),
        praise="An honest score: every observation is judged by a table that has never seen it.",
        mistakes=[
            (lambda n, a: score(n, a, out=0, out_of_total=0), "Each observation is scored by a table that still contains it: take it out, n − 1."),
            (lambda n, a: score(n, a, weight=np.ones_like), "Each outcome counts once here. An outcome that was seen n times stands for n observations: weight it with n."),
            (lambda n, a: score(n, a, out_of_total=0), "The numerators are right. The other observations are only N − 1, also in the denominator."),
            (lambda n, a: -score(n, a), "The sign is wrong: logarithms of probabilities are negative."),
            (lambda n, a: score(n, a) / n.sum(), "That is the average. The exercise asks for the sum."),
        ],
        hints=(
            "An outcome seen n times: without one of these observations it counts n − 1, and the total is N − 1.",
            "There are n observations of it, so its logarithm counts n times.",
            "Only outcomes with n > 0 contribute.",
        ),
        solution="""
            import numpy as np

            def leave_one_out_score(counts, alpha):
                seen = counts[counts > 0]
                total = counts.sum() - 1 + alpha * len(counts)
                return np.sum(seen * np.log((seen - 1 + alpha) / total))

            answer = leave_one_out_score
        """,
    ),
}  # fmt: skip
