"""The hidden pixels of lesson 06 without a browser: p_data's answer face by face, and what a click covers."""

import numpy as np
import pytest
from overlays import box, elements, number, pixels, styled

from course_utils.datasets import load_planet_pixel, planet_pixel_distribution
from course_utils.models import NaiveBayes
from course_utils.widgets.hidden_pixels import COVER, colour_given_visible, hidden_pixels


@pytest.fixture(scope="module")
def p_data():
    return planet_pixel_distribution()


@pytest.fixture(scope="module")
def faces():
    return load_planet_pixel("test")


@pytest.fixture(scope="module")
def train():
    return load_planet_pixel("train")


@pytest.fixture(scope="module")
def panel(p_data, faces, train):
    return styled(hidden_pixels, faces, p_data, NaiveBayes([256] * 1024, alpha=0.001).fit(train.pixels))


def covered(row, column, radius):
    """Return (32, 32) bool, True for the pixels within a square."""
    return np.array([[abs(r - row) <= radius and abs(c - column) <= radius for c in range(32)] for r in range(32)])


def by_definition(p_data, face, hidden, k):
    """Return p_data(x_k | what is visible) as a dictionary, one face after the other."""
    visible, found = face[~hidden].tobytes(), {}
    for other, p in zip(p_data.pixels, p_data.probabilities):
        if other[~hidden].tobytes() == visible:
            found[int(other[k])] = found.get(int(other[k]), 0.0) + p
    total = sum(found.values())
    return {colour: p / total for colour, p in found.items()}


CASES = [(0, 29, 16, 0), (3, 29, 16, 5), (42, 8, 16, 9), (5, 0, 0, 3), (5, 31, 31, 20), (17, 20, 4, 31)]


@pytest.mark.parametrize("face, row, column, radius", CASES)
def test_p_data_is_asked_face_by_face_and_all_of_it_is_shown(panel, p_data, faces, train, face, row, column, radius):
    hidden, k = covered(row, column, radius), 32 * row + column
    exact = by_definition(p_data, faces.pixels[face], hidden.ravel(), k)
    table = colour_given_visible(p_data, faces.pixels[face], hidden.ravel(), k)
    assert table.shape == (256,) and set(np.flatnonzero(table)) == set(exact)
    assert {colour: table[colour] for colour in exact} == pytest.approx(exact)
    naive = dict(enumerate((np.bincount(train.pixels[:, k], minlength=256) + 0.001) / 2000.256))

    frame, right = panel.draw(face, row, column, radius), faces.pixels[face, k]
    for name, p in [("Naive Bayes", naive[right]), ("p_data", exact[right])]:
        assert number(frame.numbers[f"{name}: p(right colour)"]) == pytest.approx(p, abs=0.00051)
        assert number(frame.numbers[f"{name}: surprise"]) == pytest.approx(-np.log(p), abs=0.0051)
    assert f"row {row}, column {column}" in frame.alt and f"up to {radius} pixels" in frame.alt

    image, mark, *rects = elements(frame)
    np.testing.assert_array_equal(pixels(image)[~hidden], faces.images()[face][~hidden])
    assert (pixels(image)[hidden] == COVER).all()
    x, y, width, height = box(image)
    expected = [x + column * width / 32, y + row * height / 32, width / 32, height / 32]
    np.testing.assert_allclose(box(mark), expected, atol=0.12)

    ax = panel.draw.keywords["axes"][1]
    for y, of_colour in zip((1, 0), (naive, exact)):  # the bars are as wide as their colours are probable
        height = panel.height - ax.transData.transform((0, y))[1]
        *bars, outline = [rect for rect in rects if box(rect)[1] < height < box(rect)[1] + box(rect)[3]]
        assert (outline.get("fill-opacity"), box(outline)[2]) == ("0", pytest.approx(ax.bbox.width, abs=0.11))
        shown = {bar.get("fill"): box(bar)[2] / ax.bbox.width for bar in bars}
        wide = {"#" + bytes(p_data.palette[colour]).hex(): p for colour, p in of_colour.items() if p > 0.002}
        assert shown == {rgb: pytest.approx(p, abs=0.001) for rgb, p in wide.items()}
        edges = np.cumsum([ax.bbox.x0, *(box(bar)[2] for bar in bars)])[:-1]
        np.testing.assert_allclose([box(bar)[0] for bar in bars], edges, atol=0.06 * len(bars) + 0.06)


def test_with_everything_covered_both_know_the_marginals_and_with_nothing_only_p_data_knows(panel, p_data, faces):
    for k in (0, 500, 943):
        marginal = np.bincount(p_data.pixels[:, k], weights=p_data.probabilities, minlength=256)
        table = colour_given_visible(p_data, faces.pixels[1], np.ones(1024, dtype=bool), k)
        np.testing.assert_allclose(table, marginal, atol=1e-12)
    nothing, everything = (panel.draw(0, 29, 16, radius).numbers for radius in (0, 31))
    assert nothing["p_data: p(right colour)"] == "1.000" and nothing["p_data: surprise"] == "0.00 nats"
    assert nothing["Naive Bayes: surprise"] == everything["Naive Bayes: surprise"] != "0.00 nats"
    both = [number(everything[f"{name}: p(right colour)"]) for name in ("p_data", "Naive Bayes")]
    assert abs(np.subtract(*both)) < 0.03  # but for the 2,000 faces from which Naive Bayes learned


def test_a_colour_that_naive_bayes_calls_impossible_surprises_it_beyond_measure(p_data, faces, train):
    model = NaiveBayes([256] * 1024).fit(train.pixels)
    (face, k), *_ = [(i, k) for i, log_p in enumerate(model.log_prob(faces.pixels)) if log_p == -np.inf
                     for k in range(1024) if faces.pixels[i, k] not in train.pixels[:, k]]  # fmt: skip
    numbers = hidden_pixels(faces, p_data, model).draw(face, k // 32, k % 32, 0).numbers
    assert (numbers["Naive Bayes: p(right colour)"], numbers["Naive Bayes: surprise"]) == ("0.000", "∞")


def test_a_click_covers_the_pixel_under_it_and_beside_the_picture_there_is_nothing(panel):
    panel.act({"move": {"face": 0, "row": 29, "column": 16, "radius": 2}})
    x, y, width, height = box(elements(panel)[0])
    at = [(row, column, part) for row, column in [(0, 0), (0, 31), (31, 0), (31, 31), (12, 20)] for part in (0.1, 0.9)]
    clicks = {
        (x + (column + part) * width / 32, y + (row + part) * height / 32): (row, column) for row, column, part in at
    }
    bbox = panel.draw.keywords["axes"][0].bbox
    clicks |= {(bbox.x0, y + 0.5): (0, 0), (bbox.x1, y + 0.5): (0, 31)}  # the very edge belongs to the last pixels
    beside = [
        (x - 3, y + 9),
        (x + width + 3, y + 9),
        (x + 9, y - 3),
        (x + 9, y + height + 3),
        (panel.width - 60, y + 50),
    ]
    clicks |= dict.fromkeys(beside, (0, 31))
    for place, (row, column) in clicks.items():
        drawn = panel.drawn
        panel.act({"click": place})
        assert panel.drawn == drawn + 1 and panel.message == ""
        assert panel.values == {"face": 0, "row": row, "column": column, "radius": 2}
        assert all(isinstance(value, int) for value in panel.values.values())
