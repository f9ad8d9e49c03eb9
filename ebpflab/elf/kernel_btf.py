"""The kernel's own BTF: its types, and the numbers of its functions (kfuncs).

It is there when the machine runs Linux with BTF; EBPFLAB_KERNEL_BTF names a file with
another kernel's. Opened once, read type by type.
"""

import os
from functools import cache
from pathlib import Path

from ebpflab.elf.btf import Btf, Kind

CHOOSE = "EBPFLAB_KERNEL_BTF"
USUAL_FILE = "/sys/kernel/btf/vmlinux"


def kernel_btf() -> Btf | None:
    """Return the kernel's types, or None where there are none.

    Raises:  ObjectError: the file is not BTF.
    """
    path = Path(os.environ.get(CHOOSE) or USUAL_FILE)
    return _read(path) if path.is_file() else None


@cache
def _read(path: Path) -> Btf:
    return Btf.parse(path.read_bytes())


def kernel_id(name: str) -> int:
    """Return the id of a kernel function or variable; 0 = not known here."""
    btf = kernel_btf()
    if btf is None:
        return 0
    found = btf.find(name, Kind.FUNC) or btf.find(name, Kind.VAR)
    return found.id if found else 0
