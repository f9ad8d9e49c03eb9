"""Which registers fit which argument of a helper, and how far they may have moved.

Source: what Linux 6.18 accepts, refuses and writes (`R1 type=scalar expected=fp`).
Names are the kernel's.
"""

from collections.abc import Sequence

from ebpflab.helpers.contract import Arg, ArgFlag, Kind
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import RegState

BTF = RegType.PTR_TO_BTF_ID
TRUSTED, RCU = BTF | Flag.PTR_TRUSTED, BTF | Flag.MEM_RCU
PERCPU, ALLOC = BTF | Flag.MEM_PERCPU, BTF | Flag.MEM_ALLOC
RINGBUF_MEM = RegType.PTR_TO_MEM | Flag.MEM_RINGBUF
SOCKETS = (
    RegType.PTR_TO_SOCK_COMMON,
    RegType.PTR_TO_SOCKET,
    RegType.PTR_TO_TCP_SOCK,
    RegType.PTR_TO_XDP_SOCK,
)

COMPATIBLE: dict[Kind, Sequence[RegType]] = {
    Kind.PTR_TO_CTX: (RegType.PTR_TO_CTX,),
    Kind.CONST_MAP_PTR: (RegType.CONST_PTR_TO_MAP,),
    Kind.CONST_SIZE: (RegType.SCALAR_VALUE,),
    Kind.PTR_TO_CONST_STR: (RegType.PTR_TO_MAP_VALUE,),
    Kind.PTR_TO_FUNC: (RegType.PTR_TO_FUNC,),
    Kind.PTR_TO_STACK: (RegType.PTR_TO_STACK,),
    Kind.PTR_TO_RINGBUF_MEM: (RINGBUF_MEM,),
    Kind.PTR_TO_SPIN_LOCK: (RegType.PTR_TO_MAP_VALUE, ALLOC),
    Kind.PTR_TO_TIMER: (RegType.PTR_TO_MAP_VALUE,),
    Kind.PTR_TO_DYNPTR: (RegType.PTR_TO_STACK, RegType.CONST_PTR_TO_DYNPTR),
    Kind.PTR_TO_SOCKET: (RegType.PTR_TO_SOCKET,),
    Kind.PTR_TO_SOCK_COMMON: SOCKETS,
    Kind.PTR_TO_BTF_ID_SOCK_COMMON: (*SOCKETS, BTF, TRUSTED),
    Kind.PTR_TO_BTF_ID: (BTF, TRUSTED, RCU),
    Kind.PTR_TO_PERCPU_BTF_ID: (
        PERCPU,
        PERCPU | Flag.MEM_RCU,
        PERCPU | Flag.PTR_TRUSTED,
    ),
    Kind.KPTR_XCHG_DEST: (RegType.PTR_TO_MAP_VALUE, ALLOC),
    Kind.PTR_TO_MEM: (
        RegType.PTR_TO_STACK,
        RegType.PTR_TO_PACKET,
        RegType.PTR_TO_PACKET_META,
        RegType.PTR_TO_MAP_KEY,
        RegType.PTR_TO_MAP_VALUE,
        RegType.PTR_TO_MEM,
        RINGBUF_MEM,
        RegType.PTR_TO_BUF,
        TRUSTED,
    ),
}
COMPATIBLE[Kind.CONST_SIZE_OR_ZERO] = COMPATIBLE[Kind.CONST_SIZE]
COMPATIBLE[Kind.CONST_ALLOC_SIZE_OR_ZERO] = COMPATIBLE[Kind.CONST_SIZE]
COMPATIBLE[Kind.PTR_TO_MAP_KEY] = COMPATIBLE[Kind.PTR_TO_MEM]
COMPATIBLE[Kind.PTR_TO_MAP_VALUE] = COMPATIBLE[Kind.PTR_TO_MEM]

FREELY_MOVED = {  # fixed and variable offsets are judged where the memory is accessed
    RegType.PTR_TO_STACK,
    RegType.PTR_TO_PACKET,
    RegType.PTR_TO_PACKET_META,
    RegType.PTR_TO_MAP_KEY,
    RegType.PTR_TO_MAP_VALUE,
    RegType.PTR_TO_MEM,
    RegType.PTR_TO_MEM | Flag.MEM_RDONLY,
    RINGBUF_MEM,
    RegType.PTR_TO_BUF,
    RegType.PTR_TO_BUF | Flag.MEM_RDONLY,
    RegType.PTR_TO_ARENA,
    RegType.SCALAR_VALUE,
}
MOVED_BY_A_CONSTANT = {BTF, TRUSTED, RCU, ALLOC, ALLOC | Flag.NON_OWN_REF}
MOVED_BY_A_CONSTANT.add(ALLOC | Flag.NON_OWN_REF | Flag.MEM_RCU)


def check_reg_type(
    number: int, reg: RegState, arg: Arg, *, is_kptr: bool = False
) -> None:
    """Refuse a register of a kind that does not fit the argument.

    Args:    is_kptr: it is to be put into a map, and may be an object of the program.
    """
    compatible = COMPATIBLE[arg.kind]
    seen = reg.type
    is_strange = is_slice(reg) and arg.kind is not Kind.PTR_TO_MEM
    if seen in compatible and not is_strange:
        return
    ignored = Flag.NONE
    if arg.flags & ArgFlag.MEM_RDONLY:
        ignored |= Flag.MEM_RDONLY
    if arg.flags & ArgFlag.PTR_MAYBE_NULL:
        ignored |= Flag.PTR_MAYBE_NULL
    if is_kptr and seen.flags & Flag.MEM_ALLOC:
        ignored |= Flag.MEM_ALLOC | Flag.MEM_PERCPU
    if is_strange or seen.without(ignored) not in compatible:
        expected = ", ".join(kind.text for kind in compatible)
        text = f"R{number} type={seen.text} expected={expected}"
        raise Refusal(EACCES, text)


def check_func_arg_reg_off(number: int, reg: RegState, arg: Arg) -> None:
    """Refuse a pointer that has moved where it must not have."""
    kind = reg.type
    if arg.is_released:
        if arg.kind is Kind.PTR_TO_DYNPTR and kind is RegType.PTR_TO_STACK:
            return
        if reg.off:
            what = "have zero offset when passed to release func or trusted arg"
            raise Refusal(EINVAL, f"R{number} must {what} to kfunc")
        check_ptr_off_reg(number, reg)
        return
    if kind in FREELY_MOVED and not is_slice(reg):
        return
    if kind is RegType.CONST_PTR_TO_DYNPTR and arg.kind is Kind.PTR_TO_DYNPTR:
        return
    check_ptr_off_reg(number, reg, fixed_off_ok=kind in MOVED_BY_A_CONSTANT)


def check_ptr_off_reg(
    number: int, reg: RegState, *, fixed_off_ok: bool = False
) -> None:
    """Refuse a pointer that has moved, or one that moved by an unknown distance."""
    name = _name(reg)
    if reg.off < 0:
        text = f"negative offset {name} ptr R{number} off={reg.off} disallowed"
        raise Refusal(EACCES, text)
    if reg.off and not fixed_off_ok:
        text = f"dereference of modified {name} ptr R{number} off={reg.off} disallowed"
        raise Refusal(EACCES, text)
    if not reg.bounds.is_const or reg.bounds.value:
        var_off = reg.bounds.var_off
        raise Refusal(EACCES, f"variable {name} access var_off={var_off} disallowed")


def _name(reg: RegState) -> str:
    return reg.type.text


def is_slice(reg: RegState) -> bool:
    """Tell whether a kfunc took this memory from a dynptr; Linux gives it a flag."""
    return bool(reg.rare.dynptr) and reg.type.base is Base.PTR_TO_MEM


def is_btf_pointer(reg: RegState) -> bool:
    return reg.type.base is Base.PTR_TO_BTF_ID


def is_null(reg: RegState) -> bool:
    """Tell whether a register is the number 0 (kernel: register_is_null)."""
    return reg.type is RegType.SCALAR_VALUE and reg.bounds == ZERO
