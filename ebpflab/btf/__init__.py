"""BTF: the types of C, as the kernel keeps them beside programs, maps and itself.

    layout.py    how it lies in bytes: kinds, sizes
    types.py     one type, read
    reader.py    `Btf`: all types of an object or of the kernel
    writer.py    `BtfWriter`: the same, made
    kernel.py    the kernel's own, where it can be had
    targets.py   what a program is attached to by type
    contexts.py  which structure is the context of a program type
    kfuncs.py    functions of the kernel that programs call
    access.py    which member is read through a pointer to a structure
    records.py   what a map's value holds for the kernel: locks, timers, pointers
                 (special.py: the kinds; record_search.py: how they are found)

Not here: object files (`elf/`), and giving types to a kernel (`linux/btf.py`).
"""

from ebpflab.btf.layout import Kind
from ebpflab.btf.reader import Btf, btf_of
from ebpflab.btf.types import Field, Member, Type
from ebpflab.btf.writer import BtfWriter

__all__ = ["Btf", "BtfWriter", "Field", "Kind", "Member", "Type", "btf_of"]
