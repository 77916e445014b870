"""The style designer without a browser: the face it shows, and p(x) by counting in the file."""

import base64
import io
import re
from fractions import Fraction
from itertools import product
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import resvg_py
from overlays import elements, styled
from PIL import Image

from course_utils import files
from course_utils.avatars import BACKGROUND, draw_style
from course_utils.datasets import WRODL_VALUES, load_wrodl
from course_utils.models import JointCategorical, NaiveBayes
from course_utils.widgets.style_designer import style_designer

PEOPLE = [tuple(row[1:]) for row in pd.read_csv(files.DATA / "wrodl.csv").itertuples(index=False)]
ROUND_WHITE = ("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight")  # in the album twice
ROUND_BLUE = ("Round", "Blue01", "ShirtScoopNeck", "Red", "LongHairStraight")  # never
NOBODY = ("Sunglasses", "Black", "Hoodie", "PastelPink", "LongHairBun")


def codes(people):
    return np.column_stack([[options.index(value) for value in people[name]] for name, options in WRODL_VALUES.items()])


@pytest.fixture(scope="module")
def panel():
    wrodl = load_wrodl()
    counted, smoothed = (JointCategorical(WRODL_VALUES, alpha).fit(wrodl) for alpha in (0, 1))
    naive = NaiveBayes([3, 8, 4, 6, 7]).fit(codes(wrodl))
    models = {
        "counted": counted.log_prob,
        "α = 1": smoothed.log_prob,
        "Naive Bayes": lambda people: naive.log_prob(codes(people)),
    }
    return styled(style_designer, wrodl, models)


def values(face):
    """Return the places of the sliders for a style."""
    return {name: options.index(value) for (name, options), value in zip(WRODL_VALUES.items(), face)}


def by_counting(face):
    """Return the count of a style and its three probabilities, as fractions."""
    n = PEOPLE.count(face)
    shares = [Fraction(sum(person[k] == face[k] for person in PEOPLE), 50) for k in range(5)]
    return n, Fraction(n, 50), Fraction(n + 1, 50 + 4032), np.prod(shares)


def test_its_sliders_have_the_words_of_the_features_and_begin_with_somebody_from_the_album(panel):
    assert list(panel.sliders) == list(WRODL_VALUES) and panel.values == values(ROUND_WHITE)
    for name, slider in panel.sliders.items():
        assert tuple(slider["words"]) == WRODL_VALUES[name]
        assert (slider["min"], slider["max"], slider["step"]) == (0, len(WRODL_VALUES[name]) - 1, 1)


def test_the_probabilities_of_which_the_lessons_speak(panel):
    white, blue, nobody = (panel.draw(**values(face)).numbers for face in (ROUND_WHITE, ROUND_BLUE, NOBODY))
    assert (white["p(x), counted"], blue["p(x), counted"]) == ("0.04000", "0.00000")
    assert (white["p(x), Naive Bayes"], blue["p(x), Naive Bayes"]) == ("0.00541", "0.00098")
    assert blue["p(x), α = 1"] == nobody["p(x), α = 1"] and nobody["p(x), Naive Bayes"] == "0.00000"


FACES = [ROUND_WHITE, ROUND_BLUE, NOBODY, *PEOPLE[::10], *list(product(*WRODL_VALUES.values()))[::399]]


@pytest.mark.parametrize("face", FACES, ids=lambda face: "-".join(face))
def test_the_numbers_are_those_of_counting(panel, face):
    frame = panel.draw(**values(face))
    seen, *texts = frame.numbers.values()
    n, *probabilities = by_counting(face)
    assert seen == f"{n} of 50"
    for text, p in zip(texts, probabilities, strict=True):
        if 0 < p < 1e-5:
            assert "e-" in text and float(text) == pytest.approx(float(p), rel=0.06)
        else:
            assert abs(Fraction(text) - p) <= Fraction(501, 10**8)
    assert all(value in frame.alt for value in face)


def test_the_end_of_every_slider_draws_the_face_it_says(panel):
    """The drawing in the overlay, painted by resvg on the background, is the picture that draw_style makes."""
    for name, options in WRODL_VALUES.items():
        for value in (options[0], options[-1]):
            face = dict(zip(WRODL_VALUES, ROUND_WHITE)) | {name: value}
            (image,) = elements(panel.draw(**values(face.values())), "image")
            svg = unquote(image.get("href").removeprefix("data:image/svg+xml,"))
            painted = resvg_py.svg_to_bytes(svg_string=svg, background=BACKGROUND, skip_system_fonts=True)
            found = np.asarray(Image.open(io.BytesIO(painted)).convert("RGB"))
            np.testing.assert_array_equal(found, np.asarray(draw_style(face)), err_msg=f"{name} {value}")


def test_other_observations_are_counted_by_name():
    """Any order of columns, with others beside them."""
    people = pd.DataFrame([dict(zip(WRODL_VALUES, NOBODY))] * 3)[list(WRODL_VALUES)[::-1]].assign(age=30)
    draw = style_designer(people, {}).draw
    assert draw(**values(NOBODY)).numbers == {"seen in the data": "3 of 3"}
    assert draw(**values(ROUND_WHITE)).numbers == {"seen in the data": "0 of 3"}


def test_the_stored_picture_ends_with_its_frame():
    """Also below, where the artwork goes on."""
    panel = style_designer(load_wrodl(), {})
    panel.values = values(NOBODY)
    picture = Image.open(io.BytesIO(base64.b64decode(re.search('base64,([^"]+)', panel.still())[1]))).convert("L")
    bottom = panel.height - panel.draw.keywords["ax"].bbox.y0
    assert np.asarray(picture)[round(bottom) + 3 :].min() > 250
