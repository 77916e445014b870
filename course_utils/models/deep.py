"""What the deep models have in common: training, log p(x) in chunks, and files of weights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import safetensors
import safetensors.torch
import torch

from course_utils import files
from course_utils.files import in_one_step
from course_utils.models.training import train


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch's layers draw their first weights from this seed, and leave torch's own random numbers as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


class DeepModel(torch.nn.Module):
    """A model p(x) that is trained by gradients. Tensors come in and go out; randomness is a torch.Generator.

    A subclass gives _check(x), which returns x in the form that the model works with or raises ValueError, and
    _log_prob(x) (N,) in nats, from checked x and with a gradient. `arguments` is what its constructor was called with.
    """

    chunk = 250  # pictures at a time, where no gradient is needed

    def __init__(self, **arguments: Any) -> None:
        """Keep the arguments, for the checkpoint."""
        super().__init__()
        self.arguments = arguments
        self.history: list[dict[str, float]] = []
        self.training = False  # dropout is for fit

    @property
    def like(self) -> dict[str, Any]:
        """Return dtype and device of the parameters, for new tensors beside them."""
        p = next(self.parameters())
        return {"dtype": p.dtype, "device": p.device}

    def loss(self, x: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
        """Return −mean log p(x) in nats, with its gradient, for a mini-batch. rng: for a loss that draws numbers."""
        return -self._log_prob(self._check(x)).mean()

    def validation_loss(self, x: torch.Tensor) -> float:
        """Return what training watches: −mean log p(x) in nats."""
        return float(-self.log_prob(x).mean())

    @torch.no_grad()
    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x) (N,) in nats, without a gradient."""
        return torch.cat([self._log_prob(part) for part in self._check(x).split(self.chunk)])

    def fit(
        self,
        x: torch.Tensor,
        *,
        epochs: int = 10,
        batch_size: int = 100,
        lr: float = 1e-3,
        rng: torch.Generator | None = None,
        validation: torch.Tensor | None = None,
        **settings: Any,
    ) -> Self:
        """Train as course_utils.models.training.train says, which has further settings; `history` is its record.

        rng: by default always the same batches.
        """
        rng = torch.Generator().manual_seed(0) if rng is None else rng
        x = self._check(x)
        self.history = train(
            self,
            x,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            rng=rng,
            validation=validation,
            **settings,
        )
        return self

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


def save_checkpoint(model: DeepModel, path: Path, **facts: Any) -> None:
    """Write the weights to a safetensors file, with the model's class and arguments and these facts in its header."""
    about = {"model": type(model).__name__, "arguments": model.arguments} | facts
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with in_one_step(path) as part:
        safetensors.torch.save_file(weights, part, metadata={name: json.dumps(value) for name, value in about.items()})


def checkpoint_facts(name: str) -> dict[str, Any]:
    """Return what data/checkpoints/`name`.safetensors says about itself: model, arguments, command, seed, score, …

    Raises FileNotFoundError, or ValueError for a damaged file, with the command that makes it again.
    """
    return _open(name)[0]


def load_checkpoint(name: str) -> DeepModel:
    """Return the trained model in data/checkpoints/`name`.safetensors, on the CPU in float32, ready to sample.

    Its `history` has one record an epoch, with "epoch", "train" and "validation" in nats.

    Raises FileNotFoundError, or ValueError for a damaged file, with the command that makes it again.
    """
    facts, weights = _open(name)
    try:
        model = getattr(import_module(__package__), facts["model"])(**facts["arguments"])
        model.load_state_dict(weights)
    except (AttributeError, KeyError, TypeError, RuntimeError) as error:
        raise _damaged(name, error) from None
    model.history = facts.get("history", [])
    return model.eval()


def _open(name: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    path = files.CHECKPOINTS / f"{name}.safetensors"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in files.CHECKPOINTS.glob("*.safetensors")))
        raise FileNotFoundError(
            f"There is no checkpoint {path}. Those that exist: {known or 'none'}. {_way_back(name)}"
        )
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            facts = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            return facts, {key: file.get_tensor(key) for key in file.keys()}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise _damaged(name, error) from None


def _damaged(name: str, error: Exception) -> ValueError:
    return ValueError(
        f"The checkpoint {files.CHECKPOINTS / name}.safetensors is damaged ({error!r:.200}). {_way_back(name)}"
    )


def _way_back(name: str) -> str:
    return (
        f"`git restore data/checkpoints/{name}.safetensors` brings it back, "
        f"or `python -m course_utils.pretrain {name}` trains it again."
    )
