"""The dependence dial without a browser: its planet by drawing, its models by those of the course, its test by scipy."""

import numpy as np
import pytest
from overlays import box, elements, number, styled
from scipy.stats import chi2_contingency, entropy
from sklearn.metrics import mutual_info_score

from course_utils.datasets import WRODL_VALUES, load_wrodl
from course_utils.models import NaiveBayes
from course_utils.widgets.dependence_dial import (
    ALPHAS,
    SIZES,
    dependence_dial,
    divergences,
    leaning,
    mutual_information,
    p_value,
    people,
)


def wrodl_shares():
    """Return the shares of hairstyles and hair colours, as lesson 05 has them."""
    counts = [load_wrodl()[name].value_counts(sort=False).to_numpy() + 1 for name in ("topType", "hairColor")]
    return [n / n.sum() for n in counts]


def make():
    return dependence_dial(wrodl_shares())


@pytest.fixture(scope="module")
def panel():
    return styled(make)


@pytest.fixture(scope="module")
def shares():
    return wrodl_shares()


def best(codes, sizes):
    """Return Naive Bayes with the one pseudo-count that leaves one out best, by fitting it to all but one, person by person."""
    scores = []
    for alpha in ALPHAS:
        models = [NaiveBayes(sizes, alpha=alpha).fit(np.delete(codes, i, axis=0)) for i in range(len(codes))]
        scores.append(sum(model.log_prob(codes[[i]])[0] for i, model in enumerate(models)))
    return NaiveBayes(sizes, alpha=ALPHAS[int(np.argmax(scores))]).fit(codes)


@pytest.mark.parametrize("dial", [0, 0.35, 1])
def test_the_planet(shares, dial):
    """The dial leaves each feature as it is, and draws agree with the table."""
    p = leaning(dial, shares)
    assert p.min() >= 0
    for axis, share in enumerate(shares):
        np.testing.assert_allclose(p.sum(axis=1 - axis), share)
    codes = people(100_000, dial, shares, np.random.default_rng(5))
    drawn = np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0] / len(codes)
    np.testing.assert_allclose(drawn, p, atol=0.007)
    assert (drawn[p == 0] == 0).all()


def test_the_price_of_the_dial(shares):
    """Mutual information is 0 without the dial, and the sum of the single entropies less the joint one at each place."""
    assert mutual_information(leaning(0, shares)) == pytest.approx(0, abs=1e-12)
    for dial in (0.3, 1):
        p = leaning(dial, shares)
        assert mutual_information(p) == pytest.approx(sum(map(entropy, shares)) - entropy(p.ravel()))
    codes = people(80, 0.5, shares, np.random.default_rng(1))
    counts = np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0]
    assert mutual_information(counts) == pytest.approx(mutual_info_score(*codes.T))


@pytest.mark.parametrize("dial, seed", [(0, 1), (0.5, 2), (1, 3)])
def test_both_models_by_fitting_them(shares, dial, seed):
    codes, p = people(50, dial, shares, np.random.default_rng(seed)), leaning(dial, shares)
    counts = np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0]
    every = np.indices((7, 6)).reshape(2, -1).T
    naive = best(codes, [7, 6]).log_prob(every)
    table = best(codes @ [[6], [1]], [42]).log_prob(every @ [[6], [1]])
    expected = [entropy(p.ravel(), np.exp(log_q)) for log_q in (naive, table)]
    assert divergences(counts, p) == pytest.approx(expected)


def test_independence_wins_without_the_dial_and_loses_far_out(shares):
    wins = {}
    for dial in (0, 1):
        p, wins[dial] = leaning(dial, shares), 0
        for seed in range(40):
            codes = people(50, dial, shares, np.random.default_rng(seed))
            naive, table = divergences(np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0], p)
            wins[dial] += naive < table
    assert wins[0] >= 34 and wins[1] == 0


def test_the_p_values(shares):
    """Without dependence they are as likely small as large; with much of it all are small. Pearson's test says the same."""
    rng = np.random.default_rng(0)
    values = {dial: [p_value(people(200, dial, shares, rng), (7, 6), rng) for _ in range(100)] for dial in (0, 0.4)}
    assert 0.4 < np.mean(values[0]) < 0.6 and 0.01 <= np.mean(np.array(values[0]) <= 0.1) <= 0.21
    assert np.mean(np.array(values[0.4]) <= 0.05) > 0.95
    assert min(values[0.4]) == 1 / 200  # none of 199 shuffled albums has as much
    pairs = []
    for _ in range(40):
        codes = people(1000, 0.1, shares, rng)
        counts = np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0]
        pairs.append((p_value(codes, (7, 6), rng), chi2_contingency(counts).pvalue))
    assert np.corrcoef(np.log(pairs).T)[0, 1] > 0.5


@pytest.mark.parametrize("dial, size, album", [(0, 0, 0), (0.5, 0, 3), (1, 2, 9)])
def test_what_is_shown(panel, shares, dial, size, album):
    frame, n = panel.draw(dial, size, album), SIZES[size]
    codes = people(n, dial, shares, np.random.default_rng([album, size]))
    counts = np.histogram2d(*codes.T, bins=(np.arange(8), np.arange(7)))[0]
    far = divergences(counts, leaning(dial, shares))
    lost, naive, table, surprise, nearer = frame.numbers.values()
    assert (number(naive), number(table)) == pytest.approx(far, abs=0.0051)
    assert number(lost) == pytest.approx(float(mutual_information(leaning(dial, shares))), abs=0.0051)
    assert 1 / 200 <= number(surprise) <= 1 and nearer == ("Naive Bayes" if far[0] < far[1] else "table")

    rects = elements(frame, "rect")
    bars = rects[-2:]
    ax = panel.draw.keywords["axes"][1]
    widths = [box(bar)[2] / ax.bbox.width * ax.get_xlim()[1] for bar in bars]
    np.testing.assert_allclose(widths, far, atol=0.002)
    grid = panel.draw.keywords["axes"][0].bbox.width / 6  # pixels of a place; a square fills it at a share of 0.45
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / n
    for squares, opacity in ((counts, "1"), (expected, "0")):
        drawn = [box(rect)[2] for rect in rects[:-2] if rect.get("fill-opacity") == opacity]
        sides = 0.94 * grid * np.sqrt(np.minimum(squares[squares > 0] / n / 0.45, 1))  # row by row, as they are drawn
        np.testing.assert_allclose(drawn, sides, atol=0.15)


def test_shares_of_something_else_are_refused():
    with pytest.raises(ValueError, match="7 hairstyles and 6 hair colours, got \\[3, 6\\]"):
        dependence_dial([np.ones(3) / 3, np.ones(6) / 6])


def test_names_are_those_of_the_features(panel):
    ax = panel.draw.keywords["axes"][0]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(WRODL_VALUES["topType"])
    assert [label.get_text() for label in ax.get_xticklabels()] == list(WRODL_VALUES["hairColor"])
