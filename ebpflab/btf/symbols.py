"""The symbols of the kernel that runs here, and where they are.

Which ones it lists depends on how it was built: some list functions only. Addresses are
those of this boot, and are shown to root only. Source: /proc/kallsyms.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

LIST = Path("/proc/kallsyms")


@cache
def addresses() -> dict[str, int]:
    """Return the address of every symbol of the kernel itself, by name."""
    with suppress(OSError), LIST.open() as file:
        return {name: number for name, number in _rows(file) if number}
    return {}


def _rows(file: Iterator[str]) -> Iterator[tuple[str, int]]:
    for line in file:
        number, _, name = line.split(maxsplit=2)
        if "\t" not in name:  # no symbol of a module
            yield name.strip(), int(number, 16)
