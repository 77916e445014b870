"""The decoder that travels: its picture is the model's, and the page's own code draws the same one, in Node."""

import base64
import json
import math
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.models import GAN, NADE, VAE
from course_utils.widgets.page_decoder import page_decoder

HERE = Path(__file__).parent
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
LARGE = {  # of the size of the checkpoints of Planet Pixel and of digits
    "VAE of faces": lambda: rough(VAE(1024, 12, "categorical", "convolutional", n_values=256), half=True),
    "GAN of faces": lambda: rough(GAN(3072, 16, "convolutional"), half=True),
    "VAE of digits": lambda: rough(VAE(784, 20)),
}
ALL = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def decoder_of(model, **options):
    categorical = isinstance(model, VAE) and model.likelihood == "categorical"
    return page_decoder(model, palette=PALETTE if categorical else None, **options)


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


# Reads the decoders' parts and some z of each as JSON, and writes the pictures that page_decoder.js draws.
DRAW = """const { pageDecoder } = await import(process.argv[1]);
let text = "";
for await (const piece of process.stdin) text += piece;
console.log(JSON.stringify(JSON.parse(text).map(({ page, codes }) => {
  const decode = pageDecoder({ ...page, numbers: Buffer.from(page.numbers, "base64") });
  return codes.map((z) => [...decode(z)]);
})));"""


def drawn_by_the_page(decoders, codes):
    """Return the pictures (side, side, 4) that the page's own code draws, in Node; skip without it, except in CI."""
    node = shutil.which("node")
    if not node:
        pytest.fail("no node") if os.environ.get("CI") else pytest.skip("no node")
    pages = [decode.page() for decode in decoders]
    sent = [
        {"page": page | {"numbers": base64.b64encode(page["numbers"]).decode()}, "codes": z.tolist()}
        for page, z in zip(pages, codes)
    ]
    script = HERE.parent.joinpath("course_utils/widgets/page_decoder.js").as_uri()
    done = subprocess.run(
        [node, "--input-type=module", "-e", DRAW, script], input=json.dumps(sent), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return [
        np.array(pictures).reshape(len(z), page["side"], page["side"], 4)
        for pictures, z, page in zip(json.loads(done.stdout), codes, pages)
    ]


def test_the_page_draws_what_torch_computes():
    """To one grey level; of a palette the colour that torch finds likeliest, or one whose logit is as large to 10⁻⁴.

    That is some 100 times what rounding to 32 bits changes.
    """
    models = [make() for make in (*MODELS.values(), *LARGE.values())]
    decoders = [decoder_of(model) for model in models]
    decoders.append(page_decoder(models[0], dimensions=[3, 1]))
    ends = [np.full(len(decode.dimensions), end) for decode in decoders for end in (-3, 0, 3)]
    rng = np.random.default_rng(0)
    codes = [
        np.stack([*ends[3 * k : 3 * k + 3], *rng.normal(size=(2, len(ends[3 * k])))]) for k in range(len(decoders))
    ]
    for decode, z, pictures in zip(decoders, codes, drawn_by_the_page(decoders, codes)):
        assert (pictures[..., 3] == 255).all()
        assert len(np.unique(pictures.reshape(len(z), -1), axis=0)) > 1
        for code, shown in zip(z, pictures[..., :3]):
            expected = decode(code)
            if decode.palette is None:
                grey = expected[..., None] if expected.ndim == 2 else expected
                assert np.abs(shown - grey.astype(int)).max() <= 1
                continue
            logits = decode.model._outputs(torch.tensor(code[None], dtype=torch.float32))[0].detach().numpy()  # (K, D)
            matches = (shown.reshape(-1, 1, 3) == decode.palette).all(axis=2)
            assert matches.any(axis=1).all()
            chosen = matches.argmax(axis=1)
            assert (logits.max(axis=0) - logits[chosen, np.arange(len(chosen))] < 1e-4).all()
            assert (shown == expected).all(axis=2).mean() > 0.99  # and two as large are rare


def test_a_bernoulli_may_go_from_one_colour_to_another():
    model, z = vae(), np.linspace(-1, 1, 4)
    ends = np.array([[255, 250, 40], [20, 30, 60]], dtype=np.uint8)
    decode = page_decoder(model, ends)
    p = model.decode(torch.tensor(z[None])).numpy().reshape(9, 9, 1)
    np.testing.assert_allclose(decode(z), ends[0] + p * (ends[1] - ends[0].astype(float)), atol=0.501)
    assert decode(z).dtype == np.uint8 and decode.page()["palette"] == [255, 250, 40, 20, 30, 60]
    ends[:] = 0  # a copy was kept
    assert decode(z).max() > 100


def test_19_bits_are_sent_where_they_are_exact():
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
