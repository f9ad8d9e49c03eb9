"""The helpers that ask the machine: the time, the CPU, a random number.

Kernel differs: all clocks here are one clock, and the machine never sleeps.
Source: bpf-helpers(7).
"""

from ebpflab.helpers.proto import Env, helper

JIFFY_NS = 4_000_000  # 250 a second, as on most distributions
FIRST_JIFFY = (1 << 32) - 300 * 250  # the kernel starts five minutes before an overflow


@helper()
def ktime_get_ns(env: Env) -> int:
    """Return nanoseconds since boot, not counting suspend."""
    env.tell("effect-clock")
    return env.clock_ns()


@helper()
def ktime_get_boot_ns(env: Env) -> int:
    """Return nanoseconds since boot, counting suspend."""
    env.tell("effect-clock")
    return env.clock_ns()


@helper()
def ktime_get_coarse_ns(env: Env) -> int:
    """Return the nanoseconds at the last tick: cheaper, and less exact."""
    env.tell("effect-clock")
    return env.clock_ns() // JIFFY_NS * JIFFY_NS


@helper()
def ktime_get_tai_ns(env: Env) -> int:
    """Return nanoseconds of international atomic time."""
    env.tell("effect-clock")
    return env.clock_ns()


@helper()
def jiffies64(env: Env) -> int:
    """Return the number of timer ticks."""
    env.tell("effect-clock")
    return FIRST_JIFFY + env.clock_ns() // JIFFY_NS


@helper()
def get_smp_processor_id(env: Env) -> int:
    """Return the number of the CPU that runs the program."""
    env.tell("effect-cpu", cpu=env.cpu)
    return env.cpu


@helper()
def get_numa_node_id(env: Env) -> int:
    """Return the number of the memory node of this CPU."""
    env.tell("effect-answer", answer=0)
    return 0


@helper()
def get_prandom_u32(env: Env) -> int:
    """Return a pseudo-random 32-bit number."""
    env.tell("effect-random")
    return env.random_u32()
