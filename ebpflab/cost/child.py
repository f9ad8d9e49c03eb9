"""The process that is measured: one CPU, nothing else in it. Not to be imported.

    python -I -S child.py LIBRARY SECONDS LOOPS OPERATION...

It prints one line an operation: its name, then nanoseconds, one number for each loop.
The operations take turns, loop by loop, so that what slows the machine for a moment
slows all of them. A child of its own, so that pinning it to a CPU, or tracing it,
touches nobody else; it imports nothing of the kit, so that it is there at once.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ctypes import CDLL, c_int, c_long, c_void_p

FILES = {  # what a loop's file descriptor is; pread: the library, which is in memory
    "read_1": ("/dev/zero", os.O_RDONLY),
    "write_1": ("/dev/null", os.O_WRONLY),
}
CACHED = ("pread_1", "pread_4096")
TRIES = 3  # the first call of all finds cold caches, any may be interrupted

Rounds = Callable[[int], int]  # runs a loop n times; nanoseconds


def main() -> None:
    library, seconds, loops, *operations = sys.argv[1:]
    _stay()
    with ExitStack() as stack:
        timed = {
            name: stack.enter_context(_rounds(library, name)) for name in operations
        }
        counts = {
            name: _enough(rounds, float(seconds) * 1e9)
            for name, rounds in timed.items()
        }
        found: dict[str, list[float]] = {name: [] for name in operations}
        for _ in range(int(loops)):
            for name, rounds in timed.items():
                found[name].append(rounds(counts[name]) / counts[name])
    for name, samples in found.items():
        sys.stdout.write(f"{name} {' '.join(map(str, samples))}\n")


def _stay() -> None:
    """Stay on the CPU where the scheduler put us: it chose one that was idle."""
    libc = CDLL(None)
    if hasattr(os, "sched_setaffinity") and hasattr(libc, "sched_getcpu"):
        os.sched_setaffinity(0, {libc.sched_getcpu()})


def _enough(rounds: Rounds, wanted_ns: float) -> int:
    """Return how many rounds last about as long as wanted, when nothing disturbs."""
    count = 1
    while (took := _best(rounds, count)) < wanted_ns / 4 and count < 1 << 40:
        count *= 4 if took < wanted_ns / 64 else 2
    return max(1, int(count * wanted_ns / max(took, 1)))


def _best(rounds: Rounds, count: int) -> int:
    return min(rounds(count) for _ in range(TRIES))


@contextmanager
def _rounds(library: str, operation: str) -> Iterator[Rounds]:
    """Give a function that runs the loop n times and returns the nanoseconds."""
    loops, clock = CDLL(library), ctypes.cast(CDLL(None).clock_gettime, c_void_p)
    if operation == "ping":
        with _other_process(loops) as (from_other, to_other):
            ping = loops.ping
            ping.restype, ping.argtypes = c_long, (c_long, c_void_p, c_int, c_int)
            yield lambda n: int(ping(n, clock, from_other, to_other))
        return
    loop = getattr(loops, operation)
    loop.restype, loop.argtypes = c_long, (c_long, c_void_p, c_int)
    cached = (library, os.O_RDONLY)
    elsewhere = FILES.get(operation, ("/dev/null", os.O_RDONLY))
    fd = os.open(*(cached if operation in CACHED else elsewhere))
    yield lambda n: int(loop(n, clock, fd))
    os.close(fd)


@contextmanager
def _other_process(loops: CDLL) -> Iterator[tuple[int, int]]:
    """Give two ends of pipes: a byte into one comes back, from another process.

    It is there before the clock starts, and ends when nobody can write to it any more.
    """
    (from_us, to_other), (from_other, to_us) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(to_other)
        loops.pong(from_us, to_us)
        os._exit(0)
    yield from_other, to_other
    for fd in (from_us, to_other, from_other, to_us):
        os.close(fd)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
