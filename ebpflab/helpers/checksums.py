"""The helpers of internet checksums: one's complement sums of 16-bit words.

Source: RFC 1071, RFC 1624; bpf-helpers(7); flags as observed on Linux 6.18.
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32

FIELD_SIZE = 0xF  # flags: bytes of the field that changed; 0 = `to` is a difference
PSEUDO_HEADER = 0x10  # BPF_F_PSEUDO_HDR
MANGLED_0 = 0x20  # BPF_F_MARK_MANGLED_0: 0 means "no checksum" (UDP)
ENFORCE = 0x40  # BPF_F_MARK_ENFORCE
IPV6 = 0x80  # BPF_F_IPV6
L4_FLAGS = FIELD_SIZE | PSEUDO_HEADER | MANGLED_0 | ENFORCE | IPV6
LARGEST_OFFSET = 0xFFFF


def folded(sum: int) -> int:
    """Return a sum as 16 bits, carries added in again."""
    while sum >> 16:
        sum = (sum & 0xFFFF) + (sum >> 16)
    return sum


def sum_of(data: bytes, start: int = 0) -> int:
    """Return the one's complement sum of 16-bit words, as this machine reads them."""
    padded = data + bytes(len(data) % 2)
    pairs = range(0, len(padded), 2)
    words = (int.from_bytes(padded[i : i + 2], "little") for i in pairs)
    return start + sum(words)


@helper(
    Arg.PTR_TO_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.PTR_TO_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    pkt_access=True,
)
def csum_diff(env: Env, old: bytes, new: bytes, seed: int) -> int:
    """Return the sum of `new` without that of `old`, begun with `seed`; 16 bits."""
    if len(old) % 4 or len(new) % 4:
        return -errno.EINVAL
    seed &= WORD32
    if old and not new:
        answer = _inverted(folded(sum_of(old, ~seed & WORD32)))
    else:
        removed = _inverted(folded(sum_of(old))) if old else 0
        answer = folded(sum_of(new, seed) + removed)
    env.tell("effect-answer", answer=answer)
    return answer


def _inverted(sum: int) -> int:
    return sum ^ 0xFFFF


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.ANYTHING,
    moves_packet=True,
)
def l3_csum_replace(
    env: Env, ctx: int, offset: int, old: int, new: int, flags: int
) -> int:
    """Mend an IP header's checksum at `offset` after a field of it changed."""
    if flags & ~FIELD_SIZE:
        return -errno.EINVAL
    return _replaced(env, offset & WORD32, old, new, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.ANYTHING,
    moves_packet=True,
)
def l4_csum_replace(
    env: Env, ctx: int, offset: int, old: int, new: int, flags: int
) -> int:
    """Mend a TCP, UDP or ICMP checksum at `offset` after a field changed."""
    if flags & ~L4_FLAGS:
        return -errno.EINVAL
    return _replaced(env, offset & WORD32, old, new, flags)


def _replaced(env: Env, offset: int, old: int, new: int, flags: int) -> int:
    data, size = env.frame.data, flags & FIELD_SIZE
    if offset > LARGEST_OFFSET or offset % 2 or offset + 2 > len(data):
        env.tell("effect-refused")
        return -errno.EFAULT
    before = int.from_bytes(data[offset : offset + 2], "little")
    if flags & MANGLED_0 and not flags & ENFORCE and not before:
        env.tell("effect-answer", answer=0)
        return 0
    if size not in (0, 2, 4) or (size == 0 and old):
        env.tell("effect-refused")
        return -errno.EINVAL
    after = _mended(before, old & WORD32, new & WORD32, size)
    if flags & MANGLED_0 and not after:
        after = 0xFFFF
    env.patch(offset, after.to_bytes(2, "little"))
    env.tell("effect-stored", offset=offset, size=2)
    return 0


def _mended(checksum: int, old: int, new: int, size: int) -> int:
    """Return the checksum after `old` became `new` (RFC 1624, equation 3)."""
    mask = 0xFFFF if size == 2 else WORD32
    removed = ~old & mask if size else 0
    return _inverted(folded(_inverted(checksum) + removed + (new & mask)))
