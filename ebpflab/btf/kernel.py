"""The kernel's own BTF: its types, where they can be had.

It is there when the machine runs Linux with BTF; EBPFLAB_KERNEL_BTF names a file with
another kernel's. Opened once, read type by type.
"""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from ebpflab.btf.reader import Btf

CHOOSE = "EBPFLAB_KERNEL_BTF"
USUAL_FILE = Path("/sys/kernel/btf/vmlinux")


def kernel_btf() -> Btf | None:
    """Return the types of the kernel that programs are for, or None: there are none.

    Raises:  ObjectError: the file is not BTF.
    """
    return _opened(os.environ.get(CHOOSE) or str(USUAL_FILE))


def running_btf() -> Btf | None:
    """Return the types of the kernel that runs here, or None: there are none."""
    return _opened(str(USUAL_FILE))


def _opened(path: str) -> Btf | None:
    with suppress(OSError):
        return _read(path)
    return None


@cache
def _read(path: str) -> Btf:
    return Btf.parse(Path(path).read_bytes())
