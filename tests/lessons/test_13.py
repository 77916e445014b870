"""The numbers of lesson 13, beside computations that use none of the course's models."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
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
    """A hole is farther than 0.05 from every tin that can be drawn, by scipy; what β costs is a KL that shrinks with it."""
    shares = lesson["shares"]
    assert all(len(row) == 4 for row in shares.values()) and shares[10][3] < shares[1][3]
    painted = lesson["{b: m.decode(noise[:60]).numpy() for b, m in models.items()}"]
    for beta, pictures in painted.items():
        hole = cdist(pictures, lesson["catalogue"]).min(axis=1) / np.sqrt(1024) > 0.05
        assert (
            lesson[f"no_proper_tin(noise[:60], models[{beta}]).numpy()"] == hole
        ).mean() > 0.96  # at the border float32 decides
        assert hole.mean() == pytest.approx(shares[beta][3], abs=0.2)
    codes = lesson["{b: [part.double().numpy() for part in m.encode(tin_pixels)] for b, m in models.items()}"]
    kl = {b: 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).mean(axis=0) for b, (mu, log_var) in codes.items()}
    for beta, each in kl.items():
        assert lesson[f"models[{beta}].kl(tin_pixels).mean(dim=0).numpy()"] == pytest.approx(each, rel=1e-4, abs=1e-5)
    assert kl[10].sum() < kl[1].sum() / 2
    np.testing.assert_allclose(lesson["nats.numpy()"], kl[10], rtol=1e-4, atol=1e-5)


def test_13_the_exact_evidence(lesson):
    """log p(x) by a finer grid over the square that the lesson's grid covers, with scipy's densities."""
    side = np.linspace(-5, 5, 161)
    p = lesson["vae.decode(torch.cartesian_prod(*[torch.linspace(-5, 5, 161)] * 2)).double().numpy()"]
    p = np.clip(p, 1e-6, 1 - 1e-6)  # (161², 64)
    log_p_z = (norm.logpdf(side)[:, None] + norm.logpdf(side)).ravel()
    x = lesson["some[:20].double().numpy()"]
    log_px = logsumexp(x @ np.log(p).T + (1 - x) @ np.log(1 - p).T + log_p_z, axis=1) + 2 * np.log(side[1] - side[0])
    np.testing.assert_allclose(lesson["log_px[:20].double().numpy()"], log_px, atol=0.01)
    assert lesson["log_px.mean().item() - with_q[-1]"] == pytest.approx(0, abs=0.15)


def test_13_a_bargain(solution):
    """The best μ and σ of exercise 13.1 by a search that knows neither slope nor formula."""

    z = np.linspace(-10, 10, 4001)

    def loss(pair):  # minus the ELBO of q on a fine grid
        q = norm.pdf(z, pair[0], np.exp(pair[1])) * (z[1] - z[0])
        log_ratio = norm.logpdf(z, pair[0], np.exp(pair[1])) - norm.logpdf(z)
        return q @ (10 + 4 * (z - 1.5) ** 2 + log_ratio)

    mu, log_sigma = minimize(loss, [0.5, -0.5], method="Nelder-Mead").x
    assert solution("13.1") == pytest.approx((mu, np.exp(log_sigma)), abs=1e-3)
