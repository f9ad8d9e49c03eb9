"""A patched program: instructions inserted or replaced, and all else still fits.

    before              after inserting one instruction at 2
    0: if r1 == 0 goto pc+1     0: if r1 == 0 goto pc+1     -> 2, the new one
    1: r0 = 1                   1: r0 = 1
    2: exit                     2: r0 = 0
                                3: exit

Every jump, call and function address still leads to the code that it led to; a jump to
the patched place meets the new instructions first. What an inserted jump leads to is
told as a slot of the program before.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ebpflab.errors import ProgramError
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind, Control, InsnClass, Wide
from ebpflab.isa.uses import is_local_call
from ebpflab.program import Program

_FUNC_INFO, _LINE_INFO = 8, 16  # bytes of a record; each begins with its slot
_FAR = 1 << 15  # slots that a jump's offset can reach


@dataclass(frozen=True, slots=True)
class Edit:
    """New instructions before a slot; `drops` of the old ones behind it disappear.

    `leads_to` gives, for an inserted jump by its index in `insns`, the slot of the
    unpatched program that it goes to; the program's length stands for the end. With
    `only_straight_on`, jumps to the slot pass the new instructions by.
    """

    pc: int
    insns: tuple[Insn, ...] = ()
    drops: int = 0  # slots
    leads_to: dict[int, int] = field(default_factory=dict)
    only_straight_on: bool = False


def patched(program: Program, edits: Sequence[Edit]) -> Program:
    """Return the program with the edits made.

    Raises:  ProgramError: a jump would have to go further than its offset can say.
    """
    layout = _Layout(program, {edit.pc: edit for edit in edits})
    return replace(
        program,
        code=encode(layout.insns()),
        func_info=_moved(program.func_info, _FUNC_INFO, layout),
        line_info=_moved(program.line_info, _LINE_INFO, layout),
        lines=tuple(replace(row, pc=layout.of[row.pc]) for row in program.lines),
    )


class _Layout:
    """Where each slot of the unpatched program stands now."""

    def __init__(self, program: Program, edits: dict[int, Edit]) -> None:
        self.old, self.edits = program.insns, edits
        self.before: list[int] = []  # where a jump to the slot lands
        self.of: list[int] = []  # where the instruction itself stands
        at = dropped = 0
        for idx in range(len(self.old) + 1):
            edit = edits.get(idx)
            landing = at
            if edit:
                at += sum(insn.slots for insn in edit.insns)
                dropped = edit.drops
            self.before.append(at if edit and edit.only_straight_on else landing)
            self.of.append(at)
            at += not dropped
            dropped = max(0, dropped - 1)

    def insns(self) -> list[Insn]:
        """Return the instructions in their new order, jumps adjusted."""
        result: list[Insn] = []
        dropped = 0
        for idx in range(len(self.old) + 1):
            edit = self.edits.get(idx)
            if edit:
                result += self._inserted(edit)
                dropped = edit.drops
            insn = self.old[idx] if idx < len(self.old) else None
            if insn and not dropped:
                result.append(self._adjusted(insn, idx))
            dropped = max(0, dropped - 1)
        return result

    def _inserted(self, edit: Edit) -> list[Insn]:
        at = self.of[edit.pc] - sum(insn.slots for insn in edit.insns)
        result = []
        for index, insn in enumerate(edit.insns):
            to = edit.leads_to.get(index)
            if to is not None:
                insn = replace(insn, off=_near(self._landing(edit, to) - at - 1))
            result.append(insn)
            at += insn.slots
        return result

    def _landing(self, edit: Edit, to: int) -> int:
        """A jump to the patched slot itself goes on behind the new instructions."""
        return self.of[to] if to == edit.pc else self.before[to]

    def _adjusted(self, insn: Insn, idx: int) -> Insn:
        """Return an old instruction with the distance that it has now."""
        at = self.of[idx]
        if is_local_call(insn):
            return replace(insn, imm=self.before[idx + 1 + insn.imm] - at - 1)
        if insn.is_wide and insn.src == Wide.FUNC:
            return replace(insn, imm=self.before[idx + 1 + insn.imm] - at - 1)
        if not _is_jump(insn):
            return insn
        if insn.insn_class is InsnClass.JMP32 and insn.code == Control.JA:
            return replace(insn, imm=self.before[idx + 1 + insn.imm] - at - 1)
        return replace(insn, off=_near(self.before[idx + 1 + insn.off] - at - 1))


def _is_jump(insn: Insn) -> bool:
    is_class = insn.insn_class in (InsnClass.JMP, InsnClass.JMP32)
    return is_class and insn.code not in (Control.CALL, Control.EXIT)


def _near(distance: int) -> int:
    if not -_FAR <= distance < _FAR:
        raise ProgramError.of("patch-too-far", distance=distance)
    return distance


def _moved(records: bytes | None, size: int, layout: _Layout) -> bytes | None:
    """Return records of debug information with the slots that they have now."""
    if not records:
        return records
    moved = bytearray(records)
    for start in range(0, len(records) - size + 1, size):
        (pc,) = struct.unpack_from("<I", records, start)
        struct.pack_into("<I", moved, start, layout.before[pc])
    return bytes(moved)


def ends_with(code: int, *rest: Insn) -> tuple[Insn, ...]:
    """Return instructions that leave the program with an answer."""
    from_imm = Insn(0xB7, dst=0, imm=code)
    return (*rest, from_imm, Insn(InsnClass.JMP | Control.EXIT << 4))


CALL_OPCODE = InsnClass.JMP | Control.CALL << 4


def helper_call(id: int) -> Insn:
    """Return the call of a helper."""
    return Insn(CALL_OPCODE, src=CallKind.HELPER, imm=id)
