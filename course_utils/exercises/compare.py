"""Compare values with the right ones, and find words for those that are wrong."""

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import slips
from .answers import Vague, Wrong, show


def compare(
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
    near = min(tolerance, 1e-3)  # a kind of slip is told only to what lies very near
    told = [
        (_distance(values, made, near if isinstance(words, slips.Slip) else tolerance, scale), words)
        for made, words in mistakes
    ]
    matches = [(distance, words) for distance, words in told if distance is not None]
    own = [match for match in matches if not isinstance(match[1], slips.Slip)]
    if right is not None and all(right <= distance for distance, _ in own):
        return
    if own:
        raise Wrong(min(own, key=lambda match: match[0])[1])
    explicable = _can_be_explained(values, rights, tolerance, scale)
    about = "" if made_by or whats[0] == "Your answer" else f"{whats[0]}: "
    kinds = [*dict.fromkeys(words for _, words in matches if not isinstance(words, slips.SlipThroughout))]
    kinds = kinds or [*dict.fromkeys(words for _, words in matches)]
    if explicable and len(kinds) in (1, 2):
        raise Wrong(about + (kinds[0] if len(kinds) == 1 else f"One of two slips. Either: {kinds[0]} Or: {kinds[1]}"))

    def same(*two: Iterable) -> bool:
        return _distance(*two, near, scale) is not None

    if explicable and not matches:
        words = slips.name(values, rights, same, made_by)
        if words and values[0].shape != rights[0].shape:
            words += f" Your value should be {form(rights[0])}."
        if words:
            raise Wrong(about + words)
    rows = zip(values, rights, whats, answers)
    wrong = [row for row in rows if _distance([row[0]], [row[1]], tolerance, scale) is None]
    value, expected, what, answer = min(wrong, key=lambda row: not _has_nan(row[0]))  # nan says most
    if value.shape != expected.shape:
        raise Vague(f"{what} should be {form(expected)}, but it is {show(answer)}.")
    extreme = any(_is_extreme(item) for args in (made_by.cases if made_by else ()) for item in args)
    plainly = slips.fact(values, rights, same) if explicable and expected.dtype != bool else ""
    raise Vague(f"{what} {_difference(value, expected, tolerance, extreme)}{plainly}")


def _can_be_explained(values: Sequence, rights: Sequence, tolerance: float, scale: float) -> bool:
    """Tell whether some of the wrong values are numbers other than 0, and not too many to try everything out."""
    for value, right in zip(values, rights):
        if value.size > 10**6:
            return False
        wrong = ~_near(value, right, tolerance, scale) if value.shape == right.shape else True
        if (np.isfinite(value) & (np.abs(value) > 1e-12 * scale) & wrong).any():
            return True
    return False


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


def _near(value: np.ndarray, target: np.ndarray, tolerance: float, scale: float) -> np.ndarray:
    """Compare element by element."""
    value, target = value.astype(float), target.astype(float)
    with np.errstate(invalid="ignore"):
        near = np.abs(value - target) <= reach(target, tolerance, scale)
        return (near & np.isfinite(target)) | (value == target) | (np.isnan(value) & np.isnan(target))


def reach(target: np.ndarray, tolerance: float, scale: float) -> np.ndarray:
    """Return how far from each number is still near. Next to numbers of size `scale` a zero may be off by rounding errors."""
    size, noise = np.abs(target), 1e-12 * scale
    return np.where(size <= noise, 1e-9 * min(scale or 1, 1), tolerance * size) + noise


def _has_nan(value: np.ndarray) -> bool:
    return value.size < 10**6 and bool(np.isnan(value).any())


def _largest(target: np.ndarray) -> float:
    return float(np.abs(target[np.isfinite(target)]).max(initial=0))


def form(expected: np.ndarray) -> str:
    if expected.dtype == bool:
        return "True or False" if expected.shape == () else f"an array of True and False of shape {expected.shape}"
    if expected.shape == (2,):
        return "a pair of numbers"
    return "one number" if expected.shape == () else f"an array of numbers of shape {expected.shape}"


def numbers(answer: Any, expected: np.ndarray, what: str) -> np.ndarray:
    """Return the answer as an array of real numbers, or of bools where those are expected."""
    if answer is None:
        raise Wrong(f"{what} is `None`: was something printed that should have been kept?")
    if callable(answer):
        raise Wrong(f"{what} should be {form(expected)}, but it is {show(answer)}: has it still to be called?")
    try:
        value = np.asarray(answer.detach().cpu() if hasattr(answer, "detach") else answer)
        if value.dtype.kind == "U":  # "261,120", ("2", 90.2)
            value = np.char.replace(value, ",", "") if _THOUSANDS.search(str(answer)) else value
            value = np.reshape([_number(text) for text in value.flat], value.shape)
        if value.dtype.kind in "OU":  # fractions, decimals, whole numbers of any length
            value = value.astype(float)
        if value.dtype == bool and value.ndim and np.isin(expected, (0, 1)).all():  # a mask, one-hot
            value = value.astype(expected.dtype)
    except OverflowError:
        raise Wrong(f"{what} is {show(answer)}: that is far too large.") from None
    except (Exception, SystemExit):
        value = np.asarray("not a number")
    if value.dtype.kind == "b" and value.ndim and expected.dtype.kind in "iu" and np.isin(expected, (0, 1)).all():
        value = value.astype(int)  # True and False for ones and zeros
    if value.dtype.kind not in ("b" if expected.dtype == bool else "iuf"):
        raise Wrong(f"{what} should be {form(expected)}, but it is {show(answer)}.")
    return value


def _number(text: str) -> float:
    """Read "0.5", "1/2", "50%", or "−0.5" with the minus of print."""
    text = text.strip().replace("−", "-")
    if text.endswith("%"):
        return float(text[:-1]) / 100
    above, _, below = text.partition("/")
    return float(above) / float(below) if below else float(text)


_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(,\d{3})+(?![\d,])")


def _is_extreme(item: Any) -> bool:
    """Tell whether some of the numbers are too far out for `np.exp`."""
    with contextlib.suppress(Exception, SystemExit):
        return bool((np.abs(np.asarray(item, dtype=float)) > 700).any())
    return False


def _difference(value: np.ndarray, expected: np.ndarray, tolerance: float, extreme: bool = False) -> str:
    """Say what is wrong with a number, or with the first wrong one of an array, but not what would be right."""
    off = ~_near(value, expected, tolerance, _largest(expected))
    index = tuple(int(i) for i in np.argwhere(off)[0])
    place = f"is wrong at {off.sum()} of {off.size} places. At index {list(index)} it " if index else ""
    if expected.dtype == bool:
        return f"{place}is {bool(value[index])}: that is not right."
    ours, theirs = float(value[index]), float(expected[index])
    far_out = extreme or -np.inf < theirs < -700
    if ours == 0 and 0 < abs(theirs) < 1e-100 or not np.isfinite(ours) and far_out:
        reason = (
            "that is underflow or overflow. `np.exp` of −746 is 0 as a float, and of 710 infinite; "
            "so is a product of many probabilities 0. Stay with logarithms."
        )
    elif np.isnan(ours) and theirs == -np.inf:
        reason = "the logarithm of 0 is −np.inf, not nan. Was 0 multiplied by it, or ∞ taken from ∞?"
    elif np.isnan(ours):
        reason = "was 0 divided by 0, 0 times log 0 computed, or the logarithm of a negative number taken?"
    elif np.isinf(ours):
        reason = "was something divided by 0, or the logarithm of 0 taken?"
    elif np.isclose(-ours, theirs, rtol=tolerance, atol=0):
        reason = "that has the wrong sign."
    elif all(o in [float(f"{t:.{digits}g}") for digits in (1, 2, 3)] for o, t in zip(value[off], expected[off])):
        reason = "that is rounded too far; give four digits."
    else:
        reason = "that is too large." if ours > theirs else "that is too small."
    return f"{place}is {show(ours)}: {reason}"
