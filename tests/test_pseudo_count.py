"""The pseudo-count widget without a browser: its scores by refitting 50 tables, its masses by adding up."""

from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overlays import elements, in_picture, number, places, styled

from course_utils import files
from course_utils.datasets import WRODL_VALUES
from course_utils.models import JointCategorical
from course_utils.widgets.pseudo_count import leave_one_out, pseudo_count, unseen_mass

ALPHAS = [1e-3, 0.1, 0.42, 1, 100]
NAMES = [
    "α", "leave-one-out score in nats", "the same, all styles equal", "mass on unseen styles",
    "p of a style seen twice", "p of a style seen once", "p of an unseen style",
]  # fmt: skip


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
    return styled(pseudo_count, counts)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_each_of_the_fifty_is_scored_by_a_table_of_the_49_others(people, counts, alpha):
    tables = [JointCategorical(WRODL_VALUES, alpha).fit(people.drop(i)) for i in people.index]
    scores = [table.log_prob(people.loc[[i]])[0] for i, table in zip(people.index, tables)]
    assert len(scores) == 50 and float(leave_one_out(counts, alpha)) == pytest.approx(sum(scores))


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
        np.testing.assert_allclose(function(counts, np.array(ALPHAS)), [function(counts, alpha) for alpha in ALPHAS])


@pytest.mark.filterwarnings("error")
def test_without_a_pseudo_count_somebody_with_a_style_of_their_own_is_impossible():
    assert leave_one_out(np.array([1, 2, 0]), 0) == -np.inf
    assert leave_one_out(np.array([2, 2, 0]), 0) == pytest.approx(4 * np.log(1 / 3))
    assert unseen_mass(np.array([1, 2, 0]), 0) == 0


@pytest.mark.parametrize("log_alpha", [-3, -2, -0.4, 0, 2])
def test_the_numbers(panel, counts, people, log_alpha):
    alpha, frame = 10.0**log_alpha, panel.draw(log_alpha)
    model = JointCategorical(WRODL_VALUES, alpha).fit(people)
    assert list(frame.numbers) == NAMES
    shown = list(map(number, frame.numbers.values()))
    assert shown[0] == pytest.approx(alpha, rel=0.005)
    scores = [counts[j] * np.log((counts[j] - 1 + alpha) / (49 + 4032 * alpha)) for j in np.flatnonzero(counts)]
    assert shown[1] == pytest.approx(sum(scores), abs=0.051)
    assert shown[2] == pytest.approx(-50 * np.log(4032), abs=0.051)
    assert shown[3] == pytest.approx(100 * model.theta[counts == 0].sum(), abs=0.051)
    for value, seen in zip(shown[4:], (2, 1, 0), strict=True):
        assert value == pytest.approx(100 * model.theta[counts == seen][0], rel=0.06)
    assert f"{shown[1]:.1f} nats" in frame.alt


def test_the_best_alpha_of_the_slider(panel):
    """The place that the reader looks for: some 0.4, about one nat better than all styles alike."""
    (slider,) = panel.sliders.values()
    assert (slider["min"], slider["max"], slider["value"]) == (-3, 2, -2)
    stops = np.round(np.arange(-3, 2.01, slider["step"]), 2).tolist()
    scores = {place: number(panel.draw(place).numbers[NAMES[1]]) for place in stops}
    best = max(scores, key=scores.get)
    assert 0.3 < 10**best < 0.6
    assert scores[best] + 50 * np.log(4032) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("log_alpha", [-3, -1.25, 2])
def test_the_marks_lie_on_both_curves(panel, counts, log_alpha):
    axes, dots = panel.draw.keywords["axes"], elements(panel.draw(log_alpha), "path")
    values = [float(function(counts, 10**log_alpha)) for function in (leave_one_out, unseen_mass)]
    for ax, dot, value in zip(axes, dots, values, strict=True):
        ((x, y),) = places(dot)
        np.testing.assert_allclose((x, y), in_picture(ax, [(log_alpha, max(value, ax.get_ylim()[0]))])[0], atol=0.06)
        assert np.interp(log_alpha, *ax.lines[0].get_xydata().T) == pytest.approx(value, abs=0.02)
        assert ax.bbox.padded(0.1).contains(x, panel.height - y)  # never on the other curve's axes
    (line,) = axes[0].lines[1:]
    np.testing.assert_allclose(line.get_ydata(), 50 * np.log(1 / 4032))  # the uniform distribution
