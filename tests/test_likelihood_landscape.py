"""The widget of lesson 03 without a browser: each cell of its landscape and each of its numbers by scipy."""

import base64
import inspect
import io
import re
from itertools import product
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image
from scipy.stats import uniform

from course_utils import style
from course_utils.datasets import load_world_land
from course_utils.widgets import likelihood_landscape
from course_utils.widgets.likelihood_landscape import power_of_ten
from course_utils.widgets.panel import Frame

NAMES = ["moving corner", "log-likelihood in nats", "likelihood", "below the MLE by"]
CORNERS = ["top right", "bottom left"]
# The centres of cells of two degrees, from the top row of the picture down.
LATITUDES, LONGITUDES = np.arange(89, -90, -2), np.arange(-179, 180, 2)


@pytest.fixture(scope="module")
def x():
    """The six observations of lesson 03."""
    points = load_world_land().sample(40, np.random.default_rng(2))
    return points[(points > [-60, -90]).all(axis=1) & (points < [13, -30]).all(axis=1)]


@pytest.fixture(scope="module")
def make(x):
    """Return a function that makes the landscape in the look of the course."""

    def make():
        with mpl.rc_context():
            style.use()
            return likelihood_landscape(x)

    return make  # fmt: skip


@pytest.fixture(scope="module")
def panel(make):
    return make()


@pytest.fixture(scope="module")
def draw(panel):
    """The pure function behind the panel, with the panel's own axes and observations."""
    return panel._draw


def log_likelihood(x, south, west, north, east):
    """Return the log-likelihood of x in nats by scipy, -inf where the corners make no box; the corners may be arrays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        latitude = uniform.logpdf(x[:, 0], np.asarray(south)[..., None], np.subtract(north, south)[..., None])
        longitude = uniform.logpdf(x[:, 1], np.asarray(west)[..., None], np.subtract(east, west)[..., None])
        return np.nan_to_num((latitude + longitude).sum(axis=-1), nan=-np.inf, neginf=-np.inf)


def parse(svg):
    """Return the elements of an overlay; raises ParseError if it is not well-formed."""
    return list(ElementTree.fromstring(f"<svg>{svg}</svg>"))


def pixels(ax, points):
    """Return where points, [latitude, longitude], lie in the picture, from its top left corner."""
    return (ax.transData.transform(np.asarray(points, dtype=float)[:, ::-1]) - [0, ax.figure.bbox.height]) * [1, -1]


def place(element):
    """Return x, y, width and height of an element."""
    return [float(element.get(name)) for name in ("x", "y", "width", "height")]


def dots(path):
    """Return the positions (n, 2) of dots that were drawn as one path."""
    return np.array(re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", path.get("d")), dtype=float).reshape(-1, 2)


def number(text):
    """Return a number of the table, which has a true minus sign."""
    assert not text.startswith("-") and "inf" not in text and "nan" not in text
    return float(text.replace("−", "-").replace("∞", "inf").removesuffix(" nats"))


def test_the_cells_cover_the_map(draw):
    assert LATITUDES.shape == (90,) and LONGITUDES.shape == (180,)
    image = parse(draw(-50, -90, 20, -20, "top right").svg)[0]
    picture = Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2])))
    assert picture.size == (180, 90)
    (left, top), (right, bottom) = pixels(draw.keywords["ax"], [[90, -180], [-90, 180]])
    np.testing.assert_allclose(place(image), [left, top, right - left, bottom - top], atol=0.06)


@pytest.mark.parametrize(
    "theta, some_possible",
    [
        ((-50, -90, 20, -20), CORNERS),  # both corners leave all observations in
        ((-90, -180, 90, 180), CORNERS),
        ((-39.5, -74, 0, -52), CORNERS),  # as close to them as the sliders go
        ((-50, -90, -10, -20), ["top right"]),  # the top right corner leaves observations out, and can be moved away
        ((-30, -90, 20, -20), ["bottom left"]),
        ((-50, -90, -60, -100), ["top right"]),  # in the wrong order
        ((-30, -90, -20, -20), []),  # both leave some out
        ((90, 180, -90, -180), []),
    ],
    ids=str,
)
@pytest.mark.parametrize("corner", CORNERS)
def test_every_cell_has_the_log_likelihood_of_its_box(draw, x, theta, some_possible, corner):
    south, west, north, east = theta
    latitudes, longitudes = np.meshgrid(LATITUDES, LONGITUDES, indexing="ij")
    boxes = (south, west, latitudes, longitudes) if corner == "top right" else (latitudes, longitudes, north, east)
    values = log_likelihood(x, *np.broadcast_arrays(*boxes))  # (90, 180)
    frame = draw(*theta, corner)
    image = parse(frame.svg)[0]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))))
    best = -6 * np.log(np.ptp(x[:, 0]) * np.ptp(x[:, 1]))
    colours = ScalarMappable(Normalize(-6 * np.log(180 * 360), best), "cividis").to_rgba(values, bytes=True)
    possible = np.isfinite(values)
    assert possible.any() == (corner in some_possible)
    np.testing.assert_array_equal(shown[..., 3], np.where(possible, 255, 0))
    np.testing.assert_allclose(shown[possible].astype(int), colours[possible].astype(int), atol=3)  # one step of 256
    assert ("coloured landscape" in frame.alt) == possible.any() != ("No position of this corner" in frame.alt)


@pytest.mark.parametrize(
    "theta", [(-50, -90, 20, -20), (-39.5, -74, 0, -52), (-90, -180, 90, 180), (-45, -80, 10, -45)], ids=str
)
@pytest.mark.parametrize("corner", CORNERS)
def test_the_numbers_are_right(draw, x, theta, corner):
    numbers = draw(*theta, corner).numbers
    total = log_likelihood(x, *theta)
    assert list(numbers) == NAMES and numbers["moving corner"] == corner
    assert number(numbers["log-likelihood in nats"]) == pytest.approx(total, abs=0.051)
    mantissa, exponent = re.fullmatch(r"(\d\.\d) × 10⁻([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", numbers["likelihood"]).groups()
    exponent = -sum("⁰¹²³⁴⁵⁶⁷⁸⁹".index(digit) * 10**i for i, digit in enumerate(reversed(exponent)))
    assert float(mantissa) * 10.0**exponent == pytest.approx(np.exp(total), rel=0.05)
    best = log_likelihood(x, *x.min(axis=0), *x.max(axis=0))
    assert number(numbers["below the MLE by"]) == pytest.approx(best - total, abs=0.051)
    assert best > total


@pytest.mark.parametrize(
    "theta",
    [(-30, -90, 20, -20), (-50, -90, -10, -20), (-50, -70, 20, -20), (-50, -90, 20, -60), (20, -90, -50, -20), (-50, -20, 20, -90), (10, 10, 10, 10)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("corner", CORNERS)
def test_a_box_that_leaves_an_observation_out_is_impossible(draw, x, theta, corner):
    assert np.isneginf(log_likelihood(x, *theta))
    frame = draw(*theta, corner)
    assert frame.numbers == dict(zip(NAMES, [corner, "−∞", "0", "∞"]))
    south, west, north, east = theta
    assert sum(element.tag == "rect" for element in parse(frame.svg)) == (south < north and west < east)


@pytest.mark.parametrize("corner", CORNERS)
def test_the_box_and_its_moving_corner_are_drawn(draw, x, corner):
    _, box, points, halo, dot = parse(draw(-50, -90, 20, -20, corner).svg)
    ax = draw.keywords["ax"]
    (left, top), (right, bottom) = pixels(ax, [[20, -90], [-50, -20]])
    np.testing.assert_allclose(place(box), [left, top, right - left, bottom - top], atol=0.06)
    assert box.get("stroke") == dot.get("stroke") == style.P_MODEL and box.get("fill-opacity") == "0"
    assert points.get("stroke") == style.OBSERVATIONS
    np.testing.assert_allclose(dots(points), pixels(ax, x), atol=0.06)
    for path in (halo, dot):
        np.testing.assert_allclose(dots(path), [[right, top] if corner == "top right" else [left, bottom]], atol=0.06)


@pytest.mark.parametrize(
    "corner, where", [("top right", "latitude 20, longitude -20.5"), ("bottom left", "latitude -50, longitude -90")]
)
def test_the_alternative_text_says_which_corner_moves(draw, corner, where):
    assert f"its {corner} corner is at {where}." in draw(-50, -90, 20, -20.5, corner).alt


@pytest.mark.parametrize(
    "value, text",
    [
        (np.log(9.94e-21), "9.9 × 10⁻²¹"),
        (np.log(9.96e-21), "1.0 × 10⁻²⁰"),  # not 10.0 × 10⁻²¹
        (np.log(2.04e-20), "2.0 × 10⁻²⁰"),
        (0.0, "1.0 × 10⁰"),
        (np.log(45678), "4.6 × 10⁴"),
        (-1000 * np.log(10) - 0.01, "9.9 × 10⁻¹⁰⁰¹"),  # far below the smallest float
    ],
)
def test_likelihoods_are_written_as_powers_of_ten(value, text):
    assert power_of_ten(value) == text


def test_the_sliders_are_those_of_draw_and_cover_the_map(panel, draw):
    assert list(panel.sliders) == list(inspect.signature(draw.func).parameters)[:4]
    for (name, slider), edge in zip(panel.sliders.items(), [90, 180, 90, 180]):
        assert (slider["min"], slider["max"]) == (-edge, edge)
        steps = (slider["value"] - slider["min"]) / slider["step"]
        assert steps == pytest.approx(round(steps)), f"{name} would jump when it is first moved"


def test_it_begins_with_a_box_that_is_possible_and_not_the_best(make):
    assert number(dict(make().numbers)["below the MLE by"]) > 1


@pytest.mark.parametrize("corners", list(product([-90, 90], [-180, 180], [-90, 90], [-180, 180])), ids=str)
def test_the_panel_draws_whatever_the_sliders_say(panel, draw, corners):
    for corner in CORNERS:
        panel.values = dict(zip(panel.sliders, corners)) | {"corner": corner}
        assert panel.message == ""
        frame = Frame(panel.svg, dict(panel.numbers), panel.alt)
        assert frame == draw(*corners, corner)
        assert parse(frame.svg) and not re.search("nan|inf", re.sub('href="[^"]*"', "", frame.svg))


def test_each_button_moves_its_corner(make):
    panel = make()
    for label, corner in [("move the bottom left corner", "bottom left"), ("move the top right corner", "top right")]:
        before = {name: panel.values[name] for name in panel.sliders}
        panel._handle_custom_msg({"press": label}, [])
        assert panel.values == before | {"corner": corner}
        assert dict(panel.numbers)["moving corner"] == corner
    assert panel.buttons == ["move the top right corner", "move the bottom left corner"]
