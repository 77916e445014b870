"""Room for a new lesson: what is a reference moves, what is another number stays, and what may be one is named."""

import subprocess

import pytest

from course_utils.making import insert

STEMS = ["13_vae", "14_gan", "15_choosing_a_model"]


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("# 14 · The game", "# 15 · The game"),
        ("| 14 The game | who wins? | 60 |", "| 15 The game | who wins? | 60 |"),
        ("Lesson 14, unlike lesson 13, and lesson 09", "Lesson 15, unlike lesson 13, and lesson 09"),
        ("lessons 11–15 and lessons 12, 14 and 15", "lessons 11–16 and lessons 12, 15 and 16"),
        ("lessons 08 to 14 took 14 minutes", "lessons 08 to 15 took 14 minutes"),
        ("### Exercise 14.2 · Slopes, as in exercises 13.1 and 14.1", "### Exercise 15.2 · Slopes, as in exercises 13.1 and 15.1"),
        ('check("14.2", 14.2)', 'check("15.2", 14.2)'),
        ('"check(\\"15.1\\", answer)\\n"', '"check(\\"16.1\\", answer)\\n"'),
        ("[14](14_gan.ipynb#14)", "[14](15_gan.ipynb#14)"),
        ("from lesson_14 import x; def test_14_noise(): pass", "from lesson_15 import x; def test_15_noise(): pass"),
        ("lesson 16 is yet to come, and so are 14 pixels", "lesson 16 is yet to come, and so are 14 pixels"),
        ('words: ["-20", "14.4156"]', 'words: ["-20", "14.4156"]'),
    ],
)  # fmt: skip
def test_references_move_and_other_numbers_stay(text, moved):
    assert insert.rewritten(text, range(14, 16), STEMS)[0] == moved


@pytest.mark.parametrize(
    ("line", "named"),
    [('("latent_explorer", "14"): 1', 1), ("| 14.1 nats |", 1), ("lesson 14", 0), ("99.1 or 12.3", 0)],
)
def test_what_may_be_a_lesson_is_named(line, named):
    assert len(insert.rewritten(f"x\n{line}\n", range(14, 16), STEMS)[1]) == named


def test_files_are_renamed_and_no_lesson_is_in_the_way(tmp_path):
    """In a house of three lessons: names and contents; git knows the new names."""
    names = [f"notebooks/{stem}.ipynb" for stem in ("00_a", "01_b", "02_c")]
    names += [f"course_utils/exercises/lesson_0{k}.py" for k in range(3)] + [
        f"tests/lessons/test_0{k}.py" for k in range(3)
    ]
    for name in [*names, "picture.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name} is of lesson 0{name[-4]}" if name[-3:] == ".py" else f"{name}: lesson 02")
    (tmp_path / "picture.png").write_bytes(b"\xff\xfe lesson 02")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    insert.insert(tmp_path, 1)
    found = {
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    listed = subprocess.run(
        ["git", "ls-files"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    assert found == set(listed) == {
        "notebooks/00_a.ipynb", "notebooks/02_b.ipynb", "notebooks/03_c.ipynb", "picture.png",
        *(f"course_utils/exercises/lesson_0{k}.py" for k in (0, 2, 3)), *(f"tests/lessons/test_0{k}.py" for k in (0, 2, 3)),
    }  # fmt: skip
    assert (tmp_path / "notebooks/03_c.ipynb").read_text() == "notebooks/03_c.ipynb: lesson 03"
    assert (tmp_path / "picture.png").read_bytes() == b"\xff\xfe lesson 02"
    with pytest.raises(ValueError, match="there is no lesson 07 that could move; lessons: 00, 02, 03"):
        insert.insert(tmp_path, 7)


def test_room_for_two_lessons_is_made_by_two_commands(tmp_path):
    """After the first there is a gap in the numbers, and the second moves the last lesson too."""
    (tmp_path / "notebooks").mkdir()
    for name in ("00_a", "01_b", "02_c"):
        (tmp_path / f"notebooks/{name}.ipynb").write_text(name)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    insert.insert(tmp_path, 1)
    insert.insert(tmp_path, 2)
    found = {path.name: path.read_text() for path in (tmp_path / "notebooks").iterdir()}
    assert found == {"00_a.ipynb": "00_a", "03_b.ipynb": "03_b", "04_c.ipynb": "04_c"}
