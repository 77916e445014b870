"""The notebook that is handed out is the lesson, and its hidden lines give a point for right answers only."""

import contextlib
import io
import re
import sys
import warnings
from types import SimpleNamespace

import nbformat
import pytest

from course_utils.exercises import engine
from course_utils.exercises.answers import NotAttempted, Wrong
from course_utils.lessons import lessons
from course_utils.making import handout

each = pytest.mark.parametrize("number", lessons())
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", re.DOTALL)  # what nbgrader takes out
GRADED = {"schema_version": 3, "grade": True, "locked": True, "solution": False, "task": False, "points": 1}


def made(number):
    """Return the source notebook of a lesson, and (id, starter, graded cell, what it checks) of each exercise."""
    nb = handout.assignment(nbformat.read(lessons()[number].path, as_version=4))
    exercises = [
        (cell.metadata.nbgrader.grade_id.replace("-", "."), starter.source, cell.source,
         re.search(r", (.+)\)  #", cell.source)[1])
        for starter, cell in zip(nb.cells, nb.cells[1:]) if "nbgrader" in cell.metadata
    ]  # fmt: skip
    return nb, exercises


def run(*code):
    """Run cells as a kernel would, in one namespace, and return what they print; the first exception comes out."""
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for cell in ("from course_utils.exercises import check", *code):
            exec(cell, names)
    return printed.getvalue()


@each
def test_students_get_the_lesson_with_every_exercise_worth_a_point(number):
    lesson = nbformat.read(lessons()[number].path, as_version=4)
    nb, exercises = made(number)
    nbformat.validate(nb)
    assert [key for key, *_ in exercises] == list(engine.load(number))
    graded = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
    assert all(dict(data) == GRADED | {"grade_id": data.grade_id} for data in graded)
    assert all(re.fullmatch(r"[a-zA-Z0-9_\-]+", data.grade_id) for data in graded)  # nbgrader's schema

    def words(notebook):
        return "\n".join(HIDDEN.sub("", cell.source) for cell in notebook.cells).split()

    assert words(nb) == words(lesson) and len(nb.cells) == len(lesson.cells) + len(exercises)


@each
def test_a_right_answer_gets_the_point_and_no_other(number):
    for key, starter, graded, checked in made(number)[1]:
        printed = run(engine.find(key).code, f"{checked} = answer", graded)
        assert printed.startswith("Right."), f"{key}: {printed}"
        with pytest.raises(NotAttempted):
            run("import numpy as np", starter, graded)
        with pytest.raises(Wrong):
            handout.award(key, None)
        with pytest.raises(NameError):  # a cell with a mistake in its syntax leaves no answer
            run(graded)


def test_prints_and_warnings_while_it_is_judged_cost_nothing(monkeypatch, capfd):
    def judge(answer, mistakes):
        print("judging")
        print("judging", file=sys.stderr)
        warnings.warn("careful", stacklevel=2)
        return "Well done."

    monkeypatch.setattr(handout, "find", lambda key: engine.Exercise(judge=judge, mistakes=(), hints=(), solution=""))
    handout.award("03.1", 1.0)
    assert capfd.readouterr() == ("", "")


def test_without_nbgrader_it_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(handout, "CLASS", tmp_path / "class")
    monkeypatch.setattr(handout.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install nbgrader"):
        handout.main(["03"])
    assert not (tmp_path / "class").exists()


def test_the_table_of_points():
    """A row a student and a column an exercise, in order; what could not be graded has no points, nor has their sum."""

    def work(student, **scores):
        grades = [
            SimpleNamespace(name=name.replace("_", "-"), auto_score=score, manual_score=None, score=score or 0.0)
            for name, score in scores.items()
        ]
        return SimpleNamespace(student=SimpleNamespace(id=student), notebooks=[SimpleNamespace(grades=grades)])

    made = handout.table([work("ben", **{"03_2": 1.0, "03_1": 0.0}), work("anna", **{"03_1": None, "03_2": 1.0})])
    assert made.to_csv() == "student,03.1,03.2,total\nanna,,1.0,\nben,0.0,1.0,1.0\n"
