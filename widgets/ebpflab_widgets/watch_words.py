"""What an operation on a map is called, and what keys, values and results look like.

Keys and values are told by their C type where it is known: `packets 1, bytes 64`,
`10.0.0.0/24`; else as numbers up to 8 bytes, else as bytes in hex. Not here: what an
operation meant (`watch_reasons.py`).
"""

import socket
from collections.abc import Mapping
from typing import Any

from ebpflab.maps.base import Map
from ebpflab.maps.lpm_trie import PREFIXLEN_SIZE
from ebpflab.maps.operations import Operation
from ebpflab.maps.rights import UpdateFlag, errno_name
from ebpflab.maps.typed import Value
from ebpflab.program import Program

LONGEST = 48  # characters of one value
NUMBER_SIZES = (1, 2, 4, 8)  # bytes
FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}
KINDS_OF_OWNERS = {
    "sk_storage": "socket",
    "task_storage": "task",
    "inode_storage": "inode",
    "cgrp_storage": "cgroup",
    "cgroup_storage": "cgroup",
    "percpu_cgroup_storage": "cgroup",
}
BY_CGROUP_ID = ("cgroup_storage", "percpu_cgroup_storage")
CGROUP_ID_SIZE = 8  # bytes at the start of a key; behind it the attach type
WRITTEN, READ, REFUSED, REMOVED = "w", "r", "x", "e"
READING = ("lookup", "peek", "read")
REMOVING = ("delete", "pop")
BUFFERED = ("reserve", "submit", "discard", "output")


def sign_of(op: Operation) -> str:
    """Return which of the four signs the operation has."""
    if op.error or (op.name == "reserve" and op.result is None):
        return REFUSED
    if op.name in READING:
        return READ
    return REMOVED if op.name in REMOVING else WRITTEN


def plain(value: Any) -> str:
    """Spell a value that is no bytes any more: 1, packets 1, bytes 64."""
    if isinstance(value, Mapping):
        parts = (f"{name} {plain(part)}" for name, part in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, bytes | bytearray):
        return value.hex(" ")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(plain(part) for part in value) + "]"
    return str(value)


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def value_text(value: Any) -> str:
    """Spell one value: of a map, or a thing that stands in one."""
    if value is None:
        return ""
    if isinstance(value, Program | Map):
        return value.name or value.type
    if isinstance(value, Value):
        return shortened(plain(value.value).removeprefix("{").removesuffix("}"))
    if isinstance(value, bytes) and len(value) in NUMBER_SIZES:
        return str(int.from_bytes(value, "little"))
    return shortened(plain(value))


def cpu_texts(value: Any) -> list[str]:
    """Spell the values of all CPUs."""
    return [value_text(one) for one in value]


def sum_of(value: Any) -> str:
    """Spell the sum over all CPUs, or "" where there is none to make."""
    numbers = []
    for one in value:
        number = one.value if isinstance(one, Value) else None
        if not isinstance(one, Value) and len(one) in NUMBER_SIZES:
            number = int.from_bytes(one, "little")
        if not isinstance(number, int):
            return ""
        numbers.append(number)
    return str(sum(numbers))


def prefix_text(key: bytes) -> str:
    """Spell the key of an lpm_trie: 10.0.0.0/8."""
    bits = int.from_bytes(key[:PREFIXLEN_SIZE], "little")
    return f"{address_text(key[PREFIXLEN_SIZE:])}/{bits}"


def address_text(address: bytes) -> str:
    if len(address) in FAMILIES:
        return socket.inet_ntop(FAMILIES[len(address)], address)
    return address.hex(":")


def owner_text(map: Map, number: int) -> str:
    """Spell an owner of whom only the number is known: task 7, cgroup 1."""
    return f"{KINDS_OF_OWNERS[map.type]} {number}"


def key_text(map: Map, key: Any) -> str:
    """Spell a key, or the index or number of a row."""
    if map.type in BY_CGROUP_ID and isinstance(key, bytes):
        return owner_text(map, int.from_bytes(key[:CGROUP_ID_SIZE], "little"))
    if map.type == "lpm_trie" and isinstance(key, bytes) and len(key) > PREFIXLEN_SIZE:
        bits = 8 * (len(key) - PREFIXLEN_SIZE)
        whole = int.from_bytes(key[:PREFIXLEN_SIZE], "little") == bits
        return address_text(key[PREFIXLEN_SIZE:]) if whole else prefix_text(key)
    if isinstance(key, bytes) and len(key) == map.spec.key_size:
        return value_text(map.typed(key, "key"))
    return value_text(key) if isinstance(key, bytes) else shortened(plain(key))


def operation_text(op: Operation) -> str:
    """Spell what was asked for: update 10.0.0.7 = 1 NOEXIST."""
    if op.name in BUFFERED:
        size = op.value if isinstance(op.value, int) else len(op.value or b"")
        return f"{op.name} {size}" if size else op.name
    words = [op.name]
    if op.key is not None:
        words.append(key_text(op.map, op.key))
    if op.value is not None:
        both = isinstance(op.value, list)
        told = ", ".join(cpu_texts(op.value)) if both else value_text(op.value)
        words += [*(["="] if op.key is not None else []), told]
    return " ".join([*words, *_flag_names(op)])


def _flag_names(op: Operation) -> list[str]:
    if not op.flags:
        return []
    known = {int(flag): flag.name for flag in UpdateFlag}
    return [known.get(op.flags) or f"flags {op.flags}"]


def result_text(op: Operation) -> str:
    """Spell what came back: 0, a value, -E2BIG, NULL."""
    if op.error:
        return f"-{errno_name(op.error.errno)}"
    if op.name == "read":
        return str(len(op.result))
    if op.name in READING + REMOVING[1:]:
        if op.result is None:
            return "NULL" if op.by == "program" else "-ENOENT"
        both = isinstance(op.result, list)
        return ", ".join(cpu_texts(op.result)) if both else value_text(op.result)
    if op.name == "reserve":
        return "NULL" if op.result is None else "0"
    return "" if op.name == "write" else "0"
