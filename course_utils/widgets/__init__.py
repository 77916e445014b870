"""The widgets of the lessons, one module each; `panel` is what they share."""

from typing import TYPE_CHECKING

from course_utils.lazily import lazily

if TYPE_CHECKING:
    from course_utils.widgets.adversarial_game import adversarial_game
    from course_utils.widgets.bayes_explorer import bayes_explorer
    from course_utils.widgets.box_explorer import box_explorer
    from course_utils.widgets.completion import completion
    from course_utils.widgets.elbo_explorer import elbo_explorer
    from course_utils.widgets.em_stepper import em_stepper
    from course_utils.widgets.guessing_game import guessing_game
    from course_utils.widgets.hidden_pixels import hidden_pixels
    from course_utils.widgets.imagined_digit import imagined_digit
    from course_utils.widgets.latent_explorer import latent_explorer
    from course_utils.widgets.likelihood_landscape import likelihood_landscape
    from course_utils.widgets.mixture_sliders import mixture_sliders
    from course_utils.widgets.page_decoder import page_decoder
    from course_utils.widgets.pixel_sampler import pixel_sampler
    from course_utils.widgets.pseudo_count import pseudo_count
    from course_utils.widgets.style_designer import style_designer

__all__ = [
    "adversarial_game", "bayes_explorer", "box_explorer", "completion", "elbo_explorer", "em_stepper", "guessing_game", "hidden_pixels", "imagined_digit",
    "latent_explorer", "likelihood_landscape", "mixture_sliders", "page_decoder", "pixel_sampler", "pseudo_count", "style_designer",
]  # fmt: skip

lazily(__name__)
