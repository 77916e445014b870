"""The digits are scikit-learn's own, each of them once, in an order that never changes."""

import hashlib
from collections import Counter

import numpy as np
import pytest
import sklearn.datasets

from course_utils.datasets import load_digits


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_they_are_the_pictures_of_scikit_learn_with_their_labels(digits):
    """As a multiset: each picture with its label, as often as it occurs there."""
    bunch = sklearn.datasets.load_digits()
    theirs = Counter((image.astype(int).tobytes(), label) for image, label in zip(bunch.images, bunch.target.tolist()))
    ours = Counter(
        ((16 * image).astype(int).tobytes(), label) for image, label in zip(digits.images(), digits.labels.tolist())
    )
    assert ours == theirs
    assert ours.total() == 1797


def test_pixels_go_from_paper_to_full_ink(digits):
    assert digits.pixels.shape == (1797, 64) and digits.labels.shape == (1797,)
    assert np.array_equal(np.unique(digits.pixels), np.arange(17) / 16)
    assert np.array_equal(np.unique(digits.labels), np.arange(10))
    assert (
        digits.pixels.reshape(-1, 8, 8)[:, 1:-1, 2:-2].mean() > 0.4 > 0.01 > digits.images()[:, :, 0].mean()
    )  # ink in the middle


def test_images_are_the_pixels_row_by_row(digits):
    assert digits.images().shape == (1797, 8, 8)
    for row, column in [(0, 0), (0, 5), (3, 4), (7, 2)]:
        np.testing.assert_array_equal(digits.images()[:, row, column], digits.pixels[:, 8 * row + column])


def test_the_order_is_fixed_and_mixed(digits):
    again = load_digits()
    np.testing.assert_array_equal(again.pixels, digits.pixels)
    np.testing.assert_array_equal(again.labels, digits.labels)
    # the order that the stored outputs of the lessons rest on
    digest = hashlib.sha256((16 * digits.pixels).astype(np.uint8).tobytes()).hexdigest()
    assert digest.startswith("41f1cde3d1230a38")
    # a fair sample: each digit about a tenth of the first hundred, of the training and of the test pictures
    for part in (digits.labels[:100], digits.labels[:1300], digits.labels[1300:]):
        shares = np.bincount(part, minlength=10) / len(part)
        assert np.abs(shares - 0.1).max() < 4 * np.sqrt(0.09 / len(part))
    assert (digits.labels != sklearn.datasets.load_digits().target).mean() > 0.8  # scikit-learn has them by writer


def test_nobody_changes_the_digits_of_others(digits):
    before = digits.pixels.copy()
    load_digits().pixels[:] = 0
    np.testing.assert_array_equal(load_digits().pixels, before)
