"""Bounds that contradict each other: no number fits, so no run comes here.

Linux 6.18 says so and walks on, with the bits only; with the flag
BPF_F_TEST_REG_INVARIANTS it refuses. Source: its log. Names are the kernel's.
"""

from ebpflab.verifier.bounds import Bounds, contradiction, forget_bounds
from ebpflab.verifier.env import Env
from ebpflab.verifier.number_text import violation_text
from ebpflab.verifier.refusal import EFAULT, Refusal

TEST_REG_INVARIANTS = 1 << 7  # a flag of a program


def reg_bounds_sanity_check(env: Env, bounds: Bounds, register: str) -> Bounds:
    """Return the bounds, or what is left of them if no number fits.

    Args:    register: what the complaint calls it: `alu`, `true_reg1`, ...
    """
    how = contradiction(bounds)
    if not how:
        return bounds
    text = f"verifier bug: {violation_text(register, how, bounds)}"
    if env.program.flags & TEST_REG_INVARIANTS:
        raise Refusal(EFAULT, text)
    if env.log.is_on:
        env.log.tell(f"{text}\n")
    return forget_bounds(bounds)
