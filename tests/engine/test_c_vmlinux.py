"""Our vmlinux.h, against the running kernel's own types and Linux's UAPI headers.

Each structure that CO-RE moves must be there with all the members that we write, of a
kind that may be read in their place; each that it does not move (packet headers) must
have the very same layout. The oracle is the BTF of the kernel that runs here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.kernel import kernel_btf
from ebpflab.c.compiler import compile
from ebpflab.c.toolchain import HEADERS
from ebpflab.elf.core_access import by_names, by_positions
from ebpflab.elf.core_match import COMPOSITE
from ebpflab.elf.kernel_config import kernel_version

FOLDER = HEADERS / "vmlinux"
FIXED = ("types", "packets", "registers")  # included before the attribute
LINUX_6_18 = 6 << 8 | 18
ARM = ("user_pt_regs",)
OTHER_NAMES = {"sa_data", "cs", "ss", "regs.cs", "regs.ss"}  # inside nameless unions
DEFINED = re.compile(r"^struct (\w+) \{", re.MULTILINE)


def named(files: Iterator[Path]) -> list[str]:
    text = "".join(path.read_text() for path in files)
    return [name for name in dict.fromkeys(DEFINED.findall(text)) if name not in ARM]


def moved() -> list[str]:
    return named(p for p in sorted(FOLDER.glob("*.h")) if p.stem not in FIXED)


def fixed() -> list[str]:
    return named(p for p in sorted(FOLDER.glob("*.h")) if p.stem in FIXED)


@pytest.fixture(scope="module")
def kernel() -> Btf:
    btf = kernel_btf()
    if btf is None or kernel_version() >> 8 != LINUX_6_18:
        pytest.skip("members are compared with those of Linux 6.18")
    return btf


def local_types(names: list[str]) -> Btf:
    lines = "".join(f"struct {name} *the_{name};\n" for name in names)
    return Btf.parse(compile('#include "vmlinux.h"\n' + lines).btf or b"")


def missing_members(ours: Btf, structure: Type, kernel: Btf) -> Iterator[str]:
    there = [t for t in kernel.find_all(structure.name) if t.kind in COMPOSITE]
    for position, member in enumerate(structure.members):
        if not member.name:
            continue
        wanted = by_positions(ours, structure.id, [0, position])
        if not any(by_names(kernel, t.id, wanted, ours) for t in there):
            yield f"{structure.name}.{member.name}"


def wrong(ours: Btf, names: list[str], kernel: Btf) -> list[str]:
    found = {t.name: t for t in ours if t.kind is Kind.STRUCT}
    assert set(names) <= set(found)
    return [m for name in names for m in missing_members(ours, found[name], kernel)]


def test_every_member_is_in_the_kernel(kernel: Btf) -> None:
    names = moved()
    assert len(names) > 120
    assert wrong(local_types(names), names, kernel) == []


def test_a_member_that_is_not_there_is_found(kernel: Btf) -> None:
    text = '#include "vmlinux.h"\nstruct path { int mnt, nowhere; } *p;\n'
    text = text.replace('#include "vmlinux.h"\n', "")
    ours = Btf.parse(compile(text).btf or b"")
    assert wrong(ours, ["path"], kernel) == ["path.mnt", "path.nowhere"]


def test_what_is_never_moved_stands_as_in_the_kernel(kernel: Btf) -> None:
    names = fixed()
    assert len(names) >= 18
    ours = local_types(names)
    for type in (t for t in ours if t.kind is Kind.STRUCT and t.name in names):
        theirs = kernel.find(type.name, Kind.STRUCT)
        assert theirs, type.name
        assert type.size == theirs.size, type.name
        here, there = places(ours, type), places(kernel, theirs)
        assert here.keys() - there.keys() <= OTHER_NAMES, type.name
        assert {n: here[n] for n in here.keys() & there.keys()}.items() <= there.items()


def places(btf: Btf, type: Type) -> dict[str, tuple[int, int]]:
    """Return where each scalar lies: its first bit, its bits if it is a bit-field."""
    bits = {m.name: (m.bit_offset, m.bit_size) for m in type.members if m.bit_size}
    return {f.name: bits.get(f.name, (8 * f.offset, 0)) for f in btf.fields(type.id)}


HEADER_ORDERS = [
    ("bpf_helpers", "bpf_tracing", "bpf_core_read", "bpf_endian"),
    ("bpf_endian", "bpf_core_read", "bpf_tracing", "bpf_helpers"),
]


@pytest.mark.parametrize("order", HEADER_ORDERS)
@pytest.mark.parametrize("cpu", ["v1", "v4"])
def test_it_goes_with_the_other_headers(order: tuple[str, ...], cpu: str) -> None:
    text = '#include "vmlinux.h"\n' + "".join(f"#include <bpf/{h}.h>\n" for h in order)
    assert compile(text + "int x;\n", cpu=cpu).notices == ()


def test_constants_that_programs_define_do_not_clash() -> None:
    macros = ("ETH_P_IP 0x0800", "TC_ACT_OK 0", "AF_INET 2", "TASK_COMM_LEN 16")
    defined = "".join(f"#define {macro}\n" for macro in macros)
    for text in (
        '#include "vmlinux.h"\n' + defined,
        defined + '#include "vmlinux.h"\n',
    ):
        assert compile(text + "int x;\n").notices == ()


def test_a_real_vmlinux_of_the_program_goes_first(tmp_path: Path) -> None:
    (tmp_path / "vmlinux.h").write_text(
        "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n"
        "typedef unsigned char __u8; typedef unsigned short __u16, __be16, __sum16;\n"
        "typedef unsigned int __u32, __be32, __wsum; typedef int __s32;\n"
        "typedef unsigned long long __u64; typedef long long __s64;\n"
        "enum { OWN = 7 };\n#endif\n"
    )
    text = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n'
    text += 'SEC("xdp") int p(void *ctx) { return OWN; }\n'
    made = compile(text, file=tmp_path / "x.c")
    insn = made.programs["p"].insns[0]
    assert insn
    assert insn.imm == 7


ARM_PROBE = """\
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
SEC("kprobe/x") int BPF_KPROBE(p, int first, int second) { return first + second; }
"""


def test_registers_of_arm64() -> None:
    made = compile(ARM_PROBE, defines={"__TARGET_ARCH_arm64": None})
    offsets = {i.off for i in made.programs["p"].insns if i and i.opcode == 0x79}
    assert offsets == {0, 8}
