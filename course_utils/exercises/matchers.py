"""Compare the reader's answers with the right ones: a matcher returns for a right answer and raises Wrong otherwise."""

import contextlib
import copy
import inspect
import re
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from . import slips
from .answers import Mistakes, NotAttempted, Vague, Wrong, captured, clean, describe_error, show, unattempted
from .compare import compare, numbers


def close(
    answer: Any, expected: Any, mistakes: Mistakes = (), *, tolerance: float = 1e-3, what: str = "Your answer"
) -> None:
    """Compare a number or an array within a relative tolerance; of several values that match, the nearest counts."""
    expected = np.asarray(expected)
    value = numbers(answer, expected, what)
    told = [([wrong], words) for wrong, words in mistakes]
    try:
        compare([value], [expected], told, tolerance, [what], [answer])
    except Vague:
        if expected.shape == value.shape == (2,) and isinstance(answer, (tuple, list)):  # of two different things
            for i, name in enumerate(("The first", "The second")):
                told = [(wrong[i], words) for wrong, words in mistakes if isinstance(words, slips.Slip)]
                close(value[i], expected[i], told, tolerance=tolerance, what=name)
        raise


def close_each(
    answer: Any, expected: Mapping[str, float], mistakes: Mapping[str, Mistakes], *, tolerance: float = 1e-3
) -> None:
    """Compare a dict of numbers, each with mistakes of its own."""
    check_keys(answer, expected)
    for name, value in expected.items():
        told = [(wrong, _about(name, words)) for wrong, words in mistakes[name]]
        close(answer[name], value, told, tolerance=tolerance, what=f"`{name}`")


def _about(name: str, words: str) -> str:
    return words if isinstance(words, slips.Slip) else f"`{name}` is not right: {words}"


def choice(answer: Any, expected: str | bool, mistakes: Mistakes, *, what: str = "Your answer") -> None:
    """Compare a word (or True or False), whatever its case and spaces; the mistakes are all the other choices."""
    answer, wrong = bare(answer), dict(mistakes)
    if type(expected) is bool and type(answer) in (int, np.int64, str) and str(answer).strip() in ("0", "1"):
        answer = str(answer).strip() == "1"
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
    """Compare the number of a line of code or of a proof, or "line 3"; the mistakes are all the other lines."""
    lines = {expected, *dict(mistakes)}
    line = bare(answer)
    if type(line) in (str, np.str_) and (said := re.fullmatch(r"[\s(]*(?:line)?[\s(]*(\d+)[\s).:]*", line, re.I)):
        line = int(said[1])
    kind = type(line)
    if kind is bool or not issubclass(kind, (Real, Decimal)) or line not in lines:
        *others, last = sorted(lines)
        listed = f"{', '.join(map(str, others))} or {last}"
        raise Wrong(f"The answer is the number of a line, {listed}, but it is {show(answer)}.")
    if line != expected:
        raise Wrong(dict(mistakes)[int(line)])


def line_and_number(
    answer: Any, line: int, number: float, mistakes: Mapping[int, Mistakes], *, what: str, pair: str
) -> None:
    """Compare a pair, the number of a line and a number that `what` names, each with mistakes of its own: parts 0 and 1."""
    an_array = isinstance(answer, np.ndarray) or type(answer).__module__.partition(".")[0] == "torch"
    a_row = isinstance(answer, (tuple, list)) or (an_array and getattr(answer, "ndim", 0) > 0)
    if not a_row or len(answer) != 2:
        raise Wrong(f"Your answer should be a pair {pair}, but it is {show(answer)}.")
    said, value = answer
    choose_line(said, line, mistakes[0])
    close(value, number, mistakes[1], what=what)


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
    values = [numbers(result, right, what) for result, right, what in zip(results, rights, whats)]
    told = [(_values_of(wrong, cases), words) for wrong, words in mistakes]
    compare(values, rights, told, tolerance, whats, results, slips.Call(reference, cases, list(given[0])))


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
        told = f"Your function raised `{description}`{line} when called with {_listed(given)}."
        raise Wrong(told + slips.about_error(description)) from None
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


def _values_of(function: Callable, cases: Sequence[tuple]) -> Iterator:
    return (function(*_copies(args)) for args in cases)


def _copies(args: tuple) -> list:
    return [arg.copy() if type(arg) is np.ndarray else copy.deepcopy(arg) for arg in args]


def _key(option: Any) -> str:
    return "".join(str(option).replace("_", " ").split()).casefold().replace("∣", "|")  # the bar of a formula


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
