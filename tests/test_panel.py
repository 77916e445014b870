"""The panel without a browser: when it draws, what it keeps, and what it says when something goes wrong."""

import re
from html import unescape

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from overlays import box, elements, pixels, places
from PIL import Image, ImageColor

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_axes
from course_utils.widgets.panel import Panel

SLIDERS = {"b": Slider("the first", -1, 1, 0.1, 0.5), "a": Slider("the second", 0, 10, 1, 3)}


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


def drawn(overlay):
    return elements(Frame(str(overlay), {}, ""))


def test_overlay_puts_everything_where_the_axes_have_it(ax):
    overlay = Overlay()
    overlay.rect(ax, 1, 0.5, 3, 2, "#123456", opacity=0.25)
    overlay.dots(ax, [1, 2, 3], [2.5, 1, 0], "#abcdef", radius=4)
    overlay.line(ax, [0, 4], [3, 0], "#abcdef")
    overlay.text(ax, 2, 1.5, "x < y & z", anchor="end")
    rect, dots, line, text = drawn(overlay)

    left, top = corner(ax, 1, 2)
    right, bottom = corner(ax, 3, 0.5)
    np.testing.assert_allclose(box(rect), [left, top, right - left, bottom - top], atol=0.06)
    assert (rect.get("fill"), rect.get("fill-opacity"), rect.get("stroke")) == ("#123456", "0.25", "#123456")
    np.testing.assert_allclose(places(dots), [corner(ax, 1, 2.5), corner(ax, 2, 1), corner(ax, 3, 0)], atol=0.06)
    assert dots.get("stroke-width") == "8"
    np.testing.assert_allclose(places(line), [corner(ax, 0, 3), corner(ax, 4, 0)], atol=0.06)
    np.testing.assert_allclose([float(text.get("x")), float(text.get("y"))], corner(ax, 2, 1.5), atol=0.06)
    assert (text.text, text.get("text-anchor"), text.get("fill")) == ("x < y & z", "end", style.INK)


def test_a_dot_has_a_length(ax):
    """Firefox loses the round ends of a line of length 0 when a deck zooms: dots became long streaks."""
    overlay = Overlay()
    overlay.dots(ax, [1], [1], "red")
    assert float(re.search(r"h([\d.]+)", str(overlay))[1]) > 0


@pytest.mark.parametrize("invert", [Axes.invert_xaxis, Axes.invert_yaxis])
@pytest.mark.parametrize("corners", [(1, 0.5, 3, 2), (3, 2, 1, 0.5)])
def test_overlay_draws_a_rectangle_whichever_way_the_axes_run(ax, invert, corners):
    """SVG does not show one of negative width or height."""
    invert(ax)
    overlay = Overlay()
    overlay.rect(ax, *corners, "red")
    (left, right), (top, bottom) = map(sorted, zip(corner(ax, *corners[:2]), corner(ax, *corners[2:])))
    np.testing.assert_allclose(box(*drawn(overlay)), [left, top, right - left, bottom - top], atol=0.06)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3), (2, 3, 4)])
def test_overlay_lays_an_image_over_its_extent(ax, shape):
    shown = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    overlay = Overlay()
    overlay.image(ax, shown, (1, 4, 0, 2))
    (image,) = drawn(overlay)
    left, top = corner(ax, 1, 2)
    right, bottom = corner(ax, 4, 0)
    np.testing.assert_allclose(box(image), [left, top, right - left, bottom - top], atol=0.06)
    np.testing.assert_array_equal(pixels(image), shown)


def test_overlay_of_nothing_is_empty_and_no_dots_are_none(ax):
    overlay = Overlay()
    assert str(overlay) == ""
    overlay.dots(ax, np.array([]), np.array([]), "red")
    assert drawn(overlay)[0].get("d") == ""


def frame(a, b, **more):
    """Draw what can be told apart for any two settings."""
    if a == 7:
        raise ValueError("seven is not drawn")
    return Frame(f'<circle r="{a}"/>', {"a": f"{a}", "b": f"{b:.1f}"}, f"A circle of radius {a}.")


def make(ax, draw=frame, **options):
    return Panel(draw, ax.figure, SLIDERS, **options)


def shown(panel):
    return Frame(panel.svg, dict(panel.numbers), panel.alt)


def test_a_panel_starts_with_the_frame_of_its_sliders(ax):
    panel = make(ax)
    assert shown(panel) == frame(3, 0.5)
    assert (panel.values, panel.message, panel.buttons) == ({"a": 3, "b": 0.5}, "", [])


def test_what_has_an_order_travels_as_a_list(ax):
    """Keys of a dict are sorted when the state of widgets is saved."""
    words = ("none", "round", "dark")
    panel = Panel(frame, ax.figure, SLIDERS | {"c": Slider("glasses", 0, 2, 1, 1, words)})
    sent = panel.get_state()
    assert [slider["name"] for slider in sent["sliders"]] == ["b", "a", "c"]
    assert sent["sliders"][0] == {
        "name": "b", "label": "the first", "min": -1, "max": 1, "step": 0.1, "value": 0.5, "words": (),
    }  # fmt: skip
    assert sent["sliders"][2]["words"] == words and Slider("the first", 0, 10, 1, 3).words == ()
    assert [name for name, _ in sent["numbers"]] == ["a", "b"] and isinstance(sent["buttons"], list)


def test_the_background_is_the_figure_with_its_axes_where_the_overlay_puts_things(ax):
    axes_before = ax.get_position().bounds
    ax.plot([2, 2], [0, 3], color="red", linewidth=3)
    panel = make(ax)
    assert (panel.width, panel.height) == (400, 300)
    picture = np.asarray(Image.fromarray(pixels({"href": panel.background})).convert("RGB"))
    assert picture.shape == (600, 800, 3)  # twice as sharp, for screens that can show it
    red = np.argwhere((picture == [255, 0, 0]).all(axis=2))
    top, bottom = red[:, 0].min() / 2, red[:, 0].max() / 2
    x, y0 = corner(ax, 2, 0)
    _, y1 = corner(ax, 2, 3)
    np.testing.assert_allclose([red[:, 1].mean() / 2, top, bottom], [x, y1, y0], atol=2)  # an end is drawn softly
    overlay = Overlay()  # and afterwards the overlay still measures in the panel's pixels
    overlay.line(ax, [2, 2], [0, 3], "red")
    np.testing.assert_allclose(places(*drawn(overlay)), [(x, y0), (x, y1)], atol=0.06)
    np.testing.assert_allclose(ax.get_position().bounds, axes_before, atol=0.01)
    assert plt.get_fignums() == []  # drawn once, and not displayed a second time below the cell


@pytest.mark.parametrize("draw, error", [(lambda a, b: 1 / 0, ZeroDivisionError), (lambda a, b, c: None, TypeError)])
def test_an_error_in_the_first_frame_fails_the_cell(ax, draw, error):
    with pytest.raises(error):
        make(ax, draw)


BUTTONS = {
    "both": lambda values: {"a": values["a"] + 1, "b": 0.0},
    "one": lambda values: {"b": 0.9},
    "ask": lambda values: f"Not with a = {values['a']}.",
    "stay": lambda values: dict(values),
    "seven": lambda values: {"a": 7},
    "fail": lambda values: {"a": 1 / 0},
}


# What the reader does, and the values, the message and the frame that follow.
DEEDS = [
    ({"move": {"a": 5}}, {"a": 5, "b": 0.5}, ""),
    ({"move": {"a": 3}}, {"a": 3, "b": 0.5}, ""),  # it stands there already
    ({"move": {"a": 5, "b": -1.0}}, {"a": 5, "b": -1.0}, ""),
    ({"move": {"a": 7}}, {"a": 7, "b": 0.5}, "This setting cannot be drawn. ValueError: seven is not drawn"),
    ({"press": "both"}, {"a": 4, "b": 0.0}, ""),
    ({"press": "one"}, {"a": 3, "b": 0.9}, ""),
    ({"press": "ask"}, {"a": 3, "b": 0.5}, "Not with a = 3."),
    ({"press": "stay"}, {"a": 3, "b": 0.5}, ""),
    ({"press": "seven"}, {"a": 7, "b": 0.5}, "This setting cannot be drawn. ValueError: seven is not drawn"),
    ({"press": "fail"}, {"a": 3, "b": 0.5}, "This does not work. ZeroDivisionError: division by zero"),
    ({"click": [12.5, 250]}, {"a": 12.5, "b": 250}, ""),
    ({"click": [0, 0]}, {"a": 3, "b": 0.5}, "Click the plane."),
    ({"click": [-1, 0]}, {"a": 3, "b": 0.5}, "This does not work. ValueError: -1"),
]


def click(px, py):
    if px < 0:
        raise ValueError(px)
    return {"a": px, "b": py} if px else "Click the plane."


@pytest.mark.parametrize("deed, values, message", DEEDS, ids=str)
def test_every_deed_is_answered_and_the_next_one_too(ax, deed, values, message):
    """Also one that changes nothing: otherwise the browser would wait, and say that nothing answers."""
    panel = make(ax, buttons=BUTTONS, click=click)
    for _ in range(2 if deed != {"press": "both"} else 1):
        before = panel.drawn
        panel._handle_custom_msg(deed, [])  # as it comes from the browser
        assert panel.drawn == before + 1 and panel.values == values and panel.message == message
        assert shown(panel) == (frame(3, 0.5) if values["a"] == 7 else frame(**values))
    panel.act({"move": {"a": 8}})  # what was said goes away with the next frame
    assert panel.message == "" and shown(panel) == frame(8, values["b"])


def test_values_and_frame_are_sent_together(ax):
    panel, sent = make(ax, buttons=BUTTONS), []
    panel.send_state = lambda names=None: sent.append(set(names))
    panel.act({"press": "both"})
    (names,) = sent
    assert {"values", "svg", "alt", "drawn"} <= names


def test_a_move_takes_nothing_back_that_a_button_has_set(ax):
    """The game of lesson 15: the slider's move left the browser before it had heard of the step."""
    panel = make(
        ax, lambda a, b, steps: Frame("", {"steps": str(steps)}, f"{a}"),
        fixed={"steps": 0}, buttons={"step": lambda values: {"steps": values["steps"] + 1, "b": 0.9}},
    )  # fmt: skip
    assert panel.numbers == [("steps", "0")] and "steps" not in panel.sliders
    panel.act({"press": "step"})
    panel.act({"move": {"a": 6}})
    panel.act({"press": "step"})
    assert panel.values == {"a": 6, "b": 0.9, "steps": 2} and panel.numbers == [("steps", "2")]


def test_values_that_python_sets_are_drawn(ax):
    panel = make(ax)
    panel.values = {"a": 5, "b": -1.0}
    assert shown(panel) == frame(5, -1.0)


def test_in_axes_is_the_way_back_from_a_place_in_the_picture(ax):
    for invert in (lambda: None, ax.invert_xaxis, ax.invert_yaxis, lambda: make(ax)):
        invert()
        for x, y in [(0.01, 0.01), (3.99, 2.99), (1, 2.5), (2, 0.25)]:
            assert in_axes(ax, *corner(ax, x, y)) == pytest.approx((x, y))
        for x, y in [(-0.01, 1), (4.01, 1), (2, -0.01), (2, 3.01)]:
            assert in_axes(ax, *corner(ax, x, y)) is None
    assert all(type(number) is float for number in in_axes(ax, *corner(ax, 2, 1)))


def test_a_slider_can_be_played(ax):
    assert make(ax, play="b").get_state()["play"] == "b" and make(ax).get_state()["play"] == ""
    assert make(ax, click=click).clickable and not make(ax).clickable
    with pytest.raises(ValueError, match=r"play must name one of the sliders \['b', 'a'\], got 'c'"):
        make(ax, play="c")


def test_a_handle_knows_where_its_sliders_put_it(ax):
    """In pixels of the picture, by the position of the axes alone; the browser does the rest."""
    (handle,) = make(ax, handles=[(ax, "a", "b")]).get_state()["handles"]
    assert (handle["x"], handle["y"]) == ("a", "b")
    for a, b in [(0, 0), (4, 3), (1, 2.5)]:
        place = handle["left"] + handle["across"] * a, handle["top"] + handle["up"] * b
        assert place == pytest.approx(corner(ax, a, b), abs=0.01)
    with pytest.raises(ValueError, match=r"handles must name sliders, \['b', 'a'\], got \['c'\]"):
        make(ax, handles=[(ax, "a", "c")])


def marked(a, b):
    """Draw a rectangle in the middle, words, and an image of two pixels."""
    rect = '<rect x="180" y="130" width="40" height="40" fill="#D9600A"/>'
    return Frame(f'{rect}<text x="20" y="20" font-size="16">{a}</text>', {}, f'A "square" of {a} & more.')


def test_what_is_stored_is_a_picture_with_words_and_what_to_do(ax):
    ax.axvspan(0, 1, color="#3377FF")
    panel = make(ax, marked)
    data, _ = panel._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert data["text/plain"] == "A picture with sliders: run this cell to move them."
    alt, source = re.search(r'<img alt="([^"]*)" width="400" src="([^"]+)">', data["text/html"]).groups()
    assert unescape(alt) == panel.alt and "Run this cell to move the sliders." in data["text/html"]
    picture = Image.fromarray(pixels({"href": source}))
    assert picture.size == (400, 300)
    for place, colour in {(200, 150): "#D9600A", tuple(map(round, corner(ax, 0.5, 1.5))): "#3377FF"}.items():
        np.testing.assert_allclose(picture.getpixel(place), ImageColor.getrgb(colour), atol=12)
    assert panel.still() == make(ax, marked).still()  # the same bytes each time
    panel.act({"move": {"a": 4}})
    assert (
        panel.still() != data["text/html"]
    )  # it shows what is shown now; and words are drawn, whatever fonts there are


def test_a_panel_that_is_not_displayed_makes_no_picture(ax, monkeypatch):
    monkeypatch.setattr(Panel, "still", lambda panel: 1 / 0)
    assert make(ax).svg
