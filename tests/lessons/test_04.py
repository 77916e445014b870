"""The numbers of lesson 04, beside computations that use none of the course's models."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from oracle import BLUE, SIZES, WHITE, D, smoothed_score, wearing
from pytest import approx
from scipy.stats import entropy


@pytest.fixture(scope="module")
def n(lesson, seen):
    """How often each of the 4,032 styles was seen, in the lesson's order."""
    styles = lesson["list(styles.itertuples(index=False, name=None))"]
    assert len(set(styles)) == D and set(seen) <= set(styles)
    return np.array([seen[style] for style in styles])


def test_the_sample_space_and_the_album(lesson, people, seen):
    assert {name: len(set(values)) for name, values in lesson["WRODL_VALUES"].items()} == SIZES
    assert lesson['wrodl.astype(str).to_dict("records")'] == people
    assert lesson["(d, N, len(wrodl.drop_duplicates()))"] == (D, 50, len(seen)) == (np.prod([*SIZES.values()]), 50, 49)


@pytest.mark.parametrize(
    "features, number",
    [(WHITE, 2), (BLUE, 0), ({"clothingColor": "Blue01"}, 4), ({"topType": "LongHairBun"}, 0), ({"clothingColor": "Black"}, 0)],
)  # fmt: skip
def test_how_many_wear_it(lesson, people, features, number):
    assert lesson[f"count(wrodl, **{features})"] == number == wearing(people, **features)


def test_one_shirt_away(lesson):
    assert lesson["(one, two)"] == (WHITE, BLUE)


def test_counting_invents_nothing(lesson, seen):
    assert set(lesson["list(designs.itertuples(index=False, name=None))"]) <= set(seen)
    assert len(lesson["new"]) == 10_000 and not lesson["new"].any()


def test_smoothing(lesson, n):
    np.testing.assert_array_equal(lesson["n"], n)
    theta = [Fraction(int(times) + 1, 50 + D) for times in n]
    assert sum(theta) == 1
    np.testing.assert_allclose(lesson["theta"], np.array(theta, dtype=float))
    assert lesson["together"] == approx(float(Fraction(50 + D, 50 + D - 1)))
    assert lesson["(p_two, p_wild)"] == approx([1 / (50 + D)] * 2)


def test_a_posterior_mean_is_no_maximum(lesson, n):
    worn = n[n > 0]
    assert lesson["of_counts"] == approx(np.sum(worn * np.log(worn / 50)))
    assert lesson["of_smoothed"] == approx(np.sum(worn * np.log((worn + 1) / (50 + D))))
    for times in (0, 2):
        mean, styles = (times + 1) / (50 + D), np.sum(n == times)
        error = 4 * mean / np.sqrt((times + 1) * 2000 * styles)  # of a gamma variable, nearly
        assert lesson[f"average[n == {times}].mean()"] == approx(mean, abs=error)


def test_leave_one_out(lesson, n, seen):
    assert lesson["scores"] == approx({alpha: smoothed_score(seen, alpha) for alpha in (0.01, 0.1, 0.5, 1, 100)})
    for alpha in (0, 0.01, 0.1, 0.5, 1, 100):
        unseen = sum(Fraction(alpha).limit_denominator() for times in n if times == 0)
        assert lesson[f"mass[{alpha}]"] == approx(float(unseen / (50 + D * Fraction(alpha).limit_denominator())))
    assert np.sum(n == 1) == 48


def test_the_map_of_all_styles(lesson, seen):
    """A row is a hair colour and a hairstyle, a column glasses and clothes, in the order that its axes say."""
    values, grid = lesson["(WRODL_VALUES, n.reshape(96, 42).T)"]
    places = Counter()
    for glasses, colour, clothing, hair, top in seen.elements():
        row = 7 * values["hairColor"].index(hair) + values["topType"].index(top)
        column = 32 * values["accessoriesType"].index(glasses) + 4 * values["clothingColor"].index(colour)
        places[row, column + values["clothingType"].index(clothing)] += 1
    assert {place: grid[place] for place in zip(*np.nonzero(grid))} == places
    assert lesson["silver"] == sum(1 for style in seen if style[3] == "SilverGray")


def test_a_million_people(lesson, people):
    """On average a table of d shares, counted among M people, is (d − 1)/2M nats from the truth; other albums agree."""
    truth = {(): 1.0}  # independent features with Wrodl's counts plus one
    for feature, values in lesson["WRODL_VALUES"].items():
        p = {value: (wearing(people, **{feature: value}) + 1) / (50 + len(values)) for value in values}
        truth = {(*style, value): q * p[value] for style, q in truth.items() for value in values}
    styles = lesson["list(styles.itertuples(index=False, name=None))"]
    theta = np.array([truth[style] for style in styles])
    np.testing.assert_allclose(lesson["truth"], theta)
    far, rng = lesson["far"], np.random.default_rng(1)
    for m in (50, 5_000, 10**6):
        for alpha, nats in far[m].items():
            others = [entropy(theta, rng.multinomial(m, theta) + alpha) for _ in range(12)]  # scipy normalises
            assert nats == approx(np.mean(others), abs=5 * np.std(others))
    assert far[10**6][0.5] == approx((D - 1) / (2 * 10**6), rel=0.15)
    assert max(far[10**6].values()) < 0.003 and min(far[50].values()) > 0.85 * entropy(theta, np.ones(D))


def test_the_weight_of_the_album(lesson, n, solution):
    """A smoothed probability is a mean of the album's share and of 1/d with the weights that exercise 04.3 asks for."""
    w, people = solution("04.3")["w"], solution("04.3")["people"]
    np.testing.assert_allclose(lesson["theta"], w * n / 50 + (1 - w) / D)
    assert people / (people + D) == 0.5


def test_leave_one_out_with_unequal_pseudo_counts(solution):
    """Exercise 04.4, beside the definition: each person is taken out, and the table made anew."""
    counts, pseudo = np.array([2, 0, 3, 1]), np.array([0.5, 2, 0.25, 1])
    score = 0.0
    for outcome in np.repeat(range(4), counts):
        numerators = counts - (np.arange(4) == outcome) + pseudo
        score += np.log(numerators[outcome] / numerators.sum())
    assert solution("04.4")(counts, pseudo) == approx(score)


def test_the_best_table_is_hardly_better_than_none(lesson, seen):
    best = max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    assert lesson["max(scores.values())"] == approx(best, abs=0.05)
    assert lesson["uniform"] == approx(-50 * np.log(D))
    assert 0 < best + 50 * np.log(D) < 1.02


def test_ten_designs_of_the_smoothed_table_are_new(lesson, seen):
    ten = lesson["list(ten.itertuples(index=False, name=None))"]
    assert len(ten) == 10 and not set(ten) & set(seen)
    assert set(ten) <= set(lesson["list(styles.itertuples(index=False, name=None))"])
