"""Check the reader's answers: `check("02.1", answer)`, `hint("02.1")`, `solution("02.1")`.

`progress()` shows how many are solved on this machine.

The exercises of lesson 02 live in `lesson_02.py` beside this file. This is a whole lesson module:

    from functools import partial

    from .engine import Exercise
    from .matchers import close

    AREA = 10 * 20  # of the box, in square degrees

    EXERCISES = {
        "02.1": Exercise(
            judge=partial(close, expected=1 / AREA),
            praise=f"The density is 1/{AREA}, one over the area, so that it integrates to 1.",
            mistakes=[(AREA, "That is the area of the box; the density is one over it.")],
            hints=("How large is the box, in square degrees?", "A density integrates to 1 over the box."),
            solution="answer = 1 / (10 * 20)",  # runs by itself and leaves the answer in `answer`
        ),
    }

A mistake is a wrong answer as a reader may hand it in, with the words that it is told. Where an answer has parts, each
has mistakes of its own, {part: [(wrong, words), …]}. The matchers are `close` (numbers and arrays), `close_each` (a dict
of numbers), `choice` and `choices` (words), `choose_line` (the number of a line) and `agrees` (a function, by its
values). For anything else write `judge(answer, mistakes)`: it returns nothing, or praise of its own, for a right answer
and raises `Wrong("what is wrong and why")` for any other; `call` calls the reader's function once. A mistake of
a function is told only where it explains all values. Whatever is said without it needs no mistake: "that is too large",
the usual slips of every exercise (`slips.py`: a sign, a factor 2, bits for nats …), and a solution that is changed in
one place (`changes.py`). A number in the words is computed from the module's constants. The tests run every solution,
every mistake, every change of a solution and a row of absurd answers through every exercise; `python -m tests.test_slips`
prints what becomes of the changes.
"""

from .engine import check, hint, progress, solution

__all__ = ["check", "hint", "progress", "solution"]
