"""Exercises of lesson 06: Naive Bayes on Planet Pixel."""

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

JOINTS = [
    np.array([[0.3, 0.1], [0.2, 0.4]]),
    np.array([[0.5, 0.0, 0.0], [0.0, 0.25, 0.25]]),
    np.outer([0.2, 0.8], [0.3, 0.3, 0.4]),
]


def grade_parameters(answer: object) -> str:
    close(
        answer, 1024 * 255,
        [
            (1024 * 256, "In each pixel the 256 probabilities add up to 1, so 255 of them are free."),
            (1024 * 256 - 1, "The sum is 1 in every pixel, not only once: subtract one for each of the 1,024 pixels."),
            (1024 + 255, "Each of the 1,024 pixels has a table of its own: multiply."),
            (255, "That is one pixel. There are 1,024."),
            (3551, "That would be a table over the faces. The model knows nothing of faces."),
        ],
        tolerance=0,
    )  # fmt: skip
    return "1,024 tables with 255 free numbers each: 261,120. The full table would need 256^1024 − 1."


def grade_small_planet(answer: object) -> str:
    close(
        answer, np.log(8),
        [
            (2 * np.log(8), "That is the sum of the two entropies. Subtract the entropy of the picture."),
            (0, "The price is 0 for independent pixels. These two are always equal."),
            (3, "That is in bits. In nats it is the natural logarithm of 8."),
            (-np.log(8), "The sign is wrong: a divergence is never negative."),
            (8, "Take the logarithm: the entropy of 8 equally likely colours is log 8."),
        ],
    )  # fmt: skip
    return "Each pixel has log 8 nats, and the picture too, since one pixel tells the other: 2 log 8 − log 8 = log 8."


def entropy(q: np.ndarray) -> float:
    q = q[q > 0]
    return float(-np.sum(q * np.log(q)))


def reference_price(joint: np.ndarray) -> float:
    return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint.ravel())


def grade_price(answer: object) -> str:
    agrees(
        answer, reference_price, [(joint,) for joint in JOINTS],
        [
            (lambda j: -reference_price(j), "The sign is wrong: the sum of the single entropies comes first, and is the larger one."),
            (lambda j: reference_price(j) / np.log(2), "That is in bits. For nats use the natural logarithm, `np.log`."),
            (lambda j: entropy(j.sum(axis=1)) + entropy(j.sum(axis=0)), "That is the sum of the single entropies. Subtract the joint one."),
            (lambda j: entropy(j.ravel()), "That is the joint entropy. Subtract it from the sum of the two single ones."),
        ],
    )  # fmt: skip
    return "It is the mutual information of the two: 0 if they are independent, as in the last case that was tried."


CURES = {"more": "estimation", "alpha": "estimation", "neighbours": "independence", "hidden": "independence"}


def grade_cures(answer: object) -> str:
    data = "More data and better smoothing bring the tables nearer to the true marginals. With the true ones the 899 nats are still due."
    model = "It changes what the model can express: pixels may now depend on each other. That is the other bill."
    choices(
        answer,
        {
            "more": ("estimation", {"independence": data}), "alpha": ("estimation", {"independence": data}),
            "neighbours": ("independence", {"estimation": model}), "hidden": ("independence", {"estimation": model}),
        },
    )  # fmt: skip
    return "Data and smoothing lower the 3 nats, another model the 899."


EXERCISES = {
    "06.1": Exercise(
        grade=grade_parameters,
        hints=(
            "How many free probabilities has one pixel with 256 colours?",
            "Each of the 1,024 pixels has its own table.",
        ),
        solution="answer = 1024 * (256 - 1)",
        wrong=[(1024 * 256, "255 of them"), (255, "one pixel"), (1279, "multiply"), (3551, "faces")],
    ),
    "06.2": Exercise(
        grade=grade_small_planet,
        hints=(
            "The entropy of 8 equally likely colours is log 8.",
            "What is the entropy of the whole picture, if one pixel tells the other?",
        ),
        solution="""
            import numpy as np

            answer = 2 * np.log(8) - np.log(8)
        """,
        wrong=[(2 * np.log(8), "Subtract"), (0, "always equal"), (3, "bits"), (8, "logarithm")],
    ),
    "06.3": Exercise(
        grade=grade_price,
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
        wrong=[
            (lambda joint: -reference_price(joint), "sign"),
            (lambda joint: reference_price(joint) / np.log(2), "bits"),
            (lambda joint: entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)), "Subtract the joint"),
        ],
    ),
    "06.4": Exercise(
        grade=grade_cures,
        hints=(
            "Imagine infinitely many training faces. Which bill is left?",
            "Does the measure let pixels depend on each other?",
        ),
        solution=f"answer = {CURES}",
        wrong=[
            (CURES | {"more": "independence"}, "899 nats are still due"),
            (CURES | {"hidden": "estimation"}, "depend on each other"),
            (CURES | {"neighbours": "estimation"}, "depend on each other"),
        ],
    ),
}
