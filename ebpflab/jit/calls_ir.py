"""Calls in compiled code: Python's functions, helpers, functions of the program.

A lookup in an array is an index that is compared; in a hash table, a search in compiled
code (keys.py). Every other helper is Python's, called with all registers. A local
function is called with r0 to r9 and a frame of its own, and gives back r0 to r5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import isgeneratorfunction

from ebpflab.helpers import HELPERS, Proto, may_call
from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind
from ebpflab.isa.uses import registers_lost, registers_read, registers_written
from ebpflab.jit import places as known
from ebpflab.jit.cfg import is_local
from ebpflab.jit.frame_ir import BACK, COUNT, FAIL, LIMIT, RARE, TAKE_OVER, Frame
from ebpflab.jit.keys import is_searched
from ebpflab.jit.llvm_words import Word
from ebpflab.jit.memory_ir import MemoryWriter
from ebpflab.jit.places import LOOKUP, Places
from ebpflab.maps.array import INDEX_SIZE, Array
from ebpflab.maps.base import Map
from ebpflab.vm.machine import MAX_FRAMES

FAILED, LEFT = 0, 2  # what `step` answers; anything else: go on
_ARGUMENTS = 5
ASKING = "cold nounwind memory(inaccessiblemem: readwrite)"  # no memory of a program


@dataclass(slots=True)
class CallWriter:
    """Writes the calls of one function."""

    frame: Frame
    memory: MemoryWriter
    hook: Hook
    maps: tuple[Map, ...]
    last_label: str = ""  # where the last of them came back

    # -- Python --

    def access(self, pc: int, address: Word, value: Word) -> Word:
        """Let Python load or store; return what it loaded."""
        lines = self.frame.lines
        passed = f"i64 {pc}, i64 %depth, i64 {address.name}, i64 {value.name}"
        function = self.frame.function("access")
        call = (
            f"call {RARE} i64 {function}(ptr %core, ptr %prog, {passed}) cold nounwind"
        )
        answer = lines.value(call)
        self._unless_failed(answer)
        return self.frame.core("loaded")

    def _unless_failed(self, answer: str) -> None:
        lines = self.frame.lines
        self.last_label = lines.new_label()
        good = Word(lines, answer, 64) != 0
        self.frame.expect(good, self.last_label, FAIL)
        lines.label(self.last_label)

    def step(self, pc: int, registers: Iterable[int]) -> None:
        """Let Python do the instruction in slot `pc`, which may leave the function."""
        lines = self.frame.lines
        registers = set(registers)
        passed = ", ".join(
            f"i64 {self.frame.get(n).name if n in registers else 'poison'}"
            for n in range(11)
        )
        count = self.frame.get(COUNT).name
        here = f"ptr %core, ptr %prog, i64 {pc}, i64 %depth, i64 {count}"
        function = self.frame.function("step")
        answer = lines.value(f"call i64 {function}({here}, {passed}) nounwind")
        on = lines.new_label()
        ways = f"[ i64 {FAILED}, label %{FAIL} i64 {LEFT}, label %{TAKE_OVER} ]"
        lines.add(f"switch i64 {answer}, label %{on} {ways}")
        lines.label(on)

    def instead(self, insn: Insn, pc: int) -> None:
        """Let Python do an instruction that is no jump."""
        self.step(pc, registers_read(insn))
        for register in registers_written(insn):
            value = self.frame.core("regs", register)
            self.frame.put(register, value)
        for register in registers_lost(insn):
            self.frame.put(register, Word(self.frame.lines, "0", 64))

    def ask_budget(self, pc: int, renewed: str) -> None:
        """Compare the count with the limit; beyond it, Python decides.

        Args:    renewed: the label at which to go on with a new limit.
        """
        lines, frame = self.frame.lines, self.frame
        within, ask = frame.get(COUNT) <= frame.get(LIMIT), lines.new_label()
        on = lines.new_label()
        frame.expect(within, on, ask)
        lines.label(ask)
        passed = (
            f"i64 %core_word, i64 %prog_word, i64 {pc}, i64 {frame.get(COUNT).name}"
        )
        limit = lines.value(f"call {RARE} i64 %over({passed}) {ASKING}")
        lines.add(f"store i64 {limit}, ptr %R{LIMIT}")
        failed = lines.value(f"icmp eq i64 {limit}, 0")
        lines.add(f"br i1 {failed}, label %{FAIL}, label %{renewed}")
        lines.label(on)

    # -- helpers and functions --

    def call(self, insn: Insn, pc: int, places: Places) -> None:
        """Write a call; the count includes it already."""
        if is_local(insn):
            self._local(insn, pc)
            return
        handle = places.registers.get(1)
        if insn.imm == LOOKUP and handle and handle.kind == known.HANDLE:
            map = self.maps[handle.map]
            if self._may_look_up() and is_inlined(map):
                self._lookup(map, handle.map, insn, pc, places)
                return
        self._helper(pc, insn)

    def _may_look_up(self) -> bool:
        proto = HELPERS[LOOKUP]
        return not self.hook.verified or may_call(self.hook.type, proto.name)

    def _helper(self, pc: int, insn: Insn) -> None:
        proto, is_kfunc = HELPERS.get(insn.imm), insn.src == CallKind.KFUNC
        whole = is_kfunc or (proto is not None and goes_on(proto))
        passed = range(11) if whole else range(1, _ARGUMENTS + 1)
        self.step(pc, passed)
        frame = self.frame
        frame.put(0, frame.core("regs", 0))
        frame.put(COUNT, frame.core("executed"))
        self._lose_arguments()
        frame.read_again()

    def _lose_arguments(self) -> None:
        for register in range(1, _ARGUMENTS + 1):
            self.frame.put(register, Word(self.frame.lines, "0", 64))

    def _local(self, insn: Insn, pc: int) -> None:
        """Call a function of the program, unless frames or budget are used up."""
        frame, lines = self.frame, self.frame.lines
        frame.set_core("executed", frame.get(COUNT))
        frame.flush()
        depth = Word(lines, "%depth", 64)
        deeper = depth + depth.constant(1)
        may = (deeper < deeper.constant(MAX_FRAMES)) & (
            frame.get(COUNT) <= frame.get(LIMIT)
        )
        registers = [frame.get(n).name for n in range(10)]
        enter, call, step, after = (lines.new_label() for _ in range(4))
        frame.expect(may, enter, step)
        lines.label(enter)
        at = f"ptr %core, i64 {deeper.name}"
        call_ = f"call i64 {frame.function('frame')}({at}) nounwind"
        pointer = Word(lines, lines.value(call_), 64)
        frame.expect(pointer != 0, call, step)
        lines.label(call)
        passed = ", ".join(f"i64 {name}" for name in registers)
        here = f"ptr %core, ptr %prog, i64 {deeper.name}, {passed}, i64 {pointer.name}"
        back = lines.value(f"call {BACK} @f{pc + 1 + insn.imm}({here})")
        ok, on = lines.value(f"extractvalue {BACK} {back}, 6"), lines.new_label()
        lines.add(f"br i1 {ok}, label %{on}, label %{FAIL}")
        lines.label(on)
        for n in range(6):
            value = lines.value(f"extractvalue {BACK} {back}, {n}")
            lines.add(f"store i64 {value}, ptr %R{n}")
        lines.add(f"br label %{after}")
        lines.label(step)
        frame.forget()
        self.step(pc, range(11))
        for n in range(6):
            lines.add(f"store i64 {frame.core('regs', n).name}, ptr %R{n}")
        lines.add(f"br label %{after}")
        lines.label(after)
        frame.forget()
        frame.put(COUNT, frame.core("executed"))
        frame.read_again()

    # -- lookups --

    def _lookup(
        self, map: Map, index: int, insn: Insn, pc: int, places: Places
    ) -> None:
        """Search a map here, if the key can be read and the budget allows it."""
        frame, lines = self.frame, self.frame.lines
        frame.flush()
        size = map.spec.key_size
        key = frame.get(2)
        found = self.memory.find(places.registers.get(2), key, 0, size, "r")
        fits = frame.get(COUNT) <= frame.get(LIMIT)
        if found is None:
            self._helper(pc, insn)
            return
        here, step, after = (lines.new_label() for _ in range(3))
        ready = fits & found.inside if found.inside else fits
        frame.expect(ready, here, step)
        lines.label(step)
        remembered = dict(frame.current)
        self._helper(pc, insn)
        frame.go(after)
        frame.current = remembered
        lines.label(here)
        frame.put(0, self._search(map, index, found.pointer, found.kind))
        self._lose_arguments()
        frame.go(after)
        lines.label(after)
        frame.forget()

    def _search(self, map: Map, index: int, key: str, kind: str) -> Word:
        """Return the address of a key's value, or 0."""
        lines, base = self.frame.lines, self.memory.map_word(index, "values")
        zero = base.constant(0)
        if isinstance(map, Array):
            number = self.frame.load(key, INDEX_SIZE, kind)
            there = number < number.constant(map.spec.max_entries)
            place = number * number.constant(map.slot_size)
            return there.chosen(base + place, zero)
        table = self.memory.map_word(index, "table").name
        mask = self.memory.map_word(index, "mask").name
        search = self.frame.pointer(self.memory.map_word(index, "search"))
        found = lines.value(f"call i64 {search}(i64 {table}, i64 {mask}, ptr {key})")
        place = Word(lines, found, 64)
        missed: Word = place == -1
        return missed.chosen(zero, base + place)


def goes_on(proto: Proto) -> bool:
    """Tell whether a helper runs the program's code: it needs all registers."""
    answer = str(proto.run.__annotations__.get("return"))
    return "TailCall" in answer or isgeneratorfunction(proto.run)


def is_inlined(map: Map) -> bool:
    """Tell whether compiled code looks keys of this map up itself."""
    return isinstance(map, Array) or is_searched(map)
