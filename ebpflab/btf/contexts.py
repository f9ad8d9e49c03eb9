"""Which structure is the context of a program type: as programs see it, as it is.

    xdp    struct xdp_md for the program, struct xdp_buff in the kernel

The kernel's BTF lists both for every type, as members of `struct bpf_ctx_convert`.
Source: BTF of Linux 6.18.
"""

from ebpflab.btf.layout import Kind
from ebpflab.btf.reader import Btf
from ebpflab.btf.types import Type

CONVERT = "bpf_ctx_convert"
PROJECTIONS = {("__sk_buff", "sk_buff"), ("xdp_md", "xdp_buff")}
COMPOSITE = (Kind.STRUCT, Kind.UNION)


def context_id(btf: Btf, program_type: str, side: str) -> int:
    """Return a context's type, for the "prog" or the "kern"(el); 0: it has none."""
    convert = btf.find(CONVERT, Kind.STRUCT)
    name = f"BPF_PROG_TYPE_{program_type.upper()}_{side}"
    for member in convert.members if convert else ():
        if member.name == name:
            return member.type
    return 0


def context_type(btf: Btf, program_type: str, side: str = "prog") -> Type | None:
    """Return a context itself; None: this program type has none of its own."""
    id = context_id(btf, program_type, side)
    return btf.resolve(id) if id else None


def is_projection_of(seen: str, real: str) -> bool:
    """Tell whether a structure is what programs see of another."""
    return (seen, real) in PROJECTIONS


def is_prog_ctx_type(btf: Btf, target: Type, program_type: str) -> bool:
    """Tell whether a pointer to this type is a pointer to the context."""
    context = context_type(btf, program_type)
    if target.kind not in COMPOSITE or context is None or not context.name:
        return False
    return context.name == target.name or is_projection_of(context.name, target.name)
