"""Compute again what the checkpoints say of themselves, and print it as one table: `make scores`.

The models of Planet Pixel only: the digits that the others learnt are not part of the course. On another type of
processor the nats move by less than 0.3, and shares of 500 samples by a few of them.
"""

import sys
import time

import torch

from course_utils.files import CHECKPOINTS
from course_utils.models import load_checkpoint
from course_utils.models.deep import checkpoint_facts
from course_utils.models.recipes import N_SAMPLES, RECIPES

TOLERANCE = 0.3  # nats
COLUMNS = (
    "nats", "bound", "estimate", "training faces", "other faces", "p(faces)", "rule 1", "exact", "rule 2", "coverage", "ms a draw",
)  # fmt: skip


def compare(name: str) -> tuple[dict[str, float], list[str]]:
    """Return the scores of data/checkpoints/name.safetensors, computed anew, and what differs from its header."""
    model, said = load_checkpoint(name), checkpoint_facts(name)["score"]
    score = RECIPES[name].score(model)
    share = 3 * 0.5 * (2 / N_SAMPLES) ** 0.5  # three standard errors of a difference, at the most
    wrong = [
        f"{name}: {what} is {value:.3f} and was {said.get(what, float('nan')):.3f}"
        for what, value in score.items()
        if not abs(value - said.get(what, float("nan"))) <= (share if value <= 1 else TOLERANCE)
    ]
    start = time.perf_counter()
    model.sample(20, torch.Generator().manual_seed(1))
    return score | {"ms a draw": 1000 * (time.perf_counter() - start) / 20}, wrong


def main() -> int:
    """Print the table; return 1 if a file says something else of itself."""
    names = [name for name in RECIPES if "planet_pixel" in name and (CHECKPOINTS / f"{name}.safetensors").exists()]
    faults = []
    print("".join([f"{'':32}", *(f"{column:>16}" for column in COLUMNS)]))
    for name in names:
        score, wrong = compare(name)
        faults += wrong
        cells = (f"{score[column]:16.2f}" if column in score else f"{'n/a':>16}" for column in COLUMNS)
        print(f"{name:32}{''.join(cells)}", flush=True)
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
