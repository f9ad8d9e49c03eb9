"""Where a program was refused: the instruction, what was known there, what is free.

A fix needs registers that nobody needs any more, and a place to leave the program at.
Both follow from the verifier's own words: the state before the refused instruction,
and which registers are live there.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from ebpflab.errors import RunError
from ebpflab.isa.insn import Insn
from ebpflab.isa.uses import registers_read
from ebpflab.program import Program
from ebpflab.remedy.flow import live_before
from ebpflab.results import Rejection, Verdict

CALLEE_SAVED = range(6, 10)
_OBJECT = re.compile(r"ref_obj_id=\d+")


@dataclass(frozen=True)
class Situation:
    """A refused program at the instruction where it was refused."""

    program: Program
    rejection: Rejection
    claims: dict[str, str | None]  # what the verifier knew before it, by register

    @classmethod
    def of(cls, program: Program, verdict: Verdict) -> "Situation | None":
        """Return the situation; None where no instruction was refused."""
        rejection = verdict.rejection
        if rejection is None or rejection.at.pc < 0:
            return None
        try:
            timeline = verdict.timeline
        except RunError:  # refused before the walk: no value was judged yet
            return None
        steps = timeline.steps
        claims = timeline.state(len(steps) - 1).registers if steps else {}
        return cls(program, rejection, claims)

    @property
    def pc(self) -> int:
        return self.rejection.at.pc

    @property
    def insn(self) -> Insn | None:
        insns = self.program.insns
        return insns[self.pc] if self.pc < len(insns) else None

    def number(self, name: str) -> int | None:
        """Return a number out of the kernel's message, by its name there."""
        found = self.rejection.values.get(name)
        return found if isinstance(found, int) else None

    def holding(self, kind: str) -> int | None:
        """Return a register whose claim is of a kind (`pkt_end`, `ctx`, ...)."""
        for name, claim in self.claims.items():
            if claim and claim.removeprefix("P").split("(")[0] == kind:
                return int(name[1:])
        return None

    def held_objects(self) -> list[tuple[int, str]]:
        """Return registers that hold an acquired object, with what kind it is."""
        return [
            (int(name[1:]), claim.split("(")[0])
            for name, claim in self.claims.items()
            if claim and _OBJECT.search(claim)
        ]

    @cached_property
    def free(self) -> list[int]:
        """Registers that nobody needs from here on: what a fix may use."""
        live = live_before(self.program.insns)[self.pc]
        insn = self.insn
        used = set(registers_read(insn)) if insn else set()
        return [n for n in range(10) if not live >> n & 1 and n not in used]
