"""The painters of Planet Pixel: every model of the course that has learnt its faces, behind the same two questions.

What each model speaks (bits, colours, floats, palette numbers) is translated here, so that lessons 16 and 17 can ask all of them for
pictures and for log p(x) of the same faces.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils import files
from course_utils.datasets import encodings
from course_utils.datasets.planet_pixel import PlanetPixel, load_planet_pixel, planet_pixel_distribution
from course_utils.evaluation import Surprise, surprise
from course_utils.models import CategoricalMixture, NaiveBayes, load_checkpoint

COLOURS, PIXELS = 256, 1024


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


class MarkovChain:
    """Lesson 10's chain over the colours: p(x_i | x_{i−1}), a table for each place, counted with a pseudo-count alpha.

    The default alpha is the best of 0.1, 0.01, …, 0.00001 for the validation faces, as lesson 10 chooses it.
    """

    def __init__(self, training: NDArray, alpha: float = 0.0001) -> None:
        self.training, self.alpha = training, alpha

    def _before(self, x: NDArray, i: int) -> NDArray:
        return x[:, i - 1].astype(int) if i else np.zeros(len(x), dtype=int)

    def log_prob(self, x: NDArray) -> NDArray[np.float64]:
        """Return log p(x) (N,) in nats of palette numbers (N, 1024)."""
        log_p = np.zeros(len(x))
        for i in range(PIXELS):
            pairs = np.bincount(COLOURS * self._before(self.training, i) + self.training[:, i], minlength=COLOURS**2)
            pairs, last = pairs.reshape(COLOURS, COLOURS), self._before(x, i)
            log_p += np.log(pairs[last, x[:, i]] + self.alpha)
            log_p -= np.log(pairs.sum(axis=1)[last] + COLOURS * self.alpha)
        return log_p

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Draw n pictures (n, 1024), pixel by pixel."""
        x = np.zeros((n, PIXELS), dtype=np.uint8)
        for i in range(PIXELS):
            before, last = self._before(self.training, i), self._before(x, i)
            for colour in np.unique(last):
                rows, like = np.flatnonzero(last == colour), self.training[before == colour, i]
                chance = COLOURS * self.alpha / (len(like) + COLOURS * self.alpha)  # of any colour at all
                lost = rng.uniform(size=len(rows)) < chance
                x[rows, i] = rng.choice(like, len(rows)) if len(like) else 0
                x[rows[lost], i] = rng.integers(COLOURS, size=lost.sum())
        return x


def painters(training: PlanetPixel) -> dict[str, Painter]:
    """Return the painters by name. Three are counted or fitted to the training set in seconds, the others are checkpoints.

    The VAE appears twice. "VAE" draws z and then x from p(x|z): that is the model whose bound log_prob gives. "VAE, likeliest x"
    shows for each z the likeliest picture: a function of noise, without a density, as a GAN is.
    """
    pixels, n_tables = training.pixels, PIXELS * (COLOURS - 1)
    mixture = CategoricalMixture(60, [COLOURS] * PIXELS).fit(pixels, rng=np.random.default_rng(0))
    found = {
        "Naive Bayes": _counted(NaiveBayes([COLOURS] * PIXELS, alpha=0.001).fit(pixels), n_tables),
        "Markov chain": _counted(MarkovChain(pixels), (1 + COLOURS * (PIXELS - 1)) * (COLOURS - 1)),
        "mixture of 60": _counted(mixture, 60 * n_tables + 59, "one of 60"),
    }
    for name, file, encode, decode in [
        ("NADE", "nade", encodings.to_bits, encodings.from_bits),
        ("Row LSTM", "pixelrnn_row", encodings.to_rgb, encodings.from_rgb),
        ("Diagonal", "pixelrnn_diagonal", encodings.to_rgb, encodings.from_rgb),
    ]:
        model = load_checkpoint(f"{file}_planet_pixel")
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
    return sum(weights.numel() for weights in model.parameters())


def _draw(model, decode, n: int, seed: int = 0, **how) -> NDArray[np.uint8]:
    return _in_colour(decode(model.sample(n, torch.Generator().manual_seed(seed), **how)))


def _log_prob(model, encode, pixels: NDArray) -> NDArray[np.float64]:
    return model.log_prob(encode(pixels)).double().numpy()


def _elbo(model, pixels: NDArray, noise: torch.Generator | None = None) -> NDArray[np.float64]:
    noise = noise or torch.Generator().manual_seed(0)
    return model.elbo(encodings.to_indices(pixels), noise).double().numpy()


def _rounded(x: torch.Tensor) -> NDArray[np.uint8]:
    return np.rint(255 * encodings.from_floats(x)).astype(np.uint8)


def _in_colour(pictures: NDArray) -> NDArray[np.uint8]:
    """Return palette numbers (N, 1024) as colours (N, 32, 32, 3); what has colours stays."""
    if pictures.ndim == 4:
        return pictures
    return planet_pixel_distribution().palette[pictures].reshape(-1, 32, 32, 3)


SURPRISE = files.CHECKPOINTS / "surprise.json"


def stored_surprise() -> dict[str, Surprise]:
    """Return what `surprise` finds for the deep painters with a density (for the VAE bounds), by name.

    For the slow ones it is a minute's sum over all 3,552 faces: `python -m course_utils.painters` takes it once and writes it down.
    """
    return {name: Surprise(**found) for name, found in json.loads(SURPRISE.read_text(encoding="utf-8")).items()}


def main() -> None:
    """Write SURPRISE anew, from the checkpoints."""
    training, found = load_planet_pixel("train"), {}
    for name, painter in painters(training).items():
        if name in ("NADE", "Row LSTM", "Diagonal", "VAE"):
            log_prob = painter.log_prob
            if name == "VAE":  # each batch of faces with noise of its own
                log_prob = partial(log_prob, noise=torch.Generator().manual_seed(0))
            found[name] = {key: round(value, 4) for key, value in vars(surprise(log_prob, training)).items()}
            print(name, found[name], flush=True)
    with files.in_one_step(SURPRISE) as part:
        part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
