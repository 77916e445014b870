"""The reader's working copy: what they wrote is never overwritten, and what they did not touch follows the course."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client.manager import start_new_kernel

from course_utils import lab

NAME = "01_first.ipynb"
STARTER = ["# A lesson", "answer = ...\n\nanswer"]


@pytest.fixture
def course(tmp_path):
    """A course with one lesson, in a folder whose name is a nuisance."""
    folder = tmp_path / "Kurs – Übung 1"
    (folder / "notebooks").mkdir(parents=True)
    write_lesson(folder / "notebooks" / NAME, STARTER)
    return folder


def write_lesson(path: Path, sources: list[str]) -> None:
    """Write a notebook of a markdown cell and code cells."""
    cells = [
        {"cell_type": "code" if i else "markdown", "id": f"{i}", "metadata": {}, "source": source}
        | ({"outputs": [], "execution_count": None} if i else {})
        for i, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def update(course: Path) -> list[str]:
    return lab.update_working_copy(course / "notebooks", course / "my_lessons")


def change(path: Path, how) -> bytes:
    """Let `how` change the notebook at `path`, write it, and return the file's bytes."""
    notebook = json.loads(path.read_bytes())
    how(notebook)
    path.write_text(json.dumps(notebook, indent=1))
    return path.read_bytes()


def run_in_jupyterlab(notebook: dict) -> None:
    """Do what running all cells and saving does: everything but type, source and attachments."""
    notebook["metadata"] = {"kernelspec": {"name": "python3"}, "widgets": {"state": {}}}
    for count, cell in enumerate(notebook["cells"]):
        cell["source"] = cell["source"].splitlines(keepends=True)
        cell["metadata"] = {"collapsed": True}
        cell["id"] = f"new-{count}"
        if cell["cell_type"] == "code":
            cell |= {
                "outputs": [{"output_type": "stream", "name": "stdout", "text": ["ran"]}],
                "execution_count": count,
            }
        else:
            cell["attachments"] = {}


EDITS = {
    "a source": lambda nb: nb["cells"][1].update(source="answer = 42"),
    "one blank": lambda nb: nb["cells"][1].update(source=nb["cells"][1]["source"] + " "),
    "a new cell": lambda nb: nb["cells"].append({"cell_type": "code", "source": "", "metadata": {}}),
    "a deleted cell": lambda nb: nb["cells"].pop(),
    "the order": lambda nb: nb["cells"].reverse(),
    "a cell's type": lambda nb: nb["cells"][1].update(cell_type="raw"),
    "a picture": lambda nb: nb["cells"][0].update(attachments={"me.png": {"image/png": "AAAA"}}),
}
UNREADABLE = [
    b"",
    b"{",
    b"<<<<<<< HEAD\n",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"cells": 3}',
    b'{"cells": [1]}',
    b'{"cells": [{"cell_type": "code", "source": 1}]}',
    b"[" * 100_000,
]


def test_a_fresh_working_copy_is_the_course(course):
    (course / "notebooks" / "Untitled.ipynb").write_text("{}")  # made by accident: no lesson
    assert update(course) == []
    assert (course / "my_lessons" / NAME).read_bytes() == (course / "notebooks" / NAME).read_bytes()
    assert sorted(os.listdir(course / "my_lessons")) == [lab.DELIVERED, NAME]


def test_pages_beside_the_lessons_come_too_and_follow_the_course_unless_edited(course):
    page, copy = course / "notebooks" / "glossary.md", course / "my_lessons" / "glossary.md"
    page.write_text("# Glossary", encoding="utf-8")
    assert update(course) == []
    assert copy.read_bytes() == page.read_bytes()
    page.write_text("# Glossary, longer", encoding="utf-8")
    assert update(course) == ["glossary.md: brought up to date."]
    assert copy.read_bytes() == page.read_bytes()
    copy.write_text("my notes", encoding="utf-8")
    page.write_text("# Glossary, longer still", encoding="utf-8")
    [message] = update(course)
    assert "you have edited yours" in message and copy.read_text(encoding="utf-8") == "my notes"


def test_a_lesson_that_was_only_run_keeps_its_outputs_until_it_follows_the_course(course, monkeypatch):
    update(course)
    mine = change(course / "my_lessons" / NAME, run_in_jupyterlab)
    with monkeypatch.context() as patch:
        patch.setattr(lab, "_write", lambda *_: pytest.fail("wrote something"))
        assert update(course) == []
    assert (course / "my_lessons" / NAME).read_bytes() == mine
    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    assert update(course) == [f"{NAME}: brought up to date."]
    assert (course / "my_lessons" / NAME).read_bytes() == (course / "notebooks" / NAME).read_bytes()
    assert update(course) == []


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_lesson_is_never_overwritten_and_the_way_out_works(course, edit):
    update(course)
    mine = change(course / "my_lessons" / NAME, edit)
    assert update(course) == []  # edited, but nothing new to get

    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    for _ in range(2):  # told each time
        [message] = update(course)
        assert NAME in message and "you have edited yours" in message and "rename" in message
        assert (course / "my_lessons" / NAME).read_bytes() == mine

    (course / "my_lessons" / NAME).rename(course / "my_lessons" / "my answers.ipynb")  # what the message says
    assert update(course) == []
    assert (course / "my_lessons" / NAME).read_bytes() == (course / "notebooks" / NAME).read_bytes()
    assert (course / "my_lessons" / "my answers.ipynb").read_bytes() == mine


@pytest.mark.parametrize("state", [None, b"", b"{", b"[]", b'"text"', b"\xff", b'{"01_first.ipynb": 3}'])
def test_without_a_memory_a_differing_copy_counts_as_edited(course, state):
    update(course)
    memory = course / "my_lessons" / lab.DELIVERED
    memory.unlink() if state is None else memory.write_bytes(state)
    before = (course / "my_lessons" / NAME).read_bytes()
    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    [message] = update(course)
    assert "left alone" in message
    assert (course / "my_lessons" / NAME).read_bytes() == before


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: repr(content[:20]))
def test_a_damaged_copy_is_set_aside_and_a_fresh_one_delivered(course, content):
    """In the browser it would be a NotJSONError."""
    update(course)
    copy, fresh = course / "my_lessons" / NAME, (course / "notebooks" / NAME).read_bytes()
    for k, aside in enumerate([f"{NAME}.damaged", f"{NAME}.damaged1"]):
        copy.write_bytes(content + b" " * k)
        [message] = update(course)
        assert aside in message
        assert (course / "my_lessons" / aside).read_bytes() == content + b" " * k and copy.read_bytes() == fresh
    assert update(course) == []


def test_a_folder_or_a_dangling_link_in_the_place_of_a_lesson_is_left_alone(course):
    write_lesson(course / "notebooks" / "02_second.ipynb", STARTER)
    (course / "my_lessons" / NAME).mkdir(parents=True)
    try:
        (course / "my_lessons" / "02_second.ipynb").symlink_to(course / "nowhere")
    except OSError:
        pytest.skip("this system lets nobody make a link")
    assert ["cannot be read" in message for message in update(course)] == [True, True]
    assert (course / "my_lessons" / NAME).is_dir() and (course / "my_lessons" / "02_second.ipynb").is_symlink()


def test_a_renumbered_lesson_arrives_and_the_old_copy_stays(course):
    update(course)
    mine = change(course / "my_lessons" / NAME, EDITS["a source"])
    (course / "notebooks" / NAME).rename(course / "notebooks" / "02_first.ipynb")
    [message] = update(course)
    assert NAME in message and "no longer a lesson" in message
    assert update(course) == []  # told once
    assert (course / "my_lessons" / NAME).read_bytes() == mine
    assert (course / "my_lessons" / "02_first.ipynb").exists()


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: repr(content[:20]))
def test_a_damaged_course_file_reaches_nobody(course, content):
    update(course)
    good = (course / "notebooks" / NAME).read_bytes()
    (course / "notebooks" / NAME).write_bytes(content)
    write_lesson(course / "notebooks" / "02_second.ipynb", STARTER)
    [message] = update(course)
    assert "git restore notebooks/" + NAME in message
    assert (course / "my_lessons" / NAME).read_bytes() == good
    assert (course / "my_lessons" / "02_second.ipynb").exists()  # the others do not suffer
    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    assert update(course) == [f"{NAME}: brought up to date."]  # and it was not forgotten


def test_an_interruption_before_the_memory_is_written_is_made_good(course, monkeypatch):
    write = lab._write

    def all_but_the_memory(path, content):
        if path.name == lab.DELIVERED:
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(lab, "_write", all_but_the_memory)
        with pytest.raises(KeyboardInterrupt):
            update(course)
    assert update(course) == []
    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    assert update(course) == [f"{NAME}: brought up to date."]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["student", "run", "course", "back", "forget", "damage", "start"]), max_size=12))
def test_no_history_loses_what_the_student_wrote(tmp_path_factory, steps):
    course = tmp_path_factory.mktemp("course")
    (course / "notebooks").mkdir()
    lesson, copy = course / "notebooks" / NAME, course / "my_lessons" / NAME
    write_lesson(lesson, STARTER)
    update(course)
    written = None  # what the student's file must hold from now on
    for number, step in enumerate(steps):
        if step == "student":
            written = change(copy, lambda nb: nb["cells"].append({"cell_type": "code", "source": f"mine {number}"}))
        elif step == "run" and written is None:
            change(copy, lambda nb: nb.update(metadata={"ran": number}))
        elif step == "course":
            write_lesson(lesson, [*STARTER, f"version {number}"])
        elif step == "back":
            write_lesson(lesson, STARTER)
        elif step == "forget":
            (course / "my_lessons" / lab.DELIVERED).unlink(missing_ok=True)
        elif step == "damage":
            (course / "my_lessons" / lab.DELIVERED).write_text("{" + str(number))
        elif step == "start":
            update(course)
            assert written is None or copy.read_bytes() == written


def test_a_folder_without_lessons_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="clone of the course"):
        lab.update_working_copy(tmp_path, tmp_path / "my_lessons")
    assert os.listdir(tmp_path) == []


@pytest.fixture
def started(course, monkeypatch):
    """The options that JupyterLab was started with: main() runs in `course`, and JupyterLab itself does not."""
    monkeypatch.setattr(lab, "NOTEBOOKS", course / "notebooks")
    monkeypatch.setattr(lab, "WORKING_COPY", course / "my_lessons")
    options = []
    monkeypatch.setattr("jupyterlab.labapp.main", options.extend)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    return options


def test_main_starts_jupyterlab_on_the_working_copy(course, started, capsys):
    update(course)
    write_lesson(course / "notebooks" / NAME, [*STARTER, "more"])
    lab.main(["--no-browser"])
    assert f"--ServerApp.root_dir={course / 'my_lessons'}" in started
    assert started[-1] == "--no-browser"  # last, so that it wins
    assert os.environ["JUPYTER_PREFER_ENV_PATH"] == "1"
    printed = capsys.readouterr().out
    assert f"{NAME}: brought up to date." in printed and "in your browser" not in printed


def test_main_takes_a_folder_of_the_readers_choice(course, started, capsys, monkeypatch):
    monkeypatch.chdir(course)
    lab.main(["mine/ä b", "--port=9000"])  # its parent does not exist
    assert (course / "mine" / "ä b" / NAME).exists() and not (course / "my_lessons").exists()
    assert f"--ServerApp.root_dir={course / 'mine' / 'ä b'}" in started and started[-1] == "--port=9000"
    assert "in your browser" in capsys.readouterr().out


@pytest.mark.parametrize("given, folder, options", [
    (["--no-browser", "mine"], "mine", ["--no-browser"]),
    (["--port", "9000"], "my_lessons", ["--port", "9000"]),
    (["--port", "9000", "mine"], "mine", ["--port", "9000"]),
    (["--port=9000", "mine", "-y"], "mine", ["--port=9000", "-y"]),
    ([""], "my_lessons", []),
    (["", "mine"], "mine", []),
    (["mine", "--ServerApp.token", ""], "mine", ["--ServerApp.token", ""]),
    (["~nobody-of-this-name/mine"], "~nobody-of-this-name/mine", []),
])  # fmt: skip
def test_main_tells_a_folder_from_the_value_of_an_option(course, started, monkeypatch, given, folder, options):
    monkeypatch.chdir(course)
    lab.main(given)
    assert (course / folder / NAME).exists() and f"--ServerApp.root_dir={course / folder}" in started
    assert [option for option in started if option in given] == options


def test_main_says_how_it_is_called_and_does_nothing_else(course, started, capsys):
    lab.main(["--help"])
    assert "course_utils.lab [folder]" in capsys.readouterr().out
    assert started == [] and not (course / "my_lessons").exists()


def test_a_copy_that_may_not_be_read_is_not_called_damaged(course, monkeypatch):
    update(course)
    copy, read = course / "my_lessons" / NAME, Path.read_bytes

    def refuse(path):
        if path == copy:
            raise PermissionError(13, "Permission denied")
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        [message] = update(course)
    assert "left alone" in message and "damaged" not in message and copy.exists()


def kernel_of_the_course(tries=3):
    """Start a kernel as JupyterLab does; the port that was found free may be taken by another test's before it is bound."""
    try:
        return start_new_kernel(transport_encryption="auto")
    except RuntimeError:
        if tries == 1:
            raise
        return kernel_of_the_course(tries - 1)


def test_a_cell_that_is_run_before_the_first_says_what_to_run(started, monkeypatch):
    """After a restart the kernel knows neither `check` nor anything else; once the lesson's first cell has run, a NameError is one."""
    monkeypatch.setenv("PYTHONSTARTUP", "")  # so that it is put back
    lab.main([])
    kernel, client = kernel_of_the_course()

    def told(code):
        messages = []
        client.execute_interactive(code, timeout=60, output_hook=messages.append)
        return "\n".join(line for m in messages for line in m["content"].get("traceback", []))

    try:
        for code in ('check("03.1", 2)', "answer = np.log(3)"):
            said = told(code)
            assert "Run All Above" in said and "Traceback" not in said and "NameError" not in said
        for other in ("def f():\n    print(a)\n    a = 1\nf()", "import re\nexec('def g(): np', vars(re))\nre.g()"):
            assert "Traceback" in told(other) and "Run All Above" not in told(other)  # not for want of the cells above
        name = "import os\nos.environ['JPY_SESSION_NAME'] = "
        told(name + "'sub/my answers.ipynb'")  # as JupyterLab's server tells it
        assert "NameError" in told("answer = np.log(3)")
        told(name + "'sub/03_maximum_likelihood-Copy1.ipynb'")
        assert "Run All Above" in told("answer = np.log(3)")
        assert "ZeroDivisionError" in told("1 / 0") and "Run All Above" not in told("1 / 0")
        told("check = print")
        assert "NameError" in told("answer = np.log(3)")
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


def test_main_explains_a_folder_that_cannot_be_written_to(course, started):
    (course / "my_lessons").write_text("a file in the way")
    with pytest.raises(SystemExit, match="(?s)my_lessons.*Nothing of yours was lost"):
        lab.main([])
    assert started == []


def test_the_settings_are_where_jupyterlab_looks_for_them():
    """Without them JupyterLab opens with a question about news."""
    overrides = json.loads((lab.SETTINGS / "overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:notification"] == {"fetchNews": "false", "checkForUpdates": False}
