"""What a program type is: its context, its return codes, what a run of it needs.

One file per type fills a `Hook`; everyone else reads it. A context field that Linux
rewrites when it loads the program (`xdp_md.data`: 32 bits in the program, a pointer in
the register) is one row with `pointer` set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ContextField:
    """One field of a context, at its place in the UAPI structure."""

    name: str
    offset: int  # bytes
    size: int  # bytes
    pointer: str = ""  # "data", "data_end", "data_meta": it yields this address
    default: int = 0  # what a test run puts there
    from_data: int = -1  # or: the bytes of the packet that it repeats, from here
    settable: bool = False  # a run may be given another value


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
    verified: bool = True  # False: it is for programs that no verifier judges


HOOKS: dict[str, Hook] = {}


def register(hook: Hook) -> Hook:
    """Add a program type; refuse a second one of the same name."""
    if hook.type in HOOKS:
        raise ValueError(f"program type {hook.type} is already there")
    HOOKS[hook.type] = hook
    return hook
