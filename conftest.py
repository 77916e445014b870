"""What pytest cannot read from pyproject.toml."""

import gc
import os
import re
from pathlib import Path

import pytest

# Several groups of tests run at a time: more threads than this would mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PROGRESS_FILE"] = "off"  # no test reads or changes which exercises somebody has solved

collect_ignore = ["my_lessons", "site", "slides", "class"]


def pytest_addoption(parser, pluginmanager):
    """Accept pyproject.toml's options for pytest-xdist where it is switched off (`-p no:xdist`)."""
    if not pluginmanager.hasplugin("xdist"):
        parser.addoption("--numprocesses", "--dist", help="ignored without pytest-xdist")


def pytest_configure(config):
    """Find the sanitising file from any folder: nbval looks for it from the current one."""
    if getattr(config.option, "nbval_sanitize_with", "no nbval") is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval_sanitize.cfg")


BROWSER = {"browser", "chromium_path", "jupyterlab", "in_firefox", "parts"}  # fixtures that need more than Python


def executed_once(config):
    """Say whether nbval leaves out the lessons from 01 on: whether all tests are run, without ALL=1."""
    return config.args_source is not config.ArgsSource.ARGS and not os.environ.get("ALL")


def pytest_ignore_collect(collection_path, config):
    """Leave those to the run that tests/test_lessons.py compares with the stored outputs, too."""
    long = (
        collection_path.suffix == ".ipynb"
        and collection_path.parent.name == "notebooks"
        and collection_path.name > "01"
    )
    return True if long and executed_once(config) else None


def pytest_terminal_summary(terminalreporter, config):
    """Say what was left out."""
    if executed_once(config):
        terminalreporter.write_line(
            "nbval left out the lessons from 01 on, which were executed and compared once; make test ALL=1"
        )


def pytest_collection_modifyitems(items):
    """Mark the tests that `-m "not browser"` leaves out, and bring all into an order in which no worker has to wait at the end."""

    def turn(item):
        """Return 0 for what takes long on one worker, 1 for lessons, 2 for browsers, which show executed lessons, 3 for the rest."""
        fixtures = set(getattr(item, "fixturenames", ()))
        if "jupyterlab" in fixtures or item.path.name == "test_widgets.py":
            return 0
        if item.path.suffix == ".ipynb" or item.path.parent.name == "lessons":
            return 1
        return 2 if BROWSER & fixtures else 3

    items.sort(key=turn)
    for item in items:
        if BROWSER & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Spare the garbage collector four thousand tests and their libraries, which stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Take one worker more than there are cores, up to four: one of them often waits for a kernel or a browser."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep a file on one worker, and of tests/ all that asks for the same lesson, which is then executed once.

    Decks only read what was executed: those of ten lessons stay together, so that a browser is started once for them.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            lesson = re.search(r"[\[-](\d\d)_\w+|lessons/test_(\d\d)\.py", nodeid)
            if not lesson:
                return file
            number = lesson[1] or lesson[2]
            return f"decks {number[0]}" if file.endswith("test_slides_browser.py") else f"lesson {number}"

    config.option.loadscopereorder = False  # as they are collected: the long ones come first
    return ByLesson(config, log)
