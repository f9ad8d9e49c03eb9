"""`make bench` measures what it says: its programs answer alike everywhere."""

from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.jit.machine_code import missing
from tests.bench import LOOPS as PYTHON_LOOPS
from tests.bench import naive
from tests.bench_chart import Row, draw
from tests.bench_loops import LOOPS, Loop

BUDGET = 1 << 30


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_machine_code_answers_as_the_kernel(loop: Loop, linux: None) -> None:
    if missing():
        pytest.skip(missing())
    here = lab.run(loop.program, loop.data, engine="jit", budget=BUDGET)
    there = lab.linux.run(loop.program, loop.data)
    assert (here.retval, here.data) == (there.retval, there.data)


def test_the_naive_loop_is_right() -> None:
    for loop in PYTHON_LOOPS:
        program = lab.assemble(loop.text, type="raw")
        insns = [insn for insn in program.insns if insn]
        expected = lab.run(program, loop.data, engine="source").retval
        assert naive(insns, loop.data) == expected


def test_the_chart_shows_each_row_that_the_kernel_ran(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [
        Row("first loop", (100.0, 120.0), (60.0, 90.0), (50.0,), 0.75),
        Row("no kernel", (), (60.0,)),
        Row("second loop", (10.0,), (40.0,)),
    ]
    assert rows[0].ratio(rows[0].ours) == 0.6
    text = draw(rows, tmp_path / "new" / "chart.svg").read_text(encoding="utf-8")
    for shown in ("first loop", "second loop", "0.60", "0.50", "4.00", "Linux"):
        assert f"<!-- {shown} -->" in text
    assert "no kernel" not in text
