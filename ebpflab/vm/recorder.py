"""The recording of a run: after each instruction, what it changed, read and tested.

Nothing here runs when a run is not recorded.
"""

from dataclasses import dataclass, field

from ebpflab.errors import RunError
from ebpflab.helpers import HELPERS
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import JUMP_BY_CODE, InsnClass, Source
from ebpflab.isa.uses import (
    LOST_IN_A_CALL,
    is_exit,
    is_helper_call,
    is_local_call,
    registers_lost,
    registers_read,
    registers_written,
)
from ebpflab.maps.journals import stepped
from ebpflab.timeline import Change, Effect, Step, Test
from ebpflab.vm.addresses import Addresses
from ebpflab.vm.machine import FRAME_POINTER, Machine
from ebpflab.vm.memory import REGION_SHIFT, Region

STEP_LIMIT = 200_000
_FIRST_SAVED = 6  # r6 to r10 come back from a local call as they were
_ARGUMENTS = len(LOST_IN_A_CALL)


@dataclass
class Recorder:
    """Watches one machine; `steps` is what it has seen."""

    machine: Machine
    known: tuple[int, ...]  # the registers that hold something before the first step
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._regs = list(self.machine.regs)
        self._shown: list[str | None] = [None] * len(self._regs)
        for number in self.known:
            self._shown[number] = hex(self._regs[number])
        self._addresses = Addresses(self.machine.memory, {1, FRAME_POINTER})
        self._unwritten: dict[str, bytearray] = {}  # a byte a byte: 1 = never written
        self.born: dict[str, str] = {}  # region -> its bytes when it was made
        self._depth, self._loaded = 0, self.machine.loaded
        self._forget()
        self.machine.memory.watch = self._accessed
        self.machine.env.listener = self

    def _forget(self) -> None:
        """Begin the next step with nothing seen."""
        self._reads: list[str] = []
        self._writes: list[tuple[Region, int, int, str]] = []
        self._told: list[Change] = []
        self._effect: Effect | None = None

    def effect(self, key: str, values: dict[str, str | int]) -> None:
        """A helper tells what it did."""
        self._effect = Effect(key, values)

    def record(self, source: str, cpu: int, data: bytes) -> None:
        """A helper sent a record to userspace."""
        self._told.append(Change(f"{source}/cpu{cpu}", None, data.hex()))

    def map_changed(self, address: int, before: bytes, after: bytes) -> None:
        """A helper changed a map's values; keep the bytes from first to last change."""
        if before != after:
            start = _common(before, after)
            end = len(before) - _common(before[::-1], after[::-1])
            slot = f"{self._region_name(address)}+{start}"
            change = Change(slot, before[start:end].hex(), after[start:end].hex())
            self._told.append(change)

    def _region_name(self, address: int) -> str:
        return self.machine.memory.regions[address >> REGION_SHIFT].name

    def _accessed(self, right: str, region: Region, offset: int, size: int) -> None:
        """Memory is about to be read or written, or is new."""
        if right == "new":
            self.born[region.name] = region.buffer.hex()
        elif right == "read":
            self._reads.append(f"{region.name}+{offset}:{size}")
            self._addresses.last_read = region.base + offset
        else:
            old = self._shown_bytes(region, offset, size)
            self._writes.append((region, offset, size, old))

    def _shown_bytes(self, region: Region, offset: int, size: int) -> str:
        """Show bytes as hex pairs, "??" for what was never written."""
        blank = self._blank(region)
        pairs = (f"{b:02x}" for b in region.buffer[offset : offset + size])
        return "".join("??" if blank[offset + i] else p for i, p in enumerate(pairs))

    def _blank(self, region: Region) -> bytearray:
        if region.name not in self._unwritten:
            unknown = bytes([region.kind == "stack"])
            self._unwritten[region.name] = bytearray(unknown * len(region.buffer))
        return self._unwritten[region.name]

    def after(self, pc: int) -> None:
        """Close the step of the instruction in slot `pc`.

        Raises:  RunError: more steps than anyone can look at.
        """
        if len(self.steps) >= STEP_LIMIT:
            raise RunError.of("timeline-too-long", limit=STEP_LIMIT)
        loaded = self._loaded
        insn = loaded.code.insns[pc]
        assert insn is not None
        reads = (*(f"r{n}" for n in self._registers_read(insn)), *self._reads)
        changes = (*self._register_changes(insn), *self._memory_changes(insn))
        pointers = {f"r{n}" for n in self._addresses.registers}
        step = Step(
            parent=len(self.steps) - 1,
            frame=self._depth,
            pc=loaded.base + pc,
            changes=changes,
            reads=reads,
            pointers=tuple(c.slot for c in changes if c.new and c.slot in pointers),
            test=_test(insn, loaded.base + pc, self._regs, self._next_pc()),
            effect=self._effect,
        )
        self.steps.append(step)
        stepped(len(self.steps))
        self._go_on()

    def _go_on(self) -> None:
        """Take the machine as it is now for the start of the next step."""
        self._regs, self.machine.passed = list(self.machine.regs), 0
        self._depth, self._loaded = len(self.machine.frames), self.machine.loaded
        self._forget()

    def _next_pc(self) -> int:
        return self.machine.loaded.base + self.machine.pc

    def _registers_read(self, insn: Insn) -> tuple[int, ...]:
        proto = HELPERS.get(insn.imm) if is_helper_call(insn) else None
        read = registers_read(insn, len(proto.args) if proto else _ARGUMENTS)
        if is_local_call(insn):
            return tuple(n for n in read if self._shown[n] is not None)
        return read

    def _register_changes(self, insn: Insn) -> list[Change]:
        """Return the changes of registers: those written, those lost in a call."""
        changes = []
        for number, new in self._registers_now(insn).items():
            old = self._shown[number]
            if old is not None or new is not None:
                changes.append(Change(f"r{number}", old, new))
            self._shown[number] = new
        return changes

    def _registers_now(self, insn: Insn) -> dict[int, str | None]:
        """Return what each written or lost register shows now."""
        regs = self.machine.regs
        if is_local_call(insn):
            self._addresses.entered()
            return {FRAME_POINTER: hex(regs[FRAME_POINTER])}
        if is_exit(insn) or self.machine.passed:
            return {} if self.machine.ended else self._after_a_frame(insn)
        lost: dict[int, str | None] = dict.fromkeys(registers_lost(insn))
        now: dict[int, str | None] = {}
        for number in registers_written(insn):
            self._addresses.wrote(insn, number, regs[number])
            now[number] = hex(regs[number])
        return now | lost

    def _after_a_frame(self, insn: Insn) -> dict[int, str | None]:
        """Return the registers that are others after a frame came or went."""
        regs, passed = self.machine.regs, self.machine.passed
        if is_exit(insn):
            self._addresses.left()
        if passed:
            self._addresses.entered()
        self._addresses.passed({n: regs[n] for n in range(1, passed + 1)})
        saved = range(_FIRST_SAVED, len(regs))
        changed = {n for n in saved if regs[n] != self._regs[n]}
        if not passed and regs[0] != self._regs[0]:
            changed.add(0)
        known = sorted({*changed, *range(1, passed + 1)})
        return dict.fromkeys(LOST_IN_A_CALL) | {n: hex(regs[n]) for n in known}

    def _memory_changes(self, insn: Insn) -> list[Change]:
        changes = []
        for region, offset, size, old in self._writes:
            self._blank(region)[offset : offset + size] = bytes(size)
            self._addresses.stored(insn, region, offset, size)
            new = self._shown_bytes(region, offset, size)
            changes.append(Change(f"{region.name}+{offset}", old, new))
        return changes + self._told


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes two different strings have in common at their start."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _test(insn: Insn, pc: int, regs: list[int], next_pc: int) -> Test | None:
    """Return a branch's test with the values that it compared; None: no branch."""
    jumps = insn.insn_class in (InsnClass.JMP, InsnClass.JMP32)
    op = JUMP_BY_CODE.get(insn.code) if jumps else None
    if op is None:
        return None
    mask, letter = (1 << insn.bits) - 1, "w" if insn.bits == 32 else "r"
    by_register = insn.source is Source.X
    left = regs[insn.dst] & mask
    right = (regs[insn.src] if by_register else insn.imm) & mask
    return Test(
        left=f"{letter}{insn.dst}",
        left_value=hex(left),
        symbol=op.symbol,
        right=f"{letter}{insn.src}" if by_register else "",
        right_value=hex(right),
        taken=bool(op.taken(left, right, insn.bits)),
        target=pc + 1 + insn.off,
        next=next_pc,
    )
