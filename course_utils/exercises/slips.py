"""Name the slips that everybody makes, for every exercise alike: a table of them, and the code that looks one up.

A slip is named only if it explains all values of an answer, in all cases that were tried. Where two slips explain them
equally well, neither is named. What an exercise says of its own mistakes comes first.
"""

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np


class Slip(str):
    """Hold words about a slip that are not an exercise's own."""

    __slots__ = ()


class SlipThroughout(Slip):
    """Hold words about a slip that is made wherever it can be: it counts where no single one explains an answer."""

    __slots__ = ()


class Call(NamedTuple):
    """Hold how the right values came about: a function, the arguments of each case, and the reader's names for them."""

    reference: Callable
    cases: Sequence[tuple]
    names: Sequence[str]

    def with_(self, others: dict[int, Any], args: tuple) -> Any:
        """Return what the reference makes of arguments of which some are others."""
        return self.reference(*(others.get(i, arg) for i, arg in enumerate(args)))


def _if(condition: Callable, value: Callable) -> Callable:
    """Return a function that gives nothing where the condition does not hold for the right value."""
    return lambda right: value(right) if np.all(condition(right)) else None


def _is_share(v: np.ndarray) -> np.ndarray:
    return (0 <= v) & (v <= 1)


def _is_odd(total: np.ndarray) -> bool:
    return bool(abs(total - np.round(total)) > 1e-6)  # not the whole number that any probabilities add up to


def _differ(v: np.ndarray, r: np.ndarray) -> bool:
    """Tell whether two arrays differ in more than their shape and their order."""
    if not v.ndim or v.ndim != r.ndim:
        return False
    return v.size != r.size or v.shape == r.shape and not np.allclose(np.sort(v, None), np.sort(r, None))


def _is_huge(v: np.ndarray, r: np.ndarray) -> np.ndarray:
    return np.isinf(r) & np.isfinite(v) & (np.abs(v) > np.abs(r[np.isfinite(r)]).max(initial=0))


def _rows_add_up(v: np.ndarray) -> bool:
    return v.ndim == 2 and np.allclose(v.sum(axis=1), 1) and not np.allclose(v.sum(axis=0), 1)


# Name, what it makes of the right value (a number or an array), and what to say.
SLIPS: list[tuple[str, Callable, str]] = [
    ("sign", lambda v: -v, "The size is right, but the sign is wrong."),
    ("lost sign", np.abs, "The size is right, but the sign is lost."),
    ("double", lambda v: 2 * v, "That is twice the right value: is a factor ½ missing?"),
    ("half", lambda v: v / 2, "That is half the right value: is there a factor ½ too many, or a 2 missing?"),
    ("per cent", lambda v: 100 * v, "That is 100 times the right value: did you write it in per cent?"),
    ("ten times", lambda v: 10 * v, "That is ten times the right value: look at the decimal point."),
    ("a tenth", lambda v: v / 10, "That is a tenth of the right value: look at the decimal point."),
    ("a hundredth", lambda v: v / 100, "That is a hundredth of the right value: look at the decimal point, or at per cent."),
    ("base 2", lambda v: v / np.log(2), "That is in bits. For nats use the natural logarithm, `np.log`."),
    ("base 10", lambda v: v / np.log(10), "That is to base 10. For nats use the natural logarithm, `np.log`."),
    ("bits", lambda v: v * np.log(2), "That is log 2 times the right value: were nats and bits exchanged?"),
    ("square", np.square, "That is the square of the right value: is a root missing, σ² taken for σ?"),
    ("root", np.sqrt, "That is the root of the right value: is a square missing, σ taken for σ²?"),
    ("reciprocal", lambda v: 1 / v, "That is one over the right value: turn it over."),
    ("complement", _if(_is_share, lambda v: 1 - v), "That is 1 minus the right value: the probability of the opposite."),
    ("log", np.log, "That is the logarithm of what is asked for."),
    ("minus log", lambda v: -np.log(v), "That is minus the logarithm of what is asked for."),
    ("log of square", lambda v: 2 * np.log(v), "That is the logarithm of the square, such as log σ² for σ."),
    ("exp", np.exp, "That is the exponential of what is asked for: take its logarithm, or never leave the logarithms."),
    ("exp of half", lambda v: np.exp(v / 2), "That is the exponential of half of it, such as σ for log σ²."),
    ("exp of minus", lambda v: np.exp(-v), "That is the exponential of minus what is asked for."),
    ("degrees", np.degrees, "That is in degrees; radians are asked for."),
    ("radians", np.radians, "That is in radians; degrees are asked for."),
    ("one more", _if(lambda v: v == np.round(v), lambda v: v + 1), "That is one too many: is something counted that is not free, d for d − 1?"),
    ("one less", _if(lambda v: v == np.round(v), lambda v: v - 1), "That is one too few: d − 1 for d?"),
    ("transposed", lambda v: v.T, "Rows and columns are exchanged."),
    ("reversed", lambda v: v[::-1], "The values are right, but the order is reversed: first and last are exchanged."),
    ("swapped columns", lambda v: v[..., ::-1] if v.ndim > 1 else None, "The columns are exchanged, such as latitude and longitude."),
    ("summed up", lambda v: v.sum() if v.ndim else None, "That is the sum of all the values that are asked for. Return each of them."),
    ("averaged", lambda v: v.mean() if v.ndim else None, "That is the mean of all the values that are asked for. Return each of them."),
    ("normalised", lambda v: v / v.sum() if v.ndim == 1 else None, "You divided by the sum: these are not to add up to 1."),
]  # fmt: skip

# What becomes of the right value r by a number n that the arguments hold, such as a length.
SIZES: list[tuple[str, Callable, str]] = [
    ("mean for sum", lambda r, n: r / n, "That is a mean where a sum is asked for."),
    ("sum for mean", lambda r, n: r * n, "That is a sum where a mean is asked for: divide by how many there are."),
    ("root of a sum", lambda r, n: np.sqrt(r * n), "That is the root of a sum, such as a length, where a mean is asked for."),
    ("d − 1 for d", lambda r, n: r * n / (n - 1), "You divided by N − 1 where N is asked for, or by d − 1 for d."),
    ("d for d − 1", lambda r, n: r * (n - 1) / n, "You divided by N where N − 1 is asked for, or by d for d − 1."),
]  # fmt: skip
WRONG_COUNT = "You divided by another number than you should: what is counted, rows or columns?"

# Name, two things that are then the same, one of the reader's value v and one of the right r, and what to say.
SIGNS_OF: list[tuple[str, Callable, str]] = [
    ("shape", lambda v, r: (v.ravel(), r.ravel()) if v.shape != r.shape and r.ndim else None, "The numbers are right, but the array has another shape."),
    ("order", lambda v, r: (np.sort(v, None), np.sort(r, None)) if v.shape == r.shape and len(np.unique(r)) > 2 else None, "The values are right, but they stand in another order."),
    ("shifted", lambda v, r: (v[1:], r[:-1]) if v.shape == r.shape and len(r) != 2 else None, "The values are right, but they stand one place too late: the first index is 0."),
    ("shifted", lambda v, r: (v[:-1], r[1:]) if v.shape == r.shape and len(r) != 2 else None, "The values are right, but they stand one place too early: the first index is 0."),
    ("rounded", lambda v, r: (v, np.round(r)) if r.size > 4 and np.ptp(np.round(r)) else None, "These are rounded to whole numbers. Leave them as they are."),
    ("too many", lambda v, r: (v[: len(r)], r) if v.ndim == r.ndim > 0 and len(v) > len(r) else None, "The first ones are right, but you have more than asked for."),
    ("too few", lambda v, r: (v, r[: len(v)]) if v.ndim == r.ndim > 0 and 1 < len(v) < len(r) else None, "What you have is right, but more is asked for."),
    ("infinite", lambda v, r: (np.where(_is_huge(v, r), r, v), r) if v.shape == r.shape else None, "Where the right value is infinite, yours is not: was something small added, so that no logarithm of 0 is taken?"),
    ("conditions", lambda v, r: (v.min(axis=-1), r) if v.ndim > 1 and v.shape[-1] > 1 else None, "Each row still has several values, where one is asked for: is a condition to hold for all of a row, as in `.all(axis=1)`?"),
    ("terms", lambda v, r: (v.sum(axis=-1), r) if v.ndim and v.shape[-1] > 1 else None, "These are the terms. Add them up, over the last axis."),
    ("terms", lambda v, r: (v.sum(axis=0), r) if v.ndim > 1 else None, "These are the terms. Add them up, over axis 0."),
    ("values", lambda v, r: (v.mean(axis=-1), r) if v.ndim and v.shape[-1] > 1 and np.isfinite(v).all() else None, "These are still the single values. Average over the last axis."),
    ("values", lambda v, r: (v.mean(axis=0), r) if v.ndim > 1 and np.isfinite(v).all() else None, "These are still the single values. Average over axis 0."),
    ("not normalised", lambda v, r: (v / v.sum(), r) if r.ndim == 1 else None, "The proportions are right. Divide by the sum, so that they add up to 1."),
    ("not normalised", lambda v, r: (v / v.sum(axis=1, keepdims=True), r) if r.ndim == 2 and v.ndim and not np.isclose(v.sum(), 1) else None, "The proportions are right. Divide each row by its sum, so that it adds up to 1."),
    ("wrong axis", lambda v, r: (v.sum(), r.sum()) if _is_odd(r.sum()) and _differ(v, r) else None, "You added up over the wrong axis."),
    ("wrong axis", lambda v, r: (v.mean(), r.mean()) if _is_odd(r.sum()) and _differ(v, r) else None, "You averaged over the wrong axis."),
    ("wrong axis", lambda v, r: (v.sum(axis=0), np.ones(r.shape[1])) if _rows_add_up(r) else None, "You normalised each column. Each row should add up to 1."),
    ("normalised over everything", lambda v, r: (v.sum(), np.ones(())) if _rows_add_up(r) and len(r) > 1 else None, "You normalised over everything. Each row should add up to 1."),
]  # fmt: skip

# What becomes of an argument, and what to say of it.
ARGUMENTS: list[tuple[str, Callable, str]] = [
    ("sign", lambda a: -a, "That would be right for minus `{}`: look at the signs around it."),
    ("square", np.square, "That would be right for the square of `{}`: σ² for σ?"),
    ("root", np.sqrt, "That would be right for the root of `{}`: σ for σ²?"),
    ("double", lambda a: 2 * a, "That would be right for twice `{}`: is a factor ½ missing, such as log σ² for log σ?"),
    ("half", lambda a: a / 2, "That would be right for half of `{}`: is there a factor ½ too many, such as log σ for log σ²?"),
    ("log", np.log, "That would be right for the logarithm of `{}`: it is no logarithm yet, or one already."),
    ("exp", np.exp, "That would be right for the exponential of `{}`: it is no logarithm yet, or one already."),
    ("complement", _if(_is_share, lambda a: 1 - a), "That would be right for 1 − `{}`: the opposite was taken."),
    ("ignored", lambda a: 0 * a, "Your values would be right if `{}` were 0: does it have its part in them?"),
    ("swapped columns", lambda a: a[..., ::-1] if np.ndim(a) > 1 else None, "The columns of `{}` are taken in the reverse order, such as longitude before latitude."),
    ("transposed", lambda a: a.T if np.ndim(a) == 2 and len({*a.shape}) == 1 else None, "Rows and columns of `{}` are exchanged."),
]  # fmt: skip

# What Python says (a pattern), and what it usually means.
ERRORS: list[tuple[str, str]] = [
    ("broadcast|not aligned|core dimension|must match the size|cannot be multiplied|must have the same shape", "Two shapes do not fit: print them, and look at each `axis` and each `[:, None]`."),
    ("boolean index", "A True or a False is a mask, not the index 1 or 0: write `int(…)` around it."),
    ("truth value", "`if`, `and` and `or` want a single value, not an array: use `np.where`, `&` and `|`."),
    ("out of bounds|out of range", "An index or an axis is too large: the first is 0."),
    ("only integers, slices|integer scalar arrays|must be integers", "An index has to be a whole number: `//` divides without a rest."),
    ("not callable", "Something that is no function is called: is there a `*` missing before a parenthesis?"),
    ("is not defined", "A name is not known here: is it spelled as before, and was the cell that defines it run?"),
    ("recursion", "The function calls itself without end."),
]  # fmt: skip


def about_error(description: str) -> str:
    """Return what an error of the reader's usually means, after a space; nothing if it is none of the usual ones."""
    return next((f" {words}" for pattern, words in ERRORS if re.search(pattern, description)), "")


def name(values: Sequence[np.ndarray], rights: Sequence[np.ndarray], same: Callable, call: Call | None) -> Slip | None:
    """Return the words of the one slip that explains all values; `same` compares two lists of arrays."""
    if all(right.dtype == bool for right in rights) or all(map(_is_small_count, rights)):
        return None  # too little to tell one slip from another
    values, rights = [value.astype(float) for value in values], [right.astype(float) for right in rights]
    for stage in (_of_values, _of_sizes, _of_counts, _of_both, _of_arguments):
        with np.errstate(all="ignore"):
            found = {words for words, one, other in stage(values, rights, call) if same(one, other)}
        if found:
            return Slip(found.pop()) if len(found) == 1 else None
    return None


def _is_small_count(right: np.ndarray) -> bool:
    return right.ndim == 0 and bool(abs(right) <= 12 and right == np.round(right))


Found = Iterator[tuple[str, Iterable, Iterable]]  # words, and two rows of arrays that are then the same


def _of_values(values: list, rights: list, call: Call | None) -> Found:
    return ((words, values, map(of, rights)) for _, of, words in SLIPS)


def _of_sizes(values: list, rights: list, call: Call | None) -> Found:
    """Yield what becomes of the right values by the numbers that the arguments hold."""
    sizes = {*zip(*map(_sizes, call.cases))} if call and sum(right.size for right in rights) > 1 else set()
    for some in sizes:
        for _, of, words in SIZES:
            yield words, values, map(of, rights, some)


def _of_counts(values: list, rights: list, call: Call | None) -> Found:
    """Yield what becomes of the right values, or of their exponentials, if they are divided by another count."""
    sizes = {*zip(*map(_sizes, call.cases))} if call and sum(right.size for right in rights) > 1 else set()
    products = {tuple(map(math.prod, zip(*two))) for two in combinations(sizes, 2)}
    sums = {tuple(map(sum, zip(*two))) for two in combinations(sizes, 2)}
    for some, others in permutations(sizes | products | sums, 2):
        yield WRONG_COUNT, values, (right * n / m for right, n, m in zip(rights, some, others))
    for some, others in permutations(sizes, 2):
        yield WRONG_COUNT, values, (right + np.log(n / m) for right, n, m in zip(rights, some, others))


def _sizes(args: tuple) -> list[int]:
    """Return the numbers that the arguments of a case hold: lengths along each axis, and whole numbers themselves."""
    sizes = []
    for arg in args:
        if isinstance(arg, np.ndarray):
            sizes += [*arg.shape, arg.size] if arg.ndim < 3 else []
        elif isinstance(arg, (list, tuple)):
            sizes.append(len(arg))
        elif type(arg) is int:
            sizes.append(arg)
    return sizes


def _of_both(values: list, rights: list, call: Call | None) -> Found:
    for _, of, words in SIGNS_OF:
        with contextlib.suppress(Exception):  # not for numbers, not for arrays of this shape
            pairs = [of(v, r) or (v, r) for v, r in zip(values, rights)]  # where it makes no difference, both agree
            yield words, *zip(*pairs)


def _of_arguments(values: list, rights: list, call: Call | None) -> Found:
    """Yield what the reference makes of changed or exchanged arguments."""
    if call is None:
        return
    numbers = [i for i in range(len(call.names)) if all(isinstance(a[i], (float, np.ndarray)) for a in call.cases)]
    for i in numbers:
        for _, change, words in ARGUMENTS:
            yield words.format(call.names[i]), values, (call.with_({i: change(args[i])}, args) for args in call.cases)
    for i, j in combinations(numbers, 2):
        words = f"`{call.names[i]}` and `{call.names[j]}` are exchanged."
        yield words, values, (call.with_({i: args[j], j: args[i]}, args) for args in call.cases)


# A condition on all values and all right ones of an answer, and what is then plainly wrong. Both are rows of arrays.
FACTS: list[tuple[Callable, str]] = [
    (lambda v, r: _only(v, r, lambda right: right == 0), "Only where 0 is right you have something else."),
    (lambda v, r: _only(v, r, np.isinf), "Only where an infinite value is right you have something else."),
    (lambda v, r: _are(r, 1) and _only(v, r, _is_first), "Only the first value is wrong."),
    (lambda v, r: _are(r, 1) and _only(v, r, _is_last), "Only the last value is wrong."),
    (lambda v, r: _are(r, 2) and _only(v, r, _is_first), "Only the first row is wrong."),
    (lambda v, r: _are(r, 2) and _only(v, r, _is_last), "Only the last row is wrong."),
    (lambda v, r: _distributions(r) and any((a < 0).any() or (a > 1).any() for a in v), "Probabilities lie between 0 and 1; yours do not."),
    (lambda v, r: _distributions(r) and not _distributions(v), "Probabilities add up to 1; yours do not."),
    (lambda v, r: all((b <= 0).all() for b in r) and any((a > 0).any() for a in v), "None of the right values is above 0, but some of yours are."),
    (lambda v, r: all((b >= 0).all() for b in r) and any((a < 0).any() for a in v), "None of the right values is negative, but some of yours are."),
]  # fmt: skip


def _only(values: Sequence[np.ndarray], rights: Sequence[np.ndarray], where: Callable) -> bool:
    """Tell whether some values are wrong, but only where a condition on the right ones holds."""
    wrong = [~np.isclose(value, right, rtol=1e-3) for value, right in zip(values, rights)]
    special = [np.broadcast_to(where(right), right.shape) for right in rights]
    return not any((w & ~s).any() for w, s in zip(wrong, special)) and not all(s.all() for s in special)


def _are(rights: Sequence[np.ndarray], dimensions: int) -> bool:
    return all(right.ndim in (0, dimensions) for right in rights)


def _is_first(right: np.ndarray) -> np.ndarray:
    return (np.arange(len(right)) == 0).reshape(-1, *[1] * (right.ndim - 1)) if right.ndim else np.zeros((), bool)


def _is_last(right: np.ndarray) -> np.ndarray:
    return np.flip(_is_first(right), axis=0) if right.ndim else np.zeros((), bool)


def _distributions(rights: Sequence[np.ndarray]) -> bool:
    return all(right.ndim and np.allclose(right.sum(axis=-1), 1) for right in rights)


def fact(values: Sequence[np.ndarray], rights: Sequence[np.ndarray], same: Callable) -> str:
    """Return what is plainly wrong with all the values, after a space; nothing if there is no such thing."""
    if any(value.shape != right.shape for value, right in zip(values, rights)):
        return ""
    values, rights = [value.astype(float) for value in values], [right.astype(float) for right in rights]
    v, r = (np.concatenate([array.ravel() for array in arrays]) for arrays in (values, rights))
    if len(r) < 2:
        return ""
    with np.errstate(all="ignore"):
        some = np.isfinite(v) & np.isfinite(r) & (r != 0)
        if len(np.unique(r[some])) >= 3:  # of two values a coincidence
            factor, term = np.median(v[some] / r[some]), np.median(v[some] - r[some])
            if same(values, [right * factor for right in rights]):
                return f" All your values are {factor:.4g} times the right ones: a factor is wrong."
            if same(values, [right + term for right in rights]):
                return f" All your values are off by the same amount, {term:+.4g}: a term that never changes is wrong."
        return next((f" {words}" for is_so, words in FACTS if is_so(values, rights)), "")
