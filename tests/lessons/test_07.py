"""The numbers of lesson 07, beside computations that use none of the course's models."""

import numpy as np
from oracle import agree, read, text
from scipy.stats import binom
from sklearn.decomposition import PCA

from course_utils.datasets import load_biscuit_tins


def test_07_the_coin():
    assert (
        read("07", "k, N = #, #", "code") == ["24", "40"] == read("03", "k/N = #/# = #, the best θ on a grid is #")[:2]
    )
    theta, target = read("07", "θ = #, and k/N = #")
    agree(theta, 24 / 40)
    agree(target, 24 / 40)

    def loss(a):
        return -binom.logpmf(24, 40, 1 / (1 + np.exp(-a))) / 40

    for number in read("07", "slope by torch: #, by our formula: #"):
        agree(number, (loss(-3 + 1e-5) - loss(-3 - 1e-5)) / 2e-5, error=2e-7)


def test_07_two_yardsticks():
    pictures = load_biscuit_tins().images.reshape(1000, 1024).astype(float)
    agree(read("07", "squared error for each pixel, mean picture: #")[0], pictures.var(axis=0).mean())
    plane = PCA(2, svd_solver="full").fit(pictures)
    flat = np.mean((plane.inverse_transform(plane.transform(pictures)) - pictures) ** 2)
    agree(read("07", "straight plane: #, autoencoder: below 0.001")[0], flat)
    assert flat > 0.001 and "assert autoencoder < 0.001\n" in text("07", "code")


def test_07_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("07", "code")
    for name in ("height:", "width :"):
        assert read("07", f"{name} z₁ or z₂ alone explains less than #%, both together more than #%") == ["80", "90"]
    assert "assert single < 0.8 and 1 - rest.var() / values.var() > 0.9\n" in code
    assert read("07", "no proper tin, from random z: more than #%") == ["10"] and "shares[1] > 0.1\n" in code
    assert (
        int(read("07", "no proper tin, from codes of real tins: #%")[0]) < 2 and "assert shares[0] < 0.02 and" in code
    )
    grown = read("07", "seven steps: the height grows by # to # pixels, the width changes by less than #")
    assert grown == ["5", "9", "2"] and "assert 5 < grown < 9 and abs(widened) < 2\n" in code
