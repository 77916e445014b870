"""Exercises of lesson 04: counting and smoothing."""

import math
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, close, close_each

VALUES = (7, 6, 3, 4, 8)  # how many values Wrodl's features have
STYLES = math.prod(VALUES)
PEOPLE = 50  # in the album
WEIGHT = PEOPLE / (PEOPLE + STYLES)  # of the album, with one imaginary person for each style
COUNTS = np.array([3, 0, 1, 0, 2, 0, 0, 4])
ALBUMS = np.array([[3, 0, 1, 0, 2], [0, 7, 0, 0, 1], [4, 0, 0, 2, 5]])  # a row for each, a column for each outcome
PSEUDO = np.array([0.5, 2.0, 0.25, 1.0, 3.0, 0.5, 0.1, 0.75])  # for each of these outcomes its own


def total(counts: np.ndarray) -> np.ndarray:
    return counts.sum(axis=1, keepdims=True)


def smooth(counts: np.ndarray, alpha: float) -> np.ndarray:
    return (counts + alpha) / (total(counts) + alpha * counts.shape[1])


def score(
    n: np.ndarray,
    a: np.ndarray,
    weight: object = lambda n: n,
    out: int = 1,
    out_of_total: int = 1,
    total: object = None,
) -> float:
    """Return the score. The other arguments make mistakes: how often an outcome counts, what is taken out, and Σ α."""
    a = np.broadcast_to(a, n.shape)
    total = a.sum() if total is None else np.broadcast_to(total, n.shape)[n > 0] if np.ndim(total) else total
    seen = n[n > 0]
    return float(np.sum(weight(seen) * np.log((seen - out + a[n > 0]) / (n.sum() - out_of_total + total))))


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
            (sum(VALUES) - len(VALUES) + 2, "You added what is free in each of the six features. One table for all combinations has a probability for each: multiply."),
        ],
        hints=(
            "How many styles are there, each with each of the three hats?",
            "The probabilities add up to 1: one parameter follows from the others.",
        ),
        solution=f"answer = {STYLES} * 3 - 1",
    ),
    "04.2": Exercise(
        judge=partial(agrees, reference=smooth, cases=[(ALBUMS, 1.0), (ALBUMS, 0.25), (ALBUMS[:2, :2], 3.0)]),
        praise="The numerators of an album add up to N + αd with its own N, so that is the denominator, and each row adds up to 1.",
        mistakes=[
            (lambda n, a: (n + a) / (n.sum() + a * n.size), "All the albums together add up to 1 so. Each album is a table of its own: sum over `axis=1` only, with `keepdims=True`."),
            (lambda n, a: (n + a) / (n.sum() + a * n.shape[1]), "N is the number of people in one album, not in all of them: sum over `axis=1`, with `keepdims=True`."),
            (lambda n, a: (n + a) / (total(n) + a * len(n)), "`len(counts)` is K, the number of albums. d is the number of outcomes, `counts.shape[1]`."),
            (lambda n, a: (n + a) / (total(n) + a * n.size), "`counts.size` counts the cells of all albums. d is the number of outcomes, `counts.shape[1]`."),
            (lambda n, a: (n + a) / (n + a).sum(axis=0), "You made each column add up to 1. A row is an album: sum over `axis=1`."),
            (lambda n, a: (n + a) / total(n), "The denominator is still N. Every outcome got α more, so the total is N + αd."),
            (lambda n, a: (n + a) / (total(n) + a * (n.shape[1] - 1)), "You used d − 1, the number of free parameters. All d outcomes get a pseudo-count."),
            (lambda n, a: (n + a) / (total(n) + n.shape[1]), "The denominator is N + αd. Yours is right for α = 1 only."),
            (lambda n, a: (n + a) / (total(n) + a), "The denominator is N + αd: the pseudo-count is added d times."),
            (lambda n, a: (n + a) / (total(n) + a * np.count_nonzero(n, axis=1, keepdims=True)), "You counted the outcomes that were seen. All d of them get a pseudo-count: `counts.shape[1]`."),
            (lambda n, a: (n + a) / total(n) + a * n.shape[1], "Division comes before addition: put the denominator N + αd into parentheses."),
            (lambda n, a: n + a / (total(n) + a * n.shape[1]), "Division comes before addition: put the numerator n + α into parentheses."),
            (lambda n, a: np.where(n == 0, a, n) / (total(n) + a * n.shape[1]), "Only what was never seen got α. Every outcome gets it."),
            (lambda n, a: n / total(n) + a, "You added α to the shares. Add it to the counts, before you divide."),
            (lambda n, a: (n + 1) / (total(n) + n.shape[1]), "You always add 1. Add α, whatever it is."),
            (lambda n, a: n / total(n), "That is the estimate without smoothing. Add α to each count."),
            (lambda n, a: (n + a) / n.shape[1], "You divided by the number of outcomes. Divide by N + αd, the sum of an album's numerators."),
        ],
        hints=(
            "The numerator is `counts + alpha`, for all albums and outcomes at once.",
            "What do the numerators of one album add up to? Divide by that.",
            "`x.sum(axis=1, keepdims=True)` is a column, shape (K, 1), and divides each row by its own number.",
        ),
        solution="""
            def smooth(counts, alpha):
                total = counts.sum(axis=1, keepdims=True) + alpha * counts.shape[1]  # (K, 1)
                return (counts + alpha) / total

            answer = smooth
        """,
    ),
    "04.3": Exercise(
        judge=partial(close_each, expected={"w": WEIGHT, "people": STYLES}, tolerance=1e-4),
        praise=f"w = N/(N + αd) = {PEOPLE}/{PEOPLE + STYLES}: to {1 - WEIGHT:.1%} this table repeats that all styles are alike. A small α listens more.",
        mistakes={
            "w": [
                (1 - WEIGHT, "that is 1 − w, the weight of the uniform distribution."),
                (PEOPLE / STYLES, "the album's weight is its share of *all* people, the imaginary ones and its own: N + αd."),
                (1 / PEOPLE, "that is one person's share of the album. w is the whole album's share of N + αd people."),
                (1 / (PEOPLE + STYLES), "that is the weight of one person. The album has N of them."),
                (100 * WEIGHT, "that is in percent."),
                (round(WEIGHT, 4), "these are three significant digits. Give one more."),
                (0.01224, "the last digit is cut off, not rounded."),
            ],
            "people": [
                (PEOPLE, "that is the album as it is, and its weight is far from one half."),
                (STYLES - 1, "each style has one imaginary person, also the one whose probability is not free."),
                (STYLES - PEOPLE, "that is how many are missing. The question is how many there are then."),
                (STYLES + PEOPLE, "w = N/(N + αd) is one half when N = αd."),
                (2 * STYLES, "w = N/(N + αd) is one half when N = αd, no more."),
                (STYLES / 2, "w = N/(N + αd). What must N be to make half of the sum?"),
            ],
        },
        hints=(
            "Write the left side as two fractions over N + αd, and put N/N into the first one.",
            "The first is N/(N + αd) times the album's share n/N. What is the other?",
            "Equal weights: as many people in the album as imaginary ones.",
        ),
        solution=f'answer = {{"w": {PEOPLE} / ({PEOPLE} + 1 * {STYLES}), "people": 1 * {STYLES}}}',
    ),
    "04.4": Exercise(
        judge=partial(agrees, reference=score, cases=[(COUNTS, PSEUDO), (COUNTS, PSEUDO[::-1]), (COUNTS[:3], PSEUDO[:3])]),
        praise="An honest score, for any prior guess: with it you can ask whether a guess helps. This prior is the Dirichlet distribution with a parameter for each style.",
        mistakes=[
            (lambda n, a: score(n, a, out=0, out_of_total=0), "Each observation is scored by a table that still contains it: take it out, n − 1."),
            (lambda n, a: score(n, a, weight=np.ones_like), "Each outcome counts once here. An outcome that was seen n times stands for n observations: weight it with n."),
            (lambda n, a: score(n, a, out_of_total=0), "The numerators are right. The other observations are only N − 1, also in the denominator."),
            (lambda n, a: score(n, a, out=0), "The denominator is right. Of an outcome that was seen n times the others have n − 1, also in the numerator."),
            (lambda n, a: score(n, a, total=a[n > 0].sum()), "The denominator adds up all pseudo-counts, also those of outcomes that nobody has seen."),
            (lambda n, a: score(n, a, total=a * len(n)), "The denominator has αd only if all pseudo-counts are the same. Here they are not: add them up."),
            (lambda n, a: score(n, a.mean()), "You gave each outcome the average pseudo-count. Each has its own."),
            (lambda n, a: -score(n, a), "The sign is wrong: logarithms of probabilities are negative."),
            (lambda n, a: score(n, a) / n.sum(), "That is the average. The exercise asks for the sum."),
            (lambda n, a: np.exp(score(n, a)), "That is the product of the probabilities. Add up their logarithms."),
        ],
        hints=(
            "First the denominator: all numerators together. What do they add up to?",
            "An outcome seen n times: without one of these observations it counts n − 1, and the total is one less.",
            "There are n observations of it, so its logarithm counts n times. Outcomes with n = 0 do not count.",
        ),
        solution="""
            import numpy as np

            def leave_one_out_score(counts, pseudo):
                seen = counts > 0
                total = counts.sum() - 1 + pseudo.sum()
                return np.sum(counts[seen] * np.log((counts[seen] - 1 + pseudo[seen]) / total))

            answer = leave_one_out_score
        """,
    ),
}  # fmt: skip
