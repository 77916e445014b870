"""Naive Bayes, against scikit-learn, fractions, enumeration and the shares of its draws."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.naive_bayes import CategoricalNB

from course_utils import files
from course_utils.datasets import WRODL_VALUES, load_planet_pixel
from course_utils.models import NaiveBayes

X = np.array([[0, 2, 0], [1, 2, 0], [1, 0, 0], [1, 2, 0], [0, 2, 0]])  # value 1 of the second feature never occurs
SIZES = [2, 3, 1]


@pytest.fixture(scope="module")
def wrodl():
    """The fifty faces as whole numbers (50, 5), read from the file without the course's loader."""
    people = pd.read_csv(files.DATA / "wrodl.csv")
    return np.array(
        [[options.index(person[name]) for name, options in WRODL_VALUES.items()] for _, person in people.iterrows()]
    )


WRODL_SIZES = [3, 8, 4, 6, 7]


@st.composite
def problems(draw):
    """n_values, observations (N ≥ 1, K), and a pseudo-count as a fraction."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    rows = draw(st.lists(st.tuples(*(st.integers(0, size - 1) for size in sizes)), min_size=1, max_size=30))
    return (
        sizes,
        np.array(rows),
        draw(st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(1, 2), Fraction(1), Fraction(7)])),
    )


def by_fractions(sizes, x, alpha):
    """Return the probability of each value of each feature as fractions, a list for each feature."""
    counts = [[int((column == value).sum()) for value in range(size)] for size, column in zip(sizes, x.T)]
    return [[(n + alpha) / (len(x) + alpha * size) for n in row] for size, row in zip(sizes, counts)]


@given(problems())
@settings(max_examples=60, deadline=None)
def test_every_observation_has_the_product_of_its_fractions(problem):
    sizes, x, alpha = problem
    model = NaiveBayes(sizes, alpha=float(alpha))
    assert model.fit(x) is model
    tables = by_fractions(sizes, x, alpha)
    np.testing.assert_allclose(model.theta, [float(p) for row in tables for p in row], rtol=1e-12)
    space = list(product(*map(range, sizes)))
    exact = [np.prod([row[value] for row, value in zip(tables, point)]) for point in space]
    assert sum(exact) == 1
    log_prob = model.log_prob(np.array(space))
    assert log_prob.shape == (len(space),)
    assert ((log_prob == -np.inf) == [p == 0 for p in exact]).all()
    np.testing.assert_allclose(np.exp(log_prob), [float(p) for p in exact], rtol=1e-11)


@pytest.mark.parametrize("alpha", [0, 0.3, 1])
def test_the_probabilities_of_all_4032_styles_add_up_to_one(wrodl, alpha):
    styles = np.array(list(product(*map(range, WRODL_SIZES))))
    assert len(styles) == 4032
    p = np.exp(NaiveBayes(WRODL_SIZES, alpha).fit(wrodl).log_prob(styles))
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert (p == 0).sum() == (4032 - 3024 if alpha == 0 else 0)  # nobody has a bun, and nobody wears black


@pytest.mark.parametrize("alpha", [0.01, 1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_it_agrees_with_scikit_learn(wrodl, alpha, kind):
    theirs = CategoricalNB(alpha=alpha, min_categories=WRODL_SIZES).fit(wrodl, np.zeros(50))
    ours = NaiveBayes(WRODL_SIZES, alpha).fit(wrodl.astype(kind))
    np.testing.assert_allclose(
        np.log(ours.theta), np.concatenate([row[0] for row in theirs.feature_log_prob_]), rtol=1e-10
    )
    rng = np.random.default_rng(0)
    new = np.column_stack([rng.integers(size, size=500) for size in WRODL_SIZES])
    np.testing.assert_allclose(ours.log_prob(new.astype(kind)), theirs.predict_joint_log_proba(new)[:, 0], rtol=1e-10)


def test_it_agrees_with_scikit_learn_on_pixels():
    """The last features too, whose tables lie far into `theta`."""
    pixels = load_planet_pixel("train").pixels
    theirs = CategoricalNB(alpha=0.5, min_categories=256).fit(pixels[:500, -20:], np.zeros(500))
    ours = NaiveBayes([256] * 1024, 0.5).fit(pixels[:500])
    np.testing.assert_allclose(
        np.log(ours.theta.reshape(1024, 256)[-20:]), np.stack([row[0] for row in theirs.feature_log_prob_]), rtol=1e-10
    )


def test_pixels_are_drawn_as_often_as_their_colours_occur():
    """In the first pixels and in the last ones, by a chi-square test of the colours that are expected five times or more."""
    pixels = load_planet_pixel("train").pixels
    drawn = NaiveBayes([256] * 1024).fit(pixels).sample(2000, np.random.default_rng(1))
    p_values = []
    for k in (*range(0, 64), *range(900, 1024)):
        expected = np.bincount(pixels[:, k], minlength=256).astype(float)
        found = np.bincount(drawn[:, k], minlength=256)
        assert (found[expected == 0] == 0).all()
        often = expected >= 5
        if often.sum() > 1:
            rest = ([found[~often].sum()], [expected[~often].sum()]) if expected[~often].sum() >= 5 else ([], [])
            seen, hoped = np.append(found[often], rest[0]), np.append(expected[often], rest[1])
            p_values.append(chisquare(seen, hoped * seen.sum() / hoped.sum()).pvalue)
    assert len(p_values) > 100
    assert min(p_values) > 0.05 / len(p_values) / 10


def test_features_are_drawn_independently():
    model = NaiveBayes([2, 2]).fit([[0, 0], [1, 1], [1, 1], [1, 1]])
    draws = model.sample(40_000, np.random.default_rng(0))
    found = [((draws == pair).all(axis=1)).sum() for pair in product((0, 1), repeat=2)]
    assert chisquare(found, 40_000 * np.array([1, 3, 3, 9]) / 16).pvalue > 0.001


class Constant:
    """A generator whose numbers are all the same."""

    def __init__(self, u):
        self.u = u

    def uniform(self, size):
        return np.full(size, self.u)


@pytest.mark.parametrize("u", [0.0, 1e-17, 0.5, 1 - 2**-53], ids=["the smallest", "tiny", "half", "the largest"])
def test_even_at_the_ends_no_impossible_value_is_drawn(u):
    """A generator's uniform numbers are at least 0 and at most 1 − 2⁻⁵³."""
    model = NaiveBayes([256] * 1024).fit(load_planet_pixel("train").pixels)
    assert np.isfinite(model.log_prob(model.sample(1, Constant(u)))).all()
    assert NaiveBayes([3]).fit([[1]]).sample(1, Constant(u)).tolist() == [[1]]


def test_the_same_generator_draws_the_same_and_none_is_possible():
    model = NaiveBayes(SIZES, 1).fit(X)
    one, two = (model.sample(20, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert model.sample(0, np.random.default_rng(0)).shape == (0, 3)


@pytest.mark.parametrize("size, kind", [(256, np.uint8), (257, np.uint16), (70_000, np.uint32)])
def test_draws_come_in_the_smallest_type_that_holds_them(size, kind):
    model = NaiveBayes([2, size]).fit([[0, size - 1]])
    draws = model.sample(3, np.random.default_rng(0))
    assert draws.dtype == kind
    assert draws.tolist() == [[0, size - 1]] * 3


def test_a_table_of_each_feature_begins_at_its_offset():
    model = NaiveBayes(SIZES).fit(X)
    assert [table.tolist() for table in np.split(model.theta, model.offsets[1:])] == [[0.4, 0.6], [0.2, 0, 0.8], [1]]


@pytest.mark.filterwarnings("error")
def test_an_impossible_value_is_told_by_minus_infinity_and_no_warning():
    assert NaiveBayes(SIZES).fit(X).log_prob([[0, 1, 0], [0, 2, 0]]).tolist() == [
        -np.inf,
        pytest.approx(np.log(0.4 * 0.8)),
    ]


def test_a_thousand_small_probabilities_do_not_underflow():
    model = NaiveBayes([256] * 1024, alpha=1).fit(np.zeros((1, 1024), dtype=np.uint8))
    (log_prob,) = model.log_prob(np.full((1, 1024), 255, dtype=np.uint8))
    assert log_prob == pytest.approx(-1024 * np.log(257))


def test_fit_forgets_what_was_fitted_before():
    np.testing.assert_array_equal(NaiveBayes(SIZES).fit(X).fit(X[:1]).theta, [1, 0, 0, 0, 1, 1])


def test_without_observations_the_pseudo_counts_decide():
    nothing = np.empty((0, 3), dtype=int)
    np.testing.assert_allclose(NaiveBayes(SIZES, 2).fit(nothing).theta, [1 / 2] * 2 + [1 / 3] * 3 + [1])
    assert NaiveBayes(SIZES, 2).fit(X).log_prob(nothing).shape == (0,)
    with pytest.raises(ValueError, match="fit needs at least one observation when alpha is 0, got none"):
        NaiveBayes(SIZES).fit(nothing)


@pytest.mark.parametrize("alpha", [-1, -1e-9, np.nan, np.inf, "1", None, [1], 1j])
def test_a_wrong_pseudo_count_is_refused(alpha):
    with pytest.raises(ValueError, match=r"alpha, the pseudo-count, must be a number from 0 upwards, got"):
        NaiveBayes(SIZES, alpha)


@pytest.mark.parametrize("n_values", [[], [2, 0], [2, -1], [2.0, 3.0], [[2, 3]], 5, ["2"], [True]], ids=str)
def test_wrong_numbers_of_values_are_refused(n_values):
    with pytest.raises(ValueError, match="n_values must be one whole number of values for each feature, got"):
        NaiveBayes(n_values)


@pytest.mark.parametrize("method", ["fit", "log_prob"])
@pytest.mark.parametrize(
    "x, message",
    [
        ([[0, 0, 0], [0, 3, 0]], r"feature 1 must lie in 0\.\.2, got 3 in row 1"),
        ([[0, 0, 0], [-1, 0, 0]], r"feature 0 must lie in 0\.\.1, got -1 in row 1"),
        ([[0, 0]], r"x must be \(N, 3\) whole numbers, one column a feature, got int64 \(1, 2\)"),
        ([0, 0, 0], r"x must be \(N, 3\) whole numbers, .* got int64 \(3,\)"),
        ([[0.0, 0.0, 0.0]], r"x must be \(N, 3\) whole numbers, .* got float64 \(1, 3\)"),
        ([[True, False, False]], r"x must be \(N, 3\) whole numbers, .* got bool \(1, 3\)"),
        ([["0", "0", "0"]], r"x must be \(N, 3\) whole numbers, .* got <U1 \(1, 3\)"),
    ],
    ids=["too large", "negative", "too few", "one row", "floats", "bools", "strings"],
)
def test_wrong_observations_are_refused(method, x, message):
    model = NaiveBayes(SIZES, 1).fit(X)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(np.array(x))


def test_a_model_without_data_says_so():
    model = NaiveBayes(SIZES)
    for ask in (lambda: model.log_prob(X), lambda: model.sample(1, np.random.default_rng(0))):
        with pytest.raises(ValueError, match=r"knows no data yet: call fit\(x\) first"):
            ask()
