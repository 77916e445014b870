"""The training loop of the deep models: mini-batches, Adam, a progress bar, and a state to go on from."""

import io
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from course_utils.files import in_one_step


def minibatches(n: int, batch_size: int, rng: torch.Generator) -> Iterator[torch.Tensor]:
    """Yield the numbers 0 … n − 1 in random order, batch_size at a time; what is left over at the end stays out."""
    order = torch.randperm(n, generator=rng)
    for i in range(0, max(n - batch_size, 0) + 1, batch_size):
        yield order[i : i + batch_size]


def keep(saved: dict[str, Any], state: Path) -> None:
    """Write the state of a training in one step; raises OSError, and leaves the one before, if the disk is full."""
    buffer = io.BytesIO()
    torch.save(saved, buffer)  # written to a full disk by torch itself, it ends in "unexpected pos"
    with in_one_step(state) as part:
        part.write_bytes(buffer.getbuffer())


def train(
    model: torch.nn.Module,
    x: torch.Tensor,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    rng: torch.Generator,
    validation: torch.Tensor | None = None,
    progress: bool = True,
    state: Path | None = None,
) -> list[dict[str, float]]:
    """Minimise model.loss(batch, rng) with Adam (Kingma and Ba 2015); lr falls to 0 along half a cosine.

    x: observations (N, …). Returns one record an epoch: "epoch", "train" (the mean of the losses on the way), with
    validation (M, …) also "validation" (model.validation_loss), and "seconds". With validation, the model ends with
    the weights of the epoch that was best there. state names a file that is written after each epoch and, if it
    exists, gone on from: an interrupted training then ends as if it had not been interrupted. Raises
    FloatingPointError when the loss is no longer a number.
    """
    steps = max(len(x) // batch_size, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: (1 + math.cos(math.pi * s / (epochs * steps))) / 2
    )
    history: list[dict[str, float]] = []
    best: dict[str, torch.Tensor] | None = None
    device = next(model.parameters()).device

    if state is not None and state.exists():
        saved = torch.load(state, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        history, best = saved["history"], saved["best"]
        rng.set_state(saved["rng"].cpu())

    bar = tqdm(total=epochs * steps, initial=len(history) * steps, disable=not progress, unit="step", mininterval=0.5)
    with bar:
        for epoch in range(len(history), epochs):
            start, losses = time.perf_counter(), []
            for batch in minibatches(len(x), batch_size, rng):
                loss = model.loss(x[batch].to(device), rng)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
                bar.update()
                bar.set_postfix(nats=f"{losses[-1]:.2f}", refresh=False)
            record = {"epoch": epoch + 1, "train": float(np.mean(losses))}
            if not np.isfinite(record["train"]):
                raise FloatingPointError(
                    f"the loss is no longer a number in epoch {epoch + 1}: take a smaller lr than {lr}"
                )
            if validation is not None:
                record["validation"] = model.validation_loss(validation)
                if record["validation"] <= min((r["validation"] for r in history), default=np.inf):
                    best = {name: value.detach().clone() for name, value in model.state_dict().items()}
            history.append(record | {"seconds": time.perf_counter() - start})
            if state is not None:
                saved = {
                    "model": model.state_dict(),
                    "best": best,
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "history": history,
                    "rng": rng.get_state(),
                }
                keep(saved, state)
    if best is not None:
        model.load_state_dict(best)
    return history
