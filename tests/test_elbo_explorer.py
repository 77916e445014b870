"""The ELBO explorer of lesson 09 without a browser, against integrals by scipy."""

import json
import re
from itertools import product
from time import process_time
from xml.etree import ElementTree

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from course_utils import style
from course_utils.files import NOTEBOOKS
from course_utils.widgets import elbo_explorer
from course_utils.widgets.elbo_explorer import LOWEST, elbo_and_gap


def log_p(z):
    """Return log p(x, z) of lesson 09 for x = 1.5."""
    return norm.logpdf(z) + norm.logpdf(1.5, z**2, 0.5)


LOG_EVIDENCE = np.log(sum(quad(lambda z: np.exp(log_p(z)), *ends, epsabs=1e-12)[0] for ends in [(-9, 0), (0, 9)]))


def integrals(mean, width):
    """Return the ELBO and the gap by scipy, over all but 1e-15 of q."""
    q = norm(mean, width)

    def over_q(f):
        return quad(lambda u: norm.pdf(u) * f(mean + width * u), -8, 8, epsabs=1e-10, limit=200)[0]

    return over_q(lambda z: log_p(z) - q.logpdf(z)), over_q(lambda z: q.logpdf(z) - log_p(z) + LOG_EVIDENCE)


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
    with mpl.rc_context():
        style.use()
        return elbo_explorer(*model)


def show(panel, mean, width):
    """Move the sliders and return ELBO, KL and their sum as shown."""
    panel.values = {"mean": mean, "width": width}
    assert panel.message == ""
    assert [name for name, _ in panel.numbers] == ["ELBO", "KL(q‖p(z|x))", "ELBO + KL"]
    return [float(text.replace("−", "-")) for _, text in panel.numbers]


def drawn(panel):
    """Return the line of q (M, 2) in data coordinates, (bottom, top) of both bars, and the height of each word, in nats."""
    axes = panel._draw.keywords["axes"]
    line, *bars = ElementTree.fromstring(f"<svg>{panel.svg}</svg>")
    words = {word.text: word for word in bars[2:]}
    assert [line.tag, *(bar.tag for bar in bars)] == ["polyline", "rect", "rect"] + ["text"] * len(words)
    places = np.array([pair.split(",") for pair in line.get("points").split()], dtype=float)
    curve = axes[0].transData.inverted().transform(places * [1, -1] + [0, panel.height])

    def nats(y):
        return axes[1].transData.inverted().transform((0, panel.height - y))[1]

    ends = []
    for bar in bars[:2]:
        top, height = float(bar.get("y")), float(bar.get("height"))
        ends.append([nats(top + height), nats(top)])
    assert all(float(word.get("x")) + 9 * len(name) < panel.width for name, word in words.items())  # room to the right
    return curve, ends, {name: nats(float(word.get("y"))) for name, word in words.items()}


def test_the_lesson_uses_this_model(model):
    np.testing.assert_allclose(model[1], log_p(model[0]), rtol=1e-12)


@given(st.floats(-2.5, 2.5), st.floats(0.05, 2))
@settings(max_examples=60, deadline=None)
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


@pytest.mark.parametrize("mean, width", [*product([-2.5, -1.2, 0, 0.5, 2.5], [0.05, 0.2, 1, 2])])
def test_the_numbers_shown(panel, mean, width):
    elbo, gap, together = show(panel, mean, width)
    assert elbo == pytest.approx(integrals(mean, width)[0], abs=0.01)
    assert gap == pytest.approx(integrals(mean, width)[1], abs=0.01)
    assert together == round(LOG_EVIDENCE, 3)
    (said,) = re.findall(f"mean {mean:.2f} and width {width:.2f}. ELBO (.+), gap (.+) nats", panel.alt)
    assert [float(number) for number in said] == pytest.approx((elbo, gap), abs=0.0056)


def test_the_sum_never_moves_over_all_places_of_the_sliders(panel):
    places = [
        np.arange(s["min"], s["max"] + s["step"] / 2, s["step"])
        for s in (panel.sliders["mean"], panel.sliders["width"])
    ]
    sums = {
        dict(panel._draw(mean, width).numbers)["ELBO + KL"] for mean, width in product(places[0][::5], places[1][::3])
    }
    assert sums == {f"{LOG_EVIDENCE:.3f}".replace("-", "−")}


@pytest.mark.parametrize("mean, width", [(0, 1), (1.1, 0.25), (-1.1, 0.25), (0.5, 0.8)])
def test_the_bars_divide_the_evidence(panel, mean, width):
    show(panel, mean, width)
    _, ((bottom, top), (again, end)), names = drawn(panel)
    elbo = integrals(mean, width)[0]
    assert (bottom, top, again, end) == pytest.approx((LOWEST, elbo, elbo, LOG_EVIDENCE), abs=0.02)  # half a pixel
    assert names == pytest.approx({"KL": (elbo + LOG_EVIDENCE) / 2, "ELBO": (LOWEST + elbo) / 2}, abs=0.02)
    (dashed,) = panel._draw.keywords["axes"][1].lines
    np.testing.assert_allclose(dashed.get_ydata(), LOG_EVIDENCE, atol=1e-6)


def test_an_elbo_below_the_axis_leaves_only_the_gap(panel):
    assert show(panel, 2.5, 2)[0] < LOWEST
    _, ((bottom, top), (again, end)), names = drawn(panel)
    assert (bottom, top, again, end) == pytest.approx((LOWEST, LOWEST, LOWEST, LOG_EVIDENCE), abs=0.02)
    assert names == pytest.approx({"KL": (LOWEST + LOG_EVIDENCE) / 2}, abs=0.02)


@pytest.mark.parametrize("mean, width", [(0, 1), (-1.5, 0.3), (2.5, 2), (-2.5, 0.05), (2.5, 0.05), (0, 0.05)])
def test_q_is_drawn_inside_its_axes(panel, mean, width):
    show(panel, mean, width)
    curve, _, _ = drawn(panel)
    ax = panel._draw.keywords["axes"][0]
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    assert x0 - 0.02 <= curve[:, 0].min() < x0 + 0.05 and x1 - 0.05 < curve[:, 0].max() <= x1 + 0.02
    assert y0 - 0.02 <= curve[:, 1].min() and curve[:, 1].max() <= y1 + 0.02
    density = norm.pdf(curve[:, 0], mean, width)
    inside = density < y1 - 0.1
    np.testing.assert_allclose(
        curve[inside, 1], density[inside], atol=0.005 + 0.002 / width**2
    )  # the rounding of x, too
    assert curve[:, 1].max() == pytest.approx(min(norm.pdf(0, 0, width), y1), rel=0.02)


def test_the_posterior_has_two_humps_of_equal_weight(panel):
    z, density = panel._draw.keywords["axes"][0].lines[0].get_xydata().T
    np.testing.assert_allclose(density, np.exp(log_p(z) - LOG_EVIDENCE), atol=1e-6)
    assert density[z > 0].sum() * (z[1] - z[0]) == pytest.approx(0.5, abs=0.01)


def test_one_gaussian_always_leaves_about_log_2(panel):
    gaps = {}
    for mean, width in product(np.arange(0, 2, 0.05), np.arange(0.05, 2, 0.05)):
        gaps[mean, width] = float(dict(panel._draw(mean, width).numbers)["KL(q‖p(z|x))"])
    best = min(gaps, key=gaps.get)
    assert np.log(2) < gaps[best] < np.log(2) + 0.1
    assert json.dumps(dict(panel._draw(-best[0], best[1]).numbers)) == json.dumps(dict(panel._draw(*best).numbers))


def test_the_sliders_begin_away_from_the_best(panel):
    assert (panel.sliders["mean"]["value"], panel.sliders["width"]["value"]) == (0, 1)


def test_a_move_is_drawn_quickly(panel):
    times = []
    for mean in np.linspace(-2.5, 2.5, 25):
        begun = process_time()
        panel._draw(mean, 0.5)
        times.append(process_time() - begun)
    assert np.median(times) < 0.020
