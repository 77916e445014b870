"""The decoder of a VAE or a GAN: the kernel can call it, and it can travel to a page that computes it without a kernel."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from course_utils.models import GAN, VAE
from course_utils.models.networks import LEAK, Upwards


@dataclass(frozen=True, eq=False)
class PageDecoder:
    """Turns z (d,), the numbers of some latent dimensions, into a picture (H, W) or (H, W, 3) uint8; the others are 0."""

    model: VAE | GAN
    palette: np.ndarray | None
    dimensions: tuple[int, ...]

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return the picture, computed here, by torch."""
        z = np.asarray(z, dtype=float)
        if z.shape != (len(self.dimensions),) or not np.isfinite(z).all():
            raise ValueError(f"z must be ({len(self.dimensions)},) finite numbers, got {z}")
        codes = torch.zeros(1, self.model.n_latent, dtype=torch.float64)
        codes[0, list(self.dimensions)] = torch.from_numpy(z)
        x = self.model.decode(codes)[0].cpu()
        x = x.permute(1, 2, 0) if isinstance(self.model, GAN) else x.view(math.isqrt(len(x)), -1)
        return (255 * x.clamp(0, 1)).round().byte().numpy() if self.palette is None else self.palette[x.numpy()]

    def page(self) -> dict:
        """Return what page_decoder.js computes the picture from.

        layers: of each, `matrix` (rows, inputs), applied at each pixel, and the lengths of its `biases`, one number a
        channel or one a channel and pixel. If `side` is not 0, the rows are the 4 × 4 taps of each output channel, to
        be added up with stride 2 and padding 1 and cut to (side, side). Between layers is a ReLU that leaks. numbers:
        all of these in their order, in 16 bits each if that is exact. head: what the last outputs become: a picture of
        side × side pixels.
        """
        vae = isinstance(self.model, VAE)
        layers = _layers(self.model.decoder if vae else self.model.generator[0])
        layers[0][1][0] = layers[0][1][0][:, list(self.dimensions)]
        if vae:
            layers[-1][1].append(self.model.b)
        numbers = torch.cat([part.flatten() for _, parts in layers for part in parts]).detach().cpu().float()
        half = torch.equal(numbers.half().float(), numbers)
        return {
            "side": math.isqrt(self.model.b.shape[1]) if vae else self.model.shape[1],
            "layers": [{"side": side, "matrix": list(matrix.shape), "biases": [part.numel() for part in biases]}
                       for side, (matrix, *biases) in layers],
            "numbers": numbers.numpy().astype("<f2" if half else "<f4").tobytes(),
            "bits": 16 if half else 32,
            "leak": LEAK,
            "head": "palette" if self.palette is not None else "identity" if vae and self.model.likelihood == "gaussian" else "sigmoid",
            "palette": [] if self.palette is None else self.palette.flatten().tolist(),
        }  # fmt: skip


def page_decoder(
    model: VAE | GAN, palette: np.ndarray | None = None, dimensions: Sequence[int] | None = None
) -> PageDecoder:
    """Return the model's decoder, as it is now, for latent_explorer: (d,) array → picture (H, W) or (H, W, 3) uint8.

    A VAE's picture is the most likely x for z, square and in raster order: grey, or the palette's colours (n_values, 3)
    uint8 if the likelihood is categorical; a Bernoulli's grey is the probability of a 1. A GAN's has its own colours.
    dimensions: which latent dimensions z sets, from 0 upwards, while the others are 0; by default all of them.
    Raises ValueError for a model that makes no picture, or a palette or dimensions that do not fit it.
    """
    if not isinstance(model, VAE | GAN):
        raise ValueError(f"model must be a VAE or a GAN, got {type(model).__name__}")
    arguments = model.arguments
    D = arguments["n_features"]
    if isinstance(model, GAN) and arguments["architecture"] == "mlp":
        raise ValueError(f"a GAN of the architecture 'mlp' makes {D} real numbers and no picture")
    if isinstance(model, VAE) and math.isqrt(D) ** 2 != D:
        raise ValueError(f"a picture needs n_features = side², got a VAE of {D} features")
    shape = (model.n_values, 3) if isinstance(model, VAE) and model.likelihood == "categorical" else None
    if palette is not None:
        palette = np.array(palette)
    if (None if palette is None else palette.shape) != shape or shape and palette.dtype != np.uint8:
        came = "none" if palette is None else f"{palette.dtype} {palette.shape}"
        raise ValueError(f"palette must be {f'uint8 {shape}' if shape else 'none'} for this model, got {came}")
    chosen = tuple(range(model.n_latent)) if dimensions is None else tuple(int(k) for k in dimensions)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(model.n_latent)):
        raise ValueError(f"dimensions must be different numbers from 0 to {model.n_latent - 1}, got {dimensions}")
    return PageDecoder(copy.deepcopy(model), palette, chosen)


def _layers(network: nn.Module) -> list[tuple[int, list[torch.Tensor]]]:
    """Return of each layer the side to which it doubles the picture, or 0, its matrix (rows, inputs) and its bias."""
    if not isinstance(network, Upwards):
        return [(0, [layer.weight, layer.bias]) for layer in network if isinstance(layer, nn.Linear)]
    return [
        *_layers(network.first),
        *((side, [conv.weight.flatten(1).T, bias]) for conv, bias, side in zip(network.convs, network.maps, network.sides[1:])),
        (0, [network.last.weight.flatten(1), network.last.bias]),
    ]  # fmt: skip
