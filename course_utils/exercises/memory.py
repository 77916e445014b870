"""Remember on this machine which exercises are solved: a text file of the reader's own, an id on each line.

Ids are only ever appended, so notebooks that are open at the same time do not lose each other's, and a damaged line
costs no other one. The variable PROGRESS_FILE names another file; "off" remembers nothing, as the tests need it.
"""

import os
import re
from pathlib import Path

import platformdirs

from .answers import describe_error


def place() -> Path | None:
    """Return where the file is or will be, or None if nothing is remembered."""
    chosen = os.environ.get("PROGRESS_FILE")
    if chosen == "off":
        return None
    folder = platformdirs.user_data_path("deep-generative-models-course", appauthor=False)
    return Path(chosen) if chosen else folder / "solved_exercises.txt"


def remember(exercise_id: str) -> str:
    """Note that an exercise is solved; return "" or, if that was not possible, a sentence for the reader."""
    try:
        file = place()
        if file and exercise_id not in recall()[0]:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "a", encoding="utf-8") as lines:
                lines.write(f"\n{exercise_id}")  # a new line first: the last one may have been cut off
    except (OSError, ValueError) as error:
        return f" (It could not be remembered: `{describe_error(error)}`.)"
    return ""


def recall() -> tuple[set[str], int]:
    """Return the ids that are remembered, and how many lines of the file are damaged.

    Raises OSError if there is a file that cannot be read.
    """
    try:
        file = place()
        text = file.read_text(encoding="utf-8", errors="replace") if file else ""
    except FileNotFoundError:
        text = ""
    lines = {line.strip() for line in text.split("\n")} - {""}
    ids = {line for line in lines if re.fullmatch(r"[0-9]{2}\.[1-9][0-9]*", line)}
    return ids, len(lines - ids)
