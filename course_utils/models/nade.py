"""The neural autoregressive distribution estimator: lesson 11."""

import math
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_reals


class _Recursion(torch.autograd.Function):
    """y_i = σ(c + Σ_{j<i} x_j W_j) V_i for all i, in O(HD) a picture (Uria et al. 2016, algorithm 1).

    Going forward, only the running sum a is kept. Going backward, it is undone one dimension at a time, so that nothing
    but a and its gradient are in memory: O(BH) instead of O(BHD), and all of it in the processor's cache.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, W: torch.Tensor, c: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
        """Return y (D, B, O) from x (D, B), W (D, H), c (H,) and V (D, H, O)."""
        a = c.repeat(x.shape[1], 1)  # (B, H)
        h, y = torch.empty_like(a), V.new_empty(len(x), x.shape[1], V.shape[2])
        for i in range(len(x)):
            torch.sigmoid(a, out=h)
            torch.mm(h, V[i], out=y[i])
            a.addr_(x[i], W[i])  # the outer product
        ctx.save_for_backward(x, W, V, a)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of x, W, c and V from that of y (D, B, O)."""
        x, W, V, a = ctx.saved_tensors
        a, da = a.clone(), torch.zeros_like(a)  # da: the gradient of a_i, (B, H)
        dx = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        dW, dV, h, slope = torch.empty_like(W), torch.empty_like(V), torch.empty_like(a), torch.empty_like(a)
        for i in reversed(range(len(x))):
            torch.mv(da.T, x[i], out=dW[i])
            if dx is not None:
                torch.mv(da, W[i], out=dx[i])
            a.addr_(x[i], W[i], alpha=-1)
            torch.sigmoid(a, out=h)
            torch.mm(h.T, dy[i], out=dV[i])
            torch.addcmul(h, h, h, value=-1, out=slope)  # σ' = h − h²
            da.addcmul_(dy[i] @ V[i].T, slope)
        return dx, dW, da.sum(dim=0), dV


class _Autoregressive(DeepModel):
    """The weights that NADE and RNADE share; O numbers for each dimension say what p(x_i|x_<i) is."""

    def __init__(self, n_features: int, n_hidden: int, n_outputs: int, seed: int, **more_sizes: int) -> None:
        sizes = {"n_features": n_features, "n_hidden": n_hidden} | more_sizes
        for name, value in sizes.items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 upwards, got {value!r}")
        super().__init__(**sizes, seed=seed)
        D, H = n_features, n_hidden
        with seeded(seed):
            self.W = torch.nn.Parameter(torch.randn(D, H) / D**0.5)
            self.c = torch.nn.Parameter(torch.zeros(H))
            self.V = torch.nn.Parameter(0.1 * torch.randn(D, H, n_outputs) / H**0.5)
            self.b = torch.nn.Parameter(torch.zeros(D, n_outputs))
        self.register_buffer("order", torch.arange(D))

    def set_order(self, order: torch.Tensor) -> None:
        """Let dimension order[0] come first, then order[1], …; order (D,) holds each of 0 … D − 1 once."""
        order = torch.as_tensor(order)
        if order.shape != self.order.shape or not torch.equal(order.sort().values, torch.arange(len(order))):
            raise ValueError(f"order must hold each of 0 … {len(self.order) - 1} once, got {order.tolist()}")
        self.order.copy_(order)

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        check_reals(x, len(self.order))
        return x

    def _outputs(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs (D, B, O) in the model's order, from x (B, D) in the data's order."""
        x = x.to(**self.like)[:, self.order].T.contiguous()
        return _Recursion.apply(x, self.W, self.c, self.V) + self.b[:, None]

    def _draw(self, output: torch.Tensor, rng: torch.Generator, temperature: float) -> torch.Tensor:
        """Draw x_i (B,) from p(x_i|x_<i), given its outputs (B, O)."""
        raise NotImplementedError

    @torch.no_grad()
    def sample(
        self,
        n: int,
        rng: torch.Generator,
        temperature: float = 1.0,
        given: torch.Tensor | None = None,
        n_given: int = 0,
    ) -> torch.Tensor:
        """Draw n observations (n, D), one dimension after the other, in O(HD) each.

        given (n, D) or (D,): observations whose first n_given dimensions, in the model's order, are kept; the rest is
        drawn. temperature below 1 makes the likely likelier. Raises ValueError for what makes no sense.
        """
        D = len(self.order)
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        if not 0 <= n_given <= D or (n_given and given is None):
            raise ValueError(f"n_given must be in 0..{D}, and above 0 only with given, got {n_given}")
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        x = torch.zeros(n, D, **self.like)
        if given is not None:
            if given.shape not in ((D,), (n, D)):
                raise ValueError(f"given must be ({n}, {D}) or ({D},), got {tuple(given.shape)}")
            x[:] = self._check(given.expand(n, D))
        a = self.c.repeat(n, 1)  # (n, H), the running sum
        for i, d in enumerate(self.order.tolist()):
            if i >= n_given:
                output = torch.sigmoid(a) @ self.V[i] + self.b[i]  # (n, O)
                x[:, d] = self._draw(output, rng, temperature).to(x.dtype)
            a.addr_(x[:, d].to(a.dtype), self.W[i])
        return x


class NADE(_Autoregressive):
    """p(x) = ∏_i p(x_i|x_<i) over binary x, with p(x_i = 1|x_<i) = σ(V_i·h_i + b_i) and h_i = σ(W_<i x_<i + c).

    Larochelle and Murray (2011); Uria et al. (2016), equations 3 to 5. x: tensors (N, D) of 0 and 1.
    """

    def __init__(self, n_features: int, n_hidden: int = 500, seed: int = 0) -> None:
        """Make an untrained model of n_features binary dimensions; the seed draws its first weights."""
        super().__init__(n_features, n_hidden, n_outputs=1, seed=seed)

    def fit(self, x: torch.Tensor, **settings: Any) -> Self:
        """Train as DeepModel.fit says. A new model begins with independent dimensions: b is the log odds in x."""
        if not self.history:
            ones = self._check(x)[:, self.order].sum(dim=0).to(**self.like)
            with torch.no_grad():
                self.b[:, 0] = torch.logit((ones + 0.5) / (len(x) + 1))
        return super().fit(x, **settings)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x_i = 1|x_<i) − log p(x_i = 0|x_<i), (N, D), each in the place of its dimension."""
        return self._outputs(self._check(x))[:, :, 0].T[:, self.order.argsort()]

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        x = super()._check(x)
        if not ((x == 0) | (x == 1)).all():
            raise ValueError(
                f"x must hold 0 and 1 only, got values from {x.min():g} to {x.max():g}; binarise grey pixels"
            )
        return x

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        logits = self._outputs(x)[:, :, 0].T  # (B, D) in the model's order
        target = x[:, self.order].to(**self.like)
        return -F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)

    def _draw(self, output: torch.Tensor, rng: torch.Generator, temperature: float) -> torch.Tensor:
        u = torch.rand(len(output), generator=rng, **self.like)
        return u < torch.sigmoid(output[:, 0] / temperature)


class RNADE(_Autoregressive):
    """NADE for real x: p(x_i|x_<i) is a mixture of K Gaussians whose weights, means and log σ come from h_i.

    Uria, Murray and Larochelle (2013), equations 6 to 9, with sigmoid hidden units and without that paper's scale ρ_i
    on the activations, which matters for many dimensions. x: tensors (N, D), best standardised. log_prob is a density.
    """

    def __init__(self, n_features: int, n_hidden: int = 50, n_components: int = 5, seed: int = 0) -> None:
        """Make an untrained model of n_features real dimensions; the seed draws its first weights."""
        super().__init__(n_features, n_hidden, n_outputs=3 * n_components, seed=seed, n_components=n_components)
        with seeded(seed + 1), torch.no_grad():  # means apart from each other, so that the components differ
            self.b[:, n_components : 2 * n_components].normal_()

    def _mixture(self, output: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return log π, μ and log σ, each (…, K)."""
        log_weights, mu, log_sigma = output.chunk(3, dim=-1)
        return log_weights.log_softmax(dim=-1), mu, log_sigma.clamp(-7, 7)

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        log_weights, mu, log_sigma = self._mixture(self._outputs(x))  # (D, B, K)
        z = (x[:, self.order].T.to(**self.like)[..., None] - mu) / log_sigma.exp()
        log_normal = -0.5 * z**2 - log_sigma - 0.5 * math.log(2 * math.pi)
        return torch.logsumexp(log_weights + log_normal, dim=-1).sum(dim=0)

    def _draw(self, output: torch.Tensor, rng: torch.Generator, temperature: float) -> torch.Tensor:
        log_weights, mu, log_sigma = self._mixture(output)  # (B, K)
        k = torch.multinomial((log_weights / temperature).softmax(dim=-1), 1, generator=rng)
        noise = torch.randn(len(output), generator=rng, **self.like)
        return mu.gather(1, k)[:, 0] + noise * log_sigma.gather(1, k)[:, 0].exp() * temperature**0.5
