"""What happened, step by step, as differences: the one format every stepper reads.

A run of the interpreter, an exploration of the verifier and a real kernel's log all
become a `Timeline`. It holds what changed, never a sentence: text is made when it is
looked at. Any step is reached both ways, because a change keeps the old value too.
A step names its parent, so an exploration is a tree; a run is a line.

A slot is what can change:
    r0 ... r10          a register, as a 64-bit word in hex ("0x4a"); None = nothing
                        known (before the first write: never written; later: clobbered)
    <region>+<offset>   bytes of a region, as hex pairs; "??" = a byte never written
    <map>/cpu<n>        the records sent to one CPU's buffer; a change appends `new`

In an exploration a slot holds what the verifier claims of it, in the log's own words:
    r0 ... r10          "scalar(umax=7,...)", "pkt(r=14)"; None = never written
    fp-8                a stack slot of the program; frame1:fp-8 one of a function
    refs                numbers of what must still be released: "2,4"
"""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from typing import Any

from ebpflab.errors import ProgramError

VERSION = 1
RUN, EXPLORATION = "run", "exploration"
LARGEST_REGION = 1 << 31  # bytes

_REGISTER = re.compile(r"r(?:\d|10)")
_RECORDS = re.compile(r".+/cpu\d+")
_WORD = re.compile(r"0x[0-9a-f]{1,16}")
_CLAIMED_SLOT = re.compile(r"r(?:\d|10)|(?:frame\d+:)?fp-?\d+|refs")
_CLAIM = re.compile(r"[ -~]{1,4000}")
_PAIRS = re.compile(r"(?:[0-9a-f]{2}|\?\?)*")
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the listing: an instruction as the disassembler spells it."""

    pc: int  # slot of the instruction
    text: str
    source_line: int = 0  # line of the C source, from 1; 0 = not known
    target: int | None = None  # slot where a jump may go
    kind: str = "alu"  # alu, branch, memory, call, exit: the sign on the tape


@dataclass(frozen=True, slots=True)
class Region:
    """One buffer that addresses point into: upper 32 bits `number`, lower 32 offset."""

    number: int
    name: str  # stack, stack1, ctx, packet, or a map's name
    kind: str  # stack, ctx, packet, map, map_value, record, code
    size: int  # bytes
    contents: str = ""  # hex pairs before the first step; "" = never written
    detail: str = ""  # a map's type


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of a region, for people: a header field, a variable."""

    region: str
    group: str  # "Ethernet", "metadata"
    name: str
    offset: int  # bytes from the region's start
    size: int  # bytes
    text: str = ""  # its value before the first step, as people write it


@dataclass(frozen=True, slots=True)
class Change:
    """One slot before and after a step."""

    slot: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Test:
    """A branch's test as it was evaluated: `left symbol right`, and where it went."""

    left: str  # register as written in the instruction: r2, or w2 for its lower half
    left_value: str  # hex word, as compared (32 bits when the register is a w)
    symbol: str
    right: str  # register, or "" for a constant
    right_value: str
    taken: bool
    target: int  # slot that a taken branch goes to
    next: int  # slot that this one went to


@dataclass(frozen=True, slots=True)
class Effect:
    """What a helper did, as a catalogue row and its values: a sentence on demand."""

    key: str
    values: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One executed instruction, as the differences that it made."""

    parent: int  # index of the step before; -1 = the start
    frame: int  # call depth, 0 = the program itself
    pc: int
    changes: tuple[Change, ...] = ()
    reads: tuple[str, ...] = ()  # "r6", or "packet+0:64" (64 bytes from offset 0)
    pointers: tuple[str, ...] = ()  # changed slots that now hold an address
    test: Test | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: the return value and its name, or the fault."""

    retval: str | None = None  # hex, as all words
    name: str = ""  # XDP_PASS
    fault: str = ""  # what went wrong, in words
    fault_pc: int = -1  # slot of the instruction that went wrong; it made no step


@dataclass(frozen=True, slots=True)
class State:
    """All slots after some step: what a view shows at one moment."""

    registers: dict[str, str | None]
    pointers: frozenset[str]
    memory: dict[str, list[str]]  # region name -> one hex pair (or "??") a byte
    records: dict[str, list[str]]  # "<map>/cpu<n>" -> records, oldest first
    claims: dict[str, str] = field(default_factory=dict)  # fp-8, refs -> what is known


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recorded run or exploration; see the head of this file."""

    title: str  # the program's name
    type: str  # program type: xdp, raw, ...
    listing: tuple[Line, ...]
    steps: tuple[Step, ...]
    regions: tuple[Region, ...] = ()
    fields: tuple[Field, ...] = ()
    source: str = ""  # the C source, whole
    source_name: str = ""
    start: tuple[Change, ...] = ()  # what is known before the first step
    start_pointers: tuple[str, ...] = ()
    outcome: Outcome = field(default_factory=Outcome)
    kind: str = RUN  # or EXPLORATION
    version: int = VERSION

    def path(self, index: int) -> list[int]:
        """Return the indices from the first step to step `index`, both included.

        Raises:  ProgramError: there is no such step.
        """
        if not isinstance(index, int) or not -1 <= index < len(self.steps):
            raise ProgramError.of("no-such-step", index=index, count=len(self.steps))
        path = []
        while index >= 0:
            path.append(index)
            index = self.steps[index].parent
        return path[::-1]

    def state(self, index: int) -> State:
        """Return every slot after step `index`; -1 is the state before the first.

        Raises:  ProgramError: there is no such step.
        """
        path = self.path(index)
        state = self._first_state()
        for change, pointer in self._changes(path):
            _apply(state, change)
            if change.slot in state.registers:
                pointers = state.pointers - {change.slot}
                added = {change.slot} if pointer else set()
                state = replace(state, pointers=pointers | added)
        return state

    def _first_state(self) -> State:
        memory = {
            r.name: _pairs(r.contents) if r.contents else ["??"] * r.size
            for r in self.regions
        }
        registers: dict[str, str | None] = {f"r{n}": None for n in range(11)}
        return State(registers, frozenset(), memory, {})

    def _changes(self, path: list[int]) -> Iterator[tuple[Change, bool]]:
        yield from ((c, c.slot in self.start_pointers) for c in self.start)
        for i in path:
            step = self.steps[i]
            yield from ((c, c.slot in step.pointers) for c in step.changes)

    def to_json(self) -> str:
        """Return the timeline as JSON; `from_json` gives back an equal one."""
        return json.dumps(_compact(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Timeline":
        """Read what `to_json` wrote.

        Raises:  ProgramError: not a timeline, or one of another version.
        """
        try:
            data = json.loads(text)
            if data["version"] != VERSION:
                raise ProgramError.of(
                    "timeline-version", found=data["version"], known=VERSION
                )
            timeline = _timeline(data)
            _check(timeline)
            return timeline
        except _BROKEN as error:
            raise ProgramError.of("timeline-broken", error=str(error)) from error


def _pairs(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(0, len(text), 2)]


def _apply(state: State, change: Change) -> None:
    """Write one change into a state (dicts and lists inside it are the state's own)."""
    slot, new = change.slot, change.new
    if slot in state.registers:
        state.registers[slot] = new
    elif _CLAIMED_SLOT.fullmatch(slot):
        state.claims.pop(slot, None)
        if new is not None:
            state.claims[slot] = new
    elif "/" in slot:
        state.records.setdefault(slot, []).append(new or "")
    else:
        region, _, offset = slot.rpartition("+")
        pairs, start = _pairs(new or ""), int(offset)
        state.memory[region][start : start + len(pairs)] = pairs


def _compact(value: Any) -> Any:
    """Turn records into dicts, leaving out what has its default: size = changes."""
    if is_dataclass(value):
        return {
            f.name: _compact(getattr(value, f.name))
            for f in fields(value)
            if f.name == "version" or getattr(value, f.name) != _default(f)
        }
    if isinstance(value, list | tuple):
        return [_compact(v) for v in value]
    return value


def _default(f: Any) -> Any:
    return f.default if f.default_factory is MISSING else f.default_factory()


def _timeline(data: dict[str, Any]) -> Timeline:
    several = {
        "listing": Line,
        "regions": Region,
        "fields": Field,
        "start": Change,
    }
    made: dict[str, Any] = {
        name: tuple(kind(**row) for row in data.get(name, ()))
        for name, kind in several.items()
    }
    made["steps"] = tuple(_step(row) for row in data.get("steps", ()))
    made["outcome"] = Outcome(**data.get("outcome", {}))
    made["start_pointers"] = tuple(data.get("start_pointers", ()))
    return Timeline(**{**data, **made})


def _step(row: dict[str, Any]) -> Step:
    made: dict[str, Any] = {
        "changes": tuple(Change(**c) for c in row.get("changes", ())),
        "reads": tuple(row.get("reads", ())),
        "pointers": tuple(row.get("pointers", ())),
        "test": Test(**row["test"]) if "test" in row else None,
        "effect": Effect(**row["effect"]) if "effect" in row else None,
    }
    return Step(**{**row, **made})


def _check(timeline: Timeline) -> None:
    """Refuse what no recording can be. Raises ValueError: what is wrong."""
    sizes = {region.name: region.size for region in timeline.regions}
    for name, size in sizes.items():
        if not 0 <= size <= LARGEST_REGION:
            raise ValueError(f"region {name}: {size} bytes")
    for index, step in enumerate(timeline.steps):
        if not -1 <= step.parent < index:
            raise ValueError(f"step {index}: parent {step.parent}")
    if timeline.kind not in _POSSIBLE:
        raise ValueError(f"kind {timeline.kind}")
    is_possible = _POSSIBLE[timeline.kind]
    told = (change for step in timeline.steps for change in step.changes)
    for change in (*timeline.start, *told):
        if not is_possible(change, sizes):
            raise ValueError(f"slot {change.slot}: {change.old} → {change.new}")


def _is_possible(change: Change, sizes: dict[str, int]) -> bool:
    """Tell whether a slot exists and its values are ones that it can have."""
    values = [value for value in (change.old, change.new) if value is not None]
    if _REGISTER.fullmatch(change.slot):
        return all(_WORD.fullmatch(value) for value in values)
    pairs = all(_PAIRS.fullmatch(value) for value in values)
    if _RECORDS.fullmatch(change.slot):
        return pairs
    region, _, offset = change.slot.rpartition("+")
    length = len(change.new or "") // 2
    fits = offset.isdecimal() and int(offset) + length <= sizes.get(region, -1)
    return pairs and fits


def _is_claim(change: Change, sizes: dict[str, int]) -> bool:
    """Tell whether an exploration may say this."""
    values = [value for value in (change.old, change.new) if value is not None]
    known = all(_CLAIM.fullmatch(value) for value in values)
    return known and bool(_CLAIMED_SLOT.fullmatch(change.slot))


_POSSIBLE = {RUN: _is_possible, EXPLORATION: _is_claim}
