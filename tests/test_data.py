"""The data files are what data/README.md says, and the scripts that make them do what they should on something small."""

import hashlib
import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import shapely
from shapely.geometry import box, shape

DATA = Path(__file__).resolve().parents[1] / "data"
FILES = sorted(
    path.relative_to(DATA).as_posix()
    for path in DATA.rglob("*")
    if path.is_file()
    and path.name != "README.md"
    and path.suffix != ".png"
    and not {"build", "checkpoints"} & set(path.relative_to(DATA).parts)
)


def table() -> dict[str, list[str]]:
    """Return the rows of the table in data/README.md: file → the other cells."""
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return {name.strip("`"): cells for name, *cells in rows}


def test_the_table_has_a_row_for_each_file_and_no_other():
    assert sorted(table()) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_one_of_the_table(name):
    what, source, licence, command, sha256 = table()[name]
    assert what and source and licence
    assert sha256.strip("`") == hashlib.sha256((DATA / name).read_bytes()).hexdigest()
    script = re.fullmatch(r"`python data/(build/\w+\.py)`", command)[1]
    assert (DATA / script).is_file()


@pytest.fixture
def world_land():
    """The build script of the land, as a module."""
    spec = importlib.util.spec_from_file_location("build_world_land", DATA / "build" / "world_land.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def topology(*polygons: list[list[int]], arcs: list[list[tuple[float, float]]]) -> bytes:
    """Return TopoJSON whose land has these polygons, each a list of rings, each a list of arc numbers."""
    quantised = []
    for arc in (
        arcs
    ):  # as in the specification: numbers of a grid of half degrees from (-180, -90), and differences after the first
        grid = [(round((x + 180) * 2), round((y + 90) * 2)) for x, y in arc]
        quantised.append([grid[0], *((x - a, y - b) for (a, b), (x, y) in zip(grid, grid[1:]))])
    land = {"type": "MultiPolygon", "arcs": polygons}
    transform = {"scale": [0.5, 0.5], "translate": [-180, -90]}
    objects = {"land": {"type": "GeometryCollection", "geometries": [land]}}
    return json.dumps({"type": "Topology", "transform": transform, "objects": objects, "arcs": quantised}).encode()


def rectangle(west, south, east, north):
    """Return the closed outline of a rectangle, clockwise as in TopoJSON."""
    return [(west, south), (west, north), (east, north), (east, south), (west, south)]


def built(world_land, source):
    """Return the land that the script builds, which must be valid GeoJSON within the globe."""
    land = shape(json.loads(world_land.build(source)))
    assert land.geom_type == "MultiPolygon" and land.is_valid
    assert box(-180, -90, 180, 90).covers(land)
    return land


def test_a_polygon_stays_what_it_is(world_land):
    land = built(world_land, topology([[0]], arcs=[rectangle(10, 20, 30.5, 40)]))
    assert land.equals(box(10, 20, 30.5, 40))


def test_a_hole_is_kept(world_land):
    land = built(world_land, topology([[0], [1]], arcs=[rectangle(0, 0, 30, 30), rectangle(10, 10, 20, 20)[::-1]]))
    assert land.equals(box(0, 0, 30, 30) - box(10, 10, 20, 20))
    assert len(land.geoms) == 1 and len(land.geoms[0].interiors) == 1


def test_an_arc_may_be_shared_and_run_backwards(world_land):
    border = [(10, 0), (12, 5), (10, 10)]
    left, right = [(10, 10), (0, 10), (0, 0), (10, 0)], [(10, 0), (20, 0), (20, 10), (10, 10)]
    arcs = [border, left, right]
    west, east = shapely.Polygon(border + left), shapely.Polygon(right + border[::-1])
    assert built(world_land, topology([[0, 1]], arcs=arcs)).equals(west)
    assert built(world_land, topology([[2, ~0]], arcs=arcs)).equals(east)
    assert built(world_land, topology([[0, 1]], [[2, ~0]], arcs=arcs)).equals(box(0, 0, 20, 10))


@pytest.mark.parametrize("ring", [
    [(170, 60), (170, 70), (-170, 70), (-170, 60), (170, 60)],
    [(-170, 60), (170, 60), (170, 70), (-170, 70), (-170, 60)],
])  # fmt: skip
def test_land_on_both_sides_of_the_date_line_is_cut_there(world_land, ring):
    land = built(world_land, topology([[0]], arcs=[ring]))
    assert land.equals(box(170, 60, 180, 70) | box(-180, 60, -170, 70))
    assert len(land.geoms) == 2


def test_land_around_the_south_pole_reaches_the_pole(world_land):
    coast = [(-180, -80), (-90, -70), (0, -80), (90, -70), (180, -80)]
    land = built(world_land, topology([[0]], arcs=[coast]))
    assert land.equals(shapely.Polygon([*coast, (180, -90), (-180, -90)]))
    elsewhere = [(-90, -70), (0, -80), (90, -70), (180, -80), (-90, -70)]  # one that starts away from the date line
    assert built(world_land, topology([[0]], arcs=[elsewhere])).equals(land)


def test_the_order_of_the_input_does_not_matter(world_land):
    arcs = [rectangle(10, 20, 30, 40), rectangle(-50, 0, -40, 10), rectangle(60, -20, 80, 0)]
    first, second = (
        world_land.build(topology([[0]], [[1]], [[2]], arcs=arcs)),
        world_land.build(topology([[2]], [[0]], [[1]], arcs=arcs)),
    )
    assert first == second
    west = [polygon.bounds[0] for polygon in shape(json.loads(first)).geoms]
    assert west == sorted(west)


def test_the_command_builds_from_a_file(world_land, tmp_path, monkeypatch, capsys):
    source = topology([[0]], arcs=[rectangle(10, 20, 30, 40)])
    (tmp_path / "land-110m.json").write_bytes(source)
    monkeypatch.setattr(sys, "argv", ["world_land.py", str(tmp_path / "land-110m.json")])
    monkeypatch.setattr(world_land, "TARGET", tmp_path / "world_land.geojson")
    with pytest.raises(SystemExit, match="not the file this script was written for: sha256 .*, expected "):
        world_land.main()
    assert not (tmp_path / "world_land.geojson").exists()
    monkeypatch.setattr(world_land, "SHA256", hashlib.sha256(source).hexdigest())
    world_land.main()
    content = (tmp_path / "world_land.geojson").read_bytes()
    assert shape(json.loads(content)).equals(box(10, 20, 30, 40))
    assert hashlib.sha256(content).hexdigest() in capsys.readouterr().out


def test_without_npm_the_command_says_what_to_do(world_land, monkeypatch):
    monkeypatch.setattr(world_land.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="needs npm .* or pass a land-110m.json as an argument"):
        world_land.fetch()
