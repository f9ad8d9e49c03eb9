"""Helpers that change packets or answer small questions, against Linux's test run.

Each row is one call, its arguments as text; three packets go through it. The answer and
the packet afterwards must be the same.
"""

import struct

import pytest

import ebpflab as lab

IPV4 = bytes.fromhex(
    "ffffffffffff0202020202020800 4501003c1c4640004006b1e6c0a80068c0a80001"
) + bytes(40)
IPV6 = (
    bytes.fromhex("ffffffffffff02020202020286dd 6010000000143a40")
    + bytes(range(32))
    + bytes(40)
)
PACKETS = (IPV4, IPV6, bytes(range(64)))
MAPS = (
    lab.MapSpec("perf_event_array", 4, 4, 2, name="perf"),
    lab.MapSpec("cgroup_array", 4, 4, 2, name="cg"),
)
BUFFER = "r3 = r10; r3 += -64"
CALLS = {  # helper: arguments from r2 on; where it takes no context, from r1 on
    "skb_get_tunnel_key": ["r2 = r10; r2 += -64; r3 = 44; r4 = 0"],
    "skb_get_tunnel_opt": ["r2 = r10; r2 += -64; r3 = 16"],
    "skb_set_tunnel_key": [
        f"r2 = r10; r2 += -64; r3 = {size}; r4 = {flags}"
        for size in (8, 16, 24, 28, 40, 44)
        for flags in (0, 2, 64)
    ],
    "skb_get_xfrm_state": ["r2 = 0; r3 = r10; r3 += -64; r4 = 16; r5 = 0"],
    "skb_set_tstamp": [
        f"r2 = {time}; r3 = {clock}" for time in (0, 5) for clock in (0, 1, 2, 3)
    ],
    "skb_cgroup_id": [""],
    "skb_ancestor_cgroup_id": [f"r2 = {level}" for level in (0, 1, -1)],
    "skb_under_cgroup": [f"r2 = cg ll; r3 = {index}" for index in (0, 1, 2)],
    "current_task_under_cgroup": [f"r1 = cg ll; r2 = {index}" for index in (0, 2)],
    "perf_event_read": [
        f"r1 = perf ll; r2 = {index} ll" for index in (0, 2, 7, 0xFFFFFFFF, 1 << 32)
    ],
    "perf_event_read_value": [
        f"r1 = perf ll; r2 = {index} ll; {BUFFER}; r4 = {size}"
        for index in (0, 2, 1 << 32)
        for size in (16, 24)
    ],
    "get_branch_snapshot": [f"r1 = r10; r1 += -64; r2 = 48; r3 = {f}" for f in (0, 1)],
    "skb_ecn_set_ce": [""],
    "skb_change_proto": [
        f"r2 = {protocol} ll; r3 = {flags}"
        for protocol in (0x0008, 0xDD86, 0x0608, 0x100000008)
        for flags in (0, 1)
    ],
    "skb_adjust_room": [
        f"r2 = {delta}; r3 = {mode}; r4 = {flags}"
        for delta in (0, 4, 20, -4, -21, -60, 5000)
        for mode in (0, 1, 2)
        for flags in (0, 1, 0x1000)
    ],
    "clone_redirect": [f"r2 = 1; r3 = {flags}" for flags in (0, 1, 2)],
}


def program(helper: str, arguments: str) -> lab.Program:
    zeros = [f"*(u64 *)(r10 {at}) = 0" for at in range(-64, 0, 8)]
    lines = [*zeros, *arguments.split("; "), f"call bpf_{helper}", "exit"]
    return lab.assemble("\n".join(lines), type="sched_cls", maps=list(MAPS))


@pytest.mark.parametrize("helper", CALLS)
def test_it_answers_as_linux_does(linux: None, helper: str) -> None:
    for arguments in CALLS[helper]:
        code = program(helper, arguments)
        for packet in PACKETS:
            here, there = lab.run(code, packet), lab.linux.run(code, packet)
            assert (here.retval, here.data) == (there.retval, there.data), arguments


def cookie_program(version: int, size: int, wrong: int) -> lab.Program:
    """Make a cookie for a SYN, then check the acknowledgement of it."""
    ip = bytes.fromhex("4500003c1c4640004006b1e6c0a80068c0a80001")
    if version == 6:
        ip = bytes(8) + bytes(range(32))
    option = struct.pack(">BBH", 2, 4, size) if size else b""
    length = 20 + len(option)
    ports = struct.pack(">HHII", 1234, 80, 1000, 0)
    tcp = ports + struct.pack(">BBHHH", length // 4 << 4, 2, 100, 0, 0) + option
    data = (ip + tcp).ljust(-(-len(ip + tcp) // 8) * 8, b"\0")
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    start, lines = -len(data), []
    for place, word in enumerate(words):
        lines += [f"r1 = {word:#x} ll", f"*(u64 *)(r10 {start + 8 * place}) = r1"]
    headers = ["r1 = r10", f"r1 += {start}", "r2 = r10", f"r2 += {start + len(ip)}"]
    lines += [
        *headers,
        f"r3 = {length}",
        f"call bpf_tcp_raw_gen_syncookie_ipv{version}",
    ]
    lines += ["r7 = r0", "r7 >>= 32", "w6 = w0", f"r6 += {1 + wrong}", "r6 = be32 r6"]
    lines += [f"*(u32 *)(r10 {start + len(ip) + 8}) = r6", "r1 = 1001"]
    lines += ["r1 = be32 r1", f"*(u32 *)(r10 {start + len(ip) + 4}) = r1", *headers]
    lines += [f"call bpf_tcp_raw_check_syncookie_ipv{version}"]
    lines += ["r0 <<= 16", "r0 |= r7", "exit"]
    return lab.assemble("\n".join(lines), type="xdp")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("size", [0, 100, 536, 1400, 1460, 9000])
def test_cookies_are_checked_as_linux_does(
    linux: None, version: int, size: int
) -> None:
    for wrong in (0, 16):
        code = cookie_program(version, size, wrong)
        here, there = lab.run(code, bytes(64)), lab.linux.run(code, bytes(64))
        assert here.retval == there.retval
