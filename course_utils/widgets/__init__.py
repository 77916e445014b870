"""The widgets of the lessons, one module each; `panel` is what they share."""

from course_utils.widgets.bayes_explorer import bayes_explorer
from course_utils.widgets.box_explorer import box_explorer
from course_utils.widgets.hidden_pixels import hidden_pixels
from course_utils.widgets.imagined_digit import imagined_digit
from course_utils.widgets.latent_explorer import latent_explorer
from course_utils.widgets.likelihood_landscape import likelihood_landscape
from course_utils.widgets.pseudo_count import pseudo_count
from course_utils.widgets.style_designer import style_designer

__all__ = [
    "bayes_explorer", "box_explorer", "hidden_pixels", "imagined_digit", "latent_explorer", "likelihood_landscape", "pseudo_count",
    "style_designer",
]  # fmt: skip
