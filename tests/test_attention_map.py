"""The attention map of lesson 17 without a browser: whose pixels are shaded, and how dark."""

import numpy as np
import pytest
from overlays import box, elements, pixels, styled

from course_utils import style
from course_utils.widgets.attention_map import NOT_YET, attention_map, runs

LENGTHS = np.array([5, 40, 1, 300, 2, 600, 70, 6])
T = len(LENGTHS)
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, size=(32, 32, 3), dtype=np.uint8)
LOOKS = np.tril(RNG.uniform(size=(2, 3, T, T)))
LOOKS /= LOOKS.sum(axis=3, keepdims=True)


def make():
    return attention_map(IMAGE, LENGTHS, LOOKS, start=4)


@pytest.fixture
def panel():
    return styled(make)


def test_runs_are_pieces_of_rows():
    for first, last in [(0, 5), (5, 45), (31, 33), (64, 128), (1000, 1024)]:
        covered = [32 * row + column for row, left, right in runs(first, last) for column in range(left, right)]
        assert covered == list(range(first, last))


@pytest.mark.parametrize("head", [0, 1, 5, 6])
@pytest.mark.parametrize("token", range(T))
def test_each_pixel_is_as_dark_as_its_token_is_looked_at(panel, token, head):
    frame = panel.draw(token=token, head=head)
    looks = LOOKS.mean(axis=(0, 1)) if head == 0 else LOOKS[(head - 1) // 3, (head - 1) % 3]
    face, shades = (pixels(image) for image in elements(frame, "image"))
    pixel, strongest = 0, max(looks[token, 1 : token + 1], default=1)
    for t, length in enumerate(LENGTHS):
        expected = tuple(style.PAPER_TO_MODEL(looks[token, t + 1] / strongest, bytes=True)[:3]) if t < token else None
        for _ in range(length):
            place = divmod(pixel, 32)
            if t < token:
                assert tuple(shades[place]) == expected and (face[place] == IMAGE[place]).all()
            else:
                assert tuple(shades[place]) == tuple(face[place]) == NOT_YET
            pixel += 1
    assert frame.numbers["looks at the start"] == f"{looks[token, 0]:.2f}"
    assert (
        "the mean of all heads" if head == 0 else f"layer {(head + 2) // 3}, head {(head - 1) % 3 + 1} "
    ) in frame.alt
    if token:
        assert frame.numbers["with the weight"] == f"{strongest:.2f}"
        row, column = divmod(sum(LENGTHS[: looks[token, 1 : token + 1].argmax()]), 32)
        assert frame.numbers["looks most at the token from"] == f"row {row + 1}, column {column + 1}"


def test_the_token_itself_is_framed_in_both_pictures(panel):
    frame = panel.draw(token=3, head=0)  # pixels 46 to 345
    x, y, width, height = box(elements(frame, "image")[0])
    frames = [box(rect) for rect in elements(frame, "rect")]
    assert len(frames) == 2 * len(runs(46, 346))
    assert frames[0] == pytest.approx([x + 14 * width / 32, y + height / 32, 18 * width / 32, height / 32], abs=0.15)


def test_a_click_chooses_the_token_under_it(panel):
    x, y, width, height = box(elements(panel)[0])
    begins = np.append(0, LENGTHS.cumsum())
    for token in range(T):
        for pixel in (begins[token], begins[token + 1] - 1):
            row, column = divmod(int(pixel), 32)
            panel.act({"click": (x + (column + 0.5) * width / 32, y + (row + 0.5) * height / 32)})
            assert panel.values["token"] == token and panel.message == ""
    panel.act({"press": "next token"})
    assert panel.values["token"] == T - 1
    panel.act({"press": "token before"})
    assert panel.values["token"] == T - 2


def test_tokens_that_do_not_fill_the_image_are_refused():
    with pytest.raises(ValueError, match="must fill the image"):
        styled(attention_map, IMAGE, LENGTHS[:-1], LOOKS)
