"""The training loop of the deep models: mini-batches, Adam, a progress bar, and a state to go on from."""

import io
import math
import time
from collections.abc import Iterable, Iterator
from inspect import unwrap
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm.auto import tqdm

from course_utils.files import in_one_step


class AdamW(torch.optim.AdamW):
    """PyTorch's AdamW without the wrappers that hide it from PyTorch's compiler, which the first of them to be called imports.

    That takes a second, for 800 modules that nothing here needs. `foreach` gives the same numbers in fewer calls.
    """

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
    add_param_group = unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = unwrap(torch.optim.AdamW.zero_grad)
    state_dict = unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = unwrap(torch.optim.AdamW.load_state_dict)

    def __init__(self, parameters: Iterable[torch.Tensor], **settings: Any) -> None:
        """Take parameters, and by their names PyTorch's other settings."""
        super().__init__(parameters, foreach=True, **settings)


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
    weight_decay: float = 0.0,
    clip: float | None = None,
    warm_up: int = 0,
    average: float = 0.0,
    progress: bool = True,
    state: Path | None = None,
) -> list[dict[str, float]]:
    """Minimise model.loss(batch, rng) with AdamW (Kingma and Ba 2015, Loshchilov and Hutter 2019).

    lr rises over the first `warm_up` steps, and falls to 0 along half a cosine. weight_decay: the share lr · weight_decay
    of itself that each weight loses at a step. clip: the length above which a gradient is shortened to it. average:
    what is validated and kept is a mean of the weights over the steps, in which those of s steps ago count average^s.
    Dropout, where the model has it, is on while it learns, and off else.

    x: observations (N, …). Returns one record an epoch: "epoch", "train" (the mean of the losses on the way), with
    validation (M, …) also "validation" (model.validation_loss), and "seconds" of processor time. With validation, the model ends with
    the weights of the epoch that was best there. state names a file that is written after each epoch and, if it
    exists, gone on from: an interrupted training then ends as if it had not been interrupted. Raises
    FloatingPointError when the loss is no longer a number.
    """
    steps = max(len(x) // batch_size, 1)
    optimizer = AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / (warm_up + 1), 1) * (1 + math.cos(math.pi * s / (epochs * steps))) / 2
    )
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(average)) if average else None
    kept = averaged.module if averaged else model  # the weights that count
    history: list[dict[str, float]] = []
    best: dict[str, torch.Tensor] | None = None
    device = next(model.parameters()).device

    if state is not None and state.exists():
        saved = torch.load(state, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        if averaged:
            averaged.load_state_dict(saved["averaged"])
        history, best = saved["history"], saved["best"]
        rng.set_state(saved["rng"].cpu())

    bar = tqdm(total=epochs * steps, initial=len(history) * steps, disable=not progress, unit="step", mininterval=0.5)
    with bar, torch.random.fork_rng(devices=[] if device.type == "cpu" else [device]):
        for epoch in range(len(history), epochs):
            torch.manual_seed(rng.initial_seed() + epoch)  # for dropout
            model.train()
            start, losses = time.process_time(), []
            for batch in minibatches(len(x), batch_size, rng):
                loss = model.loss(x[batch].to(device), rng)
                optimizer.zero_grad()
                loss.backward()
                if clip is not None:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                schedule.step()
                if averaged:
                    averaged.update_parameters(model)
                losses.append(loss.item())
                bar.update()
                bar.set_postfix(nats=f"{losses[-1]:.2f}", refresh=False)
            kept.eval()
            record = {"epoch": epoch + 1, "train": float(np.mean(losses))}
            if not np.isfinite(record["train"]):
                raise FloatingPointError(
                    f"the loss is no longer a number in epoch {epoch + 1}: take a smaller lr than {lr}"
                )
            if validation is not None:
                record["validation"] = kept.validation_loss(validation)
                if record["validation"] <= min((r["validation"] for r in history), default=np.inf):
                    best = {name: value.detach().clone() for name, value in kept.state_dict().items()}
            history.append(record | {"seconds": time.process_time() - start})
            if state is not None:
                saved = {
                    "model": model.state_dict(),
                    "averaged": averaged.state_dict() if averaged else None,
                    "best": best,
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "history": history,
                    "rng": rng.get_state(),
                }
                keep(saved, state)
    if best is not None or averaged:
        model.load_state_dict(best or kept.state_dict())
    model.eval()
    return history
