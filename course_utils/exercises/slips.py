"""Name the slips that everybody makes, for every exercise alike: a table of them, and the code that looks one up.

A slip is named only if it explains all values of an answer, in all cases that were tried. Where two slips explain them
equally well, neither is named. What an exercise says of its own mistakes comes first.
"""

import ast
import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np


class Slip(str):
    """Hold words about a slip that are not an exercise's own."""

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


def _rows_add_up(v: np.ndarray) -> bool:
    return v.ndim == 2 and np.allclose(v.sum(axis=1), 1) and not np.allclose(v.sum(axis=0), 1)


# Name, what it makes of the right value (a number or an array), and what to say.
SLIPS: list[tuple[str, Callable, str]] = [
    ("sign", lambda v: -v, "The size is right, but the sign is wrong."),
    ("lost sign", np.abs, "The size is right, but the sign is lost."),
    ("double", lambda v: 2 * v, "That is twice the right value: is a factor ½ missing?"),
    ("half", lambda v: v / 2, "That is half the right value: is there a factor ½ too many, or a 2 missing?"),
    ("per cent", _if(_is_share, lambda v: 100 * v), "That is 100 times the right value: a share is asked for, not per cent."),
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

# Name, two things that are then the same, one of the reader's value v and one of the right r, and what to say.
SIGNS_OF: list[tuple[str, Callable, str]] = [
    ("shape", lambda v, r: (v.ravel(), r.ravel()) if v.shape != r.shape and r.ndim else None, "The numbers are right, but the array has another shape."),
    ("order", lambda v, r: (np.sort(v, None), np.sort(r, None)) if v.shape == r.shape and len(np.unique(r)) > 2 else None, "The values are right, but they stand in another order."),
    ("terms", lambda v, r: (v.sum(axis=-1), r) if v.ndim and v.shape[-1] > 1 else None, "These are the terms. Add them up, over the last axis."),
    ("terms", lambda v, r: (v.sum(axis=0), r) if v.ndim > 1 else None, "These are the terms. Add them up, over axis 0."),
    ("values", lambda v, r: (v.mean(axis=-1), r) if v.ndim and v.shape[-1] > 1 else None, "These are still the single values. Average over the last axis."),
    ("values", lambda v, r: (v.mean(axis=0), r) if v.ndim > 1 else None, "These are still the single values. Average over axis 0."),
    ("not normalised", lambda v, r: (v / v.sum(), r) if r.ndim == 1 else None, "The proportions are right. Divide by the sum, so that they add up to 1."),
    ("not normalised", lambda v, r: (v / v.sum(axis=1, keepdims=True), r) if r.ndim == 2 else None, "The proportions are right. Divide each row by its sum, so that it adds up to 1."),
    ("wrong axis", lambda v, r: (v.sum(), r.sum()) if _is_odd(r.sum()) and v.ndim and r.ndim else None, "You added up over the wrong axis."),
    ("wrong axis", lambda v, r: (v.mean(), r.mean()) if _is_odd(r.sum()) and v.ndim and r.ndim else None, "You averaged over the wrong axis."),
    ("wrong axis", lambda v, r: (v.sum(axis=0), np.ones(r.shape[1])) if _rows_add_up(r) else None, "You normalised each column. Each row should add up to 1."),
    ("normalised over everything", lambda v, r: (v.sum(), np.ones(())) if _rows_add_up(r) and len(r) > 1 else None, "You normalised over everything. Each row should add up to 1."),
]  # fmt: skip

# What becomes of an argument, and what to say of it.
ARGUMENTS: list[tuple[str, Callable, str]] = [
    ("sign", lambda a: -a, "That would be right for minus `{}`: look at the signs around it."),
    ("square", np.square, "That would be right for the square of `{}`: σ² for σ?"),
    ("root", np.sqrt, "That would be right for the root of `{}`: σ for σ²?"),
    ("double", lambda a: 2 * a, "That would be right for twice `{}`: is it taken for log σ instead of log σ², or is a ½ missing?"),
    ("half", lambda a: a / 2, "That would be right for half of `{}`: is it taken for log σ² instead of log σ, or is there a ½ too many?"),
    ("log", np.log, "That would be right for the logarithm of `{}`: it is no logarithm yet, or one already."),
    ("exp", np.exp, "That would be right for the exponential of `{}`: it is no logarithm yet, or one already."),
    ("complement", _if(_is_share, lambda a: 1 - a), "That would be right for 1 − `{}`: the opposite was taken."),
    ("ignored", lambda a: 0 * a, "Your values would be right if `{}` were 0: does it have its part in them?"),
    ("swapped columns", lambda a: a[..., ::-1] if np.ndim(a) > 1 else None, "The columns of `{}` are exchanged, such as latitude and longitude."),
    ("transposed", lambda a: a.T if np.ndim(a) == 2 and len({*a.shape}) == 1 else None, "Rows and columns of `{}` are exchanged."),
]  # fmt: skip


def name(values: Sequence[np.ndarray], rights: Sequence[np.ndarray], same: Callable, call: Call | None) -> Slip | None:
    """Return the words of the one slip that explains all values; `same` compares two lists of arrays."""
    if all(right.dtype == bool for right in rights) or all(map(_is_small_count, rights)):
        return None  # too little to tell one slip from another
    values, rights = [value.astype(float) for value in values], [right.astype(float) for right in rights]
    for stage in (_of_values, _of_sizes, _of_both, _of_arguments):
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
    """Yield mean for sum and N − 1 for N, with each number N that the arguments hold."""
    for sizes in {*zip(*map(_sizes, call.cases))} if call else ():
        for words, factor in (
            ("That is a mean where a sum is asked for.", lambda n: 1 / n),
            ("That is a sum where a mean is asked for: divide by how many there are.", lambda n: n),
            ("You divided by N − 1 where N is asked for, or by d − 1 for d.", lambda n: n / (n - 1)),
            ("You divided by N where N − 1 is asked for, or by d for d − 1.", lambda n: (n - 1) / n),
        ):
            yield words, values, (right * factor(n) for right, n in zip(rights, sizes))


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
            yield words, *zip(*map(of, values, rights))


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


# ---- the solution, changed in one place -----------------------------------------------------------------------------
# What is said does not tell where: the reader's code may look quite different.


def _signs(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield ast.AugAssign(node.target, ast.Sub(), node.value)


def _terms(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from (node.left, node.right)


def _factors(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)) and not _is_one(node.left):
        yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right
        yield ast.BinOp(node.left, ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult(), node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.Add, ast.Sub)):
        for factor in (0.5, 2):
            for left, right in ((factor, 1), (1, factor)):
                yield ast.BinOp(_times(left, node.left), node.op, _times(right, node.right))


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _times(factor: float, node: ast.expr) -> ast.expr:
    return node if factor == 1 else ast.BinOp(ast.Constant(factor), ast.Mult(), node)


def _fractions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield ast.BinOp(node.right, node.op, node.left)


def _powers(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield node.left
        yield ast.BinOp(node.left, ast.Mult(), node.right)


def _called(node: ast.AST) -> str:
    """Return the name of the function or method that a node calls."""
    function = getattr(node, "func", None)
    return getattr(function, "attr", getattr(function, "id", ""))


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    if _called(node) in ("log", "exp", "sqrt") and node.args:
        yield node.args[0]


def _bases(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr == "log":
        yield from (ast.Attribute(node.value, base, ast.Load()) for base in ("log2", "log10"))


def _means(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr in ("sum", "mean"):
        yield ast.Attribute(node.value, "mean" if node.attr == "sum" else "sum", ast.Load())


def _axes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield from (ast.keyword("axis", ast.Constant(axis)) for axis in (0, 1, None) if axis != node.value.value)


def _order(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and len(node.args) > 1 or isinstance(node, ast.Tuple) and len(node.elts) > 1:
        field = "args" if isinstance(node, ast.Call) else "elts"
        for i in range(len(getattr(node, field)) - 1):
            other = copy.copy(node)
            items = [*getattr(node, field)]
            items[i : i + 2] = items[i + 1], items[i]
            setattr(other, field, items)
            yield other


def _counts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and type(node.value) is int and not hasattr(node, "is_no_count"):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    if _called(node) in ("len", "range"):
        yield from (ast.BinOp(node, ast.Sub(), ast.Constant(step)) for step in (1, -1))
    if _called(node) == "range":
        yield from (_range(node, step) for step in (1, -1))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        yield from (ast.BinOp(node, ast.Sub(), ast.Constant(step)) for step in (1, -1))


def _mark(tree: ast.AST) -> None:
    """Mark the whole numbers that count nothing (exponents, axes, borders, the factors 1 and 2), and the parameters."""
    for node in ast.walk(tree):
        others: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            others = [node.right]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            others = [side for side in (node.left, node.right) if getattr(side, "value", 0) in (1, 2)]
        elif isinstance(node, (ast.keyword, ast.Compare)):
            others = [node.value] if isinstance(node, ast.keyword) else node.comparators
        for other in others:
            other.is_no_count = True  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            names = [arg.arg for arg in node.args.args]
            for used in ast.walk(node):
                if isinstance(used, ast.Name) and used.id in names:
                    used.others = [name for name in names if name != used.id]  # type: ignore[attr-defined]


def _range(node: ast.AST, step: int) -> ast.AST:
    return ast.Call(node.func, [ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(step))], [])


def _comparisons(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq):
            if not isinstance(node.ops[0], other):
                yield ast.Compare(node.left, [other()], node.comparators)


def _transposes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))


def _names(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each other parameter of the function that a node defines, at each place where one is used."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from (ast.Name(other, ast.Load()) for other in getattr(node, "others", ()))


CHANGES: list[tuple[str, Callable, str]] = [
    ("a sign", _signs, "A sign is wrong: plus for minus somewhere, or two things the wrong way round in a difference."),
    ("a term", _terms, "Something is not added or subtracted that should be."),
    ("a factor", _factors, "A factor is missing somewhere, such as ½, or is one too many, or stands on the wrong side of a fraction line."),
    ("a fraction", _fractions, "A fraction is upside down."),
    ("a power", _powers, "A square, a root or another power is missing, such as σ for σ²."),
    ("a function", _left_out, "A logarithm, an exponential or a root is missing."),
    ("a base", _bases, "A logarithm is not the natural one: use `np.log`."),
    ("a mean", _means, "Somewhere a sum is taken for a mean, or a mean for a sum."),
    ("an axis", _axes, "Something is added up or averaged over the wrong axis."),
    ("an order", _order, "Two things are exchanged: look at the order of arguments, indices and values."),
    ("a count", _counts, "You are off by one somewhere: an index, a step, or d for d − 1."),
    ("a comparison", _comparisons, "A comparison is the wrong way round, or takes the border wrongly in or out."),
    ("a variable", _names, "Somewhere one variable stands in the place of another."),
    ("a transpose", _transposes, "A transpose is missing, or one too many."),
]  # fmt: skip


@cache
def changed_answers(code: str) -> list[tuple[Any, Slip]]:
    """Return the answers of a solution that is changed in one place, each with words about the change."""
    tree = ast.parse(code)
    _mark(tree)
    answers: list[tuple[Any, Slip]] = []
    if not any(isinstance(node, (ast.BinOp, ast.Call, ast.Subscript)) for node in ast.walk(tree)):
        return answers  # a bare number is not calculated
    for node in ast.walk(tree):
        for _, change, words in CHANGES:
            for other in change(node):
                with contextlib.suppress(Exception):
                    names: dict[str, Any] = {}
                    exec(compile(_replaced(tree, node, other), "<changed solution>", "exec"), names)
                    answers.append((_calm(names["answer"]), Slip(words)))
    return answers


def parts(changed: list[tuple[Any, Slip]], part: Any) -> Iterator[tuple[Any, Slip]]:
    """Yield a part of each answer: of a dict or a tuple, or of what a function returns."""
    for answer, words in changed:
        if callable(answer):
            yield _calm(lambda *args, whole=answer: whole(*args)[part]), words
        else:
            with contextlib.suppress(Exception):
                yield answer[part], words


def _replaced(tree: ast.Module, node: ast.AST, other: ast.AST) -> ast.Module:
    """Return a copy of a tree in which another node stands in the place of one."""

    class Replace(ast.NodeTransformer):
        def visit(self, here: ast.AST) -> ast.AST:
            return memo[id(other)] if here is memo[id(node)] else self.generic_visit(here)

    memo: dict[int, Any] = {}
    copied = copy.deepcopy(tree, memo)
    memo[id(other)] = copy.deepcopy(other)
    return ast.fix_missing_locations(Replace().visit(copied))


def _calm(answer: Any) -> Any:
    """Return a function that gives nothing where it would raise; anything else as it is."""

    def calm(*args: Any) -> Any:
        try:
            return answer(*args)
        except Exception:
            return None

    return calm if callable(answer) else answer
