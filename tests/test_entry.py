"""A reader's own model in the scoreboard: what it is judged to be, its file, and the table of a class."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from course_utils import evaluation
from course_utils.datasets import load_planet_pixel, planet_pixel_distribution
from course_utils.entry import Entry
from course_utils.evaluation import Surprise, enter
from course_utils.exercises import lesson_19
from course_utils.making import class_table
from course_utils.models import NaiveBayes

P_DATA, TRAIN = planet_pixel_distribution(), load_planet_pixel("train")
P, FACES = P_DATA.probabilities, P_DATA.pixels
ROW = {face.tobytes(): i for i, face in enumerate(FACES)}
COPIES = np.bincount([ROW[face.tobytes()] for face in TRAIN.pixels], minlength=3552) / 2000
SEEN = COPIES > 0


def known(pixels):
    return np.array([ROW[np.asarray(face, dtype=np.uint8).tobytes()] for face in pixels])


def drawing(shares, seed=3):
    return lambda n: FACES[np.random.default_rng(seed).choice(3552, n, p=shares)]


def saying(log_p):
    return lambda pixels: log_p[known(pixels)]


def verdicts(entry):
    return [words.partition(":")[0] for words in entry.remarks]


FLAT = saying(np.full(3552, -2000.0))
NOISE = np.random.default_rng(0).integers(0, 256, (500, 1024))


def noise(n):
    return NOISE[:n]


def test_the_truth_enters():
    entry = enter("p_data", drawing(P), saying(np.log(P)))
    assert entry.density == "exact" and entry.nats == pytest.approx(entropy(P)) and entry.error == 0
    assert entry.rule1 == entry.exact == 1 and entry.n == 500
    assert entry.rule2 == pytest.approx(P[~SEEN].sum(), abs=0.08)
    assert entry.coverage == pytest.approx(entry.reference_coverage, abs=0.05)
    assert entry.reference_coverage == pytest.approx((P * (1 - (1 - P) ** 500)).sum())
    assert verdicts(entry) == ["the truth, or a leak"]


def test_a_leak_enters():
    """Counted from a hundred thousand draws of p_data, with a pseudo-count."""
    counts = np.random.default_rng(0).multinomial(100_000, P) + 0.1
    shares = counts / counts.sum()
    assert verdicts(enter("leak", drawing(shares), saying(np.log(shares)))) == ["the truth, or a leak"]


def test_the_photocopier_enters():
    with np.errstate(divide="ignore"):
        entry = enter("copies", drawing(COPIES), saying(np.log(COPIES)))
    assert entry.nats == entry.others == math.inf and entry.rule2 == 0 and verdicts(entry) == ["photocopier"]
    assert verdicts(enter("without a density", drawing(COPIES))) == ["photocopier"]
    assert math.isnan(enter("without a density", drawing(COPIES), n=20).nats)
    assert verdicts(enter("twenty pictures", drawing(COPIES), n=20)) == []  # one in four new: by chance one time in 300
    smoothed = np.log(0.999 * COPIES + 0.001 * np.exp(-200))  # seen by the nats alone
    assert verdicts(enter("smoothed", drawing(COPIES), saying(smoothed), n=20)) == ["photocopier"]


def test_a_forger_is_a_photocopier_and_who_invents_too_little_is_none():
    new = np.where(SEEN, 0, P) / P[~SEEN].sum()
    assert verdicts(enter("forger", drawing(0.99 * COPIES + 0.01 * new))) == ["photocopier"]
    assert verdicts(enter("forgetful", drawing(0.9 * COPIES + 0.1 * new))) == []


def test_naive_bayes_enters():
    model = NaiveBayes([256] * 1024, 0.001).fit(TRAIN.pixels)
    entry = enter("Naive Bayes", lambda n: model.sample(n, np.random.default_rng(0)), model.log_prob, n=50)
    counts = np.stack([np.bincount(column, minlength=256) for column in TRAIN.pixels.T])
    log_p = np.log((counts[np.arange(1024), FACES] + 0.001) / (2000 + 0.256)).sum(axis=1)
    assert entry.nats == pytest.approx(-P @ log_p) and entry.remarks == ()
    assert entry.training == pytest.approx(np.average(-log_p[SEEN], weights=P[SEEN]))
    assert entry.others == pytest.approx(np.average(-log_p[~SEEN], weights=P[~SEEN]))
    assert entry.rule1 == 0 and entry.ms > 0


def test_milliseconds_are_those_of_one_picture(monkeypatch):
    monkeypatch.setattr(evaluation, "process_time", iter([10.0, 13.0]).__next__)
    assert enter("slow", drawing(P), n=30).ms == pytest.approx(100)  # three seconds for thirty


def test_a_bound_that_is_drawn_by_lot_has_an_error():
    """Each answer is 3 nats too low and 2 nats off by lot: its mean is known, and so is its standard error."""
    rng = np.random.default_rng(0)
    entry = enter("bound", drawing(P), bound=lambda x: np.log(P)[known(x)] - 3 + rng.normal(0, 2, len(x)), n=100)
    error = 2 * np.sqrt((P**2).sum())
    assert entry.density == "bound" and math.isnan(entry.p_faces) and entry.remarks == ()
    assert entry.error == pytest.approx(error, rel=0.2) and abs(entry.nats - entropy(P) - 3) < 4 * error
    fixed = enter("fixed", drawing(P), bound=lambda x: torch.tensor(np.log(P)[known(x)] - 3, requires_grad=True), n=100)
    assert fixed.error == 0 and fixed.p_faces == pytest.approx(np.exp(-3)) and fixed.remarks == ()


def test_pictures_of_another_model_than_the_density():
    """Half of what the density paints is no face, but all pictures are: their likeliest halves, say."""
    entry = enter("two", drawing(P), saying(np.log(P / 2)))
    assert entry.p_faces == pytest.approx(0.5) and verdicts(entry) == ["two models"]
    assert verdicts(enter("too few", noise, saying(np.log(P / 2)))) == ["two models"]
    assert verdicts(enter("a bound", drawing(P), bound=saying(np.log(P / 2)))) == []
    assert verdicts(enter("a bound", noise, bound=saying(np.log(P / 2)))) == ["two models"]


@pytest.mark.parametrize("name", lesson_19.ROWS)
def test_the_invented_entries_of_the_exercise_are_judged_as_it_says(name):
    nats, training, others, p_faces, rule1, exact, rule2 = (
        math.nan if value is None else value for value in lesson_19.ROWS[name]
    )
    answer = lesson_19.HONEST[name]
    if not math.isnan(nats):
        assert P[SEEN].sum() * training + P[~SEEN].sum() * others == pytest.approx(nats, rel=0.01)
    if answer == "no probability":
        with pytest.raises(ValueError, match="log-probabilities"):
            enter(name, noise, saying(np.full(3552, -nats)))
        return
    valid = np.arange(500) < round(500 * rule1)
    scores = evaluation.Scores(rule1, exact, rule2, 0.4, 0.46, 500, valid[:, None], valid, np.zeros(500, dtype=int))
    density = "none" if math.isnan(nats) else "exact"
    remarks = evaluation._remarks(density, Surprise(nats, training, others, p_faces), 0.0, scores, SEEN)
    said = {"leak": ["the truth, or a leak"], "honest": []}.get(answer, [answer])
    assert [words.partition(":")[0] for words in remarks] == said


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"log_prob": FLAT, "bound": FLAT}, "give log_prob or bound, not both"),
        ({"sample": None}, "sample must be a function, got NoneType"),
        ({"log_prob": np.zeros(3552)}, "log_prob must be a function, got ndarray"),
        ({"name": "two\nlines"}, "name must be words in one line of at most 60 characters"),
        ({"name": " "}, "name must be words"),
        ({"name": "x" * 61}, "name must be words"),
        ({"n": 0}, "n must be a whole number from 1 upwards, got 0"),
        ({"n": 2.5}, "n must be a whole number from 1 upwards, got 2.5"),
        ({"sample": lambda n: NOISE[: n - 1]}, "sample(30) must return 30 pictures, got int64 (29, 1024)"),
        ({"sample": lambda n: None}, "sample(30) must return 30 pictures, got object ()"),
        ({"sample": lambda n: NOISE[:n, :784]}, "sample(30) must return pictures: images must be palette indices"),
        ({"sample": lambda n: NOISE[:n] / 255}, "images must be palette indices (N, 1024), whole numbers"),
        ({"sample": lambda n: NOISE[:n] + 1}, "whole numbers must lie in 0..255, got 1 to 256"),
        ({"sample": lambda n: np.full((n, 32, 32, 3), np.nan)}, "images must be numbers, got nan in picture 0"),
        ({"log_prob": lambda x: -7.0}, "log_prob must return (250,) numbers for 250 pictures, got float64 ()"),
        ({"bound": lambda x: np.full((len(x), 1), -7.0)}, "bound must return (250,) numbers"),
        ({"log_prob": lambda x: np.full(len(x), np.nan)}, "log_prob must return log p(x), got nan for face 0"),
        ({"bound": lambda x: np.full(len(x), np.inf)}, "bound must return log p(x), got inf for face 0"),
        ({"log_prob": lambda x: np.full(len(x), -8.0)}, "log_prob must return log-probabilities of discrete pixels"),
        ({"bound": lambda x: np.full(len(x), -8.0)}, "bound must return log-probabilities of discrete pixels"),
        ({"log_prob": lambda x: np.exp(-9 * np.ones(len(x)))}, "all p(x) sum to 1 at most"),
        ({"log_prob": lambda x: -9 + np.random.default_rng().normal(size=len(x))}, "log_prob gave two answers"),
        ({"bound": lambda x: 900 + np.random.default_rng().normal(size=len(x))}, "bound is no lower bound"),
    ],
)  # fmt: skip
def test_what_cannot_enter(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        enter(**{"name": "somebody", "sample": noise, "n": 30} | arguments)


# --- an entry, its line and its file


ENTRY = Entry("Ada's VAE", "bound", 14.25, 0.05, 9.0, 29.9, math.nan, 0.76, 0.5, 0.1, 0.41, 0.4583, 500, 3.2)
COPIER = Entry("Copier", "exact", math.inf, 0.0, 6.4, math.inf, 1.0, 1.0, 1.0, 0.0, 0.43, 0.4583, 500, 0.1, ("photocopier: all known",))  # fmt: skip
PICTURES = Entry("A GAN", "none", *[math.nan] * 5, 0.5, 0.0, 0.05, 0.2, 0.4583, 500, 1.0)


def test_an_entry_is_frozen_and_prints_a_row():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ENTRY.nats = 1.0
    assert str(ENTRY).split() == "Ada's VAE ≤ 14.2 nats (9.0 / 29.9) Rule 1 0.76 exact 0.50 Rule 2 0.10 coverage 0.41".split()  # fmt: skip
    assert "no density" in str(PICTURES)
    row, remark = str(COPIER).splitlines()
    assert "inf nats (6.4 / inf)" in row and remark.strip() == "→ photocopier: all known"
    assert row.index("Rule 1") == str(PICTURES).index("Rule 1")


@pytest.mark.parametrize("entry", [ENTRY, COPIER, PICTURES])
def test_what_is_saved_comes_back(entry, tmp_path):
    path = entry.save(tmp_path / "a" / "b")
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert repr(Entry.load(path)) == repr(entry)  # nan is not equal to itself
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_says_something_else_stays(tmp_path):
    first, again = ENTRY.save(tmp_path), ENTRY.save(tmp_path)
    other = dataclasses.replace(ENTRY, nats=13.0).save(tmp_path)
    assert first == again and first.name == "ada-s-vae.json" and other.name == "ada-s-vae-2.json"
    assert Entry.load(first) == ENTRY or repr(Entry.load(first)) == repr(ENTRY)
    assert dataclasses.replace(ENTRY, name="../!").save(tmp_path).parent == tmp_path


@pytest.mark.parametrize("what, value", [("nats", "seven"), ("nats", None), ("rule1", 1.5), ("rule1", "nan"), ("n", 0), ("n", "9"), ("density", "good"), ("nats", "nan"), ("nats", -3), ("remarks", "x"), ("name", ""), ("name", 7), ("more", 1)])  # fmt: skip
def test_a_file_that_was_changed_is_no_entry(what, value, tmp_path):
    path = ENTRY.save(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {what: value}), encoding="utf-8")
    with pytest.raises(ValueError):
        Entry.load(path)


# --- the table of a class


def test_the_files_of_a_class_become_a_table(tmp_path, capsys):
    ENTRY.save(tmp_path / "ada")
    dataclasses.replace(ENTRY, nats=9.5, density="exact", error=0.0).save(tmp_path / "ben")  # of the same name
    COPIER.save(tmp_path)
    PICTURES.save(tmp_path)
    dataclasses.replace(PICTURES, name="a | <b>", rule1=0.9).save(tmp_path)
    (tmp_path / "half.json").write_text(ENTRY.save(tmp_path / "ada").read_text(encoding="utf-8")[:80], encoding="utf-8")
    (tmp_path / "list.json").write_bytes(b"\xff[1]")
    with pytest.raises(SystemExit, match="2 files are no entries"):
        class_table.main([str(tmp_path)])
    said = capsys.readouterr()
    assert "half.json" in said.err and "list.json" in said.err and '2 entries are called "Ada\'s VAE"' in said.out
    text = (tmp_path / class_table.NAME).read_text(encoding="utf-8")
    assert text.strip() in said.out
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert {len(row) for row in cells} == {len(class_table.HEAD)}
    assert [row[1] for row in cells] == ["Ada's VAE", "Ada's VAE", "Copier", "a \\| &lt;b&gt;", "A GAN"]
    assert [row[2] for row in cells] == ["9.50", "≤ 14.25 ± 0.05", "inf", "–", "–"]
    assert cells[1][3:11] == ["9.0", "29.9", "0.76", "0.50", "0.10", "0.41", "0.46", "500"]
    assert class_table.HEAD[3:11] == (
        "training",
        "others",
        "Rule 1",
        "exact",
        "Rule 2",
        "coverage",
        "of p_data's",
        "pictures",
    )
    assert cells[2][-2:] == ["photocopier: all known", "copier.json"] and cells[0][-1].startswith("ben")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_class_without_entries(tmp_path, capsys):
    with pytest.raises(SystemExit, match="There is no entry"):
        class_table.main([str(tmp_path)])
    with pytest.raises(SystemExit):
        class_table.main([str(tmp_path / "nowhere")])
    assert "there is no folder" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    ENTRY.save(tmp_path)
    (tmp_path / class_table.NAME).write_text("old", encoding="utf-8")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SystemExit, match="disk full"):
        class_table.main([str(tmp_path)])
    assert (tmp_path / class_table.NAME).read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ada-s-vae.json", class_table.NAME]
