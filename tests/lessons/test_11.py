"""The numbers of lesson 11, beside computations that use none of the course's models."""

import json
import re
from itertools import product

import numpy as np
import pytest
import safetensors
from oracle import SIZES, agree, price, read, text
from scipy.special import expit
from scipy.stats import entropy, multivariate_normal
from sklearn.mixture import GaussianMixture

from course_utils import files


def nade_checkpoint(name: str) -> tuple[dict, list[np.ndarray]]:
    """Return the score in a checkpoint's file, and W (D, H), c (H,), V (D, H), b (D,); the order is that of the data."""
    with safetensors.safe_open(files.DATA / "checkpoints" / f"{name}.safetensors", framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        score = json.loads(file.metadata()["score"])
    assert (tensors["order"] == np.arange(len(tensors["W"]))).all()
    return score, [tensors[key].astype(np.float32).squeeze() for key in "WcVb"]


def nade_costs(x, W, c, V, b) -> np.ndarray:
    """Return −log p(x_i | x_<i) in nats (N, D), by the definition: for each i a product with the pixels before."""
    signs = 1 - 2 * x.astype(np.float32)
    return np.stack(
        [np.logaddexp(0, signs[:, i] * (expit(c + x[:, :i] @ W[:i]) @ V[i] + b[i])) for i in range(x.shape[1])], axis=1
    )


def test_11_what_sharing_saves():
    d, h = 784, 500
    own, shared = h * d * (d - 1) // 2 + d * (2 * h + 1), 2 * d * h + h + d
    assert read("11", "a network for each pixel: # numbers") == [f"{own:,}"] and round(own / 1e6) == 154
    assert "that makes 154 million numbers" in text("11", "written")
    assert (
        read("11", "one for all, shared: # numbers")
        == read("11", "# numbers, by 'python -m course_utils.pretrain nade_mnist'")
        == [f"{shared:,}"]
    )
    assert read("11", "FVSBN of lesson 10: # numbers") == [f"{d * (d + 1) // 2:,}"]
    one, all_of_them = read("11", "784 pixels, 500 units, 100 pictures: one sum has # MB, all of them # MB")
    agree(one, 4 * 100 * h / 1e6)
    agree(all_of_them, 4 * 100 * h * d / 1e6)


def test_11_three_coins():
    for times, number in zip(
        (2, 3), re.findall(r"\$([23]) \\log 2 = ([\d.]+)\$ nats", text("11", "written")), strict=True
    ):
        assert number[0] == str(times)
        agree(number[1], times * np.log(2))
    assert read("11", "# pictures, together #") == ["1024", "1.000000"]


def test_11_the_wrong_loss(bits):
    ink = bits[1].reshape(len(bits[1]), -1).mean(axis=0).sum()  # pixels of ink in a new picture
    least = ink * -log_sigma(1) + (64 - ink) * -log_sigma(0)
    agree(read("11", "the wrong loss cannot fall below # nats; in the end it is below 44")[0], least)
    low, high, paper, sure = read(
        "11",
        "counts as $\\sigma(p)$, between # and #: the surest paper costs $\\log 2 = #$ nats, the surest ink #, and",
        "written",
    )
    for number, value in [(low, expit(0)), (high, expit(1)), (paper, np.log(2)), (sure, -log_sigma(1))]:
        agree(number, value)
    agree(read("11", "our pictures cannot get below # nats on average", "written")[0], least)


def log_sigma(z: float) -> float:
    """Return log σ(z)."""
    return float(np.log(expit(z)))


def test_11_what_surprises_it(foreign):
    score, weights = nade_checkpoint("nade_mnist")
    assert read("11", "10,000 other digits: # nats a picture") == [f"{score['validation nats']:.2f}"]
    x = foreign.reshape(200, -1)
    cost = nade_costs(x, *weights)
    kinds = {
        "enlarged digits": x, "… turned by 180°": np.rot90(foreign, 2, (1, 2)).reshape(200, -1),
        "… moved by 4 pixels": np.roll(foreign, 4, 2).reshape(200, -1), "… ink and paper exchanged": 1 - x, "empty page": np.zeros((1, 784), np.float32),
    }  # fmt: skip
    nats = {
        name: (cost if name == "enlarged digits" else nade_costs(part, *weights)).sum(axis=1).mean()
        for name, part in kinds.items()
    }
    nats["its own kind of digits"] = score["validation nats"]
    for name, value in nats.items():
        agree(read("11", f"{name} # nats" if name != "empty page" else f"\n{name} # nats")[0], value, error=0.01)
    table = text("11", "printed").partition("% of the nats\n")[2]
    listed = re.findall(r"^(.*?) +\d+ nats$", table, re.M)
    assert listed[:6] == sorted(nats, key=nats.get)
    assert nats["enlarged digits"] < nats["its own kind of digits"] - 5  # what the box says
    agree(read("11", "an empty page: # nats")[0], nats["empty page"], error=0.01)
    assert 5_000 < np.exp(nats["empty page"]) < 20_000 and "some ten thousand draws" in text("11", "written")
    agree(read("11", "an empty page is more than e^# times as likely")[0], 60 - nats["empty page"], error=0.01)

    around = np.pad(foreign, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    neighbours = [around[:, 1 + a : 29 + a, 1 + b : 29 + b] for a, b in [(0, 1), (1, 0), (0, -1), (-1, 0)]]
    edge = np.any([foreign != other for other in neighbours], axis=0).reshape(200, -1)
    pixels, share = read("11", "#% of the pixels are at an edge, with #% of the nats")
    agree(pixels, 100 * edge.mean())
    agree(share, 100 * cost[edge].sum() / cost.sum(), error=0.01)


def test_11_another_distribution():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in [(10, 6), (6,), (10, 6), (10,)]]
    x = np.array(list(product((0, 1), repeat=10)))
    cost = nade_costs(x, *weights)
    p = np.exp(-cost)
    cold = (p**2 / (p**2 + (1 - p) ** 2)).prod(axis=1)  # each bet to the power 1/T
    squared = p.prod(axis=1) ** 2 / (p.prod(axis=1) ** 2).sum()
    assert read("11", "p_T sums to #, p² made to sum to one #") == ["1.000", "1.000"] and cold.sum() == pytest.approx(1)
    agree(read("11", "they disagree on #% of the probability")[0], 50 * abs(cold - squared).sum())


def test_11_real_values(digits):
    agree(read("11", "in grey levels instead of [0, 1]: 16 log 17 = # nats more")[0], 16 * np.log(17))
    grey = 16 * np.concatenate([digits[0], digits[2]]).reshape(-1, 8, 8)[:, 2:6, 2:6].reshape(-1, 16)
    x = (grey + np.random.default_rng(0).uniform(size=grey.shape)) / 17
    one = multivariate_normal(x[:1300].mean(axis=0), np.cov(x[:1300].T, ddof=0)).logpdf(x[1300:]).mean()
    low, high = map(float, read("11", "Gaussians: 1, between # and # nats"))
    assert low < -one < high
    twenty = GaussianMixture(20, reg_covar=1e-4, random_state=0).fit(x[:1300]).score(x[1300:])
    low, high = map(float, read("11", "Gaussians: 20, between # and # nats"))
    assert low < -twenty < high


def test_11_planet_pixel(planet, counted):
    score, weights = nade_checkpoint("nade_planet_pixel")
    p, seen = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    agree(read("11", "Naive Bayes (06) #")[0], price(planet, counted, 0.001))
    agree(read("11", "\nNADE #")[0], score["nats"])
    agree(read("11", "H(p_data) #")[0], entropy(p))
    agree(read("11", "(p_data: #)")[0], p[~seen].sum())
    known, others = (
        float(read("11", f"{name} # nats")[0]) for name in ("faces of the training set", "all the other faces")
    )
    assert p[seen].sum() * known + p[~seen].sum() * others == pytest.approx(score["nats"], abs=0.5)
    W, c, V, b = weights
    for colour in ("White", "Black"):
        wears = planet["styles"][:, list(SIZES).index("clothingColor")] == colour
        share, nats = read("11", f"clothes {colour}, #% of the planet # nats")
        agree(share, 100 * p[wears].sum())
        bits = np.unpackbits(planet["pixels"][wears], axis=1)
        a, cost = np.tile(c, (len(bits), 1)), 0
        for i, bit in enumerate(bits.T):  # the running sum: the definition would take minutes
            cost = cost + np.logaddexp(0, (1.0 - 2 * bit) * (expit(a) @ V[i] + b[i]))
            a += bit[:, None] * W[i]
        agree(nats, np.average(cost, weights=p[wears]), error=0.1)


def test_11_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("11", "code"), text("11", "printed")
    for assertion, said in [
        ("assert nats < 17.2\n", "NADE: below 17.2 nats a test picture"),
        ("mean() < 1.40 and (bets - coins[:, 2]).abs().max() < 0.02\n", "NADE: below 1.40 nats, and its bets on x₃ are within 0.02 of 0, 1, 1, 0"),
        ("< 44 and -confused.log_prob(x_test).mean() > 40\n", "log p(x) as it is: more than 40 nats"),
        ("assert kinds[0] > 480 and kinds[1] < 250\n", "more than 480, and fewer than 250 with the wrong loss"),
        ("surprise[0] < 25 and 60 < surprise[2] < 120 and surprise[3] > 125\n", "T = 0.25: below 25, at 1: between 60 and 120, at 1.5: above 125"),
        ("assert 0.9 < temperatures[np.argmin(curve)] < 1.4 and", "best with T between 0.9 and 1.4"),
        ("assert nats.max() < 17.3 and abs(gap) < 0.25 and nats.max() - nats.min() < 0.5\n", "all seven: below 17.3 nats, and less than 0.5 nats apart"),
        ("assert together < nats.min() - 0.1\n", "more than 0.1 nats better than the best of the seven"),
        ("< 1.95 < scores[\"five Gaussians\"] < 2.2 <", "RNADE below 1.95 nats, five Gaussians below 2.2, one Gaussian above"),
        ("assert by_rnade < -7\n", "RNADE: below −7 nats"),
        ("assert 0.4 < scores[1].rule1 < 0.8 and 0.85 < scores[0.5].rule1 < 1\n", "between 0.4 and 0.8, with T = 0.5 above 0.85"),
        ("scores[0.5].rule2 < 0.05 < p[~known].sum() / 2 and scores[1].rule2 < 0.12\n", "below 0.12, with T = 0.5 below 0.05"),
    ]:  # fmt: skip
        assert assertion in code and said in printed
