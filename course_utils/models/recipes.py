"""Train the models in data/checkpoints: `python -m course_utils.pretrain NAME`, or --all for all of them.

An interrupted training goes on where it stopped when the same command is given again: after each epoch its state is
written to the user's cache folder. A change of the recipe, of the data or of PyTorch makes it another training, which
starts anew, as does one that was finished. At the end the weights are rounded to 16 bits, scored as they are then, and
stored with the command, the seed, the time and the score in the file's header. The names of models/studies.py make
series of small models, of which only the scores are stored.
"""

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_utils import files
from course_utils.datasets import WRODL_VALUES, load_binarized_mnist, load_planet_pixel
from course_utils.datasets.encodings import from_bits, from_floats, from_map, to_bits, to_floats, to_indices, to_map
from course_utils.datasets.planet_pixel import PlanetPixel, face_codes
from course_utils.evaluation import HAIR_COLOR, NO_HAIR, TOP_TYPE, cross_entropy, score_planet_pixel, surprise
from course_utils.models import (
    GAN,
    NADE,
    VAE,
    BytePairs,
    DeepModel,
    Diffusion,
    MaskedDiffusion,
    PixelRNN,
    RealNVP,
    Transformer,
)
from course_utils.models.deep import load_checkpoint, save_checkpoint
from course_utils.models.studies import STUDIES, run_study

SEED = 0
N_SAMPLES, N_SLOW = 500, 200  # that Rule 1, Rule 2 and coverage are measured on; of masked diffusion
COLOURS = WRODL_VALUES["hairColor"]
N_IMPORTANCE = 64  # samples of z for each estimate of a VAE's log p(x)


@dataclass(frozen=True)
class Recipe:
    """How one checkpoint is made: the model, its data (train, validation), the settings of fit, and its score.

    Without validation there is no best epoch, and the last one's weights are kept. finish(model, train) is what is done
    after fit.
    """

    model: Callable[[], DeepModel]
    data: Callable[[], tuple[torch.Tensor, torch.Tensor | None]]
    settings: dict[str, Any]
    score: Callable[[DeepModel], dict[str, float]]
    finish: Callable[[DeepModel, torch.Tensor], Any] = lambda model, train: None


def _binarized_mnist() -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(torch.from_numpy(load_binarized_mnist(split)) for split in ("train", "validation"))


def _planet_pixel(encode: Callable[[np.ndarray], torch.Tensor]) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    return lambda: tuple(encode(load_planet_pixel(split).pixels) for split in ("train", "validation"))


def _score_mnist(model: DeepModel) -> dict[str, float]:
    train, validation = _binarized_mnist()
    return {
        "train nats": -model.log_prob(train[:10_000]).mean().item(),
        "validation nats": -model.log_prob(validation).mean().item(),
    }


def _rng(model: DeepModel) -> torch.Generator:
    return torch.Generator(model.like["device"]).manual_seed(SEED)


def _rules(samples: np.ndarray) -> dict[str, float]:
    scores = score_planet_pixel(samples, load_planet_pixel("train"))
    return {
        "rule 1": scores.rule1,
        "exact": scores.exact,
        "rule 2": scores.rule2,
        "coverage": scores.coverage,
        "coverage of p_data": scores.reference_coverage,
    }


def _score_planet_pixel(encode: Callable, decode: Callable) -> Callable[[DeepModel], dict[str, float]]:
    """Return a function that gives the exact nats over all faces, and the rules on samples."""
    return lambda model: {
        **_nats("nats", lambda pixels: model.log_prob(encode(pixels))),
        **_rules(decode(model.sample(N_SAMPLES, _rng(model)))),
    }


def _nats(name: str, log_prob: Callable[[np.ndarray], torch.Tensor]) -> dict[str, float]:
    """Return what surprise finds; Σ exp of a bound that is drawn by lot is no probability, so a bound has no p(faces)."""
    found = surprise(log_prob, load_planet_pixel("train"), drawn=name == "bound")
    score = {name: found.nats, "training faces": found.training, "other faces": found.others}
    return score if name == "bound" else score | {"p(faces)": found.p_faces}


def _score_vae_planet_pixel(model: VAE) -> dict[str, float]:
    """Return the bound and the estimate over all faces, and the rules on samples; of each z's likeliest face Rule 1."""
    rng = _rng(model)
    return {
        **_nats("bound", lambda pixels: model.elbo(to_indices(pixels), rng)),
        "estimate": cross_entropy(lambda pixels: model.log_prob_estimate(to_indices(pixels), rng, N_IMPORTANCE)),
        **_rules(_drawn(model, rng, temperature=1)),
        "rule 1, likeliest": _rules(_drawn(model, rng, temperature=0))["rule 1"],
    }


def _drawn(model: VAE, rng: torch.Generator, temperature: float) -> np.ndarray:
    return model.sample(N_SAMPLES, rng, temperature=temperature).cpu().numpy().astype(np.uint8)


def _transformer() -> Transformer:
    """Return one with the byte pairs of the training faces that come 60 times or more."""
    pairs = BytePairs.learn(load_planet_pixel("train").pixels.astype(np.int64), 256, least=60)
    return Transformer(256, 1024, 32, pairs.merges, n_features=128, dropout=0.3, seed=SEED)


def _codes_and_hair() -> tuple[torch.Tensor, torch.Tensor]:
    """Return for each face ten codes z, as the VAE with a flow draws them, and its hair's colour, (10 N, 13)."""
    vae, rng = load_checkpoint("vae_flow_planet_pixel"), torch.Generator().manual_seed(SEED)
    return tuple(_with_hair(vae, load_planet_pixel(split), rng) for split in ("train", "validation"))


def _with_hair(vae: VAE, faces: PlanetPixel, rng: torch.Generator) -> torch.Tensor:
    colours = torch.tensor([COLOURS.index(colour) for colour in faces.styles["hairColor"]])
    bald = torch.tensor((faces.styles["topType"] == "NoHair").to_numpy())
    labels = torch.where(bald, len(COLOURS), colours)  # no hair has a label of its own: no label means any face
    return torch.cat([vae.codes(to_indices(faces.pixels), rng, 10), labels.repeat(10)[:, None]], dim=1)


def _score_latent_diffusion(model: Diffusion) -> dict[str, float]:
    """Return the bound of the VAE with this p(z), and the rules without a wish; then the same with a wish for each colour.

    Of guided faces that have hair, "asked" is the share whose hair has the colour that was asked for.
    """
    rng, vae = _rng(model), load_checkpoint("vae_flow_planet_pixel").with_prior(model)
    score = _nats("bound", lambda pixels: vae.elbo(to_indices(pixels), rng))
    score |= _rules(_drawn(vae, rng, temperature=1))
    wish = torch.arange(N_SAMPLES) % len(COLOURS)
    for w in 0, 1, 2:
        z = model.sample(N_SAMPLES, rng, n_steps=100, labels=wish, guidance=float(w))
        drawn = vae.sample(N_SAMPLES, rng, z=z).cpu().numpy().astype(np.uint8)
        scores = score_planet_pixel(drawn, load_planet_pixel("train"))
        codes = face_codes()[scores.faces]
        hairy = scores.valid & (codes[:, TOP_TYPE] != NO_HAIR)
        asked = codes[hairy, HAIR_COLOR] == wish.numpy()[hairy]
        found = {"rule 1": scores.rule1, "rule 2": scores.rule2, "coverage": scores.coverage, "asked": asked.mean()}
        score |= {f"{what}, w = {w}": float(value) for what, value in found.items()}
    return score


def _score_masked_diffusion(model: MaskedDiffusion) -> dict[str, float]:
    """Return the bound of four draws over all faces, and the rules on samples of 256 steps; of 64 steps Rule 1.

    256 steps take a second or more for each picture, so there are fewer of them.
    """
    rng = _rng(model)
    drawn = {n_steps: from_map(model.sample(N_SLOW, rng, n_steps=n_steps)) for n_steps in (256, 64)}
    return {
        **_nats("bound", lambda pixels: model.elbo(to_indices(pixels), rng, n_draws=4)),
        **_rules(drawn[256]),
        "rule 1, 64 steps": _rules(drawn[64])["rule 1"],
    }


def _score_gan_planet_pixel(model: GAN) -> dict[str, float]:
    return _rules(from_floats(model.sample(N_SAMPLES, _rng(model))))


RECIPES = {
    "nade_mnist": Recipe(
        lambda: NADE(n_features=784, n_hidden=500, seed=SEED),
        _binarized_mnist,
        dict(epochs=50, batch_size=100, lr=1e-3),
        _score_mnist,
    ),
    "nade_planet_pixel": Recipe(
        lambda: NADE(n_features=8192, n_hidden=200, seed=SEED),
        _planet_pixel(to_bits),
        dict(epochs=150, batch_size=50, lr=5e-3, weight_decay=0.1, warm_up=50, average=0.99),
        _score_planet_pixel(to_bits, from_bits),
    ),
    "pixelrnn_row_planet_pixel": Recipe(
        lambda: PixelRNN("row_lstm", n_channels=1, n_embedding=16, n_features=32, dropout=0.1, seed=SEED),
        _planet_pixel(to_map),
        dict(epochs=40, batch_size=16, lr=6e-3, weight_decay=0.1, clip=100, warm_up=50, average=0.99),
        _score_planet_pixel(to_map, from_map),
    ),
    "pixelrnn_diagonal_planet_pixel": Recipe(
        lambda: PixelRNN("diagonal_bilstm", n_channels=1, n_embedding=16, n_features=32, dropout=0.1, seed=SEED),
        _planet_pixel(to_map),
        dict(epochs=64, batch_size=16, lr=6e-3, weight_decay=0.1, clip=100, warm_up=50, average=0.99),
        _score_planet_pixel(to_map, from_map),
    ),
    "vae_planet_pixel": Recipe(
        lambda: VAE(1024, 12, "categorical", "convolutional", n_values=256, uniform=1e-4, n_components=200, seed=SEED),
        _planet_pixel(to_indices),
        dict(epochs=200, batch_size=20, lr=2e-3, weight_decay=0.05, warm_up=50, average=0.99),
        _score_vae_planet_pixel,
        lambda model, train: model.fit_prior(train, torch.Generator().manual_seed(SEED)),
    ),
    "vae_flow_planet_pixel": Recipe(
        lambda: VAE(
            1024,
            12,
            "categorical",
            "convolutional",
            n_values=256,
            uniform=1e-4,
            prior=RealNVP(12, n_couplings=8, n_hidden=128, seed=SEED),
            together=True,
            seed=SEED,
        ),  # fmt: skip
        _planet_pixel(to_indices),
        dict(epochs=200, batch_size=20, lr=2e-3, weight_decay=0.1, warm_up=50, average=0.99),
        _score_vae_planet_pixel,
    ),
    "transformer_planet_pixel": Recipe(
        _transformer,
        _planet_pixel(to_indices),
        dict(epochs=90, batch_size=32, lr=3e-3, weight_decay=0.1, clip=20, warm_up=100, average=0.99),
        _score_planet_pixel(to_indices, from_map),
    ),
    "masked_diffusion_planet_pixel": Recipe(
        lambda: MaskedDiffusion(256, 32, n_channels=32, dropout=0.1, seed=SEED),
        _planet_pixel(to_indices),
        dict(epochs=100, batch_size=16, lr=3e-3, weight_decay=0.05, warm_up=100, average=0.995),
        _score_masked_diffusion,
    ),
    "latent_diffusion_planet_pixel": Recipe(
        lambda: Diffusion(12, n_hidden=256, n_layers=4, n_classes=len(COLOURS) + 1, standardise=True, seed=SEED),
        _codes_and_hair,
        dict(epochs=200, batch_size=100, lr=2e-3, weight_decay=0.05, clip=10, warm_up=100, average=0.999),
        _score_latent_diffusion,
    ),
    "gan_planet_pixel": Recipe(
        lambda: GAN(3072, 16, "convolutional", r1=0.5, beta1=0.0, seed=SEED),
        lambda: (to_floats(load_planet_pixel("train").pixels), None),
        dict(epochs=1300, batch_size=40, lr=3e-4, discriminator_lr=1e-3),
        _score_gan_planet_pixel,
    ),
}


def fingerprint(model: DeepModel, settings: dict[str, Any], *data: torch.Tensor) -> str:
    """Return a hash of all that a training follows from: the untrained model, its settings, the data, seed and PyTorch."""
    facts = [type(model).__name__, model.arguments, settings, SEED, torch.__version__]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for tensor in *model.state_dict().values(), *data:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy())
    return digest.hexdigest()[:16]


def pretrain(name: str, device: str = "auto", epochs: int | None = None) -> dict[str, float]:
    """Train RECIPES[name], or go on with it, write data/checkpoints/name.safetensors, and return its score."""
    recipe = RECIPES[name]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    settings = recipe.settings | ({} if epochs is None else {"epochs": epochs})
    states = files.cache() / "pretrain"
    states.mkdir(parents=True, exist_ok=True)
    train, validation = recipe.data()
    watched = {} if validation is None else {"validation": validation}
    model = recipe.model()
    state = states / f"{name}-{fingerprint(model, settings, train, *watched.values())}.pt"
    model.to(device).fit(train, rng=torch.Generator().manual_seed(SEED), state=state, **settings, **watched)
    model.half().float()
    recipe.finish(model, train)
    model.half().float()
    score = {what: round(value, 4) for what, value in recipe.score(model).items()}
    files.CHECKPOINTS.mkdir(exist_ok=True)
    save_checkpoint(
        model.half(),
        files.CHECKPOINTS / f"{name}.safetensors",
        command=f"python -m course_utils.pretrain {name}" + (f" --epochs {epochs}" if epochs else ""),
        seed=SEED,
        settings=settings,
        best_epoch=min(model.history, key=lambda r: r.get("validation", -r["epoch"]))["epoch"],
        seconds=round(sum(r["seconds"] for r in model.history)),
        device=f"{device}, {torch.get_num_threads()} threads" if device == "cpu" else torch.cuda.get_device_name(),
        torch=torch.__version__,
        date=datetime.date.today().isoformat(),
        history=[{what: round(value, 3) for what, value in record.items()} for record in model.history],
        score=score,
    )
    state.unlink()
    return score


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.pretrain", description=__doc__.split("\n")[0])
    known = [*RECIPES, *STUDIES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=" · ".join(known))
    parser.add_argument("--all", action="store_true", help="train all of them, one after the other: hours")
    parser.add_argument("--device", default="auto", help="cpu, cuda, …; auto takes a GPU where there is one")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's own number")
    args = parser.parse_args()
    names = list(known) if args.all else args.names
    if not names or not set(names) <= set(known):
        parser.error(f"choose from {', '.join(known)}, or --all; got {' '.join(names) or 'nothing'}")
    for name in names:
        score = run_study(name) if name in STUDIES else pretrain(name, args.device, args.epochs)
        print(f"{name}: {score}", file=sys.stdout, flush=True)


if __name__ == "__main__":
    main()
