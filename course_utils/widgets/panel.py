"""The one widget of the course: a picture with sliders, numbers and buttons beside it.

A lesson's widget is a module with a pure function `draw(**values) -> Frame` and a few lines that make a `Panel` of it.
What does not move is a matplotlib figure, drawn once; what moves is an `Overlay` of SVG on top of it.
"""

import base64
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anywidget
import matplotlib as mpl
import matplotlib.pyplot as plt
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from course_utils.plotting import png
from course_utils.widgets import deck
from course_utils.widgets.overlay import Frame, Slider, in_pixels

HERE = Path(__file__).parent
IN_PAGE = ("page_decoder.js", "drivers.js", "particles.js", "panel.js")  # in the order in which they import one another
STILL_COLOURS = 128  # of the picture that is stored


def one_module(names: Sequence[str]) -> str:
    """Return JavaScript modules of this folder as one, which is what anywidget takes: without their imports."""
    source = "".join((HERE / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r"^import .*\n", "", source, flags=re.MULTILINE)


class Panel(anywidget.AnyWidget):
    """Shows `draw(**values)` over a background and redraws it whenever a slider moves or a button is pressed.

    sliders: name → Slider, the names being those of draw's parameters. buttons: label → a function from the present
    values to those that change, or to a sentence for the reader. fixed: parameters of draw that only buttons and clicks
    change. click: a function from a place in the picture, in pixels from its top left corner, to the values that change.
    handles: points that can be dragged in the picture, each (axes, slider of its x, slider of its y); the sliders say the same.
    play: the name of a slider that a further button, play or pause, moves to its end, in 200 steps at the most.
    page: a function, called when the axes are where they stay: what page_decoder.js or particles.js draws from in place of the kernel.
    grid, presses: for decks, where deck.py bakes what draw gives. There a slider stops at the values that grid has under
    its name, or else at each step, and the buttons of presses, pressed one after the other, lead to further frames, as any three presses do.
    """

    _esm = one_module(IN_PAGE)
    _css = HERE / "panel.css"

    background = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    sliders = traitlets.Dict().tag(  # travels as a list: a file that is saved sorts the keys of what it holds
        sync=True, to_json=lambda sliders, _: [{"name": name, **slider} for name, slider in sliders.items()]
    )
    buttons = traitlets.List().tag(sync=True)
    clickable = traitlets.Bool(False).tag(sync=True)
    handles = traitlets.List().tag(sync=True)
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
        handles: Sequence[tuple[Axes, str, str]] = (),
        play: str = "",
        page: Callable[[], dict] | None = None,
        grid: Mapping[str, Sequence[float]] | None = None,
        presses: Sequence[str] = (),
    ) -> None:
        """Draw the background and the first frame; an error in `draw` is raised here, and shown as a message later."""
        if play and play not in sliders:
            raise ValueError(f"play must name one of the sliders {list(sliders)}, got {play!r}")
        if unknown := [name for _, *names in handles for name in names if name not in sliders]:
            raise ValueError(f"handles must name sliders, {list(sliders)}, got {unknown}")
        self.draw = draw
        self._actions = dict(buttons or {})
        self._click = click
        values = {name: slider.value for name, slider in sliders.items()} | dict(fixed or {})
        width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
        figure.canvas.draw()
        figure.set_layout_engine("none")  # the axes stay where the overlay expects them
        background = png(figure, dpi=2 * figure.dpi)
        figure.canvas.draw()  # back to screen resolution, in which an overlay measures
        plt.close(figure)
        shown, baked = self._frame(values), {}
        stops = deck.stops_of(sliders, grid or {}) if deck.wanted() and not page else None
        if stops:
            baked = {"zipped": deck.bake(draw, values, stops, self._actions, presses, click, (width, height))}
            sliders = {name: deck.on_stops(slider, stops[name]) for name, slider in sliders.items()}
            values = {name: slider.value for name, slider in sliders.items()}
        super().__init__(
            background=background, width=width, height=height, buttons=list(self._actions), clickable=click is not None, play=play,
            sliders={name: slider._asdict() for name, slider in sliders.items()}, values=values,
            page=deck.zipped(page()) if page else {}, frames=baked, handles=[_handle(*handle) for handle in handles], **shown,
        )  # fmt: skip
        if not page and not baked:
            self.observe(self._redraw, names="values")
        self.on_msg(lambda _, content, __: self.act(content))

    def __repr__(self) -> str:
        return "A picture with sliders: run this cell to move them."

    def act(self, content: Mapping) -> None:
        """Answer the reader: {"move": {slider: value, …}}, {"press": label}, or {"click": [px, py]} in the picture.

        A move says what has moved and nothing else, so it never takes back what a button has set meanwhile.
        """
        drawn = self.drawn
        try:
            result = self._answer(**content)
        except Exception as error:  # as in _redraw
            result = f"This does not work. {type(error).__name__}: {error}"
        with self.hold_sync():  # values and frame arrive together
            if isinstance(result, str):
                self._update({"message": result})
                return
            self.values = {**self.values, **result}
            if self.drawn == drawn:  # nothing changed, and yet the browser waits for an answer
                self._redraw()

    def still(self) -> str:
        """Return what is shown now as HTML that needs no kernel: a picture with its alternative text, and what to do."""
        import resvg_py

        moving = resvg_py.svg_to_bytes(
            svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'font-family="DejaVu Sans">{self.svg}</svg>',
            font_files=[str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))],  # the same on every machine
            skip_system_fonts=True,
        )
        background = io.BytesIO(base64.b64decode(self.background.partition(",")[2]))
        picture = Image.open(background).convert("RGBA").reduce(2)
        picture.alpha_composite(Image.open(io.BytesIO(moving)))
        few = picture.convert("RGB").quantize(STILL_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        return (
            f'<figure style="margin:0"><img alt="{html.escape(self.alt)}" width="{self.width}" src="{png(few)}">'
            "<figcaption>Run this cell to move the sliders.</figcaption></figure>"
        )

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return data | {"text/html": self.still()}, metadata

    def _answer(
        self, move: dict | None = None, press: str | None = None, click: Sequence[float] | None = None
    ) -> dict | str:
        if move is not None:
            return move
        return self._click(*click) if click is not None else self._actions[press](dict(self.values))

    def _frame(self, values: dict) -> dict:
        frame = self.draw(**values)
        return {"svg": frame.svg, "numbers": list(frame.numbers.items()), "alt": frame.alt, "message": ""}

    def _redraw(self, _: object = None) -> None:
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


def _handle(ax: Axes, x: str, y: str) -> dict:
    """Return what the browser needs to know of a handle: its sliders, where their zeros are, and the pixels of one unit."""
    (left, right), (top, up) = in_pixels(ax, [0, 1], [0, 1])
    return {"x": x, "y": y, "left": left, "across": right - left, "top": top, "up": up - top}
