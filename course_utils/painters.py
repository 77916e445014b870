"""The painters of Planet Pixel: every model of the course that has learnt its faces, behind the same two questions.

What each model speaks (bits, colours, floats, palette numbers) is translated here, so that lessons 19 and 20 can ask all of them for
pictures and for log p(x) of the same faces.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils.datasets import encodings
from course_utils.datasets.planet_pixel import PlanetPixel, planet_pixel_distribution
from course_utils.evaluation import Surprise
from course_utils.models import VAE, CategoricalMixture, DeepModel, MarkovChain, NaiveBayes, load_checkpoint
from course_utils.models.deep import checkpoint_facts
from course_utils.models.vae import MixturePrior

COLOURS, PIXELS = 256, 1024
FILES = {
    "NADE": "nade_planet_pixel",
    "Row LSTM": "pixelrnn_row_planet_pixel",
    "Diagonal": "pixelrnn_diagonal_planet_pixel",
    "Transformer": "transformer_planet_pixel",
    "Masked diffusion": "masked_diffusion_planet_pixel",
    "VAE": "vae_planet_pixel",
    "VAE, flow": "vae_flow_planet_pixel",
    "Latent diffusion": "latent_diffusion_planet_pixel",
    "GAN": "gan_planet_pixel",
}  # of the painters that are trained: what load_checkpoint takes
STEPS = 256  # of masked diffusion, in which the header's pictures were drawn
MARKOV_ALPHA = 0.0001  # the best of 0.1, 0.01, …, 0.00001 for the validation faces, as lesson 10 chooses it


@dataclass(frozen=True)
class Painter:
    """One model of Planet Pixel.

    paint(n, seed=0) → n pictures (n, 32, 32, 3) uint8. log_prob(pixels), palette numbers (N, 1024) → log p(x) (N,) in nats; None
    without a density. density: "exact"; "bound", where log_prob is at most log p(x), for an ELBO in expectation, from one
    draw for each picture, or four of masked diffusion; or "none". n_parameters: how many free numbers were fitted. latent: what its z is, or "none".
    """

    paint: Callable[..., NDArray[np.uint8]]
    log_prob: Callable[[NDArray], NDArray[np.float64]] | None
    density: str
    n_parameters: int
    latent: str = "none"


def painters(training: PlanetPixel) -> dict[str, Painter]:
    """Return the painters by name. Three are counted or fitted to the training set in seconds, the others are checkpoints.

    The Transformer's log_prob is that of a picture's canonical tokens. It may also draw the picture by other tokens, so that is a lower
    bound of log p(x). Masked diffusion's is the mean over all orders of the pixels, one after the other; paint(n, seed, n_steps=256)
    tells several at a time. The VAE appears twice. "VAE" draws z and then x from p(x|z): that is the model whose bound log_prob gives.
    "VAE, likeliest x" shows for each z the likeliest picture: a function of noise, without a density, as a GAN is.
    "Latent diffusion" draws its z for the decoder of "VAE, flow", in 50 steps and without a label.
    """
    pixels, n_tables = training.pixels, PIXELS * (COLOURS - 1)
    mixture = CategoricalMixture(60, [COLOURS] * PIXELS).fit(pixels, rng=np.random.default_rng(0))
    found = {
        "Naive Bayes": _counted(NaiveBayes([COLOURS] * PIXELS, alpha=0.001).fit(pixels), n_tables),
        "Markov chain": _counted(
            MarkovChain(COLOURS, alpha=MARKOV_ALPHA).fit(pixels), (1 + COLOURS * (PIXELS - 1)) * (COLOURS - 1)
        ),
        "mixture of 60": _counted(mixture, 60 * n_tables + 59, "one of 60"),
    }
    trained = {name: load_checkpoint(file) for name, file in FILES.items()}
    for name, encode, decode in [
        ("NADE", encodings.to_bits, encodings.from_bits),
        ("Row LSTM", encodings.to_map, encodings.from_map),
        ("Diagonal", encodings.to_map, encodings.from_map),
        ("Transformer", encodings.to_indices, encodings.from_map),
    ]:
        model, density = trained[name], "bound" if name == "Transformer" else "exact"
        found[name] = Painter(partial(_draw, model, decode), partial(_log_prob, model, encode), density, _size(model))
    masked, gan = trained["Masked diffusion"], trained["GAN"]
    found["Masked diffusion"] = Painter(
        partial(_draw, masked, np.asarray, n_steps=STEPS), partial(_elbo, masked, n_draws=4), "bound", _size(masked)
    )
    for name in ("VAE", "VAE, flow"):
        found[name] = _with_latent(trained[name])
    found["Latent diffusion"] = _with_latent(trained["VAE, flow"].with_prior(trained["Latent diffusion"]))
    likeliest = partial(_draw, trained["VAE"], np.asarray, temperature=0)
    found["VAE, likeliest x"] = replace(found["VAE"], paint=likeliest, log_prob=None, density="none")
    found["GAN"] = Painter(partial(_draw, gan, _rounded), None, "none", _size(gan), "16 numbers")
    return found


def visitors(training: PlanetPixel) -> dict[str, Painter]:
    """Return two more who paint and have learnt nothing: "p_data", and a "photocopier" of the training pictures."""
    p_data = planet_pixel_distribution()
    number = {face.tobytes(): i for i, face in enumerate(p_data.pixels)}
    copies = np.bincount([number[face.tobytes()] for face in training.pixels], minlength=len(p_data.pixels))

    def log_prob(probabilities: NDArray, pixels: NDArray) -> NDArray[np.float64]:
        rows = [number.get(np.asarray(x, dtype=np.uint8).tobytes(), -1) for x in pixels]  # −1: no face
        with np.errstate(divide="ignore"):
            return np.log(np.append(probabilities, 0)[rows])

    def paint(probabilities: NDArray, n: int, seed: int = 1) -> NDArray[np.uint8]:
        return _in_colour(p_data.pixels[np.random.default_rng(seed).choice(len(p_data.pixels), n, p=probabilities)])

    shares = {"p_data": p_data.probabilities, "photocopier": copies / copies.sum()}
    return {name: Painter(partial(paint, p), partial(log_prob, p), "exact", len(p) - 1) for name, p in shares.items()}


def _counted(model, n_parameters: int, latent: str = "none") -> Painter:
    def paint(n: int, seed: int = 0) -> NDArray[np.uint8]:
        return _in_colour(model.sample(n, np.random.default_rng(seed)))

    return Painter(paint, model.log_prob, "exact", n_parameters, latent)


def _with_latent(vae: VAE) -> Painter:
    return Painter(partial(_draw, vae, np.asarray), partial(_elbo, vae), "bound", _size(vae), f"{vae.n_latent} numbers")


def _size(model: DeepModel) -> int:
    """Return how many numbers were fitted: the parameters, and those of a VAE's mixture, whose covariances are symmetric."""
    numbers = sum(weights.numel() for weights in model.parameters())
    prior = getattr(model, "prior", None)
    if isinstance(prior, MixturePrior):  # buffers; a flow or a diffusion has parameters, which are counted above
        K, d = prior.means.shape
        numbers += K - 1 + K * d + K * d * (d + 1) // 2
    return numbers


def _draw(model: DeepModel, decode: Callable, n: int, seed: int = 0, **how) -> NDArray[np.uint8]:
    return _in_colour(decode(model.sample(n, torch.Generator().manual_seed(seed), **how)))


def _log_prob(model: DeepModel, encode: Callable, pixels: NDArray) -> NDArray[np.float64]:
    return model.log_prob(encode(pixels)).double().numpy()


def _elbo(model: DeepModel, pixels: NDArray, **how) -> NDArray[np.float64]:
    return model.elbo(encodings.to_indices(pixels), torch.Generator().manual_seed(0), **how).double().numpy()


def _rounded(x: torch.Tensor) -> NDArray[np.uint8]:
    return np.rint(255 * encodings.from_floats(x)).astype(np.uint8)


def _in_colour(pictures: NDArray) -> NDArray[np.uint8]:
    """Return palette numbers (N, 1024) as colours (N, 32, 32, 3); what has colours stays."""
    if pictures.ndim == 4:
        return pictures
    return planet_pixel_distribution().palette[pictures].reshape(-1, 32, 32, 3)


def stored_surprise() -> dict[str, Surprise]:
    """Return what `surprise` finds for the trained painters with a density, by name; of those with a bound, bounds.

    It is the sum over all 3,552 faces, which takes up to minutes each, so their checkpoints say it in their headers. p_faces
    is nan where the bound is drawn by lot, as an ELBO is: the exp of an estimate is no bound.
    """
    found = {}
    for name, file in FILES.items():
        score = checkpoint_facts(file)["score"]
        nats = score.get("nats", score.get("bound"))
        if nats is not None:
            p_faces = score["p(faces)"] if "nats" in score else math.nan
            found[name] = Surprise(nats, score["training faces"], score["other faces"], p_faces)
    return found
