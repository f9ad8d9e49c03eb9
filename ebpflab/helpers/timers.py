"""The helpers of the timer that a map value may hold.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.base import Map


@helper(Arg.PTR_TO_TIMER, Arg.CONST_MAP_PTR, Arg.ANYTHING, gpl_only=True)
def timer_init(env: Env, timer: int, map: Map, flags: int) -> int:
    """Make a timer ready; its map keeps it."""
    return env.kernel("timer_init", timer, map, flags)


@helper(Arg.PTR_TO_TIMER, Arg.PTR_TO_FUNC, gpl_only=True)
def timer_set_callback(env: Env, timer: int, function: int) -> int:
    """Say which function is called when it is time."""
    return env.kernel("timer_set_callback", timer, function)


@helper(Arg.PTR_TO_TIMER, Arg.ANYTHING, Arg.ANYTHING, gpl_only=True)
def timer_start(env: Env, timer: int, nanoseconds: int, flags: int) -> int:
    """Start a timer."""
    return env.kernel("timer_start", timer, nanoseconds, flags)


@helper(Arg.PTR_TO_TIMER, gpl_only=True)
def timer_cancel(env: Env, timer: int) -> int:
    """Stop a timer, and wait for its function."""
    return env.kernel("timer_cancel", timer)
