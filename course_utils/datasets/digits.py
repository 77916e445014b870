"""Handwritten digits, 8 × 8: real handwriting that comes with scikit-learn, so it needs no download."""

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Digits:
    """N handwritten digits: pixels (N, D) of square pictures in [0, 1], 1 for full ink, and labels (N,) from 0 to 9."""

    pixels: np.ndarray
    labels: np.ndarray

    def images(self) -> np.ndarray:
        """Return the pictures as (N, √D, √D), the first row on top."""
        side = math.isqrt(self.pixels.shape[1])
        return self.pixels.reshape(-1, side, side)


def load_digits() -> Digits:
    """Load all 1,797 digits, shuffled once and for all, so that any first part of them is a fair sample.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, the part in scikit-learn.
    """
    spec = find_spec("sklearn")  # found and not imported, which takes a second
    file = Path(spec.origin if spec and spec.origin else "").parent / "datasets" / "data" / "digits.csv.gz"
    if file.exists():
        table = np.loadtxt(file, delimiter=",")  # 64 pixels and the label
        pixels, labels = table[:, :-1], table[:, -1].astype(int)
    else:  # where another scikit-learn has it
        import sklearn.datasets

        pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return Digits(pixels[order] / 16, labels[order])
