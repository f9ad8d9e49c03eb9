"""Loads from and stores to the packet: only what was compared with its end is there.

How a comparison gives bytes stands in `packet_ranges.py`. Here too: the flow keys that
a flow dissector fills.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.hooks.flow_dissector import FLOW_KEYS_SIZE
from ebpflab.isa.insn import Insn
from ebpflab.verifier.check_region import inside, negative
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.states import UNKNOWN_SCALAR, RegState


def may_access_direct_pkt_data(env: Env, *, writes: bool) -> bool:
    """Tell whether this program type reads, or writes, packets without a helper."""
    return env.hook.packet == "write" or (env.hook.packet == "read" and not writes)


def check_packet_access(
    env: Env, number: int, off: int, size: int, *, zero_size: bool = False
) -> None:
    """Judge an access to the packet; with `zero_size`, of no bytes too."""
    reg = env.regs[number]
    if reg.bounds.smin < 0:
        raise Refusal(EACCES, negative(number))
    start = reg.off + off
    outside = f"R{number} offset is outside of the packet"
    if reg.range < 0:
        raise Refusal(EINVAL, outside)
    is_nothing = zero_size and size == 0 and 0 <= start <= reg.range
    if not is_nothing and not inside(start, size, reg.range):
        where = f"R{number}(id={reg.id},off={start},r={reg.range})"
        text = f"invalid access to packet, off={start} size={size}, {where}"
        raise Refusal(EACCES, f"{text}\n{outside}")


def load_packet(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from the packet."""
    check_packet_access(env, number, off, size)
    return UNKNOWN_SCALAR


def store_packet(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store to the packet."""
    if not may_access_direct_pkt_data(env, writes=True):
        raise Refusal(EACCES, "cannot write into packet")
    check_leak(env, insn, "packet")
    check_packet_access(env, number, off, size)


def load_flow_keys(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from the flow keys."""
    check_flow_keys_access(env, number, off, size)
    return UNKNOWN_SCALAR


def store_flow_keys(
    env: Env, insn: Insn | None, number: int, off: int, size: int
) -> None:
    """Judge a store to the flow keys."""
    check_leak(env, insn, "flow keys")
    check_flow_keys_access(env, number, off, size)


def check_flow_keys_access(env: Env, number: int, off: int, size: int) -> None:
    """Judge an access to the flow keys: no pointer to them moves by an unknown step."""
    start = env.regs[number].off + off
    if not inside(start, size, FLOW_KEYS_SIZE):
        text = f"invalid access to flow keys off={start} size={size}"
        raise Refusal(EACCES, text)


def check_leak(env: Env, insn: Insn | None, where: str) -> None:
    """Refuse to store a pointer where others can read it, without CAP_PERFMON."""
    if insn and env.leaks(insn):
        raise Refusal(EACCES, f"R{insn.src} leaks addr into {where}")
