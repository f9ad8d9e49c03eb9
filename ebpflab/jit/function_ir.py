"""A function of a program as LLVM IR.

Arithmetic and jumps are written by the rows (llvm_words.py), memory by accesses_ir.py,
calls by calls_ir.py. What is rare goes to Python with the slot of its instruction: it
does it, or raises. The budget is asked at backward jumps and calls, as in the machine.
Source: RFC 9669; the LLVM Language Reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ebpflab.hooks.hook import Hook
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
from ebpflab.isa.uses import (
    is_exit,
)
from ebpflab.isa.words import signed
from ebpflab.jit.accesses_ir import AccessWriter
from ebpflab.jit.calls_ir import CallWriter
from ebpflab.jit.cfg import Block, Function, Insns, is_call, target_of
from ebpflab.jit.frame_ir import (
    BACK,
    COUNT,
    FAIL,
    LEAVE,
    SLOTS,
    TAKE_OVER,
    Frame,
    tag,
)
from ebpflab.jit.layout import CORE
from ebpflab.jit.llvm_words import Lines, Word
from ebpflab.jit.memory_ir import MemoryWriter
from ebpflab.jit.places import Places, Walk
from ebpflab.jit.together import spans
from ebpflab.maps.base import Map

_GIVEN_BACK = 6


@dataclass(slots=True)
class FunctionWriter:
    """Writes one function."""

    insns: Insns
    function: Function
    hook: Hook
    maps: tuple[Map, ...]
    start: Places
    checked: bool = True
    debug: bool = False
    lines: Lines = field(default_factory=Lines)
    frame: Frame = field(init=False)
    memory: MemoryWriter = field(init=False)
    calls: CallWriter = field(init=False)
    walk: Walk = field(init=False)
    origins: list[int] = field(default_factory=list)  # of each line: its slot, or -1
    accesses: AccessWriter = field(init=False)

    def __post_init__(self) -> None:
        self.frame = Frame(self.lines)
        self.memory = MemoryWriter(self.frame, self.hook, self.maps, self.checked)
        self.calls = CallWriter(self.frame, self.memory, self.hook, self.maps)
        self.accesses = AccessWriter(self.frame, self.memory, self.calls, self.hook)
        self.walk = Walk(self.insns, self.hook, self.maps)

    def text(self) -> str:
        """Return the IR of the function."""
        self._head()
        known_at = self.walk.function(self.function, self.start)
        for block in self.function.blocks.values():
            places = known_at.get(block.start, Places({}, {}))
            self._block(block, places.copy())
        self._mark(-1)
        self._tail()
        passed = ", ".join(f"i64 %a{n}" for n in range(11))
        name, mark = f"@f{self.function.entry}", self._debug_mark()
        head = f"define {BACK} {name}(ptr %core, ptr %prog, i64 %depth, {passed})"
        return (
            "\n".join([f"{head} noinline nounwind{mark} {{", *self.lines.lines, "}"])
            + "\n"
        )

    def _debug_mark(self) -> str:
        return f" !dbg !{1000 + self.function.entry}" if self.debug else ""

    def _mark(self, pc: int) -> None:
        """Note that the lines from here on come from slot `pc`."""
        self.origins += [self._pc] * (len(self.lines.lines) - len(self.origins))
        self._pc = pc
        if self.debug:
            self.lines.suffix = (
                f", !dbg !DILocation(line: {pc + 1}, "
                f"scope: !{1000 + self.function.entry})"
            )

    _pc: int = -1

    def origins_to_the_end(self) -> list[int]:
        """Return for each line the slot that it comes from, or -1."""
        self._mark(-1)
        return self.origins

    def _head(self) -> None:
        self.lines.label("entry")
        self._mark(-1)
        for slot in range(SLOTS):
            self.lines.add(f"%R{slot} = alloca i64")
        for slot in range(11):
            self.lines.add(f"store i64 %a{slot}, ptr %R{slot}")
        stack = self.lines.value("getelementptr i64, ptr %core, i64 %depth")
        stack = self.lines.value(
            f"getelementptr i64, ptr {stack}, i64 {CORE['stacks']}"
        )
        self.lines.add(f"%stack = load ptr, ptr {stack}")
        over = self.frame.core_pointer("over")
        self.lines.add(f"%over = load ptr, ptr {over}, {tag('core')}")
        self.lines.add("%core_word = ptrtoint ptr %core to i64")
        self.lines.add("%prog_word = ptrtoint ptr %prog to i64")
        self.frame.put(COUNT, self.frame.core("executed"))
        self.frame.read_again()
        self.frame.go(_label(self.function.entry))

    def _tail(self) -> None:
        """Write the ways out."""
        lines = self.lines
        lines.label(TAKE_OVER)
        for n in range(_GIVEN_BACK):
            value = self.frame.core("regs", n).name
            lines.add(f"store i64 {value}, ptr %R{n}")
        lines.add(f"store i64 {self.frame.core('executed').name}, ptr %R{COUNT}")
        lines.add(f"br label %{LEAVE}")
        lines.label(LEAVE)
        self.frame.forget()
        self.frame.set_core("executed", self.frame.get(COUNT))
        back = "poison"
        for n in range(_GIVEN_BACK):
            value = self.frame.get(n).name
            back = lines.value(f"insertvalue {BACK} {back}, i64 {value}, {n}")
        back = lines.value(f"insertvalue {BACK} {back}, i1 true, {_GIVEN_BACK}")
        lines.add(f"ret {BACK} {back}")
        lines.label(FAIL)
        lines.add(f"ret {BACK} zeroinitializer")

    # -- blocks --

    def _block(self, block: Block, places: Places) -> None:
        self.lines.label(_label(block.start))
        self.frame.forget()
        self.accesses.spans = spans(self.insns, block)
        if not block.pcs:
            self._mark(block.start)
            self.calls.step(block.start, range(11))
            self.lines.add("unreachable")
            return
        for pc in block.pcs:
            self._mark(pc)
            insn = self._insn(pc)
            last = pc == block.pcs[-1]
            if last:
                self._count(len(block.pcs))
            if last and insn.insn_class in (InsnClass.JMP, InsnClass.JMP32):
                self._jump(block, insn, pc, places)
                return
            self._plain(insn, pc, places)
            self.walk.after(insn, places)
        self.frame.go(_label(block.next[0]))

    def _insn(self, pc: int) -> Insn:
        insn = self.insns[pc]
        assert insn
        return insn

    def _count(self, executed: int) -> None:
        count = self.frame.get(COUNT)
        self.frame.put(COUNT, count + count.constant(executed))

    def _jump(self, block: Block, insn: Insn, pc: int, places: Places) -> None:
        if is_exit(insn):
            self.frame.set_core("exit_pc", pc)
            self.frame.go(LEAVE)
        elif is_call(insn):
            self.calls.call(insn, pc, places)
            self.frame.go(_label(block.next[0]))
        elif insn.code == Control.JA:
            self._taken(insn, pc)
        else:
            test = self._test(insn)
            taken = self.lines.new_label()
            self.frame.flush()
            self.frame.split(test, taken, _label(block.next[0]))
            self.lines.label(taken)
            self._taken(insn, pc)

    def _taken(self, insn: Insn, pc: int) -> None:
        """Jump; backward, ask for the budget."""
        target = target_of(insn, pc)
        if target <= pc:
            self.frame.flush()
            self.calls.ask_budget(pc)
        self.frame.go(_label(target))

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
            self.frame.put(insn.dst, self._arithmetic(insn))
        elif insn.is_wide:
            self._wide(insn, pc)
        elif is_atomic(insn):
            self.accesses.atomic(insn, pc, places)
        elif insn.mode not in (Mode.MEM, Mode.MEMSX):
            self.calls.instead(insn, pc)
        elif insn.insn_class is InsnClass.LDX:
            self.accesses.load(insn, pc, places)
        else:
            self.accesses.store(insn, pc, places)

    def _arithmetic(self, insn: Insn) -> Word:
        if insn.code == SWAP_CODE:
            swap = SWAP_BY_KIND[insn.insn_class, insn.source].meaning
            swapped: Word = swap(self.frame.get(insn.dst), insn.imm)
            return swapped
        op = ALU_BY_CODE[insn.code, insn.off]
        result: Word = op.meaning(*self._operands(insn), insn.bits)
        return result.resized(64)

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


def _label(start: int) -> str:
    return f"b{start}"
