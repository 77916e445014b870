"""A mixture of Naive Bayes models: lesson 08, on Planet Pixel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from course_utils.models.categorical import check_fitted
from course_utils.models.mixture import EMPTY, Mixture, check_responsibilities
from course_utils.models.naive_bayes import NaiveBayes


class CategoricalMixture(Mixture):
    """p(x) = Σ_k π_k ∏_f p(x_f|z = k) over F categorical features, feature f with the values 0 … n_values[f] − 1.

    Each component is a NaiveBayes model, `component(k)`, with alpha as pseudo-count for every value of every feature.
    With alpha = 0, `history` is the mean log-likelihood, in nats. Otherwise EM climbs the log-likelihood plus the log
    prior α Σ log θ (a Dirichlet(α + 1) for each table, up to a constant), and `history` is that, over N. It never falls.
    A component that loses all its observations gets weight 0. A start for fit is the responsibilities (N, K) of its
    first M step.
    """

    def __init__(
        self, n_components: int, n_values: Sequence[int], alpha: float = 0.001, tol: float = 1e-3, max_iter: int = 100
    ) -> None:
        """Make a model without data; raises ValueError for a setting that makes no sense."""
        super().__init__(n_components, tol, max_iter)
        self._tables = NaiveBayes(n_values, alpha)  # knows the features
        self.n_values, self.alpha = self._tables.n_values, self._tables.alpha

    def component(self, k: int) -> NaiveBayes:
        """Return p(x|z = k)."""
        check_fitted(self.weights)
        component = NaiveBayes(self.n_values, self.alpha)
        component.theta = np.exp(self._log_theta[self._row, k])
        return component

    def _encode(self, x: ArrayLike, new: bool) -> sparse.csr_array:
        """Return x one-hot, (N, R): a row of the tables for each value in the observations, and one a feature for all others.

        Of 256 colours a pixel shows but a few: the others have one probability, and need no row each.
        """
        x = self._tables._check(x) + self._tables.offsets  # (N, F) places in NaiveBayes.theta
        F = len(self.n_values)
        if new:
            self.weights = None  # what was known is about other tables
            used = np.zeros(self.n_values.sum(), dtype=bool)
            used[x] = True
            self._feature = np.concatenate([np.repeat(np.arange(F), self.n_values)[used], np.arange(F)])  # (R,)
            n_used = np.bincount(self._feature, minlength=F) - 1
            self._n_places = np.concatenate([np.ones(used.sum()), self.n_values - n_used])  # (R,) that share the row
            self._row = np.repeat(used.sum() + np.arange(F), self.n_values)  # of each place
            self._row[used] = np.arange(used.sum())
        rows = self._row[x].astype(np.int32)
        parts = np.ones(rows.size), rows.ravel(), np.arange(0, rows.size + 1, F)
        return sparse.csr_array(parts, shape=(len(rows), len(self._feature)))

    def _begin(self, data: sparse.csr_array, rng: np.random.Generator, start: ArrayLike | None) -> None:
        """Begin with the start, or with k-means++ seeds, each responsible for the observations most like it."""
        N, K = data.shape[0], self.n_components
        if start is None:
            seeds = data[_seeds(data, K, np.random.RandomState(int(rng.integers(2**32))))]
            start = np.eye(K)[(data @ seeds.T.toarray()).argmax(axis=1)]
        self._m_step(data, check_responsibilities(start, (N, K)))

    def _log_conditional(self, data: sparse.csr_array) -> np.ndarray:
        return data @ self._log_theta

    def _m_step(self, data: sparse.csr_array, responsibilities: np.ndarray) -> None:
        n = responsibilities.sum(axis=0)  # (K,)
        n[n < EMPTY] = 0
        alpha = np.where((n == 0) & (self.alpha == 0), 1, self.alpha)  # (K,): without any count, all values are alike
        counts = data.T @ responsibilities  # (R, K)
        totals = n + alpha * self.n_values[:, None]  # (F, K)
        with np.errstate(divide="ignore"):
            self._log_theta = np.log((counts + alpha) / totals[self._feature])
        self.weights = n / n.sum()

    def _objective(self, log_prob: np.ndarray) -> float:
        if self.alpha == 0:
            return super()._objective(log_prob)
        log_prior = self.alpha * (self._n_places @ self._log_theta).sum()
        return super()._objective(log_prob) + float(log_prior) / len(log_prob)

    def _draw(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        x = np.empty((len(z), len(self.n_values)), dtype=np.min_scalar_type(int(self.n_values.max() - 1)))
        for k in np.unique(z):
            x[z == k] = self.component(k).sample(int((z == k).sum()), rng)
        return x


def _seeds(data: sparse.csr_array, K: int, random: np.random.RandomState) -> list[int]:
    """Return the rows that sklearn.cluster.kmeans_plusplus chooses with the same numbers, six times faster for faces.

    A distance is counted: in how many features two observations differ. Rounding has no part in it.
    """
    N, F = data.shape[0], data[[0]].sum()
    seeds = [int(random.choice(N, p=np.ones(N) / N))]
    nearest = F - (data @ data[seeds].T.toarray())[:, 0]  # (N,) from each observation to its nearest seed
    while len(seeds) < K:
        chances = random.uniform(size=2 + int(np.log(K))) * nearest.sum()
        tries = np.searchsorted(np.cumsum(nearest), chances).clip(max=N - 1)
        would_be = np.minimum(nearest[:, None], F - data @ data[tries].T.toarray())  # (N, tries)
        best = would_be.sum(axis=0).argmin()
        seeds.append(int(tries[best]))
        nearest = would_be[:, best]
    return seeds
