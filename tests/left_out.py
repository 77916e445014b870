"""What a push leaves to `make test ALL=1` and to the weekly run."""

import os

import pytest


def left_out(what: str) -> pytest.MarkDecorator:
    """Skip a test at a push, and say what was left out."""
    return pytest.mark.skipif(not os.environ.get("ALL"), reason=f"left out, `make test ALL=1` runs it: {what}")
