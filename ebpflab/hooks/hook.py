"""What a program type is: its context, its return codes, what a run of it needs.

One file per type fills a `Hook`; everyone else reads it. A context field that Linux
rewrites when it loads the program (`xdp_md.data`: 32 bits in the program, a pointer in
the register) is one row with `pointer` set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ebpflab.errors import RunError
from ebpflab.hooks.access import Access


@dataclass(frozen=True, slots=True)
class ContextField:
    """One field of a context, at its place in the UAPI structure."""

    name: str
    offset: int  # bytes
    size: int  # bytes
    pointer: str = ""  # "data", "data_end", "data_meta", ...: it yields this address
    default: int = 0  # what a test run puts there
    from_data: int = -1  # or: the bytes of the packet that it repeats, from here
    settable: bool = False  # a run may be given another value
    is_length: bool = False  # it holds the length of the data
    reads: Access = Access.ANY
    writes: Access = Access.NONE
    kind: str = ""  # of a pointer, as the verifier's log calls what a load gives
    readable_in: tuple[str, ...] = ()  # attach types; () = all
    writable_in: tuple[str, ...] = ()

    def rights(self, right: str, attach_type: str) -> Access:
        """Return how a program may "read" or "write" it under an attach type."""
        where = self.readable_in if right == "read" else self.writable_in
        if where and attach_type not in where:
            return Access.NONE
        return self.reads if right == "read" else self.writes


FIRST_ATTACH_TYPE = "cgroup_inet_ingress"  # its number is 0: what None is to Linux


@dataclass(frozen=True, slots=True)
class Hook:
    """One program type."""

    type: str  # libbpf's name
    context: str  # name of the context's C structure
    context_size: int  # bytes
    fields: tuple[ContextField, ...] = ()
    context_writable: bool = False
    returns: Mapping[int, str] = field(default_factory=dict)
    return_bits: int = 32  # how much of r0 is the answer
    data_min: int = 0  # bytes that a test run needs at least
    data_max: int = 1 << 20  # bytes that a test run takes at most
    linear_max: int = 1 << 20  # of these, bytes that lie between data and data_end
    pulled: int = 0  # header bytes that lie before data, out of reach
    has_packet: bool = True
    room_before: int = 0  # free bytes in front of the packet
    verified: bool = True  # False: it is for programs that no verifier judges
    open_size: bool = False  # the context may be any longer
    open_bytes: range = range(0)  # context bytes that are no fields, read at will
    open_writes: bool = False  # and written
    things: Mapping[str, bytes] = field(default_factory=dict)  # that it points to
    attach_types: tuple[str, ...] = ()  # where it can be attached, if that matters
    expected: tuple[str, ...] = ()  # attach types that it is loaded for; () = any
    test_run: bool = True  # Linux can run it without attaching it
    needs_perfmon: bool = False  # to load it takes CAP_PERFMON
    may_sleep: bool = False
    must_sleep: bool = False
    packet: str = ""  # directly: "read", "write" (and read), "" = not for helpers
    answers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By attach type, "" = any other: least and largest r0; empty = any r0."""

    def field(self, name: str) -> ContextField:
        """Return a context field by its name. Raises RunError: there is none."""
        for row in self.fields:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.fields) or "-"
        context = self.context or self.type
        raise RunError.of("ctx-unknown", context=context, found=name, known=known)

    def attach_type(self, expected: str | None) -> str:
        """Return the attach type that a load is for, which may leave it open."""
        is_first = (expected or FIRST_ATTACH_TYPE) == FIRST_ATTACH_TYPE
        return next(iter(self.attach_types), "") if is_first else expected or ""

    def loads_for(self, expected: str | None) -> bool:
        """Tell whether Linux takes a program of this type for an attach type."""
        return not self.expected or (expected or FIRST_ATTACH_TYPE) in self.expected

    def answer(self, expected: str | None) -> tuple[int, int] | None:
        """Return the least and the largest r0 that a program may end with."""
        return self.answers.get(self.attach_type(expected), self.answers.get(""))

    def may(self, right: str, offset: int, size: int, attach_type: str = "") -> bool:
        """Tell whether Linux lets a program "read" or "write" there in its context."""
        if offset in self.open_bytes and offset + size - 1 in self.open_bytes:
            return (right == "read" or self.open_writes) and offset % size == 0
        attach_type = self.attach_type(attach_type)
        return any(
            row.rights(right, attach_type).allows(row.size, offset - row.offset, size)
            for row in self.fields
            if row.offset <= offset < row.offset + row.size
        )


HOOKS: dict[str, Hook] = {}


def register(hook: Hook) -> Hook:
    """Add a program type; refuse a second one of the same name."""
    if hook.type in HOOKS:
        raise ValueError(f"program type {hook.type} is already there")
    HOOKS[hook.type] = hook
    return hook
