"""Calls that keep r1 to r5: spills around them are taken out, and need no stack.

    *(u64 *)(r10 -72) = r1      a compiler that does not know which kernel it is for
    call bpf_get_smp_processor_id      saves what a call loses; where the kernel makes
    r1 = *(u64 *)(r10 -72)      a few instructions of the call, nothing is lost

So these slots, the lowest of the function, do not count for its stack, unless anything
else touches them.

Source: the stack depths of Linux 6.18 on x86 (log level 4). Names are the kernel's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ebpflab.isa.insn import Insn
from ebpflab.verifier.control import is_call
from ebpflab.verifier.env import Env
from ebpflab.verifier.states import FP, SLOT_BYTES
from ebpflab.verifier.subprogs import Fastcall, Subprog, Subprogs

FAST_HELPERS = ("get_smp_processor_id",)
FAST_KFUNCS = ("bpf_cast_to_kern_ctx", "bpf_rdonly_cast")
SPILL, FILL = 0x7B, 0x79  # opcodes: a register of 64 bits, to memory and from it
CALLER_SAVED = range(6)
NOWHERE = -(1 << 15)  # below any stack


@dataclass(frozen=True, slots=True)
class CallSummary:
    """What is known of a call's function."""

    arguments: int
    is_void: bool
    is_fast: bool

    @property
    def kept(self) -> set[int]:
        """The registers that a fast call of it leaves alone."""
        lost = set(range(1, self.arguments + 1)) | ({0} if not self.is_void else set())
        return set(CALLER_SAVED) - lost


Summary = Callable[[Insn], CallSummary | None]  # None: not known, or not allowed


def mark_fastcall_patterns(
    insns: Sequence[Insn | None], subprogs: Subprogs, summary: Summary
) -> bool:
    """Find the spills around calls, function by function; tell whether any is fast."""
    for subprog in subprogs:
        own = range(subprog.start, subprog.end)
        lowest = min((_spilled_to(insns[idx]) for idx in own), default=0)
        if not lowest:
            continue
        for idx in own:
            insn = insns[idx]
            if insn and is_call(insn) and (called := summary(insn)):
                _mark_call(insns, subprog, idx, lowest, called)
    return any(subprog.fastcall.has_calls for subprog in subprogs)


def _spilled_to(insn: Insn | None) -> int:
    return insn.off if insn and insn.opcode == SPILL and insn.dst == FP else 0


def _mark_call(
    insns: Sequence[Insn | None],
    subprog: Subprog,
    idx: int,
    lowest: int,
    called: CallSummary,
) -> None:
    """Find pairs around one call, the innermost at the lowest slot."""
    kept, off, pairs = called.kept, lowest, 0
    fastcall = subprog.fastcall
    while idx - pairs - 1 >= 0 and idx + pairs + 1 < len(insns):
        spill, fill = insns[idx - pairs - 1], insns[idx + pairs + 1]
        if not (spill and fill and _is_pair(spill, fill, off) and spill.src in kept):
            break
        kept.remove(spill.src)
        fastcall.pattern.update((idx - pairs - 1, idx + pairs + 1))
        off, pairs = off + SLOT_BYTES, pairs + 1
    if pairs:
        fastcall.off = min(fastcall.off, off)
        fastcall.has_calls |= called.is_fast
        fastcall.keeps_stack |= not called.is_fast


def _is_pair(spill: Insn, fill: Insn, off: int) -> bool:
    return (
        (spill.opcode, spill.dst, spill.off) == (SPILL, FP, off)
        and (fill.opcode, fill.src, fill.off) == (FILL, FP, off)
        and spill.src == fill.dst
    )


def check_fastcall_stack_contract(env: Env, frame: int, off: int) -> None:
    """Note an access to a frame's stack: it may touch what was only for a call."""
    subprog = env.subprogs[env.cur.frames[frame].subprog]
    fastcall = subprog.fastcall
    if fastcall.off > off and env.insn_idx not in fastcall.pattern:
        subprog.fastcall = Fastcall(off=NOWHERE)


def remove_fastcall_spills_fills(subprogs: Subprogs) -> None:
    """Take the spills out of an accepted program's functions: they need less stack."""
    for subprog in subprogs:
        fastcall = subprog.fastcall
        if fastcall.has_calls and not fastcall.keeps_stack:
            subprog.stack_depth = -fastcall.off
