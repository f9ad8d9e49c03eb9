"""Loads from sockets: which bytes of struct bpf_sock and its like may be read.

A `sock` has the fields that a program of type cgroup_sock sees in its context, a
`sock_common` fewer of them. No socket is written to, and no pointer to one is moved.

Source: UAPI linux/bpf.h, structs bpf_sock, bpf_tcp_sock, bpf_xdp_sock; what may be read
as observed on Linux 6.18.
"""

from collections.abc import Callable

from ebpflab.hooks import HOOKS
from ebpflab.isa.insn import Insn
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, RegState

ONLY_FULL = range(8, 24)  # type, protocol, mark, priority: not in a sock_common
TCP_SIZE, XDP_SIZE = 112, 4  # bytes
TCP_LONG = (80, 88)  # bytes_received, bytes_acked: 8 bytes, all others 4


def _sock(off: int, size: int) -> bool:
    return any(
        row.reads.allows(row.size, off - row.offset, size)
        for row in HOOKS["cgroup_sock"].fields
        if row.offset <= off < row.offset + row.size
    )


def _sock_common(off: int, size: int) -> bool:
    return off not in ONLY_FULL and _sock(off, size)


def _tcp_sock(off: int, size: int) -> bool:
    inside = 0 <= off < TCP_SIZE and off % size == 0
    return inside and size == (8 if off in TCP_LONG else 4)


def _xdp_sock(off: int, size: int) -> bool:
    return 0 <= off < XDP_SIZE and off % size == 0 and size == 4


READABLE: dict[RegType, Callable[[int, int], bool]] = {
    RegType.PTR_TO_SOCKET: _sock,
    RegType.PTR_TO_SOCK_COMMON: _sock_common,
    RegType.PTR_TO_TCP_SOCK: _tcp_sock,
    RegType.PTR_TO_XDP_SOCK: _xdp_sock,
}


def load_sock(env: Env, number: int, off: int, size: int, is_signed: bool) -> RegState:
    """Judge a load through a pointer to a socket."""
    reg = env.regs[number]
    if not READABLE[reg.type](reg.off + off, size):
        where = f"off={reg.off + off} size={size}"
        text = f"R{number} invalid {reg.type.text} access {where}"
        raise Refusal(EACCES, text)
    return UNKNOWN_SCALAR


def store_sock(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Refuse any store through a pointer to a socket."""
    kind = env.regs[number].type.text
    raise Refusal(EACCES, f"R{number} cannot write into {kind}")
