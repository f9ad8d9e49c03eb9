"""The helpers that call programs and functions: tail calls, loops, each element.

A helper with a callback is a generator: it yields each call that it wants, and is sent
what the callback returned. Source: bpf-helpers(7); limits as observed on Linux 6.18.
"""

import errno
from collections.abc import Generator

from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.proto import Callback, Env, TailCall, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.array import Array
from ebpflab.maps.hash import Hash
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.prog_array import ProgArray

MAX_LOOPS = 1 << 23  # BPF_MAX_LOOPS
INDEX_BYTES = 4


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.ANYTHING, ret=Ret.VOID)
def tail_call(env: Env, ctx: int, map: ProgArray, index: int) -> int | TailCall:
    """Go on in another program, for good; an empty slot changes nothing."""
    program = map.things.get(index & WORD32)
    if program is None:
        env.tell("effect-tail-call-missed", map=map.name, index=index & WORD32)
        return -errno.ENOENT
    env.tell("effect-tail-call", map=map.name, name=program.name)
    return TailCall(program)


@helper(Arg.ANYTHING, Arg.PTR_TO_FUNC, Arg.PTR_TO_STACK_OR_NULL, Arg.ANYTHING)
def loop(
    env: Env, rounds: int, function: int, context: int, flags: int
) -> Generator[Callback, int, int]:
    """Call a function with 0, 1, 2 ... until it returns 1; return how many calls."""
    rounds &= WORD32
    if flags:
        return -errno.EINVAL
    if rounds > MAX_LOOPS:
        return -errno.E2BIG
    env.tell("effect-loop", rounds=rounds)
    for index in range(rounds):
        if (yield Callback(function, (index, context))):
            return index + 1
    return rounds


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_FUNC, Arg.PTR_TO_STACK_OR_NULL, Arg.ANYTHING)
def for_each_map_elem(
    env: Env, map: Array | Hash, function: int, context: int, flags: int
) -> Generator[Callback, int, int]:
    """Call a function with each key and value, until it returns 1.

    Returns: how many elements it was called with.
    """
    if flags:
        return -errno.EINVAL
    env.tell("effect-for-each", map=map.name)
    calls = 0
    for key in map:
        start = map.find(key, env.cpu if isinstance(map, PerCpu) else 0)
        if start is not None:  # it may have been deleted meanwhile
            where = env.scratch(f"{map.name}.key", key)
            args = env.handle_of(map), where, env.address_of(map, start), context
            calls += 1
            if (yield Callback(function, args)):
                break
    return calls
