"""The one look of the course: colours that keep their meaning, matplotlib settings for the back row, and the boxes."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.colors
from IPython import get_ipython
from IPython.display import HTML, display

# Five colours, five meanings, in every figure and widget of the course. Each has a contrast of at least 3:1 on white,
# and any two stay apart for readers with protanopia, deuteranopia or tritanopia (a test measures both).
OBSERVATIONS = "#14213D"  # the data X that was observed: ink
P_DATA = "#0A9270"  # the truth: green
P_MODEL = "#D9600A"  # the model: orange
SAMPLE = "#3377FF"  # what a model generated: blue
LATENT = "#8C1B3A"  # the latent space: wine red
CLUSTERS = (LATENT, "#4C7A8A", "#A67C00")  # the values 1, 2, 3 of a latent z that says which cluster a point comes from

INK = "#14213D"  # text and axes
GREY = "#6B7280"  # whatever has none of the five meanings
PALE = "#E8ECF1"  # backgrounds, grids, empty bars
P_DATA_PALE = "#CDE9E1"  # p_data as a filled area, for example land
P_MODEL_PALE = "#FBE3D0"  # p_model as a filled area
PAPER_TO_INK = mpl.colors.LinearSegmentedColormap.from_list("paper to ink", ["white", INK])  # for handwriting
PAPER_TO_MODEL = mpl.colors.LinearSegmentedColormap.from_list(
    "paper to model", ["white", P_MODEL]
)  # for what a model says
SEQUENTIAL = "cividis"  # the colour map for ordered values: even in lightness, safe for colour-blind readers

FIGURE_WIDTH = 8.0  # inches; `plotting.show` displays one inch as 100 CSS pixels


BOXES = Path(__file__).with_name("boxes.css")  # Predict, Play, Think, Common mistake, Exercise


def use() -> None:
    """Set matplotlib's defaults to the look of the course; in a notebook, also give its page the look of the boxes."""
    mpl.rcParams.update(mpl.rcParamsDefault | _SETTINGS)
    if get_ipython() is not None:
        display(HTML(f"<style>\n{BOXES.read_text(encoding='utf-8')}</style>"))


_SETTINGS = {
    "backend": mpl.rcParams["backend"],
    "figure.figsize": (FIGURE_WIDTH, 4.0),
    "figure.dpi": 100,
    "savefig.dpi": 180,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=[INK, GREY]),
    "lines.linewidth": 2.5,
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "nearest",
}
