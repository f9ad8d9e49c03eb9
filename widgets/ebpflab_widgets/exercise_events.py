"""The exercises about events: what an answer means where, and answers in the context.

One function an exercise, as in `exercise_programs.py`. Source of the return codes: the
UAPI header linux/bpf.h; of the ranges: what Linux 6.18 accepts.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address

from ebpflab import Object, Program, Run, VmFault, describe, run, verify
from ebpflab_widgets.exercise_programs import (
    DROP,
    ICMP,
    PASS,
    TCP,
    UDP,
    Mistake,
    frame,
    ipv4,
    ports,
)

REFUSE, ALLOW = 0, 1  # of programs on a cgroup
ANSWERS = {"xdp": (DROP, PASS), "cgroup_skb": (REFUSE, ALLOW)}
ADDRESS, PORT = slice(4, 8), slice(24, 26)  # in bpf_sock_addr: user_ip4, user_port


# ---- two-hooks -----------------------------------------------------------------


def two_hooks(answer: Object) -> int:
    """Drop UDP over IPv4 and pass all else, on xdp and on cgroup_skb."""
    by_type = {program.type: program for program in answer.programs.values()}
    if by_type.keys() != ANSWERS.keys() or len(answer.programs) != len(ANSWERS):
        kinds = ", ".join(f"{p.name} ({p.type})" for p in answer.programs.values())
        raise Mistake("hooks-programs", found=kinds or "-")
    for type in ANSWERS:
        judge_hook(by_type[type])
        refused = verify(by_type[type]).message
        if refused:
            said = refused.splitlines()[0]
            raise Mistake("hooks-refused", type=type, message=said)
    return len(ANSWERS) * len(trials())


def trials() -> tuple[tuple[bytes, bool, str], ...]:
    """Return packets, whether they are to go on, and the row of a wrong answer."""
    return (
        (ipv4(UDP, ports(40000, 53)), False, "hooks-passes"),
        (ipv4(TCP, ports(40000, 80)), True, "hooks-drops"),
        (ipv4(ICMP, ports(2048, 0)), True, "hooks-drops"),
        (ipv6_like_udp(), True, "hooks-ipv6"),
    )


def judge_hook(program: Program) -> None:
    """Try one program on all packets."""
    drop, goes_on = ANSWERS[program.type]
    for packet, passes, row in trials():
        values = {"type": program.type, "packet": describe(packet)}
        try:
            given = one(program, packet).retval
        except VmFault as fault:
            raise Mistake("hooks-outside", why=fault.why, **values) from None
        if given != (goes_on if passes else drop):
            wanted = goes_on if passes else drop
            raise Mistake(row, given=given, wanted=wanted, **values)


def ipv6_like_udp() -> bytes:
    """Make an IPv6 packet whose address has a 17 where IPv4 has its protocol."""
    ends = ip_address("2011::1").packed + ip_address("2001:db8::2").packed
    head = struct.pack(">IHBB", 6 << 28, 32, TCP, 17)
    return frame(0x86DD, head + ends + ports(1, 2))


# ---- service -------------------------------------------------------------------


def service(answer: Object) -> int:
    """Send connections to 10.96.0.1:80 to 10.0.0.9:8080, and no other."""
    programs = list(answer.programs.values())
    if len(programs) != 1 or programs[0].type != "cgroup_sock_addr":
        kinds = ", ".join(f"{p.name} ({p.type})" for p in programs) or "-"
        raise Mistake("service-program", found=kinds)
    for address, port, wanted, row in CONNECTIONS:
        given = one(programs[0], b"", ctx=context(address, port))
        if given.retval != ALLOW:
            raise Mistake("service-refuses", target=f"{address}:{port}")
        if (target := target_of(given)) != wanted:
            values = {"target": f"{address}:{port}", "found": target}
            raise Mistake(row, wanted=wanted, **values)
    return len(CONNECTIONS)


CONNECTIONS = (
    ("10.96.0.1", 80, "10.0.0.9:8080", "service-target"),
    ("10.96.0.1", 443, "10.96.0.1:443", "service-other-port"),
    ("10.96.0.2", 80, "10.96.0.2:80", "service-other-address"),
    ("192.0.2.1", 8080, "192.0.2.1:8080", "service-other-address"),
)


def context(address: str, port: int) -> dict[str, int]:
    """Return where a process wants to connect, as the program reads it."""
    packed = ip_address(address).packed
    in_network_order = struct.unpack("<H", struct.pack(">H", port))[0]
    return {
        "user_ip4": int.from_bytes(packed, "little"),
        "user_port": in_network_order,
    }


def target_of(ran: Run) -> str:
    """Spell where the connection goes after the program."""
    port = int.from_bytes(ran.ctx[PORT], "big")
    return f"{ip_address(ran.ctx[ADDRESS])}:{port}"


def one(program: Program, packet: bytes, ctx: Mapping[str, int] | None = None) -> Run:
    """Run once."""
    ran = run(program, packet, ctx=ctx)
    assert not isinstance(ran, Sequence)
    return ran


EXERCISES: dict[str, Callable[[Object], int]] = {
    "two-hooks": two_hooks,
    "service": service,
}
