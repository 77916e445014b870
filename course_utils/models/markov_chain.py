"""A chain of categorical features, each of which depends on the one before it: lesson 10, for pictures row by row."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from course_utils.models.categorical import check_alpha, check_fitted


class MarkovChain:
    """p(x) = p(x_1) ∏ p(x_i | x_{i−1}) over D features with the values 0 … n_values − 1, a table for each place.

    alpha: a pseudo-count for every value after every value; p(x_i = l | x_{i−1} = k) = (n_kl + α)/(n_k + α n_values). What
    was never met beforehand is followed by all values alike. The tables are counted when they are asked for: for 1,024
    pixels of 256 colours they would be 67 million numbers.
    """

    def __init__(self, n_values: int, alpha: float) -> None:
        """Make a model without data; alpha must be above 0, or a value that never came before would have no followers."""
        if not isinstance(n_values, int) or n_values < 1:
            raise ValueError(f"n_values must be a whole number from 1 upwards, got {n_values!r}")
        if not check_alpha(alpha) > 0:
            raise ValueError(f"alpha must be above 0, got {alpha!r}")
        self.n_values, self.alpha = n_values, alpha
        self.training: np.ndarray | None = None  # (N, D)

    def fit(self, x: ArrayLike) -> Self:
        """Keep x (N, D), whole numbers: its pairs are counted place by place."""
        self.training = self._check(x)
        return self

    def log_prob(self, x: ArrayLike) -> np.ndarray:
        """Return log p(x) (N,) in nats."""
        training, K = check_fitted(self.training), self.n_values
        x = self._check(x, training.shape[1])
        log_p = np.zeros(len(x))
        for i in range(x.shape[1]):
            before, last = self._before(training, i), self._before(x, i)
            pairs = np.bincount(K * before + training[:, i], minlength=K**2)[K * last + x[:, i]]
            log_p += np.log(pairs + self.alpha) - np.log(np.bincount(before, minlength=K)[last] + K * self.alpha)
        return log_p

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n observations (n, D), feature by feature, in the smallest unsigned type that holds them."""
        training, K = check_fitted(self.training), self.n_values
        x = np.zeros((n, training.shape[1]), dtype=np.min_scalar_type(K - 1))
        for i in range(x.shape[1]):
            before, last = self._before(training, i), self._before(x, i)
            for value in np.unique(last):
                rows, followers = np.flatnonzero(last == value), training[before == value, i]
                drawn = rng.integers(K, size=len(rows))
                counted = rng.uniform(size=len(rows)) < len(followers) / (len(followers) + K * self.alpha)
                drawn[counted] = rng.choice(followers, counted.sum()) if len(followers) else 0
                x[rows, i] = drawn
        return x

    def _before(self, x: np.ndarray, i: int) -> np.ndarray:
        return x[:, i - 1].astype(np.int64) if i else np.zeros(len(x), dtype=np.int64)

    def _check(self, x: ArrayLike, D: int | None = None) -> np.ndarray:
        x = np.asarray(x)
        if x.ndim != 2 or x.dtype.kind not in "iu" or D not in (None, x.shape[1]):
            raise ValueError(f"x must be (N, {D or 'D'}) whole numbers, got {x.dtype} {x.shape}")
        if x.size and (x.min() < 0 or x.max() >= self.n_values):
            raise ValueError(f"x must lie in 0..{self.n_values - 1}, got {x.min()} to {x.max()}")
        return x.astype(np.int64)
