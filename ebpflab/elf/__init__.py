"""Object files: what a compiler wrote, read into programs and maps.

`load` is the way in (object.py shows the parts). Their types are read in `btf/`.
"""

from ebpflab.elf.object import load

__all__ = ["load"]
