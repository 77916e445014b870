"""The numbers of lesson 13, beside computations that use none of the course's models."""

import json

import numpy as np
import pytest
import safetensors
from oracle import agree, read, text
from scipy.integrate import quad
from scipy.stats import entropy, norm

from course_utils import files


def test_13_the_divergence():
    """KL(N(μ, σ²)‖N(0, 1)) by numerical integration, for the two pairs in the lesson's code."""
    means = [float(v) for v in read("13", "mu, log_var = torch.tensor([[#, #]]), torch.tensor([[#, #]])", "code")]
    for k, (mu, log_var) in enumerate(zip(means[:2], means[2:])):
        q = norm(mu, np.exp(log_var / 2))
        exact = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), *q.ppf([1e-15, 1 - 1e-15]))[0]
        for name in ("ours", "torch"):
            agree(read("13", f"{name} # #")[k], exact, error=1e-5)


def test_13_three_roads_to_a_slope():
    def log_p(z):
        return norm.logpdf(z) + norm.logpdf(1.5, z**2, 0.5)

    q = norm(1, 0.5)

    def mean(f):
        return quad(lambda z: q.pdf(z) * f(z), -4, 6)[0]

    def slope(z):
        return (log_p(z + 1e-5) - log_p(z - 1e-5)) / 2e-5

    truth = mean(slope)
    assert truth == pytest.approx(-1 + 12 * 1 - 8 * (1 + 3 * 0.25), abs=1e-6)  # by the moments of a Gaussian
    agree(read("13", "true slope, by a sum over a grid #")[0], truth)
    ways = {
        "reparameterised": slope,
        "score": lambda z: log_p(z) * (z - 1) / 0.25,
        "score, 20 nats lower": lambda z: (log_p(z) - 20) * (z - 1) / 0.25,
    }
    widths = {name: np.sqrt(mean(lambda z: f(z) ** 2) - truth**2) for name, f in ways.items()}
    apart = [mean(lambda z: log_p(z + h) ** 2) - mean(lambda z: log_p(z + h)) ** 2 for h in (-0.1, 0.1)]
    widths["pushed, new dice"] = np.sqrt(sum(apart)) / 0.2
    for name, width in widths.items():
        middle, one, draws = read("13", f"{name} mean #, one draw ± #; needs # times the draws")
        agree(middle, truth, error=4 * width / np.sqrt(100_000))
        agree(one, width, error=0.03 * width)
        agree(draws, (width / widths["reparameterised"]) ** 2, error=0.06 * float(draws))
    assert "drawn            does the loss know where z came from? False" in text("13", "printed")


def test_13_grey_pixels(digits):
    (nats,) = read("13", "each grey pixel predicted exactly: # nats a digit, and not 0")
    agree(nats, entropy(np.stack([digits[2], 1 - digits[2]]), axis=0).sum(axis=1).mean())

    def integral(p):
        return quad(lambda x: p**x * (1 - p) ** (1 - x), 0, 1)[0]

    for number in read("13", "as a density of one pixel in [0, 1] it integrates to #, by a formula #"):
        agree(number, integral(0.3))
    assert (
        "its integral is one half or less" in text("13", "written")
        and max(map(integral, np.linspace(0.01, 0.99, 99))) <= 0.5
    )


def test_13_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("13", "code")
    assert read("13", "−ELBO in the first epoch: above # nats a digit; in the fifteenth: below #") == ["25", "22"]
    assert "assert curve[0] > 25 and curve[-1] < 22\n" in code
    assert (
        read("13", "trained for sixty epochs: −ELBO below # nats a test digit") == ["20.5"]
        and "assert -bound < 20.5\n" in code
    )
    assert read("13", "z from the rectangle: 2 dimensions above #%, 8 dimensions above #%") == ["10", "70"]
    assert read("13", "z from p(z): 2 dimensions below #%, 8 dimensions below #%") == ["6", "5"]
    assert read("13", "a Gaussian fitted to its codes: 8 dimensions above #%") == ["10"]
    assert "shares[2, 0][1] > 0.1 and shares[2, 10][3] < 0.06 and shares[8, 0][1] > 0.7\n" in code
    assert "shares[8, 0][2] > 0.1 and shares[8, 10][3] < 0.05\n" in code
    assert read("13", "above #%, where the VAE stays below #%", "written") == ["70", "5"]
    assert read("07", "no proper tin, from random z: more than #%") == ["10"]
    assert read("13", "of eight dimensions two have more than # nats, the other six less than #") == ["2", "0.5"]
    assert "assert (nats > 2).sum() == 2 and (nats < 0.5).sum() == 6\n" in code
    assert (
        "silent < 0.01 and" in code and "awake > 2\n" in code and "β = 64: KL below 0.01 nats" in text("13", "printed")
    )
    assert "with n = 1 0.4 to 1.2 nats, with n = 1000 less than 0.15;" in text("13", "printed")
    assert "assert 0.4 < below[0] < 1.2 and abs(below[1]) < 0.15 and below[2] > 5\n" in code
    assert read("13", "KL of a digit: #") == ["3"] and "assert 2.5 < vae.kl(x_test).sum(dim=1).mean() < 3.5\n" in code
    assert read("13", "told the pixels before, β = 1: KL below # nats, −ELBO below # a test digit") == ["1.2", "19.5"]
    assert "assert spoken < 1.2 and rebuilding + spoken < 19.5\n" in code


def test_13_the_scoreboard(planet):
    nats = {}
    for name, file in [
        ("NADE", "nade"),
        ("Row LSTM", "pixelrnn_row"),
        ("Diagonal", "pixelrnn_diagonal"),
        ("VAE", "vae"),
    ]:
        with safetensors.safe_open(
            files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
        ) as checkpoint:
            score = json.loads(checkpoint.metadata()["score"])
        keys = ("bound", "estimate") if name == "VAE" else ("nats",)
        words = "VAE n/a, below #, about # # # #" if name == "VAE" else f"{name} # exact # # #"
        for number, key in zip(read("13", words), (*keys, "rule 1", "rule 2", "coverage"), strict=True):
            agree(number, score[key])
        nats[name] = score[keys[0]]
    assert "Fewer, even by its bound." in text("13", "written") and min(nats, key=nats.get) == "VAE"
    bound, error, album, others = map(
        float, read("13", "the bound on 1,000 test faces: # ± # nats; faces of the album #, others #")
    )
    assert bound == pytest.approx(nats["VAE"], abs=4 * (error + 0.5)) and album < others


def test_13_where_faces_live(planet):
    p = planet["p"]
    together, news, rest = read("13", "KL #, news at most #: the rest # or more")
    agree(news, entropy(p))
    agree(rest, float(together) - entropy(p), error=0.05)
    assert float(rest) > 0
    assert "have more than ten nats: not even once in twenty thousand." in text("13", "written") and float(
        together
    ) > 10 > np.log(2e4)
    assert "With the 3 nats of our digits that is once in twenty" in text("13", "written") and round(np.exp(3)) == 20
    album, likeliest = (
        float(read("13", f"z ~ {name} Rule 1: #")[0]) for name in ("q(z|x) of the album", "p(z), the likeliest x")
    )
    assert "the decoder does well wherever a face lives" in text("13", "written") and album > 0.9 > likeliest
    before, after = (
        [float(v) for v in read("13", f"p(z) = {name} Rule 1 #, Rule 2 #, coverage #")]
        for name in ("N(0, I)", "a mixture")
    )
    assert after[0] > before[0] and after[2] > before[2]
    agree(read("13", "200 draws of p_data reach coverage #")[0], (p * (1 - (1 - p) ** 200)).sum())


WISHES = [
    ("Blank", "Round"),
    ("Brown", "Red"),
    ("Round", "Sunglasses"),
    ("Blonde", "Red"),
    ("NoHair", "LongHairStraight"),
]


@pytest.mark.parametrize("old, new", WISHES)
def test_13_arithmetic(planet, old, new):
    """How many different faces of the test set have the old value; of a bald one nobody sees the hair's colour."""
    done, of = map(int, read("13", f"{old} → {new} exactly that: # of #"))
    met = planet["styles"][np.unique(planet["test"])]
    assert of == sum(old in style for style in met)
    assert done <= 0.1 * of if old == "NoHair" else done > 0.4 * of  # "it has its limit", "nearly everybody"
