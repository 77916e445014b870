"""The numbers of lesson 01, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import joint
from scipy.special import logsumexp


def test_the_generative_classifier(lesson, digits):
    assert lesson["(x_train.shape, x_test.shape)"] == ((1300, 64), (497, 64))
    assert lesson["accuracy"] == (joint(digits).argmax(axis=1) == digits[3]).mean()


def test_the_density_and_its_unit(lesson, digits):
    upright = logsumexp(joint(digits), axis=1)
    np.testing.assert_allclose(lesson["log_evidence"], upright)
    np.testing.assert_allclose(lesson["in_16"], logsumexp(joint(digits, 16), axis=1))
    turned = [picture.reshape(8, 8).T[::-1].ravel() for picture in digits[2]]  # a quarter turn to the left
    noise = np.random.default_rng(0).uniform(size=(200, 64))
    for name, pictures in {"upright": digits[2], "sideways": np.array(turned), "pure noise": noise}.items():
        expected = logsumexp(joint((*digits[:2], pictures, None)), axis=1)
        np.testing.assert_allclose(lesson[f"log_p['{name}']"], expected)


def test_the_race(lesson, digits):
    sizes, results, lead = lesson["(sizes, results, lead)"]
    x, y, new, right = digits
    for n, accuracies in zip(sizes, results[:, :, 0]):  # of the generative one
        drawn = [np.random.default_rng(seed).choice(1300, size=n, replace=False) for seed in range(20)]
        expected = [(joint((x[some], y[some], new, right)).argmax(axis=1) == right).mean() for some in drawn]
        np.testing.assert_allclose(accuracies, expected)
    assert lead == pytest.approx(np.diff(results.mean(axis=1)[:, ::-1]).ravel())
    assert [n for n, ahead in zip(sizes, lead) if ahead > 0] == [20, 50]
