"""The guessing game of lesson 10 without a browser: hits counted one by one, surprises against scipy."""

import re
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from scipy.special import expit
from scipy.stats import bernoulli
from sklearn.datasets import load_digits as digits_of_sklearn

from course_utils import style
from course_utils.widgets import guessing_game
from course_utils.widgets.guessing_game import UNTOLD

PICTURES = (digits_of_sklearn().data[:5] >= 8).astype(int)
RNG = np.random.default_rng(0)
THETA, W, B = RNG.uniform(0.05, 0.95, 64), np.tril(RNG.normal(size=(64, 64)), -1), RNG.normal(size=64)


def silent(x):
    """Bet the same whatever was told."""
    return np.tile(THETA, (len(x), 1))


def listening(x):
    """Bet by a logistic regression on the pixels before."""
    return expit(x @ W.T + B)


MODELS = {"silent": silent, "listening": listening}


def make(pictures=PICTURES, models=MODELS):
    with mpl.rc_context():
        style.use()
        return guessing_game(pictures, models)


@pytest.fixture
def panel():
    return make()


def press(panel, label):
    panel._act(None, {"press": label}, None)


def hits(panel):
    """Return (right, asked) for the reader and each model."""
    shown = {
        name.removeprefix("right guesses, "): text for name, text in panel.numbers if name.startswith("right guesses, ")
    }
    assert list(shown) == ["you", *MODELS]
    return {name: tuple(int(n) for n in re.fullmatch(r"(\d+) of (\d+)", text).groups()) for name, text in shown.items()}


def surprise(name, k, told):
    """Return the surprise of a model by the first pixels of a picture, in nats, by scipy."""
    p = MODELS[name](PICTURES)[k, :told]
    return -bernoulli.logpmf(PICTURES[k, :told], p).sum()


def elements(panel):
    return list(ElementTree.fromstring(f"<svg>{panel.svg}</svg>"))


def shown_pixels(panel):
    """Return the picture (64, 3) that lies on the background."""
    (image,) = [element for element in elements(panel) if element.tag == "image"]
    return np.asarray(Image.open(BytesIO(b64decode(image.get("href").partition("base64,")[2])))).reshape(64, -1)[:, :3]


def curves(panel):
    """Return the lines (M, 2) in the coordinates of their axes."""
    inverted = panel._draw.keywords["axes"][1].transData.inverted()
    found = []
    for line in (element for element in elements(panel) if element.tag == "polyline"):
        places = np.array([pair.split(",") for pair in line.get("points").split()], dtype=float)
        found.append((line.get("stroke"), inverted.transform(places * [1, -1] + [0, panel.height])))
    return found


@pytest.mark.parametrize("k", [0, 4])
@pytest.mark.parametrize("told", [0, 1, 16, 63, 64])
def test_told_pixels_are_shown_and_no_others(panel, k, told):
    panel.values = {**panel.values, "picture": k, "told": told}
    pixels = shown_pixels(panel)
    assert (pixels[told:] == UNTOLD).all() and panel.message == ""
    dark = pixels[:told].sum(axis=1) < 3 * 128
    assert (dark == PICTURES[k, :told]).all()
    assert {tuple(colour) for colour in pixels[:told]} <= {(255, 255, 255), (20, 33, 61)}


@pytest.mark.parametrize("told", [0, 7, 8, 63, 64])
def test_the_frame_is_around_the_next_pixel(panel, told):
    panel.values = {**panel.values, "told": told}
    frames = [element for element in elements(panel) if element.tag == "rect"]
    assert len(frames) == (told < 64)
    for frame in frames:
        x, y, side = (float(frame.get(name)) for name in ("x", "y", "width"))
        column, row = (
            panel._draw.keywords["axes"][0].transData.inverted().transform((x + side / 2, panel.height - y - side / 2))
        )
        assert 8 * round(row) + round(column) == told and frame.get("fill-opacity") == "0"


@pytest.mark.parametrize("k", [0, 3])
@pytest.mark.parametrize("told", [0, 1, 30, 64])
def test_surprises_add_up(panel, k, told):
    panel.values = {**panel.values, "picture": k, "told": told}
    for name in MODELS:
        shown = dict(panel.numbers)[f"surprise so far, {name}"]
        assert float(shown.removesuffix(" nats")) == pytest.approx(surprise(name, k, told), abs=0.051)
        assert f"{name} {shown}" in panel.alt
    for (colour, line), name in zip(curves(panel), MODELS, strict=True):
        assert colour == (style.P_MODEL if name == "listening" else style.GREY)
        assert len(line) == told + 1
        expected = [min(surprise(name, k, i), 50) for i in range(told + 1)]
        np.testing.assert_allclose(line, np.column_stack([range(told + 1), expected]), atol=0.05)


def test_hits_are_counted_for_the_reader_and_the_models_on_the_same_pixels(panel):
    rng, asked = np.random.default_rng(1), []
    for k in (0, 2):
        panel.values = {**panel.values, "picture": k, "told": 10}
        for pixel in range(10, 40):
            guess = int(rng.integers(2))
            press(panel, "ink" if guess else "paper")
            asked.append((k, pixel, guess))
            assert panel.values["told"] == pixel + 1 and panel.message == ""
    right = sum(PICTURES[k, pixel] == guess for k, pixel, guess in asked)
    models = {
        name: sum((model(PICTURES)[k, pixel] > 0.5) == PICTURES[k, pixel] for k, pixel, _ in asked)
        for name, model in MODELS.items()
    }
    assert hits(panel) == {name: (n, 60) for name, n in {"you": right, **models}.items()}
    crosses = [element for element in elements(panel) if element.tag == "text"]
    assert len(crosses) == sum(k == 2 and PICTURES[k, pixel] != guess for k, pixel, guess in asked)
    press(panel, "forget my guesses")
    assert hits(panel) == dict.fromkeys(["you", *MODELS], (0, 0)) and panel.values["told"] == 40


def test_only_the_first_guess_counts(panel):
    panel.values = {**panel.values, "told": 20}
    wrong, right = ("ink", "paper") if PICTURES[0, 20] == 0 else ("paper", "ink")
    press(panel, wrong)
    panel.values = {**panel.values, "told": 20}
    press(panel, right)
    assert hits(panel)["you"] == (0, 1) and panel.values["told"] == 21


def test_a_complete_picture_says_so(panel):
    panel.values = {**panel.values, "told": 64}
    press(panel, "ink")
    assert panel.message == "This picture is complete. Choose another one." and hits(panel)["you"] == (0, 0)


def test_a_model_that_is_certain_and_wrong_is_drawn():
    panel = make(models={"sure": lambda x: np.ones(x.shape)})
    panel.values = {**panel.values, "told": 64}
    assert dict(panel.numbers)["surprise so far, sure"] == "∞" and panel.message == ""
    ((_, line),) = curves(panel)
    assert line[-1, 1] == pytest.approx(50, abs=0.05)


@pytest.mark.parametrize(
    "pictures, models, message",
    [
        (PICTURES[:, :63], MODELS, r"pictures must be \(N, 64\) zeros and ones, N ≥ 2, got int64 \(5, 63\)"),
        (PICTURES[:1], MODELS, "N ≥ 2"),
        (PICTURES * 2, MODELS, "zeros and ones"),
        (PICTURES, {"logits": lambda x: x - 0.5}, "the conditionals of logits must be probabilities of shape"),
        (PICTURES, {"nan": lambda x: x * np.nan}, "the conditionals of nan must be probabilities"),
        (PICTURES, {"short": lambda x: x[:, :3] * 0.5}, r"got shape \(5, 3\)"),
    ],
)  # fmt: skip
def test_other_pictures_and_other_bets_are_refused(pictures, models, message):
    with pytest.raises(ValueError, match=message):
        make(pictures, models)


def test_misses_among_pixels_that_are_hidden_again_are_not_given_away(panel):
    panel.values = {**panel.values, "told": 20}
    for _ in range(10):
        press(panel, "ink")
    panel.values = {**panel.values, "told": 5}
    assert not [element for element in elements(panel) if element.tag == "text"] and hits(panel)["you"][1] == 10
