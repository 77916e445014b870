"""The widget of lesson 00 without a browser: what it imagines has the mean and the covariance of real digits."""

import numpy as np
import pytest
from overlays import box, elements, styled
from overlays import pixels as shown
from scipy.stats import norm

from course_utils import style
from course_utils.datasets import load_digits
from course_utils.widgets.imagined_digit import imagined_digit

DIGITS = load_digits()
GREY_OF = {  # colour → grey value; two neighbours may share a colour
    tuple(style.PAPER_TO_INK(grey, bytes=True)[:3]): grey for grey in np.linspace(0, 1, 256).tolist()
}


def of_class(y):
    """Return the real pictures (n, 64) of one digit."""
    return DIGITS.pixels[DIGITS.labels == y]


@pytest.fixture(scope="module")
def draw():
    """The pure function behind the panel, with the panel's own axes and Gaussians."""
    return styled(imagined_digit, DIGITS).draw


def pictures(frame):
    """Return the five pictures (5, 64) of a frame, 0 for paper and 1 for ink."""
    images = elements(frame)
    assert [image.tag for image in images] == ["image"] * 5
    colours = np.array([shown(image)[..., :3] for image in images]).reshape(-1, 3)
    return np.array([GREY_OF[tuple(colour)] for colour in colours.tolist()]).reshape(5, 64)


def imagine(draw, digit, courage, seeds):
    """Return five pictures for each seed, (5 · seeds, 64)."""
    return np.concatenate([pictures(draw(digit, courage, seed)) for seed in range(seeds)])


@pytest.mark.parametrize("digit", range(0, 10, 3))
def test_without_courage_all_five_are_the_average(draw, digit):
    frame = draw(digit, 0, 0)
    np.testing.assert_allclose(pictures(frame), np.tile(of_class(digit).mean(axis=0), (5, 1)), atol=0.006)
    assert frame.numbers == {"how much the five differ": "0.00"}
    assert f"the digit {digit}," in frame.alt and "all the same: the average picture" in frame.alt


@pytest.mark.parametrize("digit", [1, 8])
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


def test_what_is_below_paper_or_beyond_ink_is_clipped(draw):
    mean, spread = of_class(3).mean(axis=0), 2 * np.sqrt(of_class(3).var(axis=0, ddof=1) + 1e-4)
    levels = (np.arange(1000) + 0.5) / 1000
    expected = norm.sf(levels[:, None], mean, spread).mean(axis=0)  # the mean of a clipped Gaussian
    samples = imagine(draw, 3, 2, 120)
    assert samples.min() < 0.005 and samples.max() == 1
    assert (np.abs(samples.mean(axis=0) - expected) < 5 * samples.std(axis=0) / np.sqrt(600) + 0.004).all()


@pytest.mark.parametrize("courage", [0.05, 1, 2])
def test_the_number_says_how_much_the_five_differ(draw, courage):
    frame = draw(5, courage, 0)
    five = pictures(frame)
    apart = np.mean([abs(picture - sum(five) / 5) for picture in five])
    assert float(frame.numbers["how much the five differ"]) == pytest.approx(apart, abs=0.0075)
    assert "Each of them is different" in frame.alt and len(np.unique(five, axis=0)) == 5


def test_more_courage_goes_farther_the_same_way(draw):
    """From the average, the same seed strays in the same direction: the slider zooms, it does not throw the dice anew."""
    mean = of_class(6).mean(axis=0)
    small, large = (pictures(draw(6, courage, 0)) - mean for courage in (0.2, 0.4))
    inner = np.abs(large + mean - 0.5) < 0.45  # not clipped
    np.testing.assert_allclose(large[inner], 2 * small[inner], atol=0.02)


def test_the_pictures_lie_on_their_axes(draw):
    for ax, image in zip(draw.keywords["axes"], elements(draw(0, 1, 0)), strict=True):
        expected = [ax.bbox.x0, ax.figure.bbox.height - ax.bbox.y1, ax.bbox.width, ax.bbox.height]
        np.testing.assert_allclose(box(image), expected, atol=0.06)


def test_the_button_asks_for_five_others():
    panel = styled(imagined_digit, DIGITS)
    before, values = pictures(panel), dict(panel.values)
    panel.act({"press": "imagine five others"})
    assert not (pictures(panel) == before).all(axis=1).any()
    assert panel.values == values | {"seed": values["seed"] + 1}
