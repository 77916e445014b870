"""The faces of Wrodl, against the two tables of the source, typed in from there (Foster 2019, Generative Deep Learning)."""

import collections
import csv
import importlib.util
import re

import numpy as np
import pytest

from course_utils import files
from course_utils.datasets import WRODL_VALUES, load_wrodl, wrodl

TABLE_1_1 = """
0	Round	White	ShirtScoopNeck	Red	ShortHairShortFlat
1	Round	White	Overall	SilverGray	ShortHairFrizzle
2	Sunglasses	White	ShirtScoopNeck	Blonde	ShortHairShortFlat
3	Round	White	ShirtScoopNeck	Red	LongHairStraight
4	Round	White	Overall	SilverGray	NoHair
5	Blank	White	Overall	Black	LongHairStraight
6	Sunglasses	White	Overall	SilverGray	LongHairStraight
7	Round	White	ShirtScoopNeck	SilverGray	ShortHairShortFlat
8	Round	Pink	Hoodie	SilverGray	LongHairStraight
9	Round	PastelOrange	ShirtScoopNeck	Blonde	LongHairStraight
"""
TABLE_1_2 = {
    "topType": {
        "NoHair": 7, "LongHairBun": 0, "LongHairCurly": 1, "LongHairStraight": 23,
        "ShortHairShortWaved": 1, "ShortHairShortFlat": 11, "ShortHairFrizzle": 7,
    },
    "hairColor": {"Black": 7, "Blonde": 6, "Brown": 2, "PastelPink": 3, "Red": 8, "SilverGray": 24},
    "clothingColor": {
        "Black": 0, "Blue01": 4, "Gray01": 10, "PastelGreen": 5, "PastelOrange": 2, "Pink": 4, "Red": 3, "White": 22,
    },
    "accessoriesType": {"Blank": 11, "Round": 22, "Sunglasses": 17},
    "clothingType": {"Hoodie": 7, "Overall": 18, "ShirtScoopNeck": 19, "ShirtVNeck": 6},
}  # fmt: skip
COLUMNS = ["accessoriesType", "clothingColor", "clothingType", "hairColor", "topType"]


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    """The file, without the loader."""
    with open(files.DATA / "wrodl.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["face_id", *COLUMNS]
    return rows


def test_the_file_begins_with_table_1_1(rows):
    assert rows[:10] == [line.split("\t") for line in TABLE_1_1.strip().splitlines()]


def test_the_file_has_the_counts_of_table_1_2(rows):
    assert len(rows) == 50
    for number, column in enumerate(COLUMNS, start=1):
        counts = collections.Counter(row[number] for row in rows)
        assert counts == {value: n for value, n in TABLE_1_2[column].items() if n}


def test_one_combination_is_there_twice_and_the_other_is_not(rows):
    styles = [tuple(row[1:]) for row in rows]
    assert styles.count(("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight")) == 2
    assert styles.count(("Round", "Blue01", "ShirtScoopNeck", "Red", "LongHairStraight")) == 0
    assert len(set(styles)) > 40  # a model that only repeats what it saw still knows many styles


def test_the_loader_gives_the_file(rows):
    table = load_wrodl()
    assert list(table) == COLUMNS and table.index.name == "face_id"
    assert [[str(face_id), *face] for face_id, *face in table.itertuples()] == rows


def test_values_are_in_the_order_of_the_tables():
    assert list(WRODL_VALUES) == COLUMNS
    assert {name: list(values) for name, values in WRODL_VALUES.items()} == {
        name: list(n) for name, n in TABLE_1_2.items()
    }
    assert np.prod([len(values) for values in WRODL_VALUES.values()]) == 4032


def test_a_count_is_table_1_2_with_its_zeros_and_its_order():
    table = load_wrodl()
    for name, counts in TABLE_1_2.items():
        counted = table[name].value_counts(sort=False)
        assert list(counted.items()) == list(counts.items())


def test_codes_become_a_table_of_styles():
    table = load_wrodl()
    codes = np.column_stack([table[name].cat.codes for name in table])
    again = wrodl.styles_table(codes)
    assert again.equals(table.rename_axis(None))
    assert wrodl.styles_table(codes[:0]).shape == (0, 5)


def test_each_caller_gets_a_table_of_its_own():
    table = load_wrodl()
    table.loc[0, "hairColor"] = "Black"
    assert load_wrodl().loc[0, "hairColor"] == "Red"


def test_the_build_script_makes_this_file(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("build_wrodl", files.DATA / "build" / "wrodl.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "TARGET", tmp_path / "wrodl.csv")
    script.main()
    assert (tmp_path / "wrodl.csv").read_bytes() == (files.DATA / "wrodl.csv").read_bytes()
    assert "sha256" in capsys.readouterr().out


@pytest.fixture
def data_file(tmp_path, monkeypatch):
    """The loader reads this file instead of its own; it does not exist yet."""
    monkeypatch.setattr(files, "DATA", tmp_path)
    return tmp_path / "wrodl.csv"


def test_a_missing_file(data_file):
    with pytest.raises(FileNotFoundError, match=f"(?s){re.escape(str(data_file))} is missing.*git restore.*make data"):
        load_wrodl()


GOOD = (files.DATA / "wrodl.csv").read_bytes()


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "No columns"),
        (GOOD[:1000], ""),
        (GOOD[: GOOD.index(b"\n49,") + 1], "expected faces 0 to 49"),
        (GOOD.replace(b"face_id", b"id"), "expected faces 0 to 49 with the columns face_id, "),
        (GOOD.replace(b"\n7,", b"\n77,"), "expected faces 0 to 49"),
        (GOOD.replace(b"Gray01", b"Grey01"), "clothingColor cannot be Grey01"),
        (GOOD.replace(b",Blank,", b",,", 1), "accessoriesType cannot be nan"),
        (GOOD.replace(b"\n", b",1,2\n", 3), ""),
        (b"version https://git-lfs.github.com/spec/v1\n", ""),
    ],
)
def test_a_damaged_file(data_file, content, reason):
    data_file.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"(?s){re.escape(str(data_file))} is damaged .*{reason}.*git restore.*make data"
    ):
        load_wrodl()
