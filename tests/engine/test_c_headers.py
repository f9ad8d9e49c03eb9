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
from ebpflab.vm.run import run

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


# What libbpf's headers offer to programs, as far as it is no function.
OFFERED = {
    "bpf_helpers": """
        SEC __uint __type __array __ulong __always_inline __noinline __weak __hidden
        __kconfig __ksym __kptr __kptr_untrusted __percpu_kptr __uptr __arg_ctx
        __arg_nonnull __arg_nullable __arg_trusted __arg_untrusted __arg_arena
        KERNEL_VERSION NULL offsetof container_of barrier barrier_var bpf_printk
        __bpf_unreachable bpf_tail_call_static bpf_ksym_exists BPF_SNPRINTF
        BPF_SEQ_PRINTF bpf_for bpf_for_each bpf_repeat ___bpf_concat ___bpf_apply
    """,
    "bpf_endian": """
        bpf_htons bpf_ntohs bpf_htonl bpf_ntohl bpf_cpu_to_be64 bpf_be64_to_cpu
        __bpf_htons __bpf_ntohs __bpf_htonl __bpf_ntohl __bpf_constant_htons
        __bpf_constant_ntohs __bpf_constant_htonl __bpf_constant_ntohl
        __bpf_constant_cpu_to_be64 __bpf_constant_be64_to_cpu
    """,
    "bpf_tracing": """
        PT_REGS_PARM1 PT_REGS_PARM2 PT_REGS_PARM3 PT_REGS_PARM4 PT_REGS_PARM5
        PT_REGS_PARM6 PT_REGS_RET PT_REGS_FP PT_REGS_RC PT_REGS_SP PT_REGS_IP
        PT_REGS_PARM1_CORE PT_REGS_PARM6_CORE PT_REGS_RC_CORE PT_REGS_IP_CORE
        PT_REGS_PARM1_SYSCALL PT_REGS_PARM6_SYSCALL PT_REGS_PARM1_CORE_SYSCALL
        PT_REGS_SYSCALL_REGS BPF_KPROBE_READ_RET_IP BPF_KRETPROBE_READ_RET_IP BPF_PROG
        BPF_KPROBE BPF_KRETPROBE BPF_UPROBE BPF_URETPROBE BPF_KSYSCALL
        BPF_KPROBE_SYSCALL
    """,
    "bpf_core_read": """
        bpf_core_field_exists bpf_core_field_size bpf_core_field_offset
        bpf_core_type_id_local bpf_core_type_id_kernel bpf_core_type_exists
        bpf_core_type_matches bpf_core_type_size bpf_core_enum_value_exists
        bpf_core_enum_value bpf_core_read bpf_core_read_user bpf_core_read_str
        bpf_core_read_user_str bpf_core_cast BPF_CORE_READ BPF_CORE_READ_USER
        BPF_CORE_READ_INTO BPF_CORE_READ_USER_INTO BPF_CORE_READ_STR_INTO
        BPF_CORE_READ_USER_STR_INTO BPF_PROBE_READ BPF_PROBE_READ_USER
        BPF_PROBE_READ_INTO BPF_PROBE_READ_USER_INTO BPF_PROBE_READ_STR_INTO
        BPF_PROBE_READ_USER_STR_INTO BPF_CORE_READ_BITFIELD
        BPF_CORE_READ_BITFIELD_PROBED BPF_CORE_WRITE_BITFIELD
    """,
}


@pytest.mark.parametrize("header", OFFERED)
def test_what_libbpf_offers_is_there(header: str) -> None:
    names = OFFERED[header].split()
    rows = "".join(f"#ifndef {name}\n#error {name}\n#endif\n" for name in names)
    compile(f"{HEAD}#include <bpf/{header}.h>\n{rows}")
    with pytest.raises(CompileError, match=names[0]):
        compile(f"#include <linux/types.h>\n{rows}")


BITS = """
SEC("xdp") int f(struct xdp_md *ctx)
{
	struct iphdr ip = {};

	BPF_CORE_WRITE_BITFIELD(&ip, version, 20);
	BPF_CORE_WRITE_BITFIELD(&ip, ihl, 11);
	return BPF_CORE_READ_BITFIELD(&ip, version) * 100 +
		BPF_CORE_READ_BITFIELD(&ip, ihl);
}
"""


def test_bit_fields_are_written_and_read() -> None:
    """A number that is too large is cut, and does not reach the field beside."""
    made = compile(f'#include "vmlinux.h"\n#include <bpf/bpf_core_read.h>\n{BITS}')
    assert run(made.programs["f"], bytes(64)).retval == 411


def test_what_is_always_inlined_may_take_more_than_five_arguments() -> None:
    """Linux's own header only asks for it; a call could not pass a sixth."""
    text = (
        HEAD
        + """
        static __always_inline int sum(int a, int b, int c, int d, int e, int f)
        { return a * b + c * d + e * f; }
        SEC("xdp") int main_(struct xdp_md *x)
        { int i = x->rx_queue_index, n = sum(i, 2, i, 3, i, 4);
          for (i = 0; i < 9; i++) n += sum(n, i, n, 5, i, bpf_get_prandom_u32());
          return n + sum(n, n, n, n, n, n) & 1; }
    """
    )
    (program,) = compile(text).programs.values()
    assert not any(insn and insn.opcode == 0x85 and insn.src for insn in program.insns)
