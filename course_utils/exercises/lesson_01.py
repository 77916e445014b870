"""Exercises of lesson 01: generative and discriminative."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

JOBS = {"painter": "p(y|x)", "satellite": "p(y|x)", "review": "p(y|x)", "retina": "p(x)", "portrait": "p(x|y)"}
PROGRAMS = {"average": False, "copy": True, "noise": True, "nearest": False}
LIKELIHOODS, PRIORS = np.array([0.02, 0.005]), np.array([0.2, 0.8])  # of the digits 3 and 8, in 01.3
THREE, EIGHT = LIKELIHOODS * PRIORS
METHODS = {
    "logistic regression": "discriminative", "Naive Bayes": "generative", "random forest": "discriminative",
    "Gaussian mixture": "generative", "k nearest neighbours": "discriminative", "hidden Markov model": "generative",
}  # fmt: skip
TAKEN_FOR = {
    "discriminative": "It has a density for x and can be sampled: it is generative.",
    "generative": "It only says which label belongs to a given x, and cannot make a new x: it is discriminative.",
}


def posterior(log_likelihood: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    log_joint = log_likelihood + log_prior
    log_joint = log_joint - log_joint.max(axis=1, keepdims=True)
    return np.exp(log_joint) / np.exp(log_joint).sum(axis=1, keepdims=True)


SMALL = np.log([[0.1, 0.2, 0.3], [0.5, 0.01, 0.02]])
LARGE = np.array([[-2600.0, -2601.0, -2605.0], [-1500.0, -1499.0, -1498.0]])
LOG_PRIOR = np.log([0.2, 0.5, 0.3])

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
                ("p(y|x)", "There is no label for *unlike anything seen*, and p(y|x) is sure of itself even on noise. Ask how likely the picture is."),
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
            "average": [(True, "It returns the same picture every time. Where is the chance?")],
            "copy": [(False, "It draws at random, so it is a generative model, and a poor one: it only repeats. Lesson 02 has a rule against that.")],
            "noise": [(False, "Fresh noise makes each picture new: that is the stochastic element.")],
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
            (0.2, "That is the prior: the picture has not been looked at yet."),
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
        judge=partial(agrees, reference=posterior, cases=[(SMALL, LOG_PRIOR), (LARGE, LOG_PRIOR)]),
        praise="Add logarithms, subtract the largest (or use `np.logaddexp.reduce`), then exponentiate: no underflow, whatever the size.",
        mistakes=[
            (lambda L, p: posterior(L, 0 * p), "The prior is missing: add log p(y) to log p(x|y)."),
            (lambda L, p: np.exp(L + p), "That is p(x|y) p(y). Divide each row by its sum, p(x)."),
            (lambda L, p: np.log(posterior(L, p)), "That is log p(y|x). Return the probabilities."),
            (lambda L, p: posterior((L + p).T, np.zeros(len(L))).T, "You normalised each column. Each row is one picture, and its probabilities add up to 1."),
            (lambda L, p: posterior(L, np.exp(p)), "You added p(y) itself. In logarithms, add log p(y)."),
        ],
        hints=(
            "log p(x|y) + log p(y) is the logarithm of the joint probability, shape (N, K).",
            "log p(x) is the logarithm of a sum of exponentials: `np.logaddexp.reduce(log_joint, axis=1)`, shape (N,).",
            "Subtract with `[:, None]`, so that each row gets its own log p(x), and exponentiate last.",
        ),
        solution="""
            import numpy as np

            def posterior_of(log_likelihood, log_prior):
                log_joint = log_likelihood + log_prior
                log_evidence = np.logaddexp.reduce(log_joint, axis=1)
                return np.exp(log_joint - log_evidence[:, None])

            answer = posterior_of
        """,
    ),
    "01.5": Exercise(
        judge=partial(choices, expected=METHODS),
        praise="The generative ones describe how x comes about; the others draw borders.",
        mistakes={
            method: [(taken, words) for taken, words in TAKEN_FOR.items() if taken != kind]
            for method, kind in METHODS.items()
        },
        hints=(
            "Can it make a new x?",
            "Three of the six can: one was in this lesson, the two others come in lesson 08.",
        ),
        solution=f"answer = {METHODS}",
    ),
}  # fmt: skip
