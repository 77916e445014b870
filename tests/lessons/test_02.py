"""The numbers of lesson 02, beside computations that use none of the course's models."""

from itertools import product

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from oracle import (
    BY_EYE,
    POLYGONS,
    box_share,
    by_area,
    by_lot,
    in_degrees,
    km,
    land_share,
    log_density,
    on_land,
)
from pytest import approx


def test_the_observations_lie_on_land(lesson, x):
    np.testing.assert_array_equal(lesson["X"], x)
    assert on_land(x).all() and len(x) == 40


def test_the_box_drawn_by_eye(lesson, x):
    assert lesson["theta"] == BY_EYE
    new_york = np.exp(log_density([[40.7306, -73.9352]], BY_EYE)[0])
    assert lesson["(density(new_york, theta), density([-90, 0], theta), total)"] == approx((new_york, 0, 1))
    np.testing.assert_allclose(lesson["box.log_prob(X)"], log_density(x, BY_EYE))
    south, west, north, east = BY_EYE
    assert lesson["left_out"] == (sum(x[:, 0] < south), sum(x[:, 1] < west))
    assert (x[:, 0] < north).all() and (x[:, 1] < east).all()


def test_a_density_above_1(lesson):
    tiny, height, per_square_minute = lesson["(tiny, height, per_square_minute)"]
    for minutes, density in [(1, height), (60, per_square_minute)]:
        theta = minutes * np.array(tiny)
        assert density == approx(np.exp(log_density([(theta[:2] + theta[2:]) / 2], theta)[0]))
    assert height > 1 and height * 0.5 * 0.5 == approx(1)


def test_which_points_lie_on_land(lesson):
    for points in ("my_points", "three"):
        np.testing.assert_array_equal(lesson[f"land.contains({points})"], on_land(lesson[points]))


def test_how_far_a_b_and_c_are(lesson, x):
    a_b_c = [(20, -45), x[0] + 0.5, (-10, -55)]
    nearest = [min(km(point, other) for other in x) for point in a_b_c]
    np.testing.assert_allclose(lesson["nearest_km(three, X)"], nearest)


def test_the_two_rules(lesson, x):
    """Rule 1 by exact areas, Rule 2 on a grid of one degree."""
    grid = np.array(list(product(np.arange(-89.5, 90), np.arange(-179.5, 180))))

    def direction(points):
        a, b = np.radians(points).T
        return np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])

    far = (direction(grid).T @ direction(x)).max(axis=1) < np.cos(200 / 6371)
    p_data = np.average(far, weights=np.cos(np.radians(grid[:, 0])) * on_land(grid))
    box = far[np.isfinite(log_density(grid, BY_EYE))].mean()
    on_box = land_share(in_degrees, BY_EYE) / box_share(in_degrees, BY_EYE)
    expected = {"p_data itself": (1, p_data), "the box": (on_box, box), "the photocopier": (1, 0)}
    rule1, rule2 = lesson["(rule1, rule2)"]
    assert rule1.keys() == expected.keys()
    for name, shares in expected.items():
        for counted, share in zip((rule1[name], rule2[name]), shares):
            assert counted == approx(share, abs=by_lot(share, 20_000))
    in_box, land = np.isfinite(log_density(grid, BY_EYE)), on_land(grid)
    for counted, part in zip(lesson["(far_at_sea, far_on_land)"], (in_box & ~land, in_box & land)):
        assert counted == approx(far[part].mean(), abs=by_lot(far[part].mean(), 6_000) + 0.002)  # the grid's own error


@pytest.mark.parametrize("name", ["mle", "sahara"])
def test_two_boxes_as_models(lesson, x, mle, name):
    theta = {"mle": mle, "sahara": (18, -5, 28, 28)}[name]
    np.testing.assert_allclose(lesson[f"{name}.log_prob(X).sum()"], log_density(x, theta).sum())
    share = min(land_share(in_degrees, theta) / box_share(in_degrees, theta), 1)
    counted = lesson[f"land.contains({name}.sample(20_000, np.random.default_rng(4))).mean()"]
    assert counted == approx(share, abs=by_lot(share, 20_000))


def test_the_best_box_around_the_data(lesson, mle):
    """By the exact areas of the map's polygons, for some of the boxes; none of them is better than the lesson's."""

    def share(theta):
        return land_share(in_degrees, theta) / box_share(in_degrees, theta)

    low, high = np.floor(mle[:2]), np.ceil(mle[2:])
    around = product([-90, low[0]], [-180, -170, low[1]], [high[0], 80, 90], [high[1], 160, 170, 180])
    assert lesson["best_share"] == approx(max(map(share, around)), abs=0.003)


@pytest.mark.parametrize("name, points, ruler", [
    ("in square degrees", "in_degrees", in_degrees),
    ("by area", "by_area", by_area),
])  # fmt: skip
def test_uniform_in_two_ways(lesson, name, points, ruler):
    n, ratio, land, north = lesson[f"(n, ratio['{name}'], share['{name}'], ({points}[:, 0] > 60).mean())"]
    for counted, share in [(land, land_share(ruler)), (north, box_share(ruler, (60, -180, 90, 180)))]:
        assert counted == approx(share, abs=by_lot(share, n))
    australia, greenland = (  # each the one polygon that holds a place, [longitude, latitude]
        land_share(ruler, polygons=[polygon for polygon in POLYGONS if Polygon(polygon[0]).contains_point(place)])
        for place in [(135, -25), (-40, 72)]
    )
    error = 4 * np.sqrt((1 - australia) / (n * australia) + (1 - greenland) / (n * greenland))
    assert ratio == approx(australia / greenland, rel=error)


@pytest.mark.parametrize("name, ruler", [("in degrees", in_degrees), ("by area", by_area)])
def test_the_land_of_three_belts(lesson, name, ruler):
    shares = [land_share(ruler, (south, -180, north, 180)) for south, north in [(-90, -60), (-60, 60), (60, 90)]]
    for counted, share in zip(lesson[f"belts['{name}']"], shares):
        assert counted == approx(share, abs=by_lot(share, 1_000_000))


@pytest.mark.parametrize("name, limits", [
    ("the whole globe", (-90, -180, 90, 180)),
    ("no far south, no far north", (-60, -180, 75, 180)),
    ("the box", BY_EYE),
])  # fmt: skip
def test_what_the_limits_of_the_box_do(lesson, name, limits):
    for counted, ruler in zip(lesson[f"held['{name}']"], (by_area, in_degrees)):
        share = land_share(ruler, limits) / box_share(ruler, limits)
        assert counted == approx(share, abs=by_lot(share, 500_000 * box_share(ruler, limits)))
