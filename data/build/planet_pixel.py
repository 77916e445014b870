"""Make data/planet_pixel.npz: the 3,552 faces of Planet Pixel, their palette, and three samples of p_data.

    python data/build/planet_pixel.py

It draws each face at 128 × 128 pixels and takes the mean of each 4 × 4 of them (a minute in all), finds 256 colours by
k-means, gives each pixel the nearest of them, and draws the samples with fixed seeds.
"""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin

from course_utils.avatars import draw_style
from course_utils.datasets.planet_pixel import SPLITS, face_codes, face_probabilities
from course_utils.datasets.wrodl import styles_table
from course_utils.files import in_one_step

TARGET = Path(__file__).resolve().parents[1] / "planet_pixel.npz"
LIGHTNESS = np.array([299, 587, 114])  # of red, green and blue (ITU-R BT.601)


def draw_faces() -> np.ndarray:
    """Return the faces in RGB, (3552, 1024, 3) uint8."""
    styles = styles_table(face_codes()).to_dict("records")
    print(f"Drawing {len(styles)} faces takes a minute …", flush=True)
    return np.stack([np.asarray(draw_style(style, 128).reduce(4)) for style in styles]).reshape(-1, 1024, 3)


def quantise(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a palette (256, 3) uint8 from dark to light, and the number of each pixel's nearest colour, uint8."""
    colours, inverse, counts = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    centres = KMeans(256, n_init=10, random_state=0).fit(colours, sample_weight=counts).cluster_centers_
    # rounded twice, so that a centre between two whole numbers falls to the same side on every computer
    palette = np.unique(centres.round(3).round().astype(np.uint8), axis=0)
    palette = palette[np.argsort(palette @ LIGHTNESS, kind="stable")]
    nearest = pairwise_distances_argmin(colours.astype(float), palette.astype(float)).astype(np.uint8)
    return palette, nearest[inverse].reshape(rgb.shape[:-1])


def main() -> None:
    palette, faces = quantise(draw_faces())
    if len(palette) != 256 or len(np.unique(faces, axis=0)) != len(faces):
        raise SystemExit("Two colours of the palette or two faces are the same. Another background or seed may help.")
    p = face_probabilities()
    samples = {
        split: np.random.default_rng(seed).choice(len(p), size=n, p=p).astype(np.uint16)
        for seed, (split, n) in enumerate(SPLITS.items())
    }
    # column by column: a pixel has the same colour in many faces that follow each other, and the file gets far smaller
    with in_one_step(TARGET) as part, open(part, "wb") as file:
        np.savez_compressed(file, palette=palette, faces=np.asfortranarray(faces), **samples)
    content = TARGET.read_bytes()
    print(f"{TARGET.name}: {len(content) // 1024} KB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
