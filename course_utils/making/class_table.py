"""Merge the entries of a class into one table: `python -m course_utils.making.class_table FOLDER`.

A student's `entry.save(…)` has written one file for each entry (lesson 19). All files NAME.json in the folder and in its folders
become rows of FOLDER/scoreboard.md, those with the fewest nats first. What is no entry is named and left out.
"""

import argparse
import html
import math
import sys
from collections import Counter
from pathlib import Path

from course_utils.entry import Entry
from course_utils.files import in_one_step

NAME = "scoreboard.md"
HEAD = ("", "entry", "nats", "training", "others", "Rule 1", "exact", "Rule 2", "coverage", "of p_data's", "pictures", "ms a picture", "remarks", "file")  # fmt: skip


def collect(folder: Path) -> tuple[dict[Path, Entry], dict[Path, str]]:
    """Return the entries in a folder and in its folders, by file, and for each other .json file why it is none."""
    entries, faults = {}, {}
    for path in sorted(folder.rglob("*.json")):
        try:
            entries[path] = Entry.load(path)
        except (OSError, ValueError) as error:
            faults[path] = str(error)
    return entries, faults


def table(entries: dict[Path, Entry], folder: Path) -> str:
    """Return the entries as a table in Markdown: by nats, then those without a density by Rule 1."""

    def place(item: tuple[Path, Entry]) -> tuple:
        path, entry = item
        return math.isnan(entry.nats), 0 if math.isnan(entry.nats) else entry.nats, -entry.rule1, str(path)

    rows = [HEAD, ("---",) * len(HEAD)]
    for number, (path, e) in enumerate(sorted(entries.items(), key=place), start=1):
        nats = ["–"] * 3
        if e.density != "none":
            error = f" ± {e.error:.2g}" if e.error else ""
            nats = [
                ("≤ " if e.density == "bound" else "") + f"{e.nats:.2f}{error}",
                f"{e.training:.1f}",
                f"{e.others:.1f}",
            ]
        shares = [f"{share:.2f}" for share in (e.rule1, e.exact, e.rule2, e.coverage, e.reference_coverage)]
        rows.append((str(number), e.name, *nats, *shares, str(e.n), f"{e.ms:.1f}", "; ".join(e.remarks), str(path.relative_to(folder))))  # fmt: skip
    head = (
        f"# Scoreboard\n\n{len(entries)} entries, by nats over all faces of Planet Pixel ("
        "≤ marks a bound); those without a density below, by Rule 1.\n\n"
    )
    return head + "".join("| " + " | ".join(map(_cell, row)) + " |\n" for row in rows)


def _cell(text: str) -> str:
    """Return text that stays within a cell, and is no HTML."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|").replace("`", "\\`")


def main(argv: list[str] | None = None) -> None:
    """Write the table of a folder and print it; exits with a message where a file is no entry."""
    parser = argparse.ArgumentParser("python -m course_utils.making.class_table", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the class's files are")
    folder = parser.parse_args(argv).folder
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}")
    entries, faults = collect(folder)
    if entries:
        text = table(entries, folder)
        try:
            with in_one_step(folder / NAME) as part:
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            sys.exit(f"The table could not be written: {error}")
        print(text, f"Written to {folder / NAME}", sep="\n")
    for name, count in Counter(entry.name for entry in entries.values()).items():
        if count > 1:
            print(f"{count} entries are called {name!r}: their files tell them apart.")
    for path, fault in faults.items():
        print(f"left out: {path}: {fault}", file=sys.stderr)
    if faults or not entries:
        sys.exit(f"{len(faults)} files are no entries." if faults else f"There is no entry in {folder}.")


if __name__ == "__main__":
    main()
