"""A chain of categorical features, against sums over everything it can say."""

import itertools

import numpy as np
import pytest

from course_utils.models import MarkovChain

X = np.array([[0, 1, 2], [0, 1, 1], [2, 1, 0], [0, 2, 2]])
ALL = np.array([*itertools.product(range(3), repeat=3)])


def test_by_hand():
    """p(0, 1, 2): 0 first in 3 of 4, 1 after 0 in 2 of 3, 2 after 1 in 1 of 3; each with a pseudo-count of one half."""
    expected = (3 + 0.5) / (4 + 1.5) * (2 + 0.5) / (3 + 1.5) * (1 + 0.5) / (3 + 1.5)
    assert np.exp(MarkovChain(3, alpha=0.5).fit(X).log_prob([[0, 1, 2]]))[0] == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [1e-4, 0.5, 3.0])
def test_it_sums_to_one_and_draws_what_it_says(alpha):
    chain = MarkovChain(3, alpha).fit(X)
    p = np.exp(chain.log_prob(ALL))
    assert p.sum() == pytest.approx(1)
    drawn = chain.sample(20_000, np.random.default_rng(0))
    shares = np.bincount(drawn @ [9, 3, 1], minlength=27) / len(drawn)
    assert (abs(shares - p) <= 4 * np.sqrt(p * (1 - p) / len(drawn)) + 1e-4).all()
    assert (chain.sample(50, np.random.default_rng(1)) == chain.sample(50, np.random.default_rng(1))).all()


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="alpha must be above 0, got 0"):
        MarkovChain(3, alpha=0)
    with pytest.raises(ValueError, match="n_values"):
        MarkovChain(0, alpha=1)
    with pytest.raises(ValueError, match=r"0..2, got 0 to 3"):
        MarkovChain(3, alpha=1).fit([[0, 3]])
    with pytest.raises(ValueError, match=r"\(N, 3\) whole numbers, got int64 \(1, 2\)"):
        MarkovChain(3, alpha=1).fit(X).log_prob([[0, 1]])
    with pytest.raises(ValueError, match="fit"):
        MarkovChain(3, alpha=1).sample(1, np.random.default_rng(0))
