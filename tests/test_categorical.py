"""The table of all combinations, against fractions, enumeration and the shares of its draws."""

from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from course_utils.datasets import WRODL_VALUES, load_wrodl
from course_utils.models import JointCategorical

VALUES = {"hat": ("none", "cap", "straw"), "shoes": (41, 42)}
SEEN = [("cap", 41), ("cap", 41), ("none", 42), ("cap", 42), ("straw", 41)]


def table(rows, values=VALUES):
    return pd.DataFrame(rows, columns=list(values))


def everything(values):
    """Return all combinations, one a row."""
    return table(list(product(*values.values())), values)


@st.composite
def problems(draw):
    """A table's values, observations (N ≥ 1) as tuples, and a pseudo-count as a fraction."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    values = {f"feature {k}": tuple(f"{k}{letter}" for letter in "abcd"[:size]) for k, size in enumerate(sizes)}
    rows = draw(
        st.lists(st.tuples(*(st.sampled_from(options) for options in values.values())), min_size=1, max_size=30)
    )
    return (
        values,
        rows,
        draw(st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(1, 2), Fraction(1), Fraction(7)])),
    )


@given(problems())
@settings(max_examples=60, deadline=None)
def test_theta_is_the_fraction_for_every_combination(problem):
    values, rows, alpha = problem
    model = JointCategorical(values, alpha=float(alpha))
    assert model.fit(table(rows, values)) is model
    counts, d = Counter(rows), np.prod([len(options) for options in values.values()])
    expected = [(counts[style] + alpha) / (len(rows) + alpha * int(d)) for style in product(*values.values())]
    assert sum(expected) == 1
    np.testing.assert_allclose(model.theta, [float(p) for p in expected], rtol=1e-12)
    log_prob = model.log_prob(everything(values))
    assert log_prob.shape == (d,)
    assert ((log_prob == -np.inf) == [p == 0 for p in expected]).all()
    np.testing.assert_allclose(np.exp(log_prob), model.theta, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0, 0.3, 1])
def test_the_probabilities_of_all_4032_styles_add_up_to_one(alpha):
    styles = everything(WRODL_VALUES)
    assert len(styles) == 4032
    p = np.exp(JointCategorical(WRODL_VALUES, alpha).fit(load_wrodl()).log_prob(styles))
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert (p == 0).sum() == (3983 if alpha == 0 else 0)


def test_the_shares_of_its_draws_are_its_probabilities():
    model = JointCategorical(VALUES, 0.2).fit(table(SEEN))
    n = 50_000
    found = Counter(model.sample(n, np.random.default_rng(0)).itertuples(index=False, name=None))
    expected = [
        float((Counter(SEEN)[style] + Fraction(1, 5)) / (5 + Fraction(6, 5))) for style in product(*VALUES.values())
    ]
    assert chisquare([found[style] for style in product(*VALUES.values())], n * np.array(expected)).pvalue > 0.001


def test_the_same_generator_draws_the_same_and_none_is_possible():
    model = JointCategorical(VALUES).fit(table(SEEN))
    one, two = (model.sample(20, np.random.default_rng(5)) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert list(model.sample(0, np.random.default_rng(0))) == list(VALUES)


@pytest.mark.parametrize("kind", ["category", object, "string"])
def test_names_may_come_as_categories_or_as_strings(kind):
    wrodl = load_wrodl()
    expected = JointCategorical(WRODL_VALUES, 1).fit(wrodl)
    model = JointCategorical(WRODL_VALUES, 1).fit(wrodl.astype(str).astype(kind))
    np.testing.assert_array_equal(model.theta, expected.theta)
    np.testing.assert_array_equal(model.log_prob(wrodl), expected.log_prob(wrodl.astype(str).astype(kind)))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, float, object, "category"])
def test_values_may_be_numbers_of_any_type(kind):
    values = {"left": (0, 1, 2), "right": (5, 250)}
    x = table([(0, 5), (2, 250), (2, 250), (1, 5)], values)
    model = JointCategorical(values).fit(x.astype(kind))
    np.testing.assert_allclose(model.theta, np.array([1, 0, 1, 0, 0, 2]) / 4)
    assert np.isfinite(model.log_prob(model.sample(50, np.random.default_rng(0)))).all()


def test_values_of_different_kinds_stay_what_they_are():
    model = JointCategorical({"size": (38, "XL")}).fit(pd.DataFrame({"size": ["XL", 38]}))
    assert set(model.sample(50, np.random.default_rng(0))["size"]) == {38, "XL"}


def test_columns_are_found_by_name_and_others_are_left_alone():
    x = table(SEEN)[["shoes", "hat"]].assign(name="somebody").set_index(pd.Index(range(10, 15)))
    np.testing.assert_array_equal(
        JointCategorical(VALUES).fit(x).theta, JointCategorical(VALUES).fit(table(SEEN)).theta
    )


def test_fit_forgets_what_was_fitted_before():
    model = JointCategorical(VALUES).fit(table(SEEN)).fit(table([("straw", 42)]))
    assert model.theta.tolist() == [0, 0, 0, 0, 0, 1]


def test_without_observations_the_pseudo_counts_decide():
    np.testing.assert_allclose(JointCategorical(VALUES, 3).fit(table([])).theta, [1 / 6] * 6)
    with pytest.raises(ValueError, match="fit needs at least one observation when alpha is 0, got none"):
        JointCategorical(VALUES).fit(table([]))


@pytest.mark.parametrize("alpha", [-1, np.nan, "1"])
def test_a_wrong_pseudo_count_is_refused(alpha):
    with pytest.raises(ValueError, match=r"alpha, the pseudo-count, must be a number from 0 upwards, got"):
        JointCategorical(VALUES, alpha)


def test_ten_million_combinations_are_not_too_large():
    assert len(JointCategorical({str(k): range(10) for k in range(7)}).shape) == 7


@pytest.mark.parametrize(
    "values, message",
    [
        ({}, "values must give each feature at least one value"),
        ({"hat": ("none",), "shoes": ()}, "values must give each feature at least one value.*shoes"),
        ({"hat": ("none", "cap"), "shoes": (41, 41)}, r"different values, but some are repeated in \['shoes'\]"),
        (
            {str(k): range(10) for k in range(8)},
            r"a table of 10\^8\.0 combinations is too large to count: at most 10 million",
        ),
        ({str(k): range(256) for k in range(1024)}, r"a table of 10\^2466\.0 combinations is too large"),
    ],
    ids=["nothing", "a feature without values", "twice the same", "too large", "a picture"],
)
@pytest.mark.filterwarnings("error")
def test_wrong_values_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        JointCategorical(values)


@pytest.mark.parametrize("method", ["fit", "log_prob"])
@pytest.mark.parametrize(
    "x, message",
    [
        (table([("beret", 41)]), r"hat must be one of \['none', 'cap', 'straw'\], got 'beret'"),
        (table([("cap", 41), ("cap", 43)]), r"shoes must be one of \[41, 42\], got .*43"),
        (table([("cap", None)]), r"shoes must be one of \[41, 42\], got"),
        (
            table([("cap", 41)]).drop(columns="shoes"),
            r"x must have the columns \['hat', 'shoes'\], missing: \['shoes'\]",
        ),
        (np.zeros((3, 2), dtype=int), r"x must be a DataFrame with the columns \['hat', 'shoes'\], got ndarray"),
    ],
    ids=["unknown name", "unknown number", "nothing", "missing column", "array"],
)
def test_wrong_observations_are_refused(method, x, message):
    model = JointCategorical(VALUES, 1).fit(table(SEEN))
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(x)


def test_a_model_without_data_says_so():
    model = JointCategorical(VALUES)
    for ask in (lambda: model.log_prob(table(SEEN)), lambda: model.sample(1, np.random.default_rng(0))):
        with pytest.raises(ValueError, match=r"knows no data yet: call fit\(x\) first"):
            ask()
