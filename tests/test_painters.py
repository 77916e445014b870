"""The painters of lessons 19 and 20: what each paints and says of a picture is what its own model does."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors import safe_open

from course_utils import files
from course_utils.datasets import encodings, load_planet_pixel, planet_pixel_distribution
from course_utils.models import load_checkpoint
from course_utils.painters import painters, stored_surprise, visitors

TRAIN = load_planet_pixel("train")
P_DATA = planet_pixel_distribution()


@pytest.fixture(scope="module")
def everyone():
    return painters(TRAIN) | visitors(TRAIN)


def test_all_paint_pictures_in_colour_the_same_for_a_seed(everyone):
    """Two of the slow ones in short: a few steps, or the last bits alone."""
    short = {"Masked diffusion": {"n_steps": 4}, "NADE": {"given": torch.zeros(8192), "n_given": 7680}}
    for name, painter in everyone.items():
        if name in ("Row LSTM", "Diagonal"):  # slow: tried below
            continue
        one, same, other = (painter.paint(1, seed=seed, **short.get(name, {})) for seed in (3, 3, 4))
        assert one.shape == (1, 32, 32, 3) and one.dtype == np.uint8, name
        assert (one == same).all() and (one != other).any(), name


def test_the_row_lstm_paints_what_its_checkpoint_samples(everyone):
    drawn = load_checkpoint("pixelrnn_row_planet_pixel").sample(1, torch.Generator().manual_seed(0))
    assert (everyone["Row LSTM"].paint(1) == P_DATA.palette[drawn.numpy()[:, 0]]).all()


def test_the_densities_are_those_of_the_models(everyone):
    faces = P_DATA.pixels[:5]
    bits = load_checkpoint("nade_planet_pixel").log_prob(encodings.to_bits(faces))
    np.testing.assert_allclose(everyone["NADE"].log_prob(faces), bits.double().numpy())
    np.testing.assert_allclose(everyone["p_data"].log_prob(faces), np.log(P_DATA.probabilities[:5]))
    assert everyone["p_data"].log_prob(np.zeros((1, 1024), dtype=np.uint8))[0] == -np.inf  # no face
    copier = np.exp(everyone["photocopier"].log_prob(P_DATA.pixels))
    assert copier.sum() == pytest.approx(1) and (copier * 2000 % 1).round(6).max() in (0, 1)
    for painter in everyone.values():
        assert (painter.log_prob is None) == (painter.density == "none")


def test_latent_diffusion_decodes_what_the_diffusion_draws(everyone):
    """The code of its first face, drawn by the diffusion alone; and the parameters are those of both models."""
    vae, diffusion = load_checkpoint("vae_flow_planet_pixel"), load_checkpoint("latent_diffusion_planet_pixel")
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(3, vae.n_latent, generator=rng)
    z = diffusion.sample(3, rng, noise=noise)
    with torch.no_grad():
        p = (1 - vae.uniform) * vae._outputs(z).softmax(dim=1).transpose(1, 2) + vae.uniform / 256
    x = torch.multinomial(p.flatten(0, 1), 1, generator=rng).view(3, 1024)
    assert (everyone["Latent diffusion"].paint(3) == P_DATA.palette[x.numpy()].reshape(-1, 32, 32, 3)).all()
    count = sum(w.numel() for part in (vae.encoder, vae.decoder, vae.embedding, diffusion) for w in part.parameters())
    assert everyone["Latent diffusion"].n_parameters == count + vae.b.numel()
    flow = sum(weights.numel() for weights in vae.prior.parameters())
    assert everyone["VAE, flow"].n_parameters == count + vae.b.numel() + flow - sum(w.numel() for w in diffusion.parameters())  # fmt: skip
    assert load_checkpoint("vae_flow_planet_pixel").prior.arguments["n_couplings"] == 8  # and nobody has touched it


def test_the_kind_of_nats_is_named(everyone):
    kinds = {name: painter.density for name, painter in everyone.items()}
    assert {name for name, kind in kinds.items() if kind == "none"} == {"VAE, likeliest x", "GAN"}
    assert {name for name, kind in kinds.items() if kind == "bound"} == {"Transformer", "Masked diffusion", "VAE", "VAE, flow", "Latent diffusion"}  # fmt: skip


def test_the_transformer_says_the_probability_of_the_canonical_tokens(everyone):
    model, faces = load_checkpoint("transformer_planet_pixel"), P_DATA.pixels[:3]
    for face, log_p in zip(faces, everyone["Transformer"].log_prob(faces)):
        (tokens,) = model.pairs.encode([face.astype(int)])
        row = torch.from_numpy(tokens)[None]
        with torch.no_grad():
            bets = model.logits(row).log_softmax(dim=-1)[0]
        assert log_p == pytest.approx(float(bets[torch.arange(len(tokens)), row[0]].double().sum()), abs=1e-3)


TRAINED = [("NADE", "nade"), ("Row LSTM", "pixelrnn_row"), ("Diagonal", "pixelrnn_diagonal"), ("Transformer", "transformer"), ("Masked diffusion", "masked_diffusion"), ("VAE", "vae"), ("VAE, flow", "vae_flow"), ("Latent diffusion", "latent_diffusion")]  # fmt: skip


@pytest.mark.parametrize("name, file", TRAINED)
def test_the_stored_surprise_is_that_of_the_checkpoint(everyone, name, file):
    """It is the header's; with ALL=1 forty training faces and forty others, drawn from p_data, agree within four standard errors."""
    stored = stored_surprise()[name]
    with safe_open(files.CHECKPOINTS / f"{file}_planet_pixel.safetensors", framework="numpy") as checkpoint:
        score = json.loads(checkpoint.metadata()["score"])
    if "nats" not in score:
        assert np.isnan(stored.p_faces)
    else:
        assert stored.p_faces == score["p(faces)"] and 0 < stored.p_faces <= 1
    seen = {x.tobytes() for x in TRAIN.pixels}
    known = np.array([x.tobytes() in seen for x in P_DATA.pixels])
    p, rng = P_DATA.probabilities, np.random.default_rng(3)
    assert stored.nats == pytest.approx(p[known].sum() * stored.training + p[~known].sum() * stored.others, abs=0.01)
    if not os.environ.get("ALL"):
        return  # test_checkpoints.py draws from all faces
    for part, mean in [(known, stored.training), (~known, stored.others)]:
        rows = rng.choice(3552, 40, p=np.where(part, p, 0) / p[part].sum())
        nats = -everyone[name].log_prob(P_DATA.pixels[rows])
        assert nats.mean() == pytest.approx(mean, abs=4 * nats.std() / np.sqrt(40))
