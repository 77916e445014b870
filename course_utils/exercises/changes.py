"""Change a solution, as readers do, to tell them what kind of change their answer looks like.

Each change is tried at each place by itself, and at all of them at once. What is said does not tell where: the reader's
code may look quite different.
"""

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from .slips import Slip, SlipThroughout

# What stands in a solution → what a reader writes; others. Of the letters f and g stand for functions (whatever they are
# told besides by keyword stays), x and y for anything but a bare number, k for anything but 1, the others for anything.
RULES: list[tuple[str, str, str]] = [
    ("a sign", "A sign is wrong: plus for minus somewhere, or two things the wrong way round in a difference.", """
        -a → a
        a + b → a - b
        a - b → a + b; b - a
        m.log(a) → abs(m.log(a))
    """),
    ("a term", "Something is not added or subtracted that should be.", """
        a + b → a; b
        a - b → a; b
    """),
    ("an operation", "One of `+`, `-`, `*` and `/` stands in the place of another.", """
        a + b → a * b; a / b
        a - b → a * b; a / b
        a * b → a + b; a - b
        a / b → a + b; a - b
    """),
    ("a factor", "A factor is missing somewhere, such as ½, or is one too many, or stands on the wrong side of a fraction line.", """
        a * b → a; b; 2 * a * b; a * b / 2
        k * b → k / b
        a / b → a; 2 * a / b; a / b / 2
        k / b → k * b
        a // b → a; a * b
        x + b → 2 * x + b; x / 2 + b
        a + y → a + 2 * y; a + y / 2
        x - b → 2 * x - b; x / 2 - b
        a - y → a - 2 * y; a - y / 2
    """),
    ("a fraction", "A fraction is upside down.", """
        a / b → b / a
    """),
    ("a power", "A square, a root or another power is missing, such as σ for σ².", """
        a ** b → a; a * b
    """),
    ("a function", "A logarithm, an exponential, a root or a σ is missing.", """
        1 / (1 + m.exp(-a)) → a
        m.log(a) → a
        m.exp(a) → a
        m.sqrt(a) → a
    """),
    ("another function", "One function stands in the place of another: look at each exp, σ, mean, min, max and their like.", """
        m.exp(a) → a ** 2
        1 / (1 + m.exp(-a)) → m.tanh(a)
        m.min → m.max
        m.max → m.min
        m.argmax → m.argmin
        m.mean → m.median; m.max
        m.tril → m.triu
        m.arcsin → m.sin; m.arccos
    """),
    ("a base", "A logarithm is not the natural one: use `np.log`.", """
        m.log → m.log2; m.log10
    """),
    ("a mean", "Somewhere a sum is taken for a mean, or a mean for a sum.", """
        m.sum → m.mean
        m.mean → m.sum
    """),
    ("a condition", "A condition is missing, or *or* stands for *and*.", """
        a & b → a; b; a | b
        a | b → a; b; a & b
        a & b & c → a
    """),
    ("a step", "Two steps are in the wrong order, such as the logarithm of a sum for the sum of logarithms.", """
        f(g(a)) → g(f(a))
        f(a) * b → f(a * b)
        a * f(b) → f(a * b)
        f(a) / b → f(a / b)
        f(a * b) → f(a) * b; a * f(b); f(a) * f(b)
        f(a / b) → f(a) / b; f(a) / f(b)
        f(a + b) → f(a) + b; a + f(b); f(a) + f(b)
        f(a - b) → f(a) - b
        (a ** b).sum() → a.sum() ** b
        f(a.sum()) → f(a).sum()
        f(a).sum() → f(a.sum())
        f(a.mean()) → f(a).mean()
        f(a).mean() → f(a.mean())
    """),
    ("parentheses", "Parentheses are missing, or stand around the wrong things: `*` and `/` come before `+` and `-`.", """
        (a + b) / c → a + b / c; a / c + b
        (a - b) / c → a - b / c; a / c - b
        (a + b) * c → a + b * c; a * c + b
        (a - b) * c → a - b * c; a * c - b
        a * (b + c) → a * b + c
        a * (b - c) → a * b - c
        a / (b + c) → a / b + c
        a / (b - c) → a / b - c
    """),
    ("a shape", "An axis is missing, or stands in the wrong place: look at each `[:, None]`.", """
        a[:, None] → a; a[None, :]
    """),
    ("a transpose", "A transpose is missing, or one too many.", """
        a.T → a
        a @ b → a @ b.T
    """),
]  # fmt: skip


def _axes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield from (ast.keyword("axis", ast.Constant(axis)) for axis in (0, 1, None) if axis != node.value.value)


def _order(node: ast.AST) -> Iterator[ast.AST]:
    field = "args" if isinstance(node, ast.Call) else "elts" if isinstance(node, ast.Tuple) else ""
    items = getattr(node, field, [])
    for i in range(len(items) - 1):
        other = copy.copy(node)
        setattr(other, field, [*items[:i], items[i + 1], items[i], *items[i + 2 :]])
        yield other


def _counts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and type(node.value) is int and not hasattr(node, "is_no_count"):
        for other in (node.value + 1, node.value - 1):
            if other or not hasattr(node, "may_not_be_0"):
                yield ast.Constant(other)
    is_length = isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") == "shape"
    if isinstance(node, (ast.For, ast.comprehension)):
        for part in ("[1:]", "[:-1]"):
            other = copy.copy(node)
            other.iter = _filled(_parsed(f"list(a){part}"), {"a": node.iter})
            yield other
    name = getattr(getattr(node, "func", None), "id", "")
    for step in (1, -1) if is_length or name in ("len", "range") else ():
        yield ast.BinOp(node, ast.Sub(), ast.Constant(step))
        if name == "range":
            yield ast.Call(node.func, [ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(step))], [])


def _comparisons(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq):
            if not isinstance(node.ops[0], other):
                yield ast.Compare(node.left, [other()], node.comparators)


def _names(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the other variables of a function, where one is used."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from (ast.Name(other, ast.Load()) for other in getattr(node, "others", ()))


Change = Callable[[ast.AST], Iterator[ast.AST]]  # from a node to all that may stand in its place


class _Rule(NamedTuple):
    """Hold an expression that may stand in a solution, and what a reader may write in its place."""

    pattern: ast.expr
    others: Sequence[ast.expr]

    def __call__(self, node: ast.AST) -> Iterator[ast.AST]:
        found: dict[str, Any] = {}
        if _fits(self.pattern, node, found):
            for other in self.others:
                filled = _filled(other, found)
                if not (getattr(filled, "value", 0) == 1 and hasattr(node, "may_not_be_1")):
                    yield filled


def _rules(text: str) -> Iterator[_Rule]:
    for line in text.strip().splitlines():
        pattern, others = line.split("→")
        yield _Rule(_parsed(pattern), [_parsed(other) for other in others.split(";")])


def _parsed(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _fits(pattern: Any, node: Any, found: dict[str, Any]) -> bool:
    """Tell whether an expression fits a pattern, and note in `found` what its letters and functions stand for."""
    if isinstance(pattern, ast.Name) and len(pattern.id) == 1:
        found[pattern.id] = node
        is_one = isinstance(node, ast.Constant) and node.value == 1
        return not (pattern.id in "xy" and isinstance(node, ast.Constant) or pattern.id == "k" and is_one)
    if isinstance(pattern, ast.Call):
        if not isinstance(node, ast.Call) or len(node.args) != len(pattern.args):
            return False
        found[_called(pattern)] = node.func, node.keywords
        function = isinstance(pattern.func, ast.Name) or _fits(pattern.func, node.func, found)
        return function and all(map(_fits, pattern.args, node.args, [found] * len(node.args)))
    if isinstance(pattern, ast.expr):
        fields = [(getattr(pattern, name), getattr(node, name, None)) for name in pattern._fields if name != "ctx"]
        return type(node) is type(pattern) and all(_fits(mine, other, found) for mine, other in fields)
    return type(pattern) is type(node) if isinstance(pattern, ast.AST) else pattern == node


def _called(pattern: ast.Call) -> str:
    return getattr(pattern.func, "id", getattr(pattern.func, "attr", "")) + "()"


def _filled(pattern: ast.AST, found: dict[str, Any]) -> ast.AST:
    """Return a pattern with what its letters and functions stand for."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.AST:
            return found.get(name.id, name)

        def visit_Call(self, call: ast.Call) -> ast.AST:
            function, keywords = found.get(_called(call), (call.func, []))
            function = function if isinstance(call.func, ast.Name) else self.visit(call.func)
            return ast.Call(function, [self.visit(arg) for arg in call.args], keywords)

    return Fill().visit(copy.deepcopy(pattern))


CHANGES: list[tuple[str, list[Change], str]] = [
    *((kind, [*_rules(rules)], words) for kind, words, rules in RULES),
    ("an axis", [_axes], "Something is added up or averaged over the wrong axis."),
    ("an order", [_order], "Two things are exchanged: look at the order of arguments, indices and values."),
    ("a count", [_counts], "You are off by one somewhere: an index, a step, or d for d − 1."),
    ("a comparison", [_comparisons], "A comparison is the wrong way round, or takes the border wrongly in or out."),
    ("a variable", [_names], "Somewhere one variable stands in the place of another."),
]


class _Place(NamedTuple):
    """Hold where a node stands in a tree."""

    parent: ast.AST
    field: str
    i: int  # in a list of nodes

    @property
    def node(self) -> Any:
        value = getattr(self.parent, self.field)
        return value[self.i] if isinstance(value, list) else value

    def put(self, node: Any) -> None:
        if isinstance(value := getattr(self.parent, self.field), list):
            value[self.i] = node
        else:
            setattr(self.parent, self.field, node)


@cache
def changed_answers(code: str) -> list[tuple[Any, Slip]]:
    """Return the answers of a changed solution, each with words about the change."""
    tree = ast.parse(code)
    nodes = [*ast.walk(tree)]
    if not any(isinstance(node, (ast.BinOp, ast.Call, ast.Subscript)) for node in nodes):
        return []  # a bare number is not calculated
    if any(isinstance(node, ast.While) for node in nodes):
        return []  # changed, it might never end
    answers = _changed(tree)
    if any(isinstance(node, ast.Attribute) and node.attr == "log" for node in nodes):
        answers += _changed(_Apart().visit(ast.parse(code)))
    return answers


class _Apart(ast.NodeTransformer):
    """Take the logarithm of a product or a fraction apart, as many readers do from the start."""

    rules = [*_rules("m.log(a * b) → m.log(a) + m.log(b)"), *_rules("m.log(a / b) → m.log(a) - m.log(b)")]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return next((other for rule in self.rules for other in rule(node)), node)


def _changed(tree: ast.Module) -> list[tuple[Any, Slip]]:
    _mark(tree)
    places = [
        _Place(parent, field, i)
        for parent in ast.walk(tree)
        for field, value in ast.iter_fields(parent)
        for i, node in enumerate(value if isinstance(value, list) else [value])
        if isinstance(node, ast.AST)
    ]
    answers = []
    for _, changes, words in CHANGES:
        for change in changes:
            others = [(place, [*change(place.node)]) for place in places]
            others = [(place, proposals) for place, proposals in others if proposals]
            for place, proposals in others:
                for other in proposals:
                    with contextlib.suppress(Exception):
                        answers.append((_answer(tree, [place], lambda _, other=other: other), Slip(words)))
            throughout = change is not _names and len(others) > 1
            for k in range(max(len(proposals) for _, proposals in others) if throughout else 0):
                some = [place for place, proposals in others if len(proposals) > k]
                with contextlib.suppress(Exception):
                    answer = _answer(tree, some, lambda node, k=k, change=change: [*change(node)][k])
                    answers.append((answer, SlipThroughout(words)))
    return answers


def _answer(tree: ast.Module, places: Sequence[_Place], other: Callable[[Any], Any]) -> Any:
    """Return the answer of a solution that is changed at some places."""
    before = [place.node for place in places]
    try:
        for place in reversed(places):  # what lies inside comes first
            place.put(other(place.node))
        names: dict[str, Any] = {}
        exec(compile(ast.fix_missing_locations(tree), "<changed solution>", "exec"), names)
        return _calm(names["answer"])
    finally:
        for place, node in zip(places, before):
            place.put(node)


def _mark(tree: ast.AST) -> None:
    """Mark whole numbers that count nothing (exponents, axes, borders, the factors 1 and 2), and variables.

    What multiplies may not become 1, and a term that is 1 not 0: it would be gone, and that is another kind of change.
    `a += b` becomes `a = a + b`, so that what is said of sums holds for it, too.
    """
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                value[:] = [_plain(item) for item in value]
        others: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            others = [node.right]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            others = [side for side in (node.left, node.right) if getattr(side, "value", 0) in (1, 2)]
            for factor in (node, node.left, node.right):
                factor.may_not_be_1 = True  # type: ignore[attr-defined]
        elif isinstance(node, (ast.keyword, ast.Compare)):
            others = [node.value] if isinstance(node, ast.keyword) else node.comparators
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            for side in (node.left, node.right):
                if getattr(side, "value", 0) == 1:
                    side.may_not_be_0 = True  # type: ignore[attr-defined]
        for other in others:
            other.is_no_count = True  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            names = {arg.arg for arg in node.args.args}
            used = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
            names |= {name.id for name in used if isinstance(name.ctx, ast.Store)}
            for name in used:
                name.others = sorted(names - {name.id}) if name.id in names else []  # type: ignore[attr-defined]


def _plain(node: Any) -> Any:
    if not isinstance(node, ast.AugAssign):
        return node
    target = copy.copy(node.target)
    target.ctx = ast.Load()
    return ast.Assign([node.target], ast.BinOp(target, node.op, node.value))


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
