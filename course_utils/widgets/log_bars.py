"""A strip below a map for lessons 02 and 03: log p of each observation, which falls off the cliff when a box loses it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plotting, style
from course_utils.datasets import WorldLand
from course_utils.widgets.overlay import Overlay

FEW = 10  # observations: with more there is no room to write −∞ beside them
WIDTH = 25.0  # degrees that the word −∞ takes; bars nearer than that share one
LOWEST = -14.0  # nats: a box over the whole map has −11.1; what is impossible runs out of the picture


def map_and_strip(land: WorldLand | None, title: str) -> tuple[Figure, Axes, Axes]:
    """Return a figure with a map and, below it, axes of the same longitudes."""
    figure, (ax, strip) = plt.subplots(2, 1, figsize=(7.6, 5.0), height_ratios=[4.4, 1])
    plotting.world_map(land, ax, title)
    strip.set(xlim=(-180, 180), ylim=(LOWEST, 0), xticks=[], yticks=[0, -5, -10], ylabel="log p(x)")
    strip.spines[:].set_visible(False)
    strip.axhline(0, color=style.GREY, linewidth=1)
    figure.canvas.draw()
    figure.set_layout_engine("none")
    above, below = ax.get_position(), strip.get_position()
    strip.set_position([above.x0, below.y0, above.width, below.height])
    return figure, ax, strip


def hang(overlay: Overlay, strip: Axes, x: np.ndarray, log_prob: np.ndarray) -> None:
    """Hang a bar below each observation of x (N, 2): as long as its surprise, −log p, and out of sight where that is ∞."""
    possible = np.isfinite(log_prob)
    for which, colour in [(~possible, style.GREY), (possible, style.P_MODEL)]:
        if which.any():
            overlay.bars(strip, x[which, 1], np.clip(log_prob[which], LOWEST, 0), colour)
    if len(x) <= FEW:
        longitudes = np.sort(x[~possible, 1])
        for longitude in longitudes[np.diff(longitudes, append=np.inf) > WIDTH]:  # with room on its right
            overlay.text(strip, longitude + 6, LOWEST + 2, "−∞", colour=style.GREY)
