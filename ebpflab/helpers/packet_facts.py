"""The helpers that ask or tell small facts about a socket buffer's packet.

Kernel differs: the hash of a packet is another number here, and of sockets, routes and
cgroups there are none. Source: bpf-helpers(7); answers of a test run of Linux 6.18.
"""

import errno
import zlib

from ebpflab.helpers.congestion import marked_congested
from ebpflab.helpers.contract import Arg, ArgFlag
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.rights import ENOTSUPP

LAST_TYPE = 3  # PACKET_OTHERHOST
OVERFLOW_UID = 65534
SOCKET_OR_NULL = (Arg.PTR_TO_BTF_ID_SOCK_COMMON | ArgFlag.PTR_MAYBE_NULL,)
OF_THE_PACKET = (  # types that ask for the packet's cgroup, others for the process's
    "lwt_in",
    "lwt_out",
    "lwt_seg6local",
    "lwt_xmit",
    "sched_act",
    "sched_cls",
)


@helper(Arg.PTR_TO_CTX)
def get_hash_recalc(env: Env, ctx: int) -> int:
    """Return the hash of the packet's flow; make it when there is none."""
    if not env.context("hash"):
        env.set_context("hash", zlib.crc32(env.frame.data[:54]) or 1)
    env.tell("effect-answer", answer=env.context("hash"))
    return env.context("hash")


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def set_hash(env: Env, ctx: int, hash: int) -> int:
    """Give the packet a hash."""
    env.set_context("hash", hash & WORD32)
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX)
def set_hash_invalid(env: Env, ctx: int) -> int:
    """Forget the packet's hash."""
    env.set_context("hash", 0)
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def skb_change_type(env: Env, ctx: int, type: int) -> int:
    """Say for whom the packet is: this host 0, all 1, some 2, another 3."""
    type &= WORD32
    if type > LAST_TYPE:
        env.tell("effect-refused")
        return -errno.EINVAL
    env.set_context("pkt_type", type)
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX)
def get_route_realm(env: Env, ctx: int) -> int:
    """Return the realm of the packet's route: it has none."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(variants=dict.fromkeys(OF_THE_PACKET, (Arg.PTR_TO_CTX,)))
def get_cgroup_classid(env: Env, ctx: int = 0) -> int:
    """Return the class of the sender's cgroup: none."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX)
def skb_cgroup_classid(env: Env, ctx: int) -> int:
    """Return the class of the cgroup of the packet's socket: none."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def csum_update(env: Env, ctx: int, sum: int) -> int:
    """Add to a checksum that the network card made; it made none."""
    env.tell("effect-refused")
    return -ENOTSUPP


@helper(
    Arg.PTR_TO_CTX,
    variants=dict.fromkeys(("sk_reuseport", "syscall"), SOCKET_OR_NULL),
)
def get_socket_cookie(env: Env, ctx: int) -> int:
    """Return the number of the packet's socket."""
    env.tell("effect-answer", answer=1)
    return 1


@helper(Arg.PTR_TO_CTX)
def get_socket_uid(env: Env, ctx: int) -> int:
    """Return the owner of the packet's socket: nobody."""
    env.tell("effect-answer", answer=OVERFLOW_UID)
    return OVERFLOW_UID


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def csum_level(env: Env, ctx: int, level: int) -> int:
    """Say how many checksums the network card has verified."""
    return env.kernel("csum_level", ctx, level)


@helper(Arg.PTR_TO_CTX)
def skb_ecn_set_ce(env: Env, ctx: int) -> int:
    """Mark the packet as having met congestion."""
    frame = env.frame
    header = frame.data[frame.network :]
    mark = marked_congested(header, env.context("protocol"))
    if mark is None:
        env.tell("effect-answer", answer=0)
        return 0
    env.patch(frame.network, mark)
    env.tell("effect-stored", offset=frame.network, size=len(mark))
    return 1
