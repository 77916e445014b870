"""The strip below the maps of lessons 02 and 03: its bars by scipy, their places by the axes' transforms."""

import re

import numpy as np
import pytest
from overlays import elements, in_data, styled
from scipy.stats import uniform

from course_utils import style
from course_utils.datasets import load_forty_points, load_world_land
from course_utils.widgets.box_explorer import box_explorer
from course_utils.widgets.likelihood_landscape import likelihood_landscape
from course_utils.widgets.log_bars import LOWEST

X = load_forty_points()
FEW = X[(X > [-60, -90]).all(axis=1) & (X < [13, -30]).all(axis=1)]


@pytest.fixture(scope="module", params=["02", "03"])
def shown(request):
    """The observations of a lesson, its widget's `draw`, and the values that only buttons change."""
    if request.param == "02":
        return X, styled(box_explorer, X, load_world_land()).draw, {}
    return FEW, styled(likelihood_landscape, FEW).draw, {"corner": "top right"}


def bars(frame, strip, colour):
    """Return the longitudes, the beginnings and the ends of the bars of a colour, (n, 3), in data coordinates."""
    found = [re.findall(r"M(\S+) ([^V]+)V([\d.]+)", e.get("d")) for e in elements(frame, "path", stroke=colour)]
    x, y0, y1 = np.array([bar for some in found for bar in some], dtype=float).reshape(-1, 3).T
    return np.column_stack([in_data(strip, np.column_stack([x, y0])), in_data(strip, np.column_stack([x, y1]))[:, 1]])


@pytest.mark.parametrize(
    "theta", [(-90, -180, 90, 180), (-60, -130, 75, 155), (-30, -80, 10, -45), (-45, -80, 10, -45)]
)
def test_each_bar_hangs_below_its_observation_as_far_as_its_log_density(shown, theta):
    x, draw, fixed = shown
    strip, (south, west, north, east) = draw.keywords["strip"], theta
    frame = draw(*theta, **fixed)
    with np.errstate(divide="ignore"):
        log_prob = uniform.logpdf(x[:, 0], south, north - south) + uniform.logpdf(x[:, 1], west, east - west)
    for colour, which in [(style.P_MODEL, np.isfinite(log_prob)), (style.GREY, np.isinf(log_prob))]:
        ends = np.maximum(log_prob[which], LOWEST)
        expected = np.column_stack([x[which, 1], np.zeros(which.sum()), ends])
        np.testing.assert_allclose(bars(frame, strip, colour), expected, atol=0.15)  # 0.05 pixels of 0.2 nats each
    signs = [text for text in elements(frame, "text") if text.text == "−∞"]
    assert bool(signs) == (len(x) == len(FEW) and np.isinf(log_prob).any())
    lefts = sorted(float(sign.get("x")) for sign in signs)
    assert all(right - left > 30 for left, right in zip(lefts, lefts[1:]))  # pixels: the words do not overlap


def test_a_tiny_box_is_not_drawn_out_of_the_strip(shown):
    x, draw, fixed = shown
    south, west = np.floor(x[0])
    (bar,) = bars(draw(south, west, south + 1, west + 1, **fixed), draw.keywords["strip"], style.P_MODEL)
    np.testing.assert_allclose(bar, [x[0, 1], 0, 0], atol=0.15)  # log 1


def test_the_strip_has_the_longitudes_of_the_map(shown):
    _, draw, _ = shown
    ax, strip = draw.keywords["ax"], draw.keywords["strip"]
    for longitude in (-180, 0, 180):
        assert ax.transData.transform((longitude, 0))[0] == pytest.approx(strip.transData.transform((longitude, 0))[0])
    assert strip.get_position().y1 < ax.get_position().y0
