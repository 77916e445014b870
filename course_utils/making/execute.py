"""Execute the lessons and store them in one normal form: `python -m course_utils.making.execute [NUMBER ...]`.

Then the numbers that their prose quotes are written anew (numbers.py), and what other pages say of the lessons
(tables.py). Run twice it changes nothing. A cell's id is a digest of its source, so an id that does not fit says that the cell was
edited since its output was stored. So the output of a cell tagged `nbval-ignore-output` is kept while its source is
unchanged, and all that the other cells show: a new checkpoint changes its picture, too. Of a widget its picture is stored, or its text, and no link to a kernel that is gone.
"""

import argparse
import ast
import hashlib
import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.reader import NotJSONError

from course_utils.files import in_one_step
from course_utils.lessons import asked, lessons
from course_utils.making import tables
from course_utils.making.numbers import Bound, bound, rewritten

CELL_TIMEOUT = 600  # seconds
BAKED = {"BAKE_FRAMES": "on"}  # the environment in which widgets bring their pictures along (widgets/deck.py)
IGNORE_TAG = "nbval-ignore-output"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_METADATA = ("slideshow", "tags")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


class CellFailed(Exception):
    """A cell of a lesson raised, hung, killed its kernel or wrote to stderr."""


def normalise(nb: NotebookNode) -> NotebookNode:
    """Return a copy with fixed metadata, an id for each cell from its source, and consecutive stream outputs merged."""
    nb = deepcopy(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    seen: Counter[str] = Counter()
    for cell in nb.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)})
        if cell.cell_type == "code":
            cell.outputs = _merge_streams(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
                output.get("data", {}).pop(
                    WIDGET_VIEW, None
                )  # an error in JupyterLab where no kernel runs, with a random id
    return nb


def to_text(nb: NotebookNode) -> str:
    """Write a notebook as the text of its file."""
    return nbformat.writes(nb) + "\n"


def execute(path: Path) -> bool:
    """Execute one notebook in a fresh kernel of this Python and store it; return whether the file changed.

    Raises CellFailed, and then leaves the file as it was.
    """
    stored = nbformat.read(path, as_version=4)
    nb = normalise(stored)
    if path.name.startswith("00_"):
        tables.way(nb, lessons(path.parent))
    tables.setup(nb)
    kept = {
        new.id: old.outputs
        for old, new in zip(stored.cells, nb.cells)
        if old.get("id") == new.id and old.cell_type == "code" and old.execution_count is not None
        and IGNORE_TAG in old.metadata.get("tags", []) and not any(_is_trouble(output) for output in old.outputs)
    }  # fmt: skip
    before = _shown(nb)
    run_cells(nb, path)
    if _shown(nb) != before:
        kept = {}
    for cell in nb.cells:
        if cell.id in kept and not any(map(_is_widget_with_picture, cell.outputs)):  # which is the same in each run
            cell.outputs = kept[cell.id]
    return _replace(path, to_text(normalise(nb)))


def _shown(nb: NotebookNode) -> list[list[dict[str, Any]]]:
    """Return what the cells show that is compared with what they showed before: all but those tagged with IGNORE_TAG."""
    return [
        [{what: value for what, value in output.items() if what != "execution_count"} for output in cell.outputs]
        for cell in normalise(nb).cells
        if cell.cell_type == "code" and IGNORE_TAG not in cell.metadata.get("tags", [])
    ]


def main(argv: list[str] | None = None) -> int:
    """Execute the lessons of these numbers, or all, and bring what is made of them up to date; 1 when a cell failed."""
    parser = argparse.ArgumentParser("python -m course_utils.making.execute", description="Execute and store lessons.")
    wanted = asked(parser, argv).lessons
    start, changed = time.perf_counter(), []
    for lesson in wanted:
        begun, path = time.perf_counter(), lesson.path
        print(path.name, end=" ", flush=True)
        try:
            written = execute(path)
        except (CellFailed, NotJSONError, OSError) as error:
            print(f"failed\n{error}\nNothing was written to {path}.", file=sys.stderr)
            return 1
        changed += [path.name] * written
        print(f"{time.perf_counter() - begun:.1f} s, {'changed' if written else 'unchanged'}")
    changed += tables.update()
    print(
        f"{len(wanted)} lessons executed in {time.perf_counter() - start:.1f} s; changed: {', '.join(changed) or 'none'}."
    )
    return 0


class Run:
    """A lesson that was executed, with the kernel that did it: `nb`, and the values of expressions in its names."""

    def __init__(self, nb: NotebookNode, client: NotebookClient) -> None:
        """Take a notebook and its client, whose kernel is running."""
        self.nb, self._client = nb, client
        self._waiting: list[tuple[int, Bound]] = []  # what needs names that were not there yet
        self._values: dict[int, dict[Bound, str]] = {}  # cell → its numbers' values

    def ask(self, expressions: Sequence[str]) -> list[dict]:
        """Return the kernel's answers: {"status": "ok", "data": …} or {"status": "error", "ename": …, "evalue": …}."""
        asked = {str(k): expression for k, expression in enumerate(expressions)}
        reply = self._client.wait_for_reply(self._client.kc.execute("", silent=True, user_expressions=asked))
        return list(reply["content"]["user_expressions"].values())

    def __getitem__(self, expression: str) -> Any:
        """Return the value of a Python expression in the lesson's names; raises CellFailed if it has none."""
        (answer,) = self.ask([f"__import__('pickle').dumps(({expression}))"])
        if answer["status"] == "error":
            raise CellFailed(f"{expression}\n{answer['ename']}: {answer['evalue']}")
        return pickle.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def bind(self, index: int) -> None:
        """Compute the bound numbers and claims of the cell at `index`; what has no names yet waits for `settle`."""
        self._compute([(index, one) for one in bound(self.nb.cells[index].source)])

    def settle(self) -> None:
        """Compute what has waited, and write the numbers into the prose; raises CellFailed for what has no value."""
        waiting, self._waiting = self._waiting, []
        self._compute(waiting)
        if self._waiting:
            index, one = self._waiting[0]
            raise CellFailed(f"cell {index}: {one.expression} has names that the lesson does not have")
        for index, values in self._values.items():
            try:
                self.nb.cells[index].source = rewritten(self.nb.cells[index].source, values)
            except ValueError as error:
                raise CellFailed(f"cell {index}: {error}") from None

    def _compute(self, wanted: list[tuple[int, Bound]]) -> None:
        for (index, one), answer in zip(wanted, self.ask([one.expression for _, one in wanted]) if wanted else []):
            if answer["status"] == "error" and answer["ename"] == "NameError":
                self._waiting.append((index, one))
            elif answer["status"] == "error":
                raise CellFailed(f"cell {index}: {one.expression}\n{answer['ename']}: {answer['evalue']}")
            elif one.number:
                self._values.setdefault(index, {})[one] = ast.literal_eval(answer["data"]["text/plain"])
            elif answer["data"]["text/plain"] not in ("True", "np.True_"):
                claim = f"is {answer['data']['text/plain']}, not True: its sentence must be read again"
                raise CellFailed(f"cell {index}: {one.expression}\n{claim}")


@contextmanager
def running(path: Path, nb: NotebookNode, environment: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Execute `nb`, the notebook at `path`, in a fresh kernel of this Python, and keep the kernel while the block lasts.

    Fills in outputs, execution counts, the widgets' state (in the metadata) and the numbers that prose quotes.
    `environment` holds further variables of the kernel. Raises CellFailed at the first cell that does not run cleanly.
    """
    own_specs = KernelSpecManager(kernel_dirs=[])  # no registered python3, which may be another Python
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=own_specs)
    client = NotebookClient(
        nb, km=kernel, timeout=CELL_TIMEOUT, force_raise_errors=True, extra_arguments=["--log-level=ERROR"]
    )
    env = os.environ | {"PROGRESS_FILE": "off"} | (environment or {})  # stored outputs are those of somebody who begins
    with client.setup_kernel(cleanup_kc=True, cwd=str(path.resolve().parent), env=env):
        run = Run(nb, client)
        for index, cell in enumerate(nb.cells):
            where = f"{path.name}, cell {index}:\n"
            try:
                if cell.cell_type == "markdown":
                    run.bind(index)
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                raise CellFailed(where + error.traceback) from None  # which starts with the cell's source
            except CellTimeoutError:
                raise CellFailed(f"{where}{cell.source}\n\nIt was still running after {CELL_TIMEOUT} s.") from None
            except DeadKernelError:
                raise CellFailed(f"{where}{cell.source}\n\nThe kernel died.") from None
            except (CellFailed, ValueError) as error:
                raise CellFailed(f"{path.name}, {error}") from None
            if trouble := "".join(output.text for output in cell.get("outputs", []) if _is_trouble(output)):
                raise CellFailed(f"{where}{cell.source}\n\nIt wrote to stderr, which no lesson does:\n{trouble}")
            if cell.cell_type == "code":
                cell.outputs = _merge_streams(cell.outputs)
        try:
            run.settle()
        except CellFailed as error:
            raise CellFailed(f"{path.name}, {error}") from None
        client.set_widgets_metadata()
        yield run


def run_cells(nb: NotebookNode, path: Path, environment: Mapping[str, str] | None = None) -> None:
    """Execute a notebook as `running` does, and let its kernel go."""
    with running(path, nb, environment):
        pass


def _is_trouble(output: NotebookNode) -> bool:
    """Say whether an output is an error or text on stderr, which no stored lesson may have."""
    return output.output_type == "error" or output.get("name") == "stderr"


def _is_widget_with_picture(output: NotebookNode) -> bool:
    """Say whether an output is a widget that can also be shown as a picture."""
    return {WIDGET_VIEW, "text/html"} <= output.get("data", {}).keys()


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of the same stream, which a kernel cuts where it likes."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def _replace(path: Path, text: str) -> bool:
    """Write the file in one step, and only when its bytes change; return whether they did."""
    data = text.encode()
    if path.read_bytes() == data:
        return False
    with in_one_step(path) as part:
        part.write_bytes(data)
    return True


if __name__ == "__main__":
    sys.exit(main())
