"""The panel without a browser: when it draws, what it keeps, and what it says when something goes wrong."""

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from course_utils import style
from course_utils.widgets.panel import Frame, Overlay, Panel, Slider, in_axes

SLIDERS = {"a": Slider("the first", 0, 10, 1, 3), "b": Slider("the second", -1, 1, 0.1, 0.5)}


def parse(svg: str) -> list[ElementTree.Element]:
    """Return the elements of an overlay; raises ParseError if it is not well-formed."""
    return list(ElementTree.fromstring(f"<svg>{svg}</svg>"))


@pytest.fixture
def ax():
    """Axes of a figure of 400 × 300 pixels, with a layout as widgets have it, of 0 ≤ x ≤ 4 and 0 ≤ y ≤ 3."""
    figure, ax = plt.subplots(figsize=(4, 3), dpi=100, layout="constrained")
    ax.set(xlim=(0, 4), ylim=(0, 3), title="a title", xlabel="x")
    figure.canvas.draw()
    yield ax
    plt.close(figure)


def corner(ax, x, y):
    """Return where (x, y) is in the picture, in pixels from its top left corner, by the position of the axes alone."""
    left, bottom, width, height = ax.get_position().bounds
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    return 400 * (left + width * (x - x0) / (x1 - x0)), 300 * (1 - bottom - height * (y - y0) / (y1 - y0))


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def test_overlay_puts_everything_where_the_axes_have_it(ax):
    overlay = Overlay()
    overlay.rect(ax, 1, 0.5, 3, 2, "#123456", opacity=0.25)
    overlay.dots(ax, [1, 2, 3], [2.5, 1, 0], "#abcdef", radius=4)
    overlay.line(ax, [0, 4], [3, 0], "#abcdef")
    overlay.text(ax, 2, 1.5, "x < y & z", anchor="end")
    rect, dots, line, text = parse(str(overlay))

    left, top = corner(ax, 1, 2)
    right, bottom = corner(ax, 3, 0.5)
    box = [float(rect.get(name)) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(box, [left, top, right - left, bottom - top], atol=0.06)
    assert (rect.get("fill"), rect.get("fill-opacity"), rect.get("stroke")) == ("#123456", "0.25", "#123456")

    expected = [corner(ax, 1, 2.5), corner(ax, 2, 1), corner(ax, 3, 0)]
    np.testing.assert_allclose(numbers(dots.get("d").replace("h0", "")), np.ravel(expected), atol=0.06)
    assert dots.get("stroke-width") == "8"

    np.testing.assert_allclose(numbers(line.get("points")), np.ravel([corner(ax, 0, 3), corner(ax, 4, 0)]), atol=0.06)
    np.testing.assert_allclose([float(text.get("x")), float(text.get("y"))], corner(ax, 2, 1.5), atol=0.06)
    assert (text.text, text.get("text-anchor"), text.get("fill")) == ("x < y & z", "end", style.INK)


@pytest.mark.parametrize("invert", [Axes.invert_xaxis, Axes.invert_yaxis])
@pytest.mark.parametrize("corners", [(1, 0.5, 3, 2), (3, 2, 1, 0.5)])
def test_overlay_draws_a_rectangle_whichever_way_the_axes_run(ax, invert, corners):
    """SVG does not show one of negative width or height."""
    invert(ax)
    overlay = Overlay()
    overlay.rect(ax, *corners, "red")
    (rect,) = parse(str(overlay))
    (left, right), (top, bottom) = map(sorted, zip(corner(ax, *corners[:2]), corner(ax, *corners[2:])))
    box = [float(rect.get(name)) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(box, [left, top, right - left, bottom - top], atol=0.06)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3), (2, 3, 4)])
def test_overlay_lays_an_image_over_its_extent(ax, shape):
    pixels = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    overlay = Overlay()
    overlay.image(ax, pixels, (1, 4, 0, 2))
    (image,) = parse(str(overlay))
    left, top = corner(ax, 1, 2)
    right, bottom = corner(ax, 4, 0)
    box = [float(image.get(name)) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(box, [left, top, right - left, bottom - top], atol=0.06)
    kind, _, data = image.get("href").partition(",")
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), pixels)


def test_overlay_of_nothing_is_empty_and_no_dots_are_none(ax):
    overlay = Overlay()
    assert str(overlay) == ""
    overlay.dots(ax, np.array([]), np.array([]), "red")
    assert parse(str(overlay))[0].get("d") == ""


def make(draw, ax, **options):
    return Panel(draw, ax.figure, SLIDERS, **options)


def frame(a, b, **more):
    """Draw what can be told apart for any two settings."""
    if a == 7:
        raise ValueError("seven is not drawn")
    return Frame(f'<circle r="{a}"/>', {"a": f"{a}", "b": f"{b:.1f}"}, f"A circle of radius {a}.")


def shown(panel):
    return Frame(panel.svg, dict(panel.numbers), panel.alt)


def test_a_panel_starts_with_the_frame_of_its_sliders(ax):
    panel = make(frame, ax)
    assert shown(panel) == frame(3, 0.5)
    assert panel.values == {"a": 3, "b": 0.5}
    assert panel.sliders["b"] == {"label": "the second", "min": -1, "max": 1, "step": 0.1, "value": 0.5, "words": ()}
    assert panel.message == ""
    assert panel.buttons == []


def test_the_background_is_the_figure_with_its_axes_where_the_overlay_puts_things(ax):
    axes_before = ax.get_position().bounds
    (spine,) = ax.plot([2, 2], [0, 3], color="red", linewidth=3)
    panel = make(frame, ax)
    assert (panel.width, panel.height) == (400, 300)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(panel.background.partition(",")[2]))).convert("RGB"))
    assert picture.shape == (600, 800, 3)  # twice as sharp, for screens that can show it
    red = np.argwhere((picture == [255, 0, 0]).all(axis=2))
    top, bottom = red[:, 0].min() / 2, red[:, 0].max() / 2
    x, y0 = corner(ax, 2, 0)
    _, y1 = corner(ax, 2, 3)
    np.testing.assert_allclose(
        [red[:, 1].mean() / 2, top, bottom], [x, y1, y0], atol=2
    )  # pixels; an end is drawn softly
    overlay = Overlay()  # and afterwards the overlay still measures in the panel's pixels
    overlay.line(ax, [2, 2], [0, 3], "red")
    np.testing.assert_allclose(numbers(parse(str(overlay))[0].get("points")), [x, y0, x, y1], atol=0.06)
    np.testing.assert_allclose(ax.get_position().bounds, axes_before, atol=0.01)
    assert plt.get_fignums() == []  # drawn once, and not displayed a second time below the cell


def test_a_slider_that_moves_changes_the_frame(ax):
    panel = make(frame, ax)
    drawn = panel.drawn
    panel.values = {"a": 5, "b": -1.0}
    assert shown(panel) == frame(5, -1.0)
    assert panel.drawn > drawn  # this is what the browser listens to


def test_an_error_in_the_first_frame_fails_the_cell(ax):
    def broken(a, b):
        raise ZeroDivisionError("no frame")

    with pytest.raises(ZeroDivisionError, match="no frame"):
        make(broken, ax)


def test_a_parameter_that_no_slider_sets_fails_the_cell(ax):
    with pytest.raises(TypeError, match="c"):
        make(lambda a, b, c: frame(a, b), ax)


def test_a_later_error_is_told_and_goes_away_with_the_next_frame(ax):
    panel = make(frame, ax)
    drawn = panel.drawn
    panel.values = {"a": 7, "b": 0.5}
    assert panel.message == "This setting cannot be drawn. ValueError: seven is not drawn"
    assert shown(panel) == frame(3, 0.5)  # the last one that could be drawn
    assert panel.drawn > drawn
    panel.values = {"a": 8, "b": 0.5}
    assert panel.message == ""
    assert shown(panel) == frame(8, 0.5)


def press(panel, label):
    """Do what the browser's message does."""
    panel._handle_custom_msg({"press": label}, [])


def test_buttons_change_values_or_say_why_not(ax):
    panel = make(frame, ax, buttons={
        "both": lambda values: {"a": values["a"] + 1, "b": 0.0},
        "one": lambda values: {"b": 0.9},
        "ask": lambda values: f"Not with a = {values['a']}.",
    })  # fmt: skip
    assert panel.buttons == ["both", "one", "ask"]
    press(panel, "both")
    assert panel.values == {"a": 4, "b": 0.0} and shown(panel) == frame(4, 0.0)
    press(panel, "one")
    assert panel.values == {"a": 4, "b": 0.9} and shown(panel) == frame(4, 0.9)
    press(panel, "ask")
    assert panel.message == "Not with a = 4."
    assert shown(panel) == frame(4, 0.9)
    press(panel, "one")
    press(panel, "both")
    assert panel.message == ""


def test_every_press_is_answered_even_if_it_changes_nothing(ax):
    """Otherwise the browser would wait, and say that nothing answers."""
    panel = make(frame, ax, buttons={"stay": lambda values: dict(values), "ask": lambda values: "No."})
    for label, message in [("stay", ""), ("stay", ""), ("ask", "No."), ("ask", "No."), ("stay", "")]:
        drawn = panel.drawn
        press(panel, label)
        assert panel.drawn > drawn
        assert panel.message == message


def test_a_button_that_fails_says_so(ax):
    panel = make(frame, ax, buttons={"fail": lambda values: {"a": 1 / 0}})
    drawn = panel.drawn
    press(panel, "fail")
    assert "ZeroDivisionError" in panel.message and panel.drawn > drawn
    assert panel.values == {"a": 3, "b": 0.5}


def test_fixed_values_reach_draw_without_a_slider(ax):
    panel = make(
        lambda a, b, kind: Frame("", {"kind": kind}, f"{a} {b}"), ax,
        fixed={"kind": "round"}, buttons={"square": lambda values: {"kind": "square"}},
    )  # fmt: skip
    assert panel.numbers == [("kind", "round")] and "kind" not in panel.sliders
    press(panel, "square")
    assert panel.numbers == [("kind", "square")]


def test_the_stored_output_of_a_panel_is_the_same_in_each_run(ax):
    text = repr(make(frame, ax))
    assert text == "A picture with sliders: run this cell to move them."
    assert "0x" not in text


def test_a_slider_may_have_words_instead_of_numbers(ax):
    words = ("none", "round", "dark")
    panel = Panel(
        lambda glasses: Frame("", {}, words[glasses]), ax.figure, {"glasses": Slider("glasses", 0, 2, 1, 1, words)}
    )
    assert tuple(panel.get_state()["sliders"]["glasses"]["words"]) == words  # what the browser is sent
    assert panel.alt == "round"
    assert Slider("the first", 0, 10, 1, 3).words == ()


def click(panel, px, py):
    """Do what the browser's message does."""
    panel._handle_custom_msg({"click": [px, py]}, [])


def test_in_axes_is_the_way_back_from_a_place_in_the_picture(ax):
    for x, y in [(0.01, 0.01), (3.99, 2.99), (1, 2.5), (2, 0.25)]:
        assert in_axes(ax, *corner(ax, x, y)) == pytest.approx((x, y))
    assert all(type(number) is float for number in in_axes(ax, *corner(ax, 2, 1)))


@pytest.mark.parametrize("x, y", [(-0.01, 1), (4.01, 1), (2, -0.01), (2, 3.01)])
def test_in_axes_knows_what_lies_outside(ax, x, y):
    assert in_axes(ax, *corner(ax, x, y)) is None


@pytest.mark.parametrize("invert", [Axes.invert_xaxis, Axes.invert_yaxis])
def test_in_axes_works_whichever_way_the_axes_run(ax, invert):
    invert(ax)
    assert in_axes(ax, *corner(ax, 1, 2.5)) == pytest.approx((1, 2.5))


def test_in_axes_still_measures_in_the_panel_of_a_figure(ax):
    panel = make(frame, ax)
    assert in_axes(ax, *corner(ax, 1, 2.5)) == pytest.approx((1, 2.5))
    assert (panel.width, panel.height) == (400, 300)


def test_a_click_hands_its_place_over_and_changes_values(ax):
    places = []

    def somewhere(px, py):
        places.append((px, py))
        return {"a": 9}

    panel = make(frame, ax, click=somewhere)
    assert panel.clickable and not make(frame, ax).clickable
    click(panel, 12.5, 250)
    assert places == [(12.5, 250)]
    assert panel.values == {"a": 9, "b": 0.5} and shown(panel) == frame(9, 0.5)


@pytest.mark.parametrize("answer, message", [({}, ""), ({"a": 3}, ""), ("Click the plane.", "Click the plane.")])
def test_every_click_is_answered_even_if_it_changes_nothing(ax, answer, message):
    panel = make(frame, ax, click=lambda px, py: answer)
    for _ in range(2):
        drawn = panel.drawn
        click(panel, 1, 1)
        assert panel.drawn > drawn and panel.message == message
        assert panel.values == {"a": 3, "b": 0.5} and shown(panel) == frame(3, 0.5)


def test_a_click_that_fails_says_so(ax):
    panel = make(frame, ax, click=lambda px, py: {"a": 1 / 0})
    drawn = panel.drawn
    click(panel, 1, 1)
    assert panel.message == "This does not work. ZeroDivisionError: division by zero" and panel.drawn > drawn
    assert panel.values == {"a": 3, "b": 0.5}


def test_a_click_that_cannot_be_drawn_says_so_and_the_next_one_is_drawn(ax):
    targets = iter([{"a": 7}, {"a": 8}])
    panel = make(frame, ax, click=lambda px, py: next(targets))
    click(panel, 1, 1)
    assert panel.message == "This setting cannot be drawn. ValueError: seven is not drawn" and shown(panel) == frame(
        3, 0.5
    )
    click(panel, 1, 1)
    assert panel.message == "" and shown(panel) == frame(8, 0.5)


def test_a_slider_can_be_played(ax):
    assert make(frame, ax, play="b").get_state()["play"] == "b" and make(frame, ax).get_state()["play"] == ""
    with pytest.raises(ValueError, match=r"play must name one of the sliders \['a', 'b'\], got 'c'"):
        make(frame, ax, play="c")
