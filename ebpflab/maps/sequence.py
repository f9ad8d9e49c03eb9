"""queue and stack: values without keys, taken out from one end.

A queue gives the oldest value first, a stack the newest. Full, both refuse a value,
or drop the oldest one for it when the flag is BPF_EXIST.
Source: docs.kernel.org/bpf/map_queue_stack.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows


@map_type
class Queue(Map):
    """First in, first out; `held` is what is in it, oldest first."""

    type = "queue"
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | EVERY_ACCESS
    next_at = 0  # which of `held` is taken out next

    def check_spec(self) -> None:
        spec = self.spec
        self.held: list[bytes] = []
        self.first = 0  # the serial number of the oldest value
        if spec.key_size or spec.value_size <= 0 or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "queue-spec")

    # -- as programs reach it --

    def put(self, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        """Add a value. Raises MapError: full, or flags that mean nothing here."""
        if flags not in (UpdateFlag.ANY, UpdateFlag.EXIST):
            raise self.refuse(errno.EINVAL, "queue-flags", flags=flags)
        if len(self.held) >= self.spec.max_entries:
            if flags != UpdateFlag.EXIST:
                raise self.refuse(
                    errno.E2BIG, "map-full", entries=self.spec.max_entries
                )
            self._drop(0)
        self.held.append(value)

    def look(self) -> bytes:
        """Return the next value. Raises MapError: there is none."""
        if not self.held:
            raise self.refuse(errno.ENOENT, "queue-empty")
        return self.held[self.next_at]

    def take(self) -> bytes:
        """Take the next value out. Raises MapError: there is none."""
        value = self.look()
        self._drop(self.next_at)
        return value

    def _drop(self, index: int) -> None:
        del self.held[index]
        self.first += index == 0

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        self.put(value, flags)

    def remove(self, key: bytes) -> None:
        raise self.refuse(errno.EINVAL, "queue-no-keys")

    # -- as userspace reaches it --

    def push(self, value: Key, flags: int = UpdateFlag.ANY) -> None:
        """Add a value. Raises MapError: full, or no right."""
        self.update(b"", value, flags)

    def peek(self) -> bytes:
        """Return the next value. Raises MapError: there is none."""
        self.check_readable()
        return self.look()

    def lookup(self, key: Key = b"") -> Any:
        self.key_bytes(key)
        self.check_readable()
        return self.held[self.next_at] if self.held else None

    def pop(self, key: Key = b"") -> bytes:
        """Take the next value out. Raises MapError: there is none, or no right."""
        self.key_bytes(key)
        self.check_readable()
        self.check_writable()
        return self.take()

    def keys(self) -> Iterator[bytes]:
        return iter(())

    def rows(self) -> Rows:
        numbered = enumerate(self.held, self.first)
        return {n: Row(self.typed(value, "value"), n) for n, value in numbered}

    def __len__(self) -> int:
        return len(self.held)

    def snapshot(self) -> Callable[[], None]:
        kept, first = list(self.held), self.first

        def restore() -> None:
            self.held, self.first = list(kept), first

        return restore


@map_type
class Stack(Queue):
    """Last in, first out."""

    type = "stack"
    next_at = -1
