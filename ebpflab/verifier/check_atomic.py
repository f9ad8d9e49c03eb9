"""Atomic operations: a load and a store of the same place, in one instruction.

The place must be readable and writable, and aligned. With `fetch` the old value comes
back in the source register, or in r0 after a comparison. A load-acquire and a
store-release are a load and a store.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ATOMIC_BY_IMM,
    LOAD_ACQUIRE,
    SIZE_BY_CODE,
    STORE_RELEASE,
)
from ebpflab.verifier.check_mem import (
    check_readable,
    load_register,
    read_memory,
    store_register,
    write_memory,
)
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base
from ebpflab.verifier.states import UNKNOWN_SCALAR

NOT_ATOMIC = (  # what these point to is no memory of ours, or not yet
    Base.PTR_TO_CTX,
    Base.PTR_TO_PACKET,
    Base.PTR_TO_PACKET_META,
    Base.PTR_TO_FLOW_KEYS,
    Base.PTR_TO_SOCKET,
    Base.PTR_TO_SOCK_COMMON,
    Base.PTR_TO_TCP_SOCK,
    Base.PTR_TO_XDP_SOCK,
)


def check_atomic(env: Env, insn: Insn) -> None:
    """Judge one atomic instruction."""
    if insn.imm == LOAD_ACQUIRE:
        load_register(env, insn, strict=True)
        _check_kind(env, insn.src, "loads from")
    elif insn.imm == STORE_RELEASE:
        store_register(env, insn, strict=True)
        _check_kind(env, insn.dst, "stores into")
    else:
        _check_atomic_rmw(env, insn)


def _check_kind(env: Env, number: int, how: str) -> None:
    kind = env.regs[number].type
    if kind.base in NOT_ATOMIC and not kind.may_be_null:
        text = f"BPF_ATOMIC {how} R{number} {kind.text} is not allowed"
        raise Refusal(EACCES, text)


def _check_atomic_rmw(env: Env, insn: Insn) -> None:
    """Judge an operation that reads, changes and writes."""
    op = ATOMIC_BY_IMM[insn.imm]
    size = SIZE_BY_CODE[insn.size_code].bytes
    if size < 4:
        raise Refusal(EINVAL, "invalid atomic operand size")
    env.read(insn.src)
    env.read(insn.dst)
    if op.compares:
        _check_no_leak(env, 0)
    _check_no_leak(env, insn.src)
    _check_kind(env, insn.dst, "stores into")
    result = 0 if op.compares else insn.src
    if op.fetch:
        env.may_write(result)
        env.regs[result] = UNKNOWN_SCALAR  # even where it is the address as well
    check_readable(env, insn.dst, insn.off, size)
    if op.fetch:
        env.regs[result] = read_memory(env, insn.dst, insn.off, size, strict=True)
    write_memory(env, insn.dst, insn.off, size, strict=True)


def _check_no_leak(env: Env, number: int) -> None:
    reg = env.read(number)
    if not (env.allow_ptr_leaks or reg.is_scalar):
        raise Refusal(EACCES, f"R{number} leaks addr into mem")
