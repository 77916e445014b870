"""The answer key: each exercise that a notebook checks, as it is asked there, with what `solution()` and `check` say."""

import re

import pytest

from course_utils.exercises import check, engine, solution
from course_utils.lessons import lessons
from course_utils.making.key import answer_key, replaced, solved

# With answers that are numbers, functions, and dictionaries whose parts have mistakes of their own.
CHOSEN = [lessons()[number] for number in ("00", "15")]


@pytest.fixture(scope="module")
def key():
    return answer_key(CHOSEN)


def test_every_exercise_is_asked():
    """The sheet to hand out holds each exercise of each lesson, with the cell to complete, and gives none away."""
    checked = [
        name
        for lesson in lessons().values()
        for name in re.findall(r'\bcheck\(\\"(\d\d\.\d+)\\"', lesson.path.read_text(encoding="utf-8"))
    ]
    sheet = answer_key(lessons().values(), solutions=False)
    asked = dict(re.findall(r"^### (\d\d\.\d+) · [^\n]+\n\n(.*?)(?=^##|\Z)", sheet, re.MULTILINE | re.DOTALL))
    assert len(checked) >= 90 and list(asked) == checked
    for name, question in asked.items():
        prose, code = re.fullmatch(r"(.{20,}?)\n\n(```python\n.*\n```)\s*", question, re.DOTALL).groups()
        assert f'check("{name}"' in code and "..." in code and "<!--" not in prose
        assert engine.find(name).code not in question and "Solution" not in prose


def test_the_key_says_what_the_lesson_says(key, capsys):
    for name, exercise in ((name, engine.find(name)) for lesson in CHOSEN for name in lesson.exercises):
        (answered,) = re.findall(rf"^### {name} · (.*?)(?=^##|\Z)", key, re.MULTILINE | re.DOTALL)
        solution(name)
        assert f"```python\n{capsys.readouterr().out.partition(chr(10) * 2)[2].strip()}\n```" in answered
        right = solved(exercise)
        answers = exercise.mistakes
        if isinstance(answers, dict):
            answers = [(replaced(right, part, wrong), words) for part in answers for wrong, words in answers[part]]
        for answer in (right, *(answer for answer, _ in answers)):
            check(name, answer)
            words, _, text = capsys.readouterr().out.strip().partition(". ")
            told = re.sub(r" Your function printed:.*", "", text, flags=re.DOTALL)
            assert f"{told}\n" in answered + "\n", f"{name} {words}"
