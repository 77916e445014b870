"""Slider moves: the kernel's work in the course's widgets, beside `ipywidgets.interact` with a new matplotlib figure.

The widgets draw once what does not move, and lay the rest over it. The usual way draws a new figure at each move, as
the inline backend encodes it. Neither counts the way to the browser and back, which is the same for both.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from time import process_time

import matplotlib.pyplot as plt
import numpy as np
from IPython.core.pylabtools import print_figure
from ipywidgets import FloatSlider, IntSlider, fixed, interactive
from row import Row, seconds
from usual_way import WIDGETS

from course_utils import style
from course_utils.widgets.panel import Panel

LAG = 0.02  # seconds for the median: a slider that takes longer lags visibly
WARM_UP = 2


def random_move(panel: Panel, rng: np.random.Generator) -> dict:
    """Return the values at first, but for one slider, which a hand has moved by up to a tenth of its range."""
    start = {name: slider["value"] for name, slider in panel.sliders.items()}
    while True:
        name = str(rng.choice(list(start)))
        slider = panel.sliders[name]
        reach = max(1, round((slider["max"] - slider["min"]) / slider["step"] / 10))  # steps
        value = start[name] + slider["step"] * int(rng.integers(-reach, reach + 1))
        values = {**panel.values, **start, name: min(max(value, slider["min"]), slider["max"])}
        if values != panel.values:
            return values


def move(panel: Panel, values: dict) -> None:
    """Do what the kernel does when a slider of the course has moved: take the values in, draw, and write the answer."""
    panel.set_state({"values": values})
    json.dumps(panel.get_state(["svg", "numbers", "alt", "message", "drawn"]))
    assert not panel.message, panel.message


def interact(panel: Panel, plot: Callable) -> interactive:
    """Return what `interact(plot, …)` shows: the same sliders, over a figure that each move draws anew."""

    def show(**values: object) -> str:
        plot(**values)
        print_figure(plt.gcf(), base64=True)  # IPython's own: what the inline backend does at the end
        plt.close()
        return "shown"

    given, sliders = panel.values, {}
    for name, slider in panel.sliders.items():
        limits = {key: slider[key] for key in ("min", "max", "step")}
        whole = all(isinstance(value, int) for value in (given[name], *limits.values()))
        sliders[name] = (IntSlider if whole else FloatSlider)(given[name], **limits)
    return interactive(
        show, clear_output=False, **{name: sliders.get(name, fixed(value)) for name, value in given.items()}
    )


def move_usual(usual: interactive, values: dict) -> float:
    """Move interact's sliders to the values, and return the seconds that the last of them took."""
    time = 0.0
    for slider in usual.children[:-1]:  # the last one is the output
        if slider.value != values[slider.description]:
            usual.result, start = None, process_time()
            slider.set_state({"value": values[slider.description]})
            time = process_time() - start
            assert usual.result == "shown"  # interact only writes down that a function has failed
    return time


def measure(names: Iterable[str] = WIDGETS, moves: int = 10) -> Iterator[Row]:
    """Yield a row for each widget: the medians of the same random moves, in turn."""
    style.use()
    for name in names:
        panel, plot = WIDGETS[name]()
        usual, rng, times = interact(panel, plot), np.random.default_rng(0), []
        for _ in range(WARM_UP + moves):
            values = random_move(panel, rng)
            start = process_time()
            move(panel, values)
            ours = process_time() - start
            times.append((ours, move_usual(usual, values)))
        ours, other = np.median(times[WARM_UP:], axis=0)
        wrong = f"its sliders lag: {seconds(ours)} for a move" if ours >= LAG else ""
        yield Row(name, seconds(ours), seconds(other), other / ours, least=1, wrong=wrong)
