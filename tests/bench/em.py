"""EM: our GaussianMixture beside scikit-learn's on the digits, from the same start and for the same number of steps."""

import warnings
from collections.abc import Iterator
from time import process_time

import numpy as np
from row import Row, seconds
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference

from course_utils.datasets import load_digits
from course_utils.models import GaussianMixture

KINDS = {"full": "full", "diagonal": "diag", "spherical": "spherical"}  # our name and scikit-learn's
DIFFERENCE = 1e-6  # nats a digit
K, ITERATIONS = 10, 20


def fit_time(model: object, *arguments: object, **options: object) -> float:
    start = process_time()
    model.fit(*arguments, **options)
    return process_time() - start


def measure(runs: int = 7) -> Iterator[Row]:
    """Yield a row for each kind of covariances: the medians of fits in turn."""
    x = load_digits().pixels
    D = x.shape[1]
    weights, means = np.full(K, 1 / K), x[np.random.default_rng(0).choice(len(x), K, replace=False)]
    for kind, name in KINDS.items():
        one = {"full": np.eye(D), "diagonal": np.ones(D), "spherical": 1.0}[kind]
        covariances = np.stack([x.var() * one] * K)
        ours = GaussianMixture(K, kind, reg=1e-6, tol=0, max_iter=ITERATIONS)
        theirs = Reference(
            K, covariance_type=name, reg_covar=1e-6, tol=0, max_iter=ITERATIONS,
            weights_init=weights, means_init=means, precisions_init=np.stack([one / x.var()] * K),
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # tol=0 is meant
            times = [(fit_time(ours, x, start=(weights, means, covariances)), fit_time(theirs, x)) for _ in range(runs)]
        a, b = np.median(times, axis=0)
        difference = abs(ours.log_prob(x).mean() - theirs.score(x))
        wrong = f"it differs from scikit-learn by {difference:.1e} nats" if difference > DIFFERENCE else ""
        yield Row(f"{kind} covariances", seconds(a), seconds(b), b / a, least=0.9, wrong=wrong)
