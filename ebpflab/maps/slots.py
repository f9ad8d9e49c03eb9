"""The maps whose keys come and go: values in slots, a free slot for each new key.

A map type of this family says what a key must be and what "the same key" means; the
slots, their bookkeeping and the errors of putting and removing stand here.
"""

import errno
from abc import abstractmethod
from collections.abc import Callable, Iterator

from ebpflab.maps.base import Map, UpdateFlag
from ebpflab.program import MapSpec

_ALIGNMENT = 8  # values stand at multiples of 8 bytes
_LARGEST = 1 << 30  # bytes of values; Linux allows more where there is memory


class SlotMap(Map):
    """Keys with a slot each; `full` is Linux's errno when there is none left."""

    full: int

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.stride = -(-spec.value_size // _ALIGNMENT) * _ALIGNMENT
        if self.stride * spec.max_entries > _LARGEST:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=_LARGEST)
        self.values = bytearray(self.stride * spec.max_entries)
        self.slots: dict[bytes, int] = {}  # key -> where its value starts
        self.free = [i * self.stride for i in reversed(range(spec.max_entries))]

    @abstractmethod
    def same_key(self, key: bytes) -> bytes:
        """Return the form under which equal keys are found. Raises MapError."""

    def find(self, key: bytes) -> int | None:
        return self.slots.get(key)

    def update(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags not in tuple(UpdateFlag):
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        key = self.same_key(key)
        start = self.slots.get(key)
        if start is not None and flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "map-key-exists", shown=key.hex(" "))
        if start is None and flags == UpdateFlag.EXIST:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=key.hex(" "))
        if start is None:
            start = self._take_slot()
            self.slots[key] = start
        self.values[start : start + len(value)] = value

    def _take_slot(self) -> int:
        if not self.free:
            raise self.refuse(self.full, "map-full", entries=self.spec.max_entries)
        return self.free.pop()

    def delete(self, key: bytes) -> None:
        key = self.same_key(key)
        if key not in self.slots:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=key.hex(" "))
        self.free.append(self.slots.pop(key))

    def keys(self) -> Iterator[bytes]:
        return iter(list(self.slots))

    def snapshot(self) -> Callable[[], None]:
        values, slots, free = bytes(self.values), dict(self.slots), list(self.free)

        def restore() -> None:
            self.values[:] = values
            self.slots, self.free = dict(slots), list(free)

        return restore
