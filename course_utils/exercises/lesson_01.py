"""Exercises of lesson 01: generative and discriminative."""

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

GENERATIVE = "It has a density for x and can be sampled: it is generative."
DISCRIMINATIVE = "It only says which label belongs to a given x, and cannot make a new x: it is discriminative."


def grade_jobs(answer: object) -> str:
    choices(
        answer,
        {
            "painter": ("p(y|x)", {
                "p(x)": "The picture is given and a label is asked for, Vermeer or not.",
                "p(x|y)": "p(x|y) describes Vermeer's pictures. Here a picture is given, and the label is asked for."}),
            "satellite": ("p(y|x)", {
                "p(x)": "Nobody asks how likely the whole image is, only whether there is a ship: a label.",
                "p(x|y)": "That would describe what images with ships look like. The image is given; the label is wanted."}),
            "review": ("p(y|x)", {
                "p(x)": "The review is given and one of two labels is wanted.",
                "p(x|y)": "That would write friendly reviews. Here one is to be sorted."}),
            "retina": ("p(x)", {
                "p(y|x)": "There is no label for *unlike anything seen*, and p(y|x) is sure of itself even on noise. Ask how likely the picture is.",
                "p(x|y)": "There are no classes here: one question, how likely is this picture at all?"}),
            "portrait": ("p(x|y)", {
                "p(y|x)": "That recognises a Vermeer. A new picture is wanted.",
                "p(x)": "p(x) would paint in the manner of any painter of the collection. One is asked for: condition on y = Vermeer."}),
        },
    )  # fmt: skip
    return "A label for a given x: p(y|x). How usual is this x: p(x). A new x of a given kind: p(x|y)."


def grade_programs(answer: object) -> str:
    choices(
        answer,
        {
            "average": (False, {True: "It returns the same picture every time. Where is the chance?"}),
            "copy": (True, {False: "It draws at random, so it is a generative model, and a poor one: it only repeats. Lesson 02 has a rule against that."}),
            "noise": (True, {False: "Fresh noise makes each picture new: that is the stochastic element."}),
            "nearest": (False, {True: "It is a fixed calculation: the same input gives the same output, and without an input it gives nothing."}),
        },
    )  # fmt: skip
    return "A generative model has chance in it. Whether it is a good one is another question: the copying one is not."


def grade_bayes(answer: object) -> str:
    close(
        answer, 0.5,
        [
            (0.8, "That is 0.02/(0.02 + 0.005): the prior is missing. Multiply each p(x|y) by p(y) first."),
            (0.02 * 0.2, "That is the numerator, p(x|3) p(3). Divide it by p(x), the sum over both classes."),
            (0.2, "That is the prior: the picture has not been looked at yet."),
            (0.941, "The priors are exchanged: p(3) = 0.2 and p(8) = 0.8."),
            (0.02 * 0.2 / 0.025, "The denominator needs the priors too: p(x) = p(x|3) p(3) + p(x|8) p(8)."),
            (50, "A probability is never above 1. Did you write it in per cent?"),
        ],
        tolerance=2e-3,
    )  # fmt: skip
    return "0.02 · 0.2 = 0.004 and 0.005 · 0.8 = 0.004: the picture speaks for the 3 exactly as much as the writer's habit speaks for the 8."


def reference_posterior(log_likelihood: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    log_joint = log_likelihood + log_prior
    log_joint = log_joint - log_joint.max(axis=1, keepdims=True)
    return np.exp(log_joint) / np.exp(log_joint).sum(axis=1, keepdims=True)


def grade_posterior(answer: object) -> str:
    log_prior = np.log([0.2, 0.5, 0.3])
    small = np.log([[0.1, 0.2, 0.3], [0.5, 0.01, 0.02]])
    large = np.array([[-2000.0, -2001.0, -2005.0], [-1500.0, -1499.0, -1498.0]])
    agrees(
        answer, reference_posterior, [(small, log_prior), (large, log_prior)],
        [
            (lambda L, p: reference_posterior(L, 0 * p), "The prior is missing: add log p(y) to log p(x|y)."),
            (lambda L, p: np.exp(L + p), "That is p(x|y) p(y). Divide each row by its sum, p(x)."),
            (lambda L, p: np.log(reference_posterior(L, p)), "That is log p(y|x). Return the probabilities."),
            (lambda L, p: reference_posterior((L + p).T, np.zeros(len(L))).T, "You normalised each column. Each row is one picture, and its probabilities add up to 1."),
            (lambda L, p: reference_posterior(L, np.exp(p)), "You added p(y) itself. In logarithms, add log p(y)."),
        ],
    )  # fmt: skip
    return "Add logarithms, subtract the largest (or use `np.logaddexp.reduce`), then exponentiate: no underflow, whatever the size."


def grade_methods(answer: object) -> str:
    other = {"generative": ("discriminative", GENERATIVE), "discriminative": ("generative", DISCRIMINATIVE)}
    choices(answer, {method: (kind, dict([other[kind]])) for method, kind in METHODS.items()})
    return "The generative ones describe how x comes about; the others draw borders."


JOBS = {"painter": "p(y|x)", "satellite": "p(y|x)", "review": "p(y|x)", "retina": "p(x)", "portrait": "p(x|y)"}
PROGRAMS = {"average": False, "copy": True, "noise": True, "nearest": False}
METHODS = {
    "logistic regression": "discriminative", "Naive Bayes": "generative", "random forest": "discriminative",
    "Gaussian mixture": "generative", "k nearest neighbours": "discriminative", "hidden Markov model": "generative",
}  # fmt: skip

EXERCISES = {
    "01.1": Exercise(
        grade=grade_jobs,
        hints=(
            "Is x given, and a label wanted? Or is x itself the question?",
            "A new picture of a certain kind is a sample of p(x|y), with y the kind.",
        ),
        solution=f"answer = {JOBS}",
        wrong=[
            (JOBS | {"painter": "p(x|y)"}, "a picture is given"),
            (JOBS | {"retina": "p(y|x)"}, "how likely"),
            (JOBS | {"portrait": "p(x)"}, "condition"),
            (JOBS | {"review": "p(x|y)"}, "sorted"),
        ],
    ),
    "01.2": Exercise(
        grade=grade_programs,
        hints=(
            "Run each program twice in your mind. Does it return the same picture?",
            "Being generative and being good are two things.",
        ),
        solution=f"answer = {PROGRAMS}",
        wrong=[
            (PROGRAMS | {"average": True}, "same picture"),
            (PROGRAMS | {"copy": False}, "only repeats"),
            (PROGRAMS | {"nearest": True}, "fixed calculation"),
        ],
    ),
    "01.3": Exercise(
        grade=grade_bayes,
        hints=("Compute p(x|y) p(y) for both digits.", "p(x) is the sum of the two. Divide."),
        solution="""
            three, eight = 0.02 * 0.2, 0.005 * 0.8  # p(x|y) p(y)
            answer = three / (three + eight)
        """,
        wrong=[(0.8, "prior is missing"), (0.004, "numerator"), (0.2, "prior"), (16 / 17, "exchanged")],
    ),
    "01.4": Exercise(
        grade=grade_posterior,
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
        wrong=[
            (lambda L, p: np.exp(L - np.logaddexp.reduce(L, axis=1)[:, None]), "prior is missing"),
            (lambda L, p: np.exp(L + p), "Divide each row"),
            (lambda L, p: np.exp(L + p) / np.exp(L + p).sum(axis=1, keepdims=True), "nan"),
            (lambda L, p: (L + p) - np.logaddexp.reduce(L + p, axis=1)[:, None], "Return the probabilities"),
            (lambda L, p: np.exp(L + p - np.logaddexp.reduce(L + p, axis=0)), "each column"),
        ],
    ),
    "01.5": Exercise(
        grade=grade_methods,
        hints=(
            "Can it make a new x?",
            "Three of the six can: one was in this lesson, the two others come in lesson 08.",
        ),
        solution=f"answer = {METHODS}",
        wrong=[
            (METHODS | {"Naive Bayes": "discriminative"}, "can be sampled"),
            (METHODS | {"random forest": "generative"}, "cannot make"),
            (METHODS | {"k nearest neighbours": "generative"}, "cannot make"),
        ],
    ),
}
