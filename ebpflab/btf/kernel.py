"""The kernel's own BTF: its types, where they can be had.

It is there when the machine runs Linux with BTF; EBPFLAB_KERNEL_BTF names a file with
another kernel's. Opened once, read type by type.
"""

import os
from functools import cache
from pathlib import Path

from ebpflab.btf.reader import Btf

CHOOSE = "EBPFLAB_KERNEL_BTF"
USUAL_FILE = Path("/sys/kernel/btf/vmlinux")


def kernel_btf() -> Btf | None:
    """Return the types of the kernel that programs are for, or None: there are none.

    Raises:  ObjectError: the file is not BTF.
    """
    path = Path(os.environ.get(CHOOSE) or USUAL_FILE)
    return _read(path) if path.is_file() else None


def running_btf() -> Btf | None:
    """Return the types of the kernel that runs here, or None: there are none."""
    return _read(USUAL_FILE) if USUAL_FILE.is_file() else None


@cache
def _read(path: Path) -> Btf:
    return Btf.parse(path.read_bytes())
