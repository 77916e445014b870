"""The colours can be seen on white and told apart, also by readers who see colours differently; the letters are large."""

import ast
import re
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import style
from course_utils.files import NOTEBOOKS
from course_utils.making import pdf, slides

MEANINGS = ["OBSERVATIONS", "P_DATA", "P_MODEL", "SAMPLE", "LATENT"]

# Machado, Oliveira & Fernandes 2009, table 1, severity 1.0; they act on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    """Return the linear RGB values (3,) of a colour (IEC 61966-2-1)."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(colour: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    dark, light = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (colour, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return the CIELAB values (3,) of linear RGB under the white of sRGB (D65)."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    t = to_xyz @ rgb / to_xyz.sum(axis=1)
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_measures_agree_with_published_values():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("white", "#767676") == pytest.approx(4.54, abs=0.01)  # the darkest grey of WCAG's examples
    np.testing.assert_allclose(lab(linear("#FF0000")), [53.24, 80.09, 67.20], atol=0.02)
    np.testing.assert_allclose(lab(linear("#0000FF")), [32.30, 79.19, -107.86], atol=0.02)
    for matrix in VISION.values():
        np.testing.assert_allclose(np.sum(matrix, axis=1), 1, atol=2e-6)  # greys stay what they are


@pytest.mark.parametrize("background", ["white", style.PALE, style.P_DATA_PALE, style.P_MODEL_PALE])
def test_text_can_be_read(background):
    assert contrast(style.INK, background) >= 4.5


WRITES = {"text", "annotate", "set_title", "suptitle", "set"}


def coloured_words():
    """Yield (where, colour, points or None) of each text of the lessons' figures that is given a colour of `style`."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for index, cell in enumerate(nbformat.read(path, as_version=4).cells):
            for node in ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else []:
                if getattr(getattr(node, "func", None), "attr", "") not in WRITES:
                    continue
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                if ast.unparse(given.get("color", ast.Constant(0))).startswith("style."):
                    size = ast.literal_eval(given["fontsize"]) if "fontsize" in given else None
                    yield f"{path.stem}, cell {index}", getattr(style, given["color"].attr), size


def test_coloured_words_in_figures_can_be_read():
    """4.5:1 on white, or 3:1 for large letters: from 18 points on, as WCAG has it."""
    found = list(coloured_words())
    assert found
    pale = [where for where, colour, size in found if contrast(colour, "white") < (3 if size and size >= 18 else 4.5)]
    assert not pale


NAMED = {name: getattr(style, name) for name in [*MEANINGS, "GREY"]} | dict(zip("123", style.CLUSTERS))
# Any two of the five meanings; and the clusters of one figure, two of them with the model that they add up to, and grey
# with anything (P_DATA and grey: 15.3 with deuteranopia).
TOGETHER = [*combinations(MEANINGS, 2), *combinations("123", 2), ("1", "P_MODEL"), ("2", "P_MODEL")]
TOGETHER += [(name, "GREY") for name in MEANINGS]


@pytest.mark.parametrize("name", NAMED)
def test_colours_stand_out_from_white(name):
    assert contrast(NAMED[name], "white") >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("pair", TOGETHER, ids="-".join)
def test_colours_of_one_figure_can_be_told_apart(vision, pair):
    one, other = (lab(np.clip(VISION[vision] @ linear(NAMED[name]), 0, 1)) for name in pair)
    # CIE76; about 2.3 is the smallest difference that is noticed
    assert np.linalg.norm(one - other) >= (15 if "GREY" in pair else 18)


def test_the_map_for_ordered_values_gets_steadily_lighter():
    """In each kind of vision: lightness alone must give the order."""
    colours = mpl.colormaps[style.SEQUENTIAL](np.linspace(0, 1, 32))[:, :3]
    for matrix in VISION.values():
        lightness = [lab(np.clip(matrix @ linear(colour), 0, 1))[0] for colour in colours]
        assert (np.diff(lightness) > 0).all()


def test_use_sets_letters_for_the_back_row_and_keeps_the_backend():
    backend = mpl.get_backend()
    with mpl.rc_context():
        mpl.rcParams["axes.grid"] = True  # whatever was set before
        style.use()
        assert mpl.get_backend() == backend
        assert not mpl.rcParams["axes.grid"]
        figure, ax = plt.subplots()
        ax.plot([0, 1], label="a line")
        ax.set(title="title", xlabel="x", ylabel="y")
        ax.legend()
        figure.suptitle("above")
        figure.canvas.draw()
        sizes = {text.get_text(): text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()}
        plt.close(figure)
    assert {"title", "x", "y", "a line", "above", "0.0"} <= sizes.keys()
    assert min(sizes.values()) >= 12, sizes


def test_no_line_takes_a_colour_with_a_meaning_by_accident():
    with mpl.rc_context():
        style.use()
        cycle = set(mpl.rcParams["axes.prop_cycle"].by_key()["color"])
    assert not cycle & {getattr(style, name) for name in MEANINGS if name != "OBSERVATIONS"}  # ink is text's colour too


def boxes():
    """Return {kind: (colour, symbol)} as boxes.css gives them."""
    rule = r'\[id\^?="([\w-]+)"\].*?\{ --box: (#\w+); --symbol: "(.)"'
    return {kind.replace("-", " "): look for kind, *look in re.findall(rule, style.BOXES.read_text(encoding="utf-8"))}


def test_each_box_has_a_look_of_its_own():
    """Every kind that the lessons use has a bar that is seen on JupyterLab's white and on its black, and its own symbol."""
    used = {
        kind
        for path in NOTEBOOKS.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for kind in re.findall(r"^> #+ (.*)|^### (Exercise)", cell.source, re.M)
        for kind in kind
        if kind
    }
    assert used == set(boxes())
    colours, symbols = zip(*boxes().values())
    assert len(set(colours)) == len(set(symbols)) == len(used)
    assert min(contrast(colour, page) for colour in colours for page in ("white", "#111111")) >= 3


LOOKS = """() => [...document.querySelectorAll("blockquote, h3:not(blockquote h3)")].map(box => {
  const heading = box.querySelector("h3") ?? box;
  return [heading.firstChild.data, getComputedStyle(box).borderLeftColor, getComputedStyle(heading, "::before").content[1],
          getComputedStyle(heading).display];
})"""


@pytest.mark.browser
@pytest.mark.parametrize("to_page", [slides.to_deck, pdf.to_page])
def test_boxes_in_a_page(page, tmp_path, to_page):
    """In a deck and on paper each kind has its bar and its symbol, and its word stands in the line of what follows."""
    words = [f"> ### {kind}\n> What?" for kind in boxes() if kind != "Exercise"]
    cells = [new_markdown_cell(source) for source in ("# 99 · Boxes", *words, "### Exercise 99.1 · Count")]
    style_sheet = f"<style>{style.BOXES.read_text(encoding='utf-8')}</style>"
    cells.append(new_code_cell("style.use()", outputs=[new_output("display_data", {"text/html": style_sheet})]))
    (tmp_path / "page.html").write_text(to_page(new_notebook(cells=cells)), encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    for kind, bar, symbol, display in page.evaluate(LOOKS):
        colour, sign = boxes()[kind if "Exercise" not in kind else "Exercise"]
        red, green, blue = (round(255 * part) for part in to_rgb(colour))
        assert (bar, symbol, display == "inline") == (f"rgb({red}, {green}, {blue})", sign, "Exercise" not in kind), (
            kind
        )
