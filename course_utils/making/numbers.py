"""Numbers that prose quotes, bound to the lesson's own names by a comment that no reader sees.

    the lead is **0.08**<!-- {lead:.2f} -->     what stands between the braces, as in an f-string, writes the number
    from 100 labels on<!-- ! lead[100] < 0 -->  must be true, or the sentence has to be read again
    some 500 nats<!-- ? counted by hand -->     nothing computes it yet; `make notebooks` lists it in CONTRIBUTING.md

Marks may stand between a number and its comment, as in $\\log 99 \\approx 4.6$<!-- {np.log(99):.1f} -->, and the number
may be a word, as in six<!-- {len(few)} -->. The names are those that the lesson has where the cell stands, or else at
its end.
"""

import re
from dataclasses import dataclass

COMMENT = re.compile(r"<!-- (?:(?P<field>\{.+?\})|! (?P<claim>.+?)|\? (?P<note>.+?)) -->", re.DOTALL)
WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
NUMBER = r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-−+]?\d+)?"
QUOTED = re.compile(  # a number or its word, and the marks that may stand between it and its comment
    rf"(?P<number>(?<![\w.])(?<!\d,){NUMBER}|\b(?:{'|'.join(WORDS)})\b)"
    r"(?P<marks>(?:[\s$*_`)%°}\]]|\\[,%])*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bound:
    """A number of a cell's source that has an expression, or a claim: then `number` is empty."""

    start: int
    end: int
    number: str
    expression: str  # of Python: an f-string for a number, a condition for a claim

    def written(self, value: str) -> str:
        """Return a value in the form that the number has here: as a word, or with the minus sign of prose.

        Raises ValueError if it is no number, such as nan.
        """
        if not re.fullmatch(NUMBER, value, re.IGNORECASE):
            raise ValueError(f"{self.expression} is {value!r}: no number that prose can quote")
        value = re.sub(r"^-(?=[0.]+$)", "", value)  # a zero has no sign
        if self.number.lower() in WORDS and value.isdecimal() and int(value) < len(WORDS):
            word = WORDS[int(value)]
            return word.capitalize() if self.number[0].isupper() else word
        return value if self.number.startswith("-") else value.replace("-", "−")


def bound(source: str) -> list[Bound]:
    """Return the bound numbers and claims of a cell's source, in order.

    Raises ValueError if there is no number before a comment that has an expression for one.
    """
    found = []
    for comment in COMMENT.finditer(source):
        if comment["claim"]:
            found.append(Bound(comment.start(), comment.start(), "", comment["claim"]))
        elif comment["field"]:
            before = QUOTED.search(source[: comment.start()])
            if not before:
                raise ValueError(f"no number stands before {comment[0]}")
            found.append(Bound(*before.span("number"), before["number"], f"f'''{comment['field']}'''"))
    return found


def uncomputed(source: str) -> list[tuple[str, str]]:
    """Return the numbers that nothing computes, each with its note: what stands on the line before the comment."""
    comments = [comment for comment in COMMENT.finditer(source) if comment["note"]]
    return [(source[: c.start()].rpartition("\n")[2].strip(), c["note"]) for c in comments]


def rewritten(source: str, values: dict[Bound, str]) -> str:
    """Return the source with these values in the places of the numbers."""
    for one in sorted(values, key=lambda one: one.start, reverse=True):
        if one.number:
            source = source[: one.start] + one.written(values[one]) + source[one.end :]
    return source
