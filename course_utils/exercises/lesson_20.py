"""Exercises of lesson 20: out in the world."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close_each


def alarm_score(usual: np.ndarray, strange: np.ndarray) -> float:
    more = np.asarray(strange)[:, None] - np.asarray(usual)
    return float(((more > 0) + 0.5 * (more == 0)).mean())


def in_pairs(usual: np.ndarray, strange: np.ndarray, tie: float) -> float:
    """Compare the first with the first, the second with the second: a typical mistake."""
    more = [s - u for s, u in zip(strange, usual)]
    return float(np.mean([1 if d > 0 else tie if d == 0 else 0 for d in more]))


ALARMS = [
    (np.array([7.0, 9.0, 12.0, 30.0]), np.array([8.0, 12.0, 13.0, 40.0])),
    (np.array([5.0, 5.0, 6.0]), np.array([5.0, 4.0, 5.8, 5.5])),
    (np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])),
]
VALUES = 3 * 32 * 32  # of a picture in colour, in 20.1
UNITS = {"nats": 3.00 * VALUES * np.log(2), "ours": 20 / (1024 * np.log(2))}
FINDS = {"copier": "nearest neighbours", "die": "precision", "favourite": "recall", "sleeper": "bits per dimension"}
MISSES = {
    "copier": [
        ("bits per dimension", "it shows pictures only: without a density there is nothing to measure."),
        ("precision", "training pictures lie among the true ones, so precision is as good as it gets."),
        (
            "recall",
            "two thousand training pictures are spread as the true ones are: recall is high. What gives a copy away?",
        ),
    ],
    "die": [
        (
            "bits per dimension",
            "a hundredth of a good model costs log 100 = 4.6 nats at most (lesson 19): a few thousandths of a bit for each of 1,024 pixels.",
        ),
        (
            "nearest neighbours",
            "noise has no twin in the training set, and so it looks like imagination. Which number says that noise is no picture?",
        ),
        (
            "recall",
            "the perfect hundredth may still reach every true picture, if enough are painted. Which number looks at the other 99?",
        ),
    ],
    "favourite": [
        (
            "bits per dimension",
            "that would find it if it had a density, but the task speaks of its faces only. Which number asks whether everybody is there?",
        ),
        ("nearest neighbours", "its faces are new, so there are no twins."),
        ("precision", "its faces are flawless: each of them lies among the true ones."),
    ],
    "sleeper": [
        ("nearest neighbours", "nothing is said of copies, and its pictures cannot be told from the true ones."),
        (
            "precision",
            "its pictures cannot be told from the true ones, so precision is high. What looks at probabilities?",
        ),
        ("recall", "by the features that you have nobody is missing. What looks at probabilities?"),
    ],
}


EXERCISES = {
    "20.1": Exercise(
        judge=partial(close_each, expected=UNITS, tolerance=7e-3),
        praise=f"{UNITS['nats']:,.0f} nats for a photograph, and {UNITS['ours']:.3f} bits a pixel for a face: the two pictures are not of one world, so nobody may compare the models by them.",
        mistakes={
            "nats": [
                (3.00 * VALUES, f"these are bits. A bit has log 2 = {np.log(2):.3f} nats."),
                (3.00 * 1024 * np.log(2), f"a picture in colour has 3 · 32 · 32 = {VALUES:,} values, and each is a dimension."),
                (3.00 * 1024, f"a picture in colour has {VALUES:,} values, and a bit has log 2 nats."),
                (3.00 * VALUES / np.log(2), "multiply by log 2: a nat is more than a bit, so there are fewer nats."),
                (3.00 * np.log(2), f"those are the nats of one dimension. A picture has {VALUES:,} of them."),
            ],
            "ours": [
                (20 / 1024, "these are nats per dimension. Divide by log 2 to get bits."),
                (20 * np.log(2) / 1024, "divide by log 2: a nat is more than a bit, so there are more bits."),
                (20 / (VALUES * np.log(2)), f"our model speaks of 1,024 palette numbers, not of {VALUES:,} colour values."),
                (20 / np.log(2), "those are the bits of a whole face. Divide by its 1,024 dimensions."),
            ],
        },
        hints=("Count the dimensions of each picture first: values, not pixels.", f"1 bit = log 2 nats = {np.log(2):.3f} nats."),
        solution="""
            import numpy as np

            answer = {"nats": 3.00 * 3 * 32 * 32 * np.log(2), "ours": 20 / (1024 * np.log(2))}
        """,
    ),
    "20.2": Exercise(
        judge=partial(choices, expected=FINDS, mistakes=MISSES),
        praise="Each number answers one question: is it expected, is it copied, is it possible, is everybody there? A copier and a favourite both look flawless.",
        mistakes=MISSES,
        hints=("Ask what each number looks at: probabilities of true pictures, distances to training pictures, painted pictures among true ones, true ones among painted.", "Without a density there are no bits. And a picture that is flawless has good precision, wherever it comes from."),
        solution=f"answer = {FINDS}",
    ),
    "20.3": Exercise(
        judge=partial(agrees, reference=alarm_score, cases=ALARMS),
        praise="Its usual name is AUC, the area under the curve. 1 is a perfect alarm, 0.5 a coin, and 0 one that rings only for your own people.",
        mistakes=[
            (lambda u, s: (s[:, None] > u).mean(), "A tie counts one half; you counted it as 0."),
            (lambda u, s: (s[:, None] >= u).mean(), "A tie counts one half; you counted it as 1."),
            (lambda u, s: 1 - alarm_score(u, s), "The other way round: the alarm is right when the strange one has more nats."),
            (lambda u, s: (s > u.mean()).mean(), "You compared with the mean of the usual ones. Compare each strange picture with each usual one."),
            (lambda u, s: (s > np.median(u)).mean(), "You compared with the median of the usual ones. Compare each strange picture with each usual one."),
            (lambda u, s: (s > u.max()).mean(), "You compared with the largest of the usual ones. Compare each strange picture with each usual one."),
            (lambda u, s: (s[:, None] < u).mean(), "The other way round: the alarm is right when the strange one has more nats. And a tie counts one half."),
            (partial(in_pairs, tie=0.5), "You compared the first with the first, the second with the second. Compare each strange picture with each usual one."),
            (partial(in_pairs, tie=0), "You compared the first with the first, the second with the second. Compare each strange picture with each usual one; a tie counts one half."),
            (lambda u, s: s.mean() - u.mean(), "That is a difference of means, in nats. A probability is asked for: count pairs."),
            (lambda u, s: alarm_score(u, s) * len(u) * len(s), "Those are counts. Divide by the number of pairs, M · N."),
        ],
        hints=("`strange[:, None] > usual` compares every pair, (M, N).", "Add half of `strange[:, None] == usual`, and take the mean."),
        solution="""
            def alarm_score(usual, strange):
                more = strange[:, None] > usual
                equal = strange[:, None] == usual
                return (more + 0.5 * equal).mean()

            answer = alarm_score
        """,
    ),
}  # fmt: skip
