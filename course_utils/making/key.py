"""Write the answer key and the sheet of exercises without it: `python -m course_utils.making.key`.

All of it is made from the lessons and their exercises: the question and the code to complete, the solution, the reason
that `check` gives for it, and the usual wrong answers with what `check` tells them.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from course_utils.exercises.answers import Wrong, captured, show
from course_utils.exercises.engine import Exercise, find
from course_utils.files import OUTPUT, in_one_step
from course_utils.lessons import Lesson, lessons

KEY, SHEET = OUTPUT / "answer_key.md", OUTPUT / "exercises.md"


def answer_key(chosen: Iterable[Lesson], solutions: bool = True) -> str:
    """Return the exercises of some lessons in Markdown; without `solutions` only the questions, to hand out."""
    parts = ["# Answer key\n" if solutions else "# Exercises\n"]
    for lesson in chosen:
        questions = lesson.questions
        if questions:
            parts.append(f"## {lesson.number} · {lesson.title}\n")
        for name, title in lesson.exercises.items():
            parts.append(f"### {name} · {title}\n\n{questions[name]}\n")
            if solutions:
                parts += _answered(find(name))
    return "\n".join(parts)


def _answered(exercise: Exercise) -> Iterator[str]:
    right = solved(exercise)
    with captured():
        reason = exercise.grade(right)
    yield f"**Solution.** {reason}\n\n```python\n{exercise.code}\n```\n"
    told = dict.fromkeys(_told(exercise, right))
    if told:
        yield (
            "**Not yet.** What `check` tells the usual wrong answers:\n\n"
            + "\n".join(f"- {line}" for line in told)
            + "\n"
        )


def _told(exercise: Exercise, right: Any) -> Iterator[str]:
    """Yield a line for each usual wrong answer: the answer, if it is no function, and what it is told."""
    mistakes = exercise.mistakes
    parts = mistakes if isinstance(mistakes, dict) else {None: mistakes}
    for part, pairs in parts.items():
        for wrong, _ in pairs:
            try:
                with captured():
                    exercise.grade(wrong if part is None else replaced(right, part, wrong))
            except Wrong as error:
                answer = "" if callable(wrong) or callable(right) else f"`{show(wrong)}`"
                where = "" if part is None else f"`{part}`"
                yield ": ".join(filter(None, (" ".join(filter(None, (where, answer))), str(error))))


def solved(exercise: Exercise) -> Any:
    """Run an exercise's solution and return its answer."""
    names: dict[str, Any] = {}
    exec(exercise.code, names)
    return names["answer"]


def replaced(right: Any, part: Any, wrong: Any) -> Any:
    """Return the right answer (a dict, a tuple, or a function that returns one) with one part replaced."""
    if callable(right):
        return lambda *args: replaced(right(*args), part, wrong(*args))
    return right | {part: wrong} if isinstance(right, dict) else (*right[:part], wrong, *right[part + 1 :])


def main() -> None:
    """Write both files into the course's folder."""
    for path, solutions in ((SHEET, False), (KEY, True)):
        try:
            with in_one_step(path) as part:
                part.write_text(answer_key(lessons().values(), solutions), encoding="utf-8")
        except OSError as error:
            sys.exit(f"{path.name} could not be written: {error}")
        print(path)


if __name__ == "__main__":
    main()
