"""The numbers of lesson 06, beside computations that use none of the course's models."""

from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from oracle import SIZES, D, by_lot, log_prob_of, price
from pytest import approx
from scipy.special import logsumexp
from scipy.stats import entropy


@pytest.fixture(scope="module")
def marginals(planet):
    """p_data of each pixel's colour, (1024, 256)."""
    return np.array([np.bincount(column, weights=planet["p"], minlength=256) for column in planet["pixels"].T])


@pytest.fixture(scope="module")
def total(marginals):
    """The sum of the pixels' entropies."""
    return entropy(marginals, axis=1).sum()


def test_the_pictures(lesson, planet):
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(lesson[f"{name}.pixels"], planet["pixels"][planet[name]])
    assert lesson["train.palette.shape"] == (256, 3)


def test_p_data_and_its_entropy(lesson, planet, people):
    p = planet["p"]
    assert len(np.unique(planet["pixels"], axis=0)) == len(p) == 3552 and p.sum() == approx(1)
    np.testing.assert_array_equal(lesson["p_data.pixels"], planet["pixels"])
    np.testing.assert_allclose(lesson["p"], p)
    assert lesson["(H, -np.sum(p * np.log(p)))"] == approx((entropy(p), entropy(p)))
    worn = [Counter(person[name] for person in people) for name in SIZES]
    tables = [np.array([*n.values(), *[0] * (size - len(n))]) + 1 for n, size in zip(worn, SIZES.values())]
    assert lesson["n_styles"] == D
    assert lesson["of_styles"] == approx(entropy([prod(style) for style in product(*tables)]))  # the long way round


def test_the_two_rules(lesson, planet):
    p, train = planet["p"], planet["train"]
    scored, scoreboard = lesson["(scored, scoreboard)"]
    fresh, copies, noise = scored.values()
    assert (noise.rule1, noise.rule2, noise.coverage) == (0, 0, 0)
    assert (copies.rule1, copies.rule2, copies.coverage) == (1, 0, approx(p[np.unique(train[:1000])].sum()))
    new = 1 - p[np.unique(train)].sum()
    rng = np.random.default_rng(0)
    met = [p[np.unique(rng.choice(3552, size=1000, p=p))].sum() for _ in range(100)]
    assert np.mean(met) == approx((p * (1 - (1 - p) ** 1000)).sum(), abs=0.005)
    assert fresh.coverage == approx(np.mean(met), abs=4 * np.std(met))
    again, noise = scoreboard.values()
    for scores in (fresh, again):
        assert (scores.rule1, scores.rule2) == (1, approx(new, abs=by_lot(new, 1000)))
    assert (noise.rule1, noise.rule2) == (0, 0)


def test_two_neighbours_on_the_shirt(lesson, planet, marginals):
    left, right = 32 * 29 + 15, 32 * 29 + 16
    pairs = np.bincount(256 * planet["pixels"][:, left].astype(int) + planet["pixels"][:, right], weights=planet["p"])
    assert lesson["single"] == approx(entropy(marginals[right]))
    assert lesson["given_left"] == approx(entropy(pairs) - entropy(marginals[left]), abs=1e-9)


def test_lost_in_space(lesson, planet, counted):
    assert lesson["digits"] == 2467 and 256**1024 // 10**2466 in range(1, 10)
    seen = (counted > 0).sum(axis=1).tolist()
    assert lesson["possible"] == approx(np.log10(seen).sum()) and len(str(prod(seen))) == 646
    assert lesson["int(-log_share)"] == len(str(256**1024 // 3552)) - 1  # as 1/300 = 0.003
    assert lesson["log_share"] == approx(np.log10(3552) - 8192 * np.log10(2))
    assert lesson["log_any"] == approx(logsumexp(log_prob_of(counted, 0.001, planet["pixels"])))


def test_the_price_of_independence(lesson, planet, marginals, total):
    assert lesson["sum_of_entropies"] == approx(total)
    by_face = -planet["p"] @ np.log(marginals[np.arange(1024), planet["pixels"]]).sum(axis=1)
    assert lesson["(exact, by_face, H + kl)"] == approx((by_face, by_face, by_face)) and by_face == approx(total)


@pytest.mark.parametrize("alpha", [0, 0.0001, 0.001, 0.01, 0.1, 1])
def test_the_price_of_estimation(lesson, planet, counted, marginals, alpha):
    assert lesson[f"price[{alpha}]"] == approx(price(planet, counted, alpha))
    expected = (marginals == 0).sum() * alpha / (2000 + 256 * alpha)
    assert lesson[f"impossible[{alpha}]"] == approx(expected, abs=4 * np.sqrt(expected / 200))


@pytest.mark.parametrize("alpha", [0, 0.0001, 0.001, 0.01, 0.1, 1])
def test_the_pseudo_count_is_chosen_without_p_data(lesson, planet, counted, alpha):
    validation = planet["pixels"][planet["validation"]]
    assert lesson[f"held_out[{alpha}]"] == approx(-log_prob_of(counted, alpha, validation).mean())
    assert lesson["chosen"] == 0.001 and lesson["held_out[chosen]"] <= lesson[f"held_out[{alpha}]"]


def test_dilution(lesson, planet, marginals, total):
    """What the pseudo-counts of α = 1 cost by the room that they take: the true marginals with one more count for each colour."""
    diluted = (2000 * marginals + 1) / 2256
    assert lesson["with_1"] == approx(-(marginals * np.log(diluted)).sum())
    assert lesson["diluted"] == approx(256 / 2256)
    assert lesson["with_1 - sum_of_entropies"] == approx(-(marginals * np.log(diluted)).sum() - total)
    assert lesson["(marginals == 0).sum() / (N + 256)"] == approx((marginals == 0).sum() / 2256)


def test_where_the_nats_live(lesson, planet, marginals, total):
    """Each pixel's own entropy, and what the left neighbour tells: the divergence of the pair from independence."""
    pixels, p = planet["pixels"], planet["p"]
    own = entropy(marginals, axis=1)
    np.testing.assert_allclose(lesson["H_k"], own, atol=1e-9)
    told = lesson["told"]
    assert (told >= -1e-9).all() and (told <= np.minimum(own, np.roll(own, 1)) + 1e-9).all()
    assert (told.reshape(32, 32)[:, 0] == 0).all() and own[::32].sum() == approx(0, abs=1e-9)
    for k in (32 * 29 + 16, 32 * 6 + 12, 32 * 13 + 9, 500):
        pairs = {}
        for colours, weight in zip(pixels[:, [k - 1, k]].tolist(), p):
            pairs[tuple(colours)] = pairs.get(tuple(colours), 0) + weight
        information = sum(w * np.log(w / (marginals[k - 1, a] * marginals[k, b])) for (a, b), w in pairs.items())
        assert told[k] == approx(information, abs=1e-9)
    faces, left_over = pixels.reshape(-1, 32, 32), (own - told).reshape(32, 32)
    other = np.einsum(
        "i,ijk->jk", p, faces[:, :, 1:] != faces[:, :, :-1]
    )  # how often the left neighbour has another colour
    sometimes = left_over[:, 1:][(other > 0.01) & (other < 0.99)].sum()
    assert lesson["at_edges"] == approx(sometimes / left_over.sum())
    assert lesson["row"] == 1 + own.reshape(32, 32).sum(axis=1).argmax()


def test_how_far_p_data_sees(lesson, planet, marginals):
    face = planet["pixels"][planet["test"][0]].reshape(32, 32)
    for radius in (0, 11, 12, 31):
        square = np.zeros((32, 32), dtype=bool)
        square[max(0, 29 - radius) : 30 + radius, max(0, 16 - radius) : 17 + radius] = True
        found = {True: 0.0, False: 0.0}
        for other, weight in zip(planet["pixels"].reshape(-1, 32, 32), planet["p"]):
            if (other == face)[~square].all():
                found[bool(other[29, 16] == face[29, 16])] += weight
        assert lesson[f"p_right[{radius}]"] == approx(found[True] / sum(found.values()))
    assert lesson["p_right[31]"] == approx(marginals[32 * 29 + 16, face[29, 16]])
    assert lesson["certain"] == 11


def test_the_price_of_three_coins(solution):
    coins = np.zeros((2, 2, 2))
    for a, b in product((0, 1), (0, 1)):
        coins[a, b, a ^ b] = 0.25
    assert solution("06.3")(coins) == approx(np.log(2))
    joint = np.array([[0.3, 0.1], [0.2, 0.4]])
    assert solution("06.3")(joint) == approx(entropy(joint.ravel(), np.outer([0.4, 0.6], [0.5, 0.5]).ravel()))


def test_the_best_pseudo_count(lesson, planet, counted, total):
    assert lesson["min(price, key=price.get)"] == 0.001
    assert lesson["best"] == approx(price(planet, counted, 0.001))
    assert lesson["[nats for _, nats, _ in parts]"] == approx(
        [entropy(planet["p"]), total - entropy(planet["p"]), price(planet, counted, 0.001) - total]
    )
    assert lesson["zero"] == np.isinf(log_prob_of(counted, 0, planet["pixels"][planet["test"]])).sum()
