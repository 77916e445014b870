"""The widget of lesson 02 without a browser: its numbers by scipy and matplotlib, its picture by the axes' transform."""

import inspect
import json
import re
from functools import partial
from itertools import product
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from scipy.stats import uniform

from course_utils import files, style
from course_utils.datasets import load_world_land
from course_utils.widgets import box_explorer
from course_utils.widgets.box_explorer import N_SAMPLES, N_SHOWN
from course_utils.widgets.panel import Frame

NAMES = ["area in square degrees", "density inside", "observations inside", "log-likelihood in nats", "samples on land"]
BOXES = [
    (-30, -20, 40, 55),  # where the sliders stand at first
    (-90, -180, 90, 180),  # the whole map
    (-90, -180, -89.9, -179.9),  # the smallest boxes, at the sliders' ends
    (89.9, 179.9, 90, 180),
    (-90, -180, 90, -179.9),
    (-90, -180, 90, 0),  # the left half of the map: some observations lie outside
    (40, -74.2, 40.5, -73.7),  # less than a square degree: a density above 1
    (15, 0, 30, 25),  # land all over
    (-60, -150, -55, -100),  # sea all over
    (-77.7, -160.2, 78.4, 170.1),
]


@pytest.fixture(scope="module")
def observations():
    return load_world_land().sample(40, np.random.default_rng(2))  # X of lesson 02


@pytest.fixture(scope="module")
def make(observations):
    """Return a function that makes the explorer in the look of the course."""

    def make():
        with mpl.rc_context():
            style.use()
            return box_explorer(observations, load_world_land())

    return make  # fmt: skip


@pytest.fixture(scope="module")
def panel(make):
    return make()


@pytest.fixture(scope="module")
def draw(panel) -> partial:
    """The pure function behind the panel, with the panel's own axes, observations and random numbers."""
    return panel._draw


@pytest.fixture(scope="module")
def on_land():
    """A function that says which points lie on land, by matplotlib."""
    coordinates = json.loads((files.DATA / "world_land.geojson").read_text(encoding="utf-8"))["coordinates"]

    def on_land(points):
        inside = np.zeros(len(points), dtype=bool)
        for exterior, *holes in coordinates:
            part = Polygon(exterior).contains_points(points[:, ::-1])
            for hole in holes:
                part &= ~Polygon(hole).contains_points(points[:, ::-1])
            inside |= part
        return inside

    return on_land


def parse(svg):
    """Return the elements of an overlay; raises ParseError if it is not well-formed."""
    return list(ElementTree.fromstring(f"<svg>{svg}</svg>"))


def dots(path):
    """Return the positions (n, 2) of dots that were drawn as one path."""
    return np.array(re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", path.get("d")), dtype=float).reshape(-1, 2)


def number(text):
    """Return a number of the table, which has a true minus sign and commas for thousands."""
    assert not text.startswith("-") and "inf" not in text and "nan" not in text
    return float(text.replace("−", "-").replace("∞", "inf").replace(",", "").replace("%", ""))


def pixels(ax, points):
    """Return where points, [latitude, longitude], lie in the picture, from its top left corner."""
    return (ax.transData.transform(np.asarray(points, dtype=float)[:, ::-1]) - [0, ax.figure.bbox.height]) * [1, -1]


@pytest.mark.parametrize("theta", BOXES, ids=str)
def test_the_numbers_are_right(draw, observations, on_land, theta):
    south, west, north, east = theta
    numbers = draw(*theta).numbers
    assert list(numbers) == NAMES
    latitude, longitude = uniform(south, north - south), uniform(west, east - west)
    with np.errstate(divide="ignore"):
        log_prob = latitude.logpdf(observations[:, 0]) + longitude.logpdf(observations[:, 1])
    middle = np.exp(latitude.logpdf((south + north) / 2) + longitude.logpdf((west + east) / 2))
    rounding = 0.51 if 1 / middle >= 10 else 0.005 / middle
    assert number(numbers["area in square degrees"]) == pytest.approx(1 / middle, rel=0, abs=rounding)
    assert number(numbers["density inside"]) == pytest.approx(middle, rel=0.005)
    assert numbers["observations inside"] == f"{np.isfinite(log_prob).sum()} of 40"
    assert number(numbers["log-likelihood in nats"]) == pytest.approx(log_prob.sum(), abs=0.051)
    samples = np.column_stack(
        [latitude.ppf(draw.keywords["uniform"][:, 0]), longitude.ppf(draw.keywords["uniform"][:, 1])]
    )
    assert number(numbers["samples on land"]) == pytest.approx(100 * on_land(samples).mean(), abs=0.51)


def test_the_share_on_land_is_that_of_the_whole_box(draw, on_land):
    """2,000 samples against a grid of a hundred thousand points: four standard errors and the rounding."""
    for theta in [(-90, -180, 90, 180), (-30, -20, 40, 55), (0, -100, 60, 100)]:
        south, west, north, east = theta
        latitude, longitude = (np.linspace(a, b, 322)[:-1] + (b - a) / 642 for a, b in [(south, north), (west, east)])
        share = on_land(np.array(list(product(latitude, longitude)))).mean()
        error = 4 * np.sqrt(share * (1 - share) / N_SAMPLES) + 0.005
        assert number(draw(*theta).numbers["samples on land"]) / 100 == pytest.approx(share, abs=error)


@pytest.mark.parametrize("theta", BOXES, ids=str)
def test_the_picture_is_right(draw, observations, theta):
    south, west, north, east = theta
    box, samples, points = parse(draw(*theta).svg)
    ax, random = draw.keywords["ax"], draw.keywords["uniform"]
    top_left, bottom_right = pixels(ax, [[north, west], [south, east]])
    assert box.tag == "rect" and box.get("fill") == style.P_MODEL
    np.testing.assert_allclose([float(box.get("x")), float(box.get("y"))], top_left, atol=0.06)
    np.testing.assert_allclose([float(box.get("width")), float(box.get("height"))], bottom_right - top_left, atol=0.06)
    assert points.get("stroke") == style.OBSERVATIONS and samples.get("stroke") == style.SAMPLE
    np.testing.assert_allclose(dots(points), pixels(ax, observations), atol=0.06)
    expected = np.array([south, west]) + random * [north - south, east - west]
    np.testing.assert_allclose(dots(samples), pixels(ax, expected[:N_SHOWN]), atol=0.06)


def test_the_random_numbers_are_uniform_and_the_same_for_every_box(draw, make):
    random = draw.keywords["uniform"]
    assert random.shape == (N_SAMPLES, 2) and random.min() >= 0 and random.max() <= 1
    counts, *_ = np.histogram2d(*random.T, bins=4, range=[[0, 1]] * 2)
    assert abs(counts - N_SAMPLES / 16).max() < 5 * np.sqrt(N_SAMPLES / 16)
    assert draw(*BOXES[0]) == draw(*BOXES[0]) == make()._draw(*BOXES[0])


@pytest.mark.parametrize("theta", BOXES, ids=str)
def test_the_alternative_text_says_the_numbers(draw, theta):
    frame = draw(*theta)
    south, west, north, east = theta
    assert f"latitude {south:g} to {north:g}" in frame.alt and f"longitude {west:g} to {east:g}" in frame.alt
    assert frame.numbers["observations inside"] in frame.alt and frame.numbers["samples on land"] in frame.alt


@pytest.mark.parametrize(
    "theta, wrong",
    [
        ((40, -20, -30, 55), "its top must lie north of its bottom"),
        ((10, -20, 10, 55), "its top must lie north of its bottom"),
        ((-30, 55, 40, -20), "its right side must lie east of its left side"),
        ((-30, 55, 40, 55), "its right side must lie east of its left side"),
        ((90, 180, -90, -180), "its top must lie north of its bottom"),
    ],
)
def test_corners_in_the_wrong_order_are_told(draw, theta, wrong):
    frame = draw(*theta)
    (text,) = parse(frame.svg)
    assert text.text == f"No box: {wrong}."
    assert frame.numbers == dict.fromkeys(NAMES, "–")
    assert "wrong order" in frame.alt


def test_the_sliders_are_those_of_draw_and_cover_the_map(panel, draw):
    assert (
        list(panel.sliders) == list(inspect.signature(draw.func).parameters)[:4] == ["south", "west", "north", "east"]
    )
    for (name, slider), edge in zip(panel.sliders.items(), [90, 180, 90, 180]):
        assert (slider["min"], slider["max"]) == (-edge, edge)
        assert slider["label"].startswith("θ")
        steps = (slider["value"] - slider["min"]) / slider["step"]
        assert steps == pytest.approx(round(steps)), f"{name} would jump when it is first moved"


@pytest.mark.parametrize("corners", list(product([-90, 0.1, 90], [-180, 0.1, 180], [-90, 0.2, 90], [-180, 0.2, 180])))
def test_the_panel_draws_whatever_the_sliders_say(panel, draw, corners):
    panel.values = dict(zip(panel.sliders, corners))
    assert panel.message == ""
    assert Frame(panel.svg, dict(panel.numbers), panel.alt) == draw(*corners)


def press(panel):
    (label,) = panel.buttons
    assert label == "show me the MLE"
    panel._handle_custom_msg({"press": label}, [])


def test_the_mle_comes_after_the_readers_own_try(make, observations):
    panel = make()
    start = dict(panel.values)
    press(panel)
    assert panel.message == "Your own try first: move the sliders."
    assert panel.values == start
    panel.values = {**start, "north": 41.0}
    assert panel.message == ""
    press(panel)
    (south, west), (north, east) = observations.min(axis=0), observations.max(axis=0)
    assert panel.values == {"south": south, "west": west, "north": north, "east": east}
    assert dict(panel.numbers)["observations inside"] == "40 of 40"
    best = -40 * np.log((north - south) * (east - west))
    assert number(dict(panel.numbers)["log-likelihood in nats"]) == pytest.approx(best, abs=0.051)
