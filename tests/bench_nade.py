"""Measure a training step of NADE, beside the plain loop over the dimensions in torch, at D = 784, H = 500 and batch 100.

Both have the same weights and pictures and are timed in turn, so that the ratio does not depend on how busy the machine
is. Then their losses and gradients are compared in float64. The exit code is 1 if they disagree or NADE is too slow.
"""

import resource
import sys
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.models import NADE

LIMIT = 0.5  # times the loop's time
DIFFERENCE = 1e-5  # relative
D, H, BATCH, RUNS = 784, 500, 100, 15


def loop_loss(model: NADE, x: torch.Tensor) -> torch.Tensor:
    """Return NADE's loss by the running sum, one dimension after the other, with autograd for the way back."""
    a = model.c.expand(len(x), -1)  # (B, H)
    logits = []
    for i in range(x.shape[1]):
        logits.append(torch.sigmoid(a) @ model.V[i, :, 0] + model.b[i, 0])
        a = a + x[:, i : i + 1] * model.W[i]
    return F.binary_cross_entropy_with_logits(torch.stack(logits, dim=1), x, reduction="sum") / len(x)


def step(model: NADE, loss_of: object, x: torch.Tensor) -> tuple[float, torch.Tensor, list[torch.Tensor]]:
    """Return the seconds of a loss and its gradients, and both."""
    start = perf_counter()
    loss = loss_of(x)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return perf_counter() - start, loss.detach(), list(gradients)


def bench_nade() -> bool:
    """Print the table; return whether NADE is fast enough and agrees with the loop."""
    x = (torch.rand(BATCH, D, generator=torch.Generator().manual_seed(0)) < 0.13).float()
    model = NADE(D, H)

    def by_loop(x: torch.Tensor) -> torch.Tensor:
        return loop_loss(model, x)

    times = [(step(model, model.loss, x)[0], step(model, by_loop, x)[0]) for _ in range(RUNS)]
    fast, slow = np.median(times, axis=0)

    model.double()
    (_, loss, gradients), (_, loop, expected) = step(model, model.loss, x.double()), step(model, by_loop, x.double())
    pairs = [(loss, loop), *zip(gradients, expected)]
    difference = max(((a - b).norm() / b.norm()).item() for a, b in pairs)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'NADE, a step of training':28} {'ours, s':>9} {'loop, s':>9} {'ratio':>7} {'difference':>11}")
    print(f"{f'{torch.get_num_threads()} threads':28} {fast:9.3f} {slow:9.3f} {fast / slow:7.2f} {difference:11.1e}")
    print(f"peak memory, both and torch: {megabytes:.0f} MB")
    return fast / slow <= LIMIT and difference <= DIFFERENCE


if __name__ == "__main__":
    sys.exit(not bench_nade())
