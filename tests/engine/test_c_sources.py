"""C like people write it: the sources in c/, in the style of tutorials and tools.

Each is compiled with the kit's own headers, for the oldest instructions and for newer
ones, and given to Linux: it accepts every program but those whose hooks this kernel
cannot offer. A remark of the compiler or the loader is a failure, unless told here.
"""

import errno
from pathlib import Path

import pytest

from ebpflab.c.compiler import compile
from ebpflab.errors import LinuxError
from ebpflab.program import Object, Program

SOURCES = sorted((Path(__file__).parent / "c").glob("*.c"))
CANNOT = {  # source -> what Linux 6.18 says where it has no trampolines
    "fentry": errno.EPERM,
    "lsm": errno.EPERM,
}
REMARKS = {  # source -> a word of the one remark that is expected
    "core": "task_struct___old.state",
    "map_in_map": "[0] = even, [1] = odd",
    "struct_ops": "init = start",
    "tail_calls": "[0] = parse_ip, [2] = parse_arp",
    "usdt": "bpf_usdt_arg() finds nothing",
    "xdp_count": "pinned",
}


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def other_cpu(source: Path) -> str:
    """Each source is tried with v3, and with one of the others in turn."""
    return ("v1", "v2", "v4")[SOURCES.index(source) % 3]


def check_remarks(made: Object, name: str) -> None:
    if name in REMARKS:
        (remark,) = made.notices
        assert REMARKS[name] in remark
    else:
        assert made.notices == ()


def answer(linux, program: Program) -> tuple[int, str]:
    """Return Linux's errno and reason; before its verifier, or from it."""
    try:
        verdict = linux.verify(program)
    except LinuxError as error:
        return error.errno, str(error)
    return verdict.errno, verdict.log[-800:]


@pytest.mark.parametrize("newest", [True, False], ids=["v3", "other"])
def test_it_compiles_and_linux_takes_it(source: Path, newest: bool, linux) -> None:
    made = compile(source, cpu="v3" if newest else other_cpu(source))
    check_remarks(made, source.stem)
    assert made.programs
    for program in made.programs.values():
        number, told = answer(linux, program)
        assert number == CANNOT.get(source.stem, 0), f"{program.name}\n{told}"


def test_a_spoiled_source_is_refused(linux) -> None:
    """The oracle notices: the check before the read is taken out."""
    text = (Path(__file__).parent / "c" / "xdp_drop_port.c").read_text()
    spoiled = text.replace("if ((void *)(udp + 1) > data_end)", "if (!udp)")
    (program,) = compile(spoiled).programs.values()
    assert "outside of the packet" in linux.verify(program).message


def test_there_are_many_of_them() -> None:
    assert len(SOURCES) >= 40
    texts = [path.read_text() for path in SOURCES]
    assert 20 < sum('"vmlinux.h"' in text for text in texts) < len(texts) - 15
