"""Each program type's context against the real kernel: what may be read and written.

For every program type, attach type, offset, width, reading and writing, a program of
two instructions is shown to the kernel's verifier; the field tables must say the same.
Names and places are compared with the kernel's own type information.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.btf import Btf, Kind
from ebpflab.hooks import HOOKS, Access, ContextField, Hook
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.linux.load import load, request

SIZE_CODES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
NOT_LOADED = {"raw", "syscall"}  # no such type; no field of its own
NOT_LOADED |= {"tracing", "lsm", "struct_ops"}  # theirs are a function's arguments
RIGHTS = ("read", "write")
ENDS_WITH_1 = ("recvmsg", "getpeername", "getsockname")


def end(attach_type: str) -> list[Insn]:
    """Return an exit with a value that this attach type may answer."""
    answer = int(attach_type.endswith(ENDS_WITH_1))
    return [Insn(0xB7, 0, imm=answer), Insn(0x95)]


def access(right: str, offset: int, size: int) -> list[Insn]:
    if right == "read":
        return [Insn(0x61 & ~0x18 | SIZE_CODES[size], 2, 1, off=offset)]
    store = Insn(0x63 & ~0x18 | SIZE_CODES[size], 1, 3, off=offset)
    return [Insn(0xB7, 3), store]


def accepts(hook: Hook, attach_type: str, insns: list[Insn]) -> bool:
    code = encode([*insns, *end(attach_type)])
    attach = attach_type or None
    program = lab.Program(code, type=hook.type, expected_attach_type=attach)
    with request(program, []) as fields:
        answer = load(fields, log_level=0)
    if answer.program:
        answer.program.close()
    return answer.program is not None


def places(hook: Hook) -> Iterator[tuple[str, int, int]]:
    """Yield every access that is to be asked about, a little beyond the end too."""
    for right in RIGHTS:
        for offset in range(hook.context_size + 9):
            yield from ((right, offset, size) for size in SIZE_CODES)


def differences(hook: Hook) -> list[tuple[str, str, int, int]]:
    """Return the accesses on which the table and the kernel disagree."""
    return [
        (attach_type, right, offset, size)
        for attach_type in hook.attach_types or ("",)
        for right, offset, size in places(hook)
        if accepts(hook, attach_type, access(right, offset, size))
        != hook.may(right, offset, size, attach_type)
    ]


@pytest.mark.parametrize("type", sorted(HOOKS.keys() - NOT_LOADED))
def test_the_kernel_gives_the_same_rights(linux: None, type: str) -> None:
    assert differences(HOOKS[type]) == []


def test_a_wrong_right_is_found(linux: None) -> None:
    xdp = HOOKS["xdp"]
    wrong = dataclasses.replace(xdp.fields[0], reads=Access.ANY)
    planted = dataclasses.replace(xdp, fields=(wrong, *xdp.fields[1:]))
    assert {place[1:] for place in differences(planted)} == {
        ("read", offset, size)
        for offset, size in ((0, 1), (0, 2), (1, 1), (2, 1), (2, 2), (3, 1))
    }


def base_name(row: ContextField) -> tuple[str, int]:
    """Split "cb[3]" into its name and its index."""
    found = re.fullmatch(r"(\w+?)(?:\[(\d+)\])?", row.name)
    assert found
    return found[1], int(found[2] or 0)


def members(types: Btf, structure: str) -> dict[str, int]:
    """Return the byte at which each member of a kernel structure stands."""
    found: dict[str, int] = {}
    definition = types.find(structure, Kind.STRUCT)
    assert definition
    waiting = [(definition, 0)]
    while waiting:
        type, start = waiting.pop()
        for member in type.members:
            if member.name:
                found[member.name] = start + member.offset
            else:
                waiting.append((types.resolve(member.type), start + member.offset))
    return found


STRUCTURES = sorted(
    {
        hook.context
        for hook in HOOKS.values()
        if hook.context.startswith(("__sk", "xdp", "bpf_", "sk_"))
    }
    - {"bpf_perf_event_data", "bpf_nf_ctx", "bpf_raw_tracepoint_args"}
)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_fields_stand_where_the_kernel_has_them(linux: None, structure: str) -> None:
    types = Btf.parse(Path("/sys/kernel/btf/vmlinux").read_bytes())
    there = members(types, structure)
    hook = next(h for h in HOOKS.values() if h.context == structure)
    for row in hook.fields:
        name, index = base_name(row)
        assert there[name] + index * row.size == row.offset, row.name


def test_fields_do_not_overlap() -> None:
    for hook in HOOKS.values():
        ends = [row.offset + row.size for row in hook.fields]
        starts = [row.offset for row in hook.fields[1:]]
        assert all(end <= start for end, start in zip(ends, starts, strict=False))
        assert max(ends, default=0) <= hook.context_size
