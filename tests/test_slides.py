"""The decks without a browser: what stands in them, and what is said when they cannot be made."""

import base64
import io
import re
import subprocess
import tarfile
from copy import deepcopy
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from course_utils import files
from course_utils.making import assets, slides
from course_utils.plotting import png

PICTURE = '<figure><img alt="Forty points on a map." src="data:image/png;base64,AAAA"></figure>'


def markdown(source, slide_type):
    """Return a markdown cell with slide metadata."""
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": slide_type}})


def code(source, slide_type, html=None, tags=()):
    """Return an executed code cell with slide metadata."""
    outputs = [new_output("display_data", {"text/html": html})] if html else []
    return new_code_cell(
        source,
        execution_count=1,
        outputs=outputs,
        metadata={"slideshow": {"slide_type": slide_type}, "tags": list(tags)},
    )


@pytest.fixture
def deck():
    """Return the page of a small lesson."""
    cells = [
        markdown("# 07 · Tom & Jerry's <lesson>\n\nWhat is $p_\\theta(x) < 1$?", "slide"),
        markdown(
            "> ### Think\n> Why?\n>\n> <details><summary>Answer</summary>\n>\n> Because of $x$.\n>\n> </details>",
            "fragment",
        ),
        markdown("whisper this to the speaker", "notes"),
        code("setup = 'left out'", "skip"),
        code("theta = 'shown'", "slide"),
        code("draw('the map')", "subslide", html=PICTURE),
        code("table = 'hidden'", "-", html="<table><tr><td>a table</td></tr></table>", tags=["hide-input"]),
        markdown("this is for readers only", "skip"),
    ]
    return slides.to_deck(new_notebook(cells=cells))


class Elements(HTMLParser):
    """Collect the start tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def words(page):
    """Return a page without its tags."""
    return re.sub(r"<[^>]*>", "", page)


def test_a_deck_loads_only_its_own_parts(deck):
    """Every address in the page is a data: address or one of the files that `copy_parts` brings."""
    links = [
        value for _, attributes in Elements(deck).found for key, value in attributes.items() if key in ("src", "href")
    ]
    files = {link for link in links if not link.startswith(("data:", "#"))}
    parts = {f"assets/{package.rpartition('@')[0]}/{name}" for package, names in assets.PARTS.items() for name in names}
    assert "assets/reveal.js/dist/reveal.js" in files
    assert files <= parts | {"assets/boxes.css", "assets/deck.css"}
    assert not re.search(r"url\((?!['\"]?data:)", deck)


def test_a_deck_shows_what_the_slide_metadata_says(deck):
    """Skipped cells are absent, notes are notes, and slides, subslides and fragments are counted."""
    text = words(deck)
    assert "left out" not in text and "for readers only" not in text
    assert re.search(r'<aside class="notes">.*whisper this.*?</aside>', deck, re.DOTALL)
    assert deck.count("<section") == 5  # two slides, the second with a subslide: reveal nests them
    assert deck.count('class="fragment"') == 1


def test_each_note_is_told_where_its_slide_begins():
    """Reveal shows a note that lies in a fragment only with that; what a note says of section 3 is told there."""
    note = "Section 1, one minute. Ask one.\n\nMore.\n\nSection 3, two minutes. Ask three."
    cells = [
        markdown("# 07 · Notes", "slide"),
        markdown("## 1 · Title", "slide"),
        markdown("an answer", "fragment"),
        markdown(f"<details><summary>Lecturer's note</summary>\n\n{note}\n\n</details>", "notes"),
        markdown("## 2 · Title", "slide"),
        markdown("## 3 · Title", "slide"),
        markdown("an answer", "fragment"),
    ]
    page = slides.to_deck(new_notebook(cells=cells))
    told = [re.findall(r"Ask \w+|More|answer", words(part)) for part in page.split("· Title")]
    assert told == [[], ["Ask one", "More", "answer"], [], ["Ask three", "answer"]]


def test_a_deck_shows_code_but_not_that_of_pictures(deck):
    """A cell with a picture or the tag hide-input shows its output alone, and no cell has a prompt."""
    text = words(deck)
    assert "shown" in text
    assert "the map" not in text and 'alt="Forty points on a map."' in deck
    assert (
        "hidden" not in re.sub(r"<style.*?</style>|<script.*?</script>", "", deck, flags=re.DOTALL)
        and "a table" in text
    )
    assert "In&nbsp;[" not in deck and "Out[" not in deck


def test_a_deck_names_its_lesson_and_its_language(deck):
    """The page's title is the lesson's, with its special characters."""
    assert "<title>07 · Tom &amp; Jerry's &lt;lesson&gt;</title>" in deck
    assert Elements(deck).found[0] == ("html", {"lang": "en"})


def test_where_a_section_has_its_heading_on_no_slide_no_level_is_left_out():
    """Nor is a comment in code a heading; below a section's own heading nothing changes."""
    cells = [
        markdown("# 07 · A lesson\n\n```\n## no heading\n```", "slide"),
        markdown("## 1 · For readers", "skip"),
        markdown("### The point", "slide"),
        markdown("### Another point", "subslide"),
        markdown("## 2 · Seen", "slide"),
        markdown("### Its point", "subslide"),
    ]
    found = re.findall(r"<h(\d) [^>]*>([^<]*)", slides.to_deck(new_notebook(cells=cells)))
    assert [(int(level), words) for level, words in found] == [
        (1, "07 · A lesson"), (2, "The point"), (3, "Another point"), (2, "2 · Seen"), (3, "Its point")
    ]  # fmt: skip


def test_a_deck_that_weighs_too_much_has_fewer_colours_where_nobody_sees_it(monkeypatch):
    """Of 512 greys that differ in pairs by one grade of blue remain 256; noise of all colours stays as it is."""
    rng = np.random.default_rng(0)
    greys, noise = rng.integers(0, 255, size=(150, 600, 1)).repeat(3, axis=2), rng.integers(0, 256, size=(150, 600, 3))
    greys[..., 2] += rng.integers(0, 2, size=(150, 600))
    pictures = [Image.fromarray(pixels.astype(np.uint8)) for pixels in (greys, noise)]
    cells = [code("draw()", "slide", html=f'<img alt="greys, or noise" src="{png(picture)}">') for picture in pictures]

    def shown():
        page = slides.to_deck(deepcopy(new_notebook(cells=cells)))
        found = re.findall(r'src="data:image/png;base64,([^"]+)', page)
        return len(page), [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]

    before, _ = shown()
    monkeypatch.setattr(slides, "MOST", before - 1)
    after, (few, same) = shown()
    assert after < before and (few.mode, same.mode) == ("P", "RGB")
    assert np.abs(np.asarray(few.convert("RGB"), dtype=int) - np.asarray(pictures[0])).max() <= 8


def test_a_folded_answer_stays_folded(deck):
    """The answer lies inside <details>, where the reader has to open it."""
    assert re.search(r"<details>(?:(?!</details>).)*Because of", deck, re.DOTALL)


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """Return a notebook file with a widget, and the folder that its deck would go to."""
    path = tmp_path / "01_first.ipynb"
    monkeypatch.setattr(files, "NOTEBOOKS", tmp_path)
    cells = [markdown("# 01 · First", "slide"), code("import ipywidgets\nipywidgets.IntSlider(value=37)", "slide")]
    nbformat.write(new_notebook(cells=cells), path)
    return path, tmp_path / "slides"


def run(lesson):
    """Run the command on one lesson and return its exit status."""
    path, output = lesson
    return slides.main([path.name[:2], "--output", str(output)])


def test_without_npm_the_message_says_what_is_missing_and_what_to_do(lesson, tmp_path, monkeypatch, capsys):
    """Exit status 1, each package named, and nothing written."""
    monkeypatch.setattr(assets, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    assert run(lesson) == 1
    message = capsys.readouterr().err
    assert all(package in message for package in assets.PARTS)
    assert "`npm` was not found" in message and "Install Node.js" in message
    assert not lesson[1].exists() and not (tmp_path / "cache").exists()


def test_without_a_network_the_message_gives_the_reason(lesson, tmp_path, monkeypatch, capsys):
    """Exit status 1, what npm said, and nothing written: neither decks nor half of a cache."""
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="npm error getaddrinfo ENOTFOUND\n")
    monkeypatch.setattr(assets, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(assets.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(assets.subprocess, "run", lambda *args, **kwargs: failed)
    assert run(lesson) == 1
    message = capsys.readouterr().err
    assert "getaddrinfo ENOTFOUND" in message and "Connect to the internet" in message
    assert not lesson[1].exists() and not any((tmp_path / "cache").iterdir())


def test_a_damaged_package_is_named(lesson, tmp_path, monkeypatch, capsys):
    """A download that broke off is found before anything is written."""
    monkeypatch.setattr(assets, "cache", lambda: tmp_path)
    for package in assets.PARTS:
        assets.archive(package).write_bytes(b"\x1f\x8b broken")
    assert run(lesson) == 1
    assert re.search(r"reveal\.js-5\.2\.1\.tgz is damaged\. Delete it and run this again", capsys.readouterr().err)
    assert not lesson[1].exists()


@pytest.fixture
def without_parts(monkeypatch):
    """Leave out the parts, which these tests do not look at."""
    monkeypatch.setattr(slides, "fetch_parts", lambda: None)
    monkeypatch.setattr(slides, "copy_parts", lambda target: target.mkdir())


def test_a_widget_comes_with_its_state_and_the_lesson_is_not_touched(lesson, without_parts):
    """The deck holds what the slider shows; the notebook's file keeps every byte."""
    before = lesson[0].read_bytes()
    assert run(lesson) == 0
    page = (lesson[1] / "01_first.slides.html").read_text(encoding="utf-8")
    assert '"value": 37' in page and "application/vnd.jupyter.widget-state+json" in page
    assert lesson[0].read_bytes() == before


def test_a_lesson_that_fails_has_no_deck(lesson, without_parts, capsys):
    """Exit status 1, and the message names the lesson and the error."""
    nbformat.write(new_notebook(cells=[code("1 / 0", "slide")]), lesson[0])
    assert run(lesson) == 1
    message = capsys.readouterr().err
    assert "01_first.ipynb, cell 0" in message and "ZeroDivisionError" in message
    assert not list(lesson[1].glob("*.html"))


def test_nothing_of_a_package_lands_outside_its_folder(tmp_path, monkeypatch):
    """Only the parts that are wanted are unpacked: no file of a folder whose name merely begins alike, and no way out."""
    monkeypatch.setattr(assets, "cache", lambda: tmp_path)
    monkeypatch.setattr(assets, "PARTS", {"@a/b@1.0": ("dist/", "LICENSE")})
    good, bad = (
        ["dist/x.js", "dist/more/y.js", "LICENSE"],
        ["dist/../../../evil", "../dist/evil", "dist2/z.js", "LICENSE.txt"],
    )
    with tarfile.open(assets.archive("@a/b@1.0"), "w:gz") as tar:
        for name in good + bad:
            tar.addfile(tarfile.TarInfo(f"package/{name}"), io.BytesIO())
    assets.copy_parts(tmp_path / "to" / "assets")
    assert sorted(
        str(path.relative_to(tmp_path / "to/assets/@a/b")) for path in tmp_path.rglob("to/**/*") if path.is_file()
    ) == sorted(good)
    assert {path.name for path in tmp_path.iterdir()} == {"to", "a-b-1.0.tgz"}
