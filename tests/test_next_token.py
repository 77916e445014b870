"""The next-token widget of lesson 17 without a browser: top-p by definition, bars, and sentences that grow."""

import math

import numpy as np
import pytest
from overlays import bounds, elements, styled

from course_utils import style
from course_utils.widgets.next_token import N_BARS, TEMPERATURES, TOP_PS, choices, next_token

WORDS = ["a", "b ", "cd", ".", " e", "fg", "h", "ij", "kl "]
RNG = np.random.default_rng(0)
TABLE = RNG.dirichlet(np.ones(len(WORDS)), size=len(WORDS) + 1)


def predict(written):
    """A chain: what comes next depends on the last token only."""
    return TABLE[written[-1] if written else -1]


def make():
    return next_token(predict, WORDS)


@pytest.fixture
def panel():
    return styled(make)


def by_definition(p, T, q):
    """Return p at a temperature, and the tokens that top-p keeps, one after the other."""
    powers = [x ** (1 / T) for x in p]
    tempered = [x / sum(powers) for x in powers]
    kept, total = [], 0.0
    for token in sorted(range(len(p)), key=lambda v: -tempered[v]):
        if total >= q:
            break
        kept.append(token)
        total += tempered[token]
    return tempered, set(kept)


@pytest.mark.parametrize("T", TEMPERATURES)
@pytest.mark.parametrize("q", TOP_PS)
def test_temperature_and_top_p_are_the_definition(T, q):
    for p in TABLE:
        tempered, kept = choices(p, T, q)
        expected, tokens = by_definition(p, T, q)
        np.testing.assert_allclose(tempered, expected)
        assert set(np.flatnonzero(kept)) == tokens


def test_nothing_impossible_is_kept():
    tempered, kept = choices(np.array([0.5, 0.5, 0.0]), 2.0, 1.0)
    assert tempered.tolist() == pytest.approx([0.5, 0.5, 0]) and kept.tolist() == [True, True, False]


def test_the_bars_are_the_likeliest_and_the_cut_ones_are_grey(panel):
    q = TOP_PS.index(0.8)
    frame = panel.draw(bar=2, temperature=TEMPERATURES.index(1.0), top_p=q, written=[1], drawn=0)
    ax = panel.draw.keywords["axes"][1]
    expected, kept = by_definition(TABLE[1], 1.0, 0.8)
    order = sorted(range(len(WORDS)), key=lambda v: -expected[v])[:N_BARS]
    rects = [r for r in elements(frame, "rect") if r.get("fill-opacity") != "0"]
    assert len(rects) == N_BARS
    for y, (rect, token) in enumerate(zip(rects, order)):
        x0, x1, low, high = bounds(ax, rect)
        assert x1 - x0 == pytest.approx(expected[token], abs=0.003) and min(low, high) < y < max(low, high)
        assert rect.get("fill") == (style.P_MODEL if token in kept else style.GREY)
    assert frame.numbers["chosen"] == WORDS[order[2]].replace(" ", "·")
    assert frame.numbers["top-p keeps"] == f"{len(kept)} of {len(WORDS)}"
    assert frame.numbers["log p so far"] == f"−{-math.log(TABLE[-1][1]):.2f} nats"


def test_a_sentence_grows_and_shrinks_and_ends_with_a_full_stop(panel):
    first = sorted(range(len(WORDS)), key=lambda v: -TABLE[-1][v])
    panel.act({"move": {"bar": 1}})
    panel.act({"press": "write the chosen bar"})
    assert panel.values["written"] == [first[1]] and panel.values["bar"] == 0
    panel.act({"press": "back"})
    assert panel.values["written"] == []
    for _ in range(300):
        panel.act({"press": "let the model draw"})
        if "complete" in panel.message:
            break
    written = panel.values["written"]
    assert WORDS[written[-1]] == "." and "." not in [WORDS[t] for t in written[:-1]]
    assert panel.draw(**panel.values).alt.startswith("The sentence is complete")
    panel.act({"press": "start again"})
    assert panel.values["written"] == []


def test_what_is_drawn_comes_as_often_as_it_is_probable(panel):
    q = TOP_PS.index(0.8)
    values = {"bar": 0, "temperature": TEMPERATURES.index(0.7), "top_p": q, "written": []}
    drawn = [panel._actions["let the model draw"](values | {"drawn": k})["written"][0] for k in range(2000)]
    tempered, kept = by_definition(TABLE[-1], 0.7, 0.8)
    assert set(drawn) <= kept
    for token in kept:
        expected = tempered[token] / sum(tempered[v] for v in kept)
        assert drawn.count(token) / 2000 == pytest.approx(expected, abs=0.045)


def test_probabilities_that_are_none_are_refused():
    with pytest.raises(ValueError, match="9 probabilities"):
        styled(next_token, lambda written: np.ones(9), WORDS)
