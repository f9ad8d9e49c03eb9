"""Is the real kernel there to be asked? And if not, why not, in plain words.

The answer is found by asking: two instructions are loaded and closed again.
Source: bpf(2), capabilities(7), the kernel's Documentation/admin-guide/sysctl.
"""

import errno
import os
import struct
import sys
from pathlib import Path

from ebpflab.errors import LinuxError
from ebpflab.language import catalogue
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.syscall import ARCHITECTURES, bpf, this_machine
from ebpflab.linux.types import PROGRAM_TYPES
from ebpflab.maps.rights import errno_name

_NOTHING = struct.pack("<BBhi", 0xB7, 0, 0, 0) + struct.pack("<BBhi", 0x95, 0, 0, 0)
_SECCOMP_FILTER = "2"


def available() -> str | None:
    """Return None if programs can be given to the real kernel, else why not."""
    system, machine = this_machine()
    if not system.startswith("linux"):
        return catalogue().say("linux-none", system=system)
    if machine not in ARCHITECTURES or sys.byteorder != "little":
        return catalogue().say("linux-architecture", machine=machine)
    answer = bpf(
        "PROG_LOAD",
        prog_type=PROGRAM_TYPES["socket_filter"],
        insns=_NOTHING,
        insn_cnt=len(_NOTHING) // 8,
        license=b"GPL\0",
    )
    if answer.errno:
        return _why(answer.errno)
    Descriptor(answer.value).close()
    return None


def require_linux() -> None:
    """Return if the real kernel is there.

    Raises:  LinuxError: it is not; says why.
    """
    if reason := available():
        raise LinuxError.of("linux-unavailable", reason=reason)


def _why(number: int) -> str:
    """Say why two harmless instructions were refused."""
    name = errno_name(number)
    if number == errno.ENOSYS:
        return catalogue().say("linux-without-bpf", name=name)
    if number not in (errno.EPERM, errno.EACCES):
        return catalogue().say("linux-odd", name=name)
    if os.geteuid() != 0:
        return catalogue().say("linux-not-root", name=name)
    if _seccomp() == _SECCOMP_FILTER:
        return catalogue().say("linux-seccomp", name=name)
    return catalogue().say("linux-no-capability", name=name)


def _seccomp() -> str:
    """Return the seccomp mode of this process; "" where it cannot be read."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return ""
    rows = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return rows.get("Seccomp", "").strip()
