"""Exercises of lesson 02: a box on the world map."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, call, close, show

AREA = (30 - 10) * (10 - -20)  # of the box of 02.1, in square degrees
BOX, OVERLAP = (30 - -10) * (100 - 0), (30 - 20) * (100 - 80)  # of 02.2
THETA = (-60, -130, 75, 155)  # the box that the lesson draws by eye
NEAR, FAR = 200, 500  # km: a near-copy, and a place with no observation near it
OWN = 1000  # km: within these a point is one of the lesson's


def nearest_km(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the distance (N,) in km of each point to its nearest observation, by the angle between unit vectors."""

    def unit(degrees: np.ndarray) -> np.ndarray:
        lat, lon = np.radians(degrees).T
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    return 6371 * np.arccos(np.clip(unit(points) @ unit(x).T, -1, 1)).min(axis=1)


def box_log_prob(x: np.ndarray, theta: tuple) -> np.ndarray:
    south, west, north, east = theta
    inside = (x[:, 0] >= south) & (x[:, 0] <= north) & (x[:, 1] >= west) & (x[:, 1] <= east)
    return np.where(inside, -np.log((north - south) * (east - west)), -np.inf)


POINTS = np.array(
    [
        *[[0.0, 0.0], [40.7, -73.9], [-75.0, 20.0], [30.0, 170.0], [10.0, 60.0], [10.0, -170.0]],
        *[
            [75.0, 155.0],
            [-60.0, 0.0],
            [0.0, -130.0],
            [75.0, 0.0],
            [0.0, 155.0],
        ],  # on the sides, which belong to the box
    ]
)
CASES = [(POINTS, THETA), (POINTS[:2], (40.5, -74.25, 41.0, -73.75)), (POINTS[:1], (-20.0, -20.0, 20.0, 20.0))]


def judge_three_points(answer: object, mistakes: Mistakes) -> None:
    """Judge the points in words of its own, with the distances in them."""
    from course_utils.datasets.world_land import check_points, load_world_land  # here: they need shapely

    if not isinstance(answer, dict) or {"A", "B", "C"} - {key for key in answer if isinstance(key, str)}:
        raise Wrong(
            f"Give a dict with the keys `A`, `B` and `C`, each a point [latitude, longitude]; this is {show(answer)}."
        )
    land = load_world_land()
    x = land.sample(40, np.random.default_rng(2))  # the lesson's forty observations
    shown = np.array([[20, -45], x[0] + 0.5, [-10, -55]])  # its own A, B and C
    south, west, north, east = THETA
    for name in "ABC":
        try:
            point = check_points([answer[name]])
        except Exception:
            raise Wrong(
                f"{name} should be two numbers on the globe, [latitude, longitude]; it is {show(answer[name])}."
            ) from None
        (lat, lon), on_land, km = point[0], land.contains(point)[0], nearest_km(point, x)[0]
        if not (south <= lat <= north and west <= lon <= east):
            raise Wrong(f"{name} lies outside the box, so the model cannot make it. Its latitude must be in [{south}, {north}], "
                        f"its longitude in [{west}, {east}].")  # fmt: skip
        if (own := nearest_km(point, shown)[0]) < OWN:
            raise Wrong(f"{name} is {own:,.0f} km from a point that the lesson shows. Find one of your own.")
        if name == "A" and on_land:
            raise Wrong("A lies on land, where p_data made it possible: it does not break Rule 1. Look for an ocean.")
        if name != "A" and not on_land:
            raise Wrong(f"{name} lies in the sea, so it breaks Rule 1 already. Only A should.")
        if name == "B" and km >= NEAR:
            raise Wrong(
                f"B is {km:,.0f} km from the nearest observation. A near-copy is less than {NEAR} km away: start from a row of X."
            )
        if name == "C" and km <= FAR:
            raise Wrong(
                f"C is only {km:,.0f} km from an observation. Look for land more than {FAR} km from every row of X."
            )


class Region:
    """All that a reader's sampler may know of a region."""

    def __init__(self, name: str, land: object) -> None:
        self.name, self.contains = name, land.contains

    def __repr__(self) -> str:
        return self.name

    def __deepcopy__(self, memo: dict) -> "Region":
        return self


def judge_sample_region(answer: object, mistakes: Mistakes) -> None:
    """Judge by points on all land and on Greenland, in words of its own."""
    import shapely

    from course_utils.datasets.world_land import WorldLand, load_world_land

    land = load_world_land()
    greenland = next(part for part in land.geometry.geoms if part.contains(shapely.Point(-40, 72)))
    for region, n in [(Region("all land", land), 2000), (Region("Greenland", WorldLand(greenland)), 300)]:
        points = _points(call(answer, n, region, np.random.default_rng(0)), n, region)
        if not np.array_equal(points, np.asarray(call(answer, n, region, np.random.default_rng(0)), dtype=float)):
            raise Wrong("With the same seed your points differ from call to call. Draw everything from `rng`.")
        if len(np.unique(points, axis=0)) < n:
            raise Wrong("Some of your points are copies of others. Throw a point away and draw a new one instead.")
        sine, longitude = np.random.default_rng(1).uniform([[-1], [-180]], [[1], [180]], size=(2, 400_000))
        right, flat = (  # by area and in degrees
            candidates[region.contains(candidates)]
            for candidates in (np.column_stack([up, longitude]) for up in (np.degrees(np.arcsin(sine)), 90 * sine))
        )
        if _gap(points[:, 0], right[:, 0]) > 0.12 and _gap(points[:, 0], flat[:, 0]) < 0.12:
            raise Wrong(
                f"On {region.name} your points are uniform in degrees: the middle one lies at latitude "
                f"{_words(np.median(points[:, 0]))}, by area it is {_words(np.median(right[:, 0]))}. Make the sine of the latitude uniform."
            )
        edges = [np.arange(-90, 91, 30), np.arange(-180, 181, 45)]
        theirs, ours = (np.histogram2d(*some.T, bins=edges)[0] / len(some) for some in (points, right))
        if np.abs(theirs - ours).sum() / 2 > 0.15:
            i, j = np.unravel_index(np.abs(theirs - ours).argmax(), ours.shape)
            raise Wrong(
                f"Your points lie on {region.name}, but not evenly: from latitude {_words(edges[0][i])} to {_words(edges[0][i + 1])} and longitude "
                f"{_words(edges[1][j])} to {_words(edges[1][j + 1])} there are {theirs[i, j]:.0%} of them, by area it is {ours[i, j]:.0%}. "
                "Is each coordinate drawn by itself, over the whole globe?"
            )


def _points(result: object, n: int, region: Region) -> np.ndarray:
    """Return the reader's points (n, 2), all of them in the region."""
    try:
        points = np.asarray(result, dtype=float)
    except Exception:
        raise Wrong(f"Return an array of shape (n, 2); this is {show(result)}.") from None
    if points.shape == (2, n):
        raise Wrong(f"The shape is (2, {n}); one row for each point is wanted, ({n}, 2). np.column_stack does that.")
    if points.ndim == 2 and points.shape[1] == 2 and len(points) < n:
        raise Wrong(
            f"For n = {n} on {region.name} you return {len(points)} points. One batch may hold too few: draw batches until there are n."
        )
    if points.ndim == 2 and points.shape[1] == 2 and len(points) > n:
        raise Wrong(
            f"For n = {n} on {region.name} you return {len(points)} points: return the first n, as in `points[:n]`."
        )
    if points.shape != (n, 2):
        raise Wrong(f"For n = {n} the shape should be ({n}, 2), but it is {points.shape}.")
    if not np.isfinite(points).all():
        raise Wrong("Some coordinates are not finite numbers. The arcsine needs values from −1 to 1.")
    lat, lon = points.T
    if np.abs(lat).max() < 1.6:
        raise Wrong("Your latitudes stay between −1.6 and 1.6: np.arcsin returns radians. Convert with np.degrees.")
    inside = _inside(points, region)
    if _inside(points[:, ::-1], region).mean() > 0.9 > inside.mean():
        raise Wrong("Longitude comes first in your rows. The course writes [latitude, longitude].")
    if not inside.all():
        raise Wrong(
            f"{(~inside).mean():.0%} of your points are not on {region.name}. Keep a point only where `region.contains` says so."
        )
    return points


def _inside(points: np.ndarray, region: Region) -> np.ndarray:
    on_globe = (np.abs(points) <= [90, 180]).all(axis=1)
    return on_globe & region.contains(np.where(on_globe[:, None], points, 0))


def _gap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest gap between the empirical distribution functions of two samples (Kolmogorov and Smirnov)."""
    at = np.concatenate([one, other])
    shares = (np.searchsorted(np.sort(some), at, side="right") / len(some) for some in (one, other))
    return float(np.abs(np.subtract(*shares)).max())


def _words(degrees: float) -> str:
    return f"{degrees:.0f}".replace("-", "−")


def sampler(
    latitude: Callable, longitude: Callable | None = None, finish: Callable = lambda points: points
) -> Callable:
    """Return a sampler that keeps what lies in a region, drawing latitudes and longitudes by these functions of n and rng."""

    def sample_region(n: int, region: Region, rng: np.random.Generator) -> np.ndarray:
        points = np.empty((0, 2))
        while len(points) < n:
            lat = latitude(4 * n, rng)
            lon = longitude(4 * n, rng) if longitude else rng.uniform(-180, 180, 4 * n)
            new = np.column_stack([lat, lon])
            points = np.concatenate([points, new[region.contains(new)]])
        return finish(points[:n])

    return sample_region


def latitude_by_area(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def one_batch(n: int, region: Region, rng: np.random.Generator) -> np.ndarray:
    points = np.column_stack([latitude_by_area(10 * n, rng), rng.uniform(-180, 180, 10 * n)])
    return points[region.contains(points)][:n]


def too_many(n: int, region: Region, rng: np.random.Generator) -> np.ndarray:
    """Return all that was found, not the first n."""
    return np.concatenate([one_batch(n, region, rng) for _ in range(60)])


def on_one_curve(n: int, region: Region, rng: np.random.Generator) -> np.ndarray:
    u = rng.uniform(-1, 1, 40 * n)
    points = np.column_stack([np.degrees(np.arcsin(u)), 180 * u])
    return points[region.contains(points)][:n]


EXERCISES = {
    "02.1": Exercise(
        judge=partial(close, expected=1 / AREA, tolerance=0.025),
        praise=f"The box covers 20 × 30 = {AREA} square degrees, so the density is 1/{AREA} ≈ {1 / AREA:.4f} at every point inside.",
        mistakes=[
            (AREA, f"{AREA} is the area of the box in square degrees. The density has to integrate to 1 over that area: take one over it."),
            (1 / 50, "You added the two sides. The probability is spread over an area, 20 × 30 square degrees."),
            (1 / 100, "You took the perimeter. The probability is spread over the area, 20 × 30 square degrees."),
            (1 / 200, "Look at the second side again: from longitude −20 to 10 it is 30 degrees, not 10."),
            (0, "The density is 0 outside the box, but (15, 0) lies inside: 10 ≤ 15 ≤ 30 and −20 ≤ 0 ≤ 10."),
            (1, "The integral over the whole box is 1. The density is that 1 spread over 20 × 30 square degrees."),
        ],
        hints=(
            "How large is the box, in square degrees?",
            "The density is the same everywhere inside, and times the area it must give 1.",
        ),
        solution=f"answer = 1 / ((30 - 10) * (10 - -20))  # one over the area, {AREA} square degrees",
    ),
    "02.2": Exercise(
        judge=partial(close, expected=OVERLAP / BOX),
        praise=f"The overlap is 10 × 20 = {OVERLAP} square degrees of the box's {BOX:,}, and {OVERLAP}/{BOX} = {OVERLAP / BOX}.",
        mistakes=[
            (1200 / BOX, "You took the whole region. Only the part of it that lies inside the box can receive samples: clip it first."),
            (400 / BOX, "In longitude the region reaches beyond the box, which ends at 100: clip it there, too."),
            (600 / BOX, "In latitude the region reaches beyond the box, which ends at 30: clip it there, too."),
            (OVERLAP, f"{OVERLAP} square degrees is the area of the overlap. Times the density, 1/{BOX}, it becomes a probability."),
            (1 / BOX, f"1/{BOX} is the density. Multiply it by the area of the overlap to get a probability."),
            (OVERLAP / 1200, f"You divided the overlap by the area of the region. The probability is spread over the box: divide by {BOX}."),
            (1200, "That is the area of the region. Clip it to the box, then multiply by the density."),
            (5, "A probability is never above 1. Did you write it in per cent?"),
        ],
        hints=(
            "Samples fall only inside the box. Which part of the region lies inside?",
            "The overlap reaches from latitude 20 to 30 and from longitude 80 to 100.",
            "Probability = density × area of the overlap.",
        ),
        solution="""
            overlap = (30 - 20) * (100 - 80)  # the part of the region inside the box
            area = (30 - -10) * (100 - 0)     # the box
            answer = overlap / area
        """,
    ),
    "02.3": Exercise(
        judge=partial(agrees, reference=box_log_prob, cases=CASES),
        praise="It works for many points at once, and -inf says clearly: this model cannot make that point.",
        mistakes=[
            (lambda x, t: np.exp(box_log_prob(x, t)), "These are densities. The exercise asks for their logarithm."),
            (lambda x, t: -box_log_prob(x, t), "The sign is wrong: the log of 1/area is minus the log of the area."),
            (lambda x, t: box_log_prob(x[:, ::-1], t), "Latitude and longitude are swapped: x[:, 0] is the latitude."),
            (lambda x, t: np.where(np.isfinite(box_log_prob(x, t)), box_log_prob(x, t), 0.0), "Outside the box the density is 0, and the logarithm of 0 is minus infinity, not 0."),
            (lambda x, t: np.where(np.isfinite(box_log_prob(x, t)), box_log_prob(x, t), np.nan), "Outside the box you return nan. The density is 0 there: return −np.inf, its logarithm."),
            (lambda x, t: box_log_prob(x, t).sum(), "That is the sum. Return one value for each point, shape (N,)."),
            (lambda x, t: np.full(len(x), box_log_prob(np.array([t[:2]]), t)[0]), "You gave the same value to every point. Outside the box it is -np.inf: use np.where."),
            (lambda x, t: np.where(((x > t[:2]) & (x < t[2:])).all(axis=1), box_log_prob(x, t), -np.inf), "A point on a side of the box belongs to it: the definition has ≤, not <."),
            (lambda x, t: box_log_prob(x, t) / np.log(10), "That is the logarithm to base 10. The course counts in nats: np.log."),
        ],
        hints=(
            "`x[:, 0]` holds all latitudes, `x[:, 1]` all longitudes. Compare each with its two sides.",
            "Join conditions on arrays with `&`, with parentheses around each: `(south <= x[:, 0]) & (x[:, 0] <= north)`.",
            "`np.where(inside, value_inside, -np.inf)` chooses between two values, point by point.",
        ),
        solution="""
            import numpy as np

            def log_prob(x, theta):
                south, west, north, east = theta
                inside = (south <= x[:, 0]) & (x[:, 0] <= north) & (west <= x[:, 1]) & (x[:, 1] <= east)
                return np.where(inside, -np.log((north - south) * (east - west)), -np.inf)

            answer = log_prob
        """,
    ),
    "02.4": Exercise(
        judge=judge_three_points,
        praise="A breaks Rule 1, B is a near-copy of an observation, and C keeps both rules.",
        mistakes=[
            ({"A": [50, 20], "B": [0, 20], "C": [0, 20]}, "A lies on land"),
            ({"A": [0, -30], "B": [0, -31], "C": [0, 20]}, "B lies in the sea"),
            ({"A": [0, -30], "B": [72, -40], "C": [72, -40]}, f"km from the nearest observation. A near-copy is less than {NEAR} km away"),
            ({"A": [0, -30], "B": [11.5, 24.8], "C": [11.5, 24.8]}, f"km from an observation. Look for land more than {FAR} km"),
            ({"A": [0, -170], "B": [0, 20], "C": [0, 20]}, "outside the box"),
            ({"A": [0, -230], "B": [0, 20], "C": [0, 20]}, "A should be two numbers on the globe"),
            ([[0, -30], [0, 20], [0, 20]], "a dict with the keys `A`, `B` and `C`"),
            ({"A": [20, -45], "B": [11.5, 24.8], "C": [72, -40]}, "A is 0 km from a point that the lesson shows"),
            ({"A": [0, -30], "B": [11.5, 24.8], "C": [-10, -52]}, "km from a point that the lesson shows"),
        ],
        hints=(
            "The map of section 5 helps: the Atlantic for A, a dark point for B, an empty stretch of land for C.",
            "For B take a row of `X` that lies inland and add a tenth of a degree.",
            "For C try the inside of Greenland, Siberia or Canada, and ask `nearest_km(np.array([C]), X)`.",
        ),
        solution="""
            import numpy as np
            from course_utils.datasets import load_world_land

            X = load_world_land().sample(40, np.random.default_rng(2))
            answer = {"A": [0, -30], "B": X[1].tolist(), "C": [72, -40]}  # the Atlantic, a copy, Greenland
        """,
    ),
    "02.5": Exercise(
        judge=judge_sample_region,
        praise="Propose by area, keep what lies inside: this is rejection sampling. It needs only `contains`, and wastes the more the smaller the region is.",
        mistakes=[
            (sampler(lambda n, rng: rng.uniform(-90, 90, n)), "your points are uniform in degrees"),
            (sampler(lambda n, rng: latitude_by_area(n, rng), finish=np.radians), "np.arcsin returns radians"),
            (sampler(latitude_by_area, finish=np.transpose), "np.column_stack does that"),
            (sampler(latitude_by_area, finish=lambda points: points[:, ::-1]), "Longitude comes first in your rows"),
            (too_many, "return the first n"),
            (one_batch, "One batch may hold too few"),
            (lambda n, region, rng: np.column_stack([latitude_by_area(n, rng), rng.uniform(-180, 180, n)]), "of your points are not on all land"),
            (lambda n, region, rng: sampler(latitude_by_area)(n, region, np.random.default_rng()), "Draw everything from `rng`"),
            (lambda n, region, rng: np.repeat(sampler(latitude_by_area)(n // 2, region, rng), 2, axis=0), "copies of others"),
            (on_one_curve, "Is each coordinate drawn by itself"),
            (sampler(latitude_by_area, lambda n, rng: rng.uniform(0, 180, n)), "but not evenly"),
            (lambda n, region, rng: sampler(latitude_by_area)(n, region, rng) * [np.nan, 1], "The arcsine needs values from −1 to 1"),
        ],
        hints=(
            "Draw points over the whole globe, uniformly by area, and keep those that the region contains.",
            "One batch may leave you with fewer than n: go on in a `while` loop, and return the first n.",
            "By area means uniform in longitude and in the sine of the latitude. `np.arcsin` returns radians, the course writes degrees.",
        ),
        solution="""
            import numpy as np

            def sample_region(n, region, rng):
                points = np.empty((0, 2))
                while len(points) < n:
                    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, 4 * n)))
                    longitude = rng.uniform(-180, 180, 4 * n)
                    new = np.column_stack([latitude, longitude])
                    points = np.concatenate([points, new[region.contains(new)]])
                return points[:n]

            answer = sample_region
        """,
    ),
}  # fmt: skip
