"""One type of BTF, read: what it is, what it is made of.

Which fields of a `Type` mean something depends on its kind. Not here: the bytes
(layout.py) and whole collections of types (reader.py).
"""

from dataclasses import dataclass

from ebpflab.btf.layout import Kind


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct or union, an enumerator, a parameter, a variable."""

    name: str
    type: int = 0
    bit_offset: int = 0
    bit_size: int = 0  # of a bit-field; 0 = the type's own size
    value: int = 0  # of an enumerator

    @property
    def offset(self) -> int:
        """Whole bytes from the start."""
        return self.bit_offset // 8


@dataclass(frozen=True, slots=True)
class Type:
    """One type. Which fields mean something depends on `kind`."""

    id: int
    kind: Kind
    name: str = ""
    size: int = 0  # bytes: INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC
    type: int = 0  # the type that this one is made of; a FUNC's prototype
    members: tuple[Member, ...] = ()
    count: int = 0  # elements of an ARRAY
    index_type: int = 0  # of an ARRAY
    signed: bool = False  # INT, ENUM, ENUM64
    bits: int = 0  # significant bits of an INT
    linkage: int = 0  # FUNC, VAR: 0 static, 1 global, 2 extern
    is_union: bool = False  # FWD: what is only declared is a union
    component: int = -1  # DECL_TAG: which member or parameter; -1 = the whole
    is_attribute: bool = False  # TYPE_TAG: another attribute than btf_type_tag


@dataclass(frozen=True, slots=True)
class Field:
    """One scalar inside a value: `flow.port`, its place and how to read it."""

    name: str
    offset: int  # bytes
    size: int  # bytes
    signed: bool
    type: int


VOID = Type(0, Kind.VOID, "void")
