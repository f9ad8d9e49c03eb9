"""A kfunc's argument that is a structure of the kernel: is it the right one?

A structure that begins with the wanted one will do, except where a reference is taken
or given back, or where the kernel says by a name's ending that it must not.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.access import NoAccess, structure_at
from ebpflab.btf.contexts import is_projection_of
from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.check_btf_access import STRUCTURES, TRUSTED, btf_behind
from ebpflab.verifier.env import Env
from ebpflab.verifier.kfunc_types import Parameter, Prototype, spelled
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import RegState

NO_CAST = "___init"


def is_structure(reg: RegState) -> bool:
    """Tell whether a register leads to a structure of the kernel."""
    return reg.type.base is Base.PTR_TO_BTF_ID or reg.type.base in STRUCTURES


def process_btf_id(
    env: Env,
    proto: Prototype,
    index: int,
    parameter: Parameter,
    reg: RegState,
    wanted: Type | None = None,
) -> None:
    """Refuse another structure than the parameter's, or than `wanted`."""
    _check_kind(index, reg)
    kernel = given_btf(env.btf)
    target = wanted or parameter.target
    btf, found = structure_of(env, kernel, reg)
    strict = bool(proto.kfunc.flags & KfuncFlag.RELEASE and reg.ref_obj_id)
    strict = strict or is_no_cast_alias(found, target)
    notes: list[str] = []
    if not ids_match(btf, found, reg.off, kernel, target, strict=strict, notes=notes):
        text = f"kernel function {proto.name} args#{index} expected pointer to"
        text += f" {spelled(target)} {target.name} but R{index + 1} has a pointer to"
        text += f" {spelled(found)} {found.name}"
        if not is_projection_of(target.name, found.name):
            raise Refusal(EINVAL, "".join([*notes, text]))


def _check_kind(index: int, reg: RegState) -> None:
    if reg.type.base in STRUCTURES:
        return
    is_safe = not reg.type.flags & ~TRUSTED or bool(reg.type.flags & Flag.MEM_RCU)
    if reg.type.base is Base.PTR_TO_BTF_ID and is_safe:
        return
    expected = RegType.of(reg.type.base, reg.type.flags & TRUSTED).text
    text = f"arg#{index} is {reg.type.text} expected {expected} or socket"
    raise Refusal(EINVAL, text)


def structure_of(env: Env, kernel: Btf, reg: RegState) -> tuple[Btf, Type]:
    """Return the structure that a register leads to, and whose type it is."""
    name = STRUCTURES.get(reg.type.base)
    if name is None:
        btf = btf_behind(env, reg)
        return btf, btf.resolve(reg.rare.btf_type)
    found = kernel.find(name, Kind.STRUCT)
    assert found
    return kernel, found


def is_no_cast_alias(found: Type, wanted: Type) -> bool:
    """Tell whether two types differ in that one is not initialized yet."""
    a, b = found.name, wanted.name
    if a.endswith(NO_CAST) == b.endswith(NO_CAST):
        return False
    return a.removesuffix(NO_CAST) == b.removesuffix(NO_CAST)


def ids_match(
    btf: Btf,
    found: Type,
    off: int,
    wanted_btf: Btf,
    wanted: Type,
    *,
    strict: bool,
    notes: list[str] | None = None,
) -> bool:
    """Tell whether the wanted structure stands at an offset of another.

    Args:    notes: takes the line that Linux writes where the search ends.
    """
    same = btf is wanted_btf
    if off == 0 and same and found.id == wanted.id:
        return True
    type: Type | None = found
    while not strict and type is not None:
        try:
            type = structure_at(btf, type, off)
        except NoAccess as no:
            if notes is not None:
                notes.append(f"{no.text}\n")
            return False
        off = 0
        if type is not None and same and type.id == wanted.id:
            return True
    return False
