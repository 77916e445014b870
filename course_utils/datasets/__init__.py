"""The datasets of the course; all but MNIST, which is downloaded once, work without a network."""

from typing import TYPE_CHECKING

from course_utils.lazily import lazily

if TYPE_CHECKING:
    from course_utils.datasets.binarized_mnist import load_binarized_mnist
    from course_utils.datasets.biscuit_tins import BiscuitTins, draw_biscuit_tins, load_biscuit_tins
    from course_utils.datasets.digits import Digits, load_digits
    from course_utils.datasets.mnist import load_mnist
    from course_utils.datasets.planet_pixel import (
        PlanetPixel,
        PlanetPixelDistribution,
        load_planet_pixel,
        planet_pixel_distribution,
        planet_pixel_entropy,
    )
    from course_utils.datasets.tin_codes import TinCodes, load_tin_codes
    from course_utils.datasets.world_land import WorldLand, load_forty_points, load_world_land
    from course_utils.datasets.wrodl import WRODL_VALUES, load_wrodl

__all__ = [
    "WRODL_VALUES",
    "BiscuitTins",
    "Digits",
    "PlanetPixel",
    "PlanetPixelDistribution",
    "TinCodes",
    "WorldLand",
    "draw_biscuit_tins",
    "load_binarized_mnist",
    "load_biscuit_tins",
    "load_digits",
    "load_forty_points",
    "load_mnist",
    "load_planet_pixel",
    "load_tin_codes",
    "load_world_land",
    "load_wrodl",
    "planet_pixel_distribution",
    "planet_pixel_entropy",
]

lazily(__name__)
