"""The helpers that read memory without being sure of it: they fail, nothing crashes.

Tracing programs follow pointers of the kernel with them. Kernel and user addresses are
one space here: every region of the run can be read.

Kernel differs: Linux tells user addresses from its own, and reads any of its memory.
Source: bpf-helpers(7).
"""

import errno

from ebpflab.errors import VmFault
from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper

TO = (Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE_OR_ZERO, Arg.ANYTHING)


def _refusal(address: int) -> int:
    """Return the errno of kernel memory that cannot be read: never of a process."""
    return errno.EFAULT if address >> 32 else errno.ERANGE


def _read(
    env: Env, to: int, size: int, address: int, refusal: int = errno.EFAULT
) -> int:
    """Copy bytes; where they cannot be read, write zeros and return an errno."""
    try:
        data = env.read(address, size)
    except VmFault:
        env.write(to, bytes(size))
        env.tell("effect-probe-missed", address=hex(address), size=size)
        return -refusal
    env.write(to, data)
    env.tell("effect-copied", size=size)
    return 0


def _read_text(
    env: Env, to: int, size: int, address: int, refusal: int = errno.EFAULT
) -> int:
    """Copy up to a zero byte, which always ends it; return the bytes copied."""
    if not size:
        return 0
    text = bytearray()
    try:
        while len(text) < size - 1 and (byte := env.read(address + len(text), 1)[0]):
            text.append(byte)
    except VmFault:
        env.write(to, bytes(size))
        env.tell("effect-probe-missed", address=hex(address), size=size)
        return -refusal
    env.write(to, bytes(text) + b"\0")
    env.tell("effect-copied", size=len(text) + 1)
    return len(text) + 1


@helper(*TO, gpl_only=True)
def probe_read(env: Env, to: int, size: int, address: int) -> int:
    """Copy bytes from anywhere; the oldest of the family."""
    return _read(env, to, size, address)


@helper(*TO, gpl_only=True)
def probe_read_kernel(env: Env, to: int, size: int, address: int) -> int:
    """Copy bytes from kernel memory."""
    return _read(env, to, size, address, _refusal(address))


@helper(*TO, gpl_only=True)
def probe_read_user(env: Env, to: int, size: int, address: int) -> int:
    """Copy bytes from the memory of the process."""
    return _read(env, to, size, address)


@helper(*TO, might_sleep=True)
def copy_from_user(env: Env, to: int, size: int, address: int) -> int:
    """Copy bytes from the memory of the process; it may wait for them."""
    return _read(env, to, size, address)


@helper(*TO, gpl_only=True)
def probe_read_str(env: Env, to: int, size: int, address: int) -> int:
    """Copy a text from anywhere; the oldest of the family."""
    return _read_text(env, to, size, address)


@helper(*TO, gpl_only=True)
def probe_read_kernel_str(env: Env, to: int, size: int, address: int) -> int:
    """Copy a text from kernel memory."""
    return _read_text(env, to, size, address, _refusal(address))


@helper(*TO, gpl_only=True)
def probe_read_user_str(env: Env, to: int, size: int, address: int) -> int:
    """Copy a text from the memory of the process."""
    return _read_text(env, to, size, address)
