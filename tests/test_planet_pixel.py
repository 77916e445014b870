"""Planet Pixel, against the counts of the source, the chain rule of entropy and faces drawn anew."""

import importlib.util
import io
import itertools
import math
import re

import numpy as np
import pytest
from left_out import left_out
from PIL import Image
from scipy.stats import chisquare

from course_utils import files
from course_utils.avatars import draw_style
from course_utils.datasets import (
    WRODL_VALUES,
    load_planet_pixel,
    planet_pixel_distribution,
    planet_pixel_entropy,
)

COUNTS = {  # Table 1-2 of Foster (2019)
    "accessoriesType": [11, 22, 17],
    "clothingColor": [0, 4, 10, 5, 2, 4, 3, 22],
    "clothingType": [7, 18, 19, 6],
    "hairColor": [7, 6, 2, 3, 8, 24],
    "topType": [7, 0, 1, 23, 1, 11, 7],
}
SIZES = {"train": 2000, "validation": 500, "test": 1000}


def feature_probabilities() -> dict[str, dict[str, float]]:
    """Return the probability of each value of each feature."""
    return {
        name: {value: (n + 1) / (50 + len(counts)) for value, n in zip(WRODL_VALUES[name], counts)}
        for name, counts in COUNTS.items()
    }


def entropy(probabilities) -> float:
    return -sum(p * math.log(p) for p in probabilities)


@pytest.fixture(scope="module")
def p_data():
    return planet_pixel_distribution()


@pytest.fixture(scope="module")
def face_number(p_data):
    """Each face's place among the 3,552, by its pixels."""
    return {pixels.tobytes(): number for number, pixels in enumerate(p_data.pixels)}


@pytest.fixture(scope="module")
def splits():
    return {name: load_planet_pixel(name) for name in SIZES}


def test_the_shapes(p_data, splits):
    for data, n in [(p_data, 3552), *((splits[name], size) for name, size in SIZES.items())]:
        assert (data.pixels.shape, data.pixels.dtype, data.pixels.flags.c_contiguous) == ((n, 1024), np.uint8, True)
        assert (data.palette.shape, data.palette.dtype) == ((256, 3), np.uint8)
        assert (data.styles.shape, list(data.styles)) == ((n, 5), list(WRODL_VALUES))
        assert (data.images().shape, data.images().dtype) == ((n, 32, 32, 3), np.uint8)
    assert (p_data.probabilities.shape, p_data.probabilities.dtype) == ((3552,), np.float64)


def test_all_faces_and_all_colours_are_distinct_and_used(p_data, face_number):
    assert len(face_number) == 3552 == (6 * 6 + 1) * 3 * 4 * 8
    assert len({tuple(colour) for colour in p_data.palette.tolist()}) == 256
    assert len(np.unique(p_data.pixels)) == 256


def test_pixels_are_row_by_row(splits):
    images = splits["validation"].images()
    for number, row, column in [(0, 0, 0), (3, 5, 17), (499, 31, 0), (7, 14, 10)]:
        index = splits["validation"].pixels[number, 32 * row + column]
        assert (images[number, row, column] == splits["validation"].palette[index]).all()


def test_styles_are_those_of_wrodl_with_one_colour_for_no_hair(p_data):
    expected = {
        style for style in itertools.product(*WRODL_VALUES.values()) if style[4] != "NoHair" or style[3] == "Black"
    }
    styles = list(p_data.styles.itertuples(index=False, name=None))
    assert set(styles) == expected and len(styles) == 3552


def test_a_face_is_its_style_drawn_again(p_data):
    """Drawn at four times the size, the mean of each 4 × 4 pixels, the nearest colour of the palette."""
    for number in np.random.default_rng(0).choice(3552, size=12, replace=False):
        picture = np.asarray(draw_style(p_data.styles.loc[number], 128), dtype=float)
        small = picture.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
        distance = np.linalg.norm(small.reshape(-1, 1, 3) - p_data.palette, axis=-1)  # (1024, 256)
        stored = distance[np.arange(1024), p_data.pixels[number]]
        # the means were rounded to whole numbers before the nearest colour was looked for: at most √3/2 on each side
        assert (stored - distance.min(axis=1)).max() < math.sqrt(3) + 0.01
        assert (distance.argmin(axis=1) == p_data.pixels[number]).mean() > 0.98
        assert np.sqrt((stored**2).mean()) < 4  # 256 colours are enough


def test_hair_colour_makes_no_difference_where_there_is_no_hair(p_data, face_number):
    styles = p_data.styles[p_data.styles["topType"] == "NoHair"]
    assert set(styles["hairColor"]) == {"Black"} and len(styles) == 3 * 8 * 4
    style = styles.iloc[50].to_dict()
    assert draw_style(style) == draw_style(style | {"hairColor": "SilverGray"})


def test_probabilities_are_products_over_visible_features(p_data):
    features = feature_probabilities()
    assert math.fsum(p_data.probabilities) == pytest.approx(1, abs=1e-12)
    for style, p in zip(p_data.styles.to_dict("records"), p_data.probabilities):
        visible = [name for name in style if name != "hairColor" or style["topType"] != "NoHair"]
        assert p == pytest.approx(math.prod(features[name][style[name]] for name in visible), rel=1e-12)


def test_the_entropy_by_the_chain_rule():
    """The features' entropies add up; the colour of hair counts only where there is hair."""
    features = feature_probabilities()
    each = {name: entropy(p.values()) for name, p in features.items()}
    styles = sum(each.values())
    faces = styles - features["topType"]["NoHair"] * each["hairColor"]
    assert planet_pixel_entropy() == pytest.approx(faces, abs=1e-12)
    assert round(faces, 3) == 6.966 and round(styles, 3) == 7.182


@pytest.mark.parametrize("name", SIZES)
def test_a_split_shows_faces_of_p_data_with_their_styles(p_data, splits, face_number, name):
    numbers = [face_number[pixels.tobytes()] for pixels in splits[name].pixels]
    assert splits[name].styles.equals(p_data.styles.loc[numbers].reset_index(drop=True))
    assert (splits[name].palette == p_data.palette).all()


@pytest.mark.parametrize("name", SIZES)
def test_a_split_is_a_sample_of_p_data(splits, name):
    n = SIZES[name]
    for feature, p in feature_probabilities().items():
        styles = splits[name].styles
        if feature == "hairColor":
            styles = styles[styles["topType"] != "NoHair"]
        observed = styles[feature].value_counts(sort=False).to_numpy()
        assert chisquare(observed, np.array(list(p.values())) * len(styles)).pvalue > 0.001, feature
    assert len(splits[name].pixels) == n


def test_a_quarter_of_new_faces_is_not_in_the_training_set(p_data, splits, face_number):
    seen = {face_number[pixels.tobytes()] for pixels in splits["train"].pixels}
    missing = 1 - p_data.probabilities[list(seen)].sum()
    expected = ((1 - p_data.probabilities) ** 2000 * p_data.probabilities).sum()
    assert missing == pytest.approx(expected, abs=0.02)
    assert round(missing, 2) == 0.25
    new = np.mean([face_number[pixels.tobytes()] not in seen for pixels in splits["test"].pixels])
    assert new == pytest.approx(missing, abs=4 * math.sqrt(0.25 * 0.75 / 1000))


def test_samples_come_from_p_data(p_data, face_number):
    n = 20_000
    pixels = p_data.sample(n, np.random.default_rng(1))
    assert (pixels.shape, pixels.dtype) == ((n, 1024), np.uint8)
    counts = np.bincount([face_number[row.tobytes()] for row in pixels], minlength=3552)
    expected = n * p_data.probabilities
    common = expected >= 5
    observed = np.append(counts[common], counts[~common].sum())
    assert chisquare(observed, np.append(expected[common], expected[~common].sum())).pvalue > 0.001
    np.testing.assert_array_equal(pixels[:5], p_data.sample(n, np.random.default_rng(1))[:5])
    assert p_data.sample(0, np.random.default_rng(1)).shape == (0, 1024)


def test_each_caller_gets_arrays_of_its_own():
    load_planet_pixel("test").pixels[:] = 0
    assert load_planet_pixel("test").pixels.any()


@pytest.mark.parametrize("split", ["valid", "Train", "", None, 0, ["train"]])
def test_a_split_that_does_not_exist(split):
    message = f"split must be one of 'train', 'validation', 'test', got {split!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        load_planet_pixel(split)


@pytest.fixture
def data_file(tmp_path, monkeypatch):
    """The loader reads this file instead of its own; it does not exist yet."""
    monkeypatch.setattr(files, "DATA", tmp_path)
    return tmp_path / "planet_pixel.npz"


@pytest.mark.parametrize("load", [lambda: load_planet_pixel("train"), planet_pixel_distribution])
def test_a_missing_file(data_file, load):
    with pytest.raises(FileNotFoundError, match=f"(?s){re.escape(str(data_file))} is missing.*git restore.*make data"):
        load()


GOOD = (files.DATA / "planet_pixel.npz").read_bytes()


def flipped(place: int) -> bytes:
    """Return the file with one byte changed."""
    return GOOD[:place] + bytes([GOOD[place] ^ 255]) + GOOD[place + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GOOD[:20_000],
        GOOD[20_000:],
        b"no archive",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x93NUMPY\x01\x00",
    ]
    + [flipped(place) for place in range(2000, len(GOOD) - 2000, 4001)],
    ids=len,
)
def test_a_damaged_file(data_file, content):
    data_file.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s){re.escape(str(data_file))} is damaged.*git restore.*make data"):
        load_planet_pixel("train")


@pytest.mark.parametrize(
    "change",
    [{"faces": None}, {"train": np.zeros(10, int)}, {"palette": np.zeros((255, 3))}, {"test": np.array([None])}],
    ids=lambda change: next(iter(change)),
)
def test_a_file_with_other_arrays(data_file, change):
    with np.load(io.BytesIO(GOOD)) as file:
        arrays = dict(file) | change
    np.savez(data_file, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError, match="planet_pixel.npz is damaged"):
        load_planet_pixel("train")


@pytest.fixture
def script():
    """The build script, as a module."""
    spec = importlib.util.spec_from_file_location("build_planet_pixel", files.DATA / "build" / "planet_pixel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_palette_is_sorted_and_each_pixel_gets_the_nearest_of_its_colours(script):
    rgb = np.random.default_rng(2).integers(0, 256, size=(3, 1024, 3), dtype=np.uint8)
    palette, pixels = script.quantise(rgb)
    assert (palette.shape, palette.dtype, pixels.shape, pixels.dtype) == ((256, 3), np.uint8, (3, 1024), np.uint8)
    distance = ((rgb[:, :, None].astype(int) - palette) ** 2).sum(axis=-1)  # (3, 1024, 256)
    assert (np.take_along_axis(distance, pixels[..., None].astype(int), axis=-1)[..., 0] == distance.min(axis=-1)).all()
    grey = np.asarray(Image.fromarray(palette[None]).convert("L")).astype(int)
    assert (np.diff(grey) >= 0).all()


@left_out("the data file of Planet Pixel is built anew")
def test_the_build_script_makes_this_file(script, tmp_path, monkeypatch, capsys):
    """From the faces that are stored, since drawing them takes a minute; twice the same bytes."""
    rgb = planet_pixel_distribution().images().reshape(3552, 1024, 3)
    monkeypatch.setattr(script, "draw_faces", lambda: rgb)
    monkeypatch.setattr(script, "TARGET", tmp_path / "planet_pixel.npz")
    script.main()
    with np.load(tmp_path / "planet_pixel.npz") as built, np.load(files.DATA / "planet_pixel.npz") as stored:
        assert set(built) == set(stored)
        for name in stored:
            np.testing.assert_array_equal(built[name], stored[name])
    assert "sha256" in capsys.readouterr().out
