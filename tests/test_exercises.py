"""Exercises: the engine never raises, and every lesson's solutions, mistakes and hints do what they say."""

import math
import re
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from scipy.stats import entropy

from course_utils import exercises
from course_utils.datasets import WRODL_VALUES, load_planet_pixel, load_wrodl, planet_pixel_distribution
from course_utils.exercises import check, engine, hint, lesson_04, lesson_05, lesson_06, lesson_07, lesson_13, solution
from course_utils.exercises.answers import NotAttempted, Wrong, captured, show
from course_utils.exercises.matchers import agrees, call, choice, choices, choose_line, close, close_each
from course_utils.files import ROOT as COURSE
from course_utils.making.key import replaced, solved

# A made-up lesson: the example for those who write lessons, and two exercises more.
EXAMPLE = re.search(r"whole lesson module:\n\n(.*?)\nA mistake is", exercises.__doc__, re.DOTALL)[1]
LESSON_99 = (
    textwrap.dedent(EXAMPLE).replace("02.1", "99.1")
    + '''
import numpy as np
from course_utils.exercises.matchers import agrees

def judge_broken(answer, mistakes):
    raise answer

EXERCISES["99.2"] = Exercise(
    judge=partial(agrees, reference=np.mean, cases=[(np.array([1.0, 2.0, 6.0]),)]), praise="The sum over N.",
    mistakes=[(np.median, "That is the median.")], hints=("Add.", "Divide."), solution="""
        answer = np.mean
    """)
EXERCISES["99.3"] = Exercise(judge=judge_broken, mistakes=[], hints=(), solution="answer = 1")
'''
)


class Hostile:
    """Raise at everything that a check might do with it."""

    def _raise(self, *args, **kwargs):
        raise SystemExit("hostile")

    __repr__ = __str__ = __eq__ = __len__ = __bool__ = __iter__ = __array__ = __float__ = __index__ = _raise
    __format__ = __getitem__ = __contains__ = _raise
    __hash__ = None

    def __getattr__(self, name):
        raise RuntimeError(f"{name} at 0x7f0123456789")


class HostileClass:
    @property
    def __class__(self):
        raise RuntimeError


def raises(*args):
    raise ValueError(f"{object()} `\x00\ud800 " + "long " * 1000)


def inverts(x):
    return np.linalg.inv(x)


def exits(*args):
    sys.exit("bye")


def recurses(*args):
    return recurses(*args)


def prints(*args):
    for _ in range(20_000):
        print("a great deal " * 10)


def endless_list():
    loop = [1]
    loop.append(loop)
    return loop


ABSURD = {
    "none": None, "nan": float("nan"), "inf": -np.inf, "bool": True, "complex": 1 + 2j,
    "400 digits": 10**400, "5000 digits": -(10**5000),
    "text": "a string", "empty": "", "surrogate": "\ud800 `\x00", "bytes": b"1",
    "wrong shape": np.zeros((7, 3, 2)), "no values": np.zeros(0), "ragged": [[1, 2], [3]], "nested": endless_list(),
    "huge": np.broadcast_to(np.float32(1), (10**6, 10**5)), "huge objects": np.broadcast_to(np.array(None), (10**6, 10**5)),
    "dict": {1: Hostile(), "a": [Hostile()]}, "set": {"a", "b", "c"}, "generator": (i for i in range(3)),
    "class": Hostile, "hostile": Hostile(), "module": np, "ufunc": np.log, "builtin": dict.update,
    "function of nothing": lambda: 1, "function of eight": lambda a, b, c, d, e, f, g, h: 1,
    "raises": raises, "exits": exits, "recurses": recurses, "prints": prints,
    "returns nothing": lambda *args: print("3"),
    "returns a huge array": lambda *args: np.broadcast_to(1.0, (10**6, 10**5)),
    "returns a generator": lambda *args: (i for i in range(3)),
    "returns a hostile object": lambda *args: Hostile(),
    "tensor": torch.ones(3, 4, requires_grad=True), "list of tensors": [torch.ones(2, requires_grad=True)],
    "array without shape": np.array(33), "half": torch.ones(2, dtype=torch.bfloat16), "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
}  # fmt: skip


@pytest.fixture
def lesson_99(tmp_path, monkeypatch):
    """Add the made-up lesson beside the real ones."""
    (tmp_path / "lesson_99.py").write_text(LESSON_99)
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    yield
    sys.modules.pop("course_utils.exercises.lesson_99", None)


@pytest.fixture
def said(capsys):
    """Call something and return what it printed."""

    def run(function, *args):
        assert function(*args) is None
        out, err = capsys.readouterr()
        assert err == ""
        return out.rstrip("\n")

    return run


# ---- check, hint, solution ------------------------------------------------------------------------------------------


def test_a_right_answer_is_praised_and_a_mistake_explained(lesson_99, said):
    assert said(check, "99.1", 0.005).startswith("Right. The density is 1/200, one over the area")
    assert said(check, "99.1", 200) == "Not yet. That is the area of the box; the density is one over it."
    assert said(check, "99.2", lambda x: x[..., :].mean()) == "Right. The sum over N."  # this `...` means something
    assert said(check, "99.2", lambda values: sorted(values)[1]) == "Not yet. That is the median."


def starter(x):
    """Return the mean."""
    ...


def says_nothing(x):
    """Return the mean."""
    return


def indexes(*args):
    return np.arange(3)[0.5]  # numpy speaks of an "ellipsis (`...`)" here


def indexes_a_tensor(*args):
    return torch.arange(3)[0.5]


STARTERS = [
    ..., [1, ...], (..., 1), {"painter": ...}, {"a": [1, {"b": ...}]}, np.array([1, ...], dtype=object),
    starter, (starter, abs), lambda x: None, lambda x: ..., lambda x: x.sum() / ..., lambda x: np.log(...),
]  # fmt: skip


@pytest.mark.parametrize("answer", STARTERS)
def test_a_starter_is_not_attempted(lesson_99, said, answer):
    assert said(check, "99.2", answer) == "Not attempted yet. Replace the `...` and run the cell again."


def test_a_bare_return_is_told_that_nothing_comes_back(lesson_99, said):
    nothing = "Not yet. Your function returned nothing: is the `return` missing, or the value behind it?"
    assert said(check, "99.2", says_nothing) == nothing
    assert said(check, "99.2", lambda x: x.fill(1)) == nothing


def test_what_a_wrong_function_prints_is_shown(lesson_99, said):
    def prints(values):
        print("the sum:", values.sum())
        return values.sum()

    def prints_much(values):
        print("x" * 10**6)
        return values.sum()

    assert said(check, "99.2", prints).endswith(" Your function printed:\n\nthe sum: 9.0")
    assert said(check, "99.2", prints_much).endswith("x" * 300 + "…")
    assert said(check, "99.2", lambda values: print("hm") or values.mean()) == "Right. The sum over N."
    assert "Your function printed" in said(check, "99.2", lambda values: print("hm") or values.no_such_thing)
    assert "printed" not in said(check, "99.2", np.sum)


def test_an_answer_is_also_compared_with_the_solution_changed_in_one_place(said):
    def nats(fit, log_q, weights, log_n):
        return log_q - fit + np.log((weights * np.exp(log_n)).sum(axis=1))

    assert said(check, "14.2", nats).startswith("Not yet. A sign is wrong")


def test_even_an_object_without_a_class_does_not_raise(lesson_99, said):
    texts = [said(check, "99.1", HostileClass()), said(check, "99.2", HostileClass()), said(check, HostileClass(), 1)]
    assert [text[:8] for text in texts] == ["Not yet.", "Not yet.", "No such "]


def test_a_mistake_in_a_judge_is_reported_calmly(lesson_99, said):
    assert said(check, "99.3", GeneratorExit()).startswith("The check itself failed. Your answer was not judged.")
    assert said(check, "99.3", ZeroDivisionError("division by zero")).endswith("`ZeroDivisionError: division by zero`.")


@pytest.mark.parametrize("function, more", [(check, [1]), (hint, []), (solution, [])])
def test_an_unknown_id_gets_the_ids_that_exist(lesson_99, said, function, more):
    for unknown in ("99.9", "98.1", "abc", "", 5, 99.1, None, Hostile(), b"99.1", ["99.1"]):
        text = said(function, unknown, *more)
        assert text.startswith("No such exercise.")
        assert ("99.1, 99.2, 99.3" in text) if isinstance(unknown, str) else ("in quotes" in text)


def test_hints_go_up_to_the_last(lesson_99, said):
    first, last = "How large is the box, in square degrees?", "A density integrates to 1 over the box."
    assert said(hint, "99.1") == f'Hint 1 of 2. {first} The next one: `hint("99.1", 2)`.'
    assert said(hint, "99.1", 2) == said(hint, "99.1", 10**5000) == f"Hint 2 of 2, the last one. {last}"
    for level in (0, -1, 1.5, None, "2", np.nan, Hostile()):
        assert said(hint, "99.1", level) == 'No such hint. Ask for level 1 to 2, as in `hint("99.1", 1)`.'


def python(code):
    """Return what a fresh process prints."""
    run = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True)
    assert not run.returncode, run.stderr
    return run.stdout.strip()


def test_answers_read_the_same_in_every_process():
    code = "from tests.test_exercises import *; print([ascii(show(value)) for value in ABSURD.values()])"
    assert python(code) == str([ascii(show(value)) for value in ABSURD.values()])


def test_the_exercises_load_no_heavy_library_before_one_needs_it():
    code = "from course_utils.exercises import *; import sys; progress(); hint('15.5'); print(*sys.modules)"
    loaded = python(code).splitlines()[-1].split()
    assert "course_utils.exercises.lesson_19" in loaded
    assert not {"torch", "scipy", "sklearn", "pandas", "shapely", "matplotlib.pyplot"} & {*loaded}


# ---- the box --------------------------------------------------------------------------------------------------------


def luminance(colour):
    """Return the relative luminance of "#RRGGBB" (WCAG 2.1)."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("words", [engine.RIGHT, engine.WRONG, engine.NOT_ATTEMPTED, "Hint 1 of 2."])
def test_the_box_is_legible_in_any_theme(words):
    _, page = engine._render(words, "the `code` here", "x = 1")
    pairs = re.findall(r"color:(#\w{6});background-color:(#\w{6})", page)
    assert len(pairs) == 3  # the box, the code in it, the block of code: each brings both of its colours
    for ink, paper in pairs:
        assert (luminance(paper) + 0.05) / (luminance(ink) + 0.05) >= 7
    assert f"<b>{words}</b>" in page


def test_the_box_shows_code_and_escapes_everything():
    plain, page = engine._render("Right.", "a `x < 1` & <script>", "if x < 1: y")
    assert plain == "Right. a `x < 1` & <script>\n\nif x < 1: y"
    assert ">x &lt; 1</code> &amp; &lt;script&gt;" in page and ">if x &lt; 1: y</pre>" in page and "<script" not in page


# ---- the matchers ---------------------------------------------------------------------------------------------------


def complaint(function, *args, **kwargs):
    """Return what is said about a wrong answer; any other exception is a mistake in the course."""
    with pytest.raises(Wrong) as error, captured():
        function(*args, **kwargs)
    return str(error.value)


def test_numbers_of_every_kind_are_taken():
    for answer in (0.5, np.float32(0.5), Fraction(1, 2), np.array(0.5), torch.tensor(0.5, requires_grad=True), 0.50049):
        assert close(answer, 0.5) is None
    close(2, 2.0)
    close(-np.inf, -np.inf)
    close(1e-17, 0)
    close([[1, 2], [3, 4]], np.array([[1.0, 2], [3, 4]]))
    close(torch.tensor([True, False]), np.array([True, False]))
    close("0.5", 0.5)
    close("261,120", 261120)
    close(np.array([True, False]), [1, 0])  # a mask
    close([2e-16, 0.7], [0, 0.7])
    close([1e-10, 0.7], [0, 0.7])  # around 0 an absolute tolerance
    close(1e-10, 0)
    agrees(lambda x: x + 2e-16, lambda x: x, [(0.0,), (0.7,)])


@pytest.mark.parametrize(
    "answer, expected, words",
    [
        (10**400, 1, "is a whole number of about 400 digits: that is far too large."),
        (0.6, 0.5, "Your answer is 0.6: that is too large."),
        (0.4, 0.5, "too small"),
        (-0.5, 0.5, "the sign is wrong"),
        (0.0054, 0.005414, "rounded too far"),
        (np.nan, 0.5, "is nan: was 0 divided by 0"),
        (np.inf, 0.5, "is inf: was something divided by 0"),
        (0.0, 1e-200, "is 0: that is underflow"),
        (-np.inf, -5000.0, "is -inf: that is underflow"),
        (1e-8, 0, "too large"),
        ("0,5", 0.5, 'should be one number, but it is "0,5"'),
        ("half", 0.5, 'should be one number, but it is "half"'),
        (True, 1, "should be one number, but it is True"),
        (1, True, "should be True or False, but it is 1"),
        (False, True, "is False: that is not right"),
        (1j, 1, "should be one number, but it is 0+1j"),
        (None, 1, "`None`: was something printed"),
        (np.mean, 1, "has it still to be called?"),
        ([0.5], 0.5, "should be one number, but it is [0.5]"),
        (0.5, [0.5], "should be an array of numbers of shape (1,), but it is 0.5"),
        (0.5, [0.5, 0.3], "should be a pair of numbers, but it is 0.5"),
        (
            np.ones((3, 2)),
            np.ones((2, 3)),
            "Rows and columns are exchanged. Your value should be an array of numbers of shape (2, 3).",
        ),
        ([1, 2, 4, 5], [1, 2, 3, 4], "wrong at 2 of 4 places. At index [2] it is 4: that is too large."),
        ([1, np.nan], [1, 2], "The second is nan"),
        ([1, np.nan, 3], [1, 2, 3], "At index [1] it is nan"),
        (np.array([True, True]), [True, False], "wrong at 1 of 2 places. At index [1] it is True: that is not right."),
    ],
)
def test_a_wrong_number_is_described(answer, expected, words):
    assert words in complaint(close, answer, expected)


def test_the_nearest_value_decides():
    mistakes = [(4031, "That is the number of free parameters."), (0.0, "Zero."), ([1, 2], "One too few.")]
    close(4032, 4032, mistakes)
    assert complaint(close, 4031, 4032, mistakes) == "That is the number of free parameters."
    assert complaint(close, 4029, 4032, mistakes, tolerance=0) == "Your answer is 4029: that is too small."
    assert complaint(close, [1, 2], 4032, mistakes) == "One too few."
    assert "one number" in complaint(close, [1, 3], 4032, mistakes)


def test_words_are_compared_without_case_and_spaces():
    mistakes = [("p(y|x)", "That is discriminative."), ("p(x)", "No class is given.")]
    for answer in ("p(x|y)", " P(X | Y) ", np.str_("p(x|y)")):
        choice(answer, "p(x|y)", mistakes)
    assert complaint(choice, "p(y | x)", "p(x|y)", mistakes) == "That is discriminative."
    for absurd in ("q", 1, None, ["p(x|y)"], Hostile()):
        assert "one of `p(x)`, `p(x|y)`, `p(y|x)`, but it is " in complaint(choice, absurd, "p(x|y)", mistakes)
    choice(np.True_, True, [(False, "It may exceed 1.")])
    choice(1, True, [(False, "It may exceed 1.")])
    assert complaint(choice, False, True, [(False, "It may exceed 1.")]) == "It may exceed 1."


def test_a_line_is_known_by_its_number():
    mistakes = [(1, "The first is right."), (3, "The third is right.")]
    words = ("2", "(2) ", "line 2", "Line (2).", np.array("(2)"))
    for answer in (2, 2.0, np.int32(2), np.array(2), torch.tensor(2), *words):
        choose_line(answer, 2, mistakes)
    assert complaint(choose_line, "1", 2, mistakes) == "The first is right."
    for absurd in (4, 0, True, None, "two", "-2", "2.5", "lines 1 and 2", np.nan, HostileClass()):
        assert "the number of a line, 1, 2 or 3, but it is " in complaint(choose_line, absurd, 2, mistakes)


def test_a_dict_is_compared_item_by_item():
    words = {"painter": "p(x|y)", "portrait": "p(x)"}
    told = {"painter": [("p(x)", "The subject is given.")], "portrait": [("p(x|y)", "None is given.")]}
    choices({"portrait": "p(x)", "painter": "p(x|y)"}, words, told)
    assert complaint(choices, {"painter": "p(x)", "portrait": "p(x)"}, words, told) == (
        "1 of 2 are right. Look again at `painter`: The subject is given."
    )
    assert "`painter`: this should be one of" in complaint(choices, {"painter": 3, "portrait": "p(x)"}, words, told)
    numbers, more = {"painter": 1, "portrait": 2}, {"painter": [], "portrait": [(4, "twice as many.")]}
    close_each({"portrait": 2, "painter": 1}, numbers, more)
    assert complaint(close_each, numbers | {"portrait": 4}, numbers, more) == "`portrait` is not right: twice as many."
    assert complaint(close_each, numbers | {"painter": 4}, numbers, more) == "`painter` is 4: that is too large."
    for absurd in (None, {}, {"painter": "p(x|y)"}, {1: 2, "painter": 1}, ["p(x|y)", "p(x)"], "p(x)", Hostile()):
        for matcher in (choices, close_each):
            assert "a dict with the keys `painter`, `portrait`" in complaint(matcher, absurd, words, told)


@pytest.mark.parametrize(
    "function, args, words",
    [
        (3.5, [1], "should be a function, but it is 3.5"),
        (lambda x, n: x, [1], "Your function should take 1 argument, but it takes `x`, `n`."),
        (lambda x: [][x], [0], "raised `IndexError: list index out of range` in the line "),
        (lambda x: [][x], [0], "when called with x = 0."),
        (lambda x: [][x], [0], "An index or an axis is too large: the first is 0."),
        (lambda x: x + x[:2], [np.ones(3)], "Two shapes do not fit: print them"),
        (lambda x: x @ x[:2], [torch.ones(3, 3)], "Two shapes do not fit: print them"),
        (lambda x: 0 if x > 1 else 1, [np.ones(3)], "want a single value, not an array"),
        (lambda x: x[len(x) / 2], [np.ones(4)], "An index has to be a whole number"),
        (lambda x: no_such_name, [0], "A name is not known here"),  # noqa: F821
        (lambda x: x(x + 1), [2], "is there a `*` missing"),
        (exits, [0], "raised `SystemExit: bye`"),
        (recurses, [0], "raised `RecursionError"),
        (raises, [0], "in the line `raise ValueError("),
        (inverts, [np.ones((2, 3))], "in the line `return np.linalg.inv(x)`"),  # not numpy's own line
        (math.sqrt, [-1], "Your function raised `ValueError: math domain error` when called with x = -1."),
        (lambda x: [x].clear(), [0], "is the `return` missing, or the value behind it?"),
        (print, [0], "`return` in place of `print`"),
        (lambda values: values.sort() or values, [np.array([3.0, 1.0])], "changed its argument `values`"),
        (lambda values: values.sort() or values, [[3, 1]], "changed its argument `values`"),
        (lambda rows: rows["rows"][1].mul_(2), [{"rows": [1, torch.ones(2)]}], "changed its argument `rows`"),
    ],
)
def test_call_explains_what_a_function_did(function, args, words):
    before = repr(args)
    assert words in complaint(call, function, *args)
    assert repr(args) == before


def test_call_gives_copies_to_a_function():
    x, rng = np.array([3.0, 1.0, np.nan]), np.random.default_rng(0)
    assert call(lambda x, y=2: x + y, 1) == 3
    assert call(lambda values, rng: rng.random(), x, rng) == call(lambda values, rng: rng.random(), x, rng)
    with pytest.raises(NotAttempted):
        call(starter, 1)


def test_agrees_compares_by_values():
    cases = [(np.array([0.0]), 1), (np.array([1.0, 5.0]), 0)]
    mistakes = [(lambda x, ddof: x.mean() + ddof, "That is the mean.")]

    def spread(x, ddof):
        return np.ptp(x) + ddof

    agrees(lambda x, d: x.max() - x.min() + d, spread, cases, mistakes)
    assert complaint(agrees, lambda x, d: x.mean() + d, spread, cases, mistakes) == "That is the mean."
    assert complaint(agrees, lambda x, d: 1, spread, cases) == (
        "Your function's value for x = [1, 5], d = 0 is 1: that is too small."
    )


def test_prints_and_warnings_stay_out_of_the_notebook():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert call(lambda x: warnings.warn("look out", stacklevel=2) or x, 3) == 3
    with captured() as printed:
        for _ in range(1000):
            print("x" * 1000)
    assert 0 < len(printed.shown()) <= 301  # endless printing needs no memory


def test_values_are_shown_short_and_rounded():
    assert show("`") == '"\'"' and show(1 / 3) == "0.33333" and show(4032) == "4032" and show(np.int8(-128)) == "-128"
    assert show([1 / 3, None, "a", (1,)]) == '[0.33333, None, "a", (1)]' and show({"a": np.ones(2)}) == '{"a": [1, 1]}'
    assert show(list(range(100))) == "[0, 1, 2, 3, 4, …]" and len(show(["x" * 10**6] * 5)) == 80
    assert show(list(range(5))) == "[0, 1, 2, 3, 4]" and show(np.zeros(6)) == "an array of shape (6,)"
    assert show(np.ones((1, 2))) == "an array of shape (1, 2)"
    assert show(np.ones((3, 2))) == "an array of shape (3, 2)" and show(Hostile()) == "an object of type Hostile"


# ---- interrupting ---------------------------------------------------------------------------------------------------

ENDLESS = """
import pathlib, signal, sys
from course_utils.exercises import check
signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel has it, whatever started this process
def endless(x):
    pathlib.Path(sys.argv[1]).touch()
    while True: {body}
check("00.2", endless)
check("00.1", 1)
"""


@pytest.mark.parametrize("body", ["pass", "print('again and again')"])
def test_an_endless_answer_can_be_interrupted(tmp_path, body):
    begun, command = tmp_path / "begun", [sys.executable, "-c", ENDLESS.format(body=body)]
    process = subprocess.Popen([*command, str(tmp_path / "begun")], stdout=subprocess.PIPE, cwd=COURSE, text=True)
    deadline = time.monotonic() + 60
    while not begun.exists():
        assert time.monotonic() < deadline, "the endless function was never called"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    interrupted, right = process.communicate(timeout=60)[0].splitlines()
    assert interrupted.startswith("Interrupted. Your code was still running") and right.startswith("Right.")


# ---- every exercise of every lesson ---------------------------------------------------------------------------------

ALL = {name: exercise for lesson in engine.lessons() for name, exercise in engine.load(lesson).items()}
each = pytest.mark.parametrize("name", ALL)


@each
def test_an_exercise_is_complete(name, said):
    exercise = ALL[name]
    assert re.fullmatch(r"\d\d\.[1-9]\d*", name) and exercise in engine.load(name[:2]).values()
    assert len(exercise.hints) >= 2 and all(isinstance(text, str) and text.strip() for text in exercise.hints)
    assert said(check, name, ...).startswith(engine.NOT_ATTEMPTED)
    assert said(hint, name) and said(solution, name)
    praise = said(check, name, solved(exercise))
    assert praise.startswith(engine.RIGHT) and len(praise) > 20 and "0x" not in praise


@each
def test_every_mistake_is_wrong_and_told_its_words(name):
    mistakes = ALL[name].mistakes
    if isinstance(mistakes, dict):
        right = solved(ALL[name])
        mistakes = [(replaced(right, part, wrong), words) for part in mistakes for wrong, words in mistakes[part]]
    assert mistakes
    for answer, words in mistakes:
        text = complaint(ALL[name].grade, answer)
        assert words.strip() and words in text, f"{words!r} is not told to {show(answer)}, but {text!r}"
        assert "0x" not in text


@each
def test_an_error_about_an_index_is_the_readers_own(name, said):
    for answer in (indexes, indexes_a_tensor):
        text = said(check, name, answer)
        assert text.startswith(engine.WRONG), text
        if hasattr(ALL[name].judge, "keywords") and "reference" in ALL[name].judge.keywords:
            assert "IndexError" in text or "TypeError" in text or "argument" in text, text


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def singles(joint):
    axes = {*range(joint.ndim)}
    return [joint.sum(axis=tuple(axes - {k}), keepdims=True) for k in axes]


def entropies(joint):
    return sum(entropy(single.ravel()) for single in singles(joint)) - entropy(joint.ravel())


def relative_entropy(joint):
    return rel_entr(joint, math.prod(singles(joint))).sum()


@pytest.mark.parametrize(
    "name, answer",
    [
        *[("02.1", 0.0017), ("02.1", Fraction(1, 600)), ("11.4", ("2", 90.2))],
        ("20.1", {"nats": 6388, "ours": 0.0282}),
        *[("06.3", entropies), ("06.3", relative_entropy)],  # of independent features 2e-16
        *[("10.5", np.int32(1)), ("10.5", torch.tensor(1)), ("10.5", "(1)"), ("09.3", "(3)")],
        *[("08.3", "21449"), ("07.5", {"density": 0, "sampling": "0", "representation": 1})],
    ],
)
def test_what_was_once_refused_is_right(name, answer, said):
    assert said(check, name, answer).startswith(engine.RIGHT)


@each
def test_what_the_praise_prints_is_accepted(name, said):
    right = solved(ALL[name])
    parts = right if isinstance(right, dict) else dict(enumerate(right)) if isinstance(right, tuple) else {None: right}
    printed = [float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", ALL[name].praise)]
    for part, value in parts.items():
        if isinstance(value, (float, np.floating)):
            for number in printed:
                if abs(number - value) < 0.03 * abs(value):
                    answer = number if part is None else replaced(right, part, number)
                    assert said(check, name, answer).startswith(engine.RIGHT), answer


@each
def test_a_right_answer_in_another_form_is_right(name, said):
    right = solved(ALL[name])
    forms = []
    if isinstance(right, (int, float, np.floating)):
        forms = [float(right), np.float64(right), np.array(right), torch.tensor(float(right)), Fraction(float(right))]
        forms += [np.int32(right), Decimal(int(right))] if right == int(right) else []
        if "line" in ALL[name].judge.func.__name__:
            forms += [f"({right})", str(right), torch.tensor(right), np.array(right)]
    elif callable(right) and "reference" in getattr(ALL[name].judge, "keywords", {}):
        forms = [lambda *args: torch.as_tensor(np.array(right(*args))), lambda *args: np.array(right(*args)).tolist()]
    elif isinstance(right, tuple) and "expected" in getattr(ALL[name].judge, "keywords", {}):
        forms = [list(right), np.array(right), torch.tensor(right, dtype=torch.float64)]
    for form in forms:
        assert said(check, name, form).startswith(engine.RIGHT), form


@each
def test_absurd_answers_are_wrong_but_harmless(name, said):
    for kind, answer in ABSURD.items():
        text = said(check, name, answer)
        assert text.startswith(engine.WRONG) and len(text) < 600, f"{kind}: {text}"
        assert not re.search("0x[0-9a-f]{6}|[\x00\ud800]", text), kind


@pytest.mark.parametrize(
    "name, answer, words",
    [
        ("08.2", lambda x, r: x, "Return three arrays, `(pi, mu, sigma)`"),
        ("11.2", ([20, 20], [-10, -30], [20, -20], -10), "`W` should be numbers of shape (2, 2)"),
        ("11.2", (np.zeros((2, 2)), [0, 0], [0, 0], 0), "0.500, 0.500, 0.500, 0.500; "),
        ("03.5", lambda p, q: np.sum(p * np.log2(p / q)), "is nan: was 0 divided by 0, 0 times log 0"),
        (
            "07.1",
            lambda f, a, r, n: a - n * r * lesson_07.slope(f, a),
            "You took every step with the slope of the start",
        ),
        ("07.1", lambda f, a, r, n: lesson_07.descend(f, a, r, 500), "You went on to the bottom"),
        ("10.2", lambda t, u: np.array([int(v < np.mean(p)) for p, v in zip(t, u)]), "You average over the pasts"),
        ("13.4", lambda j, q: lesson_13.estimate(j, q).mean(), "That is the mean over all pictures"),
        ("13.4", lambda j, q: np.full(j.shape[1], lesson_13.estimate(j, q).mean()), "is wrong at"),
        ("01.4", lambda j, p, q: (u := np.exp(j) / p * q) / u.sum(axis=1)[:, None], "since exp(−1500) underflows"),
        ("11.4", ("2", 0.115), "The line is right. Its value is nats a pixel"),
        ("11.4", (1, 0.115 / 784), "Line 1 is in order"),
        ("13.1", (1.33, 0.33), "rounded too far"),
        (
            "13.4",  # one maximum for all pictures: those of 2,000 nats underflow beside one of 20
            lambda j, q: np.log(np.exp(j - q - (j - q).max()).mean(axis=0)) + (j - q).max(),
            "Take the largest log-weight of each picture out first",
        ),
        (
            "05.3",
            lambda x, thetas: lesson_05.log_prob(x, thetas)[:, None],
            "The numbers are right, but the array has another shape",
        ),
        ("13.3", 3, "a pair (line, β)"),
        ("13.3", (5, 64), "The answer is the number of a line, 1, 2, 3 or 4"),
        ("19.4", dict.fromkeys(ALL["19.4"].mistakes, "GAN"), "`archive` should be a pair, a model and a reason"),
    ],
)
def test_what_a_judge_says_by_itself(name, answer, words):
    assert words in complaint(ALL[name].grade, answer)


def test_the_numbers_in_the_words_are_those_of_the_data():
    assert sorted(map(len, WRODL_VALUES.values())) == sorted(lesson_04.VALUES)
    bald = {"topType": "NoHair", "hairColor": "SilverGray", "accessoriesType": "Sunglasses"}
    bald |= {"clothingType": "Hoodie", "clothingColor": "White"}
    np.testing.assert_allclose([(load_wrodl()[k] == v).mean() for k, v in bald.items()], lesson_05.SHARES)

    planet, train = planet_pixel_distribution(), load_planet_pixel("train")
    assert planet.pixels.shape == (lesson_06.FACES, lesson_06.PIXELS) and len(planet.palette) == lesson_06.COLOURS
    p = planet.probabilities
    marginals = np.array([np.bincount(x, p, minlength=256) for x in planet.pixels.T])
    fitted = (np.array([np.bincount(x, minlength=256) for x in train.pixels.T]) + 0.001) / (2000 + 0.256)
    rest = marginals[marginals > 0]
    independence = -(rest @ np.log(rest)) + p @ np.log(p)
    estimation = rest @ np.log(rest / fitted[marginals > 0])
    assert (round(independence), round(estimation)) == (lesson_06.INDEPENDENCE, lesson_06.ESTIMATION)
