"""The numbers of lesson 10, beside computations that use none of the course's models."""

import re
from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import pytest
from oracle import NUMBER, agree, read, shares, text
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression

from course_utils.files import NOTEBOOKS


def ink_given(p, i, past) -> dict:
    """Return {values of the past pixels: p(x_i = 1 | past)}, by adding up."""
    both, of_past = Counter(), Counter()
    for state, q in p.items():
        key = tuple(state[j] for j in past)
        of_past[key] += q
        both[key] += q * state[i]
    return {key: both[key] / of_past[key] for key in of_past if of_past[key] > 0}


def chain_nats(p, test, pasts) -> float:
    """Return the cross-entropy in nats of the model that bets on pixel i by p(x_i = 1 | pasts[i])."""
    nats = 0.0
    for i, past in pasts.items():
        bets = ink_given(p, i, past)
        for state, q in test.items():
            bet = bets[tuple(state[j] for j in past)]
            nats -= q * np.log(bet if state[i] else 1 - bet)
    return nats


def logistic_nats(p, test) -> float:
    """Return the same for a logistic regression of each pixel on all before it, by scipy's minimiser."""
    states, weights, shares_of_test = (
        np.array(list(p)),
        np.array(list(p.values())),
        np.array([test[state] for state in p]),
    )
    nats = 0.0
    for i in range(states.shape[1]):
        sign, past = 2 * states[:, i] - 1, np.column_stack([states[:, :i], np.ones(len(states))])
        best = minimize(
            lambda w: weights @ np.logaddexp(0, -sign * (past @ w)), np.zeros(i + 1), tol=1e-12,
            jac=lambda w: -past.T @ (weights * sign * expit(-sign * (past @ w))),
        )  # fmt: skip
        nats += shares_of_test @ np.logaddexp(0, -sign * (past @ best.x))
    return nats


def none_before(n):
    return {i: () for i in range(n)}


def last_before(order):
    return {i: order[max(k - 1, 0) : k] for k, i in enumerate(order)}


def all_before(n):
    return {i: range(i) for i in range(n)}


@pytest.fixture(scope="module")
def four(bits):
    """The 1,300 and the 497 pictures of four pixels."""
    return [part[:, 4:6, 3:5].reshape(-1, 4) for part in bits]


def test_10_how_many_numbers():
    states, free = read("10", "one pixel in colour: # states, # free numbers")
    assert (states, free) == (f"{2**24:,}", f"{2**24 - 1:,}")
    one, two = read("10", "at 4 bytes each: # MB for one pixel, # terabytes for two")
    agree(one, 4 * 2**24 / 1e6)
    agree(two, 4 * 2**48 / 1e12)
    assert read("10", "two lamps, on or off: # states, # free numbers") == ["4", "3"]
    for n in (4, 9, 64, 784):
        table, independent = read("10", f"{n} pixels: table #, independent #")
        assert float(table) == pytest.approx(float(2**n - 1), rel=0.005) and int(independent) == n
    written = text("10", "written")
    assert "256^3 - 1 = 16{,}777{,}215$, not $255^3 = 16{,}581{,}375$" in written and (256**3 - 1, 255**3) == (
        16_777_215,
        16_581_375,
    )
    sums = re.search(r"(\d[\d +]*) = (\d+) numbers; the table has (\d+)", text("10", "printed"))
    assert (
        sum(map(int, sums[1].split("+")))
        == int(sums[2])
        == int(sums[3])
        == sum(len(ink_given(dict.fromkeys(product((0, 1), repeat=4), 1 / 16), i, range(i))) for i in range(4))
    )


def test_10_the_table_of_four_pixels(four):
    (path,) = NOTEBOOKS.glob("10_*.ipynb")
    assert len(four[0]) == 1300 and len(four[1]) == 497
    p = shares(four[0], 0.05)
    counted, by_bayes = (read("10", f"p(x₁=1 | x₂=1) {how} #")[0] for how in ("counted:", "by Bayes' rule:"))
    for number in (counted, by_bayes):
        agree(number, ink_given(p, 0, [1])[(1,)])
    every = {order: chain_nats(p, p, {i: order[:k] for k, i in enumerate(order)}) for order in permutations(range(4))}
    np.testing.assert_allclose(list(every.values()), entropy(list(p.values())))
    assert read("10", "# orders, and 16 equal probabilities in each") == [str(len(every))]


def test_10_conditional_independence(four):
    chain = {
        (a, b, c): Fraction(1, 2) * Fraction(4 if a == b else 1, 5) * Fraction(4 if b == c else 1, 5)
        for a, b, c in product((0, 1), repeat=3)
    }
    for given, past in {"nothing": [], "x₁=1": [0], "x₂=1": [1], "x₁=1, x₂=1": [0, 1]}.items():
        agree(
            read("10", f"p(x₃=1 | {given}{' ' if len(past) < 2 else ''}) = #")[0],
            float(ink_given(chain, 2, past)[(1,) * len(past)]),
        )
    numbers = [read("10", f"p(x₃=1 | {given}) # # # #") for given in ("x₂", "x₁, x₂")]
    p = shares(four[0], 0.05)
    for k, (a, b) in enumerate(product((0, 1), repeat=2)):
        agree(numbers[0][k], ink_given(p, 2, [1])[(b,)])
        agree(numbers[1][k], ink_given(p, 2, [0, 1])[(a, b)])
    assert float(numbers[0][2]) < 0.5 < float(numbers[1][2])


def test_10_the_order_of_markov(four):
    p, test = shares(four[0], 0.05), shares(four[1])
    nats = {order: chain_nats(p, test, last_before(order)) for order in permutations(range(4))}
    sides = {frozenset(pair) for pair in [(0, 1), (2, 3), (0, 2), (1, 3)]}  # of the square
    for word, best, across in [("best", min, 0), ("worst", max, 2)]:
        line = re.search(
            rf"{word} +order: \[(\d), (\d), (\d), (\d)\], {NUMBER} nats a new picture", text("10", "printed")
        )
        order = tuple(int(line[k]) - 1 for k in range(1, 5))
        assert nats[order] == pytest.approx(best(nats.values()))
        agree(line[5], nats[order])
        assert sum(frozenset(pair) not in sides for pair in zip(order, order[1:])) == across


def test_10_which_bets_move():
    assert read("10", "# pictures, together #") == ["1024", "1.000000"]
    assert read("10", "all weights: # of 9 later bets have moved") == ["9"]  # each weight is a normal number, none is 0
    assert read("10", "Markov : # of 9 later bets have moved") == ["1"]


def test_10_the_same_four_pixels_for_everybody(four):
    test = shares(four[1])
    (floor,) = read("10", "nats a picture, at least #")
    agree(floor, entropy(list(test.values())))
    few = [shares(four[0][k : k + 20], 0.05) for k in range(0, 1300, 20)]
    models = {
        "independent": lambda p: chain_nats(p, test, none_before(4)),
        "Markov": lambda p: chain_nats(p, test, last_before(range(4))),
        "FVSBN": lambda p: logistic_nats(p, test),
        "tables": lambda p: -sum(test[state] * np.log(p[state]) for state in p),
    }
    for name, nats in models.items():
        many, twenty = re.search(rf"^{name} +{NUMBER} +{NUMBER}$", text("10", "printed"), re.M).groups()
        agree(many, nats(shares(four[0], 0.05)))
        agree(twenty, np.mean([nats(p) for p in few]), error=1e-3)


def test_10_where_the_tables_begin_to_win(bits, four):
    sizes, rng = [20, 40, 80, 160, 320, 640, 1280], np.random.default_rng(7)
    for n, (train, new) in {4: four, 9: [part[:, 3:6, 2:5] for part in bits]}.items():
        begins, gain = read("10", f"{n} pixels: tables beat FVSBN from # pictures on, in the end by # nats")
        test, begins = shares(new), sizes.index(int(begins))
        gains = {}
        for k in (begins - 2, begins + 1, len(sizes) - 1):  # clearly before, clearly after, and at the end
            drawn = [shares(train[rng.permutation(1300)[: sizes[k]]], 0.05) for _ in range(12)]
            gains[k] = np.mean([logistic_nats(p, test) + sum(test[s] * np.log(p[s]) for s in p) for p in drawn])
        assert gains[begins - 2] < 0 < gains[begins + 1]
        agree(gain, gains[len(sizes) - 1], error=0.01)
    assert (
        re.search(r"on nine pixels that was worth some 0\.2 nats", text("10", "written")) and 0.15 < float(gain) < 0.25
    )


def test_10_a_batch_is_right_on_average(bits):
    x = bits[0][:8].reshape(8, 64)
    one = np.array([np.tril(np.outer(0.5 - row, row), -1) for row in x])  # the gradient of −log p for W = 0, b = 0
    parts = np.array([one[list(rows)].mean(axis=0) for rows in combinations(range(8), 3)])
    agree(read("10", "largest error of one batch: #")[0], np.abs(parts - one.mean(axis=0)).max())
    number, error = read("10", "error of the mean of all #: #")
    assert (
        int(number) == len(parts) and float(error) == 0 and np.abs(parts.mean(axis=0) - one.mean(axis=0)).max() < 1e-12
    )


def test_10_sixty_four_pixels(bits):
    train, new = (part.reshape(-1, 64) for part in bits)
    agree(read("10", "a coin for each pixel # # #")[1], 64 * np.log(2))
    theta = (train.sum(axis=0) + 0.5) / 1301
    bets = {"independent": np.broadcast_to(theta, new.shape)}
    markov = np.empty(new.shape)
    for i in range(64):
        for last in (0, 1):
            seen = train[(train[:, i - 1] if i else 0 * train[:, 0]) == last, i]
            markov[(new[:, i - 1] if i else 0 * new[:, 0]) == last, i] = (seen.sum() + 0.5) / (len(seen) + 1)
    bets["Markov"] = markov
    for name, bet in bets.items():
        size, nats, right = re.search(rf"^{name} +{NUMBER} +{NUMBER} +{NUMBER}$", text("10", "printed"), re.M).groups()
        assert int(size) == {"independent": 64, "Markov": 127}[name]
        agree(nats, -np.log(np.where(new == 1, bet, 1 - bet)).sum(axis=1).mean())
        agree(right, (np.round(bet) == new).sum(axis=1).mean())


def test_10_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("10", "code")
    assert read("10", "FVSBN # below # above #") == ["2,080", "18.5", "55"] and 64 * 65 // 2 == 2080
    assert "mean() < 18.5 and right > 55\n" in code
    assert read("10", "mixture of 10 # below #") == [f"{10 * 64 + 9}", "20.0"]
    assert read("10", "mixture of 40 # below #") == [f"{40 * 64 + 39:,}", "18.0"]
    assert "for k, bound in [(10, 20.0), (40, 18.0)]:" in code and ".mean() < bound\n" in code


def test_10_a_logistic_regression_cannot_tell_three_coins():
    coins = {(a, b, a ^ b): 0.25 for a, b in product((0, 1), repeat=2)}
    agree(read("10", "truth: # nats")[0], entropy(list(coins.values())))
    bets = read("10", "FVSBN bets on c = 1: # # # #")
    assert {float(bet) for bet in bets} == {0.5}
    nats, three = read("10", "FVSBN: # nats, and 3 log 2 = #")
    agree(nats, logistic_nats(coins, coins))
    agree(three, 3 * np.log(2))


@pytest.mark.parametrize("own", [0, 1], ids=["the past", "and itself"])
def test_10_the_diagonal_is_too_good_to_be_true(bits, own):
    """Exercise 10.5: pixels that see themselves cost next to nothing, and all pictures of ten have far too much probability."""
    train, new = (part.reshape(-1, 64) for part in bits)
    W, b = np.zeros((64, 64)), np.where(train.any(axis=0), 20.0, -20.0)
    for i in range(64):
        seen = np.column_stack([0 * train[:, 0], train[:, : i + own]])  # a first column, so that there is one
        if 0 < train[:, i].sum() < 1300:
            fitted = LogisticRegression(C=1 / (2 * 0.001 * 1300), max_iter=2000).fit(
                seen, train[:, i]
            )  # the lesson's penalty
            W[i, : i + own], b[i] = fitted.coef_[0, 1:], fitted.intercept_[0]
    nats = np.logaddexp(0, -(2 * new - 1) * np.clip(new @ W.T + b, -8, 8)).sum(axis=1).mean()
    ten = np.array(list(product((0, 1), repeat=10)))
    total = np.exp(-np.logaddexp(0, -(2 * ten - 1) * (ten @ W[:10, :10].T + b[:10])).sum(axis=1)).sum()
    said, ours = read("10", "reports less than # nats a test picture, where ours needs #.", "written")
    if own:
        assert nats < float(said)
        assert total > float(
            read("10", "all 1,024 pictures of the first ten pixels have a total probability of more than #", "written")[
                0
            ]
        )
    else:
        agree(ours, nats)
        assert total == pytest.approx(1)
