"""Lessons 04 and 05: design a Wrodler and read how likely each model finds it."""

from collections.abc import Callable, Mapping
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from course_utils.avatars import BACKGROUND, style_svg
from course_utils.datasets import WRODL_VALUES
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

LABELS = {
    "accessoriesType": "glasses", "clothingColor": "clothing colour", "clothingType": "clothing", "hairColor": "hair colour", "topType": "hair",
}  # fmt: skip
START = {
    "accessoriesType": "Round",
    "clothingColor": "White",
    "clothingType": "ShirtScoopNeck",
    "hairColor": "Red",
    "topType": "LongHairStraight",
}


def draw(*, ax: Axes, observations: pd.DataFrame, models: Mapping[str, Callable], **codes: float) -> Frame:
    """Return the frame for one style, given as the place of each value in WRODL_VALUES.

    models: name → a function from a DataFrame of styles to log p(x) (N,) in nats.
    """
    style = {name: values[int(codes[name])] for name, values in WRODL_VALUES.items()}
    overlay = Overlay()
    overlay.drawing(ax, style_svg(style), (0, 1, 0, 1))
    seen = int((observations[list(style)] == list(style.values())).all(axis=1).sum())
    row = pd.DataFrame([style])
    numbers = {"seen in the data": f"{seen} of {len(observations)}"}
    for name, log_prob in models.items():
        p = float(np.exp(log_prob(row)[0]))
        numbers[f"p(x), {name}"] = f"{p:.5f}" if p >= 1e-5 or p == 0 else f"{p:.1e}"
    return Frame(
        str(overlay),
        numbers,
        "A Wrodler with " + ", ".join(f"{LABELS[name]} {value}" for name, value in style.items()) + ".",
    )


def style_designer(observations: pd.DataFrame, models: Mapping[str, Callable]) -> Panel:
    """Show a face with a slider for each feature, and p(x) of it under each model.

    observations: the styles seen, as `load_wrodl` returns them. models: name → a function from styles to log p(x).
    """
    figure, ax = plt.subplots(figsize=(3.6, 3.9))
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[], title="Your Wrodler", facecolor=BACKGROUND)
    return Panel(
        partial(draw, ax=ax, observations=observations, models=models),
        figure,
        sliders={
            name: Slider(LABELS[name], 0, len(values) - 1, 1, values.index(START[name]), values)
            for name, values in WRODL_VALUES.items()
        },
        grid={"clothingColor": list(map(WRODL_VALUES["clothingColor"].index, ("Black", "Blue01", "Red", "White")))},
    )
