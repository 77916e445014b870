"""The land of the world: p_data of lessons 02 and 03, uniform by area."""

import json

import numpy as np
import shapely

from course_utils.files import damaged, read_data


def check_points(points: np.ndarray) -> np.ndarray:
    """Return points as a float array (N, 2) of [latitude, longitude] in degrees; raises ValueError for anything else."""
    try:
        array = np.asarray(points, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"points must be numbers, (N, 2) [latitude, longitude], got {type(points).__name__}") from None
    if array.ndim != 2 or array.shape[1] != 2:
        hint = " (one point is written [[latitude, longitude]])" if array.shape == (2,) else ""
        raise ValueError(f"points must have shape (N, 2), [latitude, longitude] in degrees, got {array.shape}{hint}")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ValueError(f"points must be finite numbers, got {array[row].tolist()} in row {row}")
    outside = np.flatnonzero((np.abs(array) > [90, 180]).any(axis=1))
    if len(outside):
        row = int(outside[0])
        raise ValueError(
            "points must lie on the globe, latitude in [-90, 90] and longitude in [-180, 180] in this order, "
            f"got {array[row].tolist()} in row {row}"
        )
    return array


class WorldLand:
    """The land masses of the globe (Natural Earth, 1:110m). Points are (N, 2) arrays of [latitude, longitude] in degrees."""

    def __init__(self, geometry: shapely.MultiPolygon) -> None:
        """Keep the land's outline, a shapely MultiPolygon in (longitude, latitude)."""
        self.geometry = geometry
        shapely.prepare(geometry)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Return (N,) bool, True where a point lies on land. Raises ValueError for points that are not on the globe."""
        latitude, longitude = check_points(points).T
        return shapely.intersects_xy(self.geometry, longitude, latitude)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n points (n, 2) from p_data, which is uniform by area on land.

        Equal areas of a sphere are equal in longitude and in the sine of latitude (Archimedes), so candidates are
        uniform in these two; the ones in the sea are thrown away.
        """
        points = np.empty((0, 2))
        while len(points) < n:
            sine = rng.uniform(-1, 1, size=4 * n)
            candidates = np.column_stack([np.degrees(np.arcsin(sine)), rng.uniform(-180, 180, size=4 * n)])
            points = np.concatenate([points, candidates[self.contains(candidates)]])
        return points[:n]


def load_world_land() -> WorldLand:
    """Load the land of the world from data/world_land.geojson.

    Raises FileNotFoundError or ValueError, with what to do, if the file is missing or damaged.
    """
    name = "world_land.geojson"
    try:
        geometry = shapely.geometry.shape(json.loads(read_data(name)))
        if geometry.geom_type != "MultiPolygon" or geometry.is_empty:
            raise ValueError(f"expected a MultiPolygon, got {geometry.geom_type}")
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise damaged(name, error) from None
    return WorldLand(geometry)


def load_forty_points() -> np.ndarray:
    """Load the observations X (40, 2) of lessons 02 and 03, [latitude, longitude]; what made them, lesson 02 tells later."""
    return load_world_land().sample(40, np.random.default_rng(2))
