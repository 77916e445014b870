"""An entry in the scoreboard of lesson 19: what `evaluation.enter` found of a reader's model, as a row and as a file."""

import json
import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from course_utils.files import in_one_step

DENSITIES = ("exact", "bound", "none")
LONGEST = 60  # characters of a name
NOT_FINITE = {"nan": math.nan, "inf": math.inf}  # in a file by their names: JSON has no such numbers
SHARES = ("p_faces", "rule1", "exact", "rule2", "coverage", "reference_coverage")
NATS = ("nats", "error", "training", "others")


@dataclass(frozen=True)
class Entry:
    """A row of the scoreboard. print(entry) shows it in one line, with its remarks below.

    density: what its nats are, "exact", a "bound" from above, or "none". nats, training, others, p_faces: as in
    evaluation.Surprise, nan without a density; p_faces is nan for a bound that is drawn by lot as well. error: the standard error of
    such a bound's nats, else 0. rule1, exact, rule2, coverage, reference_coverage: as in evaluation.Scores, of n pictures. ms: what a
    picture took, in milliseconds of processor time. remarks: "photocopier: …", "the truth, or a leak: …",
    "two models: …", each with its reason.
    """

    name: str
    density: str
    nats: float
    error: float
    training: float
    others: float
    p_faces: float
    rule1: float
    exact: float
    rule2: float
    coverage: float
    reference_coverage: float
    n: int
    ms: float
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for what no model can have."""
        check_name(self.name)
        if self.density not in DENSITIES:
            raise ValueError(f"density must be one of {', '.join(DENSITIES)}, got {self.density!r}")
        for what in (*NATS, *SHARES, "ms"):
            value = getattr(self, what)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{what} must be a number, got {value!r}")
            unknown = math.isnan(value) and (what == "p_faces" or what in NATS and self.density == "none")
            most = 1.001 if what in SHARES else math.inf  # 1, with the rounding that evaluation allows
            if not unknown and not 0 <= value <= most:
                raise ValueError(f"{what} must be {'a share' if what in SHARES else '0 or above'}, got {value}")
        if not isinstance(self.n, int) or self.n < 1:
            raise ValueError(f"n must be a whole number from 1 upwards, got {self.n!r}")
        if not isinstance(self.remarks, tuple) or not all(isinstance(words, str) for words in self.remarks):
            raise ValueError(f"remarks must be words, got {self.remarks!r}")

    def __str__(self) -> str:
        """Return the row, with the nats of training faces / others in brackets, and a line for each remark."""
        mark = {"exact": "", "bound": "≤ "}.get(self.density)
        price = (
            "no density"
            if mark is None
            else f"{mark + format(self.nats, '.1f'):>7} nats ({self.training:.1f} / {self.others:.1f})"
        )
        row = (
            f"{self.name:16} {price:28} Rule 1 {self.rule1:.2f}  exact {self.exact:.2f}  Rule 2 {self.rule2:.2f}  "
            f"coverage {self.coverage:.2f}"
        )
        return "\n".join([row, *(f"    → {words}" for words in self.remarks)])

    def save(self, folder: str | Path) -> Path:
        """Write the entry into a file of its own in this folder, in one step, and return its path.

        The file is named after the entry. One that says something else stays, and the new one gets a number.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^\w]+", "-", self.name.lower()).strip("-") or "entry"
        text = json.dumps(self._plain(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        path, number = folder / f"{stem}.json", 1
        while path.exists() and path.read_bytes() != text.encode():
            number += 1
            path = folder / f"{stem}-{number}.json"
        with in_one_step(path) as part:
            part.write_bytes(text.encode())
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the entry that save has written; raises ValueError that says what is wrong with any other file."""
        try:
            found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:  # no JSON, or no text
            raise ValueError(f"it is no JSON: {error}") from None
        wanted = {field.name for field in fields(cls)}
        if not isinstance(found, dict) or set(found) != wanted:
            missing = sorted(wanted - set(found)) if isinstance(found, dict) else sorted(wanted)
            raise ValueError(f"it is no entry: {', '.join(missing) or 'something'} is missing or too much")
        found |= {
            what: NOT_FINITE.get(value, value)
            for what, value in found.items()
            if isinstance(value, str) and what != "name"
        }
        if isinstance(found["remarks"], list):
            found["remarks"] = tuple(found["remarks"])
        return cls(**found)

    def _plain(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            what: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for what, value in values.items()
        }


def check_name(name: str) -> None:
    """Raise ValueError unless this is a name for an entry: one line that can be printed."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST:
        raise ValueError(f"name must be words in one line of at most {LONGEST} characters, got {name!r:.80}")
