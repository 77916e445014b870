"""Open the course: bring the reader's own copy of the lessons up to date and start JupyterLab on it.

    python -m course_utils.lab [folder] [options of JupyterLab]

The lessons in `notebooks/`, and the pages beside them (glossary, formulas), belong to the course, the copies in the
folder to the reader. A copy that the reader has not edited follows the course; an edited one is never written to. Without a
folder it is `my_lessons/`, in the course's folder or, where the course was installed from a wheel, in the current one.
`--help-all` lists the options of JupyterLab.
The wheel has the same command under the name `deep-generative-models`.
"""

import hashlib
import json
import os
import sys
from itertools import count
from pathlib import Path

from course_utils.files import NOTEBOOKS, OUTPUT, in_one_step

WORKING_COPY = OUTPUT / "my_lessons"
SETTINGS = Path(__file__).with_name("jupyterlab_settings")
STARTUP = SETTINGS / "startup.py"  # what each kernel runs before the first cell
WITHOUT_A_VALUE = {"--no-browser", "--debug", "--allow-root", "-y"}  # options after which a word is no value of theirs
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

    A copy is replaced only if its fingerprint is the one that was delivered; one that is no notebook is renamed first. Nothing
    is ever deleted.
    Raises FileNotFoundError if there are no lessons, and OSError if `target` cannot be written to.
    """
    names = sorted(path.name for path in lessons.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        raise FileNotFoundError(f"there are no lessons in {lessons}: run this in a clone of the course")
    names += sorted(path.name for path in lessons.glob("*.md"))
    target.mkdir(parents=True, exist_ok=True)
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
        elif mine is None and _is_readable(copy):
            aside = _set_aside(copy)
            _write(copy, lesson.read_bytes())
            delivered[name] = new
            messages.append(
                f"{name}: your copy is damaged and no notebook any more. It was renamed to {aside.name}, where a text editor may still "
                "find what you typed, and a fresh one lies in its place."
            )
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


def _is_readable(copy: Path) -> bool:
    """Say whether there are bytes in a file; a folder, a lost link and a file that may not be read have none to look at."""
    try:
        copy.read_bytes()
    except OSError:
        return False
    return True


def _set_aside(copy: Path) -> Path:
    """Give a file another name that is free, and return that."""
    names = (copy.with_name(f"{copy.name}.damaged{k or ''}") for k in count())
    aside = next(path for path in names if not os.path.lexists(path))
    return copy.rename(aside)


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


def _split(given: list[str]) -> tuple[Path, list[str]]:
    """Return the folder of a command line, and its options: the folder is the first word that is neither an option nor the value of one."""
    before = ["", *given]
    is_value = [word[:1] == "-" and "=" not in word and word not in WITHOUT_A_VALUE for word in before]
    folders = [k for k, word in enumerate(given) if word and word[0] != "-" and not is_value[k]]
    rest = [word for k, word in enumerate(given) if k not in folders[:1] and (word or is_value[k])]
    return Path(os.path.expanduser(given[folders[0]])) if folders else WORKING_COPY, rest


def main(given: list[str] | None = None) -> None:
    """Update the reader's copies, say what happened, and start JupyterLab; `given` is the command line, folder and options."""
    given = sys.argv[1:] if given is None else given
    if {"-h", "--help"} & set(given):
        print(__doc__)
        return
    folder, options = _split(given)
    folder = folder.absolute()
    try:
        messages = update_working_copy(NOTEBOOKS, folder)
    except OSError as error:
        sys.exit(
            f"Your copy of the lessons could not be brought up to date: {error}\n"
            "Nothing of yours was lost. Your copies must lie in a folder that you may write to, "
            "on a disk with some space left."
        )
    where = "opens at the address below" if "--no-browser" in options else "opens in your browser"
    print(*messages, f"JupyterLab {where}. To stop it, press Ctrl+C here and answer y.", sep="\n", flush=True)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # "Python 3" is this environment, whatever else is registered
    os.environ["PYTHONSTARTUP"] = str(STARTUP)
    from jupyterlab.labapp import main as start_jupyterlab  # slow, and not needed above

    start_jupyterlab(
        [
            f"--ServerApp.root_dir={folder}",
            "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
            f"--LabApp.app_settings_dir={SETTINGS}",  # no question about news, no search for updates; pages open rendered
            "--Application.log_level=ERROR",  # what was printed above stays in sight
            "--KernelManager.transport_encryption=auto",  # or each kernel warns that somebody may listen
            *options,
        ]
    )


if __name__ == "__main__":
    main()
