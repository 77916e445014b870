"""The numbers of lesson 00, beside distances by brute force and another way to draw from a Gaussian."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from course_utils.datasets import load_digits


@pytest.fixture(scope="module")
def all_digits():
    """Pictures (1797, 64) and labels."""
    digits = load_digits()
    return digits.pixels, digits.labels


def measure(pixels, labels, imagined, meant):
    """Return the share read as meant, and the distances to the next real and to the next imagined digit, in usual ones."""
    to_each_other = cdist(pixels, pixels) + np.diag(np.full(len(pixels), np.inf))
    usual, to_real = np.median(to_each_other.min(axis=1)), cdist(imagined, pixels)
    apart = cdist(imagined, imagined) + np.diag(np.full(len(imagined), np.inf))
    right = labels[to_real.argmin(axis=1)] == meant
    return right.mean(), to_real.min(axis=1) / usual, np.median(apart.min(axis=1)) / usual


def test_how_real_and_how_new_the_imagined_digits_are(lesson, all_digits):
    pixels, labels = all_digits
    meant = np.repeat(np.arange(10), 200)
    means = np.array([pixels[labels == y].mean(axis=0) for y in range(10)])
    rng = np.random.default_rng(1)
    own = []
    for y in range(10):
        width, axes = np.linalg.eigh(np.cov(pixels[labels == y].T) + 1e-4 * np.eye(64))
        own.append(rng.standard_normal((200, 64)) * np.sqrt(width) @ axes.T)
    chance, own = lesson["chance"], np.vstack(own)
    for courage in (0, 0.5, 1, 2):
        found = [lesson[f"{name}[{courage}]"] for name in ("read", "far", "closest", "apart")]
        read, far, apart = measure(pixels, labels, np.clip(means[meant] + courage * chance, 0, 1), meant)
        assert found == pytest.approx([read, np.median(far), far.min(), apart])
        read, far, apart = measure(pixels, labels, np.clip(means[meant] + courage * own, 0, 1), meant)
        assert found[:2] + found[3:] == pytest.approx([read, np.median(far), apart], abs=0.03)  # by other dice
