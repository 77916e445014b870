"""Handle what a reader may hand in: tell `...` from an answer, describe any value, keep prints out of the notebook."""

import ast
import contextlib
import dis
import inspect
import io
import math
import re
import sys
import textwrap
import types
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

Mistakes = Sequence[tuple[Any, str]]  # typical wrong answers, each with the words that it is told


class Wrong(Exception):
    """Say what is wrong with an answer, in words for the reader."""


class Vague(Wrong):
    """Say only that a value is wrong, not by which slip it came about."""


class NotAttempted(Exception):
    """Say that an answer still is, or still needs, the starter's `...`."""


def unattempted(answer: Any, depth: int = 3) -> bool:
    """Tell whether an answer is `...`, holds one, or is a function whose body is only `...` or `pass`."""
    if answer is ...:
        return True
    with contextlib.suppress(Exception, SystemExit):
        if isinstance(answer, (types.FunctionType, types.MethodType)):
            steps = dis.get_instructions(answer)
            says_nothing = all(s.opname in ("RESUME", "NOP") or s.opname in _RETURN and s.argval is None for s in steps)
            return says_nothing and not _has_return(answer)
        items: Iterable = ()
        if isinstance(answer, dict):
            items = answer.values()
        elif isinstance(answer, np.ndarray) and answer.dtype == object:
            items = answer.flat
        elif isinstance(answer, (list, tuple)):
            items = answer
        return depth > 0 and any(unattempted(item, depth - 1) for item in islice(items, 1000))
    return False


_RETURN = ("LOAD_CONST", "RETURN_CONST", "RETURN_VALUE")  # with None: all that `pass` compiles to, and a bare `return`


def _has_return(function: Any) -> bool:
    """Tell whether a function's source, where it is known, has a `return`."""
    with contextlib.suppress(Exception, SystemExit):
        (statement,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        return isinstance(statement, ast.FunctionDef) and any(isinstance(n, ast.Return) for n in ast.walk(statement))
    return False


def show(value: Any) -> str:
    """Describe a reader's value in a few words: rounded, cut, the same in every run."""
    try:
        return clean(_describe(value), 80)
    except (Exception, SystemExit):
        return clean(f"an object of type {type(value).__name__}", 80)


def describe_error(error: BaseException) -> str:
    """Return the type and the message of an exception, such as ValueError: no points."""
    try:
        return clean(f"{type(error).__name__}: {error}".removesuffix(": "), 160)
    except (Exception, SystemExit):
        return clean(type(error).__name__, 160)


def clean(text: str, limit: int) -> str:
    """Return text on one line, printable, without memory addresses and backticks, of at most `limit` characters."""
    text = "".join(c if c.isprintable() else " " for c in text[: 10 * limit]).replace("`", "'")
    text = " ".join(re.sub("(?: at)? ?0x[0-9a-fA-F]{6,}", "", text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _describe(value: Any, depth: int = 2) -> str:
    if value is None or value is ... or isinstance(value, (bool, np.bool_)):
        return "..." if value is ... else str(value)
    if isinstance(value, (int, np.integer)):
        size = abs(int(value))
        return str(int(value)) if size < 10**15 else f"a whole number of about {math.ceil(math.log10(size))} digits"
    if isinstance(value, (float, complex, np.inexact)):
        return f"{value:.5g}"
    if isinstance(value, str):
        return f'"{value[:60]}{"…" if len(value) > 60 else ""}"'
    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        few = value.ndim < 2 and value.size <= 5
        kind = "an array of True and False" if value.dtype == bool else "an array"
        return _describe(value.tolist(), depth) if few else f"{kind} of shape {value.shape}"
    if isinstance(value, (list, tuple, dict)):
        if not depth:
            return "…"
        pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        items = [
            (f"{_describe(key, depth - 1)}: " if isinstance(value, dict) else "") + _describe(item, depth - 1)
            for key, item in islice(pairs, 5)
        ]
        items += ["…"] * (len(value) > 5)
        left, right = "{}" if isinstance(value, dict) else "()" if isinstance(value, tuple) else "[]"
        return f"{left}{', '.join(items)}{right}"
    if isinstance(value, types.FunctionType):
        return "a function" if value.__name__ == "<lambda>" else f"the function {value.__name__}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"an object of type {type(value).__name__}"


class Printed(io.TextIOBase):
    """Take what is printed, keep only how it begins, so that endless printing needs no memory, and pass it on."""

    limit = 300

    def __init__(self, outer: Any = None) -> None:
        self.text, self.outer = "", outer if isinstance(outer, Printed) else None

    def write(self, text: str) -> int:
        self.text += text[: self.limit + 1 - len(self.text)]  # one more than is shown, to know that something was cut
        if self.outer is not None:
            self.outer.write(text)
        return len(text)

    def shown(self) -> str:
        """Return the beginning of what was printed, printable and without memory addresses."""
        text = "".join(c if c.isprintable() or c == "\n" else " " for c in self.text)
        text = re.sub("(?: at)? ?0x[0-9a-fA-F]{6,}", "", text).rstrip()
        return text if len(self.text) <= self.limit else text[: self.limit] + "…"


@contextlib.contextmanager
def captured() -> Iterator[Printed]:
    """Keep prints and warnings out of the notebook while a reader's code runs."""
    printed = Printed(sys.stdout)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(Printed()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            yield printed
