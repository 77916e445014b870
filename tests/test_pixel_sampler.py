"""The pixel-by-pixel sampler of lessons 11 and 12 without a browser: pictures, conditionals, temperature, buttons."""

import numpy as np
import pytest
import torch
from overlays import box, elements, number, pixels, styled

from course_utils.models import NADE
from course_utils.widgets.pixel_sampler import NOT_YET, TEMPERATURES, Recording, pixel_sampler, temper

PAPER_AND_INK = np.array([[255, 255, 255], [20, 33, 61]], dtype=np.uint8)
PALETTE = np.random.default_rng(0).integers(0, 256, size=(12, 3), dtype=np.uint8)


def recorded(n, k, seed=0, order=None):
    """Return a recording of n steps with k values, of random conditionals."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), size=n)
    values = np.array([rng.choice(k, p=row) for row in p])
    return Recording(np.arange(n) if order is None else order, values, p)


ORDER = np.random.default_rng(1).permutation(20)
KINDS = {  # the arguments of a small sampler: binary in a random order, with a palette, or channel by channel
    "binary": dict(
        record=lambda t, k: recorded(20, 2, k, ORDER), shape=(4, 5), colours=PAPER_AND_INK, names=("paper", "ink")
    ),
    "palette": dict(record=lambda t, k: recorded(20, 12, k), shape=(4, 5), colours=PALETTE),
    "channels": dict(record=lambda t, k: recorded(60, 256, k), shape=(4, 5, 3)),
}
USUAL = TEMPERATURES.index(1)


def make(kind=None, **options):
    return styled(pixel_sampler, **KINDS.get(kind, {}) | options)


def bars_of(panel, frame):
    """Return the swatches' colours, the bars' lengths as probabilities, the texts, and the marks of the next pixel."""
    (zero, _), (one, _) = panel.draw.keywords["axes"][2].transData.transform([(0, 0), (1, 0)])
    bars = [box(bar)[2] / (one - zero) for bar in elements(frame, "rect", fill_opacity="1")]
    swatches = [pixels(image)[0, 0] for image in elements(frame, "image")[2:]]
    return swatches, bars, [e.text for e in elements(frame, "text")], elements(frame, "rect", fill_opacity="0")


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_grows_by_what_was_drawn(kind):
    panel, (places, values, p) = make(kind), KINDS[kind]["record"](1, 0)
    shades = KINDS[kind].get("colours", np.arange(256)[:, None])
    empty = np.full((20, 3) if kind != "channels" else (60, 1), NOT_YET)
    for step in (0, 1, 7, len(values) - 1, len(values)):
        so_far, expected = empty.copy(), empty.copy()
        for place, value in zip(places[:step], values[:step]):
            so_far[place] = shades[value]
        for place, row in zip(places[: step + 1], p[: step + 1]):  # also what is expected of the next one
            expected[place] = np.rint(sum(q * shade.astype(float) for q, shade in zip(row, shades)))
        drawn, bets = map(pixels, elements(panel.draw(step, USUAL, 0), "image")[:2])
        np.testing.assert_array_equal(drawn, so_far.reshape(4, 5, 3))
        np.testing.assert_allclose(bets.astype(int), expected.reshape(4, 5, 3), atol=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [0, 1, 5, 19])
def test_the_bars_are_the_next_conditional_or_its_eight_likeliest(kind, step):
    panel, (places, _, p) = make(kind), KINDS[kind]["record"](1, 0)
    frame = panel.draw(step, USUAL, 0)
    swatches, bars, texts, marks = bars_of(panel, frame)
    likely = sorted(sorted(range(p.shape[1]), key=lambda value: -p[step, value])[:8])
    np.testing.assert_allclose(bars, p[step, likely], atol=3e-3)
    names = ("paper ", "ink ") if kind == "binary" else [""] * 256
    assert texts == [f"{names[value]}{p[step, value]:.2f}" for value in likely]
    channel = places[step] % 3
    shades = KINDS[kind].get("colours", np.arange(256)[:, None] * np.eye(3)[channel])
    np.testing.assert_array_equal(swatches, shades[likely])
    row, column = divmod(int(places[step]) // (3 if kind == "channels" else 1), 5)
    where = f"row {row + 1}, column {column + 1}"
    assert frame.numbers["next"] == where and f"Next: {where}, " in frame.alt and len(marks) == 2


def test_a_complete_picture_has_no_next():
    panel = make("binary")
    frame = panel.draw(20, USUAL, 0)
    assert bars_of(panel, frame) == ([], [], [], []) and "next" not in frame.numbers and "complete" in frame.alt


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
    for setting, T in enumerate(TEMPERATURES):
        tempered = NADE(n_features=20, n_hidden=4).double()
        tempered.load_state_dict(nade.state_dict())
        with torch.no_grad():
            tempered.V.div_(T), tempered.b.div_(T)
        for picture in (0, 9):
            x = torch.tensor(record(T, picture)[1])[None]
            numbers, at_first = (panel.draw(step, setting, picture).numbers for step in (20, 0))
            for name, model in {"log p(x) so far": nade, f"the same, with T = {T:g}": tempered}.items():
                assert number(numbers[name]) == pytest.approx(model.log_prob(x).item(), abs=0.0501)
                assert at_first[name] == "0.0 nats"


def test_the_buttons_step_back_and_restart():
    panel = make("binary", start=3)
    assert panel.buttons == ["step", "back", "restart"] and panel.play == "step"
    assert panel.values == {"step": 3, "temperature": USUAL, "picture": 0}
    ways = zip(["step", "step", "back", "restart", "back", "back", "back", "back"], [4, 5, 4, 3, 2, 1, 0, 0])
    for label, step in ways:
        panel.act({"press": label})
        assert panel.values["step"] == step
    panel.act({"move": {"step": 19}})
    for _ in range(2):
        panel.act({"press": "step"})
        assert panel.values["step"] == 20 and not panel.message


def test_one_picture_at_one_temperature_needs_one_slider():
    panel = make("palette", temperatures=(1.0,), n_pictures=1)
    assert list(panel.sliders) == ["step"]
    assert [name for name, _ in panel.numbers] == ["drawn", "next", "log p(x) so far"]


def test_each_recording_is_made_once_and_only_when_it_is_looked_at():
    asked = []

    def record(temperature, picture):
        asked.append((temperature, picture))
        return recorded(20, 2, picture)

    panel = make(record=record, shape=(4, 5), colours=PAPER_AND_INK)
    for step in range(5):
        panel.act({"move": {"step": step}})
    assert asked == [(1, 0)]
    panel.act({"move": {"temperature": 0, "picture": 4}})
    assert asked == [(1, 0), (0.25, 4)]


HALF = np.full((20, 2), 0.5)


@pytest.mark.parametrize(
    "recording, message",
    [
        (Recording(np.arange(20), np.zeros(19), HALF), r"values \(S,\).*got \(20,\), \(19,\), \(20, 2\)"),
        (Recording(np.arange(20), np.zeros(20), HALF[:, 0]), "probabilities"),
        (Recording(np.arange(20), np.zeros(20), HALF - 1), "are they logits"),
        (Recording(np.arange(20), np.zeros(20), HALF + 0.1), "sum to 1"),
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
    recording = Recording(np.arange(20), np.ones(20), np.tile([1.0, 0.0], (20, 1)))
    panel = make(record=lambda t, k: recording, shape=(4, 5), colours=PAPER_AND_INK, start=2)
    assert dict(panel.numbers)["log p(x) so far"] == "−∞"
