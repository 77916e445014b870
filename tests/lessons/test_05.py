"""The numbers of lesson 05, beside computations that use none of the course's models."""

from collections import Counter
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from oracle import BLUE, SIZES, WHITE, D, by_lot, share, smoothed_score, wearing
from pytest import approx
from sklearn.datasets import load_digits as digits_of_sklearn
from sklearn.metrics import mutual_info_score


@pytest.fixture(scope="module")
def p(lesson, people):
    """The probability of every style, a tuple, under Naive Bayes without pseudo-counts."""
    values = lesson["WRODL_VALUES"]
    shares = [{value: share(people, name, value) for value in values[name]} for name in SIZES]
    return {style: prod(map(dict.get, shares, style)) for style in product(*shares)}


def of(p, person) -> float:
    """Return the probability of a person, a dictionary."""
    return float(p[tuple(person[name] for name in SIZES)])


def naive_score(people, alpha) -> float:
    """Return Naive Bayes' leave-one-out log-likelihood of Wrodl."""
    counts = {name: Counter(person[name] for person in people) for name in SIZES}
    p = [
        [(counts[name][person[name]] - 1 + alpha) / (49 + alpha * size) for name, size in SIZES.items()]
        for person in people
    ]
    return np.log(p).sum() if np.min(p) > 0 else -np.inf


def test_the_chain_rule(lesson):
    assert lesson["(len(group), product)"] == approx((2, 2 / 50))
    tables = np.cumprod([1, *SIZES.values()])[:-1]
    chain = sum(int(n) * (size - 1) for n, size in zip(tables, SIZES.values()))
    assert lesson["free"] == chain == D - 1
    assert lesson["sum(sizes) - len(sizes)"] == sum(size - 1 for size in SIZES.values()) == 23


def test_three_coins(lesson):
    coins = [(a, b, a != b) for a in (0, 1) for b in (0, 1)]
    assert lesson["coins"].tolist() == [list(coin) for coin in coins]
    assert {sum(coin[i] and coin[j] for coin in coins) for i, j in combinations(range(3), 2)} == {
        1
    }  # of four: 1/2 · 1/2
    assert lesson["of_three"] == sum(all(coin) for coin in coins) == 0


def test_every_count_of_the_tables(lesson, people):
    rows = lesson["table.reset_index().values.tolist()"]
    assert Counter(feature for feature, *_ in rows) == SIZES and len({tuple(row[:2]) for row in rows}) == 28
    for feature, value, n, theta in rows:
        assert (n, theta) == (wearing(people, **{feature: value}), approx(n / 50)), (feature, value)
    assert sum(n for _, _, n, _ in rows) == 5 * 50


def test_white_and_blue(lesson, people, p):
    assert lesson["(white, blue)"] == (WHITE, BLUE)
    assert lesson["(p(white), p(blue))"] == approx((of(p, WHITE), of(p, BLUE)))
    assert lesson["seen"] == {"white": wearing(people, **WHITE), "blue": wearing(people, **BLUE)}
    assert wearing(people, hairColor="Red", clothingColor="Blue01") == 0


def test_all_styles(lesson, people, p):
    assert sum(p.values()) == 1
    styles = lesson["list(styles.itertuples(index=False, name=None))"]
    assert len(set(styles)) == len(p) == D
    np.testing.assert_allclose(lesson["probabilities"], [float(p[style]) for style in styles])
    assert sum(probability > 0 for probability in p.values()) == 3024
    most_likely = {name: Counter(person[name] for person in people).most_common(1)[0][0] for name in SIZES}
    assert lesson["tuple(most_likely)"] == tuple(most_likely.values()) == max(p, key=p.get)
    assert wearing(people, **most_likely) == 0


def test_new_styles(lesson, seen, p):
    new = 1 - float(sum(p[style] for style in seen))
    assert lesson["is_new(many).mean()"] == approx(new, abs=by_lot(new, 10_000))
    assert lesson["(many['topType'] == 'LongHairBun').sum()"] == 0
    assert lesson["bun.mean()"] == approx(1 / 57, abs=by_lot(1 / 57, 10_000))  # with α = 1


def test_the_fifty_first_person(lesson, people, seen):
    alphas = (0, 0.5, 1)
    assert lesson["of_table"] == approx({alpha: smoothed_score(seen, alpha) for alpha in alphas})
    assert lesson["of_naive"] == approx({alpha: naive_score(people, alpha) for alpha in alphas})
    best = max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    assert lesson["gain"] == approx((naive_score(people, 1) - best) / 50, abs=0.001)
    alone = [name for name in SIZES for n in Counter(person[name] for person in people).values() if n == 1]
    assert alone == ["topType"] * 2  # what a small pseudo-count is for


def test_mutual_information(lesson, people):
    columns = [[person[name] for person in people] for name in SIZES]

    def information(columns):
        return sum(mutual_info_score(a, b) for a, b in combinations(columns, 2))

    assert lesson["observed"] == approx(information(columns))
    rng = np.random.default_rng(0)
    chance = [information([rng.permutation(column) for column in columns]) for _ in range(100)]
    mean, spread = lesson["(np.mean(by_chance), np.std(by_chance))"]
    assert mean == approx(np.mean(chance), abs=4 * np.std(chance) * np.sqrt(1 / 100 + 1 / 300))
    assert spread == approx(np.std(chance), abs=4 * np.std(chance) * np.sqrt(1 / 200 + 1 / 600))


def test_two_pixels(lesson):
    digits = digits_of_sklearn()
    a, b = digits.images[:, 2, 3], digits.images[:, 3, 2]
    assert lesson["np.corrcoef(a, b)[0, 1]"] == approx(np.corrcoef(a, b)[0, 1])
    assert lesson["within"] == approx(
        [np.corrcoef(a[digits.target == y], b[digits.target == y])[0, 1] for y in range(10)]
    )
