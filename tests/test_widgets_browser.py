"""The widgets as a student meets them: the lesson runs in JupyterLab, a slider is dragged, and the picture follows.

What the browser then shows is compared with what the widget's own `draw` gives for the same values; that `draw` is
right is for other tests to say.
"""

import ast
from functools import cache
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from course_utils import widgets
from course_utils.datasets import load_world_land

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"

# One line a widget: its lesson, a slider to drag and one to move by arrow keys.
WIDGETS = {
    "imagined_digit": ("00_start_here", "courage", "digit"),
    "bayes_explorer": ("01_generative_and_discriminative", "noisy", "picture"),
    "box_explorer": ("02_a_box_on_the_world_map", "north", "west"),
    "likelihood_landscape": ("03_maximum_likelihood", "east", "north"),
}


@cache
def make(name):
    """Return the widget as its lesson makes it: run the lesson's code up to the cell that shows the widget."""
    lesson, *_ = WIDGETS[name]
    namespace = {}
    with mpl.rc_context():
        for cell in nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            if f"\n{name}(" not in f"\n{cell.source}":
                exec(cell.source, namespace)
                plt.close("all")
                continue
            *statements, last = ast.parse(cell.source).body
            exec(compile(ast.Module(statements, []), lesson, "exec"), namespace)
            return eval(compile(ast.Expression(last.value), lesson, "eval"), namespace)
    raise LookupError(f"no cell of {lesson} shows {name}(…)")


# What a panel shows. The overlay is compared as the browser reads it, so `draw`'s text takes the same way.
SHOWN = """panel => ({
  values: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.value])),
  written: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.previousElementSibling.textContent])),
  svg: panel.querySelector("svg").innerHTML,
  numbers: [...panel.querySelectorAll(".panel-numbers tr")].map(row => [...row.children].map(cell => cell.textContent)),
  alt: panel.querySelector("[role=img]").getAttribute("aria-label"),
  message: panel.querySelector(".panel-message").textContent,
})"""
READ_BY_BROWSER = """(panel, svg) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  node.innerHTML = svg;
  return node.innerHTML;
}"""
# Milliseconds from each key press until the changed picture is on the screen: two frames after the overlay changed.
START_CLOCK = """panel => {
  window.latencies = [];
  let pressed = null;
  panel.addEventListener("keydown", () => { pressed = performance.now(); });
  const nextFrame = () => new Promise(requestAnimationFrame);
  new MutationObserver(async () => {
    const since = pressed;
    pressed = null;
    await nextFrame();
    await nextFrame();
    if (since !== null) window.latencies.push(performance.now() - since);
  }).observe(panel.querySelector("svg"), { childList: true });
}"""


class Opened:
    """A widget in the browser, and beside it the same one here, to compare with."""

    def __init__(self, page, here):
        self.page, self.here, self.values = page, here, dict(here.values)
        self.element = page.locator(".panel")
        assert self.element.count() == 1
        self.element.scroll_into_view_if_needed()

    def slider(self, name):
        """Return a slider of the page, scrolled into view."""
        slider = self.element.locator(f"input[name={name}]")
        slider.scroll_into_view_if_needed()
        return slider

    def picture(self):
        """Return a screenshot of the picture."""
        return self.element.locator(".panel-picture").screenshot()

    def on_slider(self, name):
        """Return a value as the browser's slider has it: on one of its steps."""
        slider = self.here.sliders[name]
        steps = round((self.values[name] - slider["min"]) / slider["step"])
        return f"{slider['min'] + slider['step'] * steps:.6g}"

    def expect(self, message="", **values):
        """Wait until the panel shows what `draw` gives for these values; fail with the difference if it never does."""
        self.values |= values
        frame = self.here._draw(**self.values)
        on_sliders = {name: self.on_slider(name) for name in self.here.sliders}
        expected = {
            "values": on_sliders, "written": on_sliders, "svg": self.element.evaluate(READ_BY_BROWSER, frame.svg),
            "numbers": [list(row) for row in frame.numbers.items()], "alt": frame.alt, "message": message,
        }  # fmt: skip
        deadline = monotonic() + 10
        while (shown := self.element.evaluate(SHOWN)) != expected and monotonic() < deadline:
            sleep(0.05)
        assert shown == expected


@pytest.fixture
def open_widget(open_lesson):
    """Return a function that opens the lesson of a widget and runs it."""

    def open_widget(name):
        here = make(name)
        return Opened(open_lesson(WIDGETS[name][0]), here)

    return open_widget


def test_every_widget_is_tried_in_the_browser():
    assert set(WIDGETS) == set(widgets.__all__)


@pytest.mark.parametrize("name", WIDGETS)
def test_the_picture_and_the_numbers_follow_the_sliders(name, open_widget):
    _, dragged, pressed = WIDGETS[name]
    widget = open_widget(name)
    widget.expect()
    at_first = widget.picture()

    slider = widget.slider(dragged)
    box, thumb = slider.bounding_box(), 16  # pixels: the handle, which stays within the track
    low, high = (widget.here.sliders[dragged][end] for end in ("min", "max"))
    x = box["x"] + thumb / 2 + (box["width"] - thumb) * (widget.values[dragged] - low) / (high - low)
    y = box["y"] + box["height"] / 2
    widget.page.mouse.move(x, y)
    widget.page.mouse.down()
    widget.page.mouse.move(x + 20, y, steps=4)
    widget.page.mouse.up()
    value = float(slider.input_value())
    assert widget.values[dragged] < value < high
    widget.expect(**{dragged: value})
    after_drag = widget.picture()
    assert after_drag != at_first

    slider = widget.slider(pressed)
    slider.focus()
    step = widget.here.sliders[pressed]["step"]
    for key, change in {"ArrowRight": step, "ArrowUp": step, "ArrowLeft": -step, "ArrowDown": -step}.items():
        value = widget.values[pressed] + change
        slider.press(key)
        widget.expect(**{pressed: round(value, 6)})
    for key, end in {"Home": "min", "End": "max"}.items():
        slider.press(key)
        widget.expect(**{pressed: widget.here.sliders[pressed][end]})
    assert widget.picture() != after_drag


@pytest.mark.parametrize("name", WIDGETS)
def test_the_picture_follows_without_delay(name, open_widget, capsys):
    widget = open_widget(name)
    slider = widget.slider(WIDGETS[name][2])
    slider.focus()
    widget.element.evaluate(START_CLOCK)
    for number in range(1, 22):
        slider.press("ArrowRight" if number % 2 else "ArrowLeft")
        widget.page.wait_for_function("n => window.latencies.length === n", arg=number)
    latencies = widget.page.evaluate("window.latencies")
    with capsys.disabled():
        print(f" {name}: {median(latencies):.0f} ms from key press to changed picture (median of {len(latencies)}) ", end="")
    assert median(latencies) < 500


def test_the_mle_is_shown_after_the_readers_own_try(open_widget):
    widget = open_widget("box_explorer")
    button = widget.element.get_by_role("button", name="show me the MLE")
    button.click()
    widget.expect(message="Your own try first: move the sliders.")
    widget.slider("north").press("ArrowRight")
    widget.expect(north=40.1)
    button.click()
    x = load_world_land().sample(40, np.random.default_rng(2))  # X of lesson 02
    south, west, north, east = [*x.min(axis=0).tolist(), *x.max(axis=0).tolist()]
    widget.expect(south=south, west=west, north=north, east=east)


def test_the_other_corner_moves_after_a_button(open_widget):
    widget = open_widget("likelihood_landscape")
    widget.element.get_by_role("button", name="move the bottom left corner").click()
    widget.expect(corner="bottom left")
