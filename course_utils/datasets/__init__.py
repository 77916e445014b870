"""The datasets of the course; all of them work without a network."""

from course_utils.datasets.world_land import WorldLand, load_world_land

__all__ = ["WorldLand", "load_world_land"]
