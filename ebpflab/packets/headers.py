"""The headers of packets: one row a field, one table a header.

A header says how long it is and which one comes after. Bits that share a byte make one
field (`ver·ihl`), so that each byte belongs to exactly one. Add a header = add a row to
`HEADERS`, and its number to the table by which it is found.
Source: RFC 768, 791, 792, 826, 1035, 4443, 4861, 7348, 8200, 9293; IEEE 802.1Q.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ebpflab.packets.values import (
    Show,
    address,
    bits,
    decimal,
    fragment,
    in_hex,
    mac,
    named,
    vlan,
)

# ---- what numbers stand for --------------------------------------------------------

ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6"} | dict.fromkeys(
    (0x8100, 0x88A8), "VLAN"
)
PROTOCOLS = {1: "ICMP", 4: "IPv4", 6: "TCP", 17: "UDP", 41: "IPv6", 58: "ICMPv6"}
EXTENSIONS = {44: "fragment"} | dict.fromkeys((0, 43, 60), "extension")
PORTS = {53: "DNS", 4789: "VXLAN"}
TCP_FLAGS = "FIN SYN RST PSH ACK URG ECE CWR"
ICMP_TYPES = {
    0: "echo reply",
    3: "unreachable",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
}
ICMPV6_TYPES = {
    1: "unreachable",
    2: "packet too big",
    3: "time exceeded",
    128: "echo request",
    129: "echo reply",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbor solicitation",
    136: "neighbor advertisement",
    143: "multicast report",
}

# ---- which header comes after ------------------------------------------------------

After = Callable[[bytes], str]


def nothing(_: bytes) -> str:
    return ""


def by_number(start: int, size: int, names: Mapping[int, str]) -> After:
    """Choose the next header by a number inside this one."""
    return lambda head: names.get(int.from_bytes(head[start : start + size]), "")


def after_ipv4(head: bytes) -> str:
    """Only the first fragment holds the next header; and lengths must make sense."""
    later = int.from_bytes(head[6:8]) & 0x1FFF
    return "" if later or head[0] & 0xF < 5 else PROTOCOLS.get(head[9], "")


def after_fragment(head: bytes) -> str:
    return "" if int.from_bytes(head[2:4]) >> 3 else after_ipv6(0)(head)


def after_ipv6(start: int) -> After:
    return by_number(start, 1, PROTOCOLS | EXTENSIONS)


def after_udp(head: bytes) -> str:
    ports = struct.unpack(">2H", head[:4])
    return next((PORTS[port] for port in ports if port in PORTS), "")


def after_icmp(echo: tuple[int, ...], target: tuple[int, ...] = ()) -> After:
    rows = dict.fromkeys(echo, "echo") | dict.fromkeys(target, "neighbor")
    return by_number(0, 1, rows)


# ---- the headers -------------------------------------------------------------------

Row = tuple[str, int, Show]  # name, bytes, how its value is written


@dataclass(frozen=True, slots=True)
class Header:
    """One header: its rows, its whole length, and what follows."""

    name: str  # "" = goes on under the name of the header before
    rows: tuple[Row, ...]
    after: After = nothing
    length: Callable[[bytes], int] = lambda head: 0  # bytes, if longer than the rows
    end: Callable[[bytes], int] = lambda head: 0  # bytes with all it carries; 0 = all


HEADERS = {
    "Ethernet": Header(
        "Ethernet",
        (("dst", 6, mac), ("src", 6, mac), ("type", 2, named(ETHERTYPES))),
        by_number(12, 2, ETHERTYPES),
    ),
    "VLAN": Header(
        "VLAN",
        (("prio·id", 2, vlan), ("type", 2, named(ETHERTYPES))),
        by_number(2, 2, ETHERTYPES),
    ),
    "ARP": Header(
        "ARP",
        (
            ("hardware", 2, named({1: "Ethernet"})),
            ("protocol", 2, named(ETHERTYPES)),
            ("hsize", 1, decimal),
            ("psize", 1, decimal),
            ("op", 2, named({1: "request", 2: "reply"})),
        ),
        lambda head: "ARP addresses" if head[4:6] == b"\6\4" else "",
    ),
    "ARP addresses": Header(
        "",
        (
            ("sender mac", 6, mac),
            ("sender", 4, address),
            ("target mac", 6, mac),
            ("target", 4, address),
        ),
    ),
    "IPv4": Header(
        "IPv4",
        (
            ("ver·ihl", 1, in_hex),
            ("tos", 1, in_hex),
            ("length", 2, decimal),
            ("id", 2, in_hex),
            ("flags", 2, fragment),
            ("ttl", 1, decimal),
            ("proto", 1, named(PROTOCOLS)),
            ("csum", 2, in_hex),
            ("src", 4, address),
            ("dst", 4, address),
        ),
        after_ipv4,
        length=lambda head: (head[0] & 0xF) * 4,
        end=lambda head: int.from_bytes(head[2:4]),
    ),
    "IPv6": Header(
        "IPv6",
        (
            ("ver·class·flow", 4, in_hex),
            ("length", 2, decimal),
            ("next", 1, named(PROTOCOLS | EXTENSIONS)),
            ("hops", 1, decimal),
            ("src", 16, address),
            ("dst", 16, address),
        ),
        after_ipv6(6),
        end=lambda head: 40 + int.from_bytes(head[4:6]),
    ),
    "extension": Header(
        "IPv6 extension",
        (("next", 1, named(PROTOCOLS | EXTENSIONS)), ("length", 1, decimal)),
        after_ipv6(0),
        length=lambda head: 8 * (head[1] + 1),
    ),
    "fragment": Header(
        "IPv6 fragment",
        (
            ("next", 1, named(PROTOCOLS | EXTENSIONS)),
            ("reserved", 1, in_hex),
            ("offset·more", 2, in_hex),
            ("id", 4, in_hex),
        ),
        after_fragment,
    ),
    "TCP": Header(
        "TCP",
        (
            ("sport", 2, decimal),
            ("dport", 2, decimal),
            ("seq", 4, in_hex),
            ("ack", 4, in_hex),
            ("off", 1, in_hex),
            ("flags", 1, bits(TCP_FLAGS)),
            ("window", 2, decimal),
            ("csum", 2, in_hex),
            ("urg", 2, in_hex),
        ),
        length=lambda head: (head[12] >> 4) * 4,
    ),
    "UDP": Header(
        "UDP",
        (
            ("sport", 2, decimal),
            ("dport", 2, decimal),
            ("length", 2, decimal),
            ("csum", 2, in_hex),
        ),
        after_udp,
    ),
    "ICMP": Header(
        "ICMP",
        (("type", 1, named(ICMP_TYPES)), ("code", 1, decimal), ("csum", 2, in_hex)),
        after_icmp(echo=(0, 8)),
    ),
    "ICMPv6": Header(
        "ICMPv6",
        (("type", 1, named(ICMPV6_TYPES)), ("code", 1, decimal), ("csum", 2, in_hex)),
        after_icmp(echo=(128, 129), target=(135, 136)),
    ),
    "echo": Header("", (("id", 2, decimal), ("seq", 2, decimal))),
    "neighbor": Header("", (("flags", 4, in_hex), ("target", 16, address))),
    "DNS": Header(
        "DNS",
        (
            ("id", 2, in_hex),
            ("flags", 2, in_hex),
            ("questions", 2, decimal),
            ("answers", 2, decimal),
            ("authority", 2, decimal),
            ("additional", 2, decimal),
        ),
    ),
    "VXLAN": Header(
        "VXLAN",
        (
            ("flags", 1, in_hex),
            ("reserved", 3, in_hex),
            ("vni", 3, decimal),
            ("reserved", 1, in_hex),
        ),
        lambda head: "Ethernet",
    ),
}
