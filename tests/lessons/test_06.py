"""The numbers of lesson 06, beside computations that use none of the course's models."""

import re
from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from oracle import SIZES, agree, by_lot, log_prob_of, price, read, text
from scipy.special import logsumexp
from scipy.stats import entropy


@pytest.fixture(scope="module")
def marginals(planet):
    """p_data of each pixel's colour, (1024, 256)."""
    return np.array([np.bincount(column, weights=planet["p"], minlength=256) for column in planet["pixels"].T])


def test_06_the_pictures(planet):
    assert read("06", "pixels: (#, #) uint8 · palette: (#, #)") == ["2000", "1024", "256", "3"]
    shown = [re.findall(rf"^{i} +([\d ]+\d) *$", text("06", "shown"), re.MULTILINE) for i in range(10)]
    numbers = [list(map(int, " ".join(row).split())) for row in shown]
    np.testing.assert_array_equal(numbers, planet["pixels"][planet["train"][:10], 458:468])


def test_06_p_data_and_its_entropy(planet, people):
    faces, low, high, together = read("06", "# faces, p from # to #, together #")
    p = planet["p"]
    assert int(faces) == len(p) == len(np.unique(planet["pixels"], axis=0))
    for number, value in [(low, p.min()), (high, p.max()), (together, 1)]:
        agree(number, value)
    for number in [*read("06", "H(p_data) = # nats"), *read("06", "with $H = #$ nats.", "written")]:
        agree(number, entropy(p))
    agree(read("06", "more than # nats of log-probability", "written")[0], -entropy(p))
    styles, nats = read("06", "entropy of the # styles: # nats")
    assert styles == f"{prod(SIZES.values()):,}" == "4,032"
    worn = [Counter(person[name] for person in people) for name in SIZES]
    tables = [np.array([*n.values(), *[0] * (size - len(n))]) + 1 for n, size in zip(worn, SIZES.values())]
    agree(nats, entropy([prod(style) for style in product(*tables)]))  # of all 4,032, the long way round
    assert p.sum() == pytest.approx(1) and "(6 \\cdot 6 + 1) \\cdot 3 \\cdot 4 \\cdot 8 = 3552" in text("06", "written")


def test_06_the_two_rules(planet):
    p, train = planet["p"], planet["train"]
    assert read("06", "Naive Bayes # # # uncertainty") == ["0.00"] * 3
    rule1, rule2, coverage = read("06", "the training data # # #")
    assert (rule1, rule2) == ("1.00", "0.00")
    agree(coverage, p[np.unique(train[:1000])].sum())
    new = 1 - p[np.unique(train)].sum()
    rng = np.random.default_rng(0)
    met = [p[np.unique(rng.choice(3552, size=1000, p=p))].sum() for _ in range(100)]
    assert np.mean(met) == pytest.approx((p * (1 - (1 - p) ** 1000)).sum(), abs=0.005)
    rule1, rule2, coverage = read("06", "p_data itself # # #")
    assert rule1 == "1.00"
    agree(rule2, new, error=by_lot(new, 1000))
    agree(coverage, np.mean(met), error=4 * np.std(met))
    agree(read("06", "p_data # # # #")[3], new, error=by_lot(new, 1000))


def test_06_two_neighbours_on_the_shirt(planet, marginals):
    left, right = 32 * 29 + 15, 32 * 29 + 16
    agree(read("06", "uncertainty about a pixel of the shirt: # nats")[0], entropy(marginals[right]))
    pairs = np.bincount(256 * planet["pixels"][:, left].astype(int) + planet["pixels"][:, right], weights=planet["p"])
    agree(
        read("06", "the same, once its left neighbour has been seen: # nats")[0],
        entropy(pairs) - entropy(marginals[left]),
    )


def test_06_lost_in_space(planet, counted):
    assert read("06", "256^1024 is a number with # digits") == [
        str(8 * 1024 * 30103 // 100000 + 1)
    ] and 256**1024 // 10**2466 in range(1, 10)
    agree(read("06", "share of faces among all pictures: 10^#")[0], np.log10(3552) - 8192 * np.log10(2))
    log_any = logsumexp(log_prob_of(counted, 0.001, planet["pixels"])) / np.log(10)
    agree(read("06", "probability that a sample is a face: 10^#")[0], log_any)


def test_06_the_price_of_independence(planet, marginals):
    total, H = entropy(marginals, axis=1).sum(), entropy(planet["p"])
    agree(read("06", "sum of the pixels' entropies: # nats")[0], total)
    agree(read("06", "entropy of the faces: # nats")[0], H)
    agree(read("06", "price of independence: # nats")[0], total - H)
    by_face = -planet["p"] @ np.log(marginals[np.arange(1024), planet["pixels"]]).sum(axis=1)
    agree(read("06", "cross-entropy, summed face by face: # nats")[0], by_face)
    agree(read("06", "H + KL, with the KL by its definition: # nats")[0], by_face)
    assert by_face == pytest.approx(total)
    agree(read("06", "then estimation costs # nats, against # for independence", "written")[1], total - H)
    agree(read("06", "\\approx #$ nats for each face. More data do not help.", "written")[0], total - H)
    assert "Nine hundred nats, paid for each face" in text("06", "written") and total - H == pytest.approx(900, abs=5)


@pytest.mark.parametrize("alpha", ["0", "0.0001", "0.001", "0.01", "0.1", "1"])
def test_06_the_price_of_estimation(planet, counted, marginals, alpha):
    total, cross = entropy(marginals, axis=1).sum(), price(planet, counted, float(alpha))
    number, extra, impossible = re.findall(
        rf"^ *{re.escape(alpha)} +([\d.]+|inf) +([\d.]+|inf) +([\d.]+)$", text("06", "printed"), re.MULTILINE
    )[0]
    agree(number, cross)
    agree(extra, cross - total)
    expected = (256 - (marginals > 0).sum(axis=1)).sum() * float(alpha) / (2000 + 256 * float(alpha))
    agree(impossible, expected, error=4 * np.sqrt(expected / 200))


def test_06_the_prose_of_estimation(planet, counted, marginals):
    total = entropy(marginals, axis=1).sum()
    cross = {alpha: price(planet, counted, alpha) for alpha in (0.0001, 0.001, 0.01, 0.1, 1)}
    assert min(cross, key=cross.get) == 0.001
    agree(read("06", "then estimation costs # nats, against # for independence", "written")[0], cross[0.001] - total)
    agree(read("06", "**Price of estimation:** # nats with a good pseudo-count", "written")[0], cross[0.001] - total)
    (said,) = read("06", "wastes probability on some # colours that never occur there", "written")
    assert np.mean((marginals == 0).sum(axis=1)) == pytest.approx(float(said), abs=5)
    for number in [*read("06", 'title="Where # nats go"', "code"), *read("06", '"One bar of # nats.', "code")]:
        agree(number, cross[0.001])
    zero = np.isinf(log_prob_of(counted, 0, planet["pixels"][planet["test"]])).sum()
    assert read("06", "α = 0 calls # of the # test faces impossible") == [str(zero), "1000"]


def test_06_the_first_lines_of_the_scoreboard(planet, counted):
    H, cross = entropy(planet["p"]), price(planet, counted, 0.001)
    for (nats, above, *_), value in [(read("06", "p_data # # # #"), H), (read("06", "Naive Bayes # # # #"), cross)]:
        agree(nats, value)
        agree(above, value - H)
    assert read("06", "Naive Bayes # # # #")[2:] == ["0.00", "0.00"] and read("06", "p_data # # # #")[2] == "1.00"
