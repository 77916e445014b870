"""The numbers of lesson 09, beside computations that use none of the course's models."""

import re
from itertools import product
from math import prod

import numpy as np
import pytest
from oracle import NUMBER, agree, bound, by_lot, made, read, text
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from scipy.stats import entropy, norm


@pytest.fixture(scope="module")
def stories():
    """The 64 stories of the late train: z (64, 6), p(x, z) (64,) and p(z) (64,), number by number."""
    names = made("09", "rng = np.random.default_rng(3)")
    table = []
    for z in product([0, 1], repeat=6):
        prior = prod(0.2 if on else 0.8 for on in z)
        off = [0.97 * prod(1 - names["strength"][i, j] for i in range(6) if z[i]) for j in range(4)]
        table.append((z, prior * prod(1 - p if seen else p for p, seen in zip(off, names["x"])), prior))
    z, joint, prior = map(np.array, zip(*table))
    return z, joint, prior


def normal_kl(one, other) -> float:
    """Return KL(one‖other) of two densities that scipy knows by their logarithms, by an integral."""
    return quad(lambda z: np.exp(one(z)) * (one(z) - other(z)), -12, 12, limit=400, points=[-1.8, 0, 1.8])[0]


def test_09_the_sum_over_all_stories(stories):
    _, joint, _ = stories
    number, p, log_p = read("09", "# stories, p(x) = #, log p(x) = # nats")
    assert int(number) == len(joint)
    agree(p, joint.sum())
    agree(log_p, np.log(joint.sum()))
    z, p = stories[0][joint.argmax()], joint.max() / joint.sum()
    agree(read("09", f"the likeliest: causes [{' '.join(map(str, z))}], p(z|x) = #")[0], p)
    assert z.tolist() == [1, 0, 1, 0, 0, 0] and "Causes 1 and 3 together" in text("09", "written")
    assert round(5 * (1 - p)) == 4 and "four times out of five it was another story" in text("09", "written")
    number, years = read("09", "100 causes: # stories. At a billion in a second: # years")
    agree(number, 2**100)
    agree(years, 2**100 / 1e9 / (365.25 * 24 * 3600))
    assert float(years) > 1.4e10 and "longer than the universe is old" in text("09", "written")


def test_09_two_directions():
    p, q = [0.5, 0.4, 0.1], [0.8, 0.1, 0.1]
    agree(read("09", "\nKL(q‖p) = # nats")[0], entropy(q, p))
    agree(read("09", "\nKL(p‖q) = # nats")[0], entropy(p, q))


def test_09_one_hump_for_two():
    def humps(z):
        return np.log(0.5) + np.logaddexp(norm.logpdf(z, -1.8, 0.6), norm.logpdf(z, 1.8, 0.6))

    def gaussian(mean, width):
        return norm(mean, width).logpdf

    best = {
        "KL(p‖q)": (0, np.sqrt(0.6**2 + 1.8**2)),  # the moments of p
        "KL(q‖p)": minimize(
            lambda t: normal_kl(gaussian(t[0], np.exp(t[1])), humps), [1.5, -0.5], method="Nelder-Mead"
        ).x,
    }
    best["KL(q‖p)"][1] = np.exp(best["KL(q‖p)"][1])
    for name, (mean, width) in best.items():
        numbers = read("09", f"smallest {name}: mean #, width #; KL(p‖q) = #, KL(q‖p) = #")
        agree(numbers[0], mean, error=0.05)  # the grid's
        agree(numbers[1], width, error=0.02)
        q = gaussian(float(numbers[0]), float(numbers[1]))
        agree(numbers[2], normal_kl(humps, q))
        agree(numbers[3], normal_kl(q, humps))


def test_09_the_derivation_and_its_receipts(stories):
    _, joint, prior = stories
    q, log_px = np.random.default_rng(0).dirichlet(np.ones(64)), np.log(joint.sum())
    gap = entropy(q, joint)
    for line in range(1, 6):
        agree(read("09", f"\n({line}) #")[0] if line > 1 else read("09", "(1) #")[0], gap)
    for name, some_q in {"random q": q, "uniform q": np.ones(64) / 64, "posterior": joint / joint.sum()}.items():
        for number, value in zip(
            read("09", f"{name} ELBO #, gap #, log p(x) #"),
            [log_px - entropy(some_q, joint), entropy(some_q, joint), log_px],
        ):
            agree(number, value)
    posterior = joint / joint.sum()
    for chance in (0.2, 0.4):
        causes = stories[0].sum(axis=1)
        other = joint / prior * chance**causes * (1 - chance) ** (6 - causes)
        top, behind = np.log(other.sum()), entropy(posterior, other)
        for number, value in zip(read("09", f"θ = {chance}: ELBO #, gap #, log p(x) #"), [top - behind, behind, top]):
            agree(number, value)
    for name in ("E log p(x,z)/q", "E log p(x,z) + H(q)", "E log p(x|z) − KL(q‖p(z))", "log p(x) − KL(q‖p(z|x))"):
        agree(read("09", f"{name} #")[0], log_px - gap)
    expected = sum(float(a) * np.log(b / c) for a, b, c in zip(q, joint, prior))
    agree(read("09", "expected log-likelihood # nats")[0], expected)
    agree(read("09", "reconstruction loss # nats")[0], -expected)


def test_09_see_it_stay():
    best = minimize(bound, [1, -1], tol=1e-10)
    evidence = np.log(2 * quad(lambda z: norm.pdf(z) * norm.pdf(1.5, z**2, 0.5), 0, 8)[0])
    mean, width = read("09", "best q: mean ±#, width #")
    agree(mean, best.x[0], error=0.02)  # the steps of the lesson's grid
    agree(width, np.exp(best.x[1]), error=0.02)
    elbo, log_px = read("09", "ELBO #, log p(x) # nats")
    agree(elbo, -best.fun, error=0.002)
    agree(log_px, evidence)
    gap, log_2 = read("09", "the gap that stays: # nats, log 2 = #")
    agree(gap, evidence + best.fun, error=0.002)
    agree(log_2, np.log(2))
    mean, width, again, width_again = read("09", "by gradient: mean #, width #; the best on a grid: mean #, width #")
    for number, value in [
        (mean, best.x[0]),
        (again, best.x[0]),
        (width, np.exp(best.x[1])),
        (width_again, np.exp(best.x[1])),
    ]:
        agree(number, value, error=0.03)
    middle = minimize(bound, [0.01, 0])
    assert abs(middle.x[0]) < 0.05  # a maximum of its own, over both humps
    mean, width, lower = read("09", "from μ = 0.5: mean #, width #, ELBO # nats lower")
    assert mean == "0.0" and "a local maximum of the ELBO" in text("09", "written")
    agree(width, np.exp(middle.x[1]), error=0.03)
    agree(lower, middle.fun - best.fun)


def test_09_mean_field(stories):
    z, joint, _ = stories
    log_px = np.log(joint.sum())

    def loss(logits):
        q = np.prod(np.where(z == 1, expit(logits), expit(-logits)), axis=1)
        return entropy(q, joint) - log_px

    best = minimize(loss, np.zeros(6), tol=1e-12)
    first = minimize_scalar(lambda a: loss(np.array([a, 0, 0, 0, 0, 0])))
    begun, ended, said = read("09", "ELBO from # to #, log p(x) = #")
    agree(begun, -first.fun)
    agree(ended, -best.fun)
    agree(said, log_px)
    agree(read("09", "the gap that mean field leaves: # nats")[0], log_px + best.fun)
    exact = [sum(p for row, p in zip(z, joint) if row[i]) / joint.sum() for i in range(6)]
    for number, value in zip(read("09", "exact p(z|x): # # # # # #"), exact, strict=True):
        agree(number, value)
    for number, value in zip(read("09", "mean field q: # # # # # #"), expit(best.x), strict=True):
        agree(number, value, error=1e-4)
    for number, value in zip(read("09", "Gibbs sampling: # # # # # #"), exact, strict=True):
        agree(
            number, value, error=by_lot(value, 20_000 / 5)
        )  # a sweep is worth a fifth of an independent draw, or more


def test_09_em_was_this_all_along():
    data = made("09", "rng = np.random.default_rng(5)")["data"]
    lines = re.findall(
        rf"log p {NUMBER} = ELBO after E {NUMBER} ≤ ELBO after M {NUMBER} ≤ log p {NUMBER}", text("09", "printed")
    )
    assert len(lines) == 3
    pi, mean, width = np.array([0.5, 0.5]), np.array([-0.5, 0.5]), np.array([1.0, 1.0])
    for line in lines:
        joint = pi * norm.pdf(data, mean, width)
        r = joint / joint.sum(axis=1, keepdims=True)
        agree(line[0], np.log(joint.sum(axis=1)).sum())
        agree(line[1], np.log(joint.sum(axis=1)).sum())
        pi, mean = r.mean(axis=0), np.array([np.average(data[:, 0], weights=column) for column in r.T])
        width = np.sqrt([np.cov(data.T, aweights=column, ddof=0) for column in r.T])
        after = pi * norm.pdf(data, mean, width)
        agree(line[2], (r * np.log(after)).sum() + entropy(r, axis=1).sum())
        agree(line[3], np.log(after.sum(axis=1)).sum())
