"""CO-RE: when two types are the same thing in two kernels. Four ways, strict to lax.

    matching      every member, enumerator, parameter of ours is there, alike
                  (bpf_core_type_matches)
    compatible    the same kind, through pointers and arrays; functions by parameters
                  (bpf_core_type_exists, kernel functions and variables)
    fields_alike  a member may be read in the other's place
    kinds_alike   the same kind of type; an enum may have become wider

const, volatile and typedefs never count, nor does what follows `___` in a name. Not
here: finding the candidates (core.py). Source: libbpf's documentation of CO-RE;
Documentation/bpf/llvm_reloc.rst.
"""

from dataclasses import dataclass, field

from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.btf.layout import MAX_DEPTH

COMPOSITE = (Kind.STRUCT, Kind.UNION)
ENUMS = (Kind.ENUM, Kind.ENUM64)
HAVE_NO_PARTS = (Kind.VOID, *COMPOSITE, *ENUMS, Kind.FWD, Kind.INT, Kind.FLOAT)
WRAPPERS = (Kind.PTR, Kind.ARRAY)


def essential(name: str) -> str:
    """Drop what follows `___`: programs tell flavors of one type apart so."""
    before, mark, _ = name.rpartition("___")
    return before if mark and before else name


def kinds_alike(one: Kind, other: Kind) -> bool:
    """Tell whether two kinds are the same; an enum may have become wider."""
    return one is other or (one in ENUMS and other in ENUMS)


def fields_alike(ours: Btf, id: int, theirs: Btf, other: int) -> bool:
    """Tell whether a member of one type may be read as one of another."""
    for _ in range(MAX_DEPTH):
        a, b = ours.resolve(id), theirs.resolve(other)
        if a.kind in COMPOSITE and b.kind in COMPOSITE:
            return True
        if a.kind is Kind.ARRAY and b.kind is Kind.ARRAY:
            id, other = a.type, b.type
            continue
        nameless = not a.name or not b.name
        named_alike = nameless or essential(a.name) == essential(b.name)
        matters = a.kind in (*ENUMS, Kind.FWD)
        return kinds_alike(a.kind, b.kind) and (named_alike or not matters)
    return False


def compatible(ours: Btf, id: int, theirs: Btf, other: int, depth: int = 8) -> bool:
    """Tell whether two types are of one kind, through pointers and arrays."""
    for _ in range(MAX_DEPTH):
        a, b = ours.resolve(id), theirs.resolve(other)
        if not kinds_alike(a.kind, b.kind) or not depth:
            return False
        if a.kind in HAVE_NO_PARTS:
            return True
        if a.kind is Kind.FUNC_PROTO:
            if len(a.members) != len(b.members):
                return False
            pairs = zip(a.members, b.members, strict=True)
            if not all(
                compatible(ours, m.type, theirs, n.type, depth - 1) for m, n in pairs
            ):
                return False
        elif a.kind not in WRAPPERS:
            return False
        id, other = a.type, b.type
    return False


def matching(ours: Btf, id: int, theirs: Btf, other: int) -> bool:
    """Tell whether all that our type says holds for theirs too."""
    return _Match(ours, theirs).types(id, other, behind_pointer=False)


@dataclass(frozen=True, slots=True)
class _Match:
    """Two sets of types being compared; behind a pointer, a struct's name is all."""

    ours: Btf
    theirs: Btf
    known: dict[tuple[int, int, bool], bool] = field(default_factory=dict)

    def types(self, id: int, other: int, *, behind_pointer: bool) -> bool:
        """Compare two types; each pair once, and one inside itself counts as alike."""
        pair = id, other, behind_pointer
        if pair not in self.known:
            self.known[pair] = True
            a, b = self.ours.resolve(id), self.theirs.resolve(other)
            named_alike = essential(a.name) == essential(b.name)
            self.known[pair] = named_alike and self._alike(a, b, behind_pointer)
        return self.known[pair]

    def _alike(self, a: Type, b: Type, behind_pointer: bool) -> bool:
        match a.kind:
            case Kind.STRUCT | Kind.UNION | Kind.FWD if behind_pointer:
                return _is_union(a) == _is_union(b)
            case Kind.STRUCT | Kind.UNION:
                return a.kind is b.kind and self._members(a, b)
            case Kind.ENUM | Kind.ENUM64:
                return b.kind in ENUMS and _names(a) <= _names(b)
            case Kind.INT:
                return (a.kind, a.size, a.signed) == (b.kind, b.size, b.signed)
            case Kind.PTR:
                return a.kind is b.kind and self._target(a, b, True)
            case Kind.ARRAY:
                same = a.kind is b.kind and a.count == b.count
                return same and self._target(a, b, behind_pointer)
            case Kind.FUNC_PROTO:
                return a.kind is b.kind and self._parameters(a, b)
            case _:
                return a.kind is b.kind and _is_union(a) == _is_union(b)

    def _target(self, a: Type, b: Type, behind_pointer: bool) -> bool:
        return self.types(a.type, b.type, behind_pointer=behind_pointer)

    def _members(self, a: Type, b: Type) -> bool:
        """Each of our members is among theirs."""
        there: dict[str, list[Member]] = {}
        for member in b.members:
            there.setdefault(essential(member.name), []).append(member)
        return all(
            any(
                self.types(m.type, n.type, behind_pointer=False)
                for n in there.get(essential(m.name), ())
            )
            for m in a.members
        )

    def _parameters(self, a: Type, b: Type) -> bool:
        same = len(a.members) == len(b.members) and all(
            self.types(m.type, n.type, behind_pointer=False)
            for m, n in zip(a.members, b.members, strict=True)
        )
        return same and self._target(a, b, False)


def _names(enum: Type) -> set[str]:
    return {essential(member.name) for member in enum.members}


def _is_union(type: Type) -> bool | None:
    """Tell a union from a struct, also when only declared; None for what is neither."""
    if type.kind is Kind.FWD:
        return type.is_union
    return type.kind is Kind.UNION if type.kind in COMPOSITE else None
