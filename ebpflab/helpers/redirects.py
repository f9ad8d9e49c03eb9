"""The helpers that send a packet elsewhere; the program returns what they return.

Kernel differs: nothing is sent, as in a test run of Linux. Source: bpf-helpers(7).
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.sockets import Xskmap
from ebpflab.maps.targets import Cpumap, Devmap

XDP_ABORTED, XDP_REDIRECT = 0, 4
TC_ACT_SHOT, TC_ACT_REDIRECT = 2, 7
INGRESS = 0x1  # BPF_F_INGRESS
ACTION_MASK = 0x3  # of redirect_map's flags: what to return when the slot is empty
BROADCAST, EXCLUDE_INGRESS = 0x8, 0x10
NEIGHBOR_BYTES = 20  # struct bpf_redir_neigh


@helper(Arg.ANYTHING, Arg.ANYTHING)
def redirect(env: Env, interface: int, flags: int) -> int:
    """Send the packet to another interface."""
    if env.program_type == "xdp":
        answer = XDP_ABORTED if flags else XDP_REDIRECT
    else:
        answer = TC_ACT_SHOT if flags & ~INGRESS else TC_ACT_REDIRECT
    env.tell("effect-redirect", to=interface & WORD32)
    return answer


@helper(Arg.ANYTHING, Arg.ANYTHING)
def redirect_peer(env: Env, interface: int, flags: int) -> int:
    """Send the packet to the other end of a pair, in its own namespace."""
    env.tell("effect-redirect", to=interface & WORD32)
    return TC_ACT_SHOT if flags else TC_ACT_REDIRECT


@helper(Arg.ANYTHING, Arg.PTR_TO_MEM_OR_NULL, Arg.CONST_SIZE_OR_ZERO, Arg.ANYTHING)
def redirect_neigh(env: Env, interface: int, neighbor: bytes, flags: int) -> int:
    """Send the packet to another interface, with the link address of a neighbor."""
    odd = flags or (neighbor and len(neighbor) < NEIGHBOR_BYTES)
    env.tell("effect-redirect", to=interface & WORD32)
    return TC_ACT_SHOT if odd else TC_ACT_REDIRECT


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING, Arg.ANYTHING)
def redirect_map(env: Env, map: Devmap | Xskmap, index: int, flags: int) -> int:
    """Send the packet where a map says."""
    known = ACTION_MASK
    if not isinstance(map, Cpumap | Xskmap):
        known |= BROADCAST | EXCLUDE_INGRESS
    if flags & ~known:
        env.tell("effect-refused")
        return XDP_ABORTED
    key = (index & WORD32).to_bytes(4, "little")
    if not map.holds(key) and not flags & BROADCAST:
        env.tell("effect-lookup-missed", map=map.name)
        return flags & ACTION_MASK
    env.tell("effect-redirect", to=index & WORD32)
    return XDP_REDIRECT
