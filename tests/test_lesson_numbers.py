"""The numbers that lessons 01–15 print and speak of, beside computations that use none of the course's models.

Taken from course_utils are only the data: `load_digits`, `load_biscuit_tins`, and X = `load_world_land().sample(…)`;
Wrodl and Planet Pixel are read from their files. What lies on land is said by matplotlib or by Green's theorem on the raw
outlines, densities and entropies come from scipy, probabilities of Wrodl are fractions, and the MLE is a minimum and a
maximum. Where a lesson draws by lot, its number may differ from the exact one by four standard errors.
"""

import csv
import json
import re
import warnings
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product
from math import prod
from statistics import median

import nbformat
import numpy as np
import pytest
import safetensors
import torch
from matplotlib.path import Path as Polygon
from PIL import Image
from scipy.integrate import quad
from scipy.optimize import approx_fprime, minimize, minimize_scalar
from scipy.special import expit, logsumexp
from scipy.stats import binom, entropy, multivariate_normal, norm, spearmanr, uniform
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits as digits_of_sklearn
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.mixture import GaussianMixture

from course_utils.datasets import files, load_biscuit_tins, load_digits, load_world_land
from course_utils.execute import NOTEBOOKS
from course_utils.exercises.lesson_08 import EXERCISES
from course_utils.exercises.lesson_14 import EXERCISES as LESSON_14

NUMBER = r"([-+−]?(?:inf|\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?))"
BY_EYE = (-60, -130, 75, 155)  # the box of lesson 02
GLOBE = (-90, -180, 90, 180)
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


@cache
def text(lesson: str, kind: str) -> str:
    """Return all that a lesson has "printed", the tables that it has "shown", all its prose ("written") or all its "code"."""
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    if kind == "printed":
        return "".join(output.get("text", "") for output in outputs)
    if kind == "shown":
        return "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    return "\n".join(cell.source for cell in cells if cell.cell_type == {"written": "markdown", "code": "code"}[kind])


def read(lesson: str, words: str, kind: str = "printed") -> list[str]:
    """Return the numbers that stand in a lesson's text in the places of `#`; fail if the words are not there exactly once."""
    pattern = r"[\s>]+".join(re.escape(word).replace(r"\#", NUMBER) for word in words.split())
    found = re.findall(rf"(?<!\w){pattern}", text(lesson, kind))
    if len(found) != 1:
        pytest.fail(
            f"Lesson {lesson} should have {kind} {words!r} once, with numbers for #, but did so {len(found)} times."
        )
    return [found[0]] if isinstance(found[0], str) else list(found[0])


def agree(number: str, value: float, error: float = 0) -> None:
    """Assert that a number read from a lesson is `value`, but for its rounding and up to `error`."""
    number = number.replace(",", "").replace("−", "-")
    mantissa, _, exponent = number.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    assert float(number) == pytest.approx(value, rel=0, abs=0.501 * unit + error)


def by_lot(share: float, n: int) -> float:
    """Return four standard errors of a share that was counted among n draws."""
    return 4 * np.sqrt(share * (1 - share) / n)


# The outlines as the file has them, [longitude, latitude]: [[exterior, hole, …], …]
POLYGONS = [
    [np.array(ring) for ring in polygon]
    for polygon in json.loads((files.DATA / "world_land.geojson").read_text(encoding="utf-8"))["coordinates"]
]


def on_land(points: np.ndarray) -> np.ndarray:
    """Return (N,) bool, True where a point [latitude, longitude] lies on land, by matplotlib."""
    inside = np.zeros(len(points), dtype=bool)
    for exterior, *holes in POLYGONS:
        part = Polygon(exterior).contains_points(points[:, ::-1])
        for hole in holes:
            part &= ~Polygon(hole).contains_points(points[:, ::-1])
        inside |= part
    return inside


def in_degrees(latitude: np.ndarray) -> np.ndarray:
    """Return the ruler in which the map is flat."""
    return latitude / 180


def by_area(latitude: np.ndarray) -> np.ndarray:
    """Return the ruler in which equal areas of the globe are equal."""
    return np.sin(np.radians(latitude)) / 2


def land_share(ruler, theta=GLOBE, polygons=POLYGONS) -> float:
    """Return the area of the land within a box as a share of the whole map's, or of the globe's.

    Green's theorem: the area within a ring is the integral of the height along it; with latitude and longitude clipped
    to a box it is the area within that box.
    """
    south, west, north, east = theta
    t, total = np.linspace(0, 1, 201), 0.0  # along each edge
    for polygon in polygons:
        for number, ring in enumerate(polygon):
            along = ring[:-1, :, None] + np.diff(ring, axis=0)[:, :, None] * t  # (edges, 2, 201)
            longitude, height = np.clip(along[:, 0], west, east), ruler(np.clip(along[:, 1], south, north))
            area = abs((np.diff(longitude) * (height[:, 1:] + height[:, :-1]) / 2).sum()) / 360
            total += -area if number else area
    return total


def box_share(ruler, theta) -> float:
    """Return the area of a box as a share of the whole map's, or of the globe's."""
    south, west, north, east = theta
    return float(ruler(north) - ruler(south)) * (east - west) / 360


def log_density(points, theta) -> np.ndarray:
    """Return log p_θ (N,) in nats as the sum of two uniform log-densities, by scipy."""
    south, west, north, east = theta
    latitude, longitude = np.asarray(points, dtype=float).T
    with np.errstate(divide="ignore"):
        return uniform.logpdf(latitude, south, north - south) + uniform.logpdf(longitude, west, east - west)


def km(point, other) -> float:
    """Return the distance of two places on the globe, from the angle between the two directions."""
    (a, b), (c, d) = np.radians(point), np.radians(other)
    one, two = ([np.cos(p) * np.cos(q), np.cos(p) * np.sin(q), np.sin(p)] for p, q in [(a, b), (c, d)])
    return 6371 * np.arctan2(np.linalg.norm(np.cross(one, two)), np.dot(one, two))


@pytest.fixture(scope="module")
def x():
    """The forty observations."""
    return load_world_land().sample(40, np.random.default_rng(2))


@pytest.fixture(scope="module")
def few(x):
    """The ones that lie in South America."""
    return np.array([point for point in x if -60 < point[0] < 13 and -90 < point[1] < -30])


@pytest.fixture(scope="module")
def mle(x):
    """The bounding box of the forty observations, corner by corner."""
    latitudes, longitudes = x.T.tolist()
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)


def test_words_that_are_gone_are_told():
    with pytest.raises(
        pytest.fail.Exception, match="Lesson 02 should have printed 'the moon is # km away' once.* did so 0 times"
    ):
        read("02", "the moon is # km away")


@pytest.mark.parametrize(
    "number, right, wrong",
    [
        ("0.36", 0.3649, 0.3671),
        ("-431.5", -431.54, -431.56),
        ("2.0e-20", 2.04e-20, 2.06e-20),
        ("5", 4.6, 4.4),
        ("-inf", -np.inf, -5),
    ],
)
def test_numbers_agree_up_to_their_rounding(number, right, wrong):
    agree(number, right)
    with pytest.raises(AssertionError):
        agree(number, wrong)


# --- lesson 01


@pytest.fixture(scope="module")
def digits():
    """Training pictures (1300, 64), their labels, test pictures (497, 64) and theirs, as lesson 01 splits them."""
    digits = load_digits()
    return digits.pixels[:1300], digits.labels[:1300], digits.pixels[1300:], digits.labels[1300:]


def joint(digits, scale=1) -> np.ndarray:
    """Return log p(x|y) p(y) of the test pictures (497, 10), as the prose of lesson 01 says it, by scipy."""
    x, y, new, _ = digits
    x, new = scale * x, scale * new
    means = np.array([(x[y == c].sum(axis=0) + x.mean(axis=0)) / (np.sum(y == c) + 1) for c in range(10)])
    variance = np.mean([(picture - means[label]) ** 2 for picture, label in zip(x, y)], axis=0) + 0.02 * scale**2
    prior = np.array([(np.sum(y == c) + 1) / (len(y) + 10) for c in range(10)])
    return np.column_stack([norm.logpdf(new, mean, np.sqrt(variance)).sum(axis=1) for mean in means]) + np.log(prior)


def test_01_the_generative_classifier(digits):
    x_train, _, x_test, y_test = digits
    assert read("01", "training data: (#, 64) · test data: (#, 64)") == [str(len(x_train)), str(len(x_test))]
    right = (joint(digits).argmax(axis=1) == y_test).mean()
    (percent,) = read("01", "the generative classifier reads #% of the test pictures right")
    agree(percent, 100 * right)
    assert read("01", "scikit-learn's posterior is the same for all # test pictures") == ["497"]


def test_01_the_unit_of_a_density(digits):
    log_p, in_16 = (median(logsumexp(joint(digits, scale), axis=1)) for scale in (1, 16))
    agree(read("01", "pixels from 0 to 1: median log p(x) = # nats")[0], log_p)
    agree(read("01", "pixels from 0 to 16: median log p(x) = # nats")[0], in_16)
    agree(read("01", "the difference is 64 · log 16 = # nats")[0], log_p - in_16)
    agree(read("01", "The same model, the same pictures, # nats apart.", "written")[0], log_p - in_16)
    agree(read("01", r"But is $\log p(x) = #$ nats good?", "written")[0], log_p)
    agree(read("01", r"upright logistic regression is #% sure, log p(x) = # nats")[1], log_p)
    sideways = np.array([picture.reshape(8, 8).T[::-1].ravel() for picture in digits[2]])  # a quarter turn to the left
    log_p = median(logsumexp(joint((*digits[:2], sideways, digits[3])), axis=1))
    agree(read("01", r"sideways logistic regression is #% sure, log p(x) = # nats")[1], log_p)


def test_01_the_prose_says_what_was_printed():
    generative, discriminative = read("01", "test pictures generative #, discriminative #")
    assert read("01", "With # labels the direct road wins, # to #.", "written") == ["1,300", discriminative, generative]
    (right,) = read("01", "reads handwritten digits and is right # times out of 100.", "written")
    assert int(right) == round(100 * float(discriminative))
    agree(read("01", r"A prior of 0.99 is worth $\log(0.99/0.01) \approx #$ nats", "written")[0], np.log(99))


def test_01_the_race():
    table = {
        n: [float(a) for a in read("01", f"{n} labels: generative #, discriminative #")]
        for n in (20, 50, 100, 200, 500, 1000)
    }
    assert [n for n, (generative, discriminative) in table.items() if generative > discriminative] == [20, 50]
    assert "is ahead up to 50 labels, logistic regression from 100 on" in text("01", "code").replace(
        '"\n              "', ""
    )
    for lead, n in zip(read("01", "lead of the generative one: # with 20 labels, # with 1000"), (20, 1000)):
        agree(lead, table[n][0] - table[n][1], error=0.01)  # a difference of two rounded numbers


# --- lesson 02


def test_02_the_observations_lie_on_land(x):
    assert on_land(x).all() and len(x) == 40
    numbers = read("02", "the first three observations: [[#, #], [#, #], [#, #]]")
    for number, value in zip(numbers, x[:3].ravel()):
        agree(number, value)


def test_02_the_box_drawn_by_eye(x):
    assert tuple(map(float, read("02", "theta = (#, #, #, #)", "code"))) == BY_EYE
    agree(read("02", "at New York: # per square degree")[0], np.exp(log_density([[40.7306, -73.9352]], BY_EYE)[0]))
    agree(read("02", "at the South Pole: # per square degree")[0], 0)
    agree(read("02", "the density over the whole map adds up to #")[0], 1)
    below, left = (x[:, 0] < BY_EYE[0]).sum(), (x[:, 1] < BY_EYE[1]).sum()
    said = re.search(r"(\w+) observations lie below the box and (\w+) to the left of it", text("02", "code"))
    assert (WORDS[said[1]], WORDS[said[2]]) == (below, left)
    (outside,) = re.findall(r"(\w+) observations lie outside the box that was drawn by eye", text("02", "written"))
    assert WORDS[outside.lower()] == np.isinf(log_density(x, BY_EYE)).sum() == below + left


def test_02_a_density_above_1():
    tiny = [float(side) for side in read("02", "tiny = (#, #, #, #)", "code")]
    middle = [[(tiny[0] + tiny[2]) / 2, (tiny[1] + tiny[3]) / 2]]
    density = np.exp(log_density(middle, tiny)[0])
    agree(read("02", "density # per square degree")[0], density)
    for number, value in zip(read("02", "density # × area # = #"), [density, 1 / density, 1]):
        agree(number, value, error=0.001)
    in_minutes = np.exp(log_density(60 * np.array(middle), 60 * np.array(tiny))[0])
    agree(read("02", "density per square minute: #")[0], in_minutes)
    agree(read("02", "it is # in the cell above.", "written")[0], density)


@pytest.mark.parametrize("point", [(10, 0), (45, -60), (-20, 80)])
def test_02_the_three_guesses(point):
    verdict = "could come from p_data" if on_land(np.array([point]))[0] else "lies in the sea: p_data is 0 there"
    assert f"{list(point)} {verdict}\n" in text("02", "printed")


def test_02_the_points_a_b_and_c(x):
    for name, point in {"A": (20, -45), "B": x[0] + 0.5, "C": (-10, -55)}.items():
        where = "land," if on_land(np.array([point]))[0] else "sea ,"
        (distance,) = read("02", f"{name}: {where} # km from the nearest observation")
        agree(distance, min(km(point, other) for other in x))


def test_02_the_two_rules(x):
    """Rule 1 by exact areas, Rule 2 on a grid of one degree."""
    latitude, longitude = np.arange(-89.5, 90), np.arange(-179.5, 180)
    grid = np.array(list(product(latitude, longitude)))
    direction = np.column_stack([
        np.cos(np.radians(grid[:, 0])) * np.cos(np.radians(grid[:, 1])),
        np.cos(np.radians(grid[:, 0])) * np.sin(np.radians(grid[:, 1])),
        np.sin(np.radians(grid[:, 0])),
    ])  # fmt: skip
    a, b = np.radians(x).T
    towards = np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
    far = (direction @ towards).max(axis=1) < np.cos(200 / 6371)
    p_data = np.average(far, weights=np.cos(np.radians(grid[:, 0])) * on_land(grid))
    box = far[np.isfinite(log_density(grid, BY_EYE))].mean()
    on_box = land_share(in_degrees, BY_EYE) / box_share(in_degrees, BY_EYE)
    expected = {"p_data itself": (1, p_data), "the box": (on_box, box), "the photocopier": (1, 0)}
    for name, rules in expected.items():
        for number, share in zip(read("02", f"{name} # #"), rules):
            agree(number, share, error=by_lot(share, 20_000))
    printed = (read("02", "the box # #")[1], read("02", "p_data itself # #")[1])
    assert tuple(read("02", "Its # on Rule 2 is no merit over the # of $p_{data}$", "written")) == printed
    assert "two thirds of what it makes lies in the sea" in text("02", "written") and on_box == pytest.approx(
        1 / 3, abs=0.04
    )


def test_02_the_mle_and_the_sahara(x, mle):
    for name, theta in {"MLE": mle, "Sahara": (18, -5, 28, 28)}.items():
        log_likelihood, percent = read("02", f"{name} log-likelihood # nats, #% on land")
        agree(log_likelihood, log_density(x, theta).sum())
        share = min(land_share(in_degrees, theta) / box_share(in_degrees, theta), 1)
        agree(percent, 100 * share, error=100 * by_lot(share, 20_000))


def part_with(latitude, longitude):
    """Return the one polygon, in a list, that holds a point."""
    (part,) = [polygon for polygon in POLYGONS if Polygon(polygon[0]).contains_point((longitude, latitude))]
    return [part]


@pytest.mark.parametrize("name, ruler", [("in square degrees", in_degrees), ("by area", by_area)])
def test_02_australia_and_greenland(name, ruler):
    australia, greenland = (land_share(ruler, polygons=part_with(*place)) for place in [(-25, 135), (72, -40)])
    ratio, land = read("02", f"{name} Australia = # × Greenland, land = #% of the points")
    shares = np.array([australia, greenland])
    error = 4 * np.sqrt(((1 - shares) / shares / 400_000).sum()) * australia / greenland
    assert error < 0.12 * australia / greenland
    agree(ratio, australia / greenland, error)
    share = land_share(ruler)
    agree(land, 100 * share, error=100 * by_lot(share, 400_000))
    if name == "by area":
        agree(read("02", "Land covers #% of the globe.", "written")[0], 100 * share)


def test_02_the_far_north():
    agree(read("02", "one square degree at 80° north / at the equator: #")[0], np.sin(np.radians(10)))
    assert "at 80° north is a sixth of one at the equator" in text("02", "written").replace("\n> ", " ")
    assert np.sin(np.radians(10)) == pytest.approx(1 / 6, abs=0.01)
    for name, ruler in [("in degrees", in_degrees), ("by area", by_area)]:
        share = box_share(ruler, (60, -180, 90, 180))
        (percent,) = re.findall(rf"share of points north of 60°, uniform {name} *: ([\d.]+)%", text("02", "printed"))
        agree(percent, 100 * share, error=100 * by_lot(share, 400_000))


# --- lesson 03


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


@pytest.fixture(scope="module")
def counts(x):
    """How many observations lie in the tropics, in the temperate and in the polar belts."""
    belts = Counter("tropics" if abs(a) < 23.4 else "temperate" if abs(a) < 66.6 else "polar" for a, _ in x)
    return np.array([belts["tropics"], belts["temperate"], belts["polar"]])


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


# --- lesson 04

SIZES = {
    "accessoriesType": 3,
    "clothingColor": 8,
    "clothingType": 4,
    "hairColor": 6,
    "topType": 7,
}  # of Wrodl's features
D = 4032
WHITE = {
    "topType": "LongHairStraight",
    "hairColor": "Red",
    "accessoriesType": "Round",
    "clothingType": "ShirtScoopNeck",
    "clothingColor": "White",
}
BLUE = WHITE | {"clothingColor": "Blue01"}


@pytest.fixture(scope="module")
def people():
    """The fifty faces of Wrodl, each a dictionary, from the file."""
    with open(files.DATA / "wrodl.csv", newline="", encoding="utf-8") as file:
        return [{name: row[name] for name in SIZES} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def seen(people):
    """How often each style that was seen at all was seen."""
    return Counter(tuple(person.values()) for person in people)


def wearing(people, **features) -> int:
    return sum(all(person[name] == value for name, value in features.items()) for person in people)


def smoothed_score(seen, alpha) -> float:
    """Return the leave-one-out log-likelihood of Wrodl's smoothed table."""
    return sum(n * np.log((n - 1 + alpha) / (49 + alpha * D)) for n in seen.values()) if alpha else -np.inf


@pytest.mark.parametrize("lesson", ["04", "05"])
def test_04_and_05_no_result_is_a_literal_of_the_code(lesson):
    assert not re.search(r"0\.04\b|0\.0054|0\.00098|3024|3983|1\.000245", text(lesson, "code"))


def test_04_the_sample_space(people, seen):
    assert prod(SIZES.values()) == D
    for name, size in SIZES.items():
        (listed,) = re.findall(rf"{size} × {name}: (.*)", text("04", "printed"))
        assert len(set(listed.split(", "))) == size and {person[name] for person in people} <= set(listed.split(", "))
    assert read("04", "d = # possible styles, and N = # observations") == [str(D), str(len(people))]
    assert (
        read("04", "# different styles have been seen, # have not")
        == [str(len(seen)), str(D - len(seen))]
        == ["49", "3983"]
    )


def test_04_the_first_ten(people):
    rows = [re.findall(rf"^{i} +(\w.*\w)", text("04", "shown"), re.MULTILINE) for i in range(10)]
    assert [" ".join(row).split() for row in rows] == [list(person.values()) for person in people[:10]]


def test_04_white_and_blue(people):
    for words, combination, n in [("combination 1, white:", WHITE, 2), ("combination 2, blue :", BLUE, 0)]:
        assert wearing(people, **combination) == n
        assert read("04", f"{words} #/# = #")[:2] == [str(n), "50"]
        agree(read("04", f"{words} #/# = #")[2], n / 50)
    assert read("04", "The white one has probability #, the blue one #.", "written") == ["0.04", "0"]
    (said,) = re.findall(r"(\w+) people in the album do wear blue", text("04", "written"))
    assert WORDS[said] == wearing(people, clothingColor="Blue01")
    assert "one shirt away from two people in the album" in text("04", "written")


def test_04_counting_invents_nothing():
    agree(read("04", "Rule 2, share of new outfits: #")[0], 0)


def test_04_smoothing(seen):
    for number, n in zip(read("04", "white: #, blue and every unseen style: #"), (2, 0)):
        agree(number, Fraction(n + 1, 50 + D))
    styles, together = read("04", "all # styles together: #")
    assert int(styles) == D and sum(Fraction(n + 1, 50 + D) for n in [*seen.values(), *[0] * 3983]) == 1
    agree(together, 1)
    assert read("04", "JointCategorical agrees for all # styles") == [str(D)]
    agree(read("04", "with d = 4031: #")[0], float(Fraction(50 + D, 50 + D - 1)))
    for number in read("04", "one shirt away: #, bun and black: #, equal: True"):
        agree(number, 1 / (50 + D))


def test_04_a_posterior_mean_is_no_maximum(seen):
    agree(read("04", "log-likelihood of the counts n/N: # nats")[0], sum(n * np.log(n / 50) for n in seen.values()))
    agree(
        read("04", "log-likelihood after smoothing: # nats")[0],
        sum(n * np.log((n + 1) / (50 + D)) for n in seen.values()),
    )
    for name, n, styles in [("white :", 2, 1), ("unseen:", 0, 3983)]:
        average, smoothed = read("04", f"{name} average over 2000 tables #, smoothed #")
        mean = (n + 1) / (50 + D)
        agree(smoothed, mean)
        agree(average, mean, error=4 * mean / np.sqrt(n + 1) / np.sqrt(2000 * styles))  # of a gamma variable, nearly


@pytest.mark.parametrize("alpha", ["0.01", "0.1", "0.5", "1", "100"])
def test_04_leave_one_out(seen, alpha):
    score, percent = read("04", f"α = {alpha}: # nats, unseen styles have #%")
    agree(score, smoothed_score(seen, float(alpha)))
    agree(percent, 100 * 3983 * float(alpha) / (50 + D * float(alpha)))


def test_04_the_best_table_is_hardly_better_than_none(seen):
    best = max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    assert 0 < best + 50 * np.log(D) < 1.02
    agree(read("04", "all styles equal: # nats")[0], -50 * np.log(D))
    best_said, uniform_said = read(
        "05", "The best smoothed table reached # nats, the uniform distribution #.", "written"
    )
    agree(best_said, best)
    agree(uniform_said, -50 * np.log(D))
    assert read("04", "it is −∞: # of the # people wear a style of their own", "written") == [
        str(list(seen.values()).count(1)),
        "50",
    ]


def test_04_ten_designs_of_the_smoothed_table(people, seen):
    """As the lesson draws them: all of them are new; and the album has neither a bun nor black clothes."""
    names = [sorted({person[name] for person in people}) for name in SIZES]
    assert "LongHairBun" not in names[4] and "Black" not in names[1]
    listed = [re.findall(rf"{name}: (.*)", text("04", "printed"))[0].split(", ") for name in SIZES]
    styles = list(product(*listed))
    theta = np.array([(seen[style] + 1) / (50 + D) for style in styles])
    drawn = np.random.default_rng(2).choice(D, size=10, p=theta)
    assert not any(seen[styles[j]] for j in drawn)


# --- lesson 05


def share(people, name, value) -> Fraction:
    """Return the share of the people with a value."""
    return Fraction(wearing(people, **{name: value}), len(people))


def naive(people, style) -> Fraction:
    """Return p(x) of a style, a dictionary, under Naive Bayes without pseudo-counts."""
    return prod(share(people, name, value) for name, value in style.items())


def test_05_the_chain_rule(people):
    lines = re.findall(r"p\((\w+) \| so far\) = +(\d+)/ *(\d+) = ([\d.]+)", text("05", "printed"))
    assert [value for value, *_ in lines] == list(WHITE.values())
    before, whole = {}, Fraction(1)
    for (_, n, N, number), (name, value) in zip(lines, WHITE.items()):
        group, before = wearing(people, **before), before | {name: value}
        assert (int(n), int(N)) == (wearing(people, **before), group)
        agree(number, int(n) / int(N))
        whole *= Fraction(int(n), int(N))
    assert whole == Fraction(2, 50)
    agree(read("05", "product: #")[0], float(whole))


def test_05_the_parameters():
    tables = np.cumprod([1, *SIZES.values()])[:-1]
    chain = sum(int(n) * (size - 1) for n, size in zip(tables, SIZES.values()))
    assert read("05", "chain rule: # free parameters, one big table: #") == [str(chain), str(D - 1)] == ["4031"] * 2
    numbers = read("05", "free parameters: " + " + ".join(["(# − 1)"] * 5) + " = #")
    assert list(map(int, numbers)) == [*SIZES.values(), sum(SIZES.values()) - 5] and numbers[-1] == "23"
    assert read("05", "# numbers instead of #, each of them", "written") == ["23", "4,031"]
    assert read("05", "# parameters instead of #.", "written") == ["23", "4,031"]


def test_05_three_coins():
    coins = [(a, b, a != b) for a in (0, 1) for b in (0, 1)]
    for i, j in combinations(range(3), 2):
        for number in read("05", f"p({'abc'[i]}=1, {'abc'[j]}=1) = #, product of the two: #"):
            assert Fraction(number) == Fraction(sum(coin[i] and coin[j] for coin in coins), 4) == Fraction(1, 4)
    together, of_three = read("05", "p(a=1, b=1, c=1) = #, product of the three: #")
    assert Fraction(together) == sum(all(coin) for coin in coins) == 0 and Fraction(of_three) == Fraction(1, 8)


def test_05_every_count_of_the_tables(people):
    rows = re.findall(r"^(?:\w+Type +|\w+Color +|  +)?(\w+) +(\d+) +(\d\.\d\d)$", text("05", "shown"), re.MULTILINE)
    order = ["topType", "clothingColor", "hairColor", "clothingType", "accessoriesType"]
    names = [name for name in order for _ in range(SIZES[name])]
    assert len(rows) == 28 == len(names)
    for (value, n, theta), name in zip(rows, names):
        assert int(n) == wearing(people, **{name: value}), (name, value)
        agree(theta, int(n) / 50)
    for name in order:
        assert sum(int(n) for (_, n, _), other in zip(rows, names) if other == name) == 50


def test_05_white_and_blue(people):
    printed = {"white": "0.0054", "blue": "0.00098"}
    for name, combination in {"white": WHITE, "blue": BLUE}.items():
        *factors, p = read("05", f"{name}{' ' if name == 'blue' else ''}: # × # × # × # × # = #")
        assert [Fraction(factor) for factor in factors] == [share(people, *item) for item in combination.items()]
        agree(p, float(naive(people, combination)))
        times, again = read("05", f"{name}: seen # times, Naive Bayes gives #")
        assert int(times) == wearing(people, **combination)
        assert again == printed[name]
        agree(again, float(naive(people, combination)))
    assert read("05", '*"Naive Bayes gives # to the white combination', "written") == [printed["white"]]
    assert (
        read("05", "The invention is the blue one, with #.", "written")
        + read("05", "It makes new styles, # for", "written")
        == [printed["blue"]] * 2
    )
    assert wearing(people, hairColor="Red", clothingColor="Blue01") == 0  # the opening says so


def test_05_all_styles(people):
    values = [sorted({person[name] for person in people}) for name in SIZES]
    p = [naive(people, dict(zip(SIZES, style))) for style in product(*values)]
    assert sum(p) == 1
    styles, together = read("05", "all # styles together: #")
    assert int(styles) == D
    agree(together, 1)
    assert read("05", "# of them are possible") == [str(len(p))] == ["3024"]
    words = re.search(
        r"(\w+), (\w+), (\w+), (\w+), (\w+) with p = ([\d.]+)\nin the album: (\w+)", text("05", "printed")
    ).groups()
    most_likely = {name: Counter(person[name] for person in people).most_common(1)[0][0] for name in SIZES}
    assert words[:5] == tuple(most_likely.values()) and words[6] == str(wearing(people, **most_likely) > 0) == "False"
    agree(words[5], float(naive(people, most_likely)))
    assert naive(people, most_likely) == max(p)


def test_05_new_styles(people, seen):
    new = 1 - float(sum(naive(people, dict(zip(SIZES, style))) for style in seen))
    agree(read("05", "Rule 2, share of new styles: #")[0], new, error=by_lot(new, 10_000))
    agree(read("05", "α = 0: # of the designs have a bun")[0], 0)
    agree(read("05", "α = 1: # of the designs have a bun")[0], 1 / 57, error=by_lot(1 / 57, 10_000))


def naive_score(people, alpha) -> float:
    """Return Naive Bayes' leave-one-out log-likelihood of Wrodl; nan where it is minus infinity."""
    counts = {name: Counter(person[name] for person in people) for name in SIZES}
    p = [
        [(counts[name][person[name]] - 1 + alpha) / (49 + alpha * size) for name, size in SIZES.items()]
        for person in people
    ]
    return np.log(p).sum() if np.min(p) > 0 else -np.inf


@pytest.mark.parametrize("alpha", ["0", "0.5", "1"])
def test_05_the_fifty_first_person(people, seen, alpha):
    table, features = read("05", f"α = {alpha}: table # nats, Naive Bayes # nats")
    if alpha == "0":
        assert (table, features) == ("-inf", "-inf") and naive_score(people, 0) == -np.inf
        return
    agree(table, smoothed_score(seen, float(alpha)))
    agree(features, naive_score(people, float(alpha)))


def test_05_the_prose_of_the_fifty_first_person(people, seen):
    gain = naive_score(people, 1) - max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    agree(read("05", "Some # nats better for fifty people", "written")[0], gain)
    exponent, times = read("05", "a probability $e^{#} \\approx #$ times as large.", "written")
    agree(exponent, gain / 50)
    agree(times, np.exp(gain / 50))
    alone = [
        (name, value) for name in SIZES for value, n in Counter(person[name] for person in people).items() if n == 1
    ]
    assert [name for name, _ in alone] == ["topType"] * 2 and "two people have hair like nobody else" in text(
        "05", "written"
    )


def test_05_mutual_information(people):
    columns = [[person[name] for person in people] for name in SIZES]
    agree(
        read("05", "ten pairs of features together: # nats")[0],
        sum(mutual_info_score(a, b) for a, b in combinations(columns, 2)),
    )
    rng = np.random.default_rng(0)
    chance = [
        sum(mutual_info_score(a, b) for a, b in combinations([rng.permutation(column) for column in columns], 2))
        for _ in range(100)
    ]
    mean, spread = read("05", "after shuffling: # ± # nats")
    agree(mean, np.mean(chance), error=4 * np.std(chance) * np.sqrt(1 / 100 + 1 / 300))
    agree(spread, np.std(chance), error=4 * np.std(chance) * np.sqrt(1 / 200 + 1 / 600))


def test_05_what_the_exercise_of_leaving_one_out_should_give(people):
    agree(
        read("05", "`naive_leave_one_out(codes(wrodl), sizes, 1)` should then be #.)", "written")[0],
        naive_score(people, 1),
    )


def test_05_two_pixels():
    digits = digits_of_sklearn()
    a, b = digits.images[:, 2, 3], digits.images[:, 3, 2]
    agree(read("05", "correlation of two pixels over all digits: #")[0], np.corrcoef(a, b)[0, 1])
    within = [np.corrcoef(a[digits.target == y], b[digits.target == y])[0, 1] for y in range(10)]
    agree(read("05", "within one digit, on average: #")[0], np.mean(within))


# --- lesson 06


@pytest.fixture(scope="module")
def planet(people):
    """The arrays of Planet Pixel's file, with the probabilities "p" of its faces, as lesson 06 says them, and their "styles"."""
    with np.load(files.DATA / "planet_pixel.npz") as file:
        arrays = {name: file[name] for name in file.files}
    listed = [re.findall(rf"{name}: (.*)", text("04", "printed"))[0].split(", ") for name in SIZES]
    weights = [
        [(wearing(people, **{name: value}) + 1) / (50 + size) for value in values]
        for (name, size), values in zip(SIZES.items(), listed)
    ]
    p = {}
    for style, factors in zip(product(*listed), product(*weights)):
        face = style[:3] + ("unseen" if style[4] == "NoHair" else style[3],) + style[4:]
        p[face] = p.get(face, 0) + prod(factors)  # of two styles with one face the sum
    arrays["p"], arrays["styles"] = np.array(list(p.values())), np.array(list(p))
    arrays["pixels"] = np.ascontiguousarray(arrays["faces"])  # (3552, 1024)
    return arrays


@pytest.fixture(scope="module")
def counted(planet):
    """How often each colour stands at each pixel of the training pictures, (1024, 256)."""
    pixels = planet["pixels"][planet["train"]]
    return np.array([np.bincount(column, minlength=256) for column in pixels.T])


@pytest.fixture(scope="module")
def marginals(planet):
    """p_data of each pixel's colour, (1024, 256)."""
    return np.array([np.bincount(column, weights=planet["p"], minlength=256) for column in planet["pixels"].T])


def log_prob_of(counted, alpha, pixels) -> np.ndarray:
    """Return log p(x) (N,) under Naive Bayes."""
    with np.errstate(divide="ignore"):
        return np.log((counted + alpha) / (2000 + 256 * alpha))[np.arange(1024), pixels].sum(axis=1)


def price(planet, counted, alpha) -> float:
    """Return the cross-entropy of Naive Bayes in nats, a sum over all faces."""
    return -planet["p"] @ log_prob_of(counted, alpha, planet["pixels"])


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


# --- lesson 07


def test_07_the_coin():
    assert (
        read("07", "k, N = #, #", "code") == ["24", "40"] == read("03", "k/N = #/# = #, the best θ on a grid is #")[:2]
    )
    theta, target = read("07", "θ = #, and k/N = #")
    agree(theta, 24 / 40)
    agree(target, 24 / 40)

    def loss(a):
        return -binom.logpmf(24, 40, 1 / (1 + np.exp(-a))) / 40

    for number in read("07", "slope by torch: #, by our formula: #"):
        agree(number, (loss(-3 + 1e-5) - loss(-3 - 1e-5)) / 2e-5, error=2e-7)


def test_07_two_yardsticks():
    pictures = load_biscuit_tins().images.reshape(1000, 1024).astype(float)
    agree(read("07", "squared error for each pixel, mean picture: #")[0], pictures.var(axis=0).mean())
    plane = PCA(2, svd_solver="full").fit(pictures)
    flat = np.mean((plane.inverse_transform(plane.transform(pictures)) - pictures) ** 2)
    agree(read("07", "straight plane: #, autoencoder: below 0.001")[0], flat)
    assert flat > 0.001 and "assert autoencoder < 0.001\n" in text("07", "code")


def test_07_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("07", "code")
    for name in ("height:", "width :"):
        assert read("07", f"{name} z₁ or z₂ alone explains less than #%, both together more than #%") == ["80", "90"]
    assert "assert single < 0.8 and 1 - rest.var() / values.var() > 0.9\n" in code
    assert read("07", "no proper tin, from random z: more than #%") == ["10"] and "shares[1] > 0.1\n" in code
    assert (
        int(read("07", "no proper tin, from codes of real tins: #%")[0]) < 2 and "assert shares[0] < 0.02 and" in code
    )
    grown = read("07", "seven steps: the height grows by # to # pixels, the width changes by less than #")
    assert grown == ["5", "9", "2"] and "assert 5 < grown < 9 and abs(widened) < 2\n" in code


# --- lesson 08


def made(lesson: str, beginning: str) -> dict:
    """Return the names after the cell that begins with these words, one that only makes data, has run."""
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    (source,) = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.source.startswith(beginning)]
    names = {"np": np}
    exec(source, names)
    return names


@pytest.fixture(scope="module")
def times():
    """When the customers of the bakery came, in hours, (300,)."""
    return made("08", "rng = np.random.default_rng(1)")["times"]


@pytest.fixture(scope="module")
def plane():
    """The three clusters of section 4 and their 300 points."""
    return made("08", "rng = np.random.default_rng(2)")


def by_sklearn(x, weights, means, covariances, reg=0.0, max_iter=500, tol=1e-9) -> GaussianMixture:
    """Return scikit-learn's mixture of Gaussians after EM from a start."""
    return GaussianMixture(
        len(weights), reg_covar=reg, max_iter=max_iter, tol=tol,
        weights_init=weights, means_init=means, precisions_init=np.linalg.inv(covariances),
    ).fit(x)  # fmt: skip


def two_humps(x, pi, mu, sigma) -> float:
    """Return the log-likelihood of a mixture in one dimension, by scipy."""
    return logsumexp(np.log(pi) + norm.logpdf(x[:, None], mu, sigma), axis=1).sum()


def test_08_whose_customer():
    joint = np.array([0.4, 0.6]) * norm.pdf(8 + 10 / 60, [7.3, 9.5], [0.3, 0.8])
    for number, value in zip(read("08", "at 8:10: early bird #, late riser #"), joint / joint.sum()):
        agree(number, value)


def test_08_em_finds_the_two_humps(times):
    model = by_sklearn(times[:, None], [0.5, 0.5], [[8.0], [9.0]], np.ones((2, 1, 1)))
    found = [*model.weights_, *model.means_[:, 0], *np.sqrt(model.covariances_[:, 0, 0])]
    for number, value in zip(read("08", "found [# #] [# #] [# #]"), found, strict=True):
        agree(number, value)
    truth = [0.4, 0.6, 7.3, 9.5, 0.3, 0.8]
    assert [float(number) for number in read("08", "truth [# #] [# #] [# #]")] == truth
    scores = {
        "one Gaussian": norm.logpdf(times, times.mean(), times.std()).sum(),
        "two by EM": model.score(times[:, None]) * 300,
        "the true mixture": two_humps(times, *np.reshape(truth, (3, 2))),
    }
    for name, score in scores.items():
        agree(read("08", f"{name} log-likelihood # nats")[0], score)
    agree(read("08", "the two humps found by EM: log-likelihood # nats")[0], scores["two by EM"])
    assert scores["two by EM"] > scores["the true mixture"] and "even a little above that of the truth" in text(
        "08", "written"
    )
    agree(read("08", "about # is the top", "written")[0], scores["two by EM"])
    by_hand = np.round([[found[0], 1 - found[0]], found[2:4], found[4:]], 1)  # coarser than the steps of the sliders
    assert two_humps(times, *by_hand) > -420 and "Can you pass −420?" in text("08", "written")


def test_08_the_derivative_is_zero_after_em(times):
    start, after = read("08", "slope in μ₁: # at the start, # after EM")
    agree(start, approx_fprime([8.0], lambda mu: two_humps(times, 0.5, [mu[0], 9.0], [1.0, 1.0]), 1e-6)[0])
    assert after == "0.0"


def test_08_the_steps_of_em(plane):
    """What the prose says about the stepper, by scikit-learn after so many steps from the same start."""
    corner, steps = [[-1.0, 3.0], [0.0, 3.5], [1.0, 3.0]], range(1, 26)
    assert f"corner = np.array({corner})" in text("08", "code")
    first = logsumexp(
        [multivariate_normal(mean, np.eye(2)).logpdf(plane["points"]) for mean in corner], axis=0
    ) - np.log(3)
    scores = [first.sum()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for n in steps:
            model = by_sklearn(plane["points"], np.ones(3) / 3, corner, [np.eye(2)] * 3, max_iter=n, tol=0)
            scores.append(300 * model.score(plane["points"]))
    gains = np.diff(scores)
    assert gains[0] > 1000 and "The first M step gains more than 1,000 nats" in text("08", "written")
    assert np.median(gains[3:10]) == pytest.approx(6, abs=0.7) and "some six nats a step" in text("08", "written")
    assert gains[19:].max() < 0.25 and "from step 20 on hardly anything moves" in text("08", "written")


def test_08_more_components(plane):
    points, pi, mu, sigma = (plane[name] for name in ("points", "true_pi", "true_mu", "true_sigma"))
    rng = np.random.default_rng(0)
    new = np.concatenate([rng.multivariate_normal(m, c, size=round(100_000 * p)) for p, m, c in zip(pi, mu, sigma)])
    one, three, ten = (read("08", f" {k} components # #"[k == 10 :]) for k in (1, 3, 10))
    single = multivariate_normal(points.mean(axis=0), np.cov(points.T, ddof=0))
    agree(one[0], single.logpdf(points).mean())
    agree(one[1], single.logpdf(new).mean(), error=4 * single.logpdf(new).std() / np.sqrt(5000))
    model = by_sklearn(points, pi, mu, sigma)
    agree(three[0], model.score(points), error=0.002)  # the lesson's EM stops sooner
    agree(three[1], model.score(new), error=4 * model.score_samples(new).std() / np.sqrt(5000))
    many = [GaussianMixture(10, random_state=seed, tol=1e-3).fit(points).score(points) for seed in range(5)]
    assert float(ten[0]) == pytest.approx(np.mean(many), abs=0.1)
    on_data, on_new = np.array([one, three, ten], dtype=float).T  # what the prose says
    assert on_data[2] > on_data[1] > on_data[0] and on_new[1] > on_new[2] > on_new[0]


@pytest.mark.parametrize("width", ["0.1", "0.0001", "1e-16", "1e-64"])
def test_08_the_needle(times, width):
    score = two_humps(times, np.array([1, 299]) / 300, [times[0], times.mean()], [float(width), times.std()])
    agree(read("08", f"needle with σ = {width}: log-likelihood # nats")[0], score)


@pytest.mark.parametrize("reg", ["1e-06", "0.01"])
def test_08_the_remedy(times, reg):
    start = ([1 / 300, 299 / 300], [[times[0]], [times.mean()]], [[[1e-4]], [[times.var()]]])
    model = by_sklearn(times[:, None], *start, reg=float(reg))
    for number, value in zip(
        read("08", f"reg = {reg}: EM from the needle ends with σ = # and #"), np.sqrt(model.covariances_[:, 0, 0])
    ):
        agree(number, value)


def test_08_the_number_of_parameters(digits):
    model = GaussianMixture(10, reg_covar=0.01, max_iter=1, init_params="random_from_data", random_state=0)
    with pytest.warns(ConvergenceWarning):
        said = EXERCISES["08.3"].grade(model.fit(digits[0])._n_parameters())
    assert "21,449 numbers, from 1,300 pictures" in said and len(digits[0]) == 1300


def test_08_ten_components(digits):
    x_train, y_train, x_test, _ = digits
    ten = GaussianMixture(10, reg_covar=0.01, random_state=0).fit(x_train)
    held = np.array([np.bincount(y_train[ten.predict(x_train) == k], minlength=10) for k in range(10)])
    low, high = read("08", "digit of their component: between #% and #%")
    assert int(low) < 100 * held.max(axis=1).sum() / 1300 < int(high)
    assert f"assert {int(low) / 100} < purity < {int(high) / 100}\n" in text("08", "code")
    assert (
        "Some components hold two digits or more" in text("08", "written") and ((held > 15).sum(axis=1) > 1).sum() > 1
    )
    assert (
        "some digits are spread over several components" in text("08", "written")
        and ((held > 15).sum(axis=0) > 1).sum() > 1
    )
    single = (
        multivariate_normal(x_train.mean(axis=0), np.cov(x_train.T, ddof=0) + 0.01 * np.eye(64)).logpdf(x_test).mean()
    )
    (bound,) = read("08", "ten Gaussians are more than # nats a picture better than one")
    assert ten.score(x_test) - single > int(bound) and f"assert gain > {bound}\n" in text("08", "code")
    power, factor = read("08", "# nats are a factor of $e^{10} \\approx #{,}000$ for each picture", "written")
    assert power == bound and round(np.exp(10) / 1000) == int(factor)
    assert 784 * 785 // 2 == 307_720 and "784 · 785/2 = 307,720 numbers" in text("08", "written")  # with MNIST


def test_08_back_to_planet_pixel(planet, counted):
    """The mixture's number beside that of sixty groups by k-means, counted with the same pseudo-count."""
    H, independent = entropy(planet["p"]), price(planet, counted, 0.001)
    nats, *rules = read("08", "Naive Bayes # # #")
    agree(nats, independent)
    assert rules == ["0.00", "0.00"]
    mixture, *rules = read("08", "mixture of 60 # # #")
    assert rules == ["0.00", "0.00"] and float(mixture) < 320 and "assert nats < 320 " in text("08", "code")
    again, *rules = read("12", "mixture of 60 # # # #")
    assert rules == ["0.00"] * 3 and rows("density  200 faces     ±  all faces")["mixture of 60"][2] == float(again)
    assert (
        [str(round(float(again)))]
        == [mixture]
        == read("11", "mixture of 60 (08) #")
        == read("11", "a mixture of sixty #", "written")
    )
    pixels = planet["pixels"][planet["train"]]
    groups = KMeans(60, n_init=1, max_iter=10, random_state=0).fit_predict(
        planet["palette"][pixels].reshape(2000, -1).astype(np.float32)
    )
    log_joint = np.empty((60, 3552))
    for k in range(60):
        mine = pixels[groups == k]
        counts = np.bincount((mine + 256 * np.arange(1024)).ravel(), minlength=256 * 1024).reshape(1024, 256)
        table = np.log((counts + 0.001) / (len(mine) + 0.256))
        log_joint[k] = np.log(len(mine) / 2000) + table[np.arange(1024), planet["pixels"]].sum(axis=1)
    sixty = -planet["p"] @ logsumexp(log_joint, axis=0)
    assert float(mixture) < sixty < float(mixture) + 80  # EM climbs higher than groups that were only counted
    assert independent - sixty == pytest.approx(600, abs=60) and "worth some six hundred nats" in text("08", "written")
    agree(read("08", "still far from the truth, which has #", "written")[0], H)
    assert "Planet Pixel has 3,552" in text("08", "written") and len(planet["p"]) == 3552


@pytest.mark.parametrize("name, stay", [("mixture", 0.5), ("hidden Markov model", 0.95)])
def test_08_a_hidden_state_with_a_memory(name, stay):
    change = 1 - stay
    (steps,) = read("08", f"{name} the hidden state lasts # steps on average")
    agree(steps, 1 / change, error=by_lot(change, 10_000) / change**2)


# --- lesson 09


@pytest.fixture(scope="module")
def stories():
    """The 64 stories of the late train: z (64, 6), p(x, z) (64,) and p(z) (64,), number by number."""
    names = made("09", "rng = np.random.default_rng(3)")
    table = []
    for z in product([0, 1], repeat=6):
        prior = prod(0.2 if on else 0.8 for on in z)
        off = [0.97 * prod(1 - names["strength"][i, j] for i in range(6) if z[i]) for j in range(4)]
        table.append((z, prior * prod(1 - p if seen else p for p, seen in zip(off, names["x"])), prior))
    z, joint, prior = map(np.array, zip(*table))
    return z, joint, prior


def normal_kl(one, other) -> float:
    """Return KL(one‖other) of two densities that scipy knows by their logarithms, by an integral."""
    return quad(lambda z: np.exp(one(z)) * (one(z) - other(z)), -12, 12, limit=400, points=[-1.8, 0, 1.8])[0]


def test_09_the_sum_over_all_stories(stories):
    _, joint, _ = stories
    number, p, log_p = read("09", "# stories, p(x) = #, log p(x) = # nats")
    assert int(number) == len(joint)
    agree(p, joint.sum())
    agree(log_p, np.log(joint.sum()))
    z, p = stories[0][joint.argmax()], joint.max() / joint.sum()
    agree(read("09", f"the likeliest: causes [{' '.join(map(str, z))}], p(z|x) = #")[0], p)
    assert z.tolist() == [1, 0, 1, 0, 0, 0] and "Causes 1 and 3 together" in text("09", "written")
    assert round(5 * (1 - p)) == 4 and "four times out of five it was another story" in text("09", "written")
    number, years = read("09", "100 causes: # stories. At a billion in a second: # years")
    agree(number, 2**100)
    agree(years, 2**100 / 1e9 / (365.25 * 24 * 3600))
    assert float(years) > 1.4e10 and "longer than the universe is old" in text("09", "written")


def test_09_two_directions():
    p, q = [0.5, 0.4, 0.1], [0.8, 0.1, 0.1]
    agree(read("09", "\nKL(q‖p) = # nats")[0], entropy(q, p))
    agree(read("09", "\nKL(p‖q) = # nats")[0], entropy(p, q))


def test_09_one_hump_for_two():
    def humps(z):
        return np.log(0.5) + np.logaddexp(norm.logpdf(z, -1.8, 0.6), norm.logpdf(z, 1.8, 0.6))

    def gaussian(mean, width):
        return norm(mean, width).logpdf

    best = {
        "KL(p‖q)": (0, np.sqrt(0.6**2 + 1.8**2)),  # the moments of p
        "KL(q‖p)": minimize(
            lambda t: normal_kl(gaussian(t[0], np.exp(t[1])), humps), [1.5, -0.5], method="Nelder-Mead"
        ).x,
    }
    best["KL(q‖p)"][1] = np.exp(best["KL(q‖p)"][1])
    for name, (mean, width) in best.items():
        numbers = read("09", f"smallest {name}: mean #, width #; KL(p‖q) = #, KL(q‖p) = #")
        agree(numbers[0], mean, error=0.05)  # the grid's
        agree(numbers[1], width, error=0.02)
        q = gaussian(float(numbers[0]), float(numbers[1]))
        agree(numbers[2], normal_kl(humps, q))
        agree(numbers[3], normal_kl(q, humps))


def test_09_the_derivation_and_its_receipts(stories):
    _, joint, prior = stories
    q, log_px = np.random.default_rng(0).dirichlet(np.ones(64)), np.log(joint.sum())
    gap = entropy(q, joint)
    for line in range(1, 6):
        agree(read("09", f"\n({line}) #")[0] if line > 1 else read("09", "(1) #")[0], gap)
    for name, some_q in {"random q": q, "uniform q": np.ones(64) / 64, "posterior": joint / joint.sum()}.items():
        for number, value in zip(
            read("09", f"{name} ELBO #, gap #, log p(x) #"),
            [log_px - entropy(some_q, joint), entropy(some_q, joint), log_px],
        ):
            agree(number, value)
    posterior = joint / joint.sum()
    for chance in (0.2, 0.4):
        causes = stories[0].sum(axis=1)
        other = joint / prior * chance**causes * (1 - chance) ** (6 - causes)
        top, behind = np.log(other.sum()), entropy(posterior, other)
        for number, value in zip(read("09", f"θ = {chance}: ELBO #, gap #, log p(x) #"), [top - behind, behind, top]):
            agree(number, value)
    for name in ("E log p(x,z)/q", "E log p(x,z) + H(q)", "E log p(x|z) − KL(q‖p(z))", "log p(x) − KL(q‖p(z|x))"):
        agree(read("09", f"{name} #")[0], log_px - gap)
    expected = sum(float(a) * np.log(b / c) for a, b, c in zip(q, joint, prior))
    agree(read("09", "expected log-likelihood # nats")[0], expected)
    agree(read("09", "reconstruction loss # nats")[0], -expected)


def bound(parameters) -> float:
    """Return minus the ELBO of N(mean, exp(log_width)²) for z² + noise = 1.5, from the moments of a Gaussian."""
    mean, log_width = parameters
    s = np.exp(2 * log_width)
    square, fourth = mean**2 + s, mean**4 + 6 * mean**2 * s + 3 * s**2
    log_likelihood = -np.log(0.5 * np.sqrt(2 * np.pi)) - 2 * (1.5**2 - 3 * square + fourth)
    return -(log_likelihood - 0.5 * np.log(2 * np.pi) - square / 2 + norm(0, np.exp(log_width)).entropy())


def test_09_see_it_stay():
    best = minimize(bound, [1, -1], tol=1e-10)
    evidence = np.log(2 * quad(lambda z: norm.pdf(z) * norm.pdf(1.5, z**2, 0.5), 0, 8)[0])
    mean, width = read("09", "best q: mean ±#, width #")
    agree(mean, best.x[0], error=0.02)  # the steps of the lesson's grid
    agree(width, np.exp(best.x[1]), error=0.02)
    elbo, log_px = read("09", "ELBO #, log p(x) # nats")
    agree(elbo, -best.fun, error=0.002)
    agree(log_px, evidence)
    gap, log_2 = read("09", "the gap that stays: # nats, log 2 = #")
    agree(gap, evidence + best.fun, error=0.002)
    agree(log_2, np.log(2))
    mean, width, again, width_again = read("09", "by gradient: mean #, width #; the best on a grid: mean #, width #")
    for number, value in [
        (mean, best.x[0]),
        (again, best.x[0]),
        (width, np.exp(best.x[1])),
        (width_again, np.exp(best.x[1])),
    ]:
        agree(number, value, error=0.03)
    middle = minimize(bound, [0.01, 0])
    assert abs(middle.x[0]) < 0.05  # a maximum of its own, over both humps
    mean, width, lower = read("09", "from μ = 0.5: mean #, width #, ELBO # nats lower")
    assert mean == "0.0" and "a local maximum of the ELBO" in text("09", "written")
    agree(width, np.exp(middle.x[1]), error=0.03)
    agree(lower, middle.fun - best.fun)


def test_09_mean_field(stories):
    z, joint, _ = stories
    log_px = np.log(joint.sum())

    def loss(logits):
        q = np.prod(np.where(z == 1, expit(logits), expit(-logits)), axis=1)
        return entropy(q, joint) - log_px

    best = minimize(loss, np.zeros(6), tol=1e-12)
    first = minimize_scalar(lambda a: loss(np.array([a, 0, 0, 0, 0, 0])))
    begun, ended, said = read("09", "ELBO from # to #, log p(x) = #")
    agree(begun, -first.fun)
    agree(ended, -best.fun)
    agree(said, log_px)
    agree(read("09", "the gap that mean field leaves: # nats")[0], log_px + best.fun)
    exact = [sum(p for row, p in zip(z, joint) if row[i]) / joint.sum() for i in range(6)]
    for number, value in zip(read("09", "exact p(z|x): # # # # # #"), exact, strict=True):
        agree(number, value)
    for number, value in zip(read("09", "mean field q: # # # # # #"), expit(best.x), strict=True):
        agree(number, value, error=1e-4)
    for number, value in zip(read("09", "Gibbs sampling: # # # # # #"), exact, strict=True):
        agree(
            number, value, error=by_lot(value, 20_000 / 5)
        )  # a sweep is worth a fifth of an independent draw, or more


def test_09_em_was_this_all_along():
    data = made("09", "rng = np.random.default_rng(5)")["data"]
    lines = re.findall(
        rf"log p {NUMBER} = ELBO after E {NUMBER} ≤ ELBO after M {NUMBER} ≤ log p {NUMBER}", text("09", "printed")
    )
    assert len(lines) == 3
    pi, mean, width = np.array([0.5, 0.5]), np.array([-0.5, 0.5]), np.array([1.0, 1.0])
    for line in lines:
        joint = pi * norm.pdf(data, mean, width)
        r = joint / joint.sum(axis=1, keepdims=True)
        agree(line[0], np.log(joint.sum(axis=1)).sum())
        agree(line[1], np.log(joint.sum(axis=1)).sum())
        pi, mean = r.mean(axis=0), np.array([np.average(data[:, 0], weights=column) for column in r.T])
        width = np.sqrt([np.cov(data.T, aweights=column, ddof=0) for column in r.T])
        after = pi * norm.pdf(data, mean, width)
        agree(line[2], (r * np.log(after)).sum() + entropy(r, axis=1).sum())
        agree(line[3], np.log(after.sum(axis=1)).sum())


# --- lesson 10


@pytest.fixture(scope="module")
def bits(digits):
    """The pictures of lesson 10 in ink (1) and paper (0): 1,300 for training and 497 new ones, (N, 8, 8)."""
    return [(pixels.reshape(-1, 8, 8) * 16 >= 8).astype(int) for pixels in (digits[0], digits[2])]


def shares(pictures, alpha=0.0) -> dict:
    """Return {(x_1, …, x_n): probability} of small pictures, with a pseudo-count α for each of the 2ⁿ."""
    pictures = pictures.reshape(len(pictures), -1)
    found, n = Counter(map(tuple, pictures.tolist())), pictures.shape[1]
    total = len(pictures) + alpha * 2**n
    return {state: (found[state] + alpha) / total for state in product((0, 1), repeat=n)}


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


# --- lesson 11


def nade_checkpoint(name: str) -> tuple[dict, list[np.ndarray]]:
    """Return the score in a checkpoint's file, and W (D, H), c (H,), V (D, H), b (D,); the order is that of the data."""
    with safetensors.safe_open(files.DATA / "checkpoints" / f"{name}.safetensors", framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        score = json.loads(file.metadata()["score"])
    assert (tensors["order"] == np.arange(len(tensors["W"]))).all()
    return score, [tensors[key].astype(np.float32).squeeze() for key in "WcVb"]


def nade_costs(x, W, c, V, b) -> np.ndarray:
    """Return −log p(x_i | x_<i) in nats (N, D), by the definition: for each i a product with the pixels before."""
    signs = 1 - 2 * x.astype(np.float32)
    return np.stack(
        [np.logaddexp(0, signs[:, i] * (expit(c + x[:, :i] @ W[:i]) @ V[i] + b[i])) for i in range(x.shape[1])], axis=1
    )


@pytest.fixture(scope="module")
def foreign(digits):
    """The 200 enlarged digits of lesson 11 as it describes them, (200, 28, 28) zeros and ones."""
    pages = []
    for small in np.concatenate([digits[0], digits[2]])[:200].reshape(-1, 8, 8):
        page = np.pad(
            np.asarray(Image.fromarray((255 * small).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC))
            >= 128,
            4,
        )
        middle = [round(13.5 - where.mean()) for where in np.nonzero(page)]
        pages.append(np.roll(page, middle, (0, 1)))
    return np.array(pages).astype(np.float32)


def test_11_what_sharing_saves():
    d, h = 784, 500
    own, shared = h * d * (d - 1) // 2 + d * (2 * h + 1), 2 * d * h + h + d
    assert read("11", "a network for each pixel: # numbers") == [f"{own:,}"] and round(own / 1e6) == 154
    assert "that makes 154 million numbers" in text("11", "written")
    assert (
        read("11", "one for all, shared: # numbers")
        == read("11", "# numbers, by 'python -m course_utils.pretrain nade_mnist'")
        == [f"{shared:,}"]
    )
    assert read("11", "FVSBN of lesson 10: # numbers") == [f"{d * (d + 1) // 2:,}"]
    one, all_of_them = read("11", "784 pixels, 500 units, 100 pictures: one sum has # MB, all of them # MB")
    agree(one, 4 * 100 * h / 1e6)
    agree(all_of_them, 4 * 100 * h * d / 1e6)


def test_11_three_coins():
    for times, number in zip(
        (2, 3), re.findall(r"\$([23]) \\log 2 = ([\d.]+)\$ nats", text("11", "written")), strict=True
    ):
        assert number[0] == str(times)
        agree(number[1], times * np.log(2))
    assert read("11", "# pictures, together #") == ["1024", "1.000000"]


def test_11_the_wrong_loss(bits):
    ink = bits[1].reshape(len(bits[1]), -1).mean(axis=0).sum()  # pixels of ink in a new picture
    least = ink * -log_sigma(1) + (64 - ink) * -log_sigma(0)
    agree(read("11", "the wrong loss cannot fall below # nats; in the end it is below 44")[0], least)
    low, high, paper, sure = read(
        "11",
        "counts as $\\sigma(p)$, between # and #: the surest paper costs $\\log 2 = #$ nats, the surest ink #, and",
        "written",
    )
    for number, value in [(low, expit(0)), (high, expit(1)), (paper, np.log(2)), (sure, -log_sigma(1))]:
        agree(number, value)
    agree(read("11", "our pictures cannot get below # nats on average", "written")[0], least)


def log_sigma(z: float) -> float:
    """Return log σ(z)."""
    return float(np.log(expit(z)))


def test_11_what_surprises_it(foreign):
    score, weights = nade_checkpoint("nade_mnist")
    assert read("11", "10,000 other digits: # nats a picture") == [f"{score['validation nats']:.2f}"]
    x = foreign.reshape(200, -1)
    cost = nade_costs(x, *weights)
    kinds = {
        "enlarged digits": x, "… turned by 180°": np.rot90(foreign, 2, (1, 2)).reshape(200, -1),
        "… moved by 4 pixels": np.roll(foreign, 4, 2).reshape(200, -1), "… ink and paper exchanged": 1 - x, "empty page": np.zeros((1, 784), np.float32),
    }  # fmt: skip
    nats = {
        name: (cost if name == "enlarged digits" else nade_costs(part, *weights)).sum(axis=1).mean()
        for name, part in kinds.items()
    }
    nats["its own kind of digits"] = score["validation nats"]
    for name, value in nats.items():
        agree(read("11", f"{name} # nats" if name != "empty page" else f"\n{name} # nats")[0], value, error=0.01)
    table = text("11", "printed").partition("% of the nats\n")[2]
    listed = re.findall(r"^(.*?) +\d+ nats$", table, re.M)
    assert listed[:6] == sorted(nats, key=nats.get)
    assert nats["enlarged digits"] < nats["its own kind of digits"] - 5  # what the box says
    agree(read("11", "an empty page: # nats")[0], nats["empty page"], error=0.01)
    assert 5_000 < np.exp(nats["empty page"]) < 20_000 and "some ten thousand draws" in text("11", "written")
    agree(read("11", "an empty page is more than e^# times as likely")[0], 60 - nats["empty page"], error=0.01)

    around = np.pad(foreign, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    neighbours = [around[:, 1 + a : 29 + a, 1 + b : 29 + b] for a, b in [(0, 1), (1, 0), (0, -1), (-1, 0)]]
    edge = np.any([foreign != other for other in neighbours], axis=0).reshape(200, -1)
    pixels, share = read("11", "#% of the pixels are at an edge, with #% of the nats")
    agree(pixels, 100 * edge.mean())
    agree(share, 100 * cost[edge].sum() / cost.sum(), error=0.01)


def test_11_another_distribution():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in [(10, 6), (6,), (10, 6), (10,)]]
    x = np.array(list(product((0, 1), repeat=10)))
    cost = nade_costs(x, *weights)
    p = np.exp(-cost)
    cold = (p**2 / (p**2 + (1 - p) ** 2)).prod(axis=1)  # each bet to the power 1/T
    squared = p.prod(axis=1) ** 2 / (p.prod(axis=1) ** 2).sum()
    assert read("11", "p_T sums to #, p² made to sum to one #") == ["1.000", "1.000"] and cold.sum() == pytest.approx(1)
    agree(read("11", "they disagree on #% of the probability")[0], 50 * abs(cold - squared).sum())


def test_11_real_values(digits):
    agree(read("11", "in grey levels instead of [0, 1]: 16 log 17 = # nats more")[0], 16 * np.log(17))
    grey = 16 * np.concatenate([digits[0], digits[2]]).reshape(-1, 8, 8)[:, 2:6, 2:6].reshape(-1, 16)
    x = (grey + np.random.default_rng(0).uniform(size=grey.shape)) / 17
    one = multivariate_normal(x[:1300].mean(axis=0), np.cov(x[:1300].T, ddof=0)).logpdf(x[1300:]).mean()
    low, high = map(float, read("11", "Gaussians: 1, between # and # nats"))
    assert low < -one < high
    twenty = GaussianMixture(20, reg_covar=1e-4, random_state=0).fit(x[:1300]).score(x[1300:])
    low, high = map(float, read("11", "Gaussians: 20, between # and # nats"))
    assert low < -twenty < high


def test_11_planet_pixel(planet, counted):
    score, weights = nade_checkpoint("nade_planet_pixel")
    p, seen = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    agree(read("11", "Naive Bayes (06) #")[0], price(planet, counted, 0.001))
    agree(read("11", "\nNADE #")[0], score["nats"])
    agree(read("11", "H(p_data) #")[0], entropy(p))
    agree(read("11", "(p_data: #)")[0], p[~seen].sum())
    known, others = (
        float(read("11", f"{name} # nats")[0]) for name in ("faces of the training set", "all the other faces")
    )
    assert p[seen].sum() * known + p[~seen].sum() * others == pytest.approx(score["nats"], abs=0.5)
    W, c, V, b = weights
    for colour in ("White", "Black"):
        wears = planet["styles"][:, list(SIZES).index("clothingColor")] == colour
        share, nats = read("11", f"clothes {colour}, #% of the planet # nats")
        agree(share, 100 * p[wears].sum())
        bits = np.unpackbits(planet["pixels"][wears], axis=1)
        a, cost = np.tile(c, (len(bits), 1)), 0
        for i, bit in enumerate(bits.T):  # the running sum: the definition would take minutes
            cost = cost + np.logaddexp(0, (1.0 - 2 * bit) * (expit(a) @ V[i] + b[i]))
            a += bit[:, None] * W[i]
        agree(nats, np.average(cost, weights=p[wears]), error=0.1)


def test_11_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("11", "code"), text("11", "printed")
    for assertion, said in [
        ("assert nats < 17.2\n", "NADE: below 17.2 nats a test picture"),
        ("mean() < 1.40 and (bets - coins[:, 2]).abs().max() < 0.02\n", "NADE: below 1.40 nats, and its bets on x₃ are within 0.02 of 0, 1, 1, 0"),
        ("< 44 and -confused.log_prob(x_test).mean() > 40\n", "log p(x) as it is: more than 40 nats"),
        ("assert kinds[0] > 480 and kinds[1] < 250\n", "more than 480, and fewer than 250 with the wrong loss"),
        ("surprise[0] < 25 and 60 < surprise[2] < 120 and surprise[3] > 125\n", "T = 0.25: below 25, at 1: between 60 and 120, at 1.5: above 125"),
        ("assert 0.9 < temperatures[np.argmin(curve)] < 1.4 and", "best with T between 0.9 and 1.4"),
        ("assert nats.max() < 17.3 and abs(gap) < 0.25 and nats.max() - nats.min() < 0.5\n", "all seven: below 17.3 nats, and less than 0.5 nats apart"),
        ("assert together < nats.min() - 0.1\n", "more than 0.1 nats better than the best of the seven"),
        ("< 1.95 < scores[\"five Gaussians\"] < 2.2 <", "RNADE below 1.95 nats, five Gaussians below 2.2, one Gaussian above"),
        ("assert by_rnade < -7\n", "RNADE: below −7 nats"),
        ("assert 0.4 < scores[1].rule1 < 0.8 and 0.85 < scores[0.5].rule1 < 1\n", "between 0.4 and 0.8, with T = 0.5 above 0.85"),
        ("scores[0.5].rule2 < 0.05 < p[~known].sum() / 2 and scores[1].rule2 < 0.12\n", "below 0.12, with T = 0.5 below 0.05"),
    ]:  # fmt: skip
        assert assertion in code and said in printed


# --- lesson 12


@pytest.fixture(scope="module")
def somebody(planet):
    """The face of lesson 12, as palette numbers (1024,)."""
    (k,) = read("12", "somebody = test.pixels[#]", "code")
    return planet["pixels"][planet["test"][int(k)]]


def bets_on(planet, x, k) -> dict:
    """Return {colour: p_data(x_k = colour | x_<k)}, face by face."""
    fitting = [(face[k], q) for face, q in zip(planet["pixels"], planet["p"]) if face[:k].tobytes() == x[:k].tobytes()]
    total = sum(q for _, q in fitting)
    return {
        colour: sum(q for other, q in fitting if other == colour) / total
        for colour in {int(colour) for colour, _ in fitting}
    }


def test_12_where_the_news_is(planet, somebody):
    told = {
        32 * int(i) + int(j): nats
        for i, j, nats in re.findall(rf"row +(\d+), column +(\d+): {NUMBER} nats", text("12", "printed"))
    }
    surprises = np.array([-np.log(bets_on(planet, somebody, k)[int(somebody[k])]) for k in range(1024)])
    assert set(told) == set(np.flatnonzero(surprises > 0.01))
    for k, nats in told.items():
        agree(nats, surprises[k])
    together, strap = read("12", "together # nats; at the right strap #")
    (mine,) = planet["p"][(planet["pixels"] == somebody).all(axis=1)]
    agree(together, -np.log(mine))
    assert surprises.sum() == pytest.approx(-np.log(mine))
    agree(strap, surprises[24 * 32 + 20])
    assert len(told) in range(9, 16)  # "a dozen"


def test_12_how_many_pixels_hold_news(planet):
    pixels, counts = planet["pixels"], []
    for x in pixels[planet["test"][:100]]:
        masses = [1.0]
        fits = np.ones(3552, dtype=bool)
        for k in range(1024):
            fits &= pixels[:, k] == x[k]
            masses.append(planet["p"][fits].sum())
        counts.append(np.sum(np.divide(masses[1:], masses[:-1]) < np.exp(-0.01)))
    mean, most = read("12", "pixels with news: # on average, never more than #")
    agree(mean, np.mean(counts))
    assert int(most) == max(counts)


def reach(n_layers, i, j) -> np.ndarray:
    """Return which pixels reach (i, j) through a Row LSTM's layers, going back from layer to layer, (32, 32) bool."""
    wanted = np.zeros((33, 34), dtype=bool)  # one row and two columns of margin
    wanted[i + 1, j + 1] = True
    for _ in range(n_layers):
        states = wanted.copy()
        for row in range(31, -1, -1):  # each state hears three in the row above
            below = states[row + 1, 1:33]
            states[row, 0:32] |= below
            states[row, 1:33] |= below
            states[row, 2:34] |= below
        states[0], states[:, [0, 33]] = False, False
        wanted |= states
        wanted[:, 1:32] |= states[:, 2:33]  # and the input on its left
    pixels = np.zeros((32, 32), dtype=bool)
    for row, column in np.argwhere(wanted[1:, 1:33]):
        pixels[max(row - 3, 0) : row, max(column - 3, 0) : column + 4] = True  # mask A, 7 × 7
        pixels[row, max(column - 3, 0) : column] = True
    return pixels


def test_12_what_reaches_a_pixel():
    every = int(read("12", "next_pixel = # * 32 + #", "code")[0]) * 32 + 20
    assert reach(3, 24, 20).sum() == 647 and every == 788  # the figure's title says so
    assert not reach(3, 24, 20)[24, :14].any() and reach(3, 24, 20)[24, 14:20].all()
    for name, count in [("with the shift", 0), ("without: a leak", 17 - 9)]:
        upto, of, leaked = read("12", f"{name} sees # of # pixels up to itself, and # of the future")
        assert (int(upto), int(of), int(leaked)) == (179, 10 * 17 + 9, count)
    for kind in ("row_lstm", "diagonal_bilstm"):
        assert read("12", f"{kind} sees # pixels of the future") == ["0"]
    assert "(24, 20), on diagonal 44, hears (23, 31), on diagonal 54: True" in text("12", "printed") and (
        24 + 20,
        23 + 31,
    ) == (44, 54)


@pytest.mark.parametrize("n_layers", [1, 3, 12])
def test_12_the_price_of_a_triangle(planet, n_layers):
    p, pixels = planet["p"], planet["pixels"]
    words = np.random.default_rng(1).integers(2**63, size=(1024, 256), dtype=np.uint64)[
        np.arange(1024), pixels
    ]  # (3552, 1024)
    log_q = np.zeros(3552)
    for k in np.flatnonzero((pixels != pixels[0]).any(axis=0)):
        keys = words[:, reach(n_layers, *divmod(k, 32)).ravel()].sum(axis=1, dtype=np.uint64)
        for sign, key in [(1, keys + words[:, k]), (-1, keys)]:
            _, group = np.unique(key, return_inverse=True)
            log_q += sign * np.log(np.bincount(group, weights=p)[group])
    nats, faces = read("12", f"Row LSTM, layers: {n_layers} # #")
    agree(nats, -p @ log_q)
    agree(faces, np.exp(log_q).sum())
    if n_layers == 3:
        agree(read("12", "With three layers the blind spot costs # nats", "written")[0], -p @ log_q - entropy(p))
        assert "Only one picture in twenty" in text("12", "written") and np.exp(log_q).sum() == pytest.approx(
            1 / 20, abs=0.005
        )


def test_12_the_diagonal_kind_pays_nothing(planet):
    for name in ("Diagonal BiLSTM", "p_data itself"):
        nats, faces = read("12", f"{name} # #")
        agree(nats, entropy(planet["p"]))
        assert faces == "1.00"


def test_12_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("12", "code")
    (bound,) = re.findall(r"weights, below ([\d.]+) nats a test picture", text("12", "printed"))
    assert bound == "17.0" and "assert nats < 17\n" in code
    assert read("11", "NADE: below # nats a test picture") == ["17.2"]
    assert read(
        "12", "FVSBN stayed below # nats a test picture, and NADE with a hundred hidden units below #.", "written"
    ) == ["18.5", "17.2"]
    assert 'assert cost["PixelRNN"] < cost["p_data"] + 0.5\n' in code


def test_12_the_scoreboard(planet, counted):
    assert read("12", "Naive Bayes # # # #")[1:] == ["0.00"] * 3
    agree(read("12", "Naive Bayes # # # #")[0], price(planet, counted, 0.001))
    for name, file in [("NADE", "nade"), ("Row LSTM", "pixelrnn_row"), ("Diagonal", "pixelrnn_diagonal")]:
        with safetensors.safe_open(
            files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
        ) as checkpoint:
            score = json.loads(checkpoint.metadata()["score"])
        for number, key in zip(read("12", f"{name} # # # #"), ("nats", "rule 1", "rule 2", "coverage"), strict=True):
            agree(number, score[key])
        if name != "NADE":
            sampled, error, exact, met, others, new = read(
                "12", f"{name} # ± # nats, exact #; faces of the album: #, the other #: #"
            )
            album, hundred = planet["train"].tolist(), planet["test"][:100].tolist()
            assert int(others) == sum(face not in album for face in hundred)
            assert round(float(met)) in (12, 13) and float(new) > 50  # "some 12 nats", "more than 50"
            agree(exact, score["nats"])
            agree(sampled, score["nats"], error=4 * float(error))
    agree(read("12", "p_data # # #")[0], entropy(planet["p"]))
    nats, rule1, rule2, _ = map(float, read("12", "NADE # # # #"))
    assert "nine in ten of its faces are copies" in text("12", "written") and (rule1 - rule2) / rule1 == pytest.approx(
        0.9, abs=0.02
    )
    assert "only one of its pictures in nine is valid" in text("12", "written") and float(
        read("12", "Diagonal # # # #")[1]
    ) == pytest.approx(1 / 9, abs=0.005)
    assert float(read("12", "Row LSTM # # # #")[1]) < float(read("12", "Row LSTM, layers: 3 # #")[1])
    p = planet["p"]
    agree(read("12", "p_data # # #")[2], (p * (1 - (1 - p) ** 500)).sum())


def test_12_several_humps(planet):
    face, row, column = read("12", "face, k = test.pixels[#], # * 32 + #", "code")
    x, k = planet["pixels"][planet["test"][int(face)]], 32 * int(row) + int(column)
    bets = Counter()
    for colour, q in bets_on(planet, x, k).items():
        bets[int(planet["palette"][colour, 0])] += q
    reds, q = np.array(list(bets)), np.array(list(bets.values()))
    mean = q @ reds
    bell = norm.pdf(np.arange(256), mean, np.sqrt(q @ (reds - mean) ** 2))
    best, regression = read("12", "p_data # nats, regression # nats, PixelRNN")
    agree(best, entropy(q))
    agree(regression, -q @ np.log(bell[reds] / bell.sum()))
    assert bets[round(mean)] == 0  # nothing at the mean


def test_12_half_a_face(planet, somebody):
    fits = np.array(
        [face.reshape(32, 32)[:16].tobytes() == somebody.reshape(32, 32)[:16].tobytes() for face in planet["pixels"]]
    )
    assert (
        read("12", "# faces fit. The probability that a completion is one of them:")
        == [str(fits.sum())]
        == [str(4 * 8)]
    )
    for name in ("Row LSTM", "Diagonal"):
        together, nats = map(float, read("12", f"{name} #, and KL(p_data‖p_θ) is # nats"))
        assert together < 1 and nats >= -np.log(together) - 0.1  # Gibbs' inequality, with room for the rounding
    black = np.sum(planet["styles"][planet["train"], list(SIZES).index("clothingColor")] == "Black")
    assert "A black shirt was in the training set some thirty times." in text("12", "written") and abs(black - 30) < 5


def test_12_when_something_opens(planet, somebody):
    """The lecturer's note on the widget: how many faces fit when so many rows are hidden."""
    open_faces = {
        hidden: (planet["pixels"][:, : 32 * (32 - hidden)] == somebody[: 32 * (32 - hidden)]).all(axis=1).sum()
        for hidden in (6, 10, 16, 22, 30)
    }
    assert "With 6 rows hidden everything is decided" in text("12", "written") and open_faces[6] == 1
    assert read("12", "At # rows # faces are possible", "written") == ["10", str(open_faces[10])]
    assert open_faces[10] == open_faces[16] < open_faces[22] < open_faces[30]


@pytest.mark.parametrize("own_mean", [False, True])
def test_12_a_mean_over_the_picture_leaks(own_mean):
    """Exercise 12.5: with the second line each pixel depends on pixels that come later."""
    v = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    y = v - v.mean(dim=(2, 3), keepdim=True) if own_mean else v
    y[0, :, 2, 2].sum().backward()
    assert bool((v.grad[0, :, 3:] != 0).all()) == own_mean


# --- lesson 13


def test_13_the_divergence():
    """KL(N(μ, σ²)‖N(0, 1)) by numerical integration, for the two pairs in the lesson's code."""
    means = [float(v) for v in read("13", "mu, log_var = torch.tensor([[#, #]]), torch.tensor([[#, #]])", "code")]
    for k, (mu, log_var) in enumerate(zip(means[:2], means[2:])):
        q = norm(mu, np.exp(log_var / 2))
        exact = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), *q.ppf([1e-15, 1 - 1e-15]))[0]
        for name in ("ours", "torch"):
            agree(read("13", f"{name} # #")[k], exact, error=1e-5)


def test_13_three_roads_to_a_slope():
    def log_p(z):
        return norm.logpdf(z) + norm.logpdf(1.5, z**2, 0.5)

    q = norm(1, 0.5)

    def mean(f):
        return quad(lambda z: q.pdf(z) * f(z), -4, 6)[0]

    def slope(z):
        return (log_p(z + 1e-5) - log_p(z - 1e-5)) / 2e-5

    truth = mean(slope)
    assert truth == pytest.approx(-1 + 12 * 1 - 8 * (1 + 3 * 0.25), abs=1e-6)  # by the moments of a Gaussian
    agree(read("13", "true slope, by a sum over a grid #")[0], truth)
    ways = {
        "reparameterised": slope,
        "score": lambda z: log_p(z) * (z - 1) / 0.25,
        "score, 20 nats lower": lambda z: (log_p(z) - 20) * (z - 1) / 0.25,
    }
    widths = {name: np.sqrt(mean(lambda z: f(z) ** 2) - truth**2) for name, f in ways.items()}
    apart = [mean(lambda z: log_p(z + h) ** 2) - mean(lambda z: log_p(z + h)) ** 2 for h in (-0.1, 0.1)]
    widths["pushed, new dice"] = np.sqrt(sum(apart)) / 0.2
    for name, width in widths.items():
        middle, one, draws = read("13", f"{name} mean #, one draw ± #; needs # times the draws")
        agree(middle, truth, error=4 * width / np.sqrt(100_000))
        agree(one, width, error=0.03 * width)
        agree(draws, (width / widths["reparameterised"]) ** 2, error=0.06 * float(draws))
    assert "drawn            does the loss know where z came from? False" in text("13", "printed")


def test_13_grey_pixels(digits):
    (nats,) = read("13", "each grey pixel predicted exactly: # nats a digit, and not 0")
    agree(nats, entropy(np.stack([digits[2], 1 - digits[2]]), axis=0).sum(axis=1).mean())

    def integral(p):
        return quad(lambda x: p**x * (1 - p) ** (1 - x), 0, 1)[0]

    for number in read("13", "as a density of one pixel in [0, 1] it integrates to #, by a formula #"):
        agree(number, integral(0.3))
    assert (
        "its integral is one half or less" in text("13", "written")
        and max(map(integral, np.linspace(0.01, 0.99, 99))) <= 0.5
    )


def test_13_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("13", "code")
    assert read("13", "−ELBO in the first epoch: above # nats a digit; in the fifteenth: below #") == ["25", "22"]
    assert "assert curve[0] > 25 and curve[-1] < 22\n" in code
    assert (
        read("13", "trained for sixty epochs: −ELBO below # nats a test digit") == ["20.5"]
        and "assert -bound < 20.5\n" in code
    )
    assert read("13", "z from the rectangle: 2 dimensions above #%, 8 dimensions above #%") == ["10", "70"]
    assert read("13", "z from p(z): 2 dimensions below #%, 8 dimensions below #%") == ["6", "5"]
    assert read("13", "a Gaussian fitted to its codes: 8 dimensions above #%") == ["10"]
    assert "shares[2, 0][1] > 0.1 and shares[2, 10][3] < 0.06 and shares[8, 0][1] > 0.7\n" in code
    assert "shares[8, 0][2] > 0.1 and shares[8, 10][3] < 0.05\n" in code
    assert read("13", "above #%, where the VAE stays below #%", "written") == ["70", "5"]
    assert read("07", "no proper tin, from random z: more than #%") == ["10"]
    assert read("13", "of eight dimensions two have more than # nats, the other six less than #") == ["2", "0.5"]
    assert "assert (nats > 2).sum() == 2 and (nats < 0.5).sum() == 6\n" in code
    assert (
        "silent < 0.01 and" in code and "awake > 2\n" in code and "β = 64: KL below 0.01 nats" in text("13", "printed")
    )
    assert "with n = 1 0.4 to 1.2 nats, with n = 1000 less than 0.15;" in text("13", "printed")
    assert "assert 0.4 < below[0] < 1.2 and abs(below[1]) < 0.15 and below[2] > 5\n" in code
    assert read("13", "KL of a digit: #") == ["3"] and "assert 2.5 < vae.kl(x_test).sum(dim=1).mean() < 3.5\n" in code
    assert read("13", "told the pixels before, β = 1: KL below # nats, −ELBO below # a test digit") == ["1.2", "19.5"]
    assert "assert spoken < 1.2 and rebuilding + spoken < 19.5\n" in code


def test_13_the_scoreboard(planet):
    nats = {}
    for name, file in [
        ("NADE", "nade"),
        ("Row LSTM", "pixelrnn_row"),
        ("Diagonal", "pixelrnn_diagonal"),
        ("VAE", "vae"),
    ]:
        with safetensors.safe_open(
            files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
        ) as checkpoint:
            score = json.loads(checkpoint.metadata()["score"])
        keys = ("bound", "estimate") if name == "VAE" else ("nats",)
        words = "VAE n/a, below #, about # # # #" if name == "VAE" else f"{name} # exact # # #"
        for number, key in zip(read("13", words), (*keys, "rule 1", "rule 2", "coverage"), strict=True):
            agree(number, score[key])
        nats[name] = score[keys[0]]
    assert "Fewer, even by its bound." in text("13", "written") and min(nats, key=nats.get) == "VAE"
    bound, error, album, others = map(
        float, read("13", "the bound on 1,000 test faces: # ± # nats; faces of the album #, others #")
    )
    assert bound == pytest.approx(nats["VAE"], abs=4 * (error + 0.5)) and album < others


def test_13_where_faces_live(planet):
    p = planet["p"]
    together, news, rest = read("13", "KL #, news at most #: the rest # or more")
    agree(news, entropy(p))
    agree(rest, float(together) - entropy(p), error=0.05)
    assert float(rest) > 0
    assert "have more than ten nats: not even once in twenty thousand." in text("13", "written") and float(
        together
    ) > 10 > np.log(2e4)
    assert "With the 3 nats of our digits that is once in twenty" in text("13", "written") and round(np.exp(3)) == 20
    album, likeliest = (
        float(read("13", f"z ~ {name} Rule 1: #")[0]) for name in ("q(z|x) of the album", "p(z), the likeliest x")
    )
    assert "the decoder does well wherever a face lives" in text("13", "written") and album > 0.9 > likeliest
    before, after = (
        [float(v) for v in read("13", f"p(z) = {name} Rule 1 #, Rule 2 #, coverage #")]
        for name in ("N(0, I)", "a mixture")
    )
    assert after[0] > before[0] and after[2] > before[2]
    agree(read("13", "200 draws of p_data reach coverage #")[0], (p * (1 - (1 - p) ** 200)).sum())


WISHES = [
    ("Blank", "Round"),
    ("Brown", "Red"),
    ("Round", "Sunglasses"),
    ("Blonde", "Red"),
    ("NoHair", "LongHairStraight"),
]


@pytest.mark.parametrize("old, new", WISHES)
def test_13_arithmetic(planet, old, new):
    """How many different faces of the test set have the old value; of a bald one nobody sees the hair's colour."""
    done, of = map(int, read("13", f"{old} → {new} exactly that: # of #"))
    met = planet["styles"][np.unique(planet["test"])]
    assert of == sum(old in style for style in met)
    assert done <= 0.1 * of if old == "NoHair" else done > 0.4 * of  # "it has its limit", "nearly everybody"


# --- lesson 14


def adversaries(people) -> dict[str, tuple[Fraction, Fraction]]:
    """Return p_data and p_G of each colour of hair in lesson 14: the one from Wrodl's file, the other from the lesson's code."""
    hair = Counter(person["hairColor"] for person in people)
    fakes = re.search(r"p_G = torch\.tensor\(\[([^\]]+)\]\)", text("14", "code"))[1].split(", ")
    return {colour: (Fraction(hair[colour], 50), Fraction(q)) for colour, q in zip(sorted(hair), fakes, strict=True)}


def test_14_noise():
    (share,) = read("14", "between −1 and 1: #%")
    exact = norm.cdf(1) - norm.cdf(-1)
    agree(share, 100 * exact, error=100 * by_lot(exact, 200_000))
    mean, deviation, correlation = map(float, read("14", "mean #, standard deviation #, correlation #"))
    assert (mean, correlation) == (0, 0) and deviation == 1


def test_14_the_best_d(people):
    both = adversaries(people)
    assert sum(p for p, _ in both.values()) == sum(q for _, q in both.values()) == 1
    for colour, (p, q) in both.items():
        found, formula = read("14", f"{colour} D found #, p_data/(p_data + p_G) = #")
        for number in (found, formula):
            agree(number, float(p / (p + q)))
    lowest, highest = (choose(both, key=lambda c: both[c][0] / sum(both[c])) for choose in (min, max))
    assert (lowest, highest) == ("SilverGray", "Red") and max(both, key=lambda c: both[c][0]) == lowest
    silver, its_d, red, red_s_d = read(
        "14",
        "Silver grey is the most probable colour, #, and gets the lowest $D$, #; red, #, gets the highest, #.",
        "written",
    )
    for number, value in [
        (silver, both[lowest][0]),
        (its_d, both[lowest][0] / sum(both[lowest])),
        (red, both[highest][0]),
        (red_s_d, both[highest][0] / sum(both[highest])),
    ]:
        agree(number, float(value))
    shares = read("14", "Silver grey is the colour of #% of all heads, and of #% of the painter's.", "written") + read(
        "14", "And for a red one, #% and #%?", "written"
    )
    assert [int(share) for share in shares] == [100 * share for colour in (lowest, highest) for share in both[colour]]
    assert read("14", "ask for the odds: # real ones to # false ones", "written") == [
        str(int(100 * share)) for share in both[lowest]
    ]


def test_14_what_the_game_is_worth(people):
    p, q = np.array([[float(share) for share in shares] for shares in adversaries(people).values()]).T
    best = minimize(lambda a: np.sum(p * np.logaddexp(0, -a) + q * np.logaddexp(0, a)), np.zeros(6), tol=1e-12)
    for words in ("V of the D found", "V of the formula", "2 JSD − log 4"):
        (number,) = read("14", f"{words} # nats")
        agree(number, -best.fun)
        agree(number, entropy(p, (p + q) / 2) + entropy(q, (p + q) / 2) - np.log(4))
    agree(read("14", "V if p_G = p_data # nats")[0], -np.log(4))
    agree(read("14", "and $V = -\\log 4 = #$.", "written")[0], -np.log(4))
    agree(read("14", "is $\\log 4 = #$ nats", "written")[0], np.log(4))


def test_14_each_move_changes_one_player():
    assert read("14", "D's move changes #% of D's weights and #% of G's") == ["100", "0"]
    assert read("14", "G's move changes #% of D's weights and #% of G's") == ["0", "100"]


def test_14_slopes():
    at = np.log(0.001 / 0.999)
    for loss, name in [(lambda a: np.log1p(-expit(a)), "log(1 − D)"), (lambda a: -np.log(expit(a)), "−log D")]:
        agree(
            read("14", f"slope of {name} at D = 0.001: #")[0],
            approx_fprime([at], lambda a: loss(a[0]), 1e-7)[0],
            error=1e-5,
        )
    assert read("14", "here # times as large", "written") == [str(round(0.999 / 0.001))]
    agree(read("14", "by log-odds: #")[0], -20)
    assert "D is rounded to 1.00000000, and log(1 − D) to -inf" in text("14", "printed")
    d = read("14", "A fake has $D = #$.", "written")[0]
    assert LESSON_14[
        "14.3"
    ].solution == f'answer = {{"minimax": -{d}, "non_saturating": -0.98, "ratio": 0.98 / {d}}}' and float(
        d
    ) == pytest.approx(1 - 0.98)


def test_14_the_duel():
    """By torch's gradient of the game itself."""
    for r1 in ("0", "0.5"):
        theta, psi = torch.tensor(1.0, dtype=torch.double), torch.tensor(0.0, dtype=torch.double)
        for _ in range(399):
            for player in ("D", "G"):
                theta, psi = (v.detach().requires_grad_() for v in (theta, psi))
                value = torch.sigmoid(0 * psi).log() + (1 - torch.sigmoid(psi * theta)).log() - float(r1) / 2 * psi**2
                by_theta, by_psi = torch.autograd.grad(value, (theta, psi))
                theta, psi = (theta, psi + 0.1 * by_psi) if player == "D" else (theta - 0.1 * by_theta, psi)
        (number,) = read("14", f"r1 = {r1}: after 400 rounds # from the goal")
        agree(number, torch.hypot(theta, psi).item())


def test_14_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("14", "code"), text("14", "printed")
    for assertion, said in [
        ("gan = GAN()  # non-saturating; r1 = 0.1, of which section 8 speaks\nlosses, frames = play(gan)\nassert modes_covered(gan.sample(4000, seed(2))) == 8\n", "game 2: 8 modes"),
        ("assert np.allclose(late, np.log([4, 2]), atol=0.2) and (covered <= 2 or player is gan)\n", "game 1: at most 2 modes, and both losses within 0.2 nats"),
        ("assert np.mean(loss[-50:]) < np.mean(loss[:50]) and left <= 4\n", "G's loss falls, and of 8 modes at most 4 are left"),
    ]:  # fmt: skip
        assert assertion in code and said in printed


def test_14_the_painter(planet):
    with safetensors.safe_open(
        files.DATA / "checkpoints" / "gan_planet_pixel.safetensors", framework="numpy"
    ) as checkpoint:
        facts = {key: json.loads(value) for key, value in checkpoint.metadata().items()}
    for number, key in zip(read("14", "the painter # # #"), ("rule 1", "rule 2", "coverage"), strict=True):
        agree(number, facts["score"][key])
    rule1, rule2 = facts["score"]["rule 1"], facts["score"]["rule 2"]
    for number, share in zip(
        read("14", "the painter #% met, #% new, #% no face"), (rule1 - rule2, rule2, 1 - rule1), strict=True
    ):
        agree(number, 100 * share)
    written = text("14", "written")
    assert "of her valid faces most are in the training set" in written and 1 - rule2 / rule1 > 0.5
    (wrong,) = read("14", "glasses not recognised in #% of the wrong pictures")
    assert "The glasses are nearly always right" in written and int(wrong) < 10
    p, n = planet["p"], 500
    valid, new, coverage = read("14", "p_data itself # # #")
    unseen = 1 - p[np.unique(planet["train"])].sum()
    assert valid == "1.00" and "three in four are in it" in written and unseen == pytest.approx(1 / 4, abs=0.03)
    agree(new, unseen, error=by_lot(unseen, n))
    agree(coverage, (p * (1 - (1 - p) ** n)).sum(), error=0.03)
    met, fresh, none = read("14", "p_data itself #% met, #% new, #% no face")
    assert int(met) + int(fresh) == 100 and none == "0"
    agree(fresh, 100 * unseen, error=100 * by_lot(unseen, n))
    letters = "".join(
        sorted("ABCDEFGHIJ"[place] for place, k in enumerate(np.random.default_rng(14).permutation(10)) if k >= 5)
    )
    assert f"In section 1 the painter's were {' '.join(letters)}\n" in text("14", "printed")
    assert (
        facts["arguments"]["n_latent"] == 16
        and "A network with 16 numbers in and 3,072 out" in written
        and facts["arguments"]["n_features"] == 3072
    )
    assert (
        f"for the {len(planet['train']):,} observations of Planet Pixel" in written
        and "3,552 faces" in written
        and len(p) == 3552
    )


# --- lesson 15


def rows(header: str) -> dict[str, list[float]]:
    """Return the rows of the table that lesson 15 prints under these words: name → numbers."""
    _, _, below = text("15", "printed").partition(f"{header}\n")
    found = re.findall(r"\A((?:[A-Za-z_0-9 ]+? {2,}(?:[a-z]+ *)?(?:-?(?:[\d.]+|inf) *)*\n)+)", below)
    assert found, header
    parts = [re.match(r"(.+?) {2,}(?:[a-z]+ )?(.*)", line).groups() for line in found[0].splitlines()]
    return {
        name: [float(number) for number in numbers.split() if re.match(r"[\d.]+$|inf", number)]
        for name, numbers in parts
    }


def score_of(file: str) -> tuple[dict, int]:
    """Return what a checkpoint's header says about its score, and how many parameters it has."""
    with safetensors.safe_open(
        files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
    ) as checkpoint:
        sizes = [prod(checkpoint.get_slice(name).get_shape()) for name in checkpoint.keys() if name != "order"]
        return json.loads(checkpoint.metadata()["score"]), sum(sizes)


NAMES = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae", "GAN": "gan"}
MODELS = ["Naive Bayes", "mixture of 60", *NAMES]


def test_15_the_nats(planet, counted):
    nats = rows("density  200 faces     ±  all faces")
    assert list(nats) == MODELS + ["p_data", "photocopier"]
    p, pixels = planet["p"], planet["pixels"]
    faces = planet["test"][:200]
    kl = np.log(p[faces]) - log_prob_of(counted, 0.001, pixels[faces])
    for said, value in zip(
        nats["Naive Bayes"],
        (entropy(p) + kl.mean(), kl.std() / np.sqrt(200), price(planet, counted, 0.001)),
        strict=True,
    ):
        assert said == pytest.approx(value, abs=0.06)
    assert nats["p_data"] == [7.0, 0.0, 7.0] and round(entropy(p), 1) == 7.0
    for name, file in NAMES.items():
        score, _ = score_of(file)
        if name != "GAN":
            sampled, error, *_ = nats[name]
            assert sampled == pytest.approx(score.get("nats", score.get("bound")), abs=3 * error + 0.1)
    assert nats["NADE"][2] == pytest.approx(score_of("nade")[0]["nats"], abs=0.1)
    assert nats["mixture of 60"][2] < 320 and nats["GAN"] == [] and nats["photocopier"] == [np.inf] * 2
    seen = np.isin(np.arange(len(p)), planet["train"])
    agree(read("15", "'impossible' to #% of the planet")[0], 100 * p[~seen].sum())
    album, others = read(
        "15", "a face of the album costs NADE # nats on average, any other face # (lesson 11)", "written"
    )
    assert [album] == read("11", "faces of the training set # nats") and [others] == read(
        "11", "all the other faces # nats"
    )
    bound = read("15", "20 draws of z: about # nats fewer")
    assert float(bound[0]) >= 0


def test_15_the_rules(planet):
    rules, p = rows("Rule 1  Rule 2  coverage  ± of Rule 1"), planet["p"]
    seen = np.isin(np.arange(len(p)), planet["train"])
    for name, file in NAMES.items():
        score, _ = score_of(file)
        for said, key in zip(rules[name], ("rule 1", "rule 2")):
            share = max(score[key], 0.01)
            assert said == pytest.approx(
                score[key], abs=0.75 * np.hypot(by_lot(share, 100), by_lot(share, 500)) + 0.005
            )
        assert rules[name][3] == pytest.approx(np.sqrt(rules[name][0] * (1 - rules[name][0]) / 100), abs=0.0051)
    assert rules["p_data"][0] == rules["photocopier"][0] == 1 and rules["photocopier"][1] == 0
    assert rules["p_data"][1] == pytest.approx(p[~seen].sum(), abs=by_lot(p[~seen].sum(), 100))
    agree(read("15", "a hundred draws of p_data see # on average")[0], (p * (1 - (1 - p) ** 100)).sum())
    assert rules["Naive Bayes"][:3] == rules["mixture of 60"][:3] == [0, 0, 0]
    assert (
        rules["NADE"][0] == pytest.approx(0.5, abs=0.1) and rules["Row LSTM"][0] < 0.1
    )  # "every second one", "hardly any"
    nats = rows("density  200 faces     ±  all faces")
    assert nats["Row LSTM"][0] <= nats["NADE"][0]  # "at least as good"
    for words, column in [("most possible faces", 0), ("most new faces", 1), ("most of the planet", 2)]:
        (winner,) = re.findall(rf"{words}: +(.+)", text("15", "printed"))
        assert rules[winner][column] == max(rules[name][column] for name in MODELS)
    (winner,) = re.findall("fewest nats: +(.+)", text("15", "printed"))
    assert nats[winner][0] == min(nats[name][0] for name in MODELS if nats[name])


def test_15_how_many_numbers():
    parameters = {"Naive Bayes": 1024 * 255, "mixture of 60": 60 * 1024 * 255 + 59} | {
        name: score_of(file)[1] for name, file in NAMES.items()
    }
    for name in MODELS:
        agree(read("15", f"{name} # ms a face # parameters")[1], parameters[name])
    agree(read("15", "# times fewer numbers, and fewer nats")[0], parameters["mixture of 60"] / parameters["Row LSTM"])
    (fewest,) = re.findall("fewest parameters: +(.+)", text("15", "printed"))
    assert fewest == min(parameters, key=parameters.get)
    assert "needs more than fifteen million numbers" in text("15", "written") and parameters["mixture of 60"] > 15e6


def test_15_copies_and_dice(planet):
    """What a hundredth of NADE costs, and the forger's nats by NADE's means over known and unknown faces, from lesson 11."""
    exact = rows("density  200 faces     ±  all faces")["NADE"][2]
    spoilt, rule1 = map(float, read("15", "one hundredth of NADE: # nats, Rule 1 #"))
    assert exact < spoilt <= exact + np.log(100) + 0.06 and rule1 < 0.01
    agree(read("15", "log 100: # nats")[0], np.log(100))
    assert "Less than five nats!" in text(
        "15", "written"
    ) and "beats the mixture of sixty by more than two hundred nats" in text("15", "written")
    assert rows("density  200 faces     ±  all faces")["mixture of 60"][2] - spoilt > 200
    p, copies = planet["p"], np.bincount(planet["train"], minlength=3552) / 2000
    seen, unknown = copies > 0, float(read("11", "all the other faces # nats")[0])
    for new in ("0.01", "1e-09"):
        nats, r1, r2 = map(float, read("15", f"NADE paints {new}: # nats, Rule 1 #, Rule 2 #"))
        value = -p[seen] @ np.log((1 - float(new)) * copies[seen]) + p[~seen].sum() * (unknown - np.log(float(new)))
        assert nats == pytest.approx(
            value, abs=0.5 * p[~seen].sum() + 0.1
        )  # the mean of the unknown is rounded to a nat
        assert nats < exact - 5 and r1 > 0.98 and r2 < 0.002  # "by a wide margin", "almost nothing"


def test_15_bits_a_pixel(planet):
    for name, nats in [("any colour anywhere", 1024 * np.log(256)), ("H(p_data)", entropy(planet["p"]))]:
        said, bits = read("15", f"{name} # nats = # bits a pixel")
        agree(said, nats)
        agree(bits, nats / (1024 * np.log(2)))
    agree(
        read("15", "8 bits a pixel without a model, # with NADE", "written")[0],
        float(read("15", "NADE # nats = # bits a pixel")[0]) / (1024 * np.log(2)),
    )


@pytest.fixture(scope="module")
def components(planet):
    """The portraits' first twenty principal components, of all faces, (3552, 20), by another solver than the lesson's."""
    rgb = planet["palette"][planet["pixels"]].reshape(3552, -1) / 255
    return PCA(20, svd_solver="arpack", random_state=0).fit(rgb[planet["train"]]).transform(rgb)


def test_15_nearest_neighbours(planet):
    rgb = planet["palette"][planet["pixels"]].reshape(3552, -1) / 255
    album = np.unique(planet["train"])
    twins = [(((rgb[album] - rgb[face]) ** 2).sum(axis=1) < 1).any() for face in planet["test"][:500]]
    agree(read("15", "of the faces held out: # are in the album")[0], np.mean(twins))
    seen = np.isin(planet["test"][:500], album).mean()
    assert "three quarters of the **true** faces" in text("15", "written") and seen == pytest.approx(0.75, abs=0.03)
    photocopier, _, _, twins = read("15", "photocopier # NADE # VAE # GAN #")
    assert photocopier == "1.00"
    rules = rows("Rule 1  Rule 2  coverage  ± of Rule 1")["GAN"]
    assert float(twins) < rules[0] - rules[1]  # "a face that is a little off everywhere has no twin"


def test_15_the_truth_is_far_from_itself_with_few_pictures(planet, components):
    rng, p = np.random.default_rng(1), planet["p"]
    album = components[planet["train"]]

    def distance(n: int) -> float:
        some = components[rng.choice(3552, n, p=p)]
        A, B = np.cov(some.T), np.cov(album.T)
        values, vectors = np.linalg.eigh(A)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # tr (AB)^½ = tr (A^½ B A^½)^½
        middle = np.sqrt(np.linalg.eigvalsh(root @ B @ root).clip(0)).sum()
        return ((some.mean(axis=0) - album.mean(axis=0)) ** 2).sum() + np.trace(A) + np.trace(B) - 2 * middle

    for number, n in zip(read("15", "p_data by 50 pictures #, by 400 #, by 3,200 #"), (50, 400, 3200), strict=True):
        draws = [distance(n) for _ in range(20)]
        agree(number, np.mean(draws), error=4 * np.std(draws) * np.sqrt(2 / 20))
    fid = {
        name: float(number)
        for name, number in re.findall(
            r"^(one Gaussian|p_data|mixture of 60) +([\d.]+)$", text("15", "printed"), re.MULTILINE
        )
    }
    assert fid["one Gaussian"] < 1.3 * fid["p_data"]  # "beside the truth"
    assert float(read("15", "p_data by 50 pictures #, by 400 #, by 3,200 #")[0]) > fid["mixture of 60"]


def test_15_the_proxies():
    proxies = rows("precision  Rule 1  recall  coverage")
    assert proxies["mixture of 60"][0] > 0.8 and proxies["mixture of 60"][1] == 0
    assert proxies["NADE"][2] > 0.7 and proxies["NADE"][3] < 0.2
    ranks = [float(number) for number in read("15", "precision with Rule 1 #, recall with coverage #")]
    assert "On the whole the proxies rank as the truth does" in text("15", "written") and min(ranks) > 0.4


def test_15_one_number_is_the_same_wherever_it_is_printed():
    nats, rules = rows("density  200 faces     ±  all faces"), rows("Rule 1  Rule 2  coverage  ± of Rule 1")
    proxies = rows("precision  Rule 1  recall  coverage")
    for name, (rule1, _, coverage, _) in rules.items():
        assert [proxies[name][1], proxies[name][3]] == [rule1, coverage]
    for name in ("Naive Bayes", "mixture of 60", "NADE"):
        said, bits = read("15", f"{name} # nats = # bits a pixel")
        agree(said, nats[name][0], error=0.06)
        agree(bits, nats[name][0] / (1024 * np.log(2)), error=1e-4)
    for name in ("mixture of 60", "Row LSTM"):
        parameters, said = read("15", f"{name} # parameters, # nats")
        assert parameters == read("15", f"{name} # ms a face # parameters")[1]
        agree(said, nats[name][0], error=0.06)
    exact, (rule1, rule2, *_) = nats["NADE"][2], rules["NADE"]
    assert re.findall(r"^NADE: +([\d.]+) nats", text("15", "printed"), re.MULTILINE) == [str(exact)]
    for share in ("1", "0.5", "0.1", "0.01"):
        said = read("15", f"NADE paints {share}: # nats, Rule 1 #, Rule 2 #")
        agree(said[1], 1 - float(share) * (1 - rule1))
        agree(said[2], float(share) * rule2)
        assert float(said[0]) == exact if share == "1" else float(said[0]) < exact - 5
    for number, (x, y) in zip(
        read("15", "precision with Rule 1 #, recall with coverage #"), [(0, 1), (2, 3)], strict=True
    ):
        table = np.array(list(proxies.values()))
        assert float(number) == pytest.approx(
            spearmanr(table[:, x], table[:, y]).statistic, abs=0.1
        )  # the table is rounded


def test_15_the_alarm(planet, counted):
    found, p = rows("upside down  two halves  empty page  monks"), planet["p"]
    faces = planet["pixels"][planet["test"][:200]]
    squares = faces[:40].reshape(-1, 32, 32)
    halves = squares.copy()
    halves[1:, :, 16:], halves[0, :, 16:] = squares[:-1, :, 16:], squares[-1, :, 16:]
    columns = list(SIZES)
    wanted = {"topType": "NoHair", "accessoriesType": "Blank", "clothingColor": "White"}
    monk = np.all([planet["styles"][:, columns.index(name)] == value for name, value in wanted.items()], axis=0)
    foreign = [
        squares[:, ::-1].reshape(-1, 1024),
        halves.reshape(-1, 1024),
        np.full((1, 1024), faces[0, 0]),
        planet["pixels"][monk],
    ]

    def beaten(usual, strange) -> float:
        return np.mean([(usual < x).mean() + (usual == x).mean() / 2 for x in strange])

    usual = -log_prob_of(counted, 0.001, faces)
    for said, some in zip(found["Naive Bayes"], foreign, strict=True):
        assert said == pytest.approx(beaten(usual, -log_prob_of(counted, 0.001, some)), abs=0.0051)
    truth = beaten(-np.log(p[planet["test"][:200]]), -np.log(p[monk]))
    assert found["p_data"][:3] == [1, 1, 1] and found["p_data"][3] == pytest.approx(truth, abs=0.0051)
    for name in ("NADE", "Row LSTM", "VAE"):
        assert found[name][0] == 1 and found[name][1] > 0.9 and found[name][3] < 0.45
    assert 0.5 < found["Row LSTM"][2] < 0.95


def test_15_who_is_left_out(planet):
    black = planet["styles"][:, list(SIZES).index("clothingColor")] == "Black"
    share = planet["p"][black].sum()
    agree(read("15", "on the planet: #%")[0], 100 * share)
    assert "one person in 58" in text("15", "written") and round(1 / share) == 58
    assert float(read("15", "NADE: #%, an exact sum")[0]) < 0.2  # "all but lost"
    assert "some thirty in its album" in text("15", "written") and black[planet["train"]].sum() == pytest.approx(
        30, abs=5
    )
    for name in ("VAE", "GAN"):
        met, of, expected = read("15", f"{name}: # of # faces, where the planet would show about #")
        agree(expected, int(of) * share)
        assert int(met) <= int(of) <= 1000


def test_15_exercises():
    a, b = 0.60, 0.50
    apart = (a - b) / np.sqrt(a * (1 - a) / 100 + b * (1 - b) / 100)
    assert round(apart, 1) == 1.4 and 2 * norm.sf(apart) == pytest.approx(1 / 6, abs=0.02)  # "one time in six"
    assert round(3.00 * 3072 * np.log(2)) == 6388 and round(20 / (1024 * np.log(2)), 3) == 0.028


def test_15_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("15", "code"), text("15", "printed")
    for assertion, said in [
        ("< 3 * error[name]\n", "all of them: within three standard errors of the checkpoints' own scores"),
        ("assert np.abs(below - ndtr(z)).max() < 0.002\n", "quantile goes to quantile, within 0.002"),
        ("assert np.abs(by_flow - melting(x[i], 0)[0])[1:-1].max() < 0.01\n", "p(z) / |dx/dz| is p_data(x), within 0.01"),
        ("assert np.mean(groups < bus) < 0.01\n", "of 100 groups of 30 new faces 99 need more than"),
    ]:  # fmt: skip
        assert assertion in code and said in printed
