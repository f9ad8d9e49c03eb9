"""Values and keys of maps: inside the value, with the map's rights, off its records.

A map may forbid programs to read or to write it. What a program cannot change and
userspace cannot change any more (a frozen map) is as good as a constant, so a load
from it gives the number itself. Fields that the kernel keeps in a value (a lock, a
timer, a kernel pointer) are not for loads and stores.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.records import record_of
from ebpflab.btf.special import KPTRS, LABELS
from ebpflab.isa.insn import Insn
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.program import MapSpec
from ebpflab.verifier.bounds import constant
from ebpflab.verifier.check_packet import check_leak
from ebpflab.verifier.check_region import check_mem_region_access
from ebpflab.verifier.env import Env
from ebpflab.verifier.kptrs import kptr_at, load_kptr, store_kptr
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.states import SCALAR, UNKNOWN_SCALAR, RegState

RDONLY_PROG, WRONLY_PROG = 1 << 7, 1 << 8  # flags of a map
ONLY_READ = ("devmap", "devmap_hash")  # by programs: their values are the kernel's


def map_flags(spec: MapSpec) -> int:
    """Return a map's flags, those that Linux gives to maps of its type with them."""
    return spec.flags | (RDONLY_PROG if spec.type in ONLY_READ else 0)


def check_map_access_type(
    env: Env, number: int, off: int, size: int, *, writes: bool
) -> None:
    """Refuse what the map forbids programs to do."""
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    if not map_flags(spec) & (RDONLY_PROG if writes else WRONLY_PROG):
        return
    how = "write into" if writes else "read from"
    where = f"value_size={spec.value_size} off={reg.off + off} size={size}"
    raise Refusal(EACCES, f"{how} map forbidden, {where}")


def check_map_access(
    env: Env,
    number: int,
    off: int,
    size: int,
    *,
    zero_ok: bool = False,
    by_helper: bool = True,
) -> None:
    """Judge an access to a map's value: is it inside, and off its records?

    Args:    zero_ok: no bytes at all are fine too.
             by_helper: it is no load or store, so kernel pointers are off limits.
    """
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    end = spec.value_size

    def complain(at: int) -> str:
        return f"invalid access to map value, value_size={end} off={at} size={size}"

    check_mem_region_access(
        reg, number, reg.off + off, size, end, complain, zero_ok=zero_ok
    )
    if spec.btf is not None:
        _check_record(reg, spec, reg.off + off, size, by_helper=by_helper)


def _check_record(
    reg: RegState, spec: MapSpec, off: int, size: int, *, by_helper: bool
) -> None:
    """Refuse to touch any part of what the kernel keeps in a value."""
    start, end = off + reg.bounds.smin, off + reg.bounds.umax + size
    for field in record_of(spec).touched(start, end):
        name = LABELS[field.kind]
        if field.kind not in KPTRS:
            text = f"{name} cannot be accessed directly by load/store"
        elif by_helper:
            text = f"{name} cannot be accessed indirectly by helper"
        elif not reg.bounds.is_const:
            text = f"{name} access cannot have variable offset"
        elif start != field.offset:
            text = f"{name} access misaligned expected={field.offset} off={start}"
        elif size != field.size:
            text = f"{name} access size must be BPF_DW"
        else:
            continue
        raise Refusal(EACCES, text)


def load_map_value(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from a map's value; a constant map gives its bytes."""
    check_map_access_type(env, number, off, size, writes=False)
    check_map_access(env, number, off, size, by_helper=False)
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    if spec.btf is not None and (kptr := kptr_at(env, reg, off)):
        return load_kptr(env, reg, kptr)
    if not reg.bounds.is_const or not _is_constant(spec):
        return UNKNOWN_SCALAR
    start = reg.off + off + reg.bounds.smin
    return RegState(SCALAR, constant(_word(spec, start, size)))


def _is_constant(spec: MapSpec) -> bool:
    return bool(spec.flags & RDONLY_PROG) and spec.frozen and spec.type == "array"


def _word(spec: MapSpec, start: int, size: int) -> int:
    """Return bytes of a map's only value, as a number.

    Raises:  Refusal: there are several values, which Linux cannot tell apart.
    """
    if spec.max_entries != 1:
        raise Refusal(ENOTSUPP, "")
    value = spec.init.get(bytes(spec.key_size), b"").ljust(spec.value_size, b"\0")
    return int.from_bytes(value[start : start + size], "little")


def store_map_value(
    env: Env, insn: Insn | None, number: int, off: int, size: int
) -> None:
    """Judge a store to a map's value."""
    check_leak(env, insn, "map")
    check_map_access_type(env, number, off, size, writes=True)
    check_map_access(env, number, off, size, by_helper=False)
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    if spec.btf is not None and (kptr := kptr_at(env, reg, off)):
        store_kptr(env, insn, reg, kptr)


def load_map_key(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from the key that a callback was given."""
    reg = env.regs[number]
    end = env.program.maps[reg.map].key_size

    def complain(at: int) -> str:
        return f"invalid access to map key, key_size={end} off={at} size={size}"

    check_mem_region_access(reg, number, reg.off + off, size, end, complain)
    return UNKNOWN_SCALAR


def refuse_store_to_key(
    env: Env, insn: Insn | None, number: int, off: int, size: int
) -> None:
    """Refuse a store to a key."""
    raise Refusal(EACCES, f"write to change key R{number} not allowed")
