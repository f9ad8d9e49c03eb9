"""What is to be loaded: programs, maps, objects. Frozen blueprints; nothing is live.

A `Program` is its bytes and what Linux is told with them; a `MapSpec` says what map to
make; an `Object` is what one object file holds. Live maps are in `maps/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType, NoneType
from typing import SupportsBytes

from ebpflab.errors import ProgramError, expect
from ebpflab.isa.codec import decode
from ebpflab.isa.insn import Insn
from ebpflab.isa.words import WORD32, WORD64

_LARGEST = {  # of a map's numbers
    "key_size": WORD32,
    "value_size": WORD32,
    "max_entries": WORD32,
    "flags": WORD32,
    "extra": WORD64,
}


_OPTIONAL_BYTES = (bytes, NoneType)
_OPTIONAL_TEXT = (str, NoneType)
_MAPSPEC_KINDS: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "name": str,
    "init": Mapping,
    "slots": Mapping,
    "btf": _OPTIONAL_BYTES,
    "key_type": int,
    "value_type": int,
}
_PROGRAM_KINDS: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "expected_attach_type": _OPTIONAL_TEXT,
    "attach_to": _OPTIONAL_TEXT,
    "maps": (list, tuple),
    "name": str,
    "license": str,
    "flags": int,
    "btf": _OPTIONAL_BYTES,
    "func_info": _OPTIONAL_BYTES,
    "line_info": _OPTIONAL_BYTES,
    "lines": tuple,
    "variables": tuple,
    "source": str,
    "source_name": str,
}


@dataclass(frozen=True, slots=True)
class MapSpec:
    """What map to make; sizes in bytes, `max_entries` in entries.

    `init` holds contents from the start, {key bytes: value bytes}. `inner` is the
    blueprint of the maps inside a map of maps. `slots` says which map or program of
    the same Object stands in a slot from the start, {index: name}. `extra` is what
    Linux calls map_extra (a bloom filter's hashes). `btf`, `key_type` and `value_type`
    tell Linux what the values hold (a lock, a timer, a kernel pointer). Whether a map
    of these sizes can exist is the map type's business.

    Raises:  ProgramError: a size that is no 32-bit number, a name that is no text.
    """

    type: str
    key_size: int
    value_size: int
    max_entries: int
    name: str = field(default="", kw_only=True)
    flags: int = field(default=0, kw_only=True)
    init: Mapping[bytes, bytes] = field(default_factory=dict, kw_only=True)
    inner: "MapSpec | None" = field(default=None, kw_only=True)
    slots: Mapping[int, str] = field(default_factory=dict, kw_only=True)
    frozen: bool = field(default=False, kw_only=True)
    extra: int = field(default=0, kw_only=True)
    btf: bytes | None = field(default=None, kw_only=True)
    key_type: int = field(default=0, kw_only=True)
    value_type: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        for part, kinds in _MAPSPEC_KINDS.items():
            expect(getattr(self, part), kinds, f"MapSpec.{part}")
        expect(self.inner, (MapSpec, NoneType), "MapSpec.inner")
        for part, largest in _LARGEST.items():
            number = getattr(self, part)
            if not isinstance(number, int) or not 0 <= number <= largest:
                raise ProgramError.of(
                    "mapspec-number", part=part, largest=largest, found=repr(number)
                )


@dataclass(frozen=True, slots=True)
class LineInfo:
    """Where an instruction comes from, as the compiler wrote it."""

    pc: int  # slot
    file: str
    line: int  # from 1
    column: int  # from 1; 0 = not known
    text: str  # the line itself


@dataclass(frozen=True, slots=True)
class Variable:
    """A C variable, or one member of it, with its place in the stack frame."""

    name: str  # "metadata"
    member: str  # "pkt_len"; "" = the whole variable
    offset: int  # bytes from the frame pointer: negative
    size: int  # bytes
    signed: bool = False


@dataclass(frozen=True)
class Program:
    """One program, ready to be verified, run or loaded.

    `code` is anything with `__bytes__`: whole 8-byte instructions, little-endian. The
    imm of a load that names a map is an index into `maps`. `type` goes by libbpf's
    lower-case name ("xdp", "sched_cls", ...), or "raw": unverified, r1 = data, r2 = its
    length. `flags` are those of BPF_PROG_LOAD.

    Raises:  ProgramError: an argument is not what it should be.
    """

    code: bytes
    type: str = field(kw_only=True)
    expected_attach_type: str | None = field(default=None, kw_only=True)
    attach_to: str | None = field(default=None, kw_only=True)
    maps: Sequence[MapSpec] = field(default=(), kw_only=True)
    name: str = field(default="prog", kw_only=True)
    license: str = field(default="GPL", kw_only=True)
    flags: int = field(default=0, kw_only=True)
    btf: bytes | None = field(default=None, kw_only=True)
    func_info: bytes | None = field(default=None, kw_only=True)
    line_info: bytes | None = field(default=None, kw_only=True)
    lines: tuple[LineInfo, ...] = field(default=(), kw_only=True)
    variables: tuple[Variable, ...] = field(default=(), kw_only=True)
    source: str = field(default="", kw_only=True)  # the C text, whole
    source_name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", as_bytes(self.code, "code"))
        for part, kinds in _PROGRAM_KINDS.items():
            expect(getattr(self, part), kinds, f"Program.{part}")
        object.__setattr__(self, "maps", tuple(self.maps))
        for spec in self.maps:
            if not isinstance(spec, MapSpec):
                raise ProgramError.of("not-a-mapspec", found=type(spec).__name__)
        if not 0 <= self.flags <= WORD32:
            raise ProgramError.of("program-flags", found=self.flags)

    @cached_property
    def insns(self) -> tuple[Insn | None, ...]:
        """The instructions by slot; None in the second slot of a 64-bit load.

        Raises:  EncodingError: the code is not whole instructions.
        """
        return decode(self.code)


@dataclass(frozen=True)
class Object:
    """What one object file holds: programs and maps by name, and remarks about it."""

    programs: Mapping[str, Program]
    maps: Mapping[str, MapSpec] = field(default_factory=dict)
    license: str = ""
    name: str = ""
    notices: tuple[str, ...] = ()
    btf: bytes | None = None
    elf: bytes = field(default=b"", repr=False)  # the file itself

    def __post_init__(self) -> None:
        for part in ("programs", "maps"):
            expect(getattr(self, part), Mapping, f"Object.{part}")
            object.__setattr__(self, part, MappingProxyType(dict(getattr(self, part))))


def as_bytes(value: bytes | SupportsBytes, what: str) -> bytes:
    """Return the bytes of anything that has them.

    Raises:  ProgramError: it has none (a str, an int, None, ...).
    """
    if isinstance(value, bytearray | memoryview) or hasattr(value, "__bytes__"):
        try:
            return bytes(value)
        except Exception as error:  # the user's own __bytes__ may do anything
            raise ProgramError.of("bytes-failed", what=what, error=error) from error
    raise ProgramError.of("not-bytes", what=what, found=type(value).__name__)
