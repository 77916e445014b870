"""Turn the lessons into slide decks that open from disk without a network: `python -m course_utils.slides [NOTEBOOK ...]`.

A lesson is executed in memory first, so that its widgets have pictures, one for each place of their sliders: they are
committed without them.
What is on a slide is said by the lesson's slide metadata. A cell that shows a picture or a widget, or that carries the tag
`hide-input`, shows that alone; any other cell shows its code too.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from course_utils import style
from course_utils.execute import NOTEBOOKS, CellFailed, run_cells
from course_utils.files import in_one_step

HERE = Path(__file__).resolve().parent
SLIDES = NOTEBOOKS.parent / "slides"
CACHE = Path.home() / ".cache" / "deep-generative-models-course"

# npm package → the parts of it that a deck loads; a name that ends in / is a folder
PARTS = {
    "reveal.js@5.2.1": (
        "dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "dist/theme/fonts/source-sans-pro/", "plugin/notes/notes.js", "LICENSE",
    ),
    "mathjax@3.2.2": ("es5/tex-svg-full.js", "LICENSE"),
    "requirejs@2.3.7": ("require.js",),
    "@jupyter-widgets/html-manager@1.0.15": ("dist/embed-amd.js",),
    "anywidget@0.11.0": ("dist/index.js", "LICENSE"),
}  # fmt: skip


class SlidesFailed(Exception):
    """A deck cannot be made; the message says what is missing, why, and what to do."""


def archive_name(package: str) -> str:
    """Return the file name that `npm pack` gives to a package: @scope/name@1.0 becomes scope-name-1.0.tgz."""
    return re.sub("[@/]", "-", package.removeprefix("@")) + ".tgz"


def fetch_parts(cache: Path, packages: Iterable[str] = tuple(PARTS)) -> None:
    """Bring npm packages into the cache, unless they lie there already; raises SlidesFailed."""
    missing = [package for package in packages if not (cache / archive_name(package)).exists()]
    if not missing:
        return
    wanted = f"The decks need these npm packages, which are fetched once: {', '.join(missing)}."
    npm = shutil.which("npm")
    if npm is None:
        raise SlidesFailed(
            f"{wanted}\nThe command `npm` was not found. Install Node.js (https://nodejs.org) and run this again."
        )
    print(f"Fetching the parts of the decks into {cache} (once, 14 MB) ...", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [
            npm,
            "pack",
            "--loglevel=error",
            "--ignore-scripts",
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
            *missing,
        ]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if result.returncode:
            reason = "\n".join(result.stderr.splitlines()[:4]) or f"It ended with exit status {result.returncode}."
            raise SlidesFailed(
                f"{wanted}\nnpm could not fetch them:\n{reason}\nConnect to the internet and run this again."
            )
        for package in missing:
            shutil.move(Path(folder, archive_name(package)), cache / archive_name(package))


def copy_parts(target: Path, cache: Path) -> None:
    """Unpack what a deck loads into the folder target; raises SlidesFailed if a package is damaged."""
    for package, names in PARTS.items():
        archive, folder = cache / archive_name(package), target / package.rpartition("@")[0]
        try:
            with tarfile.open(archive) as tar:
                for member in tar.getmembers():
                    name = member.name.partition("/")[2]  # without the leading "package/"
                    if member.isfile() and any(
                        name == part or part.endswith("/") and name.startswith(part) for part in names
                    ):
                        (folder / name).parent.mkdir(parents=True, exist_ok=True)
                        (folder / name).write_bytes(tar.extractfile(member).read())
            complete = all((folder / name).exists() for name in names)
        except (tarfile.TarError, EOFError, zlib.error):
            complete = False
        if not complete:
            raise SlidesFailed(f"{archive} is damaged. Delete it and run this again.")
    shutil.copy(HERE / "deck.css", target)


def to_deck(nb: NotebookNode) -> str:
    """Return the page of an executed lesson."""
    headings = (re.search(r"^# (.+)$", cell.source, re.MULTILINE) for cell in nb.cells if cell.cell_type == "markdown")
    nb.metadata.title = next((heading[1].strip() for heading in headings if heading), "Slides")
    for cell in nb.cells:
        if cell.cell_type == "code" and (
            "hide-input" in cell.metadata.get("tags", []) or any(map(_is_picture, cell.outputs))
        ):
            cell.metadata["transient"] = {"remove_source": True}  # nbconvert's way to leave out the code
        if cell.metadata.get("slideshow", {}).get("slide_type") == "notes":
            cell.source = cell.source.replace(
                "<details>", "<details open>"
            )  # folded in the lesson, read in the speaker's view
    exporter = SlidesExporter(
        template_file=str(HERE / "deck.html.j2"),
        exclude_anchor_links=True, exclude_input_prompt=True, exclude_output_prompt=True,
    )  # fmt: skip
    colours = {"ink": style.INK, "grey": style.GREY, "pale": style.PALE}
    page, _ = exporter.from_notebook_node(nb, {"colours": colours})
    return page


def main(argv: list[str] | None = None) -> int:
    """Write the decks of the named notebooks, or of all lessons; return 0, or 1 when something is missing or fails."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.slides", description="Turn lessons into slide decks that need no network."
    )
    parser.add_argument(
        "notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: every notebook of notebooks/"
    )
    parser.add_argument("--output", type=Path, default=SLIDES, metavar="FOLDER", help="default: slides/")
    arguments = parser.parse_args(argv)
    paths = arguments.notebooks or sorted(NOTEBOOKS.glob("*.ipynb"))
    if not paths:
        parser.error(f"no notebooks in {NOTEBOOKS}")
    if missing := [str(path) for path in paths if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    try:
        fetch_parts(CACHE)
        with tempfile.TemporaryDirectory() as folder:
            assets = Path(folder, "assets")
            copy_parts(assets, CACHE)
            shutil.copytree(assets, arguments.output / "assets", dirs_exist_ok=True)
        for path in paths:
            begun = time.perf_counter()
            print(path.name, end=" ", flush=True)
            deck = arguments.output / f"{path.stem}.slides.html"
            nb = nbformat.read(path, as_version=4)
            run_cells(nb, path, {"BAKE_FRAMES": "on"})  # see widgets/frames.py
            with in_one_step(deck) as part:
                part.write_text(to_deck(nb), encoding="utf-8")
            print(f"{time.perf_counter() - begun:.1f} s, {deck}")
    except (SlidesFailed, CellFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _is_picture(output: NotebookNode) -> bool:
    """Say whether an output is a picture or a widget."""
    data = output.get("data", {})
    return "<img" in data.get("text/html", "") or any(
        kind.startswith("image/") or "widget-view" in kind for kind in data
    )
