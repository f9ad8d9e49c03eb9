"""One verification: the program, the path that is being walked, and what was learned.

The kernel's struct bpf_verifier_env. The `check_*.py` files each judge one kind of
instruction on it; `check.py` walks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpflab.hooks.hook import Hook
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.isa.insn import Insn
from ebpflab.program import Program
from ebpflab.verifier.backtrack import BackStep, Backtrack
from ebpflab.verifier.cfg import Graph
from ebpflab.verifier.explored import Explored
from ebpflab.verifier.liveness import StackLiveness
from ebpflab.verifier.refusal import EACCES, EFAULT, Refusal, not_modelled
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.state_text import Log, state_text
from ebpflab.verifier.states import (
    ADD_CONST,
    FP,
    SCALAR,
    JumpEntry,
    RegState,
    VerifierState,
)

MOST_BRANCHES = 8192  # waiting paths


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
    loops: Sequence[int]  # by slot; 0 = in none
    log: Log
    cur: VerifierState
    stack_liveness: StackLiveness
    explored: Explored = field(default_factory=Explored)
    waiting: list[Waiting] = field(default_factory=list)
    insn_idx: int = 0
    prev_insn_idx: int = -1
    insn_processed: int = 0
    last_id: int = 0
    entered: dict[int, VerifierState] = field(default_factory=dict)  # by loop
    has_entry: bool = False  # this instruction already is in the path's history
    stack_reads: int = 0  # by this instruction, as bits
    stack_writes: int = 0  # whole slots

    # ---- registers -------------------------------------------------------------

    @property
    def regs(self) -> list[RegState]:
        return self.cur.frames[-1].regs

    def read(self, number: int) -> RegState:
        """Return a register that the instruction reads (kernel: check_reg_arg)."""
        self.log.regs |= 1 << number
        reg = self.cur.frames[-1].regs[number]
        if reg.type is RegType.NOT_INIT:
            raise Refusal(EACCES, f"R{number} !read_ok")
        return reg

    def may_write(self, number: int) -> None:
        """Refuse a write to the frame pointer."""
        self.log.regs |= 1 << number
        if number == FP:
            raise Refusal(EACCES, "frame pointer is read only")

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def linked(self, number: int) -> RegState:
        """Give a number an id before it is copied, so that copies stay linked."""
        regs = self.cur.frames[-1].regs
        reg = regs[number]
        if reg.type is not SCALAR or reg.bounds.is_const:
            return reg
        if reg.id & ADD_CONST:
            reg = reg._replace(id=0, off=0)
        if not reg.id:
            reg = reg._replace(id=self.new_id())
        regs[number] = reg
        return reg

    # ---- the stack -------------------------------------------------------------

    def needs_slot(self, frame: int, number: int) -> None:
        """A slot may be read by this instruction: it is live before it."""
        if frame == len(self.cur.frames) - 1:
            self.stack_reads |= 1 << number

    def reads_slot(self, frame: int, number: int) -> None:
        """A slot is read by this instruction, and shown behind it."""
        self.needs_slot(frame, number)
        self.log.slots |= 1 << number

    def writes_slot(self, frame: int, number: int, *, whole: bool) -> None:
        """A slot is written by this instruction; a `whole` one was dead before it."""
        self.log.slots |= 1 << number
        if whole and frame == len(self.cur.frames) - 1:
            self.stack_writes |= 1 << number

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
            history.append(JumpEntry(self.insn_idx, self.prev_insn_idx))
            self.has_entry = True
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

    def fork(self) -> VerifierState:
        """Put a copy of this path aside, to do this same instruction again later.

        Kernel differs: with too many waiting paths, some 6.18 kernels crash here.
        """
        if len(self.waiting) >= MOST_BRANCHES:
            not_modelled("a spread sign with 8192 paths waiting", self.insn_idx)
        return self.push(self.insn_idx)

    # ---- what mattered ---------------------------------------------------------

    def mark_chain_precision(self, number: int) -> None:
        """A register's exact value decides something: tell the states behind."""
        self.mark_precise(1 << number, 0)

    def mark_precise(self, regs: int, slots: int) -> None:
        """The same, for several registers and stack slots, as bits."""
        tell = self.log.tell if self.log.is_full else None
        walk = Backtrack(
            self.back_steps, self.cur, tell, self.insn_text, self.whole_state_text
        )
        walk.regs, walk.slots = regs, slots
        walk.run(self.insn_idx)

    # ---- text ------------------------------------------------------------------

    def insn_text(self, idx: int) -> str:
        insn = self.insns[idx]
        if insn is None:
            return ""
        return f"({insn.opcode:02x}) {disassemble_insn(insn, as_log=True)}"

    def whole_state_text(self, state: VerifierState) -> str:
        return state_text(state.frame, self.program.maps)

    def tell_state(self) -> None:
        """Write what this instruction touched."""
        log = self.log
        if log.is_on:
            text = state_text(self.cur.frame, self.program.maps, log.regs, log.slots)
            log.state(self.insn_idx, text)
