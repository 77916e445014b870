"""Put a fork's own address everywhere: `python -m course_utils.making.address OWNER/NAME`, or `make address TO=OWNER/NAME`.

Where the course lies on GitHub is said in pyproject.toml. The buttons of the page Anywhere, the first cells of the lessons, the
citation and the web book's links have it from there, by this command.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import nbformat

from course_utils.files import ROOT, in_one_step
from course_utils.making.execute import normalise, to_text
from course_utils.making.tables import address

NAME = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


def replace(root: Path, new: str) -> list[Path]:
    """Write the address `new` wherever git knows of the old one; return what changed. Raises ValueError for what is no address."""
    if not NAME.fullmatch(new):
        raise ValueError(f"expected an address such as alice/generative-models, got {new!r}")
    old = address(root)
    place = re.compile(rf"((?:github\.com(?:/|%2F)|/gh/|/github/)){re.escape(old)}(?![\w-])")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    changed = []
    for path in (root / name for name in listed.split("\0") if name and (root / name).is_file()):
        try:
            text = path.read_bytes().decode("utf-8")  # as it stands, line ends too
        except UnicodeDecodeError:
            continue
        written = place.sub(lambda found: found[1] + new, text)
        if written == text:
            continue
        if path.suffix == ".ipynb":  # a cell's id is a digest of its source
            written = to_text(normalise(nbformat.reads(written, as_version=4)))
        with in_one_step(path) as part:
            part.write_bytes(written.encode("utf-8"))
        changed.append(path)
    return changed


def main(argv: list[str] | None = None) -> int:
    """Read the command line; 1 for what is no address, or no clone of the course."""
    parser = argparse.ArgumentParser("python -m course_utils.making.address", description=__doc__.split("\n")[0])
    parser.add_argument("address", metavar="OWNER/NAME", help="of the repository on GitHub")
    given = parser.parse_args(argv).address.strip().removeprefix("https://github.com/").rstrip("/")
    try:
        changed = replace(ROOT, given.removesuffix(".git"))
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(changed)} files changed.", *(path.relative_to(ROOT) for path in changed), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
