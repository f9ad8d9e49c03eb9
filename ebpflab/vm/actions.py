"""What each instruction does: one function a class, made from the tables of isa/.

Each function here takes an instruction and its slot, and returns its action, a function
over the machine. So a program is read once; the loop then only acts (code.py).
Source: RFC 9669, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ebpflab.errors import VmFault
from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    ATOMIC_BY_IMM,
    JUMP_BY_CODE,
    LOAD_ACQUIRE,
    SIZE_BY_CODE,
    STORE_RELEASE,
    SWAP_BY_KIND,
    SWAP_CODE,
    CallKind,
    Control,
    InsnClass,
    Mode,
    Source,
    Wide,
)
from ebpflab.isa.words import WORD32, WORD64, signed

if TYPE_CHECKING:
    from ebpflab.vm.machine import Machine

Action = Callable[["Machine"], None]
Meaning = Callable[[Any, Any, int], Any]


def action_of(insn: Insn, pc: int) -> Action:
    """Return what `insn`, standing in slot `pc`, does. It must be legal (legal.py)."""
    if insn.is_wide:
        return _wide_load(insn, pc)
    return _BY_CLASS[insn.insn_class](insn, pc)


def ends_block(insn: Insn) -> bool:
    """Tell whether the next instruction to run may be another than the next one."""
    legacy = insn.insn_class is InsnClass.LD and not insn.is_wide
    return legacy or insn.insn_class in (InsnClass.JMP, InsnClass.JMP32)


def _alu(insn: Insn, pc: int) -> Action:
    if insn.code == SWAP_CODE:
        return _swap(insn)
    meaning = ALU_BY_CODE[insn.code, insn.off].meaning
    return _alu64(insn, meaning) if insn.bits == 64 else _alu32(insn, meaning)


def _alu64(insn: Insn, meaning: Meaning) -> Action:
    """Whole registers, which never hold more than 64 bits: only the result is cut."""
    dst, src, constant = insn.dst, insn.src, insn.imm & WORD64

    def with_register(m: Machine) -> None:
        regs = m.regs
        regs[dst] = meaning(regs[dst], regs[src], 64) & WORD64

    def with_constant(m: Machine) -> None:
        regs = m.regs
        regs[dst] = meaning(regs[dst], constant, 64) & WORD64

    return with_register if insn.source is Source.X else with_constant


def _alu32(insn: Insn, meaning: Meaning) -> Action:
    """Lower halves; the upper half of the result is 0."""
    dst, src, constant = insn.dst, insn.src, insn.imm & WORD32

    def with_register(m: Machine) -> None:
        regs = m.regs
        regs[dst] = meaning(regs[dst] & WORD32, regs[src] & WORD32, 32) & WORD32

    def with_constant(m: Machine) -> None:
        regs = m.regs
        regs[dst] = meaning(regs[dst] & WORD32, constant, 32) & WORD32

    return with_register if insn.source is Source.X else with_constant


def _swap(insn: Insn) -> Action:
    meaning = SWAP_BY_KIND[insn.insn_class, insn.source].meaning
    dst, width = insn.dst, insn.imm

    def act(m: Machine) -> None:
        m.regs[dst] = meaning(m.regs[dst], width)

    return act


def _wide_load(insn: Insn, pc: int) -> Action:
    dst, number = insn.dst, insn.imm64

    def value(m: Machine) -> None:
        m.regs[dst] = number

    def map_address(m: Machine) -> None:
        m.regs[dst] = m.map_handle(insn.imm)

    def map_value(m: Machine) -> None:
        m.regs[dst] = m.map_value_address(insn.imm, insn.next_imm)

    def function_address(m: Machine) -> None:
        m.regs[dst] = m.function_address(pc + 1 + insn.imm)

    kinds = {
        Wide.VALUE: value,
        Wide.FUNC: function_address,
        Wide.MAP_FD: map_address,
        Wide.MAP_IDX: map_address,
        Wide.MAP_VALUE: map_value,
        Wide.MAP_IDX_VALUE: map_value,
    }
    action = kinds.get(Wide(insn.src))
    return placed(action, pc) if action else _not_here(insn, pc)


def _packet_load(insn: Insn, pc: int) -> Action:
    """A load from the packet, as the first BPF had it: r6 is the context."""
    size = SIZE_BY_CODE[insn.size_code].bytes
    indirect = insn.mode == Mode.IND

    def act(m: Machine) -> None:
        m.load_packet(insn.imm + (m.regs[insn.src] if indirect else 0), size)

    return placed(act, pc)


def placed(action: Action, pc: int) -> Action:
    """Return an action whose faults say that they happened in slot `pc`."""

    def act(m: Machine) -> None:
        try:
            action(m)
        except VmFault as fault:
            fault.pc = pc
            raise

    return act


def _load(insn: Insn, pc: int) -> Action:
    if insn.mode not in (Mode.MEM, Mode.MEMSX):
        return _not_here(insn, pc)
    dst, src, off = insn.dst, insn.src, insn.off
    size = SIZE_BY_CODE[insn.size_code].bytes
    bits = 8 * size

    def plain(m: Machine) -> None:
        try:
            m.regs[dst] = m.memory.load((m.regs[src] + off) & WORD64, size)
        except VmFault as fault:
            fault.pc = pc
            raise

    def sign_extending(m: Machine) -> None:
        value = m.memory.load((m.regs[src] + off) & WORD64, size)
        m.regs[dst] = signed(value, bits) & WORD64

    return placed(sign_extending, pc) if insn.mode == Mode.MEMSX else plain


def _store_constant(insn: Insn, pc: int) -> Action:
    dst, off, size = insn.dst, insn.off, SIZE_BY_CODE[insn.size_code].bytes

    def act(m: Machine) -> None:
        m.memory.store((m.regs[dst] + off) & WORD64, size, insn.imm)

    return placed(act, pc)


def _store_register(insn: Insn, pc: int) -> Action:
    if is_atomic(insn):
        return placed(_atomic(insn), pc)
    dst, src, off = insn.dst, insn.src, insn.off
    size = SIZE_BY_CODE[insn.size_code].bytes

    def act(m: Machine) -> None:
        try:
            m.memory.store((m.regs[dst] + off) & WORD64, size, m.regs[src])
        except VmFault as fault:
            fault.pc = pc
            raise

    return act


def _atomic(insn: Insn) -> Action:
    if insn.imm in (LOAD_ACQUIRE, STORE_RELEASE):
        return _ordered(insn)
    op = ATOMIC_BY_IMM[insn.imm]
    size = SIZE_BY_CODE[insn.size_code].bytes
    mask = (1 << 8 * size) - 1

    def act(m: Machine) -> None:
        regs, address = m.regs, (m.regs[insn.dst] + insn.off) & WORD64
        old = m.memory.load(address, size)
        compares = op.compares
        if not compares or old == regs[0] & mask:
            m.memory.store(address, size, op.meaning(old, regs[insn.src] & mask))
        if op.fetch:
            regs[0 if compares else insn.src] = old

    return act


def _ordered(insn: Insn) -> Action:
    """A load-acquire or store-release: one CPU here, so a plain load or store."""
    size = SIZE_BY_CODE[insn.size_code].bytes

    def load(m: Machine) -> None:
        address = (m.regs[insn.src] + insn.off) & WORD64
        m.regs[insn.dst] = m.memory.load(address, size)

    def store(m: Machine) -> None:
        address = (m.regs[insn.dst] + insn.off) & WORD64
        m.memory.store(address, size, m.regs[insn.src])

    return load if insn.imm == LOAD_ACQUIRE else store


def _jump(insn: Insn, pc: int) -> Action:
    if insn.code in JUMP_BY_CODE:
        return _branch(insn, pc)
    match Control(insn.code):
        case Control.JA:
            wide = insn.insn_class is InsnClass.JMP32  # gotol: the distance is the imm
            return _goto(pc, insn.imm if wide else insn.off)
        case Control.JCOND:
            return _may_goto(pc, insn.off)
        case Control.EXIT:
            return placed(lambda m: m.leave(), pc)
        case Control.CALL:
            return _call(insn, pc)


def _branch(insn: Insn, pc: int) -> Action:
    test = _test64(insn) if insn.bits == 64 else _test32(insn)
    target = pc + 1 + insn.off

    def forward(m: Machine) -> None:
        if test(m.regs):
            m.pc = target

    def backward(m: Machine) -> None:
        if test(m.regs):
            m.pc = target
            m.check_budget(pc)

    return backward if target <= pc else forward


def _test64(insn: Insn) -> Callable[[list[int]], bool]:
    """Return a branch's test, over whole registers."""
    taken, dst, src = JUMP_BY_CODE[insn.code].taken, insn.dst, insn.src
    constant = insn.imm & WORD64
    if insn.source is Source.X:
        return lambda regs: taken(regs[dst], regs[src], 64)
    return lambda regs: taken(regs[dst], constant, 64)


def _test32(insn: Insn) -> Callable[[list[int]], bool]:
    """Return a branch's test, over lower halves."""
    taken, dst, src = JUMP_BY_CODE[insn.code].taken, insn.dst, insn.src
    constant = insn.imm & WORD32
    if insn.source is Source.X:
        return lambda regs: taken(regs[dst] & WORD32, regs[src] & WORD32, 32)
    return lambda regs: taken(regs[dst] & WORD32, constant, 32)


def _goto(pc: int, distance: int) -> Action:
    target = pc + 1 + distance

    def act(m: Machine) -> None:
        m.pc = target
        if target <= pc:
            m.check_budget(pc)

    return act


def _may_goto(pc: int, distance: int) -> Action:
    go = _goto(pc, distance)

    def act(m: Machine) -> None:
        if not m.may_go_on():
            go(m)

    return act


def _call(insn: Insn, pc: int) -> Action:
    match CallKind(insn.src):
        case CallKind.HELPER:
            return placed(lambda m: m.call_helper(insn.imm), pc)
        case CallKind.LOCAL:
            return placed(lambda m: m.enter(insn.imm), pc)
        case CallKind.KFUNC:
            return placed(lambda m: m.call_kfunc(insn), pc)


def _not_here(insn: Insn, pc: int) -> Action:
    """Refuse, when it is reached, what only a simulated or real kernel can do."""
    return placed(lambda m: m.refuse(insn), pc)


_BY_CLASS: dict[InsnClass, Callable[[Insn, int], Action]] = {
    InsnClass.LD: _packet_load,
    InsnClass.LDX: _load,
    InsnClass.ST: _store_constant,
    InsnClass.STX: _store_register,
    InsnClass.ALU: _alu,
    InsnClass.ALU64: _alu,
    InsnClass.JMP: _jump,
    InsnClass.JMP32: _jump,
}
