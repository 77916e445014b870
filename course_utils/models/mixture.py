"""The EM algorithm of lesson 08, once for every kind of component."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from course_utils.models.categorical import check_fitted

EMPTY = 1e-14  # a component that is responsible for fewer observations than this has lost all


class Mixture:
    """p(x) = Σ_k π_k p(x|z = k), fitted by EM (Dempster, Laird and Rubin 1977).

    GaussianMixture and CategoricalMixture say what p(x|z) is. `weights` is π (K,); `history` is what EM climbs, a mean
    over the observations in nats: history[i] after i iterations, history[0] at the start.
    """

    def __init__(self, n_components: int, tol: float, max_iter: int) -> None:
        """Make a model without data; raises ValueError for a setting that makes no sense."""
        for name, value, least in (("n_components", n_components, 1), ("max_iter", max_iter, 0)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} upwards, got {value!r}")
        self.n_components = int(n_components)
        self.tol = check_not_negative("tol, the smallest gain per iteration in nats,", tol)
        self.max_iter = int(max_iter)
        self.weights: np.ndarray | None = None
        self.history: list[float] = []

    def fit(self, x: ArrayLike, rng: np.random.Generator | None = None, start: Any = None) -> Self:
        """Run EM until an iteration changes `history` by less than tol (never for tol = 0), or max_iter times.

        rng draws the k-means++ seeds, by default always the same ones; a start, as the class says, needs none. Raises
        ValueError for fewer observations than components.
        """
        data = self._encode(x, new=True)
        if len(x) < self.n_components:
            raise ValueError(
                f"fit needs at least one observation for each component, got {len(x)} for {self.n_components}: "
                "take fewer components"
            )
        self._begin(data, np.random.default_rng(0) if rng is None else rng, start)
        responsibilities, log_prob = self._e_step(data)
        self.history = [self._objective(log_prob)]
        for _ in range(self.max_iter):
            self._m_step(data, responsibilities)
            responsibilities, log_prob = self._e_step(data)
            self.history.append(self._objective(log_prob))
            if abs(self.history[-1] - self.history[-2]) < self.tol:
                break
        return self

    def e_step(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the responsibilities p(z|x) (N, K) and log p(x) (N,) in nats.

        Where p(x) = 0 nothing is responsible: log p(x) is -inf, and the responsibilities are nan.
        """
        check_fitted(self.weights)
        return self._e_step(self._encode(x, new=False))

    def m_step(self, x: ArrayLike, responsibilities: ArrayLike) -> Self:
        """Set the parameters to those that fit x best if the responsibilities (N, K) are right."""
        data = self._encode(x, new=True)
        self._m_step(data, check_responsibilities(responsibilities, (len(x), self.n_components)))
        return self

    def responsibilities(self, x: ArrayLike) -> np.ndarray:
        """Return p(z|x) (N, K), as e_step."""
        return self.e_step(x)[0]

    def log_prob(self, x: ArrayLike) -> np.ndarray:
        """Return log p(x) (N,) in nats."""
        return self.e_step(x)[1]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n observations (n, D)."""
        return self.sample_joint(n, rng)[1]

    def sample_joint(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw n pairs of the component z (n,), a whole number from 0, and the observation x (n, D)."""
        z = rng.choice(self.n_components, size=n, p=check_fitted(self.weights))
        return z, self._draw(z, rng)

    def _e_step(self, data: Any) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):  # log 0 = -inf and 0/0 = nan are meant
            joint = self._log_conditional(data)
            joint += np.log(self.weights)  # log p(x, z) (N, K), and in its place what follows from it
            highest = joint.max(axis=1, keepdims=True)
            highest[highest == -np.inf] = 0
            joint -= highest
            np.exp(joint, out=joint)
            total = joint.sum(axis=1, keepdims=True)
            joint /= total
            return joint, (highest + np.log(total))[:, 0]

    def _objective(self, log_prob: np.ndarray) -> float:
        """Return what goes into `history`, from log p(x) (N,) of the observations."""
        return float(log_prob.mean())

    def _encode(self, x: ArrayLike, new: bool) -> Any:
        """Check x and return it in the form that the steps work with; new: x may have other features than before."""
        raise NotImplementedError

    def _begin(self, data: Any, rng: np.random.Generator, start: Any) -> None:
        """Set the first parameters."""
        raise NotImplementedError

    def _log_conditional(self, data: Any) -> np.ndarray:
        """Return log p(x|z) (N, K) in nats."""
        raise NotImplementedError

    def _m_step(self, data: Any, responsibilities: np.ndarray) -> None:
        """Set the parameters from the responsibilities (N, K)."""
        raise NotImplementedError

    def _draw(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw x (n, D) from p(x|z), one for each z (n,)."""
        raise NotImplementedError


def check_responsibilities(responsibilities: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    """Return the responsibilities as floats; raises ValueError unless they have this shape and each row is a distribution."""
    r = np.asarray(responsibilities, dtype=float)
    if r.shape != shape:
        raise ValueError(
            f"responsibilities must be {shape}, one row an observation and one column a component, got {r.shape}"
        )
    if len(r) == 0:
        raise ValueError("an M step needs at least one observation, got none")
    wrong = ~((r >= 0).all(axis=1) & (abs(r.sum(axis=1) - 1) < 1e-6))  # true for nan
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"each row of responsibilities must be probabilities that sum to 1, got {r[row]} in row {row}")
    return r


def check_not_negative(name: str, value: float) -> float:
    """Return the value as a float; raises ValueError unless it is a finite number that is not negative."""
    if not np.isscalar(value) or not np.isreal(value) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be a number from 0 upwards, got {value!r}")
    return float(value)
