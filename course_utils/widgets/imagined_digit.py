"""Lesson 00: a small generative model imagines digits, to try out a slider and a button."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import Digits
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel


def fit_gaussians(digits: Digits) -> tuple[np.ndarray, np.ndarray]:
    """Return a Gaussian for each digit: means (10, 64), and factors (10, 64, 64) whose squares are the covariances."""
    groups = [digits.pixels[digits.labels == y] for y in range(10)]
    means = np.array([group.mean(axis=0) for group in groups])
    covariances = np.array([np.cov(group.T) + 1e-4 * np.eye(64) for group in groups])
    return means, np.linalg.cholesky(covariances)


def draw(digit: float, courage: float, seed: int, *, axes: list[Axes], means: np.ndarray, factors: np.ndarray) -> Frame:
    """Return five imagined pictures of one digit; `courage` scales how far they stray from the average picture."""
    y = int(digit)
    noise = np.random.default_rng(seed).standard_normal((5, 64))  # (5, 64)
    pictures = np.clip(means[y] + courage * noise @ factors[y].T, 0, 1).reshape(5, 8, 8)
    overlay = Overlay()
    for ax, picture in zip(axes, pictures):
        overlay.image(ax, style.PAPER_TO_INK(picture, bytes=True), (-0.5, 7.5, -0.5, 7.5))
    apart = float(np.abs(pictures - pictures.mean(axis=0)).mean())
    numbers = {"how much the five differ": f"{apart:.2f}"}
    same = "They are all the same: the average picture." if courage == 0 else "Each of them is different."
    return Frame(str(overlay), numbers, f"Five pictures of the digit {y}, made by a model. {same}")


def imagined_digit(digits: Digits) -> Panel:
    """Show digits that a Gaussian for each class imagines: choose the digit, the courage, and ask for others."""
    figure, axes = plt.subplots(1, 5, figsize=(7.6, 2.0))
    for ax in axes:
        ax.set(xlim=(-0.5, 7.5), ylim=(-0.5, 7.5), xticks=[], yticks=[], aspect="equal")
    figure.suptitle(
        "Five digits that nobody ever wrote", x=0.01, ha="left", fontsize=14, fontweight="bold", color=style.INK
    )
    means, factors = fit_gaussians(digits)
    return Panel(
        partial(draw, axes=list(axes), means=means, factors=factors),
        figure,
        sliders={"digit": Slider("which digit", 0, 9, 1, 3), "courage": Slider("courage of the model", 0, 2, 0.05, 1)},
        buttons={"imagine five others": lambda values: {"seed": values["seed"] + 1}},
        fixed={"seed": 0},
        grid={"courage": np.arange(0, 2.1, 0.25)},
        presses=["imagine five others"] * 5,
    )
