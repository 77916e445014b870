"""The lesson plan says what the notebooks say: titles, minutes, needs, exercises and widgets."""

import json
import re
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def test_the_plan_agrees_with_the_notebooks():
    plan = (NOTEBOOKS / "for_lecturers.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in plan.splitlines()
        if re.match(r"\| \d", line)
    ]
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert len(rows) == len(paths) and [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    for (_, lesson, minutes, needs, first, rest, widget, question), path in zip(rows, paths, strict=True):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        assert lesson == f"[{re.search(r'^# (.+)$', text, re.MULTILINE)[1]}]({path.name})"
        assert f"**Time:** {minutes} minutes · **Needs:** {needs} ·" in text
        assert sorted(f"{first}; {rest}".split("; ")) == re.findall(r"^### Exercise (.+)$", text, re.MULTILINE)
        assert (widget == "–" or f"{widget.strip('`')}(" in text) and question.endswith("?")
