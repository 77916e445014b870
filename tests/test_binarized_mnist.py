"""The fixed binarisation of MNIST, which only training needs: from a small file of the same form."""

import hashlib

import numpy as np
import pytest
import requests

from course_utils import files
from course_utils.datasets import binarized_mnist, load_binarized_mnist


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve what the test puts into this dict, and keep the cache in tmp_path."""
    served: dict[str, bytes] = {}

    def retrieve(url, known_hash, path, fname, progressbar):
        if (name := url.rsplit("_")[-1]) not in served:
            raise requests.HTTPError("404")
        (path / fname).write_bytes(served[name])
        return path / fname

    monkeypatch.setattr(binarized_mnist.pooch, "retrieve", retrieve)
    monkeypatch.setattr(files, "cache", lambda: tmp_path)
    return served


PICTURES = np.random.default_rng(0).integers(0, 2, size=(5, 784), dtype=np.uint8)


def text(pictures: np.ndarray) -> bytes:
    return "".join(" ".join(map(str, row)) + "\n" for row in pictures).encode()


def expect(monkeypatch, pictures: np.ndarray) -> None:
    packed = np.packbits(pictures, axis=1).tobytes()
    monkeypatch.setitem(binarized_mnist.SHA256, "validation", hashlib.sha256(packed).hexdigest())


def test_it_is_downloaded_once_and_kept(server, monkeypatch, tmp_path):
    expect(monkeypatch, PICTURES)
    server["valid.amat"] = text(PICTURES)
    np.testing.assert_array_equal(load_binarized_mnist("validation"), PICTURES)
    server.clear()
    np.testing.assert_array_equal(load_binarized_mnist("validation"), PICTURES)
    assert [p.name for p in tmp_path.iterdir()] == ["binarized_mnist_validation.npy"], "the text is not kept"


@pytest.mark.parametrize(
    "body",
    [text(PICTURES[:4]), text(1 - PICTURES), b"<html>moved</html>", b""],
    ids=["short", "other", "page", "empty"],
)
def test_what_is_not_the_data_is_refused_and_not_kept(server, monkeypatch, tmp_path, body):
    expect(monkeypatch, PICTURES)
    server["valid.amat"] = body
    with pytest.raises(ValueError, match="valid.amat is not the fixed binarisation of MNIST"):
        load_binarized_mnist("validation")
    assert not list(tmp_path.iterdir())


def test_without_a_network_it_says_what_is_wanted(server, tmp_path):
    with pytest.raises(OSError, match="could not be downloaded from .*train.amat .*404"):
        load_binarized_mnist("train")
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_in_the_cache_is_named(server, tmp_path):
    kept = tmp_path / "binarized_mnist_train.npy"
    np.save(kept, np.zeros((2, 98), np.uint8))
    with pytest.raises(ValueError, match="train.npy is damaged. Delete it"):
        load_binarized_mnist("train")
    kept.write_bytes(b"half")
    with pytest.raises(ValueError, match="train.npy is damaged. Delete it"):
        load_binarized_mnist("train")


def test_another_split_is_refused():
    with pytest.raises(ValueError, match='split must be "train" or "validation", got \'test\''):
        load_binarized_mnist("test")
