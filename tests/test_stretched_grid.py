"""The stretched grid of lesson 16 without a browser: areas by a cross product, densities by scipy."""

import numpy as np
import pytest
from overlays import elements, in_data, number, places, styled
from scipy.stats import multivariate_normal

from course_utils import style
from course_utils.widgets.stretched_grid import stretched_grid

Z = np.random.default_rng(0).normal(size=(50, 2))
MAPS = [(1, 0, 0, 1), (2, 0.5, -1, 1.5), (0, 1, 1, 0), (1, 0, 1.3, 1), (-0.4, 0.1, 0.2, -2.5), (2.5, 1, 1.5, 2.8)]


def make(z=Z):
    return styled(stretched_grid, z)


@pytest.fixture(scope="module")
def panel():
    return make()


@pytest.mark.parametrize("a1, a2, b1, b2", MAPS)
def test_the_numbers_are_those_of_the_moved_gaussian(panel, a1, a2, b1, b2):
    numbers = panel.draw(a1, a2, b1, b2).numbers
    A = np.array([[a1, b1], [a2, b2]])
    sign, log_area = np.linalg.slogdet(A)
    assert number(numbers["determinant"]) == pytest.approx(sign * np.exp(log_area), abs=0.0051)
    assert number(numbers["area of the cell"]) == pytest.approx(np.exp(log_area), abs=0.0051)
    assert number(numbers["log |det| in nats"]) == pytest.approx(log_area, abs=0.0051)
    moved = multivariate_normal(np.zeros(2), A @ A.T)
    assert number(numbers["density in the middle"]) == pytest.approx(moved.pdf([0, 0]), abs=0.00051)


@pytest.mark.parametrize("a1, a2, b1, b2", MAPS)
def test_the_dots_and_the_cell_are_moved(panel, a1, a2, b1, b2):
    frame, ax = panel.draw(a1, a2, b1, b2), panel.draw.keywords["ax"]
    x = np.array([z[0] * np.array([a1, a2]) + z[1] * np.array([b1, b2]) for z in Z])
    inside = x[(abs(x) <= 3).all(axis=1)]
    (dots,) = elements(frame, "path", stroke=style.SAMPLE)
    np.testing.assert_allclose(in_data(ax, places(dots)), inside, atol=0.02)
    sides = [in_data(ax, places(side)) for side in elements(frame, "polyline", stroke=style.P_MODEL)]
    drawn = sum(np.linalg.norm(np.diff(side, axis=0)[0]) for side in sides)
    corners = np.array([(0, 0), (a1, a2), (a1 + b1, a2 + b2), (b1, b2)])
    edges = [p + np.linspace(0, 1, 2001)[:, None] * (q - p) for p, q in zip(corners, np.roll(corners, -1, axis=0))]
    seen = [np.linalg.norm(edge[-1] - edge[0]) * (abs(edge) <= 3).all(axis=1).mean() for edge in edges]
    assert drawn == pytest.approx(sum(seen), abs=0.1)
    for ends in sides:  # on its own edge, and not bent to the frame
        away = [min(np.linalg.norm(edge - end, axis=1).min() for edge in edges) for end in ends]
        assert max(away) < 0.03
    assert ("is turned over" in frame.alt) == (a1 * b2 < a2 * b1)


def test_a_flat_map_has_no_way_back(panel):
    frame = panel.draw(1.0, 0.5, 2.0, 1.0)
    assert frame.numbers["density in the middle"] == "∞" and frame.numbers["log |det| in nats"] == "−∞"
    assert "no way back" in frame.alt


def test_the_handles_are_the_two_arrows_and_the_button_leads_back(panel):
    assert [(handle["x"], handle["y"]) for handle in panel.handles] == [("a1", "a2"), ("b1", "b2")]
    new = make()
    new.act({"move": {"a1": 2.0, "b2": -1.0}})
    assert number(dict(new.numbers)["determinant"]) == -2
    new.act({"press": "as at first"})
    assert number(dict(new.numbers)["determinant"]) == 1


def test_other_dots_are_refused():
    with pytest.raises(ValueError, match=r"z must be \(N, 2\), got"):
        make(Z.T)


@pytest.mark.parametrize("a1, a2, b1, b2", MAPS)
def test_the_lines_of_the_grid_are_moved_too(panel, a1, a2, b1, b2):
    """Back in z, by numpy's solve, each line is straight, at a whole number, and ends at the frame or at the grid's end."""
    frame, ax = panel.draw(a1, a2, b1, b2), panel.draw.keywords["ax"]
    A, lines = np.array([[a1, b1], [a2, b2]]), elements(frame, "polyline", stroke=style.GREY)
    seen = set()
    for line in lines:
        x = in_data(ax, places(line))
        z = np.linalg.solve(A, x.T)
        (still,) = [k for k in (0, 1) if np.ptp(z[k]) < 0.1 and abs(z[k] - z[k].round()).max() < 0.1][:1]
        seen.add((still, round(z[still][0])))
        for end, place in zip(z[1 - still], x):
            assert abs(abs(end) - 3) < 0.1 or abs(abs(place).max() - 3) < 0.1
    assert {(0, 0), (1, 0)} <= seen and len(seen) == len(lines)
