"""Lesson 01: how p(x|y) for each class turns into p(y|x)."""

from collections.abc import Callable
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import Digits
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

LEFT, RIGHT = -220, 40  # the range shown for log p(x|y), in nats: a density has no zero from which bars could rise


def draw(
    picture: float,
    noisy: float,
    prior_of_8: float,
    *,
    axes: list[Axes],
    digits: Digits,
    log_likelihood: Callable,
    noise: np.ndarray,
) -> Frame:
    """Return the picture, log p(x|y) for the ten classes with log p(x) as a line, and p(y|x) by Bayes' rule.

    log_likelihood maps pixels (N, 64) to log p(x|y) (N, 10) in nats; noise (2, 64) holds grey values and an order of
    the pixels, the first `noisy` of which are replaced.
    """
    i = int(picture)
    x = digits.pixels[i].copy()
    replaced = noise[1].argsort()[: int(noisy)]
    x[replaced] = noise[0][replaced]
    log_prior = np.log(np.where(np.arange(10) == 8, prior_of_8, (1 - prior_of_8) / 9))
    of_class = log_likelihood(x[None])[0]  # (10,)
    log_joint = of_class + log_prior
    log_evidence = np.logaddexp.reduce(log_joint)
    posterior = np.exp(log_joint - log_evidence)
    overlay = Overlay()
    overlay.image(axes[0], style.PAPER_TO_INK(x.reshape(8, 8), bytes=True), (-0.5, 7.5, -0.5, 7.5))
    overlay.line(axes[1], np.clip([log_evidence] * 2, LEFT, RIGHT), np.array([-0.6, 9.6]), style.INK)
    overlay.dots(axes[1], np.clip(of_class, LEFT, RIGHT), np.arange(10), style.P_MODEL, radius=6.5)
    for y in range(10):
        overlay.rect(axes[2], 0, y - 0.3, posterior[y], y + 0.3, style.P_MODEL)
    best = int(posterior.argmax())
    numbers = {
        "written by hand as": str(digits.labels[i]),
        "largest p(y|x)": f"{posterior[best]:.3f} for y = {best}",
        "log p(x)": _nats(log_evidence),
        "the picture, for 3 against 8": _nats(of_class[3] - of_class[8], sign="+"),
        "the prior, for 3 against 8": _nats(log_prior[3] - log_prior[8], sign="+"),
    }
    alt = (
        f"A handwritten {digits.labels[i]} with {int(noisy)} noisy pixels. The class {best} has the probability "
        f"{posterior[best]:.2f}; log p(x) is {numbers['log p(x)']}."
    )
    return Frame(str(overlay), numbers, alt)


def _nats(value: float, sign: str = "") -> str:
    return f"{value:{sign}.1f} nats".replace("-", "−")


def bayes_explorer(digits: Digits, log_likelihood: Callable) -> Panel:
    """Show p(x|y) and p(y|x) of one picture: choose it, put noise on it, and change the prior of the class 8."""
    figure, axes = plt.subplots(1, 3, figsize=(8.2, 4.0), width_ratios=[1, 1.6, 1.1])
    axes[0].set(xlim=(-0.5, 7.5), ylim=(-0.5, 7.5), xticks=[], yticks=[], aspect="equal", title="the picture x")
    for ax, title, label in zip(axes[1:], ("log p(x|y); line: log p(x)", "p(y|x)"), ("nats", "probability")):
        ax.set(ylim=(9.6, -0.6), yticks=range(10), title=title, xlabel=label, ylabel="class y")
    axes[1].set_xlim(LEFT, RIGHT)
    axes[1].grid(axis="y", color=style.PALE, linewidth=1.5)
    axes[2].set_xlim(0, 1)
    rng = np.random.default_rng(0)
    return Panel(
        partial(draw, axes=list(axes), digits=digits, log_likelihood=log_likelihood, noise=rng.uniform(size=(2, 64))),
        figure,
        sliders={
            "picture": Slider("which picture", 0, len(digits.labels) - 1, 1, 0),
            "noisy": Slider("noisy pixels", 0, 64, 1, 0),
            "prior_of_8": Slider("p(y = 8) before looking", 0.01, 0.99, 0.01, 0.1),
        },
        grid={
            "picture": _telling(digits.labels, log_likelihood(digits.pixels)),
            "noisy": range(0, 65, 16),
            "prior_of_8": (0.01, 0.1, 0.5, 0.9, 0.99),
        },
    )


def _telling(labels: np.ndarray, log_prob: np.ndarray) -> list[int]:
    """Return the pictures of a deck: the first of each class, three read wrongly, and three that are a 3 but almost an 8."""
    read_as = log_prob.argmax(axis=1)
    threes = np.flatnonzero((labels == 3) & (read_as == 3))
    doubtful = threes[np.argsort((log_prob[:, 3] - log_prob[:, 8])[threes])]
    firsts = np.unique(labels, return_index=True)[1]
    return [*firsts, *np.flatnonzero(read_as != labels)[:3], *doubtful[:3]]
