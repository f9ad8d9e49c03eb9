"""Addresses of functions, behind what Linux takes out of an accepted program.

After the walk go, run by run, the instructions that no path came to, then each jump to
the next instruction. An address that leads into what goes stays as it is, and what
stands there then is another function, or none: then Linux refuses the program.

Source: what Linux 6.18 accepts, and the number in its message. Names are the kernel's
(opt_remove_dead_code, opt_remove_nops).
Kernel differs: the message counts the instructions that Linux has put in, too.
"""

from collections.abc import Iterator
from itertools import groupby

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Control, InsnClass
from ebpflab.verifier.control import is_goto, is_jump, target
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EFAULT, Refusal
from ebpflab.verifier.subprogs import is_func_address

Removal = tuple[int, int]  # where, in the program as it is by then; how many slots


def check_func_addresses(env: Env) -> None:
    """Refuse an address where no function begins any more."""
    left = [subprog.start for subprog in env.subprogs if subprog.is_entered]
    if len(left) == 1:
        return
    addresses = [*_addresses(env)]
    removals = [*_removals(env)] if addresses else []
    starts = {_moved(start, removals) for start in left}
    for address in addresses:
        slot = _moved(address, removals)
        if slot not in starts:
            text = f"verifier bug: No program to jit at insn {slot} (subprog < 0)"
            raise Refusal(EFAULT, text)


def _addresses(env: Env) -> Iterator[int]:
    """Yield where each address leads that a path took, in the program's order."""
    for idx, insn in enumerate(env.insns):
        if insn and env.seen[idx] and is_func_address(insn):
            yield idx + 1 + insn.imm


def _moved(slot: int, removals: list[Removal]) -> int:
    """Return where an instruction's number leads after all removals."""
    for at, count in removals:
        if slot >= at + count:
            slot -= count
    return slot


def _removals(env: Env) -> Iterator[Removal]:
    """Yield what goes: runs that no path came to, then jumps that go nowhere."""
    dead, gone = _dead(env), 0
    for is_dead, run in groupby(enumerate(dead), key=lambda slot: slot[1]):
        slots = [idx for idx, _ in run]
        if is_dead:
            yield slots[0] - gone, len(slots)
            gone += len(slots)
    place = 0
    for idx, insn in enumerate(env.insns):
        if insn and not dead[idx] and _is_nop(insn, idx, dead):
            yield place, 1
        elif not dead[idx]:
            place += 1


def _dead(env: Env) -> list[bool]:
    """Tell of each slot whether no path came to it; a second slot is as the first."""
    dead: list[bool] = []
    for idx, insn in enumerate(env.insns):
        dead.append(not env.seen[idx] if insn else dead[-1])
    return dead


def _is_nop(insn: Insn, idx: int, dead: list[bool]) -> bool:
    """Tell whether a jump goes to the next instruction that is left."""
    to = target(insn, idx)
    if insn.insn_class == InsnClass.JMP32 and insn.code == Control.JA:
        return False  # gotol
    if is_goto(insn):
        return to > idx and all(dead[idx + 1 : to])
    if not is_jump(insn):
        return False
    if dead[idx + 1]:
        return to > idx and all(dead[idx + 1 : to])
    return dead[to]
