"""stack_trace: call stacks by number, filled by bpf_get_stackid.

Userspace reads and deletes them. Kernel differs: without a simulated kernel nothing
fills it. Source: bpf-helpers(7), bpf_get_stackid; errno as observed on Linux 6.18.
"""

import errno

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import map_type
from ebpflab.maps.hash import Hash
from ebpflab.maps.rights import FROM_USERSPACE, CreateFlag, UpdateFlag

WORD = 8  # bytes: one address of a stack
DEEPEST = 127  # addresses: sysctl kernel.perf_event_max_stack


@map_type
class StackTrace(Hash):
    """Stacks by their number."""

    type = "stack_trace"
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE | CreateFlag.STACK_BUILD_ID

    def check_spec(self) -> None:
        spec = self.spec
        sized = spec.key_size == INDEX_SIZE and spec.value_size >= WORD
        whole = spec.value_size % WORD == 0 and spec.value_size <= WORD * DEEPEST
        if not sized or not whole or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "stack-trace-spec", most=WORD * DEEPEST)

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        raise self.refuse(errno.EINVAL, "stack-trace-full")
