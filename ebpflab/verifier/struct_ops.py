"""Structures of functions that programs may fill in: which, and which members.

The kernel wraps each such structure in one of its own, `bpf_struct_ops_NAME`; so its
types say which there are.

Source: what Linux 6.18 refuses (kernel: check_struct_ops_btf_id).
"""

from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.btf.targets import is_attached_by_type, member_index
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.program import Program
from ebpflab.verifier.check_attach import SLEEPABLE
from ebpflab.verifier.licenses import is_gpl_compatible
from ebpflab.verifier.refusal import EINVAL, Refusal, not_modelled

WRAPPED = "bpf_struct_ops_"
MAY_BE_NULL, OWNED = "__nullable", "__ref"  # what a parameter's name ends with
FORBIDDEN = {"tcp_congestion_ops.get_info": ENOTSUPP}  # members that stay the kernel's
WITHOUT_HELPERS = ("bpf_dummy_ops",)  # structures whose functions call none at all
NOT_IN = {  # members that must not call what the others may
    "tcp_congestion_ops.release": ("setsockopt", "getsockopt"),
}
SLEEPING = {"bpf_dummy_ops": ("test_sleepable",)}  # who alone may sleep, where not all


def check_struct_ops(program: Program) -> None:
    """Refuse what needs no types to be refused: the license, no structure at all."""
    if not is_gpl_compatible(program.license):
        text = "struct ops programs must have a GPL compatible license"
        raise Refusal(EINVAL, text)
    kind = (program.type, program.expected_attach_type)
    if not program.attach_to or not is_attached_by_type(*kind):
        raise Refusal(ENOTSUPP, "")


def may_call_helper(program: Program, helper: str) -> bool:
    """Tell whether a member's function may call a helper of struct_ops programs."""
    target = program.attach_to or ""
    structure, _, _ = target.partition(".")
    return structure not in WITHOUT_HELPERS and helper not in NOT_IN.get(target, ())


def struct_ops_member(btf: Btf, program: Program, structure: Type) -> Member:
    """Return the member that a program stands for; refuse one that it must not."""
    if btf.find(WRAPPED + structure.name, Kind.STRUCT) is None:
        text = f"attach_btf_id {structure.id} is not a supported struct"
        raise Refusal(ENOTSUPP, text)
    index = member_index(structure, program.attach_to or "")
    if index < 0:
        not_modelled(f"a structure of functions without {program.attach_to}")
    member = structure.members[index]
    if not _is_function(btf, member):
        where = f"{member.name}(@idx {index}) of struct {structure.name}"
        raise Refusal(EINVAL, f"attach to invalid member {where}")
    _check_member(program, structure.name, member.name)
    return member


def nullable_arguments(btf: Btf, structure: Type, member: Member) -> list[int]:
    """Return which arguments may be null.

    The kernel keeps a function of the same shape beside each member; the names of its
    parameters say more than their types.
    """
    stub = btf.find(f"{structure.name}__{member.name}", Kind.FUNC)
    names = [p.name for p in btf.type(stub.type).members] if stub else []
    if any(name.endswith(OWNED) for name in names):
        not_modelled(f"arguments that {structure.name}.{member.name} owns")
    return [i for i, name in enumerate(names) if name.endswith(MAY_BE_NULL)]


def _is_function(btf: Btf, member: Member) -> bool:
    pointer = btf.resolve(member.type)
    if pointer.kind is not Kind.PTR:
        return False
    return btf.resolve(pointer.type).kind is Kind.FUNC_PROTO


def _check_member(program: Program, structure: str, member: str) -> None:
    errno = FORBIDDEN.get(f"{structure}.{member}", 0)
    sleepers = SLEEPING.get(structure)
    if program.flags & SLEEPABLE and sleepers and member not in sleepers:
        errno = EINVAL
    if errno:
        text = f"attach to unsupported member {member} of struct {structure}"
        raise Refusal(errno, text)
