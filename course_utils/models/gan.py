"""The generative adversarial network: lesson 15."""

import math
import time
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import Downwards, Upwards, check_codes, check_sizes, mlp
from course_utils.models.training import AdamW, keep, minibatches

ARCHITECTURES = ("mlp", "convolutional")
LOSSES = ("non_saturating", "minimax")
PLAYERS = ("discriminator", "generator")


class GAN(DeepModel):
    """A generator G turns noise z ~ N(0, I) into x; a discriminator D says how probable it is that x is no fake.

    Goodfellow et al. (2014). architecture "mlp": x are tensors (N, n_features) of real numbers, n_hidden units in each
    of two hidden layers; "convolutional": (N, 3, side, side) with numbers in [0, 1], n_features = 3 side², n_channels
    channels at full size; only G begins with such hidden layers. loss is G's. r1 is the remedy against an unstable
    game: D pays ½ r1 |∇_x log-odds|² at the observations (Mescheder et al. 2018, equation 9), so that it becomes flat,
    and G is left alone, where p_G = p_data; 0 plays the game of 2014. beta1 is how far Adam averages over past
    gradients, which point at an opponent that has moved on since. There is no density.
    """

    def __init__(
        self,
        n_features: int = 2,
        n_latent: int = 2,
        architecture: str = "mlp",
        loss: str = "non_saturating",
        r1: float = 0.1,
        beta1: float = 0.5,
        n_hidden: int = 128,
        n_channels: int = 32,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; the seed draws its first weights. Raises ValueError for what makes no sense."""
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture must be one of {ARCHITECTURES}, got {architecture!r}")
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {LOSSES}, got {loss!r}")
        sizes = {"n_features": n_features, "n_latent": n_latent, "n_hidden": n_hidden, "n_channels": n_channels}
        check_sizes(**sizes)
        if not 0 <= r1 < math.inf:
            raise ValueError(f"r1 must be a number from 0 upwards, got {r1!r}")
        if not 0 <= beta1 < 1:
            raise ValueError(f"beta1 must be a number from 0 to below 1, got {beta1!r}")
        side = math.isqrt(n_features // 3)
        if architecture == "convolutional" and 3 * side**2 != n_features:
            raise ValueError(f"a convolutional GAN needs square pictures, n_features = 3 side², got {n_features}")
        super().__init__(architecture=architecture, loss=loss, r1=r1, beta1=beta1, seed=seed, **sizes)
        self.n_latent, self.kind_of_loss, self.r1 = n_latent, loss, r1
        self.shape = (n_features,) if architecture == "mlp" else (3, side, side)  # of one x
        with seeded(seed):
            if architecture == "mlp":
                self.generator = mlp(n_latent, n_hidden, n_features)
                self.discriminator = mlp(n_features, n_hidden, 1)
            else:
                self.generator = nn.Sequential(Upwards(n_latent, side, 3, n_channels, n_hidden), nn.Sigmoid())
                self.discriminator = nn.Sequential(nn.Flatten(), Downwards(3, side, 1, n_channels))
        self._beta1 = beta1
        self._optimizers: dict[str, AdamW] = {}

    def _optimizer(self, player: str) -> AdamW:
        """Return Adam for a player, made when it is first asked for: whoever only draws has none."""
        if player not in self._optimizers:
            self._optimizers[player] = AdamW(
                getattr(self, player).parameters(), lr=1e-3, betas=(self._beta1, 0.99), weight_decay=0.0
            )
        return self._optimizers[player]

    def log_odds(self, x: torch.Tensor) -> torch.Tensor:
        """Return log D(x) − log(1 − D(x)), (N,), with its gradient."""
        return self.discriminator(self._check(x).to(**self.like))[:, 0]

    @torch.no_grad()
    def discriminate(self, x: torch.Tensor) -> torch.Tensor:
        """Return D(x), the probability that x is an observation and no fake, (N,)."""
        return torch.cat([self.log_odds(part).sigmoid() for part in x.split(self.chunk)])

    def noise(self, n: int, rng: torch.Generator) -> torch.Tensor:
        """Draw z ~ N(0, I), (n, d)."""
        like = self.like
        return torch.randn(n, self.n_latent, generator=rng, device=rng.device, dtype=like["dtype"]).to(like["device"])

    @torch.no_grad()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return G(z) for z (N, d): (N, D), or pictures (N, 3, side, side) with numbers in [0, 1]."""
        check_codes(z, self.n_latent)
        return torch.cat([self.generator(part.to(**self.like)) for part in z.split(self.chunk)])

    def sample(self, n: int, rng: torch.Generator) -> torch.Tensor:
        """Draw n observations, as decode gives them."""
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        return self.decode(self.noise(n, rng))

    def discriminator_loss(self, x: torch.Tensor, fakes: torch.Tensor) -> torch.Tensor:
        """Return −mean log D(x) − mean log(1 − D(fakes)) in nats: minus the game's value (equation 1)."""
        return F.softplus(-self.log_odds(x)).mean() + F.softplus(self.log_odds(fakes)).mean()

    def generator_loss(self, fakes: torch.Tensor) -> torch.Tensor:
        """Return mean log(1 − D(fakes)) for "minimax", −mean log D(fakes) for "non_saturating" (section 3)."""
        log_odds = self.log_odds(fakes)
        return -F.softplus(log_odds).mean() if self.kind_of_loss == "minimax" else F.softplus(-log_odds).mean()

    def penalty(self, x: torch.Tensor) -> torch.Tensor:
        """Return mean |∇_x log-odds|² at x, with its gradient with respect to D's weights."""
        x = x.detach().to(**self.like).requires_grad_()
        (slope,) = torch.autograd.grad(self.log_odds(x).sum(), x, create_graph=True)
        return (slope**2).flatten(1).sum(dim=1).mean()

    def step_discriminator(self, x: torch.Tensor, rng: torch.Generator, lr: float = 1e-3) -> float:
        """Move D's weights once, against as many fakes as there are x; return D's loss in nats, without the penalty."""
        x = self._check(x).to(**self.like)
        with torch.no_grad():
            fakes = self.generator(self.noise(len(x), rng))
        loss = self.discriminator_loss(x, fakes)
        self._step("discriminator", loss + 0.5 * self.r1 * self.penalty(x) if self.r1 else loss, lr)
        return loss.item()

    def step_generator(self, n: int, rng: torch.Generator, lr: float = 1e-3) -> float:
        """Move G's weights once, by n fakes; return G's loss in nats."""
        check_sizes(n=n)
        loss = self.generator_loss(self.generator(self.noise(n, rng)))
        self._step("generator", loss, lr)
        return loss.item()

    def _step(self, player: str, loss: torch.Tensor, lr: float) -> None:
        optimizer = self._optimizer(player)
        optimizer.param_groups[0]["lr"] = lr
        optimizer.zero_grad()
        loss.backward(inputs=list(getattr(self, player).parameters()))  # the other's weights get no gradient
        optimizer.step()

    def fit(
        self,
        x: torch.Tensor,
        *,
        epochs: int = 10,
        batch_size: int = 100,
        lr: float = 1e-3,
        rng: torch.Generator | None = None,
        discriminator_lr: float | None = None,
        generator_steps: int = 1,
        progress: bool = True,
        state: Path | None = None,
    ) -> Self:
        """Play: for each mini-batch a step of D, then generator_steps of G; lr falls to 0 along half a cosine.

        x: observations as sample() gives them. discriminator_lr: D's own rate, by default lr; a faster D can keep up
        with G (Heusel et al. 2017). `history` holds one record an epoch: "epoch", the mean losses
        "discriminator" and "generator", "seconds". There is no validation: neither loss says how good the samples are.
        rng and state as in DeepModel.fit. Raises FloatingPointError when a loss is no longer a number.
        """
        x, rng = self._check(x), torch.Generator().manual_seed(0) if rng is None else rng
        check_sizes(epochs=epochs, batch_size=batch_size, generator_steps=generator_steps)
        discriminator_lr = lr if discriminator_lr is None else discriminator_lr
        self.history = []
        if state is not None and state.exists():
            self._resume(torch.load(state, weights_only=True, map_location=self.like["device"]), rng)
        n_steps = epochs * max(len(x) // batch_size, 1)
        step = len(self.history) * n_steps // epochs
        with tqdm(total=n_steps, initial=step, disable=not progress, unit="step", mininterval=0.5) as bar:
            for epoch in range(len(self.history), epochs):
                start, losses = time.perf_counter(), []
                for batch in minibatches(len(x), batch_size, rng):
                    rate = (1 + math.cos(math.pi * step / n_steps)) / 2
                    d = self.step_discriminator(x[batch], rng, rate * discriminator_lr)
                    g = [self.step_generator(len(batch), rng, rate * lr) for _ in range(generator_steps)][-1]
                    losses.append((d, g))
                    step += 1
                    bar.update()
                    bar.set_postfix(D=f"{d:.2f}", G=f"{g:.2f}", refresh=False)
                d, g = torch.tensor(losses).mean(dim=0).tolist()
                if not math.isfinite(d + g):
                    raise FloatingPointError(f"a loss is no longer a number in epoch {epoch + 1}: take a smaller lr")
                record = {"epoch": epoch + 1, "discriminator": d, "generator": g}
                self.history.append(record | {"seconds": time.perf_counter() - start})
                if state is not None:
                    self._keep(state, rng)
        return self

    def _keep(self, state: Path, rng: torch.Generator) -> None:
        optimizers = {name: self._optimizer(name).state_dict() for name in PLAYERS}
        saved = {"model": self.state_dict(), "optimizers": optimizers, "history": self.history, "rng": rng.get_state()}
        keep(saved, state)

    def _resume(self, saved: dict[str, Any], rng: torch.Generator) -> None:
        self.load_state_dict(saved["model"])
        for name in PLAYERS:
            self._optimizer(name).load_state_dict(saved["optimizers"][name])
        self.history = saved["history"]
        rng.set_state(saved["rng"].cpu())

    def loss(self, x: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
        """Raise NotImplementedError: two players have two losses."""
        raise NotImplementedError("a GAN has two losses: discriminator_loss(x, fakes) and generator_loss(fakes)")

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Raise NotImplementedError: G says how to draw x, and not how probable it is."""
        raise NotImplementedError("a GAN has no density p(x): it can sample(n, rng), and D only compares x with fakes")

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        shape = ", ".join(map(str, self.shape))
        if not isinstance(x, torch.Tensor) or x.shape[1:] != self.shape or x.ndim == 0:
            came = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
            raise ValueError(f"x must be a tensor (N, {shape}), got {came}")
        if not x.is_floating_point() or not torch.isfinite(x).all():
            raise ValueError(f"x must hold finite floats, got {x.dtype}")
        if len(self.shape) == 3 and x.numel() and (x.min() < 0 or x.max() > 1):
            raise ValueError(f"pictures must hold numbers in [0, 1], got {x.min():g} to {x.max():g}")
        return x
