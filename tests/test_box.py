"""The box on the map, against scipy's uniform distribution and against its definition."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import kstest, uniform

from course_utils.models import BoxModel

THETA = (-30.0, -20.0, 40.0, 55.0)  # south, west, north, east

# points on a grid of 0.001 degrees that span an area
POINTS = hnp.arrays(
    np.int64, st.tuples(st.integers(2, 20), st.just(2)), elements=st.integers(-90_000, 90_000)
).map(lambda a: a * [1, 2] / 1000).filter(lambda x: (np.ptp(x, axis=0) > 0).all())  # fmt: skip


def by_scipy(theta, x):
    """Return the log-densities (…, N) as products of two uniform distributions; theta is (…, 4), x (N, 2)."""
    south, west, north, east = np.moveaxis(np.asarray(theta, dtype=float)[..., None], -2, 0)
    latitude, longitude = np.asarray(x, dtype=float).T
    return uniform.logpdf(latitude, south, north - south) + uniform.logpdf(longitude, west, east - west)


def test_log_prob_is_that_of_two_uniform_distributions():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.uniform(-90, 90, 1000), rng.uniform(-180, 180, 1000)])
    log_prob = BoxModel(THETA).log_prob(x)
    assert log_prob.shape == (1000,)
    assert 0.05 < np.isfinite(log_prob).mean() < 0.5  # points of both kinds were tried
    np.testing.assert_allclose(log_prob, by_scipy(THETA, x))


def test_the_corners_and_the_edges_belong_to_the_box():
    south, west, north, east = THETA
    edge = [[south, west], [south, east], [north, west], [north, east], [0, west], [0, east], [south, 0], [north, 0]]
    np.testing.assert_allclose(BoxModel(THETA).log_prob(edge), -np.log(70 * 75))
    outside = [[south - 1e-9, 0], [north + 1e-9, 0], [0, west - 1e-9], [0, east + 1e-9]]
    assert (BoxModel(THETA).log_prob(outside) == -np.inf).all()


@pytest.mark.parametrize("theta", [THETA, (-90, -180, 90, 180), (40, -75, 40.5, -74.5)])
def test_the_density_integrates_to_one(theta):
    south, west, north, east = theta
    latitude, longitude = np.meshgrid(np.linspace(-90, 90, 721), np.linspace(-180, 180, 1441), indexing="ij")
    cells = np.column_stack([(latitude[:-1, :-1] + 0.125).ravel(), (longitude[:-1, :-1] + 0.125).ravel()])
    assert np.exp(BoxModel(theta).log_prob(cells)).sum() * 0.25**2 == pytest.approx(1)


def test_fit_finds_the_bounding_box():
    x = np.array([[10, 20], [-5, 60], [30, 45], [12, -170]])
    model = BoxModel()
    assert model.fit(x) is model
    assert model.theta.tolist() == [-5, -170, 30, 60]
    assert model.log_prob(x).sum() == pytest.approx(4 * -np.log(35 * 230))


@settings(deadline=None)
@given(POINTS, st.integers(0, 2**32 - 1))
def test_no_box_is_more_likely_than_the_one_that_fit_finds(x, seed):
    best = BoxModel().fit(x).log_prob(x).sum()
    tight, globe = np.concatenate([x.min(axis=0), x.max(axis=0)]), np.array([-90, -180, 90, 180])
    larger = np.random.default_rng(seed).uniform(size=(200, 4)) ** 3  # many of them hardly larger
    likelihoods = by_scipy(tight + larger * (globe - tight), x).sum(axis=1)
    assert np.isfinite(likelihoods).mean() > 0.9  # all points lie in these boxes, but for rounding
    assert (likelihoods <= best + 1e-9).all()


@settings(deadline=None)
@given(POINTS)
def test_a_box_smaller_than_the_bounding_box_has_likelihood_zero(x):
    for side, inwards in enumerate([1e-4, 1e-4, -1e-4, -1e-4]):
        theta = BoxModel().fit(x).theta.copy()
        theta[side] += inwards
        assert BoxModel(theta).log_prob(x).sum() == -np.inf


def test_samples_are_uniform_in_the_box():
    south, west, north, east = THETA
    x = BoxModel(THETA).sample(20_000, np.random.default_rng(1))
    assert x.shape == (20_000, 2)
    assert kstest(x[:, 0], uniform(south, north - south).cdf).pvalue > 0.001
    assert kstest(x[:, 1], uniform(west, east - west).cdf).pvalue > 0.001
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.03
    np.testing.assert_array_equal(x, BoxModel(THETA).sample(20_000, np.random.default_rng(1)))
    assert BoxModel(THETA).sample(0, np.random.default_rng(1)).shape == (0, 2)


@pytest.mark.parametrize(
    "x, message",
    [
        (np.empty((0, 2)), "fit needs at least two points, got none"),
        ([[10, 20]], "fit needs points that span an area, got one point"),
        ([[10, 20], [10, 30], [10, 40]], "got 3 points with the same latitude"),
        ([[10, 20], [30, 20]], "got 2 points with the same longitude"),
        ([[10, 20], [10, 20]], "got 2 points with the same"),
        ([[10, 20], [float("nan"), 30]], "points must be finite numbers, got [nan, 30.0] in row 1"),
    ],
)
def test_fit_refuses_data_without_a_best_box(x, message):
    model = BoxModel(THETA)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(x)
    assert model.theta.tolist() == list(THETA)  # a failed fit changes nothing


@pytest.mark.parametrize(
    "theta, message",
    [
        ((40, -20, -30, 55), "south < north and west < east, got south 40, north -30, west -20, east 55"),
        ((10, -20, 10, 55), "south < north and west < east"),
        ((-30, 55, 40, 55), "south < north and west < east"),
        ((-91, -20, 40, 55), "points must lie on the globe"),
        ((-30, -20, 40, 181), "points must lie on the globe"),
        ((-30, -20, 40), "theta must be four numbers (south, west, north, east), got shape (3,)"),
        ((-30, -20, 40, "east"), "theta must be four numbers"),
    ],
)
def test_corners_that_are_no_box(theta, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        BoxModel(theta)


@pytest.mark.parametrize("use", [lambda m: m.log_prob([[0, 0]]), lambda m: m.sample(3, np.random.default_rng(0))])
def test_a_box_without_corners_says_what_to_do(use):
    with pytest.raises(ValueError, match="points must"):
        BoxModel(THETA).log_prob([[0, 500]])
    with pytest.raises(ValueError, match=r"call fit\(x\) first, or make it with BoxModel\(theta\)"):
        use(BoxModel())
