"""The helpers of tunnels, encapsulation and IPsec: what a packet came or is to go in.

Kernel differs: a packet of a run alone came through no tunnel.
Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper

KEY_BYTES = (8, 24, 28, 44)  # struct bpf_tunnel_key, as it grew
KEY_FLAGS = 0x3F  # BPF_F_ZERO_CSUM_TX ... BPF_F_TUNINFO_FLAGS


def _nothing(env: Env, to: int, size: int, refusal: int) -> int:
    """Write zeros: the packet came through no tunnel."""
    env.write(to, bytes(size))
    env.tell("effect-refused")
    return -refusal


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE, Arg.ANYTHING)
def skb_get_tunnel_key(env: Env, ctx: int, to: int, size: int, flags: int) -> int:
    """Write from which tunnel the packet came."""
    return _nothing(env, to, size, errno.EINVAL)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING)
def skb_set_tunnel_key(env: Env, ctx: int, key: bytes, flags: int) -> int:
    """Say into which tunnel the packet goes."""
    known = len(key) in KEY_BYTES and not flags & ~KEY_FLAGS
    env.tell("effect-set" if known else "effect-refused")
    return 0 if known else -errno.EINVAL


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def skb_get_tunnel_opt(env: Env, ctx: int, to: int, size: int) -> int:
    """Write the options of the tunnel that the packet came from."""
    return _nothing(env, to, size, errno.ENOENT)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
def skb_set_tunnel_opt(env: Env, ctx: int, options: bytes) -> int:
    """Say the options of the tunnel that the packet goes into."""
    return env.kernel("skb_set_tunnel_opt", ctx, options)


@helper(
    Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE, Arg.ANYTHING
)
def skb_get_xfrm_state(
    env: Env, ctx: int, index: int, to: int, size: int, flags: int
) -> int:
    """Write how the packet was decrypted."""
    return _nothing(env, to, size, errno.EINVAL)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE, moves_packet=True)
def lwt_push_encap(env: Env, ctx: int, type: int, header: bytes) -> int:
    """Put a header in front of the packet."""
    return env.kernel("lwt_push_encap", ctx, type, header)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE, moves_packet=True)
def lwt_seg6_store_bytes(env: Env, ctx: int, offset: int, data: bytes) -> int:
    """Write into the segment routing header."""
    return env.kernel("lwt_seg6_store_bytes", ctx, offset, data)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def lwt_seg6_adjust_srh(env: Env, ctx: int, offset: int, delta: int) -> int:
    """Make the segment routing header longer or shorter."""
    return env.kernel("lwt_seg6_adjust_srh", ctx, offset, delta)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE, moves_packet=True)
def lwt_seg6_action(env: Env, ctx: int, action: int, parameter: bytes) -> int:
    """Do what a segment asks for."""
    return env.kernel("lwt_seg6_action", ctx, action, parameter)
