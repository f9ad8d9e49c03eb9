"""The helpers of queues, stacks and bloom filters: push, pop, peek.

Source: bpf-helpers(7); docs.kernel.org/bpf/map_queue_stack.html.
"""

import errno

from ebpflab.errors import MapError
from ebpflab.helpers.contract import Arg
from ebpflab.helpers.map_access import check_writable
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.bloom_filter import BloomFilter
from ebpflab.maps.sequence import Queue


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_VALUE, Arg.ANYTHING, pkt_access=True)
def map_push_elem(env: Env, map: Queue | BloomFilter, value: bytes, flags: int) -> int:
    """Add a value; return 0 or a negative errno."""
    check_writable(map)
    try:
        env.write_map(map, lambda: map.put(value, flags))
    except MapError as error:
        env.tell("effect-map-refused", map=map.name, errno=error.errno)
        return -error.errno
    env.tell("effect-update", map=map.name)
    return 0


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_UNINIT_MAP_VALUE)
def map_pop_elem(env: Env, map: Queue, to: int) -> int:
    """Take the next value out; zeros and -ENOENT when there is none."""
    check_writable(map)
    return _next(env, map, to, taken=True)


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_UNINIT_MAP_VALUE)
def map_peek_elem(env: Env, map: Queue | BloomFilter, to: int) -> int:
    """Copy the next value; of a bloom filter, ask whether this one was put."""
    if isinstance(map, BloomFilter):
        found = map.holds(env.read(to, map.spec.value_size))
        env.tell("effect-lookup" if found else "effect-lookup-missed", map=map.name)
        return 0 if found else -errno.ENOENT
    return _next(env, map, to, taken=False)


def _next(env: Env, map: Queue, to: int, taken: bool) -> int:
    if not map.held:
        env.write(to, bytes(map.spec.value_size))
        env.tell("effect-lookup-missed", map=map.name)
        return -errno.ENOENT
    env.write(to, map.take() if taken else map.look())
    env.tell("effect-lookup", map=map.name)
    return 0
