"""Turn the lessons into slide decks that open from disk without a network: `python -m course_utils.making.slides [NUMBER ...]`.

A lesson is executed in memory first, so that its widgets have pictures, one for each place of their sliders: they are
committed without them. With --pdf the decks are printed from the stored notebooks, a page a slide, each widget as its first picture.
What is on a slide is said by the lesson's slide metadata; one that begins without a heading has its `headline` there. A cell that shows a picture or a widget, or that carries the tag
`hide-input`, shows that alone; any other cell shows its code too.
"""

import argparse
import base64
import io
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from PIL import Image, ImageChops

from course_utils import style
from course_utils.files import OUTPUT, in_one_step
from course_utils.lessons import Lesson, asked, title_of
from course_utils.making.assets import AssetsFailed, copy_parts, fetch_parts
from course_utils.making.execute import BAKED, CellFailed, run_cells
from course_utils.making.pdf import PdfFailed, on_paper, print_pages

HERE = Path(__file__).resolve().parent
SLIDES = OUTPUT / "slides"
MOST = 4_000_000  # bytes of a deck, without the parts that decks share
UNSEEN = 8  # of 255: no eye sees that a colour differs by that


def to_deck(nb: NotebookNode) -> str:
    """Return the page of an executed lesson."""
    nb.metadata.title = title_of(nb.cells)
    nb.cells = _in_order([part for cell in _in_place(nb.cells) for part in _headed(cell)])
    for cell in nb.cells:
        if cell.cell_type == "code" and (
            "hide-input" in cell.metadata.get("tags", []) or any(map(_is_picture, cell.outputs))
        ):
            cell.metadata["transient"] = {"remove_source": True}  # nbconvert's way to leave out the code
        if _kind(cell) == "notes":
            cell.source = cell.source.replace(
                "<details>", "<details open>"
            )  # folded in the lesson, read in the speaker's view
    exporter = SlidesExporter(
        template_file=str(HERE / "deck.html.j2"),
        anchor_link_text="", exclude_input_prompt=True, exclude_output_prompt=True,
    )  # fmt: skip
    colours = {"ink": style.INK, "grey": style.GREY, "pale": style.PALE}
    page, _ = exporter.from_notebook_node(nb, {"colours": colours})
    return page if len(page) <= MOST else re.sub(r"(?<=data:image/png;base64,)[\w+/=]{4000,}", _lighter, page)


def write(lesson: Lesson, folder: Path) -> Path:
    """Execute a lesson, with its widgets' pictures baked, and write its deck; raises CellFailed and OSError."""
    nb = nbformat.read(lesson.path, as_version=4)
    run_cells(nb, lesson.path, BAKED)
    deck = folder / f"{lesson.path.stem}.slides.html"
    with in_one_step(deck) as part:
        part.write_text(to_deck(nb), encoding="utf-8")
    return deck


def write_parts(folder: Path) -> None:
    """Put what decks load into folder/assets; raises AssetsFailed, and then leaves the folder as it was."""
    fetch_parts()
    with tempfile.TemporaryDirectory() as scratch:
        assets = Path(scratch, "assets")
        copy_parts(assets)
        for css in (style.BOXES, HERE / "deck.css"):
            shutil.copy(css, assets)
        shutil.copytree(assets, folder / "assets", dirs_exist_ok=True)


def write_pdfs(chosen: Sequence[Lesson], folder: Path, notes: bool = False) -> None:
    """Print the decks of lessons, with the lecturer's notes on pages between the slides if wished; raises PdfFailed and OSError."""
    with tempfile.TemporaryDirectory() as scratch:
        write_parts(Path(scratch))
        pages = {}
        for lesson in chosen:
            page = Path(scratch, f"{lesson.path.stem}.slides.html")
            page.write_text(to_deck(on_paper(nbformat.read(lesson.path, as_version=4))), encoding="utf-8")
            pages[page] = folder / f"{lesson.path.stem}.slides.pdf"
        folder.mkdir(parents=True, exist_ok=True)
        print_pages(pages, slides="&showNotes=separate-page" if notes else "&showNotes=false")


def main(argv: list[str] | None = None) -> int:
    """Write the decks of the lessons of these numbers, or of all; return 0, or 1 when something is missing or fails."""
    parser = argparse.ArgumentParser("python -m course_utils.making.slides", description="Turn lessons into decks.")
    parser.add_argument("--output", type=Path, default=SLIDES, metavar="FOLDER", help="default: slides/")
    parser.add_argument("--pdf", action="store_true", help="print them: a page a slide")
    parser.add_argument(
        "--notes", action="store_true", help="with --pdf: a page of notes after each slide that has some"
    )
    arguments = asked(parser, argv)
    try:
        if arguments.pdf:
            write_pdfs(arguments.lessons, arguments.output, arguments.notes)
            return 0
        write_parts(arguments.output)
        for lesson in arguments.lessons:
            begun = time.perf_counter()
            print(lesson.path.name, end=" ", flush=True)
            deck = write(lesson, arguments.output)
            print(f"{time.perf_counter() - begun:.1f} s, {deck}")
    except (AssetsFailed, CellFailed, PdfFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _headed(cell: NotebookNode) -> list[NotebookNode]:
    """Return a cell, after a heading of its own if its slide metadata has a `headline`: the point of a slide that begins there."""
    slide = cell.metadata.get("slideshow", {})
    if "headline" not in slide:
        return [cell]
    heading = new_markdown_cell(f"### {slide.pop('headline')}", metadata={"slideshow": dict(slide)})
    slide["slide_type"] = "-"  # goes on with it
    return [heading, cell]


def _in_place(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Return cells with each note where its slide begins: one in a fragment would be told after what it asks for was shown.

    What a note says of another section, "Section 3, …", goes to the slide that begins that section.
    """
    placed = [[] if _kind(cell) == "notes" else [cell] for cell in cells]
    begins = {start[1]: at for at, cell in enumerate(cells) if (start := re.match(r"## (\d+) · ", cell.source))}
    slide = 0
    for at, cell in enumerate(cells):
        slide = at if _kind(cell) in ("slide", "subslide") else slide
        if _kind(cell) == "notes":
            head, *parts = re.split(r"^(?=Section \d+, )", cell.source.removesuffix("</details>"), flags=re.M)
            here = max((number for number in begins if begins[number] < at), key=begins.get, default=None)
            number_of = {part: re.match(r"Section (\d+)", part)[1] for part in parts}
            away = [part for part in parts if number_of[part] in begins and number_of[part] != here]
            for part in away:
                note = new_markdown_cell(f"{head}{part}</details>", metadata={"slideshow": {"slide_type": "notes"}})
                placed[begins[number_of[part]]].append(note)
            if away:
                cell.source = f"{head}{''.join(part for part in parts if part not in away)}</details>"
            if not parts or len(away) < len(parts):
                placed[slide].append(cell)
    return sum(placed, [])


def _kind(cell: NotebookNode) -> str | None:
    return cell.metadata.get("slideshow", {}).get("slide_type")


def _in_order(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Return the cells with no level of headings left out on slides: of a section whose own heading is on none, the first has its level."""
    level = 1
    for cell in cells:
        if cell.cell_type == "markdown" and _kind(cell) not in ("skip", "notes"):
            if level == 1:
                cell.source = re.sub(r"\A###(?= )", "##", cell.source)
            levels = re.findall(r"^(?:> )?(#{1,4}) ", re.sub(r"^```.*?^```", "", cell.source, flags=re.M | re.S), re.M)
            level = len(levels[-1]) if levels else level
    return cells


def _lighter(found: re.Match) -> str:
    """Return a picture of PNG bytes in base64 with at most 256 colours, where nobody sees the difference."""
    picture = Image.open(io.BytesIO(base64.b64decode(found[0]))).convert("RGB")
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    if max(most for _, most in ImageChops.difference(few.convert("RGB"), picture).getextrema()) > UNSEEN:
        return found[0]
    buffer = io.BytesIO()
    few.save(buffer, format="png", compress_level=9)
    return min(found[0], base64.b64encode(buffer.getvalue()).decode("ascii"), key=len)


def _is_picture(output: NotebookNode) -> bool:
    """Say whether an output is a picture or a widget."""
    data = output.get("data", {})
    return "<img" in data.get("text/html", "") or any(
        kind.startswith("image/") or "widget-view" in kind for kind in data
    )


if __name__ == "__main__":
    sys.exit(main())
