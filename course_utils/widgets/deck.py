"""Frames baked for a deck of slides, where no kernel draws: the page takes them from here.

In a deck a slider stops at some values only, and counts them: 0, 1, 2, …, with the values as its words. So what a panel
shows always belongs to what its sliders say.
"""

import gzip
import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import isclose, prod

from course_utils.widgets.overlay import Slider

MOST = 5000  # frames of one panel
CELL = 8  # pixels: the places of a click


def wanted() -> bool:
    """Say whether this kernel executes a lesson for a deck."""
    return os.environ.get("BAKE_FRAMES") == "on"


def stops_of(sliders: Mapping[str, Slider], grid: Mapping[str, Sequence[float]]) -> dict[str, list[float]] | None:
    """Return where each slider stops in a deck: at its first value and those of the grid, or else at each of its steps.

    Returns None if that were too many frames. Raises ValueError for a value of the grid beyond the slider's range.
    """
    stops = {}
    for name, slider in sliders.items():
        steps = round((slider.max - slider.min) / slider.step)
        every = [round(slider.min + k * slider.step, 10) for k in range(steps + 1)]
        values = [float(value) for value in grid.get(name, every)]
        if wrong := [value for value in values if not slider.min <= value <= slider.max + 1e-9]:
            raise ValueError(f"the grid of {name} must lie within {slider.min:g} … {slider.max:g}, got {wrong}")
        others = [value for value in values if not isclose(value, slider.value, abs_tol=1e-9)]
        stops[name] = sorted({*others, slider.value})
    return stops if prod(map(len, stops.values())) <= MOST else None


def on_stops(slider: Slider, stops: Sequence[float]) -> Slider:
    """Return a slider that counts its stops and says their values."""
    words = tuple(slider.words[int(stop)] if slider.words else f"{stop:g}" for stop in stops)
    return slider._replace(min=0, max=len(stops) - 1, step=1, value=stops.index(slider.value), words=words)


def cut_up(svg: str) -> list[str]:
    """Cut an overlay between its elements, and those of the drawings in it, so that what frames have in common is stored once."""
    return svg.replace("><", ">\0<").replace("%3C", "\0%3C").split("\0")


def bake(
    draw: Callable, values: Mapping[str, object], stops: Mapping[str, Sequence[float]], actions: Mapping[str, Callable],
    presses: Sequence[str], click: Callable | None, size: tuple[int, int],
) -> bytes:  # fmt: skip
    """Return a panel's frames at all stops, and what its buttons and clicks lead to, as JSON zipped by gzip.

    values: all parameters of draw at first. The buttons of `presses` are pressed one after the other, and what they
    lead to, a state, is drawn at all stops too; the sliders that they move go to their stops. One that brought several
    states back to the first, such as "start again", does so with all. Any other button may move the sliders, or say
    something.
    """
    points = [dict(zip(stops, point)) for point in product(*stops.values())]
    first = {name: values[name] for name in stops}
    pieces: dict[str, int] = {}
    states, leads, known = [], [], {}

    def state_of(values: dict) -> int:
        """Return the number of the state that looks like this, wherever its sliders stand, a new one if need be."""
        if (looks := str(draw(**values | first))) not in known:
            known[looks] = len(states)
            frames = [draw(**values | point) for point in points]
            cut = [[pieces.setdefault(piece, len(pieces)) for piece in cut_up(frame.svg)] for frame in frames]
            states.append([(svg, list(frame.numbers.items()), frame.alt) for svg, frame in zip(cut, frames)])
            leads.append({})
        return known[looks]

    now, state = dict(values), state_of(dict(values))
    for label in presses:
        answer = actions[label](dict(now))
        if isinstance(answer, str):  # it says why nothing moves
            continue
        moved = {name: _stop(stops[name], to, now[name]) for name, to in answer.items() if name in stops}
        now |= answer
        leads[state][label] = (after := state_of(now), moved)
        state = after
    for label in dict.fromkeys(presses):  # what has led to the first state from several ones leads there from all
        known_leads = [lead[label] for lead in leads if label in lead]
        if len(known_leads) > 1 and all(lead == (0, known_leads[0][1]) for lead in known_leads):
            for lead in leads:
                lead.setdefault(label, known_leads[0])

    starts = [values | point for point in points]
    others = [label for label in actions if label not in presses]
    jumps = {label: [_jump(actions[label](dict(start)), start, stops) for start in starts] for label in others}
    columns, rows = (-(-side // CELL) for side in size)
    places = [click(CELL * (i + 0.5), CELL * (j + 0.5)) for j in range(rows) for i in range(columns)] if click else []
    clicks = [{name: _nearest(stops[name], to) for name, to in place.items()} for place in places]
    baked = {
        "pieces": list(pieces), "states": states, "leads": leads,
        "jumps": jumps, "clicks": clicks, "columns": columns, "cell": CELL,
    }  # fmt: skip
    return gzip.compress(json.dumps(baked, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


def _nearest(stops: Sequence[float], to: float) -> int:
    return min(range(len(stops)), key=lambda k: abs(stops[k] - to))


def _jump(answer: dict | str, values: dict, stops: Mapping[str, Sequence[float]]) -> dict[str, int] | str | None:
    """Return a button's answer with sliders on their stops, none passed over; None if it changes more than sliders."""
    if isinstance(answer, str):
        return answer
    changes = {name: to for name, to in answer.items() if to != values[name]}
    if not changes.keys() <= stops.keys():
        return None
    return {name: _stop(stops[name], to, values[name]) for name, to in changes.items()}


def _stop(stops: Sequence[float], to: float, at: float) -> int:
    """Return the number of the stop that a slider comes to on its way from `at` to a value: none is passed over."""
    k = bisect_left(stops, to) if to > at else bisect_right(stops, to) - 1
    return min(max(k, 0), len(stops) - 1)
