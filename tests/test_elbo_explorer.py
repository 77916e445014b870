"""The ELBO explorer of lesson 09 without a browser, against integrals by quadrature."""

import re
from itertools import product

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overlays import bounds, elements, in_data, number, places, styled
from scipy.integrate import quad
from scipy.stats import norm

from course_utils.files import NOTEBOOKS
from course_utils.widgets.elbo_explorer import LOWEST, elbo_and_gap, elbo_explorer


def log_p(z):
    """Return log p(x, z) of lesson 09 for x = 1.5."""
    return norm.logpdf(z) + norm.logpdf(1.5, z**2, 0.5)


LOG_EVIDENCE = np.log(sum(quad(lambda z: np.exp(log_p(z)), *ends, epsabs=1e-12)[0] for ends in [(-9, 0), (0, 9)]))


def integrals(mean, width):
    """Return the ELBO and the gap by Gauss–Hermite quadrature: exact, as both are means of polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    z = mean + width * nodes
    elbo = weights @ (log_p(z) - norm.logpdf(z, mean, width)) / weights.sum()
    return elbo, LOG_EVIDENCE - elbo


@pytest.fixture(scope="module")
def model():
    """The grid and log p(x, z) as the lesson makes them."""
    (path,) = NOTEBOOKS.glob("09_*.ipynb")
    (cell,) = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.source.startswith("grid = ")]
    names = {"np": np}
    exec(cell, names)
    return names["grid"], names["log_joint_z"]


@pytest.fixture(scope="module")
def panel(model):
    return styled(elbo_explorer, *model)


def drawn(panel, mean, width):
    """Return the line of q (M, 2) in data coordinates, (bottom, top) of both bars, and the height of each word, in nats."""
    axes, frame = panel.draw.keywords["axes"], panel.draw(mean, width)
    curve = in_data(axes[0], places(*elements(frame, "polyline")))
    words = {word.text: (float(word.get("x")), float(word.get("y"))) for word in elements(frame, "text")}
    assert all(x + 9 * len(name) < panel.width for name, (x, _) in words.items())  # room to the right
    heights = {name: in_data(axes[1], [place])[0, 1] for name, place in words.items()}
    return curve, [bounds(axes[1], bar)[2:] for bar in elements(frame, "rect")], heights


def test_the_lesson_uses_this_model(model):
    np.testing.assert_allclose(model[1], log_p(model[0]), rtol=1e-12)


@given(st.floats(-2.5, 2.5), st.floats(0.05, 2))
@settings(max_examples=20, deadline=None)
def test_elbo_and_gap_are_integrals_that_add_up_to_the_evidence(mean, width):
    grid = np.linspace(-20, 20, 8001)
    elbo, gap = elbo_and_gap(grid, log_p(grid), mean, width)
    assert (elbo, gap) == pytest.approx(integrals(mean, width), rel=1e-6, abs=1e-6)
    assert elbo + gap == pytest.approx(LOG_EVIDENCE, abs=1e-8)
    assert elbo < LOG_EVIDENCE and gap > 0


@given(st.floats(-2, 2), st.floats(0.2, 1.5), st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_the_gap_is_0_where_q_is_the_posterior(mean, width, log_evidence):
    grid = np.linspace(-15, 15, 6001)
    elbo, gap = elbo_and_gap(grid, norm.logpdf(grid, mean, width) + log_evidence, mean, width)
    assert gap == pytest.approx(0, abs=1e-9) and elbo == pytest.approx(log_evidence, abs=1e-9)


@pytest.mark.parametrize("mean, width", list(product([-2.5, -1.2, 0.5, 2.5], [0.05, 0.2, 1, 2])))
def test_the_numbers_shown(panel, mean, width):
    frame = panel.draw(mean, width)
    assert list(frame.numbers) == ["ELBO", "KL(q‖p(z|x))", "ELBO + KL"]
    elbo, gap, together = map(number, frame.numbers.values())
    assert (elbo, gap) == pytest.approx(integrals(mean, width), abs=0.01)
    assert together == round(LOG_EVIDENCE, 3)
    (said,) = re.findall(f"mean {mean:.2f} and width {width:.2f}. ELBO (.+), gap (.+) nats", frame.alt)
    assert [float(text) for text in said] == pytest.approx((elbo, gap), abs=0.0056)


def test_the_sum_never_moves_and_one_gaussian_always_leaves_about_log_2(panel):
    steps = [np.arange(s["min"], s["max"] + s["step"] / 2, s["step"]) for s in panel.sliders.values()]
    shown = {place: panel.draw(*place).numbers for place in product(steps[0][::2], steps[1][::3])}
    assert {numbers["ELBO + KL"] for numbers in shown.values()} == {f"{LOG_EVIDENCE:.3f}".replace("-", "−")}
    gaps = {(mean, width): number(panel.draw(mean, width).numbers["KL(q‖p(z|x))"]) for mean, width in product(np.arange(0.8, 1.5, 0.05), np.arange(0.05, 0.5, 0.05))}  # fmt: skip
    best = min(gaps, key=gaps.get)
    assert np.log(2) < gaps[best] < np.log(2) + 0.1
    assert panel.draw(-best[0], best[1]).numbers == panel.draw(*best).numbers
    start = tuple(slider["value"] for slider in panel.sliders.values())
    assert number(panel.draw(*start).numbers["KL(q‖p(z|x))"]) > gaps[best] + 0.5  # something is left to find


@pytest.mark.parametrize("mean, width", [(0, 1), (1.1, 0.25), (-1.1, 0.25), (0.5, 0.8), (2.5, 2)])
def test_the_bars_divide_the_evidence(panel, mean, width):
    """An ELBO below the axis leaves only the gap."""
    _, ((bottom, top), (again, end)), names = drawn(panel, mean, width)
    elbo = max(integrals(mean, width)[0], LOWEST)
    assert (bottom, top, again, end) == pytest.approx((LOWEST, elbo, elbo, LOG_EVIDENCE), abs=0.02)  # half a pixel
    expected = {"KL": (elbo + LOG_EVIDENCE) / 2} | ({"ELBO": (LOWEST + elbo) / 2} if elbo > LOWEST else {})
    assert names == pytest.approx(expected, abs=0.02)
    (dashed,) = panel.draw.keywords["axes"][1].lines
    np.testing.assert_allclose(dashed.get_ydata(), LOG_EVIDENCE, atol=1e-6)


@pytest.mark.parametrize("mean, width", [(0, 1), (-1.5, 0.3), (2.5, 2), (-2.5, 0.05), (2.5, 0.05)])
def test_q_is_drawn_inside_its_axes(panel, mean, width):
    curve, _, _ = drawn(panel, mean, width)
    ax = panel.draw.keywords["axes"][0]
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    np.testing.assert_allclose([curve[:, 0].min(), curve[:, 0].max()], [x0, x1], atol=0.05)
    assert y0 - 0.02 <= curve[:, 1].min() and curve[:, 1].max() <= y1 + 0.02
    density = norm.pdf(curve[:, 0], mean, width)
    inside = density < y1 - 0.1
    np.testing.assert_allclose(
        curve[inside, 1], density[inside], atol=0.005 + 0.002 / width**2
    )  # the rounding of x, too
    assert curve[:, 1].max() == pytest.approx(min(norm.pdf(0, 0, width), y1), rel=0.02)


def test_the_posterior_has_two_humps_of_equal_weight(panel):
    z, density = panel.draw.keywords["axes"][0].lines[0].get_xydata().T
    np.testing.assert_allclose(density, np.exp(log_p(z) - LOG_EVIDENCE), atol=1e-6)
    assert density[z > 0].sum() * (z[1] - z[0]) == pytest.approx(0.5, abs=0.01)
