"""Faces of Wrodlers: a style, five features by name, becomes a picture.

The artwork is avataaars by Pablo Stanley, as the library python_avatars has it; resvg turns its SVG into pixels.
"""

import io
from collections.abc import Mapping

import pandas as pd
import python_avatars as pa
import resvg_py
from PIL import Image

BACKGROUND = "#C9D6E8"  # pale, but neither white nor grey: shirts and hair of these colours stand out from it

# Each feature of Wrodl: the argument of pa.Avatar that it sets, and what each of its values is called there.
_FEATURES = {
    "accessoriesType": (
        "accessory",
        {"Blank": pa.AccessoryType.NONE, "Round": pa.AccessoryType.ROUND, "Sunglasses": pa.AccessoryType.SUNGLASSES},
    ),
    "clothingColor": (
        "clothing_color",
        {
            "Black": pa.ClothingColor.BLACK,
            "Blue01": pa.ClothingColor.BLUE_01,
            "Gray01": pa.ClothingColor.GRAY_01,
            "PastelGreen": pa.ClothingColor.PASTEL_GREEN,
            "PastelOrange": pa.ClothingColor.PASTEL_ORANGE,
            "Pink": pa.ClothingColor.PINK,
            "Red": pa.ClothingColor.RED,
            "White": pa.ClothingColor.WHITE,
        },
    ),
    "clothingType": (
        "clothing",
        {
            "Hoodie": pa.ClothingType.HOODIE,
            "Overall": pa.ClothingType.OVERALL,
            "ShirtScoopNeck": pa.ClothingType.SHIRT_SCOOP_NECK,
            "ShirtVNeck": pa.ClothingType.SHIRT_V_NECK,
        },
    ),
    "hairColor": (
        "hair_color",
        {
            "Black": pa.HairColor.BLACK,
            "Blonde": pa.HairColor.BLONDE,
            "Brown": pa.HairColor.BROWN,
            "PastelPink": pa.HairColor.PASTEL_PINK,
            "Red": pa.HairColor.RED,
            "SilverGray": pa.HairColor.SILVER_GRAY,
        },
    ),
    "topType": (
        "top",
        {
            "NoHair": pa.HairType.NONE,
            "LongHairBun": pa.HairType.BUN,
            "LongHairCurly": pa.HairType.CURLY,
            "LongHairStraight": pa.HairType.STRAIGHT_1,
            "ShortHairShortWaved": pa.HairType.SHORT_WAVED,
            "ShortHairShortFlat": pa.HairType.SHORT_FLAT,
            "ShortHairFrizzle": pa.HairType.FRIZZLE,
        },
    ),
}

_FIXED = {  # the same in every face; python_avatars would pick some of it by chance
    "style": pa.AvatarStyle.TRANSPARENT,
    "skin_color": pa.SkinColor.LIGHT,
    "eyebrows": pa.EyebrowType.DEFAULT_NATURAL,
    "eyes": pa.EyeType.DEFAULT,
    "nose": pa.NoseType.DEFAULT,
    "mouth": pa.MouthType.TWINKLE,
    "facial_hair": pa.FacialHairType.NONE,
}


def _parts(style: Mapping[str, str]) -> dict:
    """Return the arguments of pa.Avatar for a style; raises ValueError that lists what is possible."""
    try:
        style = dict(style)
    except (TypeError, ValueError):
        raise ValueError(f"A style gives each of {', '.join(_FEATURES)} a value, got {style!r}") from None
    if set(style) != set(_FEATURES):
        wrong = [f"{name!r} is unknown" for name in style if name not in _FEATURES]
        wrong += [f"{name!r} is missing" for name in _FEATURES if name not in style]
        raise ValueError(f"A style has the features {', '.join(_FEATURES)}: {', '.join(wrong)}.")
    parts = {}
    for name, (argument, values) in _FEATURES.items():
        if style[name] not in list(values):  # a list, since a value that cannot be hashed is a wrong value too
            raise ValueError(f"{name} must be one of {', '.join(values)}, got {style[name]!r}")
        parts[argument] = values[style[name]]
    return parts


def style_svg(style: Mapping[str, str], size: int = 128) -> str:
    """Return the face of a style as SVG text, `size` pixels wide and high, without the background; raises as draw_style."""
    portrait = pa.Avatar(**_FIXED, **_parts(style)).render()
    # 264 × 280; the lowest 16 rows are only clothes and are cut off, here too: resvg lets a picture in a picture stick out
    portrait = portrait.replace('height="280px" viewBox="0 0 264 280"', 'height="264px" viewBox="0 0 264 264"', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 264 264">{portrait}</svg>'
    )


def draw_style(style: Mapping[str, str], size: int = 128) -> Image.Image:
    """Draw the face of a style as an RGB picture, `size` pixels wide and high.

    `style` maps each of the five features to one of its values: a dict, or a row of `load_wrodl()`.
    Raises ValueError, with a list of what is possible, for an unknown or missing feature or value.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"size must be a positive whole number of pixels, got {size!r}")
    png = resvg_py.svg_to_bytes(svg_string=style_svg(style, size), background=BACKGROUND, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGB")


def draw_grid(styles: pd.DataFrame, size: int = 96, columns: int = 10) -> Image.Image:
    """Draw the faces of a table of styles, one a row, side by side and line by line, each `size` pixels wide and high.

    The picture has a palette of 256 colours (mode "P"), which makes its PNG less than half as large; for RGB `.convert("RGB")`.
    Raises ValueError for an empty table and, as draw_style, for a wrong style.
    """
    faces = [draw_style(style, size) for style in styles.to_dict("records")]
    if not faces:
        raise ValueError("There is no style to draw: the table has no rows.")
    grid = Image.new("RGB", (size * min(columns, len(faces)), size * -(-len(faces) // columns)), BACKGROUND)
    for number, face in enumerate(faces):
        row, column = divmod(number, columns)
        grid.paste(face, (size * column, size * row))
    return grid.quantize(256, dither=Image.Dither.NONE)
