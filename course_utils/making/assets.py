"""What decks and printed lessons load beside their own page: parts of npm packages, fetched once and kept."""

import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from course_utils.files import cache

# npm package → the parts of it that a deck loads; a name that ends in / is a folder. anywidget's two halves, in Python
# and in the page, have one version; html-manager fits any ipywidgets 8
PARTS = {
    "reveal.js@5.2.1": (
        "dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "dist/theme/fonts/source-sans-pro/", "plugin/notes/notes.js", "LICENSE",
    ),
    "mathjax@3.2.2": ("es5/tex-svg-full.js", "LICENSE"),
    "requirejs@2.3.7": ("require.js",),
    "@jupyter-widgets/html-manager@1.0.15": ("dist/embed-amd.js",),
    f"anywidget@{version('anywidget')}": ("dist/index.js", "LICENSE"),
}  # fmt: skip


class AssetsFailed(Exception):
    """The parts cannot be had; the message says what is missing, why, and what to do."""


def archive(package: str) -> Path:
    """Return where a package is kept, under the name that `npm pack` gives it: @scope/name@1.0 is scope-name-1.0.tgz."""
    return cache() / (re.sub("[@/]", "-", package.removeprefix("@")) + ".tgz")


def fetch_parts(packages: Iterable[str] = tuple(PARTS)) -> None:
    """Bring npm packages into the cache, unless they lie there already; raises AssetsFailed."""
    missing = [package for package in packages if not archive(package).exists()]
    if not missing:
        return
    wanted = f"The decks need these npm packages, which are fetched once: {', '.join(missing)}."
    npm = shutil.which("npm")
    if npm is None:
        raise AssetsFailed(
            f"{wanted}\nThe command `npm` was not found. Install Node.js (https://nodejs.org) and run this again."
        )
    print(f"Fetching the parts of the decks into {cache()} (once, 14 MB) ...", flush=True)
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        command = [
            npm,
            "pack",
            "--loglevel=error",
            "--ignore-scripts",
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
            *missing,
        ]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if result.returncode:
            reason = "\n".join(result.stderr.splitlines()[:4]) or f"It ended with exit status {result.returncode}."
            raise AssetsFailed(
                f"{wanted}\nnpm could not fetch them:\n{reason}\nConnect to the internet and run this again."
            )
        for package in missing:
            shutil.move(Path(folder, archive(package).name), archive(package))


def copy_parts(target: Path) -> None:
    """Unpack what a deck loads into the folder target; raises AssetsFailed if a package is damaged."""
    for package, names in PARTS.items():
        folder = target / package.rpartition("@")[0]
        try:
            with tarfile.open(archive(package)) as tar:
                for member in tar.getmembers():
                    path = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # without the leading "package/"
                    if member.isfile() and any(_belongs(path, part) for part in names):
                        (folder / path).parent.mkdir(parents=True, exist_ok=True)
                        (folder / path).write_bytes(tar.extractfile(member).read())
            complete = all((folder / name).exists() for name in names)
        except (tarfile.TarError, EOFError, zlib.error):
            complete = False
        if not complete:
            raise AssetsFailed(f"{archive(package)} is damaged. Delete it and run this again.")


def _belongs(path: PurePosixPath, part: str) -> bool:
    """Say whether a file of a package is one of its parts, or lies in one; a way out of the package never does."""
    wanted = PurePosixPath(part)
    return ".." not in path.parts and (path == wanted or part.endswith("/") and wanted in path.parents)
