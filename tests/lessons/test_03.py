"""The numbers of lesson 03, beside computations that use none of the course's models."""

from collections import Counter

import numpy as np
import pytest
from oracle import GLOBE, by_area, by_lot, land_share, log_density, on_land
from pytest import approx
from scipy.special import xlogy
from scipy.stats import binom, entropy


@pytest.fixture(scope="module")
def few(x):
    """The observations that lie in South America."""
    return np.array([point for point in x if -60 < point[0] < 13 and -90 < point[1] < -30])


def test_the_observations_in_south_america(lesson, few):
    np.testing.assert_array_equal(lesson["few"], few)


def test_a_likelihood_is_no_distribution(lesson):
    over_x = binom.pmf(range(11), 10, 0.3).sum()
    assert lesson["(over_x, over_theta)"] == approx((over_x, 1 / 11))  # the beta integral


def test_the_boxes_a_b_and_c(lesson, few):
    boxes, likelihoods, logs = lesson["(boxes, list(product.values()), list(total.values()))"]
    expected = [log_density(few, theta).sum() for theta in boxes]
    np.testing.assert_allclose(logs, expected)
    np.testing.assert_allclose(likelihoods, np.exp(expected))


@pytest.mark.parametrize("n", [10, 40, 80])
def test_underflow(lesson, n):
    log_prob = lesson[f"world.log_prob(land.sample({n}, np.random.default_rng(0)))"]
    np.testing.assert_allclose(log_prob, np.full(n, log_density([[0, 0]], GLOBE)))
    assert (np.prod(np.exp(log_prob)) == 0) == (n == 80)


def test_the_left_half(lesson, x):
    assert lesson["left_half.log_prob(X).sum()"] == log_density(x, (-90, -180, 90, 0)).sum() == -np.inf


def test_the_mle_and_its_log_likelihood(lesson, x, mle):
    theta, best, others, behind = lesson["(mle.theta, best, scores, behind)"]
    np.testing.assert_array_equal(theta, mle)
    assert best == approx(log_density(x, mle).sum())
    np.testing.assert_allclose(behind, best - np.array(others))
    assert 0 < min(behind) and max(behind) <= best - log_density(x, GLOBE).sum()


def test_points_in_a_line(lesson):
    parallel = [[10, 0], [10, 30], [10, 75]]
    np.testing.assert_array_equal(lesson["parallel"], parallel)
    thin = lesson["thin.log_prob(parallel).sum()"]
    assert thin == approx(log_density(parallel, (10 - 0.00005, 0, 10 + 0.00005, 75)).sum())


def test_how_often_a_new_point_lies_outside(lesson):
    """Forty-one draws come in random order, so the share of new points outside is that of records among forty-one."""
    rng = np.random.default_rng(0)
    pool = np.column_stack([np.degrees(np.arcsin(rng.uniform(-1, 1, 60_000))), rng.uniform(-180, 180, 60_000)])
    pool = pool[on_land(pool)]
    sets = pool[rng.integers(len(pool), size=(4000, 41))]
    records = [len({*points.argmin(axis=0).tolist(), *points.argmax(axis=0).tolist()}) for points in sets]
    mean, error = lesson["(np.mean(outside), error)"]
    assert mean == approx(np.mean(records) / 41, abs=4 * error)
    assert error < 0.005 and mean <= 4 / 41
    sides, spread = lesson["(np.mean(sides), np.std(sides) / 20)"]
    assert sides == approx(4 / 41, abs=4 * spread)
    fewer, missed = lesson["(np.mean(np.array(outside) < missed[0]), missed[0])"]
    rarer = []
    for _ in range(1000):
        data, new = pool[rng.integers(len(pool), size=40)], pool[rng.integers(len(pool), size=100)]
        low, high = data.min(axis=0), data.max(axis=0)
        rarer.append(((new < low) | (new > high)).any(axis=1).mean() < missed)
    assert fewer == approx(np.mean(rarer), abs=by_lot(np.mean(rarer), 400) + by_lot(np.mean(rarer), 1000))


@pytest.mark.parametrize("margin", [0, 1, 2, 4])
def test_the_price_of_a_margin(lesson, x, mle, margin):
    south, west, north, east = mle
    wide = (max(south - margin, -90), max(west - margin, -180), min(north + margin, 90), min(east + margin, 180))
    cost, missed = lesson[f"(cost[{margin}], missed[{margin}])"]
    assert cost == approx(log_density(x, mle).sum() - log_density(x, wide).sum())
    share = 1 - land_share(by_area, wide) / land_share(by_area)
    assert missed == approx(share, abs=by_lot(share, 50_000))
    assert lesson[f"score[{margin}]"] == -np.inf


def test_a_margin_to_the_edges_of_the_map(lesson, x, mle):
    """The whole map is a box of 180 × 360 square degrees, for the forty and for every new point."""
    south, west, north, east = mle
    cost = 40 * np.log(180 * 360 / ((north - south) * (east - west)))
    assert lesson["(cost[180], missed[180], score[180])"] == approx((cost, 0, -np.log(180 * 360)))


def test_a_share_for_the_whole_map(lesson, x, mle):
    """New points lie in the box or beyond it, each with a density of its own."""
    inside, beyond = (
        np.log(0.99 * np.exp(log_density([place], mle)[0]) + 0.01 / (180 * 360)) for place in [x[0], (90, 180)]
    )
    share = 1 - land_share(by_area, mle) / land_share(by_area)
    cost, score = lesson["(cost['share'], score['share'])"]
    assert cost == approx(log_density(x, mle).sum() - 40 * inside)
    assert score == approx((1 - share) * inside + share * beyond, abs=(inside - beyond) * by_lot(share, 50_000))


def test_the_coin(lesson, x):
    north = sum(latitude > 0 for latitude, _ in x)
    assert lesson["(k, N)"] == (north, 40)
    assert lesson["(grid[ell(grid).argmax()], slope)"] == approx((north / 40, 0), abs=1e-4)


def test_count_and_divide(lesson, counts, x):
    np.testing.assert_allclose(lesson["table"], counts / 40)
    narrow = np.histogram(x[:, 0], np.arange(-90, 91, 10))[0]
    np.testing.assert_array_equal(lesson["narrow"], narrow)
    for name, n in [("3 belts", counts), ("18 belts", narrow)]:
        others = np.random.default_rng(3).dirichlet(n + 0.5, size=100_000)  # those of the lesson
        lead = 40 * min(entropy(n / 40, table) for table in others[np.argsort(-(xlogy(n, others).sum(axis=1)))[:3]])
        assert lesson[f"lead['{name}']"] == approx(lead, rel=1e-6) and lead > 0


def test_bits(lesson, counts):
    """Huffman's own lengths, and the divergence as what a wrong code costs."""
    for name, q in [("short word for temperate", [0.25, 0.5, 0.25]), ("short word for tropics", [0.5, 0.25, 0.25])]:
        length, observed, extra = lesson[f"(len(message['{name}']), bits_H, bits_kl['{name}'])"]
        assert length == sum(n * round(-np.log2(p)) for n, p in zip(counts, q))
        assert observed == approx(entropy(counts / 40, base=2))
        assert extra == approx(entropy(counts / 40, q, base=2)) == length / 40 - observed
        words = lesson[f"codes['{name}']"]
        assert not any(a != b and b.startswith(a) for a in words for b in words)
        message, read = lesson[f"message['{name}']"], []
        while message:  # one word begins what is left
            (word,) = filter(message.startswith, words)
            read.append(words.index(word))
            message = message.removeprefix(word)
        np.testing.assert_array_equal(np.bincount(read, minlength=3), counts)


def test_the_divergence_of_four_tables(lesson, counts):
    models, ells, kls, observed, on_new = lesson["(models, ells, kls, entropy, on_new)"]
    edges = [(0, 23.4), (23.4, 66.6), (66.6, 90)]
    land = np.array([
        land_share(by_area, (a, -180, b, 180)) + land_share(by_area, (-b, -180, -a, 180)) for a, b in edges
    ]) / land_share(by_area)  # fmt: skip
    for counted, share in zip(models["the truth"], land):
        assert counted == approx(share, abs=by_lot(share, 50_000))
    assert observed == approx(entropy(counts / 40))
    for name, table in models.items():
        assert sum(table) == approx(1)
        assert ells[name] == approx(sum(n * np.log(p) for n, p in zip(counts, table)))
        assert kls[name] == approx(entropy(counts / 40, table), abs=1e-9)
        assert kls[name] == approx(-observed - ells[name] / 40, abs=1e-9)
        assert on_new[name] == approx(land @ np.log(table), abs=4 * np.log(table).std() / np.sqrt(50_000) + 1e-9)
    assert ells["the MLE"] == max(ells.values()) and on_new["the truth"] == max(on_new.values())


@pytest.mark.parametrize("width", [60, 30, 10, 1, 0.1])
def test_the_divergence_by_cells(lesson, x, width):
    cells = Counter(((a + 90) // width, (b + 180) // width) for a, b in x)
    n_cells = 180 * 360 / width**2  # each of them whole
    assert lesson[f"divergence[{width}]"] == approx(np.log(n_cells) - entropy(list(cells.values())))
