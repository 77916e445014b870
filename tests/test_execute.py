"""`python -m course_utils.making.execute`: what it writes, what it keeps, and what it refuses to write."""

import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import files
from course_utils.making import execute

TAGGED = {"tags": [execute.IGNORE_TAG], "collapsed": True}
TIME = "import time\nprint(time.time_ns())"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that stores the code cells of lesson 00, the only one of a course, and returns its path."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "NOTEBOOKS", tmp_path)

    def write(*cells):
        path = tmp_path / "00_small.ipynb"
        nbformat.write(new_notebook(cells=[new_markdown_cell("# 00"), *cells], metadata={"widgets": {}}), path)
        return path

    return write


def edit(path, old, new):
    """Change a cell's source as JupyterLab does: its id and its output stay."""
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(nb, path)


def printed(path, index):
    return nbformat.read(path, as_version=4).cells[index].outputs[0].text


def test_the_second_run_changes_nothing(write, capsys):
    picture = (
        "import base64, io\nimport matplotlib.pyplot as plt\nfrom IPython.display import HTML\nbuffer = io.BytesIO()\n"
        "plt.plot([1, 3, 2]); plt.savefig(buffer); plt.close()\nHTML(base64.b64encode(buffer.getvalue()).decode())"
    )
    slider = "import ipywidgets\nipywidgets.IntSlider()"
    path = write(new_code_cell(picture), new_code_cell(slider, metadata=TAGGED), new_code_cell(TIME, metadata=TAGGED))
    assert execute.main(["00"]) == 0 and capsys.readouterr().out.endswith(" s; changed: 00_small.ipynb.\n")
    first, modified = path.read_bytes(), path.stat().st_mtime_ns
    assert execute.main([]) == 0
    assert path.read_bytes() == first and path.stat().st_mtime_ns == modified
    said = capsys.readouterr().out
    assert "1 lessons executed" in said and said.endswith(" s; changed: none.\n")
    nb = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in nb.cells[1:]] == [1, 2, 3]
    assert nb.metadata == execute.NOTEBOOK_METADATA
    assert nb.cells[2].metadata == {"tags": [execute.IGNORE_TAG]}
    assert len(list(path.parent.iterdir())) == 1


def test_an_ignored_output_is_kept_until_its_source_changes(write):
    path = write(new_code_cell("a = 1"), new_code_cell(TIME, metadata=TAGGED))
    execute.execute(path)
    first = printed(path, 2)
    edit(path, "a = 1", "a = 2\nb = 3")
    execute.execute(path)
    assert printed(path, 2) == first
    edit(path, "print(time", "print('now', time")
    execute.execute(path)
    assert printed(path, 2).startswith("now ")


def test_an_ignored_output_is_renewed_when_another_cell_shows_something_else(write, tmp_path):
    """As a picture of a model does whose checkpoint is new."""
    model = tmp_path / "model.txt"
    model.write_text("1")
    path = write(new_code_cell(f"open({str(model)!r}).read()"), new_code_cell(TIME, metadata=TAGGED))
    execute.execute(path)
    first = printed(path, 2)
    execute.execute(path)
    assert printed(path, 2) == first
    model.write_text("2")
    execute.execute(path)
    assert printed(path, 2) != first


def test_of_a_widget_its_picture_is_stored_also_where_none_was(write):
    source = "import numpy as np\nfrom course_utils.widgets import pseudo_count\npseudo_count(np.array([1, 2, 0]))"
    path = write(new_code_cell(source, metadata=TAGGED))
    execute.execute(path)
    stored, nb = path.read_bytes(), nbformat.read(path, as_version=4)
    data = nb.cells[1].outputs[0].data
    assert (
        set(data) == {"text/html", "text/plain"} and '<img alt="Two curves over the pseudo-count' in data["text/html"]
    )
    nb.cells[1].outputs[0].data = {execute.WIDGET_VIEW: {"model_id": "gone"}, "text/plain": "a widget"}
    nbformat.write(nb, path)
    execute.execute(path)
    assert path.read_bytes() == stored


def test_other_outputs_are_renewed(write):
    path = write(new_code_cell(TIME), new_code_cell("print('3.14')"))
    execute.execute(path)
    first = printed(path, 1)
    path.write_text(path.read_text(encoding="utf-8").replace('"3.14\\n"', '"3.15\\n"'), encoding="utf-8")
    assert printed(path, 2) == "3.15\n"
    execute.execute(path)
    assert printed(path, 1) != first and printed(path, 2) == "3.14\n"


def test_an_ignored_output_of_a_cell_that_was_never_run_is_renewed(write):
    path = write(new_code_cell("print('new')", metadata=TAGGED))
    nb = execute.normalise(nbformat.read(path, as_version=4))
    nb.cells[1].outputs = [new_output("stream", name="stdout", text="old\n")]
    nbformat.write(nb, path)
    execute.execute(path)
    assert printed(path, 1) == "new\n"


def test_an_ignored_output_that_is_an_error_is_renewed(write):
    path = write(new_code_cell("print('fine')", metadata=TAGGED))
    execute.execute(path)
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].outputs = [new_output("error", ename="ValueError", evalue="no", traceback=[])]
    nbformat.write(nb, path)
    execute.execute(path)
    assert printed(path, 1) == "fine\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings\nwarnings.warn('mind the gap')", "mind the gap"),
        ("import time\ntime.sleep(60)", "still running after 2 s"),
        ("import os\nos._exit(1)", "The kernel died"),
    ],
)
def test_a_failing_cell_leaves_the_file_as_it_was(write, capsys, monkeypatch, source, said):
    monkeypatch.setattr(execute, "CELL_TIMEOUT", 2)
    path = write(new_code_cell("print('before')"), new_code_cell(source, metadata={"tags": ["raises-exception"]}))
    before = path.read_bytes()
    assert execute.main(["00"]) == 1
    assert path.read_bytes() == before
    message = capsys.readouterr().err
    assert "00_small.ipynb, cell 2" in message and source in message and said in message


def test_a_missing_lesson_is_named(write, capsys):
    write()
    with pytest.raises(SystemExit) as stop:
        execute.main(["99"])
    assert stop.value.code == 2 and "no lesson 99; there are 00" in capsys.readouterr().err


def test_a_file_that_is_no_notebook_is_named(write, capsys):
    path = write()
    path.write_text("not json")
    assert execute.main(["00"]) == 1
    assert str(path) in capsys.readouterr().err


def test_the_kernel_is_this_python_in_the_notebooks_folder(write, tmp_path, monkeypatch):
    other = tmp_path / "jupyter" / "kernels" / "python3"  # a registered python3 that is another Python
    other.mkdir(parents=True)
    (other / "kernel.json").write_text('{"argv": ["no-such-python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = write(new_code_cell("import os, sys\nprint(sys.executable, os.getcwd(), sep='\\n')"))
    execute.execute(path)
    assert printed(path, 1).splitlines() == [sys.executable, str(path.parent)]


def test_normalise_merges_neighbouring_streams_only():
    streams = [new_output("stream", name="stdout", text=text) for text in "ab"]
    picture = new_output("display_data", {"text/plain": "c"})
    cell = new_code_cell("x", outputs=[*streams, picture, new_output("stream", name="stdout", text="d")])
    outputs = execute.normalise(new_notebook(cells=[cell])).cells[0].outputs
    assert [output.get("text") for output in outputs] == ["ab", None, "d"]


def test_normalise_gives_a_kept_result_the_count_of_its_cell():
    result = new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    cell = execute.normalise(new_notebook(cells=[new_code_cell("1", execution_count=3, outputs=[result])])).cells[0]
    assert cell.outputs[0].execution_count == 3


def test_ids_depend_on_nothing_but_the_source():
    cells = [new_code_cell(source) for source in ("a", "b", "a")]
    ids = [cell.id for cell in execute.normalise(new_notebook(cells=cells)).cells]
    assert len(set(ids)) == 3
    more = execute.normalise(new_notebook(cells=[new_markdown_cell("new"), *cells])).cells
    assert [cell.id for cell in more[1:]] == ids


def prose(path, *markdown, code="x, n = 1.234, 6"):
    """Store a lesson of these texts, with the code after the first one, execute it, and return its texts."""
    cells = [new_markdown_cell(text) for text in markdown]
    nbformat.write(new_notebook(cells=[cells[0], new_code_cell(code), *cells[1:]]), path)
    execute.execute(path)
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def test_prose_gets_its_numbers_from_the_lesson(write):
    """As digits, words and formulas, from names that come later too; a second run, or a sentence in new words, keeps them."""
    path = write()
    texts = [
        "later **0.5**<!-- {x:.2f} --> and two<!-- {n} --> of $a = 2, b = -3.1$<!-- {-x:.1f} -->",
        "Two<!-- {n + 1} --> lose 1,000<!-- {-x * 1e4:,.0f} -->, of 5<!-- ? unknown -->, see 7 and<!-- ! x > 1 --> more, 5e−3<!-- {x / 1e3:.1e} --> or 1<!-- {-x / 1e3:.1f} -->",
    ]
    expected = [
        "later **1.23**<!-- {x:.2f} --> and six<!-- {n} --> of $a = 2, b = -1.2$<!-- {-x:.1f} -->",
        "Seven<!-- {n + 1} --> lose −12,340<!-- {-x * 1e4:,.0f} -->, of 5<!-- ? unknown -->, see 7 and<!-- ! x > 1 --> more, 1.2e−03<!-- {x / 1e3:.1e} --> or 0.0<!-- {-x / 1e3:.1f} -->",
    ]
    assert prose(path, *texts) == expected
    assert not execute.execute(path)
    assert prose(path, *(text.replace("of", "out of") for text in expected)) == [
        t.replace("of", "out of") for t in expected
    ]


def test_a_name_means_what_it_meant_where_the_sentence_stands(write):
    path = write()
    nbformat.write(new_notebook(cells=[
        new_code_cell("x = 1"), new_markdown_cell("now 0<!-- {x} -->"), new_code_cell("x = 2"), new_markdown_cell("then 0<!-- {x} -->"),
    ]), path)  # fmt: skip
    execute.execute(path)
    cells = nbformat.read(path, as_version=4).cells
    assert (cells[1].source, cells[3].source) == ("now 1<!-- {x} -->", "then 2<!-- {x} -->")


def test_a_sentence_that_does_not_hold_stops_everything(write):
    path, text = write(), "3<!-- {x:d} -->"
    with pytest.raises(execute.CellFailed, match="Unknown format code"):
        prose(path, "# 00", text)
    assert text in path.read_text(encoding="utf-8")


def test_why_a_sentence_does_not_hold(write):
    path = write(new_code_cell("x = 1"))
    with execute.running(path, nbformat.read(path, as_version=4)) as run:
        for text, said in [
            ("more<!-- ! x > 2 -->", "x > 2\nis False"), ("3<!-- {y} -->", "names that the lesson does not have"),
            ("3<!-- {x:.1s} -->", "Unknown format code"), ("much<!-- {x} -->", "no number stands before"), ("a<!-- ! 1 / 0 -->", "ZeroDivisionError"),
            ("3,<!-- {x} -->", "no number stands before"), ("3<!-- {float('nan')} -->", "is 'nan'"), ("1 or 2<!-- {1} or {2} -->", "is '1 or 2'"),
        ]:  # fmt: skip
            other = execute.Run(new_notebook(cells=[new_markdown_cell(text)]), run._client)
            with pytest.raises((execute.CellFailed, ValueError), match=said):
                other.bind(0)
                other.settle()


def test_a_lesson_that_was_executed_answers_questions(write):
    path = write(new_code_cell("import numpy as np\nx = np.arange(3)"))
    with execute.running(path, nbformat.read(path, as_version=4)) as run:
        assert run["x.tolist()"] == [0, 1, 2] and run["(x + 1).sum()"] == 6
        with pytest.raises(execute.CellFailed, match="y\nNameError"):
            run["y"]
