"""The machine: eleven registers, a program counter, frames, memory; and its loop.

It runs any legal program, verified or not. A loop that would never end meets the
instruction budget, which is looked at where a program can stay forever: at backward
jumps and calls. Kernel differs: Linux has no budget, its verifier proves the end.

Two helpers leave the straight path. A tail call puts another program in the place of
the running one; a helper with a callback stands still while the callback has a frame
of its own, and is asked after each return whether it wants another round.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NoReturn

from ebpflab.btf.kernel import kernel_btf
from ebpflab.errors import RunError, VmFault
from ebpflab.helpers import (
    HELPERS,
    Callback,
    TailCall,
    call,
    call_kfunc,
    may_call,
)
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.isa.words import WORD64
from ebpflab.maps.base import Map
from ebpflab.vm.code import Code
from ebpflab.vm.environment import Environment
from ebpflab.vm.loaded import Loaded
from ebpflab.vm.memory import OFFSET_MASK, REGION_SHIFT, Memory, Region

FRAME_POINTER = 10
STACK_BYTES = 512  # a frame
MAX_FRAMES = 8  # the program itself counted
MAX_TAIL_CALLS = 33
MAY_GOTO_ROUNDS = 8_388_608  # BPF_MAX_LOOPS
DEFAULT_BUDGET = 5_000_000  # instructions
SLOT_BYTES = 8

Callbacks = Generator[Callback, int, int]


@dataclass(slots=True)
class Frame:
    """What a local call keeps for its return; `helper` waits for a callback's."""

    return_pc: int
    saved: list[int]  # r6 to r10
    loaded: Loaded
    helper: Callbacks | None = None


@dataclass(slots=True)
class Machine:
    """One run in progress."""

    loaded: Loaded  # the program that runs now
    memory: Memory
    env: Environment
    budget: int = DEFAULT_BUDGET
    regs: list[int] = field(default_factory=lambda: [0] * 11)
    pc: int = 0  # slot of the next instruction
    executed: int = 0
    running: bool = True  # False: leave the loop, for the end or another program
    ended: bool = False
    frames: list[Frame] = field(default_factory=list)
    stacks: list[Region] = field(default_factory=list)
    rounds_left: int = MAY_GOTO_ROUNDS
    tail_calls: int = 0
    passed: int = 0  # arguments of a callback or tail call that began just now
    functions: dict[int, Loaded] = field(default_factory=dict)  # by region number

    def __post_init__(self) -> None:
        self.regs[FRAME_POINTER] = self.frame_pointer(0)

    def run(self, watch: Callable[[int], None] | None = None) -> int:
        """Run to the exit; return r0.

        Args:    watch: is told the slot of each instruction after it ran.
        Raises:  VmFault: with the slot where it happened.
        """
        while not self.ended:
            self.running = True
            self._run_loaded(watch)
        return self.regs[0]

    def _run_loaded(self, watch: Callable[[int], None] | None) -> None:
        """Run until the end, or until another program takes over."""
        code = self.loaded.code
        code = Code(code.insns, longest=1) if watch else code
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

    @property
    def context(self) -> bytes:
        """The context's bytes, as they are now."""
        return bytes(self.env.ctx.buffer) if self.env.ctx else b""

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

    # -- local calls --

    def enter(self, distance: int) -> None:
        """Call a local function: a new frame with a stack of its own."""
        self._push(None)
        self.check_budget(self.pc - 1)
        self.pc += distance

    def _push(self, helper: Callbacks | None) -> None:
        if len(self.frames) + 1 >= MAX_FRAMES:
            raise VmFault.of("too-many-frames", limit=MAX_FRAMES)
        self.frames.append(Frame(self.pc, self.regs[6:], self.loaded, helper))
        self.regs[FRAME_POINTER] = self.frame_pointer(len(self.frames))

    def leave(self) -> None:
        """Return from a function or a callback, or end the program."""
        if not self.frames:
            self.ended, self.running = True, False
            return
        frame = self.frames.pop()
        self.pc = frame.return_pc
        self.regs[6:] = frame.saved
        self._switch(frame.loaded)
        if frame.helper:
            self._go_on(frame.helper, self.regs[0])

    def frame_pointer(self, depth: int) -> int:
        """Return the address just above the stack of frame `depth`."""
        if depth == len(self.stacks):
            name = f"stack{depth or ''}"
            self.stacks.append(self.memory.add(name, "stack", bytearray(STACK_BYTES)))
        return self.stacks[depth].base + STACK_BYTES

    # -- helpers --

    def call_helper(self, id: int) -> None:
        """Call a helper; r1 to r5 are lost, as the calling convention says."""
        self.check_budget(self.pc - 1)
        proto = HELPERS.get(id)
        if proto is None:
            name = HELPER_NAMES.get(id, "?")
            raise VmFault.of("helper-unknown", id=id, name=name, count=len(HELPERS))
        hook = self.env.hook
        if hook.verified and not may_call(hook.type, proto.name):
            raise VmFault.of("helper-not-for-type", name=proto.name, type=hook.type)
        result = call(proto, self.env, self.regs[1:6])
        if isinstance(result, TailCall):
            self._tail_call(result)
        elif isinstance(result, Generator):
            self._go_on(result, None)
        else:
            self._helper_done(result or 0)

    def call_kfunc(self, insn: Insn) -> None:
        """Call a function of the kernel by the number of its type."""
        self.check_budget(self.pc - 1)
        types = kernel_btf()
        name = types.type(insn.imm).name if types else ""
        self.env.types = self.loaded.program.btf
        result = call_kfunc(name, self.env, self.regs[1:6])
        if result is None:
            raise VmFault.of("kfunc-not-here", name=name or f"#{insn.imm}")
        if isinstance(result, Generator):
            self._go_on(result, None)
        else:
            self._helper_done(result)

    def _helper_done(self, result: int) -> None:
        self.regs[0] = result & WORD64
        self.regs[1:6] = [0] * 5

    def _go_on(self, helper: Callbacks, answer: int | None) -> None:
        """Ask a helper for its next callback; none is left when it returns."""
        try:
            wish = next(helper) if answer is None else helper.send(answer)
        except StopIteration as done:
            self._helper_done(done.value)
            return
        loaded, pc = self._function_at(wish.function)
        self.check_budget(self.pc - 1)
        self._push(helper)
        self.passed = len(wish.args)
        self.regs[1 : 1 + self.passed] = wish.args
        self.pc = pc
        self._switch(loaded)

    def _tail_call(self, wish: TailCall) -> None:
        """Put another program in the place of this one; its frame stays.

        Kernel differs: r2 to r9 are as they were; Linux leaves anything in them.
        """
        if self.tail_calls >= MAX_TAIL_CALLS:
            self._helper_done(-1)
            return
        self.tail_calls += 1
        self.pc, self.passed = 0, 1
        self._switch(self.loaded.library.of(wish.program))

    def _switch(self, loaded: Loaded) -> None:
        if loaded is not self.loaded:
            self.loaded, self.running = loaded, False

    # -- what 64-bit loads name --

    def function_address(self, pc: int) -> int:
        """Return the address of the function that begins in slot `pc`."""
        for number, loaded in self.functions.items():
            if loaded is self.loaded:
                return (number << REGION_SHIFT) + pc * SLOT_BYTES
        region = self.memory.add(
            self.memory.free_name("code"),
            "code",
            bytearray(),
            writable=False,
            readable=False,
        )
        self.functions[region.number] = self.loaded
        return region.base + pc * SLOT_BYTES

    def _function_at(self, address: int) -> tuple[Loaded, int]:
        loaded = self.functions.get(address >> REGION_SHIFT)
        if loaded is None or address % SLOT_BYTES:
            raise VmFault.of("not-a-function", address=address)
        return loaded, (address & OFFSET_MASK) // SLOT_BYTES

    def map_handle(self, index: int) -> int:
        """Return the address that names map `index` of the program."""
        return self.env.handle_of(self._map(index))

    def map_value_address(self, index: int, offset: int) -> int:
        """Return the address of a byte of map `index`'s first value."""
        return self.env.address_of(self._map(index), offset)

    def _map(self, index: int) -> Map:
        maps = self.loaded.maps
        if not 0 <= index < len(maps):
            raise VmFault.of("no-such-map", index=index, count=len(maps))
        return maps[index]

    # -- the oldest loads --

    def load_packet(self, offset: int, size: int) -> None:
        """Read the packet in network byte order into r0, as BPF has since 1992.

        Outside of it nothing is read: the function returns 0.
        """
        data = self.env.packet_bytes(offset, size)
        self.regs[1:6] = [0] * 5
        if data is None:
            self.regs[0] = 0
            self.leave()
        else:
            self.regs[0] = int.from_bytes(data, "big")

    def refuse(self, insn: Insn) -> NoReturn:
        """Raises RunError: the instruction needs a kernel that is not here."""
        raise RunError.of("insn-not-here", opcode=f"{insn.opcode:#04x}")
