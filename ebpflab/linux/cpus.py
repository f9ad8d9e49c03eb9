"""Which CPUs this machine can have, and staying on one of them for a while.

Source: sysfs, /sys/devices/system/cpu; sched_setaffinity(2).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POSSIBLE = Path("/sys/devices/system/cpu/possible")


def possible_cpus() -> range:
    """Return the numbers of the CPUs that the kernel is prepared for.

    They may be more than are running; per-CPU maps hold a value for each.
    """
    try:
        last = _POSSIBLE.read_text().strip().rpartition("-")[2].rpartition(",")[2]
        return range(int(last) + 1)
    except (OSError, ValueError):
        return range(os.cpu_count() or 1)


@contextmanager
def on_one_cpu() -> Iterator[int]:
    """Keep this thread on its first CPU while the block runs; give its number."""
    before = os.sched_getaffinity(0)
    cpu = min(before)
    os.sched_setaffinity(0, {cpu})
    try:
        yield cpu
    finally:
        os.sched_setaffinity(0, before)
