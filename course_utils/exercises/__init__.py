'''Check the reader's answers: `check("02.1", answer)`, `hint("02.1")`, `solution("02.1")`.

`progress()` shows how many are solved on this machine.

The exercises of lesson 02 live in `lesson_02.py` beside this file. This is a whole lesson module:

    from .engine import Exercise
    from .matchers import close

    def grade_density(answer):
        """Return the praise for a right answer; the matchers raise `Wrong` for any other."""
        close(answer, 1 / 200, [(200, "That is the area of the box; the density is one over it.")])
        return "The density is one over the area, so that it integrates to 1."

    EXERCISES = {
        "02.1": Exercise(
            grade=grade_density,
            hints=("How large is the box, in square degrees?", "A density integrates to 1 over the box."),
            solution="answer = 1 / (10 * 20)",  # runs by itself and leaves the answer in `answer`
            wrong=[(200, "one over it")],  # a typical wrong answer, and a fragment of what it must be told
        ),
    }

Matchers: `close` (numbers and arrays), `choice` and `choices` (words), `agrees` (a function, by its values) and `call`
(one call of the reader's function). For anything else `raise Wrong("what is wrong and why")`. The tests run every
solution, every typical wrong answer and a row of absurd ones through every exercise.
'''

from .engine import check, hint, progress, solution

__all__ = ["check", "hint", "progress", "solution"]
