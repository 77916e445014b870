"""Write the answer key, the solution of every exercise: `python -m course_utils.making.key`."""

import json
import re
import sys

from course_utils.exercises import engine
from course_utils.files import NOTEBOOKS, ROOT, in_one_step

KEY = ROOT / "answer_key.md"


def answer_key() -> str:
    """Return the key in Markdown: each lesson's exercises with their titles from the notebooks and the code of `solution()`."""
    parts = ["# Answer key\n\nThe solution of every exercise, as `solution()` shows it in the lessons.\n"]
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        parts.append(f"## {re.search(r'^# (.+)$', prose, re.MULTILINE)[1]}\n")
        for name, title in re.findall(r"^### Exercise (\d\d\.\d+) · (.+)$", prose, re.MULTILINE):
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
