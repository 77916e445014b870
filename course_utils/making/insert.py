"""Make room for a new lesson: `python -m course_utils.making.insert 14` renumbers the lessons from 14 on.

File names, titles, exercise ids and references ("lesson 14", "lessons 11–15", "exercise 14.2", "14_gan") are changed in all
text files that git knows. What may be such a number and may be another (a quoted "14", a bare 14.2) is left as it is and printed, to
be looked at. Then write notebooks/14_name.ipynb and run `make notebooks`.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from course_utils.files import ROOT, in_one_step

NUMBER = r"\d\d(?:\.\d+)?"  # of a lesson or of an exercise
REFERENCES = re.compile(
    rf"""
    \b(?:lesson|exercise)s?\ {NUMBER} (?: (?:–|,\ |,?\ and\ |\ to\ |\ or\ ) {NUMBER}\b(?!\ \w*\ ?nats) )*  # lessons 11–15
    | \b(?:lesson|test)_\d\d(?=\b|_)       # modules and tests
    | (?<=["'`])\d\d\.\d(?=\\?["'`])       # "14.2", the id of an exercise
    | (?<=\#\ )\d\d(?=\ ·\ )               # the title of a lesson
    | (?<=\|\ )\d\d(?=\ [A-Z])            # its row in lesson 00
    """,
    re.VERBOSE | re.IGNORECASE,
)
DOUBTFUL = re.compile(r"""(?<=["'`])\d\d(?=\\?["'`])|(?<![\d.,−+-])\b\d\d\.\d\b(?!\d)""")


def move(text: str, numbers: range) -> str:
    """Add 1 to each lesson's number among these in a text that holds nothing else of two digits."""
    return re.sub(r"(?<![\d.])\d\d(?!\d)", lambda m: f"{int(m[0]) + (int(m[0]) in numbers):02}", text)


def rewritten(text: str, numbers: range, stems: list[str]) -> tuple[str, list[str]]:
    """Return the text with its references to lessons of these numbers moved, and the lines that may hold more of them."""
    pattern = re.compile(REFERENCES.pattern + "".join(rf"| \b{re.escape(stem)}\b" for stem in stems), REFERENCES.flags)
    rest = pattern.sub("", text)
    doubtful = [
        line.strip() for line in rest.splitlines() if any(int(m[0][:2]) in numbers for m in DOUBTFUL.finditer(line))
    ]
    return pattern.sub(lambda m: move(m[0], numbers), text), doubtful


def insert(root: Path, first: int) -> list[str]:
    """Renumber the lessons from `first` on, in the working tree at root; return the lines to look at."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name and (root / name).is_file()]
    stems = [path.stem for path in paths if path.match("notebooks/[0-9][0-9]_*.ipynb")]
    if f"{first:02}" not in {stem[:2] for stem in stems}:
        raise ValueError(
            f"there is no lesson {first:02} that could move; lessons: {', '.join(sorted(s[:2] for s in stems))}"
        )
    numbers, look = range(first, int(max(stems)[:2]) + 1), []
    for path in (path for path in paths if path.name not in (Path(__file__).name, "test_insert.py")):
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        new, doubtful = rewritten(text, numbers, stems)
        look += [f"{path}: {line:.160}" for line in doubtful if path.suffix in (".py", ".md", ".toml", ".yml")]
        if new != text:
            with in_one_step(root / path) as part:
                part.write_text(new, encoding="utf-8")
    numbered = re.compile(r"^(\d\d)(?=_)|(?<=^lesson_)\d\d(?=\.py)|(?<=^test_)\d\d(?=\.py)")
    for path in sorted(paths, reverse=True):  # the last lesson first, so that none is in the way
        name = numbered.sub(lambda m: move(m[0], numbers), path.name)
        if name != path.name:
            subprocess.run(["git", "mv", str(path), str(path.with_name(name))], cwd=root, check=True)
    return look


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m course_utils.making.insert", description=__doc__.split("\n")[0])
    parser.add_argument("number", type=int, help="of the new lesson, such as 14; those from it on get the next number")
    try:
        look = insert(ROOT, parser.parse_args().number)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("Look at these lines: a number in them may be a lesson's.", *look, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
