"""The process that is measured: one CPU, nothing else in it. Not to be imported.

    python -m ebpflab.cost.child LIBRARY OPERATION SECONDS SAMPLES

It prints one number a line: nanoseconds an operation, one for each sample. A child of
its own, so that pinning it to a CPU, or tracing it, touches nobody else.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL, c_int, c_long, c_void_p

PAGE = 4096
FILES = {  # what a loop's file descriptor is
    "read_1": ("/dev/zero", os.O_RDONLY),
    "write_1": ("/dev/null", os.O_WRONLY),
}
CACHED = ("pread_1", "pread_4096")  # these read a file that is in memory


def main() -> None:
    library, operation, seconds, samples = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    loops, clock = CDLL(library), ctypes.cast(CDLL(None).clock_gettime, c_void_p)
    with _rounds(loops, operation, clock) as rounds:
        count = _enough(rounds, float(seconds) * 1e9)
        for _ in range(int(samples)):
            sys.stdout.write(f"{rounds(count) / count}\n")


def _enough(rounds, wanted_ns: float) -> int:  # type: ignore[no-untyped-def]
    """Return how many rounds last about as long as wanted."""
    count = 1
    while (took := rounds(count)) < wanted_ns / 4 and count < 1 << 40:
        count *= 4 if took < wanted_ns / 64 else 2
    return max(1, int(count * wanted_ns / max(took, 1)))


@contextmanager
def _rounds(loops: CDLL, operation: str, clock: c_void_p) -> Iterator:  # type: ignore[type-arg]
    """Give a function that runs the loop n times and returns the nanoseconds."""
    if operation == "ping":
        yield from _between_two_processes(loops, clock)
        return
    loop = getattr(loops, operation)
    loop.restype, loop.argtypes = c_long, (c_long, c_void_p, c_int)
    with tempfile.TemporaryFile() as file:
        file.write(bytes(PAGE))
        file.flush()
        path, flags = FILES.get(operation, ("/dev/null", os.O_RDONLY))
        fd = file.fileno() if operation in CACHED else os.open(path, flags)
        yield lambda n: loop(n, clock, fd)


def _between_two_processes(loops: CDLL, clock: c_void_p) -> Iterator:  # type: ignore[type-arg]
    """Ping: a byte goes to another process on this CPU, and comes back."""
    loops.ping.restype, loops.ping.argtypes = c_long, (c_long, c_void_p, c_int, c_int)

    def rounds(n: int) -> int:
        (from_us, to_other), (from_other, to_us) = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            loops.pong(c_long(n), from_us, to_us)
            os._exit(0)
        took = int(loops.ping(n, clock, from_other, to_other))
        os.waitpid(pid, 0)
        for fd in (from_us, to_other, from_other, to_us):
            os.close(fd)
        return took

    yield rounds


if __name__ == "__main__":
    main()
