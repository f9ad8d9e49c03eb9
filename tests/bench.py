"""`make bench`: how long things take here, as ratios within this one run.

Machines are noisy and differ, so a figure alone says little: each engine is timed in
turn on the same program, several times over, and the best of each counts. The floor is
a naive interpreter, the obvious loop, kept here and nowhere else.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ebpflab as lab
from ebpflab.isa.insn import Insn

sys.path.insert(0, str(Path(__file__).parents[1]))  # it is run as a script
from tests import bench_compiled, bench_verifier

ROUNDS = 5
WORD = (1 << 64) - 1
SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}


def naive(insns: list[Insn], data: bytes) -> int:
    """Run a program the obvious way: one chain of ifs, no rights, no faults."""
    memory, stack = bytearray(data), bytearray(512)
    regs = [0] * 11
    regs[1], regs[2], regs[10] = 0x100000, len(data), 0x200000

    def place(address: int) -> tuple[bytearray, int]:
        if address >= 0x200000 - 512:
            return stack, address - 0x200000 + 512
        return memory, address - 0x100000

    pc = 0
    while True:
        insn = insns[pc]
        op, dst, src = insn.opcode, insn.dst, insn.src
        pc += 1
        kind = op & 7
        if kind in (4, 7):
            mask = WORD if kind == 7 else 0xFFFFFFFF
            b = (regs[src] if op & 8 else insn.imm) & mask
            a = regs[dst] & mask
            code = op >> 4
            if code == 0:
                a += b
            elif code == 1:
                a -= b
            elif code == 2:
                a *= b
            elif code == 3:
                a = a // b if b else 0
            elif code == 4:
                a |= b
            elif code == 5:
                a &= b
            elif code == 6:
                a <<= b & 63
            elif code == 7:
                a >>= b & 63
            elif code == 9:
                a = a % b if b else a
            elif code == 10:
                a ^= b
            elif code == 11:
                a = b
            regs[dst] = a & mask
        elif kind in (5, 6):
            code = op >> 4
            if code == 9:
                return regs[0]
            a, b = regs[dst], (regs[src] if op & 8 else insn.imm & WORD)
            if (
                code == 0
                or (code == 1 and a == b)
                or (code == 5 and a != b)
                or (code == 2 and a > b)
                or (code == 3 and a >= b)
                or (code == 10 and a < b)
                or (code == 11 and a <= b)
            ):
                pc += insn.off
        elif kind == 1:
            size = SIZES[op & 0x18]
            buffer, start = place(regs[src] + insn.off)
            regs[dst] = int.from_bytes(buffer[start : start + size], "little")
        else:
            size = SIZES[op & 0x18]
            buffer, start = place(regs[dst] + insn.off)
            value = regs[src] if kind == 3 else insn.imm
            value &= (1 << 8 * size) - 1
            buffer[start : start + size] = value.to_bytes(size, "little")


@dataclass(frozen=True, slots=True)
class Loop:
    """One program to time, and how many instructions one run of it executes."""

    name: str
    text: str
    data: bytes
    insns: int


LOOPS = (
    Loop(
        "arithmetic",
        """r0 = 0
        r3 = 20000
        again: r0 += 3
        r0 ^= 5
        r0 *= 7
        r0 >>= 1
        r3 -= 1
        if r3 != 0 goto again
        exit""",
        b"",
        120_003,
    ),
    Loop(
        "stack",
        """r0 = 0
        r3 = 20000
        again: *(u64 *)(r10 -8) = r3
        r4 = *(u64 *)(r10 -8)
        *(u32 *)(r10 -16) = r4
        r5 = *(u16 *)(r10 -16)
        r3 -= 1
        if r3 != 0 goto again
        exit""",
        b"",
        120_003,
    ),
    Loop(
        "packet checksum",
        """r0 = 0
        r3 = r1
        r3 += r2
        again: r4 = *(u16 *)(r1 +0)
        r0 += r4
        r1 += 2
        if r1 < r3 goto again
        r4 = r0
        r4 >>= 16
        r0 &= 65535
        r0 += r4
        exit""",
        bytes(range(250)) * 60,
        30_008,
    ),
)


def best_of(action: Callable[[], object]) -> float:
    """Return the shortest of several times, in seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


def engines() -> None:
    """Time the engines that are Python against the naive loop."""
    names = ("interpreter", "source")
    columns = "".join(f"{name:>16}{'ratio':>8}" for name in names)
    print(f"{'loop, ns an insn':<18}{'naive':>8}{columns}")
    for loop in LOOPS:
        program = lab.assemble(loop.text, type="raw")
        insns = [insn for insn in program.insns if insn]
        expected = naive(insns, loop.data)
        floor = best_of(lambda: naive(insns, loop.data))  # noqa: B023
        row = f"{loop.name:<18}{floor / loop.insns * 1e9:>8.0f}"
        for name in names:
            run = lambda: lab.run(program, loop.data, engine=name)  # noqa: B023, E731
            assert run().retval == expected
            ours = best_of(run)
            row += f"{ours / loop.insns * 1e9:>16.0f}{ours / floor:>8.2f}"
        print(row)


def start() -> None:
    """Time `import ebpflab` against a bare start of Python."""
    bare = best_of(lambda: subprocess.run([sys.executable, "-c", ""], check=True))
    command = [sys.executable, "-c", "import ebpflab"]
    ours = best_of(lambda: subprocess.run(command, check=True))
    print(f"\nimport ebpflab: {ours * 1e3:.0f} ms, {ours / bare:.2f} bare starts")


if __name__ == "__main__":
    engines()
    bench_compiled.compare()
    bench_verifier.speed()
    bench_verifier.memory()
    start()
