"""The numbers of lesson 14, beside computations that use none of the course's models."""

import json
import re
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import safetensors
import torch
from oracle import (
    agree,
    by_lot,
    read,
    text,
)
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit
from scipy.stats import entropy, norm

from course_utils import files
from course_utils.exercises.lesson_14 import EXERCISES as LESSON_14


def adversaries(people) -> dict[str, tuple[Fraction, Fraction]]:
    """Return p_data and p_G of each colour of hair in lesson 14: the one from Wrodl's file, the other from the lesson's code."""
    hair = Counter(person["hairColor"] for person in people)
    fakes = re.search(r"p_G = torch\.tensor\(\[([^\]]+)\]\)", text("14", "code"))[1].split(", ")
    return {colour: (Fraction(hair[colour], 50), Fraction(q)) for colour, q in zip(sorted(hair), fakes, strict=True)}


def test_14_noise():
    (share,) = read("14", "between −1 and 1: #%")
    exact = norm.cdf(1) - norm.cdf(-1)
    agree(share, 100 * exact, error=100 * by_lot(exact, 200_000))
    mean, deviation, correlation = map(float, read("14", "mean #, standard deviation #, correlation #"))
    assert (mean, correlation) == (0, 0) and deviation == 1


def test_14_the_best_d(people):
    both = adversaries(people)
    assert sum(p for p, _ in both.values()) == sum(q for _, q in both.values()) == 1
    for colour, (p, q) in both.items():
        found, formula = read("14", f"{colour} D found #, p_data/(p_data + p_G) = #")
        for number in (found, formula):
            agree(number, float(p / (p + q)))
    lowest, highest = (choose(both, key=lambda c: both[c][0] / sum(both[c])) for choose in (min, max))
    assert (lowest, highest) == ("SilverGray", "Red") and max(both, key=lambda c: both[c][0]) == lowest
    silver, its_d, red, red_s_d = read(
        "14",
        "Silver grey is the most probable colour, #, and gets the lowest $D$, #; red, #, gets the highest, #.",
        "written",
    )
    for number, value in [
        (silver, both[lowest][0]),
        (its_d, both[lowest][0] / sum(both[lowest])),
        (red, both[highest][0]),
        (red_s_d, both[highest][0] / sum(both[highest])),
    ]:
        agree(number, float(value))
    shares = read("14", "Silver grey is the colour of #% of all heads, and of #% of the painter's.", "written") + read(
        "14", "And for a red one, #% and #%?", "written"
    )
    assert [int(share) for share in shares] == [100 * share for colour in (lowest, highest) for share in both[colour]]
    assert read("14", "ask for the odds: # real ones to # false ones", "written") == [
        str(int(100 * share)) for share in both[lowest]
    ]


def test_14_what_the_game_is_worth(people):
    p, q = np.array([[float(share) for share in shares] for shares in adversaries(people).values()]).T
    best = minimize(lambda a: np.sum(p * np.logaddexp(0, -a) + q * np.logaddexp(0, a)), np.zeros(6), tol=1e-12)
    for words in ("V of the D found", "V of the formula", "2 JSD − log 4"):
        (number,) = read("14", f"{words} # nats")
        agree(number, -best.fun)
        agree(number, entropy(p, (p + q) / 2) + entropy(q, (p + q) / 2) - np.log(4))
    agree(read("14", "V if p_G = p_data # nats")[0], -np.log(4))
    agree(read("14", "and $V = -\\log 4 = #$.", "written")[0], -np.log(4))
    agree(read("14", "is $\\log 4 = #$ nats", "written")[0], np.log(4))


def test_14_each_move_changes_one_player():
    assert read("14", "D's move changes #% of D's weights and #% of G's") == ["100", "0"]
    assert read("14", "G's move changes #% of D's weights and #% of G's") == ["0", "100"]


def test_14_slopes():
    at = np.log(0.001 / 0.999)
    for loss, name in [(lambda a: np.log1p(-expit(a)), "log(1 − D)"), (lambda a: -np.log(expit(a)), "−log D")]:
        agree(
            read("14", f"slope of {name} at D = 0.001: #")[0],
            approx_fprime([at], lambda a: loss(a[0]), 1e-7)[0],
            error=1e-5,
        )
    assert read("14", "here # times as large", "written") == [str(round(0.999 / 0.001))]
    agree(read("14", "by log-odds: #")[0], -20)
    assert "D is rounded to 1.00000000, and log(1 − D) to -inf" in text("14", "printed")
    d = read("14", "A fake has $D = #$.", "written")[0]
    assert LESSON_14[
        "14.3"
    ].solution == f'answer = {{"minimax": -{d}, "non_saturating": -0.98, "ratio": 0.98 / {d}}}' and float(
        d
    ) == pytest.approx(1 - 0.98)


def test_14_the_duel():
    """By torch's gradient of the game itself."""
    for r1 in ("0", "0.5"):
        theta, psi = torch.tensor(1.0, dtype=torch.double), torch.tensor(0.0, dtype=torch.double)
        for _ in range(399):
            for player in ("D", "G"):
                theta, psi = (v.detach().requires_grad_() for v in (theta, psi))
                value = torch.sigmoid(0 * psi).log() + (1 - torch.sigmoid(psi * theta)).log() - float(r1) / 2 * psi**2
                by_theta, by_psi = torch.autograd.grad(value, (theta, psi))
                theta, psi = (theta, psi + 0.1 * by_psi) if player == "D" else (theta - 0.1 * by_theta, psi)
        (number,) = read("14", f"r1 = {r1}: after 400 rounds # from the goal")
        agree(number, torch.hypot(theta, psi).item())


def test_14_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("14", "code"), text("14", "printed")
    for assertion, said in [
        ("gan = GAN()  # non-saturating; r1 = 0.1, of which section 8 speaks\nlosses, frames = play(gan)\nassert modes_covered(gan.sample(4000, seed(2))) == 8\n", "game 2: 8 modes"),
        ("assert np.allclose(late, np.log([4, 2]), atol=0.2) and (covered <= 2 or player is gan)\n", "game 1: at most 2 modes, and both losses within 0.2 nats"),
        ("assert np.mean(loss[-50:]) < np.mean(loss[:50]) and left <= 4\n", "G's loss falls, and of 8 modes at most 4 are left"),
    ]:  # fmt: skip
        assert assertion in code and said in printed


def test_14_the_painter(planet):
    with safetensors.safe_open(
        files.DATA / "checkpoints" / "gan_planet_pixel.safetensors", framework="numpy"
    ) as checkpoint:
        facts = {key: json.loads(value) for key, value in checkpoint.metadata().items()}
    for number, key in zip(read("14", "the painter # # #"), ("rule 1", "rule 2", "coverage"), strict=True):
        agree(number, facts["score"][key])
    rule1, rule2 = facts["score"]["rule 1"], facts["score"]["rule 2"]
    for number, share in zip(
        read("14", "the painter #% met, #% new, #% no face"), (rule1 - rule2, rule2, 1 - rule1), strict=True
    ):
        agree(number, 100 * share)
    written = text("14", "written")
    assert "of her valid faces most are in the training set" in written and 1 - rule2 / rule1 > 0.5
    (wrong,) = read("14", "glasses not recognised in #% of the wrong pictures")
    assert "The glasses are nearly always right" in written and int(wrong) < 10
    p, n = planet["p"], 500
    valid, new, coverage = read("14", "p_data itself # # #")
    unseen = 1 - p[np.unique(planet["train"])].sum()
    assert valid == "1.00" and "three in four are in it" in written and unseen == pytest.approx(1 / 4, abs=0.03)
    agree(new, unseen, error=by_lot(unseen, n))
    agree(coverage, (p * (1 - (1 - p) ** n)).sum(), error=0.03)
    met, fresh, none = read("14", "p_data itself #% met, #% new, #% no face")
    assert int(met) + int(fresh) == 100 and none == "0"
    agree(fresh, 100 * unseen, error=100 * by_lot(unseen, n))
    letters = "".join(
        sorted("ABCDEFGHIJ"[place] for place, k in enumerate(np.random.default_rng(14).permutation(10)) if k >= 5)
    )
    assert f"In section 1 the painter's were {' '.join(letters)}\n" in text("14", "printed")
    assert (
        facts["arguments"]["n_latent"] == 16
        and "A network with 16 numbers in and 3,072 out" in written
        and facts["arguments"]["n_features"] == 3072
    )
    assert (
        f"for the {len(planet['train']):,} observations of Planet Pixel" in written
        and "3,552 faces" in written
        and len(p) == 3552
    )
