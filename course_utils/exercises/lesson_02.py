"""Exercises of lesson 02: a box on the world map."""

from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, call, close, show

AREA = (30 - 10) * (10 - -20)  # of the box of 02.1, in square degrees
BOX, OVERLAP = (30 - -10) * (100 - 0), (30 - 20) * (100 - 80)  # of 02.2
THETA = (-60, -130, 75, 155)  # the box that the lesson draws by eye
NEAR, FAR = 200, 500  # km: a near-copy, and a place with no observation near it
POLAR = (1 - np.sin(np.radians(60))) / 2  # the share of the Earth's surface north of 60°


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
    [[0.0, 0.0], [40.7, -73.9], [-75.0, 20.0], [30.0, 170.0], [75.0, 155.0], [10.0, 60.0], [10.0, -170.0]]
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


def judge_sample_globe(answer: object, mistakes: Mistakes) -> None:
    """Judge by 20,000 points, in words of its own."""
    n = 20_000
    result = call(answer, n, np.random.default_rng(0))
    try:
        points = np.asarray(result, dtype=float)
    except Exception:
        raise Wrong(f"Return an array of shape (n, 2); this is {show(result)}.") from None
    if points.shape == (2, n):
        raise Wrong(f"The shape is (2, {n}); one row for each point is wanted, ({n}, 2). np.column_stack does that.")
    if points.shape != (n, 2):
        raise Wrong(f"For n = {n} the shape should be ({n}, 2), but it is {points.shape}.")
    if not np.isfinite(points).all():
        raise Wrong("Some coordinates are not finite numbers. The arcsine needs values from −1 to 1.")
    lat, lon = points.T
    if np.abs(lat).max() < 1.6:
        raise Wrong("Your latitudes stay between −1.6 and 1.6: np.arcsin returns radians. Convert with np.degrees.")
    if np.abs(lat).max() > 90 and np.abs(lon).max() <= 90:
        raise Wrong("Longitude comes first in your rows. The course writes [latitude, longitude].")
    if np.abs(lat).max() > 90:
        raise Wrong(
            f"Your latitudes reach from {lat.min():.0f} to {lat.max():.0f}. Only −90 to 90 exist: the arccosine counts from the pole."
        )
    if np.abs(lon).max() > 180:
        raise Wrong(f"Your longitudes reach from {lon.min():.0f} to {lon.max():.0f}. Write them from −180 to 180.")
    if not np.array_equal(points, np.asarray(call(answer, n, np.random.default_rng(0)), dtype=float)):
        raise Wrong("With the same seed your points differ from call to call. Draw everything from `rng`.")
    if _distance_to_uniform((lat + 90) / 180) < 0.02:
        raise Wrong(f"Your latitudes are uniform in degrees: {(lat > 60).mean():.0%} of the points lie north of 60°, where only {POLAR:.0%} of the "
                    "Earth's surface is. Make the sine of the latitude uniform.")  # fmt: skip
    if _distance_to_uniform((np.sin(np.radians(lat)) + 1) / 2) > 0.02:
        raise Wrong(f"{(lat > 60).mean():.0%} of your points lie north of 60° and {(lat < 0).mean():.0%} south of the equator; by area it is {POLAR:.0%} "
                    "and 50%. The sine of the latitude should be uniform on [−1, 1].")  # fmt: skip
    if _distance_to_uniform((lon + 180) / 360) > 0.02:
        raise Wrong("The latitudes are right, but the longitudes are not uniform from −180 to 180.")
    parts = np.histogram2d(np.sin(np.radians(lat)), lon, bins=4, range=[[-1, 1], [-180, 180]])[0]
    if np.abs(parts / n - 1 / 16).max() > 0.01:
        raise Wrong(
            "Each of the two is right by itself, but together they leave parts of the globe empty: one tells the other. Draw the longitude anew."
        )


def _distance_to_uniform(u: np.ndarray) -> float:
    """Return the largest gap between the empirical distribution function of u (N,) and that of a uniform on [0, 1]."""
    return float(np.abs(np.sort(u) - (np.arange(len(u)) + 0.5) / len(u)).max())


def on_globe(latitude: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([latitude, rng.uniform(-180, 180, len(latitude))])


EXERCISES = {
    "02.1": Exercise(
        judge=partial(close, expected=1 / AREA, tolerance=2.5e-2),  # 0.0017 will do
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
            (lambda x, t: box_log_prob(x, t).sum(), "That is the sum. Return one value for each point, shape (N,)."),
            (lambda x, t: np.full(len(x), box_log_prob(np.array([t[:2]]), t)[0]), "You gave the same value to every point. Outside the box it is -np.inf: use np.where."),
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
        ],
        hints=(
            "The map of section 5 helps: the Atlantic for A, a dark point for B, an empty stretch of land for C.",
            "For B take a row of `X` that lies inland and add a tenth of a degree.",
            "For C try the inside of Greenland, Brazil or Australia, and ask `nearest_km(np.array([C]), X)`.",
        ),
        solution="""
            import numpy as np
            from course_utils.datasets import load_world_land

            X = load_world_land().sample(40, np.random.default_rng(2))
            answer = {"A": [0, -30], "B": X[0].tolist(), "C": [72, -40]}  # the Atlantic, a copy, Greenland
        """,
    ),
    "02.5": Exercise(
        judge=judge_sample_globe,
        praise="Uniform in longitude and in the sine of latitude: every square kilometre is equally likely.",
        mistakes=[
            (lambda n, rng: on_globe(rng.uniform(-90, 90, n), rng), "Your latitudes are uniform in degrees"),
            (lambda n, rng: on_globe(np.arcsin(rng.uniform(-1, 1, n)), rng), "np.arcsin returns radians"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng).T, "np.column_stack does that"),
            (lambda n, rng: on_globe(rng.uniform(-90, 90, n), rng)[:, ::-1], "Longitude comes first in your rows"),
            (lambda n, rng: on_globe(np.degrees(np.arccos(rng.uniform(-1, 1, n))), rng), "the arccosine counts from the pole"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(rng.uniform(0, 1, n))), rng), "The sine of the latitude should be uniform on [−1, 1]"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng) / [1, 2], "the longitudes are not uniform"),
            (lambda n, rng: (lambda u: np.column_stack([np.degrees(np.arcsin(u)), 180 * u]))(rng.uniform(-1, 1, n)), "Draw the longitude anew"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(np.random.uniform(-1, 1, n))), rng), "Draw everything from `rng`"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(rng.uniform(-2, 2, n))), rng), "The arcsine needs values from −1 to 1"),
            (lambda n, rng: on_globe(np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng) + [0, 180], "Write them from −180 to 180"),
        ],
        hints=(
            "Which quantity is uniform by area: the latitude, its sine or its cosine?",
            "Draw u uniformly on [−1, 1]; the latitude is the angle whose sine is u.",
            "`np.arcsin` returns radians, and the course writes degrees.",
        ),
        solution="""
            import numpy as np

            def sample_globe(n, rng):
                latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
                longitude = rng.uniform(-180, 180, n)
                return np.column_stack([latitude, longitude])

            answer = sample_globe
        """,
    ),
}  # fmt: skip
