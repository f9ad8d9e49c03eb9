"""What a register holds: a kind of value, and what else is known of the pointer.

    map_value_or_null    =  PTR_TO_MAP_VALUE | Flag.PTR_MAYBE_NULL

A type with its flags is one object however it was made, so `is` compares types whole:
what is said of `map_value` is never said of `map_value_or_null` by mistake.

Names are the kernel's (enum bpf_reg_type, enum bpf_type_flag); the spelling is its
log's. Source: logs of Linux 6.18.
"""

from enum import IntFlag, StrEnum, auto
from functools import cache
from typing import ClassVar


class Base(StrEnum):
    """The kind of a register's value; the value is the log's spelling."""

    NOT_INIT = "?"
    SCALAR_VALUE = "scalar"
    PTR_TO_CTX = "ctx"
    CONST_PTR_TO_MAP = "map_ptr"
    PTR_TO_MAP_VALUE = "map_value"
    PTR_TO_MAP_KEY = "map_key"
    PTR_TO_STACK = "fp"
    PTR_TO_PACKET = "pkt"
    PTR_TO_PACKET_META = "pkt_meta"
    PTR_TO_PACKET_END = "pkt_end"
    PTR_TO_FLOW_KEYS = "flow_keys"
    PTR_TO_SOCKET = "sock"
    PTR_TO_SOCK_COMMON = "sock_common"
    PTR_TO_TCP_SOCK = "tcp_sock"
    PTR_TO_TP_BUFFER = "tp_buffer"
    PTR_TO_XDP_SOCK = "xdp_sock"
    PTR_TO_BTF_ID = "ptr_"
    PTR_TO_MEM = "mem"
    PTR_TO_ARENA = "arena"
    PTR_TO_BUF = "buf"
    PTR_TO_FUNC = "func"
    CONST_PTR_TO_DYNPTR = "dynptr_ptr"


class Flag(IntFlag):
    """What else is known of a pointer (enum bpf_type_flag)."""

    NONE = 0
    PTR_MAYBE_NULL = auto()
    MEM_RDONLY = auto()
    MEM_RINGBUF = auto()
    MEM_USER = auto()
    MEM_PERCPU = auto()
    PTR_UNTRUSTED = auto()
    PTR_TRUSTED = auto()
    MEM_RCU = auto()
    MEM_ALLOC = auto()
    NON_OWN_REF = auto()


_PREFIXES = (  # in the order of the log
    (Flag.MEM_RDONLY, "rdonly_"),
    (Flag.MEM_RINGBUF, "ringbuf_"),
    (Flag.MEM_USER, "user_"),
    (Flag.MEM_PERCPU, "percpu_"),
    (Flag.PTR_UNTRUSTED, "untrusted_"),
    (Flag.PTR_TRUSTED, "trusted_"),
    (Flag.MEM_RCU, "rcu_"),
)


class RegType:
    """A kind with its flags; made by `RegType.of` only, one object for each."""

    __slots__ = ("base", "flags", "may_be_null", "text")
    _KNOWN: ClassVar[dict[tuple[Base, Flag], "RegType"]] = {}

    NOT_INIT: ClassVar["RegType"]
    SCALAR_VALUE: ClassVar["RegType"]
    PTR_TO_CTX: ClassVar["RegType"]
    CONST_PTR_TO_MAP: ClassVar["RegType"]
    PTR_TO_MAP_VALUE: ClassVar["RegType"]
    PTR_TO_MAP_KEY: ClassVar["RegType"]
    PTR_TO_STACK: ClassVar["RegType"]
    PTR_TO_PACKET: ClassVar["RegType"]
    PTR_TO_PACKET_META: ClassVar["RegType"]
    PTR_TO_PACKET_END: ClassVar["RegType"]
    PTR_TO_FLOW_KEYS: ClassVar["RegType"]
    PTR_TO_SOCKET: ClassVar["RegType"]
    PTR_TO_SOCK_COMMON: ClassVar["RegType"]
    PTR_TO_TCP_SOCK: ClassVar["RegType"]
    PTR_TO_TP_BUFFER: ClassVar["RegType"]
    PTR_TO_XDP_SOCK: ClassVar["RegType"]
    PTR_TO_BTF_ID: ClassVar["RegType"]
    PTR_TO_MEM: ClassVar["RegType"]
    PTR_TO_ARENA: ClassVar["RegType"]
    PTR_TO_BUF: ClassVar["RegType"]
    PTR_TO_FUNC: ClassVar["RegType"]
    CONST_PTR_TO_DYNPTR: ClassVar["RegType"]

    def __init__(self, base: Base, flags: Flag) -> None:
        self.base, self.flags = base, flags
        self.may_be_null = bool(flags & Flag.PTR_MAYBE_NULL)
        self.text = _spelled(base, flags)

    @classmethod
    def of(cls, base: Base, flags: Flag = Flag.NONE) -> "RegType":
        """Return the one object for a kind and its flags."""
        found = cls._KNOWN.get((base, flags))
        if found is None:
            found = cls._KNOWN[base, flags] = cls(base, flags)
        return found

    @cache  # noqa: B019 - there are few types, and they live for ever
    def __or__(self, flags: Flag) -> "RegType":
        return RegType.of(self.base, self.flags | flags)

    @cache  # noqa: B019
    def without(self, flags: Flag) -> "RegType":
        """Return the type without these flags: what a null check leaves."""
        return RegType.of(self.base, self.flags & ~flags)

    def __repr__(self) -> str:
        return f"<{self.text}>"


def _spelled(base: Base, flags: Flag) -> str:
    before = "".join(word for flag, word in _PREFIXES if flags & flag)
    if not flags & Flag.PTR_MAYBE_NULL:
        return before + base
    return before + base + ("or_null_" if base is Base.PTR_TO_BTF_ID else "_or_null")


def reg_type(text: str) -> RegType:
    """Return the type that the log spells so: "map_value", "trusted_ptr_or_null_"."""
    flags, rest = Flag.NONE, text
    for flag, word in _PREFIXES:
        if rest.startswith(word):
            flags, rest = flags | flag, rest.removeprefix(word)
    if rest.rstrip("_").endswith("_or_null"):
        flags, rest = flags | Flag.PTR_MAYBE_NULL, rest.replace("_or_null", "", 1)
    return RegType.of(Base(rest), flags)


for _base in Base:
    setattr(RegType, _base.name, RegType.of(_base))

PTR_TO_MAP_VALUE_OR_NULL = RegType.PTR_TO_MAP_VALUE | Flag.PTR_MAYBE_NULL
