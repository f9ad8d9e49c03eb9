"""Proofs about what there is and what is needed: a license, a map, a program type.

One row a kind: what the refusal's own words, the program and the state before it tell.
The sentences are the catalogue's, `rejection-found-<kind>` and
`rejection-wanted-<kind>` (several, apart by a semicolon), filled with the row's values.
Not here: kinds of pointers (`proofs_rules.py`), numbers (`proofs_numbers.py`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.btf.kfuncs import KFUNCS
from ebpflab.helpers import may_call
from ebpflab.hooks import HOOKS
from ebpflab.language import current_language
from ebpflab.logs.states import read_value
from ebpflab.program import MapSpec
from ebpflab_widgets.proofs_encoding import functions, used_maps
from ebpflab_widgets.rejection_case import Case, Picture
from ebpflab_widgets.wording import phrases

MOST_TYPES = 8  # program types that are named
FUNC_INFO = 8  # bytes of a record
ARGUMENTS = ("r1", "r2", "r3", "r4", "r5")
_MUST = re.compile(r"(?P<found>.+?),? must (?:point to|be) (?P<wanted>.+)")
_ONLY = re.compile(r"(?:can only use|Only|supported only for) (?P<kinds>.+)")
_KIND = re.compile(r"(?:and |or )?([a-z][\w ]*?)(?: programs?.*| maps?)?$")


@dataclass(frozen=True)
class Need:
    """What fills the two sentences; `wanted` are names, where the refusal has them."""

    values: dict[str, object] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()


def needs(case: Case) -> Picture | None:
    kind = case.rejection.kind
    need = NEEDS[kind](case)
    if need is None:
        return None
    say = phrases("rejection", current_language(), set())
    wanted = need.wanted or say.get(f"wanted-{kind}", "").format(**need.values)
    several = wanted.split("; ") if isinstance(wanted, str) else wanted
    return {
        "picture": "needs",
        "slot": "",
        "found": say[f"found-{kind}"].format(**need.values),
        "claim": "",
        "wanted": [one for one in several if one],
        "where": case.rejection.at.text,
    }


def _license(case: Case) -> Need | None:
    if case.program is None:
        return None
    from ebpflab.verifier.licenses import GPL_COMPATIBLE  # once a picture needs it

    return Need({"license": case.program.license}, GPL_COMPATIBLE)


def _type(case: Case) -> Need | None:
    return Need({"type": case.program.type}) if case.program else None


def _legacy(case: Case) -> Need | None:
    from ebpflab.verifier.check_ld_abs import WITH_SKB

    need = _type(case)
    return need and Need(need.values, WITH_SKB)


def _helper(case: Case) -> Need | None:
    need, name = _type(case), case.word("callee") or case.word("helper")
    types = [type for type in HOOKS if may_call(type, name.removeprefix("bpf_"))]
    return need and Need(need.values, tuple(types[:MOST_TYPES]))


def _kfunc(case: Case) -> Need | None:
    need, kfunc = _type(case), KFUNCS.get(case.word("callee"))
    if need is None or kfunc is None:
        return need
    types = [type for type in HOOKS if kfunc.may_be_called(type, None)]
    return Need(need.values, tuple(types[:MOST_TYPES]))


def _only(case: Case) -> tuple[str, ...]:
    """Return the kinds that a message names: Only fentry/fexit, lsm, and iter …"""
    told = _ONLY.search(case.rejection.message)
    parts = re.split(r"[,/] ?| and ", told["kinds"]) if told else []
    found = (_KIND.match(part.strip()) for part in parts)
    return tuple(kind[1] for kind in found if kind)


def _sleepable(case: Case) -> Need | None:
    need = _type(case)
    return need and Need(need.values, _only(case))


def _attached(case: Case) -> Need | None:
    if case.program is None:
        return None
    type = case.program.expected_attach_type or case.program.type
    return Need({"type": type}, _only(case))


def _maps(case: Case) -> Need | None:
    wanted = _only(case)
    types = {spec.type for spec in used_maps(case)} - {*wanted}
    return Need({"types": ", ".join(sorted(types))}, wanted) if types else None


def _map_of(case: Case, slot: str) -> MapSpec | None:
    """Return the map that a register is about, before the refused instruction."""
    claim = (case.state.registers.get(slot) if case.state else "") or ""
    name = read_value(claim).fields.get("map", "")
    maps = case.program.maps if case.program else ()
    return next((spec for spec in maps if name and spec.name == name), None)


def _passed_map(case: Case) -> Need | None:
    spec = _map_of(case, "r2")
    return Need({"map": spec.name, "type": spec.type}) if spec else None


def _timer(case: Case) -> Need | None:
    own, named = _map_of(case, "r1"), _map_of(case, "r2")
    return Need({"own": own.name, "named": named.name}) if own and named else None


def _text(case: Case) -> Need:
    """The bytes of the last argument that is a constant text."""
    specs = [_map_of(case, slot) for slot in ARGUMENTS]
    texts = [next(iter(s.init.values()), b"") for s in specs if s and s.frozen]
    shown = texts[-1].rstrip(b"\0").decode("ascii", "replace") if texts else ""
    return Need({"text": f" “{shown}”" if shown else ""})


def _argument(case: Case) -> Need | None:
    told = _MUST.fullmatch(case.word("what"))
    return Need({"found": told["found"], "wanted": told["wanted"]}) if told else None


def _told(*names: str) -> Callable[[Case], Need | None]:
    """Return a row for a refusal that has the values itself."""

    def need(case: Case) -> Need | None:
        values = {name: case.word(name) for name in names}
        return Need({**values}) if all(values.values()) else None

    return need


def _first_direct(case: Case) -> Need | None:
    from ebpflab.verifier.check_text import DIRECT

    wrong = [spec for spec in used_maps(case) if spec.type not in DIRECT]
    return (
        Need({"map": wrong[0].name, "type": wrong[0].type}, DIRECT) if wrong else None
    )


def _records(case: Case) -> Need | None:
    if case.program is None or "number of funcs" not in case.rejection.message:
        return None
    count = len(case.program.func_info or b"") // FUNC_INFO
    return Need({"count": count, "functions": sum(1 for _ in functions(case))})


def _nothing(case: Case) -> Need:
    return Need()


def _if_said(part: str, *names: str) -> Callable[[Case], Need | None]:
    """Return a row for one of several messages of a kind."""
    told = _told(*names) if names else _nothing
    return lambda case: told(case) if part in case.rejection.message else None


def _context(case: Case) -> Need | None:
    held = case.state.registers.get("r6") if case.state else None
    return Need({"held": held or "?"}) if case.state else None


NEEDS: dict[str, Callable[[Case], Need | None]] = {
    "helper-gpl": _license,
    "helper-not-allowed": _helper,
    "legacy-load-type": _legacy,
    "legacy-load-context": _context,
    "kfunc-unknown": _kfunc,
    "kfunc-argument": _argument,
    "sleepable-type": _sleepable,
    "sleepable-map": _maps,
    "helper-attach": _attached,
    "attach-target": _if_said("btf_id"),
    "map-in-this-type": _told("field", "who"),
    "tail-call-map": _passed_map,
    "timer-map": _timer,
    "field-not-in-map": _told("map", "field"),
    "field-offset": _told("off", "field", "wanted"),
    "special-field-call": _told("field"),
    "string-not-terminated": _text,
    "string-format": _text,
    "helper-packet": _nothing,
    "arena-address": _if_said("associated arena"),
    "direct-value-map": _first_direct,
    "map-descriptor": _told("fd"),
    "global-function-type": _if_said("doesn't return scalar", "name"),
    "btf-functions": _records,
    "tail-call-functions": _if_said("without BTF"),
}
