"""The VAE against torch.distributions, finite differences, quadrature, and a linear model whose log p(x) is known."""

import itertools
import math

import numpy as np
import pytest
import torch
from left_out import left_out
from torch import distributions as dist
from torch import nn

from course_utils import files
from course_utils.models import VAE, Diffusion, RealNVP, load_checkpoint
from course_utils.models.deep import save_checkpoint
from course_utils.models.networks import Upwards


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rough(model: VAE) -> VAE:
    """Give a model weights large enough to matter, in float64."""
    g = rng(1)
    model = model.double()
    with torch.no_grad():
        for p in model.parameters():
            fan_in = max(p[0].numel(), 1) if p.ndim > 1 else 1
            p.copy_(torch.randn(p.shape, generator=g, dtype=torch.float64) / fan_in**0.5)
    return model


KINDS = [(likelihood, a) for likelihood in ("bernoulli", "gaussian", "categorical") for a in ("mlp", "convolutional")]


def small(likelihood: str = "bernoulli", architecture: str = "mlp", D: int = 25, d: int = 3, **more) -> VAE:
    return rough(VAE(D, d, likelihood, architecture, n_values=5, n_hidden=8, n_channels=3, **more))


def some(likelihood: str, n: int = 6, D: int = 25) -> torch.Tensor:
    if likelihood == "gaussian":
        return torch.randn(n, D, generator=rng(7), dtype=torch.float64)
    return torch.randint(0, 5 if likelihood == "categorical" else 2, (n, D), generator=rng(7))


def linear(diagonal: bool) -> tuple[VAE, torch.Tensor, dist.MultivariateNormal]:
    """Return a model p(x|z) = N(Wz + b, σ²I), some x, and its marginal N(b, WWᵀ + σ²I): Tipping and Bishop (1999).

    The encoder is μ = (WᵀW + σ²I)⁻¹ Wᵀ(x − b) with that posterior's variances: exact if W's columns are orthogonal.
    """
    D, d, sigma = 5, 2, 0.5
    W = torch.randn(D, d, generator=rng(3), dtype=torch.float64)
    W[:, 1] = W[:, 0] + 0.7 * W[:, 1]  # correlated given x
    if diagonal:
        W = torch.linalg.qr(W).Q * torch.tensor([1.5, 0.7], dtype=torch.float64)
    b = torch.randn(D, generator=rng(4), dtype=torch.float64)
    model = VAE(D, d, "gaussian").double()
    model.encoder, model.decoder = nn.Linear(D, 2 * d).double(), nn.Linear(d, D).double()
    M = W.T @ W + sigma**2 * torch.eye(d, dtype=torch.float64)  # the posterior's covariance is σ² M⁻¹
    with torch.no_grad():
        model.decoder.weight.copy_(W)
        model.decoder.bias.zero_()
        model.b.copy_(b)
        model.log_sigma.fill_(math.log(sigma))
        to_mu = torch.linalg.solve(M, W.T)
        model.encoder.weight.copy_(torch.cat([to_mu, torch.zeros_like(to_mu)]))
        variances = sigma**2 * torch.linalg.inv(M).diagonal()
        model.encoder.bias.copy_(torch.cat([-to_mu @ b, variances.log()]))
    marginal = dist.MultivariateNormal(b, W @ W.T + sigma**2 * torch.eye(D, dtype=torch.float64))
    return model, b + 2 * torch.randn(8, D, generator=rng(5), dtype=torch.float64), marginal


def mean_elbo(model: VAE, x: torch.Tensor, copies: int = 500) -> torch.Tensor:
    """Return the ELBO (N,) by ten draws of z for each copy of x: faster than as many draws one after the other."""
    return model.elbo(x.repeat(copies, 1), rng(), n_samples=10).view(copies, -1).mean(dim=0)


def mean_estimate(model: VAE, x: torch.Tensor, copies: int = 500) -> torch.Tensor:
    """Return the estimate of log p(x) (N,) by as many."""
    estimates = model.log_prob_estimate(x.repeat(copies, 1), rng(), n_samples=10)
    return estimates.view(copies, -1).logsumexp(dim=0) - math.log(copies)


def test_for_the_exact_posterior_the_bound_is_log_p_whatever_z_is_drawn():
    model, x, marginal = linear(diagonal=True)
    torch.testing.assert_close(model.log_prob_estimate(x, rng(), n_samples=1), marginal.log_prob(x))
    torch.testing.assert_close(mean_elbo(model, x), marginal.log_prob(x), atol=0.1, rtol=0)


def test_the_bound_is_below_log_p_by_the_kl_to_the_exact_posterior():
    model, x, marginal = linear(diagonal=False)
    W, sigma = model.decoder.weight.detach(), model.log_sigma.exp().item()
    covariance = sigma**2 * torch.linalg.inv(W.T @ W + sigma**2 * torch.eye(2, dtype=torch.float64))
    mu, log_var = model.encode(x)
    q = dist.MultivariateNormal(mu, torch.diag_embed(log_var.exp()))
    gap = dist.kl_divergence(q, dist.MultivariateNormal(mu, covariance.expand(8, 2, 2)))
    assert gap.min() > 0.3
    torch.testing.assert_close(mean_elbo(model, x), marginal.log_prob(x) - gap, atol=0.1, rtol=0)


def test_the_estimate_comes_closer_to_log_p_with_more_samples():
    model, x, marginal = linear(diagonal=False)
    x, log_p = x.repeat(200, 1), marginal.log_prob(x).repeat(200)
    gaps = [(log_p - model.log_prob_estimate(x, rng(), n)).mean().item() for n in (1, 10, 100)]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0
    torch.testing.assert_close(mean_estimate(model, x[:8]), log_p[:8], atol=0.05, rtol=0)
    bound = model.elbo(x, rng()).mean().item()
    assert log_p.mean().item() - bound == pytest.approx(gaps[0], abs=0.1), "one sample: its mean is the ELBO's"


@pytest.mark.parametrize(("likelihood", "architecture"), KINDS)
def test_kl_is_torch_s(likelihood, architecture):
    model, x = small(likelihood, architecture), some(likelihood)
    mu, log_var = model.encode(x)
    assert mu.shape == log_var.shape == (6, 3)
    q = dist.Normal(mu, (0.5 * log_var).exp())
    torch.testing.assert_close(model.kl(x), dist.kl_divergence(q, dist.Normal(0.0, 1.0)))


@pytest.mark.parametrize(("likelihood", "architecture"), KINDS)
def test_log_likelihood_is_torch_s(likelihood, architecture):
    model, x = small(likelihood, architecture), some(likelihood)
    z = torch.randn(6, 3, generator=rng(), dtype=torch.float64)
    outputs = (model.decoder(z).view(6, -1, 25) + model.b).detach()
    if likelihood == "bernoulli":
        expected, likely = dist.Bernoulli(logits=outputs[:, 0]), outputs[:, 0].sigmoid()
    elif likelihood == "gaussian":
        expected, likely = dist.Normal(outputs[:, 0], model.log_sigma.exp().detach()), outputs[:, 0]
    else:
        expected = dist.Categorical(logits=outputs.permute(0, 2, 1))
        likely = expected.probs.argmax(dim=-1)
    torch.testing.assert_close(model.log_likelihood(x, z), expected.log_prob(x.to(likely.dtype)).sum(dim=1))
    torch.testing.assert_close(model.decode(z), likely)
    torch.testing.assert_close(model.reconstruct(x), model.decode(model.encode(x)[0]))


@pytest.mark.parametrize(("likelihood", "architecture"), KINDS)
def test_the_gradient_is_that_of_finite_differences_with_the_same_noise(likelihood, architecture):
    model, x = small(likelihood, architecture, beta=1.7), some(likelihood)
    model.loss(x, rng(2)).backward()
    for name, p in model.named_parameters():
        direction = torch.randn(p.shape, generator=rng(9), dtype=torch.float64)
        losses = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                p.add_(direction, alpha=step)
                losses.append(model.loss(x, rng(2)).item())
                p.sub_(direction, alpha=step)
        slope = (losses[0] - losses[1]) / 2e-6
        assert (p.grad * direction).sum().item() == pytest.approx(slope, rel=1e-4, abs=1e-5), name


def test_the_first_layers_of_a_convolutional_decoder_neither_shrink_nor_blow_up_the_codes():
    """With weights of variance 2/(1 + 0.2²)/fan-in (He et al. 2015) each of the three keeps E[x²], but for a last factor 1.92."""
    z = torch.randn(500, 20, generator=rng())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        squares = Upwards(20, 32, 3, n_channels=64, n_hidden=500).first(z).square().mean().item()
    assert squares == pytest.approx(1.92, rel=0.15)


@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical"])
@pytest.mark.parametrize("architecture", ["mlp", "convolutional"])
def test_the_probabilities_of_all_x_sum_to_one(likelihood, architecture):
    """p(x) = ∫ p(z) p(x|z) dz by Gauss–Hermite quadrature, and the estimate of each log p(x) beside it."""
    model = small(likelihood, architecture, D=4, d=1)
    with torch.no_grad():
        for p in model.encoder.parameters():
            p.mul_(0.3)  # q as wide as the prior
    K = 5 if likelihood == "categorical" else 2
    states = torch.tensor(list(itertools.product(range(K), repeat=4)))
    n = 80 if K == 2 else 16  # to add up to one, a few places do
    places, weights = np.polynomial.hermite_e.hermegauss(n)
    z = torch.from_numpy(places)[:, None]
    log_w = torch.from_numpy(np.log(weights / weights.sum()))
    table = model.log_likelihood(states.repeat_interleave(n, dim=0), z.repeat(K**4, 1)).view(-1, n)  # (K⁴, n)
    log_p = torch.logsumexp(table + log_w, dim=1)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-9)
    if K == 2:
        torch.testing.assert_close(mean_estimate(model, states, 100), log_p, atol=0.1, rtol=0)
        assert (mean_elbo(model, states, 100) < log_p + 0.05).all()
        codes = model.sample(20_000, rng()).long() @ torch.tensor([8, 4, 2, 1])
        counts = torch.bincount(codes, minlength=16) / 20_000
        p = log_p.exp()
        assert abs(counts - p).max() < 4 * (p * (1 - p) / 20_000).sqrt().max()


def test_samples_of_the_linear_model_have_its_mean_and_covariance():
    model, _, marginal = linear(diagonal=False)
    x = model.sample(50_000, rng())
    torch.testing.assert_close(x.mean(dim=0), marginal.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(x.T.cov(), marginal.covariance_matrix, atol=0.15, rtol=0)


def test_categorical_samples_follow_the_temperature():
    """With weights of 0, x does not depend on z, and its probabilities are those of b."""
    model = small("categorical", D=3)
    with torch.no_grad():
        for p in model.decoder.parameters():
            p.zero_()
    for temperature in (0.5, 1.0, 2.0):
        x = model.sample(20_000, rng(), temperature=temperature)
        counts = torch.stack([(x == k).double().mean(dim=0) for k in range(5)])
        torch.testing.assert_close(counts, (model.b.detach() / temperature).softmax(dim=0), atol=0.015, rtol=0)
    assert (model.sample(9, rng(), temperature=0) == model.b.argmax(dim=0)).all()


@pytest.mark.parametrize(("likelihood", "architecture"), KINDS)
def test_at_temperature_0_a_sample_is_what_its_z_is_decoded_to(likelihood, architecture):
    model = small(likelihood, architecture)
    x = model.sample(4, rng(3), temperature=0)
    decoded = model.decode(torch.randn(4, 3, generator=rng(3), dtype=torch.float64))
    assert x.shape == (4, 25) and x.dtype == decoded.dtype
    assert model.sample(0, rng(), temperature=0).shape == (0, 25)
    torch.testing.assert_close(x, (decoded > 0.5).double() if likelihood == "bernoulli" else decoded)


def test_beta_multiplies_the_kl_and_nothing_else():
    x = some("bernoulli")
    losses = [small(beta=beta).loss(x, rng(1)).item() for beta in (0.0, 1.0, 4.0)]
    kl = small().kl(x).sum(dim=1).mean().item()
    assert losses[1] - losses[0] == pytest.approx(kl) and losses[2] - losses[0] == pytest.approx(4 * kl)
    assert losses[1] == pytest.approx(-small().elbo(x, rng(1)).mean().item())
    assert torch.equal(small(beta=4.0).elbo(x, rng(1)), small(beta=0.0).elbo(x, rng(1)))


def test_the_same_generator_gives_the_same_numbers():
    model, x = small(), some("bernoulli")
    for call in (lambda g: model.elbo(x, g, 3), lambda g: model.log_prob_estimate(x, g, 3), lambda g: model.loss(x, g),
                 lambda g: model.sample(9, g)):  # fmt: skip
        assert torch.equal(call(rng(1)), call(rng(1)))
        assert not torch.equal(call(rng(1)), call(rng(2)))


def test_a_long_x_is_worked_through_in_chunks():
    model, x = small(), some("bernoulli", n=11)
    whole = model.log_likelihood(x, torch.zeros(11, 3)), model.kl(x), model.reconstruct(x)
    model.chunk = 4
    parts = model.log_likelihood(x, torch.zeros(11, 3)), model.kl(x), model.reconstruct(x)
    for a, b in zip(whole, parts):
        torch.testing.assert_close(a, b)
    assert model.sample(11, rng()).shape == model.elbo(x, rng())[:, None].expand(11, 25).shape
    assert model.validation_loss(x) == pytest.approx(-model.elbo(x, rng()).mean().item())
    assert VAE(1024, 2, "categorical", n_values=256, n_hidden=2).chunk == 32


@pytest.mark.parametrize(("likelihood", "architecture"), KINDS)
def test_a_new_model_begins_with_independent_dimensions(likelihood, architecture):
    """At lr = 0 and without the decoder's random share, log p(x|z) is that of the columns' own frequencies."""
    columns = torch.arange(25) % 3 == 0
    rare = torch.rand(400, 25, generator=rng(8)) < 0.3  # otherwise 0: frequencies far from equal
    x = torch.where(columns, 1, some(likelihood, n=400) * rare)
    model = VAE(25, 2, likelihood, architecture, n_values=5, n_hidden=8, n_channels=3)
    with torch.no_grad():
        for p in model.decoder.parameters():
            p.zero_()
    model.fit(x, epochs=1, batch_size=100, lr=0.0, progress=False)
    fit = -model.log_likelihood(x, torch.zeros(400, 2)).mean().item()
    if likelihood == "gaussian":
        sigma = (x - x.mean(dim=0)).std().item()
        expected = 25 * (math.log(sigma) + 0.5 * math.log(2 * math.pi) + 0.5)
    else:
        p = torch.stack([(x == k).float().mean(dim=0) for k in range(5)])
        expected = -torch.xlogy(p, p).sum().item()
    assert fit == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("architecture", ["mlp", "convolutional"])
def test_training_finds_the_one_bit_that_all_pixels_share(architecture):
    """Two faces, black and white, with noise in 5 % of the pixels: log p(x) = −log 2 − the noise's entropy."""
    face = (torch.rand(300, 1, generator=rng(1)) < 0.5).float()
    noise = (torch.rand(300, 16, generator=rng(2)) < 0.05).float()
    x = (face - noise).abs()
    model = VAE(16, 2, "bernoulli", architecture, n_hidden=16, n_channels=4)
    model.fit(x[:200], validation=x[200:], epochs=15, batch_size=20, lr=2e-2, progress=False)
    entropy = math.log(2) - 16 * (0.05 * math.log(0.05) + 0.95 * math.log(0.95))
    independent = 16 * math.log(2)
    estimate = -model.log_prob_estimate(x[200:], rng(), 100).mean().item()
    assert estimate < entropy + 0.1 * (independent - entropy)
    assert estimate < -model.elbo(x[200:], rng(), 20).mean().item()
    assert abs(model.reconstruct(x[200:]).round() - face[200:]).mean() < 0.02
    assert min(r["validation"] for r in model.history) == pytest.approx(model.validation_loss(x[200:]), rel=1e-5)


def with_prior(**more) -> VAE:
    """Return a small VAE whose p(z) is a mixture of three Gaussians, far from N(0, I)."""
    model = small("categorical", n_components=3, **more)
    g = rng(6)
    with torch.no_grad():
        model.prior.log_weights.copy_(torch.tensor([0.5, 0.3, 0.2]).log())
        model.prior.means.copy_(torch.randn(3, 3, generator=g))
        model.prior.roots.copy_(torch.randn(3, 3, 3, generator=g).tril() + 2 * torch.eye(3))
    return model


def test_a_fitted_prior_is_torch_s_mixture():
    model, z = with_prior(), torch.randn(7, 3, generator=rng(8), dtype=torch.float64)
    mixture = dist.MixtureSameFamily(
        dist.Categorical(logits=model.prior.log_weights),
        dist.MultivariateNormal(model.prior.means, scale_tril=model.prior.roots),
    )
    torch.testing.assert_close(model.prior.log_prob(z), mixture.log_prob(z))
    drawn = model.sample_prior(40_000, rng())
    torch.testing.assert_close(drawn.mean(dim=0), mixture.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.var(dim=0), mixture.variance, atol=0, rtol=0.05)


def test_bound_and_estimate_take_the_fitted_prior():
    """Both from the same noise, put together from torch's densities."""
    model, x = with_prior(), some("categorical")
    mu, log_var = model.encode(x)
    q = dist.Independent(dist.Normal(mu, (0.5 * log_var).exp()), 1)
    z = model.reparameterise(mu, log_var, rng())
    fit, log_p = model.log_likelihood(x, z), model.prior.log_prob(z)
    torch.testing.assert_close(model.elbo(x, rng()), fit + log_p + q.entropy())
    torch.testing.assert_close(model.log_prob_estimate(x, rng(), 1), fit + log_p - q.log_prob(z))
    untouched = small("categorical")
    untouched.load_state_dict({name: value for name, value in model.state_dict().items() if "prior" not in name})
    torch.testing.assert_close(model.loss(x, rng()), untouched.loss(x, rng()))  # training keeps N(0, I)


def test_fit_prior_brings_the_bound_closer():
    """Codes in two heaps: the mixture finds them, and p(z) comes nearer to what q says."""
    model, x = small("categorical", n_components=4), some("categorical", n=200)
    before = model.elbo(x, rng(), 20).mean()
    assert before == pytest.approx(small("categorical").elbo(x, rng(), 20).mean().item(), abs=0.05), (
        "it begins as N(0, I)"
    )
    assert model.fit_prior(x, rng()).elbo(x, rng(), 20).mean() > before
    with pytest.raises(ValueError, match="only a VAE with n_components or with a prior has a p"):
        small().fit_prior(some("bernoulli"), rng())


def with_flow(**more) -> VAE:
    """Return a small VAE whose p(z) is a flow, far from N(0, I)."""
    return small("categorical", prior=RealNVP(3, n_couplings=2, n_hidden=4), **more)


def test_bound_estimate_and_loss_take_the_flow():
    """Each from the same noise; the loss keeps N(0, I), unless both are trained together."""
    model, x = with_flow(), some("categorical")
    mu, log_var = model.encode(x)
    q = dist.Independent(dist.Normal(mu, (0.5 * log_var).exp()), 1)
    z = model.reparameterise(mu, log_var, rng())
    fit, log_p = model.log_likelihood(x, z), model.prior.log_prob(z)
    assert (log_p - dist.Normal(0.0, 1.0).log_prob(z).sum(dim=1)).abs().min() > 0.1, "far from N(0, I)"
    torch.testing.assert_close(model.elbo(x, rng()), fit + log_p + q.entropy())
    torch.testing.assert_close(model.log_prob_estimate(x, rng(), 1), fit + log_p - q.log_prob(z))
    closed = dist.kl_divergence(q.base_dist, dist.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(model.loss(x, rng()), (closed - fit).mean())
    both = with_flow(together=True)
    torch.testing.assert_close(both.loss(x, rng()), -model.elbo(x, rng()).mean())
    both.loss(x, rng()).backward()
    moved = {name for name, p in both.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
    assert {name.split(".")[0] for name in moved} >= {"prior", "encoder", "decoder"}
    drawn = model.sample_prior(5, rng())
    noise = torch.randn(5, 3, generator=rng(), dtype=torch.float64)
    torch.testing.assert_close(drawn, model.prior.inverse(noise).detach())


def test_a_diffusion_as_prior():
    """Its bound stands in the bound; codes come from its sampler, and so do pictures of codes that were drawn elsewhere."""
    model, x = small("categorical", prior=Diffusion(3, n_hidden=8)), some("categorical")
    mu, log_var = model.encode(x)
    noise = rng()
    z = model.reparameterise(mu, log_var, noise)
    log_p = model.prior.elbo(z, noise, n_steps=1000)  # from the numbers that come after those of z
    entropy = dist.Independent(dist.Normal(mu, (0.5 * log_var).exp()), 1).entropy()
    torch.testing.assert_close(model.elbo(x, rng()), model.log_likelihood(x, z) + log_p + entropy)
    codes = model.sample_prior(4, rng())
    first = torch.randn(4, 3, generator=(same := rng()), dtype=torch.float64)
    torch.testing.assert_close(codes, model.prior.sample(4, same, noise=first))
    assert (model.sample(4, rng(), temperature=0, z=codes) == model.decode(codes)).all()


@left_out("a diffusion and its VAE, trained together")
def test_a_diffusion_is_trained_together_with_its_vae():
    """The loss is minus the bound, with one step in the place of all; both learn from it."""
    model, x = small("categorical", prior=Diffusion(3, n_hidden=8), together=True), some("categorical")
    model.loss(x, rng()).backward()
    moved = {
        name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0
    }
    assert moved >= {"prior", "encoder", "decoder"}
    before = -model.elbo(x, rng(), 5).mean()
    model.fit(x, epochs=100, batch_size=6, lr=3e-3, clip=10, progress=False)
    assert -model.elbo(x, rng(), 5).mean() < before - 10


def test_another_prior_for_the_same_networks():
    """The old model keeps its own; the new one has the bound of its networks and of the new p(z)."""
    model, x, flow = with_flow(), some("categorical"), rough(RealNVP(3, n_couplings=1, n_hidden=5))
    before = model.elbo(x, rng())
    other = model.with_prior(flow)
    z = model.reparameterise(*model.encode(x), rng())
    torch.testing.assert_close(other.elbo(x, rng()) - before, flow.log_prob(z) - model.prior.log_prob(z))
    torch.testing.assert_close(model.elbo(x, rng()), before)


def test_a_prior_is_fitted_to_the_codes_and_comes_back_from_its_file(tmp_path, monkeypatch):
    model, x = with_flow(), some("categorical", n=200)
    before, encoder = model.elbo(x, rng(), 20).mean(), model.encoder[0].weight.clone()
    model.fit_prior(x, rng(), validation=x[:50], epochs=30, lr=1e-2, progress=False)
    assert model.elbo(x, rng(), 20).mean() > before + 1
    assert (model.encoder[0].weight == encoder).all() and len(model.prior.history) == 30
    assert "validation" in model.prior.history[0]
    assert model.codes(x, rng(), 2).shape == (400, 3)
    save_checkpoint(model, tmp_path / "small.safetensors", history=[])
    monkeypatch.setattr(files, "CHECKPOINTS", tmp_path)
    again = load_checkpoint("small").double()
    torch.testing.assert_close(again.elbo(x, rng()), model.elbo(x, rng()), rtol=1e-4, atol=1e-4)


def test_a_share_of_the_uniform_distribution():
    """It stands in the likelihood and in the samples; the probabilities of a pixel's values add up to 1."""
    model, z = small("categorical", uniform=0.25), torch.zeros(5, 3, dtype=torch.float64)
    plain = small("categorical")
    x = torch.arange(5)[:, None].expand(5, 25)
    p = [torch.zeros(5, 25).double() for _ in range(2)]
    for pixel in range(25):
        other = x.clone()
        other[:, torch.arange(25) != pixel] = 0
        for which, vae in enumerate((model, plain)):
            joint = vae.log_likelihood(other, z).exp()
            p[which][:, pixel] = joint / joint.sum()
    torch.testing.assert_close(p[0], 0.75 * p[1] + 0.25 / 5)
    drawn = model.sample(4000, rng())
    assert 0.04 < torch.stack([(drawn == k).double().mean() for k in range(5)]).min()


def test_a_vae_has_no_log_prob_and_says_what_it_has():
    with pytest.raises(NotImplementedError, match=r"elbo\(x, rng\).*log_prob_estimate\(x, rng, n_samples\)"):
        small().log_prob(some("bernoulli"))


@pytest.mark.parametrize(
    ("likelihood", "x", "message"),
    [
        ("bernoulli", torch.zeros(3, 4), r"x must be a tensor \(N, 25\), got \(3, 4\)"),
        ("bernoulli", np.zeros((3, 25)), "got ndarray"),
        ("bernoulli", torch.full((2, 25), 0.5), "0 and 1 only, got values from 0.5 to 0.5; binarise"),
        ("gaussian", torch.full((2, 25), float("nan")), "finite"),
        ("categorical", torch.zeros(2, 25), r"integers in 0..4, got torch.float32"),
        ("categorical", torch.full((2, 25), 5), r"integers in 0..4, got values in 5..5"),
    ],
)
def test_what_is_no_x_is_refused(likelihood, x, message):
    model = small(likelihood)
    with_rng = (lambda x: model.elbo(x, rng())), (lambda x: model.log_prob_estimate(x, rng()))
    with_z = (lambda x: model.log_likelihood(x, torch.zeros(2, 3)),)
    for call in (model.loss, model.encode, model.kl, model.reconstruct, model.fit, *with_rng, *with_z):
        with pytest.raises(ValueError, match=message):
            call(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: VAE(0), "n_features must be a whole number from 1 upwards, got 0"),
        (lambda: VAE(4, 1.5), "n_latent must be a whole number from 1 upwards, got 1.5"),
        (lambda: VAE(4, likelihood="normal"), "likelihood must be one of .*, got 'normal'"),
        (lambda: VAE(4, architecture="big"), "architecture must be one of .*, got 'big'"),
        (lambda: VAE(5, architecture="convolutional"), "square pictures, n_features = side², got 5"),
        (
            lambda: VAE(4, uniform=0.1),
            "uniform must be a share from 0 to below 1, of a categorical likelihood, got 0.1",
        ),
        (lambda: VAE(4, n_components=-1), "n_components must be a whole number from 0 upwards, got -1"),
        (
            lambda: VAE(4, prior=RealNVP(3)),
            "a prior must have n_features = n_latent = 2, and there is no mixture beside",
        ),
        (lambda: VAE(4, prior=RealNVP(2), n_components=2), "there is no mixture beside it"),
        (lambda: VAE(4, together=True), "together needs a prior to train"),
        (lambda: small().sample(3, rng(), z=torch.zeros(2, 3)), "z must hold 3 codes, got 2"),
        (lambda: VAE(4, beta=-1), "beta must be a number from 0 upwards, got -1"),
        (lambda: small().decode(torch.zeros(2, 4)), r"z must be a tensor \(N, 3\), got \(2, 4\)"),
        (lambda: small().log_likelihood(torch.zeros(2, 25), torch.zeros(3, 3)), "same length, got 2 and 3"),
        (lambda: small().elbo(torch.zeros(2, 25), rng(), n_samples=0), "n_samples must be a whole number"),
        (lambda: small().log_prob_estimate(torch.zeros(2, 25), rng(), 0), "n_samples must be a whole number"),
        (lambda: small().sample(-1, rng()), "n must be a whole number from 0 upwards, got -1"),
        (lambda: small().sample(2, rng(), temperature=-1), "temperature must be 0 or above, got -1"),
    ],
)
def test_a_senseless_setting_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
