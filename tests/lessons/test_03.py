"""The numbers of lesson 03, beside computations that use none of the course's models."""

import re
from collections import Counter

import numpy as np
import pytest
from oracle import GLOBE, WORDS, agree, by_area, by_lot, land_share, log_density, on_land, read, text
from scipy.stats import binom, entropy


def test_03_the_observations_in_south_america(few):
    numbers = read("03", "[" + ", ".join(["[#, #]"] * 6) + "]")
    (said,) = re.findall(r"the (\w+) observations that lie in South America", text("03", "written"))
    assert WORDS[said] == len(few)
    for number, value in zip(numbers, few.ravel(), strict=True):
        agree(number, value)


def test_03_a_likelihood_is_no_distribution():
    agree(read("03", "θ fixed at 0.3, added up over the results x: #")[0], binom.pmf(range(11), 10, 0.3).sum())
    agree(read("03", "x fixed at 7, integrated over the θ: #")[0], 1 / 11)  # the beta integral
    assert "The integral over θ is 1/11" in text("03", "written")


def test_03_the_boxes_a_b_and_c(few):
    boxes = dict(zip("abc", [(-45, -80, 10, -45), (-60, -120, 60, 20), (-30, -80, 10, -45)]))
    numbers = read("03", "boxes = [" + ", ".join(["(#, #, #, #)"] * 3) + "]", "code")
    assert list(map(float, numbers)) == [side for theta in boxes.values() for side in theta]
    total = {name: log_density(few, theta).sum() for name, theta in boxes.items()}
    for name in boxes:
        likelihood, log_likelihood = read("03", f"box {name}: likelihood #, log-likelihood # nats")
        agree(likelihood, np.exp(total[name]))
        agree(log_likelihood, total[name])
    (odds,) = read(
        "03", "the data are some # times as likely under box **a** as under box **b**, and impossible", "written"
    )
    assert float(odds.replace(",", "")) == pytest.approx(np.exp(total["a"] - total["b"]), rel=0.025)


@pytest.mark.parametrize("n", [10, 40, 80])
def test_03_underflow(n):
    product, logs = read("03", f"{n} points: product #, sum of logs #")
    agree(logs, n * log_density([[0, 0]], GLOBE)[0])
    agree(product, (1 / (180 * 360)) ** n)
    if n == 80:
        assert float(product) == 0


def test_03_the_left_half(x):
    assert read("03", "log-likelihood of the left half: #") == ["-inf"]
    assert np.isinf(log_density(x, (-90, -180, 90, 0))).any()


def test_03_the_mle_and_its_log_likelihood(x, mle):
    for number, side in zip(read("03", "θ* = [#, #, #, #]"), mle, strict=True):
        agree(number, side)
    best = log_density(x, mle).sum()
    agree(read("03", "log-likelihood of all forty: # nats")[0], best)
    other, bounding = read("03", "the best of 10,000 other boxes: # nats, the bounding box: # nats")
    agree(bounding, best)
    assert float(other) <= float(bounding)
    agree(read("02", "MLE log-likelihood # nats, #% on land")[0], best)  # the two lessons say the same


@pytest.mark.parametrize("height", ["1", "0.01", "0.0001"])
def test_03_points_in_a_line(height):
    half = float(height) / 2
    (number,) = read("03", f"height {height} degrees: log-likelihood # nats")
    agree(number, log_density([[10, 0], [10, 30], [10, 75]], (10 - half, 0, 10 + half, 75)).sum())


def test_03_how_often_a_new_point_lies_outside():
    """Forty-one draws come in random order, so the share of new points outside is that of records among forty-one."""
    rng = np.random.default_rng(0)
    pool = np.column_stack([np.degrees(np.arcsin(rng.uniform(-1, 1, 60_000))), rng.uniform(-180, 180, 60_000)])
    pool = pool[on_land(pool)]
    sets = pool[rng.integers(len(pool), size=(4000, 41))]
    records = [len({*points.argmin(axis=0).tolist(), *points.argmax(axis=0).tolist()}) for points in sets]
    mean, error = read("03", "outside, on average over 400 datasets: # ± #")
    agree(mean, np.mean(records) / 41, error=4 * float(error))
    assert float(error) < 0.005
    at_most = read("03", "at most, by theory: # / # = #")
    assert at_most[:2] == ["4", "41"]
    agree(at_most[2], 4 / 41)
    assert float(mean) <= float(at_most[2])
    prose = text("03", "written")
    assert "Almost one in ten!" in prose and 0.085 < float(mean) < 0.1
    assert re.search(r"northernmost with\s+probability 1/41", prose) and "hence at most 4/41" in prose


@pytest.mark.parametrize("margin", [0, 1, 2, 4])
def test_03_the_price_of_a_margin(x, mle, margin):
    south, west, north, east = mle
    wide = (max(south - margin, -90), max(west - margin, -180), min(north + margin, 90), min(east + margin, 180))
    cost, percent = read("03", f"margin {margin}°: costs # nats, misses #% of new points")
    agree(cost, log_density(x, mle).sum() - log_density(x, wide).sum())
    missed = 1 - land_share(by_area, wide) / land_share(by_area)
    agree(percent, 100 * missed, error=100 * by_lot(missed, 50_000))


def test_03_the_coin(x):
    north = sum(latitude > 0 for latitude, _ in x)
    k, n, share, best = read("03", "k/N = #/# = #, the best θ on a grid is #")
    assert (k, n) == (str(north), "40")
    agree(share, north / 40)
    agree(best, north / 40, error=0.0001)
    agree(read("03", "slope at k/N: #")[0], 0)


def test_03_count_and_divide(counts):
    for number, n in zip(read("03", "{'tropics': #, 'temperate': #, 'polar': #}"), counts, strict=True):
        agree(number, n / 40)
    best = -40 * entropy(counts / 40)
    agree(read("03", "count and divide: # nats")[0], best)
    (other,) = read("03", "best of 100,000 other tables: # nats")
    assert best - 0.01 < float(other) < best + 0.0005


def test_03_the_divergence_of_four_tables(counts):
    by_area_of = [float(p) for p in read("03", '"by area": [#, #, #]', "code")]
    edges = 2 * by_area(np.array([0, 23.4, 66.6, 90]))
    np.testing.assert_allclose(by_area_of, np.diff(edges), atol=0.0005)
    tables = {"all equal": [1 / 3] * 3, "by area": by_area_of, "half tropics": [0.5, 0.3, 0.2], "the MLE": counts / 40}
    agree(read("03", "H = # ℓ(θ) KL −H − ℓ(θ)/N")[0], entropy(counts / 40))
    for name, table in tables.items():
        log_likelihood, kl, again = read("03", f"{name} # # #")
        agree(log_likelihood, sum(n * np.log(p) for n, p in zip(counts, table)))
        agree(kl, entropy(counts / 40, np.array(table) / np.sum(table)), error=abs(np.log(np.sum(table))))
        assert kl == again


@pytest.mark.parametrize("width", ["60", "30", "10", "1", "0.1"])
def test_03_the_divergence_by_cells(x, width):
    cells = Counter((a // float(width), b // float(width)) for a, b in x)
    occupied, kl = read("03", f"cells of {width}°: # occupied, KL = # nats")
    assert int(occupied) == len(cells)
    n_cells = 180 * 360 / float(width) ** 2
    agree(kl, np.log(n_cells) - entropy(list(cells.values())))
