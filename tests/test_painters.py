"""The painters of lessons 19 and 20: what each paints and says of a picture is what its own model does."""

import json

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
    for name, painter in everyone.items():
        if name in ("Row LSTM", "Diagonal"):  # slow: tried below
            continue
        one, same, other = painter.paint(2, seed=3), painter.paint(2, seed=3), painter.paint(2, seed=4)
        assert one.shape == (2, 32, 32, 3) and one.dtype == np.uint8, name
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


@pytest.mark.parametrize("name, file", [("NADE", "nade"), ("Row LSTM", "pixelrnn_row"), ("Diagonal", "pixelrnn_diagonal"), ("VAE", "vae")])  # fmt: skip
def test_the_stored_surprise_is_that_of_the_checkpoint(everyone, name, file):
    """It is the header's; forty training faces and forty others, drawn from p_data, agree within four standard errors."""
    stored = stored_surprise()[name]
    with safe_open(files.CHECKPOINTS / f"{file}_planet_pixel.safetensors", framework="numpy") as checkpoint:
        score = json.loads(checkpoint.metadata()["score"])
    if name == "VAE":
        assert np.isnan(stored.p_faces)
    else:
        assert stored.p_faces == score["p(faces)"] and 0 < stored.p_faces <= 1
    known = np.isin(np.arange(3552), [np.flatnonzero((P_DATA.pixels == x).all(axis=1))[0] for x in np.unique(TRAIN.pixels, axis=0)])  # fmt: skip
    p, rng = P_DATA.probabilities, np.random.default_rng(3)
    assert stored.nats == pytest.approx(p[known].sum() * stored.training + p[~known].sum() * stored.others, abs=0.01)
    for part, mean in [(known, stored.training), (~known, stored.others)]:
        rows = rng.choice(3552, 40, p=np.where(part, p, 0) / p[part].sum())
        nats = -everyone[name].log_prob(P_DATA.pixels[rows])
        assert nats.mean() == pytest.approx(mean, abs=4 * nats.std() / np.sqrt(40))
