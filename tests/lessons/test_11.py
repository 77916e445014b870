"""The numbers of lesson 11, beside computations that use none of the course's models."""

import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
import safetensors
from oracle import price
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
    """Return −log p(x_i | x_<i) in nats (N, D): for each picture all the sums over j < i, and then all bets at once."""
    costs = []
    for row in x.astype(np.float32):
        told = row[:, None] * W
        bets = (expit(c + told.cumsum(axis=0) - told) * V).sum(axis=1) + b  # without x_i itself
        costs.append(np.logaddexp(0, (1 - 2 * row) * bets))
    return np.array(costs)


def test_what_sharing_saves(lesson):
    d, h = lesson["(D, H)"]
    _, weights = nade_checkpoint("nade_mnist")
    assert lesson["sum(part.numel() for part in large.parameters())"] == sum(part.size for part in weights)
    assert lesson["D * H + H + D * H + D"] == sum(part.size for part in weights)
    own = sum(np.prod(shape) for i in range(d) for shape in [(i, h), (h,), (h,), (1,)])
    assert own == h * d * (d - 1) // 2 + d * (2 * h + 1) and round(own / 1e6) == 154


def test_ten_pixels(lesson):
    """The weights of section 2, one by one, all at once, and in torch."""
    x = np.array(list(product((0, 1), repeat=10)))
    cost = nade_costs(x, *lesson["weights"])
    p = np.exp(-cost)
    assert (lesson["all_pictures"] == x).all() and p.prod(axis=1).sum() == approx(1)
    np.testing.assert_allclose(lesson["log_q"], -cost.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(lesson["fast.log_prob(torch.tensor(all_pictures)).detach().numpy()"], -cost.sum(axis=1))


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


def test_where_to_stop(lesson, bits):
    """The best epoch is that of the last 300 of the 1,300; the weights are those of it, by the nats of the definition."""
    train, new = (part.reshape(-1, 64) for part in bits)
    watched, best = lesson["watched"], lesson["best"]
    assert best == watched.index(min(watched)) and lesson["chooses.tolist()"] == train[1000:].tolist()
    weights = lesson["[part.detach().numpy().squeeze() for part in (nade.W, nade.c, nade.V, nade.b)]"]
    of_1000, of_300, own = (nade_costs(x, *weights).sum(axis=1).mean() for x in (train[:1000], train[1000:], new))
    assert (watched[best], lesson["nats"]) == approx((of_300, own), abs=1e-3)
    assert of_1000 < of_300 - 1 and own < lesson["lesson_10"]["FVSBN"] - 0.9  # overfitting; more than lesson 10 had
    z = lesson["logits.double().numpy()"]
    at = {T: np.logaddexp(0, (1 - 2 * new) * z / T).sum(axis=1).mean() for T in (0.5, 1)}
    assert lesson["at"] == approx(at, rel=1e-4) and at[1] == approx(own, abs=1e-3)


def test_the_wrong_loss(lesson):
    """Of a fair coin: lowest at p = 0. From p = 1/2 for three coins down to there, which is not the least it could be."""

    def fair(p):
        return -(np.log(expit(p)) + np.log(expit(-p))) / 2

    assert min((fair(p), p) for p in np.linspace(0, 1, 101))[1] == 0
    assert (lesson["began"], lesson["ended"]) == approx((3 * fair(0.5), 3 * fair(0)), abs=0.01)
    least = 2 * fair(0) - (np.log(expit(0)) + np.log(expit(1))) / 2  # x3 known: paper at p = 0, ink at p = 1
    assert 2 * np.log(2) + 0.5 < least < lesson["ended"]


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
        return np.roll(foreign[:40], n, 2).reshape(40, -1)

    kinds = {
        "empty": np.zeros((1, 784)), "enlarged": x[:40], "frayed": frayed[:40], "moved": to_the_right(4),
        "turned": np.rot90(foreign[:40], 2, (1, 2)).reshape(40, -1), "exchanged": 1 - x[:40],
    }  # fmt: skip
    nats = {name: nade_costs(part, *weights).sum(axis=1).mean() for name, part in kinds.items()}
    first = lesson["sorted(-large.log_prob(part[:40]).mean().item() for part in kinds.values())"]
    assert first == approx(sorted(nats.values()), rel=1e-4)  # the first 40 of each kind
    surprises = lesson["surprises"]
    assert [*surprises.values()][:2] == approx([nats["empty"], cost.sum(axis=1).mean()], rel=1e-4)
    assert [*surprises.values()][2:6] == approx(
        [nats[name] for name in ("frayed", "turned", "moved", "exchanged")], rel=0.2
    )
    assert surprises["its own kind of digits"] == score["validation nats"]
    assert lesson["blank"] == approx(nats["empty"], abs=1e-3)
    assert nats["frayed"] > nats["enlarged"] + 50 and nats["frayed"] > score["validation nats"]
    shifted = [nade_costs(to_the_right(n), *weights).sum(axis=1).mean() for n in (1, 2)]
    assert lesson["[-large.log_prob(moved(foreign[:40], n)).mean().item() for n in (1, 2)]"] == approx(
        shifted, rel=1e-4
    )
    own = lesson["shifts"]["its own draws"]
    assert own == sorted(own) and own[0] == approx(score["validation nats"], abs=8)  # its entropy, by 200 draws

    around = np.pad(foreign, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    neighbours = [around[:, 1 + a : 29 + a, 1 + b : 29 + b] for a, b in [(0, 1), (1, 0), (0, -1), (-1, 0)]]
    edge = np.any([foreign != other for other in neighbours], axis=0).reshape(200, -1)
    shares = edge.mean(), cost[edge].sum() / cost.sum()
    assert lesson["(edge.float().mean().item(), share.item())"] == approx(shares, abs=1e-4)


def test_ensemble(lesson):
    """The mean of two p(x), by probabilities; two orders, one of them that of the rows."""
    log_p = np.array(lesson["[m.log_prob(x_test).double().numpy() for m in models]"])
    assert lesson["alone.tolist()"] == approx(-log_p.mean(axis=1), abs=1e-3)
    assert lesson["together"] == approx(-np.log(np.exp(log_p).mean(axis=0)).mean(), abs=1e-3)
    orders = lesson["[m.order.tolist() for m in models]"]
    assert len({*map(tuple, orders)}) == 2 and orders[0] == list(range(64))


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
    assert p[seen].sum() * nade.training + p[~seen].sum() * nade.others == approx(nade.nats, abs=1e-3)

    known, log_p = planet["pixels"][planet["train"]], np.zeros(len(p))  # pairs in a row, as a dictionary
    for i in range(1024):
        before, last = (256 * part[:, i - 1].astype(int) * (i > 0) for part in (known, planet["pixels"]))
        pairs, firsts = Counter((before + known[:, i]).tolist()), Counter(before.tolist())
        both, which = np.unique(last + planet["pixels"][:, i], return_inverse=True)
        log_p += np.log([(pairs[two] + 1e-4) / (firsts[two // 256 * 256] + 0.0256) for two in both.tolist()])[which]
    assert (markov.nats, markov.others) == approx((-p @ log_p, -p[~seen] @ log_p[~seen] / p[~seen].sum()))

    some = np.arange(0, len(p), 100)  # 36 faces: the model itself, by the running sum over their bits
    bits = np.unpackbits(planet["pixels"][some], axis=1)
    a, cost = np.tile(c, (len(bits), 1)), 0
    for i, bit in enumerate(bits.T):
        cost = cost + np.logaddexp(0, (1.0 - 2 * bit) * (expit(a) @ V[i] + b[i]))
        a += bit[:, None] * W[i]
    own = lesson[f"bitwise.log_prob(to_bits(p_data.pixels[{some.tolist()}])).tolist()"]
    assert own == approx(-cost, rel=1e-3, abs=0.05)


@pytest.mark.parametrize("number", ["11.1", "11.4"])
def test_exercises(lesson, solution, number):
    sizes = sum(i * 100 + 201 for i in range(64)), 2 * 64 * 100 + 164
    assert solution(number) == approx({"11.1": sizes, "11.4": (2, 0.115 * 28 * 28)}[number])
