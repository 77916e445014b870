"""Lesson 04: what a pseudo-count α does to a table of counts."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel


def leave_one_out(counts: np.ndarray, alpha: float | np.ndarray) -> np.ndarray:
    """Return the leave-one-out log-likelihood in nats of a smoothed table, for α or for each of several (A,).

    counts (d,): how often each combination was seen. An observation of combination j is scored by the table of the
    N − 1 others, (n_j − 1 + α)/(N − 1 + αd).
    """
    alpha = np.asarray(alpha, dtype=float)
    seen, N, d = counts[counts > 0], counts.sum(), len(counts)
    with np.errstate(divide="ignore"):
        terms = seen * np.log((seen - 1 + alpha[..., None]) / (N - 1 + alpha[..., None] * d))
    return terms.sum(axis=-1)


def unseen_mass(counts: np.ndarray, alpha: float | np.ndarray) -> np.ndarray:
    """Return the probability that the smoothed table gives to all combinations that were never seen."""
    return (counts == 0).sum() * alpha / (counts.sum() + np.asarray(alpha) * len(counts))


def draw(log_alpha: float, *, axes: list[Axes], counts: np.ndarray) -> Frame:
    """Return the frame for α = 10^log_alpha: its place on both curves and the three probabilities."""
    alpha = 10**log_alpha
    score, mass = float(leave_one_out(counts, alpha)), float(unseen_mass(counts, alpha))
    overlay = Overlay()
    for ax, y in zip(axes, (score, mass)):
        overlay.line(ax, [log_alpha] * 2, ax.get_ylim(), style.GREY, width=1.5)
        overlay.dots(
            ax, [log_alpha], [max(y, ax.get_ylim()[0])], style.P_MODEL, radius=7
        )  # at the edge, if it is below
        if y < ax.get_ylim()[0]:
            low, high = ax.get_ylim()
            left = log_alpha > -2.4  # of the line, where the curve is on its right
            place = (log_alpha + (-0.1 if left else 0.1), low + 0.09 * (high - low))
            overlay.text(ax, *place, f"↓ {score:.0f}".replace("-", "−"), "end" if left else "start")
    total = counts.sum() + alpha * len(counts)
    numbers = {
        "α": f"{alpha:.3g}",
        "leave-one-out score in nats": f"{score:.1f}".replace("-", "−"),
        "the same, all styles equal": f"{-counts.sum() * np.log(len(counts)):.1f}".replace("-", "−"),
        "mass on unseen styles": f"{mass:.1%}",
        "p of a style seen twice": f"{100 * (2 + alpha) / total:.2g}%",
        "p of a style seen once": f"{100 * (1 + alpha) / total:.2g}%",
        "p of an unseen style": f"{100 * alpha / total:.2g}%",
    }
    return Frame(
        str(overlay),
        numbers,
        f"Two curves over the pseudo-count, marked at {alpha:.3g}: {score:.1f} nats, {mass:.0%} on unseen styles.",
    )


def pseudo_count(counts: np.ndarray) -> Panel:
    """Show what α does to a table with these counts (d,): the leave-one-out score and the mass on unseen styles."""
    log_alphas = np.linspace(-3, 2, 200)
    figure, axes = plt.subplots(2, 1, figsize=(6.4, 5.0), sharex=True)
    axes[0].plot(log_alphas, leave_one_out(counts, 10**log_alphas), color=style.P_MODEL)
    uniform = -counts.sum() * np.log(len(counts))
    axes[0].axhline(uniform, color=style.GREY, linestyle="--", linewidth=1.5)
    axes[0].annotate("all styles equal", (2, uniform), xytext=(0, -6), textcoords="offset points", ha="right", va="top")
    axes[0].set(title="Leave-one-out log-likelihood", ylabel="nats", ylim=(uniform - 15, uniform + 2))
    axes[1].plot(log_alphas, unseen_mass(counts, 10**log_alphas), color=style.P_MODEL)
    axes[1].set(title="Probability of all unseen styles", xlabel="log₁₀ α", ylabel="probability", ylim=(0, 1.05))
    return Panel(
        partial(draw, axes=list(axes), counts=counts),
        figure,
        sliders={"log_alpha": Slider("log₁₀ of the pseudo-count α", -3, 2, 0.05, -2)},
    )
