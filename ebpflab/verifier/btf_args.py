"""Arguments that are structures of the kernel, known by their BTF.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.layout import Kind as TypeKind
from ebpflab.helpers.contract import Arg, Kind
from ebpflab.helpers.proto import Proto
from ebpflab.verifier.env import Env
from ebpflab.verifier.kptr_args import check_exchanged
from ebpflab.verifier.refusal import EACCES, EFAULT, Refusal, not_modelled
from ebpflab.verifier.reg_types import Flag
from ebpflab.verifier.states import RegState

SOCK_COMMON = "sock_common"
JUDGED_ELSEWHERE = Flag.MEM_ALLOC | Flag.MEM_PERCPU  # a lock in an object, a variable
OWNED = (Flag.MEM_ALLOC, Flag.MEM_ALLOC | Flag.MEM_PERCPU)


def structure_id(env: Env, name: str) -> int:
    """Return the number of a structure of the kernel."""
    btf = kernel_btf()
    found = btf.find(name, TypeKind.STRUCT) if btf else None
    if found is None:
        not_modelled(f"struct {name}, without the kernel's BTF", env.insn_idx)
    return found.id


def check_btf_arg(env: Env, proto: Proto, number: int, reg: RegState, arg: Arg) -> None:
    """Refuse another structure than the helper wants, or one that may be null."""
    if proto.name == "kptr_xchg":
        _check_given(env, number, reg)
        return
    if reg.type.flags & JUDGED_ELSEWHERE:
        return
    if reg.type.may_be_null and (arg.is_released or not arg.may_be_null):
        text = f"Possibly NULL pointer passed to helper arg{number}"
        raise Refusal(EACCES, text)
    wanted = arg.structure
    if arg.kind is Kind.PTR_TO_BTF_ID_SOCK_COMMON:
        wanted = SOCK_COMMON
    if not _begins_with(env, reg, wanted):
        found = reg.rare.btf_name
        text = f"R{number} is of type {found} but {wanted} is expected"
        raise Refusal(EACCES, text)


def _check_given(env: Env, number: int, reg: RegState) -> None:
    """Judge what is to be put into a map, or the object that it is put into."""
    if number == 1:
        return
    if reg.type.flags & Flag.MEM_ALLOC and reg.type.flags not in OWNED:
        what = "invalid PTR_TO_BTF_ID register for type match"
        raise Refusal(EFAULT, f"verifier bug: {what}")
    if reg.type.may_be_null:
        text = f"Possibly NULL pointer passed to helper arg{number}"
        raise Refusal(EACCES, text)
    check_exchanged(env, number, reg)


def _begins_with(env: Env, reg: RegState, wanted: str) -> bool:
    """Tell whether a structure is the wanted one, or begins with it at this offset."""
    btf = kernel_btf()
    type, offset = reg.rare.btf_type, reg.off
    target = structure_id(env, wanted)
    while btf:
        if type == target and offset == 0:
            return True
        here = btf.resolve(type)
        if here.kind not in (TypeKind.STRUCT, TypeKind.UNION):
            return False
        inner = None
        for member in here.members:
            start = member.offset
            child = btf.resolve(member.type)
            if start <= offset < start + max(btf.size_of(child.id), 1):
                inner = (child.id, offset - start)
                break
        if inner is None:
            return False
        type, offset = inner
    return False


def check_percpu_arg(number: int, reg: RegState) -> None:
    """Refuse a variable, of which each CPU has its own, without a type."""
    if not reg.rare.btf_type:
        raise Refusal(EACCES, f"Helper has invalid btf_id in R{number}")
