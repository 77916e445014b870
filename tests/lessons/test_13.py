"""The numbers of lesson 13, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import header
from scipy.integrate import quad
from scipy.stats import entropy, norm


def test_13_the_divergence(lesson):
    """KL(N(μ, σ²)‖N(0, 1)) by numerical integration, for the two pairs that the lesson tries."""
    for k, (mu, log_var) in enumerate([(0.5, -1.0), (-2.0, 0.3)]):
        q = norm(mu, np.exp(log_var / 2))
        exact = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), *q.ppf([1e-15, 1 - 1e-15]))[0]
        ours = lesson[f"kl(torch.tensor({mu}), torch.tensor({log_var})).item()"]
        assert (ours, lesson[f"by_torch[0, {k}].item()"]) == pytest.approx((exact, exact), abs=1e-5)


def test_13_three_roads_to_a_slope(lesson):
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
    ways = {
        "reparameterised": slope,
        "score": lambda z: log_p(z) * (z - 1) / 0.25,
        "score, 20 nats lower": lambda z: (log_p(z) - 20) * (z - 1) / 0.25,
    }
    widths = {name: np.sqrt(mean(lambda z: f(z) ** 2) - truth**2) for name, f in ways.items()}
    apart = [mean(lambda z: log_p(z + h) ** 2) - mean(lambda z: log_p(z + h)) ** 2 for h in (-0.1, 0.1)]
    widths["pushed, new dice"] = np.sqrt(sum(apart)) / 0.2
    found = lesson["{name: (some.mean(), some.std()) for name, some in roads.items()}"]
    assert found.keys() == widths.keys()
    for name, width in widths.items():
        assert found[name][0] == pytest.approx(truth, abs=4 * width / np.sqrt(100_000))
        assert found[name][1] == pytest.approx(width, rel=0.03)


def test_13_grey_pixels(digits, lesson):
    exact = entropy(np.stack([digits[2], 1 - digits[2]]), axis=0).sum(axis=1).mean()
    assert lesson["perfect.item()"] == pytest.approx(exact, rel=1e-5)
    integral = quad(lambda x: 0.3**x * 0.7 ** (1 - x), 0, 1)[0]
    assert lesson["(total, formula)"] == pytest.approx((integral, integral))


def test_13_the_scoreboard(planet, lesson):
    files = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae"}
    assert lesson["scores"] == {name: header(file)[0]["score"] for name, file in files.items()}
    met, nats = lesson["(met, -log_p)"]
    np.testing.assert_array_equal(met, np.isin(planet["test"], planet["train"]))
    assert nats[met].mean() < nats[~met].mean()


def test_13_where_faces_live(planet, lesson):
    p = planet["p"]
    assert lesson["H"] == pytest.approx(entropy(p))
    assert lesson["each.sum()"] > entropy(p)  # a mutual information is no larger
    before, after = lesson["[score_planet_pixel(faces, train) for faces in (most_likely, by_mixture)]"]
    assert after.rule1 > before.rule1 and after.coverage > before.coverage
    assert after.reference_coverage == pytest.approx((p * (1 - (1 - p) ** 200)).sum())


def test_13_arithmetic(planet, lesson):
    """Asked of all different test faces that have the old value; of a bald one nobody sees the hair's colour."""
    met = planet["styles"][np.unique(planet["test"])]
    for (_, old, _), asked in lesson["{wish: len(result[2]) for wish, result in results.items()}"].items():
        assert asked == sum(old in style for style in met)
