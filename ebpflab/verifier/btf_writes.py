"""Structures of the kernel that some programs may write, member by member.

A congestion control sets a socket's window; a packet program marks a connection.

Source: what Linux 6.18 accepts and refuses (kernel: btf_struct_access of a program
type's operations).
"""

from collections.abc import Iterator

from ebpflab.btf import Btf, Kind, Type
from ebpflab.verifier.refusal import EACCES, Refusal

# (structure as messages call it, names it goes by): (structure, member) that may be set
_OF_A_CONNECTION = (("nf_conn", ("nf_conn", "nf_conn___init")), (("nf_conn", "mark"),))
WRITABLE = {  # by program type, or by the structure of functions
    **dict.fromkeys(("xdp", "sched_cls", "sched_act"), _OF_A_CONNECTION),
    "tcp_congestion_ops": (
        ("tcp_sock", ("tcp_sock",)),
        (
            ("sock", "sk_pacing_rate"),
            ("sock", "sk_pacing_status"),
            ("inet_connection_sock", "icsk_ca_priv"),
            ("inet_connection_sock", "icsk_ack.pending"),
            ("tcp_sock", "snd_cwnd"),
            ("tcp_sock", "snd_cwnd_cnt"),
            ("tcp_sock", "snd_cwnd_stamp"),
            ("tcp_sock", "snd_ssthresh"),
            ("tcp_sock", "ecn_flags"),
            ("tcp_sock", "app_limited"),
        ),
    ),
}
WHOLE = {"bpf_dummy_ops": "bpf_dummy_ops_state"}  # structures of which all may be set
ANYWHERE = ("icsk_ca_priv",)  # of the others, a write begins at the first byte


def check_write(btf: Btf, program: str, target: Type, off: int, size: int) -> None:
    """Refuse a write that this kind of program may not do.

    Args:    program: a program type, or a structure of functions.
    """
    if program in WHOLE:
        _check_whole(target, WHOLE[program], off, size)
        return
    if program not in WRITABLE:
        raise Refusal(EACCES, "only read is supported")
    (name, names), members = WRITABLE[program]
    if target.name not in names:
        raise Refusal(EACCES, "only read is supported")
    for start, end, is_open in _places(btf, members):
        if off == start or (is_open and start <= off < end):
            break
    else:
        raise Refusal(EACCES, f"no write support to {name} at off {off}")
    if off + size > end:
        text = f"write access at off {off} with size {size} beyond the member of"
        raise Refusal(EACCES, f"{text} {name} ended at {end}")


def _check_whole(target: Type, name: str, off: int, size: int) -> None:
    if target.name != name:
        raise Refusal(EACCES, f"only access to {name} is supported")
    if off + size > target.size:
        text = f"write access at off {off} with size {size}"
        raise Refusal(EACCES, text)


def _places(
    btf: Btf, members: tuple[tuple[str, str], ...]
) -> Iterator[tuple[int, int, bool]]:
    """Yield where each member begins and ends."""
    for structure, path in members:
        start, size, owner = 0, 0, btf.find(structure, Kind.STRUCT)
        for name in path.split("."):
            rows = owner.members if owner else ()
            found = next((row for row in rows if row.name == name), None)
            if found is None:
                break
            start, size = start + found.offset, btf.size_of(found.type)
            owner = btf.resolve(found.type)
        else:
            yield start, start + size, path in ANYWHERE
