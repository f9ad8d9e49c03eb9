"""Proofs about memory: within bounds, not null, written before it is read.

Not here: the other pictures (`proofs_rules.py`), which kind has which (`proofs.py`).
"""

from collections.abc import Iterator
from typing import Any

from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.layout import Kind
from ebpflab.hooks import hook_of
from ebpflab.hooks.flow_dissector import FLOW_KEYS_SIZE
from ebpflab.logs.states import Value, read_slot
from ebpflab.packets.dissect import dissect
from ebpflab.timeline import State
from ebpflab_widgets.rejection_case import Case, Picture

STACK = 512  # bytes of a function
_FAR = 1 << 29  # bytes: an offset beyond is as good as none
OBJECTS = {  # what a bounds message is about, by the kind of rejection
    "packet-range": "packet",
    "map-key-range": "key",
    "stack-write": "stack",
    "stack-read-outside": "stack",
    "stack-unbounded": "stack",
    "stack-variable": "stack",
    "context-negative": "context",
    "flow-keys-access": "memory",
}
OPEN = (  # where it ends is not told; it begins at byte 0
    "struct-negative",
    "buffer-access",
)


def bounds(case: Case) -> Picture | None:
    of = OBJECTS.get(case.rejection.kind, _object(case.value))
    low, high = _allowed(case, of)
    first, last = _touched(case)
    size = case.number("size")
    if high is None and not _is_below(case, first):
        return None
    if first is None and last is None:
        return None
    return {
        "picture": "bounds",
        "object": of,
        "low": low,
        "proved": high,  # None: it is not told where it ends
        "first": first,  # None: no lower limit
        "last": last,  # None: no upper limit
        "size": size or _size_of(case.rejection.at.text),
        "parts": _parts(case, of),
    }


def _is_below(case: Case, first: int | None) -> bool:
    """Tell whether it fails before the first byte: then the last does not matter."""
    return case.rejection.kind in OPEN and first is not None and first < 0


def _object(value: Value) -> str:
    kind = value.type.replace("_or_null", "")
    return {"pkt": "packet", "map_value": "value", "fp": "stack"}.get(kind, "memory")


def _allowed(case: Case, of: str) -> tuple[int, int | None]:
    """Return where an access may start and must end, bytes."""
    if of == "stack":
        return -STACK, 0
    limit = case.number("limit")
    if of == "context" and case.program:
        limit = hook_of(case.program.type).context_size
    elif case.rejection.kind == "flow-keys-access":
        limit = FLOW_KEYS_SIZE
    elif case.rejection.kind == "struct-beyond":
        limit = _struct_size(case.word("struct"))
    if limit is None:
        known = case.value.number("vs", -1), case.value.number("sz", -1)
        limit = next((number for number in known if number >= 0), None)
    return 0, limit


def _struct_size(name: str) -> int | None:
    """Return the bytes of a structure of this kernel; None: nobody knows it here."""
    btf = kernel_btf()
    found = btf.find(name, Kind.STRUCT) if btf else None
    return found.size if found else None


def _touched(case: Case) -> tuple[int | None, int | None]:
    """Return the least and the largest byte that the access may start at."""
    off, value = case.number("off"), case.value
    fields = value.fields
    if not any(name in fields for name in ("umax", "smax", "smin", "var_off")):
        return off, off
    inside = _offset_in(case.rejection.at.text)
    start = value.off + inside
    least, most = value.bound("smin"), min(value.bound("smax"), value.bound("umax"))
    first = start + least if least > -_FAR else None
    last = start + most if most < _FAR else None
    return first, last


def _offset_in(text: str) -> int:
    """Return the offset that an access adds itself: `*(u8 *)(r1 +23)`."""
    _, sign, number = text.rpartition("(r")[2].partition(")")[0].partition(" ")
    return int(number) if sign and number.lstrip("+-").isdecimal() else 0


def _size_of(text: str) -> int:
    """Return how many bytes an access touches: `*(u32 *)` is 4."""
    bits = text.partition("*(u")[2].partition(" ")[0]
    return int(bits) // 8 if bits.isdecimal() else 1


def _parts(case: Case, of: str) -> list[list[Any]]:
    """Return the headers of the sample packet, as name, first byte and end."""
    if of != "packet":
        return []
    need = max(case.number("end") or 0, 14) + 20
    found: dict[str, list[Any]] = {}
    for field in dissect(case.sample.ljust(need, b"\0")):
        part = found.setdefault(field.group, [field.group, field.offset, 0])
        part[2] = field.offset + field.size
    return list(found.values())


# ---- written or not, null or not -----------------------------------------------


def stack_bytes(case: Case) -> Picture | None:
    off, size = case.number("off"), case.number("size")
    if case.state is None or off is None or size is None:
        return None
    first, end = min(off, 0) // 8 * 8, -(-(off + size) // 8) * 8
    if not -STACK <= first < end <= 0 or end - first > 64:
        return None
    marks = dict(_marks(case.state))
    return {
        "picture": "bytes",
        "first": first,
        "marks": [marks.get(at, "?") for at in range(first, end)],
        "off": off,
        "size": size,
    }


def _marks(state: State) -> Iterator[tuple[int, str]]:
    """Yield the mark of each stack byte; the log has a slot's highest byte first."""
    for name, claim in state.claims.items():
        if not name.startswith("fp"):
            continue
        marks = read_slot(claim).marks.ljust(8, "r")
        for index, mark in enumerate(marks):
            yield int(name[2:]) + 7 - index, mark


def registers(case: Case) -> Picture | None:
    if case.number("reg") is None:
        return None
    known = case.state.registers if case.state else {}
    return {
        "picture": "registers",
        "reg": case.number("reg"),
        "holds": [known.get(f"r{number}") or "" for number in range(11)],
    }


def null_or_not(case: Case) -> Picture:
    asked = next((c for c in case.rejection.how if c.does.key == "how-returned"), None)
    return {
        "picture": "null",
        "slot": case.word("slot"),
        "from": str(asked.does.values["callee"]) if asked else "",
        "pointer": case.word("pointer_words") or case.word("held"),
        "text": case.rejection.at.text,
        "pc": case.rejection.at.pc,
    }
