"""A packet's bytes, each in exactly one named field.

A field that is not there whole is left out, and what nothing explains is payload;
nothing is refused. Not here: whether a packet is a good one (checksums, lengths).
"""

from collections import Counter
from collections.abc import Iterator
from typing import SupportsBytes

from ebpflab.packets.headers import HEADERS, Header
from ebpflab.program import as_bytes
from ebpflab.timeline import Field

PAYLOAD, PADDING = "payload", "padding"
REGION = "packet"


def dissect(
    data: bytes | SupportsBytes, starts_with: str = "Ethernet"
) -> tuple[Field, ...]:
    """Name every byte of a packet.

    Args:    starts_with: its first header; "" = none that is known.
    Returns: fields in order, each byte in exactly one; a second header of a kind is
             numbered ("IPv4 2"), the last groups are "payload" and "padding".
    """
    raw = as_bytes(data, "data")
    fields: list[Field] = []
    seen: Counter[str] = Counter()
    key, at, end = starts_with, 0, len(raw)
    while key and at < end:
        header = HEADERS[key]
        found = list(_fields(header, _group(header.name, fields, seen), raw, at, end))
        size = sum(field.size for field in found)
        head = raw[at : at + size]
        whole = _is_whole(header, head)
        key = header.after(head) if whole else ""
        end = _carried(header, head, at, end) if whole else end
        at += size
        fields += found
    fields += _rest(PAYLOAD, at, end) + _rest(PADDING, end, len(raw))
    return tuple(fields)


def _group(name: str, fields: list[Field], seen: Counter[str]) -> str:
    """Return the group for a header: its name, numbered from the second on."""
    if not name:
        return fields[-1].group
    seen[name] += 1
    return f"{name} {seen[name]}" if seen[name] > 1 else name


def _fields(
    header: Header, group: str, raw: bytes, at: int, end: int
) -> Iterator[Field]:
    """Yield the fields of one header that are there whole, options as one field."""
    start = at
    for name, size, show in header.rows:
        if at + size > end:
            return
        yield Field(REGION, group, name, at, size, show(raw[at : at + size]))
        at += size
    extra = header.length(raw[start:at]) - (at - start)
    if 0 < extra <= end - at:
        yield Field(REGION, group, "options", at, extra)


def _is_whole(header: Header, head: bytes) -> bool:
    """Tell whether all of a header is there, options included."""
    fixed = sum(size for _, size, _ in header.rows)
    return len(head) >= fixed and len(head) >= header.length(head)


def _carried(header: Header, head: bytes, at: int, end: int) -> int:
    """Return where ends what a header carries; a length that is too small says all."""
    carried = header.end(head)
    return min(end, at + carried) if carried >= len(head) else end


def _rest(group: str, start: int, end: int) -> list[Field]:
    size = end - start
    return [Field(REGION, group, "data", start, size)] if size > 0 else []
