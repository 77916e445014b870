"""The bridge to nbgrader with the real one, in an environment of its own: it needs a network and minutes, so only with ALL=1."""

import re
import subprocess
import sys
import sysconfig

import nbformat
import pytest
from left_out import left_out

from course_utils.exercises import engine
from course_utils.files import ROOT

LESSON = "lesson_03"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has nbgrader, over the packages of this one."""
    folder = tmp_path_factory.mktemp("nbgrader")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    (bin_,) = [path for path in (folder / "venv" / "bin", folder / "venv" / "Scripts") if path.exists()]
    (site,) = (folder / "venv").glob("**/site-packages")
    (site / "course.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{ROOT}\n")
    install = [bin_ / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", "nbgrader"]
    subprocess.run(install, check=True)
    return bin_ / "python"


@left_out("nbgrader, in an environment of its own")
def test_three_students_get_their_points(python, tmp_path):
    """Right answers, wrong ones, and a line that stops in the middle: what for_lecturers.md shows."""
    script = (
        "import sys; from pathlib import Path; from course_utils.making import handout; "
        f"handout.CLASS = Path({str(tmp_path / 'class')!r}); sys.exit(handout.main(sys.argv[1:]))"
    )

    def handout(*arguments):
        return subprocess.run([python, "-c", script, *arguments], capture_output=True, text=True, cwd=tmp_path)

    made = handout("03")
    assert made.returncode == 0, made.stderr
    (released,) = (tmp_path / "class" / "release" / LESSON).glob("*.ipynb")
    assert "HIDDEN" not in released.read_text(encoding="utf-8")
    for student in ("anna", "ben", "chris"):
        nb = nbformat.read(released, as_version=4)
        for cell, graded in zip(nb.cells, nb.cells[1:]):
            if "nbgrader" in graded.metadata:
                name, asked = re.search(r'check\("(.+?)", (.+?)\)  #', graded.source).groups()
                right = f"{engine.find(name).code}\n{asked} = answer"
                half = right if name == "03.1" else "def fit_box(x):\n    return (" if name == "03.2" else cell.source
                cell.source = {"anna": right, "ben": f"{asked} = 'no'", "chris": half}[student]
        target = tmp_path / "class" / "submitted" / student / LESSON / released.name
        target.parent.mkdir(parents=True)
        nbformat.write(nb, target)
    graded = handout("03", "--points")
    assert graded.returncode == 0, graded.stderr[-3000:]
    rows = [line.split() for line in graded.stdout.splitlines() if line.startswith(("anna", "ben", "chris"))]
    points = {student: [float(number) for number in numbers] for student, *numbers in rows}
    assert points == {"anna": [1, 1, 1, 1, 1, 5], "ben": [0, 0, 0, 0, 0, 0], "chris": [1, 0, 0, 0, 0, 1]}
