"""The GAN against the closed form of the best D, the losses' formulas, finite differences, and a ring of Gaussians."""

import math

import numpy as np
import pytest
import torch
from left_out import left_out
from torch import nn

from course_utils.models import GAN

ANGLES = torch.arange(8) * math.pi / 4
CENTRES = torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ring(n: int) -> torch.Tensor:
    g = rng()
    return CENTRES[torch.randint(8, (n,), generator=g)] + 0.05 * torch.randn(n, 2, generator=g)


def faces(n: int = 6) -> torch.Tensor:
    return torch.rand(n, 3, 8, 8, generator=rng(4))


def pictures(**more) -> GAN:
    return GAN(192, 3, "convolutional", n_channels=2, **more)


def covered(model: GAN) -> int:
    """Return how many of the eight Gaussians have 2 % of the samples or more within three of their σ."""
    near = torch.cdist(model.sample(4_000, rng(1)), CENTRES) < 0.15
    return int((near.float().mean(dim=0) >= 0.02).sum())


class Table(nn.Module):
    """A generator that draws row k of a table with probability p[k]: it reads k off from where z lies."""

    def __init__(self, rows: torch.Tensor, p: torch.Tensor) -> None:
        super().__init__()
        self.rows, self.edges = rows, torch.distributions.Normal(0.0, 1.0).icdf(p.cumsum(dim=0)[:-1])

    def forward(self, z):
        return self.rows[torch.bucketize(z[:, 0], self.edges)]


def test_the_best_d_and_the_value_of_the_game_are_those_of_the_closed_form():
    """Goodfellow et al. (2014), proposition 1 and theorem 1."""
    p_data, p_g = torch.tensor([0.5, 0.3, 0.15, 0.05]), torch.tensor([0.1, 0.2, 0.3, 0.4])
    rows, g = torch.eye(4), rng()
    model = GAN(4, 1, r1=0.0, n_hidden=16)
    model.generator = Table(rows, p_g)
    x = rows.repeat_interleave((p_data * 1000).round().int(), dim=0)
    for step in range(600):
        model.step_discriminator(x, g, lr=2e-2 * (1 - step / 600))
    torch.testing.assert_close(model.discriminate(rows), p_data / (p_data + p_g), atol=0.02, rtol=0)
    mixture = (p_data + p_g) / 2
    jsd = sum(0.5 * (p * (p / mixture).log()).sum() for p in (p_data, p_g))
    with torch.no_grad():
        value = -model.discriminator_loss(x, model.sample(50_000, g))
    assert value.item() == pytest.approx((2 * jsd - 2 * math.log(2)).item(), abs=0.02)


def test_the_losses_are_those_of_the_paper():
    x, fakes = ring(50), ring(100)[50:] * 0.3
    d_x, d_fakes = (GAN().discriminate(points) for points in (x, fakes))
    model, cautious = GAN(), GAN(loss="minimax")
    expected = -(d_x.log().mean() + (1 - d_fakes).log().mean())
    assert model.discriminator_loss(x, fakes).item() == pytest.approx(expected.item())
    assert model.generator_loss(fakes).item() == pytest.approx(-d_fakes.log().mean().item())
    assert cautious.generator_loss(fakes).item() == pytest.approx((1 - d_fakes).log().mean().item())


def test_the_penalty_is_the_squared_slope_of_the_log_odds():
    model, x = GAN().double(), ring(7).double()
    slopes = []
    for step in torch.eye(2, dtype=torch.float64) * 1e-6:
        slopes.append((model.log_odds(x + step) - model.log_odds(x - step)) / 2e-6)
    expected = (torch.stack(slopes) ** 2).sum(dim=0).mean().item()
    assert model.penalty(x).item() == pytest.approx(expected, rel=1e-6)
    assert pictures().penalty(faces()).item() > 0


def test_r1_adds_half_of_the_penalty_to_d_s_gradient():
    x, gradients = ring(40), []
    for r1 in (0.0, 2.0):
        model = GAN(r1=r1).double()
        model.step_discriminator(x, rng(), lr=0.0)
        gradients.append([p.grad for p in model.discriminator.parameters()])
    weights = list(model.discriminator.parameters())
    more = torch.autograd.grad(model.penalty(x), weights, allow_unused=True)
    for without, with_it, extra in zip(*gradients, more):
        torch.testing.assert_close(with_it, without + (0 if extra is None else extra))


@pytest.mark.parametrize("make", [GAN, pictures])
def test_a_step_leaves_the_other_player_untouched(make):
    model = make()
    x, g = ring(20) if make is GAN else faces(), rng()

    def state(player):
        """Return copies of its weights and of their gradients."""
        weights = list(getattr(model, player).parameters())
        return [w.detach().clone() for w in weights] + [w.grad.clone() for w in weights if w.grad is not None]

    steps = {
        "discriminator": lambda: model.step_discriminator(x, g),
        "generator": lambda: model.step_generator(len(x), g),
    }
    for player, other in [
        ("discriminator", "generator"),
        ("generator", "discriminator"),
    ] * 2:  # then both have gradients
        before, untouched = state(player), state(other)
        steps[player]()
        torch.testing.assert_close(state(other), untouched, rtol=0, atol=0)
        n = len(list(getattr(model, player).parameters()))
        assert not any(map(torch.equal, before[:n], state(player)[:n])), "each of its weights moves"
        assert all(p.requires_grad for p in model.parameters())


def test_a_step_goes_down_its_own_loss():
    model, x = GAN(r1=0.0), ring(200)
    first = model.step_discriminator(x, rng(1), lr=1e-3)
    with torch.no_grad():
        fakes = model.generator(model.noise(200, rng(1)))
        assert model.discriminator_loss(x, fakes).item() < first
    first = model.step_generator(200, rng(2), lr=1e-3)
    with torch.no_grad():
        assert model.generator_loss(model.generator(model.noise(200, rng(2)))).item() < first


@left_out("a GAN learns the ring; lesson 15 does so too")
def test_on_the_ring_it_covers_all_eight():
    model = GAN().fit(ring(6_400), epochs=15, lr=1e-3, progress=False)
    assert covered(model) == 8
    assert [r["epoch"] for r in model.history] == list(range(1, 16))
    assert all(0 < r["discriminator"] <= 2 * math.log(2) + 0.2 for r in model.history)


def test_it_collapses_when_g_plays_three_times_for_each_move_of_d():
    """D cannot follow: G runs to wherever D is fooled at the moment, with all of its samples."""
    x, drawn = ring(6_400), {}
    for steps in (1, 3):
        model = GAN(r1=0.0, loss="minimax").fit(x, epochs=3, lr=1e-3, generator_steps=steps, progress=False)
        drawn[steps] = model.sample(1_000, rng())
    assert covered(model) <= 2
    assert drawn[3].std(dim=0).max() < 0.5 < drawn[1].std(dim=0).max(), "the ring's own is 0.7"
    assert drawn[3].norm(dim=1).mean() > 0.5, "it has left the middle"


def test_the_same_generator_of_random_numbers_plays_the_same_game():
    runs = [GAN(n_hidden=8).fit(ring(100), epochs=2, batch_size=20, rng=rng(s), progress=False) for s in (1, 1, 2)]
    samples = [model.sample(5, rng(3)) for model in runs]
    assert torch.equal(samples[0], samples[1]) and not torch.equal(samples[0], samples[2])
    assert not torch.equal(runs[0].sample(5, rng(3)), runs[0].sample(5, rng(4)))


def test_a_sample_is_decoded_noise():
    large = GAN(3072, 5, "convolutional", n_channels=1)
    for model, shape in ((GAN(3, 4), (3,)), (pictures(), (3, 8, 8)), (large, (3, 32, 32))):
        model.chunk = 2
        x = model.sample(5, rng())
        assert x.shape == (5, *shape) and x.dtype == torch.float32 and not x.requires_grad
        torch.testing.assert_close(x, model.decode(torch.randn(5, model.n_latent, generator=rng())))
        assert model.discriminate(x).shape == (5,)
        assert model.sample(0, rng()).shape == (0, *shape)
    assert 0 <= x.min() and x.max() <= 1


def test_a_gan_has_no_density_and_says_so():
    with pytest.raises(NotImplementedError, match="no density"):
        GAN().log_prob(ring(3))
    with pytest.raises(NotImplementedError, match="two losses"):
        GAN().loss(ring(3))


def test_a_loss_that_is_no_number_stops_the_game():
    model = GAN()
    with torch.no_grad():
        model.discriminator[0].weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="epoch 1: take a smaller lr"):
        model.fit(ring(100), progress=False)


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        (GAN(), torch.zeros(3, 4), r"x must be a tensor \(N, 2\), got \(3, 4\)"),
        (GAN(), np.zeros((3, 2)), "got ndarray"),
        (GAN(), torch.zeros(3, 2, dtype=torch.long), "finite floats, got torch.int64"),
        (GAN(), torch.full((3, 2), float("inf")), "finite floats"),
        (pictures(), torch.zeros(3, 3, 8, 7), r"x must be a tensor \(N, 3, 8, 8\), got \(3, 3, 8, 7\)"),
        (pictures(), torch.full((3, 3, 8, 8), 255.0), r"numbers in \[0, 1\], got 255 to 255"),
    ],
)
def test_what_is_no_x_is_refused(model, x, message):
    for call in (model.fit, model.log_odds, model.discriminator_loss, model.step_discriminator):
        with pytest.raises(ValueError, match=message):
            call(x, *[x] * (call == model.discriminator_loss), *[rng()] * (call == model.step_discriminator))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GAN(0), "n_features must be a whole number from 1 upwards, got 0"),
        (lambda: GAN(architecture="big"), "architecture must be one of .*, got 'big'"),
        (lambda: GAN(loss="hinge"), "loss must be one of .*, got 'hinge'"),
        (lambda: GAN(r1=-1), "r1 must be a number from 0 upwards, got -1"),
        (lambda: GAN(beta1=1), "beta1 must be a number from 0 to below 1, got 1"),
        (lambda: GAN(64, architecture="convolutional"), "n_features = 3 side², got 64"),
        (lambda: GAN().decode(torch.zeros(2, 3)), r"z must be a tensor \(N, 2\), got \(2, 3\)"),
        (lambda: GAN().sample(-1, rng()), "n must be a whole number from 0 upwards, got -1"),
        (lambda: GAN().step_generator(0, rng()), "n must be a whole number from 1 upwards, got 0"),
        (lambda: GAN().fit(ring(9), generator_steps=0), "generator_steps must be a whole number from 1"),
    ],
)
def test_a_senseless_setting_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("progress", [False, True])
def test_the_rates_fall_along_half_a_cosine_with_or_without_a_bar(monkeypatch, progress):
    rates, step_d, step_g = [], GAN.step_discriminator, GAN.step_generator
    monkeypatch.setattr(GAN, "step_discriminator", lambda self, x, g, lr: rates.append(lr) or step_d(self, x, g, lr))
    monkeypatch.setattr(GAN, "step_generator", lambda self, n, g, lr: rates.append(lr) or step_g(self, n, g, lr))
    settings = dict(epochs=3, batch_size=10, lr=0.5, progress=progress)
    expected = np.array([0.25 * (1 + math.cos(math.pi * s / 12)) for s in range(12)])
    GAN(n_hidden=4).fit(ring(40), **settings)
    assert rates == pytest.approx(expected.repeat(2))
    rates.clear()
    GAN(n_hidden=4).fit(ring(40), discriminator_lr=0.25, **settings)
    assert rates[::2] == pytest.approx(expected / 2) and rates[1::2] == pytest.approx(expected)


@pytest.mark.parametrize("beta1", [0.0, 0.5])
def test_the_steps_are_adam_s(beta1):
    """By hand, after Kingma and Ba (2015), algorithm 1, on the bias of D's last layer."""
    model, g = GAN(n_hidden=4, beta1=beta1), rng()
    b = model.discriminator[-1].bias
    w, m, v = b.item(), 0.0, 0.0
    for t in (1, 2, 3):
        model.step_discriminator(ring(20), g, lr=0.01)
        grad = b.grad.item()
        m, v = beta1 * m + (1 - beta1) * grad, 0.99 * v + 0.01 * grad**2
        w -= 0.01 * m / (1 - beta1**t) / ((v / (1 - 0.99**t)) ** 0.5 + 1e-8)
        assert b.item() == pytest.approx(w, abs=1e-6)
