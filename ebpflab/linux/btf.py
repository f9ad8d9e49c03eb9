"""BTF, the types that Linux is told: loading a program's, and looking up the kernel's.

Not here: reading or writing BTF in general (`elf/`). Source: the kernel's
Documentation/bpf/btf.rst.
"""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ebpflab.errors import LinuxError
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.syscall import bpf, checked
from ebpflab.program import Program

VMLINUX = Path("/sys/kernel/btf/vmlinux")

_STRUCT, _TYPEDEF, _FUNC = 4, 8, 12
_ANY = ""
# (program type, expected attach type): what its target is called in the kernel's BTF
_TARGETS = {
    ("tracing", "trace_raw_tp"): ("btf_trace_", _TYPEDEF),
    ("tracing", "trace_fentry"): ("", _FUNC),
    ("tracing", "trace_fexit"): ("", _FUNC),
    ("tracing", "modify_return"): ("", _FUNC),
    ("tracing", "trace_iter"): ("bpf_iter_", _FUNC),
    ("lsm", "lsm_mac"): ("bpf_lsm_", _FUNC),
    ("lsm", "lsm_cgroup"): ("bpf_lsm_", _FUNC),
    ("struct_ops", _ANY): ("", _STRUCT),
}

# bytes that follow a type's 12, by kind: (fixed, per member); other kinds have none
_TAIL = {
    1: (4, 0),  # INT
    3: (12, 0),  # ARRAY
    4: (0, 12),  # STRUCT
    5: (0, 12),  # UNION
    6: (0, 8),  # ENUM
    13: (0, 8),  # FUNC_PROTO
    14: (4, 0),  # VAR
    15: (0, 12),  # DATASEC
    17: (4, 0),  # DECL_TAG
    19: (0, 12),  # ENUM64
}


def load_btf(blob: bytes, at: str) -> Descriptor:
    """Give BTF to the kernel.

    Raises:  LinuxError: it refuses.
    """
    return Descriptor(checked(at, "BTF_LOAD", btf=blob, btf_size=len(blob)).value)


def try_btf(blob: bytes | None) -> Descriptor | None:
    """Give a program's BTF to the kernel; None if there is none or it refuses.

    A program needs none to be judged: an older kernel that does not know a newer kind
    of type judges it without.
    """
    if blob is None:
        return None
    answer = bpf("BTF_LOAD", btf=blob, btf_size=len(blob))
    return None if answer.errno else Descriptor(answer.value)


def target_id(program: Program) -> int:
    """Return the BTF id of what the program is to be attached to; 0 = not by BTF.

    Raises:  LinuxError: the running kernel has no such function or tracepoint.
    """
    attach_type = program.expected_attach_type or _ANY
    row = _TARGETS.get((program.type, attach_type))
    if row is None or not program.attach_to:
        return 0
    prefix, kind = row
    found = _kernel_types(kind).get(prefix + program.attach_to)
    if found is None:
        raise LinuxError.of("linux-no-target", at=program.name, name=program.attach_to)
    return found


@cache
def _kernel_types(kind: int) -> dict[str, int]:
    """Return the ids of the running kernel's types of one kind, by name."""
    try:
        blob = VMLINUX.read_bytes()
    except OSError as error:
        raise LinuxError.of("linux-no-btf", at=str(VMLINUX)) from error
    strings = _strings(blob)
    return {
        strings[name : strings.index(b"\0", name)].decode(): id
        for id, (name, found) in enumerate(_types(blob), start=1)
        if found == kind
    }


def _strings(blob: bytes) -> bytes:
    header_size, _, _, start, size = struct.unpack_from("<5I", blob, 4)
    return blob[header_size + start : header_size + start + size]


def _types(blob: bytes) -> Iterator[tuple[int, int]]:
    """Yield each type's (name offset, kind), from id 1 on."""
    header_size, start, size = struct.unpack_from("<3I", blob, 4)
    at, end = header_size + start, header_size + start + size
    while at < end:
        name, info = struct.unpack_from("<2I", blob, at)
        kind, members = info >> 24 & 0x1F, info & 0xFFFF
        fixed, each = _TAIL.get(kind, (0, 0))
        at += 12 + fixed + each * members
        yield name, kind
