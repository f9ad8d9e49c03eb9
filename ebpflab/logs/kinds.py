"""What a line of a log is, by how it begins: one table.

The lines of all kernels are told apart, old ones too. A line that is none of these is
something that the verifier said: mostly the reason of a rejection.
"""

import re
from enum import Enum

STATE_WORD = r"(?:frame\d{1,3}: ?)?(?:R\d+(?:_[a-z]+)?=|fp-?\d+(?:_[a-z]+)?=|refs=)"
INSN_TEXT = r"(?:\((?P<code>[0-9a-f]{2})\) |(?=BUG_[0-9a-f]{2}))(?P<text>.*)"
JUMP_TEXT = r"if \S+ \S+ \S+ (?:goto|gotol) \S+|may_goto \S+|call \S+"


class Kind(Enum):
    """One kind of line."""

    BLANK = "nothing"
    STEP = "an instruction that was looked at, and what it changed"
    STATE = "a state, of which the step before may be the reason"
    FRAME_STATE = "the state of one frame, at a call or a return"
    PATH = "another path begins"
    PRUNED = "a path was covered by one already walked"
    LISTED = "an instruction, with the registers that are read later"
    SOURCE = "the C line that the next instructions come from"
    PRECISE = "which values mattered, traced back"
    LIVENESS = "which stack slots are read later"
    FUNCTION = "a function"
    LOOP = "a loop is entered or left"
    CALL = "a call of a function, or the return"
    LOOP_STATE = "a state of a loop that does not end"
    STATISTICS = "numbers at the end"
    HEADER = "a title inside the log"
    REMARK = "something told on the way, no reason"
    WRAPPER = "what a tool put around the log"
    MESSAGE = "something that the verifier said"


KINDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (Kind.STEP, rf"(?P<pc>\d{{1,9}}): {INSN_TEXT}"),
        (
            Kind.PRECISE,
            r"mark_precise: |last_idx -?\d+ first_idx|regs=\S* stack=\S* before \d+: "
            r"|parent (?:state|didn't|already) |propagating (?:r\d|fp)"
            r"|frame ?\d+: (?:propagating|last_idx|regs=|parent) ?",
        ),
        (Kind.PRUNED, r"(?:from (?P<start>\d{1,9}) to )?(?P<pc>\d{1,9}): safe$"),
        (
            Kind.PATH,
            r"from (?P<start>\d{1,9}) to (?P<pc>\d{1,9})"
            r"(?P<speculative> \(speculative execution\))?:(?: (?P<state>.*)|$)",
        ),
        (Kind.STATE, rf"(?P<pc>\d{{1,9}}):(?: ?(?P<state>{STATE_WORD}.*)|$)"),
        (Kind.FRAME_STATE, rf" *(?P<state>{STATE_WORD}.*)|(?: *frame\d{{1,3}}:)$"),
        (
            Kind.LISTED,
            rf" *(?:\d+ +)?(?P<pc>\d{{1,9}}): (?P<live>[0-9.]{{10,}}) {INSN_TEXT}",
        ),
        (Kind.SOURCE, r"; ?(?P<text>.*)"),
        (Kind.LIVENESS, r"\([\d,]+\) (?:frame \d+ insn|live stack update)"),
        (
            Kind.FUNCTION,
            r"func#\d+ @\d+|Func#\d+ .*(?:is safe|assumed valid)|Validating ",
        ),
        (Kind.LOOP, r"SCC (?:enter|exit|backedge)"),
        (
            Kind.CALL,
            r"caller:$|callee:$|returning from callee:$|to caller at (?P<pc>\d{1,9}):$",
        ),
        (Kind.LOOP_STATE, r"(?:cur|old) state:"),
        (
            Kind.STATISTICS,
            r"processed \d+ insns|verification time \d+ usec|stack depth \d",
        ),
        (Kind.HEADER, r"Live regs before insn:"),
        (
            Kind.REMARK,
            r"arg#\d+ (?:type is not|reference type)|func '.*' arg\d+ "
            r"(?:has btf_id|type|is not|doesn't|points)|REG INVARIANTS VIOLATION"
            r"|verifying |verification ",
        ),
        (
            Kind.WRAPPER,
            r"libbpf: |-- (?:BEGIN|END) |bpf: Failed|HINT: |Error: |Prog section '"
            r"| - (?:Type|Attach Type|Instructions|License): |Verifier analysis:"
            r"|load program: |failed to |.*: load program: |Warning: |Traceback "
            r"|\d+ line\(s\) omitted",
        ),
    )
)
NO_TRACE = (  # after these, what was said may still be the reason
    Kind.BLANK,
    Kind.MESSAGE,
    Kind.WRAPPER,
    Kind.STATISTICS,
    Kind.LOOP_STATE,
    Kind.REMARK,
)
GLUED = re.compile(rf"(?P<text>{JUMP_TEXT}) (?P<rest>[^ ;].*)")
COMMENT = re.compile(rf";(?P<state> ?(?:{STATE_WORD}).*)")


def kind_of(line: str) -> tuple[Kind, re.Match[str] | None]:
    """Tell what a line is, with what its pattern found."""
    if not line.strip():
        return Kind.BLANK, None
    for kind, pattern in KINDS:
        found = pattern.match(line)
        if found:
            return kind, found
    return Kind.MESSAGE, None


HAS_COMMENT = re.compile(rf" ; ?{STATE_WORD}")
