"""The completion widget of lesson 12 without a browser: the faces that fit are counted one by one."""

import numpy as np
import pytest
from overlays import elements, number, pixels, places, styled
from scipy.stats import entropy

from course_utils import style
from course_utils.datasets import load_planet_pixel, planet_pixel_distribution
from course_utils.widgets.completion import completion, faces_that_fit
from course_utils.widgets.hidden_pixels import COVER

P_DATA = planet_pixel_distribution()
FACES = load_planet_pixel("test").pixels[[12, 1, 4]]
SETTINGS = (1, 8, 10, 22, 32)


def drawn(n_faces=3, K=5):
    rng = np.random.default_rng(0)
    return {hidden: rng.integers(256, size=(n_faces, K, 32, 32, 3), dtype=np.uint8) for hidden in SETTINGS}


def make(faces=FACES, completions=None):
    return styled(completion, faces, drawn() if completions is None else completions, P_DATA)


def by_definition(face, hidden):
    """Return {face: p_data(face | what is visible)}, one face after the other."""
    visible = face.reshape(32, 32)[: 32 - hidden].tolist()
    found = {
        i: p
        for i, (face, p) in enumerate(zip(P_DATA.pixels, P_DATA.probabilities))
        if face.reshape(32, 32)[: 32 - hidden].tolist() == visible
    }
    return {i: p / sum(found.values()) for i, p in found.items()}


@pytest.mark.parametrize("setting, face", [(0, 0), (1, 1), (2, 2), (3, 0), (4, 1)])
def test_what_is_shown(face, setting):
    frame, hidden = make().draw(face, setting), SETTINGS[setting]
    seen, truth, *by_model = map(pixels, elements(frame, "image"))
    np.testing.assert_array_equal(truth, P_DATA.palette[FACES[face]].reshape(32, 32, 3))
    np.testing.assert_array_equal(seen[: 32 - hidden], truth[: 32 - hidden])
    assert (seen[32 - hidden :] == COVER).all()
    np.testing.assert_array_equal(by_model, drawn()[hidden][face])
    posterior = by_definition(FACES[face], hidden)
    assert frame.numbers["rows hidden"] == f"{hidden} of 32"
    assert frame.numbers["faces that fit what is visible"] == f"{len(posterior):,}"
    assert number(frame.numbers["p_data is still open by"]) == pytest.approx(
        entropy(list(posterior.values())), abs=0.005
    )
    assert frame.alt.startswith(f"A face with {hidden} of 32 rows hidden, 5 completions")


def test_the_ends():
    assert np.flatnonzero(faces_that_fit(P_DATA, FACES[0], 1)).tolist() == list(by_definition(FACES[0], 1))
    np.testing.assert_allclose(faces_that_fit(P_DATA, FACES[0], 32), P_DATA.probabilities)


def test_the_edge_is_marked_on_each_completion():
    draw, heights = make().draw, []
    for setting in range(len(SETTINGS)):
        lines = elements(draw(0, setting), "polyline")
        assert len(lines) == 5 and {line.get("stroke") for line in lines} == {style.SAMPLE}
        heights.append(places(lines[0])[0, 1])
    assert heights == sorted(heights, reverse=True)  # the more is hidden, the higher up, and y runs downwards
    assert np.diff(heights) / -np.diff(SETTINGS) == pytest.approx((heights[0] - heights[-1]) / 31, abs=0.05)


def test_one_face_needs_no_slider():
    panel = make(FACES[:1], drawn(n_faces=1))
    assert list(panel.sliders) == ["setting"] and panel.sliders["setting"]["words"] == tuple(map(str, SETTINGS))


@pytest.mark.parametrize(
    "faces, completions",
    [
        (FACES[0], drawn()), (FACES[:, :100], drawn()), (FACES, drawn(n_faces=2)), (FACES, {8: drawn()[8]}),
        (FACES, drawn() | {33: drawn()[8]}), (FACES, drawn() | {0: drawn()[8]}), (FACES, drawn() | {8: drawn()[8] / 255}),
        (FACES, drawn() | {8: drawn()[8][:, :3]}),
    ],
)  # fmt: skip
def test_wrong_input_is_named(faces, completions):
    with pytest.raises(ValueError, match=r"must be \((F, 1024|3, K, 32, 32, 3)\).*got"):
        make(faces, completions)
