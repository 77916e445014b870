"""The latent explorer without a browser: what it hands to decode, what it shows, where a click leads, what it refuses."""

import re

import numpy as np
import pytest
import torch
from overlays import box, elements, in_picture, number, pixels, places, styled

from course_utils.models import GAN, VAE
from course_utils.widgets.latent_explorer import latent_explorer
from course_utils.widgets.page_decoder import page_decoder


def make(decode, **options):
    return styled(latent_explorer, decode, **options)


def fingerprint(z):
    """Return a picture of 4 × 6 pixels from which z can be told."""
    picture = np.zeros((4, 6), dtype=np.uint8)
    picture.flat[: len(z)] = np.round(128 + 20 * z)
    return picture


def shown(panel):
    """Return the picture, where it is, and the positions of all dots."""
    image, *dots = elements(panel)
    return pixels(image), box(image), [places(dot)[0] for dot in dots]


def at(panel, z):
    """Return where a point of the latent plane lies in the picture, from its top left corner."""
    return in_picture(panel.draw.keywords["axes"][1], [z])[0]


@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_decode_gets_the_values_of_all_sliders_as_one_array(d):
    seen = []

    def decode(z):
        seen.append(z)
        return fingerprint(z)

    start, moved = np.linspace(-2, 2, d), np.linspace(1, -3, d)
    panel = make(decode, start=start)
    assert list(panel.sliders) == [f"z{k}" for k in range(1, d + 1)]
    np.testing.assert_array_equal(seen[-1], start)
    panel.values = dict(sorted(zip(panel.sliders, moved.tolist())))  # z1, z10, z11, z2, …
    assert panel.message == ""
    np.testing.assert_array_equal(seen[-1], moved)
    panel.act({"move": {"z1": 1}})  # a browser writes 1 for 1.0
    assert all(isinstance(z, np.ndarray) and z.shape == (d,) and z.dtype == np.float64 for z in seen)
    picture, _, dots = shown(panel)
    np.testing.assert_array_equal(picture, fingerprint(moved))
    assert panel.clickable == (d == 2) and len(dots) == (2 if d == 2 else 0)
    for slider, value in zip(panel.sliders.values(), start):
        assert (slider["min"], slider["max"], slider["value"]) == (-3, 3, value)
        assert (slider["max"] - slider["min"]) / slider["step"] == pytest.approx(1000)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4, 3), (1, 1), (32, 32)])
def test_the_picture_is_shown_as_decoded_in_its_proportions(shape):
    picture = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    panel = make(lambda z: picture)
    found, (x, y, width, height), _ = shown(panel)
    np.testing.assert_array_equal(found, picture)
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.01)
    assert 0 <= x < x + width <= panel.width and 0 <= y < y + height <= panel.height


def test_a_click_on_the_plane_sets_both_numbers_and_the_button_leads_back():
    panel = make(fingerprint, limits=(-2, 4), start=(1, 2.25))
    ax = panel.draw.keywords["axes"][1]
    assert ax.get_xlim() == ax.get_ylim() == (-2, 4)
    for z in [(0.5, 1.25), (-1.99, 3.99), (3.99, -1.99), (-2 + 1e-9, 0)]:
        drawn = panel.drawn
        panel.act({"click": at(panel, z)})
        np.testing.assert_allclose([panel.values["z1"], panel.values["z2"]], z, atol=1e-6)
        np.testing.assert_array_equal(shown(panel)[0], fingerprint(np.array(z)))
        np.testing.assert_allclose(shown(panel)[2], [at(panel, z)] * 2, atol=0.06)
        assert panel.drawn == drawn + 1 and panel.message == ""
    panel.act({"press": "back to the start"})
    assert panel.values == {"z1": 1, "z2": 2.25}
    (words,) = dict(panel.numbers).values()
    assert list(map(number, words.strip("()").split(", "))) == [1, 2.25] and f"decoded from z = {words}" in panel.alt


def test_the_left_lower_corner_is_both_lowest_values():
    """Of the axes as they stand in the figure, whatever transData says; and z₂ grows upwards."""
    panel = make(fingerprint)
    left, bottom, width, height = panel.draw.keywords["axes"][1].get_position().bounds
    panel.act({"click": [panel.width * (left + 0.1 * width), panel.height * (1 - bottom - 0.2 * height)]})
    np.testing.assert_allclose([panel.values["z1"], panel.values["z2"]], [-3 + 0.6, -3 + 1.2], atol=0.02)


def test_a_click_beside_the_plane_changes_nothing_and_is_answered():
    panel = make(fingerprint, start=(1, 2))
    (x0, y0), (x1, y1) = at(panel, (-3, 3)), at(panel, (3, -3))
    x, y, _, _ = shown(panel)[1]
    beside = [(x0 - 2, y0 + 20), (x1 + 2, y0 + 20), (x0 + 20, y0 - 2), (x0 + 20, y1 + 2), (-50, -50), (5000, 5000)]
    for place in [*beside, (x + 5, y + 5)]:
        drawn, svg = panel.drawn, panel.svg
        panel.act({"click": place})
        assert panel.values == {"z1": 1, "z2": 2}
        assert panel.drawn == drawn + 1 and panel.svg == svg and panel.message == ""


def test_the_codes_are_drawn_on_the_plane():
    codes = np.random.default_rng(0).uniform([-2, -1], [2.5, 0.5], size=(300, 2))
    panels = [make(fingerprint), make(fingerprint, codes=codes)]
    without, with_codes = (pixels({"href": panel.background}).astype(int) for panel in panels)
    changed = np.argwhere((without != with_codes).any(axis=2))[:, ::-1] / 2
    expected = np.array([at(panels[0], code) for code in codes])
    np.testing.assert_allclose(changed.min(axis=0), expected.min(axis=0), atol=3)
    np.testing.assert_allclose(changed.max(axis=0), expected.max(axis=0), atol=3)


def fails(z):
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def zeros(*shape, dtype=np.uint8):
    return lambda z: np.zeros(shape, dtype=dtype)


FAILED = r"decode failed for z of shape \(2,\): "
WRONG = {
    "floats": (
        zeros(4, 6, dtype=float),
        r"must return a picture \(H, W\) or \(H, W, 3\) of uint8, got float64 \(4, 6\)",
    ),
    "a row": (zeros(24), r"of uint8, got uint8 \(24,\)"),
    "a batch": (zeros(1, 4, 6), r"of uint8, got uint8 \(1, 4, 6\)"),
    "channels first": (zeros(3, 4, 6), r"of uint8, got uint8 \(3, 4, 6\)"),
    "transparent": (zeros(4, 6, 4), r"of uint8, got uint8 \(4, 6, 4\)"),
    "no pixels": (zeros(0, 0), r"of uint8, got uint8 \(0, 0\)"),
    "bools": (zeros(4, 6, dtype=bool), r"of uint8, got bool \(4, 6\)"),
    "nothing": (lambda z: None, r"of uint8, got object \(\)"),
    "an exception": (fails, FAILED + "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    "no argument": (lambda: None, FAILED + "TypeError: .*takes 0 positional arguments"),
    "with gradients": (lambda z: torch.zeros(4, 6, requires_grad=True), FAILED + "RuntimeError: .*requires grad"),
}


@pytest.mark.parametrize("decode, message", WRONG.values(), ids=WRONG)
def test_a_decode_that_goes_wrong_fails_the_cell_or_later_says_so(decode, message):
    with pytest.raises(ValueError, match=message) as error:
        make(decode)
    assert "failed" not in message or isinstance(error.value.__cause__, RuntimeError | TypeError)
    panel = make(lambda z: decode(z) if z[0] > 1 else fingerprint(z))
    svg = panel.svg
    panel.act({"move": {"z1": 2.0}})
    assert re.search("This setting cannot be drawn. ValueError: .*" + message, panel.message) and panel.svg == svg
    panel.act({"move": {"z1": 0.5}})
    assert panel.message == "" and panel.svg != svg


@pytest.mark.parametrize(
    "options",
    [{"start": ()}, {"start": [[0, 0]]}, {"start": (0, 4)}, {"start": (np.nan, 0)}, {"start": (0, 0), "limits": (1, 3)}, {"limits": (3, -3)}],
    ids=str,
)  # fmt: skip
def test_a_start_that_no_slider_can_show_is_refused(options):
    with pytest.raises(ValueError, match=r"start must be \(d,\) numbers within the limits"):
        make(fingerprint, **options)


def test_a_decode_that_changes_its_argument_does_no_harm():
    def greedy(z):
        z += 2
        return fingerprint(z)

    codes = np.array([[0.5, -1.0]])
    panel = make(greedy, start=codes[0])
    assert codes.tolist() == [[0.5, -1.0]] and panel.values == {"z1": 0.5, "z2": -1.0}
    np.testing.assert_allclose(shown(panel)[2], [at(panel, codes[0])] * 2, atol=0.06)


def test_with_a_page_decoder_the_page_gets_what_it_needs_to_draw():
    decode = page_decoder(GAN(3 * 8**2, 16, "convolutional", n_channels=2), dimensions=[2, 0, 15])
    panel = make(decode, limits=(-2, 2))
    page = panel.page
    assert {name: page[name] for name in decode.page()} == decode.page()
    assert page["limits"] == (-2, 2) and page["stops"] == [] and page["plane"] == []
    sliders = {name: (slider["label"], slider["value"]) for name, slider in panel.sliders.items()}
    assert sliders == {"z1": ("z3", 0), "z2": ("z1", 0), "z3": ("z16", 0)}
    assert panel.buttons == [] and panel.numbers == []  # the page has its own buttons, and the sliders say the numbers
    picture, place, _ = shown(panel)
    np.testing.assert_array_equal(picture, decode(np.zeros(3)))
    np.testing.assert_allclose(np.array(page["picture"]) * np.tile([panel.width, panel.height], 2), place, atol=0.1)


def test_with_a_page_decoder_the_kernel_only_keeps_the_values_and_the_page_knows_the_plane():
    panel = make(page_decoder(VAE(64, 2)), start=(1, 0.5), codes=np.zeros((1, 2)))
    left, top, width, height = np.array(panel.page["plane"]) * np.tile([panel.width, panel.height], 2)
    ends = [(left, top + height), (left + width, top)]
    np.testing.assert_allclose(ends, [at(panel, (-3, -3)), at(panel, (3, 3))], atol=0.1)
    assert panel.clickable and panel.values == {"z1": 1, "z2": 0.5}
    svg, drawn = panel.svg, panel.drawn
    panel.values = {"z1": 1.0, "z2": -1.0}
    assert (panel.svg, panel.drawn, panel.message) == (svg, drawn, "")


def test_a_walk_has_stops():
    decode = page_decoder(VAE(64, 3))
    stops = np.random.default_rng(0).uniform(-2, 2, size=(4, 3))
    assert make(decode, stops=stops).page["stops"] == stops.tolist()
    for wrong in (stops[0], stops[:, :2], 2 * stops, stops + np.nan):
        with pytest.raises(ValueError, match=r"stops must be \(N, 3\) numbers within the limits \(-3, 3\), got"):
            make(decode, stops=wrong)
    with pytest.raises(ValueError, match="stops are for a page_decoder"):
        make(fingerprint, stops=np.zeros((1, 2)))
    with pytest.raises(ValueError, match=FAILED + r"ValueError: z must be \(3,\) finite numbers"):
        make(decode, start=(0, 0))
