"""arena: sparse memory in pages, shared by programs and userspace.

Pages come and go (bpf_arena_alloc_pages, bpf_arena_free_pages); userspace maps the
whole and touches what it likes. There are no keys.

Kernel differs: an address counts from the arena's first byte, not from where userspace
mapped it; a page that was freed reads as a fault also in userspace.
Source: bpf-helpers and docs.ebpf.io, map type arena; errno as observed on Linux 6.18.
"""

import errno
import mmap
from collections.abc import Callable, Iterator
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import MapSpec, as_bytes

PAGE = mmap.PAGESIZE
MOST_PAGES = (1 << 32) // PAGE  # 4 GiB
HALF = 1 << 32  # bytes that an arena may not cross a multiple of


@map_type
class Arena(Map):
    """Pages; `pages` are those that there are."""

    type = "arena"
    described = Described.OPEN
    value_access = False
    flags_taken = (
        CreateFlag.MMAPABLE | CreateFlag.SEGV_ON_FAULT | CreateFlag.NO_USER_CONV
    )

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.pages: dict[int, bytearray] = {}

    def check_spec(self) -> None:
        spec = self.spec
        sized = not (spec.key_size or spec.value_size) and spec.max_entries
        if not sized or not spec.flags & CreateFlag.MMAPABLE or spec.extra % PAGE:
            raise self.refuse(errno.EINVAL, "arena-spec")
        if spec.max_entries > MOST_PAGES:
            raise self.refuse(errno.E2BIG, "arena-spec")
        size = spec.max_entries * PAGE
        if spec.extra and spec.extra // HALF != (spec.extra + size - 1) // HALF:
            raise self.refuse(errno.ERANGE, "arena-spec")

    # -- pages --

    def alloc(self, count: int, page: int | None = None) -> int | None:
        """Make pages, at `page` or where they fit; return the first, None: no room."""
        if page is not None:
            wanted = range(page, page + count)
            free = wanted.stop <= self.spec.max_entries
            return self._made(wanted) if free and self.is_free(wanted) else None
        starts = range(self.spec.max_entries - count + 1)
        places = (range(at, at + count) for at in starts)
        found = next((place for place in places if self.is_free(place)), None)
        return None if found is None else self._made(found)

    def is_free(self, place: range) -> bool:
        return not any(page in self.pages for page in place)

    def _made(self, place: range) -> int:
        self.pages |= {page: bytearray(PAGE) for page in place}
        return place.start

    def release(self, page: int, count: int) -> None:
        """Give pages back."""
        for number in range(page, page + count):
            self.pages.pop(number, None)

    # -- as userspace reaches it --

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Return bytes; without a size, as far as there are pages.

        Raises:  MapError: outside, or not there.
        """
        if size is None:
            size = self._pages_from(start)
        return b"".join(bytes(p[a:b]) for p, a, b in self._parts(start, size))

    def _pages_from(self, start: int) -> int:
        """Return how many bytes there are from `start` on without a gap."""
        self._check(start, 0)
        number = first = start // PAGE
        while number in self.pages:
            number += 1
        return number * PAGE - start if number > first else 0

    def write(self, start: int, data: bytes) -> None:
        """Put bytes; pages that are not there are made, as touching them does.

        Raises:  MapError: outside of the arena.
        """
        data = as_bytes(data, "data")
        self._check(start, len(data))
        missing = range(start // PAGE, -(-(start + len(data)) // PAGE))
        if 0 <= start <= start + len(data) <= self.spec.max_entries * PAGE:
            for page in missing:
                self.pages.setdefault(page, bytearray(PAGE))
        done = 0
        for place, a, b in self._parts(start, len(data)):
            place[a:b] = data[done : done + b - a]
            done += b - a

    def _parts(self, start: int, size: int) -> list[tuple[bytearray, int, int]]:
        """Return the pieces of pages that hold `size` bytes from `start`."""
        self._check(start, size)
        made, at = [], start
        while at < start + size:
            number, inside = divmod(at, PAGE)
            if number not in self.pages:
                raise self.refuse(errno.EFAULT, "arena-fault", page=number)
            end = min(PAGE, inside + start + size - at)
            made.append((self.pages[number], inside, end))
            at += end - inside
        return made

    def _check(self, start: int, size: int) -> None:
        """Refuse what is no place: a byte and a number of bytes."""
        if not (isinstance(start, int) and isinstance(size, int) and size >= 0):
            shown = f"{start!r}, {size!r}"
            raise self.refuse(errno.EINVAL, "arena-no-place", shown=shown)

    def lookup(self, key: Key = b"") -> Any:
        self.key_bytes(key)
        self.check_readable()
        raise self.refuse(errno.EINVAL, "arena-no-keys")

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        raise self.refuse(errno.EINVAL, "arena-no-keys")

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        raise self.refuse(errno.EOPNOTSUPP, "arena-no-keys")

    def remove(self, key: bytes) -> None:
        raise self.refuse(errno.EOPNOTSUPP, "arena-no-keys")

    def keys(self) -> Iterator[bytes]:
        raise self.refuse(errno.EOPNOTSUPP, "arena-no-keys")

    def rows(self) -> Rows:
        """Return the pages that there are, by number."""
        return {n: Row(bytes(p), n, PAGE) for n, p in sorted(self.pages.items())}

    def snapshot(self) -> Callable[[], None]:
        kept = {number: bytes(page) for number, page in self.pages.items()}

        def restore() -> None:
            self.pages = {number: bytearray(page) for number, page in kept.items()}

        return restore
