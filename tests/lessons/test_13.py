"""The numbers of lesson 13, beside computations that use none of the course's models."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import entropy, norm


def test_13_the_divergence(lesson):
    """KL(N(μ, σ²)‖N(0, 1)) by numerical integration, for the two pairs that the lesson tries."""
    for k, (mu, log_var) in enumerate([(0.5, -1.0), (-2.0, 0.3)]):
        q = norm(mu, np.exp(log_var / 2))
        exact = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), *q.ppf([1e-15, 1 - 1e-15]))[0]
        ours = lesson[f"kl(torch.tensor({mu}), torch.tensor({log_var})).item()"]
        assert (ours, lesson[f"by_torch[0, {k}].item()"]) == pytest.approx((exact, exact), abs=1e-5)


def test_13_roads_to_a_slope(lesson):
    def log_p(z):
        return norm.logpdf(z) + norm.logpdf(1.5, z**2, 0.5)

    q = norm(1, 0.5)

    def mean(f):
        return quad(lambda z: q.pdf(z) * f(z), -4, 6)[0]

    def slope(z):
        return (log_p(z + 1e-5) - log_p(z - 1e-5)) / 2e-5

    truth = mean(slope)
    assert truth == pytest.approx(-1 + 12 * 1 - 8 * (1 + 3 * 0.25), abs=1e-6)  # by the moments of a Gaussian
    assert lesson["truth"] == pytest.approx(truth, abs=1e-5)
    level = mean(log_p)
    ways = {
        "reparameterised": slope,
        "score, 20 nats lower": lambda z: (log_p(z) - 20) * (z - 1) / 0.25,
        "score, less its mean": lambda z: (log_p(z) - level) * (z - 1) / 0.25,
        "pushed, same ε": lambda z: (log_p(z + 0.01) - log_p(z - 0.01)) / 0.02,
    }
    widths = {name: np.sqrt(mean(lambda z: f(z) ** 2) - truth**2) for name, f in ways.items()}
    found = lesson["{name: (some.mean(), some.std()) for name, some in roads.items()}"]
    assert found.keys() == widths.keys()
    for name, width in widths.items():
        assert found[name][0] == pytest.approx(truth, abs=4 * width / np.sqrt(100_000))
        assert found[name][1] == pytest.approx(width, rel=0.06)  # of heavy tails


def test_13_grey_pixels(digits, lesson):
    exact = entropy(np.stack([digits[2], 1 - digits[2]]), axis=0).sum(axis=1).mean()
    assert lesson["perfect.item()"] == pytest.approx(exact, rel=1e-5)
    integral = quad(lambda x: 0.3**x * 0.7 ** (1 - x), 0, 1)[0]
    assert lesson["(total, formula)"] == pytest.approx((integral, integral))


def test_13_the_gap_has_two_parts(lesson):
    """What guessing and the family cost is the whole distance to log p(x), which no better q can make smaller than 0."""
    gap, by_guess, by_family = lesson["[part[:50].numpy() for part in (gap, by_guess, by_family)]"]
    np.testing.assert_allclose(by_guess + by_family, gap, atol=2e-3)
    assert by_family.min() > -2e-3 and by_guess.min() > -0.05


def test_13_holes_of_three_betas(lesson):
    """Each share is one of four kinds of requests, counted among a thousand; what β costs is a KL that grows without it."""
    shares = lesson["shares"]
    assert all(len(row) == 4 and row[0] < 0.01 for row in shares.values())
    assert shares[8, 10][3] < shares[8, 1][3] < shares[8, 0][3]
    kl = {
        beta: 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
        for beta, (mu, log_var) in lesson[
            "{b: [part.double().numpy() for part in models[8, b].encode(tin_pixels)] for b in (1, 10)}"
        ].items()
    }
    for beta, value in kl.items():
        assert lesson[f"models[8, {beta}].kl(tin_pixels).sum(dim=1).mean().item()"] == pytest.approx(value, rel=1e-4)
    assert kl[10] < kl[1] / 2
