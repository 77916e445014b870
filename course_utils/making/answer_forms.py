"""Make the form in which an exercise is answered on a page of the web book, with a table of all that it can be told.

Nothing is judged anew: each verdict is asked of the exercise itself. Of a word or a line every choice is asked. The
numbers are cut where a verdict can change (around the right one, the exercise's mistakes, the answers of its changed
solution and the usual slips), and each piece is asked by one number of it. The page only looks up in which piece an
answer lies (book/answers.js).
"""

import contextlib
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby, pairwise, product
from typing import Any, NamedTuple

import numpy as np

from course_utils.exercises import matchers, slips
from course_utils.exercises.answers import Vague, Wrong, captured, show
from course_utils.exercises.changes import changed_answers
from course_utils.exercises.compare import form, reach
from course_utils.exercises.engine import Exercise, find

KNOWN = (matchers.close, matchers.close_each, matchers.choice, matchers.choices)
LINES = {matchers.choose_line: (), matchers.line_and_number: (0,)}  # and where the number of the line stands
NOTATION = " Write a number with a decimal point, as 12, −0.5, 1/3, 50% or 1e-3"
TYPED = 10  # digits; nobody types more

Path = tuple  # where a value stands in an answer: its keys and indices, one after another
Verdict = tuple[bool | None, str]  # right, wrong, or none if only vague; and the words
Box = tuple[list, str]  # the lower and upper ends of each number, and the words for what lies in it


class Field(NamedTuple):
    """Hold one thing to fill in."""

    path: Path
    right: Any
    mistakes: Sequence  # (wrong, words), where those of a part are known
    options: list | None = None  # to choose from; none for a number or a pair of numbers


class Zone(NamedTuple):
    """Hold a place on each number line, and how far around it a verdict holds."""

    at: tuple[float, ...]
    reach: tuple[float, ...]
    own: bool = False  # the right value, or a mistake of the exercise's own: of several the nearest counts

    def holds(self, point: Sequence[float]) -> bool:
        return all(abs(x - at) <= reach for x, at, reach in zip(point, self.at, self.reach))


def fields(exercise: Exercise) -> list[Field]:
    """Return what there is to fill in; nothing where the page cannot judge the answer."""
    matcher = _matcher(exercise)
    try:
        found = [*_fields(right_answer(exercise), exercise.mistakes, (), LINES.get(matcher))]
    except (TypeError, ValueError, LookupError):
        return []
    return found if matcher in (*KNOWN, *LINES) or all(field.options for field in found) else []


def _matcher(exercise: Exercise) -> Callable:
    return getattr(exercise.judge, "func", exercise.judge)


def _fields(right: Any, mistakes: Any, path: Path, line: Path | None) -> Iterator[Field]:
    """Yield the fields of a part of the answer."""
    if isinstance(right, dict):
        for name in right:
            yield from _fields(right[name], mistakes[name], (*path, name), line)
    elif isinstance(right, tuple) and isinstance(mistakes, Mapping):
        for i, value in enumerate(right):
            yield from _fields(value, mistakes[i], (*path, i), line)
    elif isinstance(right, tuple) and all(isinstance(value, str) for value in right):
        for i, value in enumerate(right):
            yield from _fields(value, [(wrong[i], words) for wrong, words in mistakes], (*path, i), line)
    elif isinstance(right, (str, bool)) or path == line:
        yield Field(path, right, mistakes, sorted({right, *(wrong for wrong, _ in mistakes)}))
    elif np.asarray(right).dtype.kind in "if" and np.shape(right) in ((), (2,)):
        yield Field(path, right, mistakes)
    else:
        raise TypeError("nothing that is quickly typed")


def right_answer(exercise: Exercise) -> Any:
    """Return the right answer; where the judge does not say it, the solution's."""
    known = getattr(exercise.judge, "keywords", {})
    if _matcher(exercise) in (*KNOWN, matchers.choose_line):
        return known["expected"]
    if _matcher(exercise) is matchers.line_and_number:
        return known["line"], known["number"]
    names: dict[str, Any] = {}
    with captured():
        exec(exercise.code, names)
    return names["answer"]


def verdict(exercise: Exercise, answer: Any) -> Verdict:
    """Return what an exercise says to an answer."""
    try:
        with captured():
            return True, exercise.grade(answer)
    except Vague as error:
        return None, str(error)
    except Wrong as error:
        return False, str(error)


def put(answer: Any, path: Path, value: Any) -> Any:
    """Return an answer with another value at one place."""
    if not path:
        return value
    key, *rest = path
    value = put(answer[key], tuple(rest), value)
    return {**answer, key: value} if isinstance(answer, dict) else (*answer[:key], value, *answer[key + 1 :])


@cache
def table(exercise_id: str) -> dict | None:
    """Return what the page needs to judge an exercise, ready for JSON; None where it cannot.

    words: all that is said, the praise first; fields: for each what is told, by the place of the words, to each choice
    or in each box of numbers (the first that holds an answer counts); lead: what precedes them, if anything does.
    """
    exercise = find(exercise_id)
    asked = fields(exercise)
    if not asked:
        return None
    right = right_answer(exercise)
    is_right, praise = verdict(exercise, right)
    assert is_right, exercise_id
    words, made, lead = [praise], [], ""

    def place(text: str) -> int:
        if text not in words:
            words.append(text)
        return words.index(text)

    for field in asked:

        def ask(value: Any, field: Field = field) -> Verdict:
            return verdict(exercise, put(right, field.path, value))

        if field.options:
            told = {}
            for option in field.options:
                found, text = ask(option)
                if not found and _matcher(exercise) is matchers.choices:  # "4 of 5 are right. Look again at …"
                    before, again, text = text.partition("Look again at ")
                    lead = "{}" + before.lstrip("0123456789") + again
                told[str(option)] = 0 if found else place(text)
            made.append({"told": told})
            continue
        boxes = [[*ends, place(text)] for ends, text in _boxes(exercise, field, ask)]
        example = ", and a pair as 0.5, −2" if np.ndim(field.right) else ""
        text = ask("?")[1].replace('"?"', '"{}"') + f"{NOTATION}{example}."
        made.append({"count": np.size(field.right), "form": place(text), "boxes": boxes})
    return {"words": words, "fields": made} | ({"lead": lead} if lead else {})


# ---- numbers --------------------------------------------------------------------------------------------------------


def _boxes(exercise: Exercise, field: Field, ask: Callable) -> Iterator[Box]:
    """Yield boxes that hold together all numbers (or pairs), each with what is said to those for which it is the first."""
    tolerance = exercise.judge.keywords.get("tolerance", 1e-3)  # type: ignore[attr-defined]
    right = np.asarray(field.right, float)
    with captured():
        changed = [_at(answer, field.path) for answer, _ in changed_answers(exercise.code)]
    if right.ndim == 0:
        own = [wrong for wrong, _ in field.mistakes]
        yield from _along(ask, float(right), tolerance, own, changed, 0)
        return
    first, second = map(float, right)
    zones = _zones(right, tolerance, [wrong for wrong, _ in field.mistakes], changed)
    for zone in zones:
        others = [other for other in zones if _meet(zone, other)]
        for cell in product(*(_cuts(zone, others, axis) for axis in (0, 1))):
            found, text = ask(tuple((lo + hi) / 2 for lo, hi in cell))
            if found is not None:
                yield [end for ends in cell for end in ends], text
    far = 1.2345678 * second + 0.777  # like nothing that anybody makes
    ones, others = ([_at(answer, (i,)) for answer in changed] for i in (0, 1))
    for ends, text in _along(lambda x: ask((x, far)), first, tolerance, [], ones, 0):
        if not text.startswith("The second"):
            yield [*ends, None, None], text
    for ends, text in _along(lambda x: ask((first, x)), second, tolerance, [], others, 1):
        yield [None, None, *ends], text


def _along(
    ask: Callable, right: float, tolerance: float, own: Iterable, changed: Iterable, i: int
) -> Iterator[tuple[list, str]]:
    """Yield pieces of a number line, each with what is said to its numbers; {i} stands for a number that is named."""

    def said(x: float) -> str:
        found, text = ask(x)
        return text if found is not None else text.replace(f" is {show(x)}: ", f" is {{{i}}}: ", 1)

    zones = _zones(np.asarray(right), tolerance, own, changed)
    zones += _around([-right], np.asarray(right), tolerance)  # the wrong sign
    ends = [zone.at[0] + way * zone.reach[0] for zone in zones for way in (1, -1)]
    width = max(map(abs, ends)) + 1
    too_small, too_large = said(min(ends) - width), said(max(ends) + width)
    points = {float(f"{right:.{digits}g}") for digits in (1, 2, 3)}  # what is rounded too far
    points |= {lo for hi, lo in zip(ends[::2], ends[1::2]) if lo == hi}
    yield from (([x, x], text) for x in points if (text := said(x)) not in (too_small, too_large))
    pieces = []
    for lo, hi in pairwise(sorted({*ends, *_between(zones, 0)})):
        middle = (lo + hi) / 2
        if any(zone.holds([middle]) for zone in zones):
            pieces.append((lo, hi, said(middle)))
    for text, group in groupby(pieces, key=lambda piece: piece[2]):
        if text not in (too_small, too_large):
            for lo, hi in _joined(group):
                yield [lo, hi], text
    low, high = (float(right + way * zones[0].reach[0]) for way in (-1, 1))
    yield [None, low], too_small
    yield [high, None], too_large


def _joined(pieces: Iterable[tuple]) -> list[list[float]]:
    """Return pieces of a line with those that touch made one."""
    joined: list[list[float]] = []
    for lo, hi, _ in pieces:
        if joined and joined[-1][1] == lo:
            joined[-1][1] = hi
        else:
            joined.append([lo, hi])
    return joined


def _zones(right: np.ndarray, tolerance: float, own: Iterable, changed: Iterable) -> list[Zone]:
    """Return where a verdict can be another than too large or too small, as `compare` has it; the right one comes first."""
    usual = []
    for _, of, _ in slips.SLIPS:
        with contextlib.suppress(IndexError), np.errstate(all="ignore"):
            usual.append(of(right))
    return _around([right, *own], right, tolerance, True) + _around([*changed, *usual], right, min(tolerance, 1e-3))


def _around(values: Iterable, right: np.ndarray, tolerance: float, own: bool = False) -> list[Zone]:
    """Return the zones around those of the values that are like the right one, and that somebody may type."""
    zones = {}
    for value in values:
        with contextlib.suppress(TypeError, ValueError):
            at = np.asarray(value, float)
            if at.shape != right.shape or not np.isfinite(at).all():
                continue
            near = reach(at, tolerance, float(np.abs(right).max()))
            zone = Zone(tuple(at.ravel().tolist()), tuple(near.ravel().tolist()), own)
            typed = tuple(float(f"{x:.{TYPED}g}") for x in zone.at)
            if zone.holds(typed):
                zones.setdefault(typed, zone)
    return [*zones.values()]


def _meet(one: Zone, other: Zone) -> bool:
    return all(abs(a - b) < r + s for a, b, r, s in zip(one.at, other.at, one.reach, other.reach))


def _between(zones: Sequence[Zone], axis: int) -> Iterator[float]:
    """Yield where one of two own zones that meet becomes the nearer one."""
    own = [zone for zone in zones if zone.own]
    yield from ((a.at[axis] + b.at[axis]) / 2 for a in own for b in own if a is not b and _meet(a, b))


def _cuts(zone: Zone, others: Sequence[Zone], axis: int) -> list[tuple[float, float]]:
    """Return the pieces into which others that meet a zone cut it along one axis."""
    lo, hi = zone.at[axis] - zone.reach[axis], zone.at[axis] + zone.reach[axis]
    ends = {other.at[axis] + way * other.reach[axis] for other in others for way in (1, -1)}
    inside = sorted(x for x in {*ends, *_between(others, axis)} if lo < x < hi)
    return [*pairwise([lo, *inside, hi])]


def _at(answer: Any, path: Path) -> Any:
    """Return a part of an answer; None if there is none."""
    with contextlib.suppress(Exception):
        for key in path:
            answer = answer[key]
        return answer
    return None


# ---- the page -------------------------------------------------------------------------------------------------------


def answer_form(exercise_id: str) -> str:
    """Return the form as HTML, its table beside it; nothing where the page cannot judge the exercise."""
    made = table(exercise_id)
    if made is None:
        return ""
    exercise = find(exercise_id)
    asked = [*enumerate(fields(exercise))]
    parts = []
    for what, group in groupby(asked, key=lambda item: _what(exercise, item[1])):
        some, title = [*group], html.escape(what)
        names = [title] if len(some) == 1 else [f"{title}, {k} of {len(some)}" for k in range(1, len(some) + 1)]
        controls = " ".join(_control(field, i, name) for (i, field), name in zip(some, names))
        field = some[0][1]
        shown = f"<code>{title}</code>" if what in field.path else title
        if field.options:
            parts.append(f"<fieldset><legend>{shown}</legend>{controls}</fieldset>")
        else:
            parts.append(f"<label>{shown} {controls}</label>")
    data = json.dumps(made, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<form class="answer" data-exercise="{exercise_id}">{"".join(parts)}'
        '<button>Check</button> <span class="solved" hidden>✓ solved</span>'
        f'<p class="verdict" aria-live="polite"></p><script type="application/json">{data}</script></form>'
    )


def _what(exercise: Exercise, field: Field) -> str:
    """Return how a field is called."""
    if field.path and type(field.path[0]) is str:
        return field.path[0]
    if field.options:
        return "The line" if type(field.right) is int else "Your answer"
    if field.path:
        return exercise.judge.keywords["what"]  # type: ignore[attr-defined]
    return f"Your answer, {form(np.asarray(field.right))}"


def _control(field: Field, i: int, name: str) -> str:
    """Return what is filled in, as HTML: a field for a number, buttons for few short choices, else a list."""
    if not field.options:
        return f'<input type="text" name="{i}" autocomplete="off" autocapitalize="off" spellcheck="false">'
    options = [html.escape(str(option)) for option in field.options]
    if len("".join(options)) <= 40:
        return " ".join(f'<label><input type="radio" name="{i}" value="{o}"> {o}</label>' for o in options)
    chosen = "".join(f'<option value="{o}">{o}</option>' for o in options)
    return f'<select name="{i}" aria-label="{name}"><option value="">choose …</option>{chosen}</select>'
