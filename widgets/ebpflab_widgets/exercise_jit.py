"""The exercises about translation: fewer instructions, and a line of generated code.

As in `exercise_programs.py`: each function returns how much it tried, or raises the
first `Mistake`. What is fast is counted in executed instructions, never timed: Linux
translates each by itself, and every machine counts the same.
Source of shifts and wrapping: RFC 9669, section 4.1.
"""

from collections.abc import Callable
from typing import Any

from ebpflab import Object, Program, Run, describe, run, verify
from ebpflab_widgets.exercise_programs import DROP, PASS, Mistake, program_of

EVERYBODY = b"\xff" * 6  # the broadcast address, where a frame begins (IEEE 802.3)
SIZES = (14, 60, 1514)  # bytes of a frame
MOST, ONE_CHECK = 14, 21  # executed: what is asked, and what six byte loads need
WORD = (1 << 64) - 1
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": lambda dst, src: dst + src & WORD,
    "sub": lambda dst, src: dst - src & WORD,
    "lsh": lambda dst, src: dst << (src & 63) & WORD,
}
VALUES = (0, 1, 7, 1 << 63, WORD)
AMOUNTS = (0, 1, 63, 64, 70)


# ---- make-it-faster ------------------------------------------------------------


def make_it_faster(answer: Object) -> int:
    """Drop what is sent to everybody, pass all else, in 14 executed instructions."""
    program = program_of(answer)
    verdict = verify(program)
    if not verdict.accepted:
        raise Mistake("faster-refused", message=verdict.message.splitlines()[0])
    counts = []
    for size in SIZES:
        counts.append(executed(program, frame(EVERYBODY, size), DROP))
        for place in range(len(EVERYBODY)):
            other = bytearray(EVERYBODY)
            other[place] ^= 1
            counts.append(executed(program, frame(bytes(other), size), PASS))
        counts.append(executed(program, frame(bytes(6), size), PASS))
    if max(counts) > MOST:
        row = "faster-checks" if max(counts) > ONE_CHECK else "faster-loads"
        raise Mistake(row, count=max(counts), most=MOST)
    return max(counts)


def frame(target: bytes, size: int) -> bytes:
    """Make a frame of so many bytes to this address."""
    return target + bytes(6) + b"\x08\x00" + bytes(size - 14)


def executed(program: Program, packet: bytes, wanted: int) -> int:
    """Return how many instructions one run executed, if its answer is right."""
    ran = run(program, packet)
    assert isinstance(ran, Run)
    if ran.retval != wanted:
        row = "faster-drops" if wanted == PASS else "faster-passes"
        given = ran.retval_name or str(ran.retval)
        target = packet[:6].hex(":")
        raise Mistake(row, given=given, target=target, packet=describe(packet))
    return len(ran.timeline.steps)


# ---- toy-line ------------------------------------------------------------------


def toy_line(line: Callable[[str, str, Any], Any]) -> int:
    """Translate instructions into Python lines that do what the instructions do."""
    count = 0
    for op, meaning in OPERATIONS.items():
        for dst in VALUES:
            for src in AMOUNTS if op == "lsh" else VALUES:
                compare(line, op, src, {"r0": dst, "r1": 5}, meaning(dst, src))
                compare(line, op, "r1", {"r0": dst, "r1": src}, meaning(dst, src))
                count += 2
    return count


def compare(
    line: Callable[[str, str, Any], Any],
    op: str,
    src: int | str,
    before: dict[str, int],
    wanted: int,
) -> None:
    """Run the line made of one instruction; another r0 than wanted is a mistake."""
    after = dict(before)
    asked = f"line({op!r}, 'r0', {src!r})"
    try:
        text = line(op, "r0", src)
        exec(text, {}, after)
    except Exception as error:  # the learner's own code: anything may happen
        raise Mistake("line-fails", asked=asked, error=repr(error)) from None
    found = after.get("r0")
    values = {"asked": asked, "text": text, "wanted": wanted, "found": repr(found)}
    values["before"] = ", ".join(f"{name} = {word}" for name, word in before.items())
    if found == wanted:
        return
    amount = before["r1"] if src == "r1" else src
    if op == "lsh" and isinstance(amount, int) and amount > 63:
        raise Mistake("line-shift", **values)
    wraps = isinstance(found, int) and found & WORD == wanted
    raise Mistake("line-wraps" if wraps else "line-answer", **values)


EXERCISES: dict[str, Callable[[Object], int]] = {"make-it-faster": make_it_faster}
FUNCTIONS: dict[str, Callable[[Callable[..., Any]], int]] = {"toy-line": toy_line}
