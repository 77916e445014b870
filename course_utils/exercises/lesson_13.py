"""Exercises of lesson 13: the variational autoencoder."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, call, choice, close, show

ENTROPY = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)  # of the grey pixel of 13.2
PIXELS, PICTURES = 64, 50  # in 13.3


def kl(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    return -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var), axis=1)


def cases_of_kl() -> list[tuple]:
    rng = np.random.default_rng(0)
    return [tuple(rng.normal(size=(2, *shape))) for shape in ((4, 3), (3, 3), (2, 5), (1, 2))]


def judge_bargain(answer: object, mistakes: Mapping[int, Mistakes]) -> None:
    a_row = isinstance(answer, (tuple, list)) or (isinstance(answer, np.ndarray) and answer.ndim > 0)
    if not a_row or len(answer) != 2:
        raise Wrong(f"Your answer should be a pair (line, β), but it is {show(answer)}.")
    line, beta = answer
    is_number = isinstance(line, (int, float, np.integer, np.floating)) and line in (1, 2, 3, 4)
    line = str(int(line) if is_number else line).strip()
    choice(line, "3", [(str(wrong), words) for wrong, words in mistakes[0]], what="The line")
    close(beta, PIXELS, mistakes[1], what="β")


def estimate(log_joint: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    log_w = log_joint - log_q
    top = log_w.max(axis=0)
    return top + np.log(np.mean(np.exp(log_w - top), axis=0))


def judge_estimate(answer: object, mistakes: Mistakes) -> None:
    *near, (_, words) = mistakes  # the last mistake shows only at 2,000 nats
    rng = np.random.default_rng(1)
    cases = [(rng.normal(-20, 2, size=(n, N)), rng.normal(0, 1, size=(n, N))) for n, N in ((5, 3), (10, 4), (6, 6))]
    far = (rng.normal(-2000, 2, size=(8, 3)), rng.normal(0, 1, size=(8, 3)))
    agrees(answer, estimate, cases, near)
    if not np.isfinite(np.asarray(call(answer, *far), dtype=float)).all():
        raise Wrong(words)
    agrees(answer, estimate, [far])


EXERCISES = {
    "13.1": Exercise(
        judge=partial(agrees, reference=kl, cases=cases_of_kl()),
        praise="Half of the loss of every VAE: what it costs, in nats, to tell a decoder about x.",
        mistakes=[
            (lambda m, v: -kl(m, v), "The sign is wrong: a divergence is never negative."),
            (lambda m, v: 2 * kl(m, v), "The factor 1/2 is missing."),
            (lambda m, v: -0.5 * np.sum(1 + np.log(np.abs(v)) - m**2 - v, axis=1), "`log_var` is log σ² already: σ² is its exponential."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - v, axis=1), "The last term is σ², the exponential of `log_var`."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(0.5 * v), axis=1), "The last term is σ², and you took σ."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(2 * v), axis=1), "You took `log_var` for log σ. It is log σ²."),
            (lambda m, v: -0.5 * np.sum(1 + v - m - np.exp(v), axis=1), "μ has to be squared."),
            (lambda m, v: -0.5 * np.sum(v - m**2 - np.exp(v), axis=1), "The 1 of each dimension is missing."),
            (lambda m, v: kl(m, v) / m.shape[1], "Add over the latent dimensions: you took their mean."),
            (lambda m, v: kl(m, v).sum(), "That is the sum over all pictures. Return one number for each of them."),
            (lambda m, v: kl(m, v).mean(), "That is the mean over all pictures. Return one number for each of them."),
            (lambda m, v: -0.5 * np.sum(1 + v - m**2 - np.exp(v), axis=0), "You added over the pictures. Add over the latent dimensions."),
            (lambda m, v: -0.5 * (1 + v - m**2 - np.exp(v)), "These are the terms of each dimension. Add them for each picture."),
        ],
        hints=(
            "For each dimension: −½ (1 + log σ² − μ² − σ²), and σ² = exp(log σ²).",
            "Then `sum(axis=1)`: over the latent dimensions, not over the pictures.",
        ),
        solution="""
            import numpy as np

            def kl_of(mu, log_var):
                return -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var), axis=1)

            answer = kl_of
        """,
    ),
    "13.2": Exercise(
        judge=partial(close, expected=ENTROPY),
        praise=f"{ENTROPY:.3f} nats, the entropy of a coin with p = 0.25. No network is to blame for them, and a loss of grey pictures is full of them.",
        mistakes=[
            (0, "It does not reach 0, not even with p = 0.25. Put p = 0.25 into −x log p − (1 − x) log(1 − p)."),
            (ENTROPY / np.log(2), "These are bits. For nats use the natural logarithm."),
            (-np.log(0.25), "That is −log 0.25, as if the pixel were ink. Weight both terms: x with 0.25, 1 − x with 0.75."),
            (-np.log(0.75), "That is −log 0.75, as if the pixel were paper. Weight both terms: x with 0.25, 1 − x with 0.75."),
            (-0.25 * np.log(0.25), "The term for paper is missing: (1 − x) log(1 − p)."),
            (-0.75 * np.log(0.75), "The term for ink is missing: x log p."),
            (np.log(2), "That is what p = 0.5 reaches. Which p is the best one?"),
            (-ENTROPY, "The sign is wrong: a cross-entropy of probabilities is never negative."),
            (0.25, "That is the best p. What does it reach?"),
        ],
        hints=(
            "−0.25 log p − 0.75 log(1 − p) is smallest where its slope in p is 0. Which p is that?",
            "p = 0.25. Put it in.",
        ),
        solution="""
            import numpy as np

            answer = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
        """,
    ),
    "13.3": Exercise(
        judge=judge_bargain,
        praise=f"The mean over {PIXELS} pixels is the sum divided by {PIXELS}: as if β were {PIXELS}. Nothing crashes, and the posterior collapses.",
        mistakes={
            0: [
                (1, "Line 1 is right: the encoder's numbers, cut in two halves."),
                (2, "Line 2 is right: σ is the exponential of half of log σ²."),
                (4, "Line 4 is right as it stands: summed over the latent dimensions, and the mean over the pictures. Compare it with line 3."),
            ],
            1: [
                (1, "Not 1: after the mistake the two parts no longer stand in the proportion of the ELBO. Over what does line 3 take the mean?"),
                (1 / PIXELS, f"The other way round: the reconstruction became {PIXELS} times too small, so the KL weighs {PIXELS} times too much."),
                (PICTURES, "The mean over the pictures is taken in both parts. What else is averaged in line 3?"),
                (2 * PIXELS, f"Over {PIXELS} pixels is averaged, not over {2 * PIXELS} numbers."),
                (PIXELS * PICTURES, "The mean over the pictures is taken in both parts. What else is averaged in line 3?"),
                (PIXELS // 2, "The KL keeps its factor 1/2 in both. Only the mean over the pixels counts."),
                (2, "The number of latent dimensions has no part in it: the KL is summed, as it should be."),
            ],
        },
        hints=(
            "`binary_cross_entropy_with_logits` without `reduction` takes a mean. Over which axes?",
            f"Multiply the whole loss by {PIXELS}, and compare it with lesson and ELBO.",
        ),
        solution="answer = (3, 64)  # the mean over pictures and pixels; 64 · loss = sum + 64 · KL",
    ),
    "13.4": Exercise(
        judge=judge_estimate,
        praise="With n = 1 it is the ELBO's estimate, and with n → ∞ log p(x) itself.",
        mistakes=[
            (lambda j, q: np.mean(j - q, axis=0), "That is the mean of the logarithms, the ELBO. Take the logarithm of the mean of the weights."),
            (lambda j, q: estimate(j, q) + np.log(len(j)), "That is the log of the sum. Divide by n, or take log n away."),
            (lambda j, q: (estimate(j, q) + np.log(len(j))) / len(j), "Divide by n inside the logarithm. Outside, take log n away."),
            (lambda j, q: estimate(j, q) - np.max(j - q, axis=0), "You took the largest log-weight out. Add it again in the end."),
            (lambda j, q: np.exp(estimate(j, q)), "That is p(x). Return its logarithm."),
            (lambda j, q: estimate(j, 0 * q), "The weights are p(x, z) / q(z|x): take `log_q` away."),
            (lambda j, q: estimate(j, -q), "The weights are p(x, z) / q(z|x): take `log_q` away, do not add it."),
            (lambda j, q: estimate(j.T, q.T), "The first index is the number of the sample: average over axis 0."),
            (lambda j, q: np.mean(estimate(j, q)), "That is the mean over all pictures. Return one number for each of them."),
            (lambda j, q: -estimate(j, q), "The sign is wrong: return log p(x), not −log p(x)."),
            (lambda j, q: estimate(j, 0 * q) - estimate(q, 0 * q), "You divided one sum by the other. Each sample has a weight of its own, p(x, z) / q(z|x): average these."),
            (lambda j, q: np.max(j - q, axis=0), "That is the largest weight. Average all of them."),
            (lambda j, q: np.log(np.mean(np.exp(j - q), axis=0)), "For a face, with 2,000 nats, exp gives 0 and its logarithm −∞. Take the largest log-weight out first, or use `logsumexp`."),
        ],
        hints=(
            "The log-weights are `log_joint - log_q`, shape (n, N).",
            "`scipy.special.logsumexp(log_w, axis=0) - np.log(n)` never underflows.",
        ),
        solution="""
            import numpy as np
            from scipy.special import logsumexp

            def estimate(log_joint, log_q):
                return logsumexp(log_joint - log_q, axis=0) - np.log(len(log_joint))

            answer = estimate
        """,
    ),
}  # fmt: skip
