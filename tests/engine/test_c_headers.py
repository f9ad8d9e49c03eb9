"""Our headers, against Linux's own: numbers of helpers, byte order, probes.

Linux's UAPI header carries the number of each helper as an enumerator; the compiler
compares them, one assertion a helper.
"""

import pytest

from ebpflab.c.compiler import compile
from ebpflab.c.prototypes import PROTOTYPES, helper_header
from ebpflab.errors import CompileError
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.map_types import MAP_TYPES

HEAD = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"


def assertions(ids: dict[str, int]) -> str:
    rows = (f'_Static_assert(BPF_FUNC_{n} == {i}, "{n}");' for n, i in ids.items())
    return HEAD + "\n".join(rows)


def test_every_helper_has_a_prototype() -> None:
    assert set(PROTOTYPES) == set(HELPER_IDS)
    assert len(PROTOTYPES) == 211


def test_the_numbers_are_linuxs() -> None:
    compile(assertions(HELPER_IDS))


def test_a_wrong_number_is_noticed() -> None:
    with pytest.raises(CompileError) as caught:
        compile(assertions({**HELPER_IDS, "redirect": 24}))
    assert "redirect" in caught.value.problem


def test_map_types_are_numbered_as_for_linux() -> None:
    rows = (
        f'_Static_assert(BPF_MAP_TYPE_{name.upper()} == {number}, "{name}");'
        for name, number in MAP_TYPES.items()
    )
    compile(HEAD + "\n".join(rows))


def test_the_header_calls_by_number() -> None:
    rows = helper_header().splitlines()
    for name, id in HELPER_IDS.items():
        (row,) = (r for r in rows if f" bpf_{name})(" in r)
        assert row.endswith(f"= (void *){id};")


@pytest.mark.parametrize("name", PROTOTYPES)
def test_a_helper_takes_five_arguments_at_most(name: str) -> None:
    _, arguments = PROTOTYPES[name]
    assert arguments
    assert arguments.count(",") < 5
    assert not any(word.isupper() for word in arguments.split())


def test_every_header_stands_alone() -> None:
    for name in ("bpf_helpers", "bpf_endian", "bpf_core_read", "bpf_helper_defs"):
        text = f"#include <linux/types.h>\n#include <bpf/{name}.h>\nint x;\n"
        assert compile(text).notices == ()
    before = "#include <linux/bpf.h>\n#include <linux/ptrace.h>\n"
    tracing = f"{before}#include <bpf/bpf_tracing.h>\nint x;\n"
    assert compile(tracing).notices == ()
    usdt = f"{before}#include <bpf/usdt.bpf.h>\n"
    entry = 'SEC("xdp") int p(void *ctx) { return 2; }\n'
    assert compile(usdt + entry).notices == ()


def test_byte_order_is_swapped_at_compile_time() -> None:
    text = (
        HEAD
        + "#include <bpf/bpf_endian.h>\n"
        + (
            '_Static_assert(bpf_htons(0x1234) == 0x3412, "16");'
            '_Static_assert(bpf_ntohl(0x12345678) == 0x78563412, "32");'
            '_Static_assert(bpf_cpu_to_be64(1) == 1ULL << 56, "64");'
        )
    )
    compile(text)


PROBES = (
    HEAD
    + """
#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>
long seen;
SEC("kprobe/do_unlinkat") int BPF_KPROBE(entered, int dfd, void *name)
{
    seen = dfd + (long)name;
    return 0;
}
SEC("kretprobe/do_unlinkat") int BPF_KRETPROBE(left, long result)
{
    seen = result;
    return 0;
}
SEC("tp_btf/sched_switch") int BPF_PROG(switched, _Bool preempt, void *from, void *to)
{
    seen = preempt;
    return 0;
}
SEC("kprobe") int BPF_KPROBE(bare) { return PT_REGS_IP(ctx) == 0; }
char _license[] SEC("license") = "GPL";
"""
)


def test_probes_read_the_right_registers() -> None:
    """struct pt_regs of x86-64: di at 112, si at 104, ax at 80, ip at 128 bytes."""
    programs = compile(PROBES).programs
    offsets = {
        name: {i.off for i in program.insns if i and i.opcode == 0x79}
        for name, program in programs.items()
    }
    assert offsets["entered"] >= {112, 104}
    assert offsets["left"] >= {80}
    assert offsets["switched"] >= {0} or programs["switched"].insns
    assert offsets["bare"] == {128}


def test_linux_takes_the_probes(linux) -> None:
    for program in compile(PROBES).programs.values():
        verdict = linux.verify(program)
        assert verdict.accepted, verdict.log[-500:]
