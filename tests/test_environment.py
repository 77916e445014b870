"""What installs the course says the same thing everywhere: pyproject, conda, constraints, CI, Makefile and README."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CONDA_FORGE = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # what conda-forge calls them


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def bounds(lines: list[str]) -> dict[str, str]:
    """Turn requirements into {name: versions}."""
    requirements = [Requirement(line) for line in lines]
    assert not any(r.extras or r.url or (r.marker and r.name != "torch") for r in requirements)
    return {r.name: str(r.specifier) for r in requirements}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def wanted(project) -> dict[str, str]:
    return bounds(project["dependencies"] + project["optional-dependencies"]["test"])


def test_conda_gets_the_same_packages(project, wanted):
    *conda, pip = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert pip["pip"].pop() == "-e ."  # the course itself
    given = bounds(conda + pip["pip"])
    assert given.pop("pip") == ""
    assert Requirement("python" + given.pop("python")) == Requirement("python" + project["requires-python"])
    assert given == {CONDA_FORGE.get(name, name): versions for name, versions in wanted.items()}


@pytest.mark.parametrize("system, machine, wanted", [
    ("darwin", "x86_64", False), ("darwin", "arm64", True), ("linux", "x86_64", True), ("win32", "AMD64", True)])  # fmt: skip
def test_macs_with_intel_processors_get_no_torch(project, system, machine, wanted):
    (torch,) = (r for r in map(Requirement, project["dependencies"]) if r.name == "torch")
    assert torch.marker.evaluate({"sys_platform": system, "platform_machine": machine}) is wanted


def test_citation_and_changelog_have_the_version(project):
    assert yaml.safe_load(read("CITATION.cff"))["version"] == project["version"]
    assert f"\n## {project['version']}" in read("CHANGELOG.md")


def test_constraints_are_exact_versions_of_all_that_is_wanted(wanted):
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    # no address, no path, and no version that exists for one system only, such as 2.13.0+cpu
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
    pinned = {name.lower(): version for name, version in (line.split("==") for line in lines)}
    assert len(pinned) == len(lines)
    for name, versions in wanted.items():
        assert Requirement(name + versions).specifier.contains(pinned[name]), (
            f"{name}=={pinned[name]} is not {versions}"
        )


def test_one_range_of_pythons(project):
    oldest, newest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    newest = str(int(newest) - 1)
    assert f"(3, {oldest}) <= sys.version_info < (3, {int(newest) + 1})" in read("Makefile")
    assert f"Python 3.{oldest} to 3.{newest}" in read("Makefile")
    assert f"Python 3.{oldest} to 3.{newest}" in read("README.md")
    matrix = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == [f"3.{oldest}", f"3.{newest}"]


def test_make_explains_what_there_is():
    targets = set(re.search(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE).group(1).split()) - {"help"}
    assert set(re.findall(r"\$\(info make (\w+) ", read("Makefile"))) == targets


FAKE_PYTHON = r"""#!/bin/sh
# makes environments of itself, writes down what it is asked to do, and fails to install where there is a file "broken"
case "$*" in
"-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >> log ;;
"-m pip install"*) [ -e broken ] && exit 1; for last; do :; done; echo "install $last" >> log ;;
"-m "*) echo "$*" >> log ;;
*) exec "$REAL_PYTHON" "$@" ;;
esac
"""


@pytest.mark.skipif(
    os.name == "nt" or not shutil.which("make"), reason="needs make, and a shell for the pretended Python"
)
def test_make_installs_once_goes_on_after_a_failure_and_follows_pyproject(tmp_path):
    folder = tmp_path / "Kurs – Übung 1"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)

    def make(target: str) -> list[str]:
        """Run make and return what was asked of Python, its exit status last."""
        (folder / "log").write_text("")
        status = subprocess.run(
            ["make", target],
            cwd=folder,
            capture_output=True,
            env=os.environ | {"PYTHON": str(python), "REAL_PYTHON": sys.executable},
        ).returncode
        return [*(folder / "log").read_text().splitlines(), "ok" if status == 0 else "failed"]

    lab, test = "-m course_utils.lab", "-m pytest"
    (folder / "broken").touch()
    assert make("lab") == ["venv", "failed"]
    (folder / "broken").unlink()
    assert make("lab") == ["install .", lab, "ok"]
    assert make("lab") == [lab, "ok"]
    assert make("test") == ["install .[test]", test, "ok"]
    assert make("test") == [test, "ok"]
    later = (folder / ".venv/test.done").stat().st_mtime + 10
    os.utime(folder / "pyproject.toml", (later, later))
    assert make("test") == ["install .[test]", test, "ok"]
