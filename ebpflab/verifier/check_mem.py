"""Loads and stores: what does the pointer point to, and may it be touched there?

Each kind of memory has its own file, and two rows in the tables below. The alignment
is looked at first, whatever the kind.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import SIZE_BY_CODE, InsnClass, Mode
from ebpflab.verifier.alu import coerce_reg_to_size, sign_extended
from ebpflab.verifier.check_alignment import check_ptr_alignment
from ebpflab.verifier.check_arena import load_arena, store_arena
from ebpflab.verifier.check_btf_access import load_btf, store_btf
from ebpflab.verifier.check_buffer import (
    load_buffer,
    load_mem,
    store_buffer,
    store_mem,
)
from ebpflab.verifier.check_ctx import load_ctx, store_ctx
from ebpflab.verifier.check_map_ptr import load_from_map, refuse_store_to_map
from ebpflab.verifier.check_map_value import (
    load_map_key,
    load_map_value,
    refuse_store_to_key,
    store_map_value,
)
from ebpflab.verifier.check_packet import (
    load_flow_keys,
    load_packet,
    store_flow_keys,
    store_packet,
)
from ebpflab.verifier.check_sock import load_sock, store_sock
from ebpflab.verifier.check_stack import (
    check_read,
    check_stack_bounds,
    read_stack,
    write_stack,
)
from ebpflab.verifier.check_stack_range import read_somewhere, write_somewhere
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import SCALAR, RegState

STACK = RegType.PTR_TO_STACK
Load = Callable[[Env, int, int, int, bool], RegState]  # register, off, size, signed
Store = Callable[[Env, Insn | None, int, int, int], None]  # register, off, size


# ---- instructions --------------------------------------------------------------


def check_load(env: Env, insn: Insn) -> None:
    """Judge a load, and put what was read into its register."""
    load_register(env, insn, is_signed=insn.mode == Mode.MEMSX)


def load_register(
    env: Env, insn: Insn, *, is_signed: bool = False, strict: bool = False
) -> None:
    """Judge a load; a `strict` one must be aligned (kernel: check_load_mem)."""
    kind = env.read(insn.src).type
    env.may_write(insn.dst)
    size = SIZE_BY_CODE[insn.size_code].bytes
    found = read_memory(env, insn.src, insn.off, size, is_signed, strict=strict)
    env.regs[insn.dst] = found
    save_aux_ptr_type(env, kind, mixes=not strict)


def check_store(env: Env, insn: Insn) -> None:
    """Judge a store of a register or of an immediate."""
    store_register(env, insn)


def store_register(env: Env, insn: Insn, *, strict: bool = False) -> None:
    """Judge a store; a `strict` one must be aligned (kernel: check_store_reg)."""
    if insn.insn_class == InsnClass.STX:
        env.read(insn.src)
    kind = env.read(insn.dst).type
    size = SIZE_BY_CODE[insn.size_code].bytes
    write_memory(env, insn.dst, insn.off, size, insn, strict=strict)
    save_aux_ptr_type(env, kind)


# ---- memory --------------------------------------------------------------------


def read_memory(
    env: Env,
    number: int,
    off: int,
    size: int,
    is_signed: bool = False,
    *,
    strict: bool = False,
) -> RegState:
    """Return what a load through a register leaves (kernel: check_mem_access)."""
    ptr = env.regs[number]
    check_ptr_alignment(env, ptr, off, size, strict=strict)
    load = LOADS.get(ptr.type.base)
    if load is None or ptr.type.may_be_null:
        raise Refusal(EACCES, f"R{number} invalid mem access '{ptr.type.text}'")
    found = load(env, number, off, size, is_signed)
    if size < 8 and found.type is SCALAR:
        if is_signed:
            return found._replace(bounds=sign_extended(found.bounds, size * 8))
        return found._replace(bounds=coerce_reg_to_size(found.bounds, size))
    return found


def check_readable(env: Env, number: int, off: int, size: int) -> None:
    """Judge a read whose value goes nowhere: the first part of an atomic."""
    ptr = env.regs[number]
    if ptr.type is not STACK:
        read_memory(env, number, off, size, strict=True)
        return
    check_ptr_alignment(env, ptr, off, size)
    start, _ = check_stack_bounds(env, number, off, size, writes=False)
    if not ptr.bounds.is_const:
        text = "variable offset stack pointer cannot be passed into helper function"
        where = f"var_off={ptr.bounds.var_off} off={ptr.off + off} size={size}"
        raise Refusal(EACCES, f"{text}; {where}")
    check_read(env, ptr.frame, start, size)


def write_memory(
    env: Env,
    number: int,
    off: int,
    size: int,
    insn: Insn | None = None,
    *,
    strict: bool = False,
) -> None:
    """Judge a store through a register; without an instruction, of any value."""
    ptr = env.regs[number]
    check_ptr_alignment(env, ptr, off, size, strict=strict)
    store = STORES.get(ptr.type.base)
    if store is None or ptr.type.may_be_null:
        raise Refusal(EACCES, f"R{number} invalid mem access '{ptr.type.text}'")
    store(env, insn, number, off, size)


# ---- one instruction, one kind of pointer --------------------------------------

_NO_OTHER_KIND = {  # loads and stores through these are rewritten, each its own way
    Base.PTR_TO_CTX,
    Base.PTR_TO_SOCKET,
    Base.PTR_TO_SOCK_COMMON,
    Base.PTR_TO_TCP_SOCK,
    Base.PTR_TO_XDP_SOCK,
    Base.PTR_TO_BTF_ID,
    Base.PTR_TO_ARENA,
}
_GUARDED = {Base.PTR_TO_MEM, Base.PTR_TO_BTF_ID}


def save_aux_ptr_type(env: Env, kind: RegType, *, mixes: bool = False) -> None:
    """Refuse an instruction that is given different kinds on different paths.

    Args:    mixes: kernel structures and memory go together: reading either is
             guarded where one of them is not trusted.
    """
    before = env.ptr_types.setdefault(env.insn_idx, kind)
    if before is kind:
        return
    bases = (before.base, kind.base)
    if _NO_OTHER_KIND.isdisjoint(bases):
        return
    if not (mixes and _GUARDED.issuperset(bases)):
        raise Refusal(EINVAL, "same insn cannot be used with different pointers")
    base = Base.PTR_TO_MEM if Base.PTR_TO_MEM in bases else Base.PTR_TO_BTF_ID
    flags = (before.flags | kind.flags) & (Flag.PTR_UNTRUSTED | Flag.MEM_RDONLY)
    env.ptr_types[env.insn_idx] = RegType.of(base, flags)


# ---- one kind of memory each ---------------------------------------------------


def _load_stack(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    ptr = env.regs[number]
    if not ptr.bounds.is_const:
        return read_somewhere(env, number, off, size)
    start, _ = check_stack_bounds(env, number, off, size, writes=False)
    return read_stack(env, ptr.frame, start, size)


def _store_stack(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    ptr = env.regs[number]
    if not ptr.bounds.is_const:
        return write_somewhere(env, insn, number, off, size)
    start, _ = check_stack_bounds(env, number, off, size, writes=True)
    return write_stack(env, insn, ptr.frame, start, size)


LOADS: dict[Base, Load] = {
    Base.PTR_TO_STACK: _load_stack,
    Base.PTR_TO_CTX: load_ctx,
    Base.PTR_TO_MAP_VALUE: load_map_value,
    Base.PTR_TO_MAP_KEY: load_map_key,
    Base.CONST_PTR_TO_MAP: load_from_map,
    Base.PTR_TO_PACKET: load_packet,
    Base.PTR_TO_PACKET_META: load_packet,
    Base.PTR_TO_FLOW_KEYS: load_flow_keys,
    Base.PTR_TO_SOCKET: load_sock,
    Base.PTR_TO_SOCK_COMMON: load_sock,
    Base.PTR_TO_TCP_SOCK: load_sock,
    Base.PTR_TO_XDP_SOCK: load_sock,
    Base.PTR_TO_MEM: load_mem,
    Base.PTR_TO_ARENA: load_arena,
    Base.PTR_TO_BUF: load_buffer,
    Base.PTR_TO_TP_BUFFER: load_buffer,
    Base.PTR_TO_BTF_ID: load_btf,
}
STORES: dict[Base, Store] = {
    Base.PTR_TO_STACK: _store_stack,
    Base.PTR_TO_CTX: store_ctx,
    Base.PTR_TO_MAP_VALUE: store_map_value,
    Base.PTR_TO_MAP_KEY: refuse_store_to_key,
    Base.CONST_PTR_TO_MAP: refuse_store_to_map,
    Base.PTR_TO_PACKET: store_packet,
    Base.PTR_TO_PACKET_META: store_packet,
    Base.PTR_TO_FLOW_KEYS: store_flow_keys,
    Base.PTR_TO_SOCKET: store_sock,
    Base.PTR_TO_SOCK_COMMON: store_sock,
    Base.PTR_TO_TCP_SOCK: store_sock,
    Base.PTR_TO_XDP_SOCK: store_sock,
    Base.PTR_TO_MEM: store_mem,
    Base.PTR_TO_ARENA: store_arena,
    Base.PTR_TO_BUF: store_buffer,
    Base.PTR_TO_TP_BUFFER: store_buffer,
    Base.PTR_TO_BTF_ID: store_btf,
}
