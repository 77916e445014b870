"""Open the course: bring the reader's own copy of the lessons up to date and start JupyterLab on it.

    python -m course_utils.lab [options of JupyterLab]

The lessons in `notebooks/`, and the pages beside them (glossary, formulas), belong to the course, the copies in
`my_lessons/` to the reader. A copy that the reader has not edited follows the course; an edited one is never written to.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from course_utils.files import NOTEBOOKS, ROOT, in_one_step

WORKING_COPY = ROOT / "my_lessons"
SETTINGS = Path(__file__).with_name("jupyterlab_settings")
DELIVERED = ".delivered.json"  # in the working copy: {name of a lesson: fingerprint of what was copied there}


def fingerprint(lesson: Path) -> str | None:
    """Return a hash of what a reader can edit, or None if the file cannot be read (as a notebook, if it is one).

    What counts is each cell's type, source and attachments: neither running cells nor JupyterLab's metadata is an edit.
    Of a page (.md) everything counts.
    """
    try:
        content = lesson.read_bytes()
        if lesson.suffix == ".md":
            return hashlib.sha256(content).hexdigest()
        cells = json.loads(content)["cells"]
        edited = [(c["cell_type"], "".join(c["source"]), c.get("attachments") or {}) for c in cells]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return hashlib.sha256(json.dumps(edited, sort_keys=True).encode()).hexdigest()


def update_working_copy(lessons: Path, target: Path) -> list[str]:
    """Copy new and changed lessons and pages from `lessons` to `target`, and return what the reader should be told.

    A copy is replaced only if its fingerprint is the one that was delivered. Nothing is ever deleted.
    Raises FileNotFoundError if there are no lessons, and OSError if `target` cannot be written to.
    """
    names = sorted(path.name for path in lessons.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        raise FileNotFoundError(f"there are no lessons in {lessons}: run this in a clone of the course")
    names += sorted(path.name for path in lessons.glob("*.md"))
    target.mkdir(exist_ok=True)
    remembered = _read_delivered(target / DELIVERED)
    delivered, messages = {}, []
    for name in names:
        lesson, copy = lessons / name, target / name
        new, mine, before = fingerprint(lesson), fingerprint(copy), remembered.get(name)
        delivered[name] = before
        if new is None:
            messages.append(
                f"{name}: the course's own file is damaged, so your copy stays as it is. "
                f"`git restore {lessons.name}/{name}` brings the course's file back."
            )
        elif not os.path.lexists(copy):
            _write(copy, lesson.read_bytes())
            delivered[name] = new
        elif mine is None:
            messages.append(
                f"{name}: your copy cannot be read as a notebook, so it was left alone. {_how_to_get(name)}"
            )
        elif mine == new:  # perhaps run, but not edited
            delivered[name] = new
        elif mine == before:
            _write(copy, lesson.read_bytes())
            delivered[name] = new
            messages.append(f"{name}: brought up to date.")
        elif new != before:
            messages.append(
                f"{name}: the course has a newer version, but you have edited yours, so it was left alone. "
                f"{_how_to_get(name)}"
            )
    messages += [
        f"{name}: no longer a lesson of the course. Your copy stays where it is."
        for name in sorted(remembered.keys() - delivered.keys())
        if (target / name).exists()
    ]
    if delivered != remembered:
        _write(target / DELIVERED, json.dumps(delivered, indent=1).encode())
    return messages


def _how_to_get(name: str) -> str:
    """Say in plain words how to get the course's version without losing one's own."""
    return (
        f"To get the new one: in JupyterLab's file browser, rename your {name} (right click, Rename), "
        "close JupyterLab and start it again as you just did."
    )


def _read_delivered(state: Path) -> dict[str, str]:
    """Read what was delivered; if that is missing or damaged, nothing was, so that a differing copy counts as edited."""
    try:
        delivered = json.loads(state.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return delivered if isinstance(delivered, dict) else {}


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: whatever interrupts it, the file is the old one or the new one."""
    with in_one_step(path) as part:
        part.write_bytes(content)


def main(options: list[str]) -> None:
    """Update the working copy, tell the reader what happened, and start JupyterLab with `options`."""
    try:
        messages = update_working_copy(NOTEBOOKS, WORKING_COPY)
    except OSError as error:
        sys.exit(
            f"Your copy of the lessons could not be brought up to date: {error}\n"
            "Nothing of yours was lost. The course must lie in a folder that you may write to, "
            "on a disk with some space left."
        )
    print(
        *messages, "JupyterLab opens in your browser. To stop it, press Ctrl+C here and answer y.", sep="\n", flush=True
    )
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # "Python 3" is this environment, whatever else is registered
    from jupyterlab.labapp import main as start_jupyterlab  # slow, and not needed above

    start_jupyterlab(
        [
            f"--ServerApp.root_dir={WORKING_COPY}",
            "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
            f"--LabApp.app_settings_dir={SETTINGS}",  # no question about news, no search for updates; pages open rendered
            "--Application.log_level=WARN",  # what was printed above stays in sight
            *options,
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
