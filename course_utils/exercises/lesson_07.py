"""Exercises of lesson 07: representation learning."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

FIRST, SECOND = 1024 * 128 + 128, 128 * 2 + 2  # the parameters of the layers of 07.2
FLAT = 15  # dimensions of a flat space that misses the tins by less than 0.001, as tests/lessons/test_07.py counts
H = 1e-5  # the small step of 07.1
ENDS = [
    (np.array([0.0, 1.0]), np.array([2.0, -1.0]), 5),
    (np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 9.0]), 2),
]
TASKS = {"density": False, "sampling": False, "representation": True}


def bowl(a: float) -> float:
    return (a - 3) ** 2


def valley(a: float) -> float:
    return a**4 / 4 - a


def slope(loss: Callable, a: float) -> float:
    return (loss(a + H) - loss(a - H)) / (2 * H)


def descend(loss: Callable, start: float, rate: float, steps: int, slope: Callable = slope) -> float:
    for _ in range(steps):
        start = start - rate * slope(loss, start)
    return start


EXERCISES = {
    "07.1": Exercise(
        judge=partial(agrees, reference=descend, cases=[(bowl, 1.0, 0.1, 3), (valley, 2.0, 0.1, 4), (bowl, -1.0, 0.25, 2)]),
        praise="Downhill without a formula. But it asks for the loss twice for each number of θ and each step: "
        "too often for a network. The next cell has a better way.",
        mistakes=[
            (lambda f, a, r, n: descend(f, a, -r, n), "It goes uphill: subtract the slope."),
            (lambda f, a, r, n: descend(f, a, r, n - 1), "One step is missing."),
            (lambda f, a, r, n: descend(f, a, r, n + 1), "That is one step too many."),
            (lambda f, a, r, n: descend(f, a, 1.0, n), "Multiply the slope by the learning rate."),
            (lambda f, a, r, n: descend(f, a, 2 * r, n), "Each slope is twice too large: a − h and a + h lie 2h apart, so divide by 2h."),
            (lambda f, a, r, n: descend(f, a, r / 2, n), "Each slope is half of what it should be: from a to a + h it is h, so divide by h there."),
            (lambda f, a, r, n: descend(f, a, 2 * r * H, n), "It hardly moves: a slope is a difference of losses, divided by 2h."),
            (lambda f, a, r, n: descend(f, a, r, n, lambda f, a: f(a)), "You subtracted the loss itself. Downhill is where its slope says."),
            (lambda f, a, r, n: a - n * r * slope(f, a), "You took every step with the slope of the start. Ask for the slope again where you stand now."),
            (lambda f, a, r, n: a - r * slope(f, a), "That is one step. Repeat it."),
            (lambda f, a, r, n: descend(f, a, r, 300), "You went on to the bottom: stop after `steps` steps."),
            (lambda f, a, r, n: [descend(f, a, r, k) for k in range(n + 1)], "These are all places on the way. Return the last one."),
            (lambda f, a, r, n: [descend(f, a, r, k + 1) for k in range(n)], "These are all places on the way. Return the last one."),
            (lambda f, a, r, n: f(descend(f, a, r, n)), "That is the loss where you arrive. Return the place."),
        ],
        hints=(
            "A loop over `range(steps)`, as above.",
            "The slope where you stand is `(loss(a + h) - loss(a - h)) / (2 * h)`, with `h = 1e-5`.",
        ),
        solution="""
            def descend(loss, start, rate, steps):
                a, h = start, 1e-5
                for step in range(steps):
                    slope = (loss(a + h) - loss(a - h)) / (2 * h)
                    a = a - rate * slope
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
            (FIRST + SECOND - 128, "The first layer has biases too: 128."),
            (FIRST + SECOND + 1024 - 2, "A bias belongs to each OUTPUT of a layer, 128 and 2. You counted one for each input."),
            ((1024 + 1) * (128 + 1), "A layer from n to m numbers has (n + 1) · m: the outputs get no further one. And the second layer is missing."),
            (FIRST, "That is the first layer. The second goes from 128 to 2."),
            (1024 * 128 * 2, "The two layers follow each other: their weights add up, they do not multiply."),
            (2 * (FIRST + SECOND) + 1024 - 2, "That is the whole autoencoder. Only the encoder is asked for."),
            (1024 + 128 + 2, "These are the sizes. A layer has a weight for each pair of an input and an output."),
        ],
        hints=("A layer from n to m numbers has n · m weights and m biases.", "Add up the two layers."),
        solution="answer = (1024 * 128 + 128) + (128 * 2 + 2)",
    ),
    "07.3": Exercise(
        judge=partial(close, expected=FLAT, tolerance=0),
        praise=f"{FLAT} straight directions to fall below 0.001, where two bent ones are far below it already.",
        mistakes=[
            (FLAT - 1, f"With {FLAT - 1} it is still above 0.001, if only just."),
            (FLAT + 1, "One fewer is enough. Did you subtract the mean tin first?"),
            (262, "You compared the root of the error with 0.001. Leave the root out."),
            (2, "Two straight directions are the dashed line of the figure, far above 0.001."),
        ],
        hints=(
            "The cell that prints the two yardsticks has the best plane: the first two rows of `Vh`. The first d rows are the best flat space of d dimensions.",
            "Compute `flat_plane` in a loop over d, with `.Vh[:d]` in place of `.Vh[:2]`. From which d on is it below 0.001?",
        ),
        solution="""
            import torch
            from course_utils.datasets import load_biscuit_tins

            x = torch.tensor(load_biscuit_tins().images.reshape(-1, 1024))
            centred = x - x.mean(dim=0)
            directions = torch.linalg.svd(centred, full_matrices=False).Vh
            answer = 0
            while ((centred @ directions[:answer].T @ directions[:answer] - centred) ** 2).mean() >= 0.001:
                answer += 1
        """,
    ),
    "07.4": Exercise(
        judge=partial(agrees, reference=lambda a, b, n: np.linspace(a, b, n), cases=ENDS),
        praise="Decode these points, and one tin turns into the other by way of tins.",
        mistakes=[
            (lambda a, b, n: np.linspace(b, a, n), "It walks from z_b to z_a. Begin at z_a."),
            (lambda a, b, n: np.linspace(a, b, n + 1), "There is one point too many: both ends are among the n."),
            (lambda a, b, n: np.linspace(a, b, n + 1)[:-1], "The end is missing: z_b is the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n + 1)[1:], "The start is missing: z_a is the first of the n points."),
            (lambda a, b, n: np.linspace(a, b, n + 2)[1:-1], "Both ends are missing: z_a is the first and z_b the last of the n points."),
            (lambda a, b, n: np.linspace(a, b, n + 2)[:n], "You never come to z_b: from the first to the last of n points there are n − 1 steps."),
            (lambda a, b, n: np.linspace(a, b), "These are 50 points, as `np.linspace` makes if it is not told how many: n."),
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
        praise="One of three. With a p(z) it becomes another model: lesson 08 fits one to the codes, lesson 13 trains both together.",
        mistakes={
            "density": [(True, "It rebuilds pictures and measures an error. Nothing in it is a probability that adds up to 1.")],
            "sampling": [(True, "Which z would you draw? It has no p(z), and a random z may fall into a hole.")],
            "representation": [(False, "The encoder turns each picture into a short z. That is what it was trained for.")],
        },
        hints=("What does the encoder give you?", "To sample you would have to know which z to draw."),
        solution=f"answer = {TASKS}",
    ),
}  # fmt: skip
