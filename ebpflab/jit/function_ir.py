"""A function of a program as LLVM IR: the way in, its blocks and loops, the ways out.

Not here: what blocks (blocks_ir.py) and loops (rounds_ir.py) do.
Source: RFC 9669; the LLVM Language Reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ebpflab.hooks.hook import Hook
from ebpflab.jit.accesses_ir import AccessWriter
from ebpflab.jit.blocks_ir import BlockWriter, label_of
from ebpflab.jit.calls_ir import CallWriter
from ebpflab.jit.cfg import Function, Insns
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
from ebpflab.jit.llvm_words import Lines
from ebpflab.jit.loops import small_loops
from ebpflab.jit.memory_ir import MemoryWriter
from ebpflab.jit.places import Places, Walk
from ebpflab.jit.rounds_ir import RoundWriter
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
    blocks: BlockWriter = field(init=False)

    def __post_init__(self) -> None:
        self.frame = Frame(self.lines)
        self.memory = MemoryWriter(self.frame, self.hook, self.maps, self.checked)
        self.calls = CallWriter(self.frame, self.memory, self.hook, self.maps)
        self.accesses = AccessWriter(self.frame, self.memory, self.calls, self.hook)
        self.walk = Walk(self.insns, self.hook, self.maps)
        self.blocks = BlockWriter(
            self.insns,
            self.frame,
            self.memory,
            self.accesses,
            self.calls,
            self.walk,
            self._mark,
        )

    def text(self) -> str:
        """Return the IR of the function."""
        self._head()
        self._body()
        self._mark(-1)
        self._tail()
        passed = ", ".join(f"i64 %a{n}" for n in range(11))
        name, mark = f"@f{self.function.entry}", self._debug_mark()
        head = f"define {BACK} {name}(ptr %core, ptr %prog, i64 %depth, {passed})"
        return (
            "\n".join([f"{head} noinline nounwind{mark} {{", *self.lines.lines, "}"])
            + "\n"
        )

    def _body(self) -> None:
        known_at = self.walk.function(self.function, self.start)
        loops = small_loops(self.insns, self.function)
        in_loops = {block.start for loop in loops.values() for block in loop.blocks}
        for loop in loops.values():
            RoundWriter(self.blocks, loop, known_at).write()
        for block in self.function.blocks.values():
            if block.start not in in_loops:
                places = known_at.get(block.start, Places({}, {}))
                self.blocks.begin(label_of(block.start))
                self.blocks.block(block, places.copy())

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
        self.frame.go(label_of(self.function.entry))

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
