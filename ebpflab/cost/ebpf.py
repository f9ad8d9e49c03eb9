"""What eBPF costs here: small programs in the real kernel, timed by BPF_PROG_TEST_RUN.

A run's time includes the harness that calls the program again and again. A lookup's
is told without it: a hundred lookups in one program, less the empty program, divided by
a hundred. Each is loaded several times, for where the kernel puts the machine code
changes its speed. The kernel tells whole nanoseconds, rounded down: we take the middle.
"""

from ebpflab.errors import CostError
from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import encode
from ebpflab.linux import run
from ebpflab.program import MapSpec, Program

PACKET = bytes(64)
LOOKUPS = 100  # in one program
EMPTY = "r0 = 2\nexit"
LOOKUP = """
r1 = map[0] ll
r2 = r10
r2 += -4
call bpf_map_lookup_elem
"""
MAPS = {
    "ebpf_array_lookup": MapSpec("array", 4, 8, 1, name="table"),
    "ebpf_hash_lookup": MapSpec(
        "hash", 4, 8, 1, name="table", init={bytes(4): bytes(8)}
    ),
}
RUNS = ("ebpf_run", *MAPS)
REPEAT = 10_000
LOADS = 4  # in one round
ROUNDED_DOWN = 0.5  # ns, on average
_RUNS = f"loads, {REPEAT:,} runs by BPF_PROG_TEST_RUN"
HOW = dict.fromkeys(MAPS, f"{_RUNS}, {LOOKUPS} lookups less none") | {
    "ebpf_run": f"{_RUNS}, harness included"
}


def run_loops(name: str) -> list[float]:
    """Measure one of `RUNS`; return nanoseconds, one number for each load.

    Raises:  CostError: no such measurement. LinuxError: the kernel says no.
    """
    if name not in RUNS:
        raise CostError.of("cost-unknown", operation=name, known=", ".join(RUNS))
    empty = _ns(_program(EMPTY, ()))
    if name == "ebpf_run":
        return empty
    body = f"*(u32 *)(r10 -4) = 0\n{LOOKUP * LOOKUPS}\n{EMPTY}"
    lookups = _ns(_program(body, (MAPS[name],)))
    return [max(ns - min(empty), 0.0) / LOOKUPS for ns in lookups]


def _program(text: str, maps: tuple[MapSpec, ...]) -> Program:
    code = encode(assemble_insns(text, tuple(spec.name for spec in maps)))
    return Program(code, type="xdp", maps=maps)


def _ns(program: Program) -> list[float]:
    runs = (run(program, PACKET, repeat=REPEAT) for _ in range(LOADS))
    return [done.duration_ns + ROUNDED_DOWN for done in runs]
