"""Python's bytes where compiled code can reach them, for as long as it may.

A buffer that is pinned cannot be resized, so its host address stays true.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

Word = ctypes.c_uint64


@dataclass(slots=True)
class Pins:
    """Buffers that are held in place until this is gone."""

    held: list[Any] = field(default_factory=list)

    def address(self, buffer: bytearray | memoryview) -> int:
        """Return the host address of a writable buffer's first byte."""
        pin = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        self.held.append(pin)
        return ctypes.addressof(pin)

    def words(self, count: int) -> ctypes.Array[Word]:
        """Return a new table of words, all 0."""
        table = (Word * max(1, count))()
        self.held.append(table)
        return table
