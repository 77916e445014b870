"""Lesson 10: a digit is told pixel by pixel; say what comes next, and compare yourself with models that do the same."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

UNTOLD = (206, 214, 224)  # the colour of what has not been told yet
SIDE = 8


def surprises(bets: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return −log p(x_i | x_<i) in nats, shape of x; bets holds p(x_i = 1 | x_<i), x zeros and ones."""
    with np.errstate(divide="ignore"):
        return -np.log(np.where(x == 1, bets, 1 - bets))


def draw(
    picture: float,
    told: float,
    guesses: Sequence[Sequence[int]],
    *,
    axes: list[Axes],
    pictures: np.ndarray,
    bets: Mapping[str, np.ndarray],
) -> Frame:
    """Return the frame for a picture of which `told` pixels are known: the picture, and each model's surprise so far.

    pictures (N, 64) zeros and ones; bets: name → p(x_i = 1 | x_<i) (N, 64); guesses: (picture, pixel, 0 or 1) each.
    """
    k, told = int(picture), int(told)
    x, overlay = pictures[k], Overlay()
    image = style.PAPER_TO_INK(x.astype(float), bytes=True)[:, :3]
    image[told:] = UNTOLD
    overlay.image(axes[0], image.reshape(SIDE, SIDE, 3), (-0.5, SIDE - 0.5, SIDE - 0.5, -0.5))
    for of, pixel, guess in guesses:
        if of == k and pixel < told and guess != x[pixel]:
            overlay.text(axes[0], pixel % SIDE, pixel // SIDE, "×", "middle", style.GREY)
    if told < SIDE**2:
        row, column = divmod(told, SIDE)
        overlay.rect(axes[0], column - 0.5, row - 0.5, column + 0.5, row + 0.5, style.P_MODEL, opacity=0)
    truth = [pictures[of, pixel] for of, pixel, _ in guesses]
    right = sum(guess == value for (_, _, guess), value in zip(guesses, truth))
    numbers = {"right guesses, you": f"{right} of {len(guesses)}"}
    for name, bet in bets.items():
        right = sum((bet[of, pixel] > 0.5) == value for (of, pixel, _), value in zip(guesses, truth))
        numbers[f"right guesses, {name}"] = f"{right} of {len(guesses)}"
    for name, colour in zip(bets, colours(bets)):
        so_far = np.concatenate([[0], np.cumsum(surprises(bets[name][k], x))])[: told + 1]  # (told + 1,)
        overlay.line(axes[1], np.arange(told + 1), np.minimum(so_far, axes[1].get_ylim()[1]), colour, width=3)
        numbers[f"surprise so far, {name}"] = f"{so_far[-1]:.1f} nats" if np.isfinite(so_far[-1]) else "∞"
    said = ", ".join(f"{name} {numbers[f'surprise so far, {name}']}" for name in bets)
    alt = f"A digit, {told} of its {SIDE**2} pixels told. Surprise so far: {said}. Your right guesses: {numbers['right guesses, you']}."
    return Frame(str(overlay), numbers, alt)


def colours(bets: Mapping[str, np.ndarray]) -> list[str]:
    """Return a colour for each model: the last one is the model of the moment, the others are there to compare."""
    return [style.GREY] * (len(bets) - 1) + [style.P_MODEL]


def guessing_game(pictures: np.ndarray, models: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> Panel:
    """Tell a digit pixel by pixel; two buttons say what comes next, and each model says p(x_i = 1 | x_<i) of the same.

    pictures (N, 64): zeros and ones, at least two of them; models: name → a function from pictures to their
    conditionals (N, 64). Raises ValueError for pictures of another form, or conditionals that are no probabilities.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 2 or pictures.shape[1] != SIDE**2 or len(pictures) < 2 or not np.isin(pictures, (0, 1)).all():
        raise ValueError(
            f"pictures must be (N, {SIDE**2}) zeros and ones, N ≥ 2, got {pictures.dtype} {pictures.shape}"
        )
    bets = {name: np.asarray(model(pictures), dtype=float) for name, model in models.items()}
    for name, bet in bets.items():
        if bet.shape != pictures.shape or not ((bet >= 0) & (bet <= 1)).all():
            raise ValueError(
                f"the conditionals of {name} must be probabilities of shape {pictures.shape}, got shape {bet.shape}"
            )
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.8), width_ratios=[1, 1.15])
    axes[0].set(
        xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5), aspect="equal", xticks=[], yticks=[], title="What comes next?"
    )
    for name, colour in zip(bets, colours(bets)):
        axes[1].plot([], [], color=colour, linewidth=3, label=name)
    axes[1].plot(
        [0, SIDE**2],
        [0, SIDE**2 * np.log(2)],
        color=style.GREY,
        linestyle="--",
        linewidth=1.5,
        label="a coin for each pixel",
    )
    axes[1].set(
        xlim=(0, SIDE**2),
        ylim=(0, 50),
        xticks=range(0, SIDE**2 + 1, SIDE),
        xlabel="pixels told",
        ylabel="nats",
        title="Surprise so far",
    )
    axes[1].legend(loc="upper left")

    def say(guess: int, values: dict) -> dict | str:
        place = [int(values["picture"]), int(values["told"])]
        if place[1] == SIDE**2:
            return "This picture is complete. Choose another one."
        known = any(list(other[:2]) == place for other in values["guesses"])  # only the first guess counts
        return {"guesses": values["guesses"] if known else [*values["guesses"], [*place, guess]], "told": place[1] + 1}

    return Panel(
        partial(draw, axes=list(axes), pictures=pictures, bets=bets),
        figure,
        sliders={
            "picture": Slider("which picture", 0, len(pictures) - 1, 1, 0),
            "told": Slider("pixels told", 0, SIDE**2, 1, 2 * SIDE),
        },
        buttons={"ink": partial(say, 1), "paper": partial(say, 0), "forget my guesses": lambda values: {"guesses": []}},
        fixed={"guesses": []},
    )
