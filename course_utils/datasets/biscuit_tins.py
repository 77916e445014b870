"""Biscuit tins: grey pictures of cylinders that differ in two numbers only, their height and their width."""

from dataclasses import dataclass

import numpy as np

SIZE = 32  # pixels on each side
HEIGHTS = (5.0, 20.0)  # of the tins, in pixels, from the shortest to the tallest
WIDTHS = (8.0, 28.0)
FINE = 4  # each pixel is the mean of FINE × FINE points, so that edges are smooth


@dataclass(frozen=True)
class BiscuitTins:
    """N tins: images (N, 32, 32) in [0, 1], 0 for black; heights (N,) and widths (N,) in pixels."""

    images: np.ndarray
    heights: np.ndarray
    widths: np.ndarray


def draw_biscuit_tins(heights: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Draw a tin for each height and width (N,) in pixels; returns images (N, 32, 32) in [0, 1].

    Raises ValueError if heights and widths differ in length, or do not lie within HEIGHTS and WIDTHS.
    """
    heights, widths = np.atleast_1d(heights).astype(float), np.atleast_1d(widths).astype(float)
    if heights.ndim != 1 or heights.shape != widths.shape:
        raise ValueError(
            f"heights and widths must be two arrays (N,) of the same length, got {heights.shape} and {widths.shape}"
        )
    for name, values, (low, high) in (("heights", heights, HEIGHTS), ("widths", widths, WIDTHS)):
        if not ((low <= values) & (values <= high)).all():
            raise ValueError(
                f"{name} must lie between {low:g} and {high:g} pixels, got {values.min():g} to {values.max():g}"
            )
    points = (np.arange(SIZE * FINE) + 0.5) / FINE
    y, x = points[:, None], points[None, :] - SIZE / 2
    images = np.empty((len(heights), SIZE, SIZE), dtype=np.float32)
    for i, (height, width) in enumerate(zip(heights, widths)):
        across = x / (width / 2)  # −1 at the left side of the tin, 1 at its right side
        depth = 0.13 * width * np.sqrt(np.clip(1 - across**2, 0, None))  # of the round lid, seen from above
        bottom = SIZE - 5.0
        side = (np.abs(across) <= 1) & (y >= bottom - height) & (y <= bottom + depth)
        lid = np.abs(y - (bottom - height)) <= depth
        shade = 0.35 + 0.3 * np.cos(1.3 * across + 0.6)  # light from the left
        fine = np.where(lid, 0.8, np.where(side, shade, 0.97))
        images[i] = fine.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))
    return images


def load_biscuit_tins() -> BiscuitTins:
    """Draw 1,000 tins, heights and widths uniform and independent; the same ones at each call."""
    rng = np.random.default_rng(7)
    heights, widths = rng.uniform(*HEIGHTS, size=1000), rng.uniform(*WIDTHS, size=1000)
    return BiscuitTins(draw_biscuit_tins(heights, widths), heights, widths)
