"""The painters of Planet Pixel: every model of the course that has learnt its faces, behind the same two questions.

What each model speaks (bits, colours, floats, palette numbers) is translated here, so that lessons 19 and 20 can ask all of them for
pictures and for log p(x) of the same faces.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils.datasets import encodings
from course_utils.datasets.planet_pixel import PlanetPixel, planet_pixel_distribution
from course_utils.evaluation import Surprise
from course_utils.models import CategoricalMixture, MarkovChain, NaiveBayes, load_checkpoint
from course_utils.models.deep import checkpoint_facts

COLOURS, PIXELS = 256, 1024
DEEP = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae"}
MARKOV_ALPHA = 0.0001  # the best of 0.1, 0.01, …, 0.00001 for the validation faces, as lesson 10 chooses it


@dataclass(frozen=True)
class Painter:
    """One model of Planet Pixel.

    paint(n, seed=0) → n pictures (n, 32, 32, 3) uint8. log_prob(pixels), palette numbers (N, 1024) → log p(x) (N,) in nats; None
    without a density. density: "exact", "bound" (log_prob is the ELBO, from one draw of z for each picture) or "none".
    n_parameters: how many free numbers were fitted. latent: what its z is, or "none".
    """

    paint: Callable[..., NDArray[np.uint8]]
    log_prob: Callable[[NDArray], NDArray[np.float64]] | None
    density: str
    n_parameters: int
    latent: str = "none"


def painters(training: PlanetPixel) -> dict[str, Painter]:
    """Return the painters by name. Three are counted or fitted to the training set in seconds, the others are checkpoints.

    The VAE appears twice. "VAE" draws z and then x from p(x|z): that is the model whose bound log_prob gives. "VAE, likeliest x"
    shows for each z the likeliest picture: a function of noise, without a density, as a GAN is.
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
    for name, encode, decode in [
        ("NADE", encodings.to_bits, encodings.from_bits),
        ("Row LSTM", encodings.to_map, encodings.from_map),
        ("Diagonal", encodings.to_map, encodings.from_map),
    ]:
        model = load_checkpoint(f"{DEEP[name]}_planet_pixel")
        found[name] = Painter(partial(_draw, model, decode), partial(_log_prob, model, encode), "exact", _size(model))
    vae, gan = load_checkpoint("vae_planet_pixel"), load_checkpoint("gan_planet_pixel")
    found["VAE"] = Painter(partial(_draw, vae, np.asarray), partial(_elbo, vae), "bound", _size(vae), "12 numbers")
    likeliest = partial(_draw, vae, np.asarray, temperature=0)
    found["VAE, likeliest x"] = Painter(likeliest, None, "none", _size(vae), "12 numbers")
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


def _size(model: torch.nn.Module) -> int:
    """Return how many numbers were fitted: the parameters, and those of a VAE's mixture, whose covariances are symmetric."""
    numbers = sum(weights.numel() for weights in model.parameters())
    if getattr(model, "prior", None) is not None:
        K, d = model.prior.means.shape
        numbers += K - 1 + K * d + K * d * (d + 1) // 2
    return numbers


def _draw(model, decode, n: int, seed: int = 0, **how) -> NDArray[np.uint8]:
    return _in_colour(decode(model.sample(n, torch.Generator().manual_seed(seed), **how)))


def _log_prob(model, encode, pixels: NDArray) -> NDArray[np.float64]:
    return model.log_prob(encode(pixels)).double().numpy()


def _elbo(model, pixels: NDArray) -> NDArray[np.float64]:
    return model.elbo(encodings.to_indices(pixels), torch.Generator().manual_seed(0)).double().numpy()


def _rounded(x: torch.Tensor) -> NDArray[np.uint8]:
    return np.rint(255 * encodings.from_floats(x)).astype(np.uint8)


def _in_colour(pictures: NDArray) -> NDArray[np.uint8]:
    """Return palette numbers (N, 1024) as colours (N, 32, 32, 3); what has colours stays."""
    if pictures.ndim == 4:
        return pictures
    return planet_pixel_distribution().palette[pictures].reshape(-1, 32, 32, 3)


def stored_surprise() -> dict[str, Surprise]:
    """Return what `surprise` finds for the deep painters with a density (for the VAE bounds), by name.

    It is the sum over all 3,552 faces, which takes up to a minute each, so their checkpoints say it in their headers. The
    VAE's p_faces is nan: exp of a bound that is estimated from one z is no bound.
    """
    found = {}
    for name, file in DEEP.items():
        score = checkpoint_facts(f"{file}_planet_pixel")["score"]
        nats = score["bound" if name == "VAE" else "nats"]
        p_faces = math.nan if name == "VAE" else score["p(faces)"]
        found[name] = Surprise(nats, score["training faces"], score["other faces"], p_faces)
    return found
