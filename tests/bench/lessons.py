"""Each lesson from its first cell to its last, in a process of its own, beside a notebook without a cell.

`python lessons.py [NOTEBOOK]` executes one and prints its kernel's seconds and, at their most, its megabytes.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from row import Row

from course_utils.files import NOTEBOOKS
from course_utils.making import execute
from course_utils.making.execute import run_cells


def run_lesson(path: Path | None) -> tuple[float, float]:
    """Return the seconds and the megabytes of a lesson, or of a notebook without a cell, in a fresh process."""
    command = [sys.executable, __file__, *([str(path)] if path else [])]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    duration, megabytes = map(float, result.stdout.split())
    return duration, megabytes


def measure(paths: Sequence[Path] | None = None) -> Iterator[Row]:
    """Yield a row for each lesson, executed once. Its ratio is of times."""
    empty, least = (sorted(values)[1] for values in zip(*(run_lesson(None) for _ in range(3))))
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")) if paths is None else paths:
        duration, megabytes = run_lesson(path)
        yield Row(
            path.stem, f"{duration:.1f} s, {megabytes:.0f} MB", f"{empty:.1f} s, {least:.0f} MB", duration / empty
        )


def main() -> None:
    path = Path(sys.argv[1]) if sys.argv[1:] else NOTEBOOKS / "empty.ipynb"
    nb = nbformat.read(path, as_version=4) if sys.argv[1:] else nbformat.v4.new_notebook()
    execute.CELL_TIMEOUT = 1800  # a machine that does much else takes its time
    run_cells(nb, path)
    kernel = resource.getrusage(resource.RUSAGE_CHILDREN)  # the only child; its memory in KB, and on macOS in bytes
    print(kernel.ru_utime + kernel.ru_stime, kernel.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


if __name__ == "__main__":
    main()
