"""What is remembered of solved exercises: right answers only, through damage and crowds, and never in tests."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import platformdirs
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.exercises import check, engine, memory, progress
from course_utils.files import ROOT
from course_utils.lessons import lessons
from course_utils.making.execute import execute

RIGHT, WRONG = 1, 5  # answers to exercise 00.1
ANSWER = f"from course_utils.exercises import check, progress\ncheck('00.1', {RIGHT})\nprogress()"
DAMAGED = {
    "cut off": b"\n01.1\n0",
    "binary": b"\x89PNG\r\n\x00\xff\xfe\n01.1",
    "JSON": b'{"solved": ["02.1"]}\n01.1',
    "wrong digits": "\n٠١.٢\n01.1".encode(),
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return where solved exercises are remembered during the test; there is no such file yet."""
    path = tmp_path / "käse und brot" / "solved.txt"
    monkeypatch.setenv("PROGRESS_FILE", str(path))
    return path


@pytest.fixture
def shown(capsys):
    """Call something and return what it printed."""

    def shown(function, *args):
        capsys.readouterr()
        function(*args)
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return shown


def total():
    """Count the exercises in the lessons themselves."""
    return sum(len(lesson.exercises) for lesson in lessons().values())


def test_only_a_right_answer_is_remembered_and_only_once(file, shown):
    for answer in (WRONG, ..., None, "two", RIGHT - 0.5):
        check("00.1", answer)
    check("99.1", RIGHT)
    assert not file.exists() and f"Solved: 0 of {total()} exercises" in shown(progress)
    assert shown(check, "00.1", RIGHT).startswith("Right.")
    check("00.1", RIGHT)
    check("00.1", WRONG)  # what has been solved stays solved
    assert file.read_text().split() == ["00.1"]
    text = shown(progress)
    assert f"Solved: 1 of {total()} exercises" in text and re.search("00_start_here +1 of 2  ■□\n", text)
    assert "Next: exercise 00.2." in text and f"Remembered in {file} (delete" in text
    file.unlink()  # and it starts anew
    assert "Solved: 0 of" in shown(progress)
    check("00.1", RIGHT)
    assert file.read_text().split() == ["00.1"]


def test_all_solved(file, shown):
    file.parent.mkdir()
    file.write_text("\n".join(key for lesson in engine.lessons() for key in engine.load(lesson)) + "\r\n98.7\r\n")
    text = shown(progress)
    assert f"Solved: {total()} of {total()}" in text and "You have solved them all." in text
    assert "□" not in text and "damaged" not in text  # 98.7 may be an exercise of another version


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_costs_no_other_line_and_says_so(file, shown, content):
    file.parent.mkdir()
    file.write_bytes(content)
    text = shown(progress)
    assert "Solved: 1 of" in text and text.count("Some lines of the file below are damaged.") == 1
    assert text.index("Next: exercise") < text.index("damaged")
    assert file.read_bytes() == content  # looking changes nothing
    assert shown(check, "00.1", RIGHT).startswith("Right.")
    assert "Solved: 2 of" in shown(progress)
    assert file.read_bytes().startswith(content)


@pytest.mark.parametrize(
    "obstacle", ["a folder in its place", "a file for its folder", "no such name", "a full disk", "no right to write"]
)
def test_where_nothing_can_be_stored_the_answer_is_judged_all_the_same(file, shown, monkeypatch, obstacle):
    if obstacle == "a folder in its place":
        file.mkdir(parents=True)
    elif obstacle == "a file for its folder":
        file.parent.write_text("in the way")
    elif obstacle == "no such name":
        monkeypatch.setattr(memory, "place", lambda: Path("with\0zero"))
    elif obstacle == "no right to write":
        file.parent.mkdir(mode=0o500)
        if os.access(file.parent, os.W_OK):
            pytest.skip("this user may write everywhere")
    elif Path("/dev/full").exists():
        for module in (memory, engine):  # /dev/full can be read for ever
            monkeypatch.setattr(module, "recall", lambda: (set(), 0))
        monkeypatch.setenv("PROGRESS_FILE", "/dev/full")
    else:
        pytest.skip("this system has no disk that is always full")
    text = shown(check, "00.1", RIGHT)
    assert text.startswith("Right.") and "could not be remembered: `" in text
    assert shown(check, "00.1", WRONG).startswith("Not yet.")
    assert "Solved: 0 of" in shown(progress)


def test_notebooks_that_are_open_at_the_same_time_lose_nothing(file):
    code = """
import sys
from course_utils.exercises.memory import remember
sys.stdin.readline()
assert not any(remember(f"{sys.argv[1]}.{i}") for i in range(1, 200))
"""
    names = ["10", "11", "12", "13"]
    start = [sys.executable, "-c", code]
    crowd = [subprocess.Popen([*start, name], cwd=ROOT, stdin=subprocess.PIPE, text=True) for name in names]
    for process in crowd:  # they have all been started, and now begin together
        process.stdin.write("go\n")
        process.stdin.close()
    assert [process.wait(timeout=120) for process in crowd] == [0] * 4
    assert sorted(file.read_text().split()) == sorted(f"{name}.{i}" for name in names for i in range(1, 200))


def test_the_table_reads_well_without_the_squares():
    rows = [("02_<a>_box", "1 of 3", "■□□"), ("03", "0 of 1", "□")]
    plain, page = engine._table("Solved: 1 of 4 exercises", rows, ["Next: <3>."])
    root = ElementTree.fromstring(f"<div>{page}</div>")
    assert root.find("table/caption/b").text == "Solved: 1 of 4 exercises" and root.find("p").text == "Next: <3>."
    table = [[cell.text for cell in row if cell.get("aria-hidden") != "true"] for row in root.findall("table/tr")]
    assert table == [["02_<a>_box", "1 of 3"], ["03", "0 of 1"]]
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in root.findall("table/tr"))
    assert plain.splitlines()[0] == "Solved: 1 of 4 exercises" and plain.splitlines()[-1] == "Next: <3>."


# ---- kept apart ------------------------------------------------------------------------------------------------------


def test_a_reader_has_a_file_of_their_own_and_the_tests_have_none(shown, monkeypatch):
    assert memory.place() is None  # as conftest.py says
    check("00.1", RIGHT)
    assert "Solved: 0 of" in shown(progress) and "Remembered" not in shown(progress)
    monkeypatch.delenv("PROGRESS_FILE")
    folder = Path(platformdirs.user_data_dir())
    assert folder in memory.place().parents and ROOT not in memory.place().parents


def test_stored_outputs_know_nothing_of_their_author(file, tmp_path):
    file.parent.mkdir()
    file.write_text("00.2")
    path = tmp_path / "00_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(ANSWER)]), path)
    execute(path)
    outputs = nbformat.read(path, as_version=4).cells[0].outputs
    assert "<b>Right.</b>" in outputs[0].data["text/html"]
    text = "".join(output.data["text/plain"] for output in outputs)
    assert text.startswith("Right.") and "Solved: 0 of" in text and str(file.parent) not in text
    assert file.read_text() == "00.2"


def test_lesson_00_stores_the_overview_of_somebody_who_begins():
    cells = nbformat.read(lessons()["00"].path, as_version=4).cells
    [cell] = [cell for cell in cells if cell.source == "progress()"]
    assert cell.outputs[0].data["text/plain"].startswith(f"Solved: 0 of {total()} exercises\n")
    assert not cell.metadata.get("tags")  # so nbval compares it, and notices when it is out of date
