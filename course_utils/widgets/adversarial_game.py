"""Lesson 15: a generator and a discriminator in the plane, moved by the reader: step D, step G, or some rounds of both."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import contourpy
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes

from course_utils import style
from course_utils.models import GAN
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

SIDE = 64  # of the map of D, in squares
ANGLES = np.arange(0, 365, 5)  # degrees, on the circle of noise
N_FAKES = 400
N_SHOWN = 250  # observations


class State(NamedTuple):
    """The game after some moves: D on a grid (SIDE, SIDE), first row on top, fakes (N, 2), and G of the circle (73, 2)."""

    d: np.ndarray
    fakes: np.ndarray
    circle: np.ndarray
    moves: tuple[int, int]  # of D, of G
    losses: tuple[float, float]  # of D, of G, in nats
    covered: int | None = None


def state_of(
    gan: GAN, x: torch.Tensor, reach: float, moves: tuple[int, int], covered: Callable | None, seed: int
) -> State:
    """Return what there is to see of a game on observations x (N, 2), on the square from −reach to reach."""
    centres = (np.arange(SIDE) + 0.5) / SIDE * 2 * reach - reach
    grid = torch.tensor(np.stack(np.meshgrid(centres, -centres), axis=-1).reshape(-1, 2)).float()
    radians = torch.tensor(np.radians(ANGLES)).float()
    fakes = gan.sample(N_FAKES, torch.Generator().manual_seed(seed))  # always the same noise
    with torch.no_grad():
        losses = gan.discriminator_loss(x, fakes).item(), gan.generator_loss(fakes).item()
    return State(
        gan.discriminate(grid).numpy().reshape(SIDE, SIDE), fakes.numpy(), gan.decode(torch.stack([radians.cos(), radians.sin()], dim=1)).numpy(),
        moves, losses, covered(fakes.numpy()) if covered else None,
    )  # fmt: skip


def scene(now: State, ax: Axes, x: np.ndarray) -> str:
    """Return what is the same for all angles: the map of D, from ¼ (white) to ¾, observations, fakes, and the circle as G bends it."""
    (low, high), overlay = ax.get_xlim(), Overlay()
    overlay.image(
        ax, style.PAPER_TO_MODEL(0.8 * np.clip(2 * now.d - 0.5, 0, 1), bytes=True)[..., :3], (low, high, low, high)
    )
    middles = low + (np.arange(SIDE) + 0.5) / SIDE * (high - low)
    for line in contourpy.contour_generator(middles, -middles, now.d).lines(0.5):
        overlay.line(ax, line[:, 0], line[:, 1], style.GREY, width=1.5)
    overlay.dots(ax, *x.T, style.OBSERVATIONS, radius=2)
    inside = np.clip(now.fakes, low, high)  # what lies outside is shown on the edge
    overlay.dots(ax, *inside.T, "white", radius=4)
    overlay.dots(ax, *inside.T, style.SAMPLE, radius=2.8)
    circle = np.clip(now.circle, low, high)
    overlay.line(ax, *circle.T, style.LATENT, width=1.5)
    return str(overlay)


def draw(
    state: int, angle: float, *, ax: Axes, x: np.ndarray, states: Sequence[State], scenes: dict[int, str] | None = None
) -> Frame:
    """Return the frame after some presses: a scene, and where G brings one noise. scenes: those drawn before, by state."""
    now, scenes, overlay = states[state], {} if scenes is None else scenes, Overlay()
    if state not in scenes:
        scenes[state] = scene(now, ax, x)
    overlay.elements.append(scenes[state])
    circle = np.clip(now.circle, *ax.get_xlim())
    place = circle[np.abs(ANGLES - angle).argmin()]
    overlay.dots(ax, place[:1], place[1:], "white", radius=9)
    overlay.dots(ax, place[:1], place[1:], style.LATENT, radius=7)
    d, g = now.moves
    numbers = {
        "moves of D": str(d),
        "moves of G": str(g),
        "D's loss in nats": f"{now.losses[0]:.2f}",
        "G's loss in nats": f"{now.losses[1]:.2f}",
    }
    numbers = {name: number.replace("-", "−") for name, number in numbers.items()}
    alt = (
        f"The map of D after {d} moves of D and {g} of G, with observations and fakes. G brings the noise at {angle:g} "
        f"degrees to ({place[0]:.1f}, {place[1]:.1f})."
    ).replace("-", "−")
    if now.covered is not None:
        numbers["modes covered"] = str(now.covered)
        alt += f" The fakes cover {now.covered} modes."
    return Frame(str(overlay), numbers, alt)


def presses(rounds: str) -> list[str]:
    """Return which buttons are pressed for a deck: all sequences of three, and what the lesson asks for.

    It asks for steps of D and of G, rounds until seven or eight modes are covered (three), steps of G until most are
    lost, and to bring them back by a step of D and rounds.
    """
    d, g, r = ["step D"], ["step G"], [rounds]
    asked = d * 5 + g * 5 + r * 3 + g * 10 + d + r * 3
    ways = [*product(("step D", "step G", rounds), repeat=3), asked]
    return [press for way in ways for press in (*way, "start again")]


def adversarial_game(
    gan: GAN, x: torch.Tensor, covered: Callable[[np.ndarray], int] | None = None, *,
    moves: int = 20, rounds: int = 50, batch_size: int = 100, lr: float = 3e-3, seed: int = 0,
) -> Panel:  # fmt: skip
    """Show a game in the plane between observations x (N, 2) and a GAN with two features and two latent dimensions.

    The buttons "step D" and "step G" make `moves` moves of one player, each with a mini-batch of its own; the third plays
    `rounds` rounds of one move each; "start again" brings the GAN back as it came, and never changes it. A slider
    follows one noise on the circle |z| = 1. covered: a function from fakes (N, 2) to the number of modes that they cover.
    Raises ValueError for another GAN, for what is no x, or if a number of moves or rounds is no whole number from 1 upwards.
    """
    if not isinstance(gan, GAN) or gan.shape != (2,) or gan.n_latent != 2:
        raise ValueError(
            f"gan must be a GAN with n_features=2 and n_latent=2, got {getattr(gan, 'arguments', type(gan).__name__)}"
        )
    x = gan._check(x)
    for name, value in {"moves": moves, "rounds": rounds, "batch_size": batch_size}.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 upwards, got {value!r}")
    reach = 1.5 * float(x.abs().max())
    games, states = [], []  # of each state, the players with their source of noise, and what there is to see
    after: dict[tuple, int] = {}  # state and press → state, so that a deck computes no way twice

    def keep(game: GAN, rng: torch.Generator, moves: tuple[int, int]) -> int:
        games.append((game, rng.get_state()))
        states.append(state_of(game, x, reach, moves, covered, seed))
        return len(states) - 1

    def play(values: dict, of_d: int, of_g: int, times: int) -> dict:
        press = values["state"], of_d, of_g, times
        if press not in after:
            after[press] = moved(*press)
        return {"state": after[press]}

    def moved(state: int, of_d: int, of_g: int, times: int) -> int:
        game, rng = copy.deepcopy(games[state][0]), torch.Generator()
        rng.set_state(games[state][1])
        for _ in range(times):
            for _ in range(of_d):
                game.step_discriminator(x[torch.randint(len(x), (batch_size,), generator=rng)], rng, lr)
            for _ in range(of_g):
                game.step_generator(batch_size, rng, lr)
        d, g = states[state].moves
        return keep(game, rng, (d + of_d * times, g + of_g * times))

    keep(copy.deepcopy(gan), torch.Generator().manual_seed(seed), (0, 0))
    figure, ax = plt.subplots(figsize=(5.6, 5.2))
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="x₁", ylabel="x₂")
    ax.set_title("orange: here D says “observation”")
    return Panel(
        partial(draw, ax=ax, x=x[:N_SHOWN].numpy(), states=states, scenes={}),
        figure,
        sliders={"angle": Slider("follow one noise: its angle in degrees", 0, 360, 5, 0)},
        buttons={
            "step D": partial(play, of_d=1, of_g=0, times=moves),
            "step G": partial(play, of_d=0, of_g=1, times=moves),
            f"play {rounds} rounds": partial(play, of_d=1, of_g=1, times=rounds),
            "start again": lambda values: {"state": 0},
        },
        fixed={"state": 0},
        grid={"angle": range(0, 361, 45)},
        presses=presses(f"play {rounds} rounds"),
    )
