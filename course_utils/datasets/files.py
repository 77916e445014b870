"""Where the data files are, and what is said when one is missing or damaged."""

from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"


def read_data(name: str) -> bytes:
    """Return the bytes of data/`name`; raises FileNotFoundError that says how to get the file back."""
    try:
        return (DATA / name).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"The data file {DATA / name} is missing. {_how_to_mend(name)}") from None


def damaged(name: str, reason: Exception) -> ValueError:
    """Return the error for a data file that cannot be understood, to be raised by its loader."""
    return ValueError(f"The data file {DATA / name} is damaged ({reason}). {_how_to_mend(name)}")


def _how_to_mend(name: str) -> str:
    return f"`git restore data/{name}` brings it back, or `make data` builds it again."
