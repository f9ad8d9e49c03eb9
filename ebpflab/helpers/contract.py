"""What a helper's contract can say of an argument and of the result.

An argument is a kind (kernel: enum bpf_arg_type) with flags, and for some kinds a size
or the name of a kernel structure. The usual ones have names; the others are built:

    Arg.PTR_TO_MEM             memory that the helper reads; its size comes next
    Arg.fixed_mem(20)          20 bytes that it reads
    Arg.btf("task_struct")     a pointer to that structure of the kernel

Names are the kernel's. Source: what Linux 6.18 accepts for each helper.
"""

from dataclasses import dataclass, replace
from enum import Enum, IntFlag, auto
from typing import ClassVar

WORD_BYTES = 8


class Kind(Enum):
    """What an argument is, whatever its flags say."""

    DONTCARE = auto()  # the verifier does not look at it
    ANYTHING = auto()
    PTR_TO_CTX = auto()
    CONST_MAP_PTR = auto()
    PTR_TO_MAP_KEY = auto()
    PTR_TO_MAP_VALUE = auto()
    PTR_TO_MEM = auto()  # its size is the next argument, unless it is fixed
    CONST_SIZE = auto()
    CONST_SIZE_OR_ZERO = auto()
    CONST_ALLOC_SIZE_OR_ZERO = auto()  # a known number: bytes of the result
    PTR_TO_CONST_STR = auto()  # in a read-only map, zero-terminated
    PTR_TO_FUNC = auto()
    PTR_TO_STACK = auto()
    PTR_TO_RINGBUF_MEM = auto()  # what ringbuf_reserve returned
    PTR_TO_SPIN_LOCK = auto()
    PTR_TO_TIMER = auto()
    PTR_TO_DYNPTR = auto()
    PTR_TO_SOCKET = auto()
    PTR_TO_SOCK_COMMON = auto()
    PTR_TO_BTF_ID_SOCK_COMMON = auto()
    PTR_TO_BTF_ID = auto()
    PTR_TO_PERCPU_BTF_ID = auto()
    KPTR_XCHG_DEST = auto()  # the place in a map value that holds a kernel pointer


class ArgFlag(IntFlag):
    """What else is demanded of an argument (enum bpf_type_flag)."""

    NONE = 0
    PTR_MAYBE_NULL = auto()
    MEM_UNINIT = auto()  # need not be initialized: the helper fills it
    MEM_RDONLY = auto()  # the helper only reads it
    MEM_WRITE = auto()  # the helper writes it
    MEM_ALIGNED = auto()
    OBJ_RELEASE = auto()  # the helper gives the object back
    DYNPTR_TYPE_LOCAL = auto()
    DYNPTR_TYPE_RINGBUF = auto()


_NULL, _RDONLY = ArgFlag.PTR_MAYBE_NULL, ArgFlag.MEM_RDONLY
_FILLED = ArgFlag.MEM_UNINIT | ArgFlag.MEM_WRITE


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a contract."""

    kind: Kind
    flags: ArgFlag = ArgFlag.NONE
    size: int = 0  # bytes of fixed memory; 0 = the next argument says it
    structure: str = ""  # the kernel's name of what a BTF pointer points to

    DONTCARE: ClassVar["Arg"]
    ANYTHING: ClassVar["Arg"]
    PTR_TO_CTX: ClassVar["Arg"]
    CONST_MAP_PTR: ClassVar["Arg"]
    PTR_TO_MAP_KEY: ClassVar["Arg"]
    PTR_TO_MAP_VALUE: ClassVar["Arg"]
    PTR_TO_UNINIT_MAP_VALUE: ClassVar["Arg"]
    PTR_TO_MAP_VALUE_OR_NULL: ClassVar["Arg"]
    PTR_TO_MEM: ClassVar["Arg"]
    PTR_TO_MEM_OR_NULL: ClassVar["Arg"]
    PTR_TO_UNINIT_MEM: ClassVar["Arg"]
    PTR_TO_WRITABLE_MEM: ClassVar["Arg"]
    PTR_TO_WRITABLE_MEM_OR_NULL: ClassVar["Arg"]
    PTR_TO_LONG: ClassVar["Arg"]
    PTR_TO_CONST_STR: ClassVar["Arg"]
    PTR_TO_FUNC: ClassVar["Arg"]
    PTR_TO_STACK_OR_NULL: ClassVar["Arg"]
    PTR_TO_RINGBUF_MEM: ClassVar["Arg"]
    PTR_TO_SPIN_LOCK: ClassVar["Arg"]
    PTR_TO_TIMER: ClassVar["Arg"]
    PTR_TO_MEM_REGION: ClassVar["Arg"]
    PTR_TO_DYNPTR: ClassVar["Arg"]
    PTR_TO_RDONLY_DYNPTR: ClassVar["Arg"]
    PTR_TO_LOCAL_DYNPTR: ClassVar["Arg"]
    PTR_TO_RINGBUF_DYNPTR: ClassVar["Arg"]
    PTR_TO_RELEASED_DYNPTR: ClassVar["Arg"]
    PTR_TO_SOCKET_OR_NULL: ClassVar["Arg"]
    PTR_TO_SOCK_COMMON: ClassVar["Arg"]
    PTR_TO_BTF_ID_SOCK_COMMON: ClassVar["Arg"]
    PTR_TO_PERCPU_BTF_ID: ClassVar["Arg"]
    KPTR_XCHG_DEST: ClassVar["Arg"]
    CONST_SIZE: ClassVar["Arg"]
    CONST_SIZE_OR_ZERO: ClassVar["Arg"]
    CONST_ALLOC_SIZE_OR_ZERO: ClassVar["Arg"]

    @classmethod
    def fixed_mem(cls, size: int, flags: ArgFlag = _RDONLY) -> "Arg":
        """Memory of a size that the contract says, in bytes."""
        return cls(Kind.PTR_TO_MEM, flags, size=size)

    @classmethod
    def btf(cls, structure: str, flags: ArgFlag = ArgFlag.NONE) -> "Arg":
        """A pointer to a structure of the kernel."""
        return cls(Kind.PTR_TO_BTF_ID, flags, structure=structure)

    def __or__(self, flags: ArgFlag) -> "Arg":
        return replace(self, flags=self.flags | flags)

    @property
    def may_be_null(self) -> bool:
        return bool(self.flags & ArgFlag.PTR_MAYBE_NULL)

    @property
    def is_released(self) -> bool:
        return bool(self.flags & ArgFlag.OBJ_RELEASE)

    @property
    def is_written(self) -> bool:
        return bool(self.flags & ArgFlag.MEM_WRITE)

    @property
    def is_uninit(self) -> bool:
        return bool(self.flags & ArgFlag.MEM_UNINIT)

    @property
    def name(self) -> str:
        """The kind with its flags, as the kernel spells them."""
        flags = [flag.name or "" for flag in ArgFlag if flag & self.flags]
        return "|".join([self.kind.name, *flags])


def _named() -> dict[str, Arg]:
    """Return the usual arguments by name."""
    flagged = {
        "PTR_TO_UNINIT_MAP_VALUE": Arg(Kind.PTR_TO_MAP_VALUE, _FILLED),
        "PTR_TO_MAP_VALUE_OR_NULL": Arg(Kind.PTR_TO_MAP_VALUE, _NULL),
        "PTR_TO_MEM": Arg(Kind.PTR_TO_MEM, _RDONLY),
        "PTR_TO_MEM_OR_NULL": Arg(Kind.PTR_TO_MEM, _RDONLY | _NULL),
        "PTR_TO_UNINIT_MEM": Arg(Kind.PTR_TO_MEM, _FILLED),
        "PTR_TO_WRITABLE_MEM": Arg(Kind.PTR_TO_MEM, ArgFlag.MEM_WRITE),
        "PTR_TO_WRITABLE_MEM_OR_NULL": Arg(Kind.PTR_TO_MEM, ArgFlag.MEM_WRITE | _NULL),
        "PTR_TO_MEM_REGION": Arg(Kind.PTR_TO_MEM, _FILLED),  # kept, not filled
        "PTR_TO_LONG": Arg.fixed_mem(WORD_BYTES, _FILLED | ArgFlag.MEM_ALIGNED),
        "PTR_TO_STACK_OR_NULL": Arg(Kind.PTR_TO_STACK, _NULL),
        "PTR_TO_RINGBUF_MEM": Arg(Kind.PTR_TO_RINGBUF_MEM, ArgFlag.OBJ_RELEASE),
        "PTR_TO_RDONLY_DYNPTR": Arg(Kind.PTR_TO_DYNPTR, _RDONLY),
        "PTR_TO_LOCAL_DYNPTR": Arg(
            Kind.PTR_TO_DYNPTR, _FILLED | ArgFlag.DYNPTR_TYPE_LOCAL
        ),
        "PTR_TO_RINGBUF_DYNPTR": Arg(
            Kind.PTR_TO_DYNPTR, _FILLED | ArgFlag.DYNPTR_TYPE_RINGBUF
        ),
        "PTR_TO_RELEASED_DYNPTR": Arg(
            Kind.PTR_TO_DYNPTR, ArgFlag.DYNPTR_TYPE_RINGBUF | ArgFlag.OBJ_RELEASE
        ),
        "PTR_TO_SOCKET_OR_NULL": Arg(Kind.PTR_TO_SOCKET, _NULL),
    }
    return {kind.name: Arg(kind) for kind in Kind} | flagged


for _name, _arg in _named().items():
    setattr(Arg, _name, _arg)

SIZES = (Kind.CONST_SIZE, Kind.CONST_SIZE_OR_ZERO)


class Ret(Enum):
    """What a helper returns (kernel: enum bpf_return_type)."""

    INTEGER = auto()
    VOID = auto()
    PTR_TO_MAP_VALUE = auto()
    PTR_TO_MAP_VALUE_OR_NULL = auto()
    PTR_TO_RINGBUF_MEM_OR_NULL = auto()
    PTR_TO_DYNPTR_MEM_OR_NULL = auto()
    PTR_TO_SOCKET_OR_NULL = auto()
    PTR_TO_TCP_SOCK_OR_NULL = auto()
    PTR_TO_SOCK_COMMON_OR_NULL = auto()
    PTR_TO_BTF_ID_OR_NULL = auto()  # which structure stands in the contract
    PTR_TO_BTF_ID = auto()
    PTR_TO_BTF_ID_TRUSTED = auto()
    PTR_TO_MEM_OR_BTF_ID = auto()  # a variable of this CPU
    PTR_TO_MEM_OR_BTF_ID_OR_NULL = auto()  # of another CPU, which may not be there


ADDRESSES = tuple(ret for ret in Ret if ret not in (Ret.INTEGER, Ret.VOID))
