"""What the per-CPU types add: a value for each CPU under every key.

A program sees the value of the CPU that it runs on; userspace sees all of them, as a
list, one a CPU. A single value that userspace puts goes to every CPU.

Kernel differs: the simulated machine has 2 CPUs, and programs run on the first.
Source: bpf(2); errno as observed on Linux 6.18.
"""

import errno
from typing import Any

from ebpflab.maps.base import Key, Map
from ebpflab.maps.rights import CPUS, UpdateFlag
from ebpflab.program import MapSpec

LARGEST_VALUE = 32_768  # bytes, for each CPU


class PerCpu(Map):
    """Values by key and CPU; stands before another map class among the bases."""

    values_in_slot = CPUS

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        if spec.value_size > LARGEST_VALUE:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=LARGEST_VALUE)

    def value_at(self, start: int) -> list[bytes]:
        size, step = self.spec.value_size, self.stride
        starts = range(start, start + CPUS * step, step)
        return [self.typed(self.values[at : at + size], "value") for at in starts]

    def update(self, key: Key, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a list of values, one a CPU, or one value for all of them.

        Raises:  MapError: with Linux's errno.
        """
        data, values = self.key_bytes(key), self._each(value)
        self.check_writable()
        self.store(data, values[0], flags)
        start = self.find(data)
        assert start is not None
        for cpu, content in enumerate(values):
            at = start + cpu * self.stride
            self.values[at : at + len(content)] = content

    def _each(self, value: Any) -> list[bytes]:
        """Return the values of all CPUs."""
        if not isinstance(value, list | tuple):
            return [self.value_bytes(value)] * CPUS
        if len(value) != CPUS:
            raise self.refuse(
                errno.EINVAL, "map-wrong-cpus", cpus=CPUS, found=len(value)
            )
        return [self.value_bytes(part) for part in value]
