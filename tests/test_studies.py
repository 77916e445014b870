"""Series of small trainings: each changes one thing, stores what `surprise` finds, and comes back from its file."""

import json

import numpy as np
import pytest
import torch
from left_out import left_out

from course_utils import files
from course_utils.datasets import load_planet_pixel
from course_utils.evaluation import Surprise
from course_utils.models import load_study, recipes, studies


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Return the arguments of surprise, with trainings of one epoch on few faces, and a folder of their own."""
    train = load_planet_pixel("train")
    asked = []

    def surprise(log_prob, training):
        asked.append(len(training.pixels))
        log_p = np.asarray(log_prob(training.pixels[:4]))
        return Surprise(float(-log_p.mean()), 1.0, 2.0, 0.5)

    monkeypatch.setattr(studies, "surprise", surprise)
    monkeypatch.setattr(studies, "N_FACES", 64)
    monkeypatch.setattr(studies, "SETTINGS", studies.SETTINGS | {"epochs": 1})
    monkeypatch.setattr(files, "CHECKPOINTS", tmp_path)
    few = studies.replace(train, pixels=train.pixels[:64], styles=train.styles[:64])
    monkeypatch.setattr(studies, "load_planet_pixel", lambda split: few)
    studies._pairs.cache_clear()
    return asked


@left_out("a study, trained small")
def test_a_study_is_made_by_the_command_and_read_again(tiny, monkeypatch, tmp_path, capsys):
    def study():
        for width, n_faces in ((4, 64), (8, 64), (8, 16)):
            yield {"width": width, "faces": n_faces} | studies._trained(60, width, n_faces)

    monkeypatch.setitem(studies.STUDIES, "tiny", study)
    monkeypatch.setattr("sys.argv", ["pretrain", "tiny"])
    recipes.main()
    records = load_study("tiny")
    assert "tiny: [{'width': 4" in capsys.readouterr().out
    assert [(r["width"], r["faces"]) for r in records] == [(4, 64), (8, 64), (8, 16)]
    assert tiny == [64, 64, 16], "the split is that of the faces which the model has seen"
    assert len({r["merges"] for r in records}) == 1 and records[0]["parameters"] < records[1]["parameters"]
    assert records[1]["nats"] != records[2]["nats"]
    about = json.loads((tmp_path / "tiny.json").read_text())
    assert about["command"] == "python -m course_utils.pretrain tiny" and about["torch"] == torch.__version__


def test_few_faces_are_seen_as_often_as_many(tiny, monkeypatch):
    seen = []
    monkeypatch.setattr(studies.Transformer, "fit", lambda self, x, **settings: seen.append(x) or self)
    monkeypatch.setattr(studies.Transformer, "log_prob", lambda self, x: torch.zeros(len(x)))
    studies._trained(60, 4, 16)
    assert seen[0].shape == (64, 1024) and len(seen[0].unique(dim=0)) <= 16


def test_the_best_epoch_is_chosen_on_validation_faces_and_the_words_are_those_asked_for(tiny, monkeypatch):
    train, other = (studies.load_planet_pixel("train"), load_planet_pixel("validation"))
    other = studies.replace(other, pixels=other.pixels[:9], styles=other.styles[:9])
    monkeypatch.setattr(studies, "load_planet_pixel", lambda split: train if split == "train" else other)
    asked = []
    monkeypatch.setattr(studies.Transformer, "fit", lambda self, x, **settings: asked.append((self, settings)) or self)
    monkeypatch.setattr(studies.Transformer, "log_prob", lambda self, x: torch.zeros(len(x)))
    record = studies._trained(50, 4, 64)
    ((model, settings),) = asked
    assert (settings["validation"].numpy() == other.pixels).all() and settings["epochs"] == 1
    pairs = studies.BytePairs.learn(train.pixels, 256, least=50)
    assert model.pairs.merges == pairs.merges
    assert record["tokens a face"] == pytest.approx(sum(map(len, pairs.encode(train.pixels))) / 64)


def test_a_study_that_is_not_there_is_named(tiny):
    with pytest.raises(FileNotFoundError, match="python -m course_utils.pretrain vocabulary` makes it"):
        load_study("vocabulary")


@pytest.mark.parametrize("name", studies.STUDIES)
def test_what_is_stored_is_what_the_recipe_asks_for(name, monkeypatch):
    """Each record is one that the series would make again; nats are no less than those of the faces it has seen."""
    asked = []
    monkeypatch.setattr(studies, "_trained", lambda *what: asked.append(what) or {})
    planned = [set(record.items()) for record in studies.STUDIES[name]()]
    records = load_study(name)
    assert len(records) == len(planned) and all(plan <= set(r.items()) for plan, r in zip(planned, records))
    for record in records:
        assert record["training faces"] < record["nats"] < record["other faces"] and record["nats"] > 6.966
