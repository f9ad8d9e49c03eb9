"""Pointers compared with 0, or with each other: which of them are not null.

A pointer that may be null has an id, and all its copies have the same: a check of one
is a check of all, in every frame. On the way on which it is null, it is the number 0,
and an object that was acquired with it needs no release.

Source: what Linux 6.18 knows after a comparison. Names are the kernel's.
"""

from collections.abc import Sequence

from ebpflab.btf.records import record_of
from ebpflab.btf.special import LOCKS
from ebpflab.isa.insn import Insn
from ebpflab.program import MapSpec
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_btf_access import is_trusted
from ebpflab.verifier.env import Env
from ebpflab.verifier.inner_maps import as_inner_map
from ebpflab.verifier.references import release_reference_nomark
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import (
    SCALAR,
    RegState,
    Slot,
    VerifierState,
)

NOT_NULL = (
    Base.PTR_TO_SOCKET,
    Base.PTR_TO_TCP_SOCK,
    Base.PTR_TO_MAP_VALUE,
    Base.PTR_TO_MAP_KEY,
    Base.PTR_TO_SOCK_COMMON,
    Base.CONST_PTR_TO_MAP,
)
SOCKET_MAPS = ("sockmap", "sockhash")


def reg_not_null(reg: RegState) -> bool:
    """Tell whether a comparison with 0 is decided: this is no null pointer."""
    kind = reg.type
    if kind.may_be_null:
        return False
    if kind.base is Base.PTR_TO_MEM:
        return not kind.flags & Flag.PTR_UNTRUSTED
    if kind.base is Base.PTR_TO_BTF_ID:
        return is_trusted(reg)
    return kind.base in NOT_NULL


def mark_ptr_or_null_regs(
    env: Env, state: VerifierState, id: int, *, is_null: bool
) -> None:
    """Tell all copies of a pointer whether it is null."""
    maps = env.program.maps
    if is_null:
        release_reference_nomark(state, id)
    for frame in state.frames:
        for number, reg in enumerate(frame.regs):
            if reg.id == id and reg.type.may_be_null:
                frame.regs[number] = _checked(reg, is_null, maps)
        for number, slot in enumerate(frame.stack):
            reg = slot.reg
            if reg.id == id and reg.type.may_be_null:
                frame.stack[number] = Slot(slot.marks, _checked(reg, is_null, maps))


def _checked(reg: RegState, is_null: bool, maps: Sequence[MapSpec]) -> RegState:
    if is_null:
        return RegState(SCALAR, ZERO)
    reg = mark_ptr_not_null_reg(reg, maps)
    return reg if _may_hold_lock(reg, maps) else reg._replace(id=0)


def _may_hold_lock(reg: RegState, maps: Sequence[MapSpec]) -> bool:
    """Tell whether its id says which lock is meant."""
    if reg.type is not RegType.PTR_TO_MAP_VALUE:
        return False
    return record_of(maps[reg.map]).of(*LOCKS) is not None


def mark_ptr_not_null_reg(reg: RegState, maps: Sequence[MapSpec]) -> RegState:
    """Return a pointer that was found not to be null: of some maps, what they hold."""
    if reg.type.base is Base.PTR_TO_MAP_VALUE:
        spec = maps[reg.map]
        if spec.inner is not None:
            return as_inner_map(reg, maps)
        if spec.type == "xskmap":
            return reg._replace(type=RegType.PTR_TO_XDP_SOCK)
        if spec.type in SOCKET_MAPS:
            return reg._replace(type=RegType.PTR_TO_SOCKET)
    return reg._replace(type=reg.type.without(Flag.PTR_MAYBE_NULL))


def learn_from_equal_pointers(
    env: Env, insn: Insn, name: str, there: VerifierState
) -> None:
    """A pointer that equals one that is not null is not null itself."""
    here = env.cur
    dst, src = here.frame.regs[insn.dst], here.frame.regs[insn.src]
    equal = {"jeq": there, "jne": here}.get(name)
    if equal is None or SCALAR in (dst.type, src.type):
        return
    if dst.type.may_be_null is src.type.may_be_null:
        return
    if Base.PTR_TO_BTF_ID in (dst.type.base, src.type.base):
        return
    number = insn.dst if dst.type.may_be_null else insn.src
    regs = equal.frame.regs
    regs[number] = mark_ptr_not_null_reg(regs[number], env.program.maps)
