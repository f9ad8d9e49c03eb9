"""The helpers that ask the machine: the time, the CPU, a random number.

Source: bpf-helpers(7).
"""

from ebpflab.helpers.proto import Env, helper


@helper()
def ktime_get_ns(env: Env) -> int:
    """Return nanoseconds since boot, not counting suspend."""
    env.tell("effect-clock")
    return env.clock_ns()


@helper()
def get_smp_processor_id(env: Env) -> int:
    """Return the number of the CPU that runs the program."""
    env.tell("effect-cpu", cpu=env.cpu)
    return env.cpu


@helper()
def get_prandom_u32(env: Env) -> int:
    """Return a pseudo-random 32-bit number."""
    env.tell("effect-random")
    return env.random_u32()
