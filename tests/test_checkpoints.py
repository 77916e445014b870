"""The trained weights in data/checkpoints: complete, documented, and as good as they say."""

import dataclasses
import json
import os
import re

import numpy as np
import pytest
import torch

from course_utils.datasets import WRODL_VALUES, load_planet_pixel, planet_pixel_distribution, planet_pixel_entropy
from course_utils.datasets.encodings import from_floats, to_bits, to_indices, to_map
from course_utils.evaluation import score_planet_pixel
from course_utils.files import CHECKPOINTS
from course_utils.models import BytePairs, load_checkpoint, scores
from course_utils.models.deep import checkpoint_facts
from course_utils.models.recipes import RECIPES
from course_utils.models.studies import STUDIES

N = 200 if os.environ.get("ALL") else 60  # faces drawn; their means may be off by four standard errors
README = (CHECKPOINTS / "README.md").read_text(encoding="utf-8")
ENCODE = {
    "nade_planet_pixel": to_bits,
    "pixelrnn_row_planet_pixel": to_map,
    "pixelrnn_diagonal_planet_pixel": to_map,
    "transformer_planet_pixel": to_indices,
}


def test_there_is_a_file_for_each_recipe_and_nothing_else():
    studies = {f"{name}.json" for name in STUDIES}
    assert {path.name for path in CHECKPOINTS.iterdir()} == {f"{name}.safetensors" for name in RECIPES} | studies | {
        "README.md"
    }


def test_data_and_weights_stay_small():
    assert sum(path.stat().st_size for path in CHECKPOINTS.parent.rglob("*") if path.is_file()) < 30e6


def draws() -> np.ndarray:
    """Return N faces drawn from p_data, (N, 1024)."""
    return planet_pixel_distribution().sample(N, np.random.default_rng(1))


def agree(nats: torch.Tensor, score: dict, mean: float) -> bool:
    """Tell whether the nats (N,) of the faces drawn have a mean within four standard errors, and those of training faces theirs."""
    known = {face.tobytes() for face in load_planet_pixel("train").pixels}
    met = torch.tensor([face.tobytes() in known for face in draws()])
    return all(
        abs(some.mean().item() - stored) < 4 * some.std().item() / len(some) ** 0.5
        for some, stored in ((nats, mean), (nats[met], score["training faces"]))
    )


@pytest.mark.parametrize("name", RECIPES)
def test_the_table_says_what_the_file_says(name, monkeypatch):
    facts = checkpoint_facts(name)
    # its merges have a test of their own: learning them all takes long
    monkeypatch.setattr(BytePairs, "learn", lambda *_, least: BytePairs(256, facts["arguments"]["merges"]))
    (row,) = re.findall(rf"^\| `{name}` \|.*$", README, flags=re.MULTILINE)
    _, _, model, parameters, best, minutes, score, _, _ = (cell.strip() for cell in row.split("|"))
    weights = load_checkpoint(name)
    assert model == facts["model"]
    assert parameters == f"{sum(p.numel() for p in weights.parameters()):,}"
    assert best == f"{facts['best_epoch']} of {facts['settings']['epochs']}"
    assert minutes == f"{facts['seconds'] / 60:.0f}"
    nats = [facts["score"][what] for what in ("nats", "validation nats", "estimate", "bound") if what in facts["score"]]
    assert score == ("n/a" if model == "GAN" else f"{nats[0]:.2f}")
    assert facts["command"] == f"python -m course_utils.pretrain {name}"
    recipe = RECIPES[name]
    assert facts["settings"] == recipe.settings
    assert facts["arguments"] == json.loads(json.dumps(recipe.model().arguments))


@pytest.mark.parametrize("name", [name for name in RECIPES if "other faces" in checkpoint_facts(name)["score"]])
def test_the_stored_mean_is_that_of_training_faces_and_others(name):
    """Each as often as it is met: p_data meets a face of the training set three times in four."""
    p_data, train = planet_pixel_distribution(), load_planet_pixel("train")
    known = np.isin([face.tobytes() for face in p_data.pixels], [face.tobytes() for face in train.pixels])
    met, score = p_data.probabilities[known].sum(), checkpoint_facts(name)["score"]
    mean = score["nats"] if "nats" in score else score["bound"]
    assert mean == pytest.approx(met * score["training faces"] + (1 - met) * score["other faces"], abs=1e-3)


def test_the_transformer_begins_with_the_pairs_that_come_most_often():
    first = BytePairs.learn(to_indices(load_planet_pixel("train").pixels).numpy(), 256, least=2000).merges
    stored = checkpoint_facts("transformer_planet_pixel")["arguments"]["merges"]
    assert len(first) > 50 and [list(pair) for pair in first] == stored[: len(first)]


@pytest.mark.parametrize("name", ENCODE)
def test_the_stored_nats_are_those_of_the_faces(name):
    nats = -load_checkpoint(name).log_prob(ENCODE[name](draws()))
    score = checkpoint_facts(name)["score"]
    assert score["nats"] > planet_pixel_entropy()
    assert agree(nats, score, score["nats"]), nats.mean()


@pytest.mark.parametrize("name", ENCODE)
def test_what_was_never_a_face_is_far_less_likely(name):
    pixels = load_planet_pixel("test").pixels[:5]
    model = load_checkpoint(name)
    upside_down = pixels.reshape(-1, 32, 32)[:, ::-1].reshape(-1, 1024).copy()
    assert (model.log_prob(ENCODE[name](pixels)) > model.log_prob(ENCODE[name](upside_down)) + 900).all()


VAES = ["vae_flow_planet_pixel", "vae_planet_pixel"]


@pytest.mark.parametrize("name", VAES if os.environ.get("ALL") else VAES[:1])
def test_the_stored_bound_and_estimate_are_those_of_the_faces(name):
    model, rng = load_checkpoint(name), torch.Generator().manual_seed(1)
    score, x = checkpoint_facts(name)["score"], to_indices(draws())
    bound, estimate = -model.elbo(x, rng), -model.log_prob_estimate(x[: N // 4], rng, n_samples=16)
    assert agree(bound, score, score["bound"]), bound.mean()
    assert abs(estimate.mean().item() - score["estimate"]) < 4 * estimate.std().item() / (N // 4) ** 0.5
    assert planet_pixel_entropy() < score["estimate"] < score["bound"]


def test_the_stored_bound_of_masked_diffusion_is_that_of_the_faces():
    model, rng = load_checkpoint("masked_diffusion_planet_pixel"), torch.Generator().manual_seed(1)
    bound = -model.elbo(to_indices(draws()), rng, n_draws=2)
    score = checkpoint_facts("masked_diffusion_planet_pixel")["score"]
    assert agree(bound, score, score["bound"]), bound.mean()


def test_the_colour_that_is_asked_for_comes():
    """One draw of 60 codes with a wish, decoded: of the faces with hair, the share in that colour, and what is a face."""
    vae, model = load_checkpoint("vae_flow_planet_pixel"), load_checkpoint("latent_diffusion_planet_pixel")
    score = checkpoint_facts("latent_diffusion_planet_pixel")["score"]
    rng, colours = torch.Generator().manual_seed(1), WRODL_VALUES["hairColor"]
    z = model.sample(60, rng, labels=torch.full((60,), colours.index("Red")), guidance=1.0)
    scores = score_planet_pixel(vae.sample(60, rng, z=z).numpy(), load_planet_pixel("train"))
    styles = planet_pixel_distribution().styles.iloc[scores.faces[scores.valid]]
    hairy = styles[styles["topType"] != "NoHair"]
    for share, p, n in ((scores.rule1, score["rule 1, w = 1"], 60), ((hairy["hairColor"] == "Red").mean(), score["asked, w = 1"], len(hairy))):  # fmt: skip
        assert abs(share - p) < 4 * (max(p * (1 - p), 0.02) / n) ** 0.5 + 0.1  # colours are not equally easy


SAMPLED = ["gan_planet_pixel", "transformer_planet_pixel", "vae_planet_pixel", "vae_flow_planet_pixel"]


@pytest.mark.parametrize("name", SAMPLED if os.environ.get("ALL") else SAMPLED[:1])
def test_the_stored_rules_are_those_of_new_samples(name):
    model, rng = load_checkpoint(name), torch.Generator().manual_seed(1)
    samples = from_floats(model.sample(100, rng)) if name[0] == "g" else model.sample(100, rng).numpy()
    found, stored = score_planet_pixel(samples, load_planet_pixel("train")), checkpoint_facts(name)["score"]
    for what, share in ("rule 1", found.rule1), ("rule 2", found.rule2):
        p = stored[what]
        assert abs(share - p) < 4 * (p * (1 - p) * (1 / 100 + 1 / 500)) ** 0.5, what


@pytest.mark.parametrize("now, wrong", [
    ({"nats": 12.3, "rule 1": 0.5}, []), ({"nats": 12.81, "rule 1": 0.5}, ["nats is 12.810 and was 12.500"]),
    ({"nats": 12.5, "rule 1": 0.35}, ["rule 1 is 0.350 and was 0.450"]), ({"nats": 12.5, "exact": 0.1}, ["exact is 0.100 and was nan"]),
])  # fmt: skip
def test_make_scores_says_what_differs(now, wrong, monkeypatch, capsys):
    """Nats by more than 0.3, shares of 500 samples by more than three standard errors; and what a file never said."""

    class Model:
        def sample(self, n, rng):
            return None

    recipe = dataclasses.replace(RECIPES["nade_planet_pixel"], score=lambda model: now)
    monkeypatch.setattr(scores, "RECIPES", {"nade_planet_pixel": recipe, "nade_mnist": recipe})
    monkeypatch.setattr(scores, "load_checkpoint", lambda name: Model())
    monkeypatch.setattr(scores, "checkpoint_facts", lambda name: {"score": {"nats": 12.5, "rule 1": 0.45}})
    assert scores.main() == bool(wrong)
    printed = capsys.readouterr()
    assert printed.err.split("\n")[:-1] == ([f"nade_planet_pixel: {line}" for line in wrong] or [])
    assert printed.out.count("\n") == 2 and f"{now['nats']:.2f}" in printed.out
