"""Hand a lesson's exercises out and count the points, with nbgrader, in the folder `class/`.

    python -m course_utils.making.handout 03            # makes the notebook to hand out
    python -m course_utils.making.handout 03 --points   # grades what came back, and shows the table

The notebook is the lesson with each `check` in a cell of its own, which nbgrader locks, grades and restores. The line
that gives the point is hidden: students see the same exercises as in the lesson, and need no nbgrader.
"""

import argparse
import importlib.util
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbformat import NotebookNode

from course_utils.exercises.answers import NotAttempted, captured, unattempted
from course_utils.exercises.engine import find
from course_utils.files import OUTPUT, in_one_step
from course_utils.lessons import lessons

CLASS = OUTPUT / "class"  # nbgrader's folder of a course; not in git, for it holds the names of students
CELL_TIMEOUT = 120  # seconds
STARTER = re.compile(r'(?P<starter>.+)\n(?P<check>check\("(?P<id>\d\d\.\d+)", .+)', re.DOTALL)


def award(exercise_id: str, answer: Any) -> None:
    """Do nothing if the answer is right, which is one point; raise for any other."""
    with captured():  # nbgrader takes the point away for a warning
        if unattempted(answer):
            raise NotAttempted("not attempted")
        find(exercise_id).grade(answer)


def assignment(lesson: NotebookNode) -> NotebookNode:
    """Return nbgrader's source notebook: a lesson in which each exercise has a graded cell, worth one point."""
    made = nbformat.v4.new_notebook(metadata=lesson.metadata)
    for cell in lesson.cells:
        match = STARTER.fullmatch(cell.source) if cell.cell_type == "code" else None
        if match:
            test = f"from course_utils.making.handout import award\n{match['check'].replace('check', 'award', 1)}"
            made.cells.append(nbformat.v4.new_code_cell(match["starter"].rstrip(), id=cell.id))
            cell = nbformat.v4.new_code_cell(
                f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS\n{match['check']}", id=f"{cell.id}-check"
            )
            cell.metadata.nbgrader = {
                "schema_version": 3, "grade": True, "grade_id": match["id"].replace(".", "-"), "points": 1,
                "locked": True, "solution": False, "task": False,
            }  # fmt: skip
        made.cells.append(cell)
    return made


def points(database: Path, name: str) -> pd.DataFrame:
    """Return the points of the assignment `name` in nbgrader's database, as `table` does."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{database}") as book:
        return table(book.assignment_submissions(name))


def table(submissions: Iterable) -> pd.DataFrame:
    """Return nbgrader's submissions as a row a student, a column an exercise, and the total; nan is what has no grade."""
    rows = {
        work.student.id: {
            grade.name.replace("-", "."): math.nan if grade.auto_score is grade.manual_score is None else grade.score
            for part in work.notebooks
            for grade in part.grades
        }
        for work in submissions
    }
    points = pd.DataFrame.from_dict(rows, orient="index").sort_index().sort_index(axis=1)
    return points.assign(total=points.sum(axis=1, skipna=False)).rename_axis("student")


def main(argv: list[str] | None = None) -> None:
    """Make the assignment of a lesson or, with --points, grade what lies in class/submitted and write the table."""
    parser = argparse.ArgumentParser(
        "python -m course_utils.making.handout", description="Hand out exercises, collect them."
    )
    parser.add_argument("lesson", choices=lessons(), metavar="LESSON", help="its number, such as 03")
    parser.add_argument("--points", action="store_true", help="grade what came back, and show the points")
    given = parser.parse_args(argv)
    if not importlib.util.find_spec("nbgrader"):
        sys.exit(f"This needs nbgrader: {sys.executable} -m pip install nbgrader")
    own = str(Path(sys.executable).parent)  # where nbgrader will look for its alembic
    os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", "")])
    os.environ["PROGRESS_FILE"] = "off"  # what students have solved is not what the lecturer has
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # their code runs in this Python, whatever else is registered
    name, lesson = f"lesson_{given.lesson}", lessons()[given.lesson].path
    source = CLASS / "source" / name / f"{lesson.stem}_exercises.ipynb"
    if given.points:
        count = len(list(CLASS.glob(f"submitted/*/{name}")))
        if not (CLASS / "gradebook.db").exists() or not count:
            wanted = CLASS / "submitted" / "STUDENT" / name
            parser.error(f"there is nothing to grade: no folder {wanted}, or no assignment {name}")
        print(f"Running {count} notebooks. What they contain runs on this machine.", flush=True)
        complete = nbgrader(
            "autograde", name, "--force", f"--Execute.timeout={CELL_TIMEOUT}", f"--Execute.iopub_timeout={CELL_TIMEOUT}"
        )  # its own 4 s are too few on a busy machine
        found = points(CLASS / "gradebook.db", name)
        with in_one_step(CLASS / f"{name}.csv") as part:
            found.to_csv(part)
        print(found.to_string(na_rep="–"), f"Written to {CLASS / name}.csv", sep="\n\n")
        sys.exit(None if complete else "Not everything could be graded: see the messages above the table.")
    if not source.exists():  # else it may hold the lecturer's own changes
        source.parent.mkdir(parents=True, exist_ok=True)
        with in_one_step(source) as part:
            part.write_text(nbformat.writes(assignment(nbformat.read(lesson, as_version=4))) + "\n", encoding="utf-8")
    if not nbgrader("generate_assignment", name):
        sys.exit("nbgrader could not make the assignment: see the messages above.")
    print(f"Hand this out: {CLASS / 'release' / name / source.name}")


def nbgrader(*arguments: str) -> bool:
    """Run one of nbgrader's commands in the class's folder, showing only errors; return whether it succeeded."""
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", *arguments, "--log-level=ERROR"]
    return subprocess.run(command, cwd=CLASS).returncode == 0


if __name__ == "__main__":
    main()
