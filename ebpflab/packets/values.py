"""How the value of a header field is written for people.

A `Show` turns the bytes of a field into text; "" says that they are best read in hex.
"""

import ipaddress
from collections.abc import Callable, Mapping

Show = Callable[[bytes], str]


def in_hex(_: bytes) -> str:
    """Say nothing: these bytes are best read in hex."""
    return ""


def decimal(raw: bytes) -> str:
    return str(int.from_bytes(raw))


def mac(raw: bytes) -> str:
    return raw.hex(":")


def address(raw: bytes) -> str:
    """Write an IPv4 or IPv6 address."""
    return str(ipaddress.ip_address(raw))


def named(names: Mapping[int, str]) -> Show:
    """Write a number by its name, or as hex where it has none."""
    return lambda raw: names.get(int.from_bytes(raw), "")


def bits(names: str) -> Show:
    """Write which bits are set; the first name is bit 0."""
    return lambda raw: " ".join(
        name for bit, name in enumerate(names.split()) if int.from_bytes(raw) >> bit & 1
    )


def fragment(raw: bytes) -> str:
    """Write the flags and the offset of an IPv4 fragment."""
    word = int.from_bytes(raw)
    flags = [name for bit, name in ((14, "DF"), (13, "MF")) if word >> bit & 1]
    offset = (word & 0x1FFF) * 8
    return " ".join(flags + ([f"+{offset}"] if offset else []))


def vlan(raw: bytes) -> str:
    return str(int.from_bytes(raw) & 0xFFF)
