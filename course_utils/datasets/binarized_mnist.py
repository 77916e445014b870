"""MNIST in black and white, as the NADE paper and many others measure it. Only training a checkpoint needs it."""

import hashlib
from pathlib import Path

import numpy as np
import pooch
import requests

from course_utils import files
from course_utils.files import in_one_step

URL = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/binarized_mnist_{}.amat"
SHA256 = {  # of the pictures, one bit a pixel
    "train": "727146c35424b019f3e350e1e69faa05644a0abaf787e3f4e1a9632220a13906",
    "validation": "a256ac44ae26be720fad8616a05ed6ecfd1619930d9a208379bb2a4405df5b6d",
}


def load_binarized_mnist(split: str) -> np.ndarray:
    """Load the fixed binarisation of MNIST, (N, 784) uint8 of 0 and 1: "train" 50,000 or "validation" 10,000 pictures.

    The first call downloads it (80 or 16 MB), and a small file in the user's cache folder keeps it. Raises ValueError
    for another split, OSError without a network, and ValueError when what came is not the data of the paper.
    Source: Larochelle and Murray (2011), after Salakhutdinov and Murray (2008).
    """
    if split not in SHA256:
        raise ValueError(f'split must be "train" or "validation", got {split!r}')
    kept = files.cache() / f"binarized_mnist_{split}.npy"
    if not kept.exists():
        _download(split, kept)
    try:
        packed = np.load(kept, allow_pickle=False)
    except (ValueError, EOFError):  # no such file at all
        packed = np.empty(0)
    if not _is(split, packed):
        raise ValueError(f"{kept} is damaged. Delete it, and it will be downloaded again.")
    return np.unpackbits(packed, axis=1)


def _download(split: str, kept: Path) -> None:
    """Fetch the text file of 0 and 1, and keep one bit of each of its characters."""
    url = URL.format({"train": "train", "validation": "valid"}[split])
    try:
        text = Path(pooch.retrieve(url, known_hash=None, path=kept.parent, fname=kept.stem + ".amat", progressbar=True))
    except requests.RequestException as error:
        raise OSError(f"The fixed binarisation of MNIST could not be downloaded from {url} ({error}).") from None
    digits = np.frombuffer(text.read_bytes(), dtype=np.uint8) - ord("0")
    text.unlink()
    digits = digits[digits <= 1]
    packed = np.packbits(digits[: len(digits) // 784 * 784].reshape(-1, 784), axis=1)
    if not _is(split, packed):
        raise ValueError(f"What came from {url} is not the fixed binarisation of MNIST: {len(digits):,} binary pixels.")
    with in_one_step(kept) as part, open(part, "wb") as file:
        np.save(file, packed)


def _is(split: str, packed: np.ndarray) -> bool:
    return hashlib.sha256(packed.tobytes()).hexdigest() == SHA256[split]
