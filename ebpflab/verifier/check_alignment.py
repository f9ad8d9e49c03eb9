"""Alignment: the stack's always counts, that of other memory only if a program asks.

    fixed offset + variable offset   must be a multiple of the size

Packets begin at 2 bytes after a multiple of 4 (NET_IP_ALIGN), so that the IP header
behind the Ethernet header is aligned. Source: what Linux 6.18 on x86 refuses, and
BPF_F_STRICT_ALIGNMENT of bpf(2).
"""

from ebpflab.isa.words import WORD64
from ebpflab.verifier.env import Env
from ebpflab.verifier.number_text import unsigned_text
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import PACKETS, RegState
from ebpflab.verifier.tnum import Tnum, tnum_add

NET_IP_ALIGN = 2
_NAMES = {  # in the message; the rest have none
    RegType.PTR_TO_PACKET: "packet ",
    RegType.PTR_TO_PACKET_META: "packet ",
    RegType.PTR_TO_FLOW_KEYS: "flow keys ",
    RegType.PTR_TO_MAP_KEY: "key ",
    RegType.PTR_TO_MAP_VALUE: "value ",
    RegType.PTR_TO_CTX: "context ",
    RegType.PTR_TO_STACK: "stack ",
    RegType.PTR_TO_SOCKET: "sock ",
    RegType.PTR_TO_SOCK_COMMON: "sock_common ",
    RegType.PTR_TO_TCP_SOCK: "tcp_sock ",
    RegType.PTR_TO_XDP_SOCK: "xdp_sock ",
}


def check_ptr_alignment(
    env: Env, ptr: RegState, off: int, size: int, *, strict: bool = False
) -> None:
    """Refuse a misaligned access; `strict`: this instruction asks for it (atomics)."""
    strict = strict or env.strict_alignment or ptr.type is RegType.PTR_TO_STACK
    if not strict or size == 1 or ptr.type is RegType.PTR_TO_ARENA:
        return
    shift = NET_IP_ALIGN if ptr.type in PACKETS else 0
    distance, var_off = shift + ptr.off + off, ptr.bounds.var_off
    if not (distance | var_off.value | var_off.mask) & (size - 1):
        return
    at = tnum_add(var_off, Tnum(distance & WORD64))
    if not at.largest & (size - 1):
        return
    name = _NAMES.get(ptr.type, "")
    place = f"{_text(var_off)}+{ptr.off}+{off} size {size}"
    ahead = f"{shift}+" if shift else ""
    raise Refusal(EACCES, f"misaligned {name}access off {ahead}{place}")


def _text(t: Tnum) -> str:
    return unsigned_text(t.value) if t.is_const else str(t)
