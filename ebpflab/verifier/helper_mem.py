"""Memory that a helper touches: every byte of it must be there, and initialized.

Its size is an argument of its own. What is judged then is the largest value that the
size can have; and that this bound is what it is mattered.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from dataclasses import dataclass

from ebpflab.verifier.check_btf_access import load_btf
from ebpflab.verifier.check_buffer import check_buffer_access
from ebpflab.verifier.check_ctx import load_ctx, store_ctx
from ebpflab.verifier.check_map_value import check_map_access, check_map_access_type
from ebpflab.verifier.check_packet import check_packet_access
from ebpflab.verifier.check_region import check_mem_region_access
from ebpflab.verifier.check_stack import check_stack_bounds
from ebpflab.verifier.check_stack_range import check_stack_range_initialized
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import DYNPTR, SLOT_BYTES, RegState

UNCONVERTED = (  # types whose context is what it seems
    *("kprobe", "tracepoint", "raw_tracepoint", "raw_tracepoint_writable"),
    *("tracing", "lsm", "struct_ops", "syscall", "netfilter", "cgroup_device"),
)
MAX_VAR_SIZE = 1 << 29  # bytes (BPF_MAX_VAR_SIZ)


@dataclass(slots=True)
class HelperMem:
    """The memory argument that a helper fills, if its extent is a known number.

    `raw`: it need not be initialized; then all of it is written once all arguments
    have been judged.
    """

    raw: bool = False
    number: int = 0  # the register that leads to it
    access_size: int = 0


def check_helper_mem_access(
    env: Env,
    number: int,
    size: int,
    mem: HelperMem | None,
    *,
    writes: bool = False,
    zero_ok: bool = False,
) -> None:
    """Judge `size` bytes behind a register that a helper reads or writes."""
    reg = env.regs[number]
    match reg.type.base:
        case Base.PTR_TO_PACKET | Base.PTR_TO_PACKET_META:
            check_packet_access(env, number, 0, size, zero_size=zero_ok)
        case Base.PTR_TO_MAP_KEY:
            _check_writable(number, reg, writes)
            _check_map_key(env, number, reg, size)
        case Base.PTR_TO_MAP_VALUE:
            check_map_access_type(env, number, 0, size, writes=writes)
            check_map_access(env, number, 0, size, zero_ok=zero_ok)
        case Base.PTR_TO_MEM:
            if reg.type.flags & Flag.MEM_RDONLY:
                _check_writable(number, reg, writes)
            _check_mem(env, number, reg, size, zero_ok)
        case Base.PTR_TO_BUF:
            if reg.type.flags & Flag.MEM_RDONLY:
                _check_writable(number, reg, writes)
            check_buffer_access(env, number, 0, size)
        case Base.PTR_TO_STACK:
            _check_stack(env, number, size, mem, writes, zero_ok)
        case Base.PTR_TO_BTF_ID:
            load_btf(env, number, 0, size, False)
        case Base.PTR_TO_CTX if env.program.type in UNCONVERTED:
            _check_context(env, number, size, writes, zero_ok)
        case _:
            if zero_ok and not size and reg.is_null:
                return
            kind = RegType.PTR_TO_STACK.text
            text = f"R{number} type={reg.type.text} expected={kind}"
            raise Refusal(EACCES, text)


def _check_context(
    env: Env, number: int, size: int, writes: bool, zero_ok: bool
) -> None:
    """Judge the context as memory: by its last byte."""
    if not size:
        if not zero_ok:
            raise Refusal(EACCES, "")
    elif writes:
        store_ctx(env, None, number, size - 1, 1)
    else:
        load_ctx(env, number, size - 1, 1, False)


def _check_writable(number: int, reg: RegState, writes: bool) -> None:
    if writes:
        raise Refusal(EACCES, f"R{number} cannot write into {reg.type.text}")


def _check_map_key(env: Env, number: int, reg: RegState, size: int) -> None:
    end = env.program.maps[reg.map].key_size

    def complain(at: int) -> str:
        return f"invalid access to map key, key_size={end} off={at} size={size}"

    check_mem_region_access(reg, number, reg.off, size, end, complain)


def _check_mem(env: Env, number: int, reg: RegState, size: int, zero_ok: bool) -> None:
    end = reg.rare.mem_size

    def complain(at: int) -> str:
        return f"invalid access to memory, mem_size={end} off={at} size={size}"

    check_mem_region_access(reg, number, reg.off, size, end, complain, zero_ok=zero_ok)


def _check_stack(
    env: Env, number: int, size: int, mem: HelperMem | None, writes: bool, zero_ok: bool
) -> None:
    """Judge bytes of the stack (kernel: check_stack_range_initialized)."""
    if not size and not zero_ok:
        raise Refusal(EACCES, "invalid zero-sized read")
    reg = env.regs[number]
    if not (mem and mem.raw and reg.bounds.is_const):
        check_stack_range_initialized(env, number, size, writes=writes)
        return
    start, _ = check_stack_bounds(env, number, 0, size, writes=writes)
    stack = env.cur.frames[reg.frame].stack
    for at in range(start, start + size):
        slot = stack[(-at - 1) // SLOT_BYTES]
        if slot.marks[(-at - 1) % SLOT_BYTES] == DYNPTR:
            text = f"potential write to dynptr at off={at} disallowed"
            raise Refusal(EACCES, text)
    mem.number, mem.access_size = number, size


def check_mem_size_reg(
    env: Env, number: int, mem: HelperMem, *, writes: bool, zero_ok: bool
) -> None:
    """Judge a size, and with it the memory before it."""
    b = env.regs[number].bounds
    if b.smin < 0:
        what = "min value is negative, either use unsigned or 'var &= const'"
        raise Refusal(EACCES, f"R{number} {what}")
    if b.umin == 0 and not zero_ok:
        limits = f"u64=[{b.umin},{b.umax}]"
        raise Refusal(EACCES, f"R{number} invalid zero-sized read: {limits}")
    if b.umax >= MAX_VAR_SIZE:
        what = "unbounded memory access, use 'var &= const' or 'if (var < const)'"
        raise Refusal(EACCES, f"R{number} {what}")
    known = mem if b.is_const else None
    check_helper_mem_access(
        env, number - 1, b.umax, known, writes=writes, zero_ok=zero_ok
    )
    env.mark_chain_precision(number)
