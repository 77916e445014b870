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
    np.array([[[0.1, 0.2], [0.05, 0.0]], [[0.0, 0.1], [0.25, 0.3]]]),
    np.array([[[0.25, 0.0], [0.0, 0.25]], [[0.0, 0.25], [0.25, 0.0]]]),  # three coins, the third 1 if the others differ
]
CURES = {"more": "estimation", "alpha": "estimation", "neighbours": "independence", "hidden": "independence"}
DATA = f"More data and better smoothing bring the tables nearer to the true marginals. With the true ones the {INDEPENDENCE} nats are still due."
MODEL = "It changes what the model can express: pixels may now depend on each other. That is the other bill."


def entropy(q: np.ndarray) -> float:
    q = q[q > 0]
    return float(-np.sum(q * np.log(q)))


def singles(joint: np.ndarray) -> list[float]:
    """Return the entropy of each feature, by itself."""
    axes = range(joint.ndim)
    return [entropy(joint.sum(axis=tuple(i for i in axes if i != k))) for k in axes]


def price(joint: np.ndarray) -> float:
    return sum(singles(joint)) - entropy(joint.ravel())


def pairwise(joint: np.ndarray) -> float:
    """Return the sum of what each pair of features has in common."""
    axes = range(joint.ndim)
    return sum(price(joint.sum(axis=tuple(i for i in axes if i not in (k, l)))) for k in axes for l in axes if k < l)


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
            (np.log(2), "That is the logarithm of the number of pixels. They are equal; what varies is the colour, and there are 8."),
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
        praise="Its name is total correlation; for two features, mutual information. Among what was tried were the three coins of lesson 05: log 2, though each pair of them is independent.",
        mistakes=[
            (lambda j: -price(j), "The sign is wrong: the sum of the single entropies comes first, and is the larger one."),
            (lambda j: price(j) / np.log(2), "That is in bits. For nats use the natural logarithm, `np.log`."),
            (lambda j: price(j) / j.ndim, "That is divided by the number of features. The price is the whole difference."),
            (lambda j: sum(singles(j)), "That is the sum of the single entropies. Subtract the joint one."),
            (lambda j: entropy(j.ravel()), "That is the joint entropy. Subtract it from the sum of the single ones."),
            (lambda j: j.ndim * entropy(j.ravel()) - sum(singles(j)), "Exchanged: each feature has its own entropy, and the joint one is subtracted once."),
            (lambda j: sum(map(entropy, (j.sum(axis=k).ravel() for k in range(j.ndim)))) - entropy(j.ravel()),
             "You summed feature k *out* and kept all others. Its own distribution is what is left when all the **others** are summed out."),
            (lambda j: sum(singles(j)[:2]) - entropy(j.ravel()), "Only two of the single entropies are there. Add those of all features."),
            (lambda j: entropy(j.sum(axis=0).ravel()) + entropy(j.sum(axis=1).ravel()) - entropy(j.ravel()),
             "That is right for two features. With three, `joint.sum(axis=0)` still holds two of them: sum over all axes but one."),
            (pairwise, "You added up what each pair has in common. Three features may depend on each other though no two do: compare with all of them at once."),
        ],
        hints=(
            "For feature k sum over all other axes: `joint.sum(axis=tuple(i for i in range(joint.ndim) if i != k))`.",
            "Write a small function for the entropy that leaves out probabilities of 0. It takes arrays of any shape.",
            "Call it for each feature, add up, and subtract that of `joint` itself.",
        ),
        solution="""
            import numpy as np

            def price_of_independence(joint):
                def entropy(q):
                    q = q[q > 0]
                    return -np.sum(q * np.log(q))

                price = -entropy(joint)
                for k in range(joint.ndim):
                    others = tuple(i for i in range(joint.ndim) if i != k)
                    price = price + entropy(joint.sum(axis=others))
                return price

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
