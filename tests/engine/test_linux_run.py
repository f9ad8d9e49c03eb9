"""Runs in the real kernel: return value, packet, maps, records, descriptors."""

import errno
import gc
import importlib
import mmap
import os
import struct
from dataclasses import replace

import pytest

from ebpflab.errors import EbpfLabError, LinuxError, ProgramError, VerifierError
from ebpflab.hooks import HOOKS
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.exact import witnessed
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.perf import Buffer, read_samples
from ebpflab.program import MapSpec, Object, Program
from tests.engine.test_linux_verify import COUNTER, EXIT, LOOKUP, RETURN_2, insn

prog_run = importlib.import_module("ebpflab.linux.prog_run")
PACKET = bytes.fromhex("0242ac110002 0242ac110003 0800") + bytes(range(46))
XDP_PASS = Program(RETURN_2, type="xdp")


def wide(dst: int, value: int, src: int = 0) -> bytes:
    """dst = a 64-bit value, or a map's number if src is 1."""
    low, high = struct.unpack("<2i", struct.pack("<Q", value))
    return insn(0x18, dst, src, imm=low) + insn(0, imm=high)


# ---- the answer ------------------------------------------------------------------


def test_an_xdp_run(linux) -> None:
    run = linux.run(XDP_PASS, PACKET, repeat=1000)
    assert (run.retval, run.retval_name, run.data) == (2, "XDP_PASS", PACKET)
    assert (run.maps, run.events) == ({}, ())
    assert 0 <= run.duration_ns < 100_000


def test_the_return_value_is_the_lower_half(linux) -> None:
    program = Program(wide(0, 0x1_0000_0005) + EXIT, type="socket_filter")
    assert linux.run(program, PACKET).retval == 5


def test_the_packet_afterwards(linux) -> None:
    """bpf_xdp_adjust_head by -4 gives four more bytes in front."""
    code = insn(0xB7, 2, imm=-4) + insn(0x85, imm=44) + RETURN_2
    run = linux.run(Program(code, type="xdp"), PACKET)
    assert run.data[4:] == PACKET
    assert len(run.data) == len(PACKET) + 4


def test_ctx_is_read(linux) -> None:
    """The length of the metadata, data - data_meta, comes from ctx."""
    code = insn(0x61, 2, 1, off=8) + insn(0x61, 0, 1) + insn(0x1F, 0, 2) + EXIT
    program = Program(code, type="xdp")
    ctx = struct.pack("<6I", 8, len(PACKET), 0, 0, 0, 0)
    assert linux.run(program, PACKET).retval == 0
    assert linux.run(program, PACKET, ctx=ctx).retval == 8


@pytest.mark.parametrize(
    ("program", "data", "ctx", "retval"),
    [
        (Program(RETURN_2, type="sched_cls"), PACKET, None, 2),
        (Program(RETURN_2, type="raw_tracepoint"), b"", None, 2),
        (Program(RETURN_2, type="raw_tracepoint"), b"", bytes(8), 2),
        (Program(RETURN_2, type="syscall", flags=16), b"", bytes(8), 2),
        (
            Program(
                insn(0xB7, imm=1) + EXIT,
                type="sk_lookup",
                expected_attach_type="sk_lookup",
            ),
            b"",
            bytes(8) + struct.pack("<I", 2) + bytes(60),
            1,
        ),
    ],
    ids=lambda x: getattr(x, "type", ""),
)
def test_other_types(linux, program, data, ctx, retval) -> None:
    assert linux.run(program, data, ctx=ctx).retval == retval


def limits() -> list[tuple[str, int, int, int]]:
    """Rows: type, bytes of data, bytes of ctx, the errno that Linux 6.18 gives."""
    return [
        ("xdp", 0, 0, errno.EINVAL),
        ("xdp", 13, 0, errno.EINVAL),
        ("xdp", 14, 0, 0),
        ("xdp", 3520, 0, 0),
        ("xdp", 1 << 20, 0, errno.ENOMEM),
        ("xdp", 60, 20, 0),
        ("sched_cls", 13, 0, errno.EINVAL),
        ("sched_cls", 14, 0, 0),
        ("sched_cls", 1 << 14, 0, errno.EINVAL),
        ("kprobe", 60, 0, 524),
    ]


@pytest.mark.parametrize(("type", "size", "ctx_size", "number"), limits())
def test_the_sizes_that_linux_takes(linux, type, size, ctx_size, number) -> None:
    program = Program(RETURN_2, type=type)
    ctx = struct.pack("<6I", 0, size, 0, 0, 0, 0)[:ctx_size] or None
    if number == 0:
        assert linux.run(program, bytes(size), ctx=ctx).retval == 2
        return
    with pytest.raises(LinuxError) as caught:
        linux.run(program, bytes(size), ctx=ctx)
    assert caught.value.errno == number
    assert caught.value.hint


def test_wrong_input(linux) -> None:
    with pytest.raises(LinuxError, match="repeat"):
        linux.run(XDP_PASS, PACKET, repeat=0)
    with pytest.raises(ProgramError):
        linux.run(XDP_PASS, "not bytes")
    with pytest.raises(LinuxError, match="raw"):
        linux.run(Program(RETURN_2, type="raw"), PACKET)
    with pytest.raises(VerifierError, match="R3 !read_ok"):
        linux.run(Program(insn(0xBF, 0, 3) + EXIT, type="xdp"), PACKET)
    counted = Program(LOOKUP + RETURN_2, type="xdp", maps=[COUNTER])
    with pytest.raises(LinuxError, match="does not live"):
        linux.run(counted, PACKET, maps={"counter": {}})


# ---- maps ------------------------------------------------------------------------

COUNTING = Program(  # counter[0] += 1
    LOOKUP
    + insn(0x15, 0, off=3)
    + insn(0x79, 1, 0)
    + insn(0x07, 1, imm=1)
    + insn(0x7B, 0, 1)
    + RETURN_2,
    type="xdp",
    maps=[COUNTER],
)


def test_maps_are_shown_after_a_run(linux) -> None:
    run = linux.run(COUNTING, PACKET, repeat=3)
    assert run.maps == {"counter": {bytes(4): (3).to_bytes(8, "little")}}


def test_live_maps_outlast_a_run(linux) -> None:
    maps = linux.maps(COUNTING)
    maps["counter"][0] = 40
    for _ in range(2):
        linux.run(COUNTING, PACKET, maps=maps)
    assert maps["counter"][0] == (42).to_bytes(8, "little")


def test_a_direct_map_value(linux) -> None:
    """The second word of a map's value, loaded by its address."""
    spec = MapSpec("array", 4, 16, 1, name="data", init={bytes(4): bytes(range(16))})
    load = insn(0x18, 1, 2) + insn(0, imm=8) + insn(0x61, 0, 1) + EXIT
    run = linux.run(Program(load, type="xdp", maps=[spec]), PACKET)
    assert run.retval == 0x0B0A0908


# ---- records ---------------------------------------------------------------------

PERF = MapSpec("perf_event_array", 4, 4, 0, name="my_map")
CURRENT_CPU = 0xFFFFFFFF
FILLED = b"".join(  # 64 bytes of stack: 01 .. 08 repeated
    wide(6, 0x0807060504030201) + insn(0x7B, 10, 6, off=-at) for at in range(8, 65, 8)
)


def sending(size: int, flags: int = CURRENT_CPU) -> Program:
    """An xdp program that sends `size` bytes of its stack and returns the answer."""
    code = FILLED + wide(2, 0, 1) + wide(3, flags)
    code += insn(0xBF, 4, 10) + insn(0x07, 4, imm=-64) + insn(0xB7, 5, imm=size)
    return Program(code + insn(0x85, imm=25) + EXIT, type="xdp", maps=[PERF])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 20, 63, 64])
def test_a_record_is_as_long_as_it_was_sent(linux, size: int) -> None:
    run = linux.run(sending(size), PACKET)
    assert run.retval == 0
    stack = bytes(range(1, 9)) * 8
    assert [event.data for event in run.events] == [stack[:size]]
    assert (run.events[0].map, run.events[0].cpu) == (
        "my_map",
        min(os.sched_getaffinity(0)),
    )


@pytest.mark.parametrize("appended", [1, 6, 14, len(PACKET)])
def test_a_piece_of_the_packet_follows(linux, appended: int) -> None:
    run = linux.run(sending(3, CURRENT_CPU | appended << 32), PACKET)
    assert [event.data for event in run.events] == [b"\1\2\3" + PACKET[:appended]]


def test_records_keep_their_order(linux) -> None:
    run = linux.run(sending(5), PACKET, repeat=1000)
    assert len(run.events) == 1000
    assert {event.data for event in run.events} == {b"\1\2\3\4\5"}


def test_what_was_not_sent_is_not_there(linux) -> None:
    too_much = sending(8, CURRENT_CPU | len(PACKET) + 1 << 32)
    run = linux.run(too_much, PACKET)
    assert (run.retval - (1 << 32), run.events) == (-errno.EFAULT, ())


def test_the_witness_finds_a_planted_wrong_length(linux, monkeypatch) -> None:
    monkeypatch.setattr("ebpflab.linux.prog_run.witnessed", lambda program: None)
    run = linux.run(sending(5), PACKET)
    assert len(run.events[0].data) == 12  # with the kernel's padding


def test_only_programs_that_send_are_witnessed() -> None:
    assert witnessed(XDP_PASS) is None
    observed = witnessed(sending(5))
    assert observed is not None
    assert len(observed.maps) == 2


def test_six_thousand_records_are_exact(linux) -> None:
    run = linux.run(sending(5), PACKET, repeat=6000)
    assert {event.data for event in run.events} == {b"\1\2\3\4\5"}
    assert len(run.events) == 6000


@pytest.mark.parametrize(("size", "repeat"), [(5, 40_000), (64, 9000)])
def test_lost_records_are_counted(linux, size: int, repeat: int) -> None:
    with pytest.raises(LinuxError, match="records were lost") as caught:
        linux.run(sending(size), PACKET, repeat=repeat)
    lost, here = (
        int(text.split()[0]) for text in (caught.value.problem, caught.value.why)
    )
    assert lost + here == repeat
    assert lost > 0


def test_lost_records_are_counted_by_an_older_kernel() -> None:
    """Without the count beside the event, the ring's own records tell of them."""
    lost = struct.pack("<IHH", 2, 0, 24) + struct.pack("<QQ", 0, 7)
    unknown = struct.pack("<IHHQ", 5, 0, 16, 1)
    reading, writing = os.pipe()
    os.write(writing, bytes(8))  # what such an event gives: its value alone
    os.close(writing)
    with mmap.mmap(-1, 129 * mmap.PAGESIZE) as ring, Descriptor(reading) as event:
        filled = lost + unknown + lost
        ring[mmap.PAGESIZE : mmap.PAGESIZE + len(filled)] = filled
        ring[1024:1032] = struct.pack("<Q", len(filled))
        assert read_samples(Buffer(ring, event), "my_map", 0) == ([], 14)


def test_a_tail_called_programs_records_are_not_cut(linux) -> None:
    """Their length is not known: 5 bytes come with the kernel's padding, 12."""
    jumps = MapSpec("prog_array", 4, 4, 1, name="jumps", slots={0: "callee"})
    own = sending(3).code[: -len(EXIT)]
    caller = Program(
        insn(0xBF, 9, 1)
        + own
        + insn(0xBF, 1, 9)
        + wide(2, 1, 1)
        + insn(0xB7, 3)
        + insn(0x85, imm=12)
        + RETURN_2,
        type="xdp",
        name="caller",
        maps=[PERF, jumps],
    )
    callee = replace(sending(5), name="callee")
    owner = Object(
        {"caller": caller, "callee": callee}, {"my_map": PERF, "jumps": jumps}
    )
    run = linux.run(caller, PACKET, maps=linux.maps(owner))
    assert [event.data[:5] for event in run.events] == [
        b"\1\2\3" + run.events[0].data[3:5],
        b"\1\2\3\4\5",
    ]
    assert [len(event.data) for event in run.events] == [4, 12]


def test_the_duration_is_the_programs_own(linux, monkeypatch) -> None:
    """The time is taken from a program without the witness, on maps of its own."""
    ran = []
    real = prog_run.bpf

    def bpf(command, **fields):
        answer = real(command, **fields)
        ran.append(answer.fields["duration"])
        return answer

    monkeypatch.setattr(prog_run, "bpf", bpf)
    run = linux.run(sending(5), PACKET, repeat=1000)
    assert len(ran) == 2
    assert run.duration_ns == ran[0]
    assert len(run.events) == 1000
    given = linux.maps(sending(5))
    assert linux.run(sending(5), PACKET, maps=given, repeat=1000).duration_ns == 0


def test_several_packets(linux) -> None:
    runs = linux.run(COUNTING, [PACKET, PACKET[:20], PACKET[:30]])
    assert [len(run.data) for run in runs] == [len(PACKET), 20, 30]
    assert [run.maps["counter"][bytes(4)][0] for run in runs] == [1, 2, 3]
    assert linux.run(COUNTING, []) == []
    sent = linux.run(sending(3), [PACKET] * 3)
    assert [[event.data for event in run.events] for run in sent] == [[b"\1\2\3"]] * 3


def test_ctx_by_fields(linux) -> None:
    ifindex = Program(insn(0x61, 0, 1, off=12) + EXIT, type="xdp")
    assert linux.run(ifindex, PACKET, ctx={"ingress_ifindex": 1}).retval == 1
    assert linux.run(ifindex, bytes(5000), ctx={"rx_queue_index": 0}).retval == 1
    with pytest.raises(LinuxError, match="EINVAL"):  # lo has one queue
        linux.run(ifindex, PACKET, ctx={"rx_queue_index": 1})
    mark = Program(insn(0x61, 0, 1, off=8) + EXIT, type="sched_cls")
    assert linux.run(mark, PACKET, ctx={"mark": 5}).retval == 5
    for given in ({"mrak": 5}, {"mark": -1}, {"mark": "x"}, {"mark": 1 << 32}):
        with pytest.raises(LinuxError, match="has no field") as caught:
            linux.run(mark, PACKET, ctx=given)
        assert "'mark'" in caught.value.hint


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_field_that_a_run_takes_is_taken_by_linux(linux, name: str) -> None:
    """What our own engine accepts by name comes to the program here as there."""
    hook = HOOKS[name]
    if not (hook.has_packet and hook.test_run and hook.verified):
        return
    for field in hook.fields:
        value = {"rx_queue_index": 0, "gso_size": 0, "wire_len": len(PACKET)}.get(
            field.name, 1
        )
        load = {1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79}[field.size]
        code = insn(load, 0, 1, off=field.offset) + EXIT
        program = Program(code, type=name)
        if field.settable and linux.verify(program).accepted:
            given = {field.name: value}
            assert linux.run(program, PACKET, ctx=given).retval == value


def test_wrong_contexts_and_maps(linux) -> None:
    for ctx in ("", "x", 3):
        with pytest.raises(ProgramError):
            linux.run(XDP_PASS, PACKET, ctx=ctx)
    with LiveMap(COUNTER) as live:
        with pytest.raises(LinuxError, match="no map 'typo'") as caught:
            linux.run(COUNTING, PACKET, maps={"typo": live})
        assert "counter" in caught.value.hint
        for wrong in ([live], live, {"counter": None}, {3: live}):
            with pytest.raises(LinuxError):
                linux.run(COUNTING, PACKET, maps=wrong)
        other = {"counter": live, "my_map": LiveMap(PERF)}  # an object's other map
        assert linux.run(COUNTING, PACKET, maps=other).retval == 2


RING = MapSpec("ringbuf", 0, 0, 4096, name="ring")


def to_ring(size: int) -> Program:
    code = FILLED + wide(1, 0, 1) + insn(0xBF, 2, 10) + insn(0x07, 2, imm=-64)
    code += insn(0xB7, 3, imm=size) + insn(0xB7, 4) + insn(0x85, imm=130)
    return Program(code + EXIT, type="xdp", maps=[RING])


@pytest.mark.parametrize("size", [1, 5, 8, 13, 64])
def test_ring_buffer_records(linux, size: int) -> None:
    run = linux.run(to_ring(size), PACKET, repeat=3)
    assert [event.data for event in run.events] == [(bytes(range(1, 9)) * 8)[:size]] * 3


def test_a_ring_goes_round_and_is_read_once(linux) -> None:
    maps = linux.maps(to_ring(60))
    counts = [
        len(linux.run(to_ring(60), PACKET, maps=maps, repeat=40).events)
        for _ in range(5)
    ]
    assert counts == [40] * 5


# ---- descriptors -----------------------------------------------------------------


def open_descriptors() -> set[str]:
    gc.collect()  # what earlier tests have left is not to be closed meanwhile
    return set(os.listdir("/proc/self/fd"))


def test_a_hundred_runs_leave_nothing_open(linux) -> None:
    before = open_descriptors()
    for number in range(100):
        linux.run((COUNTING, sending(4), to_ring(4), XDP_PASS)[number % 4], PACKET)
        linux.verify(COUNTING, privileged=bool(number % 2))
    assert open_descriptors() == before


def test_errors_leave_nothing_open(linux) -> None:
    before = open_descriptors()
    bad_map = MapSpec("array", 3, 4, 1)
    broken = (
        (Program(RETURN_2, type="xdp", maps=[COUNTER, PERF, bad_map]), PACKET),
        (Program(EXIT, type="xdp", maps=[COUNTER]), PACKET),
        (sending(4), b"short"),
        (Program(RETURN_2[:-1], type="xdp", maps=[COUNTER]), PACKET),
    )
    for program, data in broken:
        with pytest.raises(EbpfLabError):
            linux.run(program, data)
    assert open_descriptors() == before
