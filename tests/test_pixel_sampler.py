"""The pixel-by-pixel sampler of lessons 11 and 12 without a browser: pictures, conditionals, temperature, buttons."""

import base64
import io
from time import process_time
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import style
from course_utils.models import NADE
from course_utils.widgets import pixel_sampler
from course_utils.widgets.pixel_sampler import NOT_YET, TEMPERATURES, Recording, temper

PAPER_AND_INK = np.array([[255, 255, 255], [20, 33, 61]], dtype=np.uint8)
PALETTE = np.random.default_rng(0).integers(0, 256, size=(12, 3), dtype=np.uint8)


def recorded(n, k, seed=0, order=None):
    """Return a recording of n steps with k values, of random conditionals."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), size=n)
    values = np.array([rng.choice(k, p=row) for row in p])
    return Recording(np.arange(n) if order is None else order, values, p)


def by_shape(kind):
    """Return the arguments of a small sampler: binary in a random order, with a palette, or channel by channel."""
    order = np.random.default_rng(1).permutation(20)
    return {
        "binary": dict(
            record=lambda t, k: recorded(20, 2, k, order), shape=(4, 5), colours=PAPER_AND_INK, names=("paper", "ink")
        ),
        "palette": dict(record=lambda t, k: recorded(20, 12, k), shape=(4, 5), colours=PALETTE),
        "channels": dict(record=lambda t, k: recorded(60, 256, k), shape=(4, 5, 3)),
    }[kind]


def make(**options):
    with mpl.rc_context():
        style.use()
        return pixel_sampler(**options)


def press(panel, label):
    """Do what the browser's message does."""
    panel._handle_custom_msg({"press": label}, [])


def drawn(panel):
    """Return the two pictures (H, W, 3), the swatches' colours, the bars' lengths as probabilities, and the texts."""
    elements = ElementTree.fromstring(f"<svg>{panel.svg}</svg>")
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(e.get("href").partition(",")[2]))))
        for e in elements
        if e.tag == "image"
    ]
    ax = panel._draw.keywords["axes"][2]
    (zero, _), (one, _) = ax.transData.transform([(0, 0), (1, 0)])
    bars = [float(e.get("width")) / (one - zero) for e in elements if e.tag == "rect" and e.get("fill-opacity") == "1"]
    frames = [e for e in elements if e.tag == "rect" and e.get("fill-opacity") == "0"]
    return (
        pictures[:2],
        [picture[0, 0] for picture in pictures[2:]],
        bars,
        [e.text for e in elements if e.tag == "text"],
        frames,
    )


@pytest.mark.parametrize("kind", ["binary", "palette", "channels"])
def test_the_picture_grows_by_what_was_drawn(kind):
    options = by_shape(kind)
    panel, (places, values, p) = make(**options), options["record"](1, 0)
    shades = options.get("colours", np.arange(256)[:, None])
    empty = np.full((20, 3) if kind != "channels" else (60, 1), NOT_YET)
    for step in (0, 1, 7, len(values) - 1, len(values)):
        panel.values = {**panel.values, "step": step}
        so_far, expected = empty.copy(), empty.copy()
        for place, value in zip(places[:step], values[:step]):
            so_far[place] = shades[value]
        for place, row in zip(places[: step + 1], p[: step + 1]):  # also what is expected of the next one
            expected[place] = np.rint(sum(q * shade.astype(float) for q, shade in zip(row, shades)))
        pictures, *_ = drawn(panel)
        np.testing.assert_array_equal(pictures[0], so_far.reshape(4, 5, 3))
        np.testing.assert_allclose(pictures[1].astype(int), expected.reshape(4, 5, 3), atol=1)


def test_the_bars_are_the_next_conditional():
    panel, (places, _, p) = make(**by_shape("binary")), by_shape("binary")["record"](1, 0)
    for step in range(20):
        panel.values = {**panel.values, "step": step}
        _, swatches, bars, texts, frames = drawn(panel)
        np.testing.assert_allclose(bars, p[step], atol=2e-3)
        np.testing.assert_array_equal(swatches, PAPER_AND_INK)
        assert texts == [f"{name} {q:.2f}" for name, q in zip(("paper", "ink"), p[step])]
        row, column = divmod(int(places[step]), 5)
        assert dict(panel.numbers)["next"] == f"row {row + 1}, column {column + 1}"
        assert f"Next: row {row + 1}, column {column + 1}, " in panel.alt and len(frames) == 2
    panel.values = {**panel.values, "step": 20}
    assert drawn(panel)[2:] == ([], [], []) and "next" not in dict(panel.numbers) and "complete" in panel.alt


@pytest.mark.parametrize("kind", ["palette", "channels"])
def test_of_many_values_the_eight_likeliest_have_bars(kind):
    panel, recording = make(**by_shape(kind)), by_shape(kind)["record"](1, 0)
    for step in (0, 1, 5):
        panel.values = {**panel.values, "step": step}
        _, swatches, bars, texts, _ = drawn(panel)
        p = recording.probabilities[step]
        likely = sorted(sorted(range(len(p)), key=lambda value: -p[value])[:8])
        np.testing.assert_allclose(bars, p[likely], atol=3e-3)
        assert texts == [f"{p[value]:.2f}" for value in likely]
        colours = [PALETTE[value] if kind == "palette" else np.eye(3)[step % 3] * value for value in likely]
        np.testing.assert_array_equal(swatches, colours)


def test_a_channel_is_a_third_of_its_pixel():
    panel = make(**by_shape("channels"), start=3 * 7 + 2)
    assert dict(panel.numbers)["drawn"] == "23 of 60" and dict(panel.numbers)["next"] == "row 2, column 3"


def test_temperature_sharpens_evens_out_and_leaves_proportions():
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=30)
    for T in (0.1, 0.5, 1, 3):
        q = temper(p, T)
        np.testing.assert_allclose(q.sum(axis=1), 1)
        np.testing.assert_allclose(np.log(q[:, 0] / q[:, 1]), np.log(p[:, 0] / p[:, 1]) / T)
    np.testing.assert_allclose(temper(p, 1), p)
    np.testing.assert_allclose(temper(np.array([[0.0, 1.0], [0.5, 0.5]]), 0.25), [[0, 1], [0.5, 0.5]])


def test_both_sums_of_log_p_belong_to_a_nade_at_its_temperature():
    """Beside the model's own log_prob, and that of a NADE whose outputs are divided by T."""
    nade = NADE(n_features=20, n_hidden=4, seed=3).double()
    with torch.no_grad():
        nade.V.mul_(40)

    def record(temperature, picture):
        x = nade.sample(1, torch.Generator().manual_seed(picture), temperature)
        p = torch.sigmoid(nade.logits(x)[0]).detach().numpy()
        return np.arange(20), x[0].numpy(), np.column_stack([1 - p, p])

    panel = make(record=record, shape=(4, 5), colours=PAPER_AND_INK)
    for number, T in enumerate(TEMPERATURES):
        tempered = NADE(n_features=20, n_hidden=4).double()
        tempered.load_state_dict(nade.state_dict())
        with torch.no_grad():
            tempered.V.div_(T), tempered.b.div_(T)
        for picture in (0, 9):
            x = torch.tensor(record(T, picture)[1])[None]
            panel.values = {"step": 20, "temperature": number, "picture": picture}
            numbers = dict(panel.numbers)
            for name, model in {"log p(x) so far": nade, f"the same, with T = {T:g}": tempered}.items():
                assert float(numbers[name].replace("−", "-").split()[0]) == pytest.approx(
                    model.log_prob(x).item(), abs=0.0501
                )
            panel.values = {"step": 0, "temperature": number, "picture": picture}
            assert {value for name, value in panel.numbers if "log" in name or "same" in name} == {"0.0 nats"}


def test_the_buttons_step_back_and_restart():
    panel = make(**by_shape("binary"), start=3)
    assert panel.buttons == ["step", "back", "restart"] and panel.play == "step"
    assert panel.values == {"step": 3, "temperature": TEMPERATURES.index(1), "picture": 0}
    for label, step in [
        ("step", 4),
        ("step", 5),
        ("back", 4),
        ("restart", 3),
        ("back", 2),
        ("back", 1),
        ("back", 0),
        ("back", 0),
    ]:
        press(panel, label)
        assert panel.values["step"] == step
    panel.values = {**panel.values, "step": 19}
    for _ in range(2):
        press(panel, "step")
        assert panel.values["step"] == 20 and not panel.message


def test_one_picture_at_one_temperature_needs_one_slider():
    panel = make(**by_shape("palette"), temperatures=(1.0,), n_pictures=1)
    assert list(panel.sliders) == ["step"] and [name for name, _ in panel.numbers] == [
        "drawn",
        "next",
        "log p(x) so far",
    ]


def test_each_recording_is_made_once_and_only_when_it_is_looked_at():
    asked = []

    def record(temperature, picture):
        asked.append((temperature, picture))
        return recorded(20, 2, picture)

    panel = make(record=record, shape=(4, 5), colours=PAPER_AND_INK)
    for step in range(5):
        panel.values = {**panel.values, "step": step}
    assert asked == [(1, 0)]
    panel.values = {"step": 2, "temperature": 0, "picture": 4}
    assert asked == [(1, 0), (0.25, 4)]


@pytest.mark.parametrize(
    "recording, message",
    [
        (
            Recording(np.arange(20), np.zeros(19), np.full((20, 2), 0.5)),
            r"values \(S,\).*got \(20,\), \(19,\), \(20, 2\)",
        ),
        (Recording(np.arange(20), np.zeros(20), np.full(20, 0.5)), "probabilities"),
        (Recording(np.arange(20), np.zeros(20), np.random.default_rng(0).normal(size=(20, 2))), "are they logits"),
        (Recording(np.arange(20), np.zeros(20), np.full((20, 2), 0.6)), "sum to 1"),
    ],
)
def test_a_recording_of_another_form_is_refused(recording, message):
    with pytest.raises(ValueError, match=message):
        make(record=lambda t, k: recording, shape=(4, 5), colours=PAPER_AND_INK)


@pytest.mark.parametrize("shape, colours", [((4, 5), None), ((4, 5, 3), PALETTE), ((20,), PALETTE)])
def test_a_shape_that_does_not_fit_its_colours_is_refused(shape, colours):
    with pytest.raises(ValueError, match="shape must be"):
        make(record=lambda t, k: recorded(20, 12), shape=shape, colours=colours)


def test_what_cannot_have_been_drawn_has_log_p_of_minus_infinity():
    p = np.tile([1.0, 0.0], (20, 1))
    panel = make(
        record=lambda t, k: Recording(np.arange(20), np.ones(20), p), shape=(4, 5), colours=PAPER_AND_INK, start=2
    )
    assert dict(panel.numbers)["log p(x) so far"] == "−∞"


def test_a_step_is_drawn_quickly():
    panel = make(record=lambda t, k: recorded(784, 2, k), shape=(28, 28), colours=PAPER_AND_INK)
    times = []
    for step in range(0, 785, 49):
        begun = process_time()
        panel._draw(step, 3, 0)
        times.append(process_time() - begun)
    assert np.median(times) < 0.020
