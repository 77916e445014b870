"""Lesson 08: five sliders for a mixture of two Gaussians in one dimension."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.models import GaussianMixture
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel


def log_joint(x: np.ndarray, pi: float, mu1: float, sigma1: float, mu2: float, sigma2: float) -> np.ndarray:
    """Return log p(x, z) = log π_k N(x | μ_k, σ_k²) for both components, (2, N)."""
    mu, sigma, weight = (np.array(pair)[:, None] for pair in ((mu1, mu2), (sigma1, sigma2), (pi, 1 - pi)))
    return np.log(weight) - 0.5 * ((x - mu) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))


def draw(*, ax: Axes, x: np.ndarray, **theta: float) -> Frame:
    """Return the frame for π, μ1, σ1, μ2, σ2: both components, their sum, and the log-likelihood of x."""
    grid = np.linspace(*ax.get_xlim(), 240)
    parts = np.exp(log_joint(grid, **theta))  # (2, 240)
    top = ax.get_ylim()[1]
    overlay = Overlay()
    for part, colour in zip(parts, style.CLUSTERS):
        overlay.line(ax, grid, np.minimum(part, top), colour, width=2)
    overlay.line(ax, grid, np.minimum(parts.sum(axis=0), top), style.P_MODEL, width=3.5)
    log_likelihood = np.logaddexp.reduce(log_joint(x, **theta), axis=0).sum()
    numbers = {
        "log-likelihood in nats": f"{log_likelihood:.1f}".replace("-", "−"),
        "for each observation": f"{log_likelihood / len(x):.3f}".replace("-", "−"),
    }
    alt = (
        f"A histogram with a mixture of two Gaussians: share {theta['pi']:.2f} around {theta['mu1']:.1f}, the rest around "
        f"{theta['mu2']:.1f}. The log-likelihood is {log_likelihood:.1f} nats."
    )
    return Frame(str(overlay), numbers, alt)


def mixture_sliders(x: np.ndarray, unit: str = "") -> Panel:
    """Show the observations x (N,) and a mixture of two Gaussians with a slider for each parameter."""
    figure, ax = plt.subplots(figsize=(7.2, 4.0))
    ax.hist(x, bins=30, density=True, color=style.PALE, edgecolor=style.OBSERVATIONS)
    low, high = float(np.floor(x.min())), float(np.ceil(x.max()))
    top = 1.6 * np.histogram(x, bins=30, density=True)[0].max()
    ax.set(xlim=(low, high), ylim=(0, top), xlabel=unit, ylabel="density")
    ax.set_title("Observations, two components, and their sum")
    spread = round((high - low) / 4, 1)
    centre = round((low + high) / 2, 1)
    step = (high - low) / 200
    best = GaussianMixture(2).fit(x[:, None], rng=np.random.default_rng(0))
    order = best.means[:, 0].argsort()
    pi, mu, sigma = (
        best.weights[order[0]],
        best.means[order, 0],
        np.sqrt(best.covariances[order, 0, 0]).clip(step, spread),
    )
    return Panel(
        partial(draw, ax=ax, x=x),
        figure,
        sliders={
            "pi": Slider("π: share of the first", 0.01, 0.99, 0.01, 0.5),
            "mu1": Slider("μ₁", low, high, step, centre - spread / 2),
            "sigma1": Slider("σ₁", step, spread, step, spread / 2),
            "mu2": Slider("μ₂", low, high, step, centre + spread / 2),
            "sigma2": Slider("σ₂", step, spread, step, spread / 2),
        },
        grid={  # the best place, which EM finds; for the first also the narrowest, along the data
            "pi": (0.2, 0.8, round(pi, 2)),
            "mu1": [*np.arange(low + spread / 2, high - spread, spread / 4), round(mu[0], 2)],
            "sigma1": (step, round(sigma[0], 2)),
            "mu2": (centre - spread, centre, centre + spread, round(mu[1], 2)),
            "sigma2": (spread / 4, spread, round(sigma[1], 2)),
        },
    )
