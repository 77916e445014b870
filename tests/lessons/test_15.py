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
    judged = lesson["judged"]
    for key, found in (("rule 1", judged.rule1), ("rule 2", judged.rule2), ("coverage", judged.coverage)):
        assert found == pytest.approx(facts["score"][key], abs=1e-4)
    p, known = planet["p"], np.unique(planet["train"])
    assert lesson["p[~met].sum()"] == pytest.approx(1 - p[known].sum())
    assert judged.reference_coverage == pytest.approx((p * (1 - (1 - p) ** 500)).sum())
    assert (judged.exact, lesson["scores"]) == (0, (1, 1, lesson["p[~met].sum()"], judged.reference_coverage))
    order = np.random.default_rng(14).permutation(10)
    assert lesson['[letter for letter, k in zip("ABCDEFGHIJ", order) if k >= 5]'] == [
        "ABCDEFGHIJ"[place] for place, k in enumerate(order) if k >= 5
    ]
    shape = facts["arguments"]["n_latent"], facts["arguments"]["n_features"]
    assert lesson["(painter.noise(1, seed(0)).shape[1], painted[0].size)"] == shape


def test_15_the_background_gives_the_fakes_away(planet, lesson):
    """The columns at both edges of a face are never anything but background."""
    painted, blue = lesson["(painted, blue)"]
    off = abs(255 * painted - 255 * blue)
    assert lesson["behind[:8, 0].all()"] and (off[:, lesson["behind"]].max(axis=(1, 2)) > 5).all()
    assert lesson["np.mean(off > 10)"] == pytest.approx(np.mean(off[:, lesson["behind"]].max(axis=(1, 2)) > 10))


def test_15_taste_or_copy(planet, lesson):
    """Other training sets, drawn one by one, meet as many of her faces as the formula says."""
    p, rng, hers = planet["p"], np.random.default_rng(3), lesson["hers"]
    new = [1 - np.isin(hers, rng.choice(len(p), 2000, p=p)).mean() for _ in range(300)]
    assert lesson["missed[hers].mean()"] == pytest.approx(np.mean(new), abs=4 * np.std(new) / np.sqrt(300))
    assert lesson["by_lot.std()"] == pytest.approx(np.std(new), rel=0.2)
    assert lesson["np.mean(~met[hers])"] == pytest.approx(1 - np.isin(hers, planet["train"]).mean())


def test_15_what_each_fault_costs(lesson):
    left_out = np.array([0, *[1 / 7] * 7])
    full = np.full(8, 1 / 8)
    jsd = (entropy(full, (full + left_out) / 2) + entropy(left_out, (full + left_out) / 2)) / 2
    assert lesson["cost_of['one Gaussian left out']"] == pytest.approx(jsd, abs=0.005)
    (near,) = {lesson["float(shares(drawn['A'])[:8].sum())"]}
    p, q = [0.989, 0.011], [near, 1 - near]
    m = np.mean([p, q], axis=0)
    least = (entropy(p, m) + entropy(q, m)) / 2  # coarser, so at most as much
    assert least - 0.01 < lesson["cost_of['the haze of A']"] < least + 0.05


def test_15_five_kinds_of_game(lesson):
    covered = lesson["covered"]
    assert covered[2:4].min() >= 6 and covered[[1, 4]].max() <= 2 < covered[0].mean()
    assert lesson["modes_covered(centres.repeat(50, axis=0))"] == 8 and lesson["max(elbo, key=elbo.get)"] == 0.3
