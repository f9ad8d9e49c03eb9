"""What a read log holds: its steps as a tree, prunings, the listing, the reason.

States are kept as the text that was printed; `states.py` reads them when asked for.
"""

from dataclasses import dataclass, field

EXIT, CALL = 0x95, 0x85  # opcode bytes


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of C, as the log quotes it; file and number since Linux 6.10 only."""

    text: str
    file: str = ""
    line: int = 0  # from 1; 0 = not known


@dataclass(slots=True)
class LogStep:
    """One instruction as it was looked at, with the states printed around it."""

    parent: int  # index of the step before; -1 = the start
    pc: int
    code: int  # opcode byte
    text: str
    frame: int  # call depth
    source: SourceLine | None = None
    before: str | None = None  # a whole state, where a path or a function begins
    after: list[str] = field(default_factory=list)  # what it changed
    is_decided: bool = False  # only one way of a branch is possible
    speculative: bool = False
    returned: bool = False  # comes after the return of a function

    @property
    def ends_program(self) -> bool:
        return self.code == EXIT and not self.frame

    @property
    def is_call_of_function(self) -> bool:
        return self.code == CALL and self.text.startswith("call pc")


@dataclass(frozen=True, slots=True)
class Pruning:
    """A path that stopped: its state was covered by one that is known to be safe."""

    parent: int  # step that led there
    pc: int
    after: int = 0  # steps walked before it


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the listing: an instruction, and the registers read later (`.12...`)."""

    text: str
    code: int
    live: str = ""


@dataclass(slots=True)
class Log:
    """A log that was read."""

    steps: list[LogStep] = field(default_factory=list)
    prunings: list[Pruning] = field(default_factory=list)
    listing: dict[int, Listed] = field(default_factory=dict)
    reason: list[str] = field(default_factory=list)
    loop_states: list[str] = field(default_factory=list)
    precise: list[str] = field(default_factory=list)  # mark_precise and the like
    liveness: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    statistics: dict[str, int] = field(default_factory=dict)
    stack_depth: str = ""  # bytes, one number a function: "8+16"
    unrecognized: list[str] = field(default_factory=list)
    is_log: bool = False  # something of a log was recognized

    @property
    def is_whole(self) -> bool:
        """Tell whether the end is there: its statistics."""
        return bool(self.statistics)
