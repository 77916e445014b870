"""The widget of lesson 02 without a browser: its numbers by scipy and matplotlib, its picture by the axes' transform."""

import json

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from overlays import bounds, elements, in_picture, number, places, styled
from scipy.stats import uniform

from course_utils import files, style
from course_utils.datasets import load_world_land
from course_utils.widgets.box_explorer import N_SAMPLES, N_SHOWN, box_explorer

NAMES = ["area in square degrees", "density inside", "observations inside", "log-likelihood in nats", "samples on land"]
BOXES = [
    (-30, -20, 40, 55),  # where the sliders stand at first
    (-90, -180, 90, 180),  # the whole map
    (-90, -180, -89.9, -179.9),  # the smallest boxes, at the sliders' ends
    (89.9, 179.9, 90, 180),
    (-90, -180, 90, 0),  # the left half of the map: some observations lie outside
    (40, -74.2, 40.5, -73.7),  # less than a square degree: a density above 1
    (15, 0, 30, 25),  # land all over
    (-60, -150, -55, -100),  # sea all over
]


@pytest.fixture(scope="module")
def observations():
    return load_world_land().sample(40, np.random.default_rng(2))  # X of lesson 02


@pytest.fixture
def panel(observations):
    return styled(box_explorer, observations, load_world_land())


@pytest.fixture(scope="module")
def draw(observations):
    """The pure function behind the panel, with the panel's own axes, observations and random numbers."""
    return styled(box_explorer, observations, load_world_land()).draw


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


@pytest.mark.parametrize("theta", BOXES, ids=str)
def test_the_numbers_are_right(draw, observations, on_land, theta):
    south, west, north, east = theta
    frame = draw(*theta)
    numbers = frame.numbers
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
    u = draw.keywords["uniform"]
    samples = np.column_stack([latitude.ppf(u[:, 0]), longitude.ppf(u[:, 1])])
    assert number(numbers["samples on land"]) == pytest.approx(100 * on_land(samples).mean(), abs=0.51)
    for said in (f"latitude {south:g} to {north:g}", f"longitude {west:g} to {east:g}", numbers["samples on land"]):
        assert said in frame.alt


@pytest.mark.parametrize("theta", BOXES, ids=str)
def test_the_picture_is_right(draw, observations, theta):
    south, west, north, east = theta
    frame, ax = draw(*theta), draw.keywords["ax"]
    (rect,) = elements(frame, "rect", fill=style.P_MODEL)
    np.testing.assert_allclose(bounds(ax, rect), [west, east, south, north], atol=0.06)
    samples = np.array([south, west]) + draw.keywords["uniform"][:N_SHOWN] * [north - south, east - west]
    for colour, points in {style.OBSERVATIONS: observations, style.SAMPLE: samples}.items():
        (path,) = elements(frame, "path", stroke=colour)
        np.testing.assert_allclose(places(path), in_picture(ax, points[:, ::-1]), atol=0.06)


def test_the_random_numbers_are_uniform_and_the_same_for_every_widget(draw, panel):
    random = draw.keywords["uniform"]
    assert random.shape == (N_SAMPLES, 2) and random.min() >= 0 and random.max() <= 1
    counts, *_ = np.histogram2d(*random.T, bins=4, range=[[0, 1]] * 2)
    assert abs(counts - N_SAMPLES / 16).max() < 5 * np.sqrt(N_SAMPLES / 16)
    assert draw(*BOXES[0]) == panel.draw(*BOXES[0])


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
    (text,) = elements(frame)
    assert text.text == f"No box: {wrong}."
    assert frame.numbers == dict.fromkeys(NAMES, "–") and "wrong order" in frame.alt


def test_the_mle_comes_after_the_readers_own_try(panel, observations):
    start = dict(panel.values)
    panel.act({"press": "show me the MLE"})
    assert panel.message == "Your own try first: move the sliders." and panel.values == start
    panel.act({"move": {"north": 41.0}})
    panel.act({"press": "show me the MLE"})
    (south, west), (north, east) = observations.min(axis=0), observations.max(axis=0)
    assert panel.values == {"south": south, "west": west, "north": north, "east": east} and panel.message == ""
    assert dict(panel.numbers)["observations inside"] == "40 of 40"
    best = -40 * np.log((north - south) * (east - west))
    assert number(dict(panel.numbers)["log-likelihood in nats"]) == pytest.approx(best, abs=0.051)
