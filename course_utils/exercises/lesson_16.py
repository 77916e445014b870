"""Exercises of lesson 16: normalizing flows."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, close

NATS, PIXELS = 2100, 1024  # of 16.1
RESCALED = NATS - PIXELS * np.log(255)
LOG_DET, LOG_2_PI = np.log(10), np.log(2 * np.pi)  # 16.2: the determinant is 1 · (−4) − 2 · 3 = −10
EXACT, BOUND = -np.log((0.9 + 0.3) / 2), -(np.log(0.9) + np.log(0.3)) / 2  # of 16.5


def inverse(z: np.ndarray, s: Callable, t: Callable) -> np.ndarray:
    kept, moved = z[:, :2], z[:, 2:]
    return np.concatenate([kept, (moved - t(kept)) * np.exp(-s(kept))], axis=1)


def _coupling(i: int) -> tuple:
    rng = np.random.default_rng(i)
    A, B = rng.normal(size=(2, 2, 2))
    return rng.normal(size=(3, 4)), lambda kept: np.tanh(kept @ A), lambda kept: kept @ B + i


def _like(change: Callable) -> Callable:
    """Return a mistaken inverse: change(kept, moved, s, t) is what becomes of the moved half."""
    return lambda z, s, t: np.concatenate([z[:, :2], change(z[:, :2], z[:, 2:], s, t)], axis=1)


FLOW, LOST, COSTLY = "flow", "no way back", "costly"

EXERCISES = {
    "16.1": Exercise(
        judge=partial(close, expected=RESCALED),
        praise=f"Each of the {PIXELS:,} numbers is stretched by 255, and each pays log 255 nats. The model is as good as before.",
        mistakes=[
            (NATS, "A density depends on the unit: where everything is 255 times as wide, it is thinner."),
            (NATS - np.log(255), f"That is one pixel. All {PIXELS:,} are stretched, and the logarithms add up."),
            (NATS + PIXELS * np.log(255), "The other way round: what is stretched gets thinner."),
            (NATS - PIXELS * np.log(256), "There are 256 grey values from 0 to 255, but the stretch from 1 to 255 is by 255."),
            (-NATS - PIXELS * np.log(255), "The mean log p(x) was +2,100, not −2,100: a density may exceed 1, and its logarithm 0."),
            (NATS - 3 * PIXELS * np.log(255), "The pixels are grey: one number each."),
            (-PIXELS * np.log(255), "That is the change. What is left of the 2,100 nats?"),
            (NATS / 255, "A density is divided by the stretch, so from its logarithm something is taken away."),
            (NATS - 255, "Take the logarithm of the stretch, once for each pixel."),
            (NATS - PIXELS * 255, "Take the logarithm of the stretch, once for each pixel."),
            (NATS - PIXELS * np.log2(255), "These are bits. For nats use the natural logarithm."),
            (NATS - 255 * np.log(PIXELS), "You exchanged the stretch and the number of pixels."),
        ],
        hints=(
            "If one number is stretched by c, its density is divided by c.",
            f"{PIXELS:,} numbers: the density is divided by 255 to the power of {PIXELS:,}.",
        ),
        solution="""
            import numpy as np

            answer = 2100 - 1024 * np.log(255)
        """,
    ),
    "16.2": Exercise(
        judge=partial(close, expected=(LOG_DET, LOG_DET - LOG_2_PI)),
        praise="The determinant is −10: the plane is turned over, which no density notices. And at 0 the density exceeds 1, as a density may.",
        mistakes=[
            ((-LOG_DET, -LOG_DET - LOG_2_PI), "The sign is wrong. The map goes from x to z and makes areas ten times larger, so its log |det| is above 0, and around x the density of z is packed ten times as dense."),
            ((LOG_DET, -LOG_DET - LOG_2_PI), "The first is right. But f goes from x to z: log p(x) = log p(z) + log |det|."),
            ((LOG_DET, -LOG_2_PI), "The first is right. The second is log p(z). Add log |det|."),
            ((LOG_DET, LOG_DET), "The first is right. For the second add log p(z) at z = (0, 0), which is −log 2π."),
            ((LOG_DET, LOG_DET - LOG_2_PI / 2), "The first is right. In two dimensions N(0, I) has the density 1/(2π) in the middle, not 1/√(2π)."),
            ((np.log(2), np.log(2) - LOG_2_PI), "The determinant is 1 · (−4) − 2 · 3: mind the sign of the −4."),
            ((-10, -10 - LOG_2_PI), "That is the determinant. Take the logarithm of its size."),
            ((10, 10 - LOG_2_PI), "That is the size of the determinant. Take its logarithm."),
            ((LOG_DET, 10 / (2 * np.pi)), "The first is right. The second is the density. Take its logarithm."),
            ((LOG_DET, LOG_DET - LOG_2_PI - 1), "The first is right. For the second: at x = (0, 0) z is (0, 0), too, and not (1, 1)."),
            ((LOG_DET, 0), "The first is right. A density at 0 is not 0. Which z belongs to x = (0, 0), and what is log p(z) there?"),
        ],
        hints=(
            "The determinant of ((a, b), (c, d)) is ad − bc. For a density only its size counts.",
            "f(0) = 0, and the density of N(0, I) there is 1/(2π). Then log p(x) = log p(z) + log |det|.",
        ),
        solution="""
            import numpy as np

            log_det = np.log(abs(1 * -4 - 2 * 3))
            answer = (log_det, -np.log(2 * np.pi) + log_det)
        """,
    ),
    "16.3": Exercise(
        judge=partial(
            choices, expected={"reverse": FLOW, "square": LOST, "full": COSTLY, "half": LOST, "sums": FLOW}
        ),
        praise="A triangle, or a mere change of order, makes the determinant cheap. A full matrix does not, and what is lost is lost.",
        mistakes={
            "reverse": [
                (LOST, "reversing once more brings the old order back."),
                (COSTLY, "its matrix has a single 1 in each row and each column, so its determinant is 1 or −1, without any computation."),
            ],
            "square": [
                (FLOW, "is x = 2 or x = −2 behind z = 4?"),
                (COSTLY, "the determinant would be a product of slopes, and cheap. But is x = 2 or x = −2 behind z = 4?"),
            ],
            "full": [
                (FLOW, "it can be undone, but what does the determinant of a full matrix cost?"),
                (LOST, "its determinant is not 0, so it has an inverse."),
            ],
            "half": [
                (FLOW, "512 numbers do not tell what the other 512 were."),
                (COSTLY, "512 numbers do not tell what the other 512 were. There is not even a determinant: the Jacobian is no square."),
            ],
            "sums": [
                (LOST, "each x is the difference of two neighbouring sums."),
                (COSTLY, "z_i depends on x_1 … x_i only: the Jacobian is a triangle. What stands on its diagonal?"),
            ],
        },
        hints=(
            "First ask: can x be told from z? Then: does the Jacobian have a form that makes its determinant cheap?",
            "Two of the five are flows, and for two there is no way back.",
        ),
        solution='answer = {"reverse": "flow", "square": "no way back", "full": "costly", "half": "no way back", "sums": "flow"}',
    ),
    "16.4": Exercise(
        judge=partial(agrees, reference=inverse, cases=[_coupling(i) for i in (1, 2, 3)]),
        praise="s and t are never inverted, so they may be any networks. That is the whole trick.",
        mistakes=[
            (_like(lambda a, b, s, t: b * np.exp(s(a)) + t(a)), "That is the layer itself, once more. Undo it: first take t away, then shrink."),
            (_like(lambda a, b, s, t: b * np.exp(-s(a)) - t(a)), "The order counts: t came last, so take it away first, and shrink then."),
            (_like(lambda a, b, s, t: (b - t(a)) * np.exp(s(a))), "Shrink where the layer stretched: exp(−s)."),
            (_like(lambda a, b, s, t: (b - t(a)) / s(a)), "The layer stretched by exp(s), not by s."),
            (_like(lambda a, b, s, t: (b - t(b)) * np.exp(-s(b))), "s and t were computed from the kept half: ask them about z_a, not z_b."),
            (_like(lambda a, b, s, t: (b - s(a)) * np.exp(-t(a))), "You exchanged s and t: s is what stretched, t what was added."),
            (lambda z, s, t: np.concatenate([(z[:, :2] - t(z[:, 2:])) * np.exp(-s(z[:, 2:])), z[:, 2:]], axis=1), "The first two numbers were kept, the last two moved: you took them the other way round."),
            (_like(lambda a, b, s, t: b - t(a)), "The stretch is still there: multiply by exp(−s)."),
            (_like(lambda a, b, s, t: b * np.exp(-s(a))), "t is still there: take it away first."),
            (_like(lambda a, b, s, t: (b + t(a)) * np.exp(-s(a))), "t was added, so take it away."),
            (lambda z, s, t: inverse(z, s, t)[:, 2:], "That is the moved half. Put the kept half before it: `np.concatenate([…], axis=1)`."),
            (lambda z, s, t: np.concatenate([inverse(z, s, t)[:, 2:], z[:, :2]], axis=1), "The halves are exchanged: first the kept one."),
        ],
        hints=(
            "The kept half is `z[:, :2]`, and it is also x_a: so s and t can be computed once more.",
            "Solve z_b = x_b exp(s) + t for x_b, and join both halves with `np.concatenate([…], axis=1)`.",
        ),
        solution="""
            import numpy as np

            def inverse(z, s, t):
                kept, moved = z[:, :2], z[:, 2:]
                return np.concatenate([kept, (moved - t(kept)) * np.exp(-s(kept))], axis=1)

            answer = inverse
        """,
    ),
    "16.5": Exercise(
        judge=partial(close, expected=(EXACT, BOUND)),
        praise="The bound says more than the truth, as it must, and they would agree if the density were flat within the cell.",
        mistakes=[
            ((BOUND, EXACT), "You turned the pair round: first the exact one, which is smaller."),
            ((EXACT, EXACT), "The first is right. For the second take the logarithm first and average then."),
            ((BOUND, BOUND), "The second is right. For the first average the densities, and take the logarithm then."),
            ((-EXACT, -BOUND), "The sign is wrong: give −log P, in nats."),
            ((0.6, np.exp(-BOUND)), "These are probabilities. Give minus their logarithms."),
            ((0, BOUND), "The second is right. The first: P is the mean of 0.9 and 0.3, not 1."),
            ((EXACT, 2 * BOUND), "The first is right. For the second weight both halves with ½."),
            ((-np.log(0.3), BOUND), "The second is right. The first: P is the integral over the whole cell, and the density is 0.3 in one half only."),
            ((-np.log(0.9), BOUND), "The second is right. The first: P is the integral over the whole cell, and the density is 0.9 in one half only."),
            ((EXACT, -np.log(0.9)), "The first is right. The noise falls into the second half of the cell, too."),
            ((EXACT, BOUND - EXACT), "The first is right. The second is the distance of both. Give the bound itself."),
        ],
        hints=(
            "P(level) is the integral of the density over its cell: ½ · 0.9 + ½ · 0.3.",
            "The bound is the mean of −log q over the cell: half of the noise meets 0.9, half meets 0.3.",
        ),
        solution="""
            import numpy as np

            exact = -np.log(0.5 * 0.9 + 0.5 * 0.3)
            bound = -(0.5 * np.log(0.9) + 0.5 * np.log(0.3))
            answer = (exact, bound)
        """,
    ),
}  # fmt: skip
