"""Series of small trainings whose scores a lesson shows: `python -m course_utils.pretrain NAME` makes data/checkpoints/NAME.json.

Each series changes one thing and keeps the rest: the network, the training faces, the number of steps, and how the best
epoch is chosen, on the validation faces. An interrupted series begins anew.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from course_utils import files
from course_utils.datasets import load_planet_pixel
from course_utils.datasets.encodings import to_indices
from course_utils.evaluation import surprise
from course_utils.files import in_one_step
from course_utils.models.byte_pairs import BytePairs
from course_utils.models.transformer import Transformer

SEED = 0
LEAST = 30  # how often a pair comes that is merged, where the vocabulary is not what changes
WIDTH, N_FACES = 64, 2000
SETTINGS = dict(epochs=10, batch_size=32, lr=5e-3, weight_decay=0.1, clip=20, warm_up=50, average=0.98, progress=False)

Record = dict[str, float]


def _vocabulary() -> Iterator[Record]:
    """Vary how often a pair must come to become a token."""
    for least in 400, 150, 60, 30, 10:
        yield {"least": least} | _trained(least, WIDTH, N_FACES)


def _scaling() -> Iterator[Record]:
    """Vary the width of the network with all faces, then the number of faces with one width."""
    for width, n_faces in [(w, N_FACES) for w in (8, 16, 32)] + [(WIDTH, n) for n in (500, 2000)]:
        yield {"width": width, "faces": n_faces} | _trained(LEAST, width, n_faces)


STUDIES: dict[str, Callable[[], Iterator[Record]]] = {"vocabulary": _vocabulary, "scaling": _scaling}


@cache
def _pairs(least: int) -> BytePairs:
    return BytePairs.learn(load_planet_pixel("train").pixels.astype(np.int64), 256, least=least)


def _trained(least: int, width: int, n_faces: int) -> Record:
    """Train a transformer of two layers on the first n_faces training faces, and return what it says of all faces."""
    train, validation = (load_planet_pixel(split) for split in ("train", "validation"))
    pairs = _pairs(least)
    model = Transformer(256, 1024, 32, pairs.merges, n_features=width, n_layers=2, dropout=0.1, seed=SEED)
    seen = replace(train, pixels=train.pixels[:n_faces], styles=train.styles[:n_faces])
    x = to_indices(seen.pixels).repeat(N_FACES // n_faces, 1)  # so that an epoch has as many steps for few faces
    rng = torch.Generator().manual_seed(SEED)
    model.fit(x, rng=rng, validation=to_indices(validation.pixels), **SETTINGS)
    found = surprise(lambda pixels: model.log_prob(to_indices(pixels)), seen)
    return {
        "merges": len(pairs.merges),
        "tokens a face": float(np.mean([len(tokens) for tokens in pairs.encode(train.pixels)])),
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "minutes": sum(record["seconds"] for record in model.history) / 60,
        "nats": found.nats,
        "training faces": found.training,
        "other faces": found.others,
        "p(faces)": found.p_faces,
    }


def run_study(name: str) -> list[Record]:
    """Train all models of STUDIES[name], write data/checkpoints/name.json, and return the records."""
    records = [{what: round(value, 4) for what, value in record.items()} for record in STUDIES[name]()]
    about: dict[str, Any] = {
        "command": f"python -m course_utils.pretrain {name}",
        "seed": SEED,
        "torch": torch.__version__,
        "date": datetime.date.today().isoformat(),
        "records": records,
    }
    with in_one_step(files.CHECKPOINTS / f"{name}.json") as part:
        part.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return records


def load_study(name: str) -> list[Record]:
    """Return the records of data/checkpoints/`name`.json, one a model: nats over all 3,552 faces, and what was varied.

    Raises FileNotFoundError for a study that is not there, with the command that makes it.
    """
    path = files.CHECKPOINTS / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"There is no study {path}. Those that exist: {', '.join(STUDIES)}. "
            f"`git restore data/checkpoints/{name}.json` brings it back, or `python -m course_utils.pretrain {name}` makes it."
        )
    return json.loads(path.read_text(encoding="utf-8"))["records"]
