"""64-bit loads: a number, a map, a place in a map's only value, a kernel variable.

Which map is meant, and whether this program may use it at all, is looked at before the
walk, all loads in order. Source: what Linux 6.18 refuses and writes. Names are the
kernel's.
"""

from collections.abc import Sequence

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Wide
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.program import MapSpec, Program
from ebpflab.verifier.bounds import ZERO, constant
from ebpflab.verifier.check_ksym import pseudo_btf_id
from ebpflab.verifier.check_legal import check_opcode
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import (
    EBADF,
    EINVAL,
    EPROTO,
    ERANGE,
    Refusal,
    not_modelled,
)
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    MAX_VAR_OFF,
    NOTHING_RARE,
    SCALAR,
    UNKNOWN_SCALAR,
    RegState,
)
from ebpflab.verifier.used_maps import UsedMaps

PAGE = 4096  # bytes
_OF_A_MAP = (Wide.MAP_FD, Wide.MAP_VALUE, Wide.MAP_IDX, Wide.MAP_IDX_VALUE)
_VALUES = (Wide.MAP_VALUE, Wide.MAP_IDX_VALUE)


# ---- before the walk -----------------------------------------------------------


def resolve_pseudo_ldimm64(
    program: Program,
    insns: Sequence[Insn | None],
    btf: bytes | None = None,
    *,
    privileged: bool = True,
) -> Sequence[int]:
    """Check every opcode, and what the 64-bit loads name; return the maps.

    Args:    btf: the kernel's types, if not those of this machine.
    """
    used = UsedMaps(program, privileged)
    for insn in insns:
        if insn is None:
            continue
        check_opcode(insn)
        if insn.is_wide:
            _resolve(program, insn, used, btf)
    return used.numbers


def _resolve(program: Program, insn: Insn, used: UsedMaps, btf: bytes | None) -> None:
    """Check what one 64-bit load names."""
    if insn.src in (Wide.VALUE, Wide.FUNC):
        return
    if insn.src == Wide.BTF_ID:
        pseudo_btf_id(insn, btf)
        return
    whole = insn.src in _VALUES or not insn.next_imm
    if insn.src not in _OF_A_MAP or not whole:
        raise Refusal(EINVAL, "unrecognized bpf_ld_imm64 insn")
    if insn.src in (Wide.MAP_IDX, Wide.MAP_IDX_VALUE):
        raise Refusal(EPROTO, "fd_idx without fd_array is invalid")
    if not 0 <= insn.imm < len(program.maps):
        raise Refusal(EBADF, "fd -1 is not pointing to valid bpf_map")
    spec = program.maps[insn.imm]
    used.add(insn.imm)
    if insn.src == Wide.MAP_VALUE:
        _check_direct_value(spec, insn.next_imm & 0xFFFFFFFF)


def _check_direct_value(spec: MapSpec, off: int) -> None:
    """Check an address inside a map's value; the map must be an array of one."""
    if off >= MAX_VAR_OFF:
        raise Refusal(EINVAL, f"direct value offset of {off} is not allowed")
    if spec.type not in ("array", "arena"):
        raise Refusal(EINVAL, "no direct value access support for this map type")
    wrong = 0
    if spec.type == "arena":
        wrong = ERANGE if off > spec.max_entries * PAGE else 0
    elif spec.max_entries != 1:
        wrong = ENOTSUPP
    elif off >= spec.value_size:
        wrong = EINVAL
    if wrong:
        where = f"value_size={spec.value_size} off={off}"
        raise Refusal(wrong, f"invalid access to map value pointer, {where}")


# ---- the walk ------------------------------------------------------------------


def function_address(env: Env, insn: Insn) -> RegState:
    """Return a pointer to one of the program's static functions, for a callback."""
    subprog = env.subprogs.starting_at(env.insn_idx + 1 + insn.imm)
    if not env.functions:
        raise Refusal(EINVAL, "missing btf func_info")
    if not env.functions.is_static(subprog):
        raise Refusal(EINVAL, "callback function not static")
    rare = NOTHING_RARE._replace(subprog=subprog)
    return RegState(RegType.PTR_TO_FUNC, ZERO, rare=rare)


def check_ld_imm(env: Env, insn: Insn) -> None:
    """Put what a 64-bit load gives into its register."""
    env.may_write(insn.dst)
    if insn.src == Wide.VALUE:
        found = RegState(SCALAR, constant(insn.imm64))
    elif insn.src == Wide.MAP_FD:
        found = RegState(RegType.CONST_PTR_TO_MAP, ZERO, map=insn.imm)
    elif insn.src == Wide.MAP_VALUE:
        off = insn.next_imm & 0xFFFFFFFF
        found = RegState(RegType.PTR_TO_MAP_VALUE, ZERO, off, map=insn.imm)
        if env.program.maps[insn.imm].type == "arena":
            found = UNKNOWN_SCALAR
    elif insn.src == Wide.FUNC:
        found = function_address(env, insn)
    elif insn.src == Wide.BTF_ID:
        found = pseudo_btf_id(insn, env.btf)
    else:
        not_modelled("this kind of 64-bit load", env.insn_idx)
    env.regs[insn.dst] = found
