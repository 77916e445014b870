"""The latent explorer without a browser: what it hands to decode, what it shows, where a click leads, what it refuses."""

import base64
import io
import json
import re
from time import process_time
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import style
from course_utils.models import GAN, VAE
from course_utils.widgets import latent_explorer, page_decoder


def make(decode, **options):
    """Return the widget in the look of the course."""
    with mpl.rc_context():
        style.use()
        return latent_explorer(decode, **options)


def fingerprint(z):
    """Return a picture of 4 × 6 pixels from which z can be told."""
    picture = np.zeros((4, 6), dtype=np.uint8)
    picture.flat[: len(z)] = np.round(128 + 20 * z)
    return picture


def shown(panel):
    """Return the picture, the element it is in, and the positions of all dots."""
    image, *dots = ElementTree.fromstring(f"<svg>{panel.svg}</svg>")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))))
    return (
        picture,
        image,
        [[float(number) for number in re.match(r"M(\S+) (\S+)h0$", dot.get("d")).groups()] for dot in dots],
    )


def click(panel, px, py):
    """Do what the browser's message does."""
    panel._handle_custom_msg({"click": [px, py]}, [])


def pixels(panel, point):
    """Return where a point of the latent plane lies in the picture, from its top left corner."""
    x, y = panel._draw.keywords["axes"][1].transData.transform(point)
    return x, panel.height - y


@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_decode_gets_the_values_of_all_sliders_as_one_array(d):
    seen = []

    def decode(z):
        seen.append(z)
        return fingerprint(z)

    start = np.linspace(-2, 2, d)
    panel = make(decode, start=start)
    assert list(panel.sliders) == [f"z{k}" for k in range(1, d + 1)]
    np.testing.assert_array_equal(seen[-1], start)
    moved = np.linspace(1, -3, d)
    panel.values = dict(zip(panel.sliders, moved.tolist()))
    assert panel.message == ""
    np.testing.assert_array_equal(seen[-1], moved)
    assert all(isinstance(z, np.ndarray) and z.shape == (d,) and z.dtype == np.float64 for z in seen)
    picture, _, dots = shown(panel)
    np.testing.assert_array_equal(picture, fingerprint(moved))
    assert panel.clickable == (d == 2) and len(dots) == (2 if d == 2 else 0)
    for slider, value in zip(panel.sliders.values(), start):
        assert (slider["min"], slider["max"], slider["value"]) == (-3, 3, value)


def test_whole_numbers_come_to_decode_as_floats():
    """A browser writes 1 for 1.0."""
    kinds = set()

    def decode(z):
        kinds.add(z.dtype)
        return fingerprint(z)

    panel = make(decode, start=(0, 1))
    panel.values = {"z1": 1, "z2": -2}
    assert kinds == {np.dtype(float)} and panel.message == ""


def test_the_order_in_which_the_values_come_is_of_no_matter():
    panel = make(fingerprint, start=np.zeros(11))
    z = np.linspace(-3, 3, 11)
    panel.values = {name: value for name, value in sorted(zip(panel.sliders, z.tolist()))}  # z1, z10, z11, z2, …
    np.testing.assert_array_equal(shown(panel)[0], fingerprint(z))


@pytest.mark.parametrize("shape", [(4, 6), (6, 4, 3), (1, 1), (32, 32)])
def test_the_picture_is_shown_as_decoded_in_its_proportions(shape):
    picture = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    panel = make(lambda z: picture)
    found, image, _ = shown(panel)
    np.testing.assert_array_equal(found, picture)
    x, y, width, height = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.01)
    assert 0 <= x < x + width <= panel.width and 0 <= y < y + height <= panel.height


def test_the_dot_lies_at_z_on_the_plane_and_the_numbers_say_where():
    panel = make(fingerprint, start=(-1.5, 2.25))
    for dot in shown(panel)[2]:
        np.testing.assert_allclose(dot, pixels(panel, (-1.5, 2.25)), atol=0.06)
    (words,) = dict(panel.numbers).values()
    assert [float(number.replace("−", "-")) for number in re.findall(r"[-−]?[\d.]+", words)] == [-1.5, 2.25]
    assert "decoded from z" in panel.alt and "2.25" in panel.alt


def test_a_click_on_the_plane_sets_both_numbers():
    panel = make(fingerprint, limits=(-2, 4))
    ax = panel._draw.keywords["axes"][1]
    assert ax.get_xlim() == ax.get_ylim() == (-2, 4)
    for point in [(0.5, 1.25), (-1.99, 3.99), (3.99, -1.99), (-2 + 1e-9, 0)]:
        drawn = panel.drawn
        click(panel, *pixels(panel, point))
        np.testing.assert_allclose([panel.values["z1"], panel.values["z2"]], point, atol=1e-6)
        np.testing.assert_array_equal(shown(panel)[0], fingerprint(np.array(point)))
        np.testing.assert_allclose(shown(panel)[2], [pixels(panel, point)] * 2, atol=0.06)
        assert panel.drawn > drawn and panel.message == ""


def test_the_left_lower_corner_is_both_lowest_values():
    """Of the axes as they stand in the figure, whatever transData says; and z₂ grows upwards."""
    panel = make(fingerprint)
    left, bottom, width, height = panel._draw.keywords["axes"][1].get_position().bounds
    click(panel, panel.width * (left + 0.1 * width), panel.height * (1 - bottom - 0.2 * height))
    assert (panel.values["z1"], panel.values["z2"]) == (
        pytest.approx(-3 + 0.6, abs=0.02),
        pytest.approx(-3 + 1.2, abs=0.02),
    )


def test_a_click_beside_the_plane_changes_nothing_and_is_answered():
    panel = make(fingerprint, start=(1, 2))
    (x0, y0), (x1, y1) = pixels(panel, (-3, 3)), pixels(panel, (3, -3))
    _, image, _ = shown(panel)
    beside = [(x0 - 2, y0 + 20), (x1 + 2, y0 + 20), (x0 + 20, y0 - 2), (x0 + 20, y1 + 2), (-50, -50), (5000, 5000)]
    for place in [*beside, (float(image.get("x")) + 5, float(image.get("y")) + 5)]:
        drawn, svg = panel.drawn, panel.svg
        click(panel, *place)
        assert panel.values == {"z1": 1, "z2": 2}
        assert panel.drawn > drawn and panel.svg == svg and panel.message == ""


def test_the_button_leads_back_to_the_start():
    panel = make(fingerprint, start=(1, 2))
    click(panel, *pixels(panel, (0, 0)))
    assert panel.values != {"z1": 1, "z2": 2}
    panel._handle_custom_msg({"press": "back to the start"}, [])
    assert panel.values == {"z1": 1, "z2": 2}
    np.testing.assert_array_equal(shown(panel)[0], fingerprint(np.array([1, 2])))


def test_a_slider_has_a_thousand_steps_between_its_limits():
    slider = make(fingerprint, limits=(-1, 9)).sliders["z2"]
    assert (slider["max"] - slider["min"]) / slider["step"] == pytest.approx(1000)


def test_the_codes_are_drawn_on_the_plane():
    codes = np.random.default_rng(0).uniform([-2, -1], [2.5, 0.5], size=(300, 2))
    backgrounds = [np.asarray(Image.open(io.BytesIO(base64.b64decode(panel.background.partition(",")[2]))).convert("RGB")).astype(int)
                   for panel in (make(fingerprint), make(fingerprint, codes=codes))]  # fmt: skip
    changed = np.argwhere((backgrounds[0] != backgrounds[1]).any(axis=2)) / 2
    panel = make(fingerprint)
    x, y = np.array([pixels(panel, code) for code in codes]).T
    np.testing.assert_allclose([changed[:, 1].min(), changed[:, 1].max()], [x.min(), x.max()], atol=3)
    np.testing.assert_allclose([changed[:, 0].min(), changed[:, 0].max()], [y.min(), y.max()], atol=3)


def fails(z):
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


WRONG = {
    "floats": (
        lambda z: np.zeros((4, 6)),
        r"must return a picture \(H, W\) or \(H, W, 3\) of uint8, got float64 \(4, 6\)",
    ),
    "a row": (lambda z: np.zeros(24, dtype=np.uint8), r"of uint8, got uint8 \(24,\)"),
    "a batch": (lambda z: np.zeros((1, 4, 6), dtype=np.uint8), r"of uint8, got uint8 \(1, 4, 6\)"),
    "channels first": (lambda z: np.zeros((3, 4, 6), dtype=np.uint8), r"of uint8, got uint8 \(3, 4, 6\)"),
    "transparent": (lambda z: np.zeros((4, 6, 4), dtype=np.uint8), r"of uint8, got uint8 \(4, 6, 4\)"),
    "no pixels": (lambda z: np.zeros((0, 0), dtype=np.uint8), r"of uint8, got uint8 \(0, 0\)"),
    "bools": (lambda z: np.zeros((4, 6), dtype=bool), r"of uint8, got bool \(4, 6\)"),
    "nothing": (lambda z: None, r"of uint8, got object \(\)"),
    "an exception": (
        fails,
        r"decode failed for z of shape \(2,\): RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    ),
    "no argument": (lambda: None, r"decode failed for z of shape \(2,\): TypeError: .*takes 0 positional arguments"),
    "with gradients": (
        lambda z: torch.zeros(4, 6, requires_grad=True),
        r"decode failed for z of shape \(2,\): RuntimeError: .*requires grad",
    ),
}


@pytest.mark.parametrize("decode, message", WRONG.values(), ids=WRONG)
def test_a_wrong_decode_fails_the_cell_and_the_error_says_what_came(decode, message):
    with pytest.raises(ValueError, match=message):
        make(decode)


@pytest.mark.parametrize("decode, message", WRONG.values(), ids=WRONG)
def test_a_decode_that_goes_wrong_later_is_told_and_the_last_picture_stays(decode, message):
    panel = make(lambda z: decode(z) if z[0] > 1 else fingerprint(z))
    svg, drawn = panel.svg, panel.drawn
    panel.values = {"z1": 2.0, "z2": 0.0}
    assert panel.message.startswith("This setting cannot be drawn. ValueError: decode") and re.search(
        message, panel.message
    )
    assert panel.svg == svg and panel.drawn > drawn
    panel.values = {"z1": 0.5, "z2": 0.0}
    assert panel.message == "" and panel.svg != svg


def test_the_error_of_decode_is_the_cause_of_ours():
    with pytest.raises(ValueError) as error:
        make(fails)
    assert isinstance(error.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "options",
    [
        {"start": ()},
        {"start": [[0, 0]]},
        {"start": (0, 4)},
        {"start": (np.nan, 0)},
        {"start": (0, 0), "limits": (1, 3)},
        {"limits": (3, -3)},
    ],
    ids=str,
)
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
    np.testing.assert_allclose(shown(panel)[2], [pixels(panel, codes[0])] * 2, atol=0.06)


def test_a_redraw_with_a_small_decoder_takes_at_most_16_ms():
    """The kernel's part of a slider move, for a decoder as in lesson 07."""
    torch.manual_seed(0)
    nn = torch.nn
    decoder = nn.Sequential(
        nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 1024), nn.Sigmoid()
    )

    def decode(z):
        with torch.no_grad():
            return (255 * decoder(torch.tensor(z, dtype=torch.float32))).numpy().reshape(32, 32).astype(np.uint8)

    panel = make(decode, codes=np.random.default_rng(0).normal(size=(1000, 2)))
    times = []
    for z in np.random.default_rng(1).uniform(-3, 3, size=(60, 2)).tolist():
        start = process_time()
        panel.set_state({"values": dict(zip(("z1", "z2"), z))})
        json.dumps(panel.get_state(["svg", "numbers", "alt", "message", "drawn"]))
        times.append(process_time() - start)
        assert panel.message == ""
    assert np.median(times) < 0.016


def test_with_a_page_decoder_the_page_gets_what_it_needs_to_draw():
    decode = page_decoder(GAN(3 * 8**2, 16, "convolutional", n_channels=2), dimensions=[2, 0, 15])
    panel = make(decode, limits=(-2, 2))
    page = panel.page
    assert {name: page[name] for name in decode.page()} == decode.page()
    assert page["limits"] == (-2, 2) and page["stops"] == [] and page["plane"] == []
    assert [(slider["label"], slider["value"]) for slider in panel.sliders.values()] == [
        ("z3", 0),
        ("z1", 0),
        ("z16", 0),
    ]
    assert list(panel.sliders) == ["z1", "z2", "z3"]
    assert (
        panel.buttons == [] and panel.numbers == []
    )  # the page makes its own buttons, and the sliders say the numbers
    picture, image, _ = shown(panel)
    np.testing.assert_array_equal(picture, decode(np.zeros(3)))
    box = [float(image.get(name)) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(np.array(page["picture"]) * np.tile([panel.width, panel.height], 2), box, atol=0.1)


def test_with_a_page_decoder_the_kernel_only_keeps_the_values():
    decode = page_decoder(VAE(64, 2))
    panel = make(decode)
    svg, drawn = panel.svg, panel.drawn
    panel.values = {"z1": 1.0, "z2": -1.0}
    assert (panel.svg, panel.drawn, panel.message) == (svg, drawn, "")


def test_the_page_knows_where_the_plane_is():
    panel = make(page_decoder(VAE(64, 2)), start=(1, 0.5), codes=np.zeros((1, 2)))
    left, top, width, height = np.array(panel.page["plane"]) * np.tile([panel.width, panel.height], 2)
    np.testing.assert_allclose(
        [(left, top + height), (left + width, top)], [pixels(panel, (-3, -3)), pixels(panel, (3, 3))], atol=0.1
    )
    assert panel.clickable and panel.values == {"z1": 1, "z2": 0.5}


def test_a_walk_has_stops():
    decode = page_decoder(VAE(64, 3))
    stops = np.random.default_rng(0).uniform(-2, 2, size=(4, 3))
    assert make(decode, stops=stops).page["stops"] == stops.tolist()
    for wrong in (stops[0], stops[:, :2], 2 * stops, stops + np.nan):
        with pytest.raises(ValueError, match=r"stops must be \(N, 3\) numbers within the limits \(-3, 3\), got"):
            make(decode, stops=wrong)
    with pytest.raises(ValueError, match="stops are for a page_decoder"):
        make(fingerprint, stops=np.zeros((1, 2)))


def test_a_start_that_does_not_fit_the_page_decoder_is_refused():
    with pytest.raises(
        ValueError, match=r"decode failed for z of shape \(2,\): ValueError: z must be \(3,\) finite numbers"
    ):
        make(page_decoder(VAE(64, 3)), start=(0, 0))
