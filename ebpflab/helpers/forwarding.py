"""The helpers that ask where a packet goes, copy it, or rebuild it for its way.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.helpers.contract import Arg, ArgFlag
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map

LENGTH_BYTES = 4
INGRESS = 0x1  # BPF_F_INGRESS
ROOT_CGROUP = 1
IP_PROTOCOLS = (0x0008, 0xDD86)  # IPv4 and IPv6, as a little-endian machine reads
CLOCKS = (0, 1, 2)  # BPF_SKB_CLOCK_*; only the first needs no time


def asked_cgroup(env: Env, map: Map, index: int) -> int:
    """Tell whether something is in the cgroup of a slot: no slot holds one here."""
    outside = index & WORD32 >= map.spec.max_entries
    env.tell("effect-lookup-missed", map=map.name)
    return -errno.E2BIG if outside else -errno.EAGAIN


@helper(
    Arg.PTR_TO_CTX, Arg.PTR_TO_WRITABLE_MEM, Arg.CONST_SIZE, Arg.ANYTHING, gpl_only=True
)
def fib_lookup(env: Env, ctx: int, parameters: int, size: int, flags: int) -> int:
    """Ask the routing table where a packet goes."""
    return env.kernel("fib_lookup", ctx, parameters, size, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.fixed_mem(LENGTH_BYTES, ArgFlag.MEM_WRITE | ArgFlag.MEM_ALIGNED),
    Arg.ANYTHING,
    Arg.ANYTHING,
    gpl_only=True,
)
def check_mtu(
    env: Env, ctx: int, interface: int, length: int, difference: int, flags: int
) -> int:
    """Tell whether a packet fits an interface."""
    return env.kernel("check_mtu", ctx, interface, length, difference, flags)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def clone_redirect(env: Env, ctx: int, interface: int, flags: int) -> int:
    """Send a copy of the packet to an interface."""
    if flags & ~INGRESS:
        env.tell("effect-refused")
        return -errno.EINVAL
    env.tell("effect-redirect", to=interface & WORD32)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING)
def skb_set_tstamp(env: Env, ctx: int, time: int, type: int) -> int:
    """Say when the packet is to leave."""
    type, is_dated = type & WORD32, bool(time)
    known = env.context("protocol") in IP_PROTOCOLS
    if not known or type not in CLOCKS or (type and not is_dated):
        env.tell("effect-refused")
        return -errno.EINVAL if known else -errno.EOPNOTSUPP
    env.set_context("tstamp", time)
    env.tell("effect-set")
    return 0


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.ANYTHING)
def skb_under_cgroup(env: Env, ctx: int, map: Map, index: int) -> int:
    """Tell whether the socket of the packet is in a cgroup."""
    return asked_cgroup(env, map, index)


@helper(Arg.PTR_TO_CTX)
def skb_cgroup_id(env: Env, ctx: int) -> int:
    """Return the number of the cgroup of the socket of the packet."""
    env.tell("effect-answer", answer=ROOT_CGROUP)
    return ROOT_CGROUP


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def skb_ancestor_cgroup_id(env: Env, ctx: int, level: int) -> int:
    """Return the number of a cgroup above it."""
    answer = ROOT_CGROUP if level & WORD32 == 0 else 0
    env.tell("effect-answer", answer=answer)
    return answer
