"""Object files: what a compiler wrote, read into programs and maps.

`load` is the way in (object.py shows the parts); `Btf` reads types, of an object or of
the kernel itself.
"""

from ebpflab.elf.btf import Btf
from ebpflab.elf.object import load

__all__ = ["Btf", "load"]
