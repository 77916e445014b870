"""Diffusion against the exact denoiser of a mixture of Gaussians, whose densities at all times are known."""

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from course_utils.models import Diffusion

MEANS = torch.tensor([[-1.0, 0.5], [1.2, -0.4]], dtype=torch.float64)
COVARIANCES = torch.tensor([[[0.3, 0.1], [0.1, 0.2]], [[0.15, 0.0], [0.0, 0.4]]], dtype=torch.float64)
WEIGHTS = torch.tensor([0.3, 0.7], dtype=torch.float64)
CLASSES = torch.tensor([0, 1])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixture(alpha: float = 1.0, sigma: float = 0.0) -> MixtureSameFamily:
    """Return p_t: each Gaussian, shrunk and blurred."""
    parts = MultivariateNormal(alpha * MEANS, alpha**2 * COVARIANCES + sigma**2 * torch.eye(2, dtype=torch.float64))
    return MixtureSameFamily(Categorical(WEIGHTS), parts)


class Exact(Diffusion):
    """The noise that the mixture itself predicts: ε = −σ ∇ log p_t(x_t), by torch's own gradient."""

    def _output(self, x, t, labels):
        x, found = x.detach().double(), []
        for time in t.unique():
            alpha, sigma = self.alpha_sigma(time.double())
            with torch.enable_grad():
                part = x[t == time].requires_grad_()
                (slope,) = torch.autograd.grad(mixture(alpha, sigma).log_prob(part).sum(), part)
            found.append((t == time, -sigma * slope))
        noise = torch.empty_like(x)
        for rows, values in found:
            noise[rows] = values
        return noise


def exact(path: str) -> Exact:
    return Exact(2, 4, path=path, predicts="noise").double()


@pytest.mark.parametrize("path", ["cosine", "straight"])
def test_the_four_forms_are_one_thing(path):
    """Of the exact noise: E[x|x_t], the score, and the velocity that carries p_t along (the continuity equation's)."""
    model, x = exact(path), torch.randn(50, 2, generator=rng(), dtype=torch.float64)
    t = torch.tensor(0.4, dtype=torch.float64)
    alpha, sigma = model.alpha_sigma(t)
    found = model.predict(x, t.expand(50))
    torch.testing.assert_close(alpha * found.clean + sigma * found.noise, x)
    torch.testing.assert_close(found.score, -found.noise / sigma)
    # E[x|x_t] from the joint Gaussians
    blurred = [alpha**2 * S + sigma**2 * torch.eye(2, dtype=torch.float64) for S in COVARIANCES]
    log_joint = torch.stack([MultivariateNormal(alpha * m, B).log_prob(x) for m, B in zip(MEANS, blurred)]) + WEIGHTS.log()[:, None]  # fmt: skip
    expected = sum(
        r[:, None] * (m + alpha * (x - alpha * m) @ torch.linalg.solve(B, S))
        for r, m, S, B in zip(log_joint.softmax(dim=0), MEANS, COVARIANCES, blurred)
    )
    torch.testing.assert_close(found.clean, expected)
    h = 1e-5  # the path's own slope, by differences
    (a0, s0), (a1, s1) = model.alpha_sigma(t - h), model.alpha_sigma(t + h)
    torch.testing.assert_close(found.velocity, (a1 - a0) / (2 * h) * found.clean + (s1 - s0) / (2 * h) * found.noise, rtol=1e-6, atol=1e-8)  # fmt: skip


def test_noise_in_one_step_has_the_mean_and_the_variance_it_says():
    model, x = exact("cosine"), torch.tensor([[2.0, -1.0]]).expand(20_000, 2).double()
    noised = model.noised(x, torch.full((20_000,), 0.3).double(), torch.randn(x.shape, generator=rng()).double())
    assert noised.mean(dim=0).tolist() == pytest.approx(
        [2 * math.cos(0.15 * math.pi), -math.cos(0.15 * math.pi)], abs=0.015
    )
    assert noised.var(dim=0).tolist() == pytest.approx([math.sin(0.15 * math.pi) ** 2] * 2, rel=0.05)


@pytest.mark.parametrize("path", ["cosine", "straight"])
@pytest.mark.parametrize("sampler", ["ancestral", "ode"])
def test_with_the_exact_noise_the_samples_are_the_mixture_s(path, sampler):
    n = 4000
    x = exact(path).sample(n, rng(), n_steps=60, sampler=sampler)
    truth = mixture()
    error = 5 / math.sqrt(n)
    assert (x.mean(dim=0) - truth.mean).abs().max() < error
    assert (torch.cov(x.T) - torch.cov(truth.sample((40_000,)).T)).abs().max() < 2 * error + 0.03
    right = MultivariateNormal(MEANS, COVARIANCES).log_prob(x[:, None])
    assert (right[:, 1] > right[:, 0]).double().mean().item() == pytest.approx(0.7, abs=error)


def test_the_ode_goes_one_way_and_few_steps_end_nearby():
    model, noise = exact("cosine"), torch.randn(100, 2, generator=rng(), dtype=torch.float64)
    few, many, more = (model.sample(100, rng(), steps, "ode", noise=noise) for steps in (20, 200, 400))
    assert torch.equal(many, model.sample(100, rng(9), 200, "ode", noise=noise)), "no chance on the way"
    assert (many - more).abs().mean() < 0.25 * (few - more).abs().mean() < 0.05


@pytest.mark.parametrize("path", ["cosine", "straight"])
def test_the_bound_is_below_log_p_and_near_it_for_many_steps(path):
    model, x = exact(path), torch.tensor([[0.3, 0.2], [-1.0, 0.6], [1.2, -0.5]], dtype=torch.float64)
    truth, gaps = mixture().log_prob(x), []
    for n_steps in (20, 300):
        draws = model.elbo(x.repeat_interleave(300, dim=0), rng(), n_steps).view(3, 300)
        error = draws.std(dim=1) / math.sqrt(300)
        assert (draws.mean(dim=1) < truth + 4 * error).all()
        gaps.append(truth - draws.mean(dim=1))
    # What is left is the steps' own size: ½ ∫ SNR E‖x − x̂‖² dλ by the left end of each, an error in proportion to 1/n_steps.
    assert gaps[1].max() < 0.8 and (10 < gaps[0] / gaps[1]).all()


def test_one_step_stands_for_all_of_them():
    """The mean of many draws of one step is the sum of all steps, and only it has a gradient."""
    model, x = exact("cosine"), torch.tensor([[0.3, 0.2], [-1.0, 0.6]], dtype=torch.float64)
    many = x.repeat_interleave(20_000, dim=0)
    one = model.elbo_of_one_step(many, rng(), 10).detach().view(2, -1)
    all_steps = model.elbo(x.repeat_interleave(4000, dim=0), rng(1), 10).view(2, -1)
    error = (one.var(dim=1) / one.shape[1] + all_steps.var(dim=1) / all_steps.shape[1]).sqrt()
    assert ((one.mean(dim=1) - all_steps.mean(dim=1)).abs() < 4 * error).all()
    learnt = Diffusion(2, n_hidden=8)
    assert learnt.elbo_of_one_step(x.float(), rng()).requires_grad and not learnt.elbo(x.float(), rng()).requires_grad


@pytest.mark.parametrize("path", ["cosine", "straight"])
def test_what_is_predicted_in_one_form_is_right_in_all(path):
    x, t = torch.randn(20, 2, generator=rng(), dtype=torch.float64), torch.linspace(0.05, 0.95, 20, dtype=torch.float64)
    truth = exact(path).predict(x, t)
    for predicts in ("velocity", "clean"):
        model = Diffusion(2, 4, path=path, predicts=predicts).double()
        model._output = lambda *_: getattr(truth, predicts)
        for one, other in zip(model.predict(x, t), truth):
            torch.testing.assert_close(one, other)


def test_it_learns_the_noise_and_labels_lead_where_they_say():
    g = rng(3)
    y = torch.randint(2, (1500,), generator=g)
    x = torch.tensor([-1.0, 1.0])[y][:, None] * torch.tensor([1.0, 0.5]) + 0.3 * torch.randn(1500, 2, generator=g)
    model = Diffusion(2, n_hidden=48, n_classes=2).fit(x, labels=y, epochs=25, batch_size=150, lr=1e-2, progress=False)
    assert model.history[-1]["train"] < 0.8 * model.history[0]["train"]
    for label, sign in [(0, -1), (1, 1)]:
        asked = torch.full((300,), label)
        drawn = model.sample(300, rng(4), 30, "ode", labels=asked)
        assert (drawn[:, 0] * sign > 0).float().mean() > 0.95
        assert drawn[:, 0].mean().item() == pytest.approx(sign, abs=0.2)
        strong = model.sample(300, rng(4), 30, "ode", labels=asked, guidance=3.0)
        assert strong.std(dim=0).mean() < drawn.std(dim=0).mean(), "guidance costs variety"
    free = model.sample(400, rng(5), 30)
    assert 0.35 < (free[:, 0] > 0).float().mean() < 0.65


@pytest.mark.parametrize("predicts", ["velocity", "noise", "clean"])
@pytest.mark.parametrize("w", [0.0, 0.5, 3.0])
def test_guidance_adds_w_times_the_difference_of_two_noises(predicts, w):
    """Ho and Salimans (2022), equation 6: (1 + w) ε(x, y) − w ε(x)."""
    model = Diffusion(2, n_hidden=8, predicts=predicts, n_classes=2).double()
    x, t = torch.randn(30, 2, generator=rng(), dtype=torch.float64), torch.linspace(0.1, 0.9, 30, dtype=torch.float64)
    y = torch.arange(30) % 2
    asked, free, led = (model.predict(x, t, *rest) for rest in ((y,), (), (y, w)))
    assert (asked.noise - free.noise).abs().min() > 0
    torch.testing.assert_close(led.noise, (1 + w) * asked.noise - w * free.noise)
    torch.testing.assert_close(led.score, (1 + w) * asked.score - w * free.score)


def test_the_loss_looks_at_all_times_alike():
    """The times at which the network is asked: as many in each fifth of the way, and from its beginning to its end."""
    model, seen = Diffusion(2, n_hidden=8), []
    model._output = lambda x, t, labels: seen.append(t) or torch.zeros_like(x)
    for k in range(4):
        model.loss(torch.zeros(500, 2), rng(k))
        counts = torch.histc(seen[-1], 5, 1e-3, 0.99)
        assert (counts - 100).abs().max() <= 1
    assert min(map(torch.min, seen)) < 0.005 and max(map(torch.max, seen)) > 0.985
    assert not torch.equal(seen[0].sort().values, seen[0]), "shuffled over the batch"


def test_the_bound_pays_for_its_end():
    """A network that always knows home pays at the end and at the start only: KL(q(x_1|x)‖N(0, I)), and −E log p(x|x_0)."""
    x = torch.tensor([[60.0, -45.0]], dtype=torch.float64)
    model = Diffusion(2, 4, predicts="clean").double()
    model._output = lambda x_t, t, labels: x.expand(len(x_t), 2)
    (alpha, sigma), (a, s) = ((math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)) for t in (0.99, 1e-3))
    q = torch.distributions.Normal(alpha * x, sigma)
    at_end = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0 * x, 1.0)).sum().item()
    at_start = -torch.distributions.Normal(0.0, s / a).entropy().item() * 2  # E log p(x|x_0), over many draws
    bound = model.elbo(x.expand(20_000, 2), rng(), 5).mean().item()
    assert at_end > 0.5 and bound == pytest.approx(at_start - at_end, abs=0.05)


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="path must be one of cosine, straight, got 'bent'"):
        Diffusion(2, path="bent")
    with pytest.raises(ValueError, match="predicts must be one of velocity, noise, clean, got 'x'"):
        Diffusion(2, predicts="x")
    with pytest.raises(ValueError, match=r"\(N, 2\), got \(3, 4\)"):
        Diffusion(2).elbo(torch.zeros(3, 4), rng())
    with pytest.raises(ValueError, match="sampler"):
        Diffusion(2).sample(1, rng(), sampler="euler")
    with pytest.raises(ValueError, match="guidance needs labels"):
        Diffusion(2, n_classes=2).sample(1, rng(), guidance=1.0)
    with pytest.raises(ValueError, match="no classes"):
        Diffusion(2).fit(torch.zeros(4, 2), labels=torch.zeros(4, dtype=torch.long))
    with pytest.raises(ValueError, match=r"in 0..2, got"):
        Diffusion(2, n_classes=2).sample(1, rng(), labels=torch.tensor([3]))


def test_what_it_standardises_is_drawn_and_bounded_in_its_own_units():
    """A bound of p(x) is that of the standardised x less Σ log σ; samples have mean and spread of what was learnt."""
    x = torch.randn(2000, 2, generator=rng()) * torch.tensor([5.0, 0.2]) + torch.tensor([30.0, -1.0])
    ready = (x - x.mean(dim=0)) / x.std(dim=0)
    settings = dict(epochs=10, batch_size=100, lr=5e-3, progress=False)
    by_itself = Diffusion(2, n_hidden=32, standardise=True).fit(x, **settings)
    by_hand = Diffusion(2, n_hidden=32).fit(ready, **settings)
    apart = by_itself.elbo(x[:50], rng()) - by_hand.elbo(ready[:50], rng())
    torch.testing.assert_close(apart, -x.std(dim=0).log().sum().expand(50), atol=1e-2, rtol=0)
    drawn = by_itself.sample(2000, rng(1))
    torch.testing.assert_close(drawn.mean(dim=0), x.mean(dim=0), atol=0.4, rtol=0)
    torch.testing.assert_close(drawn.std(dim=0), x.std(dim=0), atol=0, rtol=0.15)
    again = Diffusion(**by_itself.arguments)
    again.load_state_dict(by_itself.state_dict())
    torch.testing.assert_close(again.sample(5, rng(2)), by_itself.sample(5, rng(2)))


def test_labels_may_stand_in_the_last_column():
    x, y = torch.randn(100, 2, generator=rng()), torch.arange(100) % 3
    settings = dict(epochs=2, batch_size=20, progress=False)
    apart = Diffusion(2, n_hidden=8, n_classes=3).fit(x, labels=y, validation=x[:10], **settings)
    together = torch.cat([x, y[:, None]], dim=1)
    joined = Diffusion(2, n_hidden=8, n_classes=3).fit(together, validation=x[:10], **settings)
    torch.testing.assert_close(list(joined.parameters()), list(apart.parameters()))
