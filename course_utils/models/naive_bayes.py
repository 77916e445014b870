"""Independent features, each with a table of its own: lessons 05 and 06."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from course_utils.models.categorical import check_alpha, check_fitted


class NaiveBayes:
    """p(x) = ∏ p(x_k) over K categorical features, feature k with the values 0 … n_values[k] − 1.

    alpha: a pseudo-count for every value of every feature; θ_kl = (n_kl + α)/(N + α n_values[k]). All tables lie end to
    end in `theta` (sum of n_values,); feature k's begins at `offsets[k]`.
    """

    def __init__(self, n_values: Sequence[int], alpha: float = 0.0) -> None:
        """Make a model without data; raises ValueError unless n_values holds one whole number ≥ 1 for each feature."""
        sizes = np.asarray(n_values)
        if sizes.ndim != 1 or len(sizes) == 0 or sizes.dtype.kind not in "iu" or (sizes < 1).any():
            raise ValueError(f"n_values must be one whole number of values for each feature, got {n_values!r}")
        self.n_values = sizes.astype(np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(self.n_values)[:-1]])  # (K,)
        self.alpha = check_alpha(alpha)
        self.theta: np.ndarray | None = None

    def fit(self, x: ArrayLike) -> Self:
        """Count the values of each feature in x (N, K) whole numbers. Raises ValueError if there is nothing to count."""
        x = self._check(x)
        if len(x) == 0 and self.alpha == 0:
            raise ValueError("fit needs at least one observation when alpha is 0, got none")
        counts = np.bincount((x + self.offsets).ravel(), minlength=self.n_values.sum())
        totals = len(x) + self.alpha * self.n_values  # (K,)
        self.theta = (counts + self.alpha) / np.repeat(totals, self.n_values)
        return self

    def log_prob(self, x: ArrayLike) -> np.ndarray:
        """Return log p(x) (N,) in nats, the sum over the features; -inf where one of them has probability 0."""
        with np.errstate(divide="ignore"):
            log_theta = np.log(check_fitted(self.theta))
        return log_theta[self._check(x) + self.offsets].sum(axis=1)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n observations (n, K), whole numbers in the smallest unsigned type that holds them."""
        tables = np.split(check_fitted(self.theta), self.offsets[1:])
        u = rng.uniform(size=(n, len(tables)))
        x = np.empty(u.shape, dtype=np.min_scalar_type(int(self.n_values.max() - 1)))
        for k, table in enumerate(tables):
            steps = np.cumsum(
                table
            )  # the distribution function: a value of probability 0 has no step, and is never found
            x[:, k] = np.searchsorted(steps, u[:, k] * steps[-1], side="right")
        return x

    def _check(self, x: ArrayLike) -> np.ndarray:
        x = np.asarray(x)
        K = len(self.n_values)
        if x.ndim != 2 or x.shape[1] != K or x.dtype.kind not in "iu":
            raise ValueError(f"x must be (N, {K}) whole numbers, one column a feature, got {x.dtype} {x.shape}")
        if x.size and ((x < 0) | (x >= self.n_values)).any():
            n, k = np.argwhere((x < 0) | (x >= self.n_values))[0]
            raise ValueError(f"feature {k} must lie in 0..{self.n_values[k] - 1}, got {x[n, k]} in row {n}")
        return x.astype(np.int64)
