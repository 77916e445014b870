"""Slips in general: each solution is changed in its code, as students change it, and `check` must name the change.

`python -m tests.test_slips` prints what became of each change, lesson by lesson; with `-v` also what was said.
"""

import ast
import contextlib
import copy
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice

import numpy as np
import pytest

from course_utils.exercises import changes, engine, slips
from course_utils.exercises.answers import Vague, Wrong, captured
from course_utils.exercises.matchers import agrees, close

ALL = {name: exercise for lesson in engine.lessons() for name, exercise in engine.load(lesson).items()}

# ---- changes of a solution's code (not those of changes.py: written apart from them) ----------------------------------

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
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
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


RESULTS = {  # kind: what is done to the result (a number, an array or a function's value), and for which right values
    "result × 2": (lambda v: 2 * v, np.isfinite),
    "result ÷ 2": (lambda v: v / 2, np.isfinite),
    "result negated": (lambda v: -v, np.isfinite),
    "result in bits": (lambda v: v / np.log(2), np.isfinite),
    "1 / result": (lambda v: 1 / v, lambda v: v != 0),
    "1 − result": (lambda v: 1 - v, lambda v: (0 <= v) & (v <= 1)),
    "result in per cent": (lambda v: 100 * v, lambda v: (0 <= v) & (v <= 1)),
    "root of the result": (np.sqrt, lambda v: v >= 0),
    "square of the result": (np.square, np.isfinite),
    "log of the result": (np.log, lambda v: v > 0),
    "exp of the result": (np.exp, lambda v: np.abs(v) < 700),
    "result transposed": (lambda v: v.T if np.ndim(v) > 1 else v[::-1], np.ndim),
    "mean of the result": (np.mean, np.ndim),
}


def function_of(tree: ast.Module) -> ast.FunctionDef | None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return found[-1] if found else None


def changed(code: str, values: list[np.ndarray]) -> Iterator[Callable[[], tuple[str, str, object]]]:
    """Yield, for each slip at each place of a solution, a function that returns (kind, changed line, answer)."""
    tree = ast.parse(code)
    function = function_of(tree)
    inputs = [arg.arg for arg in function.args.args] if function else []
    for index, node in enumerate(ast.walk(tree)):
        for kind, other in changes_at(node, inputs):
            yield partial(put, tree, kind, index, other)
    for i in range(len(inputs) - 1):
        yield partial(exchanged, tree, i)
    right = answer_of(code)
    for kind, (work, fits) in RESULTS.items():
        if not isinstance(right, dict) and all(np.all(fits(value)) for value in values):
            yield partial(lambda kind, work: (kind, kind, done_to(right, work)), kind, work)


def put(tree: ast.Module, kind: str, index: int, other: ast.AST) -> tuple[str, str, object]:
    """Change one node of a solution."""
    copied = copy.deepcopy(tree)
    old = list(ast.walk(copied))[index]

    class Put(ast.NodeTransformer):
        def visit(self, node):
            return copy.deepcopy(other) if node is old else self.generic_visit(node)

    text = ast.unparse(ast.fix_missing_locations(Put().visit(copied)))
    lines = zip(ast.unparse(tree).splitlines(), text.splitlines())
    return kind, next((b for a, b in lines if a != b), "").strip(), answer_of(text)


def exchanged(tree: ast.Module, i: int) -> tuple[str, str, object]:
    """Swap two parameters of a solution's function."""
    new = copy.deepcopy(tree)
    arguments = function_of(new).args.args
    arguments[i : i + 2] = arguments[i + 1], arguments[i]
    return "parameters swapped", ast.unparse(function_of(new)).splitlines()[0], answer_of(ast.unparse(new))


def done_to(right: object, work) -> object:
    """Return the answer with something done to it; a tuple of different things has it done to the first."""
    if callable(right):
        return lambda *args: done_to(right(*args), work)
    if isinstance(right, tuple):
        return (done_to(right[0], work), *right[1:])
    return work(np.asarray(right, dtype=float))


def right_values(name: str) -> list[np.ndarray]:
    """Return the right answer, or what the right function returns in all cases that `check` tries."""
    right, values = answer_of(ALL[name].code), []

    def recorded(*args):
        values.append(right(*args))
        return values[-1]

    with captured():
        ALL[name].grade(recorded if callable(right) else right)
    values = values or [right]
    return [
        np.asarray(value[0] if isinstance(value, tuple) else value, float)
        for value in values
        if type(value) is not dict
    ]


def answer_of(code: str) -> object:
    names = {}
    with captured(), contextlib.suppress(ArithmeticError, TypeError, LookupError, ValueError, AttributeError):
        exec(code, names)
    return names.get("answer")  # none where the changed code does not run


# ---- what check says to them ----------------------------------------------------------------------------------------

CALCULATED = [
    name
    for name, exercise in ALL.items()
    if re.search(r"[-+*/]|def ", exercise.code.split("#")[0])
    and name not in ("02.4", "02.5", "11.2")
    and "while " not in exercise.code  # changed, it might never end
]
TABLE = [*slips.SLIPS, *slips.SIZES, ("wrong count", None, slips.WRONG_COUNT), *slips.SIGNS_OF, *slips.ARGUMENTS]
NAMES = [(max(words.split("{}"), key=len).strip("` "), slip) for slip, _, words in [*TABLE, *changes.CHANGES]]
NAMES.append(("` are exchanged.", "swapped arguments"))
UNNAMED = ("accepted", "vague", "raised")

# The slips whose words may be told to each change. An exercise's own may be told to any: they explain all values.
ALWAYS = {
    "ten times",
    "a tenth",
    "a hundredth",
    "not normalised",
    "d − 1 for d",
    "swapped arguments",
    "double",
    "half",
    "sign",
    "reciprocal",
    "square",
    "root",
    "one more",
    "one less",
}  # plain facts about a value
ALLOWED = {
    "sign of a term": {"a sign"},
    "term dropped": {"a term", "ignored", "a factor"},
    "difference turned": {"a sign"},
    "fraction turned": {"a fraction", "a factor"},
    "factor dropped": {"a factor", "minus log", "a term"},  # log 1 is 0
    "× for ÷": {"a factor", "a fraction", "a term"},  # which is then next to nothing
    "square dropped": {"a power"},
    "minus dropped": {"a sign"},
    "mean for sum": {"a mean", "mean for sum", "sum for mean"},
    "log base": {"a base", "base 2", "base 10", "bits"},
    "transposed": {"a transpose", "transposed"},
    "axis": {"an axis", "wrong axis"},
    "function dropped": {"a function", "exp"},
    "σ for σ²": {"a factor", "a power"},
    "arguments swapped": {"an order", "swapped arguments"},
    "parameters swapped": {"swapped arguments", "an order"},
    "off by one": {"a count", "a comparison", "an axis", "wrong axis", "a term", "a factor", "a power", "ignored", "too few", "too many", "a sign"},
    "wrong index": {"an order", "transposed"},
    "comparison turned": {"a comparison"},
    "wrong variable": {"a variable", "ignored", "exp"},
    "result in bits": {"base 2"},
    "result × 2": {"a factor"},
    "result ÷ 2": {"a factor"},
    "square of the result": {"a factor"},  # of 1/2
    "result negated": {"a sign"},
    "1 − result": {"complement"},
    "result in per cent": {"per cent"},
    "log of the result": {"log"},
    "exp of the result": {"exp"},
    "result transposed": {"transposed", "reversed"},
    "mean of the result": {"averaged"},
}  # fmt: skip

# Exercise, kind and line of the changes that alter nothing, and why.
NOTHING = [
    ("01.3", "1 − result", "", "the answer is 1/2"),
    ("01.4|15.2", "parameters swapped", "", "the two are treated alike"),
    ("02.2", "sign of a term|term dropped", "area = ", "the side that is added or subtracted is at 0"),
    ("03.5", "", r"\.any\(\)", "numpy divides by 0 and finds ∞ by itself"),
    ("04.3", "factor dropped", "", "α is 1"),
    ("06.2", "term dropped", r"= np\.log\(8\)", "2 log 8 − log 8 is log 8"),
    ("05.4|08.[12]|09.4|15.5", "difference turned", r"\*\* 2", "a square has no sign"),
    ("08.1", "", r"np\.log\(sigma", "what the clusters have in common cancels"),
    ("08.2|10.2|11.3|13.4", "wrong variable", r"len\(", "both have the same length"),
    ("10.2|11.3|12.1|15.4", "(root|square) of the result", "", "0 and 1 are their own squares"),
    ("10.4|19.3", "arguments swapped", "logaddexp", "a sum has no order"),
    ("19.2", "off by one", r"log\(1 / (19|21)\)", "half a per cent is less than the rounding that is allowed"),
    ("20.1", "off by one", "102[35]", "a thousandth is less than the rounding that is allowed"),
    ("16.1", "off by one", "2101|2099", "a two-thousandth is less than the rounding that is allowed"),
    ("16.2", "difference turned|factor dropped", "abs", "−4 − 6 and 6 + 4 are the same but for the sign"),
    ("17.2", "wrong variable", r"K\.shape", "queries and keys have the same shape"),
    ("17.2", "", r"np\.exp\(scores", "the softmax does not notice a constant"),
    ("18.3", "", "error = ", "1 − 0.5 is 0.5, and a square has no sign"),
    ("18.6", "term dropped", "", "at 0.5, 1 − x is x"),
]


def verdict(name: str, answer: object) -> tuple[str, str]:
    """Return what became of an answer: accepted, own, raised, vague, or one or two names of slips; and what was said."""
    try:
        with captured():
            return "accepted", ALL[name].grade(answer)
    except Vague as error:
        return "vague", str(error)
    except Wrong as error:
        text = str(error)
    if "Your function raised" in text or "Your function changed its argument" in text:
        return "raised", text
    found = [slip for words, slip in NAMES if words in text]
    return " or ".join(found if "One of two slips" in text else found[:1]) or "own", text


STEP = 1 if os.environ.get("ALL") else 6


@cache
def outcomes() -> list[tuple[str, str, str, str, str]]:
    """Return (exercise, kind, changed line, verdict, what was said) of every STEP-th change of all solutions."""
    rows = []
    for name in CALCULATED:
        seen = set()
        for change in islice(changed(ALL[name].code, right_values(name)), 0, None, STEP):
            kind, line, answer = change()
            if answer is not None and (kind, line) not in seen:
                seen.add((kind, line))
                rows.append((name, kind, line, *verdict(name, answer)))
    return rows


def shares(rows: list) -> tuple[int, int, int, int]:
    """Return how many were told an exercise's own words, a slip of the table, a kind of change, and only too large."""
    tables = {slip for slip, *_ in TABLE} | {"swapped arguments"}
    counts = Counter(
        "table" if row[3] in tables else row[3] if row[3] in ("own", *UNNAMED) else "change" for row in rows
    )
    return counts["own"], counts["table"], counts["change"], counts["vague"]


def named(rows: list) -> float:
    *told, vague = shares(rows)
    return sum(told) / (sum(told) + vague)


def listed(rows: list) -> str:
    return "\n".join(["", *(" | ".join(row)[:300] for row in rows)])


def test_no_changed_solution_is_accepted():
    def alters_nothing(row):
        return any(all(map(re.search, rule, row)) for *rule, _ in NOTHING)

    wrong = [row for row in outcomes() if row[3] == "accepted" and not alters_nothing(row)]
    assert not wrong, f"A case is missing, or the change alters nothing and belongs to NOTHING: {listed(wrong)}"


def test_no_slip_is_named_wrongly():
    told = [row for row in outcomes() if row[3] not in ("own", *UNNAMED)]
    wrong = [row for row in told if not {*row[3].split(" or ")} & (ALWAYS | ALLOWED.get(row[1], set()))]
    assert len(told) > 500 / STEP and not wrong, listed(wrong)


def test_most_slips_are_named():
    rows = outcomes()
    inside = [row for row in rows if row[1] not in RESULTS]
    assert len({row[1] for row in inside}) >= 15 and len(inside) > 1000 / STEP
    assert named(rows) >= 0.8 and named(inside) >= 0.8, listed([row for row in rows if row[3] == "vague"])
    for lesson in engine.lessons():  # and nowhere is it only a few
        if STEP == 1:  # a part of them is too few to count by
            assert named([row for row in rows if row[0].startswith(lesson)]) >= 0.7, lesson


# ---- the table ------------------------------------------------------------------------------------------------------

RIGHTS = [0.37, 137, np.array([1.5, -2, 3.25]), np.array([[0.2, 0.7], [0.35, 0.1], [0.4, 0.9]])]


def said(answer, right) -> str:
    try:
        with captured():
            close(answer, right)
    except Vague:
        return ""
    except Wrong as error:
        return str(error)
    return "accepted"


@pytest.mark.parametrize("name, of, words", slips.SLIPS, ids=[name for name, *_ in slips.SLIPS])
def test_each_slip_of_the_table_is_named_and_no_other(name, of, words):
    texts = []
    for right in RIGHTS:
        with captured(), contextlib.suppress(IndexError):
            answer = of(np.asarray(right, float))
            texts += [said(answer, right)] if answer is not None and np.isfinite(answer).any() else []
    assert all(text == "accepted" or text in ("", words) or text.startswith(words) for text in texts), texts
    assert any(words in text for text in texts)


def test_where_two_slips_fit_neither_is_named():
    assert said(np.array([0.7, 0.3]), np.array([0.3, 0.7])) == ""  # 1 − p, or reversed
    assert said(4.0, 2.0) == said(2, 1) == ""  # small whole numbers say too little


def test_a_slip_holds_in_all_cases_or_is_not_named():
    cases = [(np.array([1.0, 2.5, 4.0]),), (np.array([3.0, 0.5]),)]

    def spread(x):
        return np.mean((x - x.mean()) ** 2)

    def told(answer, mistakes=()):
        with pytest.raises(Wrong) as error, captured():
            agrees(answer, spread, cases, mistakes)
        return str(error.value)

    assert (
        told(lambda x: spread(x) / 2) == "That is half the right value: is there a factor ½ too many, or a 2 missing?"
    )
    assert (
        told(lambda x: spread(x) * len(x)) == "That is a sum where a mean is asked for: divide by how many there are."
    )
    assert told(lambda x: x.var(ddof=1)) == "You divided by N − 1 where N is asked for, or by d − 1 for d."
    assert "is 3: that is too large" in told(lambda x: spread(x) * 2 if len(x) == 3 else spread(x))
    assert told(np.std, [(np.std, "Own words.")]) == "Own words."
    assert "too large" in told(lambda x: 3.0, [(lambda x: 3.0 if len(x) == 3 else 4.0, "Own words.")])
    assert told(lambda x: (x - x.mean()) ** 2).startswith("These are still the single values. Average over")


def test_a_constant_that_is_wrong_in_all_values_is_said():
    cases = [(np.array([1.0, 2.5, 4.0]),), (np.array([3.0, 0.5]),)]

    def told(answer):
        with pytest.raises(Vague) as error, captured():
            agrees(answer, lambda x: x**2, cases)
        return str(error.value)

    assert "All your values are 0.7 times the right ones" in told(lambda x: 0.7 * x**2)
    assert "All your values are off by the same amount, -0.3" in told(lambda x: x**2 - 0.3)
    assert "Only the last value is wrong." in told(lambda x: np.where(np.arange(len(x)) == len(x) - 1, 7, x**2))
    assert "None of the right values is negative" in told(lambda x: 3.3 - x)
    assert told(lambda x: 7.0 * x).endswith("that is too large.")


def test_two_slips_that_an_answer_may_show_are_both_said():
    text = complaint_of("12.3", {"row": 64, "diagonal": 2 * 64 + 1, "sampling": 64 * 64 * 3})
    assert text.startswith("`diagonal`: One of two slips. Either: A sign ") and " Or: You are off by one " in text, text


def test_a_slip_that_is_made_throughout_is_named():
    assert complaint_of("03.2", lambda x: np.hstack([x.min(axis=1), x.max(axis=1)])).endswith("over the wrong axis.")


def complaint_of(name, answer) -> str:
    with pytest.raises(Wrong) as error, captured():
        ALL[name].grade(answer)
    return str(error.value)


def test_arguments_that_are_exchanged_or_squared_are_named():
    def told(answer):
        with pytest.raises(Wrong) as error, captured():
            agrees(answer, lambda mu, sigma: mu / sigma + mu, [(0.7, 1.9), (-1.3, 0.4)])
        return str(error.value)

    assert told(lambda m, s: s / m + s) == "`m` and `s` are exchanged."
    assert told(lambda m, s: m / s**2 + m) == "That would be right for the square of `s`: σ² for σ?"


def main() -> None:
    print("lesson  own words  table  changes  too large  named | raised  accepted")
    rows = outcomes()
    inside = [row for row in rows if row[1] not in RESULTS]
    parts = {lesson: [row for row in rows if row[0].startswith(lesson)] for lesson in engine.lessons()}
    for title, part in {**parts, "all": rows, "inside the code": inside}.items():
        own, table, change, vague = shares(part)
        raised, accepted = (sum(row[3] == word for row in part) for word in ("raised", "accepted"))
        print(f"{title:<6} {own:10} {table:6} {change:8} {vague:10} {named(part):6.0%} | {raised:6} {accepted:9}")
    if "-v" in sys.argv:
        print(*(" | ".join(row)[:260] for row in rows), sep="\n")


if __name__ == "__main__":
    main()
