"""Measure EM: our GaussianMixture beside scikit-learn's on the digits, and CategoricalMixture on Planet Pixel.

Both mixtures begin with the same parameters and take the same number of iterations, in turn, so that the ratio of
their times does not depend on how busy the machine is. The exit code is 1 if they disagree or ours is too slow.
"""

import sys
import warnings
from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference

from course_utils.datasets import load_digits, load_planet_pixel, planet_pixel_entropy
from course_utils.evaluation import cross_entropy
from course_utils.models import CategoricalMixture, GaussianMixture

KINDS = {"full": "full", "diagonal": "diag", "spherical": "spherical"}  # our name and scikit-learn's
LIMIT = 1.1  # times scikit-learn's time, for full covariances
DIFFERENCE = 1e-6  # nats a digit
K, ITERATIONS, RUNS = 10, 20, 15


def seconds(model: object, *arguments: object, **options: object) -> float:
    start = perf_counter()
    model.fit(*arguments, **options)
    return perf_counter() - start


def bench_em() -> bool:
    """Print the two tables; return whether ours is fast enough and agrees with scikit-learn's."""
    x = load_digits().pixels
    D = x.shape[1]
    weights, means = np.full(K, 1 / K), x[np.random.default_rng(0).choice(len(x), K, replace=False)]
    good = True
    print(f"{f'EM on the digits, {ITERATIONS} iterations':28} {'ours, s':>9} {'sklearn':>9} {'ratio':>7} {'difference':>11}")
    for kind, name in KINDS.items():
        one = {"full": np.eye(D), "diagonal": np.ones(D), "spherical": 1.0}[kind]
        covariances = np.stack([x.var() * one] * K)
        precisions = np.stack([one / x.var()] * K)
        ours = GaussianMixture(K, kind, reg=1e-6, tol=0, max_iter=ITERATIONS)
        theirs = Reference(
            K, covariance_type=name, reg_covar=1e-6, tol=0, max_iter=ITERATIONS,
            weights_init=weights, means_init=means, precisions_init=precisions,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # tol=0 is meant
            times = [(seconds(ours, x, start=(weights, means, covariances)), seconds(theirs, x)) for _ in range(RUNS)]
        a, b = np.median(times, axis=0)
        difference = abs(ours.log_prob(x).mean() - theirs.score(x))
        good &= difference <= DIFFERENCE and (a / b <= LIMIT or kind != "full")
        print(f"{kind:28} {a:9.3f} {b:9.3f} {a / b:7.2f} {difference:11.1e}")

    train = load_planet_pixel("train")
    entropy = planet_pixel_entropy()
    print(f"\n{'CategoricalMixture, faces':28} {'fit, s':>9} {'steps':>9} {'nats':>7}   H(p_data) = {entropy:.3f}")
    for n_components in (1, 10, 30, 60, 100):
        model = CategoricalMixture(n_components, [256] * 1024, alpha=0.001)
        time = seconds(model, train.pixels, np.random.default_rng(0))
        nats = cross_entropy(model.log_prob)
        print(f"{n_components:<28} {time:9.2f} {len(model.history) - 1:9} {nats:7.1f}")
    return good


def main() -> int:
    """Return 1 if EM is too slow or wrong."""
    good = bench_em()
    if not good:
        print(f"With full covariances EM must take at most {LIMIT} × scikit-learn's time, and agree to {DIFFERENCE:g} nats.")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
