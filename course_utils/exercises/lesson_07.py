"""Exercises of lesson 07: representation learning."""

from collections.abc import Callable

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

X = np.linspace(0, 1, 3 * 1024).reshape(3, 1024)
REBUILT = X[:, ::-1] * 0.9


def reference_descend(slope: Callable, start: float, rate: float, steps: int) -> float:
    for _ in range(steps):
        start = start - rate * slope(start)
    return start


def parabola(a: float) -> float:
    return 2 * (a - 3)


def grade_descend(answer: object) -> str:
    def uphill(slope: Callable, start: float, rate: float, steps: int) -> float:
        return reference_descend(lambda a: -slope(a), start, rate, steps)

    def same_slope(slope: Callable, start: float, rate: float, steps: int) -> float:
        return start - steps * rate * slope(start)

    agrees(
        answer, reference_descend, [(parabola, 0.0, 0.1, 5), (parabola, 10.0, 0.25, 3), (np.cos, 2.0, 0.5, 1)],
        [
            (uphill, "It goes uphill: subtract the slope."),
            (lambda s, a, r, n: reference_descend(s, a, r, n - 1), "One step is missing."),
            (lambda s, a, r, n: reference_descend(s, a, r, n + 1), "That is one step too many."),
            (lambda s, a, r, n: reference_descend(s, a, 1.0, n), "Multiply the slope by the learning rate."),
            (same_slope, "You took every step with the slope of the start. Ask for the slope again where you stand now."),
            (lambda s, a, r, n: a - r * s(a), "That is one step. Repeat it."),
        ],
    )  # fmt: skip
    return "Step by step downhill: the same five lines train every network of this course."


def grade_parameters(answer: object) -> str:
    close(
        answer, 1024 * 128 + 128 + 128 * 2 + 2,
        [
            (1024 * 128 + 128 * 2, "These are the weights. Each layer also has a bias for each of its outputs, 128 and 2."),
            (1024 * 128 + 128 + 128 * 2, "The last layer has biases too: 2."),
            (1024 * 128 + 128, "That is the first layer. The second goes from 128 to 2."),
            (1024 * 128 * 2, "The two layers follow each other: their weights add up, they do not multiply."),
            (1024 + 128 + 2, "These are the sizes. A layer has a weight for each pair of an input and an output."),
        ],
        tolerance=0,
    )  # fmt: skip
    return "131,200 in the first layer and 258 in the second: 131,458 numbers, to find two."


def grade_error(answer: object) -> str:
    agrees(
        answer, lambda x, y: ((x - y) ** 2).mean(axis=1), [(X, REBUILT), (X[:1], 0 * X[:1])],
        [
            (lambda x, y: ((x - y) ** 2).mean(), "That is the mean over all pictures. Return one number for each, `axis=1`."),
            (lambda x, y: ((x - y) ** 2).sum(axis=1), "That is the sum over the pixels. Take the mean."),
            (lambda x, y: np.sqrt(((x - y) ** 2).mean(axis=1)), "That is the root of the mean. Leave the root out."),
            (lambda x, y: np.abs(x - y).mean(axis=1), "That is the mean absolute difference. Square it first."),
            (lambda x, y: (x - y).mean(axis=1), "Without the square, positive and negative differences cancel."),
            (lambda x, y: ((x - y) ** 2).mean(axis=0), "That is the error of each pixel. For each picture, average over axis 1."),
        ],
    )  # fmt: skip
    return "One number for each picture: large where the autoencoder does not know what it sees."


def grade_interpolate(answer: object) -> str:
    cases = [
        (np.array([0.0, 1.0]), np.array([2.0, -1.0]), 5),
        (np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 9.0]), 2),
    ]
    agrees(
        answer, lambda a, b, n: np.linspace(a, b, n), cases,
        [
            (lambda a, b, n: np.linspace(b, a, n), "It walks from z_b to z_a. Begin at z_a."),
            (lambda a, b, n: np.linspace(a, b, n + 1)[:-1], "The end is missing: z_b is the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n + 2)[1:-1], "Both ends are missing: z_a is the first and z_b the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n).T, "Rows and columns are exchanged: one row for each point, shape (n, d)."),
            (lambda a, b, n: np.tile((a + b) / 2, (n, 1)), "These are n copies of the middle."),
        ],
    )  # fmt: skip
    return "Decode these points, and one tin turns into the other by way of tins."


TASKS = {"density": False, "sampling": False, "representation": True}


def grade_tasks(answer: object) -> str:
    choices(
        answer,
        {
            "density": (False, {True: "It rebuilds pictures and measures an error. Nothing in it is a probability that adds up to 1."}),
            "sampling": (False, {True: "Which z would you draw? It has no p(z), and a random z may fall into a hole."}),
            "representation": (True, {False: "The encoder turns each picture into a short z. That is what it was trained for."}),
        },
    )  # fmt: skip
    return "One of three. Lesson 13 adds a p(z), and with it the two others."


EXERCISES = {
    "07.1": Exercise(
        grade=grade_descend,
        hints=("A loop over `range(steps)`.", "In each turn: the new value is the old one minus `rate * slope(old)`."),
        solution="""
            def descend(slope, start, rate, steps):
                a = start
                for step in range(steps):
                    a = a - rate * slope(a)
                return a

            answer = descend
        """,
        wrong=[
            (lambda slope, start, rate, steps: reference_descend(lambda a: -slope(a), start, rate, steps), "uphill"),
            (lambda slope, start, rate, steps: start - rate * slope(start), "Repeat"),
            (lambda slope, start, rate, steps: start - steps * rate * slope(start), "slope again"),
            (lambda slope, start, rate, steps: reference_descend(slope, start, 1.0, steps), "learning rate"),
        ],
    ),
    "07.2": Exercise(
        grade=grade_parameters,
        hints=("A layer from n to m numbers has n · m weights and m biases.", "Add up the two layers."),
        solution="answer = (1024 * 128 + 128) + (128 * 2 + 2)",
        wrong=[(131328, "bias"), (131200, "first layer"), (1154, "pair"), (262144, "add up")],
    ),
    "07.3": Exercise(
        grade=grade_error,
        hints=("Square the differences.", "`mean(axis=1)` averages over the pixels of each picture."),
        solution="""
            def reconstruction_error(x, rebuilt):
                return ((x - rebuilt) ** 2).mean(axis=1)

            answer = reconstruction_error
        """,
        wrong=[
            (lambda x, rebuilt: ((x - rebuilt) ** 2).mean(), "one number for each"),
            (lambda x, rebuilt: ((x - rebuilt) ** 2).sum(axis=1), "sum"),
            (lambda x, rebuilt: (x - rebuilt).mean(axis=1), "cancel"),
        ],
    ),
    "07.4": Exercise(
        grade=grade_interpolate,
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
        wrong=[
            (lambda z_a, z_b, n: np.linspace(z_b, z_a, n), "Begin at z_a"),
            (lambda z_a, z_b, n: np.linspace(z_a, z_b, n).T, "exchanged"),
            (lambda z_a, z_b, n: np.linspace(z_a, z_b, n + 2)[1:-1], "Both ends"),
        ],
    ),
    "07.5": Exercise(
        grade=grade_tasks,
        hints=("What does the encoder give you?", "To sample you would have to know which z to draw."),
        solution=f"answer = {TASKS}",
        wrong=[
            (TASKS | {"sampling": True}, "hole"),
            (TASKS | {"density": True}, "adds up to 1"),
            (TASKS | {"representation": False}, "encoder"),
        ],
    ),
}
