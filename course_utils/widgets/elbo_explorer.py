"""Lesson 09: two sliders for q(z), and an ELBO that together with the gap always gives log p(x)."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

LOWEST = -12.0  # nats, where the bars begin


def normal(z: np.ndarray, mean: float, width: float) -> np.ndarray:
    """Return the density of a Gaussian at z."""
    return np.exp(-0.5 * ((z - mean) / width) ** 2) / (width * np.sqrt(2 * np.pi))


def elbo_and_gap(z: np.ndarray, log_joint: np.ndarray, mean: float, width: float) -> tuple[float, float]:
    """Return the ELBO and KL(q‖p(z|x)) in nats of q = N(mean, width²), each by an integral of its own.

    z (M,) is an even grid that holds nearly all of q; log_joint (M,) holds log p(x, z) on it.
    """
    step = z[1] - z[0]
    q = normal(z, mean, width)
    log_q = -0.5 * ((z - mean) / width) ** 2 - np.log(width * np.sqrt(2 * np.pi))
    log_posterior = log_joint - np.logaddexp.reduce(log_joint) - np.log(step)
    return float(np.sum(q * (log_joint - log_q)) * step), float(np.sum(q * (log_q - log_posterior)) * step)


def draw(mean: float, width: float, *, axes: list[Axes], z: np.ndarray, log_joint: np.ndarray) -> Frame:
    """Return the frame for one q: its curve beside the posterior, and the bar of ELBO and gap."""
    elbo, gap = elbo_and_gap(z, log_joint, mean, width)
    overlay = Overlay()
    shown = np.linspace(*axes[0].get_xlim(), 300)
    overlay.line(axes[0], shown, np.minimum(normal(shown, mean, width), axes[0].get_ylim()[1]), style.P_MODEL, width=3)
    border, top = max(elbo, LOWEST), elbo + gap
    overlay.rect(axes[1], -0.3, LOWEST, 0.3, border, style.P_MODEL)
    overlay.rect(axes[1], -0.3, border, 0.3, top, style.GREY, opacity=0.35)
    overlay.text(axes[1], 0.4, (border + top) / 2, "KL")
    if border - LOWEST > 1:  # room for a word
        overlay.text(axes[1], 0.4, (LOWEST + border) / 2, "ELBO")
    numbers = {name: f"{value:.3f}".replace("-", "−") for name, value in
               [("ELBO", elbo), ("KL(q‖p(z|x))", gap), ("ELBO + KL", elbo + gap)]}  # fmt: skip
    alt = f"The posterior and q with mean {mean:.2f} and width {width:.2f}. ELBO {elbo:.2f}, gap {gap:.2f} nats."
    return Frame(str(overlay), numbers, alt)


def elbo_explorer(z: np.ndarray, log_joint: np.ndarray) -> Panel:
    """Show q = N(mean, width²) beside the posterior, and how log p(x) is divided into the ELBO and the gap.

    z (M,) is an even grid of latent values, log_joint (M,) the values of log p(x, z) on it.
    """
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 4.0), width_ratios=[3, 1])
    log_evidence = np.logaddexp.reduce(log_joint) + np.log(z[1] - z[0])
    posterior = np.exp(log_joint - log_evidence)
    axes[0].plot(z, posterior, color=style.LATENT)
    axes[0].fill_between(z, posterior, color=style.LATENT, alpha=0.15, linewidth=0)
    axes[0].set(xlim=(-3, 3), ylim=(0, 2.2), xlabel="z", ylabel="density", title="posterior (dark red) and q (orange)")
    axes[1].axhline(log_evidence, color=style.INK, linestyle="--")
    axes[1].set(xlim=(-0.5, 1.1), ylim=(LOWEST, log_evidence + 1), xticks=[], ylabel="nats", title="log p(x)")
    return Panel(
        partial(draw, axes=list(axes), z=z, log_joint=log_joint),
        figure,
        sliders={"mean": Slider("mean of q", -2.5, 2.5, 0.05, 0), "width": Slider("width of q", 0.05, 2, 0.05, 1)},
        grid={"mean": np.linspace(-2.5, 2.5, 21), "width": np.linspace(0.1, 2, 20)},
    )
