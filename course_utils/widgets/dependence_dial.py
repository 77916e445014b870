"""Lesson 05: a planet whose hair colour leans on the hairstyle by a dial, and what two models make of an album of it."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.datasets import WRODL_VALUES
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

SIZES = (50, 200, 1000)  # people in an album
SHUFFLES = 199
ALPHAS = np.array([0.1, 0.2, 0.5, 1, 2, 5])  # the pseudo-counts to choose from
LARGEST = 0.45  # the share that fills its place in the grid
NAMES = ("Naive Bayes", "table")


def leaning(dial: float, shares: Sequence[np.ndarray]) -> np.ndarray:
    """Return p_data (K, L): with probability `dial` one throw decides both features, or else each its own.

    shares: the distribution of the first feature (K,) and of the second (L,), which the dial leaves as they are.
    """
    steps = [np.append(0, np.cumsum(p)) for p in shares]
    together = np.diff(np.diff(np.minimum.outer(*steps), axis=0), axis=1)
    return (1 - dial) * np.outer(*shares) + dial * together


def people(n: int, dial: float, shares: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draw n people, codes (n, 2). The same generator gives the same throws, wherever the dial stands."""
    first, second, which = rng.uniform(size=(3, n))
    throws = first, np.where(which < dial, first, second)
    return np.column_stack([np.searchsorted(np.cumsum(p)[:-1], u, side="right") for p, u in zip(shares, throws)])


def mutual_information(joint: np.ndarray) -> np.ndarray:
    """Return the mutual information in nats of joint tables (…, K, L), shares or counts."""
    joint = joint / joint.sum(axis=(-2, -1), keepdims=True)
    product = joint.sum(axis=-1, keepdims=True) * joint.sum(axis=-2, keepdims=True)
    return np.sum(joint * np.log(np.where(joint > 0, joint, 1) / np.where(joint > 0, product, 1)), axis=(-2, -1))


def smoothed(*tables: np.ndarray) -> list[np.ndarray]:
    """Return (n + α)/(N + αd) of each table of counts, with the one α of ALPHAS that leaves one out best."""
    scores = np.zeros(len(ALPHAS))
    for counts in tables:
        seen, alpha = counts[counts > 0], ALPHAS[:, None]
        scores += (seen * np.log((seen - 1 + alpha) / (counts.sum() - 1 + alpha * counts.size))).sum(axis=1)
    alpha = ALPHAS[scores.argmax()]
    return [(counts + alpha) / (counts.sum() + alpha * counts.size) for counts in tables]


def divergences(counts: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """Return KL(p‖model) in nats of Naive Bayes and of the table, both smoothed, after counts (K, L)."""
    models = np.outer(*smoothed(counts.sum(axis=1), counts.sum(axis=0))), *smoothed(counts)
    possible = p > 0
    return tuple(float(np.sum(p[possible] * np.log(p[possible] / q[possible]))) for q in models)


def p_value(codes: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> float:
    """Return the p-value of a permutation test: how many shuffled albums have as much mutual information as this one."""
    first, second = codes.T
    shuffled = rng.permuted(np.tile(second, (SHUFFLES, 1)), axis=1)
    cells = np.vstack([second, shuffled]) + shape[1] * first  # (1 + SHUFFLES, n)
    cells += np.prod(shape) * np.arange(len(cells))[:, None]
    tables = np.bincount(cells.ravel(), minlength=len(cells) * np.prod(shape)).reshape(-1, *shape)
    observed, *by_chance = mutual_information(tables).tolist()
    return (1 + sum(value >= observed - 1e-12 for value in by_chance)) / (1 + SHUFFLES)


def draw(dial: float, size: float, album: float, *, axes: Sequence[Axes], shares: Sequence[np.ndarray]) -> Frame:
    """Return the frame for one album: its counts beside what independence expects, and how far both models are off."""
    n, rng = SIZES[int(size)], np.random.default_rng([int(album), int(size)])
    codes = people(n, dial, shares, rng)
    counts = np.zeros([len(p) for p in shares])
    np.add.at(counts, tuple(codes.T), 1)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    p = leaning(dial, shares)
    far, surprise = divergences(counts, p), p_value(codes, counts.shape, rng)
    overlay = Overlay()
    for row, column in np.ndindex(counts.shape):
        for value, colour, opacity in ((counts, style.OBSERVATIONS, 1), (expected, style.P_MODEL, 0)):
            half = 0.47 * min(1, np.sqrt(value[row, column] / n / LARGEST))
            if half > 0:
                overlay.rect(axes[0], column - half, row - half, column + half, row + half, colour, opacity)
    for y, value in zip((1, 0), far):
        overlay.rect(axes[1], 0, y - 0.25, value, y + 0.25, style.P_MODEL)
        overlay.text(axes[1], value + 0.03, y, f"{value:.2f}")
    lost = float(abs(mutual_information(p)))
    numbers = {
        "mutual information of the planet": f"{lost:.2f} nats",
        **{f"{name}: nats above H(p_data)": f"{value:.2f}" for name, value in zip(NAMES, far)},
        "p-value of the album": f"{surprise:.3f}",
        "nearer to the truth": NAMES[int(np.argmin(far))],
    }
    alt = (
        f"Hairstyles and hair colours of {n} people with the dial at {dial:g}, and two bars: "
        f"{NAMES[0]} is {far[0]:.2f} nats above the entropy, the {NAMES[1]} {far[1]:.2f}. The p-value is {surprise:.3f}."
    )
    return Frame(str(overlay), numbers, alt)


def dependence_dial(shares: Sequence[np.ndarray]) -> Panel:
    """Show albums of a planet whose hair colour leans on the hairstyle, and how well two models know it.

    shares: p_data of the hairstyles (7,) and of the hair colours (6,), in the order of WRODL_VALUES.
    """
    names = [WRODL_VALUES["topType"], WRODL_VALUES["hairColor"]]
    if [len(p) for p in shares] != [len(values) for values in names]:
        raise ValueError(f"shares must be of 7 hairstyles and 6 hair colours, got {[len(p) for p in shares]}")
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 4.4), width_ratios=[1.35, 1])
    axes[0].set(xlim=(-0.5, 5.5), ylim=(6.5, -0.5), aspect="equal", title="Album (dark), expected (orange)")
    axes[0].set_xticks(range(6), names[1], rotation=40, ha="right", rotation_mode="anchor")
    axes[0].set_yticks(range(7), names[0])
    axes[0].tick_params(length=0)
    axes[1].set(xlim=(0, 1.25), ylim=(-0.6, 1.6), xlabel="nats above H(p_data)", title="On new people")
    axes[1].set_yticks([1, 0], NAMES)
    return Panel(
        partial(draw, axes=list(axes), shares=shares),
        figure,
        sliders={
            "dial": Slider("λ: how much the colour leans on the style", 0, 1, 0.05, 0),
            "size": Slider("people in the album", 0, len(SIZES) - 1, 1, 0, tuple(map(str, SIZES))),
            "album": Slider("which album", 0, 9, 1, 0),
        },
    )
