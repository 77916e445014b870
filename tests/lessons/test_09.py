"""The numbers of lesson 09, beside computations that use none of the course's models."""

from itertools import product
from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle import bound, by_lot
from pytest import approx
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, rel_entr, softmax
from scipy.stats import entropy, norm
from torch.distributions import Normal, kl_divergence

MEANS, WIDTHS = st.floats(-5, 5), st.floats(0.1, 5)
NODES, SHARES = np.polynomial.legendre.leggauss(400)


@pytest.fixture(scope="module")
def stories(lesson):
    """The 64 stories of the late train: z (64, 6), p(x, z) (64,) and p(z) (64,), number by number."""
    strength, x = lesson["(strength, x)"]
    table = []
    for z in product([0, 1], repeat=6):
        prior = prod(0.2 if on else 0.8 for on in z)
        off = [0.97 * prod(1 - strength[i, j] for i in range(6) if z[i]) for j in range(4)]
        table.append((z, prior * prod(1 - p if seen else p for p, seen in zip(off, x)), prior))
    z, joint, prior = map(np.array, zip(*table))
    return z, joint, prior


def normal_kl(one, other) -> float:
    """Return KL(one‖other) of two densities that scipy knows by their logarithms, by Gauss–Legendre quadrature."""
    log_p = one(12 * NODES)
    return 12 * SHARES @ (np.exp(log_p) * (log_p - other(12 * NODES)))


def torch_kl(mu1, sigma1, mu2, sigma2) -> float:
    """Return the divergence of two Gaussians, by torch."""
    one, other = (Normal(torch.tensor(mu, dtype=torch.float64), sigma) for mu, sigma in [(mu1, sigma1), (mu2, sigma2)])
    return kl_divergence(one, other).item()


def test_the_sum_over_all_stories(lesson, stories):
    z, joint, _ = stories
    assert (lesson["Z"] == z).all()
    np.testing.assert_allclose(lesson["joint"], joint)
    np.testing.assert_allclose(lesson["posterior"], joint / joint.sum())
    assert lesson["evidence"] == approx(joint.sum())
    years, enough, seconds = lesson["(years, enough, seconds)"]
    assert years == approx(2**100 / 2**18 * seconds / (365.25 * 24 * 3600), rel=0.01)
    assert years == approx(1.38e10 * 2 ** (100 - enough), rel=0.01)  # each cause doubles the sum


def test_explaining_away(lesson, stories):
    z, joint, prior = stories
    festival, match = (lesson["causes"].index(name) for name in ("festival", "match"))
    for name, weights in [("prior", prior), ("posterior", joint)]:
        both = sum(p for story, p in zip(z, weights) if story[festival] and story[match])
        alone = sum(p for story, p in zip(z, weights) if story[festival]) / weights.sum()
        told = both / sum(p for story, p in zip(z, weights) if story[match])
        values = lesson[f"(p_festival({name}, False), p_festival({name}, True))"]
        assert values == approx((alone, told))


def test_two_directions(lesson, solution):
    p, q = [0.5, 0.4, 0.1], [0.8, 0.1, 0.1]
    assert lesson["(q_to_p, p_to_q)"] == approx((entropy(q, p), entropy(p, q)))
    p, q = [0.5, 0.5], [0.9, 0.1]
    assert solution("09.1") == approx((entropy(q, p), entropy(p, q)))


def test_one_hump_for_two(lesson):
    def humps(z):
        return np.log(0.5) + np.logaddexp(norm.logpdf(z, -1.8, 0.6), norm.logpdf(z, 1.8, 0.6))

    narrow = minimize(lambda t: normal_kl(norm(*t).logpdf, humps), [1.5, 0.6], method="Nelder-Mead")
    best = {"forward": (0, np.hypot(0.6, 1.8)), "reverse": narrow.x}  # the first has the moments of p
    for name, (mean, width) in best.items():
        found = lesson[name]
        assert (abs(found[0]), found[1]) == approx((mean, width), abs=0.06)  # the steps of the lesson's grid
        q = norm(*found).logpdf
        assert lesson[f"kl(humps, gaussian(*{name}))"] == approx(normal_kl(humps, q), rel=1e-5)
        assert lesson[f"kl(gaussian(*{name}), humps)"] == approx(normal_kl(q, humps), rel=1e-5)


def test_the_divergence_on_the_grid(lesson):
    pairs = np.random.default_rng(0).uniform([-1.5, 0.25] * 2, [1.5, 0.7] * 2, size=(20, 4)).tolist()
    values = lesson[f"[kl(gaussian(a, b), gaussian(c, d)) for a, b, c, d in {pairs}]"]
    assert values == approx([torch_kl(*pair) for pair in pairs], rel=1e-4, abs=1e-6)


@given(MEANS, WIDTHS, st.floats(-3, 3))
def test_the_closed_form_of_an_elbo(solution, mu, sigma, x):
    """Exercise 09.4: the first term by quadrature (it is a polynomial), the second one by torch."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    first = weights @ norm.logpdf(x, mu + sigma * nodes, 0.5) / weights.sum()
    value = solution("09.4")(mu, sigma, x)
    assert value == approx(first - torch_kl(mu, sigma, 0, 1), rel=1e-6, abs=1e-6)  # torch's widths are float32
    evidence = norm.logpdf(x, 0, np.sqrt(1.25))
    assert value <= evidence + 1e-9
    assert solution("09.4")(0.8 * x, np.sqrt(0.2), x) == approx(evidence)


def test_the_derivation_and_its_receipts(lesson, stories):
    z, joint, prior = stories
    posterior, log_px = joint / joint.sum(), np.log(joint.sum())
    q = np.random.default_rng(0).dirichlet(np.ones(64))
    assert lesson["lines"] == approx([entropy(q, joint)] * 5, abs=1e-10)  # scipy normalises the joint
    assert lesson["[*faces.values()]"] == approx([log_px - entropy(q, joint)] * 4, abs=1e-10)
    assert lesson["[*elbos.values()]"] == approx([log_px - entropy(p, joint) for p in (q, np.ones(64) / 64, posterior)])
    assert lesson["reconstruction"] == approx(q @ np.log(joint / prior))
    for chance, (elbo, gap) in lesson["in_model"].items():
        causes = z.sum(axis=1)
        other = joint / prior * chance**causes * (1 - chance) ** (6 - causes)
        behind = entropy(posterior, other)
        assert (elbo, gap) == approx((np.log(other.sum()) - behind, behind), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 64), st.integers(0, 63))
def test_the_elbo_of_the_exercise_is_a_bound_also_where_q_is_0(solution, seed, number, zeros):
    rng = np.random.default_rng(seed)
    joint, q = (rng.dirichlet(np.full(number, rng.choice([0.3, 1, 20]))) + 1e-9 for _ in range(2))
    joint *= 10 ** rng.uniform(-8, 0)
    q[rng.permutation(number)[: min(zeros, number - 1)]] = 0
    q /= q.sum()
    elbo_of, posterior, log_px = solution("09.2"), joint / joint.sum(), np.log(joint.sum())
    elbo = elbo_of(q, np.log(joint))
    assert elbo == approx(-rel_entr(q, joint).sum(), abs=1e-10)
    assert elbo_of(q, np.log(joint) - 2000) == approx(elbo - 2000, abs=1e-9)
    assert elbo_of(posterior, np.log(joint)) == approx(log_px, abs=1e-10)
    assert log_px - elbo >= abs(q - posterior).sum() ** 2 / 2 - 1e-10  # Pinsker's inequality


def test_see_it_stay(lesson):
    best = minimize(bound, [1, -1], tol=1e-10)
    evidence = np.log(2 * quad(lambda z: norm.pdf(z) * norm.pdf(1.5, z**2, 0.5), 0, 8)[0])
    mean, width = lesson["best"]
    assert (mean, width) == approx((best.x[0], np.exp(best.x[1])), abs=0.002)  # the steps of the lesson's grid
    hump = quad(lambda z: norm.pdf(z) * norm.pdf(1.5, z**2, 0.5), 0, 8)[0]  # of q next to nothing lies below 0
    q = norm(mean, width)
    far = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z) - norm.logpdf(1.5, z**2, 0.5) + np.log(hump)), 0, 3)[
        0
    ]
    assert lesson["to_one_hump"] == approx(far, abs=1e-5)
    assert lesson["(bound(*best), log_px_z)"] == approx((-best.fun, evidence), abs=1e-4)
    some = np.random.default_rng(0).uniform([-2.5, 0.1], [2.5, 1], size=(20, 2)).tolist()
    assert lesson[f"[bound(*q) for q in {some}]"] == approx([-bound((mean, np.log(width))) for mean, width in some])
    assert lesson["found"] == approx((best.x[0], np.exp(best.x[1])), abs=0.05)  # by gradient
    middle = minimize(bound, [0.01, 0])  # a maximum of its own, over both humps
    assert middle.x[0] == approx(0, abs=0.05)
    mean, width = lesson["other"]
    assert (mean, width) == approx((0, np.exp(middle.x[1])), abs=0.05)
    assert lesson["bound(*best) - bound(*other)"] == approx(middle.fun - best.fun, abs=0.02)


def test_mean_field(lesson, stories):
    z, joint, _ = stories
    on, log_px = z == 1, np.log(joint.sum())

    def loss(m):
        return rel_entr(np.prod(np.where(on, m, 1 - m), axis=1), joint).sum()  # minus the ELBO

    best = minimize(lambda logits: loss(expit(logits)), np.zeros(6), tol=1e-12)
    first = minimize_scalar(lambda m: loss(np.array([m] + 5 * [0.5])), bounds=(0, 1), method="bounded")
    assert lesson["(history[0], history[-1])"] == approx((-first.fun, -best.fun), abs=1e-6)
    assert lesson["m"] == approx(expit(best.x), abs=1e-4)
    exact = [sum(p for row, p in zip(z, joint) if row[i]) / joint.sum() for i in range(6)]
    assert lesson["exact"] == approx(exact)
    for share, value in zip(lesson["np.mean(walk, axis=0)"], exact, strict=True):
        assert share == approx(value, abs=by_lot(value, 20_000 / 5))  # a sweep is worth a fifth of a draw, or more

    found = np.prod(np.where(z == 1, expit(best.x), 1 - expit(best.x)), axis=1)
    for k, weights in enumerate((joint / joint.sum(), found)):
        both = sum(p for row, p in zip(z, weights) if row[0] and row[5])
        neither = sum(p for row, p in zip(z, weights) if not row[0] and not row[5])
        alone = sum(p for row, p in zip(z, weights) if tuple(row) == (1, 1, 0, 0, 0, 0))
        assert [pair[k] for pair in lesson["[*shares.values()]"]] == approx([alone, both, neither], abs=1e-4)
    for i, k in ((0, 5), (3, 5), (2, 4)):  # the correlation of two yes-or-no causes, by its definition
        both = sum(p for row, p in zip(z, joint) if row[i] and row[k]) / joint.sum()
        widths = np.sqrt([exact[j] * (1 - exact[j]) for j in (i, k)])
        assert lesson["dependence"][i][k] == approx((both - exact[i] * exact[k]) / widths.prod(), abs=1e-9)

    gaps = lesson["gaps"]
    for names in [
        min(gaps, key=gaps.get),
        ("festival", "snowfall"),
        ("snowfall", "signal failure"),
        max(gaps, key=gaps.get),
    ]:
        i, k = map(lesson["causes"].index, names)
        others, both = np.delete(on, [i, k], axis=1), 2 * z[:, i] + z[:, k]

        def loss_of_pair(t):
            m = expit(t[3:])
            one = np.prod(np.where(others, m, 1 - m), axis=1)
            return rel_entr(one * softmax(np.append(t[:3], 0))[both], joint).sum() + log_px

        starts = np.random.default_rng(0).normal(size=(5, 7))
        assert gaps[names] == approx(min(minimize(loss_of_pair, start, tol=1e-10).fun for start in starts), abs=1e-5)

    some = np.random.default_rng(0).uniform(0.05, 0.95, size=(10, 6))
    updates = lesson[f"[[update(m, i) for i in range(6)] for m in np.array({some.tolist()})]"]
    for (row, m), i in product(enumerate(some), range(6)):  # each is the best for its cause
        at = minimize_scalar(lambda v: loss(np.where(np.arange(6) == i, v, m)), bounds=(0, 1), method="bounded")
        assert updates[row][i] == approx(at.x, abs=1e-4)


def test_each_elbo_touches_once(lesson):
    data, path = lesson["(data[:, 0], path)"]

    def log_joint(theta):
        return np.log(0.5) + np.array([norm.logpdf(data, mean, np.sqrt(2)) for mean in (-2, theta)])

    def log_p(theta):
        return np.log(np.exp(log_joint(theta)).sum(axis=0)).sum()

    assert path[0] == -4
    for old, new in zip(path, path[1:]):
        q = np.exp(log_joint(old)) / np.exp(log_joint(old)).sum(axis=0)

        def loss(theta):
            return -(q * log_joint(theta)).sum() - entropy(q).sum()

        assert new == approx(minimize_scalar(loss, bounds=(-5, 3), method="bounded").x, abs=1e-4)
        assert -loss(old) == approx(log_p(old)) and log_p(new) > -loss(new) > log_p(old)
        assert lesson[f"elbo_with(posterior_at({old!r}), {new!r})"] == approx(-loss(new))
    assert lesson["curve"] == approx([log_p(theta) for theta in np.linspace(-5, 3, 161)])


def test_em_was_this_all_along(lesson):
    data = lesson["data"]
    pi, mean, width = np.array([0.5, 0.5]), np.array([-0.5, 0.5]), np.array([1.0, 1.0])
    for _ in range(3):
        joint = pi * norm.pdf(data, mean, width)
        r = joint / joint.sum(axis=1, keepdims=True)
        before = np.log(joint.sum(axis=1)).sum()
        pi, mean = r.mean(axis=0), np.array([np.average(data[:, 0], weights=column) for column in r.T])
        width = np.sqrt([np.cov(data.T, aweights=column, ddof=0) for column in r.T])
        after = pi * norm.pdf(data, mean, width)
    at_m = (r * np.log(after)).sum() + entropy(r, axis=1).sum()
    assert before < at_m < np.log(after.sum(axis=1)).sum()
    assert lesson["(log_x.sum(), at_e, at_m, log_p)"] == approx((before, before, at_m, np.log(after.sum(axis=1)).sum()))
