"""A map itself, read through its pointer: the kernel's own structure, by its BTF.

Programs may read a map's size and its like, as members of one of the kernel's
structures (`struct bpf_array`), and write nothing.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Mapping

from ebpflab.btf import Btf, Kind
from ebpflab.btf.access import Found, NoAccess, Place, struct_access
from ebpflab.isa.insn import Insn
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_btf_access import UNTRUSTED_MEM
from ebpflab.verifier.check_ctx_btf import TAGS
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EPERM, Refusal, not_modelled
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, Rare, RegState

_TYPES = {  # the kernel's structure: the map types that are one
    "bpf_array": (
        *("array", "percpu_array", "prog_array", "perf_event_array"),
        *("cgroup_array", "array_of_maps"),
    ),
    "bpf_htab": (
        *("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "hash_of_maps"),
    ),
    "bpf_stack_map": ("stack_trace",),
    "lpm_trie": ("lpm_trie",),
    "bpf_dtab": ("devmap", "devmap_hash"),
    "bpf_stab": ("sockmap",),
    "bpf_shtab": ("sockhash",),
    "bpf_cpu_map": ("cpumap",),
    "xsk_map": ("xskmap",),
    "bpf_cgroup_storage_map": ("cgroup_storage", "percpu_cgroup_storage"),
    "reuseport_array": ("reuseport_sockarray",),
    "bpf_queue_stack": ("queue", "stack"),
    "bpf_local_storage_map": (
        *("sk_storage", "inode_storage", "task_storage", "cgrp_storage"),
    ),
    "bpf_ringbuf_map": ("ringbuf", "user_ringbuf"),
    "bpf_bloom_filter": ("bloom_filter",),
    "bpf_arena": ("arena",),
}
STRUCTURES: Mapping[str, str] = {
    type: name for name, types in _TYPES.items() for type in types
}


def load_from_map(
    env: Env, number: int, off: int, size: int, is_signed: bool
) -> RegState:
    """Judge a load from a map itself."""
    name = _structure(env, number)
    off += env.regs[number].off
    _check_negative(number, off, name)
    btf = given_btf(env.btf)
    structure = btf.find(name, Kind.STRUCT)
    if structure is None:
        not_modelled(f"reading a map itself: the BTF has no {name}", env.insn_idx)
    try:
        place = struct_access(btf, structure.id, off, size)
    except NoAccess as refused:
        raise Refusal(refused.errno, refused.text) from None
    return _given(env, btf, place)


def _given(env: Env, btf: Btf, place: Place) -> RegState:
    """Return what a member gives: a number, or a pointer that is not trusted."""
    if place.found is Found.NUMBER:
        return UNKNOWN_SCALAR
    if place.found is Found.OTHER_POINTER:
        return RegState(UNTRUSTED_MEM, ZERO)
    flags = TAGS.get(place.tag, Flag.NONE)
    if place.in_union:
        flags |= Flag.PTR_UNTRUSTED
    target = btf.type(place.type)
    rare = Rare(btf_type=target.id, btf_name=target.name)
    return RegState(RegType.PTR_TO_BTF_ID | flags, ZERO, rare=rare)


def refuse_store_to_map(
    env: Env, insn: Insn | None, number: int, off: int, size: int
) -> None:
    """Refuse a store to a map itself."""
    name = _structure(env, number)
    _check_negative(number, off + env.regs[number].off, name)
    raise Refusal(EACCES, f"only read from {name} is supported")


def _structure(env: Env, number: int) -> str:
    spec = env.program.maps[env.regs[number].map]
    name = STRUCTURES.get(spec.type)
    if name is None:
        not_modelled(f"reading a map of type {spec.type} itself", env.insn_idx)
    if not env.allow_ptr_leaks:
        text = f"'struct {name}' access is allowed only to CAP_PERFMON"
        raise Refusal(EPERM, f"{text} and CAP_SYS_ADMIN")
    return name


def _check_negative(number: int, off: int, name: str) -> None:
    if off < 0:
        text = f"R{number} is {name} invalid negative access: off={off}"
        raise Refusal(EACCES, text)
