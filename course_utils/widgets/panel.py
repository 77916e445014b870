"""The one widget of the course: a picture with sliders, numbers and buttons beside it.

A lesson's widget is a module with a pure function `draw(**values) -> Frame` and a few lines that make a `Panel` of it.
What does not move is a matplotlib figure, drawn once; what moves is an `Overlay` of SVG on top of it.
"""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from course_utils import style
from course_utils.plotting import png
from course_utils.widgets import frames


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
        (left, right), (top, bottom) = map(sorted, _pixels(ax, [x0, x1], [y0, y1]))  # whichever way the axes run
        self.elements.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            f'fill="{colour}" fill-opacity="{opacity:g}" stroke="{colour}" stroke-width="2.5"/>'
        )

    def dots(self, ax: Axes, x: np.ndarray, y: np.ndarray, colour: str, radius: float = 3, opacity: float = 1) -> None:
        """Draw dots as one path."""
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(*_pixels(ax, x, y)))
        self.elements.append(
            f'<path d="{path}" stroke="{colour}" stroke-opacity="{opacity:g}" stroke-width="{2 * radius:g}" '
            'stroke-linecap="round" fill="none"/>'
        )

    def line(self, ax: Axes, x: np.ndarray, y: np.ndarray, colour: str, width: float = 2.5) -> None:
        """Draw a line through points."""
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(*_pixels(ax, x, y)))
        self.elements.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>')

    def text(self, ax: Axes, x: float, y: float, words: str, anchor: str = "start", colour: str = style.INK) -> None:
        """Write words; `anchor` is start, middle or end."""
        (a,), (b,) = _pixels(ax, [x], [y])
        self.elements.append(
            f'<text x="{a:.1f}" y="{b:.1f}" text-anchor="{anchor}" dominant-baseline="middle" fill="{colour}" '
            f'font-size="16">{html.escape(words)}</text>'
        )

    def image(self, ax: Axes, pixels: np.ndarray, extent: tuple[float, float, float, float]) -> None:
        """Lay an image (H, W) or (H, W, 3 or 4) uint8, first row on top, over extent = (x0, x1, y0, y1)."""
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="png", compress_level=1)
        self._picture(ax, "image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), extent)

    def drawing(self, ax: Axes, svg: str, extent: tuple[float, float, float, float]) -> None:
        """Lay a drawing, an SVG document of its own, over extent = (x0, x1, y0, y1)."""
        self._picture(ax, "image/svg+xml," + quote(svg, safe=" =:/;,()'"), extent)

    def _picture(self, ax: Axes, data: str, extent: tuple[float, float, float, float]) -> None:
        x0, x1, y0, y1 = extent
        (left, right), (top, bottom) = _pixels(ax, [x0, x1], [y1, y0])
        self.elements.append(
            f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            'preserveAspectRatio="none" style="image-rendering:pixelated" '
            f'href="data:{data}"/>'
        )


def in_axes(ax: Axes, px: float, py: float) -> tuple[float, float] | None:
    """Return the data coordinates of a place in the picture, given in pixels, or None if it lies outside the axes."""
    place = px, ax.figure.bbox.height - py
    return tuple(ax.transData.inverted().transform(place).tolist()) if ax.bbox.contains(*place) else None


def _pixels(ax: Axes, x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Return data coordinates as pixels of the picture, measured from its top left corner."""
    pixels = ax.transData.transform(np.column_stack([x, y]))
    return pixels[:, 0].tolist(), (ax.figure.bbox.height - pixels[:, 1]).tolist()


class Panel(anywidget.AnyWidget):
    """Shows `draw(**values)` over a background and redraws it whenever a slider moves or a button is pressed.

    sliders: name → Slider, the names being those of draw's parameters. buttons: label → a function from the present
    values to those that change, or to a sentence for the reader. fixed: parameters of draw that only buttons and clicks
    change. click: a function from a place in the picture, in pixels from its top left corner, to the values that change.
    play: the name of a slider that a further button, play or pause, moves to its end, in 200 steps at the most.
    page: a function, called when the axes are where they stay: how page_decoder.js draws in place of the kernel.
    grid, presses: for decks, where frames.py bakes what draw gives. There a slider stops at the values that grid has under
    its name, or else at each step, and the buttons of presses, pressed one after the other, lead to further frames.
    """

    _esm = "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
        for name in ("page_decoder.js", "frames.js", "panel.js")
    )
    _css = Path(__file__).with_name("panel.css")

    background = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    sliders = traitlets.Dict().tag(sync=True)
    buttons = traitlets.List().tag(sync=True)
    clickable = traitlets.Bool(False).tag(sync=True)
    play = traitlets.Unicode().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    frames = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)
    numbers = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    drawn = traitlets.Int(0).tag(sync=True)  # counts the frames, so that the browser hears of each

    def __init__(
        self,
        draw: Callable[..., Frame],
        figure: Figure,
        sliders: Mapping[str, Slider],
        buttons: Mapping[str, Callable[[dict], dict | str]] | None = None,
        fixed: Mapping[str, object] | None = None,
        click: Callable[[float, float], dict] | None = None,
        play: str = "",
        page: Callable[[], dict] | None = None,
        grid: Mapping[str, Sequence[float]] | None = None,
        presses: Sequence[str] = (),
    ) -> None:
        """Draw the background and the first frame; an error in `draw` is raised here, and shown as a message later."""
        if play and play not in sliders:
            raise ValueError(f"play must name one of the sliders {list(sliders)}, got {play!r}")
        self._draw = draw
        self._actions = dict(buttons or {})
        self._click = click
        values = {name: slider.value for name, slider in sliders.items()} | dict(fixed or {})
        width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
        figure.canvas.draw()
        figure.set_layout_engine("none")  # the axes stay where the overlay expects them
        background = png(figure, dpi=2 * figure.dpi)
        figure.canvas.draw()  # back to screen resolution, in which `_pixels` measures
        plt.close(figure)
        shown, baked = self._frame(values), {}
        stops = frames.stops_of(sliders, grid or {}) if frames.wanted() and not page else None
        if stops:
            baked = {"zipped": frames.bake(draw, values, stops, self._actions, presses, click, (width, height))}
            sliders = {name: frames.on_stops(slider, stops[name]) for name, slider in sliders.items()}
            values = {name: slider.value for name, slider in sliders.items()}
        super().__init__(
            background=background, width=width, height=height, buttons=list(self._actions), clickable=click is not None, play=play,
            sliders={name: slider._asdict() for name, slider in sliders.items()}, values=values,
            page=page() if page else {}, frames=baked, **shown,
        )  # fmt: skip
        if not page and not baked:
            self.observe(self._redraw, names="values")
        self.on_msg(self._act)

    def __repr__(self) -> str:
        return "A picture with sliders: run this cell to move them."

    def _frame(self, values: dict) -> dict:
        frame = self._draw(**values)
        return {"svg": frame.svg, "numbers": list(frame.numbers.items()), "alt": frame.alt, "message": ""}

    def _redraw(self, change: dict) -> None:
        try:
            state = self._frame(self.values)
        except Exception as error:  # whatever it is, the reader must see it: a callback has no other way to say so
            state = {"message": f"This setting cannot be drawn. {type(error).__name__}: {error}"}
        self._update(state)

    def _update(self, state: dict) -> None:
        with self.hold_sync():
            for name, value in state.items():
                self.set_trait(name, value)
            self.drawn += 1

    def _act(self, _: object, content: dict, __: object) -> None:
        """Answer a button, {"press": label}, or a place in the picture, {"click": [px, py]}."""
        drawn = self.drawn
        try:
            result = (
                self._click(*content["click"])
                if "click" in content
                else self._actions[content["press"]](dict(self.values))
            )
        except Exception as error:  # as in _redraw
            result = f"This does not work. {type(error).__name__}: {error}"
        if isinstance(result, dict):
            self.values = {**self.values, **result}
        if self.drawn == drawn:  # nothing changed, and yet the browser waits for an answer
            self._update({"message": result if isinstance(result, str) else ""})
