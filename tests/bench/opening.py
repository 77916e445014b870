"""A lesson's first cell in a Python of its own, without a kernel, beside the import of the libraries that the cell needs."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import numpy as np
from row import Row, seconds

from course_utils.files import NOTEBOOKS

MOST = 1.5  # times the time, and times the memory, of the libraries alone
_AVATARS, _DEEP = "pandas resvg_py python_avatars", "torch tqdm.auto safetensors.torch"
BRINGS = {  # a word in the cell → the libraries that come with it
    "plotting": "numpy matplotlib.pyplot IPython.display",
    "widgets": "anywidget",
    "avatars": _AVATARS,
    "style_designer": _AVATARS,
    "load_world_land": "shapely",
    "BoxModel": "shapely",
    "GaussianMixture": "scipy.linalg scipy.spatial.distance",
    "CategoricalMixture": "scipy.sparse",
    "NADE": _DEEP,
    "PixelRNN": _DEEP,
    "VAE": _DEEP,
    "GAN": _DEEP,
    "load_checkpoint": _DEEP,
    "pretrain": "pooch requests",
}
METER = """  # what a large process starts counts with its memory: so a small one stands between
import resource, subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True, stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)  # its memory in KB, and on macOS in bytes
print(used.ru_utime + used.ru_stime, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
"""


def first_cell(path: Path) -> str:
    """Return the code of a lesson's setup cell."""
    return next(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


def needs(cell: str) -> set[str]:
    """Return the libraries that a cell imports by name, and those that the course's own names in it bring with them."""
    brought = " ".join(libraries for word, libraries in BRINGS.items() if re.search(rf"\b{word}\b", cell))
    return {*re.findall(r"^\s*import (\S+)", cell, re.M), *brought.split()}


def cost(code: str) -> tuple[float, float]:
    """Return the seconds and, at their most, the megabytes of a fresh Python that runs this code."""
    result = subprocess.run([sys.executable, "-c", METER, code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    duration, megabytes = map(float, result.stdout.split())
    return duration, megabytes


def measure(paths: Sequence[Path] | None = None, runs: int = 3) -> Iterator[Row]:
    """Yield a row for each lesson: the medians in turn. Its ratio is of times."""
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")) if paths is None else paths:
        cell = first_cell(path)
        libraries = "\n".join(f"import {library}" for library in sorted(needs(cell)))
        ours, other = np.median([(cost(cell), cost(libraries)) for _ in range(runs)], axis=0)
        times, memory = ours / other
        much = f"it takes {times:.1f}× the time and {memory:.1f}× the memory of the libraries that it needs"
        shown = (f"{seconds(duration)}, {megabytes:.0f} MB" for duration, megabytes in (ours, other))
        yield Row(path.stem, *shown, times, wrong=much if max(times, memory) > MOST else "")
