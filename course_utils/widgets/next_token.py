"""Lesson 17: write a sentence token by token, and see what a language model expects next."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider
from course_utils.widgets.panel import Panel

N_BARS = 8
TEMPERATURES = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0)
TOP_PS = (0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
END = "."


def choices(p: np.ndarray, temperature: float, top_p: float) -> tuple[np.ndarray, np.ndarray]:
    """Return p (V,) at a temperature, and which tokens top-p keeps (V,): the fewest, likeliest first, that hold top_p."""
    with np.errstate(divide="ignore"):
        logits = np.log(p) / temperature
    tempered = np.exp(logits - logits.max())
    tempered /= tempered.sum()
    order = np.argsort(-tempered, kind="stable")
    before = np.cumsum(tempered[order]) - tempered[order]
    kept = np.zeros(len(p), dtype=bool)
    kept[order] = (before < top_p) | (top_p >= 1)
    return tempered, kept & (tempered > 0)


def visible(words: str) -> str:
    """Return words with their spaces as dots, so that one sees where a token begins."""
    return words.replace(" ", "·")


def draw(
    bar: float, temperature: float, top_p: float, written: Sequence[int], drawn: int = 0, *,
    axes: Sequence[Axes], predict: Callable[[tuple[int, ...]], np.ndarray], words: Sequence[str],
) -> Frame:  # fmt: skip
    """Return the frame for what is written so far: its tokens, and the likeliest next ones as bars."""
    written = tuple(written)
    T, q = TEMPERATURES[int(temperature)], TOP_PS[int(top_p)]
    overlay = Overlay()
    text = "".join(words[token] for token in written)
    log_p = sum(np.log(predict(written[:t])[token]) for t, token in enumerate(written))
    overlay.text(
        axes[0], 0, 0, visible(text.rstrip(END) + END if END in text else text) + ("" if END in text else " ▁")
    )
    numbers = {"tokens": f"{len(written)}", "log p so far": f"{round(log_p, 2) + 0:.2f} nats".replace("-", "−")}
    if END in text:
        return Frame(str(overlay), numbers, f"The sentence is complete: {text.rstrip(END)}.")
    p, kept = choices(predict(written), T, q)
    likely = np.argsort(-p, kind="stable")[:N_BARS]
    for y, token in enumerate(likely):
        overlay.rect(axes[1], 0, y - 0.3, p[token], y + 0.3, style.P_MODEL if kept[token] else style.GREY)
        if y == int(bar):
            overlay.rect(axes[1], -0.33, y - 0.46, 1.2, y + 0.46, style.INK, opacity=0)
        overlay.text(axes[1], -0.02, y, visible(words[token]), anchor="end")
        overlay.text(axes[1], p[token] + 0.03, y, f"{p[token]:.2f}" + ("" if kept[token] else ", cut"))
    numbers |= {"top-p keeps": f"{kept.sum()} of {len(p)}", "chosen": visible(words[likely[int(bar)]])}
    best = words[likely[0]]
    alt = f"Written so far: “{text}”. The likeliest next token is “{best}”, p = {p[likely[0]]:.2f}; top-p keeps {kept.sum()}. Bar {int(bar) + 1} is chosen."
    return Frame(str(overlay), numbers, alt)


def next_token(predict: Callable[[tuple[int, ...]], np.ndarray], words: Sequence[str], seed: int = 0) -> Panel:
    """Write a sentence: choose a bar and write it, or let the model draw, at a temperature and with top-p.

    predict: from the tokens so far to p (V,) of the next one; words: what each of the V tokens stands for. A sentence
    ends with the first token that holds a full stop.
    """
    predict = lru_cache(maxsize=256)(predict)
    p = predict(())
    if p.shape != (len(words),) or not np.isclose(p.sum(), 1, atol=1e-4):
        raise ValueError(f"predict must return {len(words)} probabilities, got {p.shape} with the sum {p.sum():.3f}")
    figure, axes = plt.subplots(2, 1, figsize=(7.8, 4.2), height_ratios=[1, 6])
    axes[0].set(xlim=(0, 1), ylim=(-1, 1), title="written so far")
    axes[0].axis("off")
    axes[1].set(xlim=(-0.34, 1.22), ylim=(N_BARS - 0.4, -0.6), xticks=[0, 0.5, 1], yticks=[], title="what comes next?")
    axes[1].set_xlabel("probability")
    axes[1].spines["left"].set_visible(False)

    def click_bar(values: dict) -> dict | str:
        return write(values, lambda p, kept: int(np.argsort(-p, kind="stable")[int(values["bar"])]))

    def draw_one(values: dict) -> dict | str:
        u = np.random.default_rng([seed, values["drawn"]]).random()
        answer = write(values, lambda p, kept: int(np.searchsorted(np.cumsum(p * kept), u * np.sum(p * kept))))
        return answer if isinstance(answer, str) else answer | {"drawn": values["drawn"] + 1}

    def write(values: dict, choose: Callable[[np.ndarray, np.ndarray], int]) -> dict | str:
        written = tuple(values["written"])
        if any(END in words[token] for token in written):
            return "The sentence is complete: press “start again”."
        p, kept = choices(predict(written), TEMPERATURES[int(values["temperature"])], TOP_PS[int(values["top_p"])])
        return {"written": [*written, choose(p, kept)], "bar": 0}

    return Panel(
        partial(draw, axes=list(axes), predict=predict, words=list(words)),
        figure,
        sliders={
            "bar": Slider("which bar", 0, N_BARS - 1, 1, 0, tuple(f"{k + 1}" for k in range(N_BARS))),
            "temperature": Slider(
                "temperature", 0, len(TEMPERATURES) - 1, 1, TEMPERATURES.index(1), tuple(f"{t:g}" for t in TEMPERATURES)
            ),
            "top_p": Slider("top-p", 0, len(TOP_PS) - 1, 1, len(TOP_PS) - 1, tuple(f"{q:g}" for q in TOP_PS)),
        },
        buttons={
            "write the chosen bar": click_bar,
            "let the model draw": draw_one,
            "back": lambda values: {"written": list(values["written"])[:-1]},
            "start again": lambda values: {"written": []},
        },
        fixed={"written": [], "drawn": 0},
        grid={"bar": (0, 1, 2, 3), "temperature": (1, 3, 5), "top_p": (1, 2, 5)},
        presses=["let the model draw"] * 12,
    )  # fmt: skip
