"""The reference pages: made from the tables, whole, in both languages."""

import re
import subprocess
import sys

import pytest

from ebpflab.btf.kfuncs import KFUNCS
from ebpflab.helpers import HELPERS, KFUNC_RUNS
from ebpflab.hooks import HOOKS, Access
from ebpflab.language import catalogue
from ebpflab.maps.base import type_of_map
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
    maps, kfuncs = map(page, ("maps", "kfuncs"))
    assert [type for type in type_of_map if f"`{type}`" not in maps] == []
    assert [name for name in KFUNCS if f"`{name}`" not in kfuncs] == []
    known = [key for key, row in kinds().items() if row.templates]
    assert [key for key in known if f"`{key}`" not in rejections] == []


def test_no_place_of_a_template_is_left_as_the_tables_write_it(language):
    for name in ("instructions", "rejections"):
        assert re.findall(r"\{\w+:\w+\}", page(name)) == []
    assert "| `0x07` | `r1 += imm` |" in page("instructions")
    assert "`w1 s/= w2` | `off = 1`" in page("instructions")


def test_each_right_to_a_field_is_explained(language):
    about = page("hooks").split("##")[0]
    assert [one.name for one in Access if one.name not in about] == []


def test_what_needs_a_kernel_is_marked(language):
    mark = catalogue().say("page-needs-kernel")
    marked = [line for line in page("helpers").splitlines() if mark in line]
    names = {line.split("`")[1].removeprefix("bpf_") for line in marked}
    assert {"fib_lookup", "sk_lookup_tcp", "setsockopt", "timer_init"} <= names
    assert not names & {"task_storage_get", "map_lookup_elem", "user_ringbuf_drain"}
    told = {line.split("`")[1]: line for line in page("kfuncs").splitlines()[6:]}
    assert [n for n in KFUNCS if (mark in told[n]) == (n in KFUNC_RUNS)] == []


def test_every_difference_that_the_code_admits_is_told():
    files = (p for p in ENGINE.rglob("*.py") if p.parent.name != "reference")
    admitted = sum(path.read_text().count(MARK) for path in files)
    found = list(differences())
    assert len(found) == admitted
    assert all(one.text for one in found)


def test_a_planted_difference_is_found(tmp_path):
    told = "Kernel differs: no trie is built,\nbut searched. Source: a page."
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
