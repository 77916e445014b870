"""Lesson 01: the border that a classifier draws beside the densities of a generative model, and a point to move far out."""

from collections.abc import Callable, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_axes
from course_utils.widgets.panel import Panel

DROPS = np.log([100, 10, 2])  # nats below the top of a Gaussian in two dimensions: within are 99 %, 90 % and half of it


def draw(
    x1: float,
    x2: float,
    *,
    axes: Sequence[Axes],
    classes: Sequence[str],
    border: Callable,
    log_prob: Callable,
    observed: np.ndarray,
) -> Frame:
    """Return the frame for a new point: on the left what the border says of it, on the right what the densities say.

    border maps points (N, 2) to p(y = second class | x) (N,), log_prob to log p(x) (N,); observed is that of the data.
    """
    place = np.array([[x1, x2]], dtype=float)
    second, log_p = float(border(place)[0]), float(log_prob(place)[0])
    answer, sure = (classes[1], second) if second >= 0.5 else (classes[0], 1 - second)
    nats = f"{log_p:.1f}".replace("-", "−")
    overlay = Overlay()
    low, high = axes[0].get_xlim()
    pixel = (high - low) / axes[0].bbox.width
    towards, anchor = (pixel, "start") if x1 < (low + high) / 2 else (-pixel, "end")
    for ax, words in zip(axes, (f"{answer}: {sure:.3f}", f"log p(x) = {nats}")):
        end = x1 + (16 + 9 * len(words)) * towards
        overlay.rect(ax, x1 + 14 * towards, x2 - 9 * pixel, end, x2 + 9 * pixel, "white", opacity=0.85)
        overlay.dots(ax, [x1], [x2], "white", radius=10)
        overlay.dots(ax, [x1], [x2], style.OBSERVATIONS, radius=7.5)
        overlay.text(ax, x1 + 16 * towards, x2, words, anchor)
    less = int((observed < log_p).sum())
    numbers = {
        "p(y|x), the border": f"{sure:.3f} for {answer}",
        "log p(x), the density": f"{nats} nats",
        "observations that are less likely": f"{less} of {len(observed)}",
    }
    alt = (
        f"A new point at ({x1:g}, {x2:g}). The border calls it {answer} with probability {sure:.3f}; "
        f"its log p(x) is {nats} nats, and {less} of {len(observed)} observations are less likely."
    )
    return Frame(str(overlay), numbers, alt)


def border_and_density(
    x: np.ndarray,
    y: np.ndarray,
    classes: Sequence[str],
    features: Sequence[str],
    border: Callable[[np.ndarray], np.ndarray],
    log_likelihood: Callable[[np.ndarray], np.ndarray],
    limits: tuple[float, float] = (0, 20),
) -> Panel:
    """Show p(y|x) and p(x|y) of the same points (N, 2) of two classes, y in 0 and 1, with a new point to move or to click.

    classes, features: two names each. border: points (N, 2) → p(y = 1 | x) (N,). log_likelihood: points → log p(x|y)
    (N, 2) of two Gaussians. Raises ValueError for points or labels of another form.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1] or set(y.tolist()) != {0, 1}:
        raise ValueError(f"x must be (N, 2) and y (N,) zeros and ones, got {x.shape} and {y.dtype} {y.shape}")
    log_prior = np.log([np.mean(y == 0), np.mean(y == 1)])

    def log_prob(points: np.ndarray) -> np.ndarray:
        return np.logaddexp.reduce(log_likelihood(points) + log_prior, axis=1)

    figure, axes = plt.subplots(1, 2, figsize=(8.4, 4.3))
    ticks = np.linspace(*limits, 161)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (161, 161, 2)
    for ax in axes:
        for k, (name, face) in enumerate(zip(classes, (style.OBSERVATIONS, "white"))):
            ax.scatter(*x[y == k].T, s=22, facecolor=face, edgecolor=style.OBSERVATIONS, linewidth=1, label=name)
        ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel=features[0], ylabel=features[1])
        ax.set(xticks=np.linspace(*limits, 5), yticks=np.linspace(*limits, 5))
    axes[0].set_title("p(y|x): a border")
    axes[1].set_title("p(x|y): two densities")
    second = border(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    axes[0].contourf(ticks, ticks, second, [0.5, 1], colors=[style.PALE], zorder=0)
    lines = axes[0].contour(
        ticks, ticks, second, [0.01, 0.5, 0.99], colors=style.GREY, linewidths=(1.2, 2.5, 1.2), linestyles=("--", "-", "--")
    )  # fmt: skip
    segments = [max(found, key=len) for found in lines.allsegs if found]
    far_out = [one[np.abs(one - one[one.sum(axis=1).argmax()] * 0.85).sum(axis=1).argmin()] for one in segments]
    axes[0].clabel(lines, fmt="%g", fontsize=12, manual=far_out)
    for k in range(2):
        log_density = log_likelihood(grid.reshape(-1, 2))[:, k].reshape(grid.shape[:2])
        top = log_likelihood(x[y == k].mean(axis=0, keepdims=True))[0, k]
        axes[1].contour(
            ticks, ticks, log_density, top - DROPS, colors=style.P_MODEL, linewidths=(1.2, 1.8, 2.5), linestyles="-"
        )
    axes[0].legend(loc="lower right", handletextpad=0.1)

    def click(px: float, py: float) -> dict:
        place = in_axes(axes[0], px, py) or in_axes(axes[1], px, py)
        return dict(zip(("x1", "x2"), (round(value, 2) for value in place))) if place else {}

    start = [round(2 * value) / 2 for value in x.mean(axis=0)]
    return Panel(
        partial(draw, axes=list(axes), classes=classes, border=border, log_prob=log_prob, observed=log_prob(x)),
        figure,
        sliders={
            name: Slider(label, *limits, (limits[1] - limits[0]) / 80, value)
            for name, label, value in zip(("x1", "x2"), features, start)
        },
        click=click,
        grid=dict.fromkeys(("x1", "x2"), np.linspace(*limits, 21)),
    )
