"""Slips in general: each solution is changed in its code, as students change it, and `check` must name the change.

`python -m tests.test_slips` prints what became of each change, lesson by lesson; with `-v` also what was said.
"""

import ast
import contextlib
import copy
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np

from course_utils.exercises import changes, engine, slips
from course_utils.exercises.answers import NotAttempted, Vague, Wrong, captured

ALL = {name: exercise for lesson in engine.lessons() for name, exercise in engine.load(lesson).items()}

# ---- changes of a solution's code (not those of slips.py: written apart from them) ----------------------------------

FLIPS = {ast.Add: ast.Sub, ast.Sub: ast.Add}
TURNS = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


def expression(text: str, **parts: ast.AST) -> ast.expr:
    """Return an expression in which some names stand for other expressions."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node):
            return parts.get(node.id, node)

    return Fill().visit(ast.parse(text, mode="eval").body)


def changes_at(node: ast.AST, inputs: list[str]) -> Iterator[tuple[str, ast.AST]]:
    """Yield (kind, other node) for each slip at one node of a solution."""
    if isinstance(node, ast.BinOp):
        a, b, op = node.left, node.right, type(node.op)
        if op in FLIPS:
            yield "sign of a term", ast.BinOp(a, FLIPS[op](), b)
            yield "term dropped", a
            yield "term dropped", b
        if op is ast.Sub:
            yield "difference turned", ast.BinOp(b, node.op, a)
        if op is ast.Div:
            yield "fraction turned", ast.BinOp(b, node.op, a)
        if op in (ast.Mult, ast.Div):
            yield "factor dropped", a
            if op is ast.Mult:
                yield "factor dropped", b
            yield "× for ÷", ast.BinOp(a, ast.Div() if op is ast.Mult else ast.Mult(), b)
        if op is ast.Pow:
            yield "square dropped", a
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus dropped", node.operand
    if isinstance(node, ast.Attribute):
        if node.attr in ("sum", "mean"):
            yield "mean for sum", ast.Attribute(node.value, {"sum": "mean", "mean": "sum"}[node.attr], ast.Load())
        if node.attr == "log":
            yield "log base", ast.Attribute(node.value, "log2", ast.Load())
            yield "log base", ast.Attribute(node.value, "log10", ast.Load())
        if node.attr == "T":
            yield "transposed", node.value
    if isinstance(node, ast.keyword) and node.arg == "axis":
        yield "axis", ast.keyword("axis", ast.Constant(1 - node.value.value))
    if isinstance(node, ast.Call):
        if getattr(node.func, "attr", "") in ("log", "exp", "sqrt", "square"):
            yield "function dropped", node.args[0]
        if getattr(node.func, "attr", "") == "exp":
            yield "σ for σ²", ast.Call(node.func, [expression("a / 2", a=node.args[0])], [])
        if len(node.args) > 1:
            yield "arguments swapped", ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
        if getattr(node.func, "id", "") == "len":
            yield "off by one", expression("n - 1", n=node)
            yield "off by one", expression("n + 1", n=node)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "off by one", ast.Constant(node.value + 1)
        yield "off by one", ast.Constant(node.value - 1)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        yield "wrong index", ast.Subscript(node.value, ast.Tuple(node.slice.elts[::-1], ast.Load()), node.ctx)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNS:
        yield "comparison turned", ast.Compare(node.left, [TURNS[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in inputs:
        for other in inputs:
            if other != node.id:
                yield "wrong variable", ast.Name(other, ast.Load())


RESULTS = {  # kind: what is done to the answer, a number, an array or a function's value
    "result × 2": lambda v: 2 * v,
    "result ÷ 2": lambda v: v / 2,
    "result negated": lambda v: -v,
    "result in bits": lambda v: v / np.log(2),
    "1 − result": lambda v: 1 - v,
    "1 / result": lambda v: 1 / v,
    "root of the result": np.sqrt,
    "square of the result": np.square,
    "log of the result": np.log,
    "exp of the result": np.exp,
    "result in per cent": lambda v: 100 * v,
    "result transposed": lambda v: v.T if v.ndim == 2 else v[::-1],
    "mean of the result": lambda v: v.mean() if v.ndim else v[0],  # raises for a number
}


def function_of(tree: ast.Module) -> ast.FunctionDef | None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return found[-1] if found else None


def changed(code: str) -> Iterator[tuple[str, str, object]]:
    """Yield (kind, changed line, answer) for each slip at each place of a solution."""
    tree = ast.parse(code)
    function = function_of(tree)
    inputs = [arg.arg for arg in function.args.args] if function else []
    variants = []
    for index, node in enumerate(ast.walk(tree)):
        variants += [(kind, index, other) for kind, other in changes_at(node, inputs)]
    for kind, index, other in variants:
        copied = copy.deepcopy(tree)
        old = list(ast.walk(copied))[index]

        class Put(ast.NodeTransformer):
            def visit(self, node, old=old, other=other):
                return copy.deepcopy(other) if node is old else self.generic_visit(node)

        new = ast.fix_missing_locations(Put().visit(copied))
        before, after = ast.unparse(tree).splitlines(), ast.unparse(new).splitlines()
        line = next((b for a, b in zip(before, after) if a != b), "").strip()
        yield kind, line, answer_of(ast.unparse(new))
    if function:
        for i in range(len(inputs) - 1):
            new = copy.deepcopy(tree)
            arguments = function_of(new).args.args
            arguments[i : i + 2] = arguments[i + 1], arguments[i]
            yield "parameters swapped", ast.unparse(function_of(new)).splitlines()[0], answer_of(ast.unparse(new))
    right = answer_of(code)
    if not isinstance(right, dict):
        for kind, work in RESULTS.items():
            with captured(), contextlib.suppress(IndexError):
                yield kind, kind, done_to(right, work)


def done_to(right: object, work) -> object:
    """Return the answer with something done to it; a tuple of different things has it done to the first."""
    if callable(right):
        return lambda *args: done_to(right(*args), work)
    if isinstance(right, tuple):
        return (done_to(right[0], work), *right[1:])
    return work(np.asarray(right, dtype=float))


def answer_of(code: str) -> object:
    names = {}
    with captured(), contextlib.suppress(ArithmeticError, TypeError, LookupError, ValueError, AttributeError):
        exec(code, names)
    return names.get("answer")  # none where the changed code does not run


# ---- what check says to them ----------------------------------------------------------------------------------------

CALCULATED = [
    name
    for name, exercise in ALL.items()
    if re.search(r"[-+*/]|def ", exercise.code.split("#")[0]) and name not in ("02.4", "02.5", "11.2")
]
NAMES = [
    (words.replace("{}", "").split("``")[0].strip(), slip)
    for slip, _, words in [*slips.SLIPS, *slips.SIGNS_OF, *slips.ARGUMENTS, *changes.CHANGES]
]


def verdict(name: str, answer: object) -> tuple[str, str]:
    """Return what became of an answer: accepted, own, raised, vague, or the name of a slip; and what was said."""
    try:
        with captured():
            return "accepted", ALL[name].grade(answer)
    except NotAttempted:
        return "not attempted", ""
    except Vague as error:
        return "vague", str(error)
    except Wrong as error:
        text = str(error)
    if "Your function raised" in text or "Your function changed its argument" in text:
        return "raised", text
    found = [slip for words, slip in NAMES if words in text]
    return (found[0] if found else "own"), text


@cache
def outcomes() -> list[tuple[str, str, str, str, str]]:
    """Return (exercise, kind, changed line, verdict, what was said) of all changes of all solutions."""
    rows = []
    for name in CALCULATED:
        seen = set()
        for kind, line, answer in changed(ALL[name].code):
            if answer is not None and (kind, line) not in seen:
                seen.add((kind, line))
                rows.append((name, kind, line, *verdict(name, answer)))
    return rows


def main() -> None:

    rows = outcomes()
    for lesson in engine.lessons():
        count = Counter(
            ("named" if r[3] not in ("accepted", "vague", "raised", "not attempted") else r[3])
            for r in rows
            if r[0].startswith(lesson)
        )
        print(lesson, dict(count))
    count = Counter(r[3] for r in rows)
    print(count)
    tot = sum(v for k, v in count.items() if k not in ("accepted", "raised", "not attempted"))
    print("share named", 1 - count["vague"] / tot, len(rows))
    if "-v" in sys.argv:
        for r in rows:
            print(" | ".join(r)[:260])


if __name__ == "__main__":
    main()
