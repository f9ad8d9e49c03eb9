"""The loops that `make bench` runs in the kernel and in our machine code.

Their inputs are in the packet, so that no compiler can know the answer. What a ratio
may be depends on what a loop is made of, so there are several of each kind.
"""

import struct
from dataclasses import dataclass

import ebpflab as lab

HEAD = """r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = 0
r4 = r2
r4 += {bytes}
if r4 > r3 goto out
"""


@dataclass(frozen=True, slots=True)
class Loop:
    """One program; `wanted` is our time over the kernel's, at most."""

    name: str
    body: str
    wanted: float
    bytes: int = 64  # of packet
    turns: int = 50  # in one measurement

    @property
    def program(self) -> lab.Program:
        needed = 8 if self.bytes == 64 else self.bytes
        text = f"{HEAD.format(bytes=needed)}{self.body}\nout: exit"
        return lab.assemble(text, type="xdp")

    @property
    def data(self) -> bytes:
        return (struct.pack("<Q", 0x1234_5678_9ABC) + bytes(range(248)) * 7)[
            : self.bytes
        ]


LOOPS = (
    Loop(  # MurmurHash3 (public domain): rotations, which eBPF must spell out
        "arithmetic: a hash",
        "r0 = *(u32 *)(r2 +0)\nr5 = *(u32 *)(r2 +4)\nr3 = 20000\n"
        "again: w1 = w3\nw1 ^= w5\nw1 *= 0xcc9e2d51\nw2 = w1\nw2 <<= 15\nw1 >>= 17\n"
        "w1 |= w2\nw1 *= 0x1b873593\nw0 ^= w1\nw2 = w0\nw2 <<= 13\nw0 >>= 19\n"
        "w0 |= w2\nw0 *= 5\nw0 += 0xe6546b64\nr3 -= 1\nif r3 != 0 goto again",
        0.75,
    ),
    Loop(  # each step waits for the one before: 5 cycles, of which nobody saves two
        "arithmetic: a chain",
        "r0 = *(u32 *)(r2 +0)\nr3 = 20000\nagain: r0 += 3\nr0 ^= 5\nr0 *= 7\n"
        "r0 >>= 1\nr3 -= 1\nif r3 != 0 goto again",
        1.05,
    ),
    Loop(  # a linear congruence, and one of its bits
        "branches: chance",
        "r5 = *(u32 *)(r2 +0)\nr3 = 20000\nagain: r5 *= 1103515245\nr5 += 12345\n"
        "r4 = r5\nr4 >>= 16\nr4 &= 1\nr0 += r4\nr4 ^= 1\nr0 ^= r4\nr3 -= 1\n"
        "if r3 != 0 goto again",
        0.75,
    ),
    Loop(  # odd numbers that none of 3, 5, ... 31 divides
        "branches: primes",
        "r5 = *(u32 *)(r2 +0)\nr5 |= 1\nr3 = 200\nnext: r4 = 3\nr1 = 15\n"
        "try: r2 = r5\nr2 %= r4\nif r2 == 0 goto composite\nr4 += 2\nr1 -= 1\n"
        "if r1 != 0 goto try\nr0 += 1\ncomposite: r5 += 2\nr3 -= 1\n"
        "if r3 != 0 goto next",
        0.75,
        turns=500,
    ),
    Loop(
        "stack",
        "r0 = *(u32 *)(r2 +0)\nr3 = 20000\nagain: *(u64 *)(r10 -8) = r3\n"
        "r4 = *(u64 *)(r10 -8)\n*(u32 *)(r10 -16) = r4\nr5 = *(u16 *)(r10 -16)\n"
        "r3 -= 1\nif r3 != 0 goto again",
        1.05,
    ),
    Loop(
        "packet checksum",
        "r3 = 750\nagain: r4 = *(u16 *)(r2 +0)\nr0 += r4\nr2 += 2\nr3 -= 1\n"
        "if r3 != 0 goto again",
        1.2,
        bytes=1500,
        turns=5_000,
    ),
)
