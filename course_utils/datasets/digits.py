"""Handwritten digits, 8 × 8: real handwriting that comes with scikit-learn, so it needs no download."""

from dataclasses import dataclass

import numpy as np
import sklearn.datasets


@dataclass(frozen=True)
class Digits:
    """N handwritten digits: pixels (N, 64) in [0, 1], 1 for full ink, and labels (N,) from 0 to 9."""

    pixels: np.ndarray
    labels: np.ndarray

    def images(self) -> np.ndarray:
        """Return the pictures as (N, 8, 8), the first row on top."""
        return self.pixels.reshape(-1, 8, 8)


def load_digits() -> Digits:
    """Load all 1,797 digits, shuffled once and for all, so that any first part of them is a fair sample.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, the part in scikit-learn.
    """
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return Digits(pixels[order] / 16, labels[order])
