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

from course_utils.widgets.overlay import Frame, Slider

MOST = 5000  # frames of one panel
PRESSES = 3  # every sequence of so many is held
CELL = 8  # pixels: the places of a click


def wanted() -> bool:
    """Say whether this kernel executes a lesson for a deck."""
    return os.environ.get("BAKE_FRAMES") == "on"


def zipped(page: dict) -> dict:
    """Return what a page draws from; for a deck with its bytes, `numbers`, zipped by gzip."""
    if not wanted() or "numbers" not in page:
        return page
    return page | {"numbers": gzip.compress(page["numbers"], mtime=0), "zipped": True}


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

    values: all parameters of draw at first. What buttons change and no slider does is a state. To states lead `presses`,
    one after the other, and each sequence of three presses, from the first frame and from where one slider has been
    moved. Each is drawn at all stops if that makes no more than MOST frames, else only where a press has led to. Any
    other button may move the sliders, or say something.
    """
    names, points = list(stops), list(product(*(range(len(values)) for values in stops.values())))
    number = {point: k for k, point in enumerate(points)}
    states, known, visited = [], {}, {}  # what is fixed in each; by what is fixed; (state, point, label) → what follows

    def state_of(fixed: dict) -> int:
        if (key := repr(fixed)) not in known:
            known[key] = len(states)
            states.append(fixed)
        return known[key]

    def at(fixed: dict, point: tuple) -> dict:
        return fixed | {name: stops[name][k] for name, k in zip(names, point)}

    def press(state: int, point: tuple, label: str) -> tuple[dict, tuple, dict] | str:
        """Return what is fixed after that, where the sliders stop, and which of them were moved; or what it says."""
        before = at(states[state], point)
        answer = actions[label](dict(before))
        if isinstance(answer, str):
            return answer
        moved = {name: _stop(stops[name], answer[name], before[name]) for name in names if name in answer}
        to = tuple(moved.get(name, k) for name, k in zip(names, point))
        return {name: answer.get(name, value) for name, value in states[state].items()}, to, moved

    def visit(state: int, point: tuple, label: str) -> tuple[int, tuple]:
        """Press a button there, and return where that leads; what only says something leads nowhere."""
        if (state, point, label) not in visited:
            answer = press(state, point, label)
            visited[state, point, label] = (
                (state, point) if isinstance(answer, str) else (state_of(answer[0]), answer[1])
            )
        return visited[state, point, label]

    begin = tuple(stops[name].index(values[name]) for name in names)
    now = state_of({name: value for name, value in values.items() if name not in stops}), begin
    for label in presses:
        now = visit(*now, label)
    one_moved = [(*begin[:i], k, *begin[i + 1 :]) for i in range(len(names)) for k in range(len(stops[names[i]]))]
    places = dict.fromkeys([(0, begin), *((0, point) for point in one_moved)])
    for _ in range(PRESSES):
        places = dict.fromkeys(visit(*place, label) for place in places for label in actions)

    everywhere = points if len(states) * len(points) <= MOST else []
    stored = [dict.fromkeys(everywhere if state else points) for state in range(len(states))]
    for state, point in visited.values():
        stored[state][point] = None
    pieces, looks, oldest = {}, {}, {}  # oldest: (state, point) → the first state that looks like that there
    for state, frames in enumerate(stored):
        for point in frames:
            frame = draw(**at(states[state], point))
            oldest[state, point] = looks.setdefault((point, _look(frame)), state)
            cut = [pieces.setdefault(piece, len(pieces)) for piece in cut_up(frame.svg)]
            frames[point] = cut, list(frame.numbers.items()), frame.alt

    led = [(state, label, to) for (state, _, label), to in visited.items()]
    turning = [label for label in actions if any(label == one and to[0] != state for state, one, to in led)]
    back = {label for label in turning if all(oldest[to] <= state for state, one, to in led if one == label)}
    pressed = {(state, label) for state, label, _ in led}

    def lead(state: int, point: tuple, label: str) -> tuple[int, dict] | str | None:
        """Return the state that a press leads to, with the sliders that it moves; what it says; None if that is not held."""
        answer = press(state, point, label)
        if isinstance(answer, str):
            return answer
        fixed, there, moved = answer
        to = known.get(repr(fixed))
        if to is None and label in back:  # something that nobody sees is not as before
            to = looks.get((there, _look(draw(**at(fixed, there)))))
        return None if to is None or there not in stored[to] else (to, moved)

    leads = [{} for _ in states]
    for state, label in product(range(len(states)), turning):
        if (state, label) in pressed or label in back:
            answers = {number[point]: lead(state, point, label) for point in stored[state]}
            if held := {k: answer for k, answer in answers.items() if answer is not None}:
                first = next(iter(held.values()))
                same = len(held) == len(points) and all(answer == first for answer in held.values())
                leads[state][label] = first if same else held

    starts = [values | at({}, point) for point in points]
    others = [label for label in actions if label not in turning]
    jumps = {label: [_jump(actions[label](dict(start)), start, stops) for start in starts] for label in others}
    columns, rows = (-(-side // CELL) for side in size)
    spots = [click(CELL * (i + 0.5), CELL * (j + 0.5)) for j in range(rows) for i in range(columns)] if click else []
    clicks = [{name: _nearest(stops[name], to) for name, to in spot.items()} for spot in spots]
    baked = {
        "pieces": list(pieces), "states": [_listed(frames, number) for frames in stored], "leads": leads,
        "jumps": jumps, "clicks": clicks, "columns": columns, "cell": CELL,
    }  # fmt: skip
    return gzip.compress(json.dumps(baked, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


def _look(frame: Frame) -> int:
    """Return a number that is the same for frames that look the same."""
    return hash((frame.svg, *frame.numbers.items(), frame.alt))


def _listed(frames: Mapping[tuple, object], number: Mapping[tuple, int]) -> list | dict[int, object]:
    """Return frames in the order of the points if there is one for each, or else by the numbers of their points."""
    return (
        [frames[point] for point in number]
        if len(frames) == len(number)
        else {number[point]: frames[point] for point in frames}
    )


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
