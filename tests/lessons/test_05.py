"""The numbers of lesson 05, beside computations that use none of the course's models."""

import re
from collections import Counter
from fractions import Fraction
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from oracle import BLUE, SIZES, WHITE, D, agree, by_lot, read, share, smoothed_score, text, wearing
from sklearn.datasets import load_digits as digits_of_sklearn
from sklearn.metrics import mutual_info_score


def naive(people, style) -> Fraction:
    """Return p(x) of a style, a dictionary, under Naive Bayes without pseudo-counts."""
    return prod(share(people, name, value) for name, value in style.items())


def test_05_the_chain_rule(people):
    lines = re.findall(r"p\((\w+) \| so far\) = +(\d+)/ *(\d+) = ([\d.]+)", text("05", "printed"))
    assert [value for value, *_ in lines] == list(WHITE.values())
    before, whole = {}, Fraction(1)
    for (_, n, N, number), (name, value) in zip(lines, WHITE.items()):
        group, before = wearing(people, **before), before | {name: value}
        assert (int(n), int(N)) == (wearing(people, **before), group)
        agree(number, int(n) / int(N))
        whole *= Fraction(int(n), int(N))
    assert whole == Fraction(2, 50)
    agree(read("05", "product: #")[0], float(whole))


def test_05_the_parameters():
    tables = np.cumprod([1, *SIZES.values()])[:-1]
    chain = sum(int(n) * (size - 1) for n, size in zip(tables, SIZES.values()))
    assert read("05", "chain rule: # free parameters, one big table: #") == [str(chain), str(D - 1)] == ["4031"] * 2
    numbers = read("05", "free parameters: " + " + ".join(["(# − 1)"] * 5) + " = #")
    assert list(map(int, numbers)) == [*SIZES.values(), sum(SIZES.values()) - 5] and numbers[-1] == "23"
    assert read("05", "# numbers instead of #, each of them", "written") == ["23", "4,031"]
    assert read("05", "# parameters instead of #.", "written") == ["23", "4,031"]


def test_05_three_coins():
    coins = [(a, b, a != b) for a in (0, 1) for b in (0, 1)]
    for i, j in combinations(range(3), 2):
        for number in read("05", f"p({'abc'[i]}=1, {'abc'[j]}=1) = #, product of the two: #"):
            assert Fraction(number) == Fraction(sum(coin[i] and coin[j] for coin in coins), 4) == Fraction(1, 4)
    together, of_three = read("05", "p(a=1, b=1, c=1) = #, product of the three: #")
    assert Fraction(together) == sum(all(coin) for coin in coins) == 0 and Fraction(of_three) == Fraction(1, 8)


def test_05_every_count_of_the_tables(people):
    rows = re.findall(r"^(?:\w+Type +|\w+Color +|  +)?(\w+) +(\d+) +(\d\.\d\d)$", text("05", "shown"), re.MULTILINE)
    order = ["topType", "clothingColor", "hairColor", "clothingType", "accessoriesType"]
    names = [name for name in order for _ in range(SIZES[name])]
    assert len(rows) == 28 == len(names)
    for (value, n, theta), name in zip(rows, names):
        assert int(n) == wearing(people, **{name: value}), (name, value)
        agree(theta, int(n) / 50)
    for name in order:
        assert sum(int(n) for (_, n, _), other in zip(rows, names) if other == name) == 50


def test_05_white_and_blue(people):
    printed = {"white": "0.0054", "blue": "0.00098"}
    for name, combination in {"white": WHITE, "blue": BLUE}.items():
        *factors, p = read("05", f"{name}{' ' if name == 'blue' else ''}: # × # × # × # × # = #")
        assert [Fraction(factor) for factor in factors] == [share(people, *item) for item in combination.items()]
        agree(p, float(naive(people, combination)))
        times, again = read("05", f"{name}: seen # times, Naive Bayes gives #")
        assert int(times) == wearing(people, **combination)
        assert again == printed[name]
        agree(again, float(naive(people, combination)))
    assert read("05", '*"Naive Bayes gives # to the white combination', "written") == [printed["white"]]
    assert (
        read("05", "The invention is the blue one, with #.", "written")
        + read("05", "It makes new styles, # for", "written")
        == [printed["blue"]] * 2
    )
    assert wearing(people, hairColor="Red", clothingColor="Blue01") == 0  # the opening says so


def test_05_all_styles(people):
    values = [sorted({person[name] for person in people}) for name in SIZES]
    p = [naive(people, dict(zip(SIZES, style))) for style in product(*values)]
    assert sum(p) == 1
    styles, together = read("05", "all # styles together: #")
    assert int(styles) == D
    agree(together, 1)
    assert read("05", "# of them are possible") == [str(len(p))] == ["3024"]
    words = re.search(
        r"(\w+), (\w+), (\w+), (\w+), (\w+) with p = ([\d.]+)\nin the album: (\w+)", text("05", "printed")
    ).groups()
    most_likely = {name: Counter(person[name] for person in people).most_common(1)[0][0] for name in SIZES}
    assert words[:5] == tuple(most_likely.values()) and words[6] == str(wearing(people, **most_likely) > 0) == "False"
    agree(words[5], float(naive(people, most_likely)))
    assert naive(people, most_likely) == max(p)


def test_05_new_styles(people, seen):
    new = 1 - float(sum(naive(people, dict(zip(SIZES, style))) for style in seen))
    agree(read("05", "Rule 2, share of new styles: #")[0], new, error=by_lot(new, 10_000))
    agree(read("05", "α = 0: # of the designs have a bun")[0], 0)
    agree(read("05", "α = 1: # of the designs have a bun")[0], 1 / 57, error=by_lot(1 / 57, 10_000))


def naive_score(people, alpha) -> float:
    """Return Naive Bayes' leave-one-out log-likelihood of Wrodl; nan where it is minus infinity."""
    counts = {name: Counter(person[name] for person in people) for name in SIZES}
    p = [
        [(counts[name][person[name]] - 1 + alpha) / (49 + alpha * size) for name, size in SIZES.items()]
        for person in people
    ]
    return np.log(p).sum() if np.min(p) > 0 else -np.inf


@pytest.mark.parametrize("alpha", ["0", "0.5", "1"])
def test_05_the_fifty_first_person(people, seen, alpha):
    table, features = read("05", f"α = {alpha}: table # nats, Naive Bayes # nats")
    if alpha == "0":
        assert (table, features) == ("-inf", "-inf") and naive_score(people, 0) == -np.inf
        return
    agree(table, smoothed_score(seen, float(alpha)))
    agree(features, naive_score(people, float(alpha)))


def test_05_the_prose_of_the_fifty_first_person(people, seen):
    gain = naive_score(people, 1) - max(smoothed_score(seen, alpha) for alpha in np.logspace(-3, 2, 2001))
    agree(read("05", "Some # nats better for fifty people", "written")[0], gain)
    exponent, times = read("05", "a probability $e^{#} \\approx #$ times as large.", "written")
    agree(exponent, gain / 50)
    agree(times, np.exp(gain / 50))
    alone = [
        (name, value) for name in SIZES for value, n in Counter(person[name] for person in people).items() if n == 1
    ]
    assert [name for name, _ in alone] == ["topType"] * 2 and "two people have hair like nobody else" in text(
        "05", "written"
    )


def test_05_mutual_information(people):
    columns = [[person[name] for person in people] for name in SIZES]
    agree(
        read("05", "ten pairs of features together: # nats")[0],
        sum(mutual_info_score(a, b) for a, b in combinations(columns, 2)),
    )
    rng = np.random.default_rng(0)
    chance = [
        sum(mutual_info_score(a, b) for a, b in combinations([rng.permutation(column) for column in columns], 2))
        for _ in range(100)
    ]
    mean, spread = read("05", "after shuffling: # ± # nats")
    agree(mean, np.mean(chance), error=4 * np.std(chance) * np.sqrt(1 / 100 + 1 / 300))
    agree(spread, np.std(chance), error=4 * np.std(chance) * np.sqrt(1 / 200 + 1 / 600))


def test_05_what_the_exercise_of_leaving_one_out_should_give(people):
    agree(
        read("05", "`naive_leave_one_out(codes(wrodl), sizes, 1)` should then be #.)", "written")[0],
        naive_score(people, 1),
    )


def test_05_two_pixels():
    digits = digits_of_sklearn()
    a, b = digits.images[:, 2, 3], digits.images[:, 3, 2]
    agree(read("05", "correlation of two pixels over all digits: #")[0], np.corrcoef(a, b)[0, 1])
    within = [np.corrcoef(a[digits.target == y], b[digits.target == y])[0, 1] for y in range(10)]
    agree(read("05", "within one digit, on average: #")[0], np.mean(within))
