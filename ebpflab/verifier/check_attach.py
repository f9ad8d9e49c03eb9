"""May a program of this type be loaded at all, for this place, with these flags?

Most of it is decided before the verifier looks at the instructions, so there is an
errno and no log. What a program type takes stands in `hooks/`.

Source: bpf(2), BPF_PROG_LOAD; errors as observed on Linux 6.18.
"""

from ebpflab.hooks import HOOKS, Hook
from ebpflab.isa.codec import SLOT_BYTES
from ebpflab.program import Program
from ebpflab.verifier.refusal import E2BIG, EINVAL, EPERM, Refusal, Unheard

KNOWN_FLAGS = 0xFF  # BPF_F_STRICT_ALIGNMENT ... BPF_F_TEST_REG_INVARIANTS
SLEEPABLE = 1 << 4
SLEEPING_TRACES = ("trace_fentry", "trace_fexit", "modify_return", "trace_iter")
NEVER_SLEEP = ("lsm_cgroup",)
MOST_INSNS = 1_000_000
NOT_BUILT_IN = ("lirc_mode2", "unspec")  # this kernel has no infrared; no type
NEEDS_A_PROGRAM = ("ext",)  # that it replaces a function of; without trampolines, none


def check_load(program: Program, *, privileged: bool) -> None:
    """Refuse what bpf(2) refuses before it asks the verifier.

    Raises:  Unheard: with the errno; there is no log.
    """
    if program.flags & ~KNOWN_FLAGS:
        raise Unheard(EINVAL)
    if not 0 < len(program.code) // SLOT_BYTES <= MOST_INSNS:
        raise Unheard(E2BIG)
    if program.type in NOT_BUILT_IN:
        raise Unheard(EINVAL)
    if program.type in NEEDS_A_PROGRAM:
        raise Unheard(EPERM)
    hook = HOOKS.get(program.type)
    if hook is not None:
        _check_hook(program, hook, privileged)


def _check_hook(program: Program, hook: Hook, privileged: bool) -> None:
    if hook.needs_perfmon and not privileged:
        raise Unheard(EPERM)
    if not hook.loads_for(program.expected_attach_type):
        raise Unheard(EINVAL)


def check_attach(program: Program, hook: Hook) -> None:
    """Refuse a program that must not sleep, or must (kernel: check_attach_btf_id)."""
    sleeps = bool(program.flags & SLEEPABLE)
    if hook.must_sleep and not sleeps:
        raise Refusal(EINVAL, "Syscall programs can only be sleepable")
    if sleeps and not (hook.may_sleep and _may_sleep(program)):
        kinds = "fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops"
        raise Refusal(EINVAL, f"Only {kinds} programs can be sleepable")


def _may_sleep(program: Program) -> bool:
    """Tell whether the place allows it, where the type does."""
    where = program.expected_attach_type
    if program.type == "tracing":
        return where in SLEEPING_TRACES
    return program.type != "lsm" or where not in NEVER_SLEEP
