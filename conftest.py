"""What pytest cannot read from pyproject.toml."""

from pathlib import Path

collect_ignore = ["my_lessons", "slides"]


def pytest_addoption(parser, pluginmanager):
    """Accept pyproject.toml's options for pytest-xdist where it is switched off (`-p no:xdist`)."""
    if not pluginmanager.hasplugin("xdist"):
        parser.addoption("--numprocesses", "--dist", help="ignored without pytest-xdist")


def pytest_configure(config):
    """Find the sanitising file from any folder: nbval looks for it from the current one."""
    if config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval_sanitize.cfg")
