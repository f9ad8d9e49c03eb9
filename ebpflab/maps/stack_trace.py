"""stack_trace: call stacks by number, filled by bpf_get_stackid.

Userspace reads and deletes them. Kernel differs: without a simulated kernel nothing
fills it. Source: bpf-helpers(7), bpf_get_stackid; errno as observed on Linux 6.18.
"""

import errno

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import map_type
from ebpflab.maps.described import Described
from ebpflab.maps.hash import Hash
from ebpflab.maps.rights import FROM_USERSPACE, CreateFlag, UpdateFlag

WORD = 8  # bytes: one address of a stack
BUILD_ID = 32  # bytes: or a place in a file, with the flag STACK_BUILD_ID
DEEPEST = 127  # addresses: sysctl kernel.perf_event_max_stack


@map_type
class StackTrace(Hash):
    """Stacks by their number."""

    type = "stack_trace"
    described = Described.NEVER
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE | CreateFlag.STACK_BUILD_ID

    def check_spec(self) -> None:
        spec = self.spec
        sized = spec.key_size == INDEX_SIZE and spec.value_size >= WORD
        word = BUILD_ID if spec.flags & CreateFlag.STACK_BUILD_ID else WORD
        whole = spec.value_size % word == 0 and spec.value_size <= word * DEEPEST
        if not sized or not whole or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "stack-trace-spec", most=WORD * DEEPEST)

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        raise self.refuse(errno.EINVAL, "stack-trace-full")

    def remove(self, key: bytes) -> None:
        buckets = 1 << (self.spec.max_entries - 1).bit_length()
        if int.from_bytes(key, "little") >= buckets:
            raise self.refuse(errno.E2BIG, "array-index", last=buckets - 1)
        super().remove(key)
