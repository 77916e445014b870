"""The widget of lesson 00 without a browser: what it imagines has the mean and the covariance of real digits."""

import base64
import inspect
import io
from itertools import product
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm

from course_utils import style
from course_utils.datasets import load_digits
from course_utils.widgets import imagined_digit
from course_utils.widgets.panel import Frame

DIGITS = load_digits()
GREY_OF = {  # colour → grey value; two neighbours may share a colour
    tuple(style.PAPER_TO_INK(grey, bytes=True)[:3]): grey for grey in np.linspace(0, 1, 256).tolist()
}


def of_class(y):
    """Return the real pictures (n, 64) of one digit."""
    return DIGITS.pixels[DIGITS.labels == y]


@pytest.fixture(scope="module")
def make():
    """Return a function that makes the widget in the look of the course."""

    def make():
        with mpl.rc_context():
            style.use()
            return imagined_digit(DIGITS)

    return make  # fmt: skip


@pytest.fixture(scope="module")
def panel(make):
    return make()


@pytest.fixture(scope="module")
def draw(panel):
    """The pure function behind the panel, with the panel's own axes and Gaussians."""
    return panel._draw


def pictures(frame):
    """Return the five pictures (5, 64) of a frame, 0 for paper and 1 for ink; raises ParseError if the SVG is not well-formed."""
    images = list(ElementTree.fromstring(f"<svg>{frame.svg}</svg>"))
    assert [image.tag for image in images] == ["image"] * 5
    data = [io.BytesIO(base64.b64decode(image.get("href").partition(",")[2])) for image in images]
    shown = np.array([np.asarray(Image.open(file).convert("RGB")) for file in data])  # (5, 8, 8, 3)
    return np.array([GREY_OF[tuple(colour)] for colour in shown.reshape(-1, 3).tolist()]).reshape(5, 64)


def imagine(draw, digit, courage, seeds):
    """Return five pictures for each seed, (5 · seeds, 64)."""
    return np.concatenate([pictures(draw(digit, courage, seed)) for seed in range(seeds)])


@pytest.mark.parametrize("digit", range(10))
def test_without_courage_all_five_are_the_average(draw, digit):
    frame = draw(digit, 0, 0)
    np.testing.assert_allclose(pictures(frame), np.tile(of_class(digit).mean(axis=0), (5, 1)), atol=0.006)
    assert frame.numbers == {"how much the five differ": "0.00"}
    assert f"the digit {digit}," in frame.alt and "all the same: the average picture" in frame.alt


@pytest.mark.parametrize("digit", [1, 3, 8])
def test_the_covariance_is_that_of_the_class(draw, digit):
    """With little courage hardly a pixel is clipped: those that are near paper or full ink are left out."""
    courage, n = 0.2, 600
    mean, covariance = of_class(digit).mean(axis=0), np.cov(of_class(digit).T)
    reach = 4 * courage * np.sqrt(covariance.diagonal())
    free = (mean - reach > 0) & (mean + reach < 1) & (covariance.diagonal() > 0.01)
    assert free.sum() > 15
    samples = imagine(draw, digit, courage, n // 5)[:, free]
    covariance = covariance[np.ix_(free, free)]
    variance = covariance.diagonal()
    error = 5 * np.sqrt((covariance**2 + np.outer(variance, variance)) / n) + 0.001
    assert (np.abs(np.cov(samples.T) / courage**2 - covariance) < error).all()
    assert (np.abs(samples.mean(axis=0) - mean[free]) < 5 * courage * np.sqrt(variance / n) + 0.002).all()
    strong = np.abs(covariance - np.diag(variance)) > error  # pixels that do go together, which the model must know
    assert strong.sum() > 20


@pytest.mark.parametrize("courage", [1, 2])
def test_what_is_below_paper_or_beyond_ink_is_clipped(draw, courage):
    mean, spread = of_class(3).mean(axis=0), courage * np.sqrt(of_class(3).var(axis=0, ddof=1) + 1e-4)
    levels = (np.arange(1000) + 0.5) / 1000
    expected = norm.sf(levels[:, None], mean, spread).mean(axis=0)  # the mean of a clipped Gaussian
    samples = imagine(draw, 3, courage, 120)
    assert samples.min() < 0.005 and samples.max() == 1
    assert (np.abs(samples.mean(axis=0) - expected) < 5 * samples.std(axis=0) / np.sqrt(600) + 0.004).all()


@pytest.mark.parametrize("courage", [0.05, 1, 2])
def test_the_number_says_how_much_the_five_differ(draw, courage):
    frame = draw(5, courage, 0)
    five = pictures(frame)
    average = sum(five) / 5
    apart = np.mean([abs(a - b) for picture in five for a, b in zip(picture, average)])
    assert float(frame.numbers["how much the five differ"]) == pytest.approx(apart, abs=0.0075)
    assert "Each of them is different" in frame.alt
    assert len({picture.tobytes() for picture in five}) == 5


def test_a_seed_gives_the_same_pictures_and_another_one_others(draw):
    assert draw(4, 1, 7) == draw(4, 1, 7)
    assert not (pictures(draw(4, 1, 7)) == pictures(draw(4, 1, 8))).all(axis=1).any()


def test_more_courage_goes_farther_the_same_way(draw):
    """From the average, the same seed strays in the same direction: the slider zooms, it does not throw the dice anew."""
    mean = of_class(6).mean(axis=0)
    small, large = (pictures(draw(6, courage, 0)) - mean for courage in (0.2, 0.4))
    inner = np.abs(large + mean - 0.5) < 0.45  # not clipped
    np.testing.assert_allclose(large[inner], 2 * small[inner], atol=0.02)


def test_the_pictures_lie_on_their_axes(draw):
    images = ElementTree.fromstring(f"<svg>{draw(0, 1, 0).svg}</svg>")
    for ax, image in zip(draw.keywords["axes"], images, strict=True):
        x, y, width, height = (float(image.get(name)) for name in ("x", "y", "width", "height"))
        box, top = ax.bbox, ax.figure.bbox.height
        np.testing.assert_allclose([x, y, width, height], [box.x0, top - box.y1, box.width, box.height], atol=0.06)


def test_the_button_asks_for_five_others(make):
    panel = make()
    svg, values = panel.svg, dict(panel.values)
    panel._handle_custom_msg({"press": "imagine five others"}, [])
    assert panel.svg != svg and panel.message == ""
    assert panel.values == values | {"seed": values["seed"] + 1}


def test_the_sliders_are_those_of_draw(panel, draw):
    assert list(panel.sliders) == list(inspect.signature(draw.func).parameters)[:2] == ["digit", "courage"]
    assert {name: (slider["min"], slider["max"]) for name, slider in panel.sliders.items()} == {
        "digit": (0, 9),
        "courage": (0, 2),
    }


@pytest.mark.parametrize("values", list(product([0, 9], [0, 2], [0, 1000])), ids=str)
def test_the_panel_draws_whatever_the_sliders_say(panel, draw, values):
    panel.values = dict(zip(["digit", "courage", "seed"], values))
    assert panel.message == ""
    frame = Frame(panel.svg, dict(panel.numbers), panel.alt)
    assert frame == draw(*values)
    pictures(frame)
