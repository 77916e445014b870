"""Lesson 16: a linear map of the plane, dragged by its two arrows; areas, and what becomes of a density."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

REACH = 3.0  # of the sliders, and half the side of the picture
LINES = np.arange(-3, 4)  # of the grid in z, a square of side 6
SIDE = np.linspace(0, 1, 241)  # places on a side of the cell


def draw(a1: float, a2: float, b1: float, b2: float, *, ax: Axes, z: np.ndarray) -> Frame:
    """Return the frame for the map that takes (1, 0) to (a1, a2) and (0, 1) to (b1, b2): grid, one cell, and dots z (N, 2)."""
    A = np.array([[a1, b1], [a2, b2]])
    det = a1 * b2 - b1 * a2
    overlay = Overlay()
    ends = np.linspace(LINES[0], LINES[-1], 481)
    for k in LINES:
        for line in (np.stack([np.full(481, k), ends]), np.stack([ends, np.full(481, k)])):
            moved = A @ line
            inside = (abs(moved) <= REACH).all(axis=0)
            if inside.any():
                overlay.line(ax, *moved[:, inside][:, [0, -1]], style.GREY, width=1)
    x = z @ A.T
    shown = (abs(x) <= REACH).all(axis=1)
    overlay.dots(ax, x[shown, 0], x[shown, 1], style.SAMPLE, radius=2.5)
    corners = A @ np.array([[0, 1, 1, 0, 0], [0, 0, 1, 1, 0]])
    for start, end in zip(corners.T, corners.T[1:]):  # a side is cut off where it leaves the picture
        side = start[:, None] + (end - start)[:, None] * SIDE
        inside = (abs(side) <= REACH + 1e-9).all(axis=0)
        if inside.any():
            overlay.line(ax, *side[:, inside][:, [0, -1]], style.P_MODEL, width=4)
    overlay.dots(ax, [a1, b1], [a2, b2], style.P_MODEL, radius=8)
    area = abs(det)
    flat = area < 1e-9
    numbers = {
        "determinant": f"{det:.2f}".replace("-", "−") if not flat else "0.00",
        "area of the cell": f"{area:.2f}",
        "log |det| in nats": "−∞" if flat else f"{np.log(area):.2f}".replace("-", "−"),
        "density in the middle": "∞" if flat else f"{1 / (2 * np.pi * area):.3f}",
    }
    fate = "all on one line, so there is no way back" if flat else "turned over" if det < 0 else "not turned over"
    alt = (
        f"A grid and dots, moved by a linear map that takes (1, 0) to ({a1:g}, {a2:g}) and (0, 1) to ({b1:g}, {b2:g}). "
        f"A cell of area 1 has the area {area:.2f}; the grid is {fate}."
    )
    return Frame(str(overlay), numbers, alt)


def stretched_grid(z: np.ndarray) -> Panel:
    """Show dots z (N, 2) of N(0, I) and a grid, moved by a linear map whose two arrows can be dragged.

    Raises ValueError for dots of another form.
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 2 or z.shape[1] != 2:
        raise ValueError(f"z must be (N, 2), got {z.shape}")
    figure, ax = plt.subplots(figsize=(5.4, 5.2))
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xlabel="x₁", ylabel="x₂")
    ax.set(xticks=LINES, yticks=LINES, title="Drag the two orange dots")
    ax.plot([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], color=style.LATENT, linestyle="--", linewidth=1.5)
    names = {
        "a1": "(1, 0) goes to: x₁",
        "a2": "(1, 0) goes to: x₂",
        "b1": "(0, 1) goes to: x₁",
        "b2": "(0, 1) goes to: x₂",
    }
    start = {"a1": 1.0, "a2": 0.0, "b1": 0.0, "b2": 1.0}
    return Panel(
        partial(draw, ax=ax, z=z),
        figure,
        sliders={name: Slider(label, -REACH, REACH, 0.1, start[name]) for name, label in names.items()},
        buttons={"as at first": lambda values: start},
        handles=[(ax, "a1", "a2"), (ax, "b1", "b2")],
        grid={"a1": (-1, 0.5, 1, 2), "a2": (-1, 0, 0.5, 1, 2), "b1": (-1, 0, 0.5, 1, 2), "b2": (-1, 0.5, 1, 2)},
    )
