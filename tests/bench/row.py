"""What a section of the benchmark yields."""

from typing import NamedTuple


class Row(NamedTuple):
    """One comparison: what the course does, and the same done the other way, in turn within the same run."""

    what: str
    ours: str
    other: str
    ratio: float  # ours against the other: how many times faster, or for lessons how many times longer
    least: float | None = None  # below this the benchmark fails
    wrong: str = ""  # what else is not as it should be


def seconds(value: float) -> str:
    """Return a time with its unit, to three digits."""
    return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
