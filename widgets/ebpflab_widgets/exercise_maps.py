"""The exercises about maps: what is kept where, and what userspace hears of it.

One function an exercise, as in `exercise_programs.py`: it returns how many things it
tried, or raises the first `Mistake`. A map is judged by what it does with keys and
values, not by its name.
"""

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from ebpflab import EbpfLabError, MapError, MapSpec, Object, Program, maps, run
from ebpflab_widgets.exercise_programs import Mistake, echo

SENDER = slice(26, 30)  # of an IPv4 packet with its Ethernet header
MANY = 997  # clients: more than a small map holds
FIRST = 4  # of them: clients 1 to 3 came before, which makes 1,000
BATCH = 150  # packets between two reads: their records fit into 4,096 bytes


# ---- choose-the-map ------------------------------------------------------------


def choose_the_map(answer: Object) -> int:
    """Five needs, five maps: each does what its need asks for."""
    for name, need in NEEDS.items():
        spec = answer.maps.get(name)
        if spec is None:
            found = ", ".join(answer.maps) or "-"
            raise Mistake("choose-no-map", name=name, found=found)
        need(made(spec))
    return len(NEEDS)


def made(spec: MapSpec) -> Any:
    """Make one live map; that Linux would refuse it is a mistake too."""
    try:
        return maps(Object({}, {spec.name: spec}))[spec.name]
    except MapError as error:
        values = {"name": spec.name, "type": spec.type, "why": error.problem}
        raise Mistake("choose-cannot-be", **values) from error


def attempt(live: Any, row: str, action: Callable[[], Any]) -> Any:
    """Do something with a map; what the map refuses is the mistake `row`."""
    try:
        return action()
    except (EbpfLabError, AttributeError) as error:
        why = error.problem if isinstance(error, EbpfLabError) else live.type
        raise Mistake(row, type=live.type, why=why) from error


def prefix(text: str) -> bytes:
    """Return the key of a prefix: its length, then the address."""
    network = ip_network(text)
    return struct.pack("<I", network.prefixlen) + network.network_address.packed


def need_blocked(live: Any) -> None:
    """An address finds the narrowest network that it is in."""

    def try_it() -> list[Any]:
        live.update(prefix("10.0.0.0/8"), b"\1")
        live.update(prefix("10.1.0.0/16"), b"\2")
        asked = ("10.1.2.3/32", "10.7.7.7/32", "192.168.0.1/32")
        return [live.lookup(prefix(address)) for address in asked]

    found = attempt(live, "choose-blocked", try_it)
    if found != [b"\2", b"\1", None]:
        raise Mistake("choose-blocked", type=live.type, why="10.1.2.3: -")


def need_recent(live: Any) -> None:
    """A fifth client is taken in, and who was used meanwhile stays."""

    def try_it() -> list[bool]:
        for client in (1, 2, 3, 4):
            live.update(client.to_bytes(4, "little"), bytes(8))
        live.find((1).to_bytes(4, "little"))  # as a program looks
        live.update((5).to_bytes(4, "little"), bytes(8))
        return [client.to_bytes(4, "little") in live for client in (1, 5)]

    if not all(attempt(live, "choose-recent", try_it)):
        raise Mistake("choose-recent", type=live.type, why="-")


def need_hits(live: Any) -> None:
    """Each CPU has a value of its own."""
    value = attempt(live, "choose-hits", lambda: live.lookup(bytes(4)))
    if not isinstance(value, list):
        raise Mistake("choose-hits", type=live.type, why="-")


def need_jobs(live: Any) -> None:
    """What came first goes first."""

    def try_it() -> list[int]:
        for job in (1, 2, 3, 4):
            live.push(job.to_bytes(4, "little"))
        return [int.from_bytes(live.pop(), "little") for _ in range(4)]

    order = attempt(live, "choose-jobs", try_it)
    if order == [4, 3, 2, 1]:
        raise Mistake("choose-jobs-newest", type=live.type)
    if order != [1, 2, 3, 4]:
        raise Mistake("choose-jobs", type=live.type, why=str(order))


def need_events(live: Any) -> None:
    """Records of all CPUs, in one order. (Only one type gives it.)"""
    if live.type == "perf_event_array":
        raise Mistake("choose-events-by-cpu")
    if live.type != "ringbuf":
        raise Mistake("choose-events", type=live.type)


NEEDS: dict[str, Callable[[Any], None]] = {
    "blocked": need_blocked,
    "recent": need_recent,
    "hits": need_hits,
    "jobs": need_jobs,
    "events": need_events,
}


# ---- tell-once -----------------------------------------------------------------


def tell_once(answer: Object) -> int:
    """Userspace hears of each client at its first packet, and not again."""
    program = cgroup_program(answer)
    if "news" not in answer.maps or answer.maps["news"].type != "ringbuf":
        raise Mistake("tell-no-news", found=", ".join(answer.maps) or "-")
    live: Any = maps(answer)
    heard: list[bytes] = []
    first = (1, 2, 1, 3, 2, 1)
    for number, client in enumerate(first, 1):
        packet = packet_of(client)
        ran = run(program, packet, maps=live)
        assert not isinstance(ran, Sequence)
        if ran.retval != 1:
            raise Mistake("tell-verdict", given=ran.retval)
        news = [event.data for event in live["news"].read()]
        judge_news(news, packet, number, heard)
        heard += news
    return len(first) + many_clients(program, live)


def judge_news(
    news: list[bytes], packet: bytes, number: int, heard: list[bytes]
) -> None:
    """Judge what one packet made userspace hear."""
    address = packet[SENDER]
    told = str(ip_address(address))
    if address in heard:
        if news:
            raise Mistake("tell-again", number=number, client=told)
    elif not news:
        raise Mistake("tell-nothing", number=number, client=told)
    elif news != [address]:
        found = ", ".join(record.hex(" ") for record in news)
        wanted = address.hex(" ")
        raise Mistake("tell-other", found=found, wanted=wanted, client=told)


def many_clients(program: Program, live: Any) -> int:
    """Many clients come, twice each; return how many packets that is."""
    packets = [packet_of(client) for client in range(FIRST, FIRST + MANY)] * 2
    told: Counter[bytes] = Counter()
    for start in range(0, len(packets), BATCH):
        run(program, packets[start : start + BATCH], maps=live)
        told.update(event.data for event in live["news"].read())
    if missed := MANY - len(told):
        raise Mistake("tell-missed", count=missed, clients=MANY)
    if again := sum(count > 1 for count in told.values()):
        raise Mistake("tell-forgets", count=again, clients=MANY)
    return len(packets)


def packet_of(client: int) -> bytes:
    """Make a ping from one of many clients, 10.0.0.0/8."""
    address = ip_address((10 << 24) + client).packed
    request = echo(8)
    return request[: SENDER.start] + address + request[SENDER.stop :]


def cgroup_program(answer: Object) -> Program:
    """Return the one cgroup_skb program of an answer."""
    programs = list(answer.programs.values())
    if len(programs) != 1 or programs[0].type != "cgroup_skb":
        kinds = ", ".join(f"{p.name} ({p.type})" for p in programs) or "-"
        raise Mistake("exercise-one-cgroup-program", found=kinds)
    return programs[0]


EXERCISES: dict[str, Callable[[Object], int]] = {
    "choose-the-map": choose_the_map,
    "tell-once": tell_once,
}
