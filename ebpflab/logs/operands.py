"""What an instruction reads and writes, told from its text in a log.

A log names instructions by opcode and text, and old ones spell some in another way, so
this looks at the few shapes that every spelling shares. Registers are told as "r0" to
"r10" (a `w` is the lower half of an `r`), stack slots as "fp-8".
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ebpflab.isa.operations import InsnClass

_REGISTER = re.compile(r"\b[rw](\d{1,2})\b")
_MEMORY = re.compile(
    r"\*\((?P<size>[us]\d+) \*\)\((?P<base>r\d+) ?(?P<off>[+-] ?\d{1,9})\)"
)
_CALLEE = re.compile(r"call (\S+)")
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)\b")
_TARGET = re.compile(r"(?:goto|gotol|may_goto|call) pc([+-]\d{1,9})")
_EXIT, _CALL, _WIDE = 0x95, 0x85, 0x18
_LEGACY = (0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58)
ARGUMENTS = ("r1", "r2", "r3", "r4", "r5")
FRAME_POINTER = "r10"


@dataclass(frozen=True, slots=True)
class Operands:
    """What one instruction does, as far as following a value needs it."""

    kind: str  # alu, branch, memory, call, exit
    writes: str = ""  # register
    reads: tuple[str, ...] = ()
    is_move: bool = False  # nothing is computed: the value is the one read
    base: str = ""  # register that memory is reached through
    off: int = 0
    size: int = 0  # bytes
    stores: bool = False
    callee: str = ""  # bpf_map_lookup_elem#1
    jump: int | None = None  # how far, in slots from the next instruction
    constant: str = ""  # the number in it

    @property
    def stack_slot(self) -> str:
        """The slot that an access through the frame pointer touches: "fp-8"."""
        return f"fp{self.off // 8 * 8}" if self.base == FRAME_POINTER else ""


@lru_cache(maxsize=1 << 14)
def operands(code: int, text: str) -> Operands:
    """Read what an instruction does from its opcode byte and its text."""
    if code == _EXIT:
        return Operands("exit", reads=("r0",))
    if code == _CALL:
        return _call(text)
    if code in _LEGACY:
        return Operands("memory", "r0", ("r6",))
    named = tuple(f"r{number}" for number in _REGISTER.findall(text))
    kind = InsnClass(code & 7)
    if kind in (InsnClass.LDX, InsnClass.ST, InsnClass.STX):
        return _access(kind, text, named)
    if kind in (InsnClass.JMP, InsnClass.JMP32):
        return Operands("branch", reads=named, jump=_jump(text), constant=_last(text))
    return _arithmetic(code, text, named)


def _call(text: str) -> Operands:
    callee = _CALLEE.match(text)
    name = callee[1] if callee else ""
    return Operands("call", "r0", ARGUMENTS, callee=name, jump=_jump(text))


def _access(kind: InsnClass, text: str, named: tuple[str, ...]) -> Operands:
    memory = _MEMORY.search(text)
    base = memory["base"] if memory else ""
    off = int(memory["off"].replace(" ", "")) if memory else 0
    size = int(memory["size"][1:]) // 8 if memory else 0
    if kind is InsnClass.LDX:
        dst = named[0] if named else ""
        return Operands("memory", dst, named[1:], False, base, off, size)
    value = tuple(one for one in named if one != base) or named[1:]
    fetched = value[0] if value and "fetch" in text else ""
    reads = tuple(dict.fromkeys((base, *value))) if base else named
    constant = "" if value else _last(text)
    return Operands(
        "memory", fetched, reads, False, base, off, size, True, constant=constant
    )


def _arithmetic(code: int, text: str, named: tuple[str, ...]) -> Operands:
    dst, others = (named[0], named[1:]) if named else ("", ())
    is_move = re.match(r"[rw]\d+ = (?:\(s\d+\))?(?:[rw]\d+|-?\d+|0x[0-9a-f]+)\b", text)
    if is_move or code == _WIDE:
        return Operands("alu", dst, others, True, constant=_last(text))
    reads = tuple(dict.fromkeys((dst, *others)))
    return Operands("alu", dst, reads, constant=_last(text))


def _last(text: str) -> str:
    """Return the second operand, where it is a number."""
    last = text.partition(" goto ")[0].rpartition(" ")[2]
    return last if _NUMBER.fullmatch(last) else ""


def _jump(text: str) -> int | None:
    found = _TARGET.search(text)
    return int(found[1]) if found else None
