"""How a map may be made and written: the flags of BPF_MAP_CREATE and of an update.

Source: UAPI linux/bpf.h, BPF_F_* and BPF_ANY, BPF_NOEXIST, BPF_EXIST.
"""

import errno
from enum import IntEnum, IntFlag

ENOTSUPP = 524  # the kernel's own "not supported"; Python's errno has no name for it
CPUS = 2  # of the simulated machine


class UpdateFlag(IntEnum):
    """What `update` may do (UAPI: BPF_ANY, BPF_NOEXIST, BPF_EXIST)."""

    ANY = 0
    NOEXIST = 1
    EXIST = 2


class CreateFlag(IntFlag):
    """How a map is made (UAPI: BPF_F_*)."""

    NO_PREALLOC = 0x1
    NO_COMMON_LRU = 0x2
    NUMA_NODE = 0x4
    RDONLY = 0x8
    WRONLY = 0x10
    STACK_BUILD_ID = 0x20
    ZERO_SEED = 0x40
    RDONLY_PROG = 0x80
    WRONLY_PROG = 0x100
    CLONE = 0x200
    MMAPABLE = 0x400
    PRESERVE_ELEMS = 0x800
    INNER_MAP = 0x1000
    LINK = 0x2000
    SEGV_ON_FAULT = 0x20000
    NO_USER_CONV = 0x40000


FROM_USERSPACE = CreateFlag.RDONLY | CreateFlag.WRONLY
FROM_PROGRAMS = CreateFlag.RDONLY_PROG | CreateFlag.WRONLY_PROG
EVERY_ACCESS = FROM_USERSPACE | FROM_PROGRAMS


def errno_name(number: int) -> str:
    """Name an errno as Linux does: 95 has two names, 524 none outside of it."""
    own = {ENOTSUPP: "ENOTSUPP", errno.EOPNOTSUPP: "EOPNOTSUPP"}
    return own.get(number) or errno.errorcode.get(number, f"errno {number}")
