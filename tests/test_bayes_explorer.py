"""The widget of lesson 01 without a browser: its posterior by scikit-learn, its picture by what is in the PNG."""

import re
from copy import copy

import numpy as np
import pytest
from overlays import bounds, elements, in_data, number, pixels, places, styled
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.naive_bayes import GaussianNB

from course_utils import style
from course_utils.datasets import Digits, load_digits
from course_utils.widgets.bayes_explorer import LEFT, RIGHT, bayes_explorer

NAMES = [
    "written by hand as",
    "largest p(y|x)",
    "log p(x)",
    "the picture, for 3 against 8",
    "the prior, for 3 against 8",
]
SETTINGS = [(0, 0, 0.1), (3, 0, 0.5), (7, 12, 0.01), (11, 40, 0.99), (99, 64, 0.1)]


@pytest.fixture(scope="module")
def digits():
    """The first hundred digits after those that the model was fitted to."""
    digits = load_digits()
    return Digits(digits.pixels[1300:1400], digits.labels[1300:1400])


@pytest.fixture(scope="module")
def judge():
    """A Gaussian for each pixel and class, fitted by scikit-learn."""
    digits = load_digits()
    return GaussianNB(var_smoothing=0.05).fit(digits.pixels[:1300], digits.labels[:1300])


def log_likelihood(judge):
    return lambda x: norm.logpdf(x[:, None], judge.theta_, np.sqrt(judge.var_)).sum(axis=2)


@pytest.fixture(scope="module")
def draw(digits, judge):
    """The pure function behind the panel, with the panel's own axes, digits and noise."""
    return styled(bayes_explorer, digits, log_likelihood(judge)).draw


def test_a_deck_holds_what_its_reader_is_asked_to_find(judge, monkeypatch):
    every = load_digits()
    digits = Digits(every.pixels[1300:], every.labels[1300:])
    shared = copy(judge)  # the classes of lesson 01 have one variance
    shared.var_ = np.tile((judge.var_ * judge.class_prior_[:, None]).sum(axis=0) + 0.02, (10, 1))
    monkeypatch.setenv("BAKE_FRAMES", "on")
    sliders = bayes_explorer(digits, log_likelihood(shared)).sliders
    pictures, priors = ([float(word) for word in sliders[name]["words"]] for name in ("picture", "prior_of_8"))
    chosen = np.array(pictures, dtype=int)
    written = digits.labels[chosen]
    assert set(written) == set(range(10)) and {"0", "64"} <= set(sliders["noisy"]["words"])

    def read_as(prior_of_8):
        shared.class_prior_ = np.where(np.arange(10) == 8, prior_of_8, (1 - prior_of_8) / 9)
        return shared.predict(digits.pixels[chosen])

    before, after = read_as(0.1), read_as(max(priors))
    assert (before != written).sum() >= 3
    assert ((before == 3) & (after == 8))[written == 3].any(), "a 3 that the prior turns into an 8"
    assert ((before == 3) & (after == 3))[written == 3].any(), "a 3 that it does not"


def parts(frame):
    """Return the picture, the line of log p(x), the ten dots of log p(x|y), one path, and the ten bars of p(y|x)."""
    image, line, dots, *bars = elements(frame)
    assert [e.tag for e in (image, line, dots, *bars)] == ["image", "polyline", "path"] + ["rect"] * 10
    return image, line, dots, bars


def ink(image):
    """Return the grey values (8, 8) of a picture, 0 for paper and 1 for ink, by the nearest colour of the colour map."""
    colours = style.PAPER_TO_INK(np.linspace(0, 1, 256), bytes=True)[:, :3].astype(int)
    return np.abs(pixels(image)[:, :, None, :3].astype(int) - colours).sum(axis=3).argmin(axis=2) / 255


def expected(x, judge, prior_of_8):
    """Return log p(x|y) (10,), log p(x) and p(y|x) (10,) of one picture (64,), by scipy and scikit-learn."""
    priors = np.full(10, (1 - prior_of_8) / 9)
    priors[8] = prior_of_8
    other = GaussianNB(priors=priors).fit(np.zeros((10, 64)), np.arange(10))
    other.theta_, other.var_ = judge.theta_, judge.var_
    of_class = log_likelihood(judge)(x[None])[0]
    return of_class, logsumexp(of_class, b=priors), other.predict_proba(x[None])[0]


def noisy_picture(draw, picture, noisy):
    """Return the picture (64,) with its first `noisy` pixels, in the order of the noise, replaced by grey values."""
    grey, order = draw.keywords["noise"]
    x = draw.keywords["digits"].pixels[picture].copy()
    for pixel in sorted(range(64), key=lambda k: order[k])[:noisy]:
        x[pixel] = grey[pixel]
    return x


@pytest.mark.parametrize("picture, noisy, prior_of_8", SETTINGS)
def test_the_posterior_is_the_one_of_scikit_learn(draw, judge, digits, picture, noisy, prior_of_8):
    frame = draw(picture, noisy, prior_of_8)
    of_class, log_evidence, posterior = expected(noisy_picture(draw, picture, noisy), judge, prior_of_8)
    assert list(frame.numbers) == NAMES
    assert frame.numbers["written by hand as"] == str(digits.labels[picture])
    largest, y = re.fullmatch(r"([\d.]+) for y = (\d)", frame.numbers["largest p(y|x)"]).groups()
    assert (float(largest), int(y)) == (pytest.approx(posterior.max(), abs=0.00051), posterior.argmax())
    assert number(frame.numbers["log p(x)"]) == pytest.approx(log_evidence, abs=0.051)
    votes = [number(frame.numbers[name]) for name in NAMES[3:]]
    odds = np.log(posterior[3]) - np.log(posterior[8])  # of both votes together
    assert votes[0] == pytest.approx(of_class[3] - of_class[8], abs=0.051)
    if np.isfinite(odds):
        assert sum(votes) == pytest.approx(odds, abs=0.11)
    _, line, dots, bars = parts(frame)
    _, first, second = draw.keywords["axes"]
    expected_dots = np.column_stack([np.clip(of_class, LEFT, RIGHT), np.arange(10)])
    np.testing.assert_allclose(in_data(first, places(dots)), expected_dots, atol=0.2)
    np.testing.assert_allclose(in_data(first, places(line))[:, 0], np.clip(log_evidence, LEFT, RIGHT), atol=0.2)
    for y in range(10):
        np.testing.assert_allclose(bounds(second, bars[y]), [0, posterior[y], y + 0.3, y - 0.3], atol=0.01)
        np.testing.assert_allclose(bounds(second, bars[y])[1], posterior[y], atol=0.001)
    said = re.fullmatch(
        r"A handwritten (\d) with (\d+) noisy pixels\. The class (\d) has the probability ([\d.]+); log p\(x\) is .*\.",
        frame.alt,
    )
    assert said.groups() == (str(digits.labels[picture]), str(noisy), str(posterior.argmax()), f"{posterior.max():.2f}")


@pytest.mark.parametrize("noisy", [0, 1, 20, 64])
def test_as_many_pixels_as_asked_for_become_noise(draw, digits, noisy):
    before, after = (ink(parts(draw(2, n, 0.1))[0]) for n in (0, noisy))
    np.testing.assert_allclose(before, digits.images()[2], atol=0.006)
    np.testing.assert_allclose(after.ravel(), noisy_picture(draw, 2, noisy), atol=0.006)
    assert noisy - 2 <= (np.abs(after - before) > 0.006).sum() <= noisy  # a grey value may be the pixel's own by chance


def test_draw_leaves_the_digits_as_they_are(draw, digits):
    before = digits.pixels.copy()
    draw(4, 64, 0.5)
    np.testing.assert_array_equal(digits.pixels, before)


@pytest.mark.parametrize("level, end", [(-1e5, LEFT), (0, 0), (1e5, RIGHT)])
def test_dots_stay_within_the_axes(draw, level, end):
    frame = draw.func(0, 0, 0.1, **draw.keywords | {"log_likelihood": lambda x: np.full((1, 10), float(level))})
    _, line, dots, bars = parts(frame)
    for shown in (dots, line):
        np.testing.assert_allclose(in_data(draw.keywords["axes"][1], places(shown))[:, 0], end, atol=0.2)
    for y in range(10):
        np.testing.assert_allclose(bounds(draw.keywords["axes"][2], bars[y])[:2], [0, 0.1], atol=0.001)
    assert number(frame.numbers["log p(x)"]) == pytest.approx(level, abs=0.051)
