"""A real browser and a real JupyterLab for the tests that need them; both are started once a test file."""

import json
import os
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import firefox
import nbformat
import pytest
from in_page import HANG, LESSON_STATE, RUN_ABOVE

from course_utils.files import NOTEBOOKS, in_one_step
from course_utils.lab import update_working_copy
from course_utils.lessons import lessons
from course_utils.making import assets, pdf
from course_utils.making.execute import BAKED, running

AXE = "axe-core@4.14.1"  # the npm package that looks for what shuts readers out

LAB_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell in the page, also those out of sight
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}

# What axe finds in an element, or in the whole page, one line each. What it cannot decide counts too, but for the contrast of words on a picture.
# JupyterLab's body has no height, and hides what leaves it: to axe none of its words would be in sight, nor those that are scrolled away.
LOOK = """async element => {
  if (!document.body.offsetHeight) document.body.style.height = "100vh";
  const { violations, incomplete } = await axe.run(element ?? document, { resultTypes: ["violations", "incomplete"] });
  const found = [...violations, ...incomplete.filter(({ id }) => id !== "color-contrast")];
  return found.flatMap(({ id, impact, nodes }) => impact === "minor" ? [] : nodes.map(({ html }) => `${id} (${impact}): ${html.slice(0, 150)}`));
}"""


class Executed:
    """A lesson that was executed: `nb`, with outputs and baked widgets, and values of expressions in its names."""

    def __init__(self, nb, ask):
        self.nb, self.ask = nb, ask

    def __getitem__(self, expression):
        return self.ask(expression)


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """Return a function that gives a lesson by its number; each is executed once, and the latest keeps its kernel.

    All of that happens in a thread of its own, since Playwright's event loop would disturb it. What one worker has
    executed the other reads. With baked=False the lesson runs as in JupyterLab: its widgets ask the kernel.
    """
    known, kernel, found, alive = {}, ExitStack(), lessons(), []
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "executed"
    shared.mkdir(exist_ok=True)

    def start(number, baked):
        kernel.close()
        path = found[number].path
        run = kernel.enter_context(running(path, nbformat.read(path, as_version=4), BAKED if baked else {}))
        alive[:] = [(number, baked), run]
        if baked:
            with in_one_step(shared / path.name) as part:
                nbformat.write(run.nb, part)
        return lesson(number, baked, run.nb)

    def lesson(number, baked, nb):
        return Executed(nb, lambda expression: thread.submit(ask, number, baked, expression).result())

    def ask(number, baked, expression):
        if alive[:1] != [(number, baked)]:
            start(number, baked)  # another lesson has taken its place: tests of two in turn pay for that
        return alive[1][expression]

    def executed(number, baked=True):
        file = shared / found[number].path.name
        if (number, baked) not in known and baked and file.exists():
            known[number, baked] = thread.submit(lesson, number, baked, nbformat.read(file, as_version=4))
        elif (number, baked) not in known:
            known[number, baked] = thread.submit(start, number, baked)
        return known[number, baked].result()  # or the exception, again

    with ThreadPoolExecutor(1) as thread:
        yield executed
        thread.submit(kernel.close).result()


@pytest.fixture(scope="session")
def chromium_path():
    """Return the path of a Chromium or Chrome; skip the test where there is none, except in CI, where that is a failure."""
    if path := pdf.find_browser():
        return path
    message = "no Chromium for the browser tests: install it (Debian: apt install chromium) or run `python -m playwright install chromium`"
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture
def in_firefox(tmp_path):
    """Return a page of 1280 × 720 in Firefox; skip the test where there is none, except in CI, where that is a failure."""
    if not firefox.find():
        message = "no Firefox for the test of a deck: install it (Debian: apt install firefox-esr)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with firefox.open_page(str(tmp_path), (1280, 720)) as page:
        yield page


# Not for the whole session: while it runs, Playwright's event loop disturbs other tests of the same process.
@pytest.fixture(scope="module")
def browser(chromium_path):
    """Return a headless browser (Playwright's synchronous interface)."""
    from playwright.sync_api import sync_playwright

    flags = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium does not start as root with its sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """Return an empty page of 1280 × 900 with nothing remembered from other tests."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def parts():
    """Fetch the parts of the decks; skip where that is impossible, except in CI."""
    _fetch(assets.PARTS)


@pytest.fixture(scope="module")
def axe():
    """Return a function that lists what axe finds on a page, or in one element of it; minor things are left out."""
    _fetch([AXE])
    with tarfile.open(assets.archive(AXE)) as tar:
        script = tar.extractfile("package/axe.min.js").read().decode()

    def look(page, element=None):
        page.evaluate(script)
        return page.evaluate(LOOK, element)

    return look


def _fetch(packages):
    """Fetch npm packages; skip where that is impossible, except in CI."""
    try:
        assets.fetch_parts(packages)
    except assets.AssetsFailed as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory):
    """Return the address of a JupyterLab that serves copies of the lessons and reads none of the user's settings."""
    root = tmp_path_factory.mktemp("jupyterlab")
    lessons, runtime = root / "lessons", root / "runtime"
    update_working_copy(NOTEBOOKS, lessons)
    for name, settings in LAB_SETTINGS.items():
        file = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    folders = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={lessons}",
    ]  # fmt: skip
    with open(root / "log.txt", "w") as log:
        server = subprocess.Popen(
            command, env=os.environ | {key: str(root / name) for key, name in folders.items()}, stdout=log, stderr=log
        )
        try:
            yield _address(server, runtime, root / "log.txt")
        finally:
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server, runtime, log):
    """Wait until the server answers, and return its address without a slash at the end."""
    deadline = time.monotonic() + HANG / 1000
    while time.monotonic() < deadline and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):  # written by the server, with the port that it found free
            try:
                address = json.loads(file.read_text())["url"].rstrip("/")
                urlopen(f"{address}/api/status", timeout=10).close()
                return address
            except (ValueError, URLError, TimeoutError):
                pass  # not yet
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start within {HANG / 1000:.0f} s:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def open_lesson(browser, jupyterlab):
    """Return a function that opens the lesson `name` in JupyterLab, runs the cells above the call of `function`, and returns the page."""
    contexts = []

    def open_and_run(name, function):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(HANG)
        page.goto(f"{jupyterlab}/doc/tree/{quote(name)}.ipynb?reset", timeout=HANG)
        page.wait_for_function(f"({LESSON_STATE})() !== null", timeout=HANG)
        page.evaluate(RUN_ABOVE, function)
        page.wait_for_function(f"window.ran && ({LESSON_STATE})() !== null", timeout=HANG)
        state = page.evaluate(LESSON_STATE)
        assert not state["errors"], f"{name} in JupyterLab: {state['errors']}"
        assert all(state["counts"]), f"{name} in JupyterLab: code cells that did not run, counts {state['counts']}"
        return page

    yield open_and_run
    for context in contexts:
        context.close()
