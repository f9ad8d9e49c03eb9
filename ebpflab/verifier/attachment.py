"""What a program is attached to by type, and so: what its context holds.

    tp_btf/sched_switch     the arguments of the tracepoint
    fentry/vfs_read         the arguments of the function
    fexit/vfs_read          these, and what it returned
    iter/task               what the iterator gives, and that may be null at the end
    struct_ops              the arguments of the member that the program stands for

Source: what Linux 6.18 accepts and refuses. Names are the kernel's.
Kernel differs: a kernel without trampolines loads no fentry, fexit and LSM programs
(EPERM); they are judged as one with trampolines does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ebpflab.btf import Btf, Kind, Member, Type, btf_of
from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.targets import find_target, is_attached_by_type
from ebpflab.program import Program
from ebpflab.verifier.nullable_arguments import ITERATORS, NULLABLE
from ebpflab.verifier.refusal import EINVAL, Refusal, not_modelled
from ebpflab.verifier.reg_types import Flag, RegType, reg_type
from ebpflab.verifier.struct_ops import (
    check_struct_ops,
    nullable_arguments,
    struct_ops_member,
)

TYPED = ("tracing", "lsm", "struct_ops")  # program types with such a context
RETURN_VALUE = ("trace_fexit", "lsm_mac", "lsm_cgroup", "modify_return")
TRUSTED = RegType.PTR_TO_BTF_ID | Flag.PTR_TRUSTED
MAX_ERRNO = 4095
SEEN_AS = {"tcp_congestion_ops": {"sock": "tcp_sock"}}  # what a pointer really is
YES_OR_NO = ("bpf_lsm_audit_rule_known", "bpf_lsm_inode_xattr_skipcap")


@dataclass(frozen=True, slots=True)
class Attachment:
    """The function whose arguments a program sees."""

    name: str  # as messages call it
    parameters: tuple[Member, ...]
    returns: int = -1  # type of what follows the parameters; -1: nothing does
    slots: tuple[int, ...] = ()  # types by which places are counted, the result last
    pointers: RegType = RegType.PTR_TO_BTF_ID  # what a pointer among them is
    types: Mapping[int, RegType] = field(default_factory=dict)  # where known better
    nullable: tuple[int, ...] = ()
    structure: str = ""  # of functions, one of which the program stands for
    seen_as: Mapping[str, str] = field(default_factory=dict)  # structures among them
    is_void: bool = False  # the program answers nothing
    answer: tuple[int, int] | None = None  # or: the least and the largest r0


def given_btf(raw: bytes | None) -> Btf:
    """Return the kernel's types, or those given instead.

    Raises:  NotModelled: there are none on this machine.
    """
    found = btf_of(raw) if raw is not None else kernel_btf()
    return found or not_modelled("kernel types, which are not on this machine")


def own_btf(program: Program) -> bytes | None:
    """Return the program's own types.

    Linux reads them only where they describe its functions or its lines.
    """
    return program.btf if program.func_info or program.line_info else None


def local_btf(program: Program) -> bytes | None:
    """Return the types of objects that programs make: its own, else its maps'."""
    own = own_btf(program)
    of_maps = {spec.btf for spec in program.maps if spec.btf is not None}
    return of_maps.pop() if own is None and len(of_maps) == 1 else own


def find_attachment(program: Program, raw: bytes | None = None) -> Attachment | None:
    """Return what a program is attached to; None: its context has no such types.

    Args:    raw: the kernel's BTF, if not that of this machine.
    """
    kind = (program.type, program.expected_attach_type)
    if program.type not in TYPED:
        return None
    if program.type == "struct_ops":
        check_struct_ops(program)
    elif not program.attach_to or not is_attached_by_type(*kind):
        name = "LSM" if program.type == "lsm" else "Tracing"
        raise Refusal(EINVAL, f"{name} programs must provide btf_id")
    btf = given_btf(raw)
    target = find_target(btf, *kind, program.attach_to or "")
    if target is None:
        not_modelled(f"a target that is not in the kernel's types: {program.attach_to}")
    return _attached(btf, program, target)


def _attached(btf: Btf, program: Program, target: Type) -> Attachment:
    to, attach_type = program.attach_to or "", program.expected_attach_type
    if program.type == "struct_ops":
        member = struct_ops_member(btf, program, target)
        found = _of(btf, btf.resolve(member.type), member.name, TRUSTED)
        returns = btf.resolve(found.returns)
        answer = (0, 0) if returns.kind is Kind.PTR else None
        is_void = returns.kind is Kind.VOID
        seen = SEEN_AS.get(target.name, {})
        found = replace(found, returns=-1, answer=answer, is_void=is_void)
        nullable = nullable_arguments(btf, target, member)
        types = dict.fromkeys(nullable, TRUSTED | Flag.PTR_MAYBE_NULL)
        return replace(found, structure=target.name, seen_as=seen, types=types)
    if attach_type == "trace_raw_tp":
        found = _of(btf, btf.resolve(target.type), to, TRUSTED, skipped=1)
        return replace(found, returns=-1, nullable=NULLABLE.get(to, ()))
    if attach_type == "trace_iter":
        kinds = {i: reg_type(t) for i, t in ITERATORS.get(to, {}).items()}
        found = _of(btf, target, target.name, TRUSTED)
        return replace(found, returns=-1, types=kinds)
    if program.type == "lsm":
        return _security_check(btf, target, attach_type)
    found = _of(btf, target, target.name, RegType.PTR_TO_BTF_ID)
    return found if attach_type in RETURN_VALUE else replace(found, returns=-1)


def _security_check(btf: Btf, target: Type, attach_type: str | None) -> Attachment:
    found = _of(btf, target, target.name, TRUSTED)
    is_void = btf.resolve(found.returns).kind is Kind.VOID
    if attach_type == "lsm_cgroup":
        return replace(found, answer=(1, 1) if is_void else (0, 1))
    answer = (0, 1) if target.name in YES_OR_NO else (-MAX_ERRNO, 0)
    return replace(found, answer=answer, is_void=is_void)


def _of(
    btf: Btf, function: Type, name: str, pointers: RegType, skipped: int = 0
) -> Attachment:
    """Return the arguments of a function, or of what a pointer leads to."""
    while function.kind in (Kind.PTR, Kind.FUNC):
        function = btf.resolve(function.type)
    if function.kind is not Kind.FUNC_PROTO:
        not_modelled(f"{name}, which is no function")
    places = (*(member.type for member in function.members), function.type)
    return Attachment(name, function.members[skipped:], function.type, places, pointers)
