"""Memory that is neither the stack nor a map's: `mem`, `buf`, `tp_buffer`.

A `mem` has a size (a ring buffer's record, a dynptr's slice, a kernel variable). Of a
`buf` and a tracepoint's buffer nobody knows the size here: the largest access is noted,
and whoever attaches the program compares it with the real size.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_packet import check_leak
from ebpflab.verifier.check_region import check_mem_region_access
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import Base, Flag
from ebpflab.verifier.states import UNKNOWN_SCALAR, RegState

UNTRUSTED_READ = Flag.MEM_RDONLY | Flag.PTR_UNTRUSTED  # any of it is read


def load_mem(env: Env, number: int, off: int, size: int, is_signed: bool) -> RegState:
    """Judge a load from memory of known size."""
    if env.regs[number].type.flags & UNTRUSTED_READ != UNTRUSTED_READ:
        check_mem_access(env, number, off, size)
    return UNKNOWN_SCALAR


def store_mem(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store to memory of known size."""
    _check_writable(env, number)
    check_leak(env, insn, "mem")
    check_mem_access(env, number, off, size)


def check_mem_access(env: Env, number: int, off: int, size: int) -> None:
    """Judge an access to a `mem`: is it inside?"""
    reg = env.regs[number]
    end = reg.rare.mem_size

    def complain(at: int) -> str:
        return f"invalid access to memory, mem_size={end} off={at} size={size}"

    check_mem_region_access(reg, number, reg.off + off, size, end, complain)


def load_buffer(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from a buffer of a size that nobody knows here."""
    check_buffer_access(env, number, off, size)
    return UNKNOWN_SCALAR


def store_buffer(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store to such a buffer."""
    _check_writable(env, number)
    check_buffer_access(env, number, off, size)


def check_buffer_access(env: Env, number: int, off: int, size: int) -> None:
    """Judge an access to a buffer: at a known offset that is not negative."""
    reg = env.regs[number]
    start = reg.off + off
    if start < 0:
        where = f"off={start}, size={size}"
        raise Refusal(EACCES, f"R{number} invalid {_name(reg)} buffer access: {where}")
    if reg.bounds != ZERO:
        where = f"off={start}, var_off={reg.bounds.var_off}"
        raise Refusal(EACCES, f"R{number} invalid variable buffer offset: {where}")


def _name(reg: RegState) -> str:
    if reg.type.base is Base.PTR_TO_TP_BUFFER:
        return "tracepoint"
    return "rdonly" if reg.type.flags & Flag.MEM_RDONLY else "rdwr"


def _check_writable(env: Env, number: int) -> None:
    kind = env.regs[number].type
    if kind.flags & Flag.MEM_RDONLY:
        raise Refusal(EACCES, f"R{number} cannot write into {kind.text}")
