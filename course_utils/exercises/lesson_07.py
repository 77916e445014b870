"""Exercises of lesson 07: representation learning."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

FIRST, SECOND = 1024 * 128 + 128, 128 * 2 + 2  # the parameters of the layers of 07.2
X = np.linspace(0, 1, 3 * 1024).reshape(3, 1024)
REBUILT = X[:, ::-1] * 0.9
ENDS = [
    (np.array([0.0, 1.0]), np.array([2.0, -1.0]), 5),
    (np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 9.0]), 2),
]
TASKS = {"density": False, "sampling": False, "representation": True}


def parabola(a: float) -> float:
    return 2 * (a - 3)


def descend(slope: Callable, start: float, rate: float, steps: int) -> float:
    for _ in range(steps):
        start = start - rate * slope(start)
    return start


EXERCISES = {
    "07.1": Exercise(
        judge=partial(
            agrees,
            reference=descend,
            cases=[(parabola, 0.0, 0.1, 5), (parabola, 10.0, 0.25, 3), (np.cos, 2.0, 0.5, 1)],
        ),
        praise="Step by step downhill: the same five lines train every network of this course.",
        mistakes=[
            (lambda s, a, r, n: descend(s, a, -r, n), "It goes uphill: subtract the slope."),
            (lambda s, a, r, n: descend(s, a, r, n - 1), "One step is missing."),
            (lambda s, a, r, n: descend(s, a, r, n + 1), "That is one step too many."),
            (lambda s, a, r, n: descend(s, a, 1.0, n), "Multiply the slope by the learning rate."),
            (lambda s, a, r, n: a - n * r * s(a), "You took every step with the slope of the start. Ask for the slope again where you stand now."),
            (lambda s, a, r, n: a - r * s(a), "That is one step. Repeat it."),
            (lambda s, a, r, n: descend(s, a, r, 1000), "You walk on until the slope is 0. Make `steps` steps, wherever that leads."),
        ],
        hints=("A loop over `range(steps)`.", "In each turn: the new value is the old one minus `rate * slope(old)`."),
        solution="""
            def descend(slope, start, rate, steps):
                a = start
                for step in range(steps):
                    a = a - rate * slope(a)
                return a

            answer = descend
        """,
    ),
    "07.2": Exercise(
        judge=partial(close, expected=FIRST + SECOND, tolerance=0),
        praise=f"{FIRST:,} in the first layer and {SECOND} in the second: {FIRST + SECOND:,} numbers, to find two.",
        mistakes=[
            (FIRST + SECOND - 130, "These are the weights. Each layer also has a bias for each of its outputs, 128 and 2."),
            (FIRST + SECOND - 2, "The last layer has biases too: 2."),
            (FIRST, "That is the first layer. The second goes from 128 to 2."),
            (1024 * 128 * 2, "The two layers follow each other: their weights add up, they do not multiply."),
            (1024 + 128 + 2, "These are the sizes. A layer has a weight for each pair of an input and an output."),
        ],
        hints=("A layer from n to m numbers has n · m weights and m biases.", "Add up the two layers."),
        solution="answer = (1024 * 128 + 128) + (128 * 2 + 2)",
    ),
    "07.3": Exercise(
        judge=partial(
            agrees, reference=lambda x, y: ((x - y) ** 2).mean(axis=1), cases=[(X, REBUILT), (X[:1], 0 * X[:1])]
        ),
        praise="One number for each picture: large where the autoencoder does not know what it sees.",
        mistakes=[
            (lambda x, y: ((x - y) ** 2).mean(), "That is the mean over all pictures. Return one number for each, `axis=1`."),
            (lambda x, y: ((x - y) ** 2).sum(axis=1), "That is the sum over the pixels. Take the mean."),
            (lambda x, y: np.sqrt(((x - y) ** 2).mean(axis=1)), "That is the root of the mean. Leave the root out."),
            (lambda x, y: np.abs(x - y).mean(axis=1), "That is the mean absolute difference. Square it first."),
            (lambda x, y: (x - y).mean(axis=1), "Without the square, positive and negative differences cancel."),
            (lambda x, y: ((x - y) ** 2).mean(axis=0), "That is the error of each pixel. For each picture, average over axis 1."),
        ],
        hints=("Square the differences.", "`mean(axis=1)` averages over the pixels of each picture."),
        solution="""
            def reconstruction_error(x, rebuilt):
                return ((x - rebuilt) ** 2).mean(axis=1)

            answer = reconstruction_error
        """,
    ),
    "07.4": Exercise(
        judge=partial(agrees, reference=lambda a, b, n: np.linspace(a, b, n), cases=ENDS),
        praise="Decode these points, and one tin turns into the other by way of tins.",
        mistakes=[
            (lambda a, b, n: np.linspace(b, a, n), "It walks from z_b to z_a. Begin at z_a."),
            (lambda a, b, n: np.linspace(a, b, n + 1)[:-1], "The end is missing: z_b is the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n + 2)[1:-1], "Both ends are missing: z_a is the first and z_b the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n).T, "Rows and columns are exchanged: one row for each point, shape (n, d)."),
            (lambda a, b, n: np.tile((a + b) / 2, (n, 1)), "These are n copies of the middle."),
        ],
        hints=(
            "A point on the line is (1 − t) z_a + t z_b, with t from 0 to 1.",
            "`np.linspace` also takes arrays as its ends.",
        ),
        solution="""
            import numpy as np

            def interpolate(z_a, z_b, n):
                t = np.linspace(0, 1, n)[:, None]  # (n, 1)
                return (1 - t) * z_a + t * z_b

            answer = interpolate
        """,
    ),
    "07.5": Exercise(
        judge=partial(choices, expected=TASKS),
        praise="One of three. Lesson 13 adds a p(z), and with it the two others.",
        mistakes={
            "density": [(True, "It rebuilds pictures and measures an error. Nothing in it is a probability that adds up to 1.")],
            "sampling": [(True, "Which z would you draw? It has no p(z), and a random z may fall into a hole.")],
            "representation": [(False, "The encoder turns each picture into a short z. That is what it was trained for.")],
        },
        hints=("What does the encoder give you?", "To sample you would have to know which z to draw."),
        solution=f"answer = {TASKS}",
    ),
}  # fmt: skip
