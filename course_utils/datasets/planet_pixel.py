"""Planet Pixel: faces of Wrodl as pictures of 32 × 32 pixels, with a p_data that is known exactly.

The five features are independent, with Wrodl's counts plus 1 for each value as their probabilities. Then the face is
drawn: 1,024 pixels, each one of 256 colours. Nobody sees the colour of hair that is not there, so the 4,032 styles
look like 3,552 different faces, and p_data is a distribution over these.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from course_utils.datasets.wrodl import WRODL_VALUES, load_wrodl, styles_table
from course_utils.files import read_arrays, read_data

if TYPE_CHECKING:
    import pandas as pd

FILE = "planet_pixel.npz"  # palette, faces, and the faces' numbers of each split
SPLITS = {"train": 2000, "validation": 500, "test": 1000}


@dataclass(frozen=True)
class PlanetPixel:
    """N pictures: pixels (N, 1024) uint8, row by row from the top, as numbers of colours in the palette (256, 3) uint8 RGB.

    The palette goes from dark to light, and its colours are distinct. `styles` has a row of five features for each
    picture, as load_wrodl() has; its hairColor is Black wherever its topType is NoHair.
    """

    pixels: np.ndarray
    palette: np.ndarray
    styles: "pd.DataFrame"

    def images(self) -> np.ndarray:
        """Return the pictures in RGB, (N, 32, 32, 3) uint8."""
        return self.palette[self.pixels].reshape(-1, 32, 32, 3)


@dataclass(frozen=True)
class PlanetPixelDistribution(PlanetPixel):
    """p_data: each of the 3,552 faces once, and probabilities (3552,)."""

    probabilities: np.ndarray

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n pictures from p_data, pixels (n, 1024) uint8."""
        return self.pixels[rng.choice(len(self.pixels), size=n, p=self.probabilities)]


def face_codes() -> np.ndarray:
    """Return the styles of the 3,552 faces as codes (3552, 5), each value's place in WRODL_VALUES, the last one running fastest.

    Of the styles that differ only in the colour of no hair, the one in the first colour stands for all.
    """
    codes = np.indices([len(values) for values in WRODL_VALUES.values()]).reshape(len(WRODL_VALUES), -1).T
    hair_color, top_type = codes[:, 3], codes[:, 4]
    no_hair = WRODL_VALUES["topType"].index("NoHair")
    return codes[(top_type != no_hair) | (hair_color == 0)]


def face_probabilities() -> np.ndarray:
    """Return p_data of the 3,552 faces, (3552,)."""
    return _probabilities(read_data("wrodl.csv")).copy()


@lru_cache(maxsize=1)
def _probabilities(content: bytes) -> np.ndarray:
    """Return p_data, computed once for each content of Wrodl's file."""
    counts = [column.value_counts(sort=False).to_numpy() for _, column in load_wrodl().items()]
    features = [(n + 1) / (n + 1).sum() for n in counts]  # a pseudo-count of 1 for each value
    factors = np.stack([p[code] for p, code in zip(features, face_codes().T)], axis=1)  # (3552, 5)
    no_hair = face_codes()[:, 4] == WRODL_VALUES["topType"].index("NoHair")
    factors[no_hair, 3] = 1  # one face stands for all hair colours
    return factors.prod(axis=1)


def _read() -> dict[str, np.ndarray]:
    """Return the arrays of the data file: palette, faces, and the splits; raises ValueError if it is damaged."""
    return {name: array.copy() for name, array in _unpacked(read_data(FILE)).items()}  # yours to write into


@lru_cache(maxsize=1)
def _unpacked(content: bytes) -> dict[str, np.ndarray]:
    """Return what _read does, unpacked once for each content of the file: all who paint or judge a face ask for it."""
    shapes = {"palette": (256, 3), "faces": (3552, 1024)} | {name: (n,) for name, n in SPLITS.items()}
    arrays = read_arrays(FILE, shapes)
    arrays["faces"] = np.ascontiguousarray(arrays["faces"])  # the file has it column by column, which is far smaller
    return arrays


def load_planet_pixel(split: str) -> PlanetPixel:
    """Load a fixed sample of p_data: "train" (2,000 pictures), "validation" (500) or "test" (1,000).

    Raises ValueError for another split, and FileNotFoundError or ValueError, with what to do, if the data file is
    missing or damaged.
    """
    if split not in list(SPLITS):
        raise ValueError(f"split must be one of {', '.join(map(repr, SPLITS))}, got {split!r}")
    arrays = _read()
    faces = arrays[split]
    return PlanetPixel(arrays["faces"][faces], arrays["palette"], styles_table(face_codes()[faces]))


def planet_pixel_distribution() -> PlanetPixelDistribution:
    """Load p_data itself, every face with its probability; raises as load_planet_pixel for the data file."""
    arrays = _read()
    return PlanetPixelDistribution(arrays["faces"], arrays["palette"], styles_table(face_codes()), face_probabilities())


def planet_pixel_entropy() -> float:
    """Return H(p_data) in nats: in expectation, no model needs fewer to describe a picture of Planet Pixel."""
    p = face_probabilities()
    return float(-(p * np.log(p)).sum())
