"""A face of Planet Pixel in the forms that models take: palette numbers, colours, bits; and back."""

import numpy as np
import torch

from course_utils.datasets.planet_pixel import load_planet_pixel


def to_indices(pixels: np.ndarray) -> torch.Tensor:
    """Return palette numbers (N, 1024) as a tensor of whole numbers."""
    return torch.from_numpy(pixels.astype(np.int64))


def to_map(pixels: np.ndarray) -> torch.Tensor:
    """Return palette numbers (N, 1024) as pictures of one channel (N, 1, 32, 32)."""
    return to_indices(pixels).view(-1, 1, 32, 32)


def from_map(x: torch.Tensor) -> np.ndarray:
    """Return the palette numbers (N, 1024) uint8 of pictures (N, 1, 32, 32)."""
    return x.flatten(1).cpu().numpy().astype(np.uint8)


def to_rgb(pixels: np.ndarray) -> torch.Tensor:
    """Return palette numbers (N, 1024) as colours (N, 3, 32, 32) uint8."""
    palette = load_planet_pixel("train").palette
    return torch.from_numpy(palette[pixels].reshape(-1, 32, 32, 3)).permute(0, 3, 1, 2).contiguous()


def from_rgb(x: torch.Tensor) -> np.ndarray:
    """Return the pictures (N, 32, 32, 3) uint8 from colours (N, 3, 32, 32)."""
    return x.permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)


def to_floats(pixels: np.ndarray) -> torch.Tensor:
    """Return palette numbers (N, 1024) as colours (N, 3, 32, 32) in [0, 1]."""
    return to_rgb(pixels).float() / 255


def from_floats(x: torch.Tensor) -> np.ndarray:
    """Return the pictures (N, 32, 32, 3) in [0, 1] from colours (N, 3, 32, 32)."""
    return x.permute(0, 2, 3, 1).cpu().numpy()


def to_bits(pixels: np.ndarray) -> torch.Tensor:
    """Return palette numbers (N, 1024) as their binary digits (N, 8192), the highest of each first."""
    return torch.from_numpy(np.unpackbits(pixels, axis=1))


def from_bits(bits: torch.Tensor) -> np.ndarray:
    """Return the palette numbers (N, 1024) uint8 that to_bits has taken apart."""
    return np.packbits(bits.cpu().numpy().astype(np.uint8), axis=1)
