"""What the verifier knows at one point of one path: registers, stack, and the path.

A `RegState` and a `Slot` are frozen and shared; a state is a few lists of them, so a
branch copies lists, never contents. Whether a number's exact value mattered
("precise") is not part of a RegState: only explored states have such marks, as bits
beside the lists.

Stack slots are 8 bytes; slot n begins at fp - 8 * (n + 1). Of its eight marks, the
first is that of the uppermost byte, as in the log.

Names are the kernel's (struct bpf_reg_state, bpf_func_state, bpf_verifier_state).
"""

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
AT_PKT_END, BEYOND_PKT_END = -1, -2  # ranges of pointers past all of the packet


SCALAR = RegType.SCALAR_VALUE
PACKETS = (RegType.PTR_TO_PACKET, RegType.PTR_TO_PACKET_META)


class Rare(NamedTuple):
    """What only a few kinds of registers have."""

    mem_size: int = 0  # bytes of a `mem`
    btf_type: int = 0  # type number of a pointer to a kernel structure
    subprog: int = -1  # of a pointer to a function


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


@dataclass(slots=True)
class FuncState:
    """One call frame."""

    regs: list[RegState]
    stack: list[Slot] = field(default_factory=list)
    precise_regs: int = 0  # bits; of explored states only
    precise_slots: int = 0

    def copy(self) -> "FuncState":
        return FuncState(self.regs.copy(), self.stack.copy())


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

    `branches` counts the paths through it that are not finished.
    """

    frames: list[FuncState]
    insn_idx: int = 0
    first_insn_idx: int = 0
    last_insn_idx: int = 0
    parent: "VerifierState | None" = None
    branches: int = 1
    history: list[JumpEntry] = field(default_factory=list)
    cleaned: bool = False

    @property
    def frame(self) -> FuncState:
        """The running frame."""
        return self.frames[-1]

    def copy(self) -> "VerifierState":
        """Copy what changes; registers and slots are shared."""
        return VerifierState(
            [frame.copy() for frame in self.frames],
            self.insn_idx,
            self.first_insn_idx,
            self.last_insn_idx,
            self.parent,
            history=self.history.copy(),
        )


def initial_state() -> VerifierState:
    """Return the state at the program's entry: r1 is the context, r10 the frame."""
    regs = [NOT_INIT] * (FP + 1)
    regs[1] = RegState(RegType.PTR_TO_CTX, ZERO)
    regs[FP] = RegState(RegType.PTR_TO_STACK, ZERO)
    return VerifierState([FuncState(regs)])
