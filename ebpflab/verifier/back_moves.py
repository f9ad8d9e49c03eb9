"""How the set of wanted numbers moves back over one instruction: a function a kind.

Each answers whether it is clear where the wanted values came from. Not here: which
instruction moves how (`back_steps.py`), the walk back (`backtrack.py`).

Source: the log of Linux 6.18 at level 2, line by line.
"""

from ebpflab.verifier.backtrack import ARGUMENTS, BackStep, Backtrack
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.states import JumpEntry


def alu(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """The result needs both operands."""
    if walk.regs & step.dst:
        walk.regs |= step.src
    return True


def mov(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """The result needs the source only, or nothing: a constant."""
    if walk.regs & step.dst:
        walk.regs = walk.regs & ~step.dst | step.src
    return True


def load(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """Numbers keep their precision in stack slots only."""
    if walk.regs & step.dst:
        walk.regs &= ~step.dst
        if entry and entry.slot >= 0:
            walk.want(entry.frame, 0, 1 << entry.slot)
    return True


def unknown(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """A legacy load reads the packet: nobody knows where that came from."""
    if walk.regs & step.dst:
        walk.regs &= ~step.dst
        return False
    return True


def store(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """A slot came from the register that was spilled there."""
    if walk.regs & step.dst:
        return False  # a number was used as an address: a pointer difference
    if entry and entry.slot >= 0:
        bit, (regs, slots) = 1 << entry.slot, walk.wanted(entry.frame)
        if slots & bit:
            if entry.frame == walk.frame:
                walk.slots &= ~bit
            else:
                walk.outer[entry.frame] = (regs, slots & ~bit)
            walk.regs |= step.src
    return True


def compare(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """What one register was compared with matters as well."""
    if walk.regs & (step.dst | step.src):
        if not (entry and entry.src_is_stack):
            walk.regs |= step.src
        if not (entry and entry.dst_is_stack):
            walk.regs |= step.dst
    return True


def nothing(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    return True


def call(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """A helper's result needs nothing."""
    walk.regs &= ~1
    if walk.regs & ARGUMENTS:
        not_modelled("a number wanted from before a call", walk.at)
    return True


def tail_call(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """Over a tail call that failed, or into the function that one ended."""
    call(walk, step, entry)
    if walk.at != walk.following - 1:
        walk.outer.append((walk.regs, walk.slots))
        walk.regs = walk.slots = 0
    return True


def call_back(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """Out of a callback, to the helper that called it; or over a helper's call.

    What a callback is called with, the helper made.
    """
    if walk.at == walk.following - 1:
        return call(walk, step, entry)
    _leave(walk, walk.regs & ~ARGUMENTS)
    return True


def local_call(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """Out of a function, to its caller: its arguments are wanted there."""
    arguments = walk.regs & ARGUMENTS
    _leave(walk, walk.regs & ~ARGUMENTS)
    walk.regs |= arguments
    return True


def _leave(walk: Backtrack, left: int) -> None:
    if left or walk.slots or not walk.outer:
        not_modelled("a number wanted from before a function", walk.at)
    walk.regs, walk.slots = walk.outer.pop()


def exit(walk: Backtrack, step: BackStep, entry: JumpEntry | None) -> bool:
    """Into a function, at its end: it made r0, unless it is a callback."""
    callee = walk.steps[walk.following - 1] if walk.following > 0 else None
    caller = walk.steps[walk.following] if walk.following >= 0 else None
    if caller is not None and caller.move is call_back:
        walk.regs &= ~ARGUMENTS
    if walk.regs & ARGUMENTS:
        not_modelled("a number wanted from before a call", walk.at)
    is_call = callee is not None and callee.move is local_call
    result = walk.regs & 1 if is_call else 0
    walk.outer.append((walk.regs & ~1, walk.slots))
    walk.regs, walk.slots = result, 0
    return True
