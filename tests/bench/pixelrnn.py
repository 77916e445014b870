"""A face from PixelRNN: sampling with cached state beside recomputation, at 32 × 32 RGB.

Recomputation runs the whole network for each of the 3,072 sub-pixels. It is timed on a slice of them, and scaled.
"""

from collections.abc import Callable, Iterator
from time import process_time

import numpy as np
import torch
from row import Row, seconds

from course_utils.models import PixelRNN


def duration(action: Callable, *arguments: object) -> float:
    start = process_time()
    action(*arguments)
    return process_time() - start


def recompute(model: PixelRNN, rng: torch.Generator, n: int) -> None:
    """Draw n sub-pixels in the middle of row 16, each with a pass through the whole network."""
    x = torch.zeros(1, 3, 32, 32, dtype=torch.long)
    with torch.no_grad():
        for k in range(n):
            j, c = divmod(k, 3)
            p = model.logits(x)[:, :, c, 16, 8 + j].softmax(dim=1)
            x[:, c, 16, 8 + j] = torch.multinomial(p, 1, generator=rng)[:, 0]


def measure(runs: int = 3, n: int = 48) -> Iterator[Row]:
    """Yield a row for each kind of layers: the medians in turn, with n of the sub-pixels recomputed."""
    rng = torch.Generator().manual_seed(0)
    for kind in ("row_lstm", "diagonal_bilstm"):
        model = PixelRNN(kind)
        times = [(duration(model.sample, 1, rng), duration(recompute, model, rng, n) * 3072 / n) for _ in range(runs)]
        cached, anew = np.median(times, axis=0)
        yield Row(kind, seconds(cached), seconds(anew), anew / cached, least=20)
