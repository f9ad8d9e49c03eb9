"""The cell magic `%%ebpf`, in a real IPython shell."""

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
