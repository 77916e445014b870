"""What the lessons say of themselves, read from their notebooks: every table and title elsewhere is made from it."""

import argparse
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course_utils import files

WORDS_A_MINUTE = 150  # of prose, formulas included
MINUTES_A_CELL = 0.6  # of code: to read it, run it and look at what comes
MINUTES_AN_EXERCISE = 4  # the quick ones take two, a program takes ten


@dataclass(frozen=True)
class Lesson:
    """One lesson, by its notebook file; what cannot be found there raises ValueError, with what was expected."""

    path: Path

    @property
    def number(self) -> str:
        """Return its number, such as "05"."""
        return self.path.name[:2]

    @property
    def title(self) -> str:
        """Return its title without its number, such as "Naive Bayes on Wrodl"."""
        return self._find(rf"^# {self.number} · (.*\S)", "a title '# NN · …'")

    @property
    def minutes(self) -> int:
        """Return how long it says that it takes."""
        return int(self._find(r"\*\*Time:\*\* (\d+) minutes", "'**Time:** NN minutes'"))

    @property
    def pace(self) -> float:
        """Return how many minutes it takes at the pace that is the same for all lessons."""
        words = len(re.findall(r"\w+", re.sub(r"<!--.*?-->", "", self.prose, flags=re.S)))
        code = sum(cell["cell_type"] == "code" for cell in self._cells)
        return words / WORDS_A_MINUTE + code * MINUTES_A_CELL + len(self.exercises) * MINUTES_AN_EXERCISE

    @property
    def needs(self) -> str:
        """Return which lessons it needs, in words, such as "lessons 05 and 07" or "nothing"."""
        return self._find(r"\*\*Needs:\*\* *([^·\n]*[^·\s])", "'**Needs:** …'")

    @property
    def sections(self) -> list[str]:
        """Return the headings of its sections, such as ["1 · A box", …, "Summary", "Further reading"]."""
        return re.findall(r"^## (.*\S)", self.prose, re.M)

    @property
    def slides(self) -> int:
        """Return how many slides its deck has."""
        kinds = [cell["metadata"].get("slideshow", {}).get("slide_type") for cell in self._cells]
        return kinds.count("slide") + kinds.count("subslide")

    @property
    def exercises(self) -> dict[str, str]:
        """Return its exercises: id → title."""
        return dict(re.findall(r"^### Exercise (\d\d\.\d+) · (.*\S)", self.prose, re.M))

    @property
    def questions(self) -> dict[str, str]:
        """Return what its exercises ask, in Markdown: id → the text below its title, and the code to complete."""
        found: dict[str, list[str]] = {}
        asked = None
        for cell in self._cells:
            source = "".join(cell["source"])
            heading = re.search(r"^### Exercise (\d\d\.\d+) · .*\n?", source, re.M)
            if cell["cell_type"] == "markdown" and heading:
                asked, found[heading[1]] = heading[1], [source[heading.end() :]]
            elif asked and cell["cell_type"] == "markdown":
                found[asked].append(source)
            elif asked:
                code = re.sub(r" *# stuck\?.*", "", source)
                found[asked].append(f"```python\n{code}\n```")
                if f'check("{asked}"' in source:
                    asked = None
        return {
            name: re.sub(r"<!--.*?-->", "", "\n\n".join(filter(str.strip, texts)), flags=re.S).strip()
            for name, texts in found.items()
        }

    @cached_property
    def prose(self) -> str:
        """Return the text of all its Markdown cells."""
        return "\n\n".join("".join(cell["source"]) for cell in self._cells if cell["cell_type"] == "markdown")

    @cached_property
    def _cells(self) -> list[dict]:
        return json.loads(self.path.read_text(encoding="utf-8"))["cells"]

    def _find(self, pattern: str, wanted: str) -> str:
        if found := re.search(pattern, self.prose, re.M):
            return found[1]
        raise ValueError(f"{self.path.name} lacks {wanted} in its first cell")


def lessons(folder: Path | None = None) -> dict[str, Lesson]:
    """Return the lessons in a folder, by default those of the course, in order: number → Lesson."""
    return {path.name[:2]: Lesson(path) for path in sorted((folder or files.NOTEBOOKS).glob("[0-9][0-9]_*.ipynb"))}


def chosen(numbers: list[str]) -> list[Lesson]:
    """Return the lessons of these numbers, or all if there are none; raises ValueError for a number that no lesson has."""
    known = lessons()
    if unknown := [number for number in numbers if number not in known]:
        raise ValueError(f"there is no lesson {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[number] for number in numbers or known]


def asked(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Parse a command that takes lessons' numbers; its `lessons` are those, or all. Exits for a number that no lesson has."""
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="such as 05; default: all lessons")
    arguments = parser.parse_args(argv)
    try:
        arguments.lessons = chosen(arguments.numbers)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def title_of(cells: list[dict]) -> str:
    """Return the first heading of a notebook's cells, such as "05 · Naive Bayes on Wrodl", or "Lesson" if there is none."""
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    heading = re.search(r"^# (.*\S)", prose, re.M)
    return heading[1] if heading else "Lesson"
