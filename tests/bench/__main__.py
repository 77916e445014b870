"""Measure how fast the course is, and print one table of ratios: `make bench`.

Each row compares two ways of doing the same, in turn within one run, by the medians of their processor time on one
thread. The times depend on the machine, the ratios hardly, and neither on what else it does meanwhile. The exit code is
1 if a ratio is below its limit. For Linux and macOS: the clock of Windows is too coarse.
"""

import os
import sys
from datetime import date
from importlib import import_module

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy and PyTorch are imported
os.environ["MPLBACKEND"] = "agg"

SECTIONS = {
    "sliders": "A slider move (kernel), against interact with a new matplotlib figure",
    "em": "EM on the digits, against scikit-learn",
    "nade": "A training step of NADE, against the loop over the dimensions",
    "pixelrnn": "A face from PixelRNN by cached state, against recomputation",
    "opening": "A lesson's first cell and its memory, against the import of the libraries that it needs",
    "lessons": "A whole lesson and its peak memory, against a notebook without a cell",
}


def main() -> int:
    """Print the table; return 1 if something is too slow or wrong."""
    print(f"{f'processor time, {date.today()}':36} {'the course':>16} {'the other way':>16} {'ratio':>8}")
    troubles = []
    for name, title in SECTIONS.items():
        print(f"\n{title}", flush=True)
        for row in import_module(name).measure():
            print(f"  {row.what:34} {row.ours:>16} {row.other:>16} {row.ratio:7.1f}×", flush=True)
            if row.least is not None and row.ratio < row.least:
                troubles.append(f"{title}, {row.what}: {row.ratio:.2f}× is less than {row.least}×")
            if row.wrong:
                troubles.append(f"{title}, {row.what}: {row.wrong}")
    print(*troubles, sep="\n")
    return int(bool(troubles))


if __name__ == "__main__":
    sys.exit(main())
