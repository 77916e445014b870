"""The EM stepper of lesson 08 without a browser: ellipses, colours, buttons, and the words for each half-step."""

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from overlays import elements, in_data, in_picture, number, places, styled
from scipy.stats import multivariate_normal

from course_utils import style
from course_utils.plotting import ellipse
from course_utils.widgets.em_stepper import Step, em_stepper

N = 300
CLUSTERS = np.array([mpl.colors.to_rgb(colour) for colour in style.CLUSTERS])


def em(x, half_steps):
    """Return the start and the states after each half-step of EM, with scipy's densities."""
    weights, means, covariances = np.ones(3) / 3, x[:3], [np.eye(2)] * 3
    r, steps = np.full((len(x), 3), 1 / 3), []

    def joint():
        return np.stack([w * multivariate_normal(m, c).pdf(x) for w, m, c in zip(weights, means, covariances)], axis=1)

    for half in range(half_steps + 1):
        if half % 2:
            r = joint() / joint().sum(axis=1, keepdims=True)
        elif half:
            weights, means = r.mean(axis=0), np.array([np.average(x, axis=0, weights=column) for column in r.T])
            covariances = [np.cov(x.T, aweights=column, ddof=0) for column in r.T]
        steps.append(Step(r, weights, np.array(means), np.array(covariances), np.log(joint().sum(axis=1)).sum()))
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
    return styled(em_stepper, x, steps)


def drawn(frame):
    """Return the points and the centres, each as (places, colours), and the lines as (places, colour)."""
    paths = elements(frame, "path")
    lines = [(places(line).tolist(), line.get("stroke")) for line in elements(frame, "polyline")]
    dots = []
    for width in ("6", "14"):
        mine = [path for path in paths if path.get("stroke-width") == width]
        colours = [path.get("stroke") for path in mine for _ in places(path)]
        dots.append((np.concatenate([places(path) for path in mine]), colours))
    return *dots, lines


@given(
    st.tuples(*[st.floats(-50, 50)] * 2), st.tuples(*[st.floats(0.1, 10)] * 2), st.floats(0, np.pi), st.floats(0.5, 3)
)  # fmt: skip
def test_an_ellipse_lies_at_one_distance_from_its_mean(mean, widths, angle, radius):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag(np.square(widths)) @ turn.T
    curve = ellipse(np.array(mean), covariance, radius) - mean
    np.testing.assert_allclose(np.sqrt((curve * np.linalg.solve(covariance, curve.T).T).sum(axis=1)), radius, rtol=1e-6)
    np.testing.assert_allclose(curve[0], curve[-1], atol=1e-9)
    lengths = np.linalg.norm(curve, axis=1)  # roots of the eigenvalues
    np.testing.assert_allclose([lengths.min(), lengths.max()], radius * np.sort(widths), rtol=1e-6)
    around = np.unwrap(np.arctan2(*(curve @ np.linalg.inv(np.linalg.cholesky(covariance)).T).T))
    np.testing.assert_allclose(abs(np.diff(around)), 2 * np.pi / 60, rtol=1e-5)  # once round, in even steps


@pytest.mark.parametrize("half", range(0, 11, 2))
def test_ellipses_are_drawn_at_two_standard_deviations(panel, steps, half):
    _, (centres, colours), lines = drawn(panel.draw(half))
    ax, state = panel.draw.keywords["ax"], steps[half]
    assert [colour for _, colour in lines] == colours == list(style.CLUSTERS)
    np.testing.assert_allclose(centres, in_picture(ax, state.means), atol=0.06)
    for (line, _), mean, covariance in zip(lines, state.means, state.covariances, strict=True):
        curve = in_data(ax, line) - mean
        np.testing.assert_allclose(np.sqrt((curve * np.linalg.solve(covariance, curve.T).T).sum(axis=1)), 2, atol=0.02)


@pytest.mark.parametrize("half", [0, 1, 4, 7, 10])
def test_each_point_has_the_colour_of_its_responsibilities(panel, x, steps, half):
    (shown, colours), _, _ = drawn(panel.draw(half))
    expected = in_picture(panel.draw.keywords["ax"], x)
    nearest = np.linalg.norm(expected[:, None] - shown, axis=2).argmin(axis=1)
    np.testing.assert_allclose(shown[nearest], expected, atol=0.1)
    assert len(shown) == len(set(nearest)) == N
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in colours])[nearest]
    np.testing.assert_allclose(
        rgb, steps[half].responsibilities @ CLUSTERS, atol=1 / 16 + 1 / 255
    )  # of few the nearest


def test_colours_change_in_e_steps_and_ellipses_in_m_steps(panel):
    shown = [drawn(panel.draw(half)) for half in range(11)]
    points = [sorted((*place, colour) for place, colour in zip(*dots)) for dots, _, _ in shown]
    for half in range(1, 11):
        assert (shown[half][2] == shown[half - 1][2]) == bool(half % 2)
        assert (points[half] != points[half - 1]) == bool(half % 2)


def test_what_was_just_done(panel, steps):
    for half, name in enumerate(["the start", "E step 1", "M step 1", "E step 2", "M step 2"]):
        frame = panel.draw(half)
        assert frame.numbers.pop("just done") == name and f"after {name};" in frame.alt
        likelihood = frame.numbers.pop("log-likelihood in nats")
        assert number(likelihood) == pytest.approx(steps[half].log_likelihood, abs=0.00501) and likelihood in frame.alt
        assert list(frame.numbers) == [f"π of cluster {k}" for k in (1, 2, 3)]
        np.testing.assert_allclose(list(map(number, frame.numbers.values())), steps[half].weights, atol=0.00501)


def test_the_buttons_go_through_all_half_steps_and_stop_at_both_ends(panel):
    slider = panel.sliders["step"]
    assert (slider["min"], slider["max"], slider["step"], slider["value"]) == (0, 10, 1, 0)
    for label, reached in [("back", [0]), ("forward", [*range(1, 11), 10, 10]), ("back", [*range(9, -1, -1), 0])]:
        for half in reached:
            panel.act({"press": label})
            assert panel.values == {"step": half} and not panel.message


def test_all_points_are_inside_the_axes_and_one_unit_is_as_long_both_ways(panel, x):
    ax = panel.draw.keywords["ax"]
    assert all(ax.bbox.contains(*place) for place in ax.transData.transform(x))
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (1, 1)])
    assert x1 - x0 == pytest.approx(y1 - y0)


def test_fewer_clusters_or_one_pure_colour(x):
    pure = np.eye(2)[np.arange(N) % 2]
    panel = em_stepper(x, [Step(pure, np.ones(2) / 2, x[:2], np.array([np.eye(2)] * 2), -1.0)])
    (points, colours), (centres, _), lines = drawn(panel)
    assert len(points) == N and len(set(colours)) == len(centres) == len(lines) == 2
    panel.act({"press": "forward"})
    assert panel.values == {"step": 0}
