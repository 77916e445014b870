"""The datasets of the course; all of them work without a network."""

from course_utils.datasets.digits import Digits, load_digits
from course_utils.datasets.world_land import WorldLand, load_world_land

__all__ = ["Digits", "WorldLand", "load_digits", "load_world_land"]
