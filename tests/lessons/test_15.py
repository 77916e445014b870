"""The numbers of lesson 15, beside computations that use none of the course's models."""

from collections import Counter

import numpy as np
import pytest
import torch
from oracle import by_lot, header
from scipy.optimize import approx_fprime, minimize
from scipy.spatial.distance import jensenshannon
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
    assert judged.exact == 0
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


def test_15_borders(lesson):
    """Walk by walk and step by step: which stretches without a face lead to another one?"""
    gaps, steps = [], []
    for path in lesson["way.T.tolist()"]:
        last, missing = path[0], False
        for face in path[1:]:
            if face >= 0:
                (gaps if missing else steps).append(face != last)
                last = face
            missing = face < 0
    assert lesson["(gap.sum(), turn[gap].sum())"] == (len(gaps), sum(gaps))
    assert lesson["((~gap).sum(), turn[~gap].sum())"] == (len(steps), sum(steps))
    assert np.mean(gaps) > 0.9 > 0.5 > np.mean(steps)


def test_15_what_each_fault_costs(lesson):
    """Of a share `near` of the ring beside its Gaussians, one in eight of each is moved: KL and JSD by scipy."""
    near = lesson["near.any(axis=1).mean()"]
    exact = 1 - np.exp(-(3**2) / 2)
    assert near == pytest.approx(exact, abs=by_lot(exact, 100_000))
    ring = np.array([*[exact / 8] * 8, 1 - exact])
    hazy = ring * 7 / 8
    hazy[8] += 1 / 8
    left_out = np.array([0, *ring[1:]]) / ring[1:].sum()
    for name, q in (("an eighth in a haze", hazy), ("an eighth left out", left_out)):
        kl, jsd = lesson[f"cost_of['{name}']"]
        assert kl == pytest.approx(entropy(ring, q), abs=0.005)
        assert jsd == pytest.approx(jensenshannon(ring, q) ** 2, abs=0.001)


def test_15_five_kinds_of_game(lesson):
    """How many modes: by the nearest centre of each fake."""
    covered = lesson["covered"]
    assert covered[2:4].min() >= 5 and covered[[0, 1, 4]].max() <= 2
    centres = np.exp(2j * np.pi * np.arange(8) / 8)
    for key, row in ((1, 1, 0), 2), ((0, 2, 0), 1):
        x = np.asarray(lesson[f"played[{key}].sample(4000, seed(2))"]) @ [1, 1j]
        nearest = np.argmin(abs(x[:, None] - centres), axis=1)[abs(x[:, None] - centres).min(axis=1) < 0.15]
        assert (np.bincount(nearest, minlength=8) >= 80).sum() == covered[row, 0]
