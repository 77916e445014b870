"""Wrodl: 50 faces of five features each, the data of lessons 04 and 05."""

import io
from typing import TYPE_CHECKING

import numpy as np

from course_utils.files import damaged, read_data

if TYPE_CHECKING:
    import pandas as pd

WRODL_VALUES: dict[str, tuple[str, ...]] = {
    "accessoriesType": ("Blank", "Round", "Sunglasses"),
    "clothingColor": ("Black", "Blue01", "Gray01", "PastelGreen", "PastelOrange", "Pink", "Red", "White"),
    "clothingType": ("Hoodie", "Overall", "ShirtScoopNeck", "ShirtVNeck"),
    "hairColor": ("Black", "Blonde", "Brown", "PastelPink", "Red", "SilverGray"),
    "topType": (
        "NoHair",
        "LongHairBun",
        "LongHairCurly",
        "LongHairStraight",
        "ShortHairShortWaved",
        "ShortHairShortFlat",
        "ShortHairFrizzle",
    ),
}


def styles_table(codes: np.ndarray) -> "pd.DataFrame":
    """Return the styles with these codes (N, 5), each value's place in WRODL_VALUES, as a table of names."""
    import pandas as pd  # here and below: whoever only wants WRODL_VALUES needs no tables

    columns = zip(WRODL_VALUES.items(), codes.T)
    return pd.DataFrame({name: pd.Categorical.from_codes(column, values) for (name, values), column in columns})


def load_wrodl() -> "pd.DataFrame":
    """Load the 50 faces of Wrodl, one a row, from data/wrodl.csv.

    Each column is categorical with the values of WRODL_VALUES in their order, so that a count also lists the values
    that nobody wears; `table[name].cat.codes` are the values as numbers. Raises FileNotFoundError or ValueError, with
    what to do, if the file is missing or damaged. Source: Foster (2019), Generative Deep Learning, Tables 1-1 and 1-2.
    """
    import pandas as pd

    name = "wrodl.csv"
    try:
        table = pd.read_csv(io.BytesIO(read_data(name)))
        if list(table) != ["face_id", *WRODL_VALUES] or list(table["face_id"]) != list(range(50)):
            raise ValueError(f"expected faces 0 to 49 with the columns face_id, {', '.join(WRODL_VALUES)}")
        table = table.set_index("face_id")
        for feature, values in WRODL_VALUES.items():
            unknown = set(table[feature]) - set(values)
            if unknown:
                raise ValueError(f"{feature} cannot be {unknown.pop()}")
            table[feature] = pd.Categorical(table[feature], values)
    except ValueError as error:
        raise damaged(name, error) from None
    return table
