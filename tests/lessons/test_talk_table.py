"""The table of slides: each cell that it names is there; what is missing is missing."""

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ebpflab.reference import talk
from ebpflab.reference.pages import page

LANGUAGES = ("en", "fr")
QUOTED = re.compile(r"[“«]\s*([^”»]+?)\s*[”»]")


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that changes the table which is read from now on."""
    copy = shutil.copytree(talk.HERE, tmp_path / "reference")
    monkeypatch.setattr(talk, "HERE", copy)

    def change(old: str, new: str) -> None:
        table = copy / "talk.toml"
        assert old in table.read_text()
        table.write_text(table.read_text().replace(old, new, 1))
        talk.slides.cache_clear()

    yield change
    talk.slides.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_cell_of_the_table_is_there(language: str) -> None:
    assert list(talk.missing_places(language)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("01-kernel-and-userspace#measure", "01-kernel-and-userspace#measured"),
        ("03-4-jit#loading", "03-4-compilers#loading"),
        ("slides/03-how-ebpf-works#jit", "slides/03-how-ebpf-works#jits"),
    ],
)
def test_a_cell_that_is_not_there_is_found(old: str, new: str, planted) -> None:
    planted(old, new)
    assert talk.Place(new) in list(talk.missing_places("fr"))


def written_and_planned() -> list[str]:
    """Return the lessons that are planned although there is one."""
    there = {path.stem for path in (talk.ROOT / "notebooks" / "en").glob("*.ipynb")}
    return [slide.planned for slide in talk.slides() if slide.planned in there]


def test_what_is_missing_has_no_lesson_yet(planted) -> None:
    assert written_and_planned() == []
    planted('planned = "05-misconceptions"', 'planned = "03-4-jit"')
    assert written_and_planned() == ["03-4-jit"]


NAMED = re.compile(r"\(Isovalent, 2023\), slides? ([^.(:]*)")


def untold_slides() -> list[str]:
    """Return the slides that a lesson says it is after, and the table says it is not.

    A lesson says so in its cell `credit`: slides “Kernel Space” to “System Calls”.
    """
    wrong = []
    for path in sorted((talk.ROOT / "notebooks" / "en").glob("0*.ipynb")):
        (credit,) = (cell for cell in read(path) if cell["id"] == "credit")
        named = NAMED.search("".join(credit["source"]))
        for title in QUOTED.findall(named[1]) if named else ():
            if not tells(path.stem, title):
                wrong.append(f"{path.stem}: {title}")
    return wrong


def read(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text())["cells"]


def tells(lesson: str, title: str) -> bool:
    return any(
        place.text.startswith(f"{lesson}#")
        for slide in talk.slides()
        if slide.title["fr"] == title
        for place in slide.told
    )


def test_a_lesson_tells_the_slides_that_it_says_it_is_after(planted) -> None:
    assert untold_slides() == []
    planted('"03-4-jit#loading"', '"03-5-helpers#who"')
    planted('"03-4-jit#listing"', '"03-5-helpers#who"')
    planted('"03-4-jit#speed"', '"03-5-helpers#who"')
    assert untold_slides() == ["03-4-jit: Programmer le kernel"]


def test_a_slide_that_the_talk_does_not_have_is_found(planted) -> None:
    planted('fr = "eBPF Map Types"', 'fr = "eBPF Map Kinds"')
    assert untold_slides() == ["03-6-maps: eBPF Map Types"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_each_slide(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    rows = [line for line in page("talk").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == len(talk.slides())
    for row, slide in zip(rows, talk.slides(), strict=True):
        assert slide.name(language) in row
        links = re.findall(r"\]\(\.\./\.\./\.\./([^#)]+)#cell-id=([\w-]+)\)", row)
        assert bool(links) == bool(slide.told)
        for path, cell in links:
            assert cell in talk.cells(Path(path))
            assert f"/{language}/" in path


def test_titles_stand_in_both_languages() -> None:
    table = tomllib.loads((talk.HERE / "talk.toml").read_text())["slide"]
    for row in table:
        assert set(row["title"]) == set(row.get("about", row["title"])) == {"en", "fr"}
        assert row.keys() <= {"title", "about", "told", "planned"}
