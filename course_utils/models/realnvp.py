"""A normalizing flow of coupling layers: lesson 16."""

import math
from typing import Any, Self

import torch
from torch import nn

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_reals, check_sizes, mlp

STEEPEST = 2.0  # a coupling stretches by at most e², and shrinks by as much


class Coupling(nn.Module):
    """x → z with z_a = x_a and z_b = x_b exp(s(x_a)) + t(x_a): Dinh et al. (2017), equations 7 and 8.

    Its Jacobian is a triangle, so that log |det| is the sum of s. a are the dimensions where `kept` is 1.
    """

    def __init__(self, kept: torch.Tensor, n_hidden: int) -> None:
        super().__init__()
        self.register_buffer("kept", kept)
        self.net = mlp(len(kept), n_hidden, 2 * len(kept))
        nn.init.zeros_(self.net[-1].weight)  # it begins as the identity
        nn.init.zeros_(self.net[-1].bias)

    def _scale_and_shift(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        s, t = self.net(x * self.kept).chunk(2, dim=1)
        return STEEPEST * torch.tanh(s / STEEPEST) * (1 - self.kept), t * (1 - self.kept)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z (N, D) and log |det ∂z/∂x| (N,)."""
        s, t = self._scale_and_shift(x)
        return x * s.exp() + t, s.sum(dim=1)

    def inverse(self, z: torch.Tensor) -> torch.Tensor:
        """Return x (N, D): what is kept tells s and t once more."""
        s, t = self._scale_and_shift(z)
        return (z - t) * (-s).exp()


class RealNVP(DeepModel):
    """p(x) = N(f(x)|0, I) |det ∂f/∂x|, where f is a chain of couplings, each of which keeps the other half.

    Dinh, Sohl-Dickstein and Bengio (2017). x: tensors (N, D) of real numbers, D ≥ 2; log_prob is a density, in nats. A new
    model first standardises what it is fitted to, which belongs to f.
    """

    def __init__(self, n_features: int, n_couplings: int = 8, n_hidden: int = 64, seed: int = 0) -> None:
        """Make an untrained model, which is N(0, I); the seed draws its first weights."""
        check_sizes(n_features=n_features, n_couplings=n_couplings, n_hidden=n_hidden)
        if n_features < 2:
            raise ValueError("a coupling keeps some dimensions and moves others: n_features must be 2 or more, got 1")
        super().__init__(n_features=n_features, n_couplings=n_couplings, n_hidden=n_hidden, seed=seed)
        even = (torch.arange(n_features) % 2).float()
        with seeded(seed):
            self.couplings = nn.ModuleList(Coupling((even, 1 - even)[i % 2], n_hidden) for i in range(n_couplings))
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("log_std", torch.zeros(n_features))

    def fit(self, x: torch.Tensor, **settings: Any) -> Self:
        """Train as DeepModel.fit says; a new model takes mean and standard deviation of each dimension from x."""
        if not self.history:
            x = self._check(x)
            self.mean.copy_(x.mean(dim=0))
            self.log_std.copy_(x.std(dim=0).clamp(min=1e-6).log())
        return super().fit(x, **settings)

    def transform(self, x: torch.Tensor, n_couplings: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z = f(x) (N, D) and log |det ∂f/∂x| (N,), with a gradient; after the first n_couplings, or all."""
        z = (self._check(x) - self.mean) * (-self.log_std).exp()
        log_det = -self.log_std.sum().expand(len(z))
        for coupling in self.couplings[:n_couplings]:
            z, more = coupling(z)
            log_det = log_det + more
        return z, log_det

    def inverse(self, z: torch.Tensor, n_couplings: int | None = None) -> torch.Tensor:
        """Return x (N, D) with transform(x, n_couplings)[0] = z, with a gradient."""
        z = self._check(z)
        for coupling in reversed(self.couplings[:n_couplings]):
            z = coupling.inverse(z)
        return z * self.log_std.exp() + self.mean

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Draw n observations (n, D), all dimensions at once: x = f⁻¹(z) of z ~ N(0, I), or of this noise (n, D)."""
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        if noise is None:
            noise = torch.randn(n, len(self.mean), generator=rng, dtype=self.mean.dtype).to(self.mean.device)
        return self.inverse(noise)

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        check_reals(x, len(self.mean))
        return x.to(self.mean)

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        z, log_det = self.transform(x)
        return log_det - 0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=1)
