"""Masked diffusion on four pixels, where every mask, every order and every picture can be listed."""

import itertools
import math

import numpy as np
import pytest
import torch

from course_utils.models import MaskedDiffusion

PICTURES = torch.tensor([*itertools.product(range(2), repeat=4)])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def model() -> MaskedDiffusion:
    """Return a model of 2 × 2 pixels in float64, with weights large enough to matter."""
    found, g = MaskedDiffusion(2, 2, n_channels=4, n_halvings=1).double(), rng(1)
    with torch.no_grad():
        for p in found.parameters():
            p.copy_(0.7 * torch.randn(p.shape, generator=g, dtype=torch.float64))
    return found


def log_p(model, x, i, seen) -> torch.Tensor:
    """Return log p(x_i | the pixels seen) (N,)."""
    hidden = torch.ones_like(x, dtype=torch.bool)
    hidden[:, list(seen)] = False
    return model.logits(x, hidden).log_softmax(dim=1)[torch.arange(len(x)), x[:, i], i]


def over_orders(model, x) -> torch.Tensor:
    """Return log p(x) (24, N) in each order of the four pixels."""
    with torch.no_grad():
        return torch.stack([sum(log_p(model, x, i, order[:k]) for k, i in enumerate(order)) for order in itertools.permutations(range(4))])  # fmt: skip


def test_the_bound_is_the_mean_over_all_orders_and_the_sum_over_all_masks(model):
    """A mask of m pixels has weight ∫ (1/t) tᵐ (1 − t)^(4 − m) dt = (m − 1)! (4 − m)!/4!."""
    orders = over_orders(model, PICTURES).mean(dim=0)
    masks = torch.zeros(16, dtype=torch.float64)
    for m in range(1, 5):
        weight = math.factorial(m - 1) * math.factorial(4 - m) / math.factorial(4)
        for chosen in itertools.combinations(range(4), m):
            seen = [i for i in range(4) if i not in chosen]
            masks += weight * sum(log_p(model, PICTURES, i, seen) for i in chosen).detach()
    torch.testing.assert_close(orders, masks)
    for n_draws in (1, 4):
        draws = model.elbo(PICTURES.repeat_interleave(500, dim=0), rng(), n_draws).view(16, 500)
        error, off = draws.std(dim=1) / math.sqrt(500), draws.mean(dim=1) - orders
        assert (off.abs() < 4.5 * error).all() and off.mean().abs() < 4.5 * error.norm() / 16  # each, and all together
    assert (orders <= over_orders(model, PICTURES).logsumexp(dim=0) - math.log(24) + 1e-12).all(), "a bound, by Jensen"


def test_no_weight_is_idle(model):
    """Each array of weights has a part in the loss: what it says where a pixel is, too."""
    gradients = torch.autograd.grad(model.loss(PICTURES.repeat(20, 1), rng()), list(model.parameters()))
    for (name, _), gradient in zip(model.named_parameters(), gradients):
        assert name.endswith("bias") or gradient.abs().max() > 1e-12, name  # a norm may take a bias away


def test_the_loss_is_the_bound_of_its_batch(model):
    x = PICTURES.repeat(400, 1)
    loss, truth = model.loss(x, rng()).item(), -over_orders(model, PICTURES).mean().item()
    assert loss == pytest.approx(truth, abs=0.25)
    assert model.validation_loss(PICTURES) == model.validation_loss(PICTURES)
    assert model.loss(x).requires_grad


def test_the_network_does_not_see_what_is_hidden(model):
    hidden = torch.tensor([[True, False, True, False]]).expand(16, 4)
    logits = model.logits(PICTURES, hidden)
    for x, y in itertools.combinations(range(16), 2):
        same = (PICTURES[x, [1, 3]] == PICTURES[y, [1, 3]]).all()
        assert torch.allclose(logits[x], logits[y]) == bool(same)


@pytest.mark.parametrize("n_steps", [1, 2, 4])
def test_samples_follow_the_steps(model, n_steps):
    """Told in groups of 4/n_steps pixels, independent within a group: listed for every order."""
    size, p = 4 // n_steps, torch.zeros(16, dtype=torch.float64)
    for order in itertools.permutations(range(4)):
        groups = [order[k : k + size] for k in range(0, 4, size)]
        p += sum(log_p(model, PICTURES, i, order[: k * size]) for k, group in enumerate(groups) for i in group).detach().exp() / 24  # fmt: skip
    assert p.sum().item() == pytest.approx(1)
    drawn = model.sample(6000, rng(), n_steps) @ torch.tensor([8, 4, 2, 1])
    shares = np.bincount(drawn, minlength=16) / 6000
    assert (abs(shares - p.numpy()) < 4.5 * np.sqrt(p.numpy() / 6000)).all()


def test_it_learns_which_pixels_go_together():
    x = torch.tensor([[0] * 25, [1] * 25, [2] * 13 + [0] * 12]).repeat(40, 1)
    model = MaskedDiffusion(3, 5, n_channels=8, n_halvings=2)
    model.fit(x, epochs=30, batch_size=30, lr=3e-2, warm_up=10, average=0.9, progress=False)
    assert -model.elbo(x, rng(), 8).mean().item() < math.log(3) + 0.7
    known = {tuple(row.tolist()) for row in x}
    drawn = [tuple(row.tolist()) for row in model.sample(60, rng(), n_steps=25)]
    assert sum(row in known for row in drawn) > 30
    alike = [tuple(row.tolist()) for row in model.sample(60, rng(), n_steps=1)]
    assert sum(row in known for row in alike) < 10, "one step is Naive Bayes"


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="multiple of 4"):
        MaskedDiffusion(2, 2, n_channels=6)
    with pytest.raises(ValueError, match=r"\(N, 4\) of whole numbers"):
        MaskedDiffusion(2, 2, n_channels=4).elbo(torch.zeros(1, 4), rng())
    with pytest.raises(ValueError, match="0..1, got 0 to 5"):
        MaskedDiffusion(2, 2, n_channels=4).elbo(torch.tensor([[0, 5, 0, 0]]), rng())
    with pytest.raises(ValueError, match="n_steps"):
        MaskedDiffusion(2, 2, n_channels=4).sample(1, rng(), n_steps=0)
