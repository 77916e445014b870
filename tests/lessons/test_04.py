"""The numbers of lesson 04, beside computations that use none of the course's models."""

import re
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from oracle import BLUE, SIZES, WHITE, WORDS, D, agree, read, smoothed_score, text, wearing


@pytest.mark.parametrize("lesson", ["04", "05"])
def test_04_and_05_no_result_is_a_literal_of_the_code(lesson):
    assert not re.search(r"0\.04\b|0\.0054|0\.00098|3024|3983|1\.000245", text(lesson, "code"))


def test_04_the_sample_space(people, seen):
    assert prod(SIZES.values()) == D
    for name, size in SIZES.items():
        (listed,) = re.findall(rf"{size} × {name}: (.*)", text("04", "printed"))
        assert len(set(listed.split(", "))) == size and {person[name] for person in people} <= set(listed.split(", "))
    assert read("04", "d = # possible styles, and N = # observations") == [str(D), str(len(people))]
    assert (
        read("04", "# different styles have been seen, # have not")
        == [str(len(seen)), str(D - len(seen))]
        == ["49", "3983"]
    )


def test_04_the_first_ten(people):
    rows = [re.findall(rf"^{i} +(\w.*\w)", text("04", "shown"), re.MULTILINE) for i in range(10)]
    assert [" ".join(row).split() for row in rows] == [list(person.values()) for person in people[:10]]


def test_04_white_and_blue(people):
    for words, combination, n in [("combination 1, white:", WHITE, 2), ("combination 2, blue :", BLUE, 0)]:
        assert wearing(people, **combination) == n
        assert read("04", f"{words} #/# = #")[:2] == [str(n), "50"]
        agree(read("04", f"{words} #/# = #")[2], n / 50)
    assert read("04", "The white one has probability #, the blue one #.", "written") == ["0.04", "0"]
    (said,) = re.findall(r"(\w+) people in the album do wear blue", text("04", "written"))
    assert WORDS[said] == wearing(people, clothingColor="Blue01")
    assert "one shirt away from two people in the album" in text("04", "written")


def test_04_counting_invents_nothing():
    agree(read("04", "Rule 2, share of new outfits: #")[0], 0)


def test_04_smoothing(seen):
    for number, n in zip(read("04", "white: #, blue and every unseen style: #"), (2, 0)):
        agree(number, Fraction(n + 1, 50 + D))
    styles, together = read("04", "all # styles together: #")
    assert int(styles) == D and sum(Fraction(n + 1, 50 + D) for n in [*seen.values(), *[0] * 3983]) == 1
    agree(together, 1)
    assert read("04", "JointCategorical agrees for all # styles") == [str(D)]
    agree(read("04", "with d = 4031: #")[0], float(Fraction(50 + D, 50 + D - 1)))
    for number in read("04", "one shirt away: #, bun and black: #, equal: True"):
        agree(number, 1 / (50 + D))


def test_04_a_posterior_mean_is_no_maximum(seen):
    agree(read("04", "log-likelihood of the counts n/N: # nats")[0], sum(n * np.log(n / 50) for n in seen.values()))
    agree(
        read("04", "log-likelihood after smoothing: # nats")[0],
        sum(n * np.log((n + 1) / (50 + D)) for n in seen.values()),
    )
    for name, n, styles in [("white :", 2, 1), ("unseen:", 0, 3983)]:
        average, smoothed = read("04", f"{name} average over 2000 tables #, smoothed #")
        mean = (n + 1) / (50 + D)
        agree(smoothed, mean)
        agree(average, mean, error=4 * mean / np.sqrt(n + 1) / np.sqrt(2000 * styles))  # of a gamma variable, nearly


@pytest.mark.parametrize("alpha", ["0.01", "0.1", "0.5", "1", "100"])
def test_04_leave_one_out(seen, alpha):
    score, percent = read("04", f"α = {alpha}: # nats, unseen styles have #%")
    agree(score, smoothed_score(seen, float(alpha)))
    agree(percent, 100 * 3983 * float(alpha) / (50 + D * float(alpha)))


def test_04_the_best_table_is_hardly_better_than_none(seen):
    best = max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    assert 0 < best + 50 * np.log(D) < 1.02
    agree(read("04", "all styles equal: # nats")[0], -50 * np.log(D))
    best_said, uniform_said = read(
        "05", "The best smoothed table reached # nats, the uniform distribution #.", "written"
    )
    agree(best_said, best)
    agree(uniform_said, -50 * np.log(D))
    assert read("04", "it is −∞: # of the # people wear a style of their own", "written") == [
        str(list(seen.values()).count(1)),
        "50",
    ]


def test_04_ten_designs_of_the_smoothed_table(people, seen):
    """As the lesson draws them: all of them are new; and the album has neither a bun nor black clothes."""
    names = [sorted({person[name] for person in people}) for name in SIZES]
    assert "LongHairBun" not in names[4] and "Black" not in names[1]
    listed = [re.findall(rf"{name}: (.*)", text("04", "printed"))[0].split(", ") for name in SIZES]
    styles = list(product(*listed))
    theta = np.array([(seen[style] + 1) / (50 + D) for style in styles])
    drawn = np.random.default_rng(2).choice(D, size=10, p=theta)
    assert not any(seen[styles[j]] for j in drawn)
