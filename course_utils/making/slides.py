"""Turn the lessons into slide decks that open from disk without a network: `python -m course_utils.making.slides [NOTEBOOK ...]`.

A lesson is executed in memory first, so that its widgets have pictures, one for each place of their sliders: they are
committed without them.
What is on a slide is said by the lesson's slide metadata. A cell that shows a picture or a widget, or that carries the tag
`hide-input`, shows that alone; any other cell shows its code too.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from course_utils import style
from course_utils.files import NOTEBOOKS, ROOT, in_one_step
from course_utils.making.assets import AssetsFailed, copy_parts, fetch_parts
from course_utils.making.execute import CellFailed, run_cells

HERE = Path(__file__).resolve().parent
SLIDES = ROOT / "slides"


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
        prog="python -m course_utils.making.slides", description="Turn lessons into slide decks that need no network."
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
        fetch_parts()
        with tempfile.TemporaryDirectory() as folder:
            assets = Path(folder, "assets")
            copy_parts(assets)
            shutil.copy(HERE / "deck.css", assets)
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
    except (AssetsFailed, CellFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _is_picture(output: NotebookNode) -> bool:
    """Say whether an output is a picture or a widget."""
    data = output.get("data", {})
    return "<img" in data.get("text/html", "") or any(
        kind.startswith("image/") or "widget-view" in kind for kind in data
    )


if __name__ == "__main__":
    sys.exit(main())
