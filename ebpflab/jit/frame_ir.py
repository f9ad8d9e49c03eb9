"""The state of a function that is being written: registers, counts, and their places.

Registers live in allocas, which LLVM turns into values; within a block the last value
of each is remembered, so that little is written that LLVM must take out again. What
compiled code reads of `CORE` often (the budget, the packet) is kept the same way, and
read again after whatever may have changed it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ebpflab.jit.layout import CORE
from ebpflab.jit.llvm_words import Lines, Word

COUNT, LIMIT, PACKET, PACKET_HOST, PACKET_SIZE = 11, 12, 13, 14, 15
_READ_AGAIN = {  # by its number: the word of CORE
    LIMIT: "limit",
    PACKET: "packet",
    PACKET_HOST: "packet_host",
    PACKET_SIZE: "packet_size",
}
SLOTS = 16
RARE = "preserve_mostcc"  # how rare functions are called: registers stay as they are
FAIL = "fail"  # label: Python has an error to raise
LEAVE = "leave"  # label: return r0 to r5
TAKE_OVER = "take_over"  # label: return r0 to r5 as Python has left them
BACK = "{ i64, i64, i64, i64, i64, i64, i1 }"
_KINDS = {"core": "!1", "stack": "!2", "packet": "!3", "values": "!4", "ctx": "!5"}
METADATA = """!0 = !{!"ebpf"}
!10 = !{!"core", !0, i64 0}
!11 = !{!"memory", !0, i64 0}
!12 = !{!"stack", !11, i64 0}
!13 = !{!"packet", !11, i64 0}
!14 = !{!"values", !11, i64 0}
!15 = !{!"ctx", !11, i64 0}
!1 = !{!10, !10, i64 0}
!2 = !{!12, !12, i64 0}
!3 = !{!13, !13, i64 0}
!4 = !{!14, !14, i64 0}
!5 = !{!15, !15, i64 0}
!6 = !{!11, !11, i64 0}
!7 = !{!"branch_weights", i32 100000, i32 1}
"""  # which memories never overlap: LLVM's type-based aliasing; what is rare


def tag(kind: str) -> str:
    """Return the mark of an access to one kind of memory."""
    return f"!tbaa {_KINDS.get(kind, '!6')}"


@dataclass(slots=True)
class Frame:
    """What the function's lines so far have left in registers and counts."""

    lines: Lines
    current: dict[int, str] = field(default_factory=dict)
    dirty: set[int] = field(default_factory=set)

    def get(self, slot: int) -> Word:
        """Return the value of a register or count."""
        if slot not in self.current:
            self.current[slot] = self.lines.value(f"load i64, ptr %R{slot}")
        return Word(self.lines, self.current[slot], 64)

    def put(self, slot: int, value: Word) -> None:
        self.current[slot] = value.name
        self.dirty.add(slot)

    def flush(self) -> None:
        """Bring the allocas up to date: at the end of a block."""
        for slot in sorted(self.dirty):
            self.lines.add(f"store i64 {self.current[slot]}, ptr %R{slot}")
        self.dirty.clear()

    def forget(self) -> None:
        """Begin a block: nothing is remembered of the one written before."""
        self.current.clear()
        self.dirty.clear()

    def read_again(self) -> None:
        """Read what another function or Python may have changed."""
        for slot, name in _READ_AGAIN.items():
            self.put(slot, self.core(name))

    def core(self, name: str, index: int = 0) -> Word:
        """Read a word of CORE."""
        pointer = self.core_pointer(name, index)
        line = f"load i64, ptr {pointer}, {tag('core')}"
        return Word(self.lines, self.lines.value(line), 64)

    def set_core(self, name: str, value: Word | int, index: int = 0) -> None:
        pointer = self.core_pointer(name, index)
        operand = value.name if isinstance(value, Word) else value
        self.lines.add(f"store i64 {operand}, ptr {pointer}, {tag('core')}")

    def function(self, name: str) -> str:
        """Return a function whose address stands in CORE."""
        line = f"load ptr, ptr {self.core_pointer(name)}, {tag('core')}"
        return self.lines.value(line)

    def core_pointer(self, name: str, index: int = 0) -> str:
        place = CORE[name] + index
        return self.lines.value(f"getelementptr i64, ptr %core, i64 {place}")

    def pointer(self, word: Word) -> str:
        """Return a host address as a pointer."""
        return self.lines.value(f"inttoptr i64 {word.name} to ptr")

    def inside(self, base: str, offset: Word | int) -> str:
        """Return the pointer some bytes behind another."""
        operand = offset.name if isinstance(offset, Word) else offset
        return self.lines.value(f"getelementptr i8, ptr {base}, i64 {operand}")

    def load(self, pointer: str, size: int, kind: str) -> Word:
        """Read bytes of the program's memory as a word of 64 bits."""
        line = f"load i{8 * size}, ptr {pointer}, align 1, {tag(kind)}"
        return Word(self.lines, self.lines.value(line), 8 * size).resized(64)

    def store(self, pointer: str, size: int, value: Word, kind: str) -> None:
        low = value.resized(8 * size)
        line = f"store i{8 * size} {low.name}, ptr {pointer}, align 1, {tag(kind)}"
        self.lines.add(line)

    def go(self, label: str) -> None:
        self.flush()
        self.lines.add(f"br label %{label}")

    def split(self, flag: Word, yes: str, no: str, mark: str = "") -> None:
        """Go one of two ways; what is remembered must hold on both."""
        self.lines.add(f"br i1 {flag.name}, label %{yes}, label %{no}{mark}")

    def expect(self, flag: Word, usual: str, rare: str) -> None:
        """Go one of two ways, of which one is rare."""
        self.split(flag, usual, rare, ", !prof !7")
