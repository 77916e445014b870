"""The globe of lesson 02 without a browser: places by the textbook's projection, areas by shapely and the axes' transform."""

import numpy as np
import pytest
import shapely
from overlays import bounds, elements, in_data, number, pixels, places, styled

from course_utils import style
from course_utils.datasets import load_world_land
from course_utils.widgets.globe import BELT, COLOURS, EXTENT, N_SHOWN, RADIUS, UNIT, globe, painted, project

rng = np.random.default_rng(0)
IN_DEGREES = rng.uniform([-90, -180], [90, 180], size=(1000, 2))
BY_AREA = np.column_stack([np.degrees(np.arcsin(rng.uniform(-1, 1, 1000))), rng.uniform(-180, 180, 1000)])
POINTS = {"in degrees": IN_DEGREES, "by area": BY_AREA}


def make():
    return globe(load_world_land(), IN_DEGREES, BY_AREA)


@pytest.fixture(scope="module")
def draw():
    return styled(make).draw


def cosine(one, other):
    """Return the cosines of the angles between points and a place, by the spherical law of cosines."""
    (a, b), (c, d) = np.radians(one).T, np.radians(other)
    return np.sin(a) * np.sin(c) + np.cos(a) * np.cos(c) * np.cos(b - d)


def dots(draw, **values):
    """Return where the grey dots are, in data coordinates."""
    (path,) = elements(draw(**values), "path", stroke=style.GREY)
    return in_data(draw.keywords["axes"][0], places(path))


@pytest.mark.parametrize("ruler", POINTS)
def test_flat_it_is_the_map(draw, ruler):
    for look_at in (0, 60):  # a map is not turned
        shown = dots(draw, bend=0, look_at=look_at, ruler=ruler)
        np.testing.assert_allclose(shown, POINTS[ruler][:N_SHOWN, ::-1] / 90, atol=0.002)


@pytest.mark.parametrize("look_at", [-90, -35, 0, 60, 90])
@pytest.mark.parametrize("ruler", POINTS)
def test_bent_it_is_the_half_of_a_sphere_that_faces_us(draw, ruler, look_at):
    points = POINTS[ruler][:N_SHOWN]
    in_sight = points[cosine(points, (look_at, 0)) > 0]
    right = cosine(in_sight, (0, 90))  # the angle to the axis that points right, and to the one that points up
    up = cosine(in_sight, (90 + look_at, 0) if look_at <= 0 else (90 - look_at, 180))
    np.testing.assert_allclose(
        dots(draw, bend=1, look_at=look_at, ruler=ruler), RADIUS * np.column_stack([right, up]), atol=0.002
    )


@pytest.mark.parametrize("bend", [0.2, 0.5, 0.8])
def test_between_the_two_each_point_is_on_its_straight_way(bend):
    (flat, _), (bent, _), (between, _) = (project(IN_DEGREES, b, 0) for b in (0, 1, bend))
    np.testing.assert_allclose(between, (1 - bend) * flat + bend * bent)


@pytest.mark.parametrize("bend, look_at", [(0, 0), (0.3, 0), (0.6, 40), (1, -90), (1, 0), (1, 75)])
def test_what_faces_us_keeps_its_orientation(bend, look_at):
    """A small step east and a small step north turn anticlockwise, seen from in front, by finite differences."""
    inner = IN_DEGREES[np.abs(IN_DEGREES[:, 0]) < 85]
    (here, faces), (east, _), (north, _) = (
        project(inner + step, bend, look_at) for step in [(0, 0), (0, 1e-4), (1e-4, 0)]
    )
    (a, b, _), (c, d, _) = (east - here).T, (north - here).T
    clear = np.abs(a * d - b * c) > 1e-14
    np.testing.assert_array_equal(faces[clear], (a * d - b * c > 0)[clear])


@pytest.mark.parametrize("bend, look_at", [(0, 0), (1, 0), (1, 60), (1, -90)])
def test_land_and_sea_are_painted_where_they_are(draw, bend, look_at):
    (image,) = elements(draw(bend=bend, look_at=look_at, ruler="by area"), "image")
    np.testing.assert_allclose(bounds(draw.keywords["axes"][0], image), EXTENT, atol=0.01)
    colours = pixels(image)
    coast = load_world_land().geometry.boundary
    inland = shapely.distance(coast, shapely.points(IN_DEGREES[:, ::-1])) > 3  # and out at sea
    at, faces = project(IN_DEGREES, bend, look_at)
    clear = inland & faces & ((bend == 0) | (cosine(IN_DEGREES, (look_at, 0)) > 0.2))
    x, y = at[clear, :2].T
    shown = colours[((EXTENT[3] - y) * UNIT).astype(int), ((x - EXTENT[0]) * UNIT).astype(int)]
    land = load_world_land().contains(IN_DEGREES[clear])
    assert clear.sum() > 150 and land.any() and (shown[:, 3] == 255).all()
    assert (shown[land, 1] > shown[land, 0] + 30).all() and (np.ptp(shown[~land, :3], axis=1) < 20).all()  # green, pale
    outside = colours[0, 0, 3], colours[-1, -1, 3]
    assert outside == (0, 0)


@pytest.mark.parametrize("bend", [0.5, 0.75])
def test_what_is_nearer_hides_what_is_behind_it(bend):
    """A map half bent and seen from above a pole has folds: of the cells at a place the nearest one is seen."""
    cells = np.stack(np.meshgrid(np.arange(-89.5, 90), np.arange(-179.5, 180)), axis=-1).reshape(-1, 2)
    kinds = rng.integers(1, 3, size=len(cells))
    image, (places, faces) = painted(cells, kinds, bend, 90), project(cells, bend, 90)
    nearest = {}
    for (x, y, z), kind, seen in zip(places, kinds, faces):
        at = int((EXTENT[3] - y) * UNIT), int((x - EXTENT[0]) * UNIT)
        if seen and z > nearest.get(at, (-9, 0))[0]:
            nearest[at] = z, kind
    assert all((image[at] == COLOURS[kind]).all() for at, (_, kind) in nearest.items())


@pytest.mark.parametrize("ruler", POINTS)
def test_the_bars_are_the_shares_of_the_belts(draw, ruler):
    """By shapely: the area of the land between two parallels, whose heights are stretched by the ruler."""
    frame, bars = draw(bend=0, look_at=0, ruler=ruler), draw.keywords["axes"][1]

    def stretched(points):
        return np.column_stack([points[:, 0], np.degrees(np.sin(np.radians(points[:, 1]))) * np.pi / 2])

    land = load_world_land().geometry
    fine = shapely.segmentize(land, 0.5)
    whole = shapely.transform(fine, stretched) if ruler == "by area" else fine
    everything = elements(frame, "rect", fill=style.GREY)
    green = elements(frame, "rect", fill=style.P_DATA)
    total = 0
    for k, (all_points, on_land) in enumerate(zip(everything, green, strict=True)):
        edges = np.array([-90 + BELT * k, -90 + BELT * (k + 1)], dtype=float)
        if ruler == "by area":
            edges = 90 * np.sin(np.radians(edges))
        part = shapely.area(shapely.intersection(shapely.make_valid(whole), shapely.box(-180, edges[0], 180, edges[1])))
        total += (share := part / (180 * 360))
        assert bounds(bars, all_points)[1] == pytest.approx(100 * np.diff(edges)[0] / 180, abs=0.05)
        assert bounds(bars, on_land)[1] == pytest.approx(100 * share, abs=0.05)
    assert number(frame.numbers["on land"]) == pytest.approx(100 * total, abs=0.15)
    polar = 1 / 6 if ruler == "in degrees" else (1 - np.sin(np.radians(60))) / 2
    assert number(frame.numbers["south of 60° S"]) == pytest.approx(100 * polar, abs=0.06)
    assert number(frame.numbers["on land south of 60° S"]) == pytest.approx(
        {"in degrees": 9.3, "by area": 2.4}[ruler], abs=0.06
    )


def test_the_buttons_change_the_points():
    panel = styled(make)
    at_first = panel.svg
    panel.act({"press": "points by area"})
    assert panel.values["ruler"] == "by area" and panel.svg != at_first and "uniform by area" in panel.alt
    panel.act({"press": "points in degrees"})
    assert panel.svg == at_first
