"""The exercises about helpers: text in a packet, and a checksum that must stay right.

One function an exercise, as in `exercise_programs.py`. Programs are of type sched_cls
(SEC("tc")): they may load from a packet and store into it.
Source of the layouts: RFC 791, 1071, 9293.
"""

import struct
from collections.abc import Callable, Sequence

from ebpflab import Object, Program, Run, describe, run
from ebpflab_widgets.exercise_programs import (
    TCP,
    UDP,
    Mistake,
    ipv4,
    ipv6_like_echo,
    ports,
)

OK, SHOT = 0, 2  # TC_ACT_OK, TC_ACT_SHOT
IP_HEADER = slice(14, 34)  # of a packet with its Ethernet header
TTL, CHECKSUM = 22, slice(24, 26)
TIMESTAMPS = bytes.fromhex("0101080a") + bytes(8)  # TCP options, as the capture's


# ---- no-get --------------------------------------------------------------------


def no_get(answer: Object) -> int:
    """Drop TCP packets whose data begins with "GET ", pass all else."""
    program = tc_program(answer)
    trials = (
        (tcp(b"GET / HTTP/1.0\r\n", TIMESTAMPS), SHOT, "no-get-captured"),
        (tcp(b"GET / HTTP/1.0\r\n", b""), SHOT, "no-get-options"),
        (tcp(b"POST / HTTP/1.0\r\n", b"GET GET GET "), OK, "no-get-other"),
        (tcp(b"GETAWAY", TIMESTAMPS), OK, "no-get-word"),
        (tcp(b"", TIMESTAMPS), OK, "no-get-other"),
        (udp_like(tcp(b"GET ", TIMESTAMPS)), OK, "no-get-udp"),
    )
    for packet, wanted, row in trials:
        given = one(program, packet).retval
        if given != wanted:
            raise Mistake(row, given=given, packet=describe(packet))
    return len(trials)


def tcp(data: bytes, options: bytes) -> bytes:
    """Make a TCP packet to port 80; options are a multiple of 4 bytes."""
    length = (20 + len(options)) // 4
    head = struct.pack(">HHIIBBHHH", 40000, 80, 1, 1, length << 4, 0x18, 64, 0, 0)
    return ipv4(TCP, head + options + data)


def udp_like(packet: bytes) -> bytes:
    """Make a UDP packet of a TCP one, with the same bytes in the same places."""
    return packet[:23] + bytes([UDP]) + packet[24:]


# ---- one-hop -------------------------------------------------------------------


def one_hop(answer: Object) -> int:
    """Take 1 from the TTL of IPv4 packets; their checksum stays right."""
    program = tc_program(answer)
    for ttl in range(255, 1, -1):
        judge_hop(program, with_ttl(ttl))
    judge_expired(program, with_ttl(1))
    other = ipv6_like_echo()
    ran = one(program, other)
    if (ran.retval, ran.data) != (OK, other):
        raise Mistake("hop-ipv6", given=ran.retval)
    return 256


def judge_hop(program: Program, packet: bytes) -> None:
    """Judge a packet that may go on."""
    ran = one(program, packet)
    before, after = packet[TTL], ran.data[TTL]
    if ran.retval != OK:
        raise Mistake("hop-verdict", given=ran.retval, ttl=before)
    if after != before - 1:
        raise Mistake("hop-ttl", before=before, after=after)
    if ones_sum(ran.data[IP_HEADER]) != 0xFFFF:
        found = ran.data[CHECKSUM].hex()
        wanted = with_ttl(after)[CHECKSUM].hex()
        same = ran.data[CHECKSUM] == packet[CHECKSUM]
        row = "hop-old-checksum" if same else "hop-checksum"
        raise Mistake(row, found=found, wanted=wanted, ttl=before)
    if ran.data != with_ttl(after):
        raise Mistake("hop-other-bytes")


def judge_expired(program: Program, packet: bytes) -> None:
    """Judge a packet that has no hop left."""
    given = one(program, packet).retval
    if given != SHOT:
        raise Mistake("hop-expired", given=given)


def with_ttl(ttl: int) -> bytes:
    """Make an IPv4 packet with this TTL and a checksum that is right."""
    packet = bytearray(ipv4(UDP, ports(40000, 53)))
    packet[TTL] = ttl
    checksum = 0xFFFF - ones_sum(bytes(packet[IP_HEADER]))
    packet[CHECKSUM] = checksum.to_bytes(2, "big")
    return bytes(packet)


def ones_sum(data: bytes) -> int:
    """Return the one's complement sum of the 16-bit words (RFC 1071)."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


# ---- how an answer is tried ----------------------------------------------------


def tc_program(answer: Object) -> Program:
    """Return the one sched_cls program of an answer."""
    programs = list(answer.programs.values())
    if len(programs) != 1 or programs[0].type != "sched_cls":
        kinds = ", ".join(f"{p.name} ({p.type})" for p in programs) or "-"
        raise Mistake("exercise-one-tc-program", found=kinds)
    return programs[0]


def one(program: Program, packet: bytes) -> Run:
    """Run once."""
    ran = run(program, packet)
    assert not isinstance(ran, Sequence)
    return ran


EXERCISES: dict[str, Callable[[Object], int]] = {
    "no-get": no_get,
    "one-hop": one_hop,
}
