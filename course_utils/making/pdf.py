"""Print lessons as PDF files, with a browser that Playwright drives: `python -m course_utils.making.pdf [NUMBER ...]`.

The outputs are those stored in the notebook. On paper nothing moves and nothing unfolds: a widget is its first picture,
folded answers are open, and the lecturer's notes are left out.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from course_utils.files import OUTPUT, in_one_step
from course_utils.lessons import asked, title_of
from course_utils.making.assets import AssetsFailed, copy_parts, fetch_parts

PDF = OUTPUT / "pdf"
TEMPLATE = Path(__file__).resolve().parent / "lesson.html.j2"
CAPTION = "<figcaption>In the notebook, sliders move this picture.</figcaption>"  # in place of what it says on a screen
READY = "() => window.MathJax?.startup?.promise"
PRINT_VIEW = "?view=print&pdfSeparateFragments=false"  # reveal's
PRINT_READY = f"() => document.querySelector('.pdf-page') && ({READY})()"
ON_A4 = {
    "format": "A4", "display_header_footer": True, "header_template": "<span></span>",
    "footer_template": '<div style="width:100%;text-align:center;font-size:9px"><span class="pageNumber"></span></div>',
    "margin": dict.fromkeys(("top", "bottom", "left", "right"), "18mm"),
}  # fmt: skip
ON_SLIDES = {"prefer_css_page_size": True}  # reveal says how large


class PdfFailed(Exception):
    """A PDF cannot be made; the message says what is missing and what to do."""


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome, or None; raises PdfFailed without Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise PdfFailed(
            'A PDF needs Playwright, one of the packages for the tests: `pip install -e ".[test]"`.'
        ) from None
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def on_paper(nb: NotebookNode) -> NotebookNode:
    """Return a copy of a stored lesson: answers are open, a widget's picture says that it moves elsewhere, exercises are questions."""
    nb = deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "code" and re.search(r"^check\(", cell.source, re.M):
            cell.source, cell.outputs = re.sub(r"  # stuck\?.*", "", cell.source), []
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("<details>", "<details open>")
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = re.sub("<figcaption>.*?</figcaption>", CAPTION, output.data["text/html"])
    return nb


def to_page(nb: NotebookNode) -> str:
    """Return a lesson as one HTML page that is ready to be printed."""
    nb = on_paper(nb)
    nb.cells = [cell for cell in nb.cells if cell.metadata.get("slideshow", {}).get("slide_type") != "notes"]
    nb.metadata.title = title_of(nb.cells)
    exporter = HTMLExporter(
        template_file=str(TEMPLATE), anchor_link_text="", exclude_input_prompt=True, exclude_output_prompt=True,
    )  # fmt: skip
    return exporter.from_notebook_node(nb)[0]


def print_pages(pages: dict[Path, Path], slides: str = "") -> None:
    """Print HTML pages {page: PDF file} on A4, or decks with a page a slide; raises PdfFailed without a browser, or if a page
    asks for what is not there.

    slides: further words for the address of a deck in reveal's print view, such as "&showNotes=true".
    """
    path = find_browser()
    if path is None:
        raise PdfFailed(
            "A PDF needs Chromium or Chrome: install one (Debian: apt install chromium), or run `python -m playwright install chromium`."
        )
    from playwright.sync_api import sync_playwright  # here, since only the tests install it

    # Chromium does not start as root with its sandbox
    flags = ["--disable-gpu"] + ["--no-sandbox"] * (hasattr(os, "geteuid") and os.geteuid() == 0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for page_file, target in pages.items():
            page, lost = browser.new_context(offline=True).new_page(), []
            page.on("requestfailed", lambda request: lost.append(request.url[:200]))
            page.goto(page_file.as_uri() + (slides and PRINT_VIEW + slides))
            page.wait_for_function(PRINT_READY if slides else READY, timeout=60_000)
            page.evaluate("() => MathJax.startup.promise")
            lost += page.evaluate(
                "() => [...document.images].filter(image => !image.naturalWidth).map(image => image.src.slice(0, 200))"
            )
            if lost:
                raise PdfFailed(f"{target.name}: could not load {', '.join(lost)}")
            content = page.pdf(print_background=True, tagged=True, outline=True, **(ON_SLIDES if slides else ON_A4))
            with in_one_step(target) as part:
                part.write_bytes(content)
            page.context.close()
            print(target, flush=True)
        browser.close()


def main(argv: list[str] | None = None) -> int:
    """Print the lessons of these numbers, or all; return 0, or 1 when something is missing."""
    parser = argparse.ArgumentParser("python -m course_utils.making.pdf", description="Print lessons as PDF files.")
    parser.add_argument("--output", type=Path, default=PDF, metavar="FOLDER", help="default: pdf/")
    arguments = asked(parser, argv)
    try:
        fetch_parts()
        with tempfile.TemporaryDirectory() as folder:
            copy_parts(Path(folder, "assets"))
            pages = {}
            for lesson in arguments.lessons:
                page = Path(folder, f"{lesson.path.stem}.html")
                page.write_text(to_page(nbformat.read(lesson.path, as_version=4)), encoding="utf-8")
                pages[page] = arguments.output / f"{page.stem}.pdf"
            arguments.output.mkdir(parents=True, exist_ok=True)
            print_pages(pages)
    except (AssetsFailed, PdfFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
