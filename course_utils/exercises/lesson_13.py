"""Exercises of lesson 13: the variational autoencoder."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, call, close, line_and_number

ENTROPY = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)  # of the grey pixel of 13.2
PIXELS, PICTURES = 64, 50  # in 13.3
C, BEST = 4, 1.5  # in 13.1: the reconstruction loss is 10 + C (z − BEST)²
MU, SIGMA = 2 * C * BEST / (1 + 2 * C), (1 + 2 * C) ** -0.5


def estimate(log_joint: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    log_w = log_joint - log_q
    top = log_w.max(axis=0)
    return top + np.log(np.mean(np.exp(log_w - top), axis=0))


def judge_estimate(answer: object, mistakes: Mistakes) -> None:
    *near, (_, words) = mistakes  # the last mistake shows only at 2,000 nats
    rng = np.random.default_rng(1)
    cases = [(rng.normal(-20, 2, size=(n, N)), rng.normal(0, 1, size=(n, N))) for n, N in ((5, 3), (10, 4), (6, 6))]
    far = (rng.normal((-20, -1000, -2000), 2, size=(8, 3)), rng.normal(0, 1, size=(8, 3)))
    agrees(answer, estimate, cases, near)
    if not np.isfinite(np.asarray(call(answer, *far), dtype=float)).all():
        raise Wrong(words)
    agrees(answer, estimate, [far])


EXERCISES = {
    "13.1": Exercise(
        judge=partial(close, expected=(MU, SIGMA)),
        praise="The KL pulls μ from 1.5 to 4/3, and gives the picture a room of σ = 1/3. A picture whose loss is steeper gets a smaller one.",
        mistakes=[
            ((BEST, 0), "That reconstructs best, but for σ = 0 the KL is infinite. Add the KL, then minimise."),
            ((BEST, SIGMA), "σ is right. But the KL has a term μ²/2: it pulls μ towards 0."),
            ((BEST, SIGMA**2), "The KL has a term μ²/2: it pulls μ towards 0. And the second is the variance, σ². Give σ."),
            ((BEST, (2 * C) ** -0.5), "The KL is more than −½ log σ²: it has the terms μ²/2 and σ²/2, too."),
            ((BEST, 1), "Add both parts, then minimise: the KL pulls μ towards 0, and the reconstruction loss wants a small σ."),
            ((MU, 0), "μ is right. But for σ = 0 the KL is infinite."),
            ((MU, SIGMA**2), "The second is the variance, σ². Give σ."),
            ((MU, 2 * np.log(SIGMA)), "The second is log σ². Give σ."),
            ((MU, 1), "μ is right. But a wide q reconstructs worse: the mean of (z − 1.5)² is (μ − 1.5)² + σ²."),
            ((0, 1), "That makes the KL 0, and forgets the reconstruction loss."),
            ((SIGMA, MU), "You turned the pair round: first μ, then σ."),
            ((C * BEST / (1 + C), (1 + C) ** -0.5), "The KL has a factor ½: −½ (1 + log σ² − μ² − σ²)."),
            ((C * BEST / (1 + C), SIGMA), "σ is right. For μ: the slope of 4 (μ − 1.5)² is 8 (μ − 1.5), that of μ²/2 is μ."),
            ((MU, (1 + C) ** -0.5), "μ is right. For σ: minimise 4 σ² + ½ (σ² − log σ²), whose slope in σ² is 4 + ½ − 1/(2 σ²)."),
            ((MU, (2 * C) ** -0.5), "μ is right. In σ the KL has two terms: −½ log σ² and +½ σ²."),
        ],
        hints=(
            "The mean of (z − 1.5)² under q is (μ − 1.5)² + σ². So add 4 (μ − 1.5)² + 4 σ² and ½ (μ² + σ² − 1 − log σ²).",
            "The slope in μ is 8 (μ − 1.5) + μ, the slope in σ² is 4 + ½ − 1/(2 σ²). Both are 0.",
        ),
        solution="answer = (8 * 1.5 / 9, 9**-0.5)  # 8 (μ − 1.5) + μ = 0, and 4 + ½ = 1 / (2 σ²)",
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
            (0.75 * np.log(4) + 0.25 * np.log(4 / 3), "The weights are exchanged: log p is weighted with x, log(1 − p) with 1 − x."),
            (np.log(4) + np.log(4 / 3), "Weight both terms: log p with x = 0.25, log(1 − p) with 0.75."),
            (0.75, "That is 1 − x. Put p = 0.25 into −x log p − (1 − x) log(1 − p)."),
            (-0.3 * np.log(0.3) - 0.7 * np.log(0.7), "That is the pixel of the cell above, 0.3. This one has 0.25."),
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
        judge=partial(line_and_number, line=3, number=PIXELS, what="β", pair="(line, β)"),
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
                (PIXELS**0.5, f"Over all {PIXELS} pixels is averaged, not over the rows of a picture alone."),
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
            (lambda j, q: np.log(np.mean(np.exp(j - q), axis=0)), "For a face, with 2,000 nats, exp gives 0 and its logarithm −∞. Take the largest log-weight of each picture out first, or use `logsumexp`."),
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
