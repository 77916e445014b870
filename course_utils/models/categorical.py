"""A table with one probability for each combination of features: lesson 04."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class JointCategorical:
    """One probability θ_j for each of the d combinations of all features, estimated by counting.

    values: feature → its possible values, in order, such as WRODL_VALUES. alpha: a pseudo-count for every combination;
    0 gives the maximum likelihood estimate n_j/N, any other the posterior mean (n_j + α)/(N + αd) under a
    Dirichlet(α) prior. `theta` is (d,), in the order of itertools.product(*values.values()).
    """

    def __init__(self, values: Mapping[str, Sequence], alpha: float = 0.0) -> None:
        """Make a model without data; raises ValueError for a wrong alpha, or a feature without values or with one twice."""
        self.values = {name: tuple(options) for name, options in values.items()}
        self.alpha = check_alpha(alpha)
        self.shape = tuple(len(options) for options in self.values.values())
        if not self.shape or min(self.shape) == 0:
            raise ValueError(f"values must give each feature at least one value, got {self.values}")
        if twice := [name for name, options in self.values.items() if len(set(options)) < len(options)]:
            raise ValueError(f"values must give each feature different values, but some are repeated in {twice}")
        if (digits := np.log10(self.shape).sum()) > 7:
            raise ValueError(f"a table of 10^{digits:.1f} combinations is too large to count: at most 10 million")
        self.theta: np.ndarray | None = None

    def fit(self, x: "pd.DataFrame") -> Self:
        """Count the combinations in x (N rows, one column a feature). Raises ValueError if there is nothing to count."""
        d = int(np.prod(self.shape))
        counts = np.bincount(self._index(x), minlength=d)  # (d,)
        total = counts.sum() + self.alpha * d
        if total == 0:
            raise ValueError("fit needs at least one observation when alpha is 0, got none")
        self.theta = (counts + self.alpha) / total
        return self

    def log_prob(self, x: "pd.DataFrame") -> np.ndarray:
        """Return log θ_j (N,) in nats for each row of x; -inf for a combination of probability 0."""
        with np.errstate(divide="ignore"):
            return np.log(check_fitted(self.theta)[self._index(x)])

    def sample(self, n: int, rng: np.random.Generator) -> "pd.DataFrame":
        """Draw n rows, a table with one column a feature."""
        import pandas as pd  # here and below: Naive Bayes and the mixtures, which import this module, need no tables

        theta = check_fitted(self.theta)
        codes = np.unravel_index(rng.choice(len(theta), size=n, p=theta), self.shape)
        return pd.DataFrame(
            {name: pd.Index(options)[code] for (name, options), code in zip(self.values.items(), codes)}
        )

    def _index(self, x: "pd.DataFrame") -> np.ndarray:
        """Return the number (N,) of each row's combination."""
        return np.ravel_multi_index(tuple(encode(x, self.values).T), self.shape)


def encode(x: "pd.DataFrame", values: Mapping[str, Sequence]) -> np.ndarray:
    """Return the rows of x as whole numbers (N, K): the place of each value among the possible ones of its feature.

    Raises ValueError, with what is possible, for a missing column or an unknown value.
    """
    import pandas as pd

    if not isinstance(x, pd.DataFrame):
        raise ValueError(f"x must be a DataFrame with the columns {list(values)}, got {type(x).__name__}")
    if missing := [name for name in values if name not in x.columns]:
        raise ValueError(f"x must have the columns {list(values)}, missing: {missing}")
    codes = np.empty((len(x), len(values)), dtype=np.int64)
    for k, (name, options) in enumerate(values.items()):
        codes[:, k] = pd.Index(options).get_indexer(x[name])
        if (codes[:, k] < 0).any():
            unknown = x[name].iloc[int(np.argmax(codes[:, k] < 0))]
            raise ValueError(f"{name} must be one of {list(options)}, got {unknown!r}")
    return codes


def check_alpha(alpha: float) -> float:
    """Return the pseudo-count; raises ValueError unless it is a finite number that is not negative."""
    if not isinstance(alpha, Real) or not 0 <= alpha < np.inf:
        raise ValueError(f"alpha, the pseudo-count, must be a number from 0 upwards, got {alpha!r}")
    return float(alpha)


def check_fitted(parameter: np.ndarray | None) -> np.ndarray:
    """Return the parameter; raises ValueError if `fit` has not set it yet."""
    if parameter is None:
        raise ValueError("this model knows no data yet: call fit(x) first")
    return parameter
