"""The verifier's speed, how it grows, its memory: the third part of `make bench`.

Each kind of program is judged in three sizes. What counts is processor time per
processed instruction, since that is what Linux counts too. The last columns: the
largest size's over the smallest's (1 = the work grows as the program does), and what
the log of level 1 adds at the middle size (1 = nothing). Then the most memory that long
walks take, each in a process of its own.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import ebpflab as lab
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify

TIMES = 3
SIZES = (1, 4, 16)


def arithmetic(size: int) -> str:
    """A loop that is counted out."""
    return f"""r0 = 0
    r3 = {500 * size}
    again: r0 += 3
    r0 ^= 5
    r0 &= 65535
    r3 -= 1
    if r3 != 0 goto again
    r0 = 0
    exit"""


def stack(size: int) -> str:
    """The same, with its numbers on a full stack."""
    slots = [f"*(u64 *)(r10 -{8 * n + 8}) = r6" for n in range(60)]
    change = "r1 = *(u64 *)(r10 -{0})\nr1 += 1\n*(u64 *)(r10 -{0}) = r1"
    changes = [change.format(8 * n + 8) for n in range(0, 60, 6)]
    sums = [f"r1 = *(u64 *)(r10 -{8 * n + 8})\nr0 += r1" for n in range(60)]
    begin = ["r6 = 0", *slots, f"r9 = {60 * size}", "again:"]
    end = ["r9 -= 1", "if r9 != 0 goto again", "r0 = 0", *sums, "exit"]
    return "\n".join([*begin, *changes, *end])


def branches(size: int) -> str:
    """A loop with two unknown branches in it: many kept states at each point."""
    return f"""r6 = 0
    r7 = {60 * size}
    again: call bpf_get_prandom_u32
    if r0 > 100 goto a
    r6 += 1
    a: call bpf_get_prandom_u32
    if r0 & 7 goto b
    r6 += 2
    b: r7 -= 1
    if r7 != 0 goto again
    r0 = r6
    exit"""


def unrolled(size: int) -> str:
    """No loop: a long program, each part of which looks at the packet."""
    part = """r4 = r2
    r4 += {0}
    if r4 > r3 goto out
    r5 = *(u8 *)(r2 +{1})
    if r5 > 7 goto skip{0}
    *(u64 *)(r10 -{2}) = r5
    skip{0}:"""
    parts = [part.format(n, n - 1, n % 32 * 8 + 8) for n in range(1, 40 * size + 1)]
    start = ["r2 = *(u32 *)(r1 +0)", "r3 = *(u32 *)(r1 +4)"]
    return "\n".join([*start, *parts, "out: r0 = 0", "exit"])


def calls(size: int) -> str:
    """A function of its own in a loop."""
    return f"""r6 = {100 * size}
    again: r1 = r6
    r2 = r10
    r2 += -8
    call twice
    r6 -= 1
    if r6 != 0 goto again
    r0 = 0
    exit
    twice: r1 += r1
    *(u64 *)(r2 +0) = r1
    r0 = r1
    exit"""


KINDS: tuple[Callable[[int], str], ...] = (arithmetic, stack, branches, unrolled, calls)


def best(program: Program, level: int = 0) -> tuple[Verdict, float]:
    """Return the verdict, and the shortest of several times in processor seconds."""
    times = []
    for _ in range(TIMES):
        began = time.process_time()
        verdict = verify(program, log_level=level)
        times.append(time.process_time() - began)
    return verdict, min(times)


def speed() -> None:
    """Print processed instructions a second, for each kind and size."""
    columns = "".join(f"{'processed':>12}{'a second':>10}" for _ in SIZES)
    print(f"\n{'verifier':<12}{columns}{'growth':>8}{'level 1':>9}")
    for kind in KINDS:
        row, costs, logged = f"{kind.__name__:<12}", [], 0.0
        for size in SIZES:
            program = lab.assemble(kind(size), type="xdp")
            verdict, seconds = best(program)
            assert verdict.accepted, verdict.message
            costs.append(seconds / verdict.insns_processed)
            row += f"{verdict.insns_processed:>12}{1 / costs[-1]:>10.0f}"
            if size == SIZES[1]:
                logged = best(program, level=1)[1] / seconds
        print(f"{row}{costs[-1] / costs[0]:>8.2f}{logged:>9.2f}")


ROUNDS = (100, 400)  # of `arithmetic`: a quarter of a million, and more than is walked
KIB, MIB = 1 << 10, 1 << 20


def memory() -> None:
    """Print the most memory that a long walk takes, at both levels."""
    print(f"\n{'verifier':<12}{'processed':>12}{'level 0':>14}{'level 1':>14}")
    for size in ROUNDS:
        row = [peak(size, level) for level in (0, 1)]
        shown = "".join(f"{bytes / MIB:>10.0f} MiB" for _, bytes in row)
        print(f"{'peak':<12}{row[0][0]:>12}{shown}")


def peak(size: int, level: int) -> tuple[int, int]:
    """Return processed instructions, and the bytes of a fresh process that did it."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as one:
        return one.submit(_walked, size, level).result()


def _walked(size: int, level: int) -> tuple[int, int]:
    verdict = verify(lab.assemble(arithmetic(size), type="xdp"), log_level=level)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return verdict.insns_processed, most * KIB
