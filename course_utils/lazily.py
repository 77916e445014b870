"""Packages whose names are imported when they are first used, so that a lesson pays for what it needs and no more."""

import ast
import importlib
import sys
from types import ModuleType


def lazily(package: str, homes: dict[str, str] | None = None) -> None:
    """Import what stands in a package's `if TYPE_CHECKING:` only when it is asked for; editors read it as it stands.

    It is the last line of the package's __init__, and takes its __name__. Instead of these imports it may be given
    name → module.
    """
    module = sys.modules[package]
    if homes is None:
        tree = ast.parse(module.__spec__.loader.get_source(package))
        used = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module.startswith(package)]
        homes = {alias.name: node.module for node in used for alias in node.names}
    module._homes = homes
    module.__class__ = _LazyPackage


class _LazyPackage(ModuleType):
    def __getattr__(self, name: str) -> object:
        """Import a name; Python calls this for what is not there yet."""
        if name not in self._homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(self._homes[name]), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        """Set a name, as Python does with each module that it has imported: `completion` stays the widget, not its module."""
        if isinstance(value, ModuleType) and name in self._homes:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})
