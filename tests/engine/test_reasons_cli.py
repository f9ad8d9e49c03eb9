"""`ebpflab explain`: a log from a file or a pipe, in the language that is asked for."""

import io
import os
import sys
from pathlib import Path

import pytest

from ebpflab.cli import main

LOG = "0: R1=ctx() R10=fp0\n0: (bf) r0 = r3\nR3 !read_ok\n"
ACCEPTED = (
    "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
    "peak_states 0 mark_read 0\n"
)


@pytest.fixture(autouse=True)
def own_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--lang` sets a variable for the rest of the process; a test's end undoes it."""
    monkeypatch.setenv("EBPFLAB_LANG", "en")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text(LOG)
    return path


def test_a_file_in_two_languages(file: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["explain", str(file)]) == 0
    assert "holds nothing" in capsys.readouterr().out
    assert main(["explain", str(file), "--lang", "fr"]) == 0
    assert "ne contient rien" in capsys.readouterr().out


def test_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(ACCEPTED.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["explain", "-"]) == 0
    assert capsys.readouterr().out == "accepted: 2 instructions were looked at\n"


@pytest.mark.parametrize("name", ["missing.txt", ".", "a\0b"])
def test_what_cannot_be_read(name: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["explain", name]) == 1
    assert "cannot read" in capsys.readouterr().err


def test_what_is_no_log(file: Path, capsys: pytest.CaptureFixture) -> None:
    file.write_bytes(os.urandom(3) + b"hello")
    assert main(["explain", str(file)]) == 1
    assert "nothing of a verifier's log" in capsys.readouterr().err
