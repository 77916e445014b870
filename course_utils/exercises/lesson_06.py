"""Exercises of lesson 06: Naive Bayes on Planet Pixel."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

PIXELS, COLOURS, FACES = 1024, 256, 3552  # of Planet Pixel
INDEPENDENCE, ESTIMATION = 899, 3  # nats: the two bills of the lesson
PARAMETERS = PIXELS * (COLOURS - 1)
JOINTS = [
    np.array([[0.3, 0.1], [0.2, 0.4]]),
    np.array([[0.5, 0.0, 0.0], [0.0, 0.25, 0.25]]),
    np.outer([0.2, 0.8], [0.3, 0.3, 0.4]),
]
CURES = {"more": "estimation", "alpha": "estimation", "neighbours": "independence", "hidden": "independence"}
DATA = f"More data and better smoothing bring the tables nearer to the true marginals. With the true ones the {INDEPENDENCE} nats are still due."
MODEL = "It changes what the model can express: pixels may now depend on each other. That is the other bill."


def entropy(q: np.ndarray) -> float:
    q = q[q > 0]
    return float(-np.sum(q * np.log(q)))


def price(joint: np.ndarray) -> float:
    return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint.ravel())


EXERCISES = {
    "06.1": Exercise(
        judge=partial(close, expected=PARAMETERS, tolerance=0),
        praise=f"{PIXELS:,} tables with {COLOURS - 1} free numbers each: {PARAMETERS:,}. The full table would need {COLOURS}^{PIXELS} − 1.",
        mistakes=[
            (PIXELS * COLOURS, f"In each pixel the {COLOURS} probabilities add up to 1, so {COLOURS - 1} of them are free."),
            (PIXELS * COLOURS - 1, f"The sum is 1 in every pixel, not only once: subtract one for each of the {PIXELS:,} pixels."),
            (PIXELS + COLOURS - 1, f"Each of the {PIXELS:,} pixels has a table of its own: multiply."),
            (COLOURS - 1, f"That is one pixel. There are {PIXELS:,}."),
            (FACES - 1, "That would be a table over the faces. The model knows nothing of faces."),
        ],
        hints=(
            f"How many free probabilities has one pixel with {COLOURS} colours?",
            f"Each of the {PIXELS:,} pixels has its own table.",
        ),
        solution=f"answer = {PIXELS} * ({COLOURS} - 1)",
    ),
    "06.2": Exercise(
        judge=partial(close, expected=np.log(8)),
        praise="Each pixel has log 8 nats, and the picture too, since one pixel tells the other: 2 log 8 − log 8 = log 8.",
        mistakes=[
            (2 * np.log(8), "That is the sum of the two entropies. Subtract the entropy of the picture."),
            (0, "The price is 0 for independent pixels. These two are always equal."),
            (3, "That is in bits. In nats it is the natural logarithm of 8."),
            (-np.log(8), "The sign is wrong: a divergence is never negative."),
            (8, "Take the logarithm: the entropy of 8 equally likely colours is log 8."),
        ],
        hints=(
            "The entropy of 8 equally likely colours is log 8.",
            "What is the entropy of the whole picture, if one pixel tells the other?",
        ),
        solution="""
            import numpy as np

            answer = 2 * np.log(8) - np.log(8)
        """,
    ),
    "06.3": Exercise(
        judge=partial(agrees, reference=price, cases=[(joint,) for joint in JOINTS]),
        praise="It is the mutual information of the two: 0 if they are independent, as in the last case that was tried.",
        mistakes=[
            (lambda j: -price(j), "The sign is wrong: the sum of the single entropies comes first, and is the larger one."),
            (lambda j: price(j) / np.log(2), "That is in bits. For nats use the natural logarithm, `np.log`."),
            (lambda j: entropy(j.sum(axis=1)) + entropy(j.sum(axis=0)), "That is the sum of the single entropies. Subtract the joint one."),
            (lambda j: entropy(j.ravel()), "That is the joint entropy. Subtract it from the sum of the two single ones."),
        ],
        hints=(
            "`joint.sum(axis=1)` is the distribution of the first feature, `joint.sum(axis=0)` that of the second.",
            "Write a small function for the entropy that leaves out probabilities of 0, and call it three times.",
        ),
        solution="""
            import numpy as np

            def price_of_independence(joint):
                def entropy(q):
                    q = q[q > 0]
                    return -np.sum(q * np.log(q))

                return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint)

            answer = price_of_independence
        """,
    ),
    "06.4": Exercise(
        judge=partial(choices, expected=CURES),
        praise=f"Data and smoothing lower the {ESTIMATION} nats, another model the {INDEPENDENCE}.",
        mistakes={
            "more": [("independence", DATA)],
            "alpha": [("independence", DATA)],
            "neighbours": [("estimation", MODEL)],
            "hidden": [("estimation", MODEL)],
        },
        hints=(
            "Imagine infinitely many training faces. Which bill is left?",
            "Does the measure let pixels depend on each other?",
        ),
        solution=f"answer = {CURES}",
    ),
}  # fmt: skip
