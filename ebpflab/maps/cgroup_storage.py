"""cgroup_storage and percpu_cgroup_storage: the older values of control groups.

A value is made when a program is attached to a group, and the program finds its own
(bpf_get_local_storage); userspace cannot make one.

Kernel differs: there is one value, of the group that a program runs for here; it stays
from run to run, and userspace does not find it, as in a test run of Linux.
Source: docs.kernel.org/bpf/map_cgroup_storage.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator

from ebpflab.btf import Btf
from ebpflab.maps.base import Map, map_type, padded
from ebpflab.maps.described import cgroup_key
from ebpflab.maps.owners import Cgroup
from ebpflab.maps.percpu import LARGEST_VALUE, PerCpu
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import MapSpec

ID_SIZE, KEY_SIZE = 8, 16  # bytes: the group's id alone, or with an attach type


@map_type
class CgroupStorage(Map):
    """The value of the group that a program is attached to."""

    type = "cgroup_storage"
    flags_taken = CreateFlag.NUMA_NODE | EVERY_ACCESS
    values_in_slot = 1
    largest = 65_407  # bytes of a value

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.stride = padded(spec.value_size)
        self.values = bytearray(self.stride * self.values_in_slot)

    def _check_flags(self) -> None:
        """Refuse odd sizes first, as Linux does."""
        spec = self.spec
        if spec.key_size not in (ID_SIZE, KEY_SIZE) or not spec.value_size:
            raise self.refuse(errno.EINVAL, "cgroup-storage-spec")
        if spec.value_size > self.largest:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=self.largest)
        super()._check_flags()

    def check_spec(self) -> None:
        if self.spec.max_entries:
            raise self.refuse(errno.EINVAL, "cgroup-storage-spec")

    def _key_fits(self, btf: Btf) -> bool:
        return cgroup_key(btf, self.spec)

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def value_of_run(self, cpu: int) -> int:
        """Return where in `values` the value of the running program starts."""
        return cpu * self.stride if self.values_in_slot > 1 else 0

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags not in (UpdateFlag.ANY, UpdateFlag.EXIST):
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        raise self.refuse(errno.ENOENT, "cgroup-storage-none")

    def remove(self, key: bytes) -> None:
        raise self.refuse(errno.EINVAL, "cgroup-storage-none")

    def keys(self) -> Iterator[bytes]:
        return iter(())

    def rows(self) -> Rows:
        number = Cgroup().number
        return {number: Row(self.value_at(0), 0)} if any(self.values) else {}


@map_type
class PercpuCgroupStorage(PerCpu, CgroupStorage):
    """The values of such a group, one for each CPU."""

    type = "percpu_cgroup_storage"
    largest = LARGEST_VALUE
