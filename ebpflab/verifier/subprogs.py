"""The functions of a program: where each begins and ends.

A function begins where a call goes to, or where an address of a function points to
(callbacks); it ends where the next one begins. The program itself is function 0. Jumps
stay inside a function.

Source: what Linux 6.18 refuses, and its log at level 2 (`func#1 @14`).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass, Mode, Wide
from ebpflab.isa.words import WORD32
from ebpflab.verifier.bounds import signed32
from ebpflab.verifier.control import (
    is_jump,
    is_local_call,
    is_tail_call,
    target,
)
from ebpflab.verifier.refusal import E2BIG, EINVAL, Refusal

MOST_SUBPROGS = 256
CALL, EXIT, GOTO, GOTOL = 0x85, 0x95, 0x05, 0x06  # opcodes
LAST = (EXIT, GOTO, GOTOL)  # what a function may end with


@dataclass(slots=True)
class Fastcall:
    """Spills around calls, in the lowest slots of a function (`fastcall.py`)."""

    off: int = 0  # all other accesses are at or above it
    pattern: set[int] = field(default_factory=set)  # the spills and fills
    has_calls: bool = False  # that lose no register
    keeps_stack: bool = False  # others have such spills, too


@dataclass(slots=True)
class Subprog:
    """One function of the program, and what the walk learns of it."""

    start: int  # first slot
    end: int  # behind its last slot
    exit: int = 0  # its last exit's slot
    stack_depth: int = 0  # bytes, the most of any path
    is_entered: bool = False  # some path went into it
    is_callback: bool = False
    is_async_callback: bool = False
    is_exception_callback: bool = False
    might_sleep: bool = False
    moves_packet: bool = False
    has_tail_call: bool = False
    has_ld_abs: bool = False
    fastcall: Fastcall = field(default_factory=Fastcall)

    @property
    def abnormal_returns(self) -> Iterator[str]:
        """Yield what it does that may end it early, as the log calls it."""
        if self.has_ld_abs:
            yield "LD_ABS"
        if self.has_tail_call:
            yield "tail_call"


class Subprogs(list[Subprog]):
    """All functions, by place."""

    @property
    def exception_callback(self) -> int:
        """Return the number of the function that exceptions go to; 0: none."""
        return next((n for n, s in enumerate(self) if s.is_exception_callback), 0)

    def number_of(self, idx: int) -> int:
        """Return the number of the function that a slot lies in."""
        return bisect_right(self, idx, key=lambda subprog: subprog.start) - 1

    def add(self, start: int) -> int:
        """Let a function begin at a slot; return its number."""
        if not 0 <= start < self[-1].end:
            raise Refusal(EINVAL, "call to invalid destination")
        number = self.number_of(start)
        before = self[number]
        if before.start == start:
            return number
        if len(self) >= MOST_SUBPROGS:
            raise Refusal(E2BIG, "too many subprograms")
        self.insert(number + 1, Subprog(start, before.end))
        before.end = start
        return number + 1

    def starting_at(self, idx: int) -> int:
        """Return the number of the function that begins here; -1: none does."""
        number = self.number_of(idx)
        return number if self[number].start == idx else -1


def is_func_address(insn: Insn) -> bool:
    """Tell whether this loads the address of a function of the program."""
    return insn.is_wide and insn.src == Wide.FUNC


def _is_call(insn: Insn) -> bool:
    return insn.opcode == CALL and is_local_call(insn)


def add_subprogs(
    insns: Sequence[Insn | None], subprogs: Subprogs | None = None
) -> Subprogs:
    """Return the program's functions; add them to `subprogs`, where it is given."""
    starts = {0}
    for idx, insn in enumerate(insns):
        if insn and (_is_call(insn) or is_func_address(insn)):
            to = idx + 1 + insn.imm
            if not 0 <= to < len(insns):
                raise Refusal(EINVAL, "call to invalid destination")
            if len(starts) >= MOST_SUBPROGS and to not in starts:
                raise Refusal(E2BIG, "too many subprograms")
            starts.add(to)
    places = [*sorted(starts), len(insns)]
    subprogs = Subprogs() if subprogs is None else subprogs
    subprogs += (Subprog(start, end) for start, end in pairwise(places))
    return subprogs


def is_ld_abs(insn: Insn) -> bool:
    """Tell whether this loads from the packet the old way, and may end the program."""
    return insn.insn_class == InsnClass.LD and insn.mode in (Mode.ABS, Mode.IND)


def check_subprogs(insns: Sequence[Insn | None], subprogs: Subprogs) -> None:
    """Check that jumps stay in their function, and that none runs off its end."""
    for subprog in subprogs:
        for idx in range(subprog.start, subprog.end):
            insn = insns[idx]
            if insn is None:
                continue
            subprog.has_tail_call |= is_tail_call(insn)
            subprog.has_ld_abs |= is_ld_abs(insn)
            if insn.opcode == EXIT:
                subprog.exit = idx
            if is_jump(insn):
                to = target(insn, idx)
                if not subprog.start <= to < subprog.end:
                    to = signed32(to & WORD32)  # an int of the kernel
                    text = f"jump out of range from insn {idx} to {to}"
                    raise Refusal(EINVAL, text)
        last = insns[subprog.end - 1]
        if last is None or last.opcode not in LAST:
            raise Refusal(EINVAL, "last insn is not an exit or jmp")
