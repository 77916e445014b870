"""MNIST, 28 × 28: the handwritten digits that everybody knows, downloaded once; no lesson needs them."""

import gzip
from pathlib import Path

import numpy as np
import pooch
import requests

from course_utils import files
from course_utils.datasets.digits import Digits

MIRRORS = (  # tried in turn
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
SPLITS = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
TIMEOUT = 10  # seconds without a byte after which a mirror is given up


def load_mnist(split: str) -> Digits:
    """Load "train" (60,000 digits) or "test" (10,000) in their original order; the first time this downloads 10 MB or 2 MB.

    The files are kept in the user's cache, or in the folder that the environment variable MNIST_FOLDER names. Raises
    ValueError for another split, and OSError, with what to do, if they can be neither read there nor downloaded.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning Applied to Document Recognition.
    """
    if split not in list(SPLITS):
        raise ValueError(f"split must be one of {', '.join(map(repr, SPLITS))}, got {split!r}")
    images, labels = (gzip.decompress(_fetch(name, split).read_bytes()) for name in SPLITS[split])
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)  # a header of four numbers, then the bytes
    return Digits(pixels / np.float32(255), np.frombuffer(labels, np.uint8, offset=8).astype(int))


def _fetch(name: str, split: str) -> Path:
    """Return the path of a file with the right checksum: from the cache, or else from the first mirror that has it."""
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    failures = []
    for mirror in MIRRORS:
        store = pooch.create(files.cache(), mirror, registry=SHA256, env="MNIST_FOLDER")
        path = Path(store.abspath) / name
        try:
            return Path(store.fetch(name, downloader=downloader))
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{mirror}: {_reason(error)}")
        except OSError as error:
            raise OSError(
                f"{path} is missing or damaged, and a new one cannot be kept there ({error.strerror or type(error).__name__}). "
                "Let the environment variable MNIST_FOLDER name a folder that you may write to, and try again."
            ) from None
    damaged = path.exists()
    path.unlink(missing_ok=True)
    lines = [
        f"{path} {'was damaged' if damaged else 'is missing'}, and it could not be downloaded:",
        *(f"    {failure}" for failure in failures),
        f"Is there a network? Try again later, or put these two files, still packed, into {path.parent} yourself:",
        *(f"    {file}" for file in SPLITS[split]),
        "Or go on with load_digits(), which needs no network.",
    ]
    raise OSError("\n".join(lines))


def _reason(error: Exception) -> str:
    """Return in a few words why a mirror did not help."""
    match error:
        case requests.HTTPError():
            return f"it answers {error.response.status_code} {error.response.reason}"
        case requests.Timeout():
            return f"no answer within {TIMEOUT} s"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection broke off half way"
        case requests.RequestException():
            return f"no connection ({type(error).__name__})"
    return "what it sends is not the file (wrong checksum)"
