"""The maps whose keys come and go: values in slots, a free slot for each new key.

A map type of this family says what a key must be and what "the same key" means; the
slots, their bookkeeping and the errors of putting and removing stand here.
"""

import errno
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from ebpflab.maps.base import LARGEST, Map, padded
from ebpflab.maps.rights import UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import MapSpec


class SlotMap(Map):
    """Keys with a slot each; `full` is Linux's errno when there is none left."""

    full: int
    values_in_slot = 1  # a per-CPU map has more
    changes = 0  # how often keys came or went: who mirrors them is told apart by it

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.stride = padded(spec.value_size)
        self.slot_size = self.stride * self.values_in_slot
        if self.slot_size * self.room > LARGEST:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=LARGEST)
        self.values = bytearray(self.slot_size * self.room)
        self.slots: dict[Any, int] = {}  # key -> where its value starts
        self.free = [i * self.slot_size for i in reversed(range(self.room))]

    @property
    def room(self) -> int:
        """How many keys it can have."""
        return self.spec.max_entries

    @abstractmethod
    def same_key(self, key: Any) -> Any:
        """Return the form under which equal keys are found. Raises MapError."""

    def find(self, key: Any, cpu: int = 0) -> int | None:
        start = self.slots.get(key)
        return None if start is None else start + cpu * self.stride

    def store(self, key: Any, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags not in tuple(UpdateFlag):
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        key = self.same_key(key)
        start = self.slots.get(key)
        if start is not None and flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "map-key-exists", shown=_shown(key))
        if start is None and flags == UpdateFlag.EXIST:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=_shown(key))
        if start is None:
            start = self._take_slot()
            self.values[start : start + self.slot_size] = bytes(self.slot_size)
            self.slots[key] = start
            self.changes += 1
        self.values[start : start + len(value)] = value

    def _take_slot(self) -> int:
        if not self.free:
            raise self.refuse(self.full, "map-full", entries=self.room)
        return self.free.pop()

    def remove(self, key: Any) -> None:
        key = self.same_key(key)
        if key not in self.slots:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=_shown(key))
        self.free.append(self.slots.pop(key))
        self.changes += 1

    def keys(self) -> Iterator[bytes]:
        return iter(list(self.slots))

    def rows(self) -> Rows:
        size = self.slot_size
        slots = self.slots.items()
        return {key: Row(self.value_at(at), at // size) for key, at in slots}

    def snapshot(self) -> Callable[[], None]:
        values, slots, free = bytes(self.values), dict(self.slots), list(self.free)

        def restore() -> None:
            self.values[:] = values
            self.slots, self.free = dict(slots), list(free)
            self.changes += 1

        return restore


def _shown(key: Any) -> str:
    return key.hex(" ") if isinstance(key, bytes) else str(key)
