"""`make bench`: every section has its rows, here on small sizes. No time is tested."""

import importlib
import runpy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from left_out import left_out

from course_utils import widgets

BENCH = Path(__file__).parent / "bench"


@pytest.fixture
def section(monkeypatch):
    """Return a function that imports a module of the benchmark."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module


def test_every_row_is_a_widget(section):
    """A new widget needs none; tests/test_widgets.py then makes it by its own tests."""
    assert set(section("sliders").WIDGETS) <= set(widgets.__all__)


def test_a_slider_moves_both_ways(section):
    rows = list(section("sliders").measure(["pseudo_count", "imagined_digit"], moves=1))
    assert [row.what for row in rows] == ["pseudo_count", "imagined_digit"]
    assert all(row.ratio > 0 for row in rows)


def test_a_plot_that_fails_is_noticed(section):
    """interact would only log it, and the time would be that of an error."""
    sliders = section("sliders")
    panel = sliders.WIDGETS["pseudo_count"]()[0]
    usual = sliders.interact(panel, lambda log_alpha: 1 / 0)
    with pytest.raises(AssertionError):
        sliders.move_usual(usual, {"log_alpha": 1.0})


def test_em_agrees_with_scikit_learn(section):
    rows = list(section("em").measure(runs=1))
    assert [(row.what, row.wrong) for row in rows] == [
        (f"{kind} covariances", "") for kind in ("full", "diagonal", "spherical")
    ]


def test_nade_agrees_with_the_loop(section):
    nade = section("nade")
    (row,) = nade.measure(runs=1, n_features=30)
    assert row.wrong == ""


def test_a_wrong_loop_is_noticed(section, monkeypatch):
    nade = section("nade")
    monkeypatch.setattr(nade, "loop_loss", lambda model, x: 1.001 * model.loss(x))
    (row,) = nade.measure(runs=1, n_features=30)
    assert "differs" in row.wrong


@left_out("make bench compares the two PixelRNNs with loops")
def test_pixelrnn(section):
    rows = list(section("pixelrnn").measure(runs=1, n=1))
    assert [row.what for row in rows] == ["row_lstm", "diagonal_bilstm"]


@pytest.fixture
def large_lesson(tmp_path):
    """A lesson whose only cell fills 128 MB and gives them back: they are in the peak."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy\nx = bytearray(b'1' * 2**27)\ndel x")])
    nbformat.write(nb, tmp_path / "99_large.ipynb")
    return tmp_path / "99_large.ipynb"


def test_a_lesson_in_its_own_process(section, large_lesson):
    lessons = section("lessons")
    duration, megabytes = lessons.run_lesson(large_lesson)
    _, least = lessons.run_lesson(None)
    assert duration > 0
    assert 120 < megabytes - least < 400


def test_a_first_cell_beside_its_libraries(section, large_lesson):
    (row,) = section("opening").measure([large_lesson], runs=1)
    large, least = (int(shown.split(", ")[1].removesuffix(" MB")) for shown in (row.ours, row.other))
    assert 120 < large - least < 400 and "the memory of the libraries" in row.wrong
    assert section("opening").needs("import itertools\nfrom course_utils.models import BoxModel") == {
        "itertools",
        "shapely",
    }


@pytest.mark.parametrize(("ratio", "wrong", "code"), [(2.0, "", 0), (0.5, "", 1), (2.0, "it differs", 1)])
def test_table_and_exit_code(section, monkeypatch, capsys, ratio, wrong, code):
    row = section("row").Row("one", "1 s", "2 s", ratio, least=1, wrong=wrong)
    for name in ("sliders", "em", "nade", "pixelrnn", "opening", "lessons"):
        monkeypatch.setitem(importlib.sys.modules, name, SimpleNamespace(measure=lambda: [row]))
    main = runpy.run_path(str(BENCH / "__main__.py"), run_name="bench")["main"]
    assert main() == code
    printed = capsys.readouterr().out
    assert printed.count(f"{ratio:.1f}×") == 6
    assert ("less than" in printed) == (ratio < 1) and (wrong in printed)
