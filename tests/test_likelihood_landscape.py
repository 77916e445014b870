"""The widget of lesson 03 without a browser: each cell of its landscape and each of its numbers by scipy."""

import re

import numpy as np
import pytest
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from overlays import bounds, elements, in_picture, number, pixels, places, styled
from scipy.stats import uniform

from course_utils import style
from course_utils.datasets import load_world_land
from course_utils.widgets.likelihood_landscape import likelihood_landscape, power_of_ten

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
def panel(x):
    return styled(likelihood_landscape, x)


@pytest.fixture(scope="module")
def draw(panel):
    """The pure function behind the panel, with the panel's own axes and observations."""
    return panel.draw


def log_likelihood(x, south, west, north, east):
    """Return the log-likelihood of x in nats by scipy, -inf where the corners make no box; the corners may be arrays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        latitude = uniform.logpdf(x[:, 0], np.asarray(south)[..., None], np.subtract(north, south)[..., None])
        longitude = uniform.logpdf(x[:, 1], np.asarray(west)[..., None], np.subtract(east, west)[..., None])
        return np.nan_to_num((latitude + longitude).sum(axis=-1), nan=-np.inf, neginf=-np.inf)


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
    (image,) = elements(frame, "image")
    np.testing.assert_allclose(bounds(draw.keywords["ax"], image), [-180, 180, -90, 90], atol=0.06)
    shown = pixels(image).astype(int)
    best = -6 * np.log(np.ptp(x[:, 0]) * np.ptp(x[:, 1]))
    colours = ScalarMappable(Normalize(-6 * np.log(180 * 360), best), "cividis").to_rgba(values, bytes=True)
    possible = np.isfinite(values)
    assert possible.any() == (corner in some_possible)
    np.testing.assert_array_equal(shown[..., 3], np.where(possible, 255, 0))
    np.testing.assert_allclose(shown[possible], colours[possible].astype(int), atol=3)  # one step of 256
    assert ("coloured landscape" in frame.alt) == possible.any() != ("No position of this corner" in frame.alt)


@pytest.mark.parametrize("theta", [(-50, -90, 20, -20), (-39.5, -74, 0, -52), (-90, -180, 90, 180)], ids=str)
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
def test_a_box_that_leaves_an_observation_out_is_impossible(draw, x, theta):
    assert np.isneginf(log_likelihood(x, *theta))
    south, west, north, east = theta
    for corner in CORNERS:
        frame = draw(*theta, corner)
        assert frame.numbers == dict(zip(NAMES, [corner, "−∞", "0", "∞"]))
        assert len(elements(frame, "rect")) == (south < north and west < east)


@pytest.mark.parametrize(
    "corner, moving, where",
    [
        ("top right", (-20.5, 20), "latitude 20, longitude -20.5"),
        ("bottom left", (-90, -50), "latitude -50, longitude -90"),
    ],
)
def test_the_box_and_its_moving_corner_are_drawn(draw, x, corner, moving, where):
    frame, ax = draw(-50, -90, 20, -20.5, corner), draw.keywords["ax"]
    _, box, _, points, halo, dot = elements(frame)
    np.testing.assert_allclose(bounds(ax, box), [-90, -20.5, -50, 20], atol=0.06)
    assert box.get("stroke") == dot.get("stroke") == style.P_MODEL and box.get("fill-opacity") == "0"
    assert points.get("stroke") == style.OBSERVATIONS
    np.testing.assert_allclose(places(points), in_picture(ax, x[:, ::-1]), atol=0.06)
    for path in (halo, dot):
        np.testing.assert_allclose(places(path), in_picture(ax, [moving]), atol=0.06)
    assert f"its {corner} corner is at {where}." in frame.alt


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


def test_the_sliders_cover_the_map_and_begin_with_a_box_that_is_possible_and_not_the_best(panel):
    for slider, edge in zip(panel.sliders.values(), [90, 180, 90, 180]):
        assert (slider["min"], slider["max"]) == (-edge, edge)
    assert number(dict(panel.numbers)["below the MLE by"]) > 1


def test_each_button_moves_its_corner(x):
    panel = styled(likelihood_landscape, x)
    assert panel.buttons == [f"move the {corner} corner" for corner in CORNERS]
    for corner in reversed(CORNERS):
        before = dict(panel.values)
        panel.act({"press": f"move the {corner} corner"})
        assert panel.values == before | {"corner": corner} and dict(panel.numbers)["moving corner"] == corner
