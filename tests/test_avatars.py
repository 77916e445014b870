"""The faces of Wrodl, against the colours of the avataaars set and against each other."""

import io
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

from course_utils import avatars
from course_utils.avatars import draw_grid, draw_style
from course_utils.datasets import WRODL_VALUES, load_wrodl

STYLE = dict(zip(WRODL_VALUES, ("Round", "Pink", "Hoodie", "Red", "LongHairStraight")))
# As the avataaars set publishes them
CLOTHES = {
    "Black": "262E33", "Blue01": "65C9FF", "Gray01": "E6E6E6", "PastelGreen": "A7FFC4",
    "PastelOrange": "FFDEB5", "Pink": "FF488E", "Red": "FF5C5C", "White": "FFFFFF",
}  # fmt: skip
HAIR = {
    "Black": "2C1B18", "Blonde": "B58143", "Brown": "724133", "PastelPink": "F59797", "Red": "C93305", "SilverGray": "E8E1E1",
}  # fmt: skip
SKIN = "EDB98A"


@cache
def drawn(values: tuple[str, ...]) -> np.ndarray:
    """Return a face at 128 pixels, drawn once for all that is asked of it."""
    return np.asarray(draw_style(dict(zip(STYLE, values)), 128))


def share(style: dict, colour: str, rows: slice, columns: slice = slice(None)) -> float:
    """Return how much of a part of the face, drawn at 128 pixels, has exactly this colour."""
    part = drawn(tuple(style[name] for name in STYLE))[rows, columns]
    return (part == list(bytes.fromhex(colour))).all(axis=-1).mean()


@pytest.mark.parametrize("size", [1, 32, 100, 264])
def test_a_face_is_a_square_in_rgb(size):
    face = draw_style(STYLE, size)
    assert (face.mode, face.size) == ("RGB", (size, size))


@pytest.mark.parametrize("name, colour", CLOTHES.items())
@pytest.mark.parametrize("garment", WRODL_VALUES["clothingType"])
def test_clothes_have_their_colour_and_they_are_below_the_face(name, colour, garment):
    style = STYLE | {"clothingColor": name, "clothingType": garment, "topType": "NoHair"}
    assert share(style, colour, slice(100, 128)) > 0.1
    if name != "White":  # the eyes and the overall's buttons are white
        assert share(style, colour, slice(0, 70)) == 0


@pytest.mark.parametrize("name, colour", HAIR.items())
@pytest.mark.parametrize("top", WRODL_VALUES["topType"][1:])
def test_hair_has_its_colour_on_top_of_the_head(name, colour, top):
    style = STYLE | {"hairColor": name, "topType": top, "clothingColor": "Blue01"}
    assert share(style, colour, slice(0, 35)) > 0.02
    others = set(HAIR.values()) - {colour}
    assert all(share(style, other, slice(None)) == 0 for other in others)


def test_each_value_is_the_part_of_its_name():
    """LongHairBun is BUN, and Blue01 is BLUE_01; what is not there is NONE."""
    for _, values in avatars._FEATURES.values():
        for value, part in values.items():
            name = "" if part.name == "NONE" else part.name.replace("_", "").removesuffix("1").lower()
            assert value in ("Blank", "NoHair") if not name else value.removesuffix("1").lower().endswith(name)


def test_a_bald_head_is_bald_whatever_the_colour_of_its_hair():
    faces = {draw_style(STYLE | {"topType": "NoHair", "hairColor": colour}, 128).tobytes() for colour in HAIR}
    assert len(faces) == 1
    assert share(STYLE | {"topType": "NoHair"}, SKIN, slice(20, 40), slice(54, 74)) == 1


def test_glasses_sit_on_the_eyes_and_only_there():
    eyes = {}
    for glasses in WRODL_VALUES["accessoriesType"]:
        face = np.asarray(draw_style(STYLE | {"accessoriesType": glasses}, 128).convert("L")).astype(int)
        eyes[glasses] = face[44:64, 34:90]
        if glasses != "Blank":
            outside = face - np.asarray(draw_style(STYLE | {"accessoriesType": "Blank"}, 128).convert("L"))
            outside[40:68, 28:98] = 0
            assert not outside.any()
    dark = {glasses: (part < 90).mean() for glasses, part in eyes.items()}
    assert dark["Blank"] < 0.1 < dark["Round"] < 0.3 < dark["Sunglasses"]


@pytest.mark.parametrize("feature", WRODL_VALUES)
def test_each_value_gives_another_face(feature):
    values = WRODL_VALUES[feature]
    assert len({draw_style(STYLE | {feature: value}, 64).tobytes() for value in values}) == len(values)


def test_a_row_of_a_table_is_a_style():
    table = load_wrodl()
    assert draw_style(table.loc[3]) == draw_style(table.loc[3].to_dict())


@pytest.mark.parametrize(
    "style, message",
    [
        (
            STYLE | {"hairColor": "Green"},
            "hairColor must be one of Black, Blonde, Brown, PastelPink, Red, SilverGray, got",
        ),
        (STYLE | {"accessoriesType": None}, "accessoriesType must be one of Blank, Round, Sunglasses, got None"),
        (
            STYLE | {"clothingColor": ["Pink"]},
            "clothingColor must be one of Black, Blue01, Gray01, PastelGreen, Pastel",
        ),
        (STYLE | {"eyes": "Happy"}, "clothingType, hairColor, topType: 'eyes' is unknown."),
        ({"haircolor": "Red"}, "'haircolor' is unknown, 'accessoriesType' is missing, 'clothingColor' is missing"),
        (
            tuple(STYLE.values()),
            "A style gives each of accessoriesType, clothingColor, clothingType, hairColor, topType",
        ),
        (None, "got None"),
    ],
)
def test_what_is_no_style(style, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_style(style)


@pytest.mark.parametrize("size", [0, -1, 2.5, "large", None, True])
def test_what_is_no_size(size):
    with pytest.raises(ValueError, match=f"size must be a positive whole number of pixels, got {size!r}"):
        draw_style(STYLE, size)


def test_a_grid_of_fifty_faces_is_small_and_true():
    table = load_wrodl()
    grid = draw_grid(table)
    buffer = io.BytesIO()
    grid.save(buffer, format="png")
    assert len(buffer.getvalue()) < 100_000
    assert grid.size == (960, 480)
    pixels = np.asarray(grid.convert("RGB")).astype(int)
    for number in (0, 9, 10, 49):
        row, column = divmod(number, 10)
        part = pixels[96 * row : 96 * (row + 1), 96 * column : 96 * (column + 1)]
        assert np.abs(part - np.asarray(draw_style(table.loc[number], 96))).mean() < 1


@pytest.mark.parametrize(
    "n, columns, size", [(1, 10, (40, 40)), (3, 3, (120, 40)), (4, 3, (120, 80)), (3, 1, (40, 120))]
)
def test_a_grid_has_as_many_lines_as_it_needs(n, columns, size):
    assert draw_grid(load_wrodl().head(n), 40, columns).size == size


def test_a_grid_of_nothing():
    with pytest.raises(ValueError, match="no style to draw"):
        draw_grid(pd.DataFrame(columns=list(WRODL_VALUES)))


def test_drawing_needs_no_network_writes_no_file_and_leaves_chance_alone(tmp_path):
    code = (
        "import random, sys\n"
        "from course_utils.avatars import draw_style\n"
        "from course_utils.datasets import load_wrodl\n"
        "style, before, events = dict(load_wrodl().loc[0]), random.getstate(), []\n"
        "sys.addaudithook(lambda name, args: events.append((name, args)))\n"
        "draw_style(style)\n"
        "bad = [e for e in events if e[0].startswith('socket') or e[0] == 'open' and 'r' not in str(e[1][1] or 'r')]\n"
        "print(len(events) > 0, bad, random.getstate() == before)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout == "True [] True\n", result.stderr
