"""Make data/wrodl.csv: 50 faces that agree with what is known of them.

    python data/build/wrodl.py

Known are the first ten faces and how often each value occurs (Foster 2019, Generative Deep Learning, Tables 1-1 and
1-2), that one style occurs twice, and that the same style in Blue01 does not occur. The other 40 faces are left open:
the values that remain are dealt out by chance, with a fixed seed.
"""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np

from course_utils.files import in_one_step

TARGET = Path(__file__).resolve().parents[1] / "wrodl.csv"
SEED = 1

FIRST_TEN = [
    ("Round", "White", "ShirtScoopNeck", "Red", "ShortHairShortFlat"),
    ("Round", "White", "Overall", "SilverGray", "ShortHairFrizzle"),
    ("Sunglasses", "White", "ShirtScoopNeck", "Blonde", "ShortHairShortFlat"),
    ("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight"),
    ("Round", "White", "Overall", "SilverGray", "NoHair"),
    ("Blank", "White", "Overall", "Black", "LongHairStraight"),
    ("Sunglasses", "White", "Overall", "SilverGray", "LongHairStraight"),
    ("Round", "White", "ShirtScoopNeck", "SilverGray", "ShortHairShortFlat"),
    ("Round", "Pink", "Hoodie", "SilverGray", "LongHairStraight"),
    ("Round", "PastelOrange", "ShirtScoopNeck", "Blonde", "LongHairStraight"),
]
COUNTS = {
    "accessoriesType": {"Blank": 11, "Round": 22, "Sunglasses": 17},
    "clothingColor": {
        "Black": 0, "Blue01": 4, "Gray01": 10, "PastelGreen": 5, "PastelOrange": 2, "Pink": 4, "Red": 3, "White": 22,
    },
    "clothingType": {"Hoodie": 7, "Overall": 18, "ShirtScoopNeck": 19, "ShirtVNeck": 6},
    "hairColor": {"Black": 7, "Blonde": 6, "Brown": 2, "PastelPink": 3, "Red": 8, "SilverGray": 24},
    "topType": {
        "NoHair": 7, "LongHairBun": 0, "LongHairCurly": 1, "LongHairStraight": 23,
        "ShortHairShortWaved": 1, "ShortHairShortFlat": 11, "ShortHairFrizzle": 7,
    },
}  # fmt: skip
TWICE = ("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight")
NEVER = ("Round", "Blue01", "ShirtScoopNeck", "Red", "LongHairStraight")


def build() -> list[tuple[str, ...]]:
    """Return the 50 faces."""
    rest = []  # for each feature, the values that the first ten faces leave over
    for number, counts in enumerate(COUNTS.values()):
        left = [value for value, n in counts.items() for _ in range(n)]
        for face in FIRST_TEN:
            left.remove(face[number])
        rest.append(left)
    rng = np.random.default_rng(SEED)
    while True:
        faces = FIRST_TEN + [tuple(map(str, face)) for face in zip(*map(rng.permutation, rest))]
        if faces.count(TWICE) == 2 and faces.count(NEVER) == 0:
            return faces


def main() -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["face_id", *COUNTS])
    writer.writerows([number, *face] for number, face in enumerate(build()))
    content = text.getvalue().encode()
    with in_one_step(TARGET) as part:
        part.write_bytes(content)
    print(f"{TARGET.name}: {len(content) / 1024:.1f} KB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
