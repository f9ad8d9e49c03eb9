"""Loads from and stores to the context: which bytes, and what a field yields.

Which fields there are, how wide an access may be and what it gives is said by the
tables in `hooks/`, one for each program type. A context pointer must not have moved.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from dataclasses import replace

from ebpflab.btf import Kind
from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_ctx_btf import btf_pointer, load_typed_ctx
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal, not_modelled
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, RegState

OF_DATA = {"data": "pkt", "data_end": "pkt_end", "data_meta": "pkt_meta"}
_PLAIN = (
    RegType.PTR_TO_PACKET,
    RegType.PTR_TO_PACKET_META,
    RegType.PTR_TO_PACKET_END,
    RegType.PTR_TO_FLOW_KEYS,
    RegType.PTR_TO_SOCKET,
    RegType.PTR_TO_TP_BUFFER,
    RegType.PTR_TO_SOCKET | Flag.PTR_MAYBE_NULL,
    RegType.PTR_TO_SOCK_COMMON | Flag.PTR_MAYBE_NULL,
)
TRUSTED = "trusted_ptr_"  # then the name of a structure of the kernel
KINDS = {type.text: type for type in _PLAIN}


def load_ctx(env: Env, number: int, off: int, size: int, is_signed: bool) -> RegState:
    """Judge a load from the context; return what it gives."""
    if env.attachment:
        check_ptr_off_reg(env.regs[number], number)
        try:
            return load_typed_ctx(env, env.attachment, off, size)
        except Refusal as said:
            raise _with_line(env, said) from None
    check_ctx_access(env, number, off, size, "read", is_signed)
    kind = _kind(env.hook, off)
    if not kind:
        return UNKNOWN_SCALAR
    if kind.startswith(TRUSTED):
        return _structure(env, kind.removeprefix(TRUSTED))
    type = KINDS[kind]
    return RegState(type, ZERO, id=env.new_id() if type.may_be_null else 0)


def _structure(env: Env, name: str) -> RegState:
    """Return a pointer to a structure that the kernel holds while the program runs."""
    found = given_btf(env.btf).find(name, Kind.STRUCT)
    if found is None:
        not_modelled(f"pointers to struct {name}, which the kernel's types lack")
    return btf_pointer(RegType.PTR_TO_BTF_ID | Flag.PTR_TRUSTED, found)


def store_ctx(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store to the context."""
    if env.leaks(insn):
        raise Refusal(EACCES, f"R{insn.src if insn else -1} leaks addr into ctx")
    check_ctx_access(env, number, off, size, "write")


def check_ctx_access(
    env: Env, number: int, off: int, size: int, right: str, is_signed: bool = False
) -> None:
    """Refuse what the program type's table does not allow."""
    check_ptr_off_reg(env.regs[number], number)
    hook, attach = env.hook, env.program.expected_attach_type or ""
    allowed = off >= 0 and hook.may(right, off, size, attach)
    if not allowed or (is_signed and _kind(hook, off) in OF_DATA.values()):
        text = f"invalid bpf_context access off={off} size={size}"
        raise _with_line(env, Refusal(EACCES, text))


def _with_line(env: Env, refusal: Refusal) -> Refusal:
    """Return the refusal with the C line behind it, if the log has not shown it."""
    lines = env.log.writer.lines
    line = lines.before(env.insn_idx)
    if line is None:
        return refusal
    told = (refusal.lines, lines.text(line).rstrip("\n"))
    return replace(refusal, lines="\n".join(filter(None, told)))


def check_ptr_off_reg(reg: RegState, number: int) -> None:
    """Refuse a pointer that has moved from where it was given."""
    name = reg.type.text
    if reg.off < 0:
        text = f"negative offset {name} ptr R{number} off={reg.off} disallowed"
        raise Refusal(EACCES, text)
    if reg.off:
        text = f"dereference of modified {name} ptr R{number} off={reg.off} disallowed"
        raise Refusal(EACCES, text)
    if reg.bounds.var_off != ZERO.var_off:
        text = f"variable {name} access var_off={reg.bounds.var_off} disallowed"
        raise Refusal(EACCES, text)


def _kind(hook: Hook, off: int) -> str:
    """Return what a load gives, in the log's spelling; "" = a number."""
    for row in hook.fields:
        if row.offset == off:
            return row.kind or OF_DATA.get(row.pointer, row.pointer)
    return ""
