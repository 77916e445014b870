"""Exercises of lesson 01: generative and discriminative."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np

from .answers import Mistakes, Wrong
from .engine import Exercise
from .matchers import agrees, call, choices, close

JOBS = {"painter": "p(y|x)", "satellite": "p(y|x)", "review": "p(y|x)", "retina": "p(x)", "portrait": "p(x|y)"}
PROGRAMS = {"sharp": False, "copy": True, "blend": True, "nearest": False}
LIKELIHOODS, PRIORS = np.array([0.02, 0.005]), np.array([0.2, 0.8])  # of the digits 3 and 8, in 01.3
THREE, EIGHT = LIKELIHOODS * PRIORS
METHODS = {
    "spam": "generative", "fruit": "discriminative", "fever": "generative",
    "house": "discriminative", "words": "generative", "border": "discriminative",
}  # fmt: skip


def normalised(log_joint: np.ndarray) -> np.ndarray:
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def with_prior(log_posterior: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return normalised(log_posterior + np.log(new) - np.log(old))


OLD = np.array([0.2, 0.5, 0.3])
DOUBTFUL = np.log([[0.1, 0.2, 0.7], [0.5, 0.1, 0.4]]), OLD, np.array([0.6, 0.1, 0.3])
RULED_OUT = np.array([[0.0, -1500.0, -1502.0], [-2000.0, 0.0, -1999.0]]), OLD, np.array([0.0, 0.4, 0.6])


def judge_prior(answer: Callable, mistakes: Mistakes) -> None:
    """Judge `with_prior` where all is doubtful, and then where the class that had won becomes impossible."""
    agrees(answer, with_prior, [DOUBTFUL], mistakes)
    with suppress(TypeError, ValueError, IndexError):
        row = np.asarray(call(answer, *RULED_OUT), dtype=float)[0]
        if np.isnan(row).any() or not row.any():
            raise Wrong(
                f"Right where the classifier was in doubt. But where the sure winner is ruled out, your function returns "
                f"`{'nan' if np.isnan(row).any() else '0'}` for what is left, since exp(−1500) underflows to 0. Normalise in "
                "logarithms, and exponentiate last."
            )
    with np.errstate(divide="ignore"):
        agrees(answer, with_prior, [RULED_OUT])


EXERCISES = {
    "01.1": Exercise(
        judge=partial(choices, expected=JOBS),
        praise="A label for a given x: p(y|x). How usual is this x: p(x). A new x of a given kind: p(x|y).",
        mistakes={
            "painter": [
                ("p(x)", "The picture is given and a label is asked for, Vermeer or not."),
                ("p(x|y)", "p(x|y) describes Vermeer's pictures. Here a picture is given, and the label is asked for."),
            ],
            "satellite": [
                ("p(x)", "Nobody asks how likely the whole image is, only whether there is a ship: a label."),
                ("p(x|y)", "That would describe what images with ships look like. The image is given; the label is wanted."),
            ],
            "review": [
                ("p(x)", "The review is given and one of two labels is wanted."),
                ("p(x|y)", "That would write friendly reviews. Here one is to be sorted."),
            ],
            "retina": [
                ("p(y|x)", "There is no label for *unlike anything seen*, and p(y|x) can be surest of what it has never seen, as of digits on their side. Ask how likely the picture is."),
                ("p(x|y)", "There are no classes here: one question, how likely is this picture at all?"),
            ],
            "portrait": [
                ("p(y|x)", "That recognises a Vermeer. A new picture is wanted."),
                ("p(x)", "p(x) would paint in the manner of any painter of the collection. One is asked for: condition on y = Vermeer."),
            ],
        },
        hints=(
            "Is x given, and a label wanted? Or is x itself the question?",
            "A new picture of a certain kind is a sample of p(x|y), with y the kind.",
        ),
        solution=f"answer = {JOBS}",
    ),
    "01.2": Exercise(
        judge=partial(choices, expected=PROGRAMS),
        praise="A generative model has chance in it. Whether it is a good one is another question: the copying one is not.",
        mistakes={
            "sharp": [(True, "It looks less blurred, and is still the same picture every time. Where is the chance?")],
            "copy": [(False, "It draws at random, so it is a generative model, and a poor one: it only repeats. Lesson 02 has a rule against that.")],
            "blend": [(False, "Which two it averages is left to chance, so each picture may be a new one.")],
            "nearest": [(True, "It is a fixed calculation: the same input gives the same output, and without an input it gives nothing.")],
        },
        hints=(
            "Run each program twice in your mind. Does it return the same picture?",
            "Being generative and being good are two things.",
        ),
        solution=f"answer = {PROGRAMS}",
    ),
    "01.3": Exercise(
        judge=partial(close, expected=THREE / (THREE + EIGHT), tolerance=2e-3),
        praise=f"0.02 · 0.2 = {THREE:.3f} and 0.005 · 0.8 = {EIGHT:.3f}: the picture speaks for the 3 exactly as much as the writer's habit speaks for the 8.",
        mistakes=[
            (0.8, "That is 0.02/(0.02 + 0.005): the prior is missing. Multiply each p(x|y) by p(y) first."),
            (0.02 * 0.2, "That is the numerator, p(x|3) p(3). Divide it by p(x), the sum over both classes."),
            (0.2, "That is the prior p(3), before the picture was looked at, or p(8|x) without any prior. p(3|x) is asked for, with both."),
            (16 / 17, "The priors are exchanged: p(3) = 0.2 and p(8) = 0.8."),
            (0.02 * 0.2 / 0.025, "The denominator needs the priors too: p(x) = p(x|3) p(3) + p(x|8) p(8)."),
            (50, "A probability is never above 1. Did you write it in per cent?"),
        ],
        hints=("Compute p(x|y) p(y) for both digits.", "p(x) is the sum of the two. Divide."),
        solution="""
            three, eight = 0.02 * 0.2, 0.005 * 0.8  # p(x|y) p(y)
            answer = three / (three + eight)
        """,
    ),
    "01.4": Exercise(
        judge=judge_prior,
        praise="Divide by the old prior, multiply by the new one, and normalise, all in logarithms. No density was needed, so this also works behind logistic regression.",
        mistakes=[
            (lambda L, old, new: normalised(L + np.log(new)), "You brought the new prior in, but the old one is still inside: divide by `old`, in logarithms subtract."),
            (lambda L, old, new: normalised(L - np.log(old)), "You took the old prior out. That is p(y|x) if all classes are equally common: bring the new one in."),
            (lambda L, old, new: normalised(L + np.log(old) - np.log(new)), "The two priors are exchanged: divide by `old`, multiply by `new`."),
            (lambda L, old, new: np.exp(L) * new / old / (np.exp(L) * new / old).sum(), "All the rows together add up to 1. Each row is one picture: divide it by its own sum, `axis=1`."),
            (lambda L, old, new: L * new / old / (L * new / old).sum(axis=1, keepdims=True), "`log_posterior` holds logarithms: add and subtract logarithms, or exponentiate it before you multiply."),
            (lambda L, old, new: np.exp(L) * new / old, "Each row must add up to 1 again: divide it by its sum."),
            (lambda L, old, new: np.exp(L), "That is the old posterior, unchanged."),
            (lambda L, old, new: L + np.log(new) - np.log(old), "These are logarithms, each picture's up to a constant. Normalise each row, and exponentiate."),
            (lambda L, old, new: (s := L + np.log(new / old)) / s.sum(axis=1, keepdims=True), "You normalised logarithms. First `np.exp`, then divide each row by its sum."),
            (lambda L, old, new: np.log(with_prior(L, old, new)), "That is log p(y|x). Return the probabilities."),
            (lambda L, old, new: normalised((L + np.log(new) - np.log(old)).T).T, "You normalised each column. Each row is one picture, and its probabilities add up to 1."),
            (lambda L, old, new: normalised(L + new - old), "You added the priors themselves. In logarithms, add log new and subtract log old."),
        ],
        hints=(
            "Write Bayes' rule twice, with p(y) old and new. p(x|y) is the same in both: what is left if you divide one by the other?",
            "The new p(y|x) is proportional to the old one times new/old. In logarithms: `log_posterior + np.log(new) - np.log(old)`.",
            "The logarithm of each row's sum is `np.logaddexp.reduce(log_joint, axis=1)`, shape (N,). Subtract it with `[:, None]`, and exponentiate last.",
        ),
        solution="""
            import numpy as np

            def with_prior(log_posterior, old, new):
                log_joint = log_posterior + np.log(new) - np.log(old)  # up to a constant for each picture
                return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1)[:, None])

            answer = with_prior
        """,
    ),
    "01.5": Exercise(
        judge=partial(choices, expected=METHODS),
        praise="Three describe how x comes about (Naive Bayes, a Gaussian for each class, a Markov chain); three go straight from x to y (a tree, nearest neighbours, a support vector machine).",
        mistakes={
            "spam": [("discriminative", "It describes the mail of each kind, p(x|y), and turns that round by Bayes' rule. It could even write mail, word by word.")],
            "fruit": [("generative", "Its questions lead from a fruit to a name. From a name back to a fruit they do not lead.")],
            "fever": [("discriminative", "A bell curve for each illness is p(x|y), and how common it is p(y). From these it can make up patients.")],
            "house": [("generative", "It needs a house to say a price, and has no way to make up a house: y for a given x.")],
            "words": [("discriminative", "Nothing is classified here. Start it with a first letter, let it go on by chance, and it writes new words.")],
            "border": [("generative", "It keeps a border, and says on which side an x lies. How likely the x is, it does not know.")],
        },
        hints=(
            "Can it make a new x?",
            "Three of the six can. They know p(x|y) and p(y), or p(x).",
        ),
        solution=f"answer = {METHODS}",
    ),
}  # fmt: skip
