"""What eBPF costs here: small programs in the real kernel, timed by BPF_PROG_TEST_RUN.

A run's time includes the harness that calls the program again and again. A lookup's
is told without it: ten lookups in one program, less the empty program, divided by ten.
"""

from ebpflab.errors import CostError
from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import encode
from ebpflab.linux import run
from ebpflab.program import MapSpec, Program

PACKET = bytes(64)
REPEAT = 100_000
LOOKUPS = 10  # in one program
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


def measure_run(name: str, samples: int) -> tuple[tuple[float, ...], str]:
    """Measure one of `RUNS`; return its samples, and how they were made.

    Raises:  CostError: no such measurement. LinuxError: the kernel says no.
    """
    if name not in RUNS:
        raise CostError.of("cost-unknown", operation=name, known=", ".join(RUNS))
    empty = _program(EMPTY, ())
    how = f"BPF_PROG_TEST_RUN, {REPEAT:,} runs, best of {samples}"
    if name == "ebpf_run":
        return tuple(_ns(empty) for _ in range(samples)), f"{how}, harness included"
    body = f"*(u32 *)(r10 -4) = 0\n{LOOKUP * LOOKUPS}\n{EMPTY}"
    lookups = _program(body, (MAPS[name],))
    bare = min(_ns(empty) for _ in range(samples))
    found = tuple(max(_ns(lookups) - bare, 0.0) / LOOKUPS for _ in range(samples))
    return found, f"{how}, {LOOKUPS} lookups less an empty program"


def _program(text: str, maps: tuple[MapSpec, ...]) -> Program:
    code = encode(assemble_insns(text, tuple(spec.name for spec in maps)))
    return Program(code, type="xdp", maps=maps)


def _ns(program: Program) -> float:
    return float(run(program, PACKET, repeat=REPEAT).duration_ns)
