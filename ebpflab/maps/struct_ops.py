"""struct_ops: one structure of functions that programs fill for the kernel.

Its one value, under key 0, is the structure: zeros until it is put into place.

Kernel differs: without a simulated kernel nothing takes the structure, so no update
succeeds. Source: docs.kernel.org/bpf/libbpf; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import ENOTSUPP, CreateFlag, UpdateFlag
from ebpflab.program import MapSpec


@map_type
class StructOps(Map):
    """A structure of functions, not in place."""

    type = "struct_ops"
    described = Described.UNREAD
    value_access = False
    flags_taken = int(CreateFlag.LINK)

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.values = bytearray(spec.value_size)

    def check_spec(self) -> None:
        spec = self.spec
        sized = spec.key_size == INDEX_SIZE and spec.value_size and spec.btf
        if not sized or spec.max_entries != 1:
            raise self.refuse(errno.EINVAL, "struct-ops-spec")

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None if any(key) else 0

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if any(key) and flags == UpdateFlag.ANY:
            raise self.refuse(errno.E2BIG, "array-index", last=0)
        raise self.refuse(errno.EINVAL, "struct-ops-update")

    def remove(self, key: bytes) -> None:
        linked = self.spec.flags & CreateFlag.LINK
        number = errno.EOPNOTSUPP if linked else errno.ENOENT
        raise self.refuse(number, "struct-ops-delete")

    def freeze(self) -> None:
        """Refuse. Raises MapError."""
        raise self.refuse(ENOTSUPP, "struct-ops-update")

    def keys(self) -> Iterator[bytes]:
        return iter((bytes(INDEX_SIZE),))
