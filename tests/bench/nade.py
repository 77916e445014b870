"""A training step of NADE beside the plain loop over the dimensions, at D = 784, H = 500 and batch 100.

Both have the same weights and pictures. Their losses and gradients are compared in float64.
"""

from collections.abc import Callable, Iterator
from time import process_time

import numpy as np
import torch
import torch.nn.functional as F
from row import Row, seconds

from course_utils.models import NADE

DIFFERENCE = 1e-5  # relative
D, H, BATCH = 784, 500, 100


def loop_loss(model: NADE, x: torch.Tensor) -> torch.Tensor:
    """Return NADE's loss by the running sum, one dimension after the other, with autograd for the way back."""
    a = model.c.expand(len(x), -1)  # (B, H)
    logits = []
    for i in range(x.shape[1]):
        logits.append(torch.sigmoid(a) @ model.V[i, :, 0] + model.b[i, 0])
        a = a + x[:, i : i + 1] * model.W[i]
    return F.binary_cross_entropy_with_logits(torch.stack(logits, dim=1), x, reduction="sum") / len(x)


def step(model: NADE, loss_of: Callable, x: torch.Tensor) -> tuple[float, torch.Tensor, list[torch.Tensor]]:
    """Return the seconds of a loss and its gradients, and both."""
    start = process_time()
    loss = loss_of(x)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return process_time() - start, loss.detach(), list(gradients)


def measure(runs: int = 7, n_features: int = D) -> Iterator[Row]:
    """Yield one row: the medians of steps in turn."""
    x = (torch.rand(BATCH, n_features, generator=torch.Generator().manual_seed(0)) < 0.13).float()
    model = NADE(n_features, H)

    def by_loop(x: torch.Tensor) -> torch.Tensor:
        return loop_loss(model, x)

    fast, slow = np.median([(step(model, model.loss, x)[0], step(model, by_loop, x)[0]) for _ in range(runs)], axis=0)
    model.double()
    (_, loss, gradients), (_, loop, expected) = step(model, model.loss, x.double()), step(model, by_loop, x.double())
    difference = max(((a - b).norm() / b.norm()).item() for a, b in [(loss, loop), *zip(gradients, expected)])
    wrong = f"it differs from the loop by {difference:.1e}" if difference > DIFFERENCE else ""
    yield Row("a step", seconds(fast), seconds(slow), slow / fast, least=2, wrong=wrong)
