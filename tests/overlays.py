"""What several tests need to read a widget: the elements of its overlay, in pixels or in data coordinates, and its numbers."""

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from PIL import Image

from course_utils import style


def styled(make, *arguments, **options):
    """Return what a function makes in the look of the course."""
    with mpl.rc_context():
        style.use()
        return make(*arguments, **options)


def elements(frame, tag=None, **attributes):
    """Return the elements of a panel or a frame, of one tag and with these attributes; raises ParseError if the SVG is broken."""
    found = ElementTree.fromstring(f"<svg>{frame.svg}</svg>")
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [e for e in found if tag in (None, e.tag) and all(e.get(name) == value for name, value in wanted.items())]


def box(element):
    """Return x, y, width and height of a rectangle or an image."""
    return [float(element.get(name)) for name in ("x", "y", "width", "height")]


def pixels(image):
    """Return the array that an image shows."""
    shown = Image.open(io.BytesIO(base64.b64decode(image.get("href").partition("base64,")[2])))
    return np.asarray(shown.convert("RGB") if shown.mode == "P" else shown)


def places(element):
    """Return where the dots of a path, or the corners of a line, are in the picture (n, 2)."""
    found = re.findall(r"M(\S+) ([^h]+)h\.01|([^ ,]+),([^ ,]+)", element.get("d") or element.get("points"))
    return np.array([[float(number) for number in place if number] for place in found]).reshape(-1, 2)


def in_picture(ax, points):
    """Return where points (n, 2) of the axes lie in the picture, in pixels from its top left corner."""
    return ax.transData.transform(np.asarray(points, dtype=float)) * [1, -1] + [0, ax.figure.bbox.height]


def in_data(ax, places):
    """Return places (n, 2) of the picture in data coordinates."""
    return ax.transData.inverted().transform(np.asarray(places, dtype=float) * [1, -1] + [0, ax.figure.bbox.height])


def bounds(ax, rect):
    """Return a rectangle's left, right, lower and upper side in data coordinates, whichever way the axes run."""
    x, y, width, height = box(rect)
    (left, top), (right, bottom) = in_data(ax, [(x, y), (x + width, y + height)])
    return left, right, bottom, top


def number(text):
    """Return a number of the table: it has a true minus sign, commas for thousands, perhaps a unit."""
    assert not re.search(r"^-|inf|nan", text), text
    return float(re.sub(r" nats$|[,%]", "", text).replace("−", "-").replace("∞", "inf"))
