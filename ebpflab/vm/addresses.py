"""Which registers, and which places in memory, hold an address and not a number.

Followed from where addresses are born (the context, r10, a load that names a map, a
helper that returns one), never guessed from the bits: 64 << 32 looks like an address
and is none. Only for showing; the interpreter itself checks every access anyway.
"""

from dataclasses import dataclass, field

from ebpflab.helpers import ADDRESSES, HELPERS
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import ALU_BY_CODE, InsnClass, Source, Wide
from ebpflab.isa.uses import is_helper_call
from ebpflab.vm.memory import REGION_SHIFT, Memory, Region

WORD_BYTES = 8
_NUMBERS = (Wide.VALUE, Wide.BTF_ID)  # all other wide loads yield an address
_FIRST_SAVED = 6


@dataclass(slots=True)
class Addresses:
    """What holds an address now; told of each instruction after it ran."""

    memory: Memory
    registers: set[int]
    places: set[int] = field(default_factory=set)  # of stored addresses
    last_read: int = 0  # where the instruction that just ran has read
    outer: list[set[int]] = field(default_factory=list)  # r6 to r10, of each caller

    def entered(self) -> None:
        """A function began: remember what its caller will find again."""
        self.outer.append({n for n in self.registers if n >= _FIRST_SAVED})

    def left(self) -> None:
        """A function returned to its caller."""
        given = {n for n in self.registers if n == 0}
        self.registers = given | self.outer.pop()

    def passed(self, arguments: dict[int, int]) -> None:
        """A callback got these arguments; those that lie in a region are addresses."""
        self.registers -= set(range(1, _FIRST_SAVED))
        for register, value in arguments.items():
            if value >> REGION_SHIFT in self.memory.regions:
                self.registers.add(register)

    def stored(self, insn: Insn, region: Region, offset: int, size: int) -> None:
        """Memory was written by `insn`: an address, or over one."""
        place = region.base + offset
        self.places -= set(range(place - WORD_BYTES + 1, place + size))
        by_register = insn.insn_class is InsnClass.STX and insn.src in self.registers
        if size == WORD_BYTES and by_register:
            self.places.add(place)

    def wrote(self, insn: Insn, register: int, value: int) -> None:
        """A register was written by `insn`."""
        if self._is_address(insn, value):
            self.registers.add(register)
        else:
            self.registers.discard(register)

    def _is_address(self, insn: Insn, value: int) -> bool:
        if insn.is_wide:
            return insn.src not in _NUMBERS
        if is_helper_call(insn):
            return HELPERS[insn.imm].ret in ADDRESSES and value != 0
        if insn.insn_class is InsnClass.LDX:
            return self._was_stored_or_given()
        return insn.insn_class is InsnClass.ALU64 and self._is_computed(insn)

    def _was_stored_or_given(self) -> bool:
        """Tell whether the last read found a stored address, or one of the context."""
        region = self.memory.regions[self.last_read >> REGION_SHIFT]
        given = self.last_read - region.base in region.pointers
        return given or self.last_read in self.places

    def _is_computed(self, insn: Insn) -> bool:
        """Tell whether 64-bit arithmetic on an address gave an address again."""
        op = ALU_BY_CODE.get((insn.code, insn.off))
        src = insn.source is Source.X and insn.src in self.registers
        dst = insn.dst in self.registers
        match op.name if op else "":
            case "mov":
                return src
            case "add":
                return src != dst
            case "sub":
                return dst and not src
            case _:
                return False
