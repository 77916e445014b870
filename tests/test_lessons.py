"""What lessons say of themselves, and the tables that are made of it."""

import json
import re
import shutil

import nbformat
import pytest
from left_out import left_out
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils import files, plotting
from course_utils.lessons import chosen, lessons
from course_utils.making import tables
from course_utils.making.execute import IGNORE_TAG, normalise, running

LESSONS = [lesson.path.stem for lesson in lessons().values()]

NEW = """# 99 · Something new

**Time:** 5 minutes · **Needs:** lessons 01 and 02 · **On the map of the families:** nowhere

## 1 · A section

### Exercise 99.1 · Try it
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a copy of the course's pages and lessons, without outputs, that may be written to."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for path in [*files.NOTEBOOKS.glob("*.md"), *files.NOTEBOOKS.glob("*.ipynb")]:
        shutil.copy(path, folder)
    for name in ("README.md", "CONTRIBUTING.md"):
        shutil.copy(files.ROOT / name, tmp_path)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "NOTEBOOKS", folder)
    return tmp_path


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_each_lesson_says_what_it_is():
    """Found another way: line by line in the notebook's own text."""
    for number, lesson in lessons().items():
        lines = [
            line.rstrip("\n")
            for cell in json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "markdown"
            for line in cell["source"]
        ]
        (facts,) = (line.split(" · ") for line in lines if line.startswith("**Time:**"))
        assert lines[0] == f"# {number} · {lesson.title}"
        assert facts[:2] == [f"**Time:** {lesson.minutes} minutes", f"**Needs:** {lesson.needs}"]
        assert lesson.sections == [line[3:] for line in lines if line.startswith("## ")]
        assert [f"{n} · {title}" for n, title in lesson.exercises.items()] == [
            line.removeprefix("### Exercise ") for line in lines if line.startswith("### Exercise ")
        ]


def test_each_lesson_says_its_minutes_at_one_pace(tmp_path):
    """450 words, two cells of code and one exercise take 3 + 1.2 + 4 minutes."""
    cells = [
        new_markdown_cell("# 98 · A" + " word" * 442 + "<!-- {a} -->"),
        new_markdown_cell("### Exercise 98.1 · Try\n"),
        new_code_cell("1"),
        new_code_cell("2"),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "98_a.ipynb")
    assert lessons(tmp_path)["98"].pace == pytest.approx(448 / 150 + 1.2 + 4)
    for number, lesson in lessons().items():
        assert abs(lesson.minutes - lesson.pace) <= 5, f"lesson {number} takes {lesson.pace:.0f} minutes"


def test_the_notes_of_a_deck_name_the_minutes_of_each_section_and_the_table_adds_them_up():
    """A section is announced once: "Section 3, six minutes. …"; sections that no slide shows need no note."""
    numbers = (
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty"
    ).split()
    decks = (files.NOTEBOOKS / "for_lecturers.md").read_text(encoding="utf-8").partition("### The decks")[2]
    for number, lesson in lessons().items():
        on_slides, named, section = [], {}, None
        for cell in nbformat.read(lesson.path, 4).cells:
            kind = cell.metadata.get("slideshow", {}).get("slide_type")
            if heading := re.search(r"^## (\d+) · ", cell.source, re.M):
                section = heading[1]
            if kind in ("slide", "subslide") and section and not cell.source.startswith("## Summary"):
                on_slides.append(section)
            if kind == "notes":
                for which, minutes in re.findall(r"^Section (\d+), ([a-z]+) minutes?\. ", cell.source, re.M):
                    assert which not in named, f"lesson {number} names section {which} twice"
                    named[which] = numbers.index(minutes) + 1
        assert list(named) == list(dict.fromkeys(on_slides)), f"the notes of lesson {number}"
        said = re.search(rf"\[{number} · [^|]*\| \d+ \| (\d+) \|", decks)[1]
        assert int(said) == sum(named.values()) <= 45, f"lesson {number}: {said}, its notes {sum(named.values())}"


def shown(nb):
    """Return each cell's source and what nbval compares of its outputs."""
    ignored = re.findall(r"^regex: (.*)\nreplace: (.*)", (files.ROOT / "tests/nbval_sanitize.cfg").read_text(), re.M)
    cells = []
    for cell in nb.cells:
        outputs = [] if IGNORE_TAG in cell.metadata.get("tags", []) else cell.get("outputs", [])
        text = json.dumps(outputs, sort_keys=True)
        for regex, replace in ignored:
            text = re.sub(regex, replace, text)
        cells.append((cell.source, text))
    return cells


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_new_run_gives_the_stored_prose_and_outputs(lesson, executed):
    """As nbval compares outputs, which leaves out the same; but here of a run that bakes the widgets' frames."""
    stored = nbformat.read(files.NOTEBOOKS / f"{lesson}.ipynb", as_version=4)
    assert shown(stored) == shown(normalise(executed(lesson[:2]).nb)), "run make notebooks"


# The libraries add in another order on another processor, and a long training turns a last digit into another model.
OLDER = {
    "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE", "OPENBLAS_CORETYPE": "Nehalem",
}  # fmt: skip


@left_out("each lesson as an older processor runs it")
@pytest.mark.parametrize("lesson", LESSONS)
def test_an_older_processor_gives_the_stored_prose_and_outputs(lesson):
    """What hangs on the processor is said coarsely, in a condition; its printout is not compared."""
    path = files.NOTEBOOKS / f"{lesson}.ipynb"
    stored = nbformat.read(path, as_version=4)
    with running(path, nbformat.read(path, as_version=4), OLDER) as run:
        assert shown(stored) == shown(normalise(run.nb))


def test_what_a_lesson_lacks_is_named(tmp_path):
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 07 · Nothing")]), tmp_path / "07_nothing.ipynb")
    lesson = lessons(tmp_path)["07"]
    assert lesson.title == "Nothing" and lesson.exercises == {}
    with pytest.raises(ValueError, match="07_nothing.ipynb lacks .*Time"):
        lesson.minutes  # noqa: B018


def test_lessons_are_chosen_by_their_numbers():
    assert [lesson.number for lesson in chosen(["05", "03"])] == ["05", "03"]
    assert len(chosen([])) == len(lessons())
    with pytest.raises(ValueError, match="no lesson 5, 77; there are 00, 01"):
        chosen(["5", "77", "03"])


def test_every_page_is_up_to_date(course):
    assert tables.update() == []
    path = course / "notebooks" / "00_start_here.ipynb"
    nb = nbformat.read(path, as_version=4)
    before = [cell.source for cell in nb.cells]
    tables.way(nb, lessons())
    assert [cell.source for cell in nb.cells] == before


def test_a_changed_lesson_changes_its_tables(course):
    """Title, minutes, needs, file name and an exercise's title: each arrives wherever it is said, and nothing else moves."""
    pages = {path: path.read_text(encoding="utf-8") for path in course.rglob("*.md")}
    lesson = course / "notebooks" / "05_naive_bayes_on_wrodl.ipynb"
    minutes = lessons()["05"].minutes
    for old, new in [
        ("# 05 · Naive Bayes on Wrodl", "# 05 · Bayes"), (f"**Time:** {minutes} minutes", "**Time:** 46 minutes"), ("**Needs:** lesson 04", "**Needs:** lesson 03"),
        ("### Exercise 05.2 · A probability by hand", "### Exercise 05.2 · By hand"),
    ]:  # fmt: skip
        edit(lesson, old, new)
    lesson.rename(lesson.with_name("05_bayes.ipynb"))
    assert set(tables.update()) == {"README.md", "for_lecturers.md", "formulas.md", "glossary.md"}
    for path, text in pages.items():
        expected = text.replace("05_naive_bayes_on_wrodl.ipynb", "05_bayes.ipynb")
        if path.name == "README.md":
            expected = expected.replace(
                f"[Naive Bayes on Wrodl](notebooks/05_bayes.ipynb) | {minutes}",
                "[Bayes](notebooks/05_bayes.ipynb) | 46",
            )
        if path.name in ("for_lecturers.md", "formulas.md"):
            expected = expected.replace("[05 · Naive Bayes on Wrodl]", "[05 · Bayes]").replace(
                "05.2 · A probability by hand", "05.2 · By hand"
            )
            expected = expected.replace(
                f"(05_bayes.ipynb) | {minutes} | lesson 04", "(05_bayes.ipynb) | 46 | lesson 03"
            )
        assert path.read_text(encoding="utf-8") == expected
    assert tables.update() == []


def test_a_new_lesson_gets_its_rows(course):
    nbformat.write(new_notebook(cells=[new_markdown_cell(NEW)]), course / "notebooks" / "99_new.ipynb")
    edit(course / "notebooks" / "07_representation_learning.ipynb", "### Exercise 07.5 · ", "### Exercise 07.6 · ")
    tables.update()
    assert "| 99 | [Something new](notebooks/99_new.ipynb) | 5 |" in (course / "README.md").read_text(encoding="utf-8")
    plan = (course / "notebooks" / "for_lecturers.md").read_text(encoding="utf-8")
    assert "| … | [99 · Something new](99_new.ipynb) | 5 | lessons 01 and 02 | 99.1 · Try it | – | … | … |" in plan
    assert "07.5" not in plan and "07.6 · Density, sampling, representation" in plan
    nb = nbformat.read(course / "notebooks" / "00_start_here.ipynb", as_version=4)
    tables.way(nb, lessons())
    assert sum("| 99 Something new | … | 5 |" in cell.source for cell in nb.cells) == 1


def test_what_nothing_computes_is_listed(course):
    page = course / "CONTRIBUTING.md"
    before = page.read_text(encoding="utf-8")
    edit(
        course / "notebooks" / "05_naive_bayes_on_wrodl.ipynb",
        "# 05 · Naive Bayes",
        "some 77<!-- ? by hand -->\\n# 05 · Naive Bayes",
    )
    assert tables.update() == ["CONTRIBUTING.md"]
    new = set(page.read_text(encoding="utf-8").splitlines()) - set(before.splitlines())
    assert new == {"- 05: “… some 77”: by hand"}


def test_the_plan_names_widgets_that_the_lessons_show():
    plan = (files.NOTEBOOKS / "for_lecturers.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| \[(\d\d) ·.*\| ([`\w, ]+|–) \| .*\? \|$", plan, re.M)
    assert [number for number, _ in rows] == list(lessons()) and "…" not in plan
    for number, names in rows:
        for widget in re.findall(r"\w+", names):
            assert f"{widget}(" in lessons()[number].path.read_text(encoding="utf-8")


def test_the_map_of_the_families_names_the_lessons_that_there_are():
    numbers = set(re.findall(r"\b\d\d\b", " ".join(label for _, label, _ in plotting.FAMILIES.values())))
    assert numbers <= lessons().keys()
