"""The EM stepper of lesson 08 without a browser: ellipses, colours, buttons, and the words for each half-step."""

import re
from time import process_time
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from course_utils import style
from course_utils.plotting import ellipse
from course_utils.widgets import em_stepper
from course_utils.widgets.em_stepper import Step

N = 300
CLUSTERS = np.array([mpl.colors.to_rgb(colour) for colour in style.CLUSTERS])


def em(x, half_steps):
    """Return the start and the states after each half-step of EM, with scipy's densities."""
    weights, means, covariances = np.ones(3) / 3, x[:3], [np.eye(2)] * 3
    r, steps = np.full((len(x), 3), 1 / 3), []
    for number in range(half_steps + 1):
        joint = np.stack([w * multivariate_normal(m, c).pdf(x) for w, m, c in zip(weights, means, covariances)], axis=1)
        if number % 2:
            r = joint / joint.sum(axis=1, keepdims=True)
        elif number:
            weights, means = r.mean(axis=0), np.array([np.average(x, axis=0, weights=column) for column in r.T])
            covariances = [np.cov(x.T, aweights=column, ddof=0) for column in r.T]
            joint = np.stack(
                [w * multivariate_normal(m, c).pdf(x) for w, m, c in zip(weights, means, covariances)], axis=1
            )
        steps.append(Step(r, weights, np.array(means), np.array(covariances), np.log(joint.sum(axis=1)).sum()))
    return steps


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, 2)) @ [[1, 0.5], [0, 0.7]] + np.array([[0, 0], [5, 1], [1, 5]])[rng.integers(3, size=N)]


@pytest.fixture(scope="module")
def steps(x):
    return em(x, 10)


@pytest.fixture
def panel(x, steps):
    with mpl.rc_context():
        style.use()
        return em_stepper(x, steps)


def press(panel, label):
    """Do what the browser's message does."""
    panel._handle_custom_msg({"press": label}, [])


def drawn(panel):
    """Return the points' dots (pixel, colour), the centres' dots, and the lines (pixels, colour) of the overlay."""
    points, centres, lines = [], [], []
    for element in ElementTree.fromstring(f"<svg>{panel.svg}</svg>"):
        if element.tag == "polyline":
            lines.append(
                ([list(map(float, pair.split(","))) for pair in element.get("points").split()], element.get("stroke"))
            )
            continue
        kind = {"6": points, "14": centres}[element.get("stroke-width")]
        kind += [
            ((float(a), float(b)), element.get("stroke")) for a, b in re.findall(r"M(\S+) (\S+)h0", element.get("d"))
        ]
    return points, centres, lines


def pixels(panel, x):
    """Return where points of the plane lie in the picture, from its top left corner."""
    return panel._draw.keywords["ax"].transData.transform(x) * [1, -1] + [0, panel.height]


@given(
    st.tuples(*[st.floats(-50, 50)] * 2), st.tuples(*[st.floats(0.1, 10)] * 2), st.floats(0, np.pi), st.floats(0.5, 3)
)  # fmt: skip
def test_an_ellipse_lies_at_one_distance_from_its_mean(mean, widths, angle, radius):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag(np.square(widths)) @ turn.T
    curve = ellipse(np.array(mean), covariance, radius) - mean
    np.testing.assert_allclose(np.sqrt((curve * np.linalg.solve(covariance, curve.T).T).sum(axis=1)), radius, rtol=1e-6)
    np.testing.assert_allclose(curve[0], curve[-1], atol=1e-9)
    lengths = np.linalg.norm(curve, axis=1)
    np.testing.assert_allclose(
        [lengths.min(), lengths.max()], radius * np.sort(widths), rtol=1e-6
    )  # roots of the eigenvalues
    around = np.unwrap(np.arctan2(*(curve @ np.linalg.inv(np.linalg.cholesky(covariance)).T).T))
    np.testing.assert_allclose(abs(np.diff(around)), 2 * np.pi / 60, rtol=1e-5)  # once round, in even steps


def test_ellipses_are_drawn_at_two_standard_deviations(panel, steps):
    for number in (0, 2, 7, 10):
        panel.values = {"step": number}
        _, centres, lines = drawn(panel)
        ax, state = panel._draw.keywords["ax"], steps[number]
        assert [colour for _, colour in lines] == [colour for _, colour in centres] == list(style.CLUSTERS)
        for (line, _), (centre, _), mean, covariance in zip(
            lines, centres, state.means, state.covariances, strict=True
        ):
            np.testing.assert_allclose(centre, pixels(panel, mean[None])[0], atol=0.06)
            curve = ax.transData.inverted().transform(np.array(line) * [1, -1] + [0, panel.height]) - mean
            distance = np.sqrt((curve * np.linalg.solve(covariance, curve.T).T).sum(axis=1))
            np.testing.assert_allclose(distance, 2, atol=0.02)


@pytest.mark.parametrize("number", range(11))
def test_each_point_has_the_colour_of_its_responsibilities(panel, x, steps, number):
    panel.values = {"step": number}
    points, _, _ = drawn(panel)
    places = np.array([place for place, _ in points])
    expected = pixels(panel, x)
    nearest = np.linalg.norm(expected[:, None] - places, axis=2).argmin(axis=1)
    np.testing.assert_allclose(places[nearest], expected, atol=0.1)
    assert len(points) == len(set(nearest)) == N
    colours = np.array([mpl.colors.to_rgb(colour) for _, colour in points])[nearest]
    np.testing.assert_allclose(
        colours, steps[number].responsibilities @ CLUSTERS, atol=1 / 16 + 1 / 255
    )  # of few colours the nearest


def test_colours_change_in_e_steps_and_ellipses_in_m_steps(panel):
    shown = []
    for number in range(11):
        panel.values = {"step": number}
        shown.append(drawn(panel))
    for number in range(1, 11):
        (points, _, lines), (before, _, lines_before) = shown[number], shown[number - 1]
        assert (lines == lines_before) == bool(number % 2)
        assert (sorted(points) != sorted(before)) == bool(number % 2)


def test_what_was_just_done(panel, steps):
    names = ["the start", "E step 1", "M step 1", "E step 2", "M step 2"]
    for number, name in enumerate(names):
        panel.values = {"step": number}
        numbers = dict(panel.numbers)
        assert numbers.pop("just done") == name and f"after {name};" in panel.alt
        likelihood = numbers.pop("log-likelihood in nats")
        assert likelihood.startswith("−") and likelihood in panel.alt
        assert float(likelihood.replace("−", "-")) == pytest.approx(steps[number].log_likelihood, abs=0.00501)
        assert list(numbers) == [f"π of cluster {k}" for k in (1, 2, 3)]
        np.testing.assert_allclose([float(text) for text in numbers.values()], steps[number].weights, atol=0.00501)


def test_the_buttons_go_through_all_half_steps_and_stop_at_both_ends(panel):
    assert panel.buttons == ["back", "forward"] and panel.values == {"step": 0}
    press(panel, "back")
    assert panel.values == {"step": 0} and not panel.message
    answers = panel.drawn
    for number in [*range(1, 11), 10, 10]:
        press(panel, "forward")
        assert panel.values == {"step": number} and not panel.message
        assert panel.drawn == (answers := answers + 1)  # the browser hears of each press
    for number in [*range(9, -1, -1), 0]:
        press(panel, "back")
        assert panel.values == {"step": number}
    assert dict(panel.numbers)["just done"] == "the start"


def test_the_slider_reaches_all_half_steps(panel):
    slider = panel.sliders["step"]
    assert (slider["min"], slider["max"], slider["step"], slider["value"]) == (0, 10, 1, 0)


def test_all_points_are_inside_the_axes_and_one_unit_is_as_long_both_ways(panel, x):
    ax = panel._draw.keywords["ax"]
    assert all(ax.bbox.contains(*place) for place in ax.transData.transform(x))
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (1, 1)])
    assert x1 - x0 == pytest.approx(y1 - y0)


def test_fewer_clusters_or_one_pure_colour(x):
    pure = np.eye(2)[np.arange(N) % 2]
    panel = em_stepper(x, [Step(pure, np.ones(2) / 2, x[:2], np.array([np.eye(2)] * 2), -1.0)])
    points, centres, lines = drawn(panel)
    assert len(points) == N and len({colour for _, colour in points}) == len(centres) == len(lines) == 2
    press(panel, "forward")
    assert panel.values == {"step": 0}


def test_a_half_step_is_drawn_quickly(panel):
    times = []
    for number in [*range(11)] * 2:
        begun = process_time()
        panel._draw(number)
        times.append(process_time() - begun)
    assert np.median(times) < 0.020
