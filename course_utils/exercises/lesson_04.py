"""Exercises of lesson 04: counting and smoothing."""

import numpy as np

from .engine import Exercise
from .matchers import agrees, close

COUNTS = np.array([3, 0, 1, 0, 2, 0, 0, 4])


def grade_parameters(answer: object) -> str:
    close(
        answer, 12095,
        [
            (12096, "That is the number of styles. Their probabilities add up to 1, so the last one is not free."),
            (4031 * 3, "Multiply the number of styles by 3 first, and subtract one at the end."),
            (4031 + 3, "A new feature multiplies the sample space: each old style comes with each of the three hats."),
            (4031 + 2, "A new feature multiplies the sample space: each old style comes with each of the three hats."),
            (4031, "That is the number without hats."),
        ],
        tolerance=0,
    )  # fmt: skip
    return "4032 × 3 = 12,096 styles, one of them determined by the rest. One small feature, three times the table."


def reference_smooth(counts: np.ndarray, alpha: float) -> np.ndarray:
    return (counts + alpha) / (counts.sum() + alpha * len(counts))


def grade_smooth(answer: object) -> str:
    agrees(
        answer, reference_smooth, [(COUNTS, 1.0), (COUNTS, 0.25), (np.array([2, 0]), 3.0)],
        [
            (lambda n, a: (n + a) / n.sum(), "The denominator is still N. Every outcome got α more, so the total is N + αd."),
            (lambda n, a: (n + a) / (n.sum() + a * (len(n) - 1)), "You used d − 1, the number of free parameters. All d outcomes get a pseudo-count."),
            (lambda n, a: (n + a) / (n.sum() + len(n)), "The denominator is N + αd. Yours is right for α = 1 only."),
            (lambda n, a: (n + a) / (n.sum() + a), "The denominator is N + αd: the pseudo-count is added d times."),
            (lambda n, a: (n + 1) / (n.sum() + len(n)), "You always add 1. Add α, whatever it is."),
            (lambda n, a: n / n.sum(), "That is the estimate without smoothing. Add α to each count."),
            (lambda n, a: (n + a) / len(n), "You divided by the number of outcomes. Divide by N + αd, the sum of all numerators."),
        ],
    )  # fmt: skip
    return "The numerators add up to N + αd, so that is the denominator, and the probabilities add up to 1."


def grade_seen_once(answer: object) -> str:
    close(
        answer, 2 / 4082,
        [
            (2 / 50, "You divided by 50; with α = 1 the denominator is N + d."),
            (1 / 50, "That is the share without smoothing."),
            (1 / 4082, "That is the probability of an unseen style. This one was seen once, plus the pseudo-count."),
            (2 / 4081, "With d = 4031 the probabilities do not add up to 1. All 4,032 styles get a pseudo-count."),
            (2 / 4032, "The denominator is N + d: the fifty observations count too."),
        ],
        tolerance=1e-5,
    )  # fmt: skip
    return "(1 + 1)/(50 + 4032) = 2/4082, twice as much as a style that nobody wears."


def reference_leave_one_out(counts: np.ndarray, alpha: float) -> float:
    seen = counts[counts > 0]
    return float(np.sum(seen * np.log((seen - 1 + alpha) / (counts.sum() - 1 + alpha * len(counts)))))


def grade_leave_one_out(answer: object) -> str:
    def once(n: np.ndarray, a: float) -> float:
        seen = n[n > 0]
        return float(np.sum(np.log((seen - 1 + a) / (n.sum() - 1 + a * len(n)))))

    def still_in(n: np.ndarray, a: float) -> float:
        return float(np.sum(n * np.log((n + a) / (n.sum() + a * len(n)))))

    def full_total(n: np.ndarray, a: float) -> float:
        seen = n[n > 0]
        return float(np.sum(seen * np.log((seen - 1 + a) / (n.sum() + a * len(n)))))

    agrees(
        answer, reference_leave_one_out, [(COUNTS, 0.5), (COUNTS, 2.0), (np.array([1, 1, 0]), 1.0)],
        [
            (still_in, "Each observation is scored by a table that still contains it: take it out, n − 1."),
            (once, "Each outcome counts once here. An outcome that was seen n times stands for n observations: weight it with n."),
            (full_total, "The numerators are right. The other observations are only N − 1, also in the denominator."),
            (lambda n, a: -reference_leave_one_out(n, a), "The sign is wrong: logarithms of probabilities are negative."),
            (lambda n, a: reference_leave_one_out(n, a) / n.sum(), "That is the average. The exercise asks for the sum."),
        ],
    )  # fmt: skip
    return "An honest score: every observation is judged by a table that has never seen it."


EXERCISES = {
    "04.1": Exercise(
        grade=grade_parameters,
        hints=(
            "How many styles are there, each with each of the three hats?",
            "The probabilities add up to 1: one parameter follows from the others.",
        ),
        solution="answer = 4032 * 3 - 1",
        wrong=[(12096, "not free"), (4034, "multiplies"), (12093, "subtract one at the end"), (4031, "without hats")],
    ),
    "04.2": Exercise(
        grade=grade_smooth,
        hints=(
            "The numerator is `counts + alpha`, for all outcomes at once.",
            "What do all numerators add up to? Divide by that.",
        ),
        solution="""
            def smooth(counts, alpha):
                return (counts + alpha) / (counts.sum() + alpha * len(counts))

            answer = smooth
        """,
        wrong=[
            (lambda counts, alpha: (counts + alpha) / counts.sum(), "still N"),
            (lambda counts, alpha: (counts + alpha) / (counts.sum() + alpha * (len(counts) - 1)), "d − 1"),
            (lambda counts, alpha: (counts + 1) / (counts.sum() + len(counts)), "always add 1"),
            (lambda counts, alpha: counts / counts.sum(), "without smoothing"),
        ],
    ),
    "04.3": Exercise(
        grade=grade_seen_once,
        hints=("(n + α)/(N + αd), with n = 1.", "The denominator is 50 + 4032."),
        solution="answer = (1 + 1) / (50 + 4032)",
        wrong=[(2 / 50, "You divided by 50"), (1 / 4082, "unseen"), (2 / 4081, "4031"), (1 / 50, "without smoothing")],
    ),
    "04.4": Exercise(
        grade=grade_leave_one_out,
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
        wrong=[
            (lambda n, a: np.sum(n * np.log((n + a) / (n.sum() + a * len(n)))), "take it out"),
            (lambda n, a: np.sum(n[n > 0] * np.log((n[n > 0] - 1 + a) / (n.sum() + a * len(n)))), "N − 1"),
            (lambda n, a: np.sum(np.log((n[n > 0] - 1 + a) / (n.sum() - 1 + a * len(n)))), "weight"),
        ],
    ),
}
