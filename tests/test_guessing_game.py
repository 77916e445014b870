"""The guessing game of lesson 10 without a browser: hits counted one by one, surprises against scipy."""

import re

import numpy as np
import pytest
from overlays import box, elements, in_data, number, pixels, places, styled
from scipy.special import expit
from scipy.stats import bernoulli
from sklearn.datasets import load_digits as digits_of_sklearn

from course_utils import style
from course_utils.widgets.guessing_game import UNTOLD, guessing_game

PICTURES = (digits_of_sklearn().data[:5] >= 8).astype(int)
RNG = np.random.default_rng(0)
THETA, W, B = RNG.uniform(0.05, 0.95, 64), np.tril(RNG.normal(size=(64, 64)), -1), RNG.normal(size=64)
MODELS = {
    "silent": lambda x: np.tile(THETA, (len(x), 1)),  # bets the same whatever was told
    "listening": lambda x: expit(x @ W.T + B),  # a logistic regression on the pixels before
}


def make(pictures=PICTURES, models=MODELS):
    return styled(guessing_game, pictures, models)


@pytest.fixture
def panel():
    return make()


def hits(panel):
    """Return (right, asked) for the reader and each model."""
    said = {name.partition("right guesses, ")[2]: text for name, text in panel.numbers if name.startswith("right")}
    assert list(said) == ["you", *MODELS]
    return {name: tuple(map(int, re.fullmatch(r"(\d+) of (\d+)", text).groups())) for name, text in said.items()}


def surprise(name, k, told):
    """Return the surprise of a model by the first pixels of a picture, in nats, by scipy."""
    return -bernoulli.logpmf(PICTURES[k, :told], MODELS[name](PICTURES)[k, :told]).sum()


@pytest.mark.parametrize("k, told", [(0, 0), (4, 1), (0, 7), (4, 8), (3, 30), (4, 63), (0, 64)])
def test_what_is_told_is_shown_and_the_surprises_add_up(panel, k, told):
    axes, frame = panel.draw.keywords["axes"], panel.draw(k, told, [])
    shown = pixels(*elements(frame, "image")).reshape(64, -1)[:, :3]
    assert (shown[told:] == UNTOLD).all()
    assert ((shown[:told].sum(axis=1) < 3 * 128) == PICTURES[k, :told]).all()
    assert {tuple(colour) for colour in shown[:told].tolist()} <= {(255, 255, 255), (20, 33, 61)}
    marks = elements(frame, "rect")  # around the next pixel
    assert len(marks) == (told < 64)
    for mark in marks:
        x, y, side, _ = box(mark)
        ((column, row),) = in_data(axes[0], [(x + side / 2, y + side / 2)])
        assert 8 * round(row) + round(column) == told and mark.get("fill-opacity") == "0"
    lines = elements(frame, "polyline")
    for line, name, colour in zip(lines, MODELS, (style.GREY, style.P_MODEL), strict=True):
        said = frame.numbers[f"surprise so far, {name}"]
        assert number(said) == pytest.approx(surprise(name, k, told), abs=0.051) and f"{name} {said}" in frame.alt
        expected = [(i, min(surprise(name, k, i), 50)) for i in range(told + 1)]
        np.testing.assert_allclose(in_data(axes[1], places(line)), expected, atol=0.05)
        assert line.get("stroke") == colour


def test_hits_are_counted_for_the_reader_and_the_models_on_the_same_pixels(panel):
    rng, asked = np.random.default_rng(1), []
    for k in (0, 2):
        panel.act({"move": {"picture": k, "told": 10}})
        for pixel in range(10, 40):
            guess = int(rng.integers(2))
            panel.act({"press": "ink" if guess else "paper"})
            asked.append((k, pixel, guess))
            assert panel.values["told"] == pixel + 1 and panel.message == ""
    right = sum(PICTURES[k, pixel] == guess for k, pixel, guess in asked)
    bets = {name: model(PICTURES) > 0.5 for name, model in MODELS.items()}
    models = {name: sum(bet[k, pixel] == PICTURES[k, pixel] for k, pixel, _ in asked) for name, bet in bets.items()}
    assert hits(panel) == {name: (n, 60) for name, n in {"you": right, **models}.items()}
    wrong = sum(k == 2 and PICTURES[k, pixel] != guess for k, pixel, guess in asked)
    assert len(elements(panel, "text")) == wrong > 0  # crosses
    panel.act({"move": {"told": 10}})
    assert elements(panel, "text") == [] and hits(panel)["you"][1] == 60  # what is hidden again is not given away
    panel.act({"press": "forget my guesses"})
    assert hits(panel) == dict.fromkeys(["you", *MODELS], (0, 0)) and panel.values["told"] == 10


def test_only_the_first_guess_counts(panel):
    wrong, right = ("ink", "paper") if PICTURES[0, 20] == 0 else ("paper", "ink")
    for label in (wrong, right):
        panel.act({"move": {"told": 20}})
        panel.act({"press": label})
    assert hits(panel)["you"] == (0, 1) and panel.values["told"] == 21


def test_a_complete_picture_says_so(panel):
    panel.act({"move": {"told": 64}})
    panel.act({"press": "ink"})
    assert panel.message == "This picture is complete. Choose another one." and hits(panel)["you"] == (0, 0)


def test_a_model_that_is_certain_and_wrong_is_drawn():
    panel = make(models={"sure": lambda x: np.ones(x.shape)})
    frame = panel.draw(0, 64, [])
    assert frame.numbers["surprise so far, sure"] == "∞"
    line = in_data(panel.draw.keywords["axes"][1], places(*elements(frame, "polyline")))
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
