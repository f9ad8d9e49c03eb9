"""The helpers that make a socket buffer's packet longer or shorter, or tag it.

After such a change every pointer into the packet is invalid.
Source: bpf-helpers(7); limits as observed on Linux 6.18.
"""

import errno
from dataclasses import replace

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32

LONGEST = 65_549  # bytes: 65,535 and the link-layer header
ADDRESSES = 12  # bytes of an Ethernet header before its type
TAG = 4  # bytes: a VLAN tag
VLAN_TYPES = (0x0081, 0xA888)  # 802.1Q and 802.1ad, as a little-endian machine reads


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def skb_change_tail(env: Env, ctx: int, length: int, flags: int) -> int:
    """Give the packet another length; what is new is zeros."""
    frame, length = env.frame, length & WORD32
    if flags or not frame.network <= length <= LONGEST:
        env.tell("effect-refused")
        return -errno.EINVAL
    delta = length - len(frame.data)
    _take(env, frame.data[:length].ljust(length, b"\0"), 0)
    env.tell("effect-moved", delta=delta, size=length)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def skb_change_head(env: Env, ctx: int, room: int, flags: int) -> int:
    """Put zeros in front of the packet."""
    data, room = env.frame.data, room & WORD32
    if flags or len(data) + room > LONGEST:
        env.tell("effect-refused")
        return -errno.EINVAL
    _take(env, bytes(room) + data, room)
    env.tell("effect-moved", delta=-room, size=len(data) + room)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def skb_vlan_push(env: Env, ctx: int, type: int, tag: int) -> int:
    """Tag the packet; a tag that it has beside it goes into its bytes first."""
    type &= 0xFFFF
    if env.context("vlan_present"):
        data = env.frame.data
        inner = _tag_bytes(env.context("vlan_proto"), env.context("vlan_tci"))
        _take(env, data[:ADDRESSES] + inner + data[ADDRESSES:], TAG)
        env.set_context("protocol", env.context("vlan_proto"))
    _tag(env, type if type in VLAN_TYPES else VLAN_TYPES[0], tag & 0xFFFF)
    env.tell("effect-tagged", tag=tag & 0xFFFF)
    return 0


@helper(Arg.PTR_TO_CTX, moves_packet=True)
def skb_vlan_pop(env: Env, ctx: int) -> int:
    """Take the outermost tag away; the next one is then kept beside the packet."""
    if env.context("vlan_present"):
        for name in ("vlan_present", "vlan_proto", "vlan_tci"):
            env.set_context(name, 0)
    elif env.context("protocol") in VLAN_TYPES:
        _untag(env)
    env.tell("effect-untagged")
    outer = env.context("protocol")
    if outer in VLAN_TYPES:
        _tag(env, outer, _untag(env))
    return 0


def _tag(env: Env, type: int, tag: int) -> None:
    """Keep a tag beside the packet, as network cards hand it over."""
    env.set_context("vlan_present", 1)
    env.set_context("vlan_proto", type)
    env.set_context("vlan_tci", tag)


def _tag_bytes(type: int, tag: int) -> bytes:
    return type.to_bytes(2, "little") + tag.to_bytes(2, "big")


def _untag(env: Env) -> int:
    """Take a tag out of the packet's bytes; return it."""
    data = env.frame.data
    tag = int.from_bytes(data[ADDRESSES + 2 : ADDRESSES + TAG], "big")
    _take(env, data[:ADDRESSES] + data[ADDRESSES + TAG :], -TAG)
    after = data[ADDRESSES + TAG : ADDRESSES + TAG + 2]
    env.set_context("protocol", int.from_bytes(after, "little"))
    return tag


def _take(env: Env, data: bytes, shift: int) -> None:
    """Give the packet these bytes; its network header has moved by `shift`."""
    network = env.frame.network + shift
    if shift < 0:
        network = max(network, ADDRESSES + 2)
    env.move(replace(env.frame, data=data, network=network))
    env.set_context("len", len(data))
