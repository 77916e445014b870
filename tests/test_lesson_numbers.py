"""The numbers that lessons 01–03 print and speak of, beside computations that use none of the course's models.

Taken from course_utils are only the data: `load_digits`, and X = `load_world_land().sample(…)`. What lies on land is
said by matplotlib or by Green's theorem on the raw outlines, densities come from scipy, and the MLE is a minimum and a
maximum. Where a lesson draws by lot, its number may differ from the exact one by four standard errors.
"""

import json
import re
from collections import Counter
from functools import cache
from itertools import product
from statistics import median

import nbformat
import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from scipy.special import logsumexp
from scipy.stats import binom, entropy, norm, uniform

from course_utils.datasets import files, load_digits, load_world_land
from course_utils.execute import NOTEBOOKS

NUMBER = r"([-+−]?(?:inf|\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?))"
BY_EYE = (-60, -130, 75, 155)  # the box of lesson 02
GLOBE = (-90, -180, 90, 180)
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


@cache
def text(lesson: str, kind: str) -> str:
    """Return all that a lesson has "printed", all its prose ("written") or all its "code"."""
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    if kind == "printed":
        return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    return "\n".join(cell.source for cell in cells if cell.cell_type == {"written": "markdown", "code": "code"}[kind])


def read(lesson: str, words: str, kind: str = "printed") -> list[str]:
    """Return the numbers that stand in a lesson's text in the places of `#`; fail if the words are not there exactly once."""
    pattern = r"[\s>]+".join(re.escape(word).replace(r"\#", NUMBER) for word in words.split())
    found = re.findall(rf"(?<!\w){pattern}", text(lesson, kind))
    if len(found) != 1:
        pytest.fail(f"Lesson {lesson} should have {kind} {words!r} once, with numbers for #, but did so {len(found)} times.")
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
    with pytest.raises(pytest.fail.Exception, match="Lesson 02 should have printed 'the moon is # km away' once.* did so 0 times"):
        read("02", "the moon is # km away")


@pytest.mark.parametrize(
    "number, right, wrong",
    [("0.36", 0.3649, 0.3671), ("-431.5", -431.54, -431.56), ("2.0e-20", 2.04e-20, 2.06e-20), ("5", 4.6, 4.4), ("-inf", -np.inf, -5)],
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
    table = {n: [float(a) for a in read("01", f"{n} labels: generative #, discriminative #")] for n in (20, 50, 100, 200, 500, 1000)}
    assert [n for n, (generative, discriminative) in table.items() if generative > discriminative] == [20, 50]
    assert "is ahead up to 50 labels, logistic regression from 100 on" in text("01", "code").replace('"\n              "', "")
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
    assert "two thirds of what it makes lies in the sea" in text("02", "written") and on_box == pytest.approx(1 / 3, abs=0.04)


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
    ratio, land = read("02", f"{name} Australia = # × Greenland, land = #% of the globe")
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
    (odds,) = read("03", "the data are some # times as likely under box **a** as under box **b**, and impossible", "written")
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
