"""What lesson 07's autoencoder makes of the biscuit tins: two numbers for each, and the decoder that draws them, in NumPy."""

from dataclasses import dataclass

import numpy as np

from course_utils.datasets.biscuit_tins import SIZE
from course_utils.files import read_arrays

FILE = "tin_codes.npz"  # the codes, and the weights (outputs, inputs) and biases of the decoder's layers; 16-bit floats
LAYERS = (2, 128, 128, SIZE * SIZE)  # the numbers that go into and come out of the decoder's layers


@dataclass(frozen=True)
class TinCodes:
    """The codes z (1000, 2) of load_biscuit_tins(), in its order, and the decoder's layers: weights (out, in), biases (out,)."""

    z: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode places (N, 2) of the latent plane; returns pictures (N, 32, 32) in [0, 1], 0 for black.

        Raises ValueError for another shape.
        """
        h = np.asarray(z, dtype=np.float32)
        if h.ndim != 2 or h.shape[1] != LAYERS[0]:
            raise ValueError(f"z must be (N, 2) numbers, got {h.shape}")
        for number, (weights, biases) in enumerate(self.layers, start=1):
            a = h @ weights.T + biases
            h = 1 / (1 + np.exp(-np.clip(a, -80, 80)))  # the sigmoid, for the last layer
            if number < len(self.layers):
                h = a * h  # SiLU
        return h.reshape(-1, SIZE, SIZE)


def load_tin_codes() -> TinCodes:
    """Load the codes and the decoder that lesson 07 trains.

    Raises FileNotFoundError or ValueError, with what to do, if the data file is missing or damaged.
    """
    shapes = {"z": (1000, LAYERS[0])}
    for number, (n, m) in enumerate(zip(LAYERS, LAYERS[1:]), start=1):
        shapes |= {f"weights{number}": (m, n), f"biases{number}": (m,)}
    arrays = {name: array.astype(np.float32) for name, array in read_arrays(FILE, shapes).items()}
    layers = tuple((arrays[f"weights{k}"], arrays[f"biases{k}"]) for k in range(1, len(LAYERS)))
    return TinCodes(arrays["z"].astype(float), layers)
