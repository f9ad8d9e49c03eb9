"""`extern int CONFIG_HZ __kconfig;`: what the kernel was built with, as constants.

A program declares options of the kernel, and the loader gives them their values: all
stand in one read-only map, `.kconfig`, whose layout is made here. The verifier knows
the values, so code for other kernels is never entered, nor judged.

    LINUX_KERNEL_VERSION         a << 16 | b << 8 | c
    LINUX_HAS_BPF_COOKIE, LINUX_HAS_SYSCALL_WRAPPER     1: so it is since Linux 5.15
    CONFIG_...                   y, m, n; a number; "text"

A weak option that is not set is 0. Source: libbpf's documentation of `__kconfig`.
Kernel differs: where no configuration can be read, options are 0, and a notice says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ebpflab.broken import reading
from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.elf.file import ElfFile
from ebpflab.elf.kernel_config import kernel_options, kernel_version
from ebpflab.errors import ObjectError
from ebpflab.program import MapSpec

SECTION = ".kconfig"
BPF_F_RDONLY_PROG = 0x80
SCALARS = (Kind.INT, Kind.ENUM, Kind.ENUM64)
LETTERS = {"n": 0, "y": 1, "m": 2}  # enum libbpf_tristate
ALWAYS = ("LINUX_HAS_BPF_COOKIE", "LINUX_HAS_SYSCALL_WRAPPER")
LARGEST = 1 << 16  # bytes of all options; texts are the longest


@dataclass(frozen=True, slots=True)
class Option:
    """One extern of `.kconfig`, and its place in the map."""

    name: str
    variable: int  # its VAR in BTF
    type: int
    offset: int  # bytes
    size: int


def options(btf: Btf) -> tuple[Option, ...]:
    """Return the options that an object declares, in libbpf's order.

    Those with the widest alignment come first, then small before large.
    """
    section = btf.find(SECTION, Kind.DATASEC)
    rows = [(m, _alignment(btf, m)) for m in section.members] if section else []
    rows.sort(key=lambda row: (-row[1], btf.size_of(row[0].type), row[0].name))
    found: list[Option] = []
    place = 0
    for member, alignment in rows:
        size = btf.size_of(member.type)
        if not 0 < size <= LARGEST - place or _scalar(btf, member).kind not in SCALARS:
            raise ObjectError.of("kconfig-type", name=member.name)
        place = -(-place // alignment) * alignment
        type = btf.type(member.type).type
        found.append(Option(member.name, member.type, type, place, size))
        place += size
    return tuple(found)


def _scalar(btf: Btf, member: Member) -> Type:
    """Return what an option is made of: itself, or an array's element."""
    type = btf.resolve(btf.type(member.type).type)
    return btf.resolve(type.type) if type.kind is Kind.ARRAY else type


def _alignment(btf: Btf, member: Member) -> int:
    return min(max(_scalar(btf, member).size, 1), 8)


def kconfig_map(elf: ElfFile, btf: Btf | None) -> MapSpec | None:
    """Return the map of an object's options, filled; None when it declares none.

    Raises:  ObjectError: an option that is not weak is not set in this kernel.
    """
    declared = options(btf) if btf else ()
    if not btf or not declared:
        return None
    contents = _contents(elf, btf, declared)
    described = btf.find(SECTION, Kind.DATASEC)
    return MapSpec(
        "array",
        4,
        len(contents),
        1,
        name=SECTION,
        flags=BPF_F_RDONLY_PROG,
        init={bytes(4): contents},
        frozen=True,
        btf=btf.raw,
        value_type=described.id if described else 0,
    )


def _contents(elf: ElfFile, btf: Btf, declared: Sequence[Option]) -> bytes:
    """Return the values of all options, each in its place."""
    known, weak = kernel_options(), _weak(elf)
    contents = bytearray(max(option.offset + option.size for option in declared))
    for option in declared:
        text = _text(option.name, known or {})
        if text is None and known is not None and option.name not in weak:
            raise ObjectError.of("kconfig-missing", at=SECTION, name=option.name)
        if text is not None:
            value = _value(btf, option, text)
            contents[option.offset : option.offset + option.size] = value
    return bytes(contents)


def _weak(elf: ElfFile) -> set[str]:
    return {s.name for s in elf.symbols if not s.section and s.bind == "STB_WEAK"}


def _text(name: str, known: Mapping[str, str]) -> str | None:
    """Return what a configuration would say of an option."""
    if name == "LINUX_KERNEL_VERSION":
        return str(kernel_version())
    return "y" if name in ALWAYS else known.get(name)


def _value(btf: Btf, option: Option, text: str) -> bytes:
    """Return the bytes of an option, as its type wants them.

    Raises:  ObjectError: a number that does not fit, a letter where a number stands.
    """
    type = btf.resolve(option.type)
    with reading(option.name):
        if type.kind is Kind.ARRAY:
            told = text.strip('"').encode()[: option.size - 1]
            return told.ljust(option.size, b"\0")
        if text not in LETTERS:
            number = int(text, 0)
        elif type.kind is Kind.INT and type.size == 1 and type.name != "_Bool":
            number = ord(text)  # a char takes the letter itself
        else:
            number = LETTERS[text]
            if number == LETTERS["m"] and type.name == "_Bool":
                raise ValueError("a module is neither true nor false")
        return number.to_bytes(option.size, "little", signed=number < 0)
