"""Running a program as Python source: made once for each program, then called.

Same answers, faults and budget as the interpreter, without LLVM: a browser's Python has
this tier. Not here: the text (source_text.py), what it leaves out (steps.py).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ebpflab.isa.codec import decode
from ebpflab.isa.words import WORD64
from ebpflab.jit.cfg import entries, function_at
from ebpflab.jit.source_text import function_text, name_of
from ebpflab.jit.steps import Steps
from ebpflab.jit.text import NAMES
from ebpflab.results import Run
from ebpflab.vm.engines import Task, engine, one_by_one
from ebpflab.vm.loaded import Loaded
from ebpflab.vm.machine import Machine
from ebpflab.vm.memory import OFFSET_MASK, REGION_SHIFT

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_LOADS = {
    f"{kind}{size}": struct.Struct("<" + cased(code)).unpack_from
    for size, code in _CODES.items()
    for kind, cased in (("u", str.upper), ("s", str.lower))
}
_STORES = {
    f"p{size}": struct.Struct(f"<{code}").pack_into for size, code in _CODES.items()
}
_NOT_PLAIN = 0, b"", -1


@dataclass(frozen=True, slots=True)
class Source:
    """One program as Python functions, by their entries; made when they are asked."""

    code: bytes
    names: dict[str, Any] = field(default_factory=lambda: _LOADS | _STORES | NAMES)

    def text(self, entry: int) -> str:
        """Return the source of the function that begins in slot `entry`."""
        insns = decode(self.code)
        return function_text(insns, function_at(insns, entry))

    def function(self, entry: int) -> Callable[..., tuple[int, ...]]:
        """Return a function, with those that it may call."""
        if name_of(entry) not in self.names:
            for start in {entry, *entries(decode(self.code))}:
                exec(compile(self.text(start), f"<bpf {start}>", "exec"), self.names)
        made: Callable[..., tuple[int, ...]] = self.names[name_of(entry)]
        return made


@lru_cache(maxsize=128)
def source_of(code: bytes) -> Source:
    """Return the functions of a program; each program's are made once."""
    return Source(code)


@dataclass(slots=True)
class _Running:
    """One program in one run: what its functions reach."""

    machine: Machine
    loaded: Loaded
    steps: Steps
    budget: int = 0

    def __post_init__(self) -> None:
        self.budget = self.machine.budget

    def find(self, address: int, size: int, loads: bool) -> tuple[int, Any, int]:
        """Return where a plain access goes: the region's address, bytes, last place.

        The last place is negative where the access is not plain: then a step is due.
        """
        memory, address = self.machine.memory, address & WORD64
        region = memory.regions.get(address >> REGION_SHIFT)
        if region is None:
            return _NOT_PLAIN
        last = (region.plain_reads if loads else region.plain_writes) - size
        inside = address & OFFSET_MASK <= last
        return (region.base, region.buffer, last) if inside else _NOT_PLAIN

    def stack(self, depth: int) -> bytearray:
        """Return the stack of a frame."""
        return self.machine.stacks[depth].buffer

    def frame(self, depth: int) -> int:
        """Return the frame pointer of a frame that begins."""
        return self.machine.frame_pointer(depth)

    def over(self, pc: int, executed: int) -> None:
        """Raises VmFault: the budget is used up."""
        self.machine.executed, self.machine.loaded = executed, self.loaded
        self.machine.check_budget(pc)

    def step(
        self, pc: int, depth: int, executed: int, *registers: int
    ) -> tuple[int, ...]:
        """Let the interpreter do the instruction in slot `pc`."""
        machine = self.machine
        machine.regs[:], machine.executed = registers, executed
        left = self.steps.do(self.loaded, pc, depth)
        return left, machine.executed, *machine.regs


@dataclass(slots=True)
class _Tier:
    """All programs of one run."""

    machine: Machine
    running: dict[int, _Running] = field(default_factory=dict)  # by base

    def __post_init__(self) -> None:
        self.steps = Steps(self.machine, self.run)

    steps: Steps = field(init=False)

    def run(self, loaded: Loaded, entry: int, depth: int) -> int:
        """Run a function on the machine's registers; return where it exited."""
        machine = self.machine
        if loaded.base not in self.running:
            self.running[loaded.base] = _Running(machine, loaded, self.steps)
        running = self.running[loaded.base]
        function = source_of(loaded.program.code).function(entry)
        given_back = function(running, depth, *machine.regs)
        machine.regs[: len(given_back)] = given_back
        return self.steps.exit_pc


def run_source(machine: Machine) -> None:
    """Run a machine to its end, as Python source. Raises VmFault, as it does itself."""
    _Tier(machine).run(machine.loaded, 0, 0)
    machine.ended = True


@engine("source")
def run_in_source(task: Task) -> list[Run]:
    """Run each packet as Python source."""
    return one_by_one(task, run_source)
