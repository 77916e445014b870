"""The answer key holds every exercise that a notebook checks, each with the code that `solution()` shows."""

import re

from course_utils.exercises import solution
from course_utils.lessons import lessons
from course_utils.making.key import answer_key


def test_the_key_is_complete(capsys):
    checked = [
        name
        for lesson in lessons().values()
        for name in re.findall(r'\bcheck\(\\"(\d\d\.\d+)\\"', lesson.path.read_text(encoding="utf-8"))
    ]
    key = answer_key()
    found = dict(re.findall(r"^### (\d\d\.\d+) · [^\n]+\n\n```python\n(.*?)\n```$", key, re.MULTILINE | re.DOTALL))
    assert len(checked) >= 60 and set(found) == set(checked)
    for name, code in found.items():
        assert key.index(f"\n## {name[:2]} · ") < key.index(f"\n### {name} · ")
        solution(name)
        assert capsys.readouterr().out.partition("\n\n")[2].strip() == code
