"""Exercises that are answered on the web book's pages: what JavaScript says there is what `check` says in a notebook."""

import contextlib
import itertools
import json
import math
import os
import random
import shutil
import subprocess
from functools import cache

import nbformat
import numpy as np
import pytest

from course_utils.exercises import engine, slips
from course_utils.exercises.answers import NotAttempted, Vague, Wrong, captured, show
from course_utils.exercises.changes import changed_answers
from course_utils.lessons import lessons
from course_utils.making import site
from course_utils.making.answer_forms import answer_form, fields, put, right_answer, table

SCRIPT = """
const { readFileSync } = require("fs");
const source = readFileSync(process.argv[1], "utf8");
const { judge } = new Function("document", source + "; return answers;")({ querySelectorAll: () => [] });
const { tables, cases } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([name, texts]) => judge(tables[name], texts))));
"""
ALL = {name: exercise for number in engine.lessons() for name, exercise in engine.load(number).items()}
JUDGED = [name for name, exercise in ALL.items() if fields(exercise)]
TYPED = JUDGED if os.environ.get("ALL") else JUDGED[3::5]  # of each kind some: their tables take a while
BY_HAND = ("02.4", "11.2")  # no functions, but too long or too free to be typed into a field


def said_in_page(cases: list) -> list:
    """Return what the page says to texts, [(exercise, texts), …]: the first words and the others."""
    node = shutil.which("node")
    if not node:
        pytest.fail("no node") if os.environ.get("CI") else pytest.skip("no node")
    tables = {name: table(name) for name in {name for name, _ in cases}}
    done = subprocess.run(
        [node, "-e", SCRIPT, str(site.BOOK / "answers.js")],
        input=json.dumps({"tables": tables, "cases": cases}),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said_in_notebook(name: str, texts: list[str]) -> list[str]:
    """Return what `check` says to the same answer, where a number that it names stands as it was typed."""
    exercise = ALL[name]
    answer, typed = right_answer(exercise), []
    for field, text in zip(fields(exercise), texts):
        if field.options:
            value = {str(option): option for option in field.options}[text]
        else:
            values = [float(part) for part in text.split(",")]
            typed += zip(values, text.split(","))
            value = values[0] if np.ndim(field.right) == 0 else tuple(values)
        answer = put(answer, field.path, value)
    try:
        with captured():
            return [engine.RIGHT, exercise.grade(answer)]
    except Vague as error:
        words = str(error)
        for value, text in typed:
            words = words.replace(f" is {show(value)}: ", f" is {text.strip()}: ")
        return [engine.WRONG, words]
    except Wrong as error:
        return [engine.WRONG, str(error)]


@cache
def texts_of(name: str) -> list[list[str]]:
    """Return answers of all kinds as they are typed: mistakes, changed solutions, slips, and any others."""
    exercise, rng = ALL[name], random.Random(name)
    some = [candidates(exercise, field) for field in fields(exercise)]
    if all(field.options for field in fields(exercise)):
        if math.prod(map(len, some)) <= 300:
            return [[*texts] for texts in itertools.product(*some)]
    right = [shown(field.right) for field in fields(exercise)]
    rows = [right, *([rng.choice(texts) for texts in some] for _ in range(30))]
    for i, texts in enumerate(some):
        rows += [[*right[:i], text, *right[i + 1 :]] for text in texts]
    return rows


def candidates(exercise, field) -> list[str]:
    """Return texts for one field."""
    if field.options:
        return [str(option) for option in field.options]
    right = np.asarray(field.right, float)
    values = [wrong for wrong, _ in field.mistakes]
    with captured():
        values += [part_of(answer, field.path) for answer, _ in changed_answers(exercise.code)]
        for _, of, _ in slips.SLIPS:
            with contextlib.suppress(IndexError):
                values.append(of(right))
    values = [value for value in values if like(value, right)]
    rng = np.random.default_rng(len(values))
    own = [right, *(np.asarray(wrong, float) for wrong, _ in field.mistakes if like(wrong, right))]
    close = [(a, b) for a, b in itertools.permutations(own, 2) if np.allclose(a, b, rtol=0.05)]
    values += [0.51 * a + 0.49 * b for a, b in close]  # just nearer to one
    values += [right * f for f in (0, 1.0004, 0.997, 1.3, -0.7, 50, -1, -1.0015, 1e-4)] + [right + 3, right - 1e6]
    values += [np.vectorize(lambda x, d=digits: float(f"{x:.{d}g}"))(right) for digits in (1, 2, 3)]
    values += [np.asarray(rng.choice(values[: len(values) // 2])) * (1 + 2e-3 * rng.normal()) for _ in range(10)]
    if right.ndim:
        pairs = [np.asarray(value, float) for value in values]
        values = [*pairs, *([p[0], right[1]] for p in pairs[::3]), *([right[0], p[1]] for p in pairs[::3])]
        values += [[p[0], 7.77 * right[1]] for p in pairs[1::3]]
    return [*dict.fromkeys(shown(value) for value in values)]


def part_of(answer, path):
    try:
        for key in path:
            answer = answer[key]
        return answer
    except Exception:
        return None


def like(value, right) -> bool:
    try:
        value = np.asarray(value, float)
    except (TypeError, ValueError):
        return False
    return value.shape == right.shape and bool(np.isfinite(value).all())


def shown(value) -> str:
    if isinstance(value, (str, bool)):
        return str(value)
    return ", ".join(f"{x:.10g}" for x in np.ravel(value))


# ---- the tests ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_notebook_says():
    step = 1 if os.environ.get("ALL") else 12
    cases = [(name, texts) for name in TYPED for texts in texts_of(name)[::step]]
    assert len(cases) > 4000 / step * len(TYPED) / len(JUDGED)
    wrong = [
        (name, texts, here, there)
        for (name, texts), here in zip(cases, said_in_page(cases))
        if here != (there := said_in_notebook(name, texts))
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}\n" + "\n".join(map(str, wrong[:40]))


def test_a_right_answer_is_right_in_any_notation():
    cases = []
    for name in TYPED:
        asked = fields(ALL[name])
        for way in (decimal, per_cent, fraction, scientific, with_commas):
            for brackets in ("{}, {}", "({}, {})", "[{};{}]", " {} ,  {} "):
                texts = []
                for field in asked:
                    some = [field.right] if field.options else [way(float(x)) for x in np.ravel(field.right)]
                    texts.append(brackets.format(*some) if len(some) == 2 else str(some[0]))
                cases.append((name, texts))
    wrong = [(case, said) for case, said in zip(cases, said_in_page(cases)) if said[0] != engine.RIGHT]
    assert not wrong, wrong[:10]


def decimal(x: float) -> str:
    return f"{x:.10g}".replace("-", "−")  # the minus of print


def per_cent(x: float) -> str:
    return f" {100 * x:.10g} %"


def fraction(x: float) -> str:
    return f"{2 * x:.12g} / 2"


def scientific(x: float) -> str:
    return f"{x:.9E}".replace("-", "−")


def with_commas(x: float) -> str:
    return f"{x:,.6f}" if abs(x) > 1 else f"+{x:.10f}".replace("+-", "-")


def test_what_is_half_typed_gets_a_sentence():
    halves = (
        "",
        " ",
        "-",
        ".",
        "1/",
        "/2",
        "1/0",
        "0.5e",
        "1e999",
        "1..2",
        "1,5",
        "12,34",
        "%",
        "(",
        "abc",
        "`1`",
        "$&{}",
    )
    cases = [
        (name, [half if field.options is None else str(field.right) for field in fields(ALL[name])])
        for name in TYPED
        for half in halves
        if any(field.options is None for field in fields(ALL[name]))
        if half not in ("1,5", "12,34") or not any(np.ndim(field.right) for field in fields(ALL[name]))
    ]
    for (name, texts), (first, words) in zip(cases, said_in_page(cases)):
        if all(text.strip() for text in texts):
            assert first == engine.WRONG and "should be " in words and "1/3, 50% or 1e-3" in words, (name, texts, words)
            assert words.count("`") % 2 == 0 and "{" not in words.replace("$&{}", ""), (name, texts, words)
        else:
            assert first == engine.NOT_ATTEMPTED and words, (name, texts, words)


def test_the_notebook_calls_unattempted_what_the_page_does():
    assert said_in_page([("01.3", [" "])])[0][0] == engine.NOT_ATTEMPTED
    with pytest.raises(NotAttempted):
        engine._judge("01.3", ...)


def test_each_exercise_has_a_form_or_says_where_to_write():
    without = []
    for name, exercise in ALL.items():
        if not fields(exercise):
            without.append(name)
            assert answer_form(name) == "" and (name in BY_HAND or callable(right_answer(exercise))), name
    assert {*BY_HAND} <= {*without} and len(JUDGED) >= 0.5 * len(ALL)


def test_a_page_has_the_forms_and_the_lines(tmp_path):
    lesson = lessons()["02"]
    nb = site.to_page(nbformat.read(lesson.path, as_version=4), lesson, tmp_path)
    forms = [cell for cell in nb.cells if any("<form" in site._html(output) for output in cell.get("outputs", []))]
    assert [site.CHECK.search(cell.source)[1] for cell in forms] == ["02.1", "02.2"]
    assert all("remove-input" in cell.metadata.tags for cell in forms)
    lines = [cell.source for cell in nb.cells if "Write it in" in cell.source]
    assert len(lines) == len(lesson.exercises) - 2 and all(lesson.path.name in line for line in lines)


def test_a_form_can_stand_in_a_page():
    for name in TYPED:
        form = answer_form(name)
        inside = form.partition('<script type="application/json">')[2].removesuffix("</script></form>")
        assert "</" not in inside and json.loads(inside) == table(name), name
        assert len(form) < 30_000 and form.count("<label") + form.count("aria-label=") >= len(fields(ALL[name])), name


def test_in_a_browser(page, axe, tmp_path):
    (tmp_path / "answers.js").write_text((site.BOOK / "answers.js").read_text(encoding="utf-8"), encoding="utf-8")
    body = '<p class="offers"></p>' + answer_form("02.1") + answer_form("19.4") + answer_form("01.2")
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Exercises</title><script defer src="answers.js"></script>'
    (tmp_path / "page.html").write_text(f"{head}<main><h1>Exercises</h1>{body}</main>", encoding="utf-8")
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())
    form = page.locator("form").first
    said, field = form.locator(".verdict"), form.get_by_label("Your answer, one number")
    field.fill("600")
    field.press("Enter")
    assert said.inner_text() == "Not yet. " + said_in_notebook("02.1", ["600"])[1]
    assert said.get_attribute("aria-live") == "polite" and form.get_by_text("✓ solved").is_hidden()
    field.fill("1/600")
    form.get_by_role("button", name="Check").click()
    assert said.inner_text() == "Right. " + ALL["02.1"].praise.replace("`", "")
    assert form.get_by_text("✓ solved").is_visible()
    assert page.locator(".offers").inner_text().endswith("solved on this page: 1 of 3")
    programs = page.locator("form").last
    programs.get_by_role("group", name="copy").get_by_label("True").check()
    programs.get_by_role("button").click()
    assert programs.locator(".verdict").inner_text().startswith("Not attempted yet.")
    assert axe(page) == []
    page.reload()
    assert [mark.is_visible() for mark in page.locator(".solved").all()] == [True, False, False]
    assert page.locator(".offers").inner_text().endswith("solved on this page: 1 of 3")
    assert errors == []
