"""Lessons 11 and 12: a picture is drawn pixel by pixel, with what the model says about the next one."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

NOT_YET = 214  # the grey of what has not been drawn yet
N_BARS = 8
TEMPERATURES = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0)


class Recording(NamedTuple):
    """How a picture came about: what was drawn in each of S steps, one after the other.

    places (S,): where, in the flattened picture; values (S,): what, one of 0 … K − 1; probabilities (S, K): the model's
    conditional p(value | all before) at each step, at temperature 1 even if the values were drawn at another one.
    """

    places: np.ndarray
    values: np.ndarray
    probabilities: np.ndarray


class Prepared(NamedTuple):
    """A recording with what `draw` needs of it: the conditionals at its temperature, and both sums of log p (S + 1,)."""

    recording: Recording
    tempered: np.ndarray
    log_p: np.ndarray
    log_tempered: np.ndarray


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the conditionals (S, K) at a temperature: p to the power 1/temperature, made to sum to one again."""
    highest = probabilities.max(axis=1, keepdims=True)
    powers = (probabilities / highest) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def prepare(recording: Recording, temperature: float) -> Prepared:
    """Check a recording and add up its log-probabilities, in nats."""
    places, values, p = (np.asarray(part) for part in recording)
    if p.ndim != 2 or places.shape != p.shape[:1] or values.shape != p.shape[:1]:
        shapes = ", ".join(str(part.shape) for part in (places, values, p))
        raise ValueError(f"a recording must have places (S,), values (S,) and probabilities (S, K), got {shapes}")
    if not (p >= 0).all() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise ValueError("the probabilities of each step must be 0 or more and sum to 1: are they logits?")
    places, values, p = places.astype(int), values.astype(int), p.astype(float)
    tempered = temper(p, temperature)
    with np.errstate(divide="ignore"):
        sums = [np.concatenate([[0], np.log(q[np.arange(len(q)), values]).cumsum()]) for q in (p, tempered)]
    return Prepared(Recording(places, values, p), tempered, *sums)


def draw(
    step: float,
    temperature: float,
    picture: float,
    *,
    axes: list[Axes],
    prepared: Callable[[int, int], Prepared],
    shape: tuple[int, ...],
    colours: np.ndarray | None,
    names: Sequence[str],
    temperatures: Sequence[float],
) -> Frame:
    """Return the frame before a step: the picture so far, what was expected of each pixel, and the next conditional."""
    (places, values, _), tempered, log_p, log_tempered = prepared(int(temperature), int(picture))
    k, height, width = int(step), shape[0], shape[1]
    channels = len(shape) == 3
    shades = np.arange(tempered.shape[1]) if channels else colours  # (K,) or (K, 3)
    overlay = Overlay()
    for ax, shown in ((axes[0], shades[values[:k]]), (axes[1], tempered[: k + 1] @ shades)):
        image = np.full((height * width * 3,) if channels else (height * width, 3), NOT_YET, dtype=np.uint8)
        image[places[: len(shown)]] = np.rint(shown)
        overlay.image(ax, image.reshape(height, width, 3), (-0.5, width - 0.5, height - 0.5, -0.5))
    numbers = {"drawn": f"{k} of {len(values)}"}
    said = "It is complete."
    if k < len(values):
        row, column = divmod(places[k] // (3 if channels else 1), width)
        for ax in axes[:2]:
            overlay.rect(ax, column - 0.5, row - 0.5, column + 0.5, row + 0.5, style.P_MODEL, opacity=0)
        p = tempered[k]
        likely = np.sort(np.argsort(-p, kind="stable")[:N_BARS]) if len(p) > N_BARS else np.arange(len(p))
        for y, value in enumerate(likely):
            colour = np.eye(3)[places[k] % 3] * value if channels else colours[value]
            overlay.image(axes[2], np.rint(colour).astype(np.uint8).reshape(1, 1, 3), (-0.25, -0.05, y + 0.3, y - 0.3))
            overlay.rect(axes[2], 0, y - 0.3, p[value], y + 0.3, style.P_MODEL)
            name = f"{names[value]} " if names else ""
            overlay.text(axes[2], p[value] + 0.06, y, f"{name}{p[value]:.2f}")
        best = p.argmax()
        said = f"Next: row {row + 1}, column {column + 1}, {names[best] if names else f'value {best}'} with p = {p[best]:.2f}."
        numbers["next"] = f"row {row + 1}, column {column + 1}"
    numbers["log p(x) so far"] = _nats(log_p[k])
    if len(temperatures) > 1:
        numbers[f"the same, with T = {temperatures[int(temperature)]:g}"] = _nats(log_tempered[k])
    alt = f"A picture of which {k} of {len(values)} values are drawn. {said} log p(x) so far {_nats(log_p[k])}."
    return Frame(str(overlay), numbers, alt)


def _nats(value: float) -> str:
    return f"{round(value, 1) + 0:.1f} nats".replace("-", "−") if np.isfinite(value) else "−∞"


def pixel_sampler(
    record: Callable[[float, int], Recording],
    shape: tuple[int, ...],
    colours: np.ndarray | None = None,
    names: Sequence[str] = (),
    temperatures: Sequence[float] = TEMPERATURES,
    n_pictures: int = 10,
    start: int = 0,
) -> Panel:
    """Draw pictures pixel by pixel, at several temperatures: play, pause, step, back.

    record: a function from a temperature and the picture's number, 0 … n_pictures − 1, to a Recording; called once for
    each pair that is looked at. shape: (H, W) with colours (K, 3) uint8, one for each value, or (H, W, 3) where the
    values 0..255 are drawn channel by channel. names: words for the K values. start: the steps that are done at first.
    """
    if len(shape) not in (2, 3) or (len(shape) == 3) != (colours is None):
        raise ValueError(f"shape must be (H, W) with colours (K, 3), or (H, W, 3) without, got shape {shape}")

    @lru_cache(maxsize=32)  # more than a deck goes through at each step
    def prepared(temperature: int, picture: int) -> Prepared:
        return prepare(record(temperatures[temperature], picture), temperatures[temperature])

    usual = int(np.argmin(np.abs(np.log(temperatures))))  # 1, where there is one
    n_steps = len(prepared(usual, 0).recording.values)
    figure, axes = plt.subplots(1, 3, figsize=(7.8, 3.3), width_ratios=[1.7, 1.7, 1])
    for ax, title in zip(axes, ("drawn so far", "what was expected")):
        ax.set(
            xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5, -0.5), aspect="equal", xticks=[], yticks=[], title=title
        )
    n_bars = min(prepared(usual, 0).tempered.shape[1], N_BARS)
    axes[2].set(
        xlim=(-0.3, 2.1 if names else 1.6),
        ylim=(max(n_bars, 4) - 0.5, -0.5),
        xticks=[0, 1],
        yticks=[],
        xlabel="probability",
        title="the next",
    )
    sliders = {"step": Slider("values drawn", 0, n_steps, 1, start)}
    if len(temperatures) > 1:
        sliders["temperature"] = Slider(
            "temperature T", 0, len(temperatures) - 1, 1, usual, tuple(f"{t:g}" for t in temperatures)
        )
    if n_pictures > 1:
        sliders["picture"] = Slider("which picture", 0, n_pictures - 1, 1, 0)
    return Panel(
        partial(
            draw, axes=list(axes), prepared=prepared, shape=tuple(shape), names=tuple(names),
            colours=None if colours is None else np.asarray(colours), temperatures=tuple(temperatures),
        ),
        figure,
        sliders=sliders,
        buttons={
            "step": lambda values: {"step": min(values["step"] + 1, n_steps)},
            "back": lambda values: {"step": max(values["step"] - 1, 0)},
            "restart": lambda values: {"step": start},
        },
        fixed={"temperature": usual, "picture": 0},
        play="step",
        grid={"step": range(0, n_steps + 1, -(-n_steps // 50)), "picture": range(min(n_pictures, 4))},
    )  # fmt: skip
