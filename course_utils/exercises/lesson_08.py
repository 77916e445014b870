"""Exercises of lesson 08: Gaussian mixtures."""

import numpy as np

from .engine import Exercise
from .matchers import Wrong, agrees, call, choices, close, show

PI, MU, SIGMA = np.array([0.4, 0.6]), np.array([7.3, 9.5]), np.array([0.3, 0.8])
TIMES = np.array([7.0, 7.4, 8.2, 9.0, 10.5])


def log_joint(x: np.ndarray, pi: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return np.log(pi) - np.log(sigma * np.sqrt(2 * np.pi)) - 0.5 * ((x[:, None] - mu) / sigma) ** 2


def reference_responsibilities(x: np.ndarray, pi: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    log_xz = log_joint(x, pi, mu, sigma)
    return np.exp(log_xz - np.logaddexp.reduce(log_xz, axis=1, keepdims=True))


def grade_responsibilities(answer: object) -> str:
    three = (np.array([0.2, 0.5, 0.3]), np.array([0.0, 1.0, 5.0]), np.array([1.0, 2.0, 0.5]))
    agrees(
        answer, reference_responsibilities, [(TIMES, PI, MU, SIGMA), (np.array([0.5, 4.0]), *three)],
        [
            (lambda x, p, m, s: reference_responsibilities(x, np.ones_like(p), m, s), "The mixing coefficients π are missing: multiply each density with its π."),
            (lambda x, p, m, s: np.exp(log_joint(x, p, m, s)), "That is p(x, z). Divide each row by its sum, p(x)."),
            (lambda x, p, m, s: np.log(reference_responsibilities(x, p, m, s)), "These are logarithms. Return the probabilities."),
            (lambda x, p, m, s: np.eye(len(p))[log_joint(x, p, m, s).argmax(axis=1)], "You gave every point to one cluster. Responsibilities are shared."),
            (lambda x, p, m, s: reference_responsibilities(x, p * s, m, s), "The factor 1/σ of each density is missing. It differs between the clusters."),
            (lambda x, p, m, s: np.exp(log_joint(x, p, m, s)) / np.exp(log_joint(x, p, m, s)).sum(axis=0),
             "You normalised each column. Each row is one point, and its responsibilities add up to 1."),
            (lambda x, p, m, s: np.exp(log_joint(x, p, m, s) - log_joint(x, p, m, s).max(axis=1, keepdims=True)),
             "You divided each row by its largest entry. Divide by its sum, so that it adds up to 1."),
        ],
    )  # fmt: skip
    try:
        agrees(answer, reference_responsibilities, [(np.array([200.0]), PI, MU, SIGMA)])
    except Wrong:
        raise Wrong(
            "Right near the clusters, but not for a point at 200: there both densities are 0 as floats, and so is their sum. "
            "Add logarithms, subtract log p(x) by `np.logaddexp.reduce`, and take `np.exp` last."
        ) from None
    return "Also for a point at 200, where both densities are 0 as floats: the logarithms still know which cluster is nearer."


def reference_m_step(x: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_k = r.sum(axis=0)
    mu = (r * x[:, None]).sum(axis=0) / n_k
    return n_k / len(x), mu, np.sqrt((r * (x[:, None] - mu) ** 2).sum(axis=0) / n_k)


def grade_m_step(answer: object) -> str:
    r = reference_responsibilities(TIMES, PI, MU, SIGMA) * 0.8 + 0.1
    right = reference_m_step(TIMES, r)
    result = call(answer, TIMES, r)
    if isinstance(result, np.ndarray) and result.ndim == 2:
        result = [*result]  # as good as a triple
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        raise Wrong(f"Return three arrays, `(pi, mu, sigma)`; this is {show(result)}.")
    n_k, N = r.sum(axis=0), len(TIMES)
    plain = r.T @ TIMES
    close(result[0], right[0], [(n_k, "π: these are the N_k. Divide by N, so that they add up to 1."),
                                (np.array([0.4, 0.6]), "π: you gave each point to one cluster. Points are shared: N_k is the sum of r."),
                                (np.full(2, 0.5), "π: the shares need not be equal. N_k/N.")], what="Your pi")  # fmt: skip
    close(result[1], right[1], [(plain / N, "μ: divide by N_k, the points that belong to the cluster, not by N."),
                                (np.full(2, TIMES.mean()), "μ: weight each point with its responsibility."),
                                (plain, "μ: divide the weighted sum by N_k.")], what="Your mu")  # fmt: skip
    variance = right[2] ** 2
    close(result[2], right[2], [(variance, "σ: that is the variance. Take the root."),
                                (np.sqrt(variance * n_k / N), "σ: divide by N_k, not by N."),
                                (np.sqrt(r.T @ (TIMES - TIMES.mean())**2 / n_k), "σ: measure each cluster from its own μ_k, not from the mean of all."),
                                (np.full(2, TIMES.std()), "σ: weight each squared difference with its responsibility.")], what="Your sigma")  # fmt: skip
    return "Count, divide and average, with shared points."


def grade_parameters(answer: object) -> str:
    right = 10 * (64 + 64 * 65 // 2) + 9
    close(
        answer, right,
        [
            (right + 1, "The ten π add up to 1, so nine of them are free."),
            (right - 9, "The mixing coefficients are missing: nine free ones."),
            (10 * (64 + 64 * 64) + 9, "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64²."),
            (10 * (64 + 64 * 64) + 10, "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64². And one of the ten π follows from the others."),
            (10 * (64 + 64 * 64), "A covariance matrix is symmetric: 64 · 65/2 different numbers, not 64². And the mixing coefficients are missing."),
            (10 * (64 + 64) + 9, "That is a mixture with diagonal covariances: full ones have entries off the diagonal too."),
            (10 * (64 * 65 // 2) + 9, "64 numbers for each component are missing: its means, or the variances on the diagonal."),
            (64 + 64 * 65 // 2, "That is one component. There are ten, and nine free mixing coefficients."),
        ],
        tolerance=0,
    )  # fmt: skip
    return "10 · (64 + 2,080) + 9 = 21,449 numbers, from 1,300 pictures: hence the floor under the variances."


REASONS = {"equal": "symmetric start", "infinite": "singularity", "new": "too many components"}


def grade_reasons(answer: object) -> str:
    needle = "A tiny σ and a huge likelihood belong together: a component has collapsed onto a point."
    same = "Equal components get equal responsibilities and make equal steps: nothing ever tells them apart."
    more = "Training data get better with every component. It is the new data that say when to stop."
    choices(
        answer,
        {
            "equal": ("symmetric start", {"singularity": same, "too many components": same}),
            "infinite": ("singularity", {"symmetric start": needle, "too many components": needle}),
            "new": ("too many components", {"singularity": more, "symmetric start": more}),
        },
    )
    return "Start apart, put a floor under the variances, and look at new data."


EXERCISES = {
    "08.1": Exercise(
        grade=grade_responsibilities,
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
        wrong=[
            (lambda x, pi, mu, sigma: reference_responsibilities(x, np.ones_like(pi), mu, sigma), "π are missing"),
            (lambda x, pi, mu, sigma: np.exp(log_joint(x, pi, mu, sigma)), "Divide each row"),
            (lambda x, pi, mu, sigma: reference_responsibilities(x, pi * sigma, mu, sigma), "1/σ"),
            (
                lambda x, pi, mu, sigma: (
                    np.exp(log_joint(x, pi, mu, sigma)) / np.exp(log_joint(x, pi, mu, sigma)).sum(axis=1, keepdims=True)
                ),
                "at 200",
            ),
            (
                lambda x, pi, mu, sigma: np.exp(
                    log_joint(x, pi, mu, sigma) - log_joint(x, pi, mu, sigma).max(axis=1, keepdims=True)
                ),
                "largest entry",
            ),
        ],
    ),
    "08.2": Exercise(
        grade=grade_m_step,
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
        wrong=[
            (lambda x, r: (r.sum(axis=0), *reference_m_step(x, r)[1:]), "Divide by N"),
            (lambda x, r: (r.mean(axis=0), (r * x[:, None]).mean(axis=0), x.std() * np.ones(2)), "divide by N_k"),
            (lambda x, r: (*reference_m_step(x, r)[:2], reference_m_step(x, r)[2] ** 2), "Take the root"),
            (lambda x, r: reference_m_step(x, r)[1], "three arrays"),
            (lambda x, r: reference_m_step(x, np.eye(2)[r.argmax(axis=1)]), "to one cluster"),
            (
                lambda x, r: (*reference_m_step(x, r)[:2], np.sqrt(r.T @ (x - x.mean()) ** 2 / r.sum(axis=0))),
                "its own μ_k",
            ),
        ],
    ),
    "08.3": Exercise(
        grade=grade_parameters,
        hints=(
            "For each component: 64 means, and how many different numbers in a symmetric 64 × 64 matrix?",
            "64 · 65/2 = 2,080. And how many of the ten π are free?",
        ),
        solution="answer = 10 * (64 + 64 * 65 // 2) + 9",
        wrong=[
            (21450, "nine of them"),
            (10 * (64 + 64 * 64) + 9, "symmetric"),
            (2144, "one component"),
            (20809, "64 numbers"),
            (41600, "coefficients are missing"),
            (1289, "diagonal"),
        ],
    ),
    "08.4": Exercise(
        grade=grade_reasons,
        hints=(
            "What does the needle of section 5 look like in numbers?",
            "What would tell two equal components apart?",
        ),
        solution=f"answer = {REASONS}",
        wrong=[
            (REASONS | {"equal": "singularity"}, "equal steps"),
            (REASONS | {"new": "singularity"}, "when to stop"),
            (REASONS | {"infinite": "symmetric start"}, "collapsed"),
        ],
    ),
}
