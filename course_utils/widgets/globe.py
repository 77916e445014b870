"""Lesson 02: the map bent into a globe, with points on it that are uniform in degrees or by area."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array

from course_utils import style
from course_utils.datasets import WorldLand
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

N_SHOWN = 700  # points on the globe
STEP = 0.5  # degrees: the cells of which land and sea are painted
RADIUS = 1.4  # of the globe, where the map is 4 wide and 2 high
UNIT = 80  # pixels of the painting for the length 1: the cells leave no gaps
EXTENT = (-2.05, 2.05, -1.45, 1.45)  # of the picture
BELT = 10  # degrees of latitude for each bar
COLOURS = np.round(255 * to_rgba_array(["#FFFFFF00", style.PALE, "#9ED3C4"])).astype(np.uint8)  # nothing, sea, land
RULERS = ("in degrees", "by area")


def project(points: np.ndarray, bend: float, look_at: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where points (N, 2), [latitude, longitude], are seen, (N, 3), and which of them face us, (N,) bool.

    The place of a point lies on the straight way from the flat map, `bend` 0, to the sphere, `bend` 1, which
    is seen from far away (an orthographic projection) with the latitude `look_at` in the middle. The third coordinate
    points towards us.
    """
    phi, lam = np.radians(points).T
    sphere = RADIUS * np.array([np.cos(phi) * np.sin(lam), np.sin(phi), np.cos(phi) * np.cos(lam)])
    flat = np.array([2 * lam / np.pi, 2 * phi / np.pi, np.zeros_like(phi)])
    x, y, z = (1 - bend) * flat + bend * sphere
    # the same, differentiated by longitude and by latitude: the surface faces us where it keeps its orientation
    x_lam, z_lam = 2 * (1 - bend) / np.pi + bend * sphere[2], -bend * sphere[0]
    x_phi, z_phi = -bend * sphere[1] * np.sin(lam), -bend * sphere[1] * np.cos(lam)
    y_phi = 2 * (1 - bend) / np.pi + bend * RADIUS * np.cos(phi)
    cosine, sine = np.cos(bend * np.radians(look_at)), np.sin(bend * np.radians(look_at))
    faces = x_lam * (cosine * y_phi - sine * z_phi) + x_phi * sine * z_lam
    return np.column_stack([x, cosine * y - sine * z, sine * y + cosine * z]), faces > 1e-9


def painted(cells: np.ndarray, kinds: np.ndarray, bend: float, look_at: float) -> np.ndarray:
    """Return land and sea as an image (height, width, 4): cells (N, 2) of kinds (N,), the nearest one on top."""
    places, faces = project(cells, bend, look_at)
    left, right, bottom, top = EXTENT
    width, height = round((right - left) * UNIT), round((top - bottom) * UNIT)
    order = np.flatnonzero(faces)
    if 0 < bend < 1:  # else nothing that faces us lies behind anything
        order = order[np.argsort(places[order, 2], kind="stable")]
    column = ((places[order, 0] - left) * UNIT).astype(int)
    row = ((top - places[order, 1]) * UNIT).astype(int)
    image = np.zeros((height, width), dtype=int)
    image[row, column] = kinds[order]
    return COLOURS[image]


def by_latitude(on_land: np.ndarray, ruler: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of all points in each belt of latitude, from the south, and the share that is land in it.

    on_land (rows, columns) says what is land on a grid that is even in degrees, the southernmost row first.
    """
    edges = np.radians(np.linspace(-90, 90, len(on_land) + 1))
    rows = np.full(len(on_land), 1 / len(on_land)) if ruler == "in degrees" else np.diff(np.sin(edges)) / 2
    belts = 180 // BELT
    return rows.reshape(belts, -1).sum(axis=1), (rows * on_land.mean(axis=1)).reshape(belts, -1).sum(axis=1)


def draw(
    bend: float,
    look_at: float,
    ruler: str,
    *,
    axes: tuple[Axes, Axes],
    cells: np.ndarray,
    on_land: np.ndarray,
    points: dict[str, np.ndarray],
) -> Frame:
    """Return the frame for one shape of the map: land, sea and points on it, and the points of each belt of latitude.

    ruler says which points are shown, "in degrees" or "by area"; cells (N, 2) are the places of on_land (rows, columns).
    """
    world, bars = axes
    overlay = Overlay()
    overlay.image(world, painted(cells, 1 + on_land.ravel(), bend, look_at), EXTENT, smooth=True)
    places, faces = project(points[ruler], bend, look_at)
    overlay.dots(world, *places[faces, :2].T, style.GREY, radius=1.5)
    shares, land = by_latitude(on_land, ruler)
    for k, (share, part) in enumerate(zip(100 * shares, 100 * land)):
        south = -90 + k * BELT
        overlay.rect(bars, 0, south + 2, share, south + BELT - 2, style.GREY, opacity=0.25)
        overlay.rect(bars, 0, south + 2, part, south + BELT - 2, style.P_DATA, opacity=1)
    polar = 30 // BELT
    numbers = {
        "points uniform": ruler,
        "on land": f"{land.sum():.1%}",
        "south of 60° S": f"{shares[:polar].sum():.1%}",
        "on land south of 60° S": f"{land[:polar].sum():.1%}",
    }
    shape = "A flat map" if bend == 0 else "A globe" if bend == 1 else "A map half bent into a globe"
    view = f", seen from above latitude {look_at:g}".replace("-", "−") if bend else ""
    crowd = "they crowd at the poles" if ruler == "in degrees" else "no place is crowded"
    where = crowd if bend == 1 else "they fill it evenly" if ruler == "in degrees" else "they are rare near the poles"
    alt = f"{shape}{view}, with points uniform {ruler}: {where if bend in (0, 1) else 'the surface is on its way'}."
    return Frame(str(overlay), numbers, alt)


def globe(land: WorldLand, in_degrees: np.ndarray, by_area: np.ndarray) -> Panel:
    """Show a map that a slider bends into a globe, another one turns it; buttons choose the points that lie on it.

    in_degrees and by_area (N, 2) are points [latitude, longitude]; the first 700 of each are shown.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 4.2), width_ratios=[2.5, 1])
    world, bars = axes
    world.set(xlim=EXTENT[:2], ylim=EXTENT[2:], aspect="equal")
    world.set_title("The same points, flat or on the globe")
    world.axis("off")
    bars.set(
        xlim=(0, 9.5),
        ylim=(-90, 90),
        xticks=range(0, 10, 3),
        yticks=range(-90, 91, 30),
        xlabel="% of points, green: land",
    )
    bars.set_title("Each 10° of latitude")
    rows, columns = round(180 / STEP), round(360 / STEP)
    latitude, longitude = (np.arange(n) * STEP + STEP / 2 - n * STEP / 2 for n in (rows, columns))
    cells = np.stack(np.meshgrid(latitude, longitude, indexing="ij"), axis=-1).reshape(-1, 2)
    on_land = land.contains(cells).reshape(rows, columns)
    points = dict(zip(RULERS, (in_degrees[:N_SHOWN], by_area[:N_SHOWN])))
    return Panel(
        partial(draw, axes=tuple(axes), cells=cells, on_land=on_land, points=points),
        figure,
        sliders={
            "bend": Slider("from the map (0) to the globe (1)", 0, 1, 0.05, 0),
            "look_at": Slider("turn: the latitude in the middle", -90, 90, 5, 0),
        },
        buttons={f"points {ruler}": lambda values, ruler=ruler: {"ruler": ruler} for ruler in RULERS},
        fixed={"ruler": "in degrees"},
        play="bend",
        grid={"bend": (0, 0.25, 0.5, 0.75, 1), "look_at": (-90, -60, -30, 0, 30, 60, 90)},
        presses=["points in degrees", "points by area", "points by area", "points in degrees"],
    )
