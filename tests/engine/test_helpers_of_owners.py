"""Helpers of sockets, tasks and samples against Linux: storages, casts, redirects.

A test run of Linux has a task and, for packets, a socket of no family; both have values
in maps here as there.
"""

import random
from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.btf import BtfWriter
from ebpflab.helpers import storage as storage_helpers
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.syscall import bpf
from ebpflab.linux.user_ringbuf import push_sample
from ebpflab.maps import make_map
from ebpflab.maps.owners import TEST_SOCKET, Socket, Task
from tests.engine.functions import program_of
from tests.engine.kernel_things import kernel_things

PACKET = bytes(range(64))


def storage(type: str, size: int = 8) -> lab.MapSpec:
    types = BtfWriter()
    whole, word = types.integer("int", 4, signed=True), types.integer("u64", 8)
    told = {"btf": types.raw, "key_type": whole, "value_type": word}
    return lab.MapSpec(type, 4, size, 0, name="values", flags=1, **told)


OWNERS = {
    "task_storage": "call bpf_get_current_task_btf",
    "sk_storage": "r0 = *(u64 *)(r6 +168)\nif r0 == 0 goto OUT",
}


def storage_program(type: str, seed: int) -> lab.Program:
    """Get, write, delete values of one owner at random; tell the sum of answers."""
    chance = random.Random(seed)
    lines = ["r6 = r1", "r8 = 0", OWNERS[type], "r7 = r0"]
    for place in range(chance.randint(1, 6)):
        lines.append("r8 *= 7")
        if chance.random() < 0.3:
            lines += [
                "r1 = values ll",
                "r2 = r7",
                f"call bpf_{type}_delete",
                "r8 += r0",
            ]
            continue
        value = ["r3 = 0"]
        if chance.random() < 0.5:
            number = chance.randrange(99)
            value = [f"*(u64 *)(r10 -8) = {number}", "r3 = r10", "r3 += -8"]
        flags = chance.choice([0, 1, 1, 1, 2, 3])
        lines += ["r1 = values ll", "r2 = r7", *value, f"r4 = {flags}"]
        lines += [f"call bpf_{type}_get", f"if r0 == 0 goto L{place}", "r8 += 1000"]
        lines += ["r1 = *(u64 *)(r0 +0)", "r8 += r1", "r1 += 5", "*(u64 *)(r0 +0) = r1"]
        lines.append(f"L{place}:")
    text = "\n".join([*lines, "OUT:", "r0 = r8", "exit"])
    return lab.assemble(text, type="sched_cls", maps=[storage(type)])


@pytest.mark.parametrize("type", OWNERS)
def test_values_of_owners_are_those_of_linux(linux: None, type: str) -> None:
    for seed in range(200):
        program = storage_program(type, seed)
        here, there = lab.run(program, PACKET), lab.linux.run(program, PACKET)
        assert here.retval == there.retval, seed


def test_a_wrong_storage_is_found(linux, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_helpers, "CREATE", 3)
    with pytest.raises(AssertionError):
        test_values_of_owners_are_those_of_linux(linux, "task_storage")


@pytest.mark.parametrize("type", OWNERS)
def test_userspace_finds_the_values_of_a_run(type: str) -> None:
    owner = {"task_storage": Task(), "sk_storage": TEST_SOCKET}[type]
    live = make_map(storage(type))
    live[owner] = 7
    text = f"r6 = r1\n{OWNERS[type]}\nr2 = r0\nr1 = values ll\nr3 = 0\nr4 = 0\n"
    text += f"call bpf_{type}_get\nif r0 == 0 goto OUT\n*(u64 *)(r0 +0) = 9\nOUT:"
    program = lab.assemble(f"{text}\nr0 = 0\nexit", type="sched_cls", maps=[live.spec])
    lab.run(program, PACKET, maps={"values": live})
    assert live[owner] == 9
    assert [row.value for row in live.rows().values()] == [9]


def test_the_value_of_a_group_begins_with_zeros(linux: None) -> None:
    for type in ("cgroup_storage", "percpu_cgroup_storage"):
        spec = lab.MapSpec(type, 16, 8, 0, name="values")
        program = lab.assemble(
            """
r1 = values ll
r2 = 0
call bpf_get_local_storage
r1 = *(u64 *)(r0 +0)
r2 = r1
r2 += 1
*(u64 *)(r0 +0) = r2
r0 = 0
if r1 != 0 goto OUT
r0 = 1
OUT:
exit
""",
            type="cgroup_skb",
            maps=[spec],
        )
        here, there = lab.run(program, PACKET), lab.linux.run(program, PACKET)
        assert here.retval == there.retval == 1


CASTS = {
    "sk_fullsock": "sched_cls",
    "tcp_sock": "sched_cls",
    "get_listener_sock": "sched_cls",
    "skc_to_tcp6_sock": "sched_cls",
    "skc_to_tcp_sock": "sched_cls",
    "skc_to_tcp_timewait_sock": "sched_cls",
    "skc_to_tcp_request_sock": "sched_cls",
    "skc_to_udp6_sock": "sched_cls",
    "skc_to_unix_sock": "sched_cls",
    "skc_to_mptcp_sock": "sched_cls",
}


@pytest.mark.parametrize("helper", CASTS)
def test_the_socket_of_a_packet_is_what_it_is_in_linux(linux, helper: str) -> None:
    text = f"""
r1 = *(u64 *)(r1 +168)
if r1 == 0 goto NONE
call bpf_{helper}
if r0 == 0 goto NULL
r0 = 2
exit
NULL:
r0 = 3
exit
NONE:
r0 = 4
exit
"""
    program = lab.assemble(text, type=CASTS[helper])
    here, there = lab.run(program, PACKET), lab.linux.run(program, PACKET)
    assert here.retval == there.retval


def drain_program(stop: int, flags: int) -> lab.Program:
    """Add up the first bytes of samples; stop at one that begins with `stop`."""
    text = f"""
*(u64 *)(r10 -8) = 0
r1 = orders ll
r2 = EACH ll
r3 = r10
r3 += -8
r4 = {flags}
call bpf_user_ringbuf_drain
r0 <<= 16
r1 = *(u64 *)(r10 -8)
r0 += r1
exit
EACH:
r6 = r2
r7 = r1
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 1
r3 = r7
r4 = 0
r5 = 0
call bpf_dynptr_read
r1 = *(u8 *)(r10 -8)
r2 = *(u64 *)(r6 +0)
r2 += r1
*(u64 *)(r6 +0) = r2
r0 = 0
if r1 != {stop} goto ON
r0 = 1
ON:
exit
"""
    spec = lab.MapSpec("user_ringbuf", 0, 0, 4096, name="orders")
    return program_of(text, maps=[spec])


def samples(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(chance.randrange(12)):
        yield chance.randbytes(chance.choice((0, 1, 8, 9, 100, 600, 2000, 4088, 5000)))


def sent(push, seed: int) -> list[int | None]:
    """Send samples; return the errno of each."""
    answers: list[int | None] = []
    for data in samples(seed):
        try:
            push(data)
            answers.append(None)
        except lab.MapError as error:
            answers.append(error.errno)
    return answers


def test_samples_are_taken_as_linux_takes_them(linux: None) -> None:
    spec = drain_program(0, 0).maps[0]
    mine = make_map(spec)
    with LiveMap(spec) as live:
        for seed in range(150):
            flags = random.Random(seed).choice((0, 1, 2, 3, 4))
            there = sent(lambda data: push_sample(live, data), seed)
            assert sent(mine.push, seed) == there
            program = drain_program(random.Random(seed).randrange(256), flags)
            here = lab.run(program, PACKET, maps={"orders": mine}).retval
            assert here == lab.linux.run(program, PACKET, maps={"orders": live}).retval


def test_packets_go_to_sockets_as_in_linux(linux: None) -> None:
    spec = lab.MapSpec("xskmap", 4, 4, 3, name="queues")
    mine = make_map(spec)
    with kernel_things() as things, LiveMap(spec) as live:
        thing = next(
            t for t in things["xskmap"] if getattr(t.ours, "kind", "") == "xdp"
        )
        mine[1] = thing.ours
        number = thing.fd.to_bytes(4, "little")
        checked_update(live, number)
        for index in (0, 1, 2, 3, 1 << 31):
            for flags in (0, 1, 2, 3, 4, 8, 16):
                text = f"r1 = queues ll\nr2 = {index} ll\nr3 = {flags}\n"
                text += "call bpf_redirect_map\nexit"
                program = lab.assemble(text, type="xdp", maps=[spec])
                here = lab.run(program, PACKET, maps={"queues": mine})
                there = lab.linux.run(program, PACKET, maps={"queues": live})
                assert here.retval == there.retval, (index, flags)


def checked_update(live: LiveMap, descriptor: bytes) -> None:
    key = (1).to_bytes(4, "little")
    answer = bpf("MAP_UPDATE_ELEM", map_fd=live.fd, key=key, value=descriptor)
    assert not answer.errno


REDIRECTED = [
    ("sockmap", Socket("tcp", "established"), 0, 1),
    ("sockmap", Socket("tcp", "established"), 1, 1),
    ("sockmap", Socket("tcp", "established"), 2, 0),
    ("sockmap", Socket("tcp", "listen"), 0, 0),
    ("sockhash", Socket("udp", "established"), 0, 1),
    ("sockhash", None, 0, 0),
]


@pytest.mark.parametrize(("type", "held", "flags", "answer"), REDIRECTED)
def test_data_goes_to_connected_sockets(type, held, flags, answer) -> None:
    live = make_map(lab.MapSpec(type, 4, 8, 2, name="peers"))
    if held:
        live[1] = held
    helper = "msg_redirect_map" if type == "sockmap" else "msg_redirect_hash"
    key = "r3 = 1" if type == "sockmap" else "r3 = r10\nr3 += -4\n*(u32 *)(r10 -4) = 1"
    text = f"r2 = peers ll\n{key}\nr4 = {flags}\ncall bpf_{helper}\nexit"
    program = lab.assemble(text, type="sk_msg", maps=[live.spec])
    assert lab.run(program, PACKET, maps={"peers": live}).retval == answer


def test_what_a_run_alone_does_not_know_is_told() -> None:
    text = "r1 = *(u64 *)(r1 +24)\nr2 = r1\nr1 = values ll\nr3 = 0\nr4 = 1\n"
    text += "call bpf_sk_storage_get\nr0 = 1\nexit"
    program = lab.assemble(text, type="raw", maps=[storage("sk_storage")])
    with pytest.raises(lab.VmFault):
        lab.run(program, PACKET)
