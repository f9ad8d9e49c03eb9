"""Which numbers mattered: from where a value was needed, back to where it came from.

When the exact value of a number decides something (a branch, an offset), the explored
states on the path must remember it, or they would cover too much. So the path is
walked backwards, instruction by instruction, with the set of registers and stack slots
that the value came from; every explored state on the way gets marks.

    mark_precise: frame0: regs=r1 stack= before 1: (07) r1 += 1

Source: backward slicing; the log of Linux 6.18 at level 2, line by line. Names are the
kernel's.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass, Mode, Source
from ebpflab.verifier.cfg import is_call, is_exit, is_goto
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.states import FP, SCALAR, FuncState, JumpEntry, VerifierState

_MOV, _NEG, _END = 0xB, 0x8, 0xD
_FP_BIT = 1 << FP


class BackStep(NamedTuple):
    """How the wanted set moves back over one instruction; registers are bits."""

    move: "Callable[[Backtrack, BackStep, JumpEntry | None], bool]"
    concerns: int  # if none of these is wanted, and no entry is there, nothing moves
    dst: int
    src: int  # 0: it has none, or it is the frame pointer


class Backtrack:
    """One walk back along a path."""

    def __init__(
        self,
        steps: Sequence[BackStep | None],
        start: VerifierState,
        tell: Callable[[str], None] | None,
        text: Callable[[int], str],
        state_text: Callable[[VerifierState], str],
    ) -> None:
        self.steps, self.start, self.tell = steps, start, tell
        self.text, self.state_text = text, state_text
        self.regs = 0  # bits: registers whose value matters here
        self.slots = 0  # bits: stack slots

    def run(self, idx: int) -> None:
        """Mark where the wanted values came from; `idx` is not yet executed."""
        node = self.start
        first, last, following = node.first_insn_idx, idx, -1
        while self.regs or self.slots:
            self._announce(last, first, following)
            self._walk(node, last, is_start=node is self.start)
            if not (self.regs or self.slots) or node.parent is None:
                break
            node = node.parent
            self._mark(node)
            following = first
            last, first = node.last_insn_idx, node.first_insn_idx
        if self.regs or self.slots:
            self._give_up()

    def _give_up(self) -> None:
        """Mark everything: it is not clear where the wanted values came from."""
        mark_all_scalars_precise(self.start, self.tell)
        self.regs = self.slots = 0

    def _announce(self, last: int, first: int, following: int) -> None:
        if self.tell:
            self.tell(
                f"mark_precise: frame0: last_idx {last} first_idx {first} "
                f"subseq_idx {following} \n"
            )

    def _walk(self, state: VerifierState, idx: int, *, is_start: bool) -> None:
        """Go back through the steps since a state was kept, or to the end of need.

        What stands at `idx` in the state where this begins has not happened yet.
        """
        history, left = state.history, len(state.history)
        pending = is_start
        while True:
            newest = history[left - 1] if left else None
            entry = newest if newest is not None and newest.idx == idx else None
            if not pending:
                self._visit(idx, entry)
                if not (self.regs or self.slots):
                    return
            pending = False
            at_start = idx == state.first_insn_idx
            if at_start and (left == 0 or (left == 1 and entry is not None)):
                return
            left -= entry is not None
            idx = entry.prev_idx if entry is not None else idx - 1

    def _visit(self, idx: int, entry: JumpEntry | None) -> None:
        """Carry the wanted set back over one instruction."""
        step = self.steps[idx]
        if step is None:
            return
        if self.tell:
            self.tell(
                f"mark_precise: frame0: regs={regs_text(self.regs)} "
                f"stack={slots_text(self.slots)} before {idx}: {self.text(idx)}\n"
            )
        if entry is None and not self.regs & step.concerns:
            return
        self._sync_linked(entry)
        if not step.move(self, step, entry):
            self._give_up()
        self._sync_linked(entry)

    def _mark(self, state: VerifierState) -> None:
        """Mark what is wanted in a kept state; what is marked already needs no more."""
        frame = state.frame
        for number, reg in enumerate(frame.regs):
            if self.regs >> number & 1 and not reg.is_scalar:
                self.regs &= ~(1 << number)
        for number, slot in enumerate(frame.stack):
            if self.slots >> number & 1 and not slot.is_spilled_scalar:
                self.slots &= ~(1 << number)
        self.slots &= (1 << len(frame.stack)) - 1
        self.regs &= ~frame.precise_regs
        self.slots &= ~frame.precise_slots
        frame.precise_regs |= self.regs
        frame.precise_slots |= self.slots
        if self.tell:
            self.tell(
                f"mark_precise: frame0: parent state regs={regs_text(self.regs)} "
                f"stack={slots_text(self.slots)}: {self.state_text(state)}\n"
            )

    def _sync_linked(self, entry: JumpEntry | None) -> None:
        """Linked registers gain bounds together, so they matter together."""
        if not entry or not entry.linked_regs:
            return
        wanted = any(
            (self.slots if is_slot else self.regs) >> number & 1
            for _, is_slot, number in entry.linked_regs
        )
        if wanted:
            for _, is_slot, number in entry.linked_regs:
                if is_slot:
                    self.slots |= 1 << number
                else:
                    self.regs |= 1 << number

    def alu(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """The result needs both operands."""
        if self.regs & step.dst:
            self.regs |= step.src
        return True

    def mov(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """The result needs the source only, or nothing: a constant."""
        if self.regs & step.dst:
            self.regs = self.regs & ~step.dst | step.src
        return True

    def load(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """Numbers keep their precision in stack slots only."""
        if self.regs & step.dst:
            self.regs &= ~step.dst
            if entry and entry.slot >= 0:
                self.slots |= 1 << entry.slot
        return True

    def store(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """A slot came from the register that was spilled there."""
        if self.regs & step.dst:
            return False  # a number was used as an address: a pointer difference
        if entry and entry.slot >= 0 and self.slots >> entry.slot & 1:
            self.slots &= ~(1 << entry.slot)
            self.regs |= step.src
        return True

    def compare(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """What one register was compared with matters as well."""
        if self.regs & (step.dst | step.src):
            if not (entry and entry.src_is_stack):
                self.regs |= step.src
            if not (entry and entry.dst_is_stack):
                self.regs |= step.dst
        return True

    def nothing(self, step: BackStep, entry: JumpEntry | None) -> bool:
        return True

    def atomic(self, step: BackStep, entry: JumpEntry | None) -> bool:
        not_modelled("atomic operation")


def back_step(insn: Insn | None) -> BackStep | None:
    """Return how the wanted set moves over an instruction."""
    if insn is None:
        return None
    dst = 1 << insn.dst & ~_FP_BIT
    src = 1 << insn.src & ~_FP_BIT
    match insn.insn_class:
        case InsnClass.LD | InsnClass.LDX:
            return BackStep(Backtrack.load, dst, dst, 0)
        case InsnClass.ST | InsnClass.STX:
            move = Backtrack.atomic if insn.mode == Mode.ATOMIC else Backtrack.store
            is_register = insn.insn_class is InsnClass.STX
            return BackStep(move, dst, dst, src if is_register else 0)
        case InsnClass.ALU | InsnClass.ALU64:
            return _back_alu(insn, dst, src)
        case _:
            return _back_jump(insn, dst, src)


def _back_alu(insn: Insn, dst: int, src: int) -> BackStep:
    if insn.code in (_END, _NEG):
        return BackStep(Backtrack.nothing, 0, 0, 0)
    move = Backtrack.mov if insn.code == _MOV else Backtrack.alu
    return BackStep(move, dst, dst, src if insn.source is Source.X else 0)


def _back_jump(insn: Insn, dst: int, src: int) -> BackStep:
    if is_call(insn):
        return BackStep(Backtrack.mov, 1, 1, 0)  # r0 is the call's
    is_comparison = not is_exit(insn) and not is_goto(insn)
    if is_comparison and insn.source is Source.X:
        return BackStep(Backtrack.compare, dst | src, dst, src)
    return BackStep(Backtrack.nothing, 0, 0, 0)


def mark_all_scalars_precise(
    state: VerifierState, tell: Callable[[str], None] | None
) -> None:
    """Give up: every number of every kept state on this path mattered."""
    if tell:
        tell("mark_precise: frame0: falling back to forcing all scalars precise\n")
    node = state.parent
    while node:
        for frame in node.frames:
            regs, slots = scalars_of(frame)
            for name in _names(
                regs & ~frame.precise_regs, slots & ~frame.precise_slots
            ):
                if tell:
                    tell(f"force_precise: frame0: forcing {name} to be precise\n")
            frame.precise_regs |= regs
            frame.precise_slots |= slots
        node = node.parent


def scalars_of(frame: FuncState) -> tuple[int, int]:
    """Return which registers and which slots hold numbers, as bits."""
    regs = sum(1 << n for n, reg in enumerate(frame.regs) if reg.type is SCALAR)
    slots = sum(1 << n for n, slot in enumerate(frame.stack) if slot.is_spilled_scalar)
    return regs, slots


def _names(regs: int, slots: int) -> list[str]:
    names = [f"r{n}" for n in range(FP + 1) if regs >> n & 1]
    return names + [
        f"fp{-8 * n - 8}" for n in range(slots.bit_length()) if slots >> n & 1
    ]


def regs_text(bits: int) -> str:
    return ",".join(f"r{number}" for number in range(FP + 1) if bits >> number & 1)


def slots_text(bits: int) -> str:
    places = (n for n in range(bits.bit_length()) if bits >> n & 1)
    return ",".join(str(-8 * (number + 1)) for number in places)
