"""What the oracles of several lessons need. They use none of the course's models.

Taken from course_utils are only the data: `load_digits`, `load_biscuit_tins`, and X = `load_world_land().sample(…)`;
Wrodl and Planet Pixel are read from their files. What lies on land is said by matplotlib or by Green's theorem on the raw
outlines, densities and entropies come from scipy, probabilities of Wrodl are fractions, and the MLE is a minimum and a
maximum. Where a lesson draws by lot, its number may differ from the exact one by four standard errors.
"""

import json
from collections import Counter
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
from matplotlib.path import Path as Polygon
from safetensors import safe_open
from scipy.stats import norm, uniform

from course_utils import files

BY_EYE = (-60, -130, 75, 155)  # the box of lesson 02


GLOBE = (-90, -180, 90, 180)


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


def joint(digits, scale=1) -> np.ndarray:
    """Return log p(x|y) p(y) of the test pictures (497, 10), as the prose of lesson 01 says it, by scipy."""
    x, y, new, _ = digits
    x, new = scale * x, scale * new
    means = np.array([(x[y == c].sum(axis=0) + x.mean(axis=0)) / (np.sum(y == c) + 1) for c in range(10)])
    variance = np.mean([(picture - means[label]) ** 2 for picture, label in zip(x, y)], axis=0) + 0.02 * scale**2
    prior = np.array([(np.sum(y == c) + 1) / (len(y) + 10) for c in range(10)])
    return np.column_stack([norm.logpdf(new, mean, np.sqrt(variance)).sum(axis=1) for mean in means]) + np.log(prior)


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


def wearing(people, **features) -> int:
    return sum(all(person[name] == value for name, value in features.items()) for person in people)


def smoothed_score(seen, alpha) -> float:
    """Return the leave-one-out log-likelihood of Wrodl's smoothed table."""
    return sum(n * np.log((n - 1 + alpha) / (49 + alpha * D)) for n in seen.values()) if alpha else -np.inf


def share(people, name, value) -> Fraction:
    """Return the share of the people with a value."""
    return Fraction(wearing(people, **{name: value}), len(people))


def log_prob_of(counted, alpha, pixels) -> np.ndarray:
    """Return log p(x) (N,) under Naive Bayes."""
    with np.errstate(divide="ignore"):
        return np.log((counted + alpha) / (2000 + 256 * alpha))[np.arange(1024), pixels].sum(axis=1)


def price(planet, counted, alpha) -> float:
    """Return the cross-entropy of Naive Bayes in nats, a sum over all faces."""
    return -planet["p"] @ log_prob_of(counted, alpha, planet["pixels"])


def header(file: str) -> tuple[dict, int]:
    """Return what the header of a checkpoint for Planet Pixel says, and how many parameters the file has."""
    path = files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors"
    with safe_open(path, framework="numpy") as checkpoint:
        sizes = [prod(checkpoint.get_slice(name).get_shape()) for name in checkpoint.keys() if name != "order"]
        return {key: json.loads(value) for key, value in checkpoint.metadata().items()}, sum(sizes)


def bound(parameters) -> float:
    """Return minus the ELBO of N(mean, exp(log_width)²) for z² + noise = 1.5, from the moments of a Gaussian."""
    mean, log_width = parameters
    s = np.exp(2 * log_width)
    square, fourth = mean**2 + s, mean**4 + 6 * mean**2 * s + 3 * s**2
    log_likelihood = -np.log(0.5 * np.sqrt(2 * np.pi)) - 2 * (1.5**2 - 3 * square + fourth)
    return -(log_likelihood - 0.5 * np.log(2 * np.pi) - square / 2 + norm(0, np.exp(log_width)).entropy())


def shares(pictures, alpha=0.0) -> dict:
    """Return {(x_1, …, x_n): probability} of small pictures, with a pseudo-count α for each of the 2ⁿ."""
    pictures = pictures.reshape(len(pictures), -1)
    found, n = Counter(map(tuple, pictures.tolist())), pictures.shape[1]
    total = len(pictures) + alpha * 2**n
    return {state: (found[state] + alpha) / total for state in product((0, 1), repeat=n)}
