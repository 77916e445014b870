"""Where everything lies, what is said when a data file is missing, and how a file is written: at once, or not at all."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

PACKAGE = Path(__file__).resolve().parent
IN_A_WHEEL = (PACKAGE / "notebooks").is_dir()  # there lessons and data lie within the package (pyproject.toml)
ROOT = PACKAGE if IN_A_WHEEL else PACKAGE.parent
OUTPUT = Path.cwd() if IN_A_WHEEL else ROOT  # for decks, PDFs, the web book, the key, and the readers' own lessons
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
CHECKPOINTS = DATA / "checkpoints"


def cache() -> Path:
    """Return the course's folder for what is downloaded or may be made again, in the user's cache."""
    import pooch  # here: most of the course needs no download

    return Path(pooch.os_cache("deep-generative-models-course"))


def read_data(name: str) -> bytes:
    """Return the bytes of data/`name`; raises FileNotFoundError that says how to get the file back."""
    try:
        return (DATA / name).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"The data file {DATA / name} is missing. {_how_to_mend(name)}") from None


def read_arrays(name: str, shapes: Mapping[str, tuple[int, ...]]) -> "dict[str, np.ndarray]":
    """Return the arrays of data/`name`, an .npz file; raises ValueError if one is missing, damaged or of another shape."""
    import numpy as np

    try:
        with np.load(io.BytesIO(read_data(name)), allow_pickle=False) as file:
            arrays = {key: file[key] for key in shapes}
        for key, shape in shapes.items():
            if arrays[key].shape != shape:
                raise ValueError(f"{key} must be {shape}, not {arrays[key].shape}")
    except FileNotFoundError:
        raise
    except (ValueError, LookupError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise damaged(name, error) from None
    return arrays


def damaged(name: str, reason: Exception) -> ValueError:
    """Return the error for a data file that cannot be understood, to be raised by its loader."""
    return ValueError(f"The data file {DATA / name} is damaged ({reason}). {_how_to_mend(name)}")


def _how_to_mend(name: str) -> str:
    if IN_A_WHEEL:
        return "Install the course again: `pip install --force-reinstall --no-deps` with the file that it came from."
    return f"`git restore data/{name}` brings it back, or `make data` builds it again."


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
