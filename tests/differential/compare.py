"""One program to both sides: where do they differ first?

A run whose answer is what the kernel happened to have on its stack is no difference:
root may read what was never written. Such a program answers otherwise when a prologue
has filled the stack.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import ebpflab as lab
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.logs import masked
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled

PACKET = bytes(range(100))
NEVER_REACHED = "illegal"
NOT_HERE = (NEVER_REACHED, "helper-needs-kernel", "insn-not-here")
NO_PACKET_BACK = ("netfilter", "flow_dissector")  # Linux gives no packet, or other data
TIMELESS = ("ktime", "prandom")  # helpers whose answer no two machines share
_STATISTICS = 4  # a log level: the reason and the counts
_FRAME, _WORD = 512, 8


@dataclass(frozen=True, slots=True)
class Difference:
    """One program on which Linux and we do not agree."""

    program: lab.Program
    kind: str  # what differs, without what two loads do not share
    told: str  # both sides' words


def compare(program: lab.Program, *, privileged: bool = True) -> Difference | None:
    """Ask both sides; return where they differ first, or None."""
    try:
        theirs = lab.linux.verify(program, privileged=privileged, log_level=_STATISTICS)
    except lab.LinuxError:  # the kernel did not judge it
        return None
    try:
        ours = verify(program, privileged=privileged)
    except NotModelled:
        return compare_runs(program) if theirs.accepted else None
    found = compare_verdicts(program, theirs, ours)
    return found or (compare_runs(program) if theirs.accepted else None)


def compare_verdicts(
    program: lab.Program, theirs: Verdict, ours: Verdict
) -> Difference | None:
    """Return where two verdicts differ: accepted, message, instructions processed."""
    pair = masked(theirs.message), masked(ours.message)
    if ours.accepted != theirs.accepted:
        which = "false accept" if ours.accepted else "false reject"
        return Difference(program, f"{which}: {max(pair)}", f"{pair}")
    if pair[0] != pair[1]:
        return Difference(program, f"message: {pair[0]}", f"here {pair[1]}")
    if ours.errno != theirs.errno:
        told = f"Linux {theirs.errno}, here {ours.errno}"
        return Difference(program, f"errno: {pair[0]}", told)
    counts = theirs.insns_processed, ours.insns_processed
    if counts[0] != counts[1]:
        told = f"Linux {counts[0]}, here {counts[1]}"
        return Difference(program, "processed", told)
    return None


def compare_runs(program: lab.Program) -> Difference | None:
    """Return where the answers of a run differ, if they depend on the program alone."""
    if any(name in lab.disassemble(program) for name in TIMELESS):
        return None
    there = answer(lab.linux.run, program)
    if there[0] != "answer":  # Linux runs no program of this type by itself
        return None
    here = answer(lab.run, program)
    if program.type in NO_PACKET_BACK:
        there, here = (*there[:2], b""), (*here[:2], b"")
    if there == here or here[0] in NOT_HERE:
        return None
    if depends_on_garbage(program, there):
        return None
    return Difference(program, f"run: {here[0]}", f"Linux {there}, here {here}")


Answer = tuple[str, int, bytes]


def answer(run: Callable[..., lab.Run], program: lab.Program) -> Answer:
    """Run the program on one side; an error counts by its catalogue row."""
    try:
        done = run(program, PACKET)
    except lab.EncodingError:  # Linux overlooks it where no path leads: legal.py
        return NEVER_REACHED, 0, b""
    except lab.EbpfLabError as error:
        return error.key, 0, b""
    return "answer", done.retval, done.data


def depends_on_garbage(program: lab.Program, there: Answer) -> bool:
    """Tell whether Linux answers otherwise when the stack held something else."""
    return any(answer(lab.linux.run, filled(program, v)) != there for v in (0, -1, 37))


def filled(program: lab.Program, value: int) -> lab.Program:
    """Return the program with a prologue that fills its whole stack first."""
    offsets = range(-_FRAME, 0, _WORD)
    prologue = encode([Insn(0x7A, 10, off=off, imm=value) for off in offsets])
    return replace(
        program, code=prologue + program.code, btf=None, func_info=None, line_info=None
    )
