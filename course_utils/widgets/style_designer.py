"""Lessons 04 and 05: design a Wrodler and read how likely each model finds it."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product

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


def draw(*, ax: Axes, n: int, seen: np.ndarray, p: Mapping[str, np.ndarray], **codes: float) -> Frame:
    """Return the frame for one style, given as the place of each value in WRODL_VALUES.

    seen: how many of n observations have each style, (3, 8, 4, 6, 7); p: name → a model's probability of each.
    """
    place = tuple(int(codes[name]) for name in WRODL_VALUES)
    style = {name: values[k] for (name, values), k in zip(WRODL_VALUES.items(), place)}
    overlay = Overlay()
    overlay.drawing(ax, style_svg(style), (0, 1, 0, 1))
    numbers = {"seen in the data": f"{seen[place]} of {n}"}
    for name, of_model in p.items():
        value = of_model[place]
        numbers[f"p(x), {name}"] = f"{value:.5f}" if value >= 1e-5 or value == 0 else f"{value:.1e}"
    return Frame(
        str(overlay),
        numbers,
        "A Wrodler with " + ", ".join(f"{LABELS[name]} {value}" for name, value in style.items()) + ".",
    )


def style_designer(observations: pd.DataFrame, models: Mapping[str, Callable]) -> Panel:
    """Show a face with a slider for each feature, and p(x) of it under each model.

    observations: the styles seen, as `load_wrodl` returns them. models: name → a function from styles to log p(x).
    """
    shape = [len(values) for values in WRODL_VALUES.values()]
    styles = pd.DataFrame(list(product(*WRODL_VALUES.values())), columns=list(WRODL_VALUES))
    counts = observations.astype(str).value_counts(list(WRODL_VALUES))
    seen = np.array([counts.get(style, 0) for style in styles.itertuples(index=False, name=None)]).reshape(shape)
    p = {name: np.exp(log_prob(styles)).reshape(shape) for name, log_prob in models.items()}
    figure, ax = plt.subplots(figsize=(3.6, 3.9))
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[], title="Your Wrodler", facecolor=BACKGROUND)
    return Panel(
        partial(draw, ax=ax, n=len(observations), seen=seen, p=p),
        figure,
        sliders={
            name: Slider(LABELS[name], 0, len(values) - 1, 1, values.index(START[name]), values)
            for name, values in WRODL_VALUES.items()
        },
        grid={"clothingColor": list(map(WRODL_VALUES["clothingColor"].index, ("Black", "Blue01", "Red", "White")))},
    )
