"""What the oracles of several lessons need."""

import csv
from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from oracle import (
    SIZES,
    wearing,
)

from course_utils import files
from course_utils.datasets import WRODL_VALUES, load_digits, load_world_land
from course_utils.exercises import engine


@pytest.fixture(scope="module")
def x():
    """The forty observations."""
    return load_world_land().sample(40, np.random.default_rng(2))


@pytest.fixture(scope="module")
def mle(x):
    """The bounding box of the forty observations, corner by corner."""
    latitudes, longitudes = x.T.tolist()
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)


@pytest.fixture(scope="module")
def digits():
    """Training pictures (1300, 64), their labels, test pictures (497, 64) and theirs, as lesson 01 splits them."""
    digits = load_digits()
    return digits.pixels[:1300], digits.labels[:1300], digits.pixels[1300:], digits.labels[1300:]


@pytest.fixture(scope="module")
def counts(x):
    """How many observations lie in the tropics, in the temperate and in the polar belts."""
    belts = Counter("tropics" if abs(a) < 23.4 else "temperate" if abs(a) < 66.6 else "polar" for a, _ in x)
    return np.array([belts["tropics"], belts["temperate"], belts["polar"]])


@pytest.fixture(scope="module")
def people():
    """The fifty faces of Wrodl, each a dictionary, from the file."""
    with open(files.DATA / "wrodl.csv", newline="", encoding="utf-8") as file:
        return [{name: row[name] for name in SIZES} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def seen(people):
    """How often each style that was seen at all was seen."""
    return Counter(tuple(person.values()) for person in people)


@pytest.fixture(scope="module")
def planet(people):
    """The arrays of Planet Pixel's file, with the probabilities "p" of its faces, as lesson 06 says them, and their "styles"."""
    with np.load(files.DATA / "planet_pixel.npz") as file:
        arrays = {name: file[name] for name in file.files}
    weights = [
        [(wearing(people, **{name: value}) + 1) / (50 + size) for value in values]
        for (name, size), values in zip(SIZES.items(), WRODL_VALUES.values())
    ]
    p = {}
    for style, factors in zip(product(*WRODL_VALUES.values()), product(*weights)):
        face = style[:3] + ("unseen" if style[4] == "NoHair" else style[3],) + style[4:]
        p[face] = p.get(face, 0) + prod(factors)  # of two styles with one face the sum
    arrays["p"], arrays["styles"] = np.array(list(p.values())), np.array(list(p))
    arrays["pixels"] = np.ascontiguousarray(arrays["faces"])  # (3552, 1024)
    return arrays


@pytest.fixture(scope="module")
def counted(planet):
    """How often each colour stands at each pixel of the training pictures, (1024, 256)."""
    pixels = planet["pixels"][planet["train"]]
    return np.array([np.bincount(column, minlength=256) for column in pixels.T])


@pytest.fixture(scope="module")
def bits(digits):
    """The pictures of lesson 10 in ink (1) and paper (0): 1,300 for training and 497 new ones, (N, 8, 8)."""
    return [(pixels.reshape(-1, 8, 8) * 16 >= 8).astype(int) for pixels in (digits[0], digits[2])]


@pytest.fixture(scope="module")
def lesson(request, executed):
    """The lesson that this file is named after, executed: lesson["theta"] is the value of that expression in its names."""
    return executed(request.module.__name__.removeprefix("test_"))


@pytest.fixture(scope="module")
def solution():
    """A function: solution("09.4") is the answer that the solution of that exercise gives."""

    def answer(number):
        names = {}
        exec(engine.load(number[:2])[number].code, names)
        return names["answer"]

    return answer
