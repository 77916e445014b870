"""The links of the page Anywhere open files that exist, and one address stands for the course's everywhere."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "notebooks" / "anywhere.md").read_text(encoding="utf-8")
LINKS = [urlsplit(link.rstrip(").`")) for link in re.findall(r"https://[^\s)|`]+", PAGE)]


def links_to(host: str) -> list:
    return [link for link in LINKS if link.netloc == host and not link.path.endswith(".svg")]


def course() -> str:
    """Return what stands for the course's address on GitHub, or that address."""
    (match,) = {re.fullmatch(r"/v2/gh/([\w.-]+/[\w.-]+)/main", link.path)[1] for link in links_to("mybinder.org")}
    return match


def test_one_address():
    assert {link.path.strip("/").removesuffix(".git") for link in links_to("github.com")} == {course()}
    others = [ROOT / "README.md", ROOT / "notebooks/for_lecturers.md"]
    assert all("OWNER/" not in path.read_text(encoding="utf-8") for path in others)


def test_binder_and_colab_open_lessons():
    (binder,), (colab,) = links_to("mybinder.org"), links_to("colab.research.google.com")
    files = [
        parse_qs(binder.query)["urlpath"][0].removeprefix("lab/tree/"),
        colab.path.removeprefix(f"/github/{course()}/blob/main/"),
    ]
    assert files == ["notebooks/00_start_here.ipynb", "notebooks/03_maximum_likelihood.ipynb"]
    assert all((ROOT / file).is_file() for file in files)


def test_the_hubs_link_pulls_the_course_and_opens_its_first_lesson():
    query = {key: value for link in links_to("HUB") for key, (value,) in parse_qs(link.query).items()}
    assert query == {
        "repo": f"https://github.com/{course()}",
        "branch": "main",
        "targetpath": "course",
        "urlpath": "lab/tree/course/notebooks/00_start_here.ipynb",
    }
