"""NADE and RNADE against enumeration, the definition written out, numerical integration and torch's own gradients."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from course_utils.models import NADE, RNADE


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rough(model):
    """Give a model weights large enough to matter, in float64."""
    g = rng(1)
    model = model.double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=g, dtype=torch.float64))
    return model


def binary_model(n_features: int, n_hidden: int = 6, order=None) -> NADE:
    model = rough(NADE(n_features, n_hidden))
    if order is not None:
        model.set_order(order)
    return model


def all_states(D: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0, 1], repeat=D)))


def by_definition(model: NADE, x: torch.Tensor) -> torch.Tensor:
    """Return log p(x) (N,) as Uria et al. (2016) define it: for each i, a product with all that came before."""
    x = x[:, model.order].double()
    total = torch.zeros(len(x), dtype=torch.float64)
    for i in range(x.shape[1]):
        h = torch.sigmoid(model.c + x[:, :i] @ model.W[:i])  # (N, H)
        p = torch.sigmoid(model.b[i, 0] + h @ model.V[i, :, 0])
        total = total + torch.log(torch.where(x[:, i] == 1, p, 1 - p))
    return total


@pytest.mark.parametrize("D", [1, 2, 9])
def test_the_probabilities_of_all_states_sum_to_one(D):
    order = torch.randperm(D, generator=rng())
    assert binary_model(D, order=order).log_prob(all_states(D)).exp().sum().item() == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(7)), st.integers(1, 12))
def test_log_prob_is_the_definition_s_in_any_ordering(order, n_hidden):
    model, x = binary_model(7, n_hidden, torch.tensor(order)), all_states(7)[::5]
    torch.testing.assert_close(model.log_prob(x), by_definition(model, x).detach(), rtol=1e-10, atol=1e-10)


def test_logits_belong_to_their_dimensions_and_see_only_earlier_ones():
    order = [3, 0, 4, 1, 2]
    model, x = binary_model(5, order=torch.tensor(order)), all_states(5)
    logits = model.logits(x)
    assert logits.shape == (32, 5)
    log_p = torch.where(x == 1, logits, -logits).sigmoid().log().sum(dim=1)
    torch.testing.assert_close(log_p, by_definition(model, x))
    for place, d in enumerate(order):
        flipped = x.clone()
        flipped[:, d] = 1 - flipped[:, d]
        changed = (model.logits(flipped) != logits).any(dim=0)
        assert not changed[order[: place + 1]].any(), "a dimension sees itself or a later one"
        assert changed[order[place + 1 :]].all()


def test_loss_and_gradients_are_those_of_the_definition():
    model = binary_model(20, 9, order=torch.randperm(20, generator=rng()))
    x = (torch.rand(8, 20, generator=rng(2)) < 0.4).to(torch.uint8)
    loss = model.loss(x)
    ours = torch.autograd.grad(loss, list(model.parameters()))
    expected = -by_definition(model, x).mean()
    theirs = torch.autograd.grad(expected, list(model.parameters()))
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_the_gradient_with_respect_to_x_is_right_too():
    from course_utils.models.nade import _Recursion

    g = rng()
    shapes = (4, 3), (4, 5), (5,), (4, 5, 2)
    tensors = [torch.randn(s, generator=g, dtype=torch.float64, requires_grad=True) for s in shapes]
    assert torch.autograd.gradcheck(_Recursion.apply, tensors)


def test_memory_of_a_step_does_not_grow_with_the_number_of_dimensions_times_the_hidden_units():
    """What autograd keeps for the way back: the weights and B × (D + H) numbers, not B × D × H."""
    kept = []
    model, x = NADE(200, 50), torch.zeros(10, 200)

    def pack(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.loss(x)
    assert sum(kept) < 10 * 200 * 50


def test_samples_have_the_model_s_distribution():
    model = binary_model(4, order=torch.tensor([2, 0, 3, 1]))
    x = model.sample(20_000, rng()).long()
    counts = torch.bincount(x @ torch.tensor([8, 4, 2, 1]), minlength=16) / 20_000
    p = by_definition(model, all_states(4)).exp().detach()
    assert abs(counts - p).max() < 4 * (p * (1 - p) / 20_000).sqrt().max()


def test_temperature_divides_the_logits():
    model = binary_model(1)
    for temperature in (0.3, 1.0, 3.0):
        share = model.sample(20_000, rng(), temperature=temperature).mean().item()
        assert share == pytest.approx(torch.sigmoid(model.logits(torch.zeros(1, 1)) / temperature).item(), abs=0.015)


def test_what_is_given_stays_and_the_rest_follows_the_conditional():
    model = binary_model(4, order=torch.tensor([2, 0, 3, 1]))
    x = torch.tensor([0, 1, 1, 0])
    drawn = model.sample(20_000, rng(), given=x, n_given=2)
    assert (drawn[:, [2, 0]] == x[[2, 0]]).all()
    states = all_states(4)
    match = (states[:, [2, 0]] == x[[2, 0]]).all(dim=1)
    p = by_definition(model, states[match]).exp().detach()
    counts = torch.stack([(drawn == s).all(dim=1).double().mean() for s in states[match]])
    torch.testing.assert_close(counts, p / p.sum(), atol=0.015, rtol=0)
    assert torch.equal(model.sample(1, rng(), given=x, n_given=4)[0].long(), x)


def test_a_new_model_begins_with_independent_dimensions():
    """Without a step of training (lr = 0) and without V, p(x_i) is its column's own frequency, a count of ½ added to each."""
    x = (torch.rand(40, 12, generator=rng()) < torch.linspace(0, 0.9, 12)).float()
    model = NADE(12, 5)
    model.set_order(torch.arange(12).flip(0))
    torch.nn.init.zeros_(model.V)
    model.fit(x, epochs=1, batch_size=20, lr=0.0, progress=False)
    expected = ((x.sum(dim=0) + 0.5) / 41).expand(3, 12)
    torch.testing.assert_close(model.logits(x[:3]).sigmoid(), expected)
    torch.testing.assert_close(model.fit(1 - x, epochs=1, lr=0.0, progress=False).logits(x[:3]).sigmoid(), expected)


def test_it_learns_what_no_independent_model_can():
    """Parity of three bits: all pairs are independent, and log p is 2 log ½ for a state with an even sum."""
    x = torch.tensor([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]).repeat(50, 1)
    model = NADE(3, 8).fit(x, epochs=60, batch_size=20, lr=0.05, progress=False)
    assert -model.log_prob(x).mean().item() < 1.05 * 2 * np.log(2)
    assert model.history[-1]["train"] < model.history[0]["train"]


@pytest.mark.parametrize("order", [None, [1, 0]])
def test_rnade_s_density_integrates_to_one(order):
    model = rough(RNADE(2, 4, 3))
    if order:
        model.set_order(torch.tensor(order))
    grid = np.linspace(-60, 60, 601)
    with torch.no_grad():
        model.b[:, 6:] = 0.5  # log σ: wide enough for the grid
        model.V[:, :, 6:] *= 0.2
    points = torch.from_numpy(np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2))
    density = model.log_prob(points).exp().numpy().reshape(601, 601)
    assert integrate.simpson(integrate.simpson(density, x=grid), x=grid) == pytest.approx(1, abs=2e-3)


def test_rnade_s_conditionals_are_mixtures_of_gaussians():
    model = rough(RNADE(3, 4, 2))
    x = torch.randn(6, 3, generator=rng(5), dtype=torch.float64)
    total = torch.zeros(6, dtype=torch.float64)
    for i in range(3):
        h = torch.sigmoid(model.c + x[:, :i] @ model.W[:i])
        w, mu, log_sigma = (h @ model.V[i] + model.b[i]).chunk(3, dim=1)
        components = torch.distributions.Normal(mu, log_sigma.exp())
        mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=w), components)
        total += mixture.log_prob(x[:, i])
    torch.testing.assert_close(model.log_prob(x), total.detach())


def test_rnade_s_samples_have_its_mean_and_spread():
    model = rough(RNADE(1, 4, 3))
    x = model.sample(50_000, rng())[:, 0]
    grid = torch.linspace(-80, 80, 40_001, dtype=torch.float64)
    p = model.log_prob(grid[:, None]).exp()
    p = p / p.sum()
    mean = (p * grid).sum()
    sd = (p * (grid - mean) ** 2).sum().sqrt()
    assert x.mean().item() == pytest.approx(mean.item(), abs=4 * sd.item() / 50_000**0.5)
    assert x.std().item() == pytest.approx(sd.item(), rel=0.05)


def two_humps(log_sigma: float) -> RNADE:
    """Return p(x) = 0.8 N(−50, σ²) + 0.2 N(50, σ²)."""
    model = RNADE(1, 2, 2).double()
    with torch.no_grad():
        model.V.zero_()
        model.b[0] = torch.tensor([np.log(0.8), np.log(0.2), -50, 50, log_sigma, log_sigma])
    return model


def test_a_temperature_makes_rnade_s_likely_hump_likelier_and_both_narrower():
    x = two_humps(0).sample(20_000, rng(), temperature=0.5)
    assert (x > 0).double().mean().item() == pytest.approx(0.2**2 / (0.2**2 + 0.8**2), abs=0.007)
    assert x[x < 0].std().item() == pytest.approx(0.5**0.5, rel=0.02)


@pytest.mark.parametrize("log_sigma, kept", [(20, 7), (-20, -7)])
def test_no_hump_of_rnade_is_endlessly_wide_or_narrow(log_sigma, kept):
    x = torch.tensor([[-50.0], [-50.0002]], dtype=torch.float64)
    torch.testing.assert_close(two_humps(log_sigma).log_prob(x), two_humps(kept).log_prob(x))
    assert two_humps(20).log_prob(x[:1]).item() == pytest.approx(-7 - 0.5 * np.log(2 * np.pi), abs=0.01)


def test_rnade_learns_two_humps_that_depend_on_the_first_dimension():
    g = rng()
    first = torch.randn(1500, 1, generator=g)
    sign = torch.where(torch.rand(1500, 1, generator=g) < 0.5, 1.0, -1.0)
    x = torch.cat([first, sign * (1 + first.abs()) + 0.1 * torch.randn(1500, 1, generator=g)], dim=1)
    model = RNADE(2, 20, 4).fit(x[:1000], epochs=30, batch_size=100, lr=0.05, progress=False)
    gaussian = torch.distributions.MultivariateNormal(x[:1000].mean(0), x[:1000].T.cov()).log_prob(x[1000:]).mean()
    assert model.log_prob(x[1000:]).mean() > gaussian + 1


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(3, 4), r"x must be a tensor \(N, 5\), got \(3, 4\)"),
        (torch.zeros(5), r"x must be a tensor \(N, 5\), got \(5,\)"),
        (np.zeros((3, 5)), "got ndarray"),
        (torch.full((2, 5), 0.5), "0 and 1 only, got values from 0.5 to 0.5; binarise"),
        (torch.full((2, 5), 7), "got values from 7 to 7"),
        (torch.full((2, 5), float("nan")), "finite"),
    ],
)
def test_what_is_no_binary_picture_is_refused(x, message):
    model = NADE(5, 3)
    for call in (model.log_prob, model.logits, model.loss, model.fit):
        with pytest.raises(ValueError, match=message):
            call(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NADE(0, 3), "n_features must be a whole number from 1 upwards, got 0"),
        (lambda: NADE(3, 2.5), "n_hidden must be a whole number from 1 upwards, got 2.5"),
        (lambda: RNADE(3, 4, 0), "n_components must be a whole number from 1 upwards, got 0"),
        (lambda: NADE(3, 2).set_order(torch.tensor([0, 1, 1])), r"each of 0 … 2 once, got \[0, 1, 1\]"),
        (lambda: NADE(3, 2).set_order([2, 1]), r"each of 0 … 2 once, got \[2, 1\]"),
        (lambda: NADE(3, 2).sample(2, rng(), temperature=0), "temperature must be above 0, got 0"),
        (lambda: NADE(3, 2).sample(2, rng(), n_given=2), "only with given"),
        (lambda: NADE(3, 2).sample(2, rng(), given=torch.zeros(3), n_given=4), "0..3"),
        (lambda: NADE(3, 2).sample(2, rng(), given=torch.zeros(4), n_given=2), "given must be"),
        (lambda: NADE(3, 2).sample(-1, rng()), "n must be a whole number from 0 upwards, got -1"),
    ],
)
def test_a_senseless_setting_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
