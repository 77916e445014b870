"""Page through every deck as a lecturer does, and look for what the last row would complain about."""

import gzip
import json
import os
from base64 import b64decode
from copy import deepcopy
from io import BytesIO
from itertools import product
from time import monotonic, sleep

import matplotlib as mpl
import numpy as np
import pytest
from in_page import HANG, READ_BY_BROWSER
from left_out import left_out
from nbformat.v4 import new_markdown_cell, new_notebook
from PIL import Image
from pypdf import PdfReader

from course_utils import plotting, style, widgets
from course_utils.datasets import WRODL_VALUES, load_digits, load_world_land, load_wrodl
from course_utils.lessons import lessons
from course_utils.making import slides
from course_utils.models import JointCategorical

LESSONS = [lesson.path.stem for lesson in lessons().values()]
MOVING = [
    lesson.path.stem for lesson in lessons().values() if "course_utils.widgets import" in lesson.path.read_text("utf-8")
]
SIZES = [(1280, 720), (1920, 1080)] if os.environ.get("ALL") else [(1280, 720)]

READY = """() => window.Reveal?.isReady() && window.MathJax?.startup?.promise && document.fonts.status === "loaded"
  && [...document.images].every(image => image.complete)
  && [...document.querySelectorAll(".jupyter-widgets")].every(widget => widget.querySelector(":not(script)"))"""

# Go from the first fragment to the last one, look at each step at what can be seen, and return one line for each fault.
WALK = r"""async () => {
  const nextFrame = () => new Promise(requestAnimationFrame);
  await MathJax.startup.promise;
  document.head.insertAdjacentHTML("beforeend", "<style>mjx-assistive-mml { display: none !important }</style>");  // not for the eye
  for (let i = 0; i < 20; i++) await nextFrame();  // pictures on slides that are too full get smaller
  const faults = new Set();
  const visible = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const name = element => {
    const words = (element.alt || element.textContent).trim().replace(/\s+/g, " ").slice(0, 60);
    return `<${element.tagName.toLowerCase()}>` + (words && ` "${words}"`);
  };

  function texts(section) {
    const found = [], walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, skipped = text.parentElement.closest("script, style, svg, mjx-container");
      if (text.textContent.trim() && !skipped) found.push(text);
    }
    return found;
  }

  function pieces(section) {  // [element that names it, box] of each piece of text and of what is drawn in one piece
    const found = [];
    for (const text of texts(section).filter(text => visible(text.parentElement))) {
      const range = document.createRange(), block = text.parentElement.closest("p, li, pre, tr, h1, h2, h3, h4") ?? text.parentElement;
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) found.push([block, box]);
    }
    for (const element of section.querySelectorAll("img, svg, canvas, video, input, button, pre, table"))
      if (visible(element) && !element.ownerSVGElement) found.push([element, element.getBoundingClientRect()]);
    return found.filter(([, box]) => box.width && box.height);
  }

  function look(section, say) {
    const slide = document.querySelector(".slides").getBoundingClientRect();
    const foot = Reveal.getScale() * parseFloat(getComputedStyle(section).paddingBottom);  // holds the slide number
    const found = pieces(section);
    for (const element of new Set(found.map(([element]) => element))) {
      const boxes = found.filter(([other]) => other === element).map(([, box]) => box);
      const over = {
        left: slide.left - Math.min(...boxes.map(box => box.left)), right: Math.max(...boxes.map(box => box.right)) - slide.right,
        top: slide.top - Math.min(...boxes.map(box => box.top)), bottom: Math.max(...boxes.map(box => box.bottom)) - (slide.bottom - foot),
      };
      for (const edge in over) if (over[edge] > 1.5) say(`cut off: ${name(element)} reaches ${Math.round(over[edge])} px beyond the ${edge} edge`);
    }
    for (const element of section.querySelectorAll("*")) {
      if (!visible(element) || element.closest("svg, mjx-container, input, .panel-spoken")) continue;
      const style = getComputedStyle(element), tooLong = element.scrollHeight > element.clientHeight + 1, tooWide = element.scrollWidth > element.clientWidth + 1;
      if (style.display === "inline") continue;
      if ((tooWide && (style.overflowX !== "visible" || element.matches("pre"))) || (tooLong && style.overflowY !== "visible"))
        say(`cut off: ${name(element)} is larger than its box by ${element.scrollWidth - element.clientWidth} × ${element.scrollHeight - element.clientHeight} px`);
    }
    for (const text of texts(section))
      if (/\$\S*[a-zA-Z\\]|\$\$|\\[a-zA-Z()[\]]/.test(text.textContent) && !text.parentElement.closest("pre, code"))
        say(`a formula is left as source: ${name(text.parentElement)}`);
    for (const formula of section.querySelectorAll("mjx-container")) {
      const unknown = [...formula.querySelectorAll("mtext")].find(text => text.textContent.startsWith("\\"));
      const wrong = formula.querySelector("[data-mjx-error]")?.getAttribute("data-mjx-error") ?? unknown?.textContent;
      if (wrong) say(`a formula is wrong: ${wrong}`);
    }
    for (const image of section.querySelectorAll("img")) if (!image.naturalWidth) say(`a broken image: ${name(image)}`);
  }

  function judge(section, say) {  // the form of a slide, when all of it is there
    const slide = document.querySelector(".slides").getBoundingClientRect(), scale = Reveal.getScale();
    const style = getComputedStyle(section), pad = side => scale * parseFloat(style["padding" + side]);
    const boxes = pieces(section).map(([, box]) => box), bottom = Math.max(...boxes.map(box => box.bottom));
    if (bottom - slide.top < 0.25 * slide.height) say("a quarter of it or less is used");
    const code = [...section.querySelectorAll(".highlight pre")].filter(visible).map(pre => [pre, getComputedStyle(pre)]);
    const rows = code.map(([pre, { lineHeight, paddingTop, paddingBottom }]) => Math.round((pre.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / parseFloat(lineHeight)));
    if (rows.reduce((a, b) => a + b, 0) > 12) say(`${rows.join(" + ")} rows of code`);
    if (code.some(([, { fontSize }]) => parseFloat(fontSize) < 24)) say("small code");
    const pictures = [...section.querySelectorAll(".jupyter-widgets, img:not(.jupyter-widgets *)")].map(node => node.getBoundingClientRect());
    if (pictures.length !== 1 || pictures[0].height < 150 * scale) return;
    const [picture] = pictures, across = picture.width / (slide.width - pad("Left") - pad("Right"));
    const down = (bottom - slide.top) / (slide.height - pad("Bottom"));
    if (Math.max(across, down) < 0.93) say(`its picture leaves room: ${across.toFixed(2)} of the width, ${down.toFixed(2)} of the height`);
    if (picture.height < 0.3 * slide.height && across < 0.93) say(`a small picture: ${(picture.height / slide.height).toFixed(2)} of the height`);
  }

  Reveal.slide(0, 0, -1);
  for (let steps = 0; steps < 1000; steps++) {
    await nextFrame();
    const section = Reveal.getCurrentSlide();
    const heading = [...section.querySelectorAll("h1, h2, h3, h4")].find(node => !node.closest("blockquote"))?.textContent ?? "no heading";
    const say = fault => faults.add(`slide ${Reveal.getSlidePastCount() + 1} (${heading}): ${fault}`);
    look(section, say);
    const more = Reveal.availableFragments().next;
    if (!more && !pieces(section).length) say("nothing on it");
    else if (!more && heading === "no heading") say("it does not say its point");
    if (!more) judge(section, say);
    if (!more && Reveal.isLastSlide()) break;
    Reveal.next();
  }
  if (!Reveal.isLastSlide()) return [...faults, "the deck does not end"];

  // Pictures have found their sizes by now; one that goes on looking keeps a laptop warm.
  const restless = new MutationObserver(changes => changes.forEach(({ target }) => faults.add(`does not come to rest: ${name(target)}`)));
  restless.observe(document.querySelector(".slides"), { subtree: true, attributes: true, attributeFilter: ["style"] });
  for (let i = 0; i < 10; i++) await nextFrame();
  restless.disconnect();
  return [...faults];
}"""


# Move each slider of each panel to both ends and back, and return one line for each fault. A panel must answer each move,
# without a complaint, and at the end show again what it showed at first. Decoders in the page have tests of their own.
MOVE = """async () => {
  const faults = [], nextFrame = () => new Promise(requestAnimationFrame);
  const shown = panel => [...panel.querySelectorAll(".panel-picture svg, .panel-numbers")].map(node => node.innerHTML).join();
  for (const panel of document.querySelectorAll(".panel:not(:has(canvas))")) {
    let answers = 0;
    new MutationObserver(() => answers++).observe(panel.querySelector(".panel-numbers"), { childList: true });
    const first = shown(panel), seen = new Set([first]);
    for (const input of panel.querySelectorAll("input")) {
      for (const value of [input.max, Math.floor(input.max / 2), input.min, input.value].map(String)) {
        const before = answers;
        if (input.value === value) continue;
        input.value = value;
        input.dispatchEvent(new Event("input"));
        for (let k = 0; k < 100 && answers === before; k++) await nextFrame();
        if (answers === before) faults.push(`nothing answers: ${input.name} at ${value}`);
        seen.add(shown(panel));
      }
    }
    if (shown(panel) !== first) faults.push("another picture after going there and back");
    if (seen.size < 2) faults.push("its sliders move nothing");
    if (panel.querySelector(".panel-message").textContent) faults.push(panel.querySelector(".panel-message").textContent);
  }
  return faults;
}"""
# The sliders whose name is not the label beside them, as when two widgets of a page give the same ids.
MISNAMED = """() => [...document.querySelectorAll(".panel input")]
  .filter(({ labels, parentNode }) => labels.length !== 1 || labels[0].parentNode !== parentNode)
  .map(input => `not the label beside it names ${input.name}`)"""


def faults(page, deck):
    """Return what is wrong with a deck on screens of all sizes, one line for each fault."""
    found = []

    def refuse(route):
        found.append(f"asks the network for {route.request.url[:200]}")
        route.abort()

    def hear(message):
        if message.type == "error":
            found.append(f"error in the console: {message.text}")

    page.route(lambda url: not url.startswith(("file:", "data:", "blob:", "about:")), refuse)
    page.on("requestfailed", lambda request: found.append(f"could not load {request.url[:200]}"))
    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(f"error in the page: {error}"))
    page.goto(deck.as_uri())
    try:
        page.wait_for_function(READY, timeout=HANG)
    except Exception as error:
        return [*found, f"formulas, pictures or widgets were not drawn: {error}"]
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width} × {height}: {fault}" for fault in page.evaluate(WALK)]
    found += page.evaluate(MISNAMED) + page.evaluate(MOVE)
    page.unroute_all()
    return found


@pytest.fixture(scope="session")
def deck(executed, parts, tmp_path_factory):
    """Return a function that writes the deck of a lesson, once, and gives its path."""
    folder = tmp_path_factory.mktemp("slides")
    slides.write_parts(folder)

    def deck(lesson):
        path = folder / f"{lesson}.slides.html"
        if not path.exists():
            path.write_text(slides.to_deck(deepcopy(executed(lesson[:2]).nb)), encoding="utf-8")
        return path

    return deck


@pytest.fixture(scope="module")
def tab(browser):
    """Return a page for one deck after the other: a new one would compile all scripts again."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.mark.parametrize("lesson", LESSONS)
def test_deck(lesson, deck, tab):
    """Every slide of every lesson fits and is rendered, every slider moves, nothing asks the network, and it weighs at most 4 MB."""
    assert faults(tab, deck(lesson)) == []
    assert deck(lesson).stat().st_size <= 4e6


def lacking(baked, sliders, buttons):
    """Return the sequences of three presses that these frames lack, from the first one."""
    most = [slider["max"] + 1 for slider in sliders]

    def at(held, values):
        place = int(np.ravel_multi_index([values[slider["name"]] for slider in sliders], most))
        return held[place] if isinstance(held, list) else held.get(str(place))

    def after(state, values, label):
        """Return the state and values that a press leads to as in drivers.js, or None where nothing is held."""
        lead = baked["leads"][state].get(label)
        if isinstance(lead, dict) or lead is None:
            lead = at(baked["jumps"].get(label, {}) if lead is None else lead, values)
        if isinstance(lead, list):
            state, lead = lead
        return None if lead is None else (state, values if isinstance(lead, str) else values | lead)

    lack = []
    for ways in product(buttons, repeat=3):
        place = 0, {slider["name"]: slider["value"] for slider in sliders}
        for label in ways:
            place = place and after(*place, label)
            if place and not at(baked["states"][place[0]], place[1]):
                place = None
        if not place:
            lack.append(ways)
    return lack


@pytest.mark.parametrize("lesson", MOVING)
def test_a_deck_holds_each_three_presses(lesson, executed):
    """The play button moves a slider, which has a frame at each of its stops."""
    widgets = executed(lesson[:2]).nb.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for widget in widgets.get("state", {}).values():
        zipped = [part["data"] for part in widget.get("buffers", []) if part["path"] == ["frames", "zipped"]]
        for data in zipped:
            sliders, buttons = widget["state"]["sliders"], widget["state"]["buttons"]
            assert lacking(json.loads(gzip.decompress(b64decode(data))), sliders, buttons) == []


def on_paper(page, deck):
    """Open a deck as it is printed, with all slides and fragments in sight, also of screen readers."""
    page.goto(f"{deck.as_uri()}?view=print&pdfSeparateFragments=false")
    page.wait_for_function(f"() => document.querySelector('.pdf-page') && ({READY})()", timeout=HANG)
    page.evaluate("""async () => {
      await MathJax.startup.promise;
      for (const section of document.querySelectorAll("section[hidden]")) section.hidden = section.ariaHidden = null;
    }""")


@pytest.mark.parametrize(
    "lesson",
    LESSONS if os.environ.get("ALL") else ["05_naive_bayes_on_wrodl"],
)
def test_axe_finds_nothing_in_a_deck(lesson, deck, tab, axe):
    """Contrast, names of pictures and sliders, headings, tables, ids: in a lesson with code, tables and two widgets, and with ALL=1 in all."""
    tab.set_viewport_size({"width": 1280, "height": 900})
    on_paper(tab, deck(lesson))
    assert axe(tab) == []


@pytest.mark.parametrize("lesson", ["02_a_box_on_the_world_map"])
def test_the_keys_that_print_open_the_print_view(lesson, deck, page):
    """It prints when its widgets are drawn, each whole and on one page."""
    page.context.add_init_script("window.print = () => { window.printed = true; }")
    page.goto(deck(lesson).as_uri())
    page.wait_for_function(READY)
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+p")
    paper = opened.value
    paper.wait_for_function("window.printed", timeout=HANG)
    boxes = paper.evaluate("""() => [...document.querySelectorAll(".panel")].map(panel => {
      const box = panel.getBoundingClientRect(), sheet = panel.closest(".pdf-page").getBoundingClientRect();
      return box.height > 200 && box.top >= sheet.top && box.bottom <= sheet.bottom && box.right <= sheet.right;
    })""")
    assert len(boxes) >= 2 and all(boxes)


# Where the focus is: what it is on, whether that is on the slide or in reveal's own controls, and how wide its outline is.
FOCUS = """() => {
  const focus = document.activeElement, on = focus.closest("section") === Reveal.getCurrentSlide();
  const { outlineStyle, outlineWidth } = getComputedStyle(focus);
  return [on ? focus.name || focus.textContent : focus.closest(".reveal > :not(.slides)") && "reveal", outlineStyle === "none" ? 0 : parseFloat(outlineWidth)];
}"""


@pytest.mark.parametrize("lesson", ["02_a_box_on_the_world_map"])
def test_the_keyboard_stays_on_the_slide(lesson, deck, page):
    """Tab goes to what is on the slide and not to hidden slides, Space presses what it has reached, and a clicker turns the page."""
    page.goto(deck(lesson).as_uri())
    page.locator(".panel").first.wait_for(state="attached")
    page.wait_for_function(READY)

    def go_to(what):
        what.evaluate(
            "node => { const { h, v } = Reveal.getIndices(node.closest('section')); Reveal.slide(h, v, 99); }"
        )
        page.wait_for_timeout(500)  # fragments fade in
        return page.evaluate("Reveal.getSlidePastCount()")

    slide = go_to(page.locator(".panel").first)
    for expected in ["south", "west", "north", "east", "show me the MLE", "reveal", "reveal"]:
        page.keyboard.press("Tab")
        reached, outline = page.evaluate(FOCUS)
        assert reached == expected and outline >= 2
    button = page.get_by_role("button", name="show me the MLE")
    button.evaluate("button => button.addEventListener('click', () => { window.pressed = true; })")
    button.focus()
    page.keyboard.press("Space")
    assert page.evaluate("window.pressed") and page.evaluate("Reveal.getSlidePastCount()") == slide
    slider = page.locator("input[name=south]")
    slider.press("ArrowRight")
    moved = slider.input_value()
    slider.press("PageDown")
    assert (slider.input_value(), page.evaluate("Reveal.getSlidePastCount()")) == (moved, slide + 1)

    folded = page.locator("summary", has_text="Answer").first
    slide = go_to(folded)
    folded.press("Space")
    assert (
        folded.evaluate("summary => summary.parentElement.open")
        and page.evaluate("Reveal.getSlidePastCount()") == slide
    )


@pytest.fixture(scope="module")
def write_deck(parts, tmp_path_factory):
    """Return a function that writes a deck with a slide for each of these markdown texts."""
    folder = tmp_path_factory.mktemp("one_slide")
    slides.write_parts(folder)

    def write(*markdown):
        deck = folder / "one.slides.html"
        cells = [new_markdown_cell(text, metadata={"slideshow": {"slide_type": "slide"}}) for text in markdown]
        deck.write_text(slides.to_deck(new_notebook(cells=cells)), encoding="utf-8")
        return deck

    return write


WRONG = {
    "# Tall\n\n" + "A paragraph.\n\n" * 20: 'slide 1 (Tall): cut off: <p> "A paragraph." reaches',
    "# Wide\n\n```\n" + "x = 1  " * 30 + "\n```": "slide 2 (Wide): cut off: <pre>",
    '# Scrolls\n\n<div style="height: 50px; overflow: auto">' + "word " * 500 + "</div>": "is larger than its box by",
    "# Formula\n\n$$" + "x + " * 50 + "y$$": "slide 4 (Formula): cut off: <svg>",
    r"This $\frc{1}{2}$ has a typo.": r"a formula is wrong: \frc",
    r"This $x^1^2$ has two exponents.": "a formula is wrong: Double exponent",
    r"This $\frac{1}{2$ lacks a brace.": 'a formula is left as source: <p> "This $\\frac{1}{2$ lacks',
    r"This $\frac{1}{2} is not closed.": 'a formula is left as source: <p> "This $\\frac{1}{2} is not',
    "![A face](https://example.org/face.png)": "asks the network for https://example.org/face.png",
    "![A face](face.png)": 'a broken image: <img> "A face"',
    "<script>nonsense()</script>": "error in the page: nonsense is not defined",
    "<!-- nothing -->": "slide 12 (no heading): nothing on it",
}


def test_what_is_wrong_is_found(write_deck, page):
    """The test above is worth something: it finds each of these faults."""
    found = "\n".join(faults(page, write_deck(*WRONG)))
    assert [fault for fault in WRONG.values() if fault not in found] == [], found


def test_axe_finds_what_shuts_readers_out(write_deck, page, axe):
    """The test with axe is worth something: it sees all slides, and finds each of these faults."""
    faulty = [
        '# Title\n\n<svg role="img"><path></path></svg>', '<p style="color: #999; font-size: 18px">pale words</p>',
        '<input type="range">', '<label id="twice">a</label><button id="twice" aria-labelledby="twice">b</button>',
    ]  # fmt: skip
    on_paper(page, write_deck(*faulty))
    found = "\n".join(axe(page))
    assert all(fault in found for fault in ["svg-img-alt", "color-contrast", "label (", "duplicate-id-aria"]), found


def test_what_is_right_is_let_through(write_deck, page):
    """Dollars that are prices, and backslashes in code, are no formulas."""
    markdown = "# Title\n\nIt costs \\$5, see `\\frac` and `$x$`. Here is $\\frac{1}{2} \\in \\{x \\mid x < 1\\}$.\n\n$$\\begin{aligned} a &= b \\\\ &= c \\end{aligned}$$"
    assert faults(page, write_deck(markdown)) == []


def test_pictures_come_to_rest(write_deck, page):
    """Whatever their shape, as wide as the slide or in a box of a broken number of pixels."""

    def picture(height, width="100%"):
        address = plotting.png(Image.new("RGB", (800, height), "grey"))
        return f'# A picture\n\n<div style="width: {width}"><img alt="grey" src="{address}" style="max-width: 100%; height: auto"></div>'

    shapes = [picture(height) for height in range(139, 400, 29)]
    deck = write_deck(*shapes, *(picture(300, f"{width}px") for width in (600.5, 600.6, 600.9)))
    assert [fault for fault in faults(page, deck) if "rest" in fault] == []


SHOWN = """panel => ({
  said: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.getAttribute("aria-valuetext")])),
  svg: panel.querySelector("svg").innerHTML,
  numbers: Object.fromEntries([...panel.querySelectorAll(".panel-numbers tr")].map(row => [...row.children].map(cell => cell.textContent))),
  alt: panel.querySelector("[role=img]").getAttribute("aria-label"),
  message: panel.querySelector(".panel-message").textContent,
})"""
# Turn to the slide of a panel, and wait until its picture has found its size.
TURN = """async panel => {
  const { h, v } = Reveal.getIndices(panel.closest("section"));
  Reveal.slide(h, v, 99);
  for (let last, same = 0; same < 20; ) {
    await new Promise(requestAnimationFrame);
    const { x, y, width } = panel.getBoundingClientRect(), now = [x, y, width].join();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}"""


@pytest.fixture
def open_deck(deck, tab):
    """Return a function that opens the deck of a lesson and gives its page and its panels."""

    def open_deck(lesson):
        tab.set_viewport_size({"width": 1280, "height": 720})
        tab.goto(deck(lesson).as_uri())
        tab.wait_for_function(READY, timeout=HANG)
        return tab, tab.locator(".panel")

    return open_deck


def counts():
    """Return how often each style was seen, (4032,), as lesson 04 has it."""
    seen = load_wrodl().astype(str).value_counts()
    return np.array([seen.get(values, 0) for values in product(*WRODL_VALUES.values())])


def design():
    """Return the designer of lesson 04."""
    wrodl = load_wrodl()
    models = {"counted": JointCategorical(WRODL_VALUES), "α = 1": JointCategorical(WRODL_VALUES, alpha=1)}
    return widgets.style_designer(wrodl, {name: model.fit(wrodl).log_prob for name, model in models.items()})


def box():
    """Return the explorer of lesson 02."""
    land = load_world_land()
    return widgets.box_explorer(land.sample(40, np.random.default_rng(2)), land)


# A lesson, the number of a panel in its deck, and how the lesson makes it.
IMAGINED = ("00_start_here", 0, lambda: widgets.imagined_digit(load_digits()))
BOX = ("02_a_box_on_the_world_map", 0, box)
COUNTS = ("04_wrodl_counting_and_smoothing", 0, lambda: widgets.pseudo_count(counts()))
DESIGN = ("04_wrodl_counting_and_smoothing", 1, design)


BOX_SIDES = ("south", "west", "north", "east")


def real(*widgets):
    """Give a test these widgets, and their lessons the names by which conftest.py keeps a lesson on one worker."""
    return pytest.mark.parametrize("widget", widgets, ids=lambda widget: f"{widget[0]}-{widget[1]}")


@pytest.fixture
def show(widget, open_deck):
    """Turn to the slide of a widget and return the page, its panel, and the lesson's own one."""
    lesson, number, make = widget
    page, panels = open_deck(lesson)
    panel = panels.nth(number)
    panel.evaluate(TURN)
    with mpl.rc_context():
        style.use()
        return page, panel, make()


def expect(panel, made, message="", **values):
    """Wait until the deck shows what `draw` gives for these values, and for the others what the sliders say."""
    said = panel.evaluate(SHOWN)["said"]
    words = {name: slider["words"] for name, slider in made.sliders.items()}
    values = (
        made.values
        | {name: words[name].index(word) if words[name] else float(word) for name, word in said.items()}
        | values
    )
    svg, numbers, alt = made.draw(**values)
    expected = {
        "said": said,
        "svg": panel.evaluate(READ_BY_BROWSER, svg),
        "numbers": numbers,
        "alt": alt,
        "message": message,
    }
    deadline = monotonic() + HANG / 1000
    while (shown := panel.evaluate(SHOWN)) != expected and monotonic() < deadline:
        sleep(0.05)
    assert shown == expected


@real(*([IMAGINED, BOX, COUNTS, DESIGN] if os.environ.get("ALL") else [DESIGN]))
def test_a_deck_shows_what_draw_gives_for_what_the_sliders_say(show):
    _, panel, made = show
    expect(panel, made)
    rng, pictures = np.random.default_rng(0), set()
    for _ in range(3):
        for slider in panel.locator("input").all():
            slider.press("Home")
            for _ in range(rng.integers(1 + int(slider.get_attribute("max")))):
                slider.press("ArrowRight")
            if "." in slider.get_attribute("aria-valuetext") and slider.get_attribute("name") in BOX_SIDES:
                slider.press(
                    "Home" if slider.get_attribute("name") in ("south", "west") else "End"
                )  # not the rounded MLE
        expect(panel, made)
        pictures.add(panel.locator(".panel-picture").screenshot())
    assert len(pictures) > 1


def press(panel, label):
    panel.get_by_role("button", name=label, exact=True).click()


@real(BOX)
def test_the_mle_is_shown_in_a_deck_after_the_lecturers_own_try(show):
    _, panel, made = show
    press(panel, "show me the MLE")
    expect(panel, made, "Your own try first: move the sliders.")
    panel.locator("input").first.press("ArrowRight")
    press(panel, "show me the MLE")
    x = load_world_land().sample(40, np.random.default_rng(2))
    expect(panel, made, **dict(zip(BOX_SIDES, [*x.min(axis=0).tolist(), *x.max(axis=0).tolist()])))


@real(BOX)
def test_a_corner_is_dragged_in_a_deck_and_snaps_to_the_stops(show):
    page, panel, made = show
    ax, box = made.draw.keywords["ax"], panel.locator(".panel-picture").bounding_box()

    def on_page(longitude, latitude):
        place = ax.transData.transform((longitude, latitude)) * [1, -1] + [0, made.height]
        return np.array([box["x"], box["y"]]) + place * box["width"] / made.width

    page.mouse.move(*on_page(-20, -30))  # the bottom left corner
    page.mouse.down()
    page.mouse.move(*on_page(-88, -52), steps=5)  # nearest to the stops −80 and −60
    page.mouse.up()
    expect(panel, made, west=-80, south=-60)
    said = panel.evaluate(SHOWN)["said"]
    assert (said["west"], said["south"], said["east"], said["north"]) == ("-80", "-60", "55", "40")
    dot = panel.locator(".panel-handles circle").first.bounding_box()
    at = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    np.testing.assert_allclose(at, on_page(-80, -60), atol=2)


@real(IMAGINED)
def test_other_pictures_are_imagined_in_a_deck_until_they_are_used_up(show):
    _, panel, made = show
    button = panel.get_by_role("button", name="imagine five others", exact=True)
    for seed in range(1, 6):
        assert button.get_attribute("aria-disabled") == "false"
        press(panel, "imagine five others")
        expect(panel, made, seed=seed)
    assert (button.get_attribute("aria-disabled"), button.get_attribute("title")) == (
        "true",
        "This is not stored here. Press it in JupyterLab.",
    )
    button.dispatch_event("click")
    expect(panel, made, "This is not stored here. Press it in JupyterLab.", seed=5)
    panel.locator("input").first.press("End")
    expect(panel, made, seed=5)


@pytest.mark.parametrize("lesson", ["11_nade"])
def test_a_deck_plays(lesson, open_deck):
    page, panels = open_deck(lesson)
    step = panels.first.locator("input").first
    panels.first.evaluate(TURN)
    press(panels.first, "play")
    panels.first.get_by_role("button", name="play", exact=True).wait_for(timeout=HANG)  # which reads "pause" meanwhile
    assert (
        step.get_attribute("aria-valuetext") == "784"
        and "784 of 784" in panels.first.locator(".panel-numbers").text_content()
    )
    press(panels.first, "restart")
    page.wait_for_function(
        "text => document.querySelector('.panel-numbers').textContent.includes(text)", arg="0 of 784"
    )
    press(panels.first, "step")
    page.wait_for_function(
        "text => document.querySelector('.panel-numbers').textContent.includes(text)", arg="16 of 784"
    )


@pytest.mark.parametrize("lesson", ["15_gan"])
def test_two_players_take_their_steps_in_a_deck(lesson, open_deck):
    page, panels = open_deck(lesson)
    panel = panels.filter(has_text="step D")
    panel.evaluate(TURN)

    def moves():
        sleep(0.3)
        numbers = panel.evaluate(SHOWN)["numbers"]
        return int(numbers["moves of D"]), int(numbers["moves of G"])

    asked = (
        ["step D"] * 5 + ["step G"] * 5 + ["play 50 rounds"] * 3 + ["step G"] * 10 + ["step D"] + ["play 50 rounds"] * 3
    )
    for labels, reached in [
        (["step G", "step D", "play 50 rounds"], (80, 80)), (["play 50 rounds"] * 3, (150, 150)), (asked, (480, 750)),
    ]:  # fmt: skip
        for label in labels:
            press(panel, label)
        assert moves() == reached and panel.evaluate(SHOWN)["message"] == ""
        panel.get_by_role("button", name="step D", exact=True).dispatch_event("click")  # greyed, and so not clicked
        assert (
            moves() == reached
            and panel.evaluate(SHOWN)["message"] == "This is not stored here. Press it in JupyterLab."
        )
        press(panel, "start again")
        assert moves() == (0, 0)


@pytest.mark.parametrize("lesson", ["07_representation_learning"])
def test_a_click_on_the_plane_of_a_deck_moves_z_there(lesson, open_deck):
    """Up to half of the way to the next stop: there are at least 25 on each axis, which is half as wide as the picture."""
    page, panels = open_deck(lesson)
    panel, picture = panels.first, panels.first.locator(".panel-picture")
    panel.evaluate(TURN)
    box = picture.bounding_box()
    for x, y in [(0.7, 0.3), (0.85, 0.6)]:
        place = box["x"] + x * box["width"], box["y"] + y * box["height"]
        page.mouse.click(*place)
        sleep(0.5)
        shown = panel.evaluate(SHOWN)
        z1, z2 = (f"{float(shown['said'][name]):.2f}".replace("-", "−") for name in ("z1", "z2"))
        assert shown["numbers"] == {"z": f"({z1}, {z2})"} and shown["message"] == ""
        dot = panel.locator("svg path").last.bounding_box()
        at = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
        np.testing.assert_allclose(at, place, atol=box["width"] / 2 / 24 / 2 + 4)


@left_out("Firefox pages through each deck")
@pytest.mark.parametrize("lesson", LESSONS)
def test_firefox_pages_through_a_deck(lesson, deck, in_firefox):
    """As Chromium does above."""
    in_firefox.goto(deck(lesson).as_uri())
    in_firefox.evaluate(
        f"(async ready => {{ while (!ready()) await new Promise(again => setTimeout(again, 100)); }})({READY})"
    )
    assert [
        *in_firefox.evaluate(f"({WALK})()"),
        *in_firefox.evaluate(f"({MISNAMED})()"),
        *in_firefox.evaluate(f"({MOVE})()"),
    ] == []


# Turn to the slide of the first widget, and say where its picture, made as wide in each browser, is once nothing moves any more.
FIND_PICTURE = """(async ready => {
  const widget = document.querySelector(".jupyter-widgets");
  while (!widget.querySelector(".panel-picture") || !ready()) await new Promise(resolve => setTimeout(resolve, 100));
  const panel = widget.querySelector(".panel"), { h, v } = Reveal.getIndices(panel.closest("section"));
  Reveal.slide(h, v, 99);
  await new Promise(resolve => setTimeout(resolve, 1000));
  const picture = panel.querySelector(".panel-picture"), { offsetWidth, offsetHeight } = picture;
  window.fit = () => {};
  panel.closest(".jupyter-widgets").style.zoom = 1;
  const across = Math.min(600, Math.round((400 * offsetWidth) / offsetHeight));
  picture.style = `position: fixed; z-index: 9; left: 40px; top: 40px; width: ${across}px; max-width: none; background: white`;
  await new Promise(resolve => setTimeout(resolve, 500));
  const { x, y, width, height } = picture.getBoundingClientRect();
  return [x, y, x + width, y + height];
})"""


@pytest.mark.parametrize("lesson", MOVING if os.environ.get("ALL") else ["02_a_box_on_the_world_map"])
def test_firefox_draws_what_chromium_draws(lesson, deck, browser, in_firefox):
    """Dots, a box, a map, and with ALL=1 the first widget of each deck: hardly a pixel differs by more than the edges of what is drawn do."""
    in_firefox.goto(deck(lesson).as_uri())
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.goto(deck(lesson).as_uri())
        boxes = [there.evaluate(f"{FIND_PICTURE}({READY})") for there in (page, in_firefox)]
        shots = page.screenshot(), in_firefox.screenshot()
    pictures = [
        Image.open(BytesIO(shot)).convert("L").crop([round(side) for side in box]) for box, shot in zip(boxes, shots)
    ]
    size = 120, round(120 * pictures[0].height / pictures[0].width)
    one, other = (np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=float) for picture in pictures)
    differs = np.abs(one - other)
    share = (differs > 40).mean()  # 0.0016 at the most; with dots that have become streaks 0.02
    assert np.ptp(one) > 100 and share < 0.004 and differs.max() < 90  # 45; a single dot that is a streak 144


# Wait until all is there to be printed, and return the heading of each slide, or "" for one without.
TO_PRINT = """(async ready => {
  while (!document.querySelector(".pdf-page") || !ready()) await new Promise(again => setTimeout(again, 100));
  await MathJax.startup.promise;
  await new Promise(resolve => setTimeout(resolve, 1000));
  return [...document.querySelectorAll(".pdf-page")].map(page => page.querySelector("h1, h2, h3")?.firstChild.textContent.trim() ?? "");
})"""


@left_out("Firefox prints two decks")
@pytest.mark.parametrize("lesson", ["02_a_box_on_the_world_map", "10_from_tables_to_autoregression"])
def test_firefox_prints_a_page_a_slide(lesson, deck, in_firefox):
    """Each page has its slide's heading and number, and all words lie within its margins; Chromium's are read in test_pdf.py."""
    in_firefox.goto(f"{deck(lesson).as_uri()}?view=print&pdfSeparateFragments=false&showNotes=false")
    headings = in_firefox.evaluate(f"{TO_PRINT}({READY})")
    pages = PdfReader(BytesIO(in_firefox.pdf((1280, 720)))).pages
    assert len(pages) == len(headings) == lessons()[lesson[:2]].slides
    for number, (page, heading) in enumerate(zip(pages, headings), start=1):
        places, (width, height) = [], page.mediabox[2:]

        def hear(text, transform, matrix, *font):
            if text.strip():
                a, b, c, d, e, f = transform
                x, y = matrix[4] * a + matrix[5] * c + e, matrix[4] * b + matrix[5] * d + f
                places.append((x / width, y / height))

        words = " ".join(page.extract_text(visitor_text=hear).split())
        assert (round(width), round(height)) == (960, 540) and heading in words and words.endswith(str(number)), words
        x, y = np.transpose(places)
        assert x.min() > 50 / 1280 and x.max() < 1 - 50 / 1280 and y.min() > 5 / 720 and y.max() < 1 - 36 / 720
