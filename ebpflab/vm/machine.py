"""The machine: eleven registers, a program counter, frames, memory; and its loop.

It runs any legal program, verified or not. A loop that would never end meets the
instruction budget, which is looked at where a program can stay forever: at backward
jumps and calls. Kernel differs: Linux has no budget, its verifier proves the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from ebpflab.errors import RunError, VmFault
from ebpflab.helpers import HELPERS, call
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.maps.base import Map
from ebpflab.vm.code import Code
from ebpflab.vm.environment import Environment
from ebpflab.vm.memory import Memory, Region

FRAME_POINTER = 10
STACK_BYTES = 512  # a frame
MAX_FRAMES = 8  # the program itself counted
MAY_GOTO_ROUNDS = 8_388_608  # BPF_MAX_LOOPS
DEFAULT_BUDGET = 5_000_000  # instructions


@dataclass(slots=True)
class Frame:
    """What a local call keeps for its return."""

    return_pc: int
    saved: list[int]  # r6 to r10


@dataclass(slots=True)
class Machine:
    """One run in progress."""

    code: Code
    memory: Memory
    env: Environment
    budget: int = DEFAULT_BUDGET
    regs: list[int] = field(default_factory=lambda: [0] * 11)
    pc: int = 0  # slot of the next instruction
    executed: int = 0
    running: bool = True
    frames: list[Frame] = field(default_factory=list)
    stacks: list[Region] = field(default_factory=list)
    rounds_left: int = MAY_GOTO_ROUNDS

    def __post_init__(self) -> None:
        self.regs[FRAME_POINTER] = self.frame_pointer(0)

    def run(self, watch: Callable[[int], None] | None = None) -> int:
        """Run to the exit; return r0.

        Args:    watch: is told the slot of each instruction after it ran.
        Raises:  VmFault: with the slot where it happened.
        """
        code = Code(self.code.insns, longest=1) if watch else self.code
        blocks = code.blocks
        while self.running:
            pc = self.pc
            block = blocks.get(pc) or code.block_at(pc)
            self.pc = block.end
            self.executed += block.size
            for action in block.actions:
                action(self)
            if watch:
                watch(pc)
        return self.regs[0]

    def check_budget(self, pc: int) -> None:
        """Raises VmFault: the budget is used up."""
        if self.executed > self.budget:
            raise VmFault.of(
                "budget", pc=pc, executed=self.executed, budget=self.budget
            )

    def may_go_on(self) -> bool:
        """Count one round of a may_goto loop; False when there are none left."""
        self.rounds_left -= 1
        return self.rounds_left >= 0

    def enter(self, distance: int) -> None:
        """Call a local function: a new frame with a stack of its own."""
        if len(self.frames) + 1 >= MAX_FRAMES:
            raise VmFault.of("too-many-frames", limit=MAX_FRAMES)
        self.frames.append(Frame(self.pc, self.regs[6:]))
        self.regs[FRAME_POINTER] = self.frame_pointer(len(self.frames))
        self.check_budget(self.pc - 1)
        self.pc += distance

    def leave(self) -> None:
        """Return from a local function, or end the program."""
        if not self.frames:
            self.running = False
            return
        frame = self.frames.pop()
        self.pc = frame.return_pc
        self.regs[6:] = frame.saved

    def frame_pointer(self, depth: int) -> int:
        """Return the address just above the stack of frame `depth`."""
        if depth == len(self.stacks):
            name = f"stack{depth or ''}"
            self.stacks.append(self.memory.add(name, "stack", bytearray(STACK_BYTES)))
        return self.stacks[depth].base + STACK_BYTES

    def call_helper(self, id: int) -> None:
        """Call a helper; r1 to r5 are lost, as the calling convention says."""
        self.check_budget(self.pc - 1)
        proto = HELPERS.get(id)
        if proto is None:
            known = ", ".join(sorted(row.name for row in HELPERS.values()))
            name = HELPER_NAMES.get(id, "?")
            raise VmFault.of("helper-unknown", id=id, name=name, known=known)
        self.regs[0] = call(proto, self.env, self.regs[1:6])
        self.regs[1:6] = [0] * 5

    def map_handle(self, index: int) -> int:
        """Return the address that names map `index` of the program."""
        return self.env.handle_of(self._map(index))

    def map_value_address(self, index: int, offset: int) -> int:
        """Return the address of a byte of map `index`'s first value."""
        return self.env.address_of(self._map(index), offset)

    def _map(self, index: int) -> Map:
        maps = self.env.maps
        if not 0 <= index < len(maps):
            raise VmFault.of("no-such-map", index=index, count=len(maps))
        return maps[index]

    def refuse(self, insn: Insn) -> NoReturn:
        """Raises RunError: the instruction needs a kernel that is not here."""
        raise RunError.of("insn-not-here", opcode=f"{insn.opcode:#04x}")
