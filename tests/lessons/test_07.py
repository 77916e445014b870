"""The numbers of lesson 07, beside computations that use none of the course's models."""

from functools import cache

import numpy as np
import pytest
from oracle import by_lot
from pytest import approx
from scipy.stats import binom
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import PolynomialFeatures

from course_utils.datasets import draw_biscuit_tins, load_biscuit_tins
from course_utils.exercises.lesson_07 import EXERCISES, FLAT


@pytest.fixture(scope="module")
def tins():
    """The sizes (1000, 2) and the pictures (1000, 1024) of the tins."""
    tins = load_biscuit_tins()
    return np.column_stack([tins.heights, tins.widths]), tins.images.reshape(1000, 1024).astype(float)


@cache
def catalogue():
    """Return the sizes (2806, 2) of the catalogue's tins, and their pictures (2806, 1024)."""
    sizes = np.array([(height, width) for height in np.linspace(5, 20, 46) for width in np.linspace(8, 28, 61)])
    return sizes, draw_biscuit_tins(*sizes.T).reshape(-1, 1024).astype(np.float32)


def nearest(pictures):
    """Return the sizes (N, 2) of the most similar tins of the catalogue, and how far they are (N,)."""
    sizes, tins = catalogue()
    pictures = np.asarray(pictures, dtype=float)
    number = ((tins**2).sum(axis=1) - 2 * pictures.astype(np.float32) @ tins.T).argmin(axis=1)  # |t − x|² less |x|²
    return sizes[number], np.sqrt(((pictures - tins[number]) ** 2).mean(axis=1))


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
        one = max(np.corrcoef(np.polyval(np.polyfit(axis, values, 2), axis), values)[0, 1] ** 2 for axis in z.T)
        assert alone[name] == approx(one, rel=1e-3) and one < 0.8
        both = LinearRegression().fit(curved, values).score(curved, values)
        assert together[name] == approx(both, rel=1e-3) and both > 0.9


def test_seven_steps(lesson):
    sizes, _ = nearest(lesson["walk.numpy()"])
    grown, widened = sizes[-1] - sizes[0]
    assert len(sizes) == 8 and lesson["(grown, widened)"] == approx((grown, widened))
    assert 5 < grown < 9 and abs(widened) < 2


def test_what_the_mean_error_hides(lesson, tins):
    _, pictures = tins
    rebuilt = lesson["decoder(encode(x)).detach().numpy()"].astype(float)
    lid, wall = (np.abs(pictures - grey) < 1e-6 for grey in (0.8, 0.97))
    squared = (rebuilt - pictures) ** 2
    assert lesson["lids"] == approx(squared[lid].mean() / squared.mean(), rel=1e-3) and lesson["lids"] > 2
    white = [picture[where].max() > 0.99 for picture, where in zip(rebuilt, wall)]
    assert lesson["halos"] == approx(np.mean(white), abs=0.003) and lesson["halos"] > 0.5


def test_how_many_straight_directions(tins):
    _, pictures = tins
    spread = PCA(svd_solver="full").fit(pictures).explained_variance_ * 999 / 1000  # of the direction, for each picture
    missed = [spread[d:].sum() / 1024 for d in range(20)]
    assert missed[FLAT - 1] > 0.001 > missed[FLAT]
    EXERCISES["07.3"].grade(FLAT)  # raises what is wrong
    from_zero = np.linalg.svd(pictures, compute_uv=False) ** 2 / pictures.size
    assert from_zero[FLAT:].sum() > 0.001 > from_zero[FLAT + 1 :].sum()  # who forgets the mean tin
    roots = np.sqrt(np.cumsum(spread[::-1])[::-1] / 1024)
    assert np.argmax(roots < 0.001) == 262


def test_the_sheet(lesson, tins):
    _, pictures = tins
    assert lesson["share"] == approx(PCA(3).fit(pictures).explained_variance_ratio_.sum(), rel=1e-3)
    flat, tall = draw_biscuit_tins([6, 19], [26, 10]).reshape(2, 1024).astype(float)
    (pixels,) = nearest([(flat + tall) / 2])[1]
    (codes,) = nearest(lesson["ways['mix the codes'][[10]].numpy()"])[1]
    assert lesson["[*away.values()]"] == approx([pixels, codes], rel=1e-3) and codes < 0.05 < pixels / 2
    ends = lesson["ways['mix the codes'][[0, -1]].numpy()"]
    assert np.sqrt(((ends - [flat, tall]) ** 2).mean(axis=1)).max() < 0.05


def in_hull(places, codes):
    """Tell for each place (N, 2) whether codes lie all around it: no two neighbours half a turn apart."""
    angles = np.sort(np.arctan2(*(codes - places[:, None]).T).T, axis=1)  # (N, codes)
    return np.diff(angles, append=angles[:, :1] + 2 * np.pi).max(axis=1) < np.pi


def test_the_holes(lesson):
    hole = nearest(lesson["decoder(torch.tensor(random_z, dtype=torch.float32)).detach().numpy()"])[1] > 0.05
    z, places, inside = lesson["(z, random_z, inside)"]
    assert np.mean(lesson["random_holes"] != hole) < 0.001  # a picture may lie at the border
    assert lesson["(from_codes, imagined)"] == approx((0, hole.mean()), abs=0.001) and hole.mean() > 0.1
    some = slice(0, 1000)
    np.testing.assert_array_equal(inside[some], in_hull(places[some], z))
    assert lesson["(share_inside, share_outside)"] == approx((hole[inside].mean(), hole[~inside].mean()), abs=0.002)
    assert hole[inside].mean() < 0.01 < 0.2 < hole[~inside].mean()
    midpoints = "decoder(torch.tensor((z[pairs[0]] + z[pairs[1]]) / 2)).detach().numpy()"
    assert lesson["between"] == (nearest(lesson[midpoints])[1] > 0.05).sum() < 20


def test_one_gaussian_on_the_codes(lesson):
    """Drawn anew, with other numbers: within four standard errors of both shares."""
    mean, covariance = lesson["(z.mean(axis=0), np.cov(z.T))"]
    draws = mean + np.random.default_rng(5).standard_normal((4000, 2)) @ np.linalg.cholesky(covariance).T
    decoded = lesson[f"decoder(torch.tensor({draws.round(4).tolist()})).detach().numpy()"]
    proper = np.mean(nearest(decoded)[1] <= 0.05)
    assert lesson["proper"] == approx(proper, abs=by_lot(proper, 4000) * 1.5) and 0.9 < proper < 0.995
