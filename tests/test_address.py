"""One command puts a fork's address everywhere, and says what is no address."""

import json
import shutil
import subprocess

import nbformat
import pytest

from course_utils import versions
from course_utils.files import ROOT
from course_utils.lessons import lessons
from course_utils.making import address, execute, tables

SOME = ["pyproject.toml", "CITATION.cff", "notebooks/anywhere.md", "notebooks/03_maximum_likelihood.ipynb", "README.md"]
LINK = f"github.com/{tables.address(ROOT)}"


@pytest.fixture
def fork(tmp_path):
    """Some files of the course in a repository of their own, and one that git does not know."""
    for name in SOME:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "face.bin").write_bytes(b"\xff " + LINK.encode())
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / "mine.txt").write_text(LINK)
    return tmp_path


def text(fork):
    return "\n".join((fork / name).read_text(encoding="utf-8") for name in SOME)


def test_a_fork_gets_its_own_address_and_another_one_later(fork):
    was = tables.address(fork)
    for old, new in (
        (was, "alice/gen-models.2"),
        ("alice/gen-models.2", "alice/gen-models.22"),
        ("alice/gen-models.22", was),
    ):
        before = text(fork)
        changed = address.replace(fork, new)
        assert {path.relative_to(fork).as_posix() for path in changed} == {*SOME} - {"README.md"}
        assert tables.address(fork) == new and f"/{old}/" not in text(fork).replace(f"/{new}/", "")
        assert text(fork).count(f"/{new}") == before.count(f"/{old}") > 8
        lesson = (fork / SOME[3]).read_text(encoding="utf-8")
        assert lesson == execute.to_text(execute.normalise(nbformat.reads(lesson, as_version=4)))
        assert len(json.loads(lesson)["cells"]) > 30
    assert (fork / "mine.txt").read_text() == LINK
    assert all((fork / name).read_bytes() == (ROOT / name).read_bytes() for name in SOME)


@pytest.mark.parametrize("given", [
    "bob/a", "https://github.com/bob/a", "https://github.com/bob/a/", "https://github.com/bob/a.git", " bob/a.git"])  # fmt: skip
def test_what_a_browser_or_git_clone_calls_the_fork_is_an_address_too(fork, given, monkeypatch):
    monkeypatch.setattr(address, "ROOT", fork)
    page = (fork / "notebooks/anywhere.md").read_bytes().replace(b"\n", b"\r\n")  # as git may give it on Windows
    (fork / "notebooks/anywhere.md").write_bytes(page)
    assert address.main([given]) == 0 and tables.address(fork) == "bob/a"
    old = tables.address(ROOT).encode()
    assert (fork / "notebooks/anywhere.md").read_bytes() == page.replace(old, b"bob/a")


def test_an_address_that_only_begins_like_the_old_one_stays(fork):
    other = f"See https://github.com/{tables.address(fork)}-archive."
    (fork / "other.md").write_text(other)
    subprocess.run(["git", "add", "."], cwd=fork, check=True)
    address.replace(fork, "alice/models")
    assert (fork / "other.md").read_text() == other


def test_each_first_cell_ends_as_the_tables_say():
    for lesson in lessons().values():
        nb = nbformat.read(lesson.path, as_version=4)
        before = [cell.source for cell in nb.cells]
        tables.setup(nb)
        assert [cell.source for cell in nb.cells] == before, lesson.path.name


@pytest.mark.parametrize("wrong", ["", "alice", "alice/", "/models", "alice/models/more", "alice/my models", "a\nb/c"])
def test_what_is_no_address_changes_nothing(fork, wrong, capsys, monkeypatch):
    monkeypatch.setattr(address, "ROOT", fork)
    before = text(fork)
    assert address.main([wrong]) == 1 and "expected an address such as" in capsys.readouterr().err
    assert text(fork) == before


def test_outside_a_clone_it_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(address, "ROOT", tmp_path)
    assert address.main(["alice/models"]) == 1 and "in a clone of the course" in capsys.readouterr().err


def test_the_versions_of_all_that_is_asked_for_are_told():
    found = versions.versions()
    assert {"course", "Python", "system", "torch", "jupyterlab", "anywidget"} <= found.keys()
    assert "not installed" not in found.values() and found["numpy"][0] in "23456"
