"""Leaving the straight path: tail calls, callbacks, packets that move, faults, Ctrl-C.

What Linux can show is compared with Linux in test_tutorials.py and test_vm_programs.py;
here is what only a learner sees: frames, listings, and where a wrong access is told.
"""

import signal
import threading
from itertools import pairwise
from pathlib import Path

import pytest

import ebpflab as lab

TUTORIALS = Path(__file__).parent / "tutorials"
PACKET = lab.read_capture(
    Path(__file__).parents[2] / "notebooks" / "en" / "traffic.pcap"
)[6]  # a TCP SYN

JUMPS = lab.MapSpec("prog_array", 4, 4, 2, name="jumps")
CALLS = "r2 = jumps ll\nr3 = {index}\ncall bpf_tail_call\nr0 = 7\nexit"


def caller(index: int, name: str = "caller") -> lab.Program:
    return lab.assemble(CALLS.format(index=index), type="xdp", maps=[JUMPS], name=name)


def callee(answer: int) -> lab.Program:
    return lab.assemble(f"r0 = {answer}\nexit", type="xdp", name="callee")


def test_a_program_goes_on_in_another_one() -> None:
    program = caller(1)
    maps = lab.maps(program)
    maps["jumps"][1] = callee(3)
    run = lab.run(program, bytes(60), maps=maps)
    assert run.retval == 3
    assert lab.run(caller(0), bytes(60), maps=maps).retval == 7, "an empty slot"


def test_the_listing_holds_both_programs() -> None:
    program = caller(1)
    maps = lab.maps(program)
    maps["jumps"][1] = callee(3)
    timeline = lab.run(program, bytes(60), maps=maps).timeline
    texts = {line.pc: line.text for line in timeline.listing}
    shown = [texts[step.pc] for step in timeline.steps]
    assert shown[-2:] == ["r0 = 3", "exit"]
    assert timeline.state(3).registers["r1"] == hex(1 << 32), "the context is passed on"


def test_a_fault_in_a_called_program_is_placed_there() -> None:
    program = caller(1)
    maps = lab.maps(program)
    maps["jumps"][1] = lab.assemble("r0 = 1\nr0 = *(u8 *)(r0 +0)\nexit", type="xdp")
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program, bytes(60), maps=maps)
    assert caught.value.pc == 1
    assert "r0 = *(u8 *)(r0 +0)" in caught.value.at
    outcome = caught.value.timeline.outcome
    assert outcome.fault_pc == len(program.insns) + 1


def test_33_tail_calls_are_34_runs() -> None:
    made = lab.compile(file=TUTORIALS / "endless_tail_calls.c")
    maps = lab.maps(made)
    maps["itself"][0] = made.programs["again"]
    lab.run(made.programs["again"], PACKET, maps=maps)
    assert int.from_bytes(maps["runs"][0], "little") == 34


def test_programs_of_two_types_do_not_mix() -> None:
    maps = lab.maps(caller(0))
    maps["jumps"][0] = callee(1)
    with pytest.raises(lab.MapError) as caught:
        maps["jumps"][1] = lab.assemble("r0 = 0\nexit", type="sched_cls")
    assert caught.value.errno == 22
    other = lab.assemble(CALLS.format(index=0), type="sched_cls", maps=[JUMPS])
    with pytest.raises(lab.RunError, match="xdp"):
        lab.run(other, bytes(60), maps=maps)


def test_a_callback_has_a_frame() -> None:
    program = lab.compile(file=TUTORIALS / "loops.c").programs["loops"]
    timeline = lab.run(program, PACKET).timeline
    depths = [step.frame for step in timeline.steps]
    entered = sum(b > a for a, b in pairwise(depths))
    assert (min(depths), max(depths), entered) == (0, 1, 1)
    texts = {line.pc: line.text for line in timeline.listing}
    inside = [step.pc for step in timeline.steps if step.frame == 1]
    rounds = inside.count(inside[0])
    assert rounds == (len(PACKET) - 14) // 2 + 1, "the last one finds no word"
    at = next(i for i, s in enumerate(timeline.steps) if "bpf_loop" in texts[s.pc])
    state = timeline.state(at)
    assert state.registers["r1"] == "0x0", "the first argument: the round"
    assert "r2" in state.pointers, "the second: the caller's own"


def test_a_callback_that_is_no_function_is_told() -> None:
    text = "r1 = 3\nr2 = 0\nr3 = 0\nr4 = 0\ncall bpf_loop\nexit"
    with pytest.raises(lab.VmFault, match="function") as caught:
        lab.run(lab.assemble(text, type="xdp"), bytes(60))
    assert caught.value.pc == 4


MOVES = """
r6 = r1
r7 = *(u32 *)(r1 +0)
r2 = 4
call bpf_xdp_adjust_head
r8 = *(u32 *)(r6 +0)
r0 = *(u8 *)(r8 +0)
{last}
exit
"""


def test_a_pointer_from_before_the_move_is_stale() -> None:
    good = lab.assemble(MOVES.format(last="r1 = 0"), type="xdp")
    run = lab.run(good, bytes(range(60)))
    assert (run.retval, len(run.data)) == (4, 56)
    bad = lab.assemble(MOVES.format(last="r0 = *(u8 *)(r7 +0)"), type="xdp")
    with pytest.raises(lab.VmFault, match="where packet was") as caught:
        lab.run(bad, bytes(60))
    assert (caught.value.pc, caught.value.region) == (6, "packet")


def test_a_moved_packet_is_a_region_of_its_own() -> None:
    good = lab.assemble(MOVES.format(last="r1 = 0"), type="xdp")
    timeline = lab.run(good, bytes(range(60))).timeline
    packets = [r for r in timeline.regions if r.kind == "packet"]
    assert [(r.name, r.size) for r in packets] == [("packet", 60), ("packet_", 56)]
    assert packets[1].contents == bytes(range(4, 60)).hex()


VALUES = lab.MapSpec("array", 4, 6, 3, name="values")
NEIGHBOR = """
*(u32 *)(r10 -4) = 1
r2 = r10
r2 += -4
r1 = values ll
call bpf_map_lookup_elem
r0 = *(u{bits} *)(r0 +{offset})
exit
"""


@pytest.mark.parametrize(("bits", "offset"), [(32, 4), (16, 6), (64, 0), (8, 7)])
def test_a_value_ends_before_the_next_one(bits: int, offset: int) -> None:
    text = NEIGHBOR.format(bits=bits, offset=offset)
    program = lab.assemble(text, type="xdp", maps=[VALUES])
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program, bytes(60))
    assert (caught.value.pc, caught.value.allowed) == (6, "8 … 14")
    fits = NEIGHBOR.format(bits=16, offset=4)
    assert lab.run(lab.assemble(fits, type="xdp", maps=[VALUES]), bytes(60)).retval == 0


@pytest.mark.parametrize(
    ("flags", "store"), [(0x80, "*(u16 *)(r0 +4) = 1"), (0x100, "r1 = *(u16 *)(r0 +4)")]
)
def test_programs_have_the_rights_of_the_map(flags: int, store: str) -> None:
    spec = lab.MapSpec("array", 4, 6, 3, name="values", flags=flags)
    text = NEIGHBOR.format(bits=16, offset=4).replace("r0 = *(u16 *)(r0 +4)", store)
    with pytest.raises(lab.VmFault, match="cannot be"):
        lab.run(lab.assemble(text, type="xdp", maps=[spec]), bytes(60))


def test_a_helper_writes_no_read_only_map(linux: None) -> None:
    spec = lab.MapSpec("hash", 4, 8, 3, name="values", flags=0x80)
    text = """
*(u64 *)(r10 -8) = 1
r2 = r10
r2 += -8
r3 = r2
r4 = 0
r1 = values ll
call bpf_map_update_elem
r0 = 0
exit
"""
    program = lab.assemble(text, type="xdp", maps=[spec])
    assert "forbidden" in lab.linux.verify(program).message
    with pytest.raises(lab.VmFault, match="may not"):
        lab.run(program, bytes(60))


def test_an_old_load_outside_ends_the_program_with_0(linux: None) -> None:
    for offset in (0, 45, 46, 59, 60, -0x200000, -0x200000 + 13, -0x100000, -1):
        text = f"r6 = r1\nr0 = *(u8 *)skb[{offset}]\nr0 += 1000\nexit"
        program = lab.assemble(text, type="socket_filter")
        here = lab.run(program, bytes(range(1, 61)))
        there = lab.linux.run(program, bytes(range(1, 61)))
        assert here.retval == there.retval, offset


def test_ctrl_c_leaves_the_maps_as_they_were() -> None:
    """An interrupt in the middle of a run that changes a map."""
    spec = lab.MapSpec("hash", 4, 8, 10, name="counts")
    text = """
again: *(u64 *)(r10 -16) = r7
r7 += 1
*(u32 *)(r10 -4) = r7
r2 = r10
r2 += -4
r3 = r10
r3 += -16
r4 = 0
r1 = counts ll
call bpf_map_update_elem
goto again
"""
    program = lab.assemble(f"r7 = 0\n{text}", type="xdp", maps=[spec])
    maps = lab.maps(program)
    maps["counts"][99] = 5
    main = threading.main_thread().ident
    assert main
    timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        lab.run(program, bytes(60), maps=maps, budget=1 << 60)
    assert list(maps["counts"].items()) == [
        ((99).to_bytes(4, "little"), (5).to_bytes(8, "little"))
    ]
    maps["counts"][1] = 1
    assert len(maps["counts"]) == 2


def test_what_was_printed_is_an_event() -> None:
    made = lab.compile(file=TUTORIALS / "printk.c")
    run = lab.run(made.programs["printk"], PACKET)
    (event,) = run.events
    assert event.map == "trace_pipe"
    assert event.data == b"protocol 6 from 100000a, ttl 40"
    assert run.retval == len(event.data)


LOCK = lab.MapSpec("array", 4, 8, 1, name="locked")


def test_a_lock_is_taken_once() -> None:
    twice = "r1 = locked[0]+0 ll\ncall bpf_spin_lock\n" * 2 + "r0 = 0\nexit"
    with pytest.raises(lab.VmFault, match="taken already"):
        lab.run(lab.assemble(twice, type="xdp", maps=[LOCK]), bytes(60))


def test_the_context_is_given_as_fields_or_as_bytes() -> None:
    text = "r0 = *(u64 *)(r1 +112)\nexit"  # di: the first argument
    program = lab.assemble(text, type="kprobe")
    assert lab.run(program, ctx={"di": 42}).retval == 42
    assert lab.run(program, ctx=bytes(112) + b"\x2a").retval == 42
    with pytest.raises(lab.RunError, match="no field"):
        lab.run(program, ctx={"rdi": 1})
    with pytest.raises(lab.RunError, match="too long"):
        lab.run(program, ctx=bytes(200) + b"x")


STATIC = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int second(struct xdp_md *ctx)
{
    return 4;
}

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 2);
    __uint(key_size, 4);
    __array(values, int(struct xdp_md *));
} steps SEC(".maps") = {.values = {[1] = (void *)&second}};

SEC("xdp")
int first(struct xdp_md *ctx)
{
    bpf_tail_call(ctx, &steps, 1);
    return 0;
}
"""


def test_slots_may_be_filled_in_c() -> None:
    made = lab.compile(STATIC)
    maps = lab.maps(made)
    assert maps["steps"][1] is made.programs["second"]
    assert lab.run(made.programs["first"], bytes(60), maps=maps).retval == 4
