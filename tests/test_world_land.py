"""The land of the world, against the sphere's own formula, matplotlib's polygons and what everybody knows of the Earth."""

import json
import re

import numpy as np
import pytest
import shapely
from matplotlib.path import Path as Polygon
from scipy.stats import chisquare

from course_utils import files
from course_utils.datasets import load_world_land

# The polygons as the file has them, [longitude, latitude], without shapely: [[exterior, hole, …], …]
POLYGONS = [
    [np.array(ring) for ring in polygon]
    for polygon in json.loads((files.DATA / "world_land.geojson").read_text(encoding="utf-8"))["coordinates"]
]


def share_of_globe(south: float, north: float) -> float:
    """Return the area of the land between two latitudes, as a share of the globe's.

    Green's theorem: the area within a ring on the unit sphere is the integral of sin(latitude) along it; with the
    latitude clipped to the band it is the area within the band.
    """
    total = 0.0
    for polygon in POLYGONS:
        for number, ring in enumerate(polygon):
            longitude, latitude = np.radians(ring).T
            t = (np.arange(200) + 0.5) / 200  # midpoints along each edge
            along = latitude[:-1, None] + np.diff(latitude)[:, None] * t
            sine = np.sin(np.clip(along, np.radians(south), np.radians(north))).mean(axis=1)
            total += abs((sine * np.diff(longitude)).sum()) * (1 if number == 0 else -1)
    return total / (4 * np.pi)


@pytest.fixture(scope="module")
def land():
    return load_world_land()


def test_land_covers_29_percent_of_the_globe():
    assert share_of_globe(-90, 90) == pytest.approx(0.29, abs=0.005)  # 148.9 of 510.1 million km² in any encyclopedia
    assert share_of_globe(0, 90) / share_of_globe(-90, 90) == pytest.approx(
        0.68, abs=0.01
    )  # two thirds lie in the north


def test_contains_agrees_with_the_area_on_uniform_points(land):
    rng = np.random.default_rng(0)
    n = 100_000
    points = np.column_stack([np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng.uniform(-180, 180, n)])
    assert land.contains(points).mean() == pytest.approx(share_of_globe(-90, 90), abs=4 * np.sqrt(0.29 * 0.71 / n))


@pytest.mark.parametrize(
    "name, latitude, longitude, on_land",
    [
        ("New York State", 42.5, -75.5, True),
        ("Paris", 48.86, 2.35, True),
        ("Nairobi", -1.29, 36.82, True),
        ("Alice Springs", -23.70, 133.88, True),
        ("the middle of Greenland", 75.0, -40.0, True),
        ("the South Pole", -90.0, 0.0, True),
        ("the South Pole, by the date line", -89.9, 180.0, True),
        ("Chukotka, west of the date line", 67.5, 178.0, True),
        ("Chukotka, east of the date line", 66.5, -175.0, True),
        ("the North Pole", 90.0, 0.0, False),
        ("where the equator meets Greenwich", 0.0, 0.0, False),
        ("the Atlantic", 30.0, -45.0, False),
        ("the Pacific, by the date line", 0.0, 180.0, False),
        ("the Caspian Sea", 42.0, 50.5, False),
        ("the Mediterranean", 35.0, 18.0, False),
        ("the Bering Sea, west of the date line", 58.0, 178.0, False),
        ("the Bering Sea, east of the date line", 58.0, -178.0, False),
    ],
)
def test_known_places(land, name, latitude, longitude, on_land):
    assert land.contains([[latitude, longitude]]).tolist() == [on_land], name


def test_contains_agrees_with_matplotlib(land):
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-90, 90, 20_000), rng.uniform(-180, 180, 20_000)])
    outline = shapely.MultiLineString([ring for polygon in POLYGONS for ring in polygon])
    near = shapely.dwithin(outline, shapely.points(points[:, ::-1]), 1e-6)  # where both may be right
    expected = np.zeros(len(points), dtype=bool)
    for exterior, *holes in POLYGONS:
        inside = Polygon(exterior).contains_points(points[:, ::-1])
        for hole in holes:
            inside &= ~Polygon(hole).contains_points(points[:, ::-1])
        expected |= inside
    assert near.mean() < 0.001
    np.testing.assert_array_equal(land.contains(points)[~near], expected[~near])


def test_samples_lie_on_land_and_are_uniform_by_area(land):
    n = 20_000
    points = land.sample(n, np.random.default_rng(3))
    assert points.shape == (n, 2)
    assert land.contains(points).all()
    edges = np.array([-90, -75, -60, -40, -20, 0, 15, 30, 40, 50, 60, 70, 90])
    shares = np.array([share_of_globe(south, north) for south, north in zip(edges, edges[1:])])
    expected = n * shares / shares.sum()
    observed, _ = np.histogram(points[:, 0], edges)
    filled = expected > 5  # no land between 60 and 75 degrees south would make this statistic useless
    assert (
        chisquare(observed[filled], expected[filled] * observed[filled].sum() / expected[filled].sum()).pvalue > 0.001
    )
    # as many points as square kilometres, not as square degrees, in the far north: a tenth against a quarter
    assert (points[:, 0] > 60).mean() == pytest.approx(share_of_globe(60, 90) / share_of_globe(-90, 90), abs=0.01)


def test_samples_are_uniform_in_longitude_too(land):
    """Within a box that is land all over, in the Sahara."""
    points = land.sample(200_000, np.random.default_rng(4))
    sahara = points[(points > [18, -5]).all(axis=1) & (points < [28, 28]).all(axis=1)]
    counts, _ = np.histogram(sahara[:, 1], bins=11, range=(-5, 28))
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("n", [0, 1, 2, 40, 1000])
def test_a_seed_gives_the_same_samples_each_time(land, n):
    first, second = (land.sample(n, np.random.default_rng(5)) for _ in range(2))
    assert first.shape == (n, 2) and land.contains(first).tolist() == [True] * n
    np.testing.assert_array_equal(first, second)
    if n > 1:
        assert (first != land.sample(n, np.random.default_rng(6))).all()


@pytest.mark.parametrize(
    "points, message",
    [
        (np.zeros((3, 3)), "points must have shape (N, 2), [latitude, longitude] in degrees, got (3, 3)"),
        ([], "got (0,)"),
        (None, "got ()"),
        ([40.7306, -73.9352], "got (2,) (one point is written [[latitude, longitude]])"),
        ([[1, 2], [float("nan"), 3]], "points must be finite numbers, got [nan, 3.0] in row 1"),
        ([[1, float("inf")]], "points must be finite numbers, got [1.0, inf] in row 0"),
        (
            [[1, 2], [-100, 20]],
            "latitude in [-90, 90] and longitude in [-180, 180] in this order, got [-100.0, 20.0] in row 1",
        ),
        ([[20, 181]], "got [20.0, 181.0] in row 0"),
        ("Paris", "points must be numbers, (N, 2) [latitude, longitude], got str"),
        ([[1, 2], [3]], "points must be numbers, (N, 2) [latitude, longitude], got list"),
    ],
)
def test_points_that_are_no_points(land, points, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        land.contains(points)


@pytest.fixture
def data_file(tmp_path, monkeypatch):
    """The loader reads this file instead of its own; it does not exist yet."""
    monkeypatch.setattr(files, "DATA", tmp_path)
    return tmp_path / "world_land.geojson"


def test_a_missing_file(data_file):
    with pytest.raises(FileNotFoundError, match=f"(?s){re.escape(str(data_file))} is missing.*git restore.*make data"):
        load_world_land()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        (files.DATA / "world_land.geojson").read_bytes()[:5000],
        b"\xff\xfe\x00\x01",
        b"null",
        b"{}",
        b'{"type":"MultiPolygon"}',
        b'{"type":"MultiPolygon","coordinates":[]}',
        b'{"type":"MultiPolygon","coordinates":[[[[0,0],[1,1]]]]}',
        b'{"type":"MultiPolygon","coordinates":[[[["a","b"],[1,1],[0,1],[0,0]]]]}',
        b'{"type":"Point","coordinates":[0,0]}',
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_a_damaged_file(data_file, content):
    data_file.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s){re.escape(str(data_file))} is damaged.*git restore.*make data"):
        load_world_land()
