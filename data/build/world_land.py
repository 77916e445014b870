"""Make data/world_land.geojson from Natural Earth's land polygons (1:110m, public domain).

    python data/build/world_land.py            # fetches the npm package world-atlas, then builds
    python data/build/world_land.py FILE       # builds from a land-110m.json that is already here

The result is the same at each run: the input's checksum is fixed, and coordinates are rounded to 0.001 degrees.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import shapely
from shapely.affinity import translate

from course_utils.files import in_one_step

PACKAGE = "world-atlas@2.0.2"
SHA256 = "ead5f68119c49a9250902e7da303bcb209341bbb8fefe7369a439b48b704658a"
TARGET = Path(__file__).resolve().parents[1] / "world_land.geojson"


def fetch() -> bytes:
    """Return land-110m.json out of the npm package."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(
            f"make data needs npm (it comes with Node.js) to fetch {PACKAGE}; or pass a land-110m.json as an argument."
        )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as tar:
            return tar.extractfile("package/land-110m.json").read()


def decode_arcs(topology: dict) -> list[np.ndarray]:
    """Return every arc of a TopoJSON file as (n, 2) [longitude, latitude]; its numbers are quantised differences."""
    scale, offset = topology["transform"]["scale"], topology["transform"]["translate"]
    return [np.cumsum(arc, axis=0) * scale + offset for arc in topology["arcs"]]


def join_ring(indices: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    """Return one closed ring; a negative index means that arc backwards, and neighbours share their end point."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def region(ring: np.ndarray) -> shapely.Geometry:
    """Return the inside of a ring, cut at the date line; a ring around the south pole is closed along latitude -90."""
    lon = np.unwrap(ring[:, 0], period=360)
    ring = np.column_stack([lon, ring[:, 1]])
    if abs(lon[-1] - lon[0]) > 180:
        ring = np.concatenate([ring, [[lon[-1], -90], [lon[0], -90]]])
    inside = shapely.make_valid(shapely.Polygon(ring))
    globe = shapely.box(-180, -90, 180, 90)
    return shapely.union_all([translate(inside, shift).intersection(globe) for shift in (-360, 0, 360)])


def build(source: bytes) -> str:
    """Return GeoJSON of the land, cut at the date line, from the bytes of land-110m.json."""
    topology = json.loads(source)
    arcs = decode_arcs(topology)
    (land,) = topology["objects"]["land"]["geometries"]
    shells, holes = [], []
    for shell, *inner in land["arcs"]:
        shells.append(region(join_ring(shell, arcs)))
        holes += [region(join_ring(ring, arcs)) for ring in inner]
    merged = shapely.union_all(shells) - shapely.union_all(holes)
    polygons = [p for p in shapely.get_parts(shapely.set_precision(merged, 0.001)) if p.geom_type == "Polygon"]
    # shapely's order depends on its version, so the file has its own: from west to east
    polygons = sorted((shapely.normalize(p) for p in polygons), key=lambda p: p.bounds)
    coordinates = [
        [[[round(x, 3), round(y, 3)] for x, y in ring.coords] for ring in (p.exterior, *p.interiors)] for p in polygons
    ]
    return json.dumps({"type": "MultiPolygon", "coordinates": coordinates}, separators=(",", ":")) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="a land-110m.json that is already here")
    file = parser.parse_args().file
    source = file.read_bytes() if file else fetch()
    digest = hashlib.sha256(source).hexdigest()
    if digest != SHA256:
        sys.exit(f"land-110m.json is not the file this script was written for: sha256 {digest}, expected {SHA256}.")
    text = build(source)
    with in_one_step(TARGET) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {len(text) // 1024} KB, sha256 {hashlib.sha256(text.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
