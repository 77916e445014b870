"""Lesson 12: a face whose lower rows are hidden, what a model draws in their place, and how many faces it might be."""

from collections.abc import Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import PlanetPixelDistribution
from course_utils.widgets.hidden_pixels import COVER
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

SIDE = 32
COLUMNS, ROOM = 3, 35  # completions in a row of the grid, and the width of each with its margin, in pixels


def faces_that_fit(p_data: PlanetPixelDistribution, pixels: np.ndarray, hidden: int) -> np.ndarray:
    """Return p_data(face | the visible rows) (3552,), exactly: of all faces keep those that agree above the hidden rows.

    pixels (1024,) is the picture as palette indices, a face of Planet Pixel; hidden says how many rows are, from below.
    """
    visible = SIDE * (SIDE - hidden)
    agree = (p_data.pixels[:, :visible] == pixels[:visible]).all(axis=1)
    weights = np.where(agree, p_data.probabilities, 0)
    return weights / weights.sum()


def draw(
    face: float,
    setting: float,
    *,
    axes: Sequence[Axes],
    faces: np.ndarray,
    drawn: Sequence[tuple[int, np.ndarray]],
    p_data: PlanetPixelDistribution,
) -> Frame:
    """Return the frame for one face (1024,) of `faces` and one number of hidden rows: what is seen, the completions, the truth.

    drawn: for each setting (hidden rows, completions (F, K, 32, 32, 3) uint8).
    """
    pixels, (hidden, completions) = faces[int(face)], drawn[int(setting)]
    truth = p_data.palette[pixels].reshape(SIDE, SIDE, 3)
    seen = truth.copy()
    seen[SIDE - hidden :] = COVER
    overlay = Overlay()
    for ax, picture in zip((axes[0], axes[2]), (seen, truth)):
        overlay.image(ax, picture, (0, SIDE, SIDE, 0))
    for k, picture in enumerate(completions[int(face)]):
        y, x = (ROOM * place for place in divmod(k, COLUMNS))
        overlay.image(axes[1], picture, (x, x + SIDE, y + SIDE, y))
        edge = y + SIDE - hidden
        overlay.line(axes[1], [x - 1, x + SIDE + 1], [edge, edge], style.SAMPLE, width=2)
    q = faces_that_fit(p_data, pixels, hidden)
    q = q[q > 0]
    open_nats = f"{abs(-np.sum(q * np.log(q))):.2f} nats"
    numbers = {
        "rows hidden": f"{hidden} of {SIDE}",
        "faces that fit what is visible": f"{len(q):,}",
        "p_data is still open by": open_nats,
    }
    alt = (
        f"A face with {hidden} of {SIDE} rows hidden, {len(completions[int(face)])} completions by the model, and the truth. "
        f"{len(q)} faces fit what is visible, an entropy of {open_nats}."
    )
    return Frame(str(overlay), numbers, alt)


def completion(faces: np.ndarray, completions: Mapping[int, np.ndarray], p_data: PlanetPixelDistribution) -> Panel:
    """Show faces with their lower rows hidden, and what was drawn in place of them.

    faces (F, 1024): palette indices, each a face of Planet Pixel. completions: hidden rows → pictures (F, K, 32, 32, 3)
    uint8, K of them for each face. Raises ValueError for pictures of another form.
    """
    faces, drawn = np.asarray(faces), [(hidden, np.asarray(completions[hidden])) for hidden in sorted(completions)]
    if faces.ndim != 2 or faces.shape[1] != SIDE**2 or len(drawn) < 2:
        raise ValueError(
            f"faces must be (F, {SIDE**2}), with two settings or more, got {faces.shape} and {len(drawn)} settings"
        )
    n = drawn[0][1].shape[1:2]
    for hidden, pictures in drawn:
        if not 1 <= hidden <= SIDE or pictures.shape != (len(faces), *n, SIDE, SIDE, 3) or pictures.dtype != np.uint8:
            expected = f"completions of 1 … {SIDE} hidden rows must be ({len(faces)}, K, {SIDE}, {SIDE}, 3) uint8"
            raise ValueError(f"{expected}, got {pictures.dtype} {pictures.shape} for {hidden}")
    lines = -(-n[0] // COLUMNS)
    figure, axes = plt.subplots(1, 3, figsize=(7.8, 3.2), width_ratios=[1, COLUMNS / lines, 1])
    for ax, title in zip(axes, ("what is seen", "drawn by the model", "the truth")):
        ax.set(xlim=(-1, SIDE + 1), ylim=(SIDE + 1, -1), aspect="equal", title=title)
        ax.axis("off")
    axes[1].set(xlim=(-1, ROOM * COLUMNS - 2), ylim=(ROOM * lines - 2, -1))
    words = tuple(str(hidden) for hidden, _ in drawn)
    sliders = {"setting": Slider("rows hidden", 0, len(drawn) - 1, 1, len(drawn) // 2, words)}
    if len(faces) > 1:
        sliders["face"] = Slider("which face", 0, len(faces) - 1, 1, 0)
    return Panel(
        partial(draw, axes=list(axes), faces=faces, drawn=drawn, p_data=p_data),
        figure,
        sliders=sliders,
        fixed={} if len(faces) > 1 else {"face": 0},
    )
