"""Look an exercise up, judge an answer, and show the verdict in a box. Nothing here raises, whatever comes in."""

import contextlib
import html
import importlib
import io
import pkgutil
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from IPython import get_ipython
from IPython.display import display

import course_utils.lessons

from .answers import Mistakes, NotAttempted, Printed, Vague, Wrong, captured, describe_error, show, unattempted
from .changes import changed_answers, parts
from .memory import place, recall, remember

RIGHT, WRONG, NOT_ATTEMPTED = "Right.", "Not yet.", "Not attempted yet."
INTERRUPTED, UNKNOWN, FAILED = "Interrupted.", "No such exercise.", "The check itself failed."
# Text and background of a box: given together, so that they read the same in a light and in a dark theme.
# A class for boxes.css in the dark, ink and paper
_LOOKS = {RIGHT: ("verdict right", "#0B3B25", "#E3F2EA"), WRONG: ("verdict wrong", "#4A2500", "#FCEEDC")}
_NEUTRAL = ("verdict", "#14213D", "#E8ECF1")


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """Hold one exercise: how an answer is judged, and all that is said about it."""

    judge: Callable[..., str | None]  # raises Wrong unless the answer is right: judge(answer, mistakes=mistakes)
    praise: str = ""  # for a right answer, where `judge` returns none
    mistakes: Mistakes | Mapping[Any, Mistakes]  # a wrong answer, and the words it is told; or {part: such pairs}
    hints: Sequence[str]  # the first one gives away least
    solution: str  # code that runs by itself and leaves the answer in `answer`

    def grade(self, answer: Any) -> str:
        """Return the praise for a right answer; raise Wrong for any other."""
        try:
            return self.judge(answer, mistakes=self.mistakes) or self.praise
        except Vague as error:
            vague = error
        raise self._slip(answer) or vague

    def _slip(self, answer: Any) -> Wrong | None:
        """Return what to say to an answer that the solution would give if one place of it were changed."""
        changed = changed_answers(self.code)
        if isinstance(self.mistakes, Mapping):
            told = {part: [*pairs, *parts(changed, part)] for part, pairs in self.mistakes.items()}
        else:
            told = [*changed, *self.mistakes]
        try:
            with captured(), contextlib.redirect_stdout(io.StringIO()):  # nothing is to be printed twice
                self.judge(answer, mistakes=told)
        except Vague:
            return None
        except Wrong as error:
            return error
        return None

    @property
    def code(self) -> str:
        """Return the solution without the indentation that it has in its module."""
        return textwrap.dedent(self.solution).strip()


class NoSuchExercise(LookupError):
    """Say that an id names no exercise, and which ids do."""


def check(exercise_id: str, answer: Any) -> None:
    """Judge an answer and show the verdict."""
    _show(_judge, exercise_id, answer)


def hint(exercise_id: str, level: int = 1) -> None:
    """Show a hint; level 1 gives away least."""
    _show(_hint, exercise_id, level)


def solution(exercise_id: str) -> None:
    """Show code that solves the exercise."""
    _show(_solution, exercise_id)


def progress() -> None:
    """Show how many exercises of each lesson are solved on this machine, which one is next, and where that is noted."""
    notes = []
    try:
        noted, damaged = recall()
        if damaged:
            notes.append("Some lines of the file below are damaged. They do not count; check those once more.")
    except (OSError, ValueError) as error:
        noted = set()
        notes.append(f"What you have solved could not be read: {describe_error(error)}.")
    names = {number: lesson.path.stem for number, lesson in course_utils.lessons.lessons().items()}
    exercises = {lesson: list(load(lesson)) for lesson in lessons()}
    open_ones = [key for keys in exercises.values() for key in keys if key not in noted]
    total = sum(map(len, exercises.values()))
    rows = []
    for lesson, keys in exercises.items():
        solved = sum(key in noted for key in keys)
        squares = "■" * solved + "□" * (len(keys) - solved)
        rows.append((names.get(lesson, lesson), f"{solved} of {len(keys)}", squares))
    notes.insert(0, f"Next: exercise {open_ones[0]}." if open_ones else "You have solved them all.")
    if file := place():
        where = str(file).encode(errors="replace").decode()
        notes.append(f"Remembered in {where} (delete this file to start anew).")
    _display(*_table(f"Solved: {total - len(open_ones)} of {total} exercises", rows, notes))


def find(exercise_id: str) -> Exercise:
    """Return an exercise by its id; raise NoSuchExercise, with the ids that exist, if there is none."""
    if type(exercise_id) is not str:
        raise NoSuchExercise(f'Write the id as text in quotes, as in `check("02.1", answer)`, not {show(exercise_id)}.')
    lesson = exercise_id[:2]
    known = load(lesson) if lesson in lessons() else {key: e for n in lessons() for key, e in load(n).items()}
    if exercise_id not in known:
        raise NoSuchExercise(f"There is no exercise {show(exercise_id)}; there are: {', '.join(known) or 'none yet'}.")
    return known[exercise_id]


def lessons() -> list[str]:
    """Return the numbers of the lessons that have exercises, such as ["02", "03"]."""
    names = [module.name for module in pkgutil.iter_modules(importlib.import_module(__package__).__path__)]
    return sorted(name.removeprefix("lesson_") for name in names if name.startswith("lesson_"))


def load(lesson: str) -> dict[str, Exercise]:
    """Import the exercises of one lesson."""
    return importlib.import_module(f"{__package__}.lesson_{lesson}").EXERCISES


# Each of these returns what the box says: its first words, the text, and perhaps some code.
def _judge(exercise_id: str, answer: Any) -> tuple[str, str]:
    exercise = find(exercise_id)
    if unattempted(answer):
        raise NotAttempted
    return RIGHT, exercise.grade(answer) + remember(exercise_id)


def _hint(exercise_id: str, level: int) -> tuple[str, str]:
    hints = find(exercise_id).hints
    if type(level) is not int or level < 1:
        return "No such hint.", f'Ask for level 1 to {len(hints)}, as in `hint("{exercise_id}", 1)`.'
    if level < len(hints):
        more = f'The next one: `hint("{exercise_id}", {level + 1})`.'
        return f"Hint {level} of {len(hints)}.", f"{hints[level - 1]} {more}"
    return f"Hint {len(hints)} of {len(hints)}, the last one.", hints[-1]


def _solution(exercise_id: str) -> tuple[str, str, str]:
    return "Solution.", "One way to write it:", find(exercise_id).code


def _show(work: Callable[..., tuple], *args: Any) -> None:
    """Show what `work` returns; an exception in it becomes a message."""
    printed = Printed()
    try:
        with captured() as printed:
            words, text, *code = work(*args)
            plain, page = _render(words, text, *code)
    except NoSuchExercise as error:
        plain, page = _render(UNKNOWN, str(error))
    except NotAttempted:
        plain, page = _render(NOT_ATTEMPTED, "Replace the `...` and run the cell again.")
    except Wrong as error:
        shown = printed.shown()
        plain, page = _render(WRONG, str(error) + " Your function printed:" * bool(shown), shown)
    except KeyboardInterrupt:
        plain, page = _render(INTERRUPTED, "Your code was still running: look for a loop that never ends.")
    except BaseException as error:
        report = f"Your answer was not judged. Please report this mistake in the course: `{describe_error(error)}`."
        plain, page = _render(FAILED, report)
    _display(plain, page)


def _display(plain: str, page: str) -> None:
    """Show HTML in a notebook, plain text elsewhere."""
    if get_ipython() is None:
        print(plain)
    else:
        display({"text/plain": plain, "text/html": page}, raw=True)


def _render(words: str, text: str, code: str = "") -> tuple[str, str]:
    """Return a box as plain text and as HTML whose styles are inline, for wherever boxes.css is not."""
    kind, ink, paper = _LOOKS.get(words, _NEUTRAL)
    colours = f"color:{ink};background-color:{paper}"
    body = re.sub("`([^`]+)`", rf'<code style="{colours};padding:0">\1</code>', html.escape(text))
    if code:
        body += f'<pre style="{colours};font-family:monospace;margin:8px 0 0">{html.escape(code)}</pre>'
    box = f'<div class="{kind}" style="{colours};border-left:4px solid {ink};padding:8px 12px"><b>{words}</b> {body}</div>'
    return f"{words} {text}" + (f"\n\n{code}" if code else ""), box


def _table(title: str, rows: Sequence[tuple[str, str, str]], notes: Sequence[str]) -> tuple[str, str]:
    """Return the overview as plain text and as an HTML table in the theme's own colours."""
    lines = [title, *(f"{name:<36} {solved:>7}  {squares}" for name, solved, squares in rows), *notes]
    left = 'style="text-align:left;font-weight:normal"'
    body = "".join(
        f'<tr><th scope="row" {left}>{html.escape(name)}</th><td {left}>{solved}</td>'
        f'<td {left} aria-hidden="true">{squares}</td></tr>'
        for name, solved, squares in rows
    )
    page = f'<table><caption style="text-align:left"><b>{title}</b></caption>{body}</table>'
    return "\n".join(lines), page + "".join(f"<p>{html.escape(note)}</p>" for note in notes)
