"""What moves in a widget: SVG over a picture that stands still, and what `draw` returns of it."""

import base64
import html
import io
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from course_utils import style


class Slider(NamedTuple):
    """A slider: its label, its range and step, and where it stands at first; `words` are shown instead of 0, 1, 2, …"""

    label: str
    min: float
    max: float
    step: float
    value: float
    words: tuple[str, ...] = ()


class Frame(NamedTuple):
    """What a widget shows for one setting of its sliders.

    `svg` lies over the background, `numbers` maps names to formatted values, `alt` says the picture in a sentence.
    """

    svg: str
    numbers: dict[str, str]
    alt: str


class Overlay:
    """Collects SVG elements, given in data coordinates of the background's axes. `str()` is the SVG text."""

    def __init__(self) -> None:
        """Start with nothing drawn."""
        self.elements: list[str] = []

    def __str__(self) -> str:
        return "".join(self.elements)

    def rect(self, ax: Axes, x0: float, y0: float, x1: float, y1: float, colour: str, opacity: float = 1) -> None:
        """Draw a rectangle with an outline and a filling; `opacity` is that of the filling, 0 for none."""
        (left, right), (top, bottom) = map(sorted, in_pixels(ax, [x0, x1], [y0, y1]))  # whichever way the axes run
        self.elements.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            f'fill="{colour}" fill-opacity="{opacity:g}" stroke="{colour}" stroke-width="2.5"/>'
        )

    def dots(self, ax: Axes, x: np.ndarray, y: np.ndarray, colour: str, radius: float = 3, opacity: float = 1) -> None:
        """Draw dots as one path; of lines of no length at all Firefox would lose the round ends."""
        path = "".join(f"M{a:.1f} {b:.1f}h.01" for a, b in zip(*in_pixels(ax, x, y)))
        self.elements.append(
            f'<path d="{path}" stroke="{colour}" stroke-opacity="{opacity:g}" stroke-width="{2 * radius:g}" '
            'stroke-linecap="round" fill="none"/>'
        )

    def line(self, ax: Axes, x: np.ndarray, y: np.ndarray, colour: str, width: float = 2.5) -> None:
        """Draw a line through points."""
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(*in_pixels(ax, x, y)))
        self.elements.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>')

    def bars(self, ax: Axes, x: np.ndarray, ends: np.ndarray, colour: str, width: float = 4) -> None:
        """Draw upright bars from 0 to their ends, as one path."""
        places, (zero,) = list(zip(*in_pixels(ax, x, ends))), in_pixels(ax, [0], [0])[1]
        path = "".join(f"M{a:.1f} {zero:.1f}V{b:.1f}" for a, b in places)
        self.elements.append(f'<path d="{path}" stroke="{colour}" stroke-width="{width:g}" fill="none"/>')

    def text(self, ax: Axes, x: float, y: float, words: str, anchor: str = "start", colour: str = style.INK) -> None:
        """Write words; `anchor` is start, middle or end."""
        (a,), (b,) = in_pixels(ax, [x], [y])
        self.elements.append(
            f'<text x="{a:.1f}" y="{b:.1f}" text-anchor="{anchor}" dominant-baseline="middle" fill="{colour}" '
            f'font-size="16">{html.escape(words)}</text>'
        )

    def image(
        self, ax: Axes, pixels: np.ndarray, extent: tuple[float, float, float, float], smooth: bool = False
    ) -> None:
        """Lay an image (H, W) or (H, W, 3 or 4) uint8, first row on top, over extent = (x0, x1, y0, y1).

        Its pixels are seen as squares; `smooth` blends them, for pictures that have about as many as the screen.
        """
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="png", compress_level=6 if smooth else 1)
        self._picture(ax, "image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), extent, smooth)

    def drawing(self, ax: Axes, svg: str, extent: tuple[float, float, float, float]) -> None:
        """Lay a drawing, an SVG document of its own, over extent = (x0, x1, y0, y1)."""
        self._picture(ax, "image/svg+xml," + quote(svg, safe=" =:/;,()'"), extent)

    def _picture(self, ax: Axes, data: str, extent: tuple[float, float, float, float], smooth: bool = False) -> None:
        x0, x1, y0, y1 = extent
        (left, right), (top, bottom) = in_pixels(ax, [x0, x1], [y1, y0])
        self.elements.append(
            f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            f'preserveAspectRatio="none" style="image-rendering:{"auto" if smooth else "pixelated"}" href="data:{data}"/>'
        )


def in_axes(ax: Axes, px: float, py: float) -> tuple[float, float] | None:
    """Return the data coordinates of a place in the picture, given in pixels, or None if it lies outside the axes."""
    place = px, ax.figure.bbox.height - py
    return tuple(ax.transData.inverted().transform(place).tolist()) if ax.bbox.contains(*place) else None


def in_pixels(ax: Axes, x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Return data coordinates as pixels of the picture, measured from its top left corner."""
    pixels = ax.transData.transform(np.column_stack([x, y]))
    return pixels[:, 0].tolist(), (ax.figure.bbox.height - pixels[:, 1]).tolist()
