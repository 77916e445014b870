"""Lesson 17: choose a token of a face, and see where the model looks before it bets on it."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_axes
from course_utils.widgets.panel import Panel

NOT_YET = (201, 206, 214)  # the colour of what is not painted yet
WIDTH = 32


def runs(first: int, last: int, width: int = WIDTH) -> list[tuple[int, int, int]]:
    """Return the pixels first … last − 1 in raster order as pieces of rows: (row, column, column behind the last)."""
    rows = range(first // width, (last - 1) // width + 1)
    return [(row, max(first - row * width, 0), min(last - row * width, width)) for row in rows]


def draw(
    token: float, head: float, *,
    axes: Sequence[Axes], image: np.ndarray, begins: np.ndarray, looks: np.ndarray, heads: Sequence[str],
) -> Frame:  # fmt: skip
    """Return the frame for one token: the face so far, and over it how much the token takes from each one before it.

    image (32, 32, 3); begins (T + 1,): the pixel at which each token begins, and 1,024; looks (heads, T, T) as
    Transformer.attention gives it: place 0 is the start, place s what the token before token s has left.
    """
    t = int(token)
    weights = looks[int(head), t, : t + 1]  # the start, then the tokens before t
    lengths = np.diff(begins)
    so_far = np.arange(image.shape[0] * image.shape[1]) < begins[t]
    shown = np.where(so_far.reshape(image.shape[:2])[..., None], image, NOT_YET).astype(np.uint8)
    share = np.zeros(begins[-1])
    share[: begins[t]] = np.repeat(weights[1:], lengths[:t])
    coloured = style.PAPER_TO_MODEL(share / max(weights[1:].max(initial=0), 1e-9), bytes=True)[:, :3]
    coloured[~so_far] = NOT_YET
    overlay = Overlay()
    extent = (-0.5, image.shape[1] - 0.5, image.shape[0] - 0.5, -0.5)
    overlay.image(axes[0], shown, extent)
    overlay.image(axes[1], coloured.reshape(image.shape), extent)
    for ax in axes[:2]:
        for row, left, right in runs(begins[t], begins[t + 1], image.shape[1]):
            overlay.rect(ax, left - 0.5, row - 0.5, right - 0.5, row + 0.5, style.INK, opacity=0)
    place = f"row {begins[t] // image.shape[1] + 1}, column {begins[t] % image.shape[1] + 1}"
    numbers = {
        "token": f"{t + 1} of {len(lengths)}",
        "begins at": place,
        "its pixels": f"{lengths[t]}",
        "looks at the start": f"{weights[0]:.2f}",
    }
    said = "There is nothing yet to look at."
    if t:
        best = int(weights[1:].argmax())
        where = f"row {begins[best] // image.shape[1] + 1}, column {begins[best] % image.shape[1] + 1}"
        numbers["looks most at the token from"] = where
        numbers["with the weight"] = f"{weights[1 + best]:.2f}"
        said = f"It looks most at the token from {where}, with the weight {weights[1 + best]:.2f}."
    alt = f"A face up to {place}, where token {t + 1} begins, and where {heads[int(head)]} looks. {said}"
    return Frame(str(overlay), numbers, alt)


def attention_map(image: np.ndarray, lengths: np.ndarray, looks: np.ndarray, start: int = 0) -> Panel:
    """Show a face token by token (click a pixel to choose its token) and where each head looks.

    image (32, 32, 3) uint8; lengths (T,): the pixels of each token, in raster order; looks (layers, heads, T, T), each
    row summing to 1. start: the token at first.
    """
    lengths, looks = np.asarray(lengths), np.asarray(looks, dtype=float)
    T = len(lengths)
    if image.shape[0] * image.shape[1] != lengths.sum() or looks.ndim != 4 or looks.shape[2:] != (T, T):
        shapes = f"image {image.shape}, {lengths.sum()} pixels in {T} tokens, looks {looks.shape}"
        raise ValueError(f"the tokens must fill the image, and looks must be (layers, heads, T, T), got {shapes}")
    names = [f"layer {i + 1}, head {j + 1}" for i in range(looks.shape[0]) for j in range(looks.shape[1])]
    heads = ("the mean of all heads", *names)
    flat = np.concatenate([looks.mean(axis=(0, 1))[None], looks.reshape(-1, T, T)])
    begins = np.append(0, lengths.cumsum())
    figure, axes = plt.subplots(1, 2, figsize=(7.8, 4.1))
    for ax, title in zip(axes, ("the face so far", "where it looks")):
        ax.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5), xticks=[], yticks=[])
        ax.set(aspect="equal", title=title)

    def click(px: float, py: float) -> dict:
        for ax in axes:
            if place := in_axes(ax, px, py):
                column, row = np.clip(np.rint(place), 0, np.array(image.shape[1::-1]) - 1).astype(int)
                return {"token": int(np.searchsorted(begins, row * image.shape[1] + column, side="right")) - 1}
        return {}

    return Panel(
        partial(draw, axes=list(axes), image=image, begins=begins, looks=flat, heads=heads),
        figure,
        sliders={
            "token": Slider("which token", 0, T - 1, 1, start),
            "head": Slider("which head", 0, len(heads) - 1, 1, 0, heads),
        },
        buttons={
            "next token": lambda values: {"token": min(values["token"] + 1, T - 1)},
            "token before": lambda values: {"token": max(values["token"] - 1, 0)},
        },
        click=click,
    )
