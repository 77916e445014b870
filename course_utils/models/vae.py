"""The variational autoencoder: lessons 13 and 14."""

import math
from importlib import import_module
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.diffusion import Diffusion
from course_utils.models.gaussian_mixture import GaussianMixture
from course_utils.models.networks import Downwards, Upwards, check_codes, check_sizes, mlp

LIKELIHOODS = ("bernoulli", "gaussian", "categorical")
ARCHITECTURES = ("mlp", "convolutional")
N_STEPS = 1000  # of a diffusion as p(z): with fewer, its bound is lower by their size
N_EMBEDDING = 8  # numbers that stand for a value of a categorical x in the encoder


class MixturePrior(nn.Module):
    """p(z) as a mixture of Gaussians, Σ_k π_k N(z|μ_k, Σ_k), that lesson 08's EM fits to codes; N(0, I) before that.

    reg is added to each variance: of 0.001, 0.03 and 0.1 the last was best for the validation faces of Planet Pixel.
    """

    reg = 0.1

    def __init__(self, n_components: int, n_latent: int) -> None:
        super().__init__()
        self.register_buffer("log_weights", torch.full((n_components,), -math.log(n_components)))
        self.register_buffer("means", torch.zeros(n_components, n_latent))
        self.register_buffer("roots", torch.eye(n_latent).repeat(n_components, 1, 1))  # of Σ_k: lower triangles

    def fit(self, z: torch.Tensor, rng: np.random.Generator) -> None:
        """Fit to codes z (N, d) by EM."""
        mixture = GaussianMixture(len(self.means), reg=self.reg, max_iter=100).fit(z.double().cpu().numpy(), rng=rng)
        self.log_weights.copy_(torch.from_numpy(np.log(mixture.weights)))
        self.means.copy_(torch.from_numpy(mixture.means))
        self.roots.copy_(torch.from_numpy(np.linalg.cholesky(mixture.covariances)))

    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        """Return log p(z) (N,) in nats."""
        apart = (z[:, None] - self.means).transpose(0, 1)  # (K, N, d)
        standard = torch.linalg.solve_triangular(self.roots, apart.transpose(1, 2), upper=False)  # (K, d, N)
        log_scale = self.roots.diagonal(dim1=1, dim2=2).log().sum(dim=1)
        log_joint = (self.log_weights - log_scale)[:, None] - 0.5 * (standard**2 + math.log(2 * math.pi)).sum(dim=1)
        return log_joint.logsumexp(dim=0)

    def sample(self, n: int, rng: torch.Generator, noise: torch.Tensor) -> torch.Tensor:
        """Return n codes (n, d), made from noise (n, d) ~ N(0, I)."""
        k = torch.multinomial(self.log_weights.exp().to(rng.device), n, replacement=True, generator=rng)
        return self.means[k] + (self.roots[k] @ noise[:, :, None])[:, :, 0]


class VAE(DeepModel):
    """p(x) = ∫ p(z) p(x|z) dz with z ~ N(0, I) and p(x|z) from a decoder; an encoder gives q(z|x) = N(μ, diag σ²).

    Kingma and Welling (2014). x: tensors (N, D). likelihood "bernoulli": 0 and 1; "gaussian": real numbers, with one
    learnt σ for all dimensions; "categorical": integers in 0 … n_values − 1. Given z, the dimensions are independent.
    architecture "mlp": two hidden layers of n_hidden units each way; "convolutional": x is a square picture in raster
    order, with n_channels channels at its full size; the decoder begins with two such hidden layers. beta stands before
    the loss's KL (Higgins et al. 2017) and may be changed between two calls of fit; with 1, the loss is −ELBO. uniform:
    the share of the uniform distribution in a categorical p(x_i|z), so that no value is ever impossible. With
    n_components, fit_prior puts a mixture of so many Gaussians in the place of p(z) = N(0, I), which the loss of
    training keeps; with prior, a RealNVP or a Diffusion of n_latent features, it puts that there. together: the loss has
    the prior as its p(z), and fit trains both. Only loss and reparameterise have a gradient.
    """

    def __init__(
        self,
        n_features: int,
        n_latent: int = 2,
        likelihood: str = "bernoulli",
        architecture: str = "mlp",
        n_values: int = 2,
        n_hidden: int = 256,
        n_channels: int = 32,
        beta: float = 1.0,
        uniform: float = 0.0,
        n_components: int = 0,
        prior: DeepModel | dict[str, Any] | None = None,
        together: bool = False,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; the seed draws its first weights. Raises ValueError for what makes no sense.

        A prior may also be what a checkpoint says of it: {"model": its class, "arguments": its arguments}.
        """
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood must be one of {LIKELIHOODS}, got {likelihood!r}")
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture must be one of {ARCHITECTURES}, got {architecture!r}")
        sizes = {"n_features": n_features, "n_latent": n_latent, "n_values": n_values, "n_hidden": n_hidden,
                 "n_channels": n_channels}  # fmt: skip
        check_sizes(**sizes)
        if not 0 <= beta < math.inf:
            raise ValueError(f"beta must be a number from 0 upwards, got {beta!r}")
        if not 0 <= uniform < 1 or (uniform and likelihood != "categorical"):
            raise ValueError(f"uniform must be a share from 0 to below 1, of a categorical likelihood, got {uniform!r}")
        if not isinstance(n_components, int) or n_components < 0:
            raise ValueError(f"n_components must be a whole number from 0 upwards, got {n_components!r}")
        side = math.isqrt(n_features)
        if architecture == "convolutional" and side**2 != n_features:
            raise ValueError(f"a convolutional VAE needs square pictures, n_features = side², got {n_features}")
        if isinstance(prior, dict):
            prior = getattr(import_module(__package__), prior["model"])(**prior["arguments"])
        if prior is not None and (n_components or prior.arguments.get("n_features") != n_latent):
            raise ValueError(f"a prior must have n_features = n_latent = {n_latent}, and there is no mixture beside it")
        if together and prior is None:
            raise ValueError("together needs a prior to train")
        described = prior and {"model": type(prior).__name__, "arguments": prior.arguments}
        super().__init__(
            likelihood=likelihood, architecture=architecture, beta=beta, uniform=uniform, n_components=n_components,
            prior=described, together=together, seed=seed, **sizes,
        )  # fmt: skip
        self.likelihood, self.n_latent, self.n_values, self.beta = likelihood, n_latent, n_values, beta
        self.uniform, self.together = uniform, together
        self.prior = MixturePrior(n_components, n_latent) if n_components else prior
        D, categorical = n_features, likelihood == "categorical"
        E, O = (N_EMBEDDING, n_values) if categorical else (1, 1)
        self.chunk = min(max(2**23 // (D * O), 1), self.chunk)
        with seeded(seed):
            self.embedding = nn.Embedding(n_values, E) if categorical else None
            if architecture == "mlp":
                self.encoder = mlp(D * E, n_hidden, 2 * n_latent)
                self.decoder = mlp(n_latent, n_hidden, O * D)
            else:
                self.encoder = Downwards(E, side, 2 * n_latent, n_channels)
                self.decoder = Upwards(n_latent, side, O, n_channels, n_hidden)
        self.b = nn.Parameter(torch.zeros(O, D))  # what the decoder's outputs are without z
        if likelihood == "gaussian":
            self.log_sigma = nn.Parameter(torch.zeros(()))

    def fit(self, x: torch.Tensor, **settings: Any) -> Self:
        """Train as DeepModel.fit says. A new model's outputs begin at each dimension's frequencies or mean."""
        if not self.history:
            x = self._check(x)
            with torch.no_grad():
                self.b.copy_(self._independent(x))
                if self.likelihood == "gaussian":
                    self.log_sigma.copy_((x - self.b.cpu()).std().clamp(min=1e-3).log())
        return super().fit(x, **settings)

    def fit_prior(self, x: torch.Tensor, rng: torch.Generator, n_codes: int = 5, **settings: Any) -> Self:
        """Fit p(z) to the codes of x (N, D), n_codes draws of q(z|x) each; encoder and decoder stay as they are.

        settings: of a prior's own fit; validation (M, D) are pictures too. Raises ValueError for a model with p(z) = N(0, I).
        """
        if self.prior is None:
            raise ValueError("only a VAE with n_components or with a prior has a p(z) to fit, this one has N(0, I)")
        check_sizes(n_codes=n_codes)
        if isinstance(self.prior, MixturePrior):
            self.prior.fit(self.codes(x, rng, n_codes), np.random.default_rng(rng.initial_seed()))
            return self
        if settings.get("validation") is not None:
            settings["validation"] = self.codes(settings["validation"], rng, n_codes)
        self.prior.fit(self.codes(x, rng, n_codes), rng=rng, **settings)
        return self

    def codes(self, x: torch.Tensor, rng: torch.Generator, n_codes: int = 1) -> torch.Tensor:
        """Draw n_codes codes of each x (N, D) from q(z|x): (n_codes N, d), those of all x after each other."""
        mu, log_var = self.encode(x)
        return torch.cat([self.reparameterise(mu, log_var, rng) for _ in range(n_codes)])

    def with_prior(self, prior: DeepModel) -> Self:
        """Return a VAE with this encoder and decoder, and with a RealNVP or a Diffusion in the place of its p(z)."""
        own = {name: weights for name, weights in self.state_dict().items() if not name.startswith("prior.")}
        made = type(self)(**self.arguments | {"prior": prior, "n_components": 0, "together": False})
        made.load_state_dict(own, strict=False)  # the prior comes with its weights
        return made.to(self.b).eval()

    def _independent(self, x: torch.Tensor) -> torch.Tensor:
        """Return the b (O, D) of independent dimensions, with one observation more, spread over all values."""
        if self.likelihood == "gaussian":
            return x.mean(dim=0, keepdim=True)
        K = self.n_values if self.likelihood == "categorical" else 2
        counts = torch.stack([(x == k).sum(dim=0) for k in range(K)])  # (K, D)
        log_p = ((counts + 1 / K) / (len(x) + 1)).log()
        return log_p if self.likelihood == "categorical" else log_p[1:] - log_p[:1]

    @torch.no_grad()
    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mu and log_var of q(z|x), each (N, d)."""
        parts = [self._encode(part) for part in self._check(x).split(self.chunk)]
        return tuple(torch.cat(both) for both in zip(*parts))

    def reparameterise(self, mu: torch.Tensor, log_var: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        """Draw z = μ + σ ε from q (N, d), with ε ~ N(0, I): the gradient of μ and σ goes through (section 2.4)."""
        return mu + (0.5 * log_var).exp() * self._noise(mu.shape, rng)

    @torch.no_grad()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the most likely x (N, D) for z (N, d): means, probabilities of a 1, or integers."""
        return torch.cat([self._expected(self._outputs(part)) for part in self._check_z(z).split(self.chunk)])

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        """Return decode(μ(x)), (N, D)."""
        return self.decode(self.encode(x)[0])

    @torch.no_grad()
    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Return log p(x|z) (N,) in nats, for x (N, D) and z (N, d)."""
        x, z = self._check(x), self._check_z(z)
        if len(x) != len(z):
            raise ValueError(f"x and z must have the same length, got {len(x)} and {len(z)}")
        return torch.cat([self._log_likelihood(*part) for part in zip(x.split(self.chunk), z.split(self.chunk))])

    def kl(self, x: torch.Tensor) -> torch.Tensor:
        """Return KL(q(z_k|x)‖p(z_k)) in nats for each latent dimension, (N, d) (appendix B)."""
        return _kl(*self.encode(x))

    @torch.no_grad()
    def elbo(self, x: torch.Tensor, rng: torch.Generator, n_samples: int = 1) -> torch.Tensor:
        """Return E_q[log p(x|z)] − KL(q(z|x)‖p(z)) ≤ log p(x), (N,) in nats, the first term from n_samples of z.

        So is the second, where p(z) is not N(0, I); of a Diffusion it is a bound too. beta has no part in it.
        """
        check_sizes(n_samples=n_samples)
        bounds = []
        for part in self._check(x).split(self.chunk):
            mu, log_var = self._encode(part)
            terms = []
            for _ in range(n_samples):
                z = self.reparameterise(mu, log_var, rng)
                terms.append(self._log_likelihood(part, z) - self._divergence(mu, log_var, z, rng))
            bounds.append(torch.stack(terms).mean(dim=0))
        return torch.cat(bounds)

    @torch.no_grad()
    def log_prob_estimate(self, x: torch.Tensor, rng: torch.Generator, n_samples: int = 100) -> torch.Tensor:
        """Return log of the mean of p(x, z) / q(z|x) over n_samples of z ~ q(z|x), (N,) in nats.

        Its expectation is a bound too, which grows with n_samples towards log p(x) (Burda et al. 2016, equation 8).
        """
        check_sizes(n_samples=n_samples)
        estimates = []
        for part in self._check(x).split(self.chunk):
            mu, log_var = self._encode(part)
            log_weights = []
            for _ in range(n_samples):
                z = self.reparameterise(mu, log_var, rng)
                log_q = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi)).sum(dim=1)
                log_weights.append(self._log_likelihood(part, z) + self._log_prior(z, rng) - log_q)
            estimates.append(torch.stack(log_weights).logsumexp(dim=0) - math.log(n_samples))
        return torch.cat(estimates)

    @torch.no_grad()
    def sample(
        self, n: int, rng: torch.Generator, temperature: float = 1.0, z: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draw n observations (n, D): z ~ p(z), or these z (n, d), then x ~ p(x|z).

        temperature is p(x|z)'s: below 1 the likely becomes likelier, and 0 gives the most likely x for each z.
        """
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        if not temperature >= 0:
            raise ValueError(f"temperature must be 0 or above, got {temperature}")
        z = self.sample_prior(n, rng) if z is None else self._check_z(z)
        if len(z) != n:
            raise ValueError(f"z must hold {n} codes, got {len(z)}")
        return torch.cat([self._draw(self._outputs(part), rng, temperature) for part in z.split(self.chunk)])

    @torch.no_grad()
    def sample_prior(self, n: int, rng: torch.Generator) -> torch.Tensor:
        """Draw n codes z ~ p(z), (n, d)."""
        noise = self._noise((n, self.n_latent), rng)
        return noise if self.prior is None else self.prior.sample(n, rng, noise=noise)

    def loss(self, x: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
        """Return the mean of −log p(x|z) + beta KL in nats, with its gradient, for one z each. rng None: a fixed ε.

        The KL is that to N(0, I), or together with a prior that to the prior.
        """
        rng = torch.Generator().manual_seed(0) if rng is None else rng
        x = self._check(x)
        mu, log_var = self._encode(x)
        z = self.reparameterise(mu, log_var, rng)
        kl = self._divergence(mu, log_var, z, rng) if self.together else _kl(mu, log_var).sum(dim=1)
        return (self.beta * kl - self._log_likelihood(x, z)).mean()

    @torch.no_grad()
    def validation_loss(self, x: torch.Tensor) -> float:
        """Return the loss over x, in chunks and with the same noise at each call."""
        rng = torch.Generator().manual_seed(0)
        return sum(self.loss(part, rng).item() * len(part) for part in x.split(self.chunk)) / len(x)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Raise NotImplementedError: the integral over z has no closed form."""
        raise NotImplementedError(
            "a VAE cannot compute log p(x), an integral over z: elbo(x, rng) is a lower bound of it, "
            "and log_prob_estimate(x, rng, n_samples) a closer one"
        )

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        D = self.b.shape[1]
        if not isinstance(x, torch.Tensor) or x.ndim != 2 or x.shape[1] != D:
            came = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
            raise ValueError(f"x must be a tensor (N, {D}), got {came}")
        if x.is_floating_point() and x.numel() and not torch.isfinite(torch.stack(x.aminmax())).all():
            raise ValueError("x must hold finite numbers")
        if self.likelihood == "bernoulli" and not ((x == 0) | (x == 1)).all():
            raise ValueError(f"x must hold 0 and 1 only, got values from {x.min():g} to {x.max():g}; binarise greys")
        if self.likelihood != "categorical":
            return x.to(self.b.dtype)
        if x.is_floating_point():
            raise ValueError(f"x must hold integers in 0..{self.n_values - 1}, got {x.dtype}")
        x = x.long()
        if x.numel() and (x.min() < 0 or x.max() >= self.n_values):
            raise ValueError(f"x must hold integers in 0..{self.n_values - 1}, got values in {x.min()}..{x.max()}")
        return x

    def _check_z(self, z: torch.Tensor) -> torch.Tensor:
        check_codes(z, self.n_latent)
        return z.to(**self.like)

    def _noise(self, shape: tuple[int, ...], rng: torch.Generator) -> torch.Tensor:
        return torch.randn(shape, generator=rng, device=rng.device, dtype=self.b.dtype).to(self.b.device)

    def _encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = x.to(self.b.device)
        if self.embedding is not None:
            x = self.embedding(x).transpose(1, 2).flatten(1)  # (B, E D)
        return self.encoder(x).chunk(2, dim=1)

    def _log_prior(self, z: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        """Return log p(z) (B,), with a gradient; of a Diffusion a bound, from all steps or, to learn from, from one."""
        if self.prior is None:
            return -0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=1)
        if isinstance(self.prior, Diffusion):
            bound = self.prior.elbo_of_one_step if torch.is_grad_enabled() else self.prior.elbo
            return bound(z, rng, n_steps=N_STEPS)
        return self.prior.log_prob(z) if isinstance(self.prior, MixturePrior) else self.prior._log_prob(z)

    def _divergence(
        self, mu: torch.Tensor, log_var: torch.Tensor, z: torch.Tensor, rng: torch.Generator
    ) -> torch.Tensor:
        """Return KL(q‖p(z)) (B,): in closed form for N(0, I); else −H(q) − log p(z), from one z ~ q."""
        if self.prior is None:
            return _kl(mu, log_var).sum(dim=1)
        entropy = 0.5 * (log_var + math.log(2 * math.pi) + 1).sum(dim=1)
        return -entropy - self._log_prior(z, rng)

    def _outputs(self, z: torch.Tensor) -> torch.Tensor:
        """Return the logits or means (B, O, D)."""
        return self.decoder(z).view(len(z), *self.b.shape).add_(self.b)

    def _log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        x, outputs = x.to(self.b.device), self._outputs(z)
        if self.likelihood == "categorical":
            log_p = -F.cross_entropy(outputs, x, reduction="none")
            if self.uniform:
                log_p = torch.logaddexp(
                    log_p + math.log1p(-self.uniform), log_p.new_tensor(self.uniform / self.n_values).log()
                )
            return log_p.sum(dim=1)
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(outputs[:, 0], x, reduction="none").sum(dim=1)
        standardised = (x - outputs[:, 0]) / self.log_sigma.exp()
        return -(0.5 * standardised**2 + self.log_sigma + 0.5 * math.log(2 * math.pi)).sum(dim=1)

    def _expected(self, outputs: torch.Tensor) -> torch.Tensor:
        if self.likelihood == "categorical":
            return outputs.argmax(dim=1)
        return outputs[:, 0].sigmoid() if self.likelihood == "bernoulli" else outputs[:, 0]

    def _draw(self, outputs: torch.Tensor, rng: torch.Generator, temperature: float) -> torch.Tensor:
        if self.likelihood == "gaussian":
            sigma = self.log_sigma.exp() * temperature**0.5
            return outputs[:, 0] + sigma * self._noise(outputs[:, 0].shape, rng)
        if self.likelihood == "bernoulli":
            outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
        if temperature == 0:
            x = outputs.argmax(dim=1)
        else:
            p = (1 - self.uniform) * (outputs / temperature).softmax(dim=1).transpose(1, 2)  # (B, D, K)
            p = p + self.uniform / p.shape[2]
            x = torch.multinomial(p.flatten(0, 1).to(rng.device), 1, generator=rng).view(p.shape[:2]).to(outputs.device)
        return x if self.likelihood == "categorical" else x.to(outputs.dtype)


def _kl(mu: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """Return KL(N(μ, σ²)‖N(0, 1)), number by number."""
    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var)
