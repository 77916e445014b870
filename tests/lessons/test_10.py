"""The numbers of lesson 10, beside computations that use none of the course's models."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest
from oracle import shares
from pytest import approx
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression


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
    states, weights, of_test = np.array(list(p)), np.array(list(p.values())), np.array([test[state] for state in p])
    nats = 0.0
    for i in range(states.shape[1]):
        sign, past = 2 * states[:, i] - 1, np.column_stack([states[:, :i], np.ones(len(states))])
        best = minimize(
            lambda w: weights @ np.logaddexp(0, -sign * (past @ w)), np.zeros(i + 1), tol=1e-12,
            jac=lambda w: -past.T @ (weights * sign * expit(-sign * (past @ w))),
        )  # fmt: skip
        nats += of_test @ np.logaddexp(0, -sign * (past @ best.x))
    return nats


def table_nats(p, test) -> float:
    """Return the same for the table itself."""
    return -sum(q * np.log(p[state]) for state, q in test.items() if q)


def last_before(order):
    return {i: order[max(k - 1, 0) : k] for k, i in enumerate(order)}


@pytest.fixture(scope="module")
def four(bits):
    """The 1,300 and the 497 pictures of four pixels."""
    return [part[:, 4:6, 3:5].reshape(-1, 4) for part in bits]


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_how_many_numbers(lesson, n):
    """One for each different past; of FVSBN it is a weight for each pixel before, and a bias."""
    table, formula, markov, independent = lesson[f"[numbers[{n} - 1] for numbers in free.values()]"]
    p, order = dict.fromkeys(product((0, 1), repeat=n), 0.5**n), range(n)
    pasts = [{i: range(i) for i in order}, last_before(order), {i: () for i in order}]
    counted = [sum(len(ink_given(p, i, past)) for i, past in each.items()) for each in pasts]
    assert [table, markov, independent] == counted and formula == sum(i + 1 for i in order)


def test_the_table_of_four_pixels(lesson, four):
    p = shares(four[0], 0.05)
    assert lesson["p"] == approx(np.array(list(p.values())))
    assert lesson["(both / p2, both / p1 * p1 / p2)"] == approx((ink_given(p, 0, [1])[(1,)],) * 2)


def test_conditional_independence(lesson, four):
    chain = {
        (a, b, c): Fraction(1, 2) * Fraction(4 if a == b else 1, 5) * Fraction(4 if b == c else 1, 5)
        for a, b, c in product((0, 1), repeat=3)
    }
    for past in ([], [0], [1], [0, 1]):
        bet = float(ink_given(chain, 2, past)[(1,) * len(past)])
        assert lesson[f"counted(C[:, {past}], C[:, 2], chain)[-2]"] == approx(bet)
    by_last, by_both = (ink_given(shares(four[0], 0.05), 2, past) for past in ([1], [0, 1]))
    pasts = list(product((0, 1), repeat=2))
    bets = [[by_last[(b,)] for _, b in pasts], [by_both[past] for past in pasts]]
    np.testing.assert_allclose(lesson["[*on_digits.values()]"], bets)


def test_the_order_of_markov(lesson, four):
    p, test = shares(four[0], 0.05), shares(four[1])
    nats = {order: chain_nats(p, test, last_before(order)) for order in permutations(range(4))}
    assert lesson["nats"] == approx(nats)
    sides = {frozenset(pair) for pair in [(0, 1), (2, 3), (0, 2), (1, 3)]}  # of the square
    for best, across in (min, 0), (max, 2):
        assert sum(frozenset(pair) not in sides for pair in pairwise(best(nats, key=nats.get))) == across


def test_which_bets_move(lesson):
    assert lesson["np.exp(log_p).sum()"] == approx(1)
    every, markov = lesson["[*moved.values()]"]  # no weight is 0
    assert every.tolist() == [[False] + 9 * [True]] and markov.tolist() == [[False, True] + 8 * [False]]


def test_the_same_four_pixels_for_everybody(lesson, four):
    test = shares(four[1])
    assert lesson["floor"] == approx(entropy(list(test.values())))
    few = [shares(four[0][k : k + 20], 0.05) for k in range(0, 1300, 20)]
    models = {
        "independent": lambda p: chain_nats(p, test, {i: () for i in range(4)}),
        "Markov": lambda p: chain_nats(p, test, last_before(range(4))),
        "FVSBN": lambda p: logistic_nats(p, test),
        "tables": lambda p: table_nats(p, test),
    }
    scores = lesson["[*scores.values()]"]
    for (many, twenty), nats in zip(scores, models.values(), strict=True):
        assert many == approx(nats(shares(four[0], 0.05)), abs=1e-5)
        assert twenty == approx(np.mean([nats(p) for p in few]), abs=1e-3)


@pytest.mark.parametrize("n", [4, 9])
def test_where_the_tables_begin_to_win(lesson, bits, four, n):
    train, new = four if n == 4 else [part[:, 3:6, 2:5] for part in bits]
    sizes, gain = lesson[f"(sizes, gain[{n}])"]
    test, begins, rng = shares(new), int(np.argmax(gain > 0)), np.random.default_rng(7)

    def by_scipy(k):
        drawn = [shares(train[rng.permutation(1300)[: sizes[k]]], 0.05) for _ in range(12)]
        return np.mean([logistic_nats(p, test) - table_nats(p, test) for p in drawn])

    assert by_scipy(begins - 2) < 0 < by_scipy(begins + 1)  # clearly before, clearly after
    assert gain[-1] == approx(by_scipy(len(sizes) - 1), abs=0.015)


def test_a_batch_is_right_on_average(lesson, bits):
    x = bits[0][:8].reshape(8, 64)
    one = np.array([np.tril(np.outer(0.5 - row, row), -1) for row in x])  # the gradient of −log p for W = 0, b = 0
    parts = np.array([one[list(rows)].mean(axis=0) for rows in combinations(range(8), 3)])
    np.testing.assert_allclose(parts.mean(axis=0), one.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(lesson["full.numpy()"], one.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(lesson["parts.numpy()"], parts, atol=1e-12)


def test_sixty_four_pixels(lesson, bits):
    train, new = (part.reshape(-1, 64) for part in bits)
    before, last = (np.column_stack([0 * part[:, 0], part[:, :-1]]) for part in (train, new))
    bets = {"independent": np.broadcast_to((train.sum(axis=0) + 0.5) / 1301, new.shape), "markov": np.empty(new.shape)}
    for i, value in product(range(64), (0, 1)):
        seen = train[before[:, i] == value, i]
        bets["markov"][last[:, i] == value, i] = (seen.sum() + 0.5) / (len(seen) + 1)
    for name, bet in bets.items():
        np.testing.assert_allclose(lesson[f"{name}(x_test)"], bet)
        nats = -np.log(np.where(new == 1, bet, 1 - bet)).sum(axis=1).mean()
        assert lesson[f"-log_prob({name}(x_test), x_test).mean()"] == approx(nats)


def test_a_logistic_regression_cannot_tell_three_coins(lesson):
    coins = {state: 0.25 * (state[2] == state[0] ^ state[1]) for state in product((0, 1), repeat=3)}
    assert lesson["coins"].tolist() == list(coins.values())
    assert lesson["bets"] == approx([0.5] * 4)
    assert lesson["-coins @ fit('FVSBN', C, coins)"] == approx(logistic_nats(coins, coins))
    assert logistic_nats(coins, coins) == approx(3 * np.log(2))


@pytest.mark.parametrize("own", [0, 1], ids=["the past", "and itself"])
def test_the_diagonal_is_too_good_to_be_true(lesson, bits, own):
    """Exercise 10.5: pixels that see themselves cost next to nothing, and all pictures of ten have far too much probability."""
    train, new = (part.reshape(-1, 64) for part in bits)
    W, b = np.zeros((64, 64)), np.where(train.any(axis=0), 20.0, -20.0)
    for i in range(64):
        seen = np.column_stack([0 * train[:, 0], train[:, : i + own]])  # a first column, so that there is one
        if 0 < train[:, i].sum() < 1300:
            fitted = LogisticRegression(C=1 / (2 * 0.001 * 1300), max_iter=2000)  # the lesson's penalty
            fitted.fit(seen, train[:, i])
            W[i, : i + own], b[i] = fitted.coef_[0, 1:], fitted.intercept_[0]
    nats = np.logaddexp(0, -(2 * new - 1) * np.clip(new @ W.T + b, -8, 8)).sum(axis=1).mean()
    ten = np.array(list(product((0, 1), repeat=10)))
    total = np.exp(-np.logaddexp(0, -(2 * ten - 1) * (ten @ W[:10, :10].T + b[:10])).sum(axis=1)).sum()
    if own:
        assert nats < 2 and total > 40  # as the exercise says
    else:
        assert total == approx(1)
        ours, templates = lesson["(-log_prob(fvsbn(x_test), x_test).mean(), -mixture.log_prob(x_test).mean())"]
        assert ours == approx(nats, abs=0.5)
        assert (ours, templates) == approx((18.2, 17.8), abs=0.1)  # what lesson 11 quotes
