"""Lesson 03: the log-likelihood of every position of one corner of the box, the other corner held."""

from decimal import Decimal
from functools import partial

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.models import BoxModel
from course_utils.widgets.log_bars import hang, map_and_strip
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

CELL = 2.0  # degrees
LATITUDES = np.arange(90, -90, -CELL) - CELL / 2  # from the top row of the picture down
LONGITUDES = np.arange(-180, 180, CELL) + CELL / 2
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def landscape(x: np.ndarray, held: tuple[float, float], corner: str) -> np.ndarray:
    """Return the log-likelihood of x, in nats, for each cell (latitudes, longitudes) as the moving corner; -inf if x rules it out.

    held is the [latitude, longitude] of the other corner, corner says which one moves: "top right" or "bottom left".
    """
    sign = 1 if corner == "top right" else -1
    low, high = np.sort([x.min(axis=0) * sign, x.max(axis=0) * sign], axis=0)  # of the data, seen from the held corner
    height, width = LATITUDES[:, None] * sign - held[0] * sign, LONGITUDES[None, :] * sign - held[1] * sign
    possible = (LATITUDES[:, None] * sign >= high[0]) & (LONGITUDES[None, :] * sign >= high[1])
    possible &= (held[0] * sign <= low[0]) & (held[1] * sign <= low[1])
    return np.where(possible, -len(x) * np.log(np.where(possible, height * width, 1)), -np.inf)


def power_of_ten(log_value: float) -> str:
    """Return exp(log_value) as text like "2.0 × 10⁻²⁰", also where a float would underflow."""
    mantissa, exponent = f"{Decimal(float(log_value)).exp():.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def draw(
    south: float,
    west: float,
    north: float,
    east: float,
    corner: str,
    *,
    ax: Axes,
    strip: Axes,
    x: np.ndarray,
    best: float,
    worst: float,
) -> Frame:
    """Return the frame for one box: the landscape of its moving corner, the box on it, log p of each x and their sum.

    best and worst are the ends of the colour scale in nats; where the likelihood is 0 nothing is painted.
    """
    held = (south, west) if corner == "top right" else (north, east)
    moving = (north, east) if corner == "top right" else (south, west)
    values = landscape(x, held, corner)
    shade = mpl.colormaps[style.SEQUENTIAL](np.clip((values - worst) / (best - worst), 0, 1), bytes=True)
    shade[~np.isfinite(values)] = 0  # transparent
    overlay = Overlay()
    overlay.image(ax, shade, (-180, 180, -90, 90))
    if south < north and west < east:
        overlay.rect(ax, west, south, east, north, style.P_MODEL, opacity=0)
        log_prob = BoxModel((south, west, north, east)).log_prob(x)
    else:
        log_prob = np.full(len(x), -np.inf)
    log_likelihood = log_prob.sum()
    hang(overlay, strip, x, log_prob)
    overlay.dots(ax, x[:, 1], x[:, 0], style.OBSERVATIONS, radius=4)
    overlay.dots(ax, [moving[1]], [moving[0]], "white", radius=13)  # around the handle
    overlay.dots(ax, [moving[1]], [moving[0]], style.P_MODEL, radius=11)
    possible = np.isfinite(log_likelihood)
    numbers = {
        "moving corner": corner,
        "log-likelihood in nats": f"{log_likelihood:.1f}".replace("-", "−") if possible else "−∞",
        "likelihood": power_of_ten(log_likelihood) if possible else "0",
        "below the MLE by": f"{best - log_likelihood:.1f} nats" if possible else "∞",
    }
    seen = "The coloured landscape shows where the corner has a likelihood above 0." if np.isfinite(values).any() else (
        "No position of this corner has a likelihood above 0: the held corner leaves out an observation."
    )  # fmt: skip
    alt = f"Map with a box; its {corner} corner is at latitude {moving[0]:g}, longitude {moving[1]:g}. {seen}"
    return Frame(str(overlay), numbers, alt)


def likelihood_landscape(x: np.ndarray) -> Panel:
    """Show the log-likelihood of the observations x (N, 2) over the positions of one corner; four sliders set θ."""
    figure, ax, strip = map_and_strip(None, "Log-likelihood of one corner (lighter is higher)")
    mle = BoxModel().fit(x)
    best, worst = mle.log_prob(x).sum(), -len(x) * np.log(180 * 360)
    south, west, north, east = np.clip(mle.theta.round() + [-8, -12, 20, 30], [-90, -180] * 2, [90, 180] * 2).tolist()
    return Panel(
        partial(draw, ax=ax, strip=strip, x=x, best=best, worst=worst),
        figure,
        sliders={
            "south": Slider("θ₁: latitude of the bottom", -90, 90, 0.5, south),
            "west": Slider("θ₂: longitude of the left side", -180, 180, 0.5, west),
            "north": Slider("θ₃: latitude of the top", -90, 90, 0.5, north),
            "east": Slider("θ₄: longitude of the right side", -180, 180, 0.5, east),
        },
        buttons={
            "move the top right corner": lambda values: {"corner": "top right"},
            "move the bottom left corner": lambda values: {"corner": "bottom left"},
        },
        fixed={"corner": "top right"},
        handles=[(ax, x, y) for y in ("south", "north") for x in ("west", "east")],
        grid={
            "south": np.clip(np.floor(mle.theta[0]) + [-30, -15, -3, 0, 8], -90, 90),
            "west": np.clip(np.floor(mle.theta[1]) + [-60, -25, -4, 0, 12], -180, 180),
            "north": np.clip(np.ceil(mle.theta[2]) + [-8, 0, 5, 40, 60], -90, 90),
            "east": np.clip(np.ceil(mle.theta[3]) + [-12, 0, 8, 60, 120], -180, 180),
        },
        presses=[f"move the {corner} corner" for corner in ("top right", "bottom left", "bottom left", "top right")],
    )
