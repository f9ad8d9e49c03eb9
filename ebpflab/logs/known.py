"""What is known along a walk: each printed state put on top of the one before.

A log prints after an instruction only what it touched, so the whole state is the sum
of what was printed on the way. Three things are not printed and are added here: a
call leaves nothing in r1 to r5, and in r0 what is printed; a check of one pointer
holds for its copies (same id); slots of a function are gone when it returns.
"""

from collections.abc import Iterator

from ebpflab.logs.log import Log, LogStep
from ebpflab.logs.operands import ARGUMENTS, operands
from ebpflab.logs.states import State, Value, read_state, read_value

Known = dict[str, str]  # r0 ... r10, fp-8, frame1:fp-8, refs -> text of the claim
_PACKETS = ("pkt", "pkt_meta")


def walk(log: Log) -> Iterator[tuple[int, Known, Known]]:
    """Yield each step's index with all that is known before and after it.

    Both are dicts of their own, which the caller may keep.
    """
    ways = _ways_on(log)
    kept: dict[int, Known] = {}  # after steps from which more than one way leads on
    last, known = -1, Known()
    for index, step in enumerate(log.steps):
        if step.parent != last or step.parent < 0:
            known = kept.get(step.parent, {})
        before = entered(known, step)
        known = after(before, step)
        if ways.get(index, 0) > 1:
            kept[index] = known
        yield index, before, known
        last = index


def _ways_on(log: Log) -> dict[int, int]:
    """Count the steps that come after each step."""
    ways: dict[int, int] = {}
    for step in log.steps:
        ways[step.parent] = ways.get(step.parent, 0) + 1
    return ways


def entered(known: Known, step: LogStep) -> Known:
    """Return what is known before a step, where a state was printed there."""
    if step.before is None:
        return dict(known)
    state = read_state(step.before)
    kept = {slot: text for slot, text in known.items() if _is_below(slot, state.frame)}
    return kept | told(state)


def after(known: Known, step: LogStep) -> Known:
    """Return what is known after a step."""
    doing = operands(step.code, step.text)
    result = dict(known)
    if doing.kind == "call" and not step.is_call_of_function:
        for register in ("r0", *ARGUMENTS):
            result.pop(register, None)
    for text in step.after:
        said = told(read_state(text))
        if doing.kind == "branch":
            for slot, claim in said.items():
                _tell_copies(result, known.get(slot, ""), claim)
        result |= said
    return result


def told(state: State) -> Known:
    """Return what a printed state says, slot by slot."""
    prefix = f"frame{state.frame}:" if state.frame else ""
    registers = {name: str(value) for name, value in state.registers.items()}
    stack = {prefix + name: str(slot) for name, slot in state.stack.items()}
    refs = {"refs": ",".join(map(str, state.refs))} if state.refs else {}
    return registers | stack | refs


def _is_below(slot: str, frame: int) -> bool:
    """Tell whether a slot belongs to a function that called this one."""
    if slot.startswith("frame"):
        return int(slot[5 : slot.index(":")]) < frame
    return slot.startswith("fp") and frame > 0


def _tell_copies(known: Known, old: str, new: str) -> None:
    """A branch told more about one value: the same holds for its copies."""
    if not old or old == new:
        return
    was, now = read_value(old), read_value(new)
    if was.type in _PACKETS and now.type == was.type:
        _widen_packets(known, now)
    elif was.number("id"):
        for slot, text in known.items():
            if text == old:
                known[slot] = new


def _widen_packets(known: Known, now: Value) -> None:
    proved = now.number("r")
    for slot, text in known.items():
        value = read_value(text)
        if value.type == now.type and value.number("id") == now.number("id"):
            known[slot] = _with_range(text, proved, value)


def _with_range(text: str, proved: int, value: Value) -> str:
    before = value.fields.get("r", "")
    if proved <= value.number("r") or not before:
        return text
    return text.replace(f"r={before}", f"r={proved}", 1)
