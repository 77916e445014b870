"""Lesson 02: a box on the world map, moved by its corners or by four sliders."""

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import WorldLand
from course_utils.models import BoxModel
from course_utils.widgets.log_bars import hang, map_and_strip
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

N_SAMPLES = 2000  # of the box, for the share on land
N_SHOWN = 100  # of these on the map


def draw(
    south: float,
    west: float,
    north: float,
    east: float,
    *,
    ax: Axes,
    strip: Axes,
    x: np.ndarray,
    land: WorldLand,
    uniform: np.ndarray,
) -> Frame:
    """Return the frame for one box: its outline, samples, log p of each x below it, and its numbers.

    uniform (n, 2) holds numbers in [0, 1]: the same ones for every box, so that the samples move with the sliders.
    """
    overlay = Overlay()
    if south >= north or west >= east:
        wrong = "top must lie north of its bottom" if south >= north else "right side must lie east of its left side"
        overlay.text(ax, 0, 0, f"No box: its {wrong}.", anchor="middle")
        numbers = dict.fromkeys(
            [
                "area in square degrees",
                "density inside",
                "observations inside",
                "log-likelihood in nats",
                "samples on land",
            ],
            "–",
        )
        return Frame(str(overlay), numbers, "A map without a box: the corners are in the wrong order.")
    box = BoxModel((south, west, north, east))
    samples = np.array([south, west]) + uniform * np.array([north - south, east - west])
    on_land = land.contains(samples).mean()
    log_prob = box.log_prob(x)
    area = (north - south) * (east - west)
    overlay.rect(ax, west, south, east, north, style.P_MODEL, opacity=0.12)
    overlay.dots(ax, samples[:N_SHOWN, 1], samples[:N_SHOWN, 0], style.SAMPLE, radius=2.5)
    overlay.dots(ax, x[:, 1], x[:, 0], style.OBSERVATIONS, radius=4.5)
    hang(overlay, strip, x, log_prob)
    inside = int(np.isfinite(log_prob).sum())
    log_likelihood = f"{log_prob.sum():.1f}".replace("-", "−") if inside == len(x) else "−∞"
    numbers = {
        "area in square degrees": f"{area:,.0f}" if area >= 10 else f"{area:.3g}",
        "density inside": f"{1 / area:.2e}",
        "observations inside": f"{inside} of {len(x)}",
        "log-likelihood in nats": log_likelihood,
        "samples on land": f"{on_land:.0%}",
    }
    alt = (
        f"World map with a box from latitude {south:g} to {north:g} and longitude {west:g} to {east:g}. "
        f"{inside} of {len(x)} observations lie inside, {on_land:.0%} of its samples are on land."
    )
    return Frame(str(overlay), numbers, alt)


def box_explorer(x: np.ndarray, land: WorldLand) -> Panel:
    """Show a box on the map that is moved by its corners or by four sliders, with a button that jumps to the maximum likelihood estimate.

    x (N, 2) are the observations, [latitude, longitude] in degrees.
    """
    figure, ax, strip = map_and_strip(land, "Your box, its samples (blue), the observations (dark)")
    uniform = np.random.default_rng(0).uniform(size=(N_SAMPLES, 2))
    start = {"south": -30.0, "west": -20.0, "north": 40.0, "east": 55.0}
    mle = dict(zip(start, BoxModel().fit(x).theta.tolist()))
    return Panel(
        partial(draw, ax=ax, strip=strip, x=x, land=land, uniform=uniform),
        figure,
        sliders={
            "south": Slider("θ₁: latitude of the bottom", -90, 90, 0.1, start["south"]),
            "west": Slider("θ₂: longitude of the left side", -180, 180, 0.1, start["west"]),
            "north": Slider("θ₃: latitude of the top", -90, 90, 0.1, start["north"]),
            "east": Slider("θ₄: longitude of the right side", -180, 180, 0.1, start["east"]),
        },
        buttons={"show me the MLE": lambda values: "Your own try first: move the sliders." if values == start else mle},
        handles=[(ax, x, y) for y in ("south", "north") for x in ("west", "east")],
        grid={
            "south": (-90, -60, -30, -10, 10, 30, mle["south"]),
            "west": (-180, -140, -80, -20, 20, 60, mle["west"]),
            "north": (-20, 0, 20, 40, 60, 90, mle["north"]),
            "east": (-10, 20, 55, 90, 130, 180, mle["east"]),
        },
    )
