"""Packet pointers compared with the packet's end: how many bytes are there.

    if data + 14 > data_end goto drop       after it, 14 bytes from `data` can be read

All copies of the pointer (same id) gain the range. On the other way the pointer lies at
or beyond the end, and a second comparison is decided by that.

Source: order of addresses; the `r=` of Linux 6.18. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    AT_PKT_END,
    BEYOND_PKT_END,
    PACKETS,
    FuncState,
    RegState,
    Slot,
)

MAX_PACKET_OFF = 0xFFFF  # bytes
END = RegType.PTR_TO_PACKET_END
MIRRORED = {"jgt": "jlt", "jlt": "jgt", "jge": "jle", "jle": "jge"}


def is_pkt_ptr_branch_taken(name: str, a: RegState, b: RegState) -> bool | None:
    """Tell which way goes a pointer known to lie at or beyond the end."""
    if a.type is END and b.type in PACKETS:
        name, a, b = MIRRORED.get(name, ""), b, a
    if a.type is not RegType.PTR_TO_PACKET or b.type is not END or a.range >= 0:
        return None
    if name in ("jgt", "jle") and a.range == BEYOND_PKT_END:
        return name == "jgt"
    return name == "jge" if name in ("jge", "jlt") else None


def try_match_pkt_pointers(
    name: str, insn: Insn, here: FuncState, there: FuncState
) -> None:
    """Give ranges on the way on which the pointer is not beyond the end."""
    a, b = here.regs[insn.dst], here.regs[insn.src]
    if insn.insn_class == InsnClass.JMP32 or name not in MIRRORED:
        return
    number = insn.dst
    if a.type is END and b.type is RegType.PTR_TO_PACKET:
        name, a, b, number = MIRRORED[name], b, a, insn.src
    if RegType.PTR_TO_PACKET_META in (a.type, b.type):
        not_modelled("comparing pkt_meta pointers")
    if a.type is not RegType.PTR_TO_PACKET or b.type is not END:
        return
    inside, outside = (here, there) if name in ("jgt", "jge") else (there, here)
    is_open = name in ("jge", "jlt")  # on the inside, pointer < end: one byte more
    find_good_pkt_pointers(inside, a, is_open)
    _mark_pkt_end(outside, number, BEYOND_PKT_END if not is_open else AT_PKT_END)


def find_good_pkt_pointers(frame: FuncState, a: RegState, is_open: bool) -> None:
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

    _map_registers(frame, grown)


def _map_registers(frame: FuncState, change: Callable[[RegState], RegState]) -> None:
    frame.regs[:] = [change(reg) for reg in frame.regs]
    frame.stack[:] = [
        Slot(slot.marks, change(slot.reg)) if slot.is_spilled else slot
        for slot in frame.stack
    ]


def _mark_pkt_end(frame: FuncState, number: int, reach: int) -> None:
    frame.regs[number] = frame.regs[number]._replace(range=reach)
