"""Every lesson is in the course's form: each rule yields what is wrong with a lesson, and nothing for a good one."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from itertools import takewhile
from statistics import median

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.exercises import engine
from course_utils.files import NOTEBOOKS
from course_utils.making.execute import IGNORE_TAG, normalise, to_text
from course_utils.making.numbers import COMMENT, bound

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
MAX_BYTES = 1_500_000
HEADING = re.compile(r"^#{1,3} ", re.M)
MACHINE = re.compile(r"(?<![\w.])/(?:home|tmp|Users|work|root)\b|[A-Z]:\\+Users|\b0x[0-9a-fA-F]{6,}|ipykernel_\d+")
TIMED = re.compile(r"perf_counter|%time|\btimeit\b|\btime\.|animation|hangs? on the processor", re.I)


@dataclass
class Lesson:
    """A notebook with what the rules ask of it."""

    name: str  # "02_a_box_on_the_world_map"
    nb: NotebookNode
    text: str  # of the file
    known_ids: set[str]  # of the exercises that can be checked

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def is_introduction(self) -> bool:
        return self.number == "00"

    @cached_property
    def code(self) -> list[tuple[int, NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]

    @cached_property
    def markdown(self) -> list[tuple[int, NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.nb.cells) if cell.cell_type == "markdown"]

    @cached_property
    def opening(self) -> str:
        """The text before the setup cell."""
        return "\n\n".join(cell.source for cell in takewhile(lambda cell: cell.cell_type != "code", self.nb.cells))

    @cached_property
    def sections(self) -> list[str]:
        return re.findall(r"^## (.*\S)", "\n\n".join(cell.source for _, cell in self.markdown), re.M)


RULES: list[Callable[[Lesson], Iterator[str]]] = []


def rule(function):
    """Enter a rule in the list."""
    RULES.append(function)
    return function


@rule
def title(lesson):
    if not re.match(rf"# {lesson.number} · \S", lesson.opening):
        yield f"cell 0 must begin with '# {lesson.number} · ' and the lesson's title"


@rule
def objectives(lesson):
    after = lesson.opening.partition("You will be able to")[2].splitlines()[1:]
    items = list(takewhile(lambda line: not line.strip() or line.startswith(("- ", "* ", " ")), after))
    bullets = sum(line.startswith(("- ", "* ")) for line in items)
    if not 3 <= bullets <= 5:
        yield f"the opening must say 'You will be able to' with 3 to 5 bullets below it, found {bullets}"


@rule
def minutes(lesson):
    if not re.search(r"\*\*Time:\*\* \d+ minutes", lesson.opening):
        yield "the opening must say '**Time:** NN minutes'"


@rule
def needs(lesson):
    line = re.search(r"\*\*Needs:\*\*([^·\n]*)", lesson.opening)
    wanted = re.findall(r"\b\d\d\b", line[1]) if line else []
    earlier = {f"{i:02}" for i in range(int(lesson.number))}
    if not line or not (wanted or "nothing" in line[1]) or not set(wanted) <= earlier:
        yield "the opening must say '**Needs:**' and name earlier lessons by their numbers, or 'nothing'"


@rule
def place_on_the_map(lesson):
    if "map of the families" not in lesson.opening:
        yield "the opening must say where the lesson stands on the map of the families"


@rule
def setup_cell(lesson):
    with_style = [i for i, cell in lesson.code if "style.use()" in cell.source]
    if with_style != [i for i, _ in lesson.code[:1]]:
        yield f"the first code cell, and no other, must call style.use(); found in cells {with_style}"
        return
    setup, _, alone = lesson.code[0][1].source.partition("\nexcept ModuleNotFoundError as missing:\n")
    if (lines := len(setup.splitlines())) > 12:
        yield f"cell {with_style[0]}: a setup cell has at most 12 lines before its except, this one {lines}"
    if not setup.startswith("try:\n") or "%pip install git+https://github.com/" not in alone:
        yield f"cell {with_style[0]}: a setup cell imports within try, and says at its end what to do where something is missing"


@rule
def numbered_sections(lesson):
    numbers = [int(number) for section in lesson.sections for number in re.findall(r"^(\d+) · \S", section)]
    if len(numbers) < 2 or numbers != list(range(1, len(numbers) + 1)):
        yield f"the sections must be numbered '## 1 · …', '## 2 · …' and so on, found {numbers}"


@rule
def exercises(lesson):
    least = 1 if lesson.is_introduction else 3
    found = []
    for i, cell in lesson.markdown:
        for number in re.findall(r"^### Exercise (\S+) · \S", cell.source, re.M):
            found.append(number)
            below = lesson.nb.cells[i + 1 :]
            block = list(takewhile(lambda c: c.cell_type == "code" or not HEADING.search(c.source), below))
            starters = [c.source for c in block if c.cell_type == "code" and f'check("{number}", ' in c.source]
            if len(starters) != 1 or "..." not in starters[0]:
                yield f'cell {i}: exercise {number} needs one starter cell with `...` and `check("{number}", answer)`'
            for name in ("hint", "solution"):
                if not any(f'{name}("{number}"' in c.source for c in block):
                    yield f'cell {i}: exercise {number} must mention {name}("{number}")'
    if len(found) < least or found != [f"{lesson.number}.{k + 1}" for k in range(len(found))]:
        yield f"there must be {least} or more headings '### Exercise {lesson.number}.1 · …', in order, found {found}"
    if set(found) != lesson.known_ids:
        yield f"the exercises {found} are not those of the module that checks them, {sorted(lesson.known_ids)}"


@rule
def boxes(lesson):
    for i, cell in lesson.markdown:
        for marks in re.findall(r"^> (#+) ", cell.source, re.M):
            if marks != "###":
                yield f"cell {i}: the word of a box is a heading of level 3, which the style knows: '> ### Predict'"


@rule
def checks(lesson):
    for i, cell in lesson.code:
        for arguments in re.findall(r"\bcheck\((.*)", cell.source):
            literal = re.match(r'"([\d.]+)", ', arguments)
            if not literal or literal[1] not in lesson.known_ids:
                yield f"cell {i}: check({arguments} must name an exercise of this lesson, in double quotes"
            if engine.NOT_ATTEMPTED not in str(cell.outputs):
                yield f"cell {i}: the stored answer of check({arguments} must be '{engine.NOT_ATTEMPTED}'"


@rule
def closing(lesson):
    if lesson.sections[-2:] != ["Summary", "Further reading"]:
        yield f"the last sections must be '## Summary' and '## Further reading', found {lesson.sections[-2:]}"
        return
    reading = "\n\n".join(cell.source for _, cell in lesson.markdown).partition("\n## Further reading")[2]
    items = re.findall(r"^[-*] .*(?:\n[ \t]+\S.*)*", reading, re.M)
    if not items:
        yield "'## Further reading' must list at least one work"
    for item in items:
        if not re.search(r"\b(1[6-9]|20)\d\d\b|\d BC\b", item):
            yield f"further reading: the year is missing from {item!r}"


@rule
def links(lesson):
    for i, cell in lesson.markdown:
        rest = re.sub(r"`[^`]*`|\]\([^)]*\)|(?:href|src)=(\"[^\"]*\"|'[^']*')", "", cell.source)
        for address in re.findall(r"https?://\S+", rest):
            yield f"cell {i}: the bare link {address} must become [words](address)"


@rule
def slides(lesson):
    types = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in lesson.nb.cells]
    for i, slide_type in enumerate(types):
        if slide_type not in SLIDE_TYPES:
            yield f"cell {i}: slide_type must be one of {sorted(SLIDE_TYPES)}, got {slide_type!r}"
    if types[:1] != ["slide"]:
        yield "cell 0 must begin a slide"
    pages, notes = types.count("slide") + types.count("subslide"), types.count("notes")
    if not lesson.is_introduction and (pages < 8 or notes < 3):
        yield f"a lesson needs at least 8 slides and subslides and 3 notes, found {pages} and {notes}"


class ImageTexts(HTMLParser):
    """Collects the alternative text of each <img>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.alts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")


@rule
def alternative_text(lesson):
    for i, cell in enumerate(lesson.nb.cells):
        data = [output.get("data", {}) for output in cell.get("outputs", [])]
        source = cell.source if cell.cell_type == "markdown" else ""
        alts = re.findall(r"!\[([^\]]*)\]\(", source) + ImageTexts(source).alts
        for alt in alts + [alt for d in data for alt in ImageTexts(d.get("text/html", "")).alts]:
            if len(alt.strip()) < 20:
                yield f"cell {i}: alternative text must say in 20 characters or more what is seen, got {alt!r}"
        if any(kind.startswith("image/") for d in data for kind in d):
            yield f"cell {i}: a figure must be shown by show(fig, alt), which gives it alternative text"


@rule
def executed(lesson):
    counts = [cell.execution_count for _, cell in lesson.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"all code cells must be executed in order (make notebooks), found the counts {counts}"
    for i, cell in lesson.code:
        if not cell.source.strip():
            yield f"cell {i} is an empty code cell"


@rule
def clean_outputs(lesson):
    for i, cell in lesson.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {i}: an error is stored, {output.ename}: {output.evalue}"
            elif output.get("name") == "stderr":
                yield f"cell {i}: text on stderr is stored, {output.text!r}"


def widget_names(lesson: Lesson) -> set[str]:
    """Find what the lesson imports from course_utils.widgets."""
    return {
        alias.asname or alias.name
        for _, cell in lesson.code
        for node in ast.walk(parse(cell))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}".startswith("course_utils.widgets")
    }


def parse(cell: NotebookNode) -> ast.Module:
    """Parse a code cell, which may have magics."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


@rule
def ignored_outputs(lesson):
    widgets, ignored = widget_names(lesson), 0
    for i, cell in lesson.code:
        shows_widget = any(isinstance(node, ast.Name) and node.id in widgets for node in ast.walk(parse(cell)))
        tags = cell.metadata.get("tags", [])
        ignored += IGNORE_TAG in tags
        if shows_widget and IGNORE_TAG not in tags:
            yield f"cell {i} shows a widget: tag it {IGNORE_TAG}"
        if IGNORE_TAG in tags and not (shows_widget or TIMED.search(cell.source)):
            yield f"cell {i}: only a cell with a widget, a time, an animation or what hangs on the processor may be tagged {IGNORE_TAG}"
        if others := [tag for tag in tags if tag != IGNORE_TAG and re.match("nbval|raises", tag)]:
            yield f"cell {i}: the tags {others} would keep nbval from seeing an error"
        if "NBVAL_" in cell.source:
            yield f"cell {i}: use the tag {IGNORE_TAG}, not a comment that the reader sees"
    if 3 * ignored > len(lesson.code):
        yield f"the output of at most a third of the code cells may be ignored, found {ignored} of {len(lesson.code)}"


@rule
def lengths(lesson):
    frame = re.compile(r"\Atry:\n|\nexcept ModuleNotFoundError.*\Z", re.S)  # of the setup cell
    lines = {i: len(frame.sub("", cell.source).splitlines()) for i, cell in lesson.code}
    if lines and median(lines.values()) > 6:
        yield f"the median of the code cells' lines must be at most 6, found {median(lines.values())}"
    for i, n in lines.items():
        if n > 25:
            yield f"cell {i}: a code cell has at most 25 lines, this one {n}"
    least = 15 if lesson.is_introduction else 40
    if not least <= len(lesson.nb.cells) <= 80:
        yield f"a lesson has {least} to 80 cells, this one {len(lesson.nb.cells)}"


@rule
def file_size(lesson):
    if (size := len(lesson.text.encode())) > MAX_BYTES:
        yield f"the file must stay below {MAX_BYTES:,} bytes, it has {size:,}: show fewer or simpler figures"


@rule
def no_machine(lesson):
    for i, cell in enumerate(lesson.nb.cells):
        outputs = json.dumps(cell.get("outputs", []), ensure_ascii=False)
        for found in MACHINE.findall(cell.source + re.sub(r"base64,[A-Za-z0-9+/=]+", "", outputs)):
            yield f"cell {i}: {found!r} means something on one machine only"


@rule
def bound_numbers(lesson):
    for i, cell in lesson.markdown:
        try:
            bound(cell.source)
        except ValueError as error:
            yield f"cell {i}: {error}"
        if cell.source.count("<!--") != len(COMMENT.findall(cell.source)):
            yield f"cell {i}: a comment has one of the forms that CONTRIBUTING.md names"
        for comment in COMMENT.finditer(cell.source):
            line = cell.source[: comment.start()].rpartition("\n")[2]
            if not line.strip(" >-") or line.startswith("#") or re.search(r"--|[$`]", comment[0][4:-3]):
                yield f"cell {i}: {comment[0]} begins a line, stands in a heading, or has `--`, `$` or a backtick in it"


@rule
def finished(lesson):
    for i, cell in enumerate(lesson.nb.cells):
        for word in re.findall(r"\b(?:TODO|FIXME|XXX|TBD)\b|[Ll]orem ipsum", cell.source):
            yield f"cell {i}: {word!r} says that something is unfinished"


@rule
def normal_form(lesson):
    try:
        nbformat.validate(lesson.nb)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"
    if to_text(normalise(lesson.nb)) != lesson.text:
        yield "not in the normal form: run 'make notebooks'"


# --- the lessons


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def lesson(request) -> Lesson:
    path = request.param
    known_ids = set(engine.load(path.name[:2])) if path.name[:2] in engine.lessons() else set()
    return Lesson(path.stem, nbformat.read(path, as_version=4), path.read_text(encoding="utf-8"), known_ids)


@pytest.mark.parametrize("check", RULES, ids=lambda check: check.__name__)
def test_lesson(lesson, check):
    if complaints := [f"{lesson.name}: {complaint}" for complaint in check(lesson)]:
        pytest.fail("\n".join(complaints), pytrace=False)


def test_lessons_are_numbered_in_order():
    assert PATHS and [path.name[:3] for path in PATHS] == [f"{i:02}_" for i in range(len(PATHS))]


# --- the rules: a small good lesson, and ways to break it

OPENING = """# 02 · A good lesson

*What would you ask?*

**You will be able to**

- draw a box
- name its density
  in nats
- move it

**Time:** 45 minutes · **Needs:** lesson 01 · **On the map of the families:** explicit."""
SETUP = """try:
    from course_utils import style
    from course_utils.widgets.box_explorer import box_explorer
    style.use()
except ModuleNotFoundError as missing:
    print(f"No {missing.name} here: %pip install git+https://github.com/OWNER/REPOSITORY")"""
EXERCISE = 'answer = ...\ncheck("02.{0}", answer)\n# hint("02.{0}")\n# solution("02.{0}")'
PICTURE = '<img alt="A map with a box over the whole of Africa." src="data:image/png;base64,/tmp/0xabcdef0">'
WIDGET, SHOWN = 4, 5  # where these cells stand in the good lesson


def good_lesson() -> Lesson:
    """Build the smallest lesson that keeps every rule."""
    cells = [
        new_markdown_cell(OPENING),
        new_code_cell(SETUP),
        new_markdown_cell("## 1 · A box"),
        new_markdown_cell("See."),
        new_code_cell("box_explorer()", metadata={"tags": [IGNORE_TAG]}),
        new_code_cell("show(fig)", outputs=[new_output("display_data", {"text/html": PICTURE})]),
        new_markdown_cell("## 2 · More"),
    ] + [new_code_cell(f"print({i})") for i in range(25)]
    for k in range(1, 5):
        verdict = new_output("display_data", {"text/plain": f"{engine.NOT_ATTEMPTED} Replace the `...`."})
        cells += [new_markdown_cell(f"### Exercise 02.{k} · Try"), new_code_cell(EXERCISE.format(k), outputs=[verdict])]
    closing = "## Further reading\n\n- [Maximum likelihood](https://example.org/home/x), Fisher, 1922."
    cells += [new_markdown_cell("## Summary"), new_markdown_cell(closing)]
    for i, cell in enumerate(cells):
        cell.metadata["slideshow"] = {"slide_type": "slide" if i % 4 == 0 else "notes" if i % 4 == 1 else "-"}
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    nb = normalise(new_notebook(cells=cells))
    return Lesson("02_good", nb, to_text(nb), {f"02.{k}" for k in range(1, 5)})


def source(old: str, new: str):
    """Return a change of the lesson's text, which must be there to change."""

    def change(lesson: Lesson) -> None:
        assert any(old in cell.source for cell in lesson.nb.cells)
        for cell in lesson.nb.cells:
            cell.source = cell.source.replace(old, new)

    return change


def output(index: int, **fields):
    """Return a change that stores one more output."""
    return lambda lesson: lesson.nb.cells[index].outputs.append(new_output(**fields))


def cell(index: int, **fields):
    """Return a change of a cell's own fields."""
    return lambda lesson: lesson.nb.cells[index].update(fields)


def metadata(index: int, **fields):
    """Return a change of a cell's metadata."""
    return lambda lesson: lesson.nb.cells[index].metadata.update(fields)


def many_widgets(lesson: Lesson) -> None:
    """Turn a dozen cells into widgets, each properly tagged."""
    for one in lesson.nb.cells[7:19]:
        one.source, one.metadata = "box_explorer()", lesson.nb.cells[WIDGET].metadata


BREAKS = [
    (title, source("# 02 · A", "# 03 · A")),
    (title, source("# 02 · A", "## 02 · A")),
    (objectives, source("- draw a box\n", "")),
    (objectives, source("- move it", "- a\n- b\n- c\n- move it")),
    (objectives, source("You will be able to", "You will see")),
    (minutes, source("45 minutes", "a while")),
    (needs, source("lesson 01", "lesson 02")),
    (needs, source("lesson 01", "some thought")),
    (place_on_the_map, source("map of the families", "family tree")),
    (setup_cell, source("style.use()", "pass")),
    (setup_cell, source("print(7)", "style.use()")),
    (setup_cell, source("style.use()", "style.use()\n" + "\n" * 11 + "    x = 1")),
    (setup_cell, source("except ModuleNotFoundError", "except ImportError")),
    (setup_cell, source("%pip install", "install")),
    (numbered_sections, source("## 2 · More", "## 3 · More")),
    (numbered_sections, source("## 1 · A box", "## A box")),
    (exercises, source("### Exercise 02.4", "### Exercise 02.5")),
    (exercises, source("### Exercise 02.2 · Try", "### Try")),
    (exercises, source("answer = ...", "answer = 3")),
    (exercises, source('# hint("02.3")', "")),
    (exercises, source('# solution("02.3")', "")),
    (exercises, lambda lesson: lesson.known_ids.add("02.5")),
    (boxes, source("See.", "> ##### Think\n> Why?")),
    (checks, source('check("02.1"', "check(f'{number}'")),
    (checks, source('check("02.1"', 'check("03.1"')),
    (checks, lambda lesson: [c.outputs.clear() for c in lesson.nb.cells if "check(" in c.source]),
    (closing, source("## Summary", "## Conclusion")),
    (closing, source(", 1922", "")),
    (closing, source("- [Maximum", "[Maximum")),
    (links, source("See.", "See https://example.org.")),
    (slides, metadata(3, slideshow={"slide_type": "page"})),
    (slides, metadata(3, slideshow={})),
    (slides, metadata(0, slideshow={"slide_type": "-"})),
    (slides, lambda lesson: [metadata(i, slideshow={"slide_type": "-"})(lesson) for i in range(4, 40) if i % 4 == 0]),
    (slides, lambda lesson: [metadata(i, slideshow={"slide_type": "-"})(lesson) for i in range(4, 40) if i % 4 == 1]),
    (alternative_text, source("See.", "![](map.png)")),
    (alternative_text, source("See.", "<img src='map.png'>")),
    (alternative_text, output(SHOWN, output_type="display_data", data={"text/html": '<img src="x" alt="a map">'})),
    (alternative_text, output(SHOWN, output_type="display_data", data={"image/png": "iVBORw0KGgo="})),
    (executed, cell(SHOWN, execution_count=None)),
    (executed, cell(SHOWN, execution_count=7)),
    (executed, cell(SHOWN, source=" ")),
    (clean_outputs, output(SHOWN, output_type="error", ename="ValueError", evalue="no", traceback=[])),
    (clean_outputs, output(SHOWN, output_type="stream", name="stderr", text="Warning")),
    (ignored_outputs, metadata(WIDGET, tags=[])),
    (ignored_outputs, metadata(SHOWN, tags=[IGNORE_TAG])),
    (ignored_outputs, metadata(SHOWN, tags=["raises-exception"])),
    (ignored_outputs, cell(SHOWN, source="# NBVAL_IGNORE_OUTPUT\nshow(fig)")),
    (ignored_outputs, many_widgets),
    (lengths, cell(SHOWN, source="x = 1\n" * 26)),
    (lengths, source("print(", "\n" * 6 + "print(")),
    (lengths, lambda lesson: lesson.nb.cells.__delitem__(slice(10, 13))),
    (lengths, lambda lesson: lesson.nb.cells.extend(new_markdown_cell() for _ in range(39))),
    (file_size, source("See.", "See." * 400_000)),
    (no_machine, source("See.", "Look into /home/ada/course.")),
    (no_machine, output(SHOWN, output_type="stream", name="stdout", text="C:\\Users\\Ada")),
    (no_machine, output(SHOWN, output_type="stream", name="stdout", text="<Box object at 0x7f3a2b4c5d60>")),
    (bound_numbers, source("See.", "See much<!-- {x} -->.")),
    (bound_numbers, source("See.", "See 3<!--{x}-->.")),
    (bound_numbers, source("See.", "See.\n<!-- ! x > 3 -->")),
    (bound_numbers, source("## 2 · More", "## 2 · More<!-- ! x -->")),
    (bound_numbers, source("See.", "See 3<!-- {x - -1} --> and 4<!-- {x--1} -->.")),
    (finished, source("See.", "See. TODO: say more.")),
    (normal_form, metadata(3, editable=True)),
    (normal_form, cell(3, id="not an id")),
    (normal_form, source("See.", "Look.")),
]  # fmt: skip


@pytest.mark.parametrize("check", RULES, ids=lambda check: check.__name__)
def test_a_good_lesson_keeps_the_rule(check):
    assert list(check(good_lesson())) == []


@pytest.mark.parametrize("check, change", BREAKS, ids=lambda x: x.__name__ if x in RULES else "")
def test_a_broken_lesson_breaks_the_rule(check, change):
    lesson = good_lesson()
    change(lesson)
    lesson.text = to_text(lesson.nb)
    assert list(check(lesson))


def test_every_rule_is_shown_to_fail():
    assert {check for check, _ in BREAKS} == set(RULES)
