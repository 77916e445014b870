"""The numbers of lesson 10, beside computations that use none of the course's models."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest
from oracle import price, shares
from pytest import approx
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression

from course_utils.exercises.lesson_10 import STAYS


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
    independent, markov, formula, table = lesson[f"[numbers(name, {n}) for name in parents]"]
    p, order = dict.fromkeys(product((0, 1), repeat=n), 0.5**n), range(n)
    pasts = [{i: range(i) for i in order}, last_before(order), {i: () for i in order}]
    counted = [sum(len(ink_given(p, i, past)) for i, past in each.items()) for each in pasts]
    assert [table, markov, independent] == counted and formula == sum(i + 1 for i in order)


def test_the_table_of_four_pixels(lesson, four):
    p = shares(four[0], 0.05)
    assert lesson["p"] == approx(np.array(list(p.values())))


def test_conditional_independence(lesson, four):
    chain = {
        (a, b, c): Fraction(1, 2) * Fraction(4 if a == b else 1, 5) * Fraction(4 if b == c else 1, 5)
        for a, b, c in product((0, 1), repeat=3)
    }
    for past in ([], [0], [1], [0, 1]):
        bet = float(ink_given(chain, 2, past)[(1,) * len(past)])
        assert lesson[f"counted(C[:, {past}], C[:, 2], chain)[-2]"] == approx(bet)
    assert float(ink_given(chain, 2, [1])[(1,)]) == STAYS  # of which the feedback of exercise 10.3 speaks
    by_last, by_both = (ink_given(shares(four[0], 0.05), 2, past) for past in ([1], [0, 1]))
    pasts = list(product((0, 1), repeat=2))
    bets = [[by_last[(b,)] for _, b in pasts], [by_both[past] for past in pasts]]
    np.testing.assert_allclose(lesson["[*on_digits.values()]"], bets)


def test_the_order_of_markov(lesson, four):
    p, test = shares(four[0], 0.05), shares(four[1])
    nats = {order: chain_nats(p, test, last_before(order)) for order in permutations(range(4))}
    assert lesson["nats"] == approx(nats)
    sides = {frozenset(pair) for pair in [(0, 1), (2, 3), (0, 2), (1, 3)]}  # of the square
    crossed = {order: sum(frozenset(pair) not in sides for pair in pairwise(order)) for order in nats}
    assert lesson["crossed"] == crossed
    assert max(nats[order] for order in nats if crossed[order] == 0) < min(
        nats[order] for order in nats if crossed[order] == 2
    )


def test_which_bets_move(lesson):
    assert lesson["np.exp(log_p).sum()"] == approx(1)
    every, markov = lesson["[*moved.values()]"]  # no weight is 0
    assert every.tolist() == [[False] + 9 * [True]] and markov.tolist() == [[False, True] + 8 * [False]]


ALPHAS = (0.03, 0.1, 0.3, 1)
MODELS = {
    "independent": lambda p, test: chain_nats(p, test, {i: () for i in range(4)}),
    "Markov": lambda p, test: chain_nats(p, test, last_before(range(4))),
    "FVSBN": logistic_nats,
    "tables": table_nats,
}


def tuned_nats(nats, samples, chooses, test) -> float:
    """Return the mean nats for `test` with the pseudo-count that costs `chooses` least, the same for all samples."""
    tables = {alpha: [shares(some, alpha) for some in samples] for alpha in ALPHAS}
    alpha = min(ALPHAS, key=lambda alpha: sum(nats(p, chooses) for p in tables[alpha]))
    return np.mean([nats(p, test) for p in tables[alpha]])


def test_the_same_four_pixels_for_everybody(lesson, four):
    chooses, test = shares(four[0][1000:]), shares(four[1])
    assert lesson["-test[test > 0] @ np.log(test[test > 0])"] == approx(entropy(list(test.values())))
    twenties = [four[0][k : k + 20] for k in range(0, 1000, 20)]
    size = {"independent": 4, "Markov": 7, "FVSBN": 10, "tables": 15}
    for name, nats in MODELS.items():
        many, twenty, price_of_one = lesson[f"scores[{name!r}]"]
        some = twenties if name != "FVSBN" else twenties[::5]  # scipy takes its time
        assert many == approx(tuned_nats(nats, [four[0][:1000]], chooses, test), abs=1e-5)
        assert twenty == approx(tuned_nats(nats, some, chooses, test), abs=1e-3 if some is twenties else 0.06)
        assert price_of_one == approx((twenty - many) / size[name])


@pytest.mark.parametrize("n", [4, 9])
def test_where_the_tables_begin_to_win(lesson, bits, four, n):
    train, new = four if n == 4 else [part[:, 3:6, 2:5].reshape(-1, 9) for part in bits]
    sizes, gain = lesson[f"(sizes, gain[{n}])"]
    chooses, test, begins, rng = shares(train[1000:]), shares(new), int(np.argmax(gain > 0)), np.random.default_rng(7)

    def by_scipy(k):
        drawn = [train[rng.permutation(1000)[: sizes[k]]] for _ in range(4 if n == 4 else 2)]
        return np.subtract(*[tuned_nats(nats, drawn, chooses, test) for nats in (logistic_nats, table_nats)])

    assert by_scipy(begins + 1) > 0 and (n == 4 or by_scipy(begins - 2) < 0)  # clearly after, clearly before
    assert gain[-1] == approx(by_scipy(len(sizes) - 1), abs=0.015)


def test_a_chain_over_the_pixels_of_a_face(lesson, planet, counted):
    """The chain rule with one pixel of past: H(x_1) + Σ H(x_i, x_{i−1}) − H(x_{i−1}), if all of p_data is known."""
    x, p = planet["pixels"].astype(int), planet["p"]
    alone = [entropy(np.bincount(column, p)) for column in x.T]
    both = [entropy(found[found > 0]) for a, b in pairwise(x.T) for found in [np.bincount(256 * a + b, p)]]
    nats = lesson["nats_of"]
    assert nats["Markov that knows p_data"] == approx(alone[0] + sum(both) - sum(alone[:-1]))
    assert nats["Naive Bayes"] == approx(price(planet, counted, 0.001)) and round(nats["mixture of 60"]) == 286

    train, alpha = x[planet["train"]], lesson["alpha"]

    # how often the portraits have each pixel of a face, each pixel and its last, and the last alone
    first = np.bincount(train[:, 0], minlength=256)[x[:, 0]]
    after = [
        np.bincount(256 * known + next_to_it, minlength=256**2)[256 * a + b]
        for (a, b), (known, next_to_it) in zip(pairwise(x.T), pairwise(train.T))
    ]
    before = [np.bincount(known, minlength=256)[a] for a, known in zip(x.T[:-1], train.T)]
    seen, of = np.column_stack([first, *after]), np.column_stack([np.full(len(x), 2000), *before])

    def cost(alpha, faces=slice(None)):  # −log p of each pixel
        return np.log((of[faces] + 256 * alpha) / (seen[faces] + alpha))

    ours = cost(alpha)
    assert nats["Markov"] == approx(p @ ours.sum(axis=1))
    repeated = np.column_stack([x[:, 0] < 0, x[:, 1:] == x[:, :-1]])
    assert lesson["p_faces @ same.sum(axis=1)"] == approx(p @ repeated.sum(axis=1))
    assert lesson["split['Markov']"] == approx((p @ (ours * repeated).sum(axis=1), p @ (ours * ~repeated).sum(axis=1)))
    some = np.random.default_rng(0).choice(len(x), 20, p=p).tolist()  # faces by lot
    weights, theta = lesson[f"(sixty.weights, log_looks[np.arange(1024), faces[{some}].astype(int)])"]
    # of the mixture: log p(x_1, …, x_i), all i at once
    bets = np.diff(logsumexp(np.log(weights) + theta.cumsum(axis=1), axis=2), prepend=0)
    np.testing.assert_allclose(lesson[f"log_mixture(faces[{some}])"], bets, atol=1e-9)
    both = lesson["split['mixture of 60']"]
    assert sum(both) == approx(nats["mixture of 60"])
    repeats = -(bets * repeated[some]).sum(axis=1)
    assert both[0] == approx(repeats.mean(), abs=4 * repeats.std() / np.sqrt(20))
    scores = {each: cost(each, planet["validation"]).sum(axis=1).mean() for each in lesson["alphas"]}
    assert lesson["alpha"] == min(scores, key=scores.get)


def test_faces_in_stripes(lesson, planet):
    drawn = lesson["drawn"]
    assert len(drawn["Markov"]) == 30 and lesson["rule1"] == 0
    for name, some in drawn.items():
        off = [min((face != planet["pixels"]).sum(axis=1)) for face in some]
        assert lesson[f"wrong[{name!r}]"] == approx(np.mean(off)) and (min(off) > 0) == (name != "real faces")
        left, above = [], []
        for face in some:
            rows = np.asarray(face).reshape(32, 32).tolist()
            left += [a == b for row in rows for a, b in pairwise(row)]
            above += [a == b for column in zip(*rows) for a, b in pairwise(column)]
        assert lesson[f"alike[{name!r}]"] == approx((np.mean(left), np.mean(above)))
    pairs = {pair for face in planet["pixels"][planet["train"]] for pair in enumerate(pairwise(face.tolist()))}
    known = [pair in pairs for face in drawn["Markov"] for pair in enumerate(pairwise(face.tolist()))]
    assert np.mean(known) > 0.99  # all but what the pseudo-counts lead to has been seen


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
