"""CO-RE: members found where this kernel keeps them.

The oracle is the compiler: one C text stands for what the program was compiled with,
another, with everything moved, for the kernel. The numbers that the program gets must
be those that the compiler itself gives for the second text. Then the real kernel: it
knows whether tp_btf reads a pid where a pid is.
"""

from pathlib import Path

import pytest

from ebpflab.btf import kernel as kernel_btf
from ebpflab.c.compiler import compile
from ebpflab.elf.core import POISON

TYPES_THEN = """
enum state { RUNS = 3, SLEEPS = 4 };
struct names { char first[8]; int count; };
struct task { int pid; int tgid; struct names names; unsigned flag : 3, mode : 5;
          struct task *parent; int gone; __s16 narrow; };
struct extinct { int x; };
"""
TYPES_NOW = """
enum state { ODD, SLEEPS = 44, RUNS = 33 };
struct names { long before; char first[8]; long more; int count; };
struct task { char lead[24]; int tgid;
          struct { int deeper; union { int pid; long all; }; };
          struct names names; unsigned long other : 9, mode : 5, flag : 3;
          long gap; struct task *parent; __s64 narrow; };
"""
HEAD = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
AT = "__builtin_offsetof(struct task, %s)"
NOW_FACTS = [
    AT % "pid", AT % "tgid", AT % "names.count", AT % "names.first[3]", AT % "parent",
    "sizeof(struct task)", "sizeof(struct names)", "8",
    "1", "0", "1", "0", "33", "44", "0",
]  # fmt: skip
ASKED = [
    "bpf_core_field_offset(struct task, pid)",
    "bpf_core_field_offset(struct task, tgid)",
    "bpf_core_field_offset(struct task, names.count)",
    "bpf_core_field_offset(struct task, names.first[3])",
    "bpf_core_field_offset(struct task, parent)",
    "bpf_core_type_size(struct task)",
    "bpf_core_type_size(struct names___local)",
    "bpf_core_field_size(struct task, narrow)",
    "bpf_core_field_exists(struct task, pid)",
    "bpf_core_field_exists(struct task, gone)",
    "bpf_core_type_exists(struct task)",
    "bpf_core_type_exists(struct extinct)",
    "bpf_core_enum_value(enum state, RUNS)",
    "bpf_core_enum_value(enum state, SLEEPS)",
    "bpf_core_enum_value_exists(enum lost, LOST)",
]
THEN = (
    HEAD
    + "#include <bpf/bpf_core_read.h>\n"
    + TYPES_THEN
    + "struct names___local { int count; };\nenum lost { LOST = 5 };\n"
    + "volatile __u64 out;\n"
    + 'SEC("socket") int asks(void *ctx)\n{\n'
    + "".join(f"\tout = {question};\n" for question in ASKED)
    + "\treturn 0;\n}\n"
    + 'SEC("socket") int reads(struct task *t)\n'
    + "{ return __builtin_preserve_access_index(({ t->gone; })); }\n"
)
NOW = (
    HEAD
    + TYPES_NOW
    + "struct task task; enum state state;\n"
    + f"const volatile __u64 facts[] = {{ {', '.join(NOW_FACTS)} }};\n"
    + 'SEC("socket") int p(void *ctx) { return facts[1] + task.tgid + state; }\n'
)


@pytest.fixture
def moved_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kernel in which everything has moved; returns what the compiler knows of it."""
    made = compile(NOW)
    (tmp_path / "btf").write_bytes(made.btf)
    monkeypatch.setenv(kernel_btf.CHOOSE, str(tmp_path / "btf"))
    data = made.maps[".rodata"].init[bytes(4)]
    return [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]


def answers() -> list[int]:
    """Return the numbers that the program got: each is loaded, then stored."""
    insns = [i for i in compile(THEN).programs["asks"].insns if i]
    loads = (0xB7, 0xB4, 0x18)
    return [i.imm for i in insns if i.opcode in loads and not i.src][: len(ASKED)]


def test_the_program_gets_the_other_kernels_numbers(moved_kernel: list[int]) -> None:
    assert answers() == moved_kernel


def test_without_the_other_kernel_it_gets_others(
    moved_kernel: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kernel_btf.CHOOSE, str(tmp_path / "none"))
    made = compile(THEN)
    assert answers() != moved_kernel
    assert "no kernel BTF" in made.notices[0]


def test_what_the_kernel_lacks_becomes_a_call_that_none_accepts(
    moved_kernel: list[int],
) -> None:
    made = compile(THEN)
    assert POISON in [i.imm for i in made.programs["reads"].insns if i]
    assert any("task.gone" in notice for notice in made.notices)


PIDS = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
struct mm_struct { unsigned long total_vm; } __attribute__((preserve_access_index));
struct task_struct { char comm[16]; struct mm_struct *mm; int tgid; int pid; }
    __attribute__((preserve_access_index));
int pid;
SEC("tp_btf/sched_switch") int BPF_PROG(switches, _Bool preempt,
                    struct task_struct *from, struct task_struct *to)
{
    pid = from->pid;
    return 0;
}
SEC("raw_tp/sched_switch") int copies(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *to = (void *)ctx->args[2];

    pid = BPF_CORE_READ(to, mm, total_vm);
    return 0;
}
char _license[] SEC("license") = "GPL";
"""


def test_linux_finds_the_members_where_we_say(linux) -> None:
    for program in compile(PIDS).programs.values():
        verdict = linux.verify(program)
        assert verdict.accepted, verdict.log[-600:]


def test_linux_refuses_a_member_read_elsewhere(
    linux, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(kernel_btf.CHOOSE, str(tmp_path / "none"))
    text = PIDS.replace("char comm[16];", "char comm[65000 / 2];")
    assert not linux.verify(compile(text).programs["switches"]).accepted
