"""The numbers of lesson 11, beside computations that use none of the course's models."""

import json
from itertools import product

import numpy as np
import pytest
import safetensors
from oracle import SIZES, price
from PIL import Image
from pytest import approx
from scipy.special import expit
from scipy.stats import entropy, multivariate_normal
from sklearn.mixture import GaussianMixture

from course_utils import files


@pytest.fixture(scope="module")
def foreign(digits):
    """The 200 enlarged digits, (200, 28, 28) zeros and ones."""
    pages = []
    for small in np.concatenate([digits[0], digits[2]])[:200].reshape(-1, 8, 8):
        grey = Image.fromarray((255 * small).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
        page = np.pad(np.asarray(grey) >= 128, 4)
        middle = [round(13.5 - where.mean()) for where in np.nonzero(page)]
        pages.append(np.roll(page, middle, (0, 1)))
    return np.array(pages).astype(np.float32)


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


def test_what_sharing_saves(lesson):
    d, h = lesson["(D, H)"]
    _, weights = nade_checkpoint("nade_mnist")
    assert lesson["sum(part.numel() for part in large.parameters())"] == sum(part.size for part in weights)
    assert lesson["D * H + H + D * H + D"] == sum(part.size for part in weights)
    own = sum(np.prod(shape) for i in range(d) for shape in [(i, h), (h,), (h,), (1,)])
    assert own == h * d * (d - 1) // 2 + d * (2 * h + 1) and round(own / 1e6) == 154


def test_ten_pixels(lesson):
    """The weights of section 2, and a temperature that makes another distribution than p² does."""
    x = np.array(list(product((0, 1), repeat=10)))
    cost = nade_costs(x, *lesson["weights"])
    p = np.exp(-cost)
    assert (lesson["all_pictures"] == x).all() and p.prod(axis=1).sum() == approx(1)
    np.testing.assert_allclose(lesson["log_q"], -cost.sum(axis=1), rtol=1e-6)
    cold = (p**2 / (p**2 + (1 - p) ** 2)).prod(axis=1)  # each bet to the power 1/T
    squared = p.prod(axis=1) ** 2 / (p.prod(axis=1) ** 2).sum()
    np.testing.assert_allclose(lesson["(cold, squared)"], (cold, squared), rtol=1e-5)
    assert cold.sum() == approx(1) and abs(cold - squared).sum() > 0.05


def test_the_wrong_loss(lesson, bits):
    ink = bits[1].mean(axis=0).sum()  # pixels of ink in a new picture
    assert lesson["least.item()"] == approx(-ink * np.log(expit(1)) - (64 - ink) * np.log(expit(0)))


def test_what_surprises_it(lesson, foreign):
    assert (lesson["foreign.numpy()"] == foreign.reshape(200, -1)).all()
    score, weights = nade_checkpoint("nade_mnist")
    x = foreign.reshape(200, -1)
    cost = nade_costs(x, *weights)
    kinds = {
        "empty": np.zeros((1, 784)), "enlarged": x, "turned": np.rot90(foreign, 2, (1, 2)).reshape(200, -1),
        "moved": np.roll(foreign, 4, 2).reshape(200, -1), "exchanged": 1 - x,
    }  # fmt: skip
    nats = [(cost if part is x else nade_costs(part, *weights)).sum(axis=1).mean() for part in kinds.values()]
    assert lesson["[*surprises.values()]"] == approx([*nats, score["validation nats"]], rel=1e-4)
    assert lesson["blank"] == approx(nats[0], abs=1e-3)

    around = np.pad(foreign, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    neighbours = [around[:, 1 + a : 29 + a, 1 + b : 29 + b] for a, b in [(0, 1), (1, 0), (0, -1), (-1, 0)]]
    edge = np.any([foreign != other for other in neighbours], axis=0).reshape(200, -1)
    shares = edge.mean(), cost[edge].sum() / cost.sum()
    assert lesson["(edge.float().mean().item(), share.item())"] == approx(shares, abs=1e-4)


def test_real_values(lesson, digits):
    grey = 16 * np.concatenate([digits[0], digits[2]]).reshape(-1, 8, 8)[:, 2:6, 2:6].reshape(-1, 16)
    x = (grey + np.random.default_rng(0).uniform(size=grey.shape)) / 17
    np.testing.assert_allclose(lesson["patches"], x)
    one = multivariate_normal(x[:1300].mean(axis=0), np.cov(x[:1300].T, ddof=0)).logpdf(x[1300:]).mean()
    twenty = GaussianMixture(20, reg_covar=1e-4, random_state=0).fit(x[:1300]).score(x[1300:])
    assert 2 < -one < 3 and -4 < -twenty < -2  # as the lesson asserts of its own
    assert lesson["by_mixture"] == approx(-twenty, abs=1) and lesson["by_rnade"] < -one - 9


def test_planet_pixel(lesson, planet, counted):
    score, (W, c, V, b) = nade_checkpoint("nade_planet_pixel")
    p, seen = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    naive, _, nade, least = lesson["[*needed.values()]"]
    assert (naive, nade) == approx((price(planet, counted, 0.001), score["nats"]), abs=0.05)
    assert (least, lesson["new"]) == approx((entropy(p), p[~seen].sum()))
    known, others, *colours = lesson["[*price.values()]"]
    assert p[seen].sum() * known + p[~seen].sum() * others == approx(nade)
    for colour, nats in zip(("White", "Black"), colours, strict=True):
        wears = planet["styles"][:, list(SIZES).index("clothingColor")] == colour
        bits = np.unpackbits(planet["pixels"][wears], axis=1)
        a, cost = np.tile(c, (len(bits), 1)), 0
        for i, bit in enumerate(bits.T):  # the running sum: the definition would take minutes
            cost = cost + np.logaddexp(0, (1.0 - 2 * bit) * (expit(a) @ V[i] + b[i]))
            a += bit[:, None] * W[i]
        assert nats == approx(np.average(cost, weights=p[wears]), abs=0.1)
