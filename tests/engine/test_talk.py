"""The talk's program, against the real kernel, on every packet of the capture.

Return values, packets and events must be equal; the one thing that may differ is the
clock, so the 8 bytes of `time` are compared for their order only.
"""

from pathlib import Path

import pytest

import ebpflab as lab

LESSONS = Path(__file__).parents[2] / "notebooks" / "en"
PACKETS = lab.read_capture(LESSONS / "traffic.pcap")
CLOCK = slice(0, 8)  # where `time` stands in a record
SOURCES = ("xdp_sample.c", "xdp_sample_as_shown.c")


def program(source: str) -> lab.Program:
    return lab.compile(file=LESSONS / source).programs["xdp_sample_prog"]


def timeless(run: lab.Run) -> tuple[object, ...]:
    """Return all that a run answered, but for the clock and the CPU."""
    records = [(event.map, event.data[CLOCK.stop :]) for event in run.events]
    return run.retval, run.retval_name, run.data, records


@pytest.mark.parametrize("source", SOURCES)
def test_each_packet_gives_what_linux_gives(linux: None, source: str) -> None:
    talk = program(source)
    assert lab.linux.verify(talk).accepted, "safe is not correct"
    for packet in PACKETS:
        here, there = lab.run(talk, packet), lab.linux.run(talk, packet)
        assert timeless(here) == timeless(there), lab.describe(packet)


def test_the_slide_drops_all_and_the_mended_one_samples_all() -> None:
    shown, mended = (lab.run(program(name), PACKETS) for name in reversed(SOURCES))
    assert {run.retval_name for run in shown} == {"XDP_DROP"}
    assert {run.retval_name for run in mended} == {"XDP_PASS"}
    assert [len(run.events) for run in shown] == [0] * len(PACKETS)
    assert [len(run.events) for run in mended] == [1] * len(PACKETS)


def test_a_sample_is_what_the_source_says() -> None:
    for packet in PACKETS:
        (event,) = lab.run(program("xdp_sample.c"), packet).events
        assert int.from_bytes(event.data[8:10], "little") == len(packet)
        assert event.data[16:] == packet[:64]


def test_the_clock_goes_on_from_packet_to_packet() -> None:
    runs = lab.run(program("xdp_sample.c"), PACKETS)
    times = [int.from_bytes(run.events[0].data[CLOCK], "little") for run in runs]
    assert times == sorted(set(times))
    again = lab.run(program("xdp_sample.c"), PACKETS)
    assert [r.events for r in again] == [r.events for r in runs], "and it is repeatable"


def test_the_comparison_can_fail(linux: None) -> None:
    """A planted error: the mended program here, the slide's there."""
    here = lab.run(program("xdp_sample.c"), PACKETS[0])
    there = lab.linux.run(program("xdp_sample_as_shown.c"), PACKETS[0])
    assert timeless(here) != timeless(there)
