"""The magics `%%ebpf`, `%step` and `%explain`, in a real IPython shell."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from ebpflab_widgets.magic import options

import ebpflab as lab

pytest.importorskip("IPython", reason="IPython is not installed")

CELL = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} seen SEC(".maps");
#ifndef ANSWER
#define ANSWER XDP_PASS
#endif
SEC("xdp") int pass(struct xdp_md *ctx) { return ANSWER; }
"""


@pytest.fixture
def shell() -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "ebpflab_widgets")
    yield shell
    shell.history_manager.end_session()


def test_the_object_is_in_its_name(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell_magic("ebpf", "obj", CELL)
    program = shell.user_ns["obj"].programs["pass"]
    assert lab.run(program, bytes(64)).retval_name == "XDP_PASS"
    printed = capsys.readouterr().out
    assert 'obj.programs["pass"]: xdp, instructions: 2' in printed
    assert 'obj.maps["seen"]: array' in printed


def test_its_options(shell: Any) -> None:
    shell.run_cell_magic("ebpf", "dropped --cpu v2 -D ANSWER=1", CELL)
    program = shell.user_ns["dropped"].programs["pass"]
    assert lab.run(program, bytes(64)).retval_name == "XDP_DROP"


@pytest.mark.parametrize("line", ["", "2x", "obj --cpu v9", "obj --nobody", "obj 'x"])
def test_a_line_that_is_not_understood(shell: Any, line: str) -> None:
    with pytest.raises(lab.EbpfLabError) as caught:
        shell.run_cell_magic("ebpf", line, CELL)
    assert "%%ebpf NAME" in caught.value.hint


WORDS = (
    "obj",
    "--cpu",
    "v3",
    "-D",
    "A=1",
    "-I",
    "/nowhere",
    "--type",
    "xdp",
    "=",
    "-h",
)


def broken_line(chance: random.Random) -> str:
    """Return words that make sense now and then, or characters that do not."""
    if chance.random() < 0.4:
        return chance.randbytes(chance.randrange(40)).decode("latin-1")
    words = chance.choices(WORDS, k=chance.randint(0, 6))
    return " ".join(words) + chance.choice(("", "", "'", '"', "\\", "\0", "é"))


def test_two_thousand_broken_lines_are_told_in_words() -> None:
    understood = 0
    for seed in range(2_000):
        line = broken_line(random.Random(seed))
        try:
            understood += bool(options(line))
        except lab.EbpfLabError as error:
            str(error)
    assert 50 < understood < 1_500


def test_broken_cells_are_told_in_words(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both the line and the C are broken; what is left is compiled."""
    compiled = 0
    for seed in range(120):
        chance = random.Random(seed)
        line = broken_line(chance) if chance.random() < 0.5 else "obj"
        cell = list(CELL)
        for _ in range(chance.randint(0, 2)):
            at = chance.randrange(len(cell))
            cell[at : at + chance.choice((0, 1, 30))] = chance.choice("}{;\0\x80 xé#")
        try:
            shell.run_cell_magic("ebpf", line, "".join(cell))
            compiled += 1
        except lab.EbpfLabError as error:
            str(error)
    assert 5 < compiled < 80


def test_a_mistake_in_the_c_is_told_with_its_line(shell: Any) -> None:
    with pytest.raises(lab.CompileError) as caught:
        shell.run_cell_magic("ebpf", "obj", CELL.replace("ANSWER;", "ANSWR;"))
    assert "obj.c:12" in caught.value.at
    assert "obj" not in shell.user_ns


def test_a_notebook_shows_the_error_without_the_way_through_us(shell: Any) -> None:
    result = shell.run_cell("%%ebpf obj\nthis is no C")
    assert isinstance(result.error_in_exec, lab.CompileError)
    shown = result.error_in_exec._render_traceback_()
    assert len(shown) == 1
    assert "Traceback" not in shown[0]


# ---- %step and %explain --------------------------------------------------------


@pytest.fixture
def names(shell: Any) -> Any:
    shell.run_cell("import ebpflab as lab")
    shell.run_cell('fine = lab.assemble("r0 = 2\\nexit", type="xdp")')
    bad = "r1 = 0\\nr0 = *(u8 *)(r1 +0)\\nexit"
    shell.run_cell(f'wrong = lab.assemble("{bad}", type="xdp")')
    return shell


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lab.run(fine, bytes(64))", "returned 2 (XDP_PASS)"),
        ("fine, bytes(60)", "60 bytes"),
        ("wrong, bytes(64)", "null"),
    ],
)
def test_step_shows_a_run_or_runs_a_program(names: Any, line: str, told: str) -> None:
    assert told in repr(names.run_line_magic("step", line))


@pytest.mark.parametrize(
    "line", ["wrong", "lab.verify(wrong)", "lab.verify(wrong).log"]
)
def test_explain_shows_a_verdict_a_program_or_a_log(names: Any, line: str) -> None:
    assert "R1 invalid mem access" in repr(names.run_line_magic("explain", line))


def test_explain_takes_a_pasted_log(names: Any) -> None:
    log = names.run_cell("lab.verify(wrong).log").result
    assert "R1 invalid mem access" in repr(names.run_cell_magic("explain", "", log))


@pytest.mark.parametrize("magic", ["step", "explain"])
@pytest.mark.parametrize(
    "line", ["", "nobody", "1 +", "3", "fine, 1, 2", "1 / 0", "fine, 'x'", "(", "\0"]
)
def test_a_line_that_shows_nothing_is_told_in_words(
    names: Any, magic: str, line: str
) -> None:
    with pytest.raises(lab.EbpfLabError) as caught:
        names.run_line_magic(magic, line)
    assert str(caught.value)
