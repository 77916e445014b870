"""What somebody who mends the course needs to know of a computer: `python -m course_utils.versions`.

In a lesson: `%run -m course_utils.versions`.
"""

import platform
import re
from importlib import metadata

COURSE = "deep-generative-models-course"


def versions() -> dict[str, str]:
    """Return the version of the course, of Python, of the system, and of each package that the course asks for."""
    found = {"course": _version(COURSE), "Python": platform.python_version(), "system": platform.platform()}
    try:
        wanted = [line for line in metadata.requires(COURSE) or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:  # it was not installed, but its folder is on Python's path
        wanted = ["numpy", "matplotlib", "torch", "ipywidgets", "anywidget", "jupyterlab"]
    return found | {name: _version(name) for name in (re.match(r"[\w.-]+", line)[0] for line in wanted)}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    print("\n".join(f"{name:20} {version}" for name, version in versions().items()))
