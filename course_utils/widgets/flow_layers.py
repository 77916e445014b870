"""Lesson 16: from noise to data through the layers of a flow, with circles that are bent and never torn."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

BETWEEN = 5  # steps of the slider from one stage to the next


def draw(step: float, *, ax: Axes, dots: np.ndarray, circles: np.ndarray, log_p: np.ndarray) -> Frame:
    """Return the frame after some steps, BETWEEN for each layer: dots (S, N, 2), circles (S, C, M, 2), log p of the dots (S, N).

    Between two stages all move in a straight line. A part of the way through a coupling is a coupling, too.
    """
    done, part = divmod(int(step), BETWEEN)
    part /= BETWEEN
    after = min(done + 1, len(dots) - 1)
    overlay = Overlay()
    moved, rings = ((1 - part) * place[done] + part * place[after] for place in (dots, circles))
    for ring in rings:
        overlay.line(ax, ring[:, 0], ring[:, 1], style.LATENT, width=1.5)
    overlay.dots(ax, moved[:, 0], moved[:, 1], style.SAMPLE, radius=2.5)
    nats = -log_p[done].mean()
    gone = f"{done} of {len(dots) - 1}" + (f", and {part:.0%} of the next" if part else "")
    numbers = {
        "layers gone through": gone,
        "mean −log p of the dots then": f"{nats:.2f} nats".replace("-", "−"),
    }
    alt = (
        f"Dots of noise and {len(rings)} circles around the middle, after {done} of {len(dots) - 1} layers of a flow"
        f"{f' and {part:.0%} of the next' if part else ''}: the circles are {'round' if not step else 'bent, and none is torn'}."
    )
    return Frame(str(overlay), numbers, alt)


def flow_layers(dots: Sequence[np.ndarray], circles: Sequence[np.ndarray], log_p: Sequence[np.ndarray]) -> Panel:
    """Show dots (S, N, 2) and circles (S, C, M, 2) at each stage of a flow, from noise to data, with a slider through them.

    log_p (S, N): that of the dots at each stage. Raises ValueError for other shapes.
    """
    dots, circles, log_p = (np.asarray(part, dtype=float) for part in (dots, circles, log_p))
    if (
        dots.ndim != 3
        or circles.ndim != 4
        or log_p.shape != dots.shape[:2]
        or len(circles) != len(dots)
        or len(dots) < 2
    ):
        raise ValueError(
            "dots must be (S, N, 2), circles (S, C, M, 2) and log_p (S, N) for two stages or more, "
            f"got {dots.shape}, {circles.shape} and {log_p.shape}"
        )
    every = np.concatenate([dots.reshape(-1, 2), circles.reshape(-1, 2)])
    (x0, y0), (x1, y1) = every.min(axis=0) - 0.2, every.max(axis=0) + 0.2
    figure, ax = plt.subplots(figsize=(6.4, 5.0))
    ax.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", xlabel="x₁", ylabel="x₂", title="Noise becomes two moons")
    last = BETWEEN * (len(dots) - 1)

    def to(step: float) -> dict:
        return {"step": float(np.clip(step, 0, last))}

    return Panel(
        partial(draw, ax=ax, dots=dots, circles=circles, log_p=log_p),
        figure,
        sliders={"step": Slider(f"steps, {BETWEEN} for each layer", 0, last, 1, 0)},
        buttons={
            "a layer back": lambda values: to((np.ceil(values["step"] / BETWEEN) - 1) * BETWEEN),
            "a layer on": lambda values: to((values["step"] // BETWEEN + 1) * BETWEEN),
        },
        play="step",
    )
