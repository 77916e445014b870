"""Opening a lesson loads what the lesson uses, and none of the large libraries beside it."""

import ast
import importlib
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import nbformat
import pytest

from course_utils.lessons import lessons

BENCH = Path(__file__).parent / "bench"
PACKAGE = Path(__file__).resolve().parents[1] / "course_utils"
HEAVY = {
    "torch",
    "torch._dynamo",
    "sklearn",
    "scipy",
    "pandas",
    "shapely",
    "resvg_py",
    "python_avatars",
    "pooch",
    "requests",
}
CODE = {
    lesson.path.stem: [cell.source for cell in nbformat.read(lesson.path, as_version=4).cells if cell.cell_type == "code"]
    for lesson in lessons().values()
}  # fmt: skip
WITHOUT_TORCH = [name for name, cells in CODE.items() if not any("torch" in cell for cell in cells)]


def loaded(code):
    """Return the large libraries that are loaded after this code, in a Python of its own."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return HEAVY.intersection(result.stdout.split())


def test_the_packages_load_nothing_before_it_is_used():
    names = "models, widgets, datasets, datasets.wrodl, plotting, style, exercises, evaluation"
    assert loaded("\n".join(f"import course_utils.{name}" for name in names.split(", "))) == set()


def test_training_does_without_pytorchs_compiler(tmp_path):
    assert loaded(f"""
import torch
from pathlib import Path
from course_utils.models import GAN, RealNVP
for name, make in ("gan", lambda: GAN(n_hidden=4)), ("flow", lambda: RealNVP(2, 1, 4)):
    for epochs in (1, 2):  # the second training goes on from the first one's state
        make().fit(torch.zeros(100, 2), epochs=epochs, state=Path({str(tmp_path)!r}) / name, progress=False)
""") == {"torch"}


LIGHT = [name for name, cells in CODE.items() if "import torch" not in cells[0]]


@pytest.mark.parametrize("name", LIGHT if os.environ.get("ALL") else LIGHT[::3])
def test_a_lesson_opens_with_what_it_needs(name, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    needs = importlib.import_module("opening").needs(CODE[name][0])
    assert loaded(CODE[name][0]) <= {library.split(".")[0] for library in needs}


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_a_lesson_that_does_not_name_torch_never_loads_it(executed, name):
    assert executed(name[:2])["'torch' in __import__('sys').modules"] is False


def without(library, monkeypatch):
    """Make importing a library fail, as where it is not installed."""
    for name in [library, *(name for name in sys.modules if name.startswith(library + "."))]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("library, names", [("course_utils", [*CODE]), ("torch", [name for name in CODE if "import torch" in CODE[name][0]])])  # fmt: skip
def test_a_first_cell_says_what_to_do_where_something_is_missing(library, names, monkeypatch, capsys):
    """A lone notebook, on Colab or elsewhere; or a Mac for which there is no PyTorch."""
    without(library, monkeypatch)
    assert len(names) > 10
    for name in names:
        exec(CODE[name][0], {})
        said = capsys.readouterr().out
        assert said.startswith(f"This kernel has no {library}.") and said.count("%pip install") == 2, name
        assert library != "torch" or "Intel" in said, name


def test_the_first_half_of_lesson_09_needs_no_torch(monkeypatch, capsys):
    cells = CODE["09_the_elbo"]
    (first,) = (k for k, cell in enumerate(cells) if "import torch" in cell)
    assert first > len(cells) / 2 and not any("torch" in cell for cell in cells[:first])
    assert cells[first].startswith("try:\n    import torch\n") and "except ModuleNotFoundError:" in cells[first]
    without("torch", monkeypatch)
    exec(cells[first], {})
    said = capsys.readouterr().out  # a Mac with an Intel processor is one reason for that, and not the only one
    assert "Intel" in said and "%pip install torch" in said


def test_most_of_the_first_lessons_do_without_torch():
    assert len(WITHOUT_TORCH) >= 7


@pytest.mark.parametrize("package", ["models", "datasets", "widgets"])
def test_every_name_of_a_package_is_what_its_module_defines(package):
    package = importlib.import_module(f"course_utils.{package}")
    assert set(package.__all__) == set(package._homes) <= set(dir(package))
    for name, home in package._homes.items():
        assert getattr(package, name) is getattr(importlib.import_module(home), name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        assert not package.nothing


def test_a_widget_is_not_hidden_by_the_module_of_its_name():
    loaded(
        "from course_utils.widgets.completion import COVER\nfrom course_utils.widgets import hidden_pixels as h\nh.__call__"
    )


def test_no_module_imports_itself_by_way_of_others():
    """Counted are the imports at the top of the modules and within functions, and not those for type checkers."""
    graph = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body = []
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                base = ".".join([*parts[: -node.level or 0], *filter(None, [node.module])])
                found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        graph[".".join(parts).removesuffix(".__init__")] = found
    graph = {module: found & graph.keys() - {module} for module, found in graph.items()}
    assert len(graph) > 50 and "course_utils.plotting" in graph["course_utils.widgets.panel"]
    TopologicalSorter(graph).prepare()  # raises CycleError
