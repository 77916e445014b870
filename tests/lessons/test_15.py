"""The numbers of lesson 15, beside computations that use none of the course's models."""

from collections import Counter

import numpy as np
import pytest
import torch
from oracle import by_lot, header
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit
from scipy.stats import entropy, norm

from course_utils.exercises.lesson_15 import EXERCISES as LESSON_15


@pytest.fixture(scope="module")
def adversaries(people, lesson):
    """p_data of each colour of hair, from Wrodl's file in the order of the alphabet, and the lesson's p_G, (2, 6)."""
    hair = Counter(person["hairColor"] for person in people)
    assert lesson["list(colours)"] == sorted(hair)
    return np.array([[hair[colour] / 50 for colour in sorted(hair)], lesson["p_G.tolist()"]])


def test_15_noise(lesson):
    exact = norm.cdf(1) - norm.cdf(-1)
    assert lesson["np.mean(abs(box_muller(u)) < 1)"] == pytest.approx(exact, abs=by_lot(exact, 200_000))
    z = lesson["box_muller(u)"]
    assert (z.mean(), z.std()) == pytest.approx((0, 1), abs=4 / np.sqrt(len(z)))
    assert np.corrcoef(z.T)[0, 1] == pytest.approx(0, abs=4 / np.sqrt(len(z)))


def test_15_the_best_d(adversaries, lesson):
    p, q = adversaries
    np.testing.assert_allclose(lesson["p_data.numpy()"], p)
    np.testing.assert_allclose(adversaries.sum(axis=1), 1)
    np.testing.assert_allclose(lesson["formula.numpy()"], p / (p + q))
    np.testing.assert_allclose(lesson["found.numpy()"], p / (p + q), atol=5e-4)


def test_15_what_the_game_is_worth(adversaries, lesson):
    p, q = adversaries
    best = minimize(lambda a: np.sum(p * np.logaddexp(0, -a) + q * np.logaddexp(0, a)), np.zeros(6), tol=1e-12)
    worth = entropy(p, (p + q) / 2) + entropy(q, (p + q) / 2) - np.log(4)
    assert -best.fun == pytest.approx(worth)
    for expression in ("V(found)", "V(formula)", "2 * divergence - np.log(4)"):
        assert lesson[f"float({expression})"] == pytest.approx(worth, abs=5e-5)


def test_15_each_move_changes_one_player(lesson):
    states = lesson["[[part.numpy() for part in state] for state in (before, between, after)]"]
    changed = [[float((a != b).mean().round(2)) for a, b in zip(*pair)] for pair in zip(states, states[1:])]
    assert changed == [[1, 0], [0, 1]]  # of D's and of G's weights, by D's move and by G's


def test_15_slopes(lesson):
    at = np.log(0.001 / 0.999)
    steep = [approx_fprime([at], lambda a, loss=loss: loss(a[0]), 1e-7)[0]
             for loss in (lambda a: np.log1p(-expit(a)), lambda a: -np.log(expit(a)))]  # fmt: skip
    found = lesson[
        "[torch.autograd.grad(f, log_odds, retain_graph=True)[0].item() for f in (torch.log(1 - d), -torch.log(d))]"
    ]
    assert found == pytest.approx(steep, abs=1e-5)
    assert lesson["(torch.sigmoid(sure).item(), -torch.nn.functional.softplus(sure).item())"] == pytest.approx((1, -20))
    assert LESSON_15["15.3"].solution == 'answer = {"minimax": -0.02, "non_saturating": -0.98, "ratio": 0.98 / 0.02}'


@pytest.mark.parametrize("r1", [0, 0.5])
def test_15_the_duel(lesson, r1):
    """By torch's gradient of the game itself."""
    theta, psi = torch.tensor(1.0, dtype=torch.double), torch.tensor(0.0, dtype=torch.double)
    for _ in range(399):
        for player in ("D", "G"):
            theta, psi = (v.detach().requires_grad_() for v in (theta, psi))
            value = torch.sigmoid(0 * psi).log() + (1 - torch.sigmoid(psi * theta)).log() - r1 / 2 * psi**2
            by_theta, by_psi = torch.autograd.grad(value, (theta, psi))
            theta, psi = (theta, psi + 0.1 * by_psi) if player == "D" else (theta - 0.1 * by_theta, psi)
    assert lesson[f"duel({r1})[-1]"] == pytest.approx((theta.item(), psi.item()), abs=1e-9)


def test_15_the_painter(planet, lesson):
    facts, _ = header("gan")
    judged, fresh = lesson["(judged, fresh)"]
    for key, found in (("rule 1", judged.rule1), ("rule 2", judged.rule2), ("coverage", judged.coverage)):
        assert found == pytest.approx(facts["score"][key], abs=1e-4)
    p, n = planet["p"], 500
    unseen = 1 - p[np.unique(planet["train"])].sum()
    assert fresh.rule1 == 1 and fresh.rule2 == pytest.approx(unseen, abs=by_lot(unseen, n))
    assert fresh.coverage == pytest.approx((p * (1 - (1 - p) ** n)).sum(), abs=0.03)
    order = np.random.default_rng(14).permutation(10)
    assert lesson["letters"] == ["ABCDEFGHIJ"[place] for place, k in enumerate(order) if k >= 5]
    shape = facts["arguments"]["n_latent"], facts["arguments"]["n_features"]
    assert lesson["(painter.noise(1, seed(0)).shape[1], painted[0].size)"] == shape
