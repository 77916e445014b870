"""The hidden pixels of lesson 06 without a browser: p_data's answer face by face, and what a click covers."""

import base64
import io
import json
import re
from time import process_time
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from course_utils import style
from course_utils.datasets import load_planet_pixel, planet_pixel_distribution
from course_utils.models import NaiveBayes
from course_utils.widgets import hidden_pixels
from course_utils.widgets.hidden_pixels import COVER, colour_given_visible


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
    with mpl.rc_context():
        style.use()
        return hidden_pixels(faces, p_data, NaiveBayes([256] * 1024, alpha=0.001).fit(train.pixels))


def covered(row, column, radius):
    """Return (32, 32) bool, True for the pixels within a square."""
    return np.array([[abs(r - row) <= radius and abs(c - column) <= radius for c in range(32)] for r in range(32)])


def by_definition(p_data, pixels, hidden, k):
    """Return p_data(x_k | what is visible) as a dictionary, one face after the other."""
    visible, found = pixels[~hidden].tobytes(), {}
    for face, p in zip(p_data.pixels, p_data.probabilities):
        if face[~hidden].tobytes() == visible:
            found[int(face[k])] = found.get(int(face[k]), 0.0) + p
    total = sum(found.values())
    return {colour: p / total for colour, p in found.items()}


def show(panel, face, row, column, radius):
    panel.values = {"face": face, "row": row, "column": column, "radius": radius}
    assert panel.message == ""
    return dict(panel.numbers)


def place(element):
    return [float(element.get(name)) for name in ("x", "y", "width", "height")]


def elements(panel):
    return list(ElementTree.fromstring(f"<svg>{panel.svg}</svg>"))


CASES = [
    (0, 29, 16, 0),
    (3, 29, 16, 5),
    (7, 29, 16, 12),
    (42, 8, 16, 9),
    (999, 14, 10, 6),
    (5, 0, 0, 3),
    (5, 31, 31, 20),
    (17, 20, 4, 31),
]


@pytest.mark.parametrize("face, row, column, radius", CASES)
def test_p_data_is_asked_face_by_face(p_data, faces, face, row, column, radius):
    hidden, k = covered(row, column, radius).ravel(), 32 * row + column
    table = colour_given_visible(p_data, faces.pixels[face], hidden, k)
    expected = by_definition(p_data, faces.pixels[face], hidden, k)
    assert table.shape == (256,) and table.sum() == pytest.approx(1)
    assert set(np.flatnonzero(table)) == set(expected)
    for colour, p in expected.items():
        assert table[colour] == pytest.approx(p)
    assert table[faces.pixels[face, k]] > 0


def test_with_everything_covered_the_marginal_is_left(p_data, faces):
    for k in (0, 500, 943):
        marginal = np.bincount(p_data.pixels[:, k], weights=p_data.probabilities, minlength=256)
        for face in (0, 1):
            table = colour_given_visible(p_data, faces.pixels[face], np.ones(1024, dtype=bool), k)
            np.testing.assert_allclose(table, marginal, atol=1e-12)


@pytest.mark.parametrize("face, row, column, radius", CASES)
def test_the_numbers(panel, p_data, faces, train, face, row, column, radius):
    k = 32 * row + column
    right = faces.pixels[face, k]
    naive = ((train.pixels[:, k] == right).sum() + 0.001) / (2000 + 0.256)
    exact = by_definition(p_data, faces.pixels[face], covered(row, column, radius).ravel(), k)[right]
    numbers = show(panel, face, row, column, radius)
    for name, p in [("Naive Bayes", naive), ("p_data", exact)]:
        assert float(numbers[f"{name}: p(right colour)"]) == pytest.approx(p, abs=0.00051)
        assert float(numbers[f"{name}: surprise"].removesuffix(" nats")) == pytest.approx(-np.log(p), abs=0.0051)
    assert f"row {row}, column {column}" in panel.alt and f"up to {radius} pixels" in panel.alt


@pytest.mark.parametrize("face, row, column, radius", CASES)
def test_the_picture_shows_the_face_but_for_what_is_covered(panel, faces, face, row, column, radius):
    show(panel, face, row, column, radius)
    image, mark, *_ = elements(panel)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))))
    hidden = covered(row, column, radius)
    np.testing.assert_array_equal(shown[~hidden], faces.images()[face][~hidden])
    assert (shown[hidden] == COVER).all()
    x, y, width, height = place(image)
    np.testing.assert_allclose(
        place(mark), [x + column * width / 32, y + row * height / 32, width / 32, height / 32], atol=0.12
    )


@pytest.mark.parametrize("face, row, column, radius", CASES)
def test_the_bars_are_as_wide_as_their_colours_are_probable(panel, p_data, faces, train, face, row, column, radius):
    k = 32 * row + column
    show(panel, face, row, column, radius)
    rects = elements(panel)[2:]
    ax = panel._draw.keywords["axes"][1]
    tables = [
        {
            colour: (n + 0.001) / 2000.256
            for colour, n in enumerate(np.bincount(train.pixels[:, k], minlength=256).tolist())
        },
        by_definition(p_data, faces.pixels[face], covered(row, column, radius).ravel(), k),
    ]
    for y, table in zip((1, 0), tables):
        height = panel.height - ax.transData.transform((0, y))[1]
        bar = [
            rect for rect in rects if float(rect.get("y")) < height < float(rect.get("y")) + float(rect.get("height"))
        ]
        *colours, outline = bar
        assert (outline.get("fill-opacity"), place(outline)[2]) == ("0", pytest.approx(ax.bbox.width, abs=0.11))
        shown = {rect.get("fill"): place(rect)[2] / ax.bbox.width for rect in colours}
        expected = {"#" + bytes(p_data.palette[colour]).hex(): p for colour, p in table.items() if p > 0.002}
        assert shown == {rgb: pytest.approx(p, abs=0.001) for rgb, p in expected.items()}
        edges = np.cumsum([ax.bbox.x0, *(place(rect)[2] for rect in colours)])[:-1]
        np.testing.assert_allclose([place(rect)[0] for rect in colours], edges, atol=0.06 * len(colours) + 0.06)


def test_with_everything_covered_both_know_the_same_and_with_nothing_only_p_data_knows(panel):
    numbers = [show(panel, 0, 29, 16, radius) for radius in (0, 31)]
    assert numbers[0]["p_data: p(right colour)"] == "1.000" and numbers[0]["p_data: surprise"] == "0.00 nats"
    assert float(numbers[0]["Naive Bayes: p(right colour)"]) < 0.5
    assert numbers[0]["Naive Bayes: surprise"] == numbers[1]["Naive Bayes: surprise"]
    difference = float(numbers[1]["p_data: p(right colour)"]) - float(numbers[1]["Naive Bayes: p(right colour)"])
    assert abs(difference) < 0.03  # but for the 2,000 faces from which Naive Bayes learned


def test_a_colour_that_naive_bayes_calls_impossible_surprises_it_beyond_measure(p_data, faces, train):
    model = NaiveBayes([256] * 1024).fit(train.pixels)
    (face, k), *_ = [(i, k) for i, log_p in enumerate(model.log_prob(faces.pixels)) if log_p == -np.inf
                     for k in range(1024) if faces.pixels[i, k] not in train.pixels[:, k]]  # fmt: skip
    numbers = show(hidden_pixels(faces, p_data, model), face, k // 32, k % 32, 0)
    assert (numbers["Naive Bayes: p(right colour)"], numbers["Naive Bayes: surprise"]) == ("0.000", "∞")


def click(panel, px, py):
    panel._handle_custom_msg({"click": [px, py]}, [])
    assert panel.message == ""


def test_a_click_covers_the_pixel_under_it(panel):
    show(panel, 0, 29, 16, 2)
    x, y, width, height = place(elements(panel)[0])
    for row, column in [(0, 0), (0, 31), (31, 0), (31, 31), (12, 20)]:
        for part in (0.1, 0.9):
            click(panel, x + (column + part) * width / 32, y + (row + part) * height / 32)
            assert panel.values == {"face": 0, "row": row, "column": column, "radius": 2}
            assert all(isinstance(value, int) for value in panel.values.values())


def test_the_very_edge_of_the_picture_belongs_to_its_last_pixels(panel):
    show(panel, 0, 29, 16, 0)
    box = panel._draw.keywords["axes"][0].bbox
    middle = panel.height - (box.y0 + box.y1) / 2
    for px, column in [(box.x0, 0), (box.x1, 31)]:
        click(panel, px, middle)
        assert panel.values["column"] == column


def test_a_click_beside_the_picture_changes_nothing_and_is_answered(panel):
    show(panel, 0, 29, 16, 2)
    x, y, width, height = place(elements(panel)[0])
    for px, py in [
        (x - 3, y + 9),
        (x + width + 3, y + 9),
        (x + 9, y - 3),
        (x + 9, y + height + 3),
        (panel.width - 60, y + 50),
    ]:
        drawn = panel.drawn
        click(panel, px, py)
        assert panel.drawn > drawn and panel.values == {"face": 0, "row": 29, "column": 16, "radius": 2}


def test_every_slider_draws_at_both_ends(panel):
    for name, slider in panel.sliders.items():
        for end in ("min", "max"):
            panel.values = {key: other["value"] for key, other in panel.sliders.items()} | {name: slider[end]}
            assert panel.message == "", (name, end)
            assert re.search(r"p_data \d\.\d\d\.$", panel.alt)
    assert panel.sliders["face"]["max"] == 999


def test_a_redraw_takes_less_than_20_ms(panel):
    rng, times = np.random.default_rng(0), []
    for _ in range(30):
        values = {
            "face": int(rng.integers(1000)),
            "row": int(rng.integers(32)),
            "column": int(rng.integers(32)),
            "radius": int(rng.integers(12)),
        }
        start = process_time()
        panel.set_state({"values": values})
        json.dumps(panel.get_state(["svg", "numbers", "alt", "message", "drawn"]))
        times.append(process_time() - start)
    assert panel.message == "" and np.median(times) < 0.020
