"""Links lead somewhere, and the glossary and the page of formulas say what the lessons say."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from course_utils import lab
from course_utils.files import NOTEBOOKS

ROOT = NOTEBOOKS.parent
LESSONS = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(NOTEBOOKS.glob("*.md")),
    *sorted((ROOT / "data").rglob("README.md")),
]
LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|href)=\"([^\"]+)\"")  # markdown's links and images, and HTML's
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
TERM = re.compile(r"^- \*\*(.+?)\*\*: .+ \[(\d\d)\]\((.+)\)$")


def markdown(path: Path) -> str:
    """Return the text of a page, or of a notebook's markdown cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


TEXT = {number: markdown(path) for number, path in LESSONS.items()}


def anchors(text: str) -> set[str]:
    """Return what links may call the headings: as JupyterLab says it (Two-words) and as GitHub does (two-words)."""
    titles = re.findall(r"^#{1,6} +(.+?) *$", text, re.M)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in titles + plain}


def broken_links(path: Path, text: str) -> list[str]:
    """Return the relative links in `text`, the text of the file at `path`, that lead nowhere."""
    broken = []
    for link in (a or b for a, b in LINK.findall(CODE.sub("", text))):
        if re.match(r"[a-z]+:", link):  # https:, mailto:, data:, attachment:
            continue
        file, _, anchor = unquote(link).partition("#")
        target = path.parent / file if file else path
        inside = target.resolve().is_relative_to(ROOT)
        if not (inside and target.exists()) or anchor and anchor not in anchors(text if not file else markdown(target)):
            broken.append(link)
    return broken


def terms() -> list[tuple[str, str, str]]:
    """Return the glossary's (term, lesson's number, lesson's file)."""
    lines = [line for line in markdown(NOTEBOOKS / "glossary.md").splitlines() if line.startswith("- ")]
    matches = [TERM.match(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches) if not match]
    return [match.groups() for match in matches]


def formulas() -> list[tuple[str, str]]:
    """Return (lesson's number, formula) of the page of formulas, without its notation."""
    sections = re.split(r"^## \[(\d\d) · ", markdown(NOTEBOOKS / "formulas.md"), flags=re.M)[1:]
    found = []
    for number, section in zip(sections[::2], sections[1::2]):
        for line in (line for line in section.splitlines() if line.startswith("- ")):
            assert (match := re.match(r"- .*: \$([^$]+)\$$", line)), line
            found.append((number, match[1]))
    return found


@pytest.mark.parametrize("path", [*PAGES, *LESSONS.values()], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path):
    assert broken_links(path, markdown(path)) == []


@pytest.mark.parametrize("path", [*NOTEBOOKS.glob("*.md"), *LESSONS.values()], ids=lambda path: path.name)
def test_links_work_in_the_readers_copy_too(path, tmp_path):
    """What `make lab` brings to the reader's folder lies there side by side, and the rest of the course does not."""
    lab.update_working_copy(NOTEBOOKS, tmp_path)
    links = [a or b for a, b in LINK.findall(CODE.sub("", markdown(path)))]
    files = {unquote(link).partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)}
    assert all((tmp_path / file).exists() for file in files), files


def test_a_broken_link_is_found():
    text = """# A b
[a](README.md) [b](no.md) ![c](data/no.png) <img src="x.svg"> [d](#A-b) [e](#no) [f](../x) `[g](no)` [h](https://x.y)"""
    assert broken_links(ROOT / "README.md", text) == ["no.md", "data/no.png", "x.svg", "#no", "../x"]


@pytest.mark.parametrize("number", LESSONS)
def test_lessons_that_the_text_names_exist(number):
    named = re.findall(r"\blessons? (\d+(?:(?:, | and |–| or | to )\d\d\b)*)", TEXT[number], re.I)
    assert set(re.findall(r"\d+", " ".join(named))) <= LESSONS.keys()


def test_the_glossary_is_in_alphabetical_order_and_links_the_lessons_it_names():
    words = [term.casefold().replace("-", " ") for term, _, _ in terms()]
    assert words == sorted(set(words)) and len(words) >= 80
    assert all(LESSONS[number].name == file for _, number, file in terms())


def test_each_term_is_explained_in_its_lesson_and_bold_in_none_before():
    """A lesson sets a word in bold where it explains it. Lesson 01 names the task "density"; 02 says what one is."""
    for term, number, _ in terms():
        assert term.casefold() in TEXT[number].replace("*", "").casefold(), f"{term}: not in lesson {number}"
        bold = re.compile(rf"\*\*{re.escape(term)}[:.]?\*\*", re.I)
        before = [n for n, text in TEXT.items() if n < number and bold.search(text)]
        assert before == (["01"] if term == "density" else []), f"{term}: {number}, but bold in {before}"


def test_each_formula_stands_in_its_lesson():
    text = {number: re.sub(r"\s", "", text) for number, text in TEXT.items()}
    assert len(formulas()) >= 35
    assert [(n, formula) for n, formula in formulas() if re.sub(r"\s", "", formula) not in text[n]] == []


def test_both_pages_know_the_lessons():
    assert {number for _, number, _ in terms()} <= LESSONS.keys()
    assert {number for number, _ in formulas()} <= LESSONS.keys() - {"00"}
