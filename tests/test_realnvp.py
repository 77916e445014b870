"""A flow against torch's own Jacobian, numerical integration and a Gaussian that is known."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate
from torch.autograd.functional import jacobian

from course_utils.models import RealNVP


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bent(D: int, n_couplings: int = 6) -> RealNVP:
    """Return a flow in float64 with weights large enough to matter, and a mean and scale of its own."""
    model = RealNVP(D, n_couplings, n_hidden=8).double()
    g = rng(1)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=g, dtype=torch.float64))
        model.mean.copy_(torch.linspace(-1, 1, D))
        model.log_std.copy_(torch.linspace(-0.3, 0.4, D))
    return model


@pytest.mark.parametrize("D", [2, 3, 7])
def test_the_log_determinant_is_that_of_the_jacobian(D):
    model, x = bent(D), torch.randn(5, D, generator=rng(), dtype=torch.float64)
    for n in (0, 1, 4, None):
        _, log_det = model.transform(x, n)
        for row, said in zip(x, log_det):
            J = jacobian(lambda v: model.transform(v[None], n)[0][0], row)
            assert said.item() == pytest.approx(torch.linalg.slogdet(J).logabsdet.item(), abs=1e-9)


def test_the_inverse_leads_back_and_every_dimension_is_moved():
    model, x = bent(5), torch.randn(200, 5, generator=rng(), dtype=torch.float64)
    for n in (0, 1, 3, None):
        z, _ = model.transform(x, n)
        assert (model.inverse(z, n) - x).abs().max() < 1e-5
    first, _ = model.couplings[0](x)
    second, _ = model.couplings[1](x)
    assert ((first != x).any(dim=0) ^ (second != x).any(dim=0)).all(), "each coupling moves the other half"


def test_the_density_integrates_to_one():
    model = bent(2)
    density = lambda b, a: model.log_prob(torch.tensor([[a, b]], dtype=torch.float64)).exp().item()  # noqa: E731
    z = torch.randn(4000, 2, generator=rng(), dtype=torch.float64)
    reach = model.inverse(4 * z / z.norm(dim=1, keepdim=True)).abs().max().item() + 1  # what 4 σ become
    grid = np.linspace(-reach, reach, 301)
    points = torch.tensor(np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2))
    p = model.log_prob(points).exp().numpy().reshape(len(grid), -1)
    total = integrate.trapezoid(integrate.trapezoid(p, grid), grid)
    assert total == pytest.approx(1, abs=2e-3)
    assert density(0.1, 0.2) > 0


def test_an_untrained_flow_is_a_gaussian_and_fitting_learns_a_bent_one():
    model = RealNVP(2, n_couplings=4, n_hidden=32)
    x = torch.randn(4, 2, generator=rng())
    expected = -0.5 * (x**2).sum(dim=1) - math.log(2 * math.pi)
    torch.testing.assert_close(model.log_prob(x), expected)
    g = rng(2)
    a = torch.randn(2500, generator=g)
    banana = torch.stack([a, a**2 + 0.3 * torch.randn(2500, generator=g)], dim=1)
    model.fit(banana[:1500], epochs=20, batch_size=100, lr=1e-2, validation=banana[1500:], progress=False)
    truth = 2 * 0.5 * (1 + math.log(2 * math.pi)) + math.log(0.3)  # the entropy: a bend does not change it
    assert truth - 0.1 < -model.log_prob(banana[1500:]).mean().item() < truth + 0.15
    drawn = model.sample(2000, rng(3))
    assert np.corrcoef(drawn[:, 0] ** 2, drawn[:, 1])[0, 1] > 0.9
    noise = torch.randn(5, 2, generator=rng(4))
    torch.testing.assert_close(model.transform(model.sample(5, rng(), noise=noise))[0], noise, atol=1e-4, rtol=1e-4)


def test_what_it_standardises_is_that_of_its_first_data():
    """Mean and spread of the first data, by numpy; a second fit leaves the unit as it is."""
    x = torch.randn(300, 2, generator=rng(5)) * torch.tensor([50.0, 0.02]) + torch.tensor([7.0, -3.0])
    model = RealNVP(2, n_couplings=2, n_hidden=4)
    model.fit(x, epochs=1, lr=1e-9, progress=False)
    mean, std = x.double().numpy().mean(axis=0), x.double().numpy().std(axis=0, ddof=1)
    np.testing.assert_allclose(model.mean, mean, rtol=1e-4)
    np.testing.assert_allclose(model.log_std.exp(), std, rtol=1e-4)
    nats = np.log(std).sum() + 0.5 * (((x.numpy() - mean) / std) ** 2).sum(axis=1) + math.log(2 * math.pi)
    np.testing.assert_allclose(-model.log_prob(x), nats, atol=1e-2)
    model.fit(2 * x + 1, epochs=1, lr=1e-9, progress=False)
    np.testing.assert_allclose(model.mean, mean, rtol=1e-4)
    np.testing.assert_allclose(model.log_std.exp(), std, rtol=1e-4)


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="2 or more, got 1"):
        RealNVP(1)
    with pytest.raises(ValueError, match="n_hidden"):
        RealNVP(2, n_hidden=0)
    with pytest.raises(ValueError, match=r"\(N, 2\), got \(3, 3\)"):
        RealNVP(2).log_prob(torch.zeros(3, 3))
    with pytest.raises(ValueError, match="finite"):
        RealNVP(2).log_prob(torch.tensor([[0.0, math.nan]]))
    with pytest.raises(ValueError, match="n must be"):
        RealNVP(2).sample(-1, rng())
