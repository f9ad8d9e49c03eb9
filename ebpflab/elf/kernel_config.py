"""How the kernel was built: its version, and the options of its configuration.

Distributions keep the options as text in /boot, the kernel itself may hold them in
/proc/config.gz; EBPFLAB_KERNEL_CONFIG names a file with another kernel's. Not here:
what programs make of an option (kconfig.py).
"""

import gzip
import io
import os
import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from ebpflab.broken import reading

CHOOSE = "EBPFLAB_KERNEL_CONFIG"
MODEL = (6, 18, 0)  # the kernel that the kit speaks of where none is running
LARGEST_FILE = 1 << 24  # bytes; a whole configuration has a hundredth of it
_OPTION = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)
_HEAD = re.compile(r"^# Linux/\S+ (\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def kernel_options() -> Mapping[str, str] | None:
    """Return the options that are set, as text: {"CONFIG_HZ": "250"}; None = unknown.

    Raises:  ObjectError: the file is no configuration.
    """
    text = _text()
    return None if text is None else dict(_OPTION.findall(text))


def kernel_version() -> int:
    """Return the version as KERNEL_VERSION(a, b, c) does: a << 16 | b << 8 | c."""
    a, b, c = _version()
    return a << 16 | b << 8 | min(c, 255)


def _version() -> tuple[int, int, int]:
    chosen = _HEAD.search(_text() or "") if os.environ.get(CHOOSE) else None
    release = platform.release() if sys.platform == "linux" else ""
    found = chosen or _RELEASE.match(release)
    if found is None:
        return MODEL
    a, b, c = (int(number or 0) for number in found.groups())
    return a, b, c


def _text() -> str | None:
    """Return the first configuration that can be read."""
    chosen = os.environ.get(CHOOSE)
    usual = (f"/boot/config-{platform.release()}", "/proc/config.gz")
    for name in (chosen,) if chosen else usual:
        with suppress(OSError):
            return _read(Path(name))
    return None


@cache
def _read(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(LARGEST_FILE)
    with reading(str(path)):
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST_FILE)
        return raw.decode()
