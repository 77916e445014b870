"""The identities of lessons 08 and 09 on random models, by the lessons' own code.

The cells of the notebooks, and the solutions of the exercises, are run with other data and other models than their own;
what must come out is an identity, an inequality, or a number by scipy or torch.
"""

from functools import cache
from itertools import product
from math import prod
from textwrap import dedent

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr
from scipy.stats import entropy, norm
from torch.distributions import Normal, kl_divergence

from course_utils.exercises import lesson_08, lesson_09
from course_utils.files import NOTEBOOKS
from course_utils.widgets.elbo_explorer import elbo_and_gap

SEEDS = st.integers(0, 2**32 - 1)
CAUSES = st.integers(1, 6)
EASY = settings(max_examples=60, deadline=None)


@cache
def cells(lesson):
    """Return the sources of a lesson's code cells."""
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run(lesson, beginning, without=(), **names):
    """Run the cell that begins with these words, but for the lines that begin with `without`; return all names."""
    found = [source for source in cells(lesson) if source.startswith(beginning)]
    assert len(found) == 1, f"lesson {lesson} should have one cell that begins with {beginning!r}, has {len(found)}"
    lines = found[0].splitlines()
    kept = [line for line in lines if not any(line.startswith(words) for words in without)]
    assert len(lines) - len(kept) == len(without)
    names = {"np": np} | names
    exec("\n".join(kept), names)
    return names


def solution(module, number):
    """Return what the solution of an exercise calls answer."""
    names = {}
    exec(dedent(module.EXERCISES[number].solution), names)
    return names["answer"]


def random_joint(seed, stories):
    """Return a table p(x, z) over some stories for one x, and a q without zeros, both from nearly even to very uneven."""
    rng = np.random.default_rng(seed)
    joint, q = (rng.dirichlet(np.full(stories, rng.choice([0.3, 1, 20]))) + 1e-9 for _ in range(2))
    return joint * 10 ** rng.uniform(-8, 0), q / q.sum()


# --- the derivation


@given(SEEDS, st.integers(2, 64))
@EASY
def test_the_five_lines_are_one_number(seed, stories):
    joint, q = random_joint(seed, stories)
    evidence = joint.sum()
    names = run(
        "09",
        "q = ",
        without=["q = "],
        Z=range(stories),
        q=q,
        joint=joint,
        evidence=evidence,
        posterior=joint / evidence,
    )
    assert len(names["lines"]) == 5 and np.ptp(names["lines"]) < 1e-10
    np.testing.assert_allclose(names["lines"], entropy(q, joint), atol=1e-10)  # scipy normalises the joint
    assert names["log_px"] == pytest.approx(np.log(evidence), abs=1e-12)
    assert names["elbo"] <= names["log_px"] + 1e-12


@given(SEEDS, st.integers(2, 64))
@EASY
def test_the_four_faces_are_one_number(seed, stories):
    joint, q = random_joint(seed, stories)
    prior = np.random.default_rng(seed + 1).dirichlet(np.ones(stories)) + 1e-9
    prior /= prior.sum()
    log_px = np.log(joint.sum())
    names = run(
        "09",
        "prior = ",
        without=["prior = "],
        prior=prior,
        joint=joint,
        q=q,
        log_px=log_px,
        posterior=joint / joint.sum(),
    )
    values = list(names["faces"].values())
    assert len(values) == 4 and np.ptp(values) < 1e-10
    np.testing.assert_allclose(values, log_px - entropy(q, joint), atol=1e-10)
    np.testing.assert_allclose(values, q @ np.log(joint) + entropy(q), atol=1e-10)


@given(SEEDS, st.integers(2, 64), st.integers(0, 63))
@EASY
def test_the_elbo_of_the_exercise_is_a_bound_also_where_q_is_0(seed, stories, zeros):
    elbo_of = solution(lesson_09, "09.2")
    joint, q = random_joint(seed, stories)
    q[np.random.default_rng(seed).permutation(stories)[: min(zeros, stories - 1)]] = 0
    q /= q.sum()
    log_px = np.log(joint.sum())
    assert elbo_of(q, joint) == pytest.approx(-rel_entr(q, joint).sum(), abs=1e-10)
    assert elbo_of(q, joint) == pytest.approx(log_px - entropy(q, joint), abs=1e-10)
    assert elbo_of(q, joint) <= log_px + 1e-12


@given(SEEDS, st.integers(2, 64))
@EASY
def test_the_gap_is_0_for_the_posterior_and_only_for_it(seed, stories):
    elbo_of = solution(lesson_09, "09.2")
    joint, q = random_joint(seed, stories)
    posterior, log_px = joint / joint.sum(), np.log(joint.sum())
    assert elbo_of(posterior, joint) == pytest.approx(log_px, abs=1e-10)
    apart = abs(q - posterior).sum()
    assume(apart > 1e-3)
    assert log_px - elbo_of(q, joint) >= apart**2 / 2 - 1e-12  # Pinsker's inequality


def test_all_three_kinds_of_q_of_the_lesson_are_bounded(capsys):
    joint, q = random_joint(0, 64)
    run("09", "uniform = ", q=q, joint=joint, posterior=joint / joint.sum(), log_px=np.log(joint.sum()))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and "gap 0.0000" in lines[2] and "gap 0.0000" not in lines[0] + lines[1]


# --- the train, and coordinate ascent


def train(seed, causes):
    """Return strengths (causes, 4), an observation (4,), and all stories."""
    rng = np.random.default_rng(seed)
    return (
        rng.uniform(0.02, 0.95, size=(causes, 4)),
        rng.integers(2, size=4),
        np.array(list(product([0, 1], repeat=causes))),
    )


def log_joint(strength, x, Z):
    """Return the lesson's log p(x, z) of all stories, (S,)."""
    return run("09", "def log_joint", x=x)["log_joint"](Z, strength)


@given(SEEDS, CAUSES)
@EASY
def test_the_train(seed, causes):
    strength, x, Z = train(seed, causes)
    expected = []
    for z in Z:
        off = [0.97 * prod(1 - s for s, active in zip(column, z) if active) for column in strength.T]
        expected.append(
            prod(1 - p if seen else p for p, seen in zip(off, x)) * prod(0.2 if active else 0.8 for active in z)
        )
    np.testing.assert_allclose(np.exp(log_joint(strength, x, Z)), expected, rtol=1e-9)
    every_x = [log_joint(strength, np.array(x), Z) for x in product([0, 1], repeat=4)]
    assert np.exp(every_x).sum() == pytest.approx(1)


@given(SEEDS, CAUSES)
@EASY
def test_mean_field_multiplies_independent_causes(seed, causes):
    _, _, Z = train(seed, causes)
    m = np.random.default_rng(seed).uniform(size=causes)
    q = run("09", "def q_of", Z=Z)["q_of"](m)
    np.testing.assert_allclose(q, [prod(p if active else 1 - p for p, active in zip(m, z)) for z in Z])
    np.testing.assert_allclose([q.sum(), *(q @ Z)], [1, *m])


@given(SEEDS, CAUSES)
@settings(max_examples=30, deadline=None)
def test_an_update_is_the_best_for_its_cause(seed, causes):
    strength, x, Z = train(seed, causes)
    rng = np.random.default_rng(seed)
    joint = np.exp(log_joint(strength, x, Z))
    names = run("09", "def q_of", Z=Z, joint=joint)
    m, i = rng.uniform(0.05, 0.95, size=causes), int(rng.integers(causes))

    def loss(value):
        q = names["q_of"](np.where(np.arange(causes) == i, value, m))
        return rel_entr(q, joint).sum()

    best = names["update"](m, i)
    assert best == pytest.approx(
        minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-9}).x, abs=1e-4
    )
    assert loss(best) <= min(loss(value) for value in np.linspace(0, 1, 21)) + 1e-10


@given(SEEDS, CAUSES)
@EASY
def test_coordinate_ascent_never_lowers_the_elbo(seed, causes):
    strength, x, Z = train(seed, causes)
    joint = np.exp(log_joint(strength, x, Z))
    names = run("09", "def q_of", Z=Z, joint=joint)
    m = np.random.default_rng(seed).uniform(size=causes)
    elbos = [-rel_entr(names["q_of"](m), joint).sum()]
    for _, i in product(range(10), range(causes)):
        m[i] = names["update"](m, i)
        elbos.append(-rel_entr(names["q_of"](m), joint).sum())
    assert np.diff(elbos).min() > -1e-12
    assert elbos[-1] <= np.log(joint.sum()) + 1e-12
    if causes == 1:  # a single cause is independent of nothing: no gap stays
        assert elbos[-1] == pytest.approx(np.log(joint.sum()), abs=1e-10)


# --- Kullback and Leibler


@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(-5, 5), st.floats(0.1, 5))
def test_the_formula_for_two_gaussians(mu1, sigma1, mu2, sigma2):
    one, other = (Normal(torch.tensor(mu, dtype=torch.float64), sigma) for mu, sigma in [(mu1, sigma1), (mu2, sigma2)])
    value = solution(lesson_09, "09.4")(mu1, sigma1, mu2, sigma2)
    assert value == pytest.approx(
        kl_divergence(one, other).item(), rel=1e-6, abs=1e-7
    )  # torch keeps the widths in single precision
    assert value >= -1e-12


@given(st.floats(-1.5, 1.5), st.floats(0.25, 0.7), st.floats(-1.5, 1.5), st.floats(0.25, 0.7))
@EASY
def test_the_divergence_on_the_grid(mu1, sigma1, mu2, sigma2):
    names = run("09", "z = np.linspace")
    one, other = names["gaussian"](mu1, sigma1), names["gaussian"](mu2, sigma2)
    np.testing.assert_allclose(one, norm.pdf(names["z"], mu1, sigma1), rtol=1e-9, atol=1e-300)
    assert names["kl"](one, other) == pytest.approx(
        solution(lesson_09, "09.4")(mu1, sigma1, mu2, sigma2), rel=1e-4, abs=1e-6
    )


def test_two_tables():
    p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert solution(lesson_09, "09.1") == pytest.approx((entropy(q, p), entropy(p, q)))


@given(st.floats(-2.5, 2.5), st.floats(0.1, 1))
@settings(max_examples=30, deadline=None)
def test_the_bound_of_section_4(mean, width):
    names = run("09", "grid = ")
    names = run("09", "def bound", **names)
    expected = quad(
        lambda u: norm.pdf(u) * (norm.logpdf(mean + width * u) + norm.logpdf(1.5, (mean + width * u) ** 2, 0.5) - norm.logpdf(u) + np.log(width)),
        -8, 8, limit=200,
    )[0]  # fmt: skip
    assert names["bound"](mean, width) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert names["bound"](mean, width) == pytest.approx(
        elbo_and_gap(names["grid"], names["log_joint_z"], mean, width)[0], rel=1e-12
    )


# --- EM


def random_mixture(seed, n, K):
    """Return observations (n,) and a start for EM."""
    rng = np.random.default_rng(seed)
    x = rng.normal(rng.uniform(-4, 4, size=K)[rng.integers(K, size=n)], rng.uniform(0.3, 2))
    return x, rng.dirichlet(np.full(K, 5.0)), rng.choice(x, K, replace=False), rng.uniform(0.5, 1.5, size=K) * x.std()


@given(SEEDS, st.integers(8, 80), st.integers(1, 4))
@EASY
def test_em_never_lowers_the_log_likelihood(seed, n, K):
    names = run("08", "def em_step", gaussian=run("08", "def gaussian")["gaussian"])
    x, *theta = random_mixture(seed, n, K)
    history = []
    for _ in range(25):
        expected = np.log((theta[0] * norm.pdf(x[:, None], theta[1], theta[2])).sum(axis=1)).sum()
        *theta, log_likelihood = names["em_step"](x, *theta)
        assert log_likelihood == pytest.approx(expected, rel=1e-9)
        assert theta[0].sum() == pytest.approx(1)
        history.append(log_likelihood)
        if theta[2].min() < 1e-3 * x.std():
            break  # on its way to a singularity
    assert len(history) == 1 or np.diff(history).min() > -1e-9


@given(SEEDS, st.integers(8, 60), st.integers(2, 4))
@EASY
def test_the_exercises_of_lesson_08_make_one_step_of_em(seed, n, K):
    names = run("08", "def em_step", gaussian=run("08", "def gaussian")["gaussian"])
    x, *theta = random_mixture(seed, n, K)
    r = solution(lesson_08, "08.1")(x, *theta)
    joint = theta[0] * norm.pdf(x[:, None], theta[1], theta[2])
    np.testing.assert_allclose(r, joint / joint.sum(axis=1, keepdims=True), rtol=1e-8)
    pi, mu, sigma = solution(lesson_08, "08.2")(x, r)
    np.testing.assert_allclose(pi, r.mean(axis=0))
    np.testing.assert_allclose(mu, [np.average(x, weights=column) for column in r.T])
    np.testing.assert_allclose(sigma, [np.sqrt(np.cov(x, aweights=column, ddof=0)) for column in r.T], rtol=1e-6)
    for mine, theirs in zip((pi, mu, sigma), names["em_step"](x, *theta)):
        np.testing.assert_allclose(mine, theirs, rtol=1e-8)


@given(SEEDS, st.integers(20, 80))
@EASY
def test_em_climbs_the_elbo_in_turn_with_the_evidence(seed, n):
    data = random_mixture(seed, n, 2)[0][:, None]
    log_joint_of = run("09", "rng = np.random.default_rng(5)", data=data, without=["rng = ", "data = "])["log_joint_of"]
    pi, mean, var = np.array([0.3, 0.7]), np.array([-0.5, 0.5]), np.array([1.0, 2.0])
    expected = np.log(pi) + norm.logpdf(data, mean, np.sqrt(var))
    np.testing.assert_allclose(log_joint_of(pi, mean, var), expected)
    names = run("09", "pi, mean, var = ", data=data, log_joint_of=log_joint_of)
    before, at_e, at_m, after = names["log_x"].sum(), names["at_e"], names["at_m"], names["log_p"]
    assert at_e == pytest.approx(before, abs=1e-8)
    assert at_e - 1e-9 <= at_m <= after + 1e-9
    expected = np.logaddexp.reduce(
        np.log(names["pi"]) + norm.logpdf(data, names["mean"], np.sqrt(names["var"])), axis=1
    ).sum()
    assert after == pytest.approx(expected)
