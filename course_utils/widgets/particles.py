"""Lesson 18: particles that walk from noise to a mixture of Gaussians, by its exact score, with guidance to a label."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from course_utils import style
from course_utils.models.diffusion import FIRST, LAST
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_pixels
from course_utils.widgets.panel import Panel

STOPS = 40  # of the time slider
STEPS = (1, 2, 4, 8, 20, 40)  # that a walk may take: divisors of STOPS
TRAILS = 6  # particles whose way is drawn
TIMES = np.linspace(LAST, FIRST, STOPS + 1)
ALPHAS, SIGMAS = np.cos(TIMES * np.pi / 2), np.sin(TIMES * np.pi / 2)  # as Diffusion's path "cosine"


class Villages(NamedTuple):
    """A mixture of round Gaussians: weights (K,), means (K, 2), variances (K,), labels (K,) from 0 up, and names of the labels."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]


def denoised(x: np.ndarray, alpha: float, sigma: float, villages: Villages, wish: int, guidance: float) -> np.ndarray:
    """Return E[x₀|x_t] (N, 2) or, of the villages of label wish − 1, E[x₀|x_t, y] + guidance · (E[x₀|x_t, y] − E[x₀|x_t])."""
    everywhere = _mean(*_told(x, alpha, sigma, villages))
    if not wish:
        return everywhere
    r, each = _told(x, alpha, sigma, villages)
    there = _mean(r * (villages.labels == wish - 1), each)
    return there + guidance * (there - everywhere)


def ways(noise: np.ndarray, villages: Villages, wish: int, guidance: float, n_steps: int) -> np.ndarray:
    """Return where particles are at each of TIMES, (STOPS + 1, N, 2), on their way of n_steps from noise (N, 2), by DDIM."""
    found, x, stride = [noise], noise, STOPS // n_steps
    for k in range(0, STOPS, stride):
        clean = denoised(x, ALPHAS[k], SIGMAS[k], villages, wish, guidance)
        eps = (x - ALPHAS[k] * clean) / SIGMAS[k]
        found += [ALPHAS[i] * clean + SIGMAS[i] * eps for i in range(k + 1, k + stride + 1)]
        x = found[-1]
    return np.stack(found)


def draw(
    time: float, guidance: float, wish: float, steps: float, *, ax: Axes, villages: Villages, noise: np.ndarray
) -> Frame:
    """Return the frame at a stop of the time slider; particles.js draws the same in the page."""
    now, wish, n_steps = int(time), int(wish), STEPS[int(steps)]
    x = ways(noise, villages, wish, guidance, n_steps)[: now + 1]
    overlay = Overlay()
    for k in range(TRAILS):
        overlay.line(ax, x[:, k, 0], x[:, k, 1], style.GREY, width=1.5)
    overlay.dots(ax, x[-1, :, 0], x[-1, :, 1], style.SAMPLE, radius=2.5, opacity=0.7)
    r = _told(x[-1], ALPHAS[now], SIGMAS[now], villages)[0]
    shares = [f"{share:.2f}" for share in (r / r.sum(axis=1, keepdims=True)).mean(axis=0)]  # as they look now
    numbers = {
        f"village {k + 1}, {villages.names[y]}": share for k, (y, share) in enumerate(zip(villages.labels, shares))
    }
    asked = f"asked for {villages.names[wish - 1]} with guidance {guidance:.1f}" if wish else "asked for anyone"
    alt = (
        f"At time {TIMES[now]:.2f} of a way of {n_steps} steps {len(noise)} particles, {asked}. "
        f"Shares of villages 1 to {len(shares)}: {', '.join(shares)}."
    )
    return Frame(str(overlay), numbers, alt)


def particles(
    weights: ArrayLike,
    means: ArrayLike,
    variances: ArrayLike,
    labels: Sequence[int],
    names: Sequence[str],
    n: int = 500,
) -> Panel:
    """Show n particles on their way to a mixture of K round Gaussians in the plane, whose score is exact; the page computes it.

    weights (K,), means (K, 2), variances (K,), labels (K,) whole numbers from 0 up, names: one for each label. Sliders
    for the time, the steps, the wished label and the guidance. Raises ValueError for shapes that do not fit.
    """
    villages = Villages(
        *(np.asarray(a, dtype=float) for a in (weights, means, variances)), np.asarray(labels), tuple(names)
    )
    K = len(villages.weights)
    shapes = villages.means.shape, villages.variances.shape, villages.labels.shape
    if shapes != ((K, 2), (K,), (K,)) or set(villages.labels.tolist()) != set(range(len(villages.names))):
        raise ValueError(
            f"for {K} weights there must be means ({K}, 2), variances ({K},) and labels ({K},), each with a name"
        )
    noise = np.random.default_rng(0).normal(size=(n, 2)).round(3)  # so short in the page, and the same there
    figure, ax = plt.subplots(figsize=(5.6, 4.9))
    ax.set(xlim=(-3.2, 3.2), ylim=(-2.8, 2.8), aspect="equal", xlabel="x₁", ylabel="x₂", title="From noise to villages")
    for k, (mean, variance, label) in enumerate(zip(villages.means, villages.variances, villages.labels)):
        for radius, alpha in ((2, 1), (1, 0)):
            face = style.P_DATA_PALE if alpha else "none"
            ax.add_patch(Circle(mean, radius * variance**0.5, facecolor=face, edgecolor=style.P_DATA, linewidth=1))
        side, va = (-2.2, "top") if mean[1] < -0.5 else (2.2, "bottom")  # where there is room for its name
        x, y = mean[0], mean[1] + side * variance**0.5
        ax.text(x, y, f"{k + 1} {villages.names[label]}", ha="center", va=va, color=style.P_DATA)

    def page() -> dict:
        (left, right), (top, bottom) = in_pixels(ax, [0, 1], [0, 1])
        return {
            "noise": noise.tolist(),
            "villages": {name: np.asarray(part).tolist() for name, part in villages._asdict().items()},
            "times": TIMES.tolist(), "alphas": ALPHAS.tolist(), "sigmas": SIGMAS.tolist(), "steps": list(STEPS), "trails": TRAILS,
            "left": left, "across": right - left, "top": top, "up": bottom - top, "colours": [style.GREY, style.SAMPLE],
        }  # fmt: skip

    return Panel(
        partial(draw, ax=ax, villages=villages, noise=noise),
        figure,
        sliders={
            "time": Slider("time t", 0, STOPS, 1, 0, tuple(f"{t:.2f}" for t in TIMES)),
            "steps": Slider("steps", 0, len(STEPS) - 1, 1, len(STEPS) - 1, tuple(map(str, STEPS))),
            "wish": Slider("asked for", 0, len(villages.names), 1, 0, ("anyone", *villages.names)),
            "guidance": Slider("guidance w to what is asked for", 0, 8, 0.5, 0),
        },
        play="time",
        page=page,
    )


def _told(x: np.ndarray, alpha: float, sigma: float, villages: Villages) -> tuple[np.ndarray, np.ndarray]:
    """Return how likely each village is for x (N, K), not normalised, and E[x₀|x_t] of each (N, K, 2)."""
    variances = alpha**2 * villages.variances + sigma**2
    apart = x[:, None] - alpha * villages.means  # (N, K, 2)
    log = np.log(villages.weights) - np.log(variances) - 0.5 * (apart**2).sum(axis=2) / variances
    r = np.exp(log - log.max(axis=1, keepdims=True))
    return r, villages.means + (alpha * villages.variances / variances)[:, None] * apart


def _mean(r: np.ndarray, each: np.ndarray) -> np.ndarray:
    return (r[:, :, None] * each).sum(axis=1) / np.maximum(r.sum(axis=1, keepdims=True), 1e-300)
