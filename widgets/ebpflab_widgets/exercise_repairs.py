"""Ten programs to repair: the verifier must accept them, and they do what they did.

What each one does is told by a function of its input, so an answer may be written in
any way. Where the program as it was given goes wrong, it is to let the packet pass.
Not here: how answers are reported (`exercise.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ebpflab import Object, Program, describe, maps, run, verify
from ebpflab_widgets.exercise_programs import (
    DROP,
    ICMP,
    PASS,
    UDP,
    Mistake,
    ipv4,
    ports,
    program_of,
    shorter,
)
from ebpflab_widgets.exercise_verifier import SYN, tcp

DATAGRAM = ipv4(UDP, ports(40000, 53))
PACKETS = (DATAGRAM, tcp(SYN), tcp(18), ipv4(ICMP, bytes(40)))
QUEUES = (0, 1, 3, 4, 6, 7, 8, 9, 14, 15, 16, 255)
ETHERNET, IPV4 = 14, 20  # header bytes
VALUE = 8  # bytes of each map's value


@dataclass(frozen=True, slots=True)
class Input:
    """One packet, the receive queue that it came by, and what `counts` holds."""

    packet: bytes = DATAGRAM
    queue: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a program did: its answer, what maps hold afterwards, the packet's size."""

    answer: int
    holds: dict[str, Any] = field(default_factory=dict)
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """Inputs, and what the program does with one; `named` are the maps it needs."""

    inputs: tuple[Input, ...]
    does: Callable[[Input], Done]
    named: tuple[str, ...] = ()


# ---- what the ten programs do --------------------------------------------------


def drops(at: int, wanted: int) -> Callable[[Input], Done]:
    """Drop a packet that has this byte there."""
    return lambda given: Done(
        DROP if given.packet[at : at + 1] == bytes([wanted]) else PASS
    )


def counts(given: Input) -> Done:
    """Add 1 to the count of key 0, if there is one."""
    after = None if given.count is None else given.count + 1
    return Done(PASS, {"counts": after})


def marks(first: int) -> Callable[[Input], Done]:
    """Set byte number queue - first of the value to 1, if there is such a byte."""

    def does(given: Input) -> Done:
        place, value = given.queue - first, bytearray(VALUE)
        if 0 <= place < VALUE:
            value[place] = 1
        return Done(PASS, {"eight": bytes(value)})

    return does


def finds_first(given: Input) -> Done:
    """Drop if the lower half of the queue's byte is 0."""
    return Done(PASS if given.queue & 15 else DROP)


def reports(given: Input) -> Done:
    """Send a record with the queue's number, of queues 0 to 3 alone."""
    return Done(PASS, {"ring": [given.queue] if given.queue <= 3 else []})


def reports_and_drops(given: Input) -> Done:
    """Send a record with the queue's number; drop from queue 4 on."""
    return Done(DROP if given.queue > 3 else PASS, {"ring": [given.queue]})


def cuts(given: Input) -> Done:
    """Cut the Ethernet header of an IPv4 packet off; drop if it begins with 0x45."""
    size = len(given.packet)
    if size < ETHERNET + IPV4:
        return Done(PASS, size=size)
    answer = DROP if given.packet[ETHERNET] == 0x45 else PASS
    return Done(answer, size=size - ETHERNET)


def of_sizes(packet: bytes, end: int) -> tuple[Input, ...]:
    """Return packets of all kinds, and one that is cut at each byte before `end`."""
    return tuple(Input(p) for p in (*PACKETS, packet[:end], *shorter(packet, end)))


BY_QUEUE = tuple(Input(queue=queue) for queue in QUEUES)
FIRST_BYTES = tuple(Input(bytes([n]) + DATAGRAM[1:]) for n in (0, 1, 2, 255))
COUNTS = tuple(Input(count=n) for n in (0, 41, None))
OTHER_VERSION = DATAGRAM[:ETHERNET] + b"\x60" + DATAGRAM[ETHERNET + 1 :]

REPAIRS = {
    "repair-1": Repair(of_sizes(DATAGRAM, 24), drops(23, UDP)),
    "repair-2": Repair(of_sizes(tcp(SYN), 48), drops(47, SYN)),
    "repair-3": Repair(COUNTS, counts, ("counts",)),
    "repair-4": Repair(BY_QUEUE, marks(0), ("eight",)),
    "repair-5": Repair(BY_QUEUE, marks(7), ("eight",)),
    "repair-6": Repair(BY_QUEUE, finds_first),
    "repair-7": Repair(FIRST_BYTES, drops(0, 1)),
    "repair-8": Repair(BY_QUEUE, reports, ("ring",)),
    "repair-9": Repair(BY_QUEUE, reports_and_drops, ("ring",)),
    "repair-10": Repair((*of_sizes(DATAGRAM, 34), Input(OTHER_VERSION)), cuts),
}


# ---- how an answer is tried ----------------------------------------------------


def repaired(repair: Repair, answer: Object) -> int:
    """Return how many inputs were tried; the verifier is asked first."""
    program = program_of(answer)
    for name in repair.named:
        if name not in answer.maps:
            found = ", ".join(answer.maps) or "-"
            raise Mistake("repair-no-map", name=name, found=found)
    told = verify(program).rejection
    if told:
        at = str(told.at).splitlines()[-1].strip()  # the C line, where it is known
        raise Mistake("repair-refused", title=told.title, at=at, hint=told.suggestion)
    for given in repair.inputs:
        compare(given, repair.does(given), did(program, answer, given))
    return len(repair.inputs)


def did(program: Program, answer: Object, given: Input) -> Done:
    """Run once, on maps of its own, and see what was done."""
    live = maps(answer)
    if given.count is not None and "counts" in live:
        live["counts"][0] = given.count
    ctx = {"rx_queue_index": given.queue}
    ran = run(program, given.packet, ctx=ctx, maps=live)
    assert not isinstance(ran, list)
    holds = {name: READ[name](live[name]) for name in READ if name in live}
    return Done(ran.retval, holds, len(ran.data))


def count_in(live: Any) -> int | None:
    """Return the count of key 0, None if there is none."""
    key = bytes(4)
    return int.from_bytes(live[0], "little") if key in live else None


READ: dict[str, Callable[[Any], Any]] = {
    "counts": count_in,
    "eight": lambda live: bytes(live[0]),
    "ring": lambda live: [int.from_bytes(r.data, "little") for r in live.read()],
}


def compare(given: Input, wanted: Done, done: Done) -> None:
    """Raise the first difference between what was done and what was wanted."""
    values = {"packet": describe(given.packet), "queue": given.queue}
    if done.answer != wanted.answer:
        names = {DROP: "XDP_DROP", PASS: "XDP_PASS"}
        answers = {"given": names.get(done.answer, done.answer)}
        row = "repair-answers" if wanted.answer == DROP else "repair-does-not-pass"
        raise Mistake(row, **answers, **values)
    for name, held in wanted.holds.items():
        if done.holds[name] != held:
            holds = {"name": name, "held": spelled(done.holds[name])}
            raise Mistake("repair-holds", wanted=spelled(held), **holds, **values)
    if wanted.size is not None and done.size != wanted.size:
        sizes = {"size": done.size, "wanted": wanted.size}
        raise Mistake("repair-size", **sizes, **values)


def spelled(held: Any) -> str:
    """Spell what a map holds."""
    return held.hex(" ") if isinstance(held, bytes) else str(held)


EXERCISES = {name: partial(repaired, repair) for name, repair in REPAIRS.items()}
