"""The exercises about verdicts: sets of numbers, and programs refused on purpose.

As in `exercise_programs.py`: each function returns how much it tried, or raises the
first `Mistake`. A forged program must be refused for one reason and no other.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ebpflab import Object, Program, Verdict, verify, witness
from ebpflab_widgets.exercise_programs import (
    DROP,
    PASS,
    TCP,
    Mistake,
    Trial,
    ipv4,
    program_of,
    shorter,
    tried,
)

Known = tuple[int, int]  # value and mask of a tnum of 4 bits; see verifier/tnum.py
BITS = 0b1111
SYN, FLAGS = 2, 13  # of TCP: the flag, and the byte that holds it (RFC 9293)


# ---- known bits ----------------------------------------------------------------


def known_bits_add(add: Callable[[Known, Known], Any]) -> int:
    """Add two sets of 4-bit words: no sum is lost, no known bit is given up."""
    every = [(v, m) for m in range(BITS + 1) for v in range(BITS + 1) if not v & m]
    for a in every:
        for b in every:
            compare_sums(a, b, answer_of(add, a, b))
    return len(every) ** 2


def answer_of(add: Callable[[Known, Known], Any], a: Known, b: Known) -> Known:
    """Ask for one sum; what is no set of 4-bit words is a mistake."""
    given = {"a": spelled(a), "b": spelled(b)}
    try:
        answer = add(a, b)
    except Exception as error:  # the learner's own code: anything may happen
        raise Mistake("known-fails", error=repr(error), **given) from None
    match answer:
        case (int(value), int(mask)) if 0 <= value <= BITS and 0 <= mask <= BITS:
            if value & mask:
                raise Mistake("known-overlap", answer=spelled((value, mask)), **given)
            return value, mask
    raise Mistake("known-shape", answer=repr(answer), **given)


def compare_sums(a: Known, b: Known, answer: Known) -> None:
    """Hold an answer against all sums, and against the smallest set around them."""
    sums = {(x, y): x + y & BITS for x in words(a) for y in words(b)}
    given = {"a": spelled(a), "b": spelled(b), "answer": spelled(answer)}
    for (x, y), total in sums.items():
        if total & ~answer[1] != answer[0]:
            raise Mistake("known-loses", x=x, y=y, total=total, **given)
    sure = BITS
    for total in sums.values():
        sure &= ~(total ^ next(iter(sums.values())))
    if answer[1] & sure:
        bit = (answer[1] & sure).bit_length() - 1
        raise Mistake("known-gives-up", bit=bit, **given)


def words(known: Known) -> Iterator[int]:
    """Yield the 4-bit words of a set."""
    return (w for w in range(BITS + 1) if w & ~known[1] == known[0])


def spelled(known: Known) -> str:
    """Spell a set as the lesson does: (0000; 0111)."""
    return f"({known[0]:04b}; {known[1]:04b})"


# ---- programs that are to be refused -------------------------------------------


def tcp(flags: int) -> bytes:
    """Make a TCP packet with these flags."""
    return ipv4(TCP, bytes(FLAGS) + bytes([flags]) + bytes(6))


def false_positive(answer: Object) -> int:
    """Do as the first lesson's program, safely, and be refused all the same."""
    program = program_of(answer)
    found = witness(program)
    if found.found:
        raise Mistake("forged-unsafe", seen=str(found))
    trials = (
        Trial(tcp(SYN), DROP, "forged-answers"),
        Trial(tcp(18), PASS, "forged-answers"),
        *(Trial(packet, PASS, "forged-answers") for packet in shorter(tcp(SYN), 48)),
        Trial(tcp(SYN)[:48], DROP, "forged-answers"),
    )
    count = tried(program, trials, "forged-reads-outside")
    refused_for(program, "packet-range")
    return count


def forged_leak(answer: Object) -> int:
    """Be refused because a record was reserved and neither sent nor discarded."""
    refused_for(program_of(answer), "reference-leak")
    return 1


def refused_for(program: Program, kind: str) -> Verdict:
    """Return the verdict if it is a refusal of this kind."""
    verdict = verify(program)
    if verdict.rejection is None:
        raise Mistake(f"forged-{kind}-accepted")
    if verdict.rejection.kind != kind:
        title = verdict.rejection.title
        raise Mistake(f"forged-{kind}-other", message=verdict.message, title=title)
    return verdict


FORGED: dict[str, Callable[[Object], int]] = {
    "false-positive": false_positive,
    "forge-a-leak": forged_leak,
}
FUNCTIONS: dict[str, Callable[[Callable[..., Any]], int]] = {
    "known-bits-add": known_bits_add,
}
