"""One verification: the program, the path that is being walked, and what was learned.

The kernel's struct bpf_verifier_env. The `check_*.py` files each judge one kind of
instruction on it; `check.py` walks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.program import Program
from ebpflab.verifier.attachment import Attachment
from ebpflab.verifier.backedges import Loops
from ebpflab.verifier.backtrack import BackStep, Backtrack
from ebpflab.verifier.bugs import SOUND, Bug
from ebpflab.verifier.cfg import Graph
from ebpflab.verifier.explored import Explored
from ebpflab.verifier.functions import Functions
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.log import Log
from ebpflab.verifier.refusal import EACCES, EFAULT, EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.speculation import Speculation
from ebpflab.verifier.stack_liveness import StackLiveness
from ebpflab.verifier.states import (
    EMPTY_SLOT,
    FP,
    SCALAR,
    SLOT_BYTES,
    JumpEntry,
    RegState,
    Slot,
    VerifierState,
)
from ebpflab.verifier.subprogs import Subprogs

MOST_BRANCHES = 8192  # waiting paths
PRUNE, JUMP = 1, 2  # marks of slots: paths may stop here, paths come from elsewhere


@dataclass(slots=True)
class Waiting:
    """A branch that is still to be walked."""

    state: VerifierState
    insn_idx: int
    prev_insn_idx: int
    log_length: int


@dataclass(slots=True)
class Env:
    """Everything about one verification."""

    program: Program
    hook: Hook
    insns: Sequence[Insn | None]
    graph: Graph
    live_regs: Sequence[int]
    back_steps: Sequence[BackStep | None]
    loops: Loops
    subprogs: Subprogs
    log: Log
    cur: VerifierState
    stack_liveness: StackLiveness
    allow_ptr_leaks: bool = True  # these four: the loader has CAP_PERFMON
    allow_uninit_stack: bool = True
    bypass_spec_v1: bool = True
    bypass_spec_v4: bool = True
    strict_alignment: bool = False
    off: frozenset[str] = frozenset()  # rules that are switched off
    bug: Bug = SOUND  # a bug of history that is back
    btf: bytes | None = None  # the kernel's types, if not those of this machine
    kfuncs: Mapping[int, Prototype] = field(default_factory=dict)  # called, by id
    attachment: Attachment | None = None  # what the context's arguments are those of
    functions: Functions = field(default_factory=Functions)
    keeps_every_state: bool = False  # BPF_F_TEST_STATE_FREQ
    prunes: bool = True  # a path stops at a finished state that covers it
    explored: Explored = field(init=False)
    waiting: list[Waiting] = field(default_factory=list)
    insn_idx: int = 0
    prev_insn_idx: int = -1
    insn_processed: int = 0
    last_id: int = 0
    used_maps: Sequence[int] = ()  # indices of maps that 64-bit loads name
    ptr_types: dict[int, RegType] = field(default_factory=dict)  # used, by slot
    seen: bytearray = field(init=False)  # by slot: a path that is taken came to it
    points: bytearray = field(init=False)  # by slot: PRUNE, JUMP
    inlined_loops: dict[int, int] = field(default_factory=dict)  # calls: their function
    has_fastcalls: bool = False  # some spills may be taken out: `fastcall.py`
    came_back: bool = False  # from elsewhere: the whole state is to be shown
    has_entry: bool = False  # this instruction already is in the path's history
    stack_reads: dict[int, int] = field(default_factory=dict)  # by frame, as bits
    stack_writes: dict[int, int] = field(default_factory=dict)  # whole slots
    speculation: Speculation = field(default_factory=Speculation)

    def __post_init__(self) -> None:
        self.explored = Explored(len(self.insns))
        self.seen = bytearray(len(self.insns))
        self.points = bytearray(len(self.insns))
        for points, mark in (
            (self.graph.prune_points, PRUNE),
            (self.graph.jump_points, JUMP),
        ):
            for idx in points:
                self.points[idx] |= mark

    # ---- registers -------------------------------------------------------------

    @property
    def regs(self) -> list[RegState]:
        return self.cur.frames[-1].regs

    def read(self, number: int) -> RegState:
        """Return a register that the instruction reads (kernel: check_reg_arg)."""
        self.log.regs |= 1 << number
        if number > FP:
            raise Refusal(EINVAL, f"R{number} is invalid")
        reg = self.cur.frames[-1].regs[number]
        if reg.type is RegType.NOT_INIT:
            raise Refusal(EACCES, f"R{number} !read_ok")
        return reg

    def may_write(self, number: int) -> None:
        """Refuse a write to the frame pointer."""
        self.log.regs |= 1 << number
        if number >= FP:
            if number > FP:
                raise Refusal(EINVAL, f"R{number} is invalid")
            raise Refusal(EACCES, "frame pointer is read only")

    def is_pointer_value(self, number: int) -> bool:
        """Tell whether a register holds a pointer that must not leak."""
        if self.allow_ptr_leaks:
            return False
        return self.cur.frames[-1].regs[number].type is not SCALAR

    def leaks(self, insn: Insn | None) -> bool:
        """Tell whether a store gives a pointer away."""
        if insn is None or insn.insn_class != InsnClass.STX:
            return False
        return self.is_pointer_value(insn.src)

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    # ---- the stack -------------------------------------------------------------

    def needs_slot(self, frame: int, number: int) -> None:
        """A slot may be read by this instruction: it is live before it."""
        self.stack_reads[frame] = self.stack_reads.get(frame, 0) | 1 << number

    def reads_slot(self, frame: int, number: int) -> None:
        """A slot is read by this instruction, and shown behind it."""
        self.needs_slot(frame, number)
        self.log.slots |= 1 << number

    def writes_slot(self, frame: int, number: int, *, whole: bool) -> None:
        """A slot is written by this instruction; a `whole` one was dead before it."""
        self.log.slots |= 1 << number
        if whole:
            self.stack_writes[frame] = self.stack_writes.get(frame, 0) | 1 << number

    def stack_of(self, frame: int, size: int) -> list[Slot]:
        """Return a frame's stack, grown to so many bytes (kernel: grow_stack_state)."""
        func = self.cur.frames[frame]
        stack = func.stack
        while len(stack) * SLOT_BYTES < size:
            stack.append(EMPTY_SLOT)
        depth, subprog = len(stack) * SLOT_BYTES, self.subprogs[func.subprog]
        if subprog.stack_depth < depth:
            subprog.stack_depth = depth
        return stack

    # ---- the path --------------------------------------------------------------

    def remember(
        self,
        *,
        slot: int = -1,
        frame: int = 0,
        dst_is_stack: bool = False,
        src_is_stack: bool = False,
        linked_regs: tuple[tuple[int, bool, int], ...] = (),
    ) -> None:
        """Add what this instruction did to the path's history."""
        history = self.cur.history
        if not self.has_entry:
            self.has_entry = True
            at, before = self.insn_idx, self.prev_insn_idx
            flags = dst_is_stack, src_is_stack
            history.append(JumpEntry(at, before, slot, frame, *flags, linked_regs))
            return
        entry = history[-1]
        history[-1] = entry._replace(
            slot=slot if slot >= 0 else entry.slot,
            frame=frame if slot >= 0 else entry.frame,
            dst_is_stack=dst_is_stack or entry.dst_is_stack,
            src_is_stack=src_is_stack or entry.src_is_stack,
            linked_regs=linked_regs or entry.linked_regs,
        )

    def push(self, insn_idx: int) -> VerifierState:
        """Put a copy of this path aside, to be walked from `insn_idx` later."""
        other = self.cur.copy()
        self.waiting.append(
            Waiting(other, insn_idx, self.insn_idx, len(self.log.pieces))
        )
        if other.parent:
            other.parent.branches += 1
        if len(self.waiting) > MOST_BRANCHES:
            text = f"The sequence of {len(self.waiting)} jumps is too complex."
            raise Refusal(EFAULT, text)
        return other

    # ---- what mattered ---------------------------------------------------------

    def mark_chain_precision(self, number: int) -> None:
        """A register's exact value decides something: tell the states behind."""
        if self.cur.frames[-1].regs[number].type is not SCALAR:
            raise Refusal(EFAULT, "verifier bug: backtracking misuse")
        self.mark_precise(1 << number, 0)

    def mark_precise(self, regs: int, slots: int) -> None:
        """The same, for several registers and stack slots, as bits."""
        walk = self.backtrack(self.cur)
        walk.regs, walk.slots = regs, slots
        walk.run(self.insn_idx)

    def mark_slot_precise(self, frame: int, number: int) -> None:
        """The same, for a stack slot of any frame."""
        walk = self.backtrack(self.cur)
        walk.want(frame, 0, 1 << number)
        walk.run(self.insn_idx)

    def backtrack(self, state: VerifierState) -> Backtrack:
        """Return a walk back from a state, with nothing wanted yet."""
        return Backtrack(
            self.back_steps,
            state,
            self.log.tell if self.log.is_full else None,
            self.log.writer.insn,
            self.log.writer.state,
        )

    # ---- text ------------------------------------------------------------------

    def tell_state(self) -> None:
        """Tell what this instruction touched."""
        if self.log.is_on:
            self.log.state(self.insn_idx, self.cur)
