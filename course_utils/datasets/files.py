"""Where the data files are."""

from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"


def read_data(name: str) -> bytes:
    """Return the bytes of data/`name`; raises FileNotFoundError that says how to get the file back."""
    path = DATA / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"The data file {path} is missing. `git restore data/{name}` brings it back, or `make data` builds it again."
        ) from None
