"""Machine code against the kernel: the second half of `make bench`.

Inputs are in the packet, the budget is on. The kernel's time is what its test run says,
the best of several loads, for they differ; ours is measured in turn with it. Each
figure is the best of several, with the median behind it: what lies between is this
machine's noise. Without checks: proofs.py, in a process of its own.
"""

import os
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import ebpflab as lab
from ebpflab.jit import compiled, proofs
from ebpflab.jit.answers import Batch
from ebpflab.jit.batch import run_native
from ebpflab.jit.module import module_of
from ebpflab.jit.tables import order_of
from ebpflab.vm.engines import Task
from ebpflab.vm.loaded import Library
from ebpflab.vm.setting import Setting
from tests.bench_chart import Row, draw
from tests.bench_loops import LOOPS, Loop

LOADS, TIMES = 10, 4  # of the kernel; of ours, after each of those
PACKETS = 50_000


def times(action: Callable[[], float], count: int = LOADS * TIMES) -> tuple[float, ...]:
    """Return what an action measures, several times, in ns."""
    return tuple(action() for _ in range(count))


def in_turn(
    kernel: Callable[[], float], ours: Callable[[], float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure both by turns: what slows the machine down slows both."""
    there, here = list[float](), list[float]()
    for _ in range(LOADS):
        if not lab.linux.available():
            there.append(kernel())
        here += times(ours, TIMES)
    return tuple(there), tuple(here)


def shown(found: tuple[float, ...]) -> str:
    return f"{min(found):.0f} ({statistics.median(found):.0f})" if found else "-"


def tell(row: Row) -> None:
    ratios = (
        f"{row.ratio(found):.2f}" if row.kernel and found else "-"
        for found in (row.ours, row.unchecked)
    )
    columns = "".join(f"{text:>10}" for text in (*ratios, f"{row.wanted:.2f}"))
    print(f"{row.name:<20}{shown(row.kernel):>18}{shown(row.ours):>18}{columns}")


def measure(loop: Loop) -> Row:
    """One packet, many turns: the kernel's test run, ours, and ours without checks."""
    program, data, turns = loop.program, loop.data, loop.turns
    there, here = in_turn(
        lambda: lab.linux.run(program, data, repeat=turns).duration_ns,
        lambda: jit(program, [data], turns).duration_ns,
    )
    unchecked: tuple[float, ...] = ()
    if there:
        proof = proofs.prove(program, lab.linux.verify)
        unchecked = proofs.worth(program, data, proof, repeat=turns).unchecked_ns
    return Row(loop.name, there, here, unchecked, loop.wanted)


def jit(
    program: lab.Program, packets: list[bytes], turns: int = 1, **maps: lab.Map
) -> Batch:
    """Run in machine code; a budget that does not end the run."""
    library = Library.around(program, maps)
    before = Setting(library, data=b"", context={}, budget=1 << 40, seed=0)
    return run_native(Task(before, packets, turns))


def balancer() -> Row:
    """Many packets: what each costs in a batch, and in the kernel's test run."""
    obj = lab.compile(file=Path(__file__).with_name("bench_balancer.c"))
    program, packets = obj.programs["balance"], list(traffic(PACKETS))
    maps = lab.maps(obj)
    fill(maps["backends"])
    before = jit(program, packets[:1], backends=maps["backends"])
    assert before[0].retval_name == "XDP_TX"

    def here() -> float:
        return jit(program, packets, backends=maps["backends"]).duration_ns

    def there() -> float:
        given = {"backends": table}
        run = lab.linux.run(program, packets[0], repeat=100_000, maps=given)
        return run.duration_ns

    with ExitStack() as held:
        if not lab.linux.available():
            table = held.enter_context(lab.linux.maps(obj)["backends"])
            fill(table)
        return Row("load balancer", *in_turn(there, here), wanted=1.5)


def fill(backends: MutableMapping[bytes, bytes]) -> None:
    for number in range(256):
        backends[service(number)] = backend(number)


def service(number: int) -> bytes:
    return struct.pack("<4sHH", bytes([10, 0, 0, number]), 0x5000, 6)


def backend(number: int) -> bytes:
    """Return a backend that is a service itself: a repeated run finds it again."""
    return bytes([10, 0, 0, (number + 1) % 256, 2, 0, 0, 0, 0, number, 0, 0])


def traffic(count: int) -> Iterator[bytes]:
    """Yield TCP packets to 256 services."""
    for n in range(count):
        ip = bytes.fromhex("4500002800000000400600000a010101") + bytes(
            [10, 0, 0, n % 256]
        )
        yield bytes(12) + b"\x08\x00" + ip + struct.pack(">HH", 4000, 80) + bytes(16)


def compiling() -> None:
    """How long it takes to compile 100 instructions, and to load them again."""
    line = (
        "r0 += {n}\nr3 = r0\nr3 ^= r2\nif r3 > {n} goto l{n}\n"
        "*(u64 *)(r10 -{m}) = r3\nl{n}:"
    )
    body = "\n".join(line.format(n=n, m=8 * (n % 9 + 1)) for n in range(19))
    text = f"r2 = *(u32 *)(r1 +12)\nr0 = 1\n{body}\nexit"
    program = lab.assemble(text, type="xdp")
    order = order_of(Library.around(program, {}).first)
    jit(lab.assemble("r0 = 1\nexit", type="xdp"), [bytes(64)])

    def fresh() -> float:
        compiled._PROGRAMS.clear()
        with tempfile.TemporaryDirectory() as folder, caching(folder):
            return measured(lambda: compiled.compiled(order))

    def again() -> float:
        compiled._PROGRAMS.clear()
        return measured(lambda: compiled.compiled(order))

    made = times(fresh)
    compiled.compiled(order)
    kept, count = times(again), len([i for i in program.insns if i])
    writing = times(lambda: measured(lambda: module_of(order)))
    print(
        f"\ncompiling {count} instructions: {min(made) / 1e6:.1f} ms "
        f"({min(writing) / 1e6:.1f} of it writing IR); loading them again: "
        f"{min(kept) / 1e6:.2f} ms, {min(kept) / min(made):.2f} of it"
    )


def measured(action: Callable[[], object]) -> float:
    """Return the processor's time: a compiler is longer than a busy machine's slice."""
    began = time.process_time_ns()
    action()
    return time.process_time_ns() - began


@contextmanager
def caching(folder: str) -> Iterator[None]:
    """Let compiled code be kept in another folder for a while."""
    before = os.environ.get("EBPFLAB_CACHE")
    os.environ["EBPFLAB_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("EBPFLAB_CACHE")
        if before:
            os.environ["EBPFLAB_CACHE"] = before


def compare() -> None:
    """Print all of it, and draw it."""
    titles = ("ratio", "unchecked", "wanted")
    columns = "".join(f"{title:>10}" for title in titles)
    print(f"\n{'ns a run':<20}{'kernel':>18}{'machine code':>18}{columns}")
    rows = []
    for row in (*map(measure, LOOPS), balancer()):
        tell(row)
        rows.append(row)
    print(f"drawn: {draw(rows)}")
    compiling()


if __name__ == "__main__":
    compare()
