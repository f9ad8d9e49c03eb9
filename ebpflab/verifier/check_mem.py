"""Loads and stores: is the whole access inside what the pointer may touch?

    pointer + fixed offset + variable offset + size  <=  end of the object

must hold for the smallest and for the largest value of the variable part. A failure
gives two lines: the access that would be wrong, then which bound allowed it.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import SIZE_BY_CODE, InsnClass, Mode
from ebpflab.verifier.alu import coerce_reg_to_size, sign_extended
from ebpflab.verifier.bounds import S32_MAX, S32_MIN, S64_MIN, ZERO
from ebpflab.verifier.check_pointer import MAX_VAR_OFF
from ebpflab.verifier.check_stack import read_stack, stack_offset, write_stack
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal, not_modelled
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    SCALAR,
    UNKNOWN_SCALAR,
    RegState,
)

PACKET_WRITERS = ("xdp", "sched_cls", "sched_act")
POINTERS = {
    "data": RegType.PTR_TO_PACKET,
    "data_end": RegType.PTR_TO_PACKET_END,
    "data_meta": RegType.PTR_TO_PACKET_META,
}
NO_PACKET_POINTERS = ("socket_filter",)  # they have no direct packet access


def check_load(env: Env, insn: Insn) -> None:
    """Judge a load, and put what was read into its register."""
    env.read(insn.src)
    env.may_write(insn.dst)
    size = SIZE_BY_CODE[insn.size_code].bytes
    is_signed = insn.mode == Mode.MEMSX
    if insn.mode not in (Mode.MEM, Mode.MEMSX):
        not_modelled("this kind of load", env.insn_idx)
    found = _loaded(env, insn, size, is_signed)
    if size < 8 and found.type is SCALAR:
        found = _cut(found, size, is_signed)
    env.regs[insn.dst] = found


def _cut(reg: RegState, size: int, is_signed: bool) -> RegState:
    if is_signed:
        return reg._replace(bounds=sign_extended(reg.bounds, size * 8))
    return reg._replace(bounds=coerce_reg_to_size(reg.bounds, size))


def _loaded(env: Env, insn: Insn, size: int, is_signed: bool) -> RegState:
    ptr = env.regs[insn.src]
    if ptr.type is RegType.PTR_TO_STACK:
        _check_alignment(ptr, insn.off, size)
        start = stack_offset(env, insn.src, insn.off, size, "read")
        return read_stack(env, ptr.frame, start, size)
    if ptr.type is RegType.PTR_TO_CTX:
        return check_ctx_access(env, insn.src, insn.off, size, "read", is_signed)
    if ptr.type is RegType.PTR_TO_MAP_VALUE:
        check_map_access(env, insn.src, insn.off, size)
    elif ptr.type in (RegType.PTR_TO_PACKET, RegType.PTR_TO_PACKET_META):
        check_packet_access(env, insn.src, insn.off, size)
    else:
        _refuse_access(insn.src, ptr)
    return UNKNOWN_SCALAR


def check_store(env: Env, insn: Insn) -> None:
    """Judge a store of a register or of an immediate."""
    if insn.mode != Mode.MEM:
        not_modelled("atomic operation", env.insn_idx)
    if insn.insn_class == InsnClass.STX:
        env.read(insn.src)
    ptr = env.read(insn.dst)
    size = SIZE_BY_CODE[insn.size_code].bytes
    if ptr.type is RegType.PTR_TO_STACK:
        _check_alignment(ptr, insn.off, size)
        start = stack_offset(env, insn.dst, insn.off, size, "write")
        write_stack(env, insn, ptr.frame, start, size)
    elif ptr.type is RegType.PTR_TO_CTX:
        _store_in_ctx(env, insn, size)
    elif ptr.type is RegType.PTR_TO_MAP_VALUE:
        check_map_access(env, insn.dst, insn.off, size)
    elif ptr.type in (RegType.PTR_TO_PACKET, RegType.PTR_TO_PACKET_META):
        _store_in_packet(env, insn, size)
    else:
        _refuse_access(insn.dst, ptr)


def _refuse_access(number: int, ptr: RegState) -> None:
    if ptr.type is RegType.CONST_PTR_TO_MAP:
        not_modelled("reading a map itself")
    name = ptr.type.text
    raise Refusal(EACCES, f"R{number} invalid mem access '{name}'")


def _check_alignment(ptr: RegState, off: int, size: int) -> None:
    """Stack accesses are aligned always, others only where the machine needs it."""
    if not ptr.bounds.is_const:
        not_modelled("stack access at a variable offset")
    if (ptr.off + off) % size:
        place = f"{ptr.bounds.value}+{ptr.off}+{off}"
        raise Refusal(EACCES, f"misaligned stack access off {place} size {size}")


# ---- the context ---------------------------------------------------------------


def check_ctx_access(
    env: Env, number: int, off: int, size: int, right: str, is_signed: bool = False
) -> RegState:
    """Judge an access to the context; return what a load gives."""
    reg, hook = env.regs[number], env.hook
    if reg.off:
        text = f"dereference of modified ctx ptr R{number} off={reg.off} disallowed"
        raise Refusal(EACCES, text)
    if not (reg.bounds.is_const and reg.bounds == ZERO):
        text = f"variable ctx access var_off={reg.bounds.var_off} disallowed"
        raise Refusal(EACCES, text)
    attach = env.program.expected_attach_type or ""
    if off < 0 or not hook.may(right, off, size, attach):
        raise Refusal(EACCES, f"invalid bpf_context access off={off} size={size}")
    return _field_value(env, hook, off, size, is_signed)


def _field_value(
    env: Env, hook: Hook, off: int, size: int, is_signed: bool
) -> RegState:
    row = next((f for f in hook.fields if f.offset <= off < f.offset + f.size), None)
    if row is None or not row.pointer:
        return UNKNOWN_SCALAR
    if is_signed or row.pointer not in POINTERS or hook.type in NO_PACKET_POINTERS:
        not_modelled(f"reading {hook.context}.{row.name}", env.insn_idx)
    return RegState(POINTERS[row.pointer], ZERO)


def _store_in_ctx(env: Env, insn: Insn, size: int) -> None:
    if insn.insn_class == InsnClass.STX and env.regs[insn.src].type is not SCALAR:
        not_modelled("a pointer stored in the context", env.insn_idx)
    check_ctx_access(env, insn.dst, insn.off, size, "write")


# ---- map values and packets ----------------------------------------------------


def check_map_access(env: Env, number: int, off: int, size: int) -> None:
    """Judge an access to a map's value."""
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    if spec.btf is not None or spec.frozen:
        not_modelled("maps with BTF, and frozen maps", env.insn_idx)
    if spec.flags:
        not_modelled("maps with flags", env.insn_idx)
    start = reg.off + off
    end = spec.value_size

    def complain(at: int) -> str:
        return f"invalid access to map value, value_size={end} off={at} size={size}"

    check_mem_region_access(reg, number, start, size, end, complain)


def check_mem_region_access(
    reg: RegState,
    number: int,
    off: int,
    size: int,
    end: int,
    complain: Callable[[int], str],
) -> None:
    """Judge an access to `end` bytes, at both ends of the variable part."""
    least, most = reg.bounds.smin, reg.bounds.umax
    wraps = not S32_MIN <= off + least <= S32_MAX
    if least < 0 and (least == S64_MIN or wraps or least + off < 0):
        raise Refusal(EACCES, negative(number))
    if not _inside(least + off, size, end):
        text = f"R{number} min value is outside of the allowed memory range"
        raise Refusal(EACCES, f"{complain(least + off)}\n{text}")
    if most >= MAX_VAR_OFF:
        text = f"R{number} unbounded memory access, make sure to bounds check"
        raise Refusal(EACCES, f"{text} any such access")
    if not _inside(most + off, size, end):
        text = f"R{number} max value is outside of the allowed memory range"
        raise Refusal(EACCES, f"{complain(most + off)}\n{text}")


def negative(number: int) -> str:
    return (
        f"R{number} min value is negative, either use unsigned index "
        "or do a if (index >=0) check."
    )


def _inside(off: int, size: int, end: int) -> bool:
    return off >= 0 and size > 0 and off + size <= end


def check_packet_access(env: Env, number: int, off: int, size: int) -> None:
    """Judge an access to the packet: only what was compared with its end is there."""
    reg = env.regs[number]
    if reg.bounds.smin < 0:
        raise Refusal(EACCES, negative(number))
    start = reg.off + off
    outside = f"R{number} offset is outside of the packet"
    if reg.range < 0:
        raise Refusal(EINVAL, outside)
    if not _inside(start, size, reg.range):
        where = f"R{number}(id={reg.id},off={start},r={reg.range})"
        text = f"invalid access to packet, off={start} size={size}, {where}"
        raise Refusal(EACCES, f"{text}\n{outside}")


def _store_in_packet(env: Env, insn: Insn, size: int) -> None:
    if env.program.type not in PACKET_WRITERS:
        not_modelled("a write to the packet in this program type", env.insn_idx)
    check_packet_access(env, insn.dst, insn.off, size)
