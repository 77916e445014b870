"""The PDF of a lesson: read again with pypdf, and what is said when it cannot be made."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pypdf import PdfReader

from course_utils.files import NOTEBOOKS
from course_utils.lessons import lessons
from course_utils.making import pdf, slides


def test_a_lesson_becomes_a_pdf(chromium_path, parts, tmp_path):
    """Its title, first and last words and figures are there; no formula is left as source, and no note for the lecturer."""
    assert pdf.main(["04", "--output", str(tmp_path)]) == 0
    reader = PdfReader(tmp_path / "04_wrodl_counting_and_smoothing.pdf")
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    nb = nbformat.read(NOTEBOOKS / "04_wrodl_counting_and_smoothing.ipynb", as_version=4)
    figures = sum(
        "data:image" in output.get("data", {}).get("text/html", "")
        for cell in nb.cells
        for output in cell.get("outputs", [])
    )
    assert 6 <= len(reader.pages) <= 20
    assert text.startswith("04 · Wrodl: counting and smoothing Fifty photographs of strangers")
    assert "Further reading" in text and "In the notebook, sliders move this picture." in text
    drawn = [part.get_object() for page in reader.pages for part in page["/Resources"].get("/XObject", {}).values()]
    assert figures >= 5 and sum(part["/Subtype"] == "/Image" for part in drawn) >= figures
    assert "$$" not in text and not re.search(r"\\(frac|alpha|theta|log)\b", text)
    assert "Lecturer's note" not in text and "Not attempted" not in text  # exercises are questions


def test_a_deck_on_paper(chromium_path, parts, tmp_path):
    """A page a slide, each with its heading and its margins, a widget as its first picture, notes on pages of their own."""
    assert slides.main(["00", "--pdf", "--notes", "--output", str(tmp_path)]) == 0
    pages = PdfReader(tmp_path / "00_start_here.slides.pdf").pages
    texts = [page.extract_text() for page in pages]
    assert len(pages) == lessons()["00"].slides + sum("Lecturer's note" in text for text in texts)
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pages} == {(960, 540)}  # points
    assert texts[0].startswith("00 · ") and any("sliders move this picture" in text for text in texts)
    assert [path.name for path in tmp_path.iterdir()] == ["00_start_here.slides.pdf"]


def test_what_the_page_holds():
    """A widget's first picture, with a caption for paper; answers are open, and a note is left out."""
    still = '<figure><img alt="A slider." src="data:,"><figcaption>Run this cell.</figcaption></figure>'
    nb = new_notebook(cells=[
        new_markdown_cell("# 99 · Tom & Jerry\n\n<details><summary>Answer</summary>\n\nBecause.\n\n</details>"),
        new_markdown_cell("whispered", metadata={"slideshow": {"slide_type": "notes"}}),
        new_code_cell("slider()", execution_count=7, outputs=[new_output("display_data", {"text/html": still, "text/plain": "a slider"})]),
    ])  # fmt: skip
    page = pdf.to_page(nb)
    assert "<title>99 · Tom &amp; Jerry</title>" in page
    assert re.search("<details open[=>]", page) and "<details>" not in page
    assert 'alt="A slider."' in page and "sliders move this picture" in page and "Run this cell" not in page
    assert not re.search(r"In\s*\[|\[7\]", page)
    assert "whispered" not in page and "https://" not in "".join(re.findall(r'(?:src|href)="[^"]*"', page))
    assert "<details>" in nb.cells[0].source  # the lesson itself is not touched


def test_a_page_that_lacks_something_is_not_printed(chromium_path, tmp_path):
    """What could not be loaded is named."""
    page = tmp_path / "page.html"
    page.write_text('<script>MathJax = {startup: {promise: Promise.resolve()}}</script><img src="lost.png">')
    with pytest.raises(pdf.PdfFailed, match="lost.png"):
        pdf.print_pages({page: tmp_path / "page.pdf"})
    assert not (tmp_path / "page.pdf").exists()


def test_without_a_browser_the_message_says_what_to_install(monkeypatch, tmp_path):
    """Chromium is named, and how to get it."""
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    with pytest.raises(pdf.PdfFailed, match="playwright install chromium"):
        pdf.print_pages({tmp_path / "page.html": tmp_path / "page.pdf"})


def test_an_unknown_lesson_is_named(capsys):
    """The message lists the lessons that there are."""
    with pytest.raises(SystemExit):
        pdf.main(["77"])
    assert "no lesson 77" in capsys.readouterr().err
