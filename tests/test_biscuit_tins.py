"""The biscuit tins, measured in their pictures: height and width are where the dataset says."""

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr

from course_utils.datasets import biscuit_tins, draw_biscuit_tins, load_biscuit_tins

LID, WALL = 0.8, 0.97  # grey values of the lid and of the wall behind; the side of a tin is darker than both


def sizes(image):
    """Return a tin's height and width in pixels, by counting pixels of its side.

    The height is that of the dark side in the middle of the tin. The width is that in row 26, which all tins reach: from
    the middle outwards, a pixel counts as far as it is as dark as its inner neighbour.
    """
    side = image[:, 15:17] < (LID + 0.65) / 2
    dark = WALL - np.stack([image[26, :16][::-1], image[26, 16:]])
    return side.sum(axis=0).mean(), 2 + np.minimum(dark[:, 1:] / np.maximum(dark[:, :-1], 1e-3), 1).sum()


@pytest.fixture(scope="module")
def tins():
    return load_biscuit_tins()


def test_a_thousand_grey_pictures(tins):
    assert tins.images.shape == (1000, 32, 32) and tins.images.dtype == np.float32
    assert tins.heights.shape == tins.widths.shape == (1000,)
    assert 0.2 < tins.images.min() < 0.5 and tins.images.max() == pytest.approx(WALL)


def test_the_same_tins_at_each_call(tins):
    again = load_biscuit_tins()
    for name in ("images", "heights", "widths"):
        np.testing.assert_array_equal(getattr(tins, name), getattr(again, name))


def test_height_and_width_can_be_read_off_each_picture_within_a_pixel(tins):
    measured = np.array([sizes(image) for image in tins.images])
    np.testing.assert_allclose(measured[:, 0], tins.heights, atol=1)
    np.testing.assert_allclose(measured[:, 1], tins.widths, atol=1)


def test_heights_and_widths_are_uniform_and_independent(tins):
    for values, (low, high) in [(tins.heights, biscuit_tins.HEIGHTS), (tins.widths, biscuit_tins.WIDTHS)]:
        assert kstest(values, "uniform", (low, high - low)).pvalue > 0.01
    assert spearmanr(tins.heights, tins.widths).pvalue > 0.01


@pytest.mark.parametrize("height", [5, 12.3, 20])
@pytest.mark.parametrize("width", [8, 17.7, 28])
def test_a_tin_stands_free_of_the_edge_and_is_as_wide_on_the_left_as_on_the_right(height, width):
    (image,) = draw_biscuit_tins([height], [width])
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    np.testing.assert_allclose(edge, WALL, atol=1e-6)
    differs = image < WALL - 1e-3
    np.testing.assert_array_equal(differs, differs[:, ::-1])
    assert image[:, :16][differs[:, :16]].mean() != pytest.approx(
        image[:, 16:][differs[:, 16:]].mean(), abs=0.01
    )  # light from one side


def test_the_lid_is_a_light_ellipse_on_top_of_the_tin():
    """13 % of the width high on each side of the tin's upper end, which lies 5 pixels and its height above the ground."""
    (image,) = draw_biscuit_tins([15], [20])
    np.testing.assert_allclose(image[10:14, 15:17], LID, atol=1e-6)  # rows 9.4 to 14.6, in the middle
    assert (image[[8, 15], 15:17] > LID + 0.1).tolist() == [[True] * 2, [False] * 2]
    assert (abs(image - LID) < 1e-6).sum() == pytest.approx(np.pi * 10 * 0.13 * 20, rel=0.35)  # less its border


@pytest.mark.parametrize("which", [0, 1], ids=["height", "width"])
def test_more_is_more(which):
    """In steps of a tenth of a pixel, so that the edges, too, are smooth: what a tin hides of the wall grows at each."""
    low, high = (biscuit_tins.HEIGHTS, biscuit_tins.WIDTHS)[which]
    values = np.linspace(low, high, int(10 * (high - low)) + 1)
    other = np.full(len(values), 15.0)
    images = draw_biscuit_tins(*((values, other), (other, values))[which])
    hidden = (WALL - images > 1e-3).sum(axis=(1, 2))
    assert (np.diff(hidden) >= 0).all() and hidden[-1] > 1.5 * hidden[0]
    assert np.diff([sizes(image)[which] for image in images]).min() > -0.01
    assert np.abs(np.diff(images, axis=0)).max() < 0.65  # nothing appears at once
    assert (np.abs(np.diff(images[::3], axis=0)).sum(axis=(1, 2)) > 0).all()  # and a third of a pixel can be seen


def test_one_tin_may_come_as_numbers():
    np.testing.assert_array_equal(draw_biscuit_tins(10, 20), draw_biscuit_tins(np.array([10.0]), np.array([20.0])))
    assert draw_biscuit_tins([], []).shape == (0, 32, 32)


@pytest.mark.parametrize(
    "heights, widths, message",
    [
        ([10, 11], [20], r"two arrays \(N,\) of the same length, got \(2,\) and \(1,\)"),
        ([[10]], [[20]], r"two arrays \(N,\) of the same length, got \(1, 1\) and \(1, 1\)"),
        ([4.9, 10], [20, 20], "heights must lie between 5 and 20 pixels, got 4.9 to 10"),
        ([20.1], [20], "heights must lie between 5 and 20 pixels, got 20.1"),
        ([10], [7], "widths must lie between 8 and 28 pixels, got 7"),
        ([10], [28.5], "widths must lie between 8 and 28 pixels, got 28.5"),
        ([np.nan], [20], "heights must lie between 5 and 20 pixels, got nan"),
        ([10], [np.inf], "widths must lie between 8 and 28 pixels, got inf"),
    ],
)
def test_sizes_that_cannot_be_drawn_are_refused(heights, widths, message):
    with pytest.raises(ValueError, match=message):
        draw_biscuit_tins(heights, widths)
