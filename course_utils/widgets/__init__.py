"""The widgets of the lessons, one module each; `panel` is what they share."""

from course_utils.widgets.box_explorer import box_explorer
from course_utils.widgets.likelihood_landscape import likelihood_landscape

__all__ = ["box_explorer", "likelihood_landscape"]
