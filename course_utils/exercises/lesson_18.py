"""Exercises of lesson 18: diffusion."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

KEPT = 0.99**50  # of 18.1
SNR_S, SNR_T = 0.8**2 / 0.6**2, 0.6**2 / 0.8**2  # of 18.3
TERM = 0.5 * (SNR_S - SNR_T) * 0.5
MEAN = 10  # of p_data in 18.5
SHIFT = MEAN * np.cos(0.45 * np.pi)  # of x_0.9; as variances are 1 all along, the ODE keeps it
ALL, THERE = -0.5 + np.tanh(0.5), 1 - 0.5  # of 18.6: the scores of p(x) and of p(x|y) at 0.5
HALF_WAY = -0.5 + np.tanh(0.25)  # with a responsibility of 1/(1 + e^{−x})
GUIDED = THERE + 2 * (THERE - ALL)


def score(x: np.ndarray, m: float, s: float, alpha: float, sigma: float) -> np.ndarray:
    return -(x - alpha * m) / (alpha**2 * s**2 + sigma**2)


def cases_of_score() -> list[tuple]:
    x = np.array([-1.3, 0.2, 2.7])
    return [(x, 1.5, 0.4, 0.8, 0.6), (x, -0.7, 2.0, 0.28, 0.96), (x + 1, 0.6, 0.5, 0.9, 0.3)]


def scored_with(variance):
    """Return the score with another variance of p_t, as a mistake."""
    return lambda x, m, s, a, b: -(x - a * m) / variance(s, a, b)


def step(
    x: np.ndarray, clean: np.ndarray, alpha_t: float, sigma_t: float, alpha_s: float, sigma_s: float
) -> np.ndarray:
    return alpha_s * clean + sigma_s * (x - alpha_t * clean) / sigma_t


def cases_of_step() -> list[tuple]:
    rng = np.random.default_rng(1)
    angles = ((0.6, 0.8, 0.8, 0.6), (0.28, 0.96, 0.6, 0.8), (0.5, 0.4, 0.7, 0.2))
    return [(rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), *angle) for angle in angles]


EXERCISES = {
    "18.1": Exercise(
        judge=partial(close, expected=(2 * KEPT, 1 - KEPT**2)),
        praise="Fifty steps are one: α = 0.99⁵⁰, and α² + σ² stays 1, because each step keeps a variance of 1.",
        mistakes=[
            ((2 * KEPT, np.sqrt(1 - KEPT**2)), "The second is the standard deviation. The variance is asked for, its square."),
            ((2 * KEPT, 50 * (1 - 0.99**2)), "Each step shrinks the noise of those before it, too: the variances do not just add up."),
            ((2 * KEPT, 1 - KEPT), "The second: the variance is 1 − α² with α = 0.99⁵⁰. You forgot to square α."),
            ((2 * KEPT, KEPT**2), "The second is α², what is left of a variance that was there. Here x₀ is one point: all variance is noise, 1 − α²."),
            ((KEPT, 1 - KEPT**2), "The first is α. The start was x₀ = 2."),
            ((2 * 0.99, 1 - 0.99**2), "That is after one step. Take fifty."),
            ((2 * (1 - 50 * 0.01), 1 - KEPT**2), "The first: each step takes 1% of what is left, not of the start: 0.99⁵⁰."),
            ((1 - KEPT**2, 2 * KEPT), "You turned the pair round: first the mean, then the variance."),
            ((0.0, 1.0), "That is where it ends, after very many steps. Fifty are not so many."),
        ],
        hints=(
            "The mean is multiplied by 0.99 in each step. And the variance v? It becomes 0.99² v + (1 − 0.99²).",
            "1 − v is multiplied by 0.99² in each step, and it begins at 1. So v = 1 − 0.99¹⁰⁰.",
        ),
        solution="""
            mean, variance = 2.0, 0.0
            for step in range(50):
                mean, variance = 0.99 * mean, 0.99**2 * variance + (1 - 0.99**2)
            answer = (mean, variance)
        """,
    ),
    "18.2": Exercise(
        judge=partial(agrees, reference=score, cases=cases_of_score()),
        praise="A straight line: back to the middle, the faster the further away and the narrower the Gaussian.",
        mistakes=[
            (lambda *a: -score(*a), "The sign: the score points to where the density is higher, back to the mean."),
            (lambda x, m, s, a, b: -(x - m) / (a**2 * s**2 + b**2), "The mean of p_t is α m: it shrinks like everything else."),
            (scored_with(lambda s, a, b: s**2 + b**2), "The spread of the data shrinks, too: its variance is α² s²."),
            (scored_with(lambda s, a, b: a * s**2 + b**2), "What is multiplied by α has α² times the variance."),
            (scored_with(lambda s, a, b: a**2 * s + b**2), "s is the standard deviation of the data. Its variance is s²."),
            (scored_with(lambda s, a, b: a**2 * s**2 + b), "σ is a standard deviation. The noise has the variance σ²."),
            (scored_with(lambda s, a, b: b**2), "That is the score of q(x_t|x₀) with x₀ = m. The data spread around m by s: add α² s²."),
            (scored_with(lambda s, a, b: (a * s + b) ** 2), "Variances of independent parts add up, standard deviations do not."),
            (scored_with(lambda s, a, b: np.sqrt(a**2 * s**2 + b**2)), "Divide by the variance, not by the standard deviation."),
            (lambda x, m, s, a, b: -(x - m) / s**2, "That is the score of the data themselves, not of x_t."),
            (scored_with(lambda s, a, b: s**2), "The noise is missing: the variance of x_t is α² s² + σ²."),
            (scored_with(lambda s, a, b: a**2 * s**2), "The noise is missing: the variance of x_t is α² s² + σ²."),
            (lambda x, m, s, a, b: -(x - m) / (s**2 + b**2), "The data shrink: of x_t the mean is α m, and of its variance the data's part is α² s²."),
            (lambda x, m, s, a, b: (a * m - x) / b, "That is minus a noise. The score is the slope of log p_t, a Gaussian with mean α m: which variance has it?"),
            (lambda x, m, s, a, b: m + a * s**2 * (x - a * m) / (a**2 * s**2 + b**2), "That is x̂, the best guess. Tweedie makes the score of it: (α x̂ − x)/σ²."),
            (lambda x, m, s, a, b: score(x, m, s, a, b) * np.exp(-0.5 * (x - a * m) ** 2 / (v := a**2 * s**2 + b**2)) / np.sqrt(2 * np.pi * v), "That is the slope of the density. The score is the slope of its logarithm."),
            (lambda x, m, s, a, b: -0.5 * (x - a * m) ** 2 / (a**2 * s**2 + b**2), "That is the logarithm of the density. Take its derivative in x."),
        ],
        hints=(
            "x_t = α x + σ ε is a Gaussian again. Its mean is α m. And its variance?",
            "log N(x; μ, v) = −(x − μ)²/(2v) + …, and its derivative in x is −(x − μ)/v, with v = α² s² + σ².",
        ),
        solution="""
            def score(x, m, s, alpha, sigma):
                return -(x - alpha * m) / (alpha**2 * s**2 + sigma**2)

            answer = score
        """,
    ),
    "18.3": Exercise(
        judge=partial(close, expected=TERM),
        praise="The same error costs more where the noise is small: there the weight is large.",
        mistakes=[
            (-TERM, "A KL is never negative: the earlier time s has the larger signal-to-noise ratio."),
            (2 * TERM, "The ½ in front is missing."),
            (0.5 * (SNR_S - SNR_T) * np.sqrt(0.5), "The squared distance is needed, 0.5² + 0.5²."),
            (0.5 * (SNR_S - SNR_T) * 0.25, "That is the squared error of one of the two numbers. Add both."),
            (0.5 * (0.8 / 0.6 - 0.6 / 0.8) * 0.5, "The signal-to-noise ratio is α²/σ², with squares."),
            (9 * TERM, "The difference of x and x̂ is needed: 1 − 0.5 and −1 + 0.5."),
            (0.5 * np.log(SNR_S / SNR_T) * 0.5, "The difference of the ratios themselves is needed, not of their logarithms."),
            (4 * TERM, "That is ‖x‖². How far is the guess from it?"),
            (0.5 * SNR_S * 0.5, "The difference of two signal-to-noise ratios is needed: α_t²/σ_t² is missing."),
            (0.5 * SNR_T * 0.5, "The difference of two signal-to-noise ratios is needed: take it away from α_s²/σ_s²."),
            (0.5 * (0.8**2 - 0.6**2) * 0.5, "You left out the noise: the ratio is α²/σ²."),
            (0.5 * 0.5, "That is with the weight 1 instead of the difference of the signal-to-noise ratios."),
            (0.5, "That is the squared error alone. Its weight is missing."),
        ],
        hints=("½ (α_s²/σ_s² − α_t²/σ_t²) · ‖x − x̂‖².", "The ratios are 1.778 and 0.5625, and the squared distance is 0.5² + 0.5²."),
        solution="""
            error = (1 - 0.5) ** 2 + (-1 + 0.5) ** 2
            answer = 0.5 * (0.8**2 / 0.6**2 - 0.6**2 / 0.8**2) * error
        """,
    ),
    "18.4": Exercise(
        judge=partial(agrees, reference=step, cases=cases_of_step()),
        praise="The whole sampler of DDIM: the same x̂ and the same ε, mixed for another time. You will meet it again in `walk`, soon.",
        mistakes=[
            (lambda x, c, at, st, s, b: s * c + b * x, "x is not the noise. What is left of x without α_t x̂, divided by σ_t, is."),
            (lambda x, c, at, st, s, b: s * c + b * (x - c) / st, "In x stands α_t x̂, not x̂: take that away."),
            (lambda x, c, at, st, s, b: s * c + b * (x - at * c), "Divide by σ_t: x − α_t x̂ is σ_t ε."),
            (lambda x, c, at, st, s, b: at * c + st * (x - at * c) / st, "That is x itself, at time t. Mix with α_s and σ_s."),
            (lambda x, c, at, st, s, b: at * c + b * (x - at * c) / st, "x̂ is still mixed with α_t. At time s it is α_s."),
            (lambda x, c, at, st, s, b: s * c + st * (x - at * c) / st, "The noise is still mixed with σ_t. At time s it is σ_s."),
            (lambda x, c, at, st, s, b: c + 0 * x, "That jumps to x̂ at once. At time s there is noise left."),
            (lambda x, c, at, st, s, b: s * c + 0 * x, "The noise is missing: σ_s ε, with the ε of time t."),
            (lambda x, c, at, st, s, b: s * c + b * (x - s * c) / st, "ε is what x and x̂ say at time t: use α_t and σ_t for it."),
            (lambda x, c, at, st, s, b: s * c + b * (x - at * c) / b, "ε is what x and x̂ say at time t: divide by σ_t."),
            (lambda x, c, at, st, s, b: at * b**2 / (s * st**2) * x + s * (1 - (at * b / (s * st)) ** 2) * c, "That is the mean of the ancestral step, to which it adds fresh noise. DDIM keeps the ε that x and x̂ imply."),
            (lambda x, c, at, st, s, b: (x - at * c) / st, "That is ε. Mix it with x̂ for time s."),
            (lambda x, c, at, st, s, b: s * c - b * (x - at * c) / st, "The sign: the noise is added, as in x_t = α x + σ ε."),
        ],
        hints=("First ε: it follows from x = α_t x̂ + σ_t ε.", "Then mix again, for time s: α_s x̂ + σ_s ε."),
        solution="""
            def step(x, clean, alpha_t, sigma_t, alpha_s, sigma_s):
                noise = (x - alpha_t * clean) / sigma_t
                return alpha_s * clean + sigma_s * noise

            answer = step
        """,
    ),
    "18.5": Exercise(
        judge=partial(
            choices, expected={"every second": "yes", "first ten": "no", "another hundred": "no", "every second, ancestral": "yes"}
        ),
        praise="A network that knows all times can be asked at any of them, but the way must lead from noise to data, and it cannot mend what it was told.",
        mistakes={
            "every second": [("no", "the network was trained on all times, and a step may lead from any time to any earlier one. The error is that of a larger step.")],
            "first ten": [("yes", f"x_0.9 has the mean α · {MEAN} = {SHIFT:.1f}, and the noise has the mean 0. Nothing on the way makes up for it: all draws come out about {SHIFT:.1f} too low.")],
            "another hundred": [("yes", "then the steps are smaller, and the walk follows the network's score more exactly: but it is the network's score that is wrong.")],
            "every second, ancestral": [("no", "q(x_s|x_t, x̂) is known for any two times, however far apart. Nothing is trained anew.")],
        },
        hints=(
            "What does each step need? A pair of times, an x_t with the right amount of noise, and x̂.",
            "Which of the four changes what the network sees, and which only the size of a step?",
        ),
        solution='answer = {"every second": "yes", "first ten": "no", "another hundred": "no", "every second, ancestral": "yes"}',
    ),
    "18.6": Exercise(
        judge=partial(close, expected=GUIDED),
        praise="More than three times as far to the right as p(x|y) alone would go: away from the other half.",
        mistakes=[
            (THERE, "That is the score of p(x|y), with guidance 0."),
            (ALL, "That is the score of p(x), without the wish."),
            (THERE - ALL, "That is the slope of the classifier, once. Take it w times, and add the score of p(x|y)."),
            (2 * (THERE - ALL), "That is the guidance alone. Add the score of p(x|y)."),
            (ALL + 2 * (THERE - ALL), "That is with w = 1: you added twice the difference to the score of p(x). In this course w is what comes on top of p(x|y)."),
            (THERE + 2 * (ALL - THERE), "The guidance leads away from p(x): score of p(x|y) minus score of p(x)."),
            (THERE + 2 * THERE, "The guidance is the difference of two scores: take that of p(x) away."),
            (THERE + 2 * (THERE + 0.5), "The score of p(x) is not that of a Gaussian around 0: weigh the scores of both halves by their responsibilities at 0.5."),
            (THERE + 2 * (THERE - HALF_WAY), "The right half has the responsibility 1/(1 + e^{−2x}), not 1/(1 + e^{−x}): the two squares differ by 4x, half of that counts."),
            (-1.5 + 2 * (-1.5 - ALL), "That leads to the left half. y is the right one."),
        ],
        hints=(
            "∇log p(x|y) = −(x − 1) = 0.5. ∇log p(x) is the mean of −(x − 1) and −(x + 1), weighed by the responsibilities at 0.5.",
            "The right half has the responsibility 1/(1 + e^{−2x}) = 0.731. So ∇log p(x) = 0.731 · 0.5 − 0.269 · 1.5.",
        ),
        solution="""
            import numpy as np

            x, w = 0.5, 2
            r = 1 / (1 + np.exp(-2 * x))
            everyone = r * (1 - x) + (1 - r) * (-1 - x)
            right = 1 - x
            answer = right + w * (right - everyone)
        """,
    ),
}  # fmt: skip
