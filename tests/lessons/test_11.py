"""The numbers of lesson 11, beside computations that use none of the course's models."""

import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
import safetensors
from oracle import SIZES, price
from PIL import Image
from pytest import approx
from scipy.special import expit
from scipy.stats import entropy, multivariate_normal
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from course_utils import files


@pytest.fixture(scope="module")
def greys(digits):
    """The 200 enlarged digits, (200, 28, 28) whole numbers from 0 to 255."""
    pages = []
    for small in np.concatenate([digits[0], digits[2]])[:200].reshape(-1, 8, 8):
        grey = Image.fromarray((255 * small).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
        page = np.pad(np.asarray(grey), 4)
        middle = [round(13.5 - where.mean()) for where in np.nonzero(page >= 128)]
        pages.append(np.roll(page, middle, (0, 1)))
    return np.array(pages)


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


def test_what_lesson_10_had(lesson, bits):
    """FVSBN as 64 logistic regressions with lesson 10's weight decay, at their minimum; lesson 10 stops after 40 epochs."""
    train, new = (part.reshape(-1, 64) for part in bits)
    assert lesson["lesson_10"]["FVSBN"] == approx(fvsbn_nats(train, new, 0.001), abs=0.2)
    assert 17.5 < lesson["lesson_10"]["40 templates"] < 18  # as lesson 10 asserts


def fvsbn_nats(train, new, decay) -> float:
    """Return the nats a new picture (N, D); a constant pixel has nothing to learn from."""
    total = 0.0
    for i in range(train.shape[1]):
        ink = np.full(len(new), (train[:, i].sum() + 0.5) / (len(train) + 1))
        if i and 0 < train[:, i].sum() < len(train):
            model = LogisticRegression(C=1 / (2 * decay * len(train)), max_iter=500)
            ink = model.fit(train[:, :i], train[:, i]).predict_proba(new[:, :i])[:, 1]
        total -= np.log(np.where(new[:, i] == 1, ink, 1 - ink)).mean()
    return total


def test_epochs_are_chosen_on_the_training_pictures(lesson, bits):
    """On the last 300 of the 1,300, by the nats of the definition; NADE is then worth more than a nat."""
    train, new = (part.reshape(-1, 64) for part in bits)
    assert (lesson["chooses.numpy()"] == train[1000:]).all()
    tries = lesson["{n: [part.detach().numpy().squeeze() for part in (m.W, m.c, m.V, m.b)] for n, m in tries.items()}"]
    nats = {n: nade_costs(train[1000:], *weights).sum(axis=1).mean() for n, weights in tries.items()}
    assert lesson["epochs"] == min(nats, key=nats.get) and len(nats) == 3
    weights = lesson["[part.detach().numpy().squeeze() for part in (nade.W, nade.c, nade.V, nade.b)]"]
    own = nade_costs(new, *weights).sum(axis=1).mean()
    assert lesson["nats"] == approx(own, abs=1e-3) and own < lesson["lesson_10"]["FVSBN"] - 1
    z = lesson["tries[epochs].logits(chooses).detach().double().numpy()"]
    at = {T: np.logaddexp(0, (1 - 2 * train[1000:]) * z / T).sum(axis=1).mean() for T in np.arange(5, 21) / 10}
    assert lesson["best_T"] == approx(min(at, key=at.get))


def test_one_pixel_turned_over(lesson):
    """The walk by hand with the same random numbers; where it goes on from is the pixel of greatest doubt."""
    _, (W, c, V, b) = nade_checkpoint("nade_mnist")
    for seed in (0, 1):
        u = lesson[f"(lambda rng: [torch.rand(1, generator=rng).item() for _ in range(784)])(generator({seed}))"]
        pictures, place = [], None
        for _ in range(2):
            a, x, p = c.copy(), np.zeros(784), np.zeros(784)
            for i in range(784):
                p[i] = expit(expit(a) @ V[i] + b[i])
                x[i] = (u[i] < p[i]) ^ (i == place)
                a += x[i] * W[i]
            pictures.append(x)
            place = np.abs(p[:392] - 0.5).argmin()
        assert lesson[f"n_changed[{seed}]"] == (pictures[0] != pictures[1])[place + 1 :].sum()


def test_the_wrong_loss(lesson, bits):
    ink = bits[1].mean(axis=0).sum()  # pixels of ink in a new picture
    assert lesson["least.item()"] == approx(-ink * np.log(expit(1)) - (64 - ink) * np.log(expit(0)))


def test_what_surprises_it(lesson, greys):
    foreign = (greys >= 128).astype(np.float32)
    assert (lesson["foreign.numpy()"] == foreign.reshape(200, -1)).all()
    frayed = lesson["torch.bernoulli(greys, generator=generator(0)).numpy()"]
    shares = [
        frayed[(greys.reshape(200, -1) > low) & (greys.reshape(200, -1) <= low + 51)] for low in range(0, 255, 51)
    ]
    for low, ink in zip(range(0, 255, 51), shares):  # as often ink as the grey says
        assert low / 255 - 0.05 < ink.mean() < (low + 51) / 255 + 0.05
    score, weights = nade_checkpoint("nade_mnist")
    x = foreign.reshape(200, -1)
    cost = nade_costs(x, *weights)

    def to_the_right(n):
        return np.roll(foreign, n, 2).reshape(200, -1)

    kinds = {
        "empty": np.zeros((1, 784)), "enlarged": x, "frayed": frayed, "turned": np.rot90(foreign, 2, (1, 2)).reshape(200, -1),
        "moved": to_the_right(4), "exchanged": 1 - x,
    }  # fmt: skip
    nats = [(cost if part is x else nade_costs(part, *weights)).sum(axis=1).mean() for part in kinds.values()]
    assert lesson["[*surprises.values()]"] == approx([*nats, score["validation nats"]], rel=1e-4)
    assert lesson["blank"] == approx(nats[0], abs=1e-3)
    assert nats[2] > nats[1] + 50 and nats[2] > score["validation nats"]
    shifted = [nade_costs(to_the_right(n), *weights).sum(axis=1).mean() for n in (1, 2)]
    assert lesson["shifts"]["enlarged digits"][:3] == approx([nats[1], *shifted], rel=1e-4)
    own = lesson["shifts"]["its own draws"]
    assert own == sorted(own) and own[0] == approx(score["validation nats"], abs=8)  # its entropy, by 200 draws

    around = np.pad(foreign, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    neighbours = [around[:, 1 + a : 29 + a, 1 + b : 29 + b] for a, b in [(0, 1), (1, 0), (0, -1), (-1, 0)]]
    edge = np.any([foreign != other for other in neighbours], axis=0).reshape(200, -1)
    shares = edge.mean(), cost[edge].sum() / cost.sum()
    assert lesson["(edge.float().mean().item(), share.item())"] == approx(shares, abs=1e-4)


def test_ensembles(lesson):
    """The mean of three p(x), by probabilities; the orders are three, the seeds the same in both kinds."""
    for models, name in [("raster", "rows, 3 seeds"), ("shuffled", "3 random orders")]:
        log_p = np.array(lesson[f"[m.log_prob(x_test).double().numpy() for m in {models}]"])
        assert lesson["alone"][name] == approx(-log_p.mean(axis=1), abs=1e-3)
        assert lesson["together"][name] == approx(-np.log(np.exp(log_p).mean(axis=0)).mean(), abs=1e-3)
        orders = lesson[f"[m.order.tolist() for m in {models}]"]
        assert len({*map(tuple, orders)}) == (1 if models == "raster" else 3)


def test_real_values(lesson, digits):
    grey = 16 * np.concatenate([digits[0], digits[2]]).reshape(-1, 8, 8)[:, 2:6, 2:6].reshape(-1, 16)
    x = (grey + np.random.default_rng(0).uniform(size=grey.shape)) / 17
    np.testing.assert_allclose(lesson["patches"], x)
    K, reg = lesson["min(mixtures, key=mixtures.get)"]
    one = multivariate_normal(x[:1000].mean(axis=0), np.cov(x[:1000].T, ddof=0)).logpdf(x[1300:]).mean()
    many = GaussianMixture(K, reg_covar=reg, random_state=0).fit(x[:1000]).score(x[1300:])
    assert lesson["mixtures[1, 0.003][1]"] == approx(-one, abs=0.2)
    assert lesson["by_mixture"] == approx(-many, abs=1) and lesson["by_rnade"] < -many - 3


def test_planet_pixel(lesson, planet, counted):
    score, (W, c, V, b) = nade_checkpoint("nade_planet_pixel")
    p, seen = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    needed = lesson["needed"]
    naive, markov, nade = needed["Naive Bayes"], needed["Markov"], needed["NADE"]
    assert (naive.nats, nade.nats) == approx((price(planet, counted, 0.001), score["nats"]), abs=0.05)
    assert (lesson["entropy"], lesson["new"]) == approx((entropy(p), p[~seen].sum()))
    assert p[seen].sum() * nade.training + p[~seen].sum() * nade.others == approx(nade.nats)

    known, log_p = planet["pixels"][planet["train"]], np.zeros(len(p))  # a row's pairs, as a dictionary
    for i in range(1024):
        before, last = ((part[:, i - 1] * (i > 0)).tolist() for part in (known, planet["pixels"]))
        pairs, firsts = Counter(zip(before, known[:, i].tolist())), Counter(before)
        both = zip(last, planet["pixels"][:, i].tolist())
        log_p += np.log([(pairs[two] + 1e-4) / (firsts[two[0]] + 0.0256) for two in both])
    assert (markov.nats, markov.others) == approx((-p @ log_p, -p[~seen] @ log_p[~seen] / p[~seen].sum()))

    for (colour, whose), nats in lesson["price"].items():
        wears = planet["styles"][:, list(SIZES).index("clothingColor")] == colour
        wears &= seen if whose == "training faces" else ~seen
        bits = np.unpackbits(planet["pixels"][wears], axis=1)
        a, cost = np.tile(c, (len(bits), 1)), 0
        for i, bit in enumerate(bits.T):  # the running sum: the definition would take minutes
            cost = cost + np.logaddexp(0, (1.0 - 2 * bit) * (expit(a) @ V[i] + b[i]))
            a += bit[:, None] * W[i]
        assert nats == approx(np.average(cost, weights=p[wears]), abs=0.1)
