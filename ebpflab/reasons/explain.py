"""From a log that was read to a Rejection: what kind it is, where, with which values.

The kind comes from the last line of the reason that a row of the tables has; lines
before it (a bounds failure tells the access first) give more values. A message that no
row has is a rejection all the same: of a category guessed from its words.
"""

from collections.abc import Mapping, Sequence

from ebpflab.logs.log import Log
from ebpflab.reasons.path import (
    Moment,
    acquired,
    causes,
    path_to_end,
    place_of,
    round_of_loop,
    voided,
)
from ebpflab.reasons.table import Kind, Match, kinds, match
from ebpflab.reasons.values import STACK, derived, followed, once_a_pointer
from ebpflab.results.rejection import Cause, Place, Rejection

UNKNOWN, CUT = "unknown-message", "log-cut"
_GUESSES = (  # words -> category, the first that is there
    (
        ("reference", "acquire", "release", "leak ", "dynptr", "iter"),
        "resource-lifetime",
    ),
    (("lock", "sleep", "rcu", "preempt", "irq"), "execution-context-safety"),
    (("func", "helper", "arg", "call", "map_type"), "call-type-safety"),
    (("access", "offset", "range", "stack", "memory", "size"), "memory-safety"),
    (("pointer", "R0 ", "R1 ", "R2 ", "type"), "register-type-safety"),
    (("not allowed", "prohibited", "program", "license"), "policy"),
)
_TOLD_BY_ACCESS = ("memory-below",)  # the line before it says more
_BEFORE_ALL = ("global-function-type", "dynptr-offset")  # what follows is vaguer
STALE, RELEASED = "stale-packet-pointer", "use-after-release"
_OTHERWISE = "program-structure"


def rejection_of(log: Log, message: str = "") -> Rejection:
    """Say why a program was refused.

    Args:    message: what was said, if the log has no reason itself.
    """
    told = log.reason or message.splitlines()
    matches = [match(line) for line in told]
    known = [found for found in matches if found]
    path = path_to_end(log)
    if not known:
        return _unknown(log, told, path)
    main = _main(known)
    said = told[matches.index(known[0]) :]
    values: dict[str, object] = {}
    for found in known:
        values |= found.values
    values |= derived(values, path)
    values |= once_a_pointer(main.kind, values, path)
    kind = kinds()[_variant(main.kind.key, values)]
    return Rejection(
        category=kind.category,
        kind=kind.key,
        message="\n".join(said),
        at=_place(log, main, path),
        how=_how(kind, values, path),
        values=values,
    )


def _main(known: Sequence[Match]) -> Match:
    """Return the line that says what the mistake is: mostly the last."""
    for found in known:
        if found.kind.key in _BEFORE_ALL:
            return found
    is_access = known[-1].kind.key in _TOLD_BY_ACCESS and _starts_inside(known)
    return known[0] if is_access else known[-1]


def _starts_inside(known: Sequence[Match]) -> bool:
    """Tell whether an access starts inside, but is too long even at the least."""
    off = known[0].values.get("off")
    return known[0] is not known[-1] and isinstance(off, int) and off >= 0


def _variant(key: str, values: Mapping[str, object]) -> str:
    """Return the kind: one message of the kernel's may stand for two mistakes."""
    off, end, once = (values.get(name) for name in ("off", "end", "once"))
    if key == "stack-read" and isinstance(off, int) and isinstance(end, int):
        return key if off >= -STACK and end <= 0 else "stack-read-outside"
    if isinstance(once, str):
        return STALE if once.startswith("pkt") else RELEASED
    return key


def _unknown(log: Log, told: Sequence[str], path: Sequence[Moment]) -> Rejection:
    """Explain what no row explains: where it was, and what the words are about."""
    message = told[-1] if told else ""
    kind = UNKNOWN if message else CUT
    at = place_of(path[-1].step) if path else Place()
    return Rejection(_guess(message), kind, message, at, known=False)


def _guess(message: str) -> str:
    for words, category in _GUESSES:
        if any(word in message for word in words):
            return category
    return _OTHERWISE


# ---- where ---------------------------------------------------------------------


def _place(log: Log, main: Match, path: Sequence[Moment]) -> Place:
    number = main.values.get("insn")
    if isinstance(number, int):
        return _place_at(log, number)
    if main.kind.is_about_insn and path:
        return place_of(path[-1].step)
    return Place()


def _place_at(log: Log, pc: int) -> Place:
    """Return the place of slot `pc`, as the walk or the listing tells it."""
    steps = [step for step in log.steps if step.pc == pc]
    if steps:
        return place_of(steps[-1])
    listed = log.listing.get(pc)
    return Place(pc, listed.text if listed else "")


# ---- how it came to be ---------------------------------------------------------


def _how(
    kind: Kind, values: Mapping[str, object], path: Sequence[Moment]
) -> tuple[Cause, ...]:
    if not path or not kind.is_about_insn:
        return ()
    if kind.key == "too-complex":
        return round_of_loop(path[:-1], path[-1].step.pc)
    alloc, insn = values.get("alloc"), values.get("insn")
    if isinstance(alloc, int):
        return acquired(path, alloc)
    if isinstance(insn, int):
        return round_of_loop(path, insn)
    made = causes(path, followed(values, path))
    if kind.key not in (STALE, RELEASED):
        return made
    lost = voided(path, str(values["slot"]), packet=kind.key == STALE)
    order = {moment.step.pc: number for number, moment in enumerate(path)}
    return tuple(sorted((*made, *lost), key=lambda cause: order[cause.at.pc]))
