"""The widget of lesson 01 without a browser: its posterior by scikit-learn, its picture by what is in the PNG."""

import base64
import inspect
import io
import re
from copy import copy
from itertools import product
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.naive_bayes import GaussianNB

from course_utils import style
from course_utils.datasets import Digits, load_digits
from course_utils.widgets import bayes_explorer
from course_utils.widgets.panel import Frame

NAMES = ["written by hand as", "largest p(y|x)", "log p(x) in nats"]
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


@pytest.fixture(scope="module")
def panel(digits, judge):
    def log_likelihood(x):
        return norm.logpdf(x[:, None], judge.theta_, np.sqrt(judge.var_)).sum(axis=2)

    with mpl.rc_context():
        style.use()
        return bayes_explorer(digits, log_likelihood)


@pytest.fixture(scope="module")
def draw(panel):
    """The pure function behind the panel, with the panel's own axes, digits and noise."""
    return panel._draw


def test_a_deck_holds_what_its_reader_is_asked_to_find(judge, monkeypatch):
    every = load_digits()
    digits = Digits(every.pixels[1300:], every.labels[1300:])
    shared = copy(judge)  # the classes of lesson 01 have one variance
    shared.var_ = np.tile((judge.var_ * judge.class_prior_[:, None]).sum(axis=0) + 0.02, (10, 1))

    def log_likelihood(x):
        return norm.logpdf(x[:, None], shared.theta_, np.sqrt(shared.var_)).sum(axis=2)

    monkeypatch.setenv("BAKE_FRAMES", "on")
    sliders = bayes_explorer(digits, log_likelihood).sliders
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


def parse(svg):
    """Return the picture and the ten bars of log p(x|y) and the ten of p(y|x); raises ParseError if the SVG is not well-formed."""
    image, *bars = ElementTree.fromstring(f"<svg>{svg}</svg>")
    assert image.tag == "image" and [bar.tag for bar in bars] == ["rect"] * 20
    return image, bars[::2], bars[1::2]


def ink(image):
    """Return the grey values (8, 8) of a picture, 0 for paper and 1 for ink, by the nearest colour of the colour map."""
    colours = style.PAPER_TO_INK(np.linspace(0, 1, 256), bytes=True)[:, :3].astype(int)
    shown = np.asarray(
        Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))).convert("RGB")
    ).astype(int)
    return np.abs(shown[:, :, None] - colours).sum(axis=3).argmin(axis=2) / 255


def in_data(ax, bar):
    """Return a bar's left, right, upper and lower side in the coordinates of its axes."""
    x, y, width, height = (float(bar.get(name)) for name in ("x", "y", "width", "height"))
    corners = ax.transData.inverted().transform(
        [[x, ax.figure.bbox.height - y], [x + width, ax.figure.bbox.height - y - height]]
    )
    return [*corners[:, 0], *corners[:, 1]]


def number(text):
    """Return a number that has a true minus sign."""
    assert "-" not in text
    return float(text.replace("−", "-"))


def expected(x, judge, prior_of_8):
    """Return log p(x|y) (10,), log p(x) and p(y|x) (10,) of one picture (64,), by scipy and scikit-learn."""
    priors = np.full(10, (1 - prior_of_8) / 9)
    priors[8] = prior_of_8
    log_likelihood = norm.logpdf(x, judge.theta_, np.sqrt(judge.var_)).sum(axis=1)
    other = GaussianNB(priors=priors).fit(np.zeros((10, 64)), np.arange(10))
    other.theta_, other.var_ = judge.theta_, judge.var_
    return log_likelihood, logsumexp(log_likelihood, b=priors), other.predict_proba(x[None])[0]


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
    log_likelihood, log_evidence, posterior = expected(noisy_picture(draw, picture, noisy), judge, prior_of_8)
    assert list(frame.numbers) == NAMES
    assert frame.numbers["written by hand as"] == str(digits.labels[picture])
    largest, y = re.fullmatch(r"([\d.]+) for y = (\d)", frame.numbers["largest p(y|x)"]).groups()
    assert (float(largest), int(y)) == (pytest.approx(posterior.max(), abs=0.00051), posterior.argmax())
    assert number(frame.numbers["log p(x) in nats"]) == pytest.approx(log_evidence, abs=0.051)
    _, left, right = parse(frame.svg)
    _, first, second = draw.keywords["axes"]
    for y in range(10):
        start, end, upper, lower = in_data(first, left[y])
        assert (start, end) == (
            pytest.approx(-200, abs=0.2),
            pytest.approx(np.clip(log_likelihood[y], -200, 50), abs=0.2),
        )
        assert (upper, lower) == (pytest.approx(y - 0.3, abs=0.01), pytest.approx(y + 0.3, abs=0.01))
        start, end, upper, lower = in_data(second, right[y])
        assert (start, end) == (pytest.approx(0, abs=0.001), pytest.approx(posterior[y], abs=0.001))
        assert (upper, lower) == (pytest.approx(y - 0.3, abs=0.01), pytest.approx(y + 0.3, abs=0.01))
    said = re.fullmatch(
        r"A handwritten (\d) with (\d+) noisy pixels\. The class (\d) has the probability ([\d.]+)\.", frame.alt
    )
    assert said.groups() == (str(digits.labels[picture]), str(noisy), str(posterior.argmax()), f"{posterior.max():.2f}")


def test_the_bars_of_log_likelihood_do_not_know_the_prior(draw):
    low, high = (parse(draw(5, 10, prior).svg) for prior in (0.01, 0.99))
    assert [bar.attrib for bar in low[1]] == [bar.attrib for bar in high[1]]
    assert float(low[2][8].get("width")) < float(high[2][8].get("width"))


def test_the_prior_moves_the_odds_by_its_own_and_no_more(draw):
    """Bayes' rule in odds: p(8|x) / p(3|x) grows by the ratio of the prior odds, whatever the picture."""

    def odds(prior):
        widths = [float(bar.get("width")) for bar in parse(draw(doubtful, 0, prior).svg)[2]]
        return widths[8] / (sum(widths) - widths[8])

    def share(picture):
        return float(parse(draw(picture, 0, 0.5).svg)[2][8].get("width"))

    full = max(share(picture) for picture in range(100))
    doubtful = min(range(100), key=lambda picture: abs(share(picture) - full / 2))
    assert 0.1 < share(doubtful) / full < 0.9
    assert odds(0.8) / odds(0.5) == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("noisy", [0, 1, 20, 64])
def test_as_many_pixels_as_asked_for_become_noise(draw, digits, noisy):
    before, after = (ink(parse(draw(2, n, 0.1).svg)[0]) for n in (0, noisy))
    np.testing.assert_allclose(before, digits.images()[2], atol=0.006)
    np.testing.assert_allclose(after.ravel(), noisy_picture(draw, 2, noisy), atol=0.006)
    assert noisy - 2 <= (np.abs(after - before) > 0.006).sum() <= noisy  # a grey value may be the pixel's own by chance


def test_noise_only_adds_to_noise(draw):
    """A pixel that is noisy stays as it is while more pixels become noisy."""
    pictures = np.array([ink(parse(draw(2, n, 0.1).svg)[0]).ravel() for n in range(65)])
    assert (np.diff(pictures, axis=0) != 0).sum(axis=0).max() == 1


def test_draw_leaves_the_digits_as_they_are(draw, digits):
    before = digits.pixels.copy()
    first = draw(4, 64, 0.5)
    np.testing.assert_array_equal(digits.pixels, before)
    assert draw(4, 64, 0.5) == first


@pytest.mark.parametrize("level, end", [(-1e5, -200), (-200, -200), (0, 0), (50, 50), (1e5, 50)])
def test_bars_stay_within_the_axes(draw, level, end):
    frame = draw.func(0, 0, 0.1, **draw.keywords | {"log_likelihood": lambda x: np.full((1, 10), float(level))})
    _, left, right = parse(frame.svg)
    for y in range(10):
        assert in_data(draw.keywords["axes"][1], left[y])[:2] == [
            pytest.approx(-200, abs=0.2),
            pytest.approx(end, abs=0.2),
        ]
        assert in_data(draw.keywords["axes"][2], right[y])[:2] == pytest.approx([0, 0.1], abs=0.001)
    assert number(frame.numbers["log p(x) in nats"]) == pytest.approx(level, abs=0.051)


def test_the_sliders_are_those_of_draw(panel, draw):
    assert (
        list(panel.sliders) == list(inspect.signature(draw.func).parameters)[:3] == ["picture", "noisy", "prior_of_8"]
    )
    ends = {name: (slider["min"], slider["max"]) for name, slider in panel.sliders.items()}
    assert ends == {"picture": (0, 99), "noisy": (0, 64), "prior_of_8": (0.01, 0.99)}


@pytest.mark.parametrize("values", list(product([0, 99], [0, 64], [0.01, 0.99])), ids=str)
def test_the_panel_draws_whatever_the_sliders_say(panel, draw, values):
    panel.values = dict(zip(panel.sliders, values))
    assert panel.message == ""
    assert Frame(panel.svg, dict(panel.numbers), panel.alt) == draw(*values)
    parse(panel.svg)
