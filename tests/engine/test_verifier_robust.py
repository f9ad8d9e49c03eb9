"""Robustness, the short way: `python -m tests.soundness.robust` does it for longer.

Broken programs of all kinds and types, with all options of `verify`, and all that can
be asked of a verdict: nothing but an EbpfLabError comes out, and soon.
"""

import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.verifier import check_alu
from tests.soundness.broken import KINDS
from tests.soundness.robust import Asked, ask, wanted

ROOT = Path(__file__).parents[2]
EACH = 20  # programs of a kind


@pytest.mark.parametrize("kind", KINDS)
def test_broken_programs_are_told(kind: str) -> None:
    found = [ask(asked) for asked in islice(wanted(50_000, (kind,)), EACH)]
    assert [one.wrong for one in found if one.wrong] == []


def test_most_of_them_are_judged() -> None:
    """They are not all turned away at the door; a few are even accepted."""
    words = [ask(Asked(kind, seed)).word for kind in KINDS for seed in range(12)]
    assert words.count("refused") > len(words) / 2
    assert words.count("accepted") > 3


def test_a_planted_stumble_is_found(monkeypatch) -> None:
    def stumble(*_: Any) -> None:
        raise IndexError

    monkeypatch.setattr(check_alu, "_adjust_scalar", stumble)
    found = [ask(Asked("family", seed)).word for seed in range(20)]
    assert "crashed" in found


def test_it_runs_by_hand() -> None:
    command = [sys.executable, "-m", "tests.soundness.robust", "--programs", "12"]
    done = subprocess.run(
        [*command, "--no-tools"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 programs" in done.stdout


@pytest.mark.parametrize("attach_type", ["xdp", "trace_fentry"])
def test_a_structure_of_functions_has_no_attach_type(linux, attach_type: str) -> None:
    code = lab.assemble("r0 = 0\nexit", type="struct_ops").code
    program = lab.Program(
        code,
        type="struct_ops",
        attach_to="tcp_congestion_ops.init",
        expected_attach_type=attach_type,
    )
    there, here = linux.verify(program), lab.verify(program)
    assert (here.accepted, here.errno) == (there.accepted, there.errno)


WRONG: tuple[dict[str, Any], ...] = (
    {"without": 5},
    {"without": [["bounds"]]},
    {"without": None},
    {"without": b"bounds"},
    {"cve": 2021},
    {"cve": ""},
    {"log_level": "2"},
    {"log_level": -1},
    {"log_level": 1 << 80},
    {"btf": "vmlinux"},
    {"btf": 7},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_argument_is_told(wrong: dict[str, Any]) -> None:
    program = lab.assemble("r0 = 2\nexit", type="xdp")
    with pytest.raises(lab.EbpfLabError):
        lab.verify(program, **wrong)
