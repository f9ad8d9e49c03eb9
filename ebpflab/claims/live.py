"""The live values of a run, step by step: registers, and the bytes of its stacks."""

import re
from collections.abc import Iterator

from ebpflab.claims.values import SLOT_BYTES, STACK_BYTES
from ebpflab.timeline import Change, Step, Timeline

UNWRITTEN = "??"
_PLACE = re.compile(r"stack(\d*)\+(\d+)(?::(\d+))?")


class Live:
    """What a run holds after the step that was last taken."""

    def __init__(self, run: Timeline) -> None:
        self.registers: dict[str, str | None] = {}
        self._bytes: dict[tuple[int, int], str] = {}  # by call depth and place
        for change in run.start:
            self._apply(change)

    def take(self, step: Step) -> None:
        for change in step.changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        if found := _PLACE.fullmatch(change.slot):
            depth, start, new = int(found[1] or 0), int(found[2]), change.new or ""
            for i in range(0, len(new), 2):
                self._bytes[depth, start + i // 2] = new[i : i + 2]
        else:
            self.registers[change.slot] = change.new

    def pairs(self, depth: int, off: int) -> list[str]:
        """Return the eight bytes of a stack slot, as hex pairs."""
        start = STACK_BYTES + off
        places = range(start, start + SLOT_BYTES)
        return [self._bytes.get((depth, place), UNWRITTEN) for place in places]


def touched(names: Iterator[str], sizes: dict[str, int]) -> Iterator[tuple[int, str]]:
    """Yield (call depth, "fp-8") for the stack slots among names of places.

    Args:    sizes: bytes of those places whose name does not tell.
    """
    for name in names:
        if found := _PLACE.fullmatch(name):
            start = int(found[2]) - STACK_BYTES
            end = start + int(found[3] or sizes.get(name, 1))
            for at in range(start // SLOT_BYTES * SLOT_BYTES, end, SLOT_BYTES):
                yield int(found[1] or 0), f"fp{at}"
