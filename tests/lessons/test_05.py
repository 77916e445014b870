"""The numbers of lesson 05, beside computations that use none of the course's models."""

from collections import Counter
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from oracle import BLUE, SIZES, WHITE, D, by_lot, share, smoothed_score, wearing
from pytest import approx
from scipy.stats import chi2_contingency, entropy
from sklearn.datasets import load_digits as digits_of_sklearn

from course_utils.datasets import WRODL_VALUES


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
    for feature, price in lesson["price"].items():  # of the dearest possible change
        others = [most_likely | {feature: value} for value in lesson["WRODL_VALUES"][feature]]
        assert price == approx(of(p, most_likely) / min(of(p, other) for other in others if of(p, other)))


def test_new_styles(lesson, seen, p):
    new = 1 - float(sum(p[style] for style in seen))
    assert lesson["is_new(many).mean()"] == approx(new, abs=by_lot(new, 10_000))
    assert lesson["(many['topType'] == 'LongHairBun').sum()"] == 0
    assert lesson["bun.mean()"] == approx(1 / 57, abs=by_lot(1 / 57, 10_000))  # with α = 1


def test_the_fifty_first_person(lesson, people, seen):
    alphas = (0, 0.5, 1)
    for name, scores in (
        ("of_table", {alpha: smoothed_score(seen, alpha) for alpha in alphas}),
        ("of_naive", {alpha: naive_score(people, alpha) for alpha in alphas}),
    ):
        assert lesson[f"{{alpha: scores.sum() for alpha, scores in {name}.items()}}"] == approx(scores)
    best = max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    assert lesson["gain"] == approx((naive_score(people, 1) - best) / 50, abs=0.001)
    alone = [name for name in SIZES for n in Counter(person[name] for person in people).values() if n == 1]
    assert alone == ["topType"] * 2  # what a small pseudo-count is for


def test_who_gains(lesson, people, seen):
    """The score of each person under Naive Bayes with α = 1, less that of the table with α = 1/2."""
    counts = {name: Counter(person[name] for person in people) for name in SIZES}
    gains = []
    for person in people:
        naive = sum(np.log(counts[name][person[name]] / (49 + size)) for name, size in SIZES.items())
        gains.append(naive - np.log((seen[tuple(person.values())] - 0.5) / (49 + D / 2)))
    assert lesson["(gain, worse)"] == approx((np.mean(gains), np.mean(np.array(gains) < 0)))


def test_where_the_seen_styles_stand(lesson, seen, p):
    """Ties are shared by several styles, so a place is known between two bounds."""
    at = dict(zip(lesson["[tuple(style) for style in people.index]"], lesson["seen_at"].tolist()))
    assert at.keys() == seen.keys()
    values = np.sort([float(probability) for probability in p.values()])[::-1]
    for style, place in at.items():
        mine = float(p[style])
        assert np.sum(values > mine * (1 + 1e-9)) < place <= np.sum(values >= mine * (1 - 1e-9))


@pytest.fixture(scope="module")
def hair(people):
    """Shares of Tandem's 7 hairstyles and 6 hair colours: Wrodl's counts plus one, over 57 and 56."""
    counts = [Counter(person[name] for person in people) for name in ("topType", "hairColor")]
    return [np.array([n[value] + 1 for value in WRODL_VALUES[name]]) / (50 + size)
            for n, name, size in zip(counts, ("topType", "hairColor"), (7, 6))]  # fmt: skip


def tandem(hair, dial):
    """Return p_data of the 42 kinds of hair: the length of the throws that give both, by intervals."""
    ends = [np.concatenate([[0], np.cumsum(p)]) for p in hair]
    together = [
        [max(0, min(b, d) - max(a, c)) for c, d in zip(ends[1][:-1], ends[1][1:])]
        for a, b in zip(ends[0][:-1], ends[0][1:])
    ]
    return (1 - dial) * np.outer(*hair) + dial * np.array(together)


@pytest.mark.parametrize("dial", [0, 0.2, 0.4, 1])
def test_the_planet_with_a_dial(lesson, hair, dial):
    p = tandem(hair, dial)
    np.testing.assert_allclose(lesson[f"p_tandem({dial})"], p, atol=1e-12)
    assert lesson[f"mutual_information(p_tandem({dial}))"] == approx(
        entropy(p.sum(axis=0)) + entropy(p.sum(axis=1)) - entropy(p.ravel()), abs=1e-12
    )
    drawn = lesson[f"count(*tandem(20_000, {dial}, np.random.default_rng(8)))"]
    assert drawn.sum() == 20_000 and (abs(drawn / 20_000 - p) <= 4.5 * np.sqrt(p * (1 - p) / 20_000)).all()


def nats_of(counts, p):
    """Return how far Naive Bayes and the table are from p, each smoothed by the α that leaves one out best."""
    found = []
    for tables in ([counts.sum(axis=1), counts.sum(axis=0)], [counts.ravel()]):
        best = []
        for alpha in (0.1, 0.2, 0.5, 1, 2, 5):
            score = 0.0
            for n in tables:
                for k in np.flatnonzero(n):
                    others = n + alpha
                    others[k] -= 1
                    score += n[k] * np.log(others[k] / others.sum())
            best.append((score, [(n + alpha) / (n + alpha).sum() for n in tables]))
        shares = max(best, key=lambda pair: pair[0])[1]
        q = np.outer(*shares) if len(shares) == 2 else shares[0].reshape(p.shape)
        found.append(entropy(p.ravel(), q.ravel()))
    return found


def test_both_models_on_the_dial(lesson, hair):
    """The averages over a hundred albums, beside another forty; and on one album the lesson's own function."""
    rng = np.random.default_rng(0)
    for k, dial in [(0, 0), (2, 0.2), (6, 0.6), (10, 1)]:
        p = tandem(hair, dial)
        albums = rng.multinomial(50, p.ravel() / p.sum(), size=40).reshape(-1, 7, 6)
        mine = np.array([nats_of(album, p) for album in albums])
        error = 4.5 * mine.std(axis=0) * np.sqrt(1 / 40 + 1 / 100)
        assert (abs(lesson[f"nats[{k}]"] - mine.mean(axis=0)) < error).all()
        one = albums[0].tolist()
        assert lesson[f"above_entropy(np.array({one}), p_tandem({dial}))"] == approx(nats_of(albums[0], p))
    assert lesson["crossing"] == 0.4
    for people, sooner, later in (
        (50, 0.3, 0.5),
        (200, 0.2, 0.3),
        (1000, 0.1, 0.2),
    ):  # here the one wins, there the other
        far = {}
        for dial in (sooner, later):
            p = tandem(hair, dial)
            albums = rng.multinomial(people, p.ravel() / p.sum(), size=100).reshape(-1, 7, 6)
            far[dial] = np.mean([nats_of(album, p) for album in albums], axis=0)
        assert far[sooner][0] < far[sooner][1] and far[later][0] > far[later][1]
        assert lesson["wins_to"][people] == sooner
        p = tandem(hair, 0.4)
        albums = rng.multinomial(people, p.ravel() / p.sum(), size=40).reshape(-1, 7, 6)
        mine = np.array([nats_of(album, p) for album in albums])
        assert (
            abs(lesson["at"][people] - mine.mean(axis=0)) < 4.5 * mine.std(axis=0) * np.sqrt(1 / 40 + 1 / 100)
        ).all()
        lead = mine[:, 1] - mine[:, 0]
        mean, error = lesson["tie"][people]
        assert mean == approx(lead.mean(), abs=4.5 * lead.std() * np.sqrt(1 / 40 + 1 / 100))
        assert error == approx(lead.std() / 10, rel=0.5)


def test_the_average_of_many_tables(lesson, hair):
    """Smoothed by the α that is nearly always chosen, the average table follows from p_data alone: (Np + α)/(N + 42α)."""
    p = tandem(hair, 0.4)
    between = [entropy(p.ravel(), ((50 * p + alpha) / (50 + 42 * alpha)).ravel()) for alpha in (0.2, 1)]
    assert min(between) < lesson["of_average"][50] < max(between)
    assert lesson["of_average"][1000] < lesson["of_average"][200] < lesson["of_average"][50]


def test_values_that_nobody_wears(lesson, people):
    """Of the table with α = 1 the unworn styles' share of all counts; of Naive Bayes by the two values."""
    zeros = {name: [v for v in WRODL_VALUES[name] if not wearing(people, **{name: v})] for name in SIZES}
    assert zeros == {name: {"topType": ["LongHairBun"], "clothingColor": ["Black"]}.get(name, []) for name in SIZES}
    worn = prod(size - len(zeros[name]) for name, size in SIZES.items())
    assert lesson["unworn"] == approx((D - worn) / (50 + D))
    with_one = 1 - prod(1 - len(zeros[name]) / (50 + size) for name, size in SIZES.items())
    assert lesson["strange"] == approx({0: 0, 1: with_one})


def test_a_fresh_album(lesson, p):
    """Half of a fresh album lies among so many likeliest styles: by draws of my own."""
    values = np.sort([float(probability) for probability in p.values()])[::-1]
    ends, rng = np.cumsum(values) / values.sum(), np.random.default_rng(9)
    mine = [np.median(np.unique(np.searchsorted(ends, rng.uniform(size=50)) + 1)) for _ in range(1000)]
    assert np.quantile(lesson["fresh"], [0.05, 0.5, 0.95]) == approx(np.quantile(mine, [0.05, 0.5, 0.95]), rel=0.08)


def test_the_permutation_test(lesson, hair, people):
    """Its p-values are uniform without dependence, and agree with Pearson's test with it."""
    found = lesson["found"]
    assert found[0] < 0.05 + by_lot(0.05, 100) and (found[7:] > 0.95).all()
    rng = np.random.default_rng(2)
    p = tandem(hair, 0.4)
    mine = 0
    for _ in range(100):
        style, colour = np.divmod(rng.choice(42, size=50, p=p.ravel() / p.sum()), 6)
        some = [colour, *(rng.permutation(colour) for _ in range(99))]
        # shuffled or not, each value stays as frequent as it is: they tell the more, the less entropy both have together
        real, *chance = entropy([np.bincount(6 * style + other, minlength=42) for other in some], axis=1)
        mine += np.sum(np.array(chance) <= real + 1e-12) <= 4
    assert found[4] == approx(mine / 100, abs=4 * np.sqrt(0.25 * (1 / 100 + 1 / 100)))
    assert lesson["p_value(np.arange(50) % 6, np.arange(50) % 6, np.random.default_rng(0))"] == 0.01
    assert lesson["p_value(np.zeros(50, int), np.arange(50) % 6, np.random.default_rng(0))"] == 1


def test_pearsons_measure(solution):
    for counts in ([[8, 3, 5], [2, 7, 4]], [[5, 0], [1, 6], [0, 9]]):
        expected = chi2_contingency(np.array(counts), correction=False).statistic
        assert solution("05.4")(np.array(counts)) == approx(expected)


def test_two_questions(lesson):
    """p(both right) and p(one right), by going through the eight cases."""
    cases = [(y, a, b) for y in (0, 1) for a in (0, 1) for b in (0, 1)]
    p = {
        (y, a, b): 0.5 * prod(q if right else 1 - q for q, right in zip([(0.2, 0.9)[y]] * 2, (a, b)))
        for y, a, b in cases
    }
    assert lesson["both"] == approx(sum(p[case] for case in cases if case[1:] == (1, 1)))
    assert lesson["right.mean()"] == approx(sum(p[case] for case in cases if case[1]))


def test_two_pixels(lesson):
    digits = digits_of_sklearn()
    a, b = digits.images[:, 2, 3], digits.images[:, 3, 2]
    assert lesson["np.corrcoef(a, b)[0, 1]"] == approx(np.corrcoef(a, b)[0, 1])
    pairs = [(a[digits.target == y], b[digits.target == y]) for y in range(10)]
    assert lesson["within.tolist()"] == approx([np.corrcoef(u, v)[0, 1] for u, v in pairs])
    by_luck = np.mean([np.sqrt(2 / np.pi / (len(u) - 1)) for u, _ in pairs])  # of nearly Gaussian correlations
    assert lesson["by_luck"] == approx(by_luck, rel=0.1)
