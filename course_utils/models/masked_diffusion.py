"""Diffusion of categorical pixels: some are hidden, and a network guesses them: lesson 18."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_dropout, check_sizes, check_values


class UNet(nn.Module):
    """(N, h, side, side) → (N, h, side, side): down by halves and up again, each size told to its like on the way up.

    A learnt map at each size says where a pixel is. Ronneberger, Fischer and Brox (2015), with blocks of two convolutions
    and group norms.
    """

    def __init__(self, side: int, n_channels: int, n_halvings: int, dropout: float) -> None:
        super().__init__()
        widths = [n_channels * min(2**i, 2) for i in range(n_halvings + 1)]
        sides = [side]
        for _ in range(n_halvings):
            sides.append(-(-sides[-1] // 2))
        self.down = nn.ModuleList(_Block(w, w, s, dropout) for w, s in zip(widths, sides))
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(widths, widths[1:]))
        self.middle = nn.Linear(widths[-1] * sides[-1] ** 2, widths[-1] * sides[-1] ** 2)
        nn.init.zeros_(self.middle.weight)
        self.up = nn.ModuleList(
            _Block(b + a, a, s, dropout) for a, b, s in zip(widths[-2::-1], widths[:0:-1], sides[-2::-1])
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what each pixel has heard of all others."""
        kept = []
        for block, halve in zip(self.down, self.halve):
            x = block(x)
            kept.append(x)
            x = halve(x)
        x = self.down[-1](x)
        x = x + self.middle(x.flatten(1)).view_as(x)
        for block in self.up:
            side = kept[-1].shape[-1]
            x = block(torch.cat([F.interpolate(x, scale_factor=2)[:, :, :side, :side], kept.pop()], dim=1))
        return x


class _Block(nn.Module):
    def __init__(self, n_inputs: int, n_outputs: int, side: int, dropout: float) -> None:
        super().__init__()
        self.first, self.second = (
            nn.Conv2d(n_inputs, n_outputs, 3, padding=1),
            nn.Conv2d(n_outputs, n_outputs, 3, padding=1),
        )
        self.norms = nn.ModuleList(nn.GroupNorm(4, n_outputs) for _ in range(2))
        self.place = nn.Parameter(torch.zeros(n_outputs, side, side))
        self.across = nn.Conv2d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.silu(self.norms[0](self.first(x) + self.place))
        return self.across(x) + F.silu(self.norms[1](self.second(self.dropout(h))))


class MaskedDiffusion(DeepModel):
    """At time t each pixel is hidden with probability t; a network guesses all hidden ones at once from the others.

    Austin et al. (2021); Sahoo et al. (2024). −log p(x) ≤ E_t E_mask (1/t) Σ_hidden −log p(x_i|what is seen), which is the
    mean over all orders of an autoregressive model whose conditionals are the network's (Uria, Murray and Larochelle 2014).
    x: tensors (N, side²) of whole numbers, pictures in raster order. Dropout draws from torch's own generator.
    """

    chunk = 50

    def __init__(
        self,
        n_values: int,
        side: int,
        n_channels: int = 32,
        n_halvings: int = 3,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; the seed draws its first weights. Raises ValueError for what makes no sense."""
        check_sizes(n_values=n_values, side=side, n_channels=n_channels, n_halvings=n_halvings)
        if n_channels % 4:
            raise ValueError(f"n_channels must be a multiple of 4, got {n_channels}")
        check_dropout(dropout)
        super().__init__(
            n_values=n_values, side=side, n_channels=n_channels, n_halvings=n_halvings, dropout=dropout, seed=seed
        )
        self.n_values, self.side = n_values, side
        with seeded(seed):
            self.embedding = nn.Embedding(n_values + 1, n_channels)  # the last one: hidden
            self.net = UNet(side, n_channels, n_halvings, dropout)
            self.last = nn.Conv2d(n_channels, n_values, 1)

    def logits(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, n_values, D) of every pixel, from x (N, D) where hidden (N, D) is False."""
        return self.last(self._features(x, hidden).unflatten(2, (self.side, self.side))).flatten(2)

    def _features(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return what each pixel's logits are made of, (N, n_channels, D)."""
        seen = torch.where(hidden, self.n_values, x).view(-1, self.side, self.side)
        return self.net(self.embedding(seen).permute(0, 3, 1, 2)).flatten(2)

    @torch.no_grad()
    def elbo(self, x: torch.Tensor, rng: torch.Generator, n_draws: int = 1) -> torch.Tensor:
        """Return a lower bound of log p(x) (N,) in nats: the mean of n_draws of t and mask for each, t spread evenly."""
        check_sizes(n_draws=n_draws)
        x = self._check(x)
        bound = torch.zeros(len(x), **self.like)
        shift = torch.rand(len(x), generator=rng, dtype=torch.float64).to(**self.like)
        for k in range(n_draws):
            t = 1 - (shift + k / n_draws) % 1  # in (0, 1]
            hidden = self._hide(x, t, rng)
            nats = [self._nats(*part) for part in zip(x.split(self.chunk), hidden.split(self.chunk))]
            bound = bound - torch.cat(nats) / t if len(x) else bound
        return bound / n_draws

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, n_steps: int = 64) -> torch.Tensor:
        """Draw n pictures (n, D): all hidden at first; in each of n_steps an equal share of the pixels is told.

        Pixels told in one step are drawn independently of each other: with one step that is Naive Bayes, and with
        n_steps = D one pixel comes after the other.
        """
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        check_sizes(n_steps=n_steps)
        D, device = self.side**2, self.like["device"]
        order = torch.rand(n, D, generator=rng).argsort(dim=1).argsort(dim=1).to(device)  # when each pixel is told
        x = torch.zeros(n, D, dtype=torch.long, device=device)
        for step in range(n_steps):
            hidden = order >= step * D / n_steps
            now = hidden & (order < (step + 1) * D / n_steps)
            if not now.any():
                continue
            parts = zip(x.split(self.chunk), hidden.split(self.chunk), now.split(self.chunk))
            features = torch.cat([self._features(*part).transpose(1, 2)[told] for *part, told in parts])  # (M, h)
            p = F.linear(features, self.last.weight.flatten(1), self.last.bias).softmax(dim=1)  # told pixels only
            x[now] = torch.multinomial(p.to(rng.device), 1, generator=rng)[:, 0].to(device)
        return x

    def loss(self, x: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
        """Return −ELBO in nats, the mean over a mini-batch, with its gradient. rng None: the same masks at each call."""
        rng = torch.Generator().manual_seed(0) if rng is None else rng
        x = self._check(x)
        u = torch.rand(1, generator=rng, dtype=torch.float64).to(**self.like)
        t = 1 - (u + torch.arange(len(x), **self.like) / len(x)) % 1  # spread evenly over the batch
        return (self._nats(x, self._hide(x, t, rng)) / t).mean()

    def validation_loss(self, x: torch.Tensor) -> float:
        """Return −ELBO in nats from four draws of fixed masks for each."""
        return float(-self.elbo(x, torch.Generator().manual_seed(0), n_draws=4).mean())

    def _hide(self, x: torch.Tensor, t: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        return torch.rand(x.shape, generator=rng, dtype=torch.float64).to(**self.like) < t[:, None]

    def _nats(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return Σ_hidden −log p(x_i|what is seen), (N,)."""
        return (F.cross_entropy(self.logits(x, hidden), x, reduction="none") * hidden).sum(dim=1)

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        check_values(x, self.side**2, self.n_values)
        return x.long().to(self.like["device"])
