"""The numbers of lesson 07, beside computations that use none of the course's models."""

import numpy as np
import pytest
from pytest import approx
from scipy.stats import binom
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.preprocessing import PolynomialFeatures

from course_utils.datasets import draw_biscuit_tins, load_biscuit_tins


@pytest.fixture(scope="module")
def tins():
    """The sizes (1000, 2) and the pictures (1000, 1024) of the tins."""
    tins = load_biscuit_tins()
    return np.column_stack([tins.heights, tins.widths]), tins.images.reshape(1000, 1024).astype(float)


def nearest(pictures):
    """Return the sizes (N, 2) of the most similar tins of the catalogue, and how far they are (N,)."""
    sizes = np.array([(height, width) for height in np.linspace(5, 20, 46) for width in np.linspace(8, 28, 61)])
    catalogue = draw_biscuit_tins(*sizes.T).reshape(-1, 1024).astype(float)
    number, distance = pairwise_distances_argmin_min(pictures.astype(float), catalogue)
    return sizes[number], distance / 32


def test_the_coin(lesson, x):
    assert lesson["(k, N)"] == (np.sum(x[:, 0] > 0), len(x)) == (24, 40)
    assert lesson["found"] == approx(24 / 40, abs=5e-5)

    def loss(a):
        return -binom.logpmf(24, 40, 1 / (1 + np.exp(-a))) / 40

    by_difference = (loss(-3 + 1e-5) - loss(-3 - 1e-5)) / 2e-5
    assert lesson["(a.grad.item(), slope(-3.0))"] == approx((by_difference, by_difference), abs=1e-6)


def test_two_yardsticks(lesson, tins):
    _, pictures = tins
    plane = PCA(2, svd_solver="full").fit(pictures)
    flat = np.mean((plane.inverse_transform(plane.transform(pictures)) - pictures) ** 2)
    assert lesson["centred.pow(2).mean().item()"] == approx(pictures.var(axis=0).mean(), rel=1e-4)
    assert lesson["flat_plane.item()"] == approx(flat, rel=1e-4)
    error = np.mean((lesson["decoder(encode(x)).detach().numpy()"] - pictures) ** 2)
    assert lesson["autoencoder"] == approx(error, rel=1e-4) and error < 0.001 < flat / 5


def test_no_axis_has_a_name(lesson, tins):
    z, (heights, widths) = lesson["z"].astype(float), tins[0].T
    alone, together = lesson["(alone, together)"]
    curved = PolynomialFeatures(2).fit_transform(z)
    for name, values in [("height", heights), ("width", widths)]:
        one = max(LinearRegression().fit(axis[:, None], values).score(axis[:, None], values) for axis in z.T)
        assert alone[name] == approx(one, rel=1e-3) and one < 0.8
        both = LinearRegression().fit(curved, values).score(curved, values)
        assert together[name] == approx(both, rel=1e-3) and both > 0.9


def test_seven_steps(lesson):
    sizes, _ = nearest(lesson["walk.numpy()"])
    grown, widened = sizes[-1] - sizes[0]
    assert len(sizes) == 8 and lesson["(grown, widened)"] == approx((grown, widened))
    assert 5 < grown < 9 and abs(widened) < 2


def test_the_holes(lesson):
    shares = [np.mean(nearest(lesson[f"{name}.detach().numpy()"])[1] > 0.05) for name in ("from_codes", "imagined")]
    assert lesson["shares"] == approx(shares, abs=0.004)  # a picture of 500 may lie at the border
    assert shares[0] < 0.02 and shares[1] > 0.1
