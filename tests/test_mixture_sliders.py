"""The mixture sliders of lesson 08 without a browser, against scipy's normal densities."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from overlays import elements, in_data, number, places, styled
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn import mixture

from course_utils import style
from course_utils.widgets import deck
from course_utils.widgets.mixture_sliders import log_joint, mixture_sliders

NAMES = ["pi", "mu1", "sigma1", "mu2", "sigma2"]
X = np.concatenate([np.random.default_rng(0).normal(7.3, 0.3, 120), np.random.default_rng(1).normal(9.5, 0.8, 180)])
SETTINGS = [(0.4, 7.3, 0.3, 9.5, 0.8), (0.99, 9, 1, 7, 0.2), (0.01, 8, 0.06, 8, 1.2)]


@pytest.fixture(scope="module")
def panel():
    return styled(mixture_sliders, X, "time of day in hours")


def show(panel, *values):
    """Return the frame at these values, and the two numbers shown."""
    frame = panel.draw(**dict(zip(NAMES, values)))
    assert list(frame.numbers) == ["log-likelihood in nats", "for each observation"]
    return frame, *map(number, frame.numbers.values())


def log_likelihood(pi, mu1, sigma1, mu2, sigma2):
    """Return the log-likelihood of X, by scipy."""
    parts = [np.log(pi) + norm.logpdf(X, mu1, sigma1), np.log1p(-pi) + norm.logpdf(X, mu2, sigma2)]
    return logsumexp(parts, axis=0).sum()


def curves(panel, frame):
    """Return the lines of the overlay in data coordinates, (240, 2) each."""
    return [in_data(panel.draw.keywords["ax"], places(line)) for line in elements(frame, "polyline")]


@given(st.floats(0.01, 0.99), *[st.floats(-20, 20), st.floats(0.05, 10)] * 2)
def test_the_parts_are_weighted_normal_densities(pi, mu1, sigma1, mu2, sigma2):
    x = np.linspace(-30, 30, 50)
    expected = [pi * norm.pdf(x, mu1, sigma1), (1 - pi) * norm.pdf(x, mu2, sigma2)]
    np.testing.assert_allclose(np.exp(log_joint(x, pi, mu1, sigma1, mu2, sigma2)), expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("theta", SETTINGS)
def test_the_log_likelihood_both_parts_and_their_sum(panel, theta):
    frame, total, each = show(panel, *theta)
    assert total == pytest.approx(log_likelihood(*theta), abs=0.0501)
    assert each == pytest.approx(log_likelihood(*theta) / 300, abs=0.000501)
    pi, mu1, sigma1, mu2, sigma2 = theta
    assert f"share {pi:.2f} around {mu1:.1f}, the rest around {mu2:.1f}" in frame.alt
    assert f"{total:.1f} nats" in frame.alt.replace("−", "-")
    ax = panel.draw.keywords["ax"]
    grid = np.linspace(*ax.get_xlim(), 240)
    parts = [pi * norm.pdf(grid, mu1, sigma1), (1 - pi) * norm.pdf(grid, mu2, sigma2)]
    pixel = np.diff(ax.get_ylim())[0] / ax.bbox.height
    for curve, density in zip(curves(panel, frame), [*parts, sum(parts)], strict=True):
        np.testing.assert_allclose(curve[:, 0], grid, atol=0.01)
        inside = density < ax.get_ylim()[1]
        np.testing.assert_allclose(curve[inside, 1], density[inside], atol=0.1 * pixel)
    assert [line.get("stroke") for line in elements(frame)] == [*style.CLUSTERS[:2], style.P_MODEL]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ends", list(product(["min", "max"], repeat=5)), ids="-".join)
def test_each_end_of_each_slider_is_computed_and_stays_in_the_axes(panel, ends):
    theta = [panel.sliders[name][end] for name, end in zip(NAMES, ends)]
    frame, total, each = show(panel, *theta)
    assert total == pytest.approx(log_likelihood(*theta), abs=0.0501, rel=1e-9)
    assert each == pytest.approx(total / 300, abs=0.001)
    ax = panel.draw.keywords["ax"]
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    assert all((curve >= low - 0.01).all() and (curve <= high + 0.01).all() for curve in curves(panel, frame))


def test_the_sliders_hold_the_data_and_a_truth_better_than_one_gaussian(panel):
    sliders = panel.sliders
    assert list(sliders) == NAMES
    for name in ("mu1", "mu2"):
        assert sliders[name]["min"] <= X.min() and sliders[name]["max"] >= X.max()
    for name in ("sigma1", "sigma2"):
        assert 0 < sliders[name]["min"] < 0.3 and sliders[name]["max"] > 0.8
    assert 0 < sliders["pi"]["min"] and sliders["pi"]["max"] < 1
    assert show(panel, 0.4, 7.3, 0.3, 9.5, 0.78)[1] > norm.logpdf(X, X.mean(), X.std()).sum() + 30


def test_a_deck_holds_the_top_and_the_narrowest_component(panel, monkeypatch):
    monkeypatch.setenv("BAKE_FRAMES", "on")
    monkeypatch.setattr(deck, "bake", lambda *given: b"")  # the stops are enough
    stops = {name: [float(word) for word in slider["words"]] for name, slider in mixture_sliders(X).sliders.items()}
    top = mixture.GaussianMixture(2, random_state=0).fit(X[:, None]).score(X[:, None]) * len(X)

    def log_parts(share, k):
        return [np.log(share) + norm.logpdf(X, *at) for at in product(stops[f"mu{k}"], stops[f"sigma{k}"])]

    both = ((one, log_parts(1 - pi, 2)) for pi in stops["pi"] for one in log_parts(pi, 1))
    assert max(np.logaddexp(one, others).sum(axis=1).max() for one, others in both) > top - 0.5
    assert min(stops["sigma1"]) == panel.sliders["sigma1"]["min"] and len(stops["mu1"]) > 9


def test_the_bars_are_a_density(panel):
    ax = panel.draw.keywords["ax"]
    assert sum(bar.get_width() * bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert max(bar.get_height() for bar in ax.patches) < ax.get_ylim()[1]
