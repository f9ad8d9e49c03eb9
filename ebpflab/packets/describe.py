"""One short line about a packet, as tcpdump would write it."""

from collections.abc import Callable, Mapping
from typing import SupportsBytes

from ebpflab.language import catalogue
from ebpflab.packets.dissect import dissect
from ebpflab.packets.headers import PORTS
from ebpflab.program import as_bytes


def describe(data: bytes | SupportsBytes) -> str:
    """Say in one short line what a packet is, as tcpdump would."""
    raw = as_bytes(data, "data")
    texts = {(f.group, f.name): f.text for f in dissect(raw)}
    groups = {group for group, _ in texts}
    what = next(
        (tell(texts) for group, tell in _TELLERS.items() if group in groups), ""
    )
    size = catalogue().say("packet-size", size=len(raw))
    return f"{what}, {size}" if what else size


Texts = Mapping[tuple[str, str], str]


def _tell_ports(group: str) -> Callable[[Texts], str]:
    def tell(texts: Texts) -> str:
        ends = [
            _with_port(_address(texts, side), texts.get((group, port), "?"))
            for side, port in (("src", "sport"), ("dst", "dport"))
        ]
        inside = next((x for x in PORTS.values() if (x, "flags") in texts), "")
        detail = texts.get((group, "flags"), "") or inside
        return f"{group} {ends[0]} → {ends[1]} {detail}".rstrip()

    return tell


def _tell_ends(group: str, detail: str) -> Callable[[Texts], str]:
    def tell(texts: Texts) -> str:
        source, target = _address(texts, "src"), _address(texts, "dst")
        more = texts.get((group, detail), "")
        return f"{group} {source} → {target} {more}".rstrip()

    return tell


def _tell_arp(texts: Texts) -> str:
    key = f"packet-arp-{texts.get(('ARP', 'op'))}"
    if key not in catalogue().rows or ("ARP", "target") not in texts:
        return "ARP"
    names = {"sender": "sender", "target": "target", "mac": "sender mac"}
    values = {value: texts["ARP", name] for value, name in names.items()}
    return "ARP " + catalogue().say(key, **values)


def _tell_frame(texts: Texts) -> str:
    ends = [texts.get(("Ethernet", side), "?") for side in ("src", "dst")]
    return f"Ethernet {ends[0]} → {ends[1]}"


def _address(texts: Texts, side: str) -> str:
    return texts.get(("IPv4", side)) or texts.get(("IPv6", side)) or "?"


def _with_port(ip: str, port: str) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


_TELLERS: dict[str, Callable[[Texts], str]] = {
    "TCP": _tell_ports("TCP"),
    "UDP": _tell_ports("UDP"),
    "ICMP": _tell_ends("ICMP", "type"),
    "ICMPv6": _tell_ends("ICMPv6", "type"),
    "IPv4": _tell_ends("IPv4", "proto"),
    "IPv6": _tell_ends("IPv6", "next"),
    "ARP": _tell_arp,
    "Ethernet": _tell_frame,
}
