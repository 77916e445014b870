"""The layers of a flow of lesson 16 without a browser: a flow of two layers that is written out by hand."""

import numpy as np
import pytest
from overlays import elements, in_data, number, places, styled
from scipy.stats import norm

from course_utils import style
from course_utils.widgets.flow_layers import BETWEEN, flow_layers

ANGLE = np.linspace(0, 2 * np.pi, 31)
NOISE = np.random.default_rng(0).normal(size=(40, 2))
RINGS = np.stack([r * np.column_stack([np.cos(ANGLE), np.sin(ANGLE)]) for r in (1, 2)])


def first(x):  # moves the second number
    return np.stack([x[..., 0], x[..., 1] * np.exp(0.3 * x[..., 0]) + x[..., 0] ** 2], axis=-1)


def second(x):  # moves the first one, and shrinks it to a half
    return np.stack([0.5 * x[..., 0] + np.sin(x[..., 1]), x[..., 1]], axis=-1)


DOTS = [NOISE, first(NOISE), second(first(NOISE))]
LOG_P = [norm.logpdf(NOISE).sum(axis=1)]
LOG_P += [LOG_P[0] - 0.3 * NOISE[:, 0], LOG_P[0] - 0.3 * NOISE[:, 0] + np.log(2)]


def make(dots=DOTS, log_p=LOG_P):
    return styled(flow_layers, dots, [RINGS, first(RINGS), second(first(RINGS))], log_p)


@pytest.fixture(scope="module")
def panel():
    return make()


@pytest.mark.parametrize("step", [0, 2, 5, 8, 10])
def test_dots_and_circles_are_where_a_part_of_the_way_leads(panel, step):
    frame, ax = panel.draw(step), panel.draw.keywords["ax"]
    done, part = step // BETWEEN, step % BETWEEN / BETWEEN
    (dots,) = elements(frame, "path", stroke=style.SAMPLE)
    expected = DOTS[done] if not part else DOTS[done] + part * (DOTS[done + 1] - DOTS[done])
    np.testing.assert_allclose(in_data(ax, places(dots)), expected, atol=0.05)
    circles = elements(frame, "polyline", stroke=style.LATENT)
    assert len(circles) == 2
    for circle in circles:  # closed, as long as nothing is torn
        ends = places(circle)[[0, -1]]
        np.testing.assert_allclose(ends[0], ends[1], atol=0.11)
    assert number(frame.numbers["mean −log p of the dots then"].split()[0]) == pytest.approx(
        -np.mean(LOG_P[done]), abs=0.0051
    )
    assert frame.numbers["layers gone through"].startswith(f"{done} of 2")
    assert ("are round" in frame.alt) == (step == 0)


def test_in_one_layer_all_dots_move_along_one_axis(panel):
    ax = panel.draw.keywords["ax"]
    at = [in_data(ax, places(elements(panel.draw(k), "path")[0])) for k in (0, 3, 5, 9)]
    np.testing.assert_allclose(at[0][:, 0], at[1][:, 0], atol=0.05)
    np.testing.assert_allclose(at[2][:, 1], at[3][:, 1], atol=0.05)


def test_the_buttons_go_from_layer_to_layer():
    new = make()
    stops = []
    for label in ("a layer on", "a layer on", "a layer on", "a layer back", "a layer back", "a layer back"):
        new.act({"press": label})
        stops.append(new.values["step"])
    assert stops == [5, 10, 10, 5, 0, 0]
    new.act({"move": {"step": 7}})
    new.act({"press": "a layer back"})
    assert new.values["step"] == 5 and new.play == "step"


def test_other_shapes_are_refused():
    for dots, log_p in ((DOTS[0], LOG_P), (DOTS[:2], LOG_P), (DOTS, LOG_P[:2])):
        with pytest.raises(ValueError, match=r"dots must be \(S, N, 2\)"):
            make(dots, log_p)
