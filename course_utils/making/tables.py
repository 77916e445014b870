"""What other pages say of the lessons, made from the lessons: `make notebooks` brings it up to date.

In a table that has a column of lessons, the cells that hold facts (title, minutes, needs, titles of exercises) are
written anew and all others stay; a new lesson gets a row with … where somebody has to write. Links follow renamed files.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat

from course_utils import files
from course_utils.files import in_one_step
from course_utils.lessons import Lesson, lessons
from course_utils.making.numbers import uncomputed

Column = Callable[[Lesson, str], str]  # (lesson, what stands there) → what shall stand there
TO_SET, KEEN = "Exercises to set", "To leave to the keen"
LINK = re.compile(r"(\]\((?:\w+/)*|notebooks(?:/|%2F))((\d\d)_\w+\.ipynb)")
ALONE = re.compile(r"^except ModuleNotFoundError.*\Z", re.M | re.S)  # at the end of a lesson's first cell
LIST = "## Numbers that nothing computes yet\n"


def _exercises(lesson: Lesson, cell: str) -> str:
    """Return the exercises of a cell with the titles that they have in the lesson, without those that are gone."""
    ids = [name for name in re.findall(r"\d\d\.\d+", cell) if name in lesson.exercises]
    return "; ".join(f"{name} · {lesson.exercises[name]}" for name in ids) or "–"


def _sections(lesson: Lesson, cell: str) -> str:
    """Return the sections of a cell, by their numbers, with the titles that they have in the lesson, without those that are gone."""
    wanted = re.findall(r"(?:^|; )(\d+) · ", cell)
    return "; ".join(title for title in lesson.sections if title.partition(" · ")[0] in wanted) or "–"


MINUTES: Column = lambda lesson, _: str(lesson.minutes)  # noqa: E731
README: dict[str, Column] = {
    "": lambda lesson, _: lesson.number,
    "Lesson": lambda lesson, _: f"[{lesson.title}](notebooks/{lesson.path.name})",
    "Minutes": MINUTES,
}
PLAN: dict[str, Column] = {
    "Lesson": lambda lesson, _: f"[{lesson.number} · {lesson.title}]({lesson.path.name})",
    "Minutes": MINUTES,
    "Needs": lambda lesson, _: lesson.needs,
    TO_SET: _exercises,
    KEEN: _exercises,
}
DECKS: dict[str, Column] = {
    "Lesson": PLAN["Lesson"],
    "Slides": lambda lesson, _: str(lesson.slides),
    "In a short session leave out": _sections,
}
WAY: dict[str, Column] = {"lesson": lambda lesson, _: f"{lesson.number} {lesson.title}", "minutes": MINUTES}


def update() -> list[str]:
    """Bring README, lesson plan, formulas, glossary and the list in CONTRIBUTING.md up to date; return what changed.

    The table of lesson 00 is `way`'s.
    """
    known, changed = lessons(), []
    pages = [files.ROOT / "README.md", files.ROOT / "CONTRIBUTING.md", *sorted(files.NOTEBOOKS.glob("*.md"))]
    for path in pages:
        if not path.exists():
            continue
        before = path.read_text(encoding="utf-8")
        text = LINK.sub(lambda link: link[1] + (known[link[3]].path.name if link[3] in known else link[2]), before)
        if path.name == "README.md":
            text = table(text, known, README)
        elif path.name == "for_lecturers.md":
            text = table(_complete(table(text, known, PLAN), known), known, DECKS)
        elif path.name == "formulas.md":
            text = re.sub(
                r"^## \[(\d\d) · .*?\]", lambda head: f"## [{head[1]} · {known[head[1]].title}]", text, flags=re.M
            )
        elif path.name == "CONTRIBUTING.md":
            text = text.partition(LIST)[0] + LIST + "\n" + "\n".join(_uncomputed(known)) + "\n"
        if text != before:
            with in_one_step(path) as part:
                part.write_text(text, encoding="utf-8")
            changed.append(path.name)
    return changed


def way(nb: nbformat.NotebookNode, known: Mapping[str, Lesson]) -> None:
    """Bring the tables of lesson 00 up to date, the first and the second half; a new lesson comes last."""
    cells = [cell for cell in nb.cells if cell.cell_type == "markdown" and "| lesson |" in cell.source]
    there = {number for cell in cells for number in _numbers(cell.source, "lesson")}
    for cell in cells:
        missing = known.keys() - there if cell is cells[-1] else set()
        own = {number for number in known if number in missing or number in _numbers(cell.source, "lesson")}
        cell.source = table(cell.source, {number: known[number] for number in sorted(own)}, WAY)


def address(root: Path | None = None) -> str:
    """Return OWNER/NAME of the course on GitHub, as pyproject.toml says it; address.py puts another one there."""
    file = (root or files.ROOT) / "pyproject.toml"
    if not file.exists():
        raise FileNotFoundError(
            f"{file} is missing. Web book, tables and address are made in a clone of the course; "
            "what pip installs from a wheel has only what a reader needs."
        )
    return re.search(r'^Repository = "https://github\.com/(.+)"$', file.read_text(encoding="utf-8"), re.M)[1]


def setup(nb: nbformat.NotebookNode) -> None:
    """Write anew what a lesson's first code cell says where something that it imports is missing."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = ALONE.sub(lambda _: _alone("import torch" in cell.source), cell.source)
            return


def _alone(torch: bool) -> str:
    """Return the end of a first cell; torch: whether the lesson needs PyTorch."""
    where = f"https://github.com/{address()}"
    lines = [
        "except ModuleNotFoundError as missing:",
        '    print(f"""This kernel has no {missing.name}. In the course\'s folder `make lab` starts a JupyterLab that has it; elsewhere',
        "run one of these lines in a cell of its own (the second on Colab), restart the kernel and begin again.",
        f"    %pip install git+{where}",
        f'    %pip install --no-deps git+{where} anywidget psygnal python_avatars resvg_py""")',
    ]
    if torch:
        lines[-1] = lines[-1].removesuffix('""")')
        lines.append(
            'On a Mac with an Intel processor there is no PyTorch for this lesson: read it in the web book.""")'
        )
    return "\n".join(lines)


def table(text: str, known: Mapping[str, Lesson], columns: Mapping[str, Column]) -> str:
    """Return the text with one row for each lesson in the table that has these columns, in the lessons' order."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if columns.keys() <= set(_cells(line)) and line.startswith("|"))
    end = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    head = _cells(lines[start])
    lesson_at = next(i for i, name in enumerate(head) if name.lower() == "lesson")
    old = {_number(cells[lesson_at]): cells for cells in map(_cells, lines[start + 2 : end])}
    rows = []
    for number, lesson in known.items():
        cells = old.get(number, ["…"] * len(head))
        cells = [columns[name](lesson, cell) if name in columns else cell for name, cell in zip(head, cells)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines[: start + 2] + rows + lines[end:]) + "\n" * text.endswith("\n")


def _complete(plan: str, known: Mapping[str, Lesson]) -> str:
    """Return the plan with the exercises that it does not have yet among those to set."""
    there = set(re.findall(r"(\d\d\.\d+) · ", plan))
    new = {n: {name: "" for name in lesson.exercises if name not in there} for n, lesson in known.items()}

    def add(lesson: Lesson, cell: str) -> str:
        return _exercises(lesson, " ".join([cell, *new[lesson.number]]))

    return table(plan, known, {"Lesson": PLAN["Lesson"], TO_SET: add})


def _uncomputed(known: Mapping[str, Lesson]) -> list[str]:
    """Return the list of what the lessons' comments say is not computed."""
    found = []
    for number, lesson in known.items():
        quotes = [(_short(quote), note) for quote, note in uncomputed(lesson.prose)]
        found += [f"- {number}: “… {quote}”: {note}" for quote, note in quotes]
    return found or ["None."]


def _short(quote: str) -> str:
    """Return the last words of a line, without comments, marks and whatever a table or a link could take for its own."""
    words = re.sub(r"<!--.*?-->|[|`*\[\]<>]", " ", quote).split()
    return " ".join(words[-8:])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line.startswith("|") else []


def _number(cell: str) -> str:
    """Return the number of the lesson that a cell names."""
    return re.search(r"\b(\d\d)(?=[_ ])", cell)[1]


def _numbers(text: str, heading: str) -> list[str]:
    return [
        _number(cells[0])
        for line in text.splitlines()
        if (cells := _cells(line)) and cells[0] != heading and "---" not in cells[0]
    ]
