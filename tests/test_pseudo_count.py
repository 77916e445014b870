"""The pseudo-count widget without a browser: its scores by refitting 50 tables, its masses by adding up."""

import re
from collections import Counter
from fractions import Fraction
from itertools import product
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import files, style
from course_utils.datasets import WRODL_VALUES
from course_utils.models import JointCategorical
from course_utils.widgets import pseudo_count
from course_utils.widgets.pseudo_count import leave_one_out, unseen_mass

ALPHAS = [1e-3, 0.1, 0.42, 1, 100]


@pytest.fixture(scope="module")
def people():
    return pd.read_csv(files.DATA / "wrodl.csv")[list(WRODL_VALUES)]


@pytest.fixture(scope="module")
def counts(people):
    """How often each of the 4,032 styles was seen."""
    seen = Counter(people.itertuples(index=False, name=None))
    return np.array([seen[style] for style in product(*WRODL_VALUES.values())])


@pytest.fixture(scope="module")
def panel(counts):
    with mpl.rc_context():
        style.use()
        return pseudo_count(counts)


def numbers(panel, log_alpha):
    """Return the six numbers shown at a place of the slider."""
    panel.values = {"log_alpha": log_alpha}
    assert panel.message == ""
    shown = dict(panel.numbers)
    assert list(shown) == [
        "α", "leave-one-out score in nats", "the same, all styles equal", "mass on unseen styles", "p of a style seen twice", "p of a style seen once", "p of an unseen style",
    ]  # fmt: skip
    return [float(text.replace("−", "-").rstrip("%")) for text in shown.values()]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_each_of_the_fifty_is_scored_by_a_table_of_the_49_others(people, counts, alpha):
    scores = [
        JointCategorical(WRODL_VALUES, alpha).fit(people.drop(i)).log_prob(people.loc[[i]])[0] for i in people.index
    ]
    assert len(scores) == 50
    assert float(leave_one_out(counts, alpha)) == pytest.approx(sum(scores))


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=8).filter(lambda counts: sum(counts) > 1),
    st.fractions(Fraction(1, 100), 10),
)
@settings(max_examples=100, deadline=None)
def test_the_scores_and_masses_of_any_counts(counts, alpha):
    N, d = sum(counts), len(counts)
    score = sum(n * np.log(float((n - 1 + alpha) / (N - 1 + alpha * d))) for n in counts if n)
    assert float(leave_one_out(np.array(counts), float(alpha))) == pytest.approx(score)
    mass = sum((n + alpha) / (N + alpha * d) for n in counts if n == 0)
    assert float(unseen_mass(np.array(counts), float(alpha))) == pytest.approx(float(mass), abs=1e-12)


def test_several_alphas_at_once_are_one_after_the_other(counts):
    for function in (leave_one_out, unseen_mass):
        together = function(counts, np.array(ALPHAS))
        assert together.shape == (5,)
        np.testing.assert_allclose(together, [function(counts, alpha) for alpha in ALPHAS])


@pytest.mark.filterwarnings("error")
def test_without_a_pseudo_count_somebody_with_a_style_of_their_own_is_impossible():
    assert leave_one_out(np.array([1, 2, 0]), 0) == -np.inf
    assert leave_one_out(np.array([2, 2, 0]), 0) == pytest.approx(4 * np.log(1 / 3))
    assert unseen_mass(np.array([1, 2, 0]), 0) == 0


def test_the_slider_goes_from_a_thousandth_to_a_hundred(panel):
    (slider,) = panel.sliders.values()
    assert (slider["min"], slider["max"], slider["value"]) == (-3, 2, -2)


@pytest.mark.parametrize("log_alpha", [-3, -2, -0.4, 0, 2])
def test_the_numbers(panel, counts, people, log_alpha):
    alpha = 10.0**log_alpha
    model = JointCategorical(WRODL_VALUES, alpha).fit(people)
    shown = numbers(panel, log_alpha)
    assert shown[0] == pytest.approx(alpha, rel=0.005)
    scores = [
        np.log((counts[j] - 1 + alpha) / (49 + 4032 * alpha)) for j in np.flatnonzero(counts) for _ in range(counts[j])
    ]
    assert shown[1] == pytest.approx(sum(scores), abs=0.051)
    assert shown[2] == pytest.approx(-50 * np.log(4032), abs=0.051)
    assert shown[3] == pytest.approx(100 * model.theta[counts == 0].sum(), abs=0.051)
    for value, seen in zip(shown[4:], (2, 1, 0), strict=True):
        assert value == pytest.approx(model.theta[counts == seen][0], rel=0.06)
    assert f"{shown[1]:.1f} nats" in panel.alt


def test_the_best_alpha_of_the_slider(panel):
    """The place that the reader looks for: some 0.4, about one nat better than all styles alike."""
    scores = {place: numbers(panel, place)[1] for place in np.round(np.arange(-3, 2.01, 0.05), 2).tolist()}
    best = max(scores, key=scores.get)
    assert 0.3 < 10**best < 0.6
    assert scores[best] + 50 * np.log(4032) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("log_alpha", [-3, -1.25, 2])
def test_the_marks_lie_on_both_curves(panel, counts, log_alpha):
    panel.values = {"log_alpha": log_alpha}
    elements = ElementTree.fromstring(f"<svg>{panel.svg}</svg>")
    dots = [
        [float(n) for n in re.match(r"M(\S+) (\S+)h0$", path.get("d")).groups()]
        for path in elements
        if path.tag == "path"
    ]
    axes = panel._draw.keywords["axes"]
    for ax, dot, value in zip(
        axes, dots, (leave_one_out(counts, 10**log_alpha), unseen_mass(counts, 10**log_alpha)), strict=True
    ):
        x, y = ax.transData.transform((log_alpha, max(float(value), ax.get_ylim()[0])))
        np.testing.assert_allclose(dot, [x, panel.height - y], atol=0.06)
        curve = ax.lines[0].get_xydata()
        assert np.interp(log_alpha, *curve.T) == pytest.approx(float(value), abs=0.02)
        assert ax.bbox.x0 - 0.1 <= dot[0] <= ax.bbox.x1 + 0.1
        assert ax.bbox.y0 - 0.1 <= panel.height - dot[1] <= ax.bbox.y1 + 0.1  # never on the other curve's axes


def test_the_dashed_line_is_the_uniform_distribution(panel):
    (line,) = panel._draw.keywords["axes"][0].lines[1:]
    np.testing.assert_allclose(line.get_ydata(), 50 * np.log(1 / 4032))
