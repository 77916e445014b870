"""Compare the reader's answers with the right ones: a matcher returns for a right answer and raises Wrong otherwise."""

import contextlib
import copy
import inspect
import re
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from . import slips
from .answers import Mistakes, NotAttempted, Vague, Wrong, captured, clean, describe_error, show, unattempted


def close(
    answer: Any, expected: Any, mistakes: Mistakes = (), *, tolerance: float = 1e-3, what: str = "Your answer"
) -> None:
    """Compare a number or an array within a relative tolerance; of several values that match, the nearest counts."""
    expected = np.asarray(expected)
    value = _numbers(answer, expected, what)
    told = [([wrong], words) for wrong, words in mistakes]
    try:
        _compare([value], [expected], told, tolerance, [what], [answer])
    except Vague:
        if expected.shape == value.shape == (2,) and isinstance(answer, (tuple, list)):  # of two different things
            for part, right, name in zip(value, expected, ("The first", "The second")):
                close(part, right, tolerance=tolerance, what=name)
        raise


def close_each(
    answer: Any, expected: Mapping[str, float], mistakes: Mapping[str, Mistakes], *, tolerance: float = 1e-3
) -> None:
    """Compare a dict of numbers, each with mistakes of its own."""
    check_keys(answer, expected)
    for name, value in expected.items():
        told = [(wrong, type(words)(f"`{name}` is not right: {words}")) for wrong, words in mistakes[name]]
        close(answer[name], value, told, tolerance=tolerance, what=f"`{name}`")


def choice(answer: Any, expected: str | bool, mistakes: Mistakes, *, what: str = "Your answer") -> None:
    """Compare a word (or True or False), whatever its case and spaces; the mistakes are all the other choices."""
    answer, wrong = bare(answer), dict(mistakes)
    options = {_key(option): option for option in (expected, *wrong)}
    if type(answer) not in (str, bool, np.str_, np.bool_) or _key(answer) not in options:
        listed = ", ".join(sorted(f"`{option}`" for option in options.values()))
        raise Wrong(f"{what} should be one of {listed}, but it is {show(answer)}.")
    if _key(answer) != _key(expected):
        raise Wrong(wrong[options[_key(answer)]])


def choices(answer: Any, expected: Mapping[str, str | bool], mistakes: Mapping[str, Mistakes]) -> None:
    """Compare a dict of words, each with mistakes of its own."""
    check_keys(answer, expected)
    found = []
    for item, word in expected.items():
        try:
            choice(answer[item], word, mistakes[item], what="this")
        except Wrong as error:
            found.append(f"`{item}`: {error}")
    if found:
        raise Wrong(f"{len(expected) - len(found)} of {len(expected)} are right. Look again at {found[0]}")


def choose_line(answer: Any, expected: int, mistakes: Mistakes) -> None:
    """Compare the number of a line of code or of a proof; the mistakes are all the other lines."""
    lines = {expected, *dict(mistakes)}
    line = bare(answer)
    if type(line) in (str, np.str_) and line.strip(" ()") in map(str, lines):
        line = int(line.strip(" ()"))
    kind = type(line)
    if kind is bool or not issubclass(kind, (Real, Decimal)) or line not in lines:
        *others, last = sorted(lines)
        listed = f"{', '.join(map(str, others))} or {last}"
        raise Wrong(f"The answer is the number of a line, {listed}, but it is {show(answer)}.")
    if line != expected:
        raise Wrong(dict(mistakes)[int(line)])


def agrees(
    answer: Any, reference: Callable, cases: Sequence[tuple], mistakes: Mistakes = (), *, tolerance: float = 1e-3
) -> None:
    """Compare the reader's function with a reference by its values; the mistakes are functions, too.

    A mistake is told only if it explains the values of all cases.
    """
    results = [call(answer, *args) for args in cases]
    rights = list(map(np.asarray, _values_of(reference, cases)))
    given = [_named(answer, args) for args in cases]
    whats = [f"Your function's value for {_listed(named)}" for named in given]
    values = [_numbers(result, right, what) for result, right, what in zip(results, rights, whats)]
    told = [(_values_of(wrong, cases), words) for wrong, words in mistakes]
    _compare(values, rights, told, tolerance, whats, results, slips.Call(reference, cases, list(given[0])))


def call(function: Any, *args: Any) -> Any:
    """Call the reader's function on copies of the arguments (of a random generator, too) and return its value.

    Raises Wrong if it raises, returns nothing or changes an argument; NotAttempted if a `...` is left in it.
    """
    if not callable(function):
        raise Wrong(f"Your answer should be a function, but it is {show(function)}: give its name, no parentheses.")
    if unattempted(function):
        raise NotAttempted
    given = _named(function, args)
    copies = copy.deepcopy(args)
    try:
        with captured() as printed:
            value = function(*copies)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        description = describe_error(error)
        if _is_about_dots(error):
            raise NotAttempted from None
        line = _failing_line(function, error)
        raise Wrong(f"Your function raised `{description}`{line} when called with {_listed(given)}.") from None
    if unattempted(value):
        raise NotAttempted
    if value is None and printed.text:
        raise Wrong("Your function prints its result but returns nothing: write `return` in place of `print`.")
    if value is None:
        raise Wrong("Your function returned nothing: is the `return` missing, or the value behind it?")
    for name, before, after in zip(given, args, copies):
        if not _same(before, after):
            raise Wrong(f"Your function changed its argument `{name}`, which the caller still needs: work on a copy.")
    return value


def check_keys(answer: Any, expected: Mapping[str, Any]) -> None:
    if type(answer) is not dict or {show(key) for key in answer} != {show(key) for key in expected}:
        keys = ", ".join(f"`{key}`" for key in expected)
        raise Wrong(f"Your answer should be a dict with the keys {keys}, but it is {show(answer)}.")


def bare(answer: Any) -> Any:
    """Return the number or word in an array or a tensor without shape; anything else as it is."""
    try:
        return (
            answer.item()
            if isinstance(answer, np.ndarray) and answer.ndim == 0 or _is_scalar_tensor(answer)
            else answer
        )
    except (Exception, SystemExit):
        return answer


def _is_scalar_tensor(answer: Any) -> bool:
    return type(answer).__module__.partition(".")[0] == "torch" and hasattr(answer, "detach") and answer.ndim == 0


def _is_about_dots(error: BaseException) -> bool:
    """Tell an unfilled `...` by what it raises, such as: unsupported operand type(s) for *: 'int' and 'ellipsis'."""
    with contextlib.suppress(Exception, SystemExit):
        about = re.search(r"'ellipsis'|(type|not|be) ellipsis", str(error))
        return isinstance(error, (TypeError, AttributeError)) and about is not None
    return False


def _can_be_explained(values: Sequence, rights: Sequence, tolerance: float, scale: float) -> bool:
    """Tell whether some of the wrong values are numbers other than 0, and not too many to try everything out."""
    for value, right in zip(values, rights):
        if value.size > 10**6:
            return False
        wrong = ~_near(value, right, tolerance, scale) if value.shape == right.shape else True
        if (np.isfinite(value) & (value != 0) & wrong).any():
            return True
    return False


def _values_of(function: Callable, cases: Sequence[tuple]) -> Iterator:
    return (function(*_copies(args)) for args in cases)


def _copies(args: tuple) -> list:
    return [arg.copy() if type(arg) is np.ndarray else copy.deepcopy(arg) for arg in args]


def _compare(
    values: Sequence[np.ndarray],
    rights: Sequence[np.ndarray],
    mistakes: Iterable[tuple[Iterable, str]],
    tolerance: float,
    whats: Sequence[str],
    answers: Sequence,
    made_by: slips.Call | None = None,
) -> None:
    """Compare the values of all cases with the right ones, then with each mistake's, then with the usual slips'."""
    scale = max(map(_largest, rights))
    right = _distance(values, rights, tolerance, scale)
    told = [(_distance(values, made, tolerance, scale), words) for made, words in mistakes]
    matches = [(distance, words) for distance, words in told if distance is not None]
    if right is not None and all(right <= distance for distance, _ in matches):
        return
    own = [match for match in matches if not isinstance(match[1], slips.Slip)]
    if own:
        raise Wrong(min(own, key=lambda match: match[0])[1])
    explicable = _can_be_explained(values, rights, tolerance, scale)
    if explicable and len({words for _, words in matches}) == 1:
        raise Wrong(matches[0][1])
    if explicable and not matches:
        near = min(tolerance, 1e-3)
        words = slips.name(values, rights, lambda *two: _distance(*two, near, scale) is not None, made_by)
        if words and values[0].shape != rights[0].shape:
            words += f" Your value should be {_form(rights[0])}."
        if words:
            raise Wrong(words if made_by or whats[0] == "Your answer" else f"{whats[0]}: {words}")
    wrong = [
        row for row in zip(values, rights, whats, answers) if _distance([row[0]], [row[1]], tolerance, scale) is None
    ]
    value, expected, what, answer = min(
        wrong, key=lambda row: not (row[0].size < 10**6 and np.isnan(row[0]).any())
    )  # nan says most
    if value.shape != expected.shape:
        raise Vague(f"{what} should be {_form(expected)}, but it is {show(answer)}.")
    extreme = any(_is_extreme(numbers) for args in (made_by.cases if made_by else ()) for numbers in args)
    raise Vague(f"{what} {_difference(value, expected, tolerance, extreme)}")


def _distance(values: Sequence[np.ndarray], made: Iterable, tolerance: float, scale: float) -> float | None:
    """Return how far values lie from those that somebody made, or nothing if one of them is not near."""
    total = 0.0
    try:
        for value, target in zip(values, made, strict=True):
            target = np.asarray(target, dtype=float)
            if value.shape != target.shape or not _near(value, target, tolerance, scale).all():
                return None
            with np.errstate(invalid="ignore"):  # ∞ − ∞, where both are right
                total += float(np.nansum(np.abs(value.astype(float) - target)))
    except Exception:  # nothing was made, or nothing like numbers
        return None
    return total


def _largest(target: np.ndarray) -> float:
    return float(np.abs(target[np.isfinite(target)]).max(initial=0))


def _form(expected: np.ndarray) -> str:
    if expected.dtype == bool:
        return "True or False" if expected.shape == () else f"an array of True and False of shape {expected.shape}"
    if expected.shape == (2,):
        return "a pair of numbers"
    return "one number" if expected.shape == () else f"an array of numbers of shape {expected.shape}"


def _numbers(answer: Any, expected: np.ndarray, what: str) -> np.ndarray:
    """Return the answer as an array of real numbers, or of bools where those are expected."""
    if answer is None:
        raise Wrong(f"{what} is `None`: was something printed that should have been kept?")
    if callable(answer):
        raise Wrong(f"{what} should be {_form(expected)}, but it is {show(answer)}: has it still to be called?")
    try:
        value = np.asarray(answer.detach().cpu() if hasattr(answer, "detach") else answer)
        if value.dtype == object:  # fractions, decimals, whole numbers of any length
            value = value.astype(float)
        elif value.dtype.kind == "U" and value.ndim:  # ("2", 90.2)
            value = value.astype(float)
    except OverflowError:
        raise Wrong(f"{what} is {show(answer)}: that is far too large.") from None
    except (Exception, SystemExit):
        value = np.asarray("not a number")
    if value.dtype.kind not in ("b" if expected.dtype == bool else "iuf"):
        raise Wrong(f"{what} should be {_form(expected)}, but it is {show(answer)}.")
    return value


def _near(value: np.ndarray, target: np.ndarray, tolerance: float, scale: float) -> np.ndarray:
    """Compare element by element. Next to numbers of size `scale` a zero may be off by rounding errors."""
    value, target = value.astype(float), target.astype(float)
    noise = 1e-12 * scale
    with np.errstate(invalid="ignore"):
        size = np.abs(target)
        near = np.abs(value - target) <= np.where(size <= noise, 1e-9 * min(scale or 1, 1), tolerance * size) + noise
        return (near & np.isfinite(target)) | (value == target) | (np.isnan(value) & np.isnan(target))


def _is_extreme(numbers: Any) -> bool:
    """Tell whether some of the numbers are too far out for `np.exp`."""
    with contextlib.suppress(Exception, SystemExit):
        return bool((np.abs(np.asarray(numbers, dtype=float)) > 700).any())
    return False


def _difference(value: np.ndarray, expected: np.ndarray, tolerance: float, extreme: bool = False) -> str:
    """Say what is wrong with a number, or with the first wrong one of an array, but not what would be right."""
    off = ~_near(value, expected, tolerance, _largest(expected))
    index = tuple(int(i) for i in np.argwhere(off)[0])
    place = f"is wrong at {off.sum()} of {off.size} places. At index {list(index)} it " if index else ""
    if expected.dtype == bool:
        return f"{place}is {bool(value[index])}: that is not right."
    ours, theirs = float(value[index]), float(expected[index])
    if ours == 0 and 0 < abs(theirs) < 1e-100 or not np.isfinite(ours) and (extreme or theirs < -700):
        reason = (
            "that is underflow or overflow. `np.exp` of −746 is 0 as a float, and of 710 infinite; "
            "so is a product of many probabilities 0. Stay with logarithms."
        )
    elif np.isnan(ours):
        reason = "was 0 divided by 0, 0 times log 0 computed, or the logarithm of a negative number taken?"
    elif np.isinf(ours):
        reason = "was something divided by 0, or the logarithm of 0 taken?"
    elif np.isclose(-ours, theirs, rtol=tolerance, atol=0):
        reason = "that has the wrong sign."
    elif ours in (float(f"{theirs:.1g}"), float(f"{theirs:.2g}")):
        reason = "that is rounded too far; give four digits."
    else:
        reason = "that is too large." if ours > theirs else "that is too small."
    return f"{place}is {show(ours)}: {reason}"


def _key(option: Any) -> str:
    return "".join(str(option).split()).casefold()


def _named(function: Callable, args: tuple) -> dict[str, Any]:
    """Return the arguments by the names that the reader gave them; Wrong if their number does not fit."""
    names = [f"argument {i}" for i in range(1, len(args) + 1)]
    try:
        signature = inspect.signature(function)
    except (Exception, SystemExit):  # many functions written in C have none
        return dict(zip(names, args))
    try:
        signature.bind(*args)
    except TypeError:
        count = f"{len(args)} argument{'s' if len(args) != 1 else ''}"
        theirs = ", ".join(f"`{name}`" for name in signature.parameters) or "none"
        raise Wrong(f"Your function should take {count}, but it takes {theirs}.") from None
    return dict(zip([*signature.parameters] if len(signature.parameters) >= len(args) else names, args))


def _listed(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in given.items()) or "no argument"


def _failing_line(function: Callable, error: BaseException) -> str:
    """Return the line of the reader's function that raised, where its source is known."""
    if not isinstance(function, (types.FunctionType, types.MethodType)):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.line for frame in frames if frame.filename == function.__code__.co_filename and frame.line]
    return f" in the line `{clean(lines[-1], 80)}`" if lines else ""


def _same(before: Any, after: Any) -> bool:
    """Tell whether an argument is unchanged (arrays, tensors, tables, lists and dicts; others pass)."""
    if isinstance(before, np.ndarray) and before.dtype != object:
        return (before.shape, before.dtype, before.tobytes()) == (after.shape, after.dtype, after.tobytes())
    if hasattr(before, "equals") or hasattr(before, "equal"):  # pandas, torch
        return bool(before.equals(after) if hasattr(before, "equals") else before.equal(after))
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    return not isinstance(before, (int, float, str)) or before == after or before != before
