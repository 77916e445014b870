"""The widgets of the lessons, each in a module of its name."""

import pkgutil

from course_utils.lazily import lazily

SHARED = {"deck", "log_bars", "overlay", "panel"}  # modules that hold no widget
__all__ = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED]

lazily(__name__, {name: f"{__name__}.{name}" for name in __all__})
