"""Exercises of lesson 03: maximum likelihood."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .answers import Mistakes, Vague, Wrong
from .engine import Exercise
from .matchers import agrees, call, close

POINTS = np.array([[12.0, -7.5], [-33.9, 18.4], [59.3, 18.1], [40.7, -73.9], [-1.3, 36.8]])
RATIO = 1.1**2  # of the areas in 03.3


def fit_box(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.min(axis=0), x.max(axis=0)])


def counted(values: np.ndarray, weights: np.ndarray, n_values: int) -> np.ndarray:
    return np.bincount(values, weights, minlength=n_values)


def fit_categorical(values: np.ndarray, weights: np.ndarray, n_values: int) -> np.ndarray:
    return counted(values, weights, n_values) / weights.sum()


def kl(p: np.ndarray, q: np.ndarray) -> float:
    seen = p > 0
    if (q[seen] == 0).any():
        return np.inf
    return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def quiet(work: Callable) -> Callable:
    """Return the same function without numpy's warnings."""
    return np.errstate(all="ignore")(lambda *args: work(*args))


VALUES = [  # values, weights, how many values
    (np.array([0, 2, 2, 1, 2, 0, 2, 2]), np.array([1.5, 1, 2, 3, 0.5, 4, 1, 2.5]), 3),
    (np.array([3, 3, 1, 0]), np.array([2.0, 1, 4, 0.25]), 6),
    (np.array([1, 1, 1]), np.array([0.5, 1, 2.0]), 2),
]
TABLES = [
    (np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])),
    (np.array([0.0, 0.4, 0.6]), np.array([0.5, 0.25, 0.25])),
    (np.array([0.5, 0.5]), np.array([1.0, 0.0])),
    (np.array([0.25, 0.75]), np.array([0.25, 0.75])),
    (np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.5, 0.0])),
]

TOO_WIDE = "Your box holds every observation, with room to spare. A smaller one is denser: let each side touch an observation, and round nothing."


def judge_box(answer: Callable, mistakes: Mistakes) -> None:
    """Judge the box, and tell one that is only too large."""
    cases = [(POINTS,), (POINTS[[2, 4]],)]
    try:
        agrees(answer, fit_box, cases, mistakes)
    except Vague:
        boxes = [(np.asarray(call(answer, x), dtype=float), x) for (x,) in cases]
        if all(b.shape == (4,) and (b[:2] <= x).all() and (x <= b[2:]).all() for b, x in boxes):
            raise Wrong(TOO_WIDE) from None
        raise


EXERCISES = {
    "03.1": Exercise(
        judge=partial(close, expected=-25 * np.log(4000)),
        praise=f"25 equal terms: ℓ = −25 · log 4000 ≈ −{25 * np.log(4000):.1f} nats.",
        mistakes=[
            (25 * np.log(4000), "The sign is wrong: each density is 1/4000, and the logarithm of a number below 1 is negative."),
            (-np.log(4000), "That is the log-density of one observation. Add up all 25."),
            (-25 * np.log10(4000), "That is to base 10. A nat belongs to the natural logarithm, `np.log`."),
            (-25 * np.log2(4000), "That is to base 2, so it counts bits. A nat belongs to the natural logarithm, `np.log`."),
            (-np.log(25 * 4000), "You took the logarithm of a sum. The log-likelihood is the sum of 25 logarithms."),
            (np.log(25 / 4000), "You took the logarithm of a sum. The log-likelihood is the sum of 25 logarithms."),
            (-np.log(4000) ** 25, "You raised the logarithm to the 25th power. The logarithm of a power is a multiple: 25 times it."),
            (25 / 4000, "You added up the densities. Add up their logarithms."),
            (4000.0**-25, "That is the likelihood itself. Take its logarithm, or better: add up 25 logarithms."),
            (-25 * np.log(130), "You added the sides. The area is 50 × 80."),
            (round(-25 * np.log(4000)), "That is rounded too far: give one digit after the point."),
        ],
        hints=(
            "What is the density of the box at each observation?",
            "All 25 terms of the sum are the same: log(1/4000).",
        ),
        solution="""
            import numpy as np

            answer = -25 * np.log(50 * 80)  # 25 times the log-density of one observation
        """,
    ),
    "03.2": Exercise(
        judge=judge_box,
        praise="The bounding box: the smallest one that holds every observation.",
        mistakes=[
            (lambda x: fit_box(x).reshape(2, 2), "The two corners are right. Return them as one array of four numbers."),
            (lambda x: fit_box(x)[[1, 0, 3, 2]], "Latitude and longitude are swapped: the order is south, west, north, east."),
            (lambda x: fit_box(x)[[0, 2, 1, 3]], "The order is south, west, north, east: first the two minima, then the two maxima."),
            (lambda x: fit_box(x)[[2, 3, 0, 1]], "Minimum and maximum are exchanged: θ1 and θ2 are the bottom left corner."),
            (lambda x: np.concatenate([x[0], x[-1]]), "You took the first and the last observation. The sides touch the extreme ones."),
            (lambda x: np.concatenate([x.mean(0) - x.std(0), x.mean(0) + x.std(0)]), "Mean ± standard deviation leaves observations outside, and a single one outside makes the likelihood 0."),
            (lambda x: np.array([x.min(), x.min(), x.max(), x.max()]), "You mixed latitudes and longitudes: use `x.min(axis=0)`."),
            (lambda x: np.concatenate([x.min(axis=0) - 1, x.max(axis=0) + 1]), TOO_WIDE),
            (lambda x: np.concatenate([np.floor(x.min(axis=0)), np.ceil(x.max(axis=0))]), TOO_WIDE),
            (lambda x: np.array([-90.0, -180, 90, 180]), "That box holds everything, but a smaller one that holds all observations is denser."),
        ],
        hints=(
            "Which observations do the four sides touch?",
            "`x.min(axis=0)` is the pair (lowest latitude, lowest longitude).",
            "`np.concatenate` joins two pairs to one array of four.",
        ),
        solution="""
            import numpy as np

            def fit_box(x):
                return np.concatenate([x.min(axis=0), x.max(axis=0)])

            answer = fit_box
        """,
    ),
    "03.3": Exercise(
        judge=partial(close, expected=40 * np.log(RATIO), tolerance=5e-3),
        praise=f"Each of the 40 observations pays log(24200/20000) = log {RATIO:.2f}: together {40 * np.log(RATIO):.1f} nats.",
        mistakes=[
            (-40 * np.log(RATIO), "The size is right. The question asks by how much it falls, a positive number."),
            (40 * np.log(1.1), f"The box grows by one tenth in two directions: the area is {RATIO:.2f} times as large, not 1.1 times."),
            (40 * np.log(1.2), f"One tenth in each of two directions: 1.1 · 1.1 = {RATIO:.2f}, not 1.2."),
            (np.log(RATIO), "That is the price for one observation. There are 40."),
            (0.21, f"{RATIO - 1:.0%} is how much larger the area is. The price is the logarithm of that ratio, once for each observation."),
            (40 * 0.21, f"Close, but the log-likelihood falls by the logarithm of the ratio, 40 · log {RATIO:.2f}."),
            (40 * np.log(24200), "That is the whole log-likelihood of the wide box, without its sign. Subtract the two."),
            (round(40 * np.log(RATIO)), "Either that is rounded too far (give one digit after the point), or it is 40 · (0.1 + 0.1): the price is 40 times the *logarithm* of the ratio of the areas."),
            (40 * np.log10(RATIO), "That is to base 10. A nat belongs to the natural logarithm, `np.log`."),
        ],
        hints=(
            "Only the area changes: from 20,000 to 24,200 square degrees.",
            "ℓ = −N log(area). Subtract the two values.",
        ),
        solution="""
            import numpy as np

            answer = 40 * np.log(110 * 220) - 40 * np.log(100 * 200)
        """,
    ),
    "03.4": Exercise(
        judge=partial(agrees, reference=fit_categorical, cases=VALUES),
        praise="Count and divide: a row of weight 2 counts as two rows of weight 1, and that is all there is to it, until something was never counted.",
        mistakes=[
            (lambda v, w, n: counted(v, w, n), "These are the counts. Divide by their sum, so that they add up to 1."),
            (lambda v, w, n: counted(v, w, n) / len(v), "You divided by the number of rows. Each row stands for as many people as its weight: divide by the sum of the weights."),
            (lambda v, w, n: counted(v, w, n) / n, "You divided by the number of values. Divide by the sum of the weights."),
            (lambda v, w, n: np.bincount(v, minlength=n) / len(v), "Here each row counts once. Count it with its weight: `np.bincount` takes `weights`."),
            (lambda v, w, n: np.bincount(v, w) / w.sum(), "The outcomes beyond the largest observed one are missing: they get the probability 0."),
            (lambda v, w, n: counted(v, w, n) / np.maximum(np.bincount(v, minlength=n), 1), "That is the average weight of the rows of each value. The share of all the weight is asked for."),
            (lambda v, w, n: (counted(v, w, n) + 1) / (w.sum() + n), "You added one to each count. That is smoothing, and comes in lesson 04; the MLE gives 0 to what was never seen."),
            (lambda v, w, n: np.full(n, 1 / n), "Equal probabilities ignore the data."),
            (lambda v, w, n: np.log(np.maximum(fit_categorical(v, w, n), 1e-300)), "These are logarithms. Return the probabilities."),
        ],
        hints=(
            "How much weight does each value have, all its rows together?",
            "`np.bincount` counts whole numbers: with `weights=weights` it adds up weights in place of ones, with `minlength=n_values` it also counts values that never occur.",
            "Divide by the weight of all rows.",
        ),
        solution="""
            import numpy as np

            def fit_categorical(values, weights, n_values):
                return np.bincount(values, weights=weights, minlength=n_values) / weights.sum()

            answer = fit_categorical
        """,
    ),
    "03.5": Exercise(
        judge=partial(agrees, reference=kl, cases=TABLES),
        praise="An average of log(p/q) under p: 0 for equal tables, infinite where q rules out what p does.",
        mistakes=[
            (lambda p, q: kl(q, p), "That is KL(q‖p), the other direction. The average is taken under p, the first argument."),
            (lambda p, q: -kl(p, q), "The sign is wrong: the logarithm is of p/q, and the divergence is never negative."),
            (lambda p, q: kl(p, q) / np.log(2), "That is in bits. For nats use the natural logarithm, `np.log`."),
            (quiet(lambda p, q: np.sum((p * np.log(p / q))[(p > 0) & (q > 0)])), "You left out where q is 0. If p is not 0 there, the divergence is infinite."),
            (lambda p, q: np.inf if (q == 0).any() else kl(p, q), "q may be 0 where p is 0, too: look only where p > 0."),
            (quiet(lambda p, q: np.sum(np.log(p / q))), "Each logarithm has to be weighted with p: it is an average under p."),
            (quiet(lambda p, q: p * np.log(p / q)), "These are the terms. Add them up."),
            (quiet(lambda p, q: -np.sum(p * np.log(q))), "That is the cross-entropy. Subtract the entropy of p, or use log(p/q)."),
        ],
        hints=(
            "Write the formula first: the sum of p · log(p/q).",
            "Keep only the terms with `p > 0`, as in `seen = p > 0`: numpy makes nan of 0 · log 0.",
            "If q is 0 somewhere among them, return `np.inf`.",
        ),
        solution="""
            import numpy as np

            def kl(p, q):
                seen = p > 0
                if (q[seen] == 0).any():
                    return np.inf
                return np.sum(p[seen] * np.log(p[seen] / q[seen]))

            answer = kl
        """,
    ),
}  # fmt: skip
