"""The unmasking of a picture: what is covered, what is guessed, and how often a guess comes true."""

import numpy as np
import pytest
from overlays import elements, pixels, styled

from course_utils.widgets.hidden_pixels import COVER
from course_utils.widgets.unmasking import unmasking

PALETTE = np.array([[0, 0, 0], [250, 40, 40], [40, 200, 90], [30, 60, 240]], dtype=np.uint8)
RNG = np.random.default_rng(0)
TOLD = RNG.permuted(np.tile(np.arange(16) // 4, (2, 1)), axis=1)  # four steps of four pixels each
PICTURES = RNG.integers(4, size=(2, 16))
GUESSES = np.where(RNG.uniform(size=(4, 2, 16)) < 0.5, PICTURES, RNG.integers(4, size=(4, 2, 16)))


def make():
    """Return two pictures of 4 × 4 pixels in four steps."""
    return styled(unmasking, TOLD, PICTURES, GUESSES, PALETTE)


@pytest.mark.parametrize("face", [0, 1])
@pytest.mark.parametrize("step", [0, 1, 3, 4])
def test_what_is_told_is_seen_and_the_rest_is_covered(step, face):
    frame = make().draw(step=step, face=face)
    seen, guess = (pixels(image).reshape(16, 3) for image in elements(frame, "image"))
    for k in range(16):
        known = TOLD[face, k] < step
        assert (seen[k] == (PALETTE[PICTURES[face, k]] if known else COVER)).all()
        expected = GUESSES[step, face, k] if step < 4 else PICTURES[face, k]
        assert (guess[k] == PALETTE[expected]).all()
    assert frame.numbers["pixels told"] == f"{4 * step} of 16"
    if step < 4:
        hidden = [k for k in range(16) if TOLD[face, k] >= step]
        right = np.mean([GUESSES[step, face, k] == PICTURES[face, k] for k in hidden])
        assert frame.numbers["guesses that will come true"] == f"{right:.2f}"
    assert f"Face {face + 1} after {step} of 4 steps" in frame.alt


def test_nothing_that_it_was_given_changes():
    palette = PALETTE.copy()
    make().draw(step=2, face=1)
    assert (PALETTE == palette).all()


@pytest.mark.parametrize(
    "change", [dict(told=TOLD[:1]), dict(guesses=GUESSES[:, :1]), dict(told=TOLD[:, :15], pixels=PICTURES[:, :15], guesses=GUESSES[..., :15])], ids=["told", "guesses", "no square"]
)  # fmt: skip
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(ValueError, match=r"told and pixels must be \(N, side²\)"):
        unmasking(**dict(told=TOLD, pixels=PICTURES, guesses=GUESSES, palette=PALETTE) | change)


def test_the_sliders_reach_from_nothing_told_to_all_and_to_each_picture():
    panel = make()
    reach = {name: (slider["min"], slider["max"], slider["step"]) for name, slider in panel.sliders.items()}
    assert reach == {"step": (0, 4, 1), "face": (0, 1, 1)} and panel.play == "step"
    assert panel.draw(step=4, face=1).numbers["guesses that will come true"] == "nothing is hidden"
