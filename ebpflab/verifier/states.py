"""What the verifier knows at one point of one path: registers, stack, and the path.

A `RegState` and a `Slot` are frozen and shared; a state is a few lists of them, so a
branch copies lists, never contents. Whether a number's exact value mattered
("precise") is not part of a RegState: only explored states have such marks, as bits
beside the lists.

Stack slots are 8 bytes; slot n begins at fp - 8 * (n + 1). Of its eight marks, the
first is that of the uppermost byte, as in the log.

Names are the kernel's (struct bpf_reg_state, bpf_func_state, bpf_verifier_state).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ebpflab.verifier.bounds import UNKNOWN, ZERO, Bounds
from ebpflab.verifier.reg_types import RegType

FP = 10  # the frame pointer's register
ADD_CONST64 = 1 << 31  # in an id: this register is the id's value plus `off`
ADD_CONST32 = 1 << 30  # the same, in 32 bits: the sum's upper half is 0
ADD_CONST = ADD_CONST64 | ADD_CONST32
SLOT_BYTES = 8
MAX_STACK = 512  # bytes
MAX_VAR_OFF = 1 << 29  # bytes: how far a pointer may move
AT_PKT_END, BEYOND_PKT_END = -1, -2  # ranges of pointers past all of the packet


SCALAR = RegType.SCALAR_VALUE
PACKETS = (RegType.PTR_TO_PACKET, RegType.PTR_TO_PACKET_META)


class Rare(NamedTuple):
    """What only a few kinds of registers have."""

    mem_size: int = 0  # bytes of a `mem`
    btf_type: int = 0  # type number of a pointer to a structure
    btf_name: str = ""  # its name
    btf_local: bool = False  # of the program's own types
    subprog: int = -1  # of a pointer to a function
    dynptr: str = ""  # what a dynptr leads to: local, ringbuf, skb, xdp ...
    first_slot: bool = False  # of the two that a dynptr takes: the lower address
    dynptr_id: int = 0  # the dynptr that a slice of memory was taken from
    iter_type: str = ""  # of an iterator on the stack: num, task ...
    iter_state: str = ""  # active, or drained: it gives nothing any more
    irq_class: str = ""  # of a saved interrupt flag: native, or of a lock
    iter_depth: int = 0  # how often it has given something
    map_uid: int = 0  # which inner map this is: the id of its lookup


NOTHING_RARE = Rare()


class RegState(NamedTuple):
    """What is known of one register, or of one spilled to the stack."""

    type: RegType = RegType.NOT_INIT
    bounds: Bounds = UNKNOWN  # a number, or the variable part of a pointer's offset
    off: int = 0  # fixed part of a pointer's offset, bytes
    id: int = 0  # equal ids were copied from one another; 0 = none
    range: int = 0  # packet bytes proven readable, from where the id began
    map: int = -1  # index into the program's maps
    frame: int = 0  # of a pointer to the stack: whose
    ref_obj_id: int = 0  # the acquired object that it belongs to; 0 = none
    rare: Rare = NOTHING_RARE

    @property
    def is_scalar(self) -> bool:
        return self.type is SCALAR

    @property
    def is_null(self) -> bool:
        """Tell whether this is the number 0."""
        return self.type is SCALAR and self.bounds == ZERO


NOT_INIT = RegState()
UNKNOWN_SCALAR = RegState(SCALAR)
INVALID, SPILL, MISC, ZERO_BYTE = "?", "r", "m", "0"
DYNPTR, ITER, IRQ_FLAG = "d", "i", "f"


class Slot(NamedTuple):
    """Eight bytes of stack: a mark for each, and the register spilled there."""

    marks: str = INVALID * SLOT_BYTES
    reg: RegState = NOT_INIT

    @property
    def is_spilled(self) -> bool:
        return self.marks[-1] == SPILL

    @property
    def is_spilled_scalar(self) -> bool:
        return self.marks[-1] == SPILL and self.reg.type is SCALAR


EMPTY_SLOT = Slot()


OBJECT, LOCK, IRQ = "object", "lock", "irq"  # kinds of references
RES_LOCK, RES_LOCK_IRQ = "res_lock", "res_lock_irq"
MAIN = -1  # instead of a call's slot: nothing of the program called this frame


@dataclass(slots=True)
class FuncState:
    """One call frame; where it was called from, and how."""

    regs: list[RegState]
    stack: list[Slot] = field(default_factory=list)
    precise_regs: int = 0  # bits; of explored states only
    precise_slots: int = 0
    callsite: int = MAIN  # the call's slot
    subprog: int = 0  # which function of the program runs here
    in_callback: bool = False  # a helper called it, before it returned
    in_async_callback: bool = False  # later, on a stack of its own
    returns: tuple[int, int] | None = None  # what a callback may answer: least, most
    callback_depth: int = 0  # rounds of callbacks that this frame asked for
    async_entries: int = 0
    filled: Sequence[int] | None = None  # slots that hold anything, once cleaned

    def copy(self) -> "FuncState":
        return FuncState(
            self.regs.copy(),
            self.stack.copy(),
            0,
            0,
            self.callsite,
            self.subprog,
            self.in_callback,
            self.in_async_callback,
            self.returns,
            self.callback_depth,
            self.async_entries,
        )


class Reference(NamedTuple):
    """Something that was taken and is to be given back (struct bpf_reference_state)."""

    id: int
    insn_idx: int  # where it was taken
    kind: str = OBJECT
    held: tuple[str, int] = ("", 0)  # what a lock is in: a map or an object, which


class JumpEntry(NamedTuple):
    """One remarkable step of a path (struct bpf_jmp_history_entry)."""

    idx: int
    prev_idx: int
    slot: int = -1  # it touched this stack slot
    frame: int = 0  # of this frame
    dst_is_stack: bool = False
    src_is_stack: bool = False
    linked_regs: tuple[tuple[int, bool, int], ...] = ()  # frame, is a slot, number


@dataclass(slots=True)
class VerifierState:
    """The whole of a path at one point; an explored one is a node of the path's tree.

    `branches` counts the paths through it that are not finished. The last three only
    save time: where a comparison with it failed last (`equal.py`), what was carried
    back over its history already (`backtrack.py`), and that it is all precise.
    """

    frames: list[FuncState]
    insn_idx: int = 0
    first_insn_idx: int = 0
    last_insn_idx: int = 0
    parent: "VerifierState | None" = None
    branches: int = 1
    history: list[JumpEntry] = field(default_factory=list)
    cleaned: bool = False
    depth: int = 0  # kept states between the entry and this one
    may_goto_depth: int = 0
    callback_unroll_depth: int = 0
    in_sleepable: bool = False
    speculative: bool = False  # a path that only a wrong prediction takes
    refs: tuple[Reference, ...] = ()  # objects and locks that are held
    active_rcu_locks: int = 0
    active_preempt_locks: int = 0
    active_irq_id: int = 0
    clash: tuple[int, bool, int] | None = None  # frame, is a slot, its number
    traced: dict[int, int] = field(default_factory=dict)  # by entry, wanted bits
    all_precise: bool = False  # every number here and before mattered

    @property
    def frame(self) -> FuncState:
        """The running frame."""
        return self.frames[-1]

    def frame_insn_idx(self, number: int) -> int:
        """Return where a frame stands: an outer one at its call."""
        if number == len(self.frames) - 1:
            return self.insn_idx
        return self.frames[number + 1].callsite

    def same_callsites(self, other: "VerifierState") -> bool:
        """Tell whether the same calls led to both."""
        ours, theirs = self.frames, other.frames
        if len(ours) != len(theirs):
            return False
        if len(ours) == 1:
            return ours[0].callsite == theirs[0].callsite
        return all(a.callsite == b.callsite for a, b in zip(ours, theirs, strict=True))

    def expect_clash_of(self, other: "VerifierState") -> None:
        """Take over where a like state differed: this one will probably, too."""
        if self.insn_idx != other.insn_idx or not self.same_callsites(other):
            return
        if other.clash:
            level, is_slot, number = other.clash
            if not is_slot or number < len(self.frames[level].stack):
                self.clash = other.clash

    def copy(self) -> "VerifierState":
        """Copy what changes; registers and slots are shared."""
        return VerifierState(
            [frame.copy() for frame in self.frames],
            self.insn_idx,
            self.first_insn_idx,
            self.last_insn_idx,
            self.parent,
            history=self.history.copy(),
            depth=self.depth,
            may_goto_depth=self.may_goto_depth,
            callback_unroll_depth=self.callback_unroll_depth,
            in_sleepable=self.in_sleepable,
            speculative=self.speculative,
            refs=self.refs,
            active_rcu_locks=self.active_rcu_locks,
            active_preempt_locks=self.active_preempt_locks,
            active_irq_id=self.active_irq_id,
            traced=self.traced.copy(),
        )


def initial_state() -> VerifierState:
    """Return the state at the program's entry: r1 is the context, r10 the frame."""
    frame = entry_frame()
    frame.regs[1] = RegState(RegType.PTR_TO_CTX, ZERO)
    return VerifierState([frame])


def entry_frame(number: int = 0, callsite: int = MAIN, subprog: int = 0) -> FuncState:
    """Return an empty frame: only r10 has a value."""
    regs = [NOT_INIT] * (FP + 1)
    regs[FP] = RegState(RegType.PTR_TO_STACK, ZERO, frame=number)
    return FuncState(regs, callsite=callsite, subprog=subprog)
