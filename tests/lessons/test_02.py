"""The numbers of lesson 02, beside computations that use none of the course's models."""

import re
from itertools import product

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from oracle import (
    BY_EYE,
    POLYGONS,
    WORDS,
    agree,
    box_share,
    by_area,
    by_lot,
    in_degrees,
    km,
    land_share,
    log_density,
    on_land,
    read,
    text,
)


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
