"""The exercises about programs: the packets on which an answer is tried, in order.

One function an exercise; it returns how many packets it tried, or raises the first
`Mistake`. Most are a table of `Trial`s. Packets are made by hand, with checksums of 0:
no answer needs them. Source of the layouts: IEEE 802.3, RFC 791, 768, 792, 8200.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ebpflab import MapSpec, Object, Program, VmFault, describe, maps, run

DROP, PASS = 1, 2  # XDP_DROP, XDP_PASS
ICMP, TCP, UDP = 1, 6, 17  # IPv4's protocol field
ETHERNET_HEADER = 14  # bytes
DNS = 53


class Mistake(Exception):
    """The first thing that is wrong: a row of the catalogue, and what fills it."""

    def __init__(self, row: str, **values: Any) -> None:
        self.row, self.values = row, values


@dataclass(frozen=True, slots=True)
class Trial:
    """One packet, the answer that is wanted, and the row that explains another one."""

    packet: bytes
    wanted: int
    row: str


# ---- packets -------------------------------------------------------------------


def frame(ethertype: int, payload: bytes) -> bytes:
    """Put an Ethernet header before a payload."""
    addresses = bytes.fromhex("0242ac110002 0242ac110003")
    return addresses + struct.pack(">H", ethertype) + payload


def ipv4(protocol: int, payload: bytes) -> bytes:
    """Make an IPv4 packet from 10.0.0.1 to 10.0.0.2."""
    head = (0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    ends = ip_address("10.0.0.1").packed + ip_address("10.0.0.2").packed
    return frame(0x0800, struct.pack(">BBHHHBBH", *head) + ends + payload)


def ports(source: int, target: int) -> bytes:
    """Make what UDP and TCP begin with, and enough bytes after it."""
    return struct.pack(">HH", source, target) + bytes(28)


def echo(type: int) -> bytes:
    """Make an ICMP echo message: type 8 asks, type 0 answers."""
    return ipv4(ICMP, struct.pack(">BBHHH", type, 0, 0, 1, 1) + bytes(range(32)))


def ipv6_like_echo() -> bytes:
    """Make an IPv6 packet that has the bytes of an IPv4 ping in the same places."""
    ends = ip_address("2001:db8::800:1").packed + ip_address("2001:db8::2").packed
    head = struct.pack(">IHBB", 6 << 28, 32, UDP, 64)
    return frame(0x86DD, head + ends + ports(1, 2))


QUESTION = ipv4(UDP, ports(40000, DNS))
REQUEST, REPLY = echo(8), echo(0)


# ---- the exercises -------------------------------------------------------------


def mend_the_program(answer: Object) -> int:
    """Drop DNS questions (UDP over IPv4 to port 53), pass all else, stay inside."""
    trials = (
        Trial(QUESTION, DROP, "mend-passes-question"),
        Trial(ipv4(UDP, ports(DNS, 40000)), PASS, "mend-drops-other"),
        Trial(ipv4(TCP, ports(40000, DNS)), PASS, "mend-drops-other"),
        Trial(ipv4(UDP, ports(40000, 0x1235)), PASS, "mend-drops-other"),
        *(Trial(packet, PASS, "mend-drops-short") for packet in shorter(QUESTION, 38)),
        Trial(QUESTION[:42], DROP, "mend-passes-question"),
    )
    return tried(program_of(answer), trials, "mend-reads-outside")


def safe_is_not_correct(answer: Object) -> int:
    """Drop echo requests over IPv4, pass all else; what was safe must stay safe."""
    trials = (
        Trial(REQUEST, DROP, "safe-passes-request"),
        Trial(REPLY, PASS, "safe-drops-reply"),
        *(Trial(packet, PASS, "safe-drops-short") for packet in shorter(REQUEST, 35)),
        Trial(ipv4(UDP, ports(0x0800, DNS)), PASS, "safe-drops-other"),
        Trial(ipv6_like_echo(), PASS, "safe-drops-ipv6"),
    )
    return tried(program_of(answer), trials, "safe-reads-outside")


def packet_counter(answer: Object) -> int:
    """Count in the array `packets`: key 0, a value of 8 bytes, one more a packet."""
    program = program_of(answer)
    spec = answer.maps.get("packets")
    if spec is None:
        raise Mistake("counter-no-map", found=", ".join(answer.maps) or "-")
    found = (spec.type, spec.key_size, spec.value_size)
    if found != ("array", 4, 8):
        raise Mistake("counter-map", type=spec.type, key=found[1], value=found[2])
    live, before = maps(answer), 0
    for count in (1, 2, 3):
        verdict(program, REQUEST, PASS, "counter-verdict", maps=live)
        before = total(live, count, before)
    live["packets"][0] = 0xFFFF_FFFF
    verdict(program, REQUEST, PASS, "counter-verdict", maps=live)
    if int.from_bytes(live["packets"][0], "little") != 1 << 32:
        raise Mistake("counter-32-bits")
    if finds_nothing(program):
        raise Mistake("counter-no-null-check")
    return 4


EXERCISES: dict[str, Callable[[Object], int]] = {
    "mend-the-program": mend_the_program,
    "packet-counter": packet_counter,
    "safe-is-not-correct": safe_is_not_correct,
}


# ---- how an answer is tried ----------------------------------------------------


def program_of(answer: Object) -> Program:
    """Return the one XDP program of an answer."""
    programs = list(answer.programs.values())
    if len(programs) != 1 or programs[0].type != "xdp":
        kinds = ", ".join(f"{p.name} ({p.type})" for p in programs) or "-"
        raise Mistake("exercise-one-program", found=kinds)
    return programs[0]


def tried(program: Program, trials: tuple[Trial, ...], outside: str) -> int:
    """Try all packets; a fault is the mistake `outside`."""
    for trial in trials:
        try:
            verdict(program, trial.packet, trial.wanted, trial.row)
        except VmFault as fault:
            size = len(trial.packet)
            raise Mistake(outside, size=size, why=fault.why) from None
    return len(trials)


def verdict(
    program: Program, packet: bytes, wanted: int, row: str, **options: Any
) -> None:
    """Run once; another answer than `wanted` is the mistake `row`."""
    ran = run(program, packet, **options)
    assert not isinstance(ran, list)
    if ran.retval != wanted:
        given = ran.retval_name or str(ran.retval)
        values = {"packet": describe(packet), "size": len(packet), "given": given}
        raise Mistake(row, **values)


def shorter(packet: bytes, end: int) -> tuple[bytes, ...]:
    """Return what is left when a packet is cut, from its Ethernet header to `end`."""
    return tuple(packet[:size] for size in range(ETHERNET_HEADER, end))


def total(live: dict[str, Any], wanted: int, before: int) -> int:
    """Return the count so far, if it is the one that is wanted."""
    count = int.from_bytes(live["packets"][0], "little")
    if count != wanted:
        row = "counter-stays" if count == before else "counter-wrong"
        raise Mistake(row, count=count, wanted=wanted)
    return count


def finds_nothing(program: Program) -> bool:
    """Tell whether the program goes wrong when its lookup finds nothing.

    An array always finds key 0; a hash that holds another key does not.
    """
    other = MapSpec("hash", 4, 8, 1, name="packets", init={b"\xff" * 4: bytes(8)})
    without = maps(Object({}, {"packets": other}))
    try:
        run(program, REQUEST, maps=without)
    except VmFault:
        return True
    return False
