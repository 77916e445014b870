"""Write the answer key, the solution of every exercise: `python -m course_utils.making.key`."""

import sys

from course_utils.exercises import engine
from course_utils.files import ROOT, in_one_step
from course_utils.lessons import lessons

KEY = ROOT / "answer_key.md"


def answer_key() -> str:
    """Return the key in Markdown: each lesson's exercises with their titles and the code of `solution()`."""
    parts = ["# Answer key\n\nThe solution of every exercise, as `solution()` shows it in the lessons.\n"]
    for lesson in lessons().values():
        parts.append(f"## {lesson.number} · {lesson.title}\n")
        for name, title in lesson.exercises.items():
            parts.append(f"### {name} · {title}\n\n```python\n{engine.find(name).code}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the key into the course's folder."""
    try:
        with in_one_step(KEY) as part:
            part.write_text(answer_key(), encoding="utf-8")
    except OSError as error:
        sys.exit(f"The answer key could not be written: {error}")
    print(KEY)


if __name__ == "__main__":
    main()
