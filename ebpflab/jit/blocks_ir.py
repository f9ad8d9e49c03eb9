"""The blocks of a function as LLVM IR: arithmetic, jumps, and who writes the rest.

Arithmetic and jumps are written by the rows (llvm_words.py), memory by accesses_ir.py,
calls by calls_ir.py. What is rare goes to Python with the slot of its instruction: it
does it, or raises. The budget is asked at backward jumps and calls, as in the machine.
Source: RFC 9669; the LLVM Language Reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    JUMP_BY_CODE,
    SWAP_BY_KIND,
    SWAP_CODE,
    Control,
    InsnClass,
    Mode,
    Source,
    Wide,
)
from ebpflab.isa.uses import is_exit
from ebpflab.isa.words import signed
from ebpflab.jit.accesses_ir import AccessWriter
from ebpflab.jit.calls_ir import CallWriter
from ebpflab.jit.cfg import Block, Insns, is_call, target_of
from ebpflab.jit.frame_ir import COUNT, LEAVE, Frame
from ebpflab.jit.llvm_words import Lines, Word
from ebpflab.jit.memory_ir import MemoryWriter
from ebpflab.jit.places import Places, Walk
from ebpflab.jit.products import Products
from ebpflab.jit.together import reached
from ebpflab.maps.base import Map


def label_of(start: int) -> str:
    """Return the label by which others reach a block."""
    return f"b{start}"


@dataclass(slots=True)
class BlockWriter:
    """Writes blocks, one after the other."""

    insns: Insns
    frame: Frame
    memory: MemoryWriter
    accesses: AccessWriter
    calls: CallWriter
    walk: Walk
    mark: Callable[[int], None]  # is told the slot that the next lines come from
    labels: dict[int, str] = field(default_factory=dict)  # where not label_of
    asks: bool = True  # for the budget, at backward jumps
    products: Products | None = None

    @property
    def lines(self) -> Lines:
        return self.frame.lines

    @property
    def maps(self) -> tuple[Map, ...]:
        return self.memory.maps

    def label(self, start: int) -> str:
        """Return where a jump to a block goes from what is written now."""
        return self.labels.get(start, label_of(start))

    def begin(self, label: str) -> None:
        """Begin to write where others may come from: nothing is remembered."""
        self.lines.label(label)
        self.frame.forget()
        self.memory.checked_spans.clear()

    def block(self, block: Block, places: Places) -> None:
        """Write a block's instructions, and where it goes.

        Args:    places: at its start; they are changed.
        """
        if not block.pcs:
            self.mark(block.start)
            self.calls.step(block.start, range(11))
            self.lines.add("unreachable")
            return
        insns = [self._insn(pc) for pc in block.pcs]
        self.accesses.reached = {
            block.pcs[number]: access for number, access in reached(insns).items()
        }
        for pc, insn in zip(block.pcs, insns, strict=True):
            self.mark(pc)
            last = pc == block.pcs[-1]
            if last:
                self._count(len(block.pcs))
            if last and insn.insn_class in (InsnClass.JMP, InsnClass.JMP32):
                self._jump(block, insn, pc, places)
                return
            self._plain(insn, pc, places)
            self.walk.after(insn, places)
        self.frame.go(self.label(block.next[0]))

    def _insn(self, pc: int) -> Insn:
        insn = self.insns[pc]
        assert insn
        return insn

    def _count(self, executed: int) -> None:
        count = self.frame.get(COUNT)
        self.frame.put(COUNT, count + count.constant(executed))

    # -- jumps --

    def _jump(self, block: Block, insn: Insn, pc: int, places: Places) -> None:
        if is_exit(insn):
            self.frame.set_core("exit_pc", pc)
            self.frame.go(LEAVE)
        elif is_call(insn):
            self.calls.call(insn, pc, places)
            self.frame.go(self.label(block.next[0]))
        elif insn.code == Control.JA:
            self._taken(insn, pc)
        else:
            test = self._test(insn)
            taken = self.lines.new_label()
            self.frame.flush()
            self.frame.split(test, taken, self.label(block.next[0]))
            self.lines.label(taken)
            self._taken(insn, pc)

    def _taken(self, insn: Insn, pc: int) -> None:
        """Jump; backward, ask for the budget."""
        target = target_of(insn, pc)
        if target <= pc and self.asks:
            self.frame.flush()
            self.calls.ask_budget(pc, label_of(target))
        self.frame.go(self.label(target))

    def _test(self, insn: Insn) -> Word:
        if insn.code == Control.JCOND:
            left = self.frame.core("rounds_left")
            left = left - left.constant(1)
            self.frame.set_core("rounds_left", left)
            return signed(left, 64) < left.constant(0)  # type: ignore[no-any-return]
        dst, src = self._operands(insn)
        taken: Word = JUMP_BY_CODE[insn.code].taken(dst, src, insn.bits)
        return taken

    # -- instructions that do not jump --

    def _operands(self, insn: Insn) -> tuple[Word, Word]:
        """Return both operands at the operation's width."""
        dst = self.frame.get(insn.dst).resized(insn.bits)
        if insn.source is Source.X:
            return dst, self.frame.get(insn.src).resized(insn.bits)
        return dst, dst.constant(insn.imm)

    def _plain(self, insn: Insn, pc: int, places: Places) -> None:
        if insn.insn_class in (InsnClass.ALU, InsnClass.ALU64):
            self.frame.put(insn.dst, self._arithmetic(insn).resized(64))
            return
        if insn.is_wide:
            self._wide(insn, pc)
        elif is_atomic(insn):
            self.accesses.atomic(insn, pc, places)
        elif insn.mode not in (Mode.MEM, Mode.MEMSX):
            self.calls.instead(insn, pc)
        elif insn.insn_class is InsnClass.LDX:
            self.accesses.load(insn, pc, places)
        else:
            self.accesses.store(insn, pc, places)
        if self.products:
            self.products.after(insn)

    def _arithmetic(self, insn: Insn) -> Word:
        dst, src = self._operands(insn)
        better = self.products.result(insn, dst, src) if self.products else None
        if better:
            return better
        if insn.code == SWAP_CODE:
            swap = SWAP_BY_KIND[insn.insn_class, insn.source].meaning
            swapped: Word = swap(self.frame.get(insn.dst), insn.imm)
            return swapped
        result: Word = ALU_BY_CODE[insn.code, insn.off].meaning(dst, src, insn.bits)
        return result

    def _wide(self, insn: Insn, pc: int) -> None:
        named = Wide(insn.src)
        there = 0 <= insn.imm < len(self.maps)
        if named is Wide.VALUE:
            self.frame.put(insn.dst, Word(self.lines, str(insn.imm64), 64))
        elif named in (Wide.MAP_FD, Wide.MAP_IDX) and there:
            self.frame.put(insn.dst, self.memory.map_word(insn.imm, "handle"))
        elif named in (Wide.MAP_VALUE, Wide.MAP_IDX_VALUE) and self._has_values(insn):
            base = self.memory.map_word(insn.imm, "values")
            self.frame.put(insn.dst, base + base.constant(insn.next_imm))
        else:
            self.calls.instead(insn, pc)

    def _has_values(self, insn: Insn) -> bool:
        there = 0 <= insn.imm < len(self.maps)
        return there and self.maps[insn.imm].value_access
