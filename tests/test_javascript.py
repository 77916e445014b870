"""The JavaScript of the widgets, by Node's own test runner: tests/js."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted(Path(__file__).with_name("js").glob("*.test.mjs"))


def test_javascript():
    node = shutil.which("node")
    if not node:
        pytest.fail("no node") if os.environ.get("CI") else pytest.skip("no node")
    done = subprocess.run([node, "--test", *TESTS], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
