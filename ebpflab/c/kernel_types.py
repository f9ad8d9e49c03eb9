"""BTF written as C: the types of a kernel, as declarations that a compiler reads.

    struct task_struct;                        only pointed to: its name is enough
    typedef struct { int counter; } atomic_t;  without a name: written where it is used
    struct list_head { ... };                  before whatever holds one

Members stand where the kernel has them: where C would put them elsewhere
(kernel_layout.py), the structure is packed and its holes are written out. What has
the name of something else already gets a number (`name___2`), as bpftool does.
Source: Documentation/bpf/btf.rst; C11, 6.7.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.types import Member
from ebpflab.c.kernel_layout import Layout

_WORDS = {Kind.STRUCT: "struct", Kind.UNION: "union"}
_ENUMS = (Kind.ENUM, Kind.ENUM64)
_LARGEST_SIGNED = (1 << 63) - 1
_QUALIFIERS = {Kind.CONST: "const ", Kind.VOLATILE: "volatile "}
_TRANSPARENT = (*_QUALIFIERS, Kind.RESTRICT, Kind.TYPE_TAG)
_BUILT_IN = ("__builtin_va_list",)
_INT128 = {"__int128 unsigned": "unsigned __int128", "__int128": "__int128"}
_KFUNC_TAG = "bpf_kfunc"


@dataclass
class Declarations:
    """The types of a kernel that are being written as C."""

    layout: Layout
    lines: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)  # by id, numbered if need be
    taken: dict[str, int] = field(default_factory=dict)  # how often a name was given
    declared: set[str] = field(default_factory=set)  # "struct x;"
    defined: set[int] = field(default_factory=set)

    # ---- names -----------------------------------------------------------------

    def name(self, type: Type) -> str:
        """Return a type's name; the second of a name is numbered."""
        if type.id not in self.names:
            space = "tag " if type.kind in (*_WORDS, *_ENUMS) else ""
            self.names[type.id] = self.unique(type.name, space)
        return self.names[type.id]

    def unique(self, name: str, space: str = "") -> str:
        count = self.taken[space + name] = self.taken.get(space + name, 0) + 1
        return name if count == 1 else f"{name}___{count}"

    # ---- what must be written before -------------------------------------------

    def need(self, id: int, *, whole: bool) -> None:
        """Write what a use of a type takes: its definition, or only its name."""
        type = self.layout.type(id)
        match type.kind:
            case Kind.PTR:
                self.need(type.type, whole=False)
            case Kind.ARRAY:
                self.need(type.type, whole=True)
            case Kind.FUNC_PROTO:
                for used in (type.type, *(m.type for m in type.members)):
                    self.need(used, whole=False)
            case Kind.TYPEDEF:
                self.define(type)
                if whole:
                    self.need(type.type, whole=True)
            case Kind.FWD:
                self._declare("union" if type.is_union else "struct", type.name)
            case kind if kind in _TRANSPARENT:
                self.need(type.type, whole=whole)
            case kind if kind in _WORDS:
                if not type.name:
                    self._need_members(type)
                elif whole:
                    self.define(type)
                else:
                    self._declare(_WORDS[kind], self.name(type))
            case kind if kind in _ENUMS and type.name:
                self.define(type)

    def _need_members(self, type: Type) -> None:
        for member in type.members:
            self.need(member.type, whole=True)

    def _declare(self, word: str, name: str) -> None:
        if name and f"{word} {name}" not in self.declared:
            self.declared.add(f"{word} {name}")
            self.lines.append(f"{word} {name};")

    def define(self, type: Type) -> None:
        """Write the definition of a type that has a name, once."""
        if type.id in self.defined:
            return
        self.defined.add(type.id)
        if type.kind is Kind.TYPEDEF:
            if type.name not in _BUILT_IN:
                target = self.layout.type(type.type)
                is_named = target.kind in _WORDS and bool(target.name)
                self.need(type.type, whole=not is_named)
                text = self.declare(type.type, self.name(type))
                self.lines.append(f"typedef {text};")
        elif type.kind in _ENUMS:
            self.lines.append(f"{self._enum(type)};")
        else:
            self._declare(_WORDS[type.kind], self.name(type))
            self._need_members(type)
            self.lines.append(f"{self._record(type)};")

    # ---- declarations ----------------------------------------------------------

    def declare(self, id: int, inner: str) -> str:
        """Return C's declaration of `inner` as something of this type."""
        type = self.layout.type(id)
        match type.kind:
            case Kind.VOID:
                return f"void {inner}"
            case Kind.PTR:
                return self.declare(type.type, self._pointer(type.type, inner))
            case Kind.ARRAY:
                return self.declare(type.type, f"{inner}[{type.count}]")
            case Kind.FUNC_PROTO:
                parameters = ", ".join(self._parameters(type.members)) or "void"
                return self.declare(type.type, f"{inner}({parameters})")
            case Kind.STRUCT | Kind.UNION:
                if type.name:
                    return f"{_WORDS[type.kind]} {self.name(type)} {inner}"
                return f"{self._record(type)} {inner}"
            case Kind.ENUM | Kind.ENUM64:
                if type.name:
                    return f"enum {self.name(type)} {inner}"
                return f"{self._enum(type)} {inner}"
            case Kind.FWD:
                return f"{'union' if type.is_union else 'struct'} {type.name} {inner}"
            case kind if kind in _TRANSPARENT:
                return self.declare(type.type, self._qualified(kind, inner))
            case _:
                word = _INT128.get(type.name, type.name)
                if type.kind is Kind.TYPEDEF and type.name not in _BUILT_IN:
                    word = self.name(type)
                return f"{word} {inner}"

    def _qualified(self, kind: Kind, inner: str) -> str:
        word = _QUALIFIERS.get(kind, "")
        return inner if inner.startswith(word) else word + inner

    def _pointer(self, target: int, inner: str) -> str:
        type = self.layout.type(target)
        while type.kind in _TRANSPARENT:
            type = self.layout.type(type.type)
        needs_braces = type.kind in (Kind.ARRAY, Kind.FUNC_PROTO)
        return f"(*{inner})" if needs_braces else f"*{inner}"

    def _parameters(self, members: Iterable[Member]) -> Iterator[str]:
        for member in members:
            is_rest = not member.type and not member.name
            yield "..." if is_rest else self.declare(member.type, "").strip()

    def _enum(self, type: Type) -> str:
        rows = ", ".join(
            f"{self.unique(m.name)} = {m.value}{'U' * (m.value > _LARGEST_SIGNED)}"
            for m in type.members
        )
        name = f"{self.name(type)} " if type.name else ""
        narrow = " __attribute__((mode(byte)))" if type.size == 1 else ""
        return f"enum {name}{{ {rows} }}{narrow}"

    # ---- structures and unions ---------------------------------------------------

    def _record(self, type: Type) -> str:
        word, name = _WORDS[type.kind], f"{self.name(type)} " if type.name else ""
        is_natural = self.layout.is_natural(type)
        members = "".join(f"\t{m};\n" for m in self._members(type, is_natural))
        aligned = self.layout.alignment(type.id) // 8
        packed = "" if is_natural else f" __attribute__((packed, aligned({aligned})))"
        return f"{word} {name}{{\n{members}}}{packed}"

    def _members(self, type: Type, is_natural: bool) -> Iterator[str]:
        end, has_holes = 0, not is_natural and type.kind is Kind.STRUCT
        for member in type.members:
            if has_holes:
                yield from _hole(member.bit_offset - end)
            size = f" : {member.bit_size}" if member.bit_size else ""
            yield self.declare(member.type, member.name).rstrip() + size
            end = member.bit_offset + (member.bit_size or self.layout.bits(member.type))
        if has_holes:
            yield from _hole(8 * type.size - end)


def _hole(bits: int) -> Iterator[str]:
    """Yield nameless members that fill so many bits."""
    if bits % 8:
        yield f"unsigned char : {bits % 8}"
    for _ in range(bits // 8 // 8):
        yield "unsigned long long : 64"
    for _ in range(bits // 8 % 8):
        yield "unsigned char : 8"


def as_c(btf: Btf) -> str:
    """Return the declarations of all types that have a name."""
    made = Declarations(Layout(btf))
    for type in btf:
        has_name = bool(type.name) and type.kind in (*_WORDS, Kind.TYPEDEF)
        if has_name or type.kind in _ENUMS:
            made.define(type)
    return "\n".join(made.lines)


def kfuncs(btf: Btf) -> str:
    """Return the declarations of the kernel's functions that programs may call."""
    made, rows = Declarations(Layout(btf)), []
    tags = (t for t in btf if t.kind is Kind.DECL_TAG and t.name == _KFUNC_TAG)
    for id in dict.fromkeys(tag.type for tag in tags):
        function = btf.type(id)
        if function.kind is Kind.FUNC:
            text = made.declare(function.type, function.name)
            rows.append(f"extern {text} __weak __ksym;")
    return "\n".join(rows)
