"""The web book: what its pages are made of, and the pages themselves in real browsers."""

import json
import os
import re
import threading
from copy import deepcopy
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from time import monotonic, sleep
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from in_page import HANG, READ_BY_BROWSER
from left_out import left_out
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_slides_browser import MOVING

from course_utils.exercises.engine import load
from course_utils.files import NOTEBOOKS, ROOT
from course_utils.lessons import lessons
from course_utils.making import site

# At a push one lesson with baked frames, and one with a decoder in the page.
LESSONS = [*lessons()] if os.environ.get("ALL") else ["02", "13"]
PAGES = ["index.html", *(f"lessons/{lessons()[number].path.stem}.html" for number in LESSONS), "lessons/glossary.html"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


def test_prose_becomes_what_sphinx_reads():
    boxed = site.prose(
        "Before.\n\n> ### Common mistake\n> *One* line.\n>\n> - a list\n\nAfter 6<!-- {len(few)} --> days."
    )
    assert boxed == (
        "Before.\n\n::::{admonition} Common mistake\n:class: common-mistake\n\n*One* line.\n\n- a list\n\n::::\n\nAfter 6 days."
    )
    assert site.prose("> A quotation.\n> Its end.") == "> A quotation.\n> Its end."
    assert site.prose("[![Open](https://a.b/c.svg)](https://a.b/d)") == "[Open](https://a.b/d)"


def test_every_word_of_the_glossary_has_a_plain_meaning():
    entries = [
        line for line in (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8").splitlines() if line.startswith("- ")
    ]
    found = site.terms()
    assert len(found) == len(entries) > 100
    assert [word for word, (_, meaning) in found.items() if re.search(r"[$\\{}*]|\]\(", meaning)] == []
    assert len({anchor for anchor, _ in found.values()}) == len(found)


def test_a_lesson_becomes_a_page(tmp_path):
    """Pictures are files, a widget asks for its state, an exercise has hints and solution, and its verdict is gone."""
    shown = f'<figure><img alt="A dot" src="data:image/png;base64,{PIXEL}"></figure>'
    view = {"model_id": "abc", "version_major": 2, "version_minor": 0}
    cells = [
        new_markdown_cell("# 02 · A box"),
        new_markdown_cell("A note.", metadata={"slideshow": {"slide_type": "notes"}}),
        new_code_cell(
            "draw()",
            outputs=[new_output("display_data", {"text/html": shown, site.WIDGET_VIEW: view, "text/plain": "?"})],
        ),
        new_code_cell(
            'answer = ...\ncheck("02.1", answer)', outputs=[new_output("display_data", {"text/html": "Wrong!"})]
        ),
        new_code_cell('check("02.3", log_prob)', outputs=[new_output("display_data", {"text/html": "Wrong!"})]),
    ]
    nb = new_notebook(cells=cells, metadata={"widgets": {site.STATE: {"state": {"abc": {"words": "</script>"}}}}})
    page = site.to_page(nb, lessons()["02"], tmp_path)
    (picture,) = (tmp_path / "pictures").iterdir()
    sources = [cell.source for cell in page.cells]
    assert sources[0] == "# 02 · A box" and "02_a_box_on_the_world_map.ipynb" in sources[1]
    assert sources[2].startswith('<div class="notes">')
    output = page.cells[3].outputs[0].data["text/html"]
    assert f'pictures/{picture.name}" loading="lazy"' in output and "base64" not in output
    assert '"model_id": "abc"' in output
    assert "hide-input" in page.cells[3].metadata.tags
    assert "Wrong!" not in str(page) and "remove-input" in page.cells[4].metadata.tags
    helped, exercise = "\n".join(sources[5:]), load("02")["02.1"]
    assert all(hint in helped for hint in exercise.hints)
    assert re.search(r"Have you tried\?.*" + re.escape(exercise.code), helped, re.S)
    assert "widgets" not in page.metadata and "abc" in (tmp_path / "states" / "02.js").read_text()


def test_nothing_else_is_written_over(tmp_path):
    kept = tmp_path / "thesis.txt"
    kept.write_text("Years of work.")
    with pytest.raises(site.SiteFailed, match="holds something else"):
        site.write([], tmp_path)
    assert kept.read_text() == "Years of work."


class Links(HTMLParser):
    """What a page links to or loads, and the ids that it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes.get("id"), attributes.get("name")}
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]
        self.loads.append(attributes.get("src") or "")


@pytest.fixture(scope="module")
def folder(executed, parts, tmp_path_factory):
    """The pages of LESSONS, made of the lessons that were executed for the decks."""
    folder = tmp_path_factory.mktemp("site") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_REPOSITORY", "alice/course")  # as in the workflow that publishes them
        site.write(
            [lessons()[number] for number in LESSONS],
            folder,
            executed=lambda lesson: deepcopy(executed(lesson.number).nb),
        )
    return folder


def test_each_page_asks_what_is_wrong_with_it(folder, watched):
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/wrong.yml").read_text(encoding="utf-8"))
    assert "where" in [part.get("id") for part in form["body"]]
    ask = "https://github.com/alice/course/issues/new?template=wrong.yml"
    assert [page for page in PAGES if ask not in Links((folder / page).read_text(encoding="utf-8")).links] == []
    open_page, wrong = watched
    link = open_page((folder / PAGES[-1]).as_uri()).get_by_role("link", name="Something wrong here?")
    assert "template=wrong.yml&where=Glossary" in link.get_attribute("href") and wrong == []


def test_every_link_leads_somewhere(folder):
    """Links between the pages, to their parts, to what can be taken away, and to places in pages."""
    pages = {
        path.resolve(): Links(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    }
    unbuilt = {lesson.path.name for number, lesson in lessons().items() if number not in LESSONS}
    lost = []
    glossary = pages[(folder / "lessons/glossary.html").resolve()]
    assert {anchor for anchor, _ in site.terms().values()} <= glossary.ids
    assert [name for name, page in pages.items() if any(link.startswith("http") for link in page.loads)] == []
    for path, page in pages.items():
        for link in page.links:
            address, place = urldefrag(unquote(link))
            if re.match(r"[a-z]+:", address) or {address, place} & unbuilt or link == "#":
                continue
            target = (path.parent / address.partition("?")[0]).resolve() if address else path
            if not target.is_file() or place and target in pages and place not in pages[target].ids:
                lost.append(f"{path.name}: {link}")
    assert lost == []


def test_nothing_is_too_heavy(folder):
    """60 MB for all lessons without decks and PDFs; of the front page 1 MB comes before a widget is reached."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 60e6 * (0.3 + 0.7 * len(LESSONS) / len(lessons()))
    assert not any("$" in site._question(lesson) for lesson in lessons().values())  # no formula, and so no MathJax
    page = folder / "index.html"
    loaded = {link for link in Links(page.read_text(encoding="utf-8")).links if re.search(r"\.(js|css)", link)}
    files = {(folder / link.partition("?")[0]).resolve() for link in loaded if not re.match("[a-z]+:", link)}
    assert page.stat().st_size + sum(file.stat().st_size for file in files) < 1e6


class Quiet(SimpleHTTPRequestHandler):
    """A static host that does not write down what it is asked for."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def host(folder):
    """The address of a host that serves the pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def watched(browser):
    """Return a function that opens a page, and a list of what it does wrong: errors, failed requests, requests off the site."""
    contexts, wrong = [], []

    def open_page(address, width=1400, scheme="light", touch=False):
        def failed(why, url):
            if why != "net::ERR_ABORTED":  # not when a page is left before its icon came
                wrong.append(f"could not load {url[:100]}")

        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=touch, is_mobile=touch
        )
        contexts.append(context)
        page, home = context.new_page(), address.partition("/lessons")[0].rpartition("/index")[0] or address[:20]

        def off_the_site(url):
            return not url.startswith(("data:", "blob:", home[:20]))

        page.route(off_the_site, lambda route: (wrong.append(f"asks for {route.request.url[:100]}"), route.abort()))
        page.on("console", lambda message: message.type == "error" and wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("requestfailed", lambda request: failed(request.failure, request.url))
        page.goto(address)
        return page

    yield open_page, wrong
    for context in contexts:
        context.close()


SHOWN = """panel => [...panel.querySelectorAll(".panel-picture svg, .panel-numbers")].map(node => node.innerHTML).join()
  + (panel.querySelector("canvas")?.toDataURL() ?? "")"""


# At a push each page is opened in one of the two ways.
OPENED = (
    [*product(PAGES, (False, True))] if os.environ.get("ALL") else [(page, k % 2 == 1) for k, page in enumerate(PAGES)]
)


@pytest.mark.parametrize("page, served", OPENED, ids=lambda value: {False: "from disk", True: "from a host"}.get(value))
def test_a_page_lives_without_a_server_of_its_own(page, served, folder, host, watched):
    """Each widget comes when it is reached, and each of its sliders moves it by keyboard; nothing else is asked for."""
    open_page, wrong = watched
    seen = open_page(f"{host}/{page}" if served else (folder / page).as_uri())
    seen.wait_for_load_state()
    for widget in seen.locator(".widget").all():
        widget.scroll_into_view_if_needed()
        panel = widget.locator(".panel")
        panel.wait_for(timeout=HANG)
        for slider in panel.locator("input[type=range]").all():
            before = panel.evaluate(SHOWN)
            for key in ("End", "Home", "ArrowRight", "ArrowLeft"):
                slider.press(key)
                seen.wait_for_timeout(60)
                if panel.evaluate(SHOWN) != before:
                    break
            else:
                wrong.append(f"{slider.get_attribute('name')} moves nothing")
        assert panel.locator(".panel-message").inner_text() == ""
    assert wrong == []


# What a panel shows. An overlay is compared as the browser writes it; the canvas of a decoder has tests of its own.
FRAME = """panel => ({
  svg: panel.querySelector("canvas") ? "" : panel.querySelector(".panel-picture svg").innerHTML,
  numbers: Object.fromEntries([...panel.querySelectorAll(".panel-numbers tr")].map(row => [...row.children].map(cell => cell.textContent))),
  alt: panel.querySelector("[role=img]").getAttribute("aria-label"),
})"""


@left_out("each widget of the web book beside what its lesson draws")
@pytest.mark.parametrize("number", LESSONS)
def test_a_widget_of_a_page_shows_what_draw_gives(number, executed, host, watched):
    """At the ends of each slider, reached by keyboard or by mouse, it shows what the kernel of the lesson would draw."""
    open_page, wrong = watched
    seen = open_page(f"{host}/lessons/{lessons()[number].path.stem}.html")
    lesson = executed(number, baked=False)
    shows = [
        cell
        for cell in lesson.nb.cells
        for output in cell.get("outputs", [])
        if site.WIDGET_VIEW in output.get("data", {})
    ]
    assert seen.locator(".widget").count() == len(shows)
    for widget, cell in zip(seen.locator(".widget").all(), shows):
        made = f"Out[{cell.execution_count}]"
        values, sliders = lesson[f"{made}.values"], lesson[f"{made}.sliders"]
        widget.scroll_into_view_if_needed()
        panel = widget.locator(".panel")
        panel.wait_for(timeout=HANG)
        for k, (name, slider) in enumerate(sliders.items()):
            control = panel.locator(f"input[name={name}]")
            at = float(control.evaluate("({ min, max, value }) => (value - min) / (max - min)"))
            up = at < 0.5  # to the end that is farther away
            if k % 2:
                control.press("End" if up else "Home")
            else:
                control.scroll_into_view_if_needed()
                box = control.bounding_box()
                y = box["y"] + box["height"] / 2
                seen.mouse.move(box["x"] + 8 + at * (box["width"] - 16), y)
                seen.mouse.down()
                seen.mouse.move(box["x"] + (box["width"] + 40 if up else -40), y, steps=4)
                seen.mouse.up()
            said = control.get_attribute("aria-valuetext")
            values[name] = slider["words"].index(said) if slider["words"] else float(said)
            assert values[name] != slider["value"]
            svg, numbers, alt = lesson[f"tuple({made}.draw(**{values!r}))"]
            svg = "" if panel.locator("canvas").count() else panel.evaluate(READ_BY_BROWSER, svg)
            expected = {"svg": svg, "numbers": numbers, "alt": alt}
            deadline = monotonic() + HANG / 1000
            while (shown := panel.evaluate(FRAME)) != expected and monotonic() < deadline:
                sleep(0.05)
            assert shown == expected, f"{number}: {name}"
    assert wrong == []


# Pages that differ in what they are made of, on a telephone and a wide screen, in the light and in the dark.
LOOKS = [*product(("index.html", PAGES[1], "lessons/glossary.html"), (360, 1400), ("light", "dark"))]


@pytest.mark.parametrize("page, width, scheme", LOOKS if os.environ.get("ALL") else LOOKS[3:5])
def test_a_page_shuts_nobody_out(page, width, scheme, host, watched, axe):
    """axe finds nothing serious, and no page scrolls sideways."""
    open_page, wrong = watched
    seen = open_page(f"{host}/{page}", width, scheme)
    seen.locator("[data-typeset]").wait_for(state="attached")
    assert seen.evaluate("document.documentElement.dataset.theme") == scheme
    assert seen.evaluate("document.documentElement.scrollWidth") <= width
    assert [fault for fault in axe(seen) if re.search(r"\((serious|critical)\)", fault)] == []
    assert wrong == []


def test_a_word_is_searched_and_explained(folder, watched):
    """The search finds a word of each lesson, a word of the glossary says its meaning, and the notes can be hidden for good."""
    open_page, wrong = watched
    for number in LESSONS:
        title = lessons()[number].title
        found = open_page(f"{(folder / 'search.html').as_uri()}?q={max(re.findall(r'[A-Za-z]+', title), key=len)}")
        found.locator("#search-results li", has_text=title).first.wait_for(timeout=HANG)
    address = (folder / f"lessons/{lessons()['13'].path.stem}.html").as_uri()
    page = open_page(address)
    term = page.locator(".term").first
    anchor, meaning = site.terms()[term.inner_text().lower()]
    assert (term.get_attribute("data-meaning"), urldefrag(term.get_attribute("href"))[1]) == (meaning, anchor)
    term.focus()
    assert json.loads(term.evaluate("node => getComputedStyle(node, '::after').content")) == meaning
    words = [text.lower() for text in page.locator(".term").all_inner_texts()]
    assert len(words) == len(set(words)) > 10 and all(one.is_visible() for one in page.locator(".term").all())
    notes = page.locator(".notes").first
    assert notes.is_visible()
    page.locator(".notes-switch input").uncheck()
    page.reload()
    assert not notes.is_visible() and not page.locator(".notes-switch input").is_checked()
    assert wrong == []


def test_a_finger_finds_its_way(host, watched):
    """A first tap on a word of the glossary says its meaning, a second one leads there; corners of a box are wide enough."""
    open_page, wrong = watched
    address = f"{host}/lessons/{lessons()['02'].path.stem}.html"
    page = open_page(address, 360, touch=True)
    term = page.locator(".term").first
    term.tap()
    assert page.url == address
    assert term.get_attribute("data-meaning") in term.evaluate("node => getComputedStyle(node, '::after').content")
    term.tap()
    page.wait_for_url("**/glossary.html#term-*")
    page.goto(address)
    page.locator(".widget").first.scroll_into_view_if_needed()
    assert page.locator(".panel-handles circle").nth(1).bounding_box(timeout=HANG)["width"] > 38
    lost = open_page(f"{host}/404.html").get_by_role("link")
    assert lost.evaluate("link => link.href") == f"{host}/index.html"
    assert wrong == []


def test_a_lesson_on_paper(host, watched):
    """It is light, without what is folded or pressed, and no line of code is cut."""
    open_page, wrong = watched
    page = open_page(f"{host}/lessons/{lessons()['02'].path.stem}.html", 700, "dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    for away in ("details", ".offers", "form.answer button", ".bd-sidebar"):
        assert [one for one in page.locator(away).all() if one.is_visible()] == [], away
    assert all(
        pre.evaluate("node => node.scrollWidth <= node.clientWidth") for pre in page.locator("article pre").all()
    )
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert wrong == []


IN_FIREFOX = f"""(async () => {{
  const until = async found => {{
    for (;;) {{
      const it = found();
      if (it) return it;
      await new Promise(again => setTimeout(again, 100));
    }}
  }};
  const shown = {SHOWN};
  document.querySelector(".widget").scrollIntoView();
  const panel = await until(() => document.querySelector(".widget.live .panel")), before = shown(panel);
  const slider = panel.querySelector("input[type=range]");
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input"));
  await until(() => shown(panel) !== before);
  return panel.querySelector(".panel-message").textContent;
}})()"""


@left_out("the web book in Firefox")
@pytest.mark.parametrize("page", ["index.html", *(f"lessons/{name}.html" for name in MOVING if name[:2] in LESSONS)])
def test_a_widget_moves_in_firefox_too(page, folder, in_firefox):
    in_firefox.goto((folder / page).as_uri())
    assert in_firefox.evaluate(IN_FIREFOX) == ""
