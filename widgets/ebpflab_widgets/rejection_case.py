"""A rejection with all that is known around it: what the pictures are made from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ebpflab.errors import EbpfLabError
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.listing import names_in
from ebpflab.logs import read
from ebpflab.logs.log import Log
from ebpflab.logs.states import Value, read_value
from ebpflab.program import Program
from ebpflab.results import Rejection, Verdict
from ebpflab.timeline import State

QUICK = 100_000  # instructions: what took longer is not walked again for a picture
UNTOLD = "value-not-told"  # the sentence for what a log does not say
LOG_END = 1 << 20  # characters of a log that are read: the reason and the way to it

Picture = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A rejection with all that is known around it; `sample` is a packet, if any."""

    rejection: Rejection
    verdict: Verdict
    program: Program | None = None
    sample: bytes = b""

    def number(self, name: str) -> int | None:
        found = self.rejection.values.get(name)
        return found if isinstance(found, int) else None

    def word(self, name: str) -> str:
        return str(self.rejection.values.get(name, ""))

    @property
    def pc(self) -> int:
        """The slot of the refused instruction; -1: it is about no single one."""
        return self.rejection.at.pc

    @property
    def is_call(self) -> bool:
        return self.rejection.at.text.startswith("call")

    @property
    def does(self) -> str:
        """What the refused instruction does to memory: a part of a sentence's key."""
        text = self.rejection.at.text
        if self.is_call:
            return "call"
        return "write" if text.startswith(("*(", "lock *(")) else "read"

    @property
    def held(self) -> str:
        """What the register held, in words; "" where the log does not tell."""
        told = self.rejection.values.get("held")
        return "" if getattr(told, "key", "") == UNTOLD else self.word("held")

    @property
    def value(self) -> Value:
        """What was known of the register that the rejection is about."""
        return read_value(str(self.rejection.values.get("claim", "")))

    @property
    def listing(self) -> list[list[Any]]:
        """The program's instructions as slot and text; [] where it is not known."""
        if self.program is None:
            return []
        names = names_in(self.program)
        insns = enumerate(self.program.insns)
        return [[pc, disassemble_insn(insn, names)] for pc, insn in insns if insn]

    @cached_property
    def log(self) -> Log:
        return read(self.verdict.log[-LOG_END:])

    @cached_property
    def state(self) -> State | None:
        """What was known before the refused instruction; None: nobody can tell."""
        if self.verdict.insns_processed > QUICK:
            return None
        try:
            timeline = self.verdict.timeline
            last = len(timeline.steps) - 1
            # A call empties registers in its line of the log, refused or not.
            if last > 0 and self.is_call and timeline.steps[last].pc == self.pc:
                last = timeline.steps[last].parent
            return timeline.state(last)
        except EbpfLabError:
            return None
