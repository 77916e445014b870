"""A box on the world map: the uniform density of lessons 02 and 03."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from course_utils.datasets.world_land import check_points


class BoxModel:
    """A uniform density, in square degrees, on the box with corners (θ1, θ2) bottom left and (θ3, θ4) top right.

    `theta` is (θ1, θ2, θ3, θ4) = (south, west, north, east) in degrees, or None until `fit` has found it.
    """

    def __init__(self, theta: ArrayLike | None = None) -> None:
        """Make a box; raises ValueError if the corners are in the wrong order, off the globe, or span no area."""
        self.theta = None if theta is None else check_corners(theta)

    def fit(self, x: ArrayLike) -> Self:
        """Set θ to the maximum likelihood estimate, the smallest box around the points x (N, 2).

        Raises ValueError if there is none: without points, or if they span no area (one point, points in a line).
        """
        x = check_points(x)
        if len(x) == 0:
            raise ValueError(
                "fit needs at least two points, got none: without data every box is as likely as any other"
            )
        (south, west), (north, east) = x.min(axis=0), x.max(axis=0)
        if south == north or west == east:
            same = "the same latitude" if south == north else "the same longitude"
            what = "one point" if len(x) == 1 else f"{len(x)} points with {same}"
            raise ValueError(
                f"fit needs points that span an area, got {what}: a box around them can be made as thin as one likes, "
                "its density grows without limit, and there is no maximum"
            )
        self.theta = np.array([south, west, north, east])
        return self

    def log_prob(self, x: ArrayLike) -> np.ndarray:
        """Return log p_θ(x) (N,) in nats, as a density per square degree; -inf outside the box. x is (N, 2)."""
        south, west, north, east = self._fitted()
        latitude, longitude = check_points(x).T
        inside = (south <= latitude) & (latitude <= north) & (west <= longitude) & (longitude <= east)
        return np.where(inside, -np.log((north - south) * (east - west)), -np.inf)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n points (n, 2) uniformly from the box."""
        south, west, north, east = self._fitted()
        return rng.uniform([south, west], [north, east], size=(n, 2))

    def _fitted(self) -> np.ndarray:
        if self.theta is None:
            raise ValueError("this BoxModel has no corners yet: call fit(x) first, or make it with BoxModel(theta)")
        return self.theta


def check_corners(theta: ArrayLike) -> np.ndarray:
    """Return θ as a float array (4,); raises ValueError unless it is (south, west, north, east) and spans an area."""
    try:
        corners = np.asarray(theta, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"theta must be four numbers (south, west, north, east), got {theta!r}") from None
    if corners.shape != (4,):
        raise ValueError(f"theta must be four numbers (south, west, north, east), got shape {corners.shape}")
    check_points(corners.reshape(2, 2))
    south, west, north, east = corners.tolist()
    if not (south < north and west < east):
        raise ValueError(
            "theta must be (south, west, north, east) with south < north and west < east, "
            f"got south {south:g}, north {north:g}, west {west:g}, east {east:g}"
        )
    return corners
