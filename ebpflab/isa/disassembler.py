"""Text from instructions, spelled as the verifier log of Linux 6.18 spells it.

Two spellings: ours, which the assembler reads back without doubt, and the log's own.
They differ for the 64-bit immediate load (ours says what it loads and ends in `ll`) and
for what is not a legal instruction (ours shows its bytes). Names of helpers and maps
come from a `Names`. The templates stand in `spellings.py`.
"""

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ebpflab.isa.codec import SLOT_BYTES, encode
from ebpflab.isa.forms import PLACEHOLDER
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import ATOMIC_BY_IMM, SIZE_BY_CODE, SIZES, CallKind
from ebpflab.isa.spellings import ATOMIC_SIZES, FORMS_BY_OPCODE, form_of
from ebpflab.isa.tokens import NAME
from ebpflab.isa.words import WORD32

SAFE_NAME = re.compile(rf"(?![rw]\d+$){NAME}", re.ASCII)
NO_HELPER = {0: "unspec"}
BYTES = ".8byte "


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called: maps by index, helpers and kfuncs by number."""

    maps: Sequence[str] = ()
    helpers: Mapping[int, str] = field(default_factory=lambda: HELPER_NAMES)
    kfuncs: Mapping[int, str] = field(default_factory=dict)

    def map(self, index: int) -> str:
        """Return a map's name, or `map[index]` where no name would read back."""
        name = self.maps[index] if 0 <= index < len(self.maps) else ""
        if SAFE_NAME.fullmatch(name) and self.maps.index(name) == index:
            return name
        return f"map[{index}]"

    def helper(self, id: int) -> str:
        """Return a helper's name as the log writes it, with its number."""
        name = NO_HELPER.get(id) or self.helpers.get(id)
        return f"bpf_{name}#{id}" if name else f"unknown#{id}"

    def kfunc(self, id: int) -> str:
        """Return a kfunc's name as the log writes it, with its number."""
        return f"{self.kfuncs.get(id, 'kernel-function')}#{id}"


NO_NAMES = Names()

SPELLED: Mapping[str, Callable[[int, Names], str]] = {  # by kind of operand
    "r": lambda value, names: f"r{value}",
    "w": lambda value, names: f"w{value}",
    "off": lambda value, names: f"{value:+d}",
    "imm": lambda value, names: f"{value}",
    "sum": lambda value, names: f"+ {value}",
    "imm32": lambda value, names: f"{value}",
    "hex": lambda value, names: f"{value & WORD32:#x}",
    "plus": lambda value, names: f"+{value & WORD32}",
    "fd": lambda value, names: f"{value}",
    "near": lambda value, names: f"pc{value:+d}",
    "far": lambda value, names: f"pc{value:+d}",
    "step": lambda value, names: f"{value:+d}",
    "local": lambda value, names: f"pc{value:+d}",
    "helper": lambda value, names: names.helper(value),
    "kfunc": lambda value, names: names.kfunc(value),
    "map": lambda value, names: names.map(value),
    "wide": lambda value, names: f"{value:#x}",
}


def disassemble_insn(
    insn: Insn, names: Names = NO_NAMES, *, as_log: bool = False
) -> str:
    """Return the text of one instruction, whatever it is.

    Args:    names: what maps and helpers are called.
             as_log: exactly as Linux's verifier log writes it. That does not read
             back without doubt: a 64-bit load looks like a move there.
    Returns: one line. An illegal instruction is shown as its bytes, one number a slot:
             `.8byte 0x...`; in the log, as Linux shows it.
    Kernel differs: with `as_log`, a map is its number, not its address; a kfunc has
             a name only if `names` has it.
    """
    if form := form_of(insn):
        return filled(form.log if as_log and form.log else form.text, insn, names)
    return _illegal_as_log(insn, names) if as_log else _as_bytes(insn)


def filled(template: str, insn: Insn, names: Names = NO_NAMES) -> str:
    """Fill a template with the fields of an instruction."""

    def spelled(place: re.Match[str]) -> str:
        name, kind = place.groups()
        return SPELLED[kind](getattr(insn, name), names)

    return PLACEHOLDER.sub(spelled, template)


def _as_bytes(insn: Insn) -> str:
    code = encode([insn])
    slots = struct.unpack(f"<{len(code) // SLOT_BYTES}Q", code)
    return BYTES + ", ".join(f"{slot:#018x}" for slot in slots)


def _illegal_as_log(insn: Insn, names: Names) -> str:
    """Spell an illegal instruction as Linux does before it refuses it."""
    if insn.opcode == _MOV and insn.off in _CASTS:
        return filled(_CASTS[insn.off](insn), insn, names)
    if insn.opcode == _CALL and insn.src not in tuple(CallKind):
        return f"call unknown#{insn.imm}"
    if insn.opcode == _JCOND and insn.src:
        return filled(f"if {{dst:r}} (null) {insn.imm:#x} goto {{off:near}}", insn)
    if is_atomic(insn) and insn.size_code in _TOO_SMALL and insn.imm in ATOMIC_BY_IMM:
        size = SIZE_BY_CODE[insn.size_code].name
        return filled(_atomic_template(insn).replace("u32", size), insn, names)
    forms = FORMS_BY_OPCODE.get(insn.opcode, [])
    meant = [form for form in forms if form.is_meant(insn)] or forms
    if not meant or (is_atomic(insn) and not meant[0].is_meant(insn)):
        return f"BUG_{insn.opcode:02x}"
    return filled(meant[0].log or meant[0].text, insn, names)


def _atomic_template(insn: Insn) -> str:
    forms = FORMS_BY_OPCODE[_ATOMIC32]
    return next(form.text for form in forms if form.fixed["imm"] == insn.imm)


_TOO_SMALL = tuple(size.code for size in SIZES if size not in ATOMIC_SIZES)
_MOV, _CALL, _JCOND, _ATOMIC32 = 0xBF, 0x85, 0xE5, 0xC3
_CASTS: Mapping[int, Callable[[Insn], str]] = {  # moves by their offset
    1: lambda insn: (
        f"{{dst:r}} = addr_space_cast({{src:r}}, "
        f"{(insn.imm & WORD32) >> 16}, {insn.imm & 0xFFFF})"
    ),
    -1: lambda insn: "{dst:r} = &(void __percpu *)({src:r})",
}


def listing(
    insns: Iterable[Insn | None], names: Names = NO_NAMES
) -> tuple[tuple[int, str], ...]:
    """Return a program's text as (slot, text) pairs, in order.

    Args:    insns: one entry a slot, None in the second slot of a 64-bit load, as
             `decode` returns them.
    """
    return tuple(
        (pc, disassemble_insn(insn, names)) for pc, insn in enumerate(insns) if insn
    )


def disassemble(insns: Iterable[Insn | None], names: Names = NO_NAMES) -> str:
    """Return a program's text, one line an instruction; `assemble_insns` reads it."""
    return "\n".join(disassemble_insn(insn, names) for insn in insns if insn)
