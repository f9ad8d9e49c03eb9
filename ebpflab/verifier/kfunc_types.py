"""What a kfunc's parameters are, read from its prototype in the kernel's BTF.

    bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset,
                     void *buffer__opt, u32 buffer__szk)

The name's ending says what C cannot: `__sz` the size of the memory before it, `__szk`
a known size, `__k` a known number, `__ign` ignored, `__opt` and `__nullable` may be
null, `__uninit` is written first, `__str` a constant text, `__alloc` an object that
the program made. The type of what a pointer leads to says the rest.

Source: Documentation/bpf/kfuncs.rst. Names are the kernel's (enum kfunc_ptr_arg_type).
"""

from dataclasses import dataclass
from enum import Enum, auto

from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.btf.access import COMPOSITE
from ebpflab.btf.contexts import is_prog_ctx_type
from ebpflab.btf.kfuncs import ITER, KFUNCS, Kfunc
from ebpflab.verifier.refusal import EINVAL, Refusal

SCALARS = (Kind.INT, Kind.ENUM, Kind.ENUM64)
MOST_DEPTH = 3  # of structures in structures that count as plain memory
NOT_PLAIN = "not plain"


class KfArg(Enum):
    """What an argument that is a pointer must be (KF_ARG_PTR_TO_*)."""

    CTX = auto()
    ALLOC_BTF_ID = auto()
    REFCOUNTED_KPTR = auto()
    DYNPTR = auto()
    ITER = auto()
    LIST_HEAD = auto()
    LIST_NODE = auto()
    BTF_ID = auto()
    MEM = auto()
    MEM_SIZE = auto()
    CALLBACK = auto()
    RB_ROOT = auto()
    RB_NODE = auto()
    NULL = auto()
    CONST_STR = auto()
    MAP = auto()
    WORKQUEUE = auto()
    IRQ_FLAG = auto()
    RES_SPIN_LOCK = auto()
    TASK_WORK = auto()


BY_STRUCTURE = {
    "bpf_dynptr": KfArg.DYNPTR,
    "bpf_list_head": KfArg.LIST_HEAD,
    "bpf_list_node": KfArg.LIST_NODE,
    "bpf_rb_root": KfArg.RB_ROOT,
    "bpf_rb_node": KfArg.RB_NODE,
    "bpf_wq": KfArg.WORKQUEUE,
    "bpf_res_spin_lock": KfArg.RES_SPIN_LOCK,
    "bpf_task_work": KfArg.TASK_WORK,
}
FIRST = (  # in the order in which they are recognized
    ("__alloc", KfArg.ALLOC_BTF_ID),
    ("__refcounted_kptr", KfArg.REFCOUNTED_KPTR),
)
LATER = (
    ("__str", KfArg.CONST_STR),
    ("__map", KfArg.MAP),
    ("__irq_flag", KfArg.IRQ_FLAG),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a kfunc."""

    name: str
    type: Type  # without const and typedef
    target: Type  # of a pointer

    def ends(self, suffix: str) -> bool:
        return self.name.endswith(suffix)

    @property
    def is_scalar(self) -> bool:
        return self.type.kind in SCALARS

    @property
    def is_pointer(self) -> bool:
        return self.type.kind is Kind.PTR

    @property
    def is_size(self) -> bool:
        """Tell whether it is the size of the memory before it."""
        return self.is_scalar and (self.ends("__sz") or self.ends("__szk"))


@dataclass(frozen=True, slots=True)
class Prototype:
    """A kfunc, as a program calls it."""

    id: int
    kfunc: Kfunc
    parameters: tuple[Parameter, ...]
    returns: Type

    @property
    def name(self) -> str:
        return self.kfunc.name


def prototype_of(btf: Btf, function: Type) -> Prototype | None:
    """Return a kfunc's prototype; None: this function is no kfunc."""
    kfunc = KFUNCS.get(function.name)
    if kfunc is None:
        return None
    declared = btf.type(function.type)
    parameters = tuple(_parameter(btf, member) for member in declared.members)
    return Prototype(function.id, kfunc, parameters, btf.resolve(declared.type))


def _parameter(btf: Btf, member: Member) -> Parameter:
    type = btf.resolve(member.type)
    target = btf.resolve(type.type) if type.kind is Kind.PTR else type
    return Parameter(member.name, type, target)


def static_kind(
    btf: Btf, proto: Prototype, index: int, program_type: str
) -> KfArg | None:
    """Return what a pointer must be by its parameter alone; None: it depends."""
    parameter = proto.parameters[index]
    if proto.name == "bpf_cast_to_kern_ctx":
        return KfArg.CTX
    if is_prog_ctx_type(btf, parameter.target, program_type):
        return KfArg.CTX
    for suffix, kind in FIRST:
        if parameter.ends(suffix):
            return kind
    structure = BY_STRUCTURE.get(parameter.target.name)
    if structure is KfArg.DYNPTR:
        return structure
    if (proto.kfunc.flags & ITER and index == 0) or parameter.ends("__iter"):
        return KfArg.ITER
    for suffix, kind in LATER:
        if parameter.ends(suffix):
            return kind
    return structure if parameter.target.kind is Kind.STRUCT else None


def is_plain(btf: Btf, type: Type) -> bool:
    """Tell whether a structure holds numbers only, however deep."""
    return not _not_plain(btf, type, 0)


def _not_plain(btf: Btf, type: Type, depth: int) -> str:
    """Return why a structure is not plain memory; "" where it is."""
    if type.kind not in COMPOSITE:
        return NOT_PLAIN
    for member in type.members:
        inner = btf.resolve(member.type)
        if inner.kind in COMPOSITE:
            if depth == MOST_DEPTH:
                return "max struct nesting depth exceeded"
            if wrong := _not_plain(btf, inner, depth + 1):
                return wrong
            continue
        if inner.kind is Kind.ARRAY:
            if not inner.count:
                return NOT_PLAIN
            inner = btf.resolve(inner.type)
        if inner.kind not in SCALARS:
            return NOT_PLAIN
    return ""


def memory_kind(btf: Btf, parameter: Parameter, index: int, *, sized: bool) -> KfArg:
    """Return how plain memory is given: with a size behind it, or as its type says."""
    target = parameter.target
    wrong = "" if target.kind in SCALARS else _not_plain(btf, target, 0)
    if wrong and not (sized and target.kind is Kind.VOID):
        what = f"arg#{index} pointer type {spelled(target)} {named(target)}"
        rest = "void, " if sized else ""
        before = "" if wrong == NOT_PLAIN else f"{wrong}\n"
        text = f"{before}{what} must point to {rest}scalar, or struct with scalar"
        raise Refusal(EINVAL, text)
    return KfArg.MEM_SIZE if sized else KfArg.MEM


def named(type: Type) -> str:
    """Return a type's name as the kernel's messages have it."""
    return "" if type.kind is Kind.VOID else type.name


def spelled(type: Type) -> str:
    """Return a kind as the kernel's messages have it."""
    return "UNKNOWN" if type.kind is Kind.VOID else type.kind.name
