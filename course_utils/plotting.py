"""Figures of the course: `show` with alternative text, and the pictures that several lessons share."""

import base64
import html
import io
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from PIL import Image

from course_utils import style

if TYPE_CHECKING:
    from course_utils.datasets import WorldLand


def png(figure: Figure | Image.Image, dpi: float | None = None) -> str:
    """Return a figure or a picture as a `data:image/png` address, the same bytes on every run."""
    buffer = io.BytesIO()
    if isinstance(figure, Image.Image):
        figure.save(buffer, format="png", optimize=True)
    else:
        figure.savefig(buffer, format="png", dpi=dpi or "figure", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def show(figure: Figure | Image.Image, alt: str) -> None:
    """Display a figure, or a picture, with alternative text, and close the figure.

    `alt` says in a sentence or two what the figure shows, for readers who cannot see it.
    Raises ValueError if it is missing or too short to say anything.
    """
    if not isinstance(alt, str) or len(alt.strip()) < 20:
        raise ValueError(f"show(figure, alt) needs a sentence that says what the figure shows, got {alt!r}")
    if isinstance(figure, Image.Image):
        image, width = png(figure), figure.width
    else:
        image, width = png(figure, dpi=plt.rcParams["savefig.dpi"]), round(figure.get_figwidth() * 100)
        plt.close(figure)
    display(
        HTML(
            f'<figure style="margin:0"><img alt="{html.escape(alt.strip())}" width="{width}" '
            f'style="max-width:100%;height:auto;background:white" src="{image}"></figure>'
        )
    )


def world_map(land: "WorldLand | None" = None, ax: Axes | None = None, title: str = "") -> None:
    """Draw the plane of all points [latitude, longitude]; with `land`, the continents on it in the colour of p_data."""
    ax = ax or plt.gca()
    if land is not None:
        rings = [np.asarray(ring.coords) for part in land.geometry.geoms for ring in (part.exterior, *part.interiors)]
        outline = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        ax.add_patch(PathPatch(outline, facecolor=style.P_DATA_PALE, edgecolor=style.P_DATA, linewidth=0.5))
    ax.set(xlim=(-180, 180), ylim=(-90, 90), aspect="equal")
    ax.set(xlabel="longitude in degrees", ylabel="latitude in degrees")
    ax.set(xticks=range(-180, 181, 60), yticks=range(-90, 91, 30))
    ax.set_title(title)


def box(theta: tuple[float, float, float, float], ax: Axes | None = None, filled: bool = False) -> None:
    """Draw the box θ = (south, west, north, east) on a map, in the colour of p_model."""
    south, west, north, east = theta
    colours = dict(facecolor=style.P_MODEL_PALE if filled else "none", edgecolor=style.P_MODEL)
    (ax or plt.gca()).add_patch(Rectangle((west, south), east - west, north - south, linewidth=2.5, **colours))


def ellipse(mean: np.ndarray, covariance: np.ndarray, radius: float = 2.0) -> np.ndarray:
    """Return a closed curve (61, 2), the points at `radius` standard deviations from the mean."""
    angle = np.linspace(0, 2 * np.pi, 61)
    values, vectors = np.linalg.eigh(covariance)
    return mean + radius * (np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(values)) @ vectors.T


FAMILIES = {
    "generative models": [(0.5, 0.93), "generative models", None],
    "explicit": [(0.36, 0.70), "explicit density\n$p_θ(x)$ is written down", "generative models"],
    "implicit": [(0.86, 0.70), "implicit density\nonly a sampler", "generative models"],
    "tractable": [(0.20, 0.42), "tractable\n$p_θ(x)$ computed exactly", "explicit"],
    "approximate": [(0.565, 0.42), "approximate\n$p_θ(x)$ bounded", "explicit"],
    "box, tables, Naive Bayes": [(0.105, 0.13), "box, tables,\nNaive Bayes\n02–06", "tractable"],
    "mixtures": [(0.265, 0.13), "mixtures\n08", "tractable"],
    "flows": [(0.375, 0.13), "flows\n16", "tractable"],
    "NADE, PixelRNN": [(0.485, 0.13), "NADE,\nPixelRNN\n10–12", "tractable"],
    "VAE": [(0.66, 0.13), "VAE\n09, 13, 14", "approximate"],
    "GAN": [(0.86, 0.13), "GAN\n15", "implicit"],
}


def family_map(here: str | None = None, ax: Axes | None = None) -> None:
    """Draw the families of generative models as a tree, with the family `here` marked.

    `here` is a key of FAMILIES; raises ValueError for any other name.
    """
    if here is not None and here not in FAMILIES:
        raise ValueError(f"here must be one of {list(FAMILIES)}, got {here!r}")
    ax = ax or plt.gca()
    for (x, y), _, parent in FAMILIES.values():
        if parent:
            (px, py), *_ = FAMILIES[parent]
            ax.plot([px, px, x, x], [py, (py + y) / 2, (py + y) / 2, y], color=style.GREY, linewidth=1.5, zorder=1)
    for name, ((x, y), label, _) in FAMILIES.items():
        marked = name == here
        ax.text(
            x, y, label, ha="center", va="center", fontsize=12, zorder=2, fontweight="bold" if marked else "normal",
            bbox=dict(
                boxstyle="round,pad=0.5", linewidth=2.5 if marked else 1,
                facecolor=style.P_MODEL_PALE if marked else "white", edgecolor=style.P_MODEL if marked else style.GREY,
            ),
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    ax.set_title("The families of generative models" + (": you are here" if here else ""))
    ax.axis("off")


def process(data: str, model: str, question: str, answer: str, ax: Axes | None = None, title: str = "") -> None:
    """Draw how a model is made and used: data → model → answer, with what is put in on top of the model."""
    ax = ax or plt.gca()
    plain, marked = ("white", style.GREY), (style.P_MODEL_PALE, style.P_MODEL)
    boxes = [
        (data, 0.14, 0.22, plain),
        (model, 0.5, 0.22, marked),
        (answer, 0.86, 0.22, plain),
        (question, 0.5, 0.80, plain),
    ]
    for words, x, y, (face, edge) in boxes:
        look = dict(boxstyle="round,pad=0.6", facecolor=face, edgecolor=edge, linewidth=1.5)
        ax.text(x, y, words, ha="center", va="center", fontsize=13, bbox=look, zorder=2)
    arrow = dict(arrowstyle="-|>", color=style.GREY, linewidth=2, shrinkA=0, shrinkB=0)
    for start, end in [((0.27, 0.22), (0.36, 0.22)), ((0.64, 0.22), (0.73, 0.22)), ((0.5, 0.64), (0.5, 0.40))]:
        ax.annotate("", xy=end, xytext=start, arrowprops=arrow)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_title(title)
    ax.axis("off")


def images(pictures: np.ndarray, title: str, names: list[str] | None = None, columns: int = 10) -> Figure:
    """Return a figure with a grid of pictures (N, H, W), 0 for paper and 1 for ink, and a name over each."""
    rows = -(-len(pictures) // columns)
    height = 0.5 + rows * (1.2 if names else 0.9)
    figure, axes = plt.subplots(rows, columns, figsize=(style.FIGURE_WIDTH, height), squeeze=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, picture) in enumerate(zip(axes.flat, pictures)):
        ax.imshow(picture, cmap=style.PAPER_TO_INK, vmin=0, vmax=1)
        ax.set_title(names[i] if names else "", loc="center", fontsize=12, fontweight="normal")
    return figure
