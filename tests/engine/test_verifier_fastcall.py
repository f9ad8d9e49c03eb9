"""Spills around calls that lose no register need no stack, as in Linux."""

import pytest

from ebpflab.listing import assemble
from ebpflab.verifier.check import verify

FAST, SLOW = "bpf_get_smp_processor_id", "bpf_get_prandom_u32"
BASE = "r2 = 1\n*(u64 *)(r10 -64) = r2\nr1 = 1\n"
END = "r0 = 0\nexit"


def around(at: int, call: str = FAST, registers: str = "1") -> str:
    """Write a call with its registers saved at `at`, the innermost, and above it."""
    pairs = [(at - 8 * n, register) for n, register in enumerate(registers)]
    spills = [f"*(u64 *)(r10 -{off}) = r{number}" for off, number in reversed(pairs)]
    fills = [f"r{number} = *(u64 *)(r10 -{off})" for off, number in pairs]
    return "\n".join(["r1 = 1", "r2 = 2", *spills, f"call {call}", *fills, ""])


def moved(access: str) -> str:
    """Write an access at an offset that is not one number."""
    return f"r7 = r0\nr7 &= 8\nr6 = r10\nr6 += r7\n{access}\n"


PRINT = "r1 = r10\nr1 += -{}\nr2 = 8\nr3 = 0\ncall bpf_trace_printk\n"
PASSED = BASE + around(72) + "r1 = r10\ncall f\nr0 = 0\nexit\nf: {}\nr0 = 0\nexit"
FRAMES = "r2 = 1\n*(u64 *)(r10 -256) = r2\n"
CALLED = f"call f\n{END}\nf: {FRAMES}{END}"
PROGRAMS = {
    "nothing else": around(8) + END,
    "one": BASE + around(72) + END,
    "two": BASE + around(80, registers="12") + END,
    "one, then two": BASE + around(80) + around(80, registers="12") + END,
    "two places": BASE + around(80) + around(72) + END,
    "the last slot": "r2 = 1\n*(u64 *)(r10 -504) = r2\n" + around(512) + END,
    "below the stack": "r2 = 1\n*(u64 *)(r10 -512) = r2\n" + around(520) + END,
    "another call": BASE + around(72, SLOW) + END,
    "both calls": BASE + around(72) + around(72, SLOW) + END,
    "a register that is kept anyway": "r6 = 1\n" + around(72, registers="6") + END,
    "read again": BASE + around(72) + "r2 = *(u64 *)(r10 -72)\n" + END,
    "written again": BASE + around(72) + "*(u8 *)(r10 -72) = 1\n" + END,
    "written below": BASE + around(72) + "*(u64 *)(r10 -80) = 1\n" + END,
    "read by a helper": BASE + around(72) + PRINT.format(72) + END,
    "read somewhere": BASE + around(72) + moved("r1 = *(u64 *)(r6 -72)") + END,
    "written somewhere": BASE + around(72) + moved("*(u64 *)(r6 -72) = r7") + END,
    "read by a function": PASSED.format("r2 = *(u64 *)(r1 -72)"),
    "written by a function": PASSED.format("*(u64 *)(r1 -72) = 3"),
    "two frames that fit": FRAMES + around(264) + CALLED,
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("privileged", [True, False])
def test_the_stack_is_what_linux_needs(linux, name: str, privileged: bool) -> None:
    program = assemble(PROGRAMS[name], type="kprobe")
    if not privileged:
        program = assemble(PROGRAMS[name], type="xdp")
    ours, theirs = (
        judge(program, privileged=privileged, log_level=4)
        for judge in (verify, linux.verify)
    )
    assert (ours.accepted, ours.message) == (theirs.accepted, theirs.message)
    assert depth(ours.log) == depth(theirs.log)


def depth(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.startswith("stack depth")]
