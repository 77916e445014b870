"""MNIST arrives whole or not at all, from whichever mirror has it; small files and a local server stand in for the real ones."""

import errno
import gzip
import hashlib
import os
import re
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_utils import datasets, plotting
from course_utils.datasets import load_mnist, mnist
from course_utils.files import NOTEBOOKS
from course_utils.models import GaussianMixture

NAMES = mnist.SPLITS["train"]
PICTURES = np.random.default_rng(0).integers(256, size=(7, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2])
FILES = {  # by Yann LeCun's description of the format: a magic number, the sizes, big-endian, then bytes row by row
    NAMES[0]: gzip.compress(struct.pack(">4i", 2051, 7, 28, 28) + PICTURES.tobytes()),
    NAMES[1]: gzip.compress(struct.pack(">2i", 2049, 7) + bytes(LABELS.tolist())),
}


class Handler(BaseHTTPRequestHandler):
    """Answers /BEHAVIOUR/FILE."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.asked.append((behaviour, name))
        content = FILES[name]
        if behaviour == "silent":
            self.server.over.wait(60)
            return
        self.send_response({"missing": 404, "broken": 503}.get(behaviour, 200))
        if behaviour == "wrong":
            content = b"<html>Please log in to the university's network</html>"
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if behaviour in ("half", "stops") else content)
        if behaviour == "stops":
            self.wfile.flush()
            self.server.over.wait(60)

    def log_message(self, *_):
        """Be quiet."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.over = [], threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(server, tmp_path, monkeypatch):
    """Return an empty cache, after the right checksums, a short timeout and a way past any proxy are set."""
    folder = tmp_path / "Zwischen speicher"
    monkeypatch.setenv("MNIST_FOLDER", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(mnist, "SHA256", {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()})
    monkeypatch.setattr(mnist, "TIMEOUT", 1)
    return folder


@pytest.fixture
def mirrors(server, cache, monkeypatch):
    """Return a function that makes mirrors of these behaviours; "refused" is one where nobody listens."""

    def make(*behaviours):
        address = f"http://127.0.0.1:{server.server_address[1]}"
        addresses = ["http://127.0.0.1:1/" if b == "refused" else f"{address}/{b}/" for b in behaviours]
        monkeypatch.setattr(mnist, "MIRRORS", addresses)

    return make


def kept(cache) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.iterdir()} if cache.exists() else {}


def test_pictures_and_labels_are_those_of_the_files(mirrors, cache, capsys):
    mirrors("good")
    digits = load_mnist("train")
    assert digits.pixels.shape == (7, 784) and digits.pixels.dtype == np.float32
    np.testing.assert_allclose(digits.images(), PICTURES / 255, rtol=1e-6)
    np.testing.assert_array_equal(digits.labels, LABELS)
    assert kept(cache) == FILES
    assert "100%" in capsys.readouterr().err  # a bar shows the progress
    digits.pixels[:] = 0  # nobody changes the digits of others
    assert load_mnist("train").pixels.any()


def test_it_downloads_once(mirrors, server, capsys):
    mirrors("good")
    load_mnist("train")
    assert server.asked == [("good", name) for name in NAMES]
    mirrors("refused")
    load_mnist("train")
    assert len(server.asked) == 2


BAD = {
    "refused": "no connection|no answer",  # Windows takes its time to refuse
    "missing": "it answers 404 Not Found",
    "broken": "it answers 503",
    "wrong": "wrong checksum",
    "half": "broke off|wrong checksum",  # which, depends on the version of urllib3
    "silent": "no answer within 1 s",
    "stops": "no connection|no answer",
}


@pytest.mark.parametrize("behaviour", BAD)
def test_the_next_mirror_helps(behaviour, mirrors, cache):
    mirrors(behaviour, "good")
    np.testing.assert_array_equal(load_mnist("train").labels, LABELS)
    assert kept(cache) == FILES


@pytest.mark.parametrize("behaviour", BAD)
def test_if_no_mirror_helps_a_message_says_why_and_nothing_broken_stays(behaviour, mirrors, cache):
    mirrors(behaviour, behaviour)
    with pytest.raises(OSError, match=f"{NAMES[0]} is missing, and it could not be downloaded") as error:
        load_mnist("train")
    message = str(error.value)
    assert len(re.findall(BAD[behaviour], message)) == 2  # one for each mirror
    assert f"into {cache} yourself" in message and all(name in message for name in NAMES) and "load_digits" in message
    assert error.value.__cause__ is None and error.value.__context__ is None  # a short traceback
    assert kept(cache) == {}


@pytest.mark.parametrize("before", [b"", FILES[NAMES[0]][:100], b"something else"], ids=["empty", "half", "other"])
def test_a_damaged_or_half_finished_file_is_never_read_and_never_stays(before, mirrors, cache):
    cache.mkdir()
    (cache / NAMES[0]).write_bytes(before)
    mirrors("missing")
    with pytest.raises(OSError, match=f"{NAMES[0]} was damaged, and it could not be downloaded"):
        load_mnist("train")
    assert kept(cache) == {}
    (cache / NAMES[0]).write_bytes(before)
    mirrors("missing", "good")
    np.testing.assert_array_equal(load_mnist("train").labels, LABELS)
    assert kept(cache) == FILES


def test_what_is_whole_stays_when_the_rest_cannot_be_had(mirrors, cache):
    cache.mkdir()
    (cache / NAMES[0]).write_bytes(FILES[NAMES[0]])
    mirrors("missing")
    with pytest.raises(OSError, match=f"{NAMES[1]} is missing"):
        load_mnist("train")
    assert kept(cache) == {NAMES[0]: FILES[NAMES[0]]}
    (cache / NAMES[1]).write_bytes(FILES[NAMES[1]])  # as the message says
    np.testing.assert_array_equal(load_mnist("train").labels, LABELS)


def test_a_folder_that_cannot_be_made_or_written_to(mirrors, server, tmp_path, monkeypatch):
    """A file where a folder should be stands for all of these: it stops even the user root."""
    mirrors("good")
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("MNIST_FOLDER", str(folder))
        with pytest.raises(OSError, match="cannot be kept there.*MNIST_FOLDER") as error:
            load_mnist("train")
        assert error.value.__cause__ is None and error.value.__suppress_context__
    assert server.asked == []


def test_a_full_disk_leaves_nothing_half_written(mirrors, cache, monkeypatch):
    mirrors("good")

    def half(self, url, output_file, pooch):
        Path(output_file).write_bytes(FILES[NAMES[0]][:20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left.*MNIST_FOLDER"):
        patch.setattr(mnist.pooch.HTTPDownloader, "__call__", half)
        load_mnist("train")
    assert kept(cache) == {}
    np.testing.assert_array_equal(load_mnist("train").labels, LABELS)


@pytest.mark.parametrize("split", ["validation", "Train", "", None, 0, ["train"]])
def test_an_unknown_split(split, mirrors, server):
    mirrors("good")
    with pytest.raises(ValueError, match="split must be one of 'train', 'test', got"):
        load_mnist(split)
    assert server.asked == []


def test_the_mirrors_are_safe_and_each_file_has_its_checksum():
    assert all(re.fullmatch(r"https://\S+/", mirror) for mirror in mnist.MIRRORS) and len(mnist.MIRRORS) >= 2
    assert {name for names in mnist.SPLITS.values() for name in names} == set(mnist.SHA256)


def test_lesson_08_downloads_only_where_it_is_wanted(monkeypatch):
    """Run the cell of the lesson that is switched off there, on noise."""
    (path,) = NOTEBOOKS.glob("08_*.ipynb")
    (source,) = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.source.startswith("MNIST = False\n")
    ]
    digits = mnist.Digits(np.random.default_rng(0).uniform(size=(100, 784)).astype(np.float32), np.zeros(100, int))
    asked, shown = [], []
    monkeypatch.setattr(datasets, "load_mnist", lambda split: asked.append(split) or digits)
    monkeypatch.setattr(plotting, "images", lambda pictures, *_: shown.append(pictures))
    monkeypatch.setattr(plotting, "show", lambda *_: None)
    names = {"np": np, "datasets": datasets, "plotting": plotting, "GaussianMixture": GaussianMixture}
    exec(source, names)
    assert asked == []
    exec(source.replace("False", "True"), names)
    assert asked == ["train"] and shown[0].shape == (20, 28, 28) and 0 <= shown[0].min() < shown[0].max() <= 1
