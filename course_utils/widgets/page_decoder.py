"""The decoder of a VAE or a GAN: the kernel can call it, and it can travel to a page that needs no kernel."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import GAN, VAE
from course_utils.models.networks import LEAK, Upwards


@dataclass(frozen=True, eq=False)
class PageDecoder:
    """Turns z (d,), the numbers of these latent dimensions, into a picture (H, W) or (H, W, 3) uint8."""

    model: VAE | GAN
    palette: np.ndarray | None
    dimensions: tuple[int, ...]

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return the picture, computed here, by torch; the other dimensions are 0."""
        z = np.asarray(z, dtype=float)
        if z.shape != (len(self.dimensions),) or not np.isfinite(z).all():
            raise ValueError(f"z must be ({len(self.dimensions)},) finite numbers, got {z}")
        codes = torch.zeros(1, self.model.n_latent, dtype=torch.float64)
        codes[0, list(self.dimensions)] = torch.from_numpy(z)
        x = self.model.decode(codes)[0].cpu()
        x = (x.permute(1, 2, 0) if isinstance(self.model, GAN) else x.view(math.isqrt(len(x)), -1)).numpy()
        if x.dtype == np.int64:
            return self.palette[x]
        x = x.clip(0, 1)
        if self.palette is None:
            return (255 * x).round().astype(np.uint8)
        return (self.palette[0] * (1 - x[..., None]) + self.palette[1] * x[..., None]).round().astype(np.uint8)

    def page(self) -> dict:
        """Return what page_decoder.js computes the picture from; `numbers` in 16 bits each if these hold them exactly.

        Of each layer, `numbers` has the matrix (blocks, channels, inputs), then the biases (1 or pixels, channels), with
        zeros that make channels and inputs multiples of 4. For a pixel there are 4 × 4 blocks, the taps of a transposed
        convolution with stride 2 and padding 1, cut to (side, side); or, if side is 0, one block for each pixel that
        follows from it. Between layers is a ReLU that leaks. The last channels up to `outputs` are levels from the first
        colour of the palette to the second, or their logits; or the place of the largest one is a colour's number.
        """
        vae = isinstance(self.model, VAE)
        side = math.isqrt(self.model.b.shape[1]) if vae else self.model.shape[1]
        layers = _layers(self.model.decoder if vae else self.model.generator[0], side**2)
        layers[0][1] = layers[0][1][..., list(self.dimensions)]
        if vae:
            layers[-1].append(self.model.b.T)
        described, parts = [], []
        for doubled_to, matrix, *biases in layers:
            channels, inputs = (-(-size // 4) * 4 for size in matrix.shape[1:])
            padded = [_pad(matrix, channels, inputs), *(_pad(bias, channels) for bias in biases)]
            sizes = [part.numel() for part in padded]
            described.append({"side": doubled_to, "channels": channels, "inputs": inputs, "sizes": sizes})
            parts += padded
        numbers = torch.cat([part.flatten() for part in parts]).detach().cpu().float()
        half = torch.equal(numbers.half().float(), numbers)
        return {
            "side": side,
            "layers": described,
            "leak": LEAK,
            "numbers": numbers.numpy().astype("<f2" if half else "<f4").tobytes(),
            "bits": 16 if half else 32,
            "outputs": layers[-1][1].shape[1],
            "head": {"gaussian": "level", "categorical": "number"}.get(self.model.likelihood, "logit")
            if vae
            else "logit",
            "palette": [0, 0, 0, 255, 255, 255] if self.palette is None else self.palette.flatten().tolist(),
        }


def page_decoder(
    model: VAE | GAN, palette: np.ndarray | None = None, dimensions: Sequence[int] | None = None
) -> PageDecoder:
    """Return the model's decoder, as it is now, for latent_explorer: (d,) array → picture (H, W) or (H, W, 3) uint8.

    A VAE's picture is what it decodes, square and in raster order. Categorical: the palette's colours, (n_values, 3)
    uint8. Bernoulli: the probability of a 1 from black to white, or from one colour of the palette (2, 3) to the other.
    Gaussian: the mean from black, 0, to white, 1. A GAN's picture has its own colours.
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
    colours = {"categorical": model.n_values, "bernoulli": 2}.get(model.likelihood) if isinstance(model, VAE) else None
    if palette is not None:
        palette = np.asarray(palette)
        if not colours or palette.shape != (colours, 3) or palette.dtype != np.uint8:
            wanted = f"({colours}, 3) uint8" if colours else "none"
            raise ValueError(f"palette must be {wanted} for this model, got {palette.dtype} {palette.shape}")
        palette = palette.copy()
    elif isinstance(model, VAE) and model.likelihood == "categorical":
        raise ValueError(f"palette must be ({colours}, 3) uint8 for this model, got none")
    chosen = tuple(range(model.n_latent)) if dimensions is None else tuple(int(k) for k in dimensions)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(model.n_latent)):
        raise ValueError(f"dimensions must be different numbers from 0 to {model.n_latent - 1}, got {dimensions}")
    return PageDecoder(copy.deepcopy(model), palette, chosen)


def _layers(network: nn.Module, pixels: int) -> list[list]:
    """Return [side, matrix, bias] of each layer as page() describes them; the last one's outputs have so many pixels."""
    if isinstance(network, Upwards):
        layers = _layers(network.first, network.sides[0] ** 2)
        for conv, bias, side in zip(network.convs, network.maps, network.sides[1:]):
            layers.append([side, conv.weight.permute(2, 3, 1, 0).flatten(0, 1), bias.flatten(1).T])
        return [*layers, [0, network.last.weight[None, :, :, 0, 0], network.last.bias[None]]]
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    blocks = [1] * (len(linear) - 1) + [pixels]
    return [
        [0, layer.weight.view(-1, n, layer.in_features).transpose(0, 1), layer.bias.view(-1, n).T]
        for layer, n in zip(linear, blocks)
    ]


def _pad(x: torch.Tensor, *sizes: int) -> torch.Tensor:
    """Return x with zeros at the ends of its last dimensions, up to these sizes."""
    missing = [size - now for size, now in zip(sizes, x.shape[-len(sizes) :])]
    return F.pad(x, [part for m in reversed(missing) for part in (0, m)])
