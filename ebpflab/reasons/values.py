"""The values that the sentences want, besides those that the message tells.

What a register held before the instruction that failed, in words; sums and
differences; what was a pointer before a call made it void.
"""

from collections.abc import Mapping, Sequence

from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.logs.states import read_value
from ebpflab.reasons.path import Moment, causes
from ebpflab.reasons.table import Kind
from ebpflab.reasons.words import say, say_register, say_types
from ebpflab.results.rejection import Sentence

STACK = 512  # bytes a function has
_MAP_NAMES = {number: name for name, number in MAP_TYPES.items()}
_CHECKS, _COPIES = ("how-taken", "how-not-taken"), ("how-copied", "how-filled")
_NUMBERS = ("scalar", "inv")


def derived(values: Mapping[str, object], path: Sequence[Moment]) -> dict[str, object]:
    """Work out what the sentences want besides what the message says."""
    made: dict[str, object] = {}
    slot = _register(values, path)
    if slot:
        made["slot"] = slot
    if slot and path:
        made |= _of_register(slot, path[-1])
    if path and path[-1].doing.callee:
        made["helper"] = path[-1].doing.callee.partition("#")[0]
    for name in ("pointer", "found"):
        if isinstance(text := values.get(name), str):
            made[f"{name}_words"] = say(read_value(text))
    if "held" not in made:
        made["held"] = made.get("pointer_words", Sentence("value-not-told"))
    if isinstance(wanted := values.get("wanted"), str):
        made["wanted_words"] = say_types(wanted)
    if isinstance(callee := values.get("callee"), str):
        name = callee.partition("#")[0]
        made["callee"] = callee if name == "unknown" else name
    if isinstance(number := values.get("map_type"), int):
        made["map_name"] = _MAP_NAMES.get(number, str(number))
    return made | _sums(values)


def _sums(values: Mapping[str, object]) -> dict[str, object]:
    off, size, limit = (values.get(name) for name in ("off", "size", "limit"))
    made: dict[str, object] = {}
    if isinstance(off, int) and isinstance(size, int):
        made["end"] = off + size
        made["stack_first"] = -STACK
        if isinstance(limit, int):
            made["missing"] = max(off + size - limit, -off)
    return made


def _register(values: Mapping[str, object], path: Sequence[Moment]) -> str:
    """Return the register that the rejection is about; "" if about none."""
    if isinstance(number := values.get("reg"), int):
        return f"r{number}"
    if not path:
        return ""
    doing, known = path[-1].doing, path[-1].before
    if doing.kind not in ("alu", "memory"):
        return ""
    if doing.kind == "memory":
        return doing.base
    numbers = [r for r in doing.reads if r in known and "scalar" in known[r]]
    return next(iter([*numbers, *doing.reads]), "")


def _of_register(slot: str, moment: Moment) -> dict[str, object]:
    claim = moment.before.get(slot)
    made: dict[str, object] = {"held": say_register(claim)}
    if claim:
        value = read_value(claim)
        made["claim"] = claim
        made["low"], made["high"] = value.bound("smin"), value.bound("umax")
        made["id"] = value.number("id")
    return made


def once_a_pointer(
    kind: Kind, values: Mapping[str, object], path: Sequence[Moment]
) -> dict[str, object]:
    """Return what a value was that now counts as a number, if it was a pointer.

    A pointer that is copied stays one, unless a call has made it void meanwhile.
    """
    is_number = values.get("found") in _NUMBERS
    if kind.key != "not-a-pointer" and not is_number:
        return {}
    made = [
        c for c in causes(path, followed(values, path)) if c.does.key not in _CHECKS
    ]
    now = values.get("claim")
    claims = [now] if isinstance(now, str) else []
    for cause in reversed(made):
        claims.append(cause.claim)
        if cause.does.key not in _COPIES:
            break
    was = next((claim for claim in claims if _is_pointer(claim)), "")
    return {"once": was, "held": say(read_value(was))} if was else {}


def _is_pointer(claim: str) -> bool:
    return bool(claim) and read_value(claim).is_pointer


def followed(values: Mapping[str, object], path: Sequence[Moment]) -> list[str]:
    """Return what to follow back: the register, and the stack slot that it reaches."""
    slot, off = values.get("slot"), values.get("off")
    if not isinstance(slot, str) or not path:
        return []
    claim = path[-1].before.get(slot, "")
    if claim.startswith("fp") and isinstance(off, int):
        return [slot, f"fp{off // 8 * 8}"] if slot != "r10" else [f"fp{off // 8 * 8}"]
    return [slot] if slot != "r10" else []
