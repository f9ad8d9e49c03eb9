"""Packet pointers compared with the packet's end: how many bytes are there.

    if data + 14 > data_end goto drop       after it, 14 bytes from `data` can be read

All copies of the pointer (same id) gain the range. On the other way the pointer lies at
or beyond the end, and a second comparison is decided by that. Of the metadata in front
of the packet the end is the packet's first byte.

Source: order of addresses; the `r=` of Linux 6.18. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.decoding import bits_of, has_register
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    AT_PKT_END,
    BEYOND_PKT_END,
    PACKETS,
    RegState,
    Slot,
    VerifierState,
)

MAX_PACKET_OFF = 0xFFFF  # bytes
END = RegType.PTR_TO_PACKET_END
ANY_PACKET = (*PACKETS, END)
MIRRORED = {"jgt": "jlt", "jlt": "jgt", "jge": "jle", "jle": "jge"}


def is_pkt_ptr_branch_taken(name: str, a: RegState, b: RegState) -> bool | None:
    """Tell which way goes a pointer known to lie at or beyond the end."""
    if b.type is not END:
        name, a, b = MIRRORED.get(name, ""), b, a
    if b.type is not END or a.range >= 0:
        return None
    if name in ("jgt", "jle") and a.range == BEYOND_PKT_END:
        return name == "jgt"
    return name == "jge" if name in ("jge", "jlt") else None


def try_match_pkt_pointers(
    name: str, insn: Insn, here: VerifierState, there: VerifierState
) -> bool:
    """Give ranges on the way on which the pointer is not beyond the end.

    Returns: whether this is such a comparison.
    """
    if not has_register(insn) or bits_of(insn) == 32 or name not in MIRRORED:
        return False
    number = insn.dst
    a, b = here.frame.regs[insn.dst], here.frame.regs[insn.src]
    if not _is_limit(a, b):
        name, a, b, number = MIRRORED[name], b, a, insn.src
        if not _is_limit(a, b):
            return False
    inside, outside = (here, there) if name in ("jgt", "jge") else (there, here)
    is_open = name in ("jge", "jlt")  # on the inside, pointer < end: one byte more
    find_good_pkt_pointers(inside, a, is_open)
    _mark_pkt_end(outside, number, BEYOND_PKT_END if not is_open else AT_PKT_END)
    return True


def _is_limit(a: RegState, b: RegState) -> bool:
    """Tell whether b ends what a points into."""
    if a.type is RegType.PTR_TO_PACKET:
        return b.type is END
    is_start = b.type is RegType.PTR_TO_PACKET and not b.id and not b.off
    is_start = is_start and b.bounds.var_off == ZERO.var_off
    return a.type is RegType.PTR_TO_PACKET_META and is_start


def find_good_pkt_pointers(state: VerifierState, a: RegState, is_open: bool) -> None:
    """Give all copies of a pointer the range that was proven."""
    if a.off < 0 or (a.off == 0 and is_open):
        return
    most = a.bounds.umax
    if most > MAX_PACKET_OFF or most + a.off > MAX_PACKET_OFF:
        return
    reach = a.off + is_open

    def grown(reg: RegState) -> RegState:
        if reg.type is not a.type or reg.id != a.id:
            return reg
        return reg._replace(range=max(reg.range, reach))

    _map_registers(state, grown)


def _map_registers(
    state: VerifierState, change: Callable[[RegState], RegState]
) -> None:
    for frame in state.frames:
        frame.regs[:] = [change(reg) for reg in frame.regs]
        frame.stack[:] = [
            Slot(slot.marks, change(slot.reg)) if slot.is_spilled else slot
            for slot in frame.stack
        ]


def _mark_pkt_end(state: VerifierState, number: int, reach: int) -> None:
    reg = state.frame.regs[number]
    if reg.type is RegType.PTR_TO_PACKET:
        state.frame.regs[number] = reg._replace(range=reach)
