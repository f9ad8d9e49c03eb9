"""How BTF lies in bytes: its header, its kinds of types, and how long each is.

    struct btf_header   magic, version, flags, hdr_len, type_off/len, str_off/len
    struct btf_type     name_off | info: vlen 0-15, kind 24-28, flag 31 | size or type
                        then what its kind needs (an array's bounds, members, ...)

Source: Documentation/bpf/btf.rst.
"""

import struct
from enum import IntEnum

MAGIC = 0xEB9F
VERSION = 1
HEADER = struct.Struct("<HBBIIIII")
TYPE = struct.Struct("<III")
TRIPLE = struct.Struct("<III")
PAIR = struct.Struct("<Ii")


class Kind(IntEnum):
    """What a type is (kernel: BTF_KIND_*)."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


# Bytes after the 12 that every type has: once, and for each of vlen members.
_TAIL = {
    Kind.INT: (4, 0),
    Kind.ARRAY: (12, 0),
    Kind.STRUCT: (0, 12),
    Kind.UNION: (0, 12),
    Kind.ENUM: (0, 8),
    Kind.FUNC_PROTO: (0, 8),
    Kind.VAR: (4, 0),
    Kind.DATASEC: (0, 12),
    Kind.DECL_TAG: (4, 0),
    Kind.ENUM64: (0, 12),
}
TAILS = [_TAIL.get(Kind(k), (0, 0)) for k in Kind]
SIZED = (
    *(Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT),
    Kind.DATASEC,
)
SAME_AS_TARGET = (
    Kind.TYPEDEF,
    Kind.VOLATILE,
    Kind.CONST,
    Kind.RESTRICT,
    Kind.TYPE_TAG,
)
POINTER_SIZE = 8
MAX_DEPTH = 32  # as deep as the kernel follows types (MAX_RESOLVE_DEPTH)
MAX_FIELDS = 4096
