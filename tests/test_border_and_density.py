"""The border and the densities of lesson 01 without a browser: the sigmoid by hand, the densities by scipy."""

import re

import numpy as np
import pytest
from overlays import elements, in_data, in_picture, number, places, styled
from scipy.special import expit, logsumexp
from scipy.stats import chi2, multivariate_normal

from course_utils import style
from course_utils.widgets.border_and_density import border_and_density

MEANS, COVARIANCES = ([7.5, 7.0], [6.5, 9.5]), ([[0.6, 0.3], [0.3, 0.5]], [[0.5, 0.4], [0.4, 0.9]])
FRUIT = np.vstack(
    [np.random.default_rng(k).multivariate_normal(m, c, 40) for k, (m, c) in enumerate(zip(MEANS, COVARIANCES))]
)
KIND = np.repeat([0, 1], 40)
W, B = np.array([-2.0, 2.5]), -6.5  # of the border
SETTINGS = [
    (7.5, 7, "apple"),
    (6.5, 9.5, "pear"),
    (17, 13, "apple"),
    (3.5, 19, "pear"),
    (0, 0, "apple"),
    (20, 20, "pear"),
]


def log_likelihood(points):
    return np.column_stack([multivariate_normal(m, c).logpdf(points) for m, c in zip(MEANS, COVARIANCES)])


def make(x=FRUIT, y=KIND):
    border = lambda points: expit(points @ W + B)  # noqa: E731
    return styled(border_and_density, x, y, ("apple", "pear"), ("width in cm", "height in cm"), border, log_likelihood)


@pytest.fixture(scope="module")
def panel():
    return make()


def log_prob(points):
    """Return log p(x) by scipy."""
    two = [multivariate_normal(m, c).logpdf(points) for m, c in zip(MEANS, COVARIANCES)]
    return logsumexp(two, axis=0, b=0.5)


@pytest.mark.parametrize("x1, x2, kind", SETTINGS)
def test_both_models_are_asked_about_the_place(panel, x1, x2, kind):
    frame = panel.draw(x1, x2)
    pear = 1 / (1 + np.exp(-(W[0] * x1 + W[1] * x2 + B)))
    sure, log_p = max(pear, 1 - pear), float(log_prob([x1, x2]))
    less = sum(value < log_p for value in log_prob(FRUIT))
    said, answer = re.fullmatch(r"([\d.]+) for (\w+)", frame.numbers["p(y|x), the border"]).groups()
    assert (float(said), answer) == (pytest.approx(sure, abs=0.00051), kind)
    assert number(frame.numbers["log p(x), the density"]) == pytest.approx(log_p, abs=0.051)
    assert frame.numbers["observations that are less likely"] == f"{less} of 80"
    assert f"calls it {kind} with probability {said}" in frame.alt and f"{less} of 80" in frame.alt
    left, right = [text.text for text in elements(frame, "text")]
    assert left == f"{kind}: {said}" and number(right.removeprefix("log p(x) = ")) == pytest.approx(log_p, abs=0.051)


@pytest.mark.parametrize("x1, x2, kind", SETTINGS)
def test_the_point_lies_in_both_pictures_and_its_words_stay_within_them(panel, x1, x2, kind):
    axes, frame = panel.draw.keywords["axes"], panel.draw(x1, x2)
    dots = elements(frame, "path", stroke=style.OBSERVATIONS)
    for ax, dot, text in zip(axes, dots, elements(frame, "text"), strict=True):
        np.testing.assert_allclose(in_data(ax, places(dot)), [[x1, x2]], atol=0.02)
        towards_the_middle = text.get("text-anchor") == ("start" if x1 < 10 else "end")
        assert towards_the_middle and (float(text.get("x")) > places(dot)[0, 0]) == (x1 < 10)


def test_a_click_in_either_picture_moves_the_point(panel):
    for ax, place in zip(panel.draw.keywords["axes"], [(3, 17), (16.5, 4)]):
        ((px, py),) = in_picture(ax, [place])
        panel.act({"click": [px, py]})
        assert [panel.values["x1"], panel.values["x2"]] == pytest.approx(place, abs=0.01) and panel.message == ""
    panel.act({"click": [1, 1]})  # beside them
    assert [panel.values["x1"], panel.values["x2"]] == pytest.approx([16.5, 4], abs=0.01)


def test_the_contours_hold_half_90_and_99_percent_of_a_kind(panel):
    """Drawn around a class at its mean; counted among points that the class's own Gaussian makes."""
    ax = panel.draw.keywords["axes"][1]
    contours = [c for c in ax.collections if hasattr(c, "levels")]
    for k, (mean, covariance, contour) in enumerate(zip(MEANS, COVARIANCES, contours, strict=True)):
        new = np.random.default_rng(9).multivariate_normal(mean, covariance, 20000)
        inside = [(log_likelihood(new)[:, k] > level).mean() for level in sorted(contour.levels)]
        assert inside == pytest.approx([0.99, 0.90, 0.50], abs=0.04)  # the mean is that of forty observations
        top = log_likelihood(FRUIT[KIND == k].mean(axis=0, keepdims=True))[0, k]
        np.testing.assert_allclose(top - np.sort(contour.levels), chi2(2).ppf([0.99, 0.90, 0.50]) / 2)


def test_it_starts_among_the_observations_where_nothing_is_strange(panel):
    start = make()
    assert log_prob([start.values["x1"], start.values["x2"]]) > np.median(log_prob(FRUIT)) - 3


@pytest.mark.parametrize("x, y", [(FRUIT[:, :1], KIND), (FRUIT, KIND[:5]), (FRUIT, np.zeros(80, int)), (FRUIT.T, KIND)])
def test_other_points_and_labels_are_refused(x, y):
    with pytest.raises(ValueError, match=r"x must be \(N, 2\) and y \(N,\) zeros and ones, got"):
        make(x, y)
