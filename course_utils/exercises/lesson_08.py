"""Exercises of lesson 08: Gaussian mixtures."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, call, choices, close, show

PI, MU, SIGMA = np.array([0.4, 0.6]), np.array([7.3, 9.5]), np.array([0.3, 0.8])
TIMES = np.array([7.0, 7.4, 8.2, 9.0, 10.5])
THREE = (np.array([0.5, 4.0]), np.array([0.2, 0.5, 0.3]), np.array([0.0, 1.0, 5.0]), np.array([1.0, 2.0, 0.5]))
EIGHT = (np.array([0.5, 4.0, 1.5, 6.0, 5.0, -1.0, 0.0, 2.5]), *THREE[1:])
COVARIANCE = 64 * 65 // 2  # how many different numbers a covariance matrix has
PARAMETERS = 10 * (64 + COVARIANCE) + 9
REASONS = {"equal": "symmetric start", "infinite": "singularity", "new": "too many components"}
SAME = "Equal components get equal responsibilities and make equal steps: nothing ever tells them apart."
NEEDLE = "A tiny σ and a huge likelihood belong together: a component has collapsed onto a point."
MORE = "Training data get better, give or take a poor start, as components are added. It is the new data that say when to stop."


def log_joint(x: np.ndarray, pi: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return np.log(pi) - np.log(sigma * np.sqrt(2 * np.pi)) - 0.5 * ((x[:, None] - mu) / sigma) ** 2


def joint(x: np.ndarray, pi: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return np.exp(log_joint(x, pi, mu, sigma))


def responsibilities(x: np.ndarray, pi: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    log_xz = log_joint(x, pi, mu, sigma)
    return np.exp(log_xz - np.logaddexp.reduce(log_xz, axis=1, keepdims=True))


def judge_responsibilities(answer: object, mistakes: Mistakes) -> None:
    *near, (_, words) = mistakes  # the last mistake is right near the clusters
    agrees(answer, responsibilities, [(TIMES, PI, MU, SIGMA), THREE], near)
    try:
        agrees(answer, responsibilities, [(np.array([200.0]), PI, MU, SIGMA)])
    except Wrong:
        raise Wrong(words) from None


def m_step(x: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_k = r.sum(axis=0)
    mu = (r * x[:, None]).sum(axis=0) / n_k
    return n_k / len(x), mu, np.sqrt((r * (x[:, None] - mu) ** 2).sum(axis=0) / n_k)


def judge_m_step(answer: object, mistakes: Mapping[int, Mistakes]) -> None:
    for x, *clusters in ((TIMES, PI, MU, SIGMA), EIGHT):  # two clusters, then three
        r = responsibilities(x, *clusters) + 0.1
        judge_one_m_step(answer, x, r / r.sum(axis=1, keepdims=True), mistakes)


def judge_one_m_step(answer: object, x: np.ndarray, r: np.ndarray, mistakes: Mapping[int, Mistakes]) -> None:
    result = call(answer, x, r)
    if isinstance(result, np.ndarray) and result.ndim == 2:
        result = [*result]  # as good as a triple
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        raise Wrong(f"Return three arrays, `(pi, mu, sigma)`; this is {show(result)}.")
    for i, (name, right) in enumerate(zip(("pi", "mu", "sigma"), m_step(x, r))):
        close(result[i], right, [(wrong(x, r), words) for wrong, words in mistakes[i]], what=f"Your {name}")


EXERCISES = {
    "08.1": Exercise(
        judge=judge_responsibilities,
        praise="Also for a point at 200, where both densities are 0 as floats: the logarithms still know which cluster is nearer.",
        mistakes=[
            (lambda x, p, m, s: responsibilities(x, np.ones_like(p), m, s), "The mixing coefficients π are missing: multiply each density with its π."),
            (joint, "That is p(x, z). Divide each row by its sum, p(x)."),
            (lambda x, p, m, s: np.log(responsibilities(x, p, m, s)), "These are logarithms. Return the probabilities."),
            (lambda x, p, m, s: np.eye(len(p))[joint(x, p, m, s).argmax(axis=1)], "You gave every point to one cluster. Responsibilities are shared."),
            (lambda x, p, m, s: responsibilities(x, p * s, m, s), "The factor 1/σ of each density is missing. It differs between the clusters."),
            (lambda x, p, m, s: responsibilities(x, s, m, s), "Both π and the factor 1/σ are missing."),
            (lambda x, p, m, s: responsibilities(x, p / np.sqrt(s), m, np.sqrt(s)), "Divide the squared distance by σ², not by σ."),
            (lambda x, p, m, s: responsibilities(x, p, m, np.sqrt(s)), "`sigma` is the standard deviation, and you took it for the variance."),
            (lambda x, p, m, s: responsibilities(x, p, m, s / np.sqrt(2)), "The ½ in the exponent is missing."),
            (lambda x, p, m, s: joint(x, p, m, s) / joint(x, p, m, s).sum(axis=0), "You normalised each column. Each row is one point, and its responsibilities add up to 1."),
            (lambda x, p, m, s: joint(x, p, m, s) / joint(x, p, m, s).max(axis=1, keepdims=True), "You divided each row by its largest entry. Divide by its sum, so that it adds up to 1."),
            (lambda x, p, m, s: joint(x, p, m, s) / joint(x, p, m, s).sum(axis=1, keepdims=True),
             "Right near the clusters, but not for a point at 200: there both densities are 0 as floats, and so is their sum. "
             "Add logarithms, subtract log p(x) by `np.logaddexp.reduce`, and take `np.exp` last."),
        ],
        hints=(
            "log π + log N(x | μ, σ²) for every point and cluster: `x[:, None]` against arrays of shape (K,) gives (N, K).",
            "`np.logaddexp.reduce(log_joint, axis=1)` is log p(x).",
            "Subtract it with `[:, None]`, then exponentiate.",
        ),
        solution="""
            import numpy as np

            def responsibilities(x, pi, mu, sigma):
                log_density = -0.5 * ((x[:, None] - mu) / sigma)**2 - np.log(sigma * np.sqrt(2 * np.pi))
                log_joint = np.log(pi) + log_density  # (N, K)
                log_p = np.logaddexp.reduce(log_joint, axis=1)  # (N,)
                return np.exp(log_joint - log_p[:, None])

            answer = responsibilities
        """,
    ),
    "08.2": Exercise(
        judge=judge_m_step,
        praise="Count, divide and average, with shared points.",
        mistakes={
            0: [
                (lambda x, r: r.sum(axis=0), "π: these are the N_k. Divide by N, so that they add up to 1."),
                (lambda x, r: np.eye(r.shape[1])[r.argmax(axis=1)].mean(axis=0), "π: you gave each point to one cluster. Points are shared: N_k is the sum of r."),
                (lambda x, r: np.full(r.shape[1], 1 / r.shape[1]), "π: the shares need not be equal. N_k/N."),
            ],
            1: [
                (lambda x, r: r.T @ x / len(x), "μ: divide by N_k, the points that belong to the cluster, not by N."),
                (lambda x, r: np.full(r.shape[1], x.mean()), "μ: weight each point with its responsibility."),
                (lambda x, r: r.T @ x, "μ: divide the weighted sum by N_k."),
            ],
            2: [
                (lambda x, r: m_step(x, r)[2] ** 2, "σ: that is the variance. Take the root."),
                (lambda x, r: m_step(x, r)[2] * np.sqrt(r.mean(axis=0)), "σ: divide by N_k, not by N."),
                (lambda x, r: m_step(x, r)[2] * np.sqrt(r.sum(axis=0) / (r.sum(axis=0) - 1)), "σ: divide by N_k, not by N_k − 1: that is the M step of maximum likelihood."),
                (lambda x, r: np.sqrt(r.T @ (x - x.mean()) ** 2 / r.sum(axis=0)), "σ: measure each cluster from its own μ_k, not from the mean of all."),
                (lambda x, r: np.sqrt(r.T @ x**2 / r.sum(axis=0)), "σ: subtract μ_k from x before you square."),
                (lambda x, r: r.T @ x**2 / r.sum(axis=0), "σ: subtract μ_k from x before you square, and take the root of the weighted mean."),
                (lambda x, r: np.full(r.shape[1], x.std()), "σ: weight each squared difference with its responsibility."),
            ],
        },
        hints=(
            "N_k is `r.sum(axis=0)`.",
            "The weighted mean: `(r * x[:, None]).sum(axis=0) / n_k`.",
            "The same with (x − μ)² for the variance; σ is its root.",
        ),
        solution="""
            import numpy as np

            def m_step(x, r):
                n_k = r.sum(axis=0)
                mu = (r * x[:, None]).sum(axis=0) / n_k
                sigma = np.sqrt((r * (x[:, None] - mu)**2).sum(axis=0) / n_k)
                return n_k / len(x), mu, sigma

            answer = m_step
        """,
    ),
    "08.3": Exercise(
        judge=partial(close, expected=PARAMETERS, tolerance=0),
        praise=f"10 · (64 + {COVARIANCE:,}) + 9 = {PARAMETERS:,} numbers, from 1,300 pictures: hence `reg`, which widens each component a little.",
        mistakes=[
            (PARAMETERS + 1, "The ten π add up to 1, so nine of them are free."),
            (PARAMETERS - 9, "The mixing coefficients are missing: nine free ones."),
            (10 * (64 + 64 * 64) + 9, "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64²."),
            (10 * (64 + 64 * 64) + 10, "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64². And one of the ten π follows from the others."),
            (10 * (64 + 64 * 64), "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64². And the mixing coefficients are missing."),
            (10 * (64 + 64) + 9, "That is a mixture with diagonal covariances: full ones have entries off the diagonal too."),
            (10 * COVARIANCE + 9, "64 numbers for each component are missing: its means, or the variances on the diagonal."),
            (10 * 64 + COVARIANCE + 9, "Each component has its own covariance matrix: ten of them."),
            (64 + COVARIANCE, "That is one component. There are ten, and nine free mixing coefficients."),
        ],
        hints=(
            "For each component: 64 means, and how many different numbers in a symmetric 64 × 64 matrix?",
            f"64 · 65/2 = {COVARIANCE:,}. And how many of the ten π are free?",
        ),
        solution="answer = 10 * (64 + 64 * 65 // 2) + 9",
    ),
    "08.4": Exercise(
        judge=partial(choices, expected=REASONS),
        praise="Start apart, add `reg` to the variances, and look at new data.",
        mistakes={
            item: [(other, words) for other in REASONS.values() if other != REASONS[item]]
            for item, words in {"equal": SAME, "infinite": NEEDLE, "new": MORE}.items()
        },
        hints=(
            "What does the needle of section 5 look like in numbers?",
            "What would tell two equal components apart?",
        ),
        solution=f"answer = {REASONS}",
    ),
}  # fmt: skip
