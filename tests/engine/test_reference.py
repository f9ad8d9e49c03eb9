"""The reference pages: made from the tables, whole, in both languages."""

import re
import subprocess
import sys

import pytest

from ebpflab.helpers import HELPERS
from ebpflab.hooks import HOOKS
from ebpflab.reasons.table import kinds
from ebpflab.reference.differs import ENGINE, MARK, differences
from ebpflab.reference.pages import PAGES, page

CELL = re.compile(r"(?<!\\)\|")


@pytest.fixture(params=["en", "fr"])
def language(request, monkeypatch) -> str:
    monkeypatch.setenv("EBPFLAB_LANG", request.param)
    return request.param


@pytest.mark.parametrize("name", PAGES)
def test_rows_are_as_wide_as_their_heads(language, name):
    width = 0  # of the table that goes on
    for line in page(name).splitlines():
        found = len(CELL.findall(line)) if line.startswith("|") else 0
        assert found == width or not (found and width), line
        width = found


def test_every_row_of_the_tables_is_on_its_page(language):
    helpers, hooks, rejections = map(page, ("helpers", "hooks", "rejections"))
    assert [p.name for p in HELPERS.values() if f"`bpf_{p.name}`" not in helpers] == []
    assert [type for type in HOOKS if f"## {type}\n" not in hooks] == []
    known = [key for key, row in kinds().items() if row.templates]
    assert [key for key in known if f"`{key}`" not in rejections] == []


def test_every_difference_that_the_code_admits_is_told():
    files = (p for p in ENGINE.rglob("*.py") if p.parent.name != "reference")
    admitted = sum(path.read_text().count(MARK) for path in files)
    found = list(differences())
    assert len(found) == admitted
    assert all(one.text for one in found)


def test_a_planted_difference_is_found(tmp_path):
    told = "Kernel differs: no trie is built,\nbut searched."
    (tmp_path / "planted.py").write_text(f'"""One.\n\n{told}\n\nSource: x.\n"""\n')
    (found,) = differences(tmp_path)
    assert found.text == "no trie is built, but searched."


def test_the_pages_are_written_by_one_command(tmp_path):
    command = [sys.executable, "-m", "ebpflab.reference", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for folder in ("en", "fr"):
        assert {f.stem for f in (tmp_path / folder).iterdir()} == set(PAGES)
    english, french = ((tmp_path / f / "costs.md").read_text() for f in ("en", "fr"))
    assert english != french
