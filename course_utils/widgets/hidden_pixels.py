"""Lesson 06: cover a pixel and its neighbours, and compare what Naive Bayes knows of it with what p_data knows."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import PlanetPixel, PlanetPixelDistribution
from course_utils.models import NaiveBayes
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_axes
from course_utils.widgets.panel import Panel

COVER = (201, 206, 214)  # the colour of what is covered


def colour_given_visible(p_data: PlanetPixelDistribution, pixels: np.ndarray, hidden: np.ndarray, k: int) -> np.ndarray:
    """Return p_data(x_k | the visible pixels) (256,), exactly: of the 3,552 faces, keep those that agree where one can see.

    pixels (1024,) is the picture, hidden (1024,) bool says what is covered.
    """
    agree = ~((p_data.pixels != pixels) & ~hidden).any(axis=1)  # (3552,)
    found = np.bincount(p_data.pixels[agree, k], weights=p_data.probabilities[agree], minlength=256)
    return found / found.sum()


def draw(
    face: float, row: float, column: float, radius: float, *,
    axes: Sequence[Axes], faces: PlanetPixel, p_data: PlanetPixelDistribution, naive: np.ndarray,
) -> Frame:  # fmt: skip
    """Return the frame for one covered pixel: the picture, and two bars of colours as wide as they are probable.

    naive (1024, 256) holds Naive Bayes' table of each pixel.
    """
    row, column, radius = int(row), int(column), int(radius)
    pixels = faces.pixels[int(face)]
    rows, columns = np.indices((32, 32)).reshape(2, -1)
    hidden = (np.abs(rows - row) <= radius) & (np.abs(columns - column) <= radius)  # (1024,)
    k = 32 * row + column
    image = faces.palette[pixels]
    image[hidden] = COVER
    overlay = Overlay()
    overlay.image(axes[0], image.reshape(32, 32, 3), (-0.5, 31.5, -0.5, 31.5))
    overlay.rect(axes[0], column - 0.5, 30.5 - row, column + 0.5, 31.5 - row, style.P_MODEL, opacity=0)
    numbers = {}
    tables = {"Naive Bayes": naive[k], "p_data": colour_given_visible(p_data, pixels, hidden, k)}
    for y, (name, table) in zip((1, 0), tables.items()):
        edge = 0.0
        for colour in np.flatnonzero(table > 0.002):
            rgb = "#" + bytes(faces.palette[colour]).hex()
            overlay.rect(axes[1], edge, y - 0.3, edge + table[colour], y + 0.3, rgb)
            edge += table[colour]
        overlay.rect(axes[1], 0, y - 0.3, 1, y + 0.3, style.GREY, opacity=0)  # white, too, is a colour
        right = table[pixels[k]]
        numbers[f"{name}: p(right colour)"] = f"{right:.3f}"
        numbers[f"{name}: surprise"] = f"{abs(np.log(right)):.2f} nats" if right > 0 else "∞"
    alt = (
        f"A face with the pixel in row {row}, column {column} covered, and its neighbours up to {radius} pixels away. "
        f"Naive Bayes gives the right colour the probability {naive[k][pixels[k]]:.2f}, p_data {tables['p_data'][pixels[k]]:.2f}."
    )
    return Frame(str(overlay), numbers, alt)


def hidden_pixels(faces: PlanetPixel, p_data: PlanetPixelDistribution, model: NaiveBayes) -> Panel:
    """Show a face with covered pixels (click to choose) and the colours that the model and p_data expect there.

    faces: the pictures to choose from; model: fitted on pixels with 256 values each.
    """
    figure, axes = plt.subplots(1, 2, figsize=(7.8, 3.7), width_ratios=[1, 1.1])
    axes[0].set(xlim=(-0.5, 31.5), ylim=(-0.5, 31.5), aspect="equal", xticks=[], yticks=[], title="click a pixel")
    axes[1].set(xlim=(0, 1), ylim=(-0.7, 1.7), xlabel="probability", title="colours expected there")
    axes[1].set_yticks([1, 0], ["Naive Bayes", "p_data"])

    def click(px: float, py: float) -> dict:
        place = in_axes(axes[0], px, py)
        return {"column": round(place[0]), "row": 31 - round(place[1])} if place else {}

    naive = model.theta.reshape(1024, 256)
    return Panel(
        partial(draw, axes=list(axes), faces=faces, p_data=p_data, naive=naive),
        figure,
        sliders={
            "face": Slider("which face", 0, len(faces.pixels) - 1, 1, 0),
            "row": Slider("row", 0, 31, 1, 29),
            "column": Slider("column", 0, 31, 1, 16),
            "radius": Slider("neighbours covered, pixels away", 0, 31, 1, 0),
        },
        click=click,
        grid={
            "face": range(min(3, len(faces.pixels))),
            "row": range(1, 32, 4),
            "column": range(0, 32, 4),
            "radius": (0, 1, 2, 4, 8, 16, 31),
        },
    )
