"""How the course writes a file: at once, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_one_step(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; at the end of the block what was written there takes `path`'s place.

    Whatever interrupts it (a full disk, Ctrl+C), `path` is the old file or the new one, and nothing else is left.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
