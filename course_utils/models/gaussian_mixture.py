"""A mixture of Gaussians: lesson 08."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf
from scipy.spatial.distance import cdist

from course_utils.models.mixture import EMPTY, Mixture, check_not_negative

ROUNDING = 1e-14  # relative to the squares it comes from, a variance smaller than this is nothing but rounding


class GaussianMixture(Mixture):
    """p(x) = Σ_k π_k N(x; μ_k, Σ_k) for x in D dimensions, fitted by EM.

    covariance: "full", "diagonal", or "spherical" (one variance for all columns). Parameters: `weights` (K,), `means`
    (K, D), `covariances` (K, D, D), or the variances (K, D) or (K,). `history` is the mean log-likelihood, in nats; with
    reg = 0 it never falls.

    reg is added to each variance in each M step: it keeps a component from collapsing onto a point, a line or a constant
    column, where the likelihood has no maximum. With reg = 0 such a component raises a ValueError. A component that
    loses all its observations gets weight 0 and keeps its mean and covariance.
    """

    def __init__(
        self, n_components: int, covariance: str = "full", reg: float = 1e-6, tol: float = 1e-3, max_iter: int = 100
    ) -> None:
        """Make a model without data; raises ValueError for a setting that makes no sense."""
        super().__init__(n_components, tol, max_iter)
        if covariance not in ("full", "diagonal", "spherical"):
            raise ValueError(f"covariance must be 'full', 'diagonal' or 'spherical', got {covariance!r}")
        self.covariance = covariance
        self.reg = check_not_negative("reg, which is added to the variances,", reg)
        self.means: np.ndarray | None = None
        self.covariances: np.ndarray | None = None

    def set_parameters(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> Self:
        """Set the parameters by hand, shaped as the class says; raises ValueError if they describe no mixture.

        The same three, as a tuple, are a `start` for fit.
        """
        weights, means, covariances = (np.array(value, dtype=float) for value in (weights, means, covariances))
        K, D = self.n_components, means.shape[-1] if means.ndim else 0
        shapes = {"weights": (K,), "means": (K, D)}
        shapes["covariances"] = {"full": (K, D, D), "diagonal": (K, D), "spherical": (K,)}[self.covariance]
        for (name, shape), value in zip(shapes.items(), (weights, means, covariances)):
            if value.shape != shape or D == 0 or not np.isfinite(value).all():
                raise ValueError(
                    f"{name} must be {shape} finite numbers for {K} components with {self.covariance} covariance in "
                    f"{D} dimensions, got {value.shape}{'' if np.isfinite(value).all() else ' with nan or inf'}"
                )
        if (weights < 0).any() or abs(weights.sum() - 1) > 1e-8:
            raise ValueError(f"weights must not be negative, and must sum to 1, got {weights}")
        if self.covariance == "full" and not np.allclose(covariances, covariances.swapaxes(1, 2)):
            raise ValueError("each of the covariances must be a symmetric matrix")
        self._factors(covariances, means)
        self.weights, self.means, self.covariances = weights, means, covariances
        return self

    def _encode(self, x: ArrayLike, new: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return x (N, D) less its mean, and that mean (D,): so no digits are lost where x is far from 0."""
        x = np.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] == 0:
            hint = ": a single column is x[:, None]" if x.ndim == 1 else ""
            raise ValueError(f"x must be (N, D) numbers, one row an observation, got {x.shape}{hint}")
        if not new and x.shape[1] != self.means.shape[1]:
            raise ValueError(
                f"x must be (N, {self.means.shape[1]}) numbers, as those that the model knows, got {x.shape}"
            )
        if not np.isfinite(x).all():
            n, d = np.argwhere(~np.isfinite(x))[0]
            raise ValueError(
                f"x must be finite, got {x[n, d]} in row {n}, column {d}: leave out or fill in what is missing"
            )
        centre = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
        return x - centre, centre

    def _begin(self, data: tuple, rng: np.random.Generator, start: tuple | None) -> None:
        """Begin with the start, or with k-means++ seeds as means, equal weights, and one variance: that around the seeds."""
        x, centre = data
        K, D = self.n_components, x.shape[1]
        if start is None:
            from sklearn.cluster import kmeans_plusplus  # here: a second to import, and a start needs none of it

            seeds, _ = kmeans_plusplus(x, K, random_state=int(rng.integers(2**32)))
            variance = cdist(x, seeds, "sqeuclidean").min(axis=1).mean() / D + self.reg
            one = {"full": np.eye(D), "diagonal": np.ones(D), "spherical": 1.0}[self.covariance]
            start = np.full(K, 1 / K), seeds + centre, np.stack([variance * one] * K)
        if not isinstance(start, (tuple, list)) or len(start) != 3:
            raise ValueError(f"start must be (weights, means, covariances), got {type(start).__name__}")
        if np.shape(start[1])[-1:] != (D,):
            raise ValueError(
                f"the means of the start must be ({K}, {D}), as x has {D} columns, got {np.shape(start[1])}"
            )
        self.set_parameters(*start)

    def _log_conditional(self, data: tuple) -> np.ndarray:
        x, centre = data
        N, D = x.shape
        factors = self._factors(self.covariances, self.means)
        means = self.means - centre
        if self.covariance == "full":
            squared = np.empty((N, self.n_components))
            for k, factor in enumerate(factors):
                # (x − μ)ᵀ Σ⁻¹ (x − μ) = |L⁻¹ (x − μ)|² with Σ = L Lᵀ
                white = solve_triangular(factor, (x - means[k]).T, lower=True, overwrite_b=True, check_finite=False)
                squared[:, k] = np.einsum("dn,dn->n", white, white)
            half_log_det = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)  # (K,)
        else:
            precisions = 1 / factors**2  # (K, D)
            squared = x**2 @ precisions.T
            squared -= x @ (2 * means * precisions).T
            squared += (means**2 * precisions).sum(axis=1)
            half_log_det = np.log(factors).sum(axis=1)
        squared += D * np.log(2 * np.pi)
        squared *= -0.5  # in its place, as above: new arrays of this size cost more than their numbers
        squared -= half_log_det
        return squared

    def _m_step(self, data: tuple, responsibilities: np.ndarray) -> None:
        x, centre = data
        D = x.shape[1]
        n = responsibilities.sum(axis=0)  # (K,)
        empty = n < EMPTY
        if empty.any() and (self.means is None or self.means.shape[1] != D):
            raise ValueError(f"the responsibilities give component {empty.argmax()} no observation to begin with")
        share = responsibilities / np.where(empty, 1, n)  # (N, K), each column sums to 1
        means = share.T @ x
        spread = np.einsum("nd,nd->d", x, x) / len(x)  # (D,)
        if self.covariance == "full":
            covariances = np.empty((self.n_components, D, D))
            root = np.sqrt(share)
            for k in range(self.n_components):
                scaled = x - means[k]
                scaled *= root[:, k, None]
                covariances[k] = scaled.T @ scaled
            variances = np.einsum("kdd->kd", covariances)  # a view of the diagonals
            variances[variances <= ROUNDING**2 * (means**2 + spread)] = 0
            variances += self.reg
        else:
            squares = share.T @ x**2  # (K, D)
            covariances = squares - means**2
            covariances[covariances <= 10 * ROUNDING * squares + ROUNDING**2 * spread] = 0
            if self.covariance == "spherical":
                covariances = covariances.mean(axis=1)
            covariances += self.reg
        means += centre
        if empty.any():
            means[empty], covariances[empty] = self.means[empty], self.covariances[empty]
            n[empty] = 0
        self.weights, self.means, self.covariances = n / n.sum(), means, covariances

    def _draw(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        factors = self._factors(self.covariances, self.means)
        noise = rng.standard_normal((len(z), self.means.shape[1]))
        if self.covariance == "full":
            for k, factor in enumerate(factors):
                noise[z == k] = noise[z == k] @ factor.T
            return self.means[z] + noise
        return self.means[z] + factors[z] * noise

    def _factors(self, covariances: np.ndarray, means: np.ndarray) -> np.ndarray:
        """Return the Cholesky factors (K, D, D), or the standard deviations (K, D); raises ValueError if one is singular."""
        K, D = means.shape
        if self.covariance == "full":
            variances = np.diagonal(covariances, axis1=1, axis2=2)
            factors = np.empty_like(covariances)
            left = np.empty((K, D))  # the variance of each column, given those before it
            for k in range(K):
                factors[k], stopped = dpotrf(covariances[k], lower=1)
                left[k] = np.diagonal(factors[k]) ** 2
                if stopped:
                    left[k, stopped - 1] = 0
        else:
            left = variances = np.broadcast_to(covariances.reshape(K, -1), (K, D))
            factors = np.sqrt(np.maximum(variances, 0))
        singular = ~(left > ROUNDING * D * variances)
        if singular.any():
            k, d = np.argwhere(singular)[0]
            given = ", given the columns before it" if self.covariance == "full" and d else ""
            raise ValueError(
                f"the covariance of component {k} is singular: column {d} has no variance{given}. Either the column is "
                "constant, or the component has too few different observations and its likelihood grows without limit. "
                f"Increase reg (now {self.reg:g}), take fewer components or a simpler covariance, or leave the column out"
            )
        return factors
