"""Change a solution in one place, as readers do, to tell them what kind of change their answer looks like.

What is said does not tell where: the reader's code may look quite different.
"""

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from .slips import Slip


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
        yield from (side for side in (node.left, node.right) if not (_is_one(side) and hasattr(node, "is_factor")))


def _factors(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)) and not _is_one(node.left):
        yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right
        yield ast.BinOp(node.left, ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult(), node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.Add, ast.Sub)):
        for factor in (0.5, 2):
            for left, right in ((factor, 1), (1, factor)):
                if not isinstance(node.left if right == 1 else node.right, ast.Constant):
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
        yield from (
            ast.Constant(other) for other in (node.value + 1, node.value - 1) if other or not hasattr(node, "is_term")
        )
    if _called(node) in ("len", "range"):
        yield from (ast.BinOp(node, ast.Sub(), ast.Constant(step)) for step in (1, -1))
    if _called(node) == "range":
        yield from (_range(node, step) for step in (1, -1))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        yield from (ast.BinOp(node, ast.Sub(), ast.Constant(step)) for step in (1, -1))


def _mark(tree: ast.AST) -> None:
    """Mark whole numbers that count nothing (exponents, axes, borders, the factors 1 and 2), factors, and variables."""
    for node in ast.walk(tree):
        others: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            others = [node.right]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            others = [side for side in (node.left, node.right) if getattr(side, "value", 0) in (1, 2)]
            node.left.is_factor = node.right.is_factor = True  # type: ignore[attr-defined]
        elif isinstance(node, (ast.keyword, ast.Compare)):
            others = [node.value] if isinstance(node, ast.keyword) else node.comparators
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            for side in filter(_is_one, (node.left, node.right)):
                side.is_term = True  # type: ignore[attr-defined]
        for other in others:
            other.is_no_count = True  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            names = {arg.arg for arg in node.args.args}
            used = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
            names |= {name.id for name in used if isinstance(name.ctx, ast.Store)}
            for name in used:
                name.others = sorted(names - {name.id}) if name.id in names else []  # type: ignore[attr-defined]


def _range(node: ast.AST, step: int) -> ast.AST:
    return ast.Call(node.func, [ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(step))], [])


def _comparisons(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq):
            if not isinstance(node.ops[0], other):
                yield ast.Compare(node.left, [other()], node.comparators)


def _conditions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield from (node.left, node.right)
        yield ast.BinOp(node.left, ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd(), node.right)
        if isinstance(node.left, ast.BinOp):
            yield node.left.left  # two of them, such as both sides of an interval


def _nesting(node: ast.AST) -> Iterator[ast.AST]:
    """Yield g(f(x)) for f(g(x)), and f(c · x) for c · f(x)."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Call):
        inner = node.args[0]
        if len(inner.args) == 1:
            yield ast.Call(inner.func, [ast.Call(node.func, inner.args, node.keywords)], inner.keywords)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)) and isinstance(node.left, ast.Call):
        outer, factor = node.left, node.right
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Call):
        outer, factor = node.right, node.left
    else:
        return
    if len(outer.args) == 1:
        yield ast.Call(outer.func, [ast.BinOp(factor, node.op, outer.args[0])], outer.keywords)


def _transposes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))


def _names(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the other variables of a function, where one is used."""
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
    ("a condition", _conditions, "A condition is missing, or *or* stands for *and*."),
    ("a step", _nesting, "Two steps are in the wrong order, such as the logarithm of a sum for the sum of logarithms."),
    ("a variable", _names, "Somewhere one variable stands in the place of another."),
    ("a transpose", _transposes, "A transpose is missing, or one too many."),
]  # fmt: skip


@cache
def changed_answers(code: str) -> list[tuple[Any, Slip]]:
    """Return the answers of a solution that is changed in one place, each with words about the change."""
    tree = ast.parse(code)
    _mark(tree)
    answers: list[tuple[Any, Slip]] = []
    nodes = [*ast.walk(tree)]
    if not any(isinstance(node, (ast.BinOp, ast.Call, ast.Subscript)) for node in nodes):
        return answers  # a bare number is not calculated
    if any(isinstance(node, ast.While) for node in nodes):
        return answers  # changed, it might never end
    for parent in nodes:
        for field, value in list(ast.iter_fields(parent)):
            for i, node in enumerate(value if isinstance(value, list) else [value]):
                for _, change, words in CHANGES:
                    for other in change(node) if isinstance(node, ast.AST) else ():
                        new = [*value[:i], other, *value[i + 1 :]] if isinstance(value, list) else other
                        with contextlib.suppress(Exception):
                            setattr(parent, field, new)
                            names: dict[str, Any] = {}
                            exec(compile(ast.fix_missing_locations(tree), "<changed solution>", "exec"), names)
                            answers.append((_calm(names["answer"]), Slip(words)))
                        setattr(parent, field, value)
    return answers


def parts(changed: list[tuple[Any, Slip]], part: Any) -> Iterator[tuple[Any, Slip]]:
    """Yield a part of each answer: of a dict or a tuple, or of what a function returns."""
    for answer, words in changed:
        if callable(answer):
            yield _calm(lambda *args, whole=answer: whole(*args)[part]), words
        else:
            with contextlib.suppress(Exception):
                yield answer[part], words


def _calm(answer: Any) -> Any:
    """Return a function that gives nothing where it would raise; anything else as it is."""

    def calm(*args: Any) -> Any:
        try:
            return answer(*args)
        except Exception:
            return None

    return calm if callable(answer) else answer
