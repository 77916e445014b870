"""Diffusion of real numbers: noise is added step by step, and a network learns to take it away: lesson 18."""

import math
from typing import Any, NamedTuple, Self

import torch
from torch import nn

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_reals, check_sizes

PATHS = ("cosine", "straight")
SAMPLERS = ("ancestral", "ode")
PREDICTS = ("velocity", "noise", "clean")
FIRST, LAST = 1e-3, 0.99  # from when to when: before, x_t counts as clean, and after it as noise


class Prediction(NamedTuple):
    """What a network says of x_t, in four forms that follow from each other; each (N, D)."""

    noise: torch.Tensor  # ε in x_t = α x + σ ε
    clean: torch.Tensor  # x
    score: torch.Tensor  # ∇ log p_t(x_t) = −ε/σ
    velocity: torch.Tensor  # dx_t/dt = α' x + σ' ε


class Diffusion(DeepModel):
    """q(x_t|x) = N(α_t x, σ_t² I) from t = 0 (the data) to t = 1 (noise), and a network that undoes it.

    Ho, Jain and Abbeel (2020). path "cosine": α = cos(πt/2), σ = sin(πt/2), which keeps the variance of standardised data;
    "straight": α = 1 − t, σ = t, the path of flow matching (Lipman et al. 2023). predicts: what the network gives for x_t
    and t and is trained on, "noise" ε, the "clean" x, or the "velocity" (Salimans and Ho 2022), which is safe at both ends:
    at t near 1 an error of ε is one of σ/α times its size in x. Each form follows from each other one. With n_classes, an observation may have a
    label; it is hidden in one of ten while the network learns, so that one network knows p(x) and p(x|y) (Ho and Salimans
    2022). x: tensors (N, D), best standardised; with standardise a new model does so itself, and what it is asked of x_t
    is of the standardised x. There is no log_prob; elbo is a bound for the density, in nats.
    """

    hidden_labels = 0.1

    def __init__(
        self,
        n_features: int,
        n_hidden: int = 128,
        n_layers: int = 3,
        path: str = "cosine",
        predicts: str = "velocity",
        n_classes: int = 0,
        standardise: bool = False,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; the seed draws its first weights. Raises ValueError for what makes no sense."""
        check_sizes(n_features=n_features, n_hidden=n_hidden, n_layers=n_layers)
        if path not in PATHS:
            raise ValueError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
        if predicts not in PREDICTS:
            raise ValueError(f"predicts must be one of {', '.join(PREDICTS)}, got {predicts!r}")
        if not isinstance(n_classes, int) or n_classes < 0:
            raise ValueError(f"n_classes must be a whole number from 0 upwards, got {n_classes!r}")
        super().__init__(
            n_features=n_features,
            n_hidden=n_hidden,
            n_layers=n_layers,
            path=path,
            predicts=predicts,
            n_classes=n_classes,
            standardise=standardise,
            seed=seed,
        )
        self.n_features, self.path, self.predicts, self.n_classes = n_features, path, predicts, n_classes
        self.register_buffer("frequencies", 2.0 ** torch.arange(6) * math.pi / 2, persistent=False)
        self.standardise = standardise
        self.register_buffer("mean", torch.zeros(n_features), persistent=standardise)
        self.register_buffer("std", torch.ones(n_features), persistent=standardise)
        with seeded(seed):
            self.first = nn.Linear(n_features + 12, n_hidden)
            self.label = nn.Embedding(n_classes + 1, n_hidden)  # the last one: no label
            self.layers = nn.ModuleList(nn.Linear(n_hidden, n_hidden) for _ in range(n_layers - 1))
            self.last = nn.Linear(n_hidden, n_features)

    def fit(self, x: torch.Tensor, labels: torch.Tensor | None = None, **settings: Any) -> Self:
        """Train as DeepModel.fit says; labels (N,): whole numbers below n_classes, or n_classes where there is none.

        They may also be the last column of x and of validation, (N, D + 1).
        """
        x = self._check(x)
        if self.standardise and not self.history:
            self.mean.copy_(x[:, : self.n_features].mean(dim=0))
            self.std.copy_(x[:, : self.n_features].std(dim=0).clamp(min=1e-6))
        settings["validation"] = self._with_labels(settings.get("validation"), None)
        return super().fit(self._with_labels(x, labels), **settings)

    def alpha_sigma(self, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return α_t and σ_t."""
        if self.path == "straight":
            return 1 - t, t
        return torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)

    def slopes(self, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return dα/dt and dσ/dt."""
        alpha, sigma = self.alpha_sigma(t)
        if self.path == "straight":
            return -torch.ones_like(t), torch.ones_like(t)
        return -math.pi / 2 * sigma, math.pi / 2 * alpha

    def noised(self, x: torch.Tensor, t: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return x_t = α_t x + σ_t ε in one step, (N, D), for times t (N,)."""
        alpha, sigma = self.alpha_sigma(t[:, None])
        return alpha * x + sigma * noise

    def predict(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None, guidance: float = 0.0
    ) -> Prediction:
        """Return what the network says of x_t (N, D) at times t (N,), in four forms.

        With labels (N,): of p(x|y). guidance w: ε = ε(x, y) + w (ε(x, y) − ε(x)); 0 asks for p(x|y) itself.
        """
        found = self._output(x, t, labels)
        if guidance:
            if labels is None:
                raise ValueError("guidance needs labels to lead to")
            found = found + guidance * (found - self._output(x, t, None))  # all forms are linear in each other
        (alpha, sigma), (d_alpha, d_sigma) = self.alpha_sigma(t[:, None]), self.slopes(t[:, None])
        if self.predicts == "noise":
            noise, clean = found, (x - sigma * found) / alpha
        elif self.predicts == "clean":
            noise, clean = (x - alpha * found) / sigma, found
        else:
            area = alpha * d_sigma - sigma * d_alpha
            noise, clean = (alpha * found - d_alpha * x) / area, (d_sigma * x - sigma * found) / area
        return Prediction(noise, clean, -noise / sigma, d_alpha * clean + d_sigma * noise)

    @torch.no_grad()
    def sample(
        self,
        n: int,
        rng: torch.Generator,
        n_steps: int = 50,
        sampler: str = "ancestral",
        labels: torch.Tensor | None = None,
        guidance: float = 0.0,
        noise: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Draw n observations (n, D) in n_steps, from noise (n, D) or from new noise.

        sampler "ancestral": each step draws x_s from q(x_s|x_t, x̂) (Ho et al. 2020, equation 7). "ode": each step moves
        the predicted x̂ and ε to time s (DDIM, Song et al. 2021), without chance; along the straight path that is Euler's
        method for flow matching.
        """
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        check_sizes(n_steps=n_steps)
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, got {sampler!r}")
        x = self._drawn(n, rng) if noise is None else self._check(noise)
        times = torch.linspace(LAST, FIRST, n_steps + 1, **self.like)
        for t, s in zip(times, times[1:]):
            found = self.predict(x, t.expand(n), labels, guidance)
            (alpha_t, sigma_t), (alpha_s, sigma_s) = self.alpha_sigma(t), self.alpha_sigma(s)
            if sampler == "ode":
                x = alpha_s * found.clean + sigma_s * found.noise
                continue
            step = (1 - (alpha_t * sigma_s / (alpha_s * sigma_t)) ** 2).clamp(min=0)  # the share of new noise
            kept = alpha_t * sigma_s**2 / (alpha_s * sigma_t**2)  # of x_t in the mean of q(x_s|x_t, x̂)
            x = kept * x + alpha_s * step * found.clean + sigma_s * step.sqrt() * self._drawn(n, rng)
        return self.predict(x, times[-1:].expand(n), labels, guidance).clean * self.std + self.mean

    @torch.no_grad()
    def elbo(self, x: torch.Tensor, rng: torch.Generator, n_steps: int = 100) -> torch.Tensor:
        """Return a lower bound of log p(x), a density, (N,) in nats, of a model that draws in n_steps, equal in log(σ/α).

        Kingma, Salimans, Poole and Ho (2021), equations 11 to 14: −KL(q(x_1|x)‖N(0, I)) + E log p(x|x_0) − Σ KL of each
        step, the expectations from one draw of noise for each step.
        """
        check_sizes(n_steps=n_steps)
        return self._bound(x, rng, n_steps, [torch.full((len(x),), i) for i in range(n_steps)])

    def elbo_of_one_step(self, x: torch.Tensor, rng: torch.Generator, n_steps: int = 100) -> torch.Tensor:
        """Return elbo's bound (N,) with its gradient, from one of the steps, drawn for each x, in the place of all.

        Its expectation is the bound; a network that learns from it learns to raise the bound.
        """
        check_sizes(n_steps=n_steps)
        return self._bound(x, rng, n_steps, [torch.randint(n_steps, (len(x),), generator=rng)])

    def _bound(self, x: torch.Tensor, rng: torch.Generator, n_steps: int, terms: list[torch.Tensor]) -> torch.Tensor:
        """Return the bound, with its gradient, where the steps of each of the terms (N,) stand for all n_steps."""
        x = (self._check(x)[:, : self.n_features] - self.mean) / self.std
        first, last = (self._ratio(torch.tensor(t, **self.like)) for t in (FIRST, LAST))
        times = self._time(torch.linspace(first, last, n_steps + 1, **self.like))
        alpha, sigma = self.alpha_sigma(times)
        snr = (alpha / sigma) ** 2
        prior = 0.5 * (alpha[-1] ** 2 * x**2 + sigma[-1] ** 2 - 1 - 2 * sigma[-1].log()).sum(dim=1)
        apart = self._drawn(len(x), rng)  # (x_0/α_0 − x)/(σ_0/α_0)
        bound = -prior - self.std.log().sum() - 0.5 * (apart**2 + math.log(2 * math.pi) - snr[0].log()).sum(dim=1)
        for i in terms:
            i = i.to(x.device)
            t = times[i + 1]
            clean = self.predict(self.noised(x, t, self._drawn(len(x), rng)), t).clean
            each = 0.5 * (snr[i] - snr[i + 1]) * ((x - clean) ** 2).sum(dim=1)
            bound = bound - each * n_steps / len(terms)
        return bound

    def loss(self, x: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
        """Return the mean squared error of what is predicted, with its gradient: the ELBO has other weights, so no bound.

        rng None: the same times and noise at each call.
        """
        rng = torch.Generator().manual_seed(0) if rng is None else rng
        x, labels = x[:, : self.n_features], x[:, self.n_features :]
        x, noise = (self._check(x) - self.mean) / self.std, self._drawn(len(x), rng)
        u = torch.rand(1, generator=rng, dtype=torch.float64).to(**self.like)
        t = FIRST + (LAST - FIRST) * ((u + torch.arange(len(x), **self.like) / len(x)) % 1)  # spread evenly
        t = t[torch.randperm(len(x), generator=rng).to(t.device)]
        y = None
        if labels.shape[1]:
            hidden = torch.rand(len(x), generator=rng).to(x.device) < self.hidden_labels
            y = torch.where(hidden, self.n_classes, labels[:, 0].long().to(x.device))
        d_alpha, d_sigma = self.slopes(t[:, None])
        target = {"noise": noise, "clean": x, "velocity": d_alpha * x + d_sigma * noise}[self.predicts]
        return ((target - self._output(self.noised(x, t, noise), t, y)) ** 2).sum(dim=1).mean()

    @torch.no_grad()
    def validation_loss(self, x: torch.Tensor) -> float:
        """Return the loss for eight fixed draws of times and noise."""
        rng = torch.Generator().manual_seed(0)
        return float(sum(self.loss(x, rng) for _ in range(8)) / 8)

    def _output(self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x, angles = self._check(x), t[:, None] * self.frequencies
        y = torch.full((len(x),), self.n_classes, device=x.device) if labels is None else self._checked(labels, len(x))
        h = self.first(torch.cat([x, angles.sin(), angles.cos()], dim=1)) + self.label(y)
        for layer in self.layers:
            h = h + layer(nn.functional.silu(h))
        return self.last(nn.functional.silu(h))

    def _ratio(self, t: torch.Tensor) -> torch.Tensor:
        alpha, sigma = self.alpha_sigma(t)
        return (sigma / alpha).log()

    def _time(self, ratio: torch.Tensor) -> torch.Tensor:
        """Return t with log(σ_t/α_t) = ratio."""
        return ratio.sigmoid() if self.path == "straight" else 2 / math.pi * ratio.exp().atan()

    def _drawn(self, n: int, rng: torch.Generator) -> torch.Tensor:
        return torch.randn(n, self.n_features, generator=rng, dtype=self.like["dtype"]).to(self.like["device"])

    def _with_labels(self, x: torch.Tensor | None, labels: torch.Tensor | None) -> torch.Tensor | None:
        """Return x with a last column for the label; without classes, x."""
        if x is None or not self.n_classes:
            if labels is not None:
                raise ValueError("this model has no classes: n_classes is 0")
            return x
        if labels is None and x.shape[1] == self.n_features + 1:
            return x
        y = torch.full((len(x),), self.n_classes) if labels is None else self._checked(labels, len(x))
        return torch.cat([x, y[:, None].to(x)], dim=1)

    def _checked(self, labels: torch.Tensor, n: int) -> torch.Tensor:
        labels = torch.as_tensor(labels)
        if (
            labels.shape != (n,)
            or labels.is_floating_point()
            or (n and not 0 <= labels.min() <= labels.max() <= self.n_classes)
        ):
            raise ValueError(f"labels must be ({n},) whole numbers in 0..{self.n_classes}, got {tuple(labels.shape)}")
        return labels.long().to(self.like["device"])

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        D = self.n_features
        labelled = self.n_classes and isinstance(x, torch.Tensor) and x.ndim == 2 and x.shape[1] == D + 1
        check_reals(x, D + 1 if labelled else D)
        return x.to(**self.like)
