"""user_ringbuf: a ring buffer the other way: userspace sends, a program takes.

    maps["orders"].push(b"stop")            then bpf_user_ringbuf_drain, in a program

Source: docs.kernel.org/bpf, bpf-helpers(7), bpf_user_ringbuf_drain; how much fits, as
libbpf counts it; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator

from ebpflab.maps.base import Key, map_type, padded
from ebpflab.maps.ringbuf import HEADER_BYTES, Ringbuf
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import as_bytes


@map_type
class UserRingbuf(Ringbuf):
    """Samples; a program takes the oldest ones."""

    type = "user_ringbuf"

    def check_spec(self) -> None:
        super().check_spec()
        self.samples: list[bytes] = []

    def push(self, value: Key) -> None:
        """Send a sample. Raises MapError: E2BIG never fits, ENOSPC not now."""
        data = as_bytes(value, "value")  # type: ignore[arg-type]
        taken, size = padded(HEADER_BYTES + len(data)), self.spec.max_entries
        if taken > size:
            raise self.refuse(errno.E2BIG, "ringbuf-full", size=size)
        if self.produced + taken - self.consumed > size:
            raise self.refuse(errno.ENOSPC, "user-ringbuf-full", size=size)
        self.produced += taken
        self.samples.append(data)

    def take(self) -> bytes | None:
        """Take the oldest sample out, as a program does; None: there is none."""
        if not self.samples:
            return None
        taken = self.samples.pop(0)
        self.consumed += padded(HEADER_BYTES + len(taken))
        return taken

    def __len__(self) -> int:
        return len(self.samples)

    def rows(self) -> Rows:
        """Return the samples by the position at which they start."""
        made: Rows = {}
        at = self.consumed
        for data in self.samples:
            made[at] = Row(data, at, padded(HEADER_BYTES + len(data)), "ready")
            at += made[at].size
        return made

    def snapshot(self) -> Callable[[], None]:
        samples, positions = list(self.samples), (self.consumed, self.produced)

        def restore() -> None:
            self.samples = list(samples)
            self.consumed, self.produced = positions

        return restore

    def keys(self) -> Iterator[bytes]:
        return iter(())
