"""Lesson 08: EM on points in the plane, one half-step a click, forward and back."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.plotting import ellipse
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel


class Step(NamedTuple):
    """The state after a half-step: whom each point belongs to (N, K), and the clusters as they are now."""

    responsibilities: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    log_likelihood: float


def draw(step: float, *, ax: Axes, x: np.ndarray, steps: Sequence[Step]) -> Frame:
    """Return the frame after some half-steps: the points in the colours of their clusters, and the clusters."""
    number = int(step)
    state = steps[number]
    clusters = np.array([mpl.colors.to_rgb(colour) for colour in style.CLUSTERS[: len(state.weights)]])
    colours = np.round(8 * state.responsibilities @ clusters) / 8  # few colours, so few paths
    overlay = Overlay()
    for colour in np.unique(colours, axis=0):
        mine = (colours == colour).all(axis=1)
        overlay.dots(ax, x[mine, 0], x[mine, 1], mpl.colors.to_hex(np.clip(colour, 0, 1)), radius=3)
    for mean, covariance, colour in zip(state.means, state.covariances, style.CLUSTERS):
        curve = ellipse(mean, covariance)
        overlay.line(ax, curve[:, 0], curve[:, 1], colour, width=3)
        overlay.dots(ax, mean[:1], mean[1:], colour, radius=7)
    done = "the start" if number == 0 else f"{'E' if number % 2 else 'M'} step {(number + 1) // 2}"
    likelihood = f"{state.log_likelihood:.2f}".replace("-", "−")
    numbers = {"just done": done, "log-likelihood in nats": likelihood}
    numbers |= {f"π of cluster {k + 1}": f"{weight:.2f}" for k, weight in enumerate(state.weights)}
    return Frame(
        str(overlay),
        numbers,
        f"Points and {len(state.weights)} clusters after {done}; log-likelihood {likelihood} nats.",
    )


def em_stepper(x: np.ndarray, steps: Sequence[tuple]) -> Panel:
    """Show the states of EM on points x (N, 2): a slider and two buttons move through the half-steps.

    steps: the start, then a state after each E step and each M step in turn, each with the five parts of Step.
    """
    steps = [Step(*step) for step in steps]
    figure, ax = plt.subplots(figsize=(5.6, 4.8))
    margin = 0.08 * (x.max(axis=0) - x.min(axis=0))
    (x0, y0), (x1, y1) = x.min(axis=0) - margin, x.max(axis=0) + margin
    ax.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", xlabel="x₁", ylabel="x₂", title="Whose point is it?")
    last = len(steps) - 1
    return Panel(
        partial(draw, ax=ax, x=x, steps=steps),
        figure,
        sliders={"step": Slider("half-steps done", 0, last, 1, 0)},
        buttons={
            "back": lambda values: {"step": max(values["step"] - 1, 0)},
            "forward": lambda values: {"step": min(values["step"] + 1, last)},
        },
    )
