"""Machine code against the kernel: the second half of `make bench`.

Inputs are in the packet, the budget is on. The kernel's time is what its test run says,
the best of several loads, for they differ. Each figure is the best of several, with the
median behind it: what lies between is this machine's noise.
"""

import os
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ebpflab as lab
from ebpflab.jit import compiled
from ebpflab.jit.batch import Batch, run_native
from ebpflab.jit.module import module_of
from ebpflab.jit.tables import order_of
from ebpflab.vm.engines import Task
from ebpflab.vm.loaded import Library
from ebpflab.vm.setting import Setting

LOADS, TIMES = 10, 40
PACKETS = 50_000
HEAD = """r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = 0
r4 = r2
r4 += {bytes}
if r4 > r3 goto out
"""
LOOPS = {  # name: the program, bytes of packet
    "arithmetic": (
        HEAD.format(bytes=8) + "r0 = *(u32 *)(r2 +0)\nr3 = 20000\nagain: r0 += 3\n"
        "r0 ^= 5\nr0 *= 7\nr0 >>= 1\nr3 -= 1\nif r3 != 0 goto again\nout: exit",
        64,
    ),
    "branches": (
        HEAD.format(bytes=8) + "r5 = *(u32 *)(r2 +0)\nr3 = 20000\n"
        "again: r5 *= 1103515245\nr5 += 12345\nr4 = r5\nr4 >>= 16\nr4 &= 1\n"
        "r0 += r4\nr4 ^= 1\nr0 ^= r4\nr3 -= 1\nif r3 != 0 goto again\nout: exit",
        64,
    ),
    "stack": (
        HEAD.format(bytes=8) + "r0 = *(u32 *)(r2 +0)\nr3 = 20000\n"
        "again: *(u64 *)(r10 -8) = r3\nr4 = *(u64 *)(r10 -8)\n*(u32 *)(r10 -16) = r4\n"
        "r5 = *(u16 *)(r10 -16)\nr3 -= 1\nif r3 != 0 goto again\nout: exit",
        64,
    ),
    "packet checksum": (
        HEAD.format(bytes=1500) + "r3 = 750\nagain: r4 = *(u16 *)(r2 +0)\nr0 += r4\n"
        "r2 += 2\nr3 -= 1\nif r3 != 0 goto again\nout: exit",
        1500,
    ),
}


def times(action: Callable[[], float], count: int = TIMES) -> tuple[float, float]:
    """Return the best and the median of what an action measures, in ns."""
    found = [action() for _ in range(count)]
    return min(found), statistics.median(found)


def shown(pair: tuple[float, float]) -> str:
    return f"{pair[0]:>10.0f} ({pair[1]:.0f})"


def loops() -> None:
    """One packet, many turns: the kernel's test run and ours."""
    print(f"\n{'loop, ns a run':<18}{'kernel':>20}{'machine code':>22}{'ratio':>8}")
    for name, (text, size) in LOOPS.items():
        program = lab.assemble(text, type="xdp")
        data = struct.pack("<Q", 0x1234_5678_9ABC) + bytes(range(248)) * 7
        data, turns = data[:size], 5_000 if size > 64 else 50
        ours = times(lambda: jit(program, [data], turns).duration_ns)  # noqa: B023
        there = kernel(program, data, turns)
        told = f"{ours[0] / there[0]:.2f}" if there else "-"
        print(
            f"{name:<18}{shown(there) if there else '-':>20}{shown(ours):>22}{told:>8}"
        )


def jit(
    program: lab.Program, packets: list[bytes], turns: int = 1, **maps: lab.Map
) -> Batch:
    """Run in machine code; a budget that does not end the run."""
    library = Library.around(program, maps)
    before = Setting(library, data=b"", context={}, budget=1 << 40, seed=0)
    return run_native(Task(before, packets, turns))


def kernel(
    program: lab.Program, data: bytes, turns: int, **options: object
) -> tuple[float, float] | None:
    if lab.linux.available():
        return None
    run = lambda: lab.linux.run(program, data, repeat=turns, **options)  # noqa: E731
    return times(lambda: run().duration_ns, LOADS)


def balancer() -> None:
    """Many packets: what each costs in a batch, and in the kernel's test run."""
    obj = lab.compile(file=Path(__file__).with_name("bench_balancer.c"))
    program, packets = obj.programs["balance"], list(traffic(PACKETS))
    maps = lab.maps(obj)
    for number in range(256):
        maps["backends"][service(number)] = backend(number)
    before = jit(program, packets[:1], backends=maps["backends"])
    assert before[0].retval_name == "XDP_TX"

    def batch() -> float:
        return jit(program, packets, backends=maps["backends"]).duration_ns

    ours, there = times(batch), None
    if not lab.linux.available():
        with lab.linux.maps(obj)["backends"] as table:
            for number in range(256):
                table[service(number)] = backend(number)
            there = kernel(program, packets[0], 100_000, maps={"backends": table})
    told = f"{ours[0] / there[0]:.2f}" if there else "-"
    kernel_ = shown(there) if there else "-"
    print(f"{'load balancer':<18}{kernel_:>20}{shown(ours):>22}{told:>8}")


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
        f"\ncompiling {count} instructions: {made[0] / 1e6:.1f} ms "
        f"({writing[0] / 1e6:.1f} of it writing IR); loading them again: "
        f"{kept[0] / 1e6:.2f} ms, {kept[0] / made[0]:.2f} of it"
    )


def measured(action: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    action()
    return time.perf_counter_ns() - began


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
    """Print all of it."""
    loops()
    balancer()
    compiling()


if __name__ == "__main__":
    compare()
