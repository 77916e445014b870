"""The house is in order: formatted, and its rooms know only the rooms that they need."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.files import ROOT

PACKAGE = ROOT / "course_utils"


@pytest.mark.parametrize("rule", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_finds_nothing(rule):
    run = subprocess.run([sys.executable, "-m", "ruff", *rule, ROOT], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imports(name: str, source: str) -> set[str]:
    """Return the modules of the course that a module's code imports, wherever in it: packages count as their __init__."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & MODULES.keys() - {name}


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return {name: imports(name, path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules that import one another in a circle, or an empty list."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name) :]
        for other in sorted(graph[name]) if name not in done else ():
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := walk(name, []))), [])


def test_no_modules_import_one_another_in_a_circle(graph):
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert len(graph) > 60 and circle(graph) == []


def test_what_students_use_does_not_know_the_makers(graph):
    makers = {name for name in graph if name.startswith("course_utils.making")}
    assert len(makers) >= 8
    assert {name: found for name in graph.keys() - makers if (found := graph[name] & makers)} == {}


def test_makers_need_no_model_no_data_set_and_no_widget(graph):
    rooms = ("course_utils.models", "course_utils.datasets", "course_utils.widgets", "course_utils.evaluation")
    used = {name: {o for o in graph[name] if o.startswith(rooms)} for name in graph if ".making" in name}
    assert not any(used.values()), used


def test_only_files_knows_where_things_lie():
    """No other module walks up from its own place, or asks for the cache."""
    others = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items() if name != "course_utils.files"}
    assert [name for name, source in others.items() if "parents[" in source or "os_cache" in source] == []
