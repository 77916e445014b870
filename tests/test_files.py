"""A full disk or an interruption, wherever the course writes: the file is the old one or the new one, with nothing beside it.

The remembered exercises have tests of their own in test_progress.py.
"""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from course_utils import files, lab
from course_utils.datasets import binarized_mnist
from course_utils.files import in_one_step
from course_utils.making import execute, handout, key, slides
from course_utils.models import GAN, NADE, VAE, deep


@pytest.fixture
def full_disk(monkeypatch):
    """Let every writer write half of what it is given, and then say that the disk is full."""

    def write(path, content, **_):
        with open(path, "wb") as file:
            file.write(bytes(content)[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: write(path, text.encode()))
    monkeypatch.setattr(np, "save", lambda file, array: write(file.name, array.tobytes()))
    monkeypatch.setattr(deep.safetensors.torch, "save_file", lambda weights, path, **_: write(path, b"weights"))


@pytest.mark.parametrize("before", [b"old", None])
@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_block_that_does_not_end_changes_nothing(tmp_path, before, trouble):
    path = tmp_path / "file"
    if before:
        path.write_bytes(before)
    with pytest.raises(type(trouble)), in_one_step(path) as part:
        part.write_bytes(b"ne")
        raise trouble
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == ({"file": before} if before else {})


@pytest.mark.parametrize("before", [b"old", None])
def test_a_block_that_ends_leaves_the_new_file_alone(tmp_path, before):
    path = tmp_path / "file"
    if before:
        path.write_bytes(before)
    with in_one_step(path) as part:
        part.write_bytes(b"new")
        assert path.exists() == bool(before) and part.parent == tmp_path
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"file": b"new"}


def lesson(monkeypatch, path):
    monkeypatch.setattr(files, "NOTEBOOKS", path.parent)
    monkeypatch.setattr(files, "ROOT", path.parent)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")]), path)


def test_outputs_of_a_lesson(tmp_path, monkeypatch, capsys, request):
    path = tmp_path / "01_a.ipynb"
    lesson(monkeypatch, path)
    before = path.read_bytes()
    monkeypatch.setattr(execute, "run_cells", lambda nb, path: nb.cells[0].update(execution_count=1))
    request.getfixturevalue("full_disk")
    assert execute.main(["01"]) == 1
    said = capsys.readouterr().err
    assert "No space left" in said and "Nothing was written" in said
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_a_deck(tmp_path, monkeypatch, capsys, request):
    lesson(monkeypatch, tmp_path / "01_a.ipynb")
    decks = tmp_path / "decks"
    decks.mkdir()
    (decks / "01_a.slides.html").write_text("old")
    monkeypatch.setattr(slides, "fetch_parts", lambda: None)
    monkeypatch.setattr(slides, "copy_parts", lambda target: target.mkdir())
    monkeypatch.setattr(slides, "run_cells", lambda nb, path, environment: None)
    request.getfixturevalue("full_disk")
    assert slides.main(["01", "--output", str(decks)]) == 1
    assert "No space left" in capsys.readouterr().err
    assert (decks / "01_a.slides.html").read_text() == "old" and sorted(os.listdir(decks)) == [
        "01_a.slides.html",
        "assets",
    ]


def test_the_readers_copies(tmp_path, monkeypatch, request):
    (tmp_path / "notebooks").mkdir()
    for name in "01_a.ipynb", "02_b.ipynb":
        lesson(monkeypatch, tmp_path / "notebooks" / name)
    mine = tmp_path / "mine"
    lab.update_working_copy(tmp_path / "notebooks", mine)
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    for path in (tmp_path / "notebooks").iterdir():
        path.write_text(path.read_text().replace("print(1)", "print(2)"))
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left"):
        lab.update_working_copy(tmp_path / "notebooks", mine)
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before


def test_the_answer_key(tmp_path, monkeypatch, full_disk):
    for name in ("KEY", "SHEET"):
        monkeypatch.setattr(key, name, tmp_path / f"{name}.md")
    with pytest.raises(SystemExit, match="could not be written: .*No space left"):
        key.main()
    assert os.listdir(tmp_path) == []


def test_an_assignment(tmp_path, monkeypatch, full_disk):
    """What is there already is the lecturer's and stays: half a notebook would stay for ever."""
    monkeypatch.setattr(handout, "CLASS", tmp_path)
    monkeypatch.setattr(handout.importlib.util, "find_spec", lambda name: True)
    for name in ("PATH", "PROGRESS_FILE", "JUPYTER_PREFER_ENV_PATH"):  # which the command sets
        monkeypatch.setenv(name, os.environ.get(name, ""))
    with pytest.raises(OSError, match="No space left"):
        handout.main(["03"])
    assert os.listdir(tmp_path / "source" / "lesson_03") == []


@pytest.mark.parametrize("model", ["NADE", "VAE", "GAN", "GAN with r1"])
def test_the_state_of_a_training(tmp_path, request, model):
    """It goes on from the last state that was whole, and ends as if the disk had never been full."""
    x = (torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    make = {
        "NADE": lambda: NADE(2, 3),
        "VAE": lambda: VAE(2, 1, n_hidden=4),
        "GAN": lambda: GAN(n_hidden=4, r1=0.0),
        "GAN with r1": lambda: GAN(n_hidden=4, r1=0.1),
    }[model]
    state, settings = tmp_path / "state.pt", dict(batch_size=10, progress=False, epochs=3)
    whole = make().fit(x, rng=torch.Generator().manual_seed(0), **settings)
    written, keep = iter(range(2)), Path.write_bytes

    def full_at_the_third(path, content):
        if next(written, None) is None:
            keep(path, bytes(content)[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return keep(path, content)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(Path, "write_bytes", full_at_the_third)
        make().fit(x, rng=torch.Generator().manual_seed(0), state=state, **settings)
    assert os.listdir(tmp_path) == ["state.pt"]
    again = make().fit(x, rng=torch.Generator().manual_seed(0), state=state, **settings)
    assert len(again.history) == 3
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters()))


def test_a_checkpoint(tmp_path, full_disk):
    path = tmp_path / "nade.safetensors"
    path.touch()
    with pytest.raises(OSError, match="No space left"):
        deep.save_checkpoint(NADE(2, 3), path)
    assert os.listdir(tmp_path) == [path.name] and path.stat().st_size == 0


def test_the_binarisation_of_mnist(tmp_path, monkeypatch, full_disk):
    text = tmp_path / "elsewhere.amat"
    with open(text, "w") as file:
        file.write("0 1 " * 392)
    monkeypatch.setattr(binarized_mnist.pooch, "retrieve", lambda *_, **__: text)
    monkeypatch.setattr(binarized_mnist, "_is", lambda split, packed: True)
    (tmp_path / "cache").mkdir()
    with pytest.raises(OSError, match="No space left"):
        binarized_mnist._download("train", tmp_path / "cache" / "kept.npy")
    assert os.listdir(tmp_path / "cache") == []


def test_what_is_made_from_a_wheel_lies_where_the_reader_is_and_not_beside_the_code(tmp_path):
    shutil.copytree(files.PACKAGE, tmp_path / "lib" / "course_utils", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "lib" / "course_utils" / "notebooks").mkdir()  # as in a wheel
    (tmp_path / "here").mkdir()
    code = """
from course_utils import lab
from course_utils.making import handout, key, pdf, site, slides
print(lab.WORKING_COPY, handout.CLASS, key.KEY, key.SHEET, pdf.PDF, site.SITE, slides.SLIDES, sep="\\n")"""
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "here", env=os.environ | {"PYTHONPATH": str(tmp_path / "lib")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert {Path(line).parent.resolve() for line in said.splitlines()} == {(tmp_path / "here").resolve()}
