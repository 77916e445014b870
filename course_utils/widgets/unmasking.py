"""Lesson 18: a face that masked diffusion draws, step by step, and what the network guesses behind the cover."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.widgets.hidden_pixels import COVER
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel


def draw(
    step: float, face: float, *,
    axes: Sequence[Axes], told: np.ndarray, pixels: np.ndarray, guesses: np.ndarray, palette: np.ndarray,
) -> Frame:  # fmt: skip
    """Return the frame after some steps: the pixels that have been told, and the likeliest colour of all."""
    step, face = int(step), int(face)
    hidden = told[face] >= step  # (D,)
    guess = guesses[step, face] if step < len(guesses) else pixels[face]
    seen, D = palette[pixels[face]], len(hidden)
    seen[hidden] = COVER
    side = round(D**0.5)
    overlay = Overlay()
    for ax, picture in zip(axes, (seen, palette[guess])):
        overlay.image(ax, picture.reshape(side, side, 3), (0, side, 0, side))
    right = f"{(guess == pixels[face])[hidden].mean():.2f}" if hidden.any() else "nothing is hidden"
    numbers = {"pixels told": f"{D - hidden.sum():,} of {D:,}", "guesses that will come true": right}
    alt = (
        f"Face {face + 1} after {step} of {len(guesses)} steps: {D - hidden.sum():,} of {D:,} pixels are told, beside the "
        f"network's guess of all. Share of hidden pixels where the guess will come true: {right}."
    )
    return Frame(str(overlay), numbers, alt)


def unmasking(told: np.ndarray, pixels: np.ndarray, guesses: np.ndarray, palette: np.ndarray) -> Panel:
    """Show N pictures of D = side² pixels on their way of S steps, with a slider for the step and one for the picture.

    told (N, D): in which step, from 0, each pixel is told; pixels (N, D): what is told; guesses (S, N, D): the
    likeliest colour of each pixel before each step; palette (K, 3) uint8. Raises ValueError for shapes that do not fit.
    """
    told, pixels, guesses = np.asarray(told), np.asarray(pixels), np.asarray(guesses)
    if (
        told.shape != pixels.shape
        or guesses.shape[1:] != pixels.shape
        or round(pixels.shape[1] ** 0.5) ** 2 != pixels.shape[1]
    ):
        raise ValueError(
            f"told and pixels must be (N, side²) and guesses (S, N, side²), got {told.shape}, {pixels.shape}, {guesses.shape}"
        )
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.9))
    side = round(pixels.shape[1] ** 0.5)
    for ax, title in zip(axes, ("told so far", "the network's guess")):
        ax.set(xlim=(0, side), ylim=(0, side), aspect="equal", xticks=[], yticks=[], title=title)
    S, N = guesses.shape[:2]
    return Panel(
        partial(draw, axes=list(axes), told=told, pixels=pixels, guesses=guesses, palette=palette),
        figure,
        sliders={"step": Slider("steps done", 0, S, 1, 0), "face": Slider("which face", 0, N - 1, 1, 0)},
        play="step",
    )
