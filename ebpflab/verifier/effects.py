"""What a function may do to its callers: move the packet, or sleep.

Said of every function before the walk, those that it calls included, since a global
function is not walked where it is called.

Source: what Linux 6.18 forgets and refuses at calls of global functions.
"""

from collections.abc import Mapping, Sequence

from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.helpers.proto import HELPERS
from ebpflab.isa.insn import Insn
from ebpflab.verifier.control import is_helper_call, is_kfunc_call, is_local_call
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.subprogs import Subprog, Subprogs, is_func_address

MOVES_PACKET = "bpf_xdp_pull_data"  # the only kfunc that does


def mark_effects(
    insns: Sequence[Insn | None], subprogs: Subprogs, kfuncs: Mapping[int, Prototype]
) -> None:
    """Say of each function what it may do, with all that it calls."""
    callees: list[set[int]] = []
    for subprog in subprogs:
        called = set()
        for idx in range(subprog.start, subprog.end):
            insn = insns[idx]
            if insn is None:
                continue
            if is_local_call(insn) or is_func_address(insn):
                called.add(subprogs.number_of(idx + 1 + insn.imm))
            else:
                _mark(subprog, insn, kfuncs)
        callees.append(called)
    changed = True
    while changed:
        found = [_merge(s, subprogs[c]) for s, c in _calls(subprogs, callees)]
        changed = any(found)


def _calls(subprogs: Subprogs, callees: list[set[int]]) -> list[tuple[Subprog, int]]:
    pairs = zip(subprogs, callees, strict=True)
    return [(subprog, callee) for subprog, called in pairs for callee in called]


def _mark(subprog: Subprog, insn: Insn, kfuncs: Mapping[int, Prototype]) -> None:
    if is_helper_call(insn):
        if proto := HELPERS.get(insn.imm):
            subprog.might_sleep |= proto.might_sleep
            subprog.moves_packet |= proto.moves_packet
    elif is_kfunc_call(insn) and insn.imm in kfuncs:
        kfunc = kfuncs[insn.imm]
        subprog.might_sleep |= bool(kfunc.kfunc.flags & KfuncFlag.SLEEPABLE)
        subprog.moves_packet |= kfunc.name == MOVES_PACKET


def _merge(subprog: Subprog, callee: Subprog) -> bool:
    """Add what a callee does; tell whether that is new."""
    before = subprog.might_sleep, subprog.moves_packet
    subprog.might_sleep |= callee.might_sleep
    subprog.moves_packet |= callee.moves_packet
    return before != (subprog.might_sleep, subprog.moves_packet)
