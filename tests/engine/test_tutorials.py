"""Programs in the style of public tutorials: here and in the real kernel, the same.

Each program of `tutorials/` is compiled from C and run on every packet of the capture,
by our interpreter and by the kernel, one map for all packets. Return values, packets,
records and what the maps hold must be equal; the clock is masked. A type that a test
run cannot start is verified by the kernel, and only runs here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.hooks import HOOKS
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.load import load, request
from ebpflab.maps.ringbuf import Ringbuf
from ebpflab.vm import actions

FOLDER = Path(__file__).parent / "tutorials"
PACKETS = lab.read_capture(
    Path(__file__).parents[2] / "notebooks" / "en" / "traffic.pcap"
)
ADDRESS_1, ADDRESS_2 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
FIRST = {"tail_calls": "dispatch"}  # the program to start with, where there are several

Maps = Mapping[str, Any]


def fill_blocked(maps: Maps) -> None:
    maps["blocked"][ADDRESS_2] = 0


def fill_networks(maps: Maps) -> None:
    maps["networks"][bytes([24, 0, 0, 0, 10, 0, 0, 0])] = 1
    maps["networks"][bytes([32, 0, 0, 0]) + ADDRESS_2] = 3


def fill_servers(maps: Maps) -> None:
    for index in (0, 2, 3):
        maps["servers"][index] = bytes([192, 0, 2, index])


def fill_values(maps: Maps) -> None:
    for index in range(6):
        maps["values"][index] = index * 3


def fill_ports(maps: Maps) -> None:
    maps["ports"][2] = 1


def fill_tables(maps: Maps) -> None:
    inner = lab.MapSpec("array", 4, 8, 2, name="inner")
    ours = isinstance(maps["tables"], lab.Map)
    for protocol in (6, 17):
        owner = lab.Object({}, {"inner": inner})
        made = (lab.maps if ours else lab.linux.maps)(owner)["inner"]
        maps["tables"].update(protocol, made)


FILL: dict[str, Callable[[Maps], None]] = {
    "blocklist": fill_blocked,
    "lpm_blocklist": fill_networks,
    "load_balancer": fill_servers,
    "each_element": fill_values,
    "redirects": fill_ports,
    "map_in_map": fill_tables,
}
SLOTS = {
    "tail_calls": ("handlers", ("handle_tcp", "handle_other")),
    "endless_tail_calls": ("itself", ("again",)),
}
TIMES = {("sources", 8)}  # maps whose values hold a time, from this byte on
UNREADABLE = {"tables", "handlers", "itself"}  # they hold things, not values


def name_of(path: Path) -> str:
    return path.stem


SOURCES = sorted(FOLDER.glob("*.c"))


def compiled(path: Path) -> tuple[lab.Object, lab.Program]:
    made = lab.compile(file=path)
    first = FIRST.get(path.stem, next(iter(made.programs)))
    return made, made.programs[first]


def put_programs(name: str, made: lab.Object, maps: Maps, stack: ExitStack) -> None:
    """Fill the slots of a program array, ours or the kernel's."""
    if name not in SLOTS:
        return
    where, programs = SLOTS[name]
    for index, program in enumerate(programs):
        thing: Any = made.programs[program]
        if isinstance(maps[where], LiveMap):
            specs = [maps[spec.name] for spec in thing.maps]
            with request(thing, specs) as fields:
                answer = load(fields, log_level=1)
            assert answer.program, answer.log
            thing = stack.enter_context(answer.program).number
        maps[where].update(index, thing)


def masked(name: str, value: Any) -> bytes:
    """Return a value as the kernel hands it over, without the time in it."""
    if isinstance(value, list):
        value = b"".join(part.ljust(-(-len(part) // 8) * 8, b"\0") for part in value)
    size = dict(TIMES).get(name)
    return bytes(value[:size])


def contents(maps: Maps) -> dict[str, Any]:
    """Return what the maps with keys hold."""
    held = {}
    for name, map in maps.items():
        if name not in UNREADABLE and map.spec.key_size:
            held[name] = sorted((k, masked(name, v)) for k, v in map.items())
    return held


@contextmanager
def kernel_maps(path: Path, made: lab.Object) -> Iterator[Maps]:
    with ExitStack() as stack:
        maps = lab.linux.maps(made)
        for live in maps.values():
            stack.enter_context(live)
        FILL.get(path.stem, lambda maps: None)(maps)
        put_programs(path.stem, made, maps, stack)
        yield maps


def sent(run: lab.Run) -> list[tuple[str, bytes]]:
    """Return the records of a run; the trace pipe is apart on Linux."""
    return [(e.map, e.data) for e in run.events if e.map != "trace_pipe"]


def differences(path: Path, engine: str = "auto") -> list[object]:
    """Run a program on every packet on both sides; return what differed."""
    made, program = compiled(path)
    ours, found = lab.maps(made), []
    FILL.get(path.stem, lambda maps: None)(ours)
    put_programs(path.stem, made, ours, ExitStack())
    mine = {spec.name for spec in program.maps}
    with kernel_maps(path, made) as theirs:
        used = {name: live for name, live in theirs.items() if name in mine}
        for packet in PACKETS:
            here = lab.run(program, packet, maps=ours, engine=engine)
            there = lab.linux.run(program, packet, maps=used)
            left = (here.retval, here.data, sent(here))
            right = (there.retval, there.data, sent(there))
            if left != right:
                found.append((lab.describe(packet), left, right))
            for map in ours.values():
                if isinstance(map, Ringbuf):
                    map.read()
        if contents(ours) != contents(theirs):
            found.append((contents(ours), contents(theirs)))
    return found


def runs_there(path: Path) -> bool:
    hook = HOOKS[compiled(path)[1].type]
    return hook.test_run and hook.has_packet


RUN_THERE = [path for path in SOURCES if runs_there(path)]


@pytest.mark.parametrize("path", RUN_THERE, ids=name_of)
def test_a_tutorial_gives_what_linux_gives(linux: None, path: Path) -> None:
    assert differences(path) == []


def test_there_are_enough_of_them() -> None:
    assert len(RUN_THERE) >= 30


WORD = 8  # bytes
NO_PACKET: dict[str, tuple[dict[str, int], int]] = {  # context, return value
    "kprobe_open": ({"di": 3}, 0),
    "exec_events": ({"id": 59}, 0),
    "raw_syscalls": ({"args[1]": 39}, 0),
    "connect_redirect": ({"user_ip4": 0x01020304, "user_port": 0x5000}, 1),
    "device_guard": ({"access_type": 2 << 16 | 2, "major": 1, "minor": 3}, 1),
    "profiler": ({"addr": 0x401234, "sample_period": 5000}, 1),
}


@pytest.mark.parametrize("name", NO_PACKET)
def test_a_tutorial_without_packets_runs_here(linux: None, name: str) -> None:
    made, program = compiled(FOLDER / f"{name}.c")
    assert lab.linux.verify(program).accepted
    context, answer = NO_PACKET[name]
    maps = lab.maps(made)
    for _ in range(2):
        run = lab.run(program, ctx=context, maps=maps)
        assert run.retval == answer
    check = CHECKS.get(name)
    if check:
        check(run, maps)


def two_opens(run: lab.Run, maps: Maps) -> None:
    assert maps["opens"][1234] == (2).to_bytes(8, "little")


def who_it_was(run: lab.Run, maps: Maps) -> None:
    (event,) = run.events
    who = (1234).to_bytes(4, "little") + (1000).to_bytes(4, "little")
    assert event.data == who + b"ebpflab".ljust(16, b"\0")


def two_calls(run: lab.Run, maps: Maps) -> None:
    assert maps["calls"][39] == [(2).to_bytes(8, "little"), bytes(8)]


def elsewhere(run: lab.Run, maps: Maps) -> None:
    assert run.ctx[4:8] == bytes([127, 0, 0, 1])
    assert run.ctx[24:26] == (8080).to_bytes(2, "big")


def one_page(run: lab.Run, maps: Maps) -> None:
    assert maps["hits"][0x401000] == (2).to_bytes(8, "little")


CHECKS = {
    "kprobe_open": two_opens,
    "exec_events": who_it_was,
    "raw_syscalls": two_calls,
    "connect_redirect": elsewhere,
    "profiler": one_page,
}


def test_a_raw_tracepoint_runs_there_too(linux: None) -> None:
    made, program = compiled(FOLDER / "raw_syscalls.c")
    context = b"".join(n.to_bytes(WORD, "little") for n in (0, 39, 0))
    with kernel_maps(FOLDER / "raw_syscalls.c", made) as maps:
        lab.linux.run(program, ctx=context, maps=maps)
        there = contents(maps)
    ours = lab.maps(made)
    lab.run(program, ctx=context, maps=ours)
    assert contents(ours) == there


def test_a_wrong_instruction_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted error: the interpreter's byte swaps change nothing."""
    monkeypatch.setattr(actions, "_swap", lambda insn: lambda machine: None)
    assert differences(FOLDER / "ttl_router.c", "interpreter") == []
    assert differences(FOLDER / "vlan_tag.c", "interpreter") == []
    assert differences(FOLDER / "port_firewall.c", "interpreter") != []
