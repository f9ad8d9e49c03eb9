"""The helpers that make room inside a socket buffer's packet, or take some away.

    | Ethernet | room of mode 1 | IP header | room of mode 0 | rest |

Source: bpf-helpers(7); limits as observed on Linux 6.18.
"""

import errno
from dataclasses import replace

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32, signed
from ebpflab.maps.rights import ENOTSUPP

IPV4, IPV6 = 0x0008, 0xDD86  # ethertypes, as a little-endian machine reads them
HEADER = {IPV4: 20, IPV6: 40}  # bytes
AFTER_IP, AFTER_ETHERNET = 0, 1  # BPF_ADJ_ROOM_NET, _MAC
LARGEST_ROOM = 0xFFF
HARMLESS = 0x1 | 0x20  # FIXED_GSO, NO_CSUM_RESET: nothing of a packet alone changes
KNOWN = 0x1FF | 0xFF << 56  # the rest: encapsulation


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def skb_change_proto(env: Env, ctx: int, protocol: int, flags: int) -> int:
    """Turn an IPv4 packet into an IPv6 one, or back; its bytes are zeros, or lost."""
    protocol, before = protocol & 0xFFFF, env.context("protocol")
    if flags or {protocol, before} != set(HEADER):
        env.tell("effect-refused")
        return -errno.EINVAL if flags else -ENOTSUPP
    _resize(env, env.frame.network, HEADER[protocol] - HEADER[before])
    env.set_context("protocol", protocol)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def skb_adjust_room(env: Env, ctx: int, delta: int, mode: int, flags: int) -> int:
    """Make room of zeros behind the Ethernet or the IP header, or take some away."""
    delta, mode = signed(delta & WORD32, 32), mode & WORD32
    if flags & KNOWN & ~HARMLESS:
        return env.kernel("skb_adjust_room", delta, mode, flags)
    refusal = _refusal(env, delta, mode, flags)
    if refusal:
        env.tell("effect-refused")
        return -refusal
    header = HEADER[env.context("protocol")] if mode == AFTER_IP else 0
    _resize(env, env.frame.network + header, delta)
    return 0


def _refusal(env: Env, delta: int, mode: int, flags: int) -> int:
    """Return the errno of a wish that cannot be had, or 0."""
    if flags & ~KNOWN:
        return errno.EINVAL
    if abs(delta) > LARGEST_ROOM:
        return errno.EFAULT
    least = HEADER.get(env.context("protocol"))
    if least is None or mode not in (AFTER_IP, AFTER_ETHERNET):
        return ENOTSUPP
    left = len(env.frame.data) - env.frame.network + delta
    return ENOTSUPP if delta < 0 and left < least else 0


def _resize(env: Env, at: int, delta: int) -> None:
    """Put zeros in at an offset, or take bytes out."""
    data = env.frame.data
    after = bytes(delta) + data[at:] if delta > 0 else data[at - delta :]
    env.move(replace(env.frame, data=data[:at] + after))
    env.set_context("len", len(data) + delta)
    env.tell("effect-moved", delta=delta, size=len(data) + delta)
