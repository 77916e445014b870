"""Write the course as a web book that opens from disk or from any static host: `python -m course_utils.making.site [NUMBER ...]`.

A lesson is executed in memory first, so that its widgets bring their pictures along, as for a deck. Sphinx makes the
pages (book/conf.py says how); here stands what it is given: pictures and widgets as files beside the pages, boxes as
its admonitions, exercises with hints and solution to unfold.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from string import Template

import nbformat
from docutils.utils.math import tex2unichar
from nbformat import NotebookNode

from course_utils.exercises.engine import load
from course_utils.files import NOTEBOOKS, OUTPUT
from course_utils.lessons import Lesson, asked, lessons
from course_utils.making import pdf, slides
from course_utils.making.answer_forms import answer_form
from course_utils.making.assets import AssetsFailed, copy_parts, fetch_parts
from course_utils.making.execute import BAKED, WIDGET_VIEW, CellFailed, run_cells

BOOK = Path(__file__).resolve().parent / "book"
SITE = OUTPUT / "site"
STATE = "application/vnd.jupyter.widget-state+json"
TERM = re.compile(r"^- \*\*(.+?)\*\*: (.+) \[\d\d\]\(.+\)$", re.M)
KINDS = (tex2unichar.mathalpha, tex2unichar.mathop, tex2unichar.mathord, tex2unichar.mathrel)
SIGNS = {name: sign for kind in KINDS for name, sign in kind.items()} | {"sqrt": "√", "mathbb": ""}
PAGES = ("glossary.md", "formulas.md", "for_lecturers.md", "anywhere.md")
PARTS = ("mathjax", "requirejs", "@jupyter-widgets", "anywidget")  # of what decks load
FRONT_WIDGET = "18"  # particles, which the page computes itself: the lesson whose first widget the front page shows
PLAY = "Press *play*: dots of pure noise find their way to four villages. Lesson 18 says how a machine learns that."
CHECK = re.compile(r'^check\("(\d\d\.\d+)"', re.M)


class SiteFailed(Exception):
    """Sphinx could not make the pages; the message says why."""


def to_page(nb: NotebookNode, lesson: Lesson, static: Path, everything: bool = False) -> NotebookNode:
    """Change an executed lesson into what Sphinx makes its page of; put its pictures and widgets into the folder static."""
    state = f"states/{lesson.number}.js"
    if "widgets" in nb.metadata:
        (static / "states").mkdir(parents=True, exist_ok=True)
        (static / state).write_text(_state_script(nb.metadata.pop("widgets")[STATE]), encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell(_offers(lesson, everything)), *nb.cells]
    cells[0], cells[1] = cells[1], cells[0]  # below the title
    for cell in cells:
        if cell.cell_type == "markdown":
            notes = cell.metadata.get("slideshow", {}).get("slide_type") == "notes"
            cell.source = prose(cell.source)
            if notes:
                cell.source = f'<div class="notes">\n\n{cell.source}\n\n</div>'
            continue
        tags = cell.metadata.setdefault("tags", [])
        if CHECK.search(cell.source):
            cell.outputs = []
        for output in cell.outputs:
            data = output.get("data", {})
            shown = data.get("text/html", "")
            if view := data.pop(WIDGET_VIEW, None):
                model = json.dumps(view)
                shown = (
                    f'<div class="widget" data-state="{state}"><div class="still">{shown}</div>'
                    f'<script type="{WIDGET_VIEW}">{model}</script></div>'
                )
            if "<style" in shown and "<table" not in shown:  # the rules of JupyterLab's page
                shown = ""
            if shown:
                data["text/html"] = _with_files(shown, static)
            elif "text/html" in data:
                data.clear()
            if "<img" in shown and "hide-input" not in tags:
                tags.append("hide-input")
        cell.outputs = [output for output in cell.outputs if output.output_type == "stream" or output.get("data")]
    nb.cells = list(_with_help(cells, lesson))
    return nb


def prose(source: str) -> str:
    """Return Markdown as Sphinx wants it: no bound expressions, no picture from elsewhere, and a box as an admonition."""
    source = re.sub(r"<!-- [{!?].*?-->", "", source, flags=re.S)
    source = re.sub(r"!\[(.*?)\]\(https?://.*?\)", r"\1", source)
    return re.sub(r"^> #+ (.+)\n((?:>.*(?:\n|$))*)", _box, source, flags=re.M)


def _box(found: re.Match) -> str:
    words = re.sub(r"^> ?", "", found[2], flags=re.M).strip()
    kind = found[1].strip().lower().replace(" ", "-")
    return f"::::{{admonition}} {found[1].strip()}\n:class: {kind}\n\n{words}\n\n::::\n"


def terms() -> dict[str, tuple[str, str]]:
    """Return the glossary's words: {word: (its anchor, its meaning as plain text)}."""
    found = {}
    for word, meaning in TERM.findall((NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")):
        found[word] = (_anchor(word), _plain(re.sub(r"\[(.+?)\]\(.+?\)", r"\1", meaning)))
    return found


def _plain(words: str) -> str:
    """Return Markdown with formulas as text: a sign for each command that has one, else its name."""
    words = re.sub(r"\\(?:([a-z]+)|.)", lambda found: SIGNS.get(found[1], f" {found[1] or ''} "), words, flags=re.I)
    return re.sub(" +", " ", re.sub("[{}$*]", "", words)).strip()


def _anchor(word: str) -> str:
    return "term-" + re.sub(r"\W+", "-", word.lower()).strip("-")


def _offers(lesson: Lesson, everything: bool) -> str:
    """Return the line below a title: what there is to take away."""
    name = lesson.path.stem
    offers = [f'<a href="../files/{name}.ipynb" download>Download this notebook</a>']
    if everything:
        offers += [f'<a href="../slides/{name}.slides.html">the slides</a>', f'<a href="../pdf/{name}.pdf">the PDF</a>']
    offers.append('<label class="notes-switch"><input type="checkbox" checked> notes for lecturers</label>')
    return f'<p class="offers">{" · ".join(offers)}</p>'


def _with_help(cells: Iterable[NotebookNode], lesson: Lesson) -> Iterable[NotebookNode]:
    """Yield the cells, each exercise with a form in the place of its code if it has one, and its hints and its solution."""
    for cell in cells:
        found = CHECK.search(cell.source) if cell.cell_type == "code" else None
        if found and (form := answer_form(found[1])):
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": form})]
            cell.metadata.tags.append("remove-input")
        yield cell
        if found:
            if not form:
                yield nbformat.v4.new_markdown_cell(_by_hand(lesson))
            exercise = load(found[1][:2])[found[1]]
            folds = [_fold(f"Hint {k}", hint) for k, hint in enumerate(exercise.hints, 1)]
            warned = f"Have you tried? An answer that you found yourself stays.\n\n```python\n{exercise.code}\n```"
            folds.append(_fold("Solution", warned))
            yield nbformat.v4.new_markdown_cell("\n\n".join(folds))


def _by_hand(lesson: Lesson) -> str:
    """Return how an exercise is answered that the page cannot judge."""
    return (
        f'<p class="by-hand">Write it in <a href="../files/{lesson.path.name}" download>the notebook</a>, with '
        '<a href="../index.html#run-it-yourself">the course on your computer</a>: there Shift+Enter runs the cell and '
        "judges your answer.</p>"
    )


def _fold(title: str, words: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{textwrap.dedent(words).strip()}\n\n</details>"


def _with_files(shown: str, static: Path) -> str:
    """Return HTML whose pictures are files in the folder static/pictures, loaded when they come into sight."""

    def file(found: re.Match) -> str:
        data = base64.b64decode(found[2])
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{found[1].split('+')[0]}"
        (static / "pictures").mkdir(parents=True, exist_ok=True)
        (static / "pictures" / name).write_bytes(data)
        return f'src="../_static/pictures/{name}" loading="lazy"'

    return re.sub(r'src="data:image/([\w+]+);base64,([^"]+)"', file, shown)


def _state_script(state: dict) -> str:
    """Return JavaScript that puts the widgets' state where html-manager looks for it."""
    text = json.dumps(json.dumps(state, separators=(",", ":")))
    return (
        "{\n  const state = document.createElement('script');\n"
        f"  Object.assign(state, {{ type: {STATE!r}, textContent: {text} }});\n  document.body.append(state);\n}}\n"
    )


def write(
    chosen: list[Lesson],
    output: Path,
    everything: bool = False,
    executed: Callable[[Lesson], NotebookNode] | None = None,
) -> None:
    """Execute the lessons and write their pages into the folder output; raises CellFailed, AssetsFailed, SiteFailed, OSError.

    everything: their decks, of the same execution, and their PDFs too. executed: a function that gives a lesson's executed
    notebook, by default one that executes it.
    """
    if output.exists() and not (output / ".nojekyll").exists() and (output.is_file() or any(output.iterdir())):
        raise SiteFailed(f"{output} holds something else than a web book, which would be lost. Choose an empty folder.")
    fetch_parts()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        source, made, parts = scratch / "source", scratch / "site", scratch / "parts"
        static = source / "_static"
        static.mkdir(parents=True)
        copy_parts(parts)
        for name in PARTS:
            shutil.copytree(parts / name, static / name)
        for name in ("book.css", "book.js", "answers.js"):
            shutil.copy(BOOK / name, static)
        for name in ("conf.py", "icon.svg", "404.html"):
            shutil.copy(BOOK / name, source)
        (source / "lessons").mkdir()
        pages = {}
        for lesson in chosen:
            begun = time.perf_counter()
            nb = (executed or _executed)(lesson)
            if everything:
                (scratch / "slides").mkdir(exist_ok=True)
                deck = slides.to_deck(deepcopy(nb))
                (scratch / "slides" / f"{lesson.path.stem}.slides.html").write_text(deck, encoding="utf-8")
            pages[lesson.number] = to_page(nb, lesson, static, everything)
            nbformat.write(pages[lesson.number], source / "lessons" / lesson.path.name)
            print(f"{lesson.path.name} {time.perf_counter() - begun:.1f} s", flush=True)
        for name in PAGES:
            text = prose((NOTEBOOKS / name).read_text(encoding="utf-8"))
            if name == "glossary.md":
                text = re.sub(
                    r"^- \*\*(.+?)\*\*:",
                    lambda found: f'- <span id="{_anchor(found[1])}"></span>**{found[1]}**:',
                    text,
                    flags=re.M,
                )
            (source / "lessons" / name).write_text(text, encoding="utf-8")
        (static / "terms.js").write_text(
            f"const terms = {json.dumps(terms(), ensure_ascii=False)};\n", encoding="utf-8"
        )
        (source / "index.md").write_text(_front(chosen, pages), encoding="utf-8")
        _make(source, made, whole=len(chosen) == len(lessons()))
        (made / "files").mkdir()
        for lesson in chosen:
            shutil.copy(lesson.path, made / "files")
        if everything:
            shutil.move(scratch / "slides", made / "slides")
            slides.write_parts(made / "slides")
            if pdf.main(["--output", str(made / "pdf"), *(lesson.number for lesson in chosen)]):
                raise SiteFailed("The PDFs could not be made; why stands above.")
        (made / ".nojekyll").touch()
        shutil.rmtree(made / ".doctrees", ignore_errors=True)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(made, output)


def _make(source: Path, made: Path, whole: bool) -> None:
    """Let Sphinx make the pages; print what it warns of, but not of links to lessons that are left out."""
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(made)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    said = [line for line in result.stderr.splitlines() if whole or "xref_missing" not in line]
    print("\n".join(said), end="\n" * bool(said), file=sys.stderr)
    if result.returncode:
        raise SiteFailed("Sphinx could not make the pages; what it said stands above.")
    # all icons there are, as JavaScript of 1.5 MB; the theme's style has the few that are used, as a font
    (made / "_static" / "scripts" / "fontawesome.js").write_text("// The icons come as a font.\n", encoding="utf-8")
    for source_map in made.rglob("*.map"):  # 3.5 MB for those who mend the theme
        source_map.unlink()


def _executed(lesson: Lesson) -> NotebookNode:
    nb = nbformat.read(lesson.path, as_version=4)
    run_cells(nb, lesson.path, BAKED)
    return nb


def _front(chosen: list[Lesson], pages: dict[str, NotebookNode]) -> str:
    """Return the front page: its words stand in book/index.md, the rest is what the lessons have."""
    known = {
        number: [_html(output) for cell in nb.cells for output in cell.get("outputs", [])]
        for number, nb in pages.items()
    }
    widget = _first(known, FRONT_WIDGET, 'class="widget"')
    rows = [
        f"- [{lesson.number} · {lesson.title}](lessons/{lesson.path.stem}.ipynb), {lesson.minutes} minutes: {_question(lesson)}"
        for lesson in chosen
    ]
    return Template((BOOK / "index.md").read_text(encoding="utf-8")).substitute(
        first=f"lessons/{chosen[0].path.name}",
        widget=widget.replace("../_static", "_static"),
        play=PLAY if FRONT_WIDGET in pages else "",
        map=_first(known, "00", "A tree of the families").replace("../_static", "_static"),
        exercises=sum(len(lesson.exercises) for lesson in lessons().values()),
        lessons="\n".join(rows),
        tree="\n".join(f"lessons/{lesson.path.stem}" for lesson in chosen),
        pages="\n".join(f"lessons/{name.removesuffix('.md')}" for name in PAGES),
    )


def _first(known: dict[str, list[str]], number: str, mark: str) -> str:
    """Return the first output with this mark, of the lesson of this number or else of any that was made."""
    return next((shown for shown in [*known.get(number, []), *sum(known.values(), [])] if mark in shown), "")


def _html(output: NotebookNode) -> str:
    return output.get("data", {}).get("text/html", "")


def _question(lesson: Lesson) -> str:
    """Return the sentence in bold type with which a lesson begins, its formulas as text: MathJax is heavier than the front page."""

    def written(formula: re.Match) -> str:
        raised = re.sub(r"\^\{(\w+)\}", r"<sup>\1</sup>", formula[1])
        return _plain(re.sub(r"_\{(\w+)\}", r"<sub>\1</sub>", raised))

    found = re.search(r"^# .*\n\n\*\*(.+)\*\*$", lesson.prose, re.M)
    return re.sub(r"\$(.+?)\$", written, prose(found[1])) if found else ""


def main(argv: list[str] | None = None) -> int:
    """Write the pages of the lessons of these numbers, or of all; return 0, or 1 when something is missing or fails."""
    parser = argparse.ArgumentParser(
        "python -m course_utils.making.site", description="Write the course as a web book."
    )
    parser.add_argument("--output", type=Path, default=SITE, metavar="FOLDER", help="default: site/")
    parser.add_argument(
        "--everything", action="store_true", help="also the decks and the PDFs, which the pages offer then"
    )
    arguments = asked(parser, argv)
    try:
        write(arguments.lessons, arguments.output, arguments.everything)
    except (AssetsFailed, CellFailed, SiteFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(arguments.output / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
