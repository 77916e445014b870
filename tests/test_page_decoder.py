"""The decoder that travels: its picture is the model's, and numpy computes the same one from what is sent to the page."""

import json
import math

import numpy as np
import pytest
import torch

from course_utils.models import GAN, NADE, VAE
from course_utils.widgets import page_decoder

PALETTE = (
    np.random.default_rng(0).permuted(np.tile(np.arange(256, dtype=np.uint8), (3, 1)), axis=1).T.copy()
)  # all distinct


def rough(model, half=False):
    """Give a model weights large enough to matter, also where it starts with zeros."""
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            fan_in = p[0].numel() if p.ndim in (2, 4) else 1  # biases and maps have none
            p.copy_(torch.randn(p.shape, generator=g) / fan_in**0.5)
            p.copy_(p.half() if half else p)
    return model


def vae(likelihood="bernoulli", architecture="mlp", side=9, d=4, half=False):
    model = VAE(side**2, d, likelihood, architecture, n_values=256, n_hidden=7, n_channels=3)
    return rough(model, half)


def gan(side=9, d=4):
    return rough(GAN(3 * side**2, d, "convolutional", n_channels=3))


MODELS = {
    "bernoulli mlp": vae,
    "gaussian mlp": lambda: vae("gaussian"),
    "categorical mlp": lambda: vae("categorical"),
    "bernoulli convolutional": lambda: vae(architecture="convolutional"),
    "gaussian convolutional": lambda: vae("gaussian", "convolutional", side=8),
    "categorical convolutional": lambda: vae("categorical", "convolutional"),
    "side 28": lambda: vae(architecture="convolutional", side=28),
    "16 bits": lambda: vae("categorical", "convolutional", half=True),
    "GAN": gan,
    "GAN of even side": lambda: gan(side=16, d=1),
}
ALL = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def decoder_of(model, **options):
    categorical = isinstance(model, VAE) and model.likelihood == "categorical"
    return page_decoder(model, palette=PALETTE if categorical else None, **options)


def computed(page, z):
    """Return the last layer's outputs (pixels, outputs) from what the page is sent, in float64, one tap at a time."""
    numbers = np.frombuffer(page["numbers"], dtype=f"<f{page['bits'] // 8}").astype(float)
    x = np.asarray(z, dtype=float)[None]  # (pixels, channels)
    for number, layer in enumerate(page["layers"]):
        channels, inputs = layer["channels"], layer["inputs"]
        *parts, numbers = np.split(numbers, np.cumsum(layer["sizes"]))
        matrix = parts[0].reshape(-1, channels, inputs)
        x = np.einsum("bci,pi->pbc", matrix, np.pad(x, [(0, 0), (0, inputs - x.shape[1])]))
        if layer["side"]:
            side = math.isqrt(len(x))
            wide = np.zeros((2 * side + 2, 2 * side + 2, channels))
            for py, px, ky, kx in np.ndindex(side, side, 4, 4):
                wide[2 * py + ky, 2 * px + kx] += x[side * py + px, 4 * ky + kx]
            x = wide[1:, 1:][: layer["side"], : layer["side"]]
        x = x.reshape(-1, channels)
        for bias in parts[1:]:
            x = x + bias.reshape(-1, channels)
        if number < len(page["layers"]) - 1:
            x = np.where(x > 0, x, page["leak"] * x)
    assert len(numbers) == 0  # all have been used
    assert (x[:, page["outputs"] :] == 0).all()
    return x[:, : page["outputs"]]


@ALL
def test_the_picture_is_what_the_model_says(make):
    model = make()
    z = torch.randn(3, model.n_latent, generator=torch.Generator().manual_seed(2))
    decode, pictures = decoder_of(model), model.decode(z)
    for code, x in zip(z, pictures):
        picture = decode(code.numpy())
        assert picture.dtype == np.uint8
        if isinstance(model, GAN):
            assert picture.shape == (*model.shape[1:], 3)
            np.testing.assert_allclose(picture.transpose(2, 0, 1), 255 * x.numpy(), atol=0.501)
        elif model.likelihood == "categorical":
            np.testing.assert_array_equal(picture.reshape(-1, 3), PALETTE[x.numpy()])
        else:
            assert picture.shape == (math.isqrt(len(x)),) * 2
            np.testing.assert_allclose(picture.ravel(), 255 * x.numpy().clip(0, 1), atol=0.501)
        assert len(np.unique(picture)) > 5


@ALL
def test_the_page_is_sent_all_that_makes_the_picture(make):
    """An independent computation: taps in a loop, in float64."""
    model = make()
    decode = decoder_of(model)
    page = decode.page()
    json.dumps({name: value for name, value in page.items() if name != "numbers"})  # the rest travels as JSON
    for z in np.random.default_rng(0).normal(size=(2, model.n_latent)):
        outputs, picture = computed(page, z), decode(z)
        assert picture.shape[:2] == (page["side"], page["side"])
        if page["head"] == "number":
            palette = np.array(page["palette"]).reshape(-1, 3)
            np.testing.assert_array_equal(palette, PALETTE)
            chosen = (picture.reshape(-1, 1, 3) == palette).all(axis=2).argmax(axis=1)
            best = outputs.max(axis=1)  # the same one, unless two are as good
            assert (best - outputs[np.arange(len(chosen)), chosen] < 1e-4).all()
        else:
            assert page["palette"] == [0, 0, 0, 255, 255, 255]
            values = {"logit": 1 / (1 + np.exp(-outputs)), "level": outputs.clip(0, 1)}[page["head"]]
            np.testing.assert_allclose(picture.reshape(values.shape), 255 * values, atol=0.51)


def test_a_bernoulli_may_go_from_one_colour_to_another():
    model, z = vae(), np.linspace(-1, 1, 4)
    ends = np.array([[255, 250, 40], [20, 30, 60]], dtype=np.uint8)
    decode = page_decoder(model, ends)
    p = model.decode(torch.tensor(z[None])).numpy().reshape(9, 9, 1)
    np.testing.assert_allclose(decode(z), ends[0] + p * (ends[1] - ends[0].astype(float)), atol=0.501)
    assert decode(z).dtype == np.uint8 and decode.page()["palette"] == [255, 250, 40, 20, 30, 60]
    ends[:] = 0  # a copy was kept
    assert decode(z).max() > 100


def test_16_bits_are_sent_where_they_are_exact():
    exact, other = (page_decoder(vae(half=half)).page() for half in (True, False))
    assert (exact["bits"], other["bits"]) == (16, 32)
    assert 2 * len(exact["numbers"]) == len(other["numbers"])
    model = vae(half=True)
    with torch.no_grad():
        model.b[0, 0] = 2.0**17  # beyond 16 bits
    assert page_decoder(model).page()["bits"] == 32


def test_the_dimensions_that_are_not_chosen_are_0():
    model = vae()
    decode, some = page_decoder(model), page_decoder(model, dimensions=[3, 1])
    picture = some([0.5, -1.5])
    np.testing.assert_array_equal(picture, decode([0, -1.5, 0, 0.5]))
    assert (picture != decode([0, 0.5, 0, -1.5])).any()
    np.testing.assert_allclose(computed(some.page(), [0.5, -1.5]), computed(decode.page(), [0, -1.5, 0, 0.5]))


def test_training_on_does_not_change_a_decoder_made_before():
    model = vae()
    decode = page_decoder(model)
    picture, numbers = decode(np.ones(4)), decode.page()["numbers"]
    rough(model.double())
    with torch.no_grad():
        model.b += 1
    np.testing.assert_array_equal(decode(np.ones(4)), picture)
    assert decode.page()["numbers"] == numbers


def test_a_model_in_double_precision_draws_the_same():
    np.testing.assert_allclose(
        page_decoder(gan().double())(np.ones(4)).astype(int), page_decoder(gan())(np.ones(4)), atol=1
    )


WRONG = {
    "no decoder": (lambda: NADE(4, 2), {}, "model must be a VAE or a GAN, got NADE"),
    "two numbers": (GAN, {}, "GAN of the architecture 'mlp' makes 2 real numbers and no picture"),
    "no square": (lambda: VAE(12), {}, "needs n_features = side², got a VAE of 12 features"),
    "no palette": (lambda: vae("categorical"), {}, r"palette must be \(256, 3\) uint8 for this model, got none"),
    "short palette": (
        lambda: vae("categorical"),
        {"palette": PALETTE[:9]},
        r"\(256, 3\) uint8 for this model, got uint8 \(9, 3\)",
    ),
    "floats": (
        lambda: vae("categorical"),
        {"palette": PALETTE / 255},
        r"\(256, 3\) uint8 for this model, got float64 \(256, 3\)",
    ),
    "long palette": (vae, {"palette": PALETTE}, r"palette must be \(2, 3\) uint8 for this model, got uint8 \(256, 3\)"),
    "a palette for greys": (lambda: vae("gaussian"), {"palette": PALETTE}, "palette must be none for this model"),
    "a palette for colours": (gan, {"palette": PALETTE}, "palette must be none for this model"),
    "no dimension": (vae, {"dimensions": []}, "dimensions must be different numbers from 0 to 3"),
    "twice": (vae, {"dimensions": [1, 1]}, "dimensions must be different numbers from 0 to 3"),
    "too many": (vae, {"dimensions": [4]}, "dimensions must be different numbers from 0 to 3"),
    "from the end": (vae, {"dimensions": [-1]}, "dimensions must be different numbers from 0 to 3"),
}


@pytest.mark.parametrize("make, options, message", WRONG.values(), ids=WRONG)
def test_what_makes_no_picture_is_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        page_decoder(make(), **options)


@pytest.mark.parametrize("z", [np.zeros(3), np.zeros((1, 4)), [0, 0, 0, np.nan]], ids=str)
def test_a_wrong_z_is_refused(z):
    with pytest.raises(ValueError, match=r"z must be \(4,\) finite numbers"):
        page_decoder(vae())(z)
