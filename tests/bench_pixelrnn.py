"""Measure PixelRNN: a training step, and sampling with cached state beside recomputation, at 32 × 32 RGB.

Recomputation runs the whole network for each sub-pixel. It is timed on a slice of the picture, in turn with the cached
sampler, and scaled. The exit code is 1 if the cached sampler is not much faster.
"""

import sys
from time import perf_counter

import numpy as np
import torch

from course_utils.datasets import load_planet_pixel
from course_utils.models import PixelRNN

KINDS = ("row_lstm", "diagonal_bilstm")
LIMIT = 20  # times faster than recomputation
SLICE = 48  # of the 3,072 sub-pixels: 16 pixels in the middle of row 16
BATCH, RUNS = 16, 5


def seconds(action: object) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start


def recompute(model: PixelRNN, rng: torch.Generator) -> None:
    """Draw the slice of a picture, each sub-pixel with a pass through the whole network."""
    x = torch.zeros(1, 3, 32, 32, dtype=torch.long)
    with torch.no_grad():
        for k in range(SLICE):
            j, c = divmod(k, 3)
            p = model.logits(x)[:, :, c, 16, 8 + j].softmax(dim=1)
            x[:, c, 16, 8 + j] = torch.multinomial(p, 1, generator=rng)[:, 0]


def bench_pixelrnn() -> bool:
    """Print the table; return whether the cached sampler is fast enough."""
    x = torch.from_numpy(load_planet_pixel("train").images()[:BATCH]).permute(0, 3, 1, 2)
    rng = torch.Generator().manual_seed(0)
    good = True
    print(f"{'PixelRNN, faces (1 thread)':28} {'train, ms':>9} {'cached, s':>9} {'anew, s':>9} {'ratio':>7}")
    for kind in KINDS:
        model = PixelRNN(kind)
        step, cached, slow = [], [], []
        for _ in range(RUNS):
            step.append(seconds(lambda: model.loss(x).backward()))
            cached.append(seconds(lambda: model.sample(1, rng)))
            slow.append(seconds(lambda: recompute(model, rng)) * 3072 / SLICE)
        a, b = np.median(cached), np.median(slow)
        good &= bool(b / a >= LIMIT)
        print(f"{kind:28} {1000 * np.median(step) / BATCH:9.1f} {a:9.2f} {b:9.1f} {b / a:7.1f}")
    print(f"train: forward and backward, a face, in batches of {BATCH}; anew: {SLICE} of 3,072 sub-pixels, scaled.")
    return good


def main() -> int:
    """Return 1 if sampling with cached state is too slow."""
    torch.set_num_threads(1)
    good = bench_pixelrnn()
    if not good:
        print(f"Sampling with cached state must be at least {LIMIT} times faster than recomputation.")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
