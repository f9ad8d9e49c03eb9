"""Values for the arguments of helpers: how a program comes by each.

A value is a piece of text: lines that make it (perhaps with calls of other helpers),
and lines that put it into its register. Which are right for which kind of argument
stands in a table.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.helpers import Kind
from ebpflab.program import MapSpec

RDONLY = 0x80
TEXT = {bytes(4): b"value %d of %s\0".ljust(32, b"\0")}
MAPS = (
    MapSpec("hash", 4, 32, 8, name="h"),
    MapSpec("array", 4, 32, 4, name="a"),
    MapSpec("percpu_array", 4, 32, 4, name="pa"),
    MapSpec("lru_hash", 4, 32, 4, name="lh"),
    MapSpec("prog_array", 4, 4, 4, name="progs"),
    MapSpec("perf_event_array", 4, 4, 2, name="perf"),
    MapSpec("stack_trace", 4, 80, 4, name="st"),
    MapSpec("cgroup_array", 4, 4, 2, name="cg"),
    MapSpec("devmap", 4, 4, 4, name="dm"),
    MapSpec("cpumap", 4, 4, 2, name="cm"),
    MapSpec("xskmap", 4, 4, 4, name="xm"),
    MapSpec("sockmap", 4, 4, 4, name="sm"),
    MapSpec("sockhash", 4, 4, 4, name="sh"),
    MapSpec("reuseport_sockarray", 4, 4, 4, name="rs"),
    MapSpec("queue", 0, 8, 4, name="q"),
    MapSpec("bloom_filter", 0, 8, 4, name="bf"),
    MapSpec("ringbuf", 0, 0, 4096, name="rb"),
    MapSpec("user_ringbuf", 0, 0, 4096, name="ur"),
    MapSpec("array", 4, 32, 1, name="txt", flags=RDONLY, init=TEXT, frozen=True),
    MapSpec("percpu_hash", 4, 32, 4, name="ph"),
)
PLAIN_MAPS = ("h", "a", "pa", "lh")
SEEING_PACKETS = {"xdp": (0, 4), "sched_cls": (76, 80), "cgroup_skb": (76, 80)}
SEEING_PACKETS |= {"sched_act": (76, 80), "lwt_in": (76, 80), "sk_skb": (76, 80)}
ZEROED = range(-128, -63, 8)  # offsets of words that are initialized


@dataclass
class Writer:
    """Writes one program."""

    random: random.Random
    type: str
    lines: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    slot: int = -136  # where the next made value is kept
    labels: int = 0
    dynptr: int = -400

    def kept(self, *lines: str, null_check: bool = True) -> str:
        """Make a value with a call, keep it on the stack, return where."""
        self.slot -= 8
        self.lines += lines
        if null_check:
            self.lines.append("if r0 == 0 goto OUT")
        self.lines.append(f"*(u64 *)(r10 {self.slot}) = r0")
        return f"*(u64 *)(r10 {self.slot})"

    def lookup(self, map: str, check: bool) -> str:
        return self.kept(
            "*(u32 *)(r10 -8) = 1",
            "r2 = r10",
            "r2 += -8",
            f"r1 = {map} ll",
            "call bpf_map_lookup_elem",
            null_check=check,
        )

    def packet(self) -> list[str]:
        """Lines that leave the packet in r8, checked for 32 bytes, its end in r9."""
        offsets = SEEING_PACKETS.get(self.type)
        if offsets is None:
            return ["r8 = r6", "r9 = r6"]
        data, end = offsets
        return [
            f"r8 = *(u32 *)(r6 +{data})",
            f"r9 = *(u32 *)(r6 +{end})",
            "r1 = r8",
            "r1 += 32",
            "if r1 > r9 goto OUT",
        ]


# ---- values: each gives the lines that put it into register N -----------------------


def number(w: Writer, to: str) -> list[str]:
    return [f"{to} = {w.random.choice([0, 0, 1, 2, 4, 8, 16, 20, 32, 33, 40, 64])}"]


def odd_number(w: Writer, to: str) -> list[str]:
    return [f"{to} = {w.random.choice([-1, 4096, 600, 1 << 29, 0x7FFFFFFF, 3])}"]


def unknown(w: Writer, to: str) -> list[str]:
    mask = w.random.choice(["", f"{to} &= 15", f"{to} &= 63", f"{to} s>>= 60"])
    least = w.random.choice(["", f"{to} |= 1", f"{to} += 1"])
    return [f"{to} = r7", *filter(None, [mask, least])]


def stack(w: Writer, to: str) -> list[str]:
    at = w.random.choice(ZEROED)
    return [f"{to} = r10", f"{to} += {at}"]


def odd_stack(w: Writer, to: str) -> list[str]:
    at = w.random.choice([-8, -4, -3, -16, -300, -512, -520, 8, 0, -71])
    moved = [f"{to} = r10", f"{to} += {at}"]
    if w.random.random() < 0.2:
        w.lines += ["r1 = r7", "r1 &= 8", "r2 = r10", "r2 += -80", "r2 += r1"]
        w.slot -= 8
        w.lines.append(f"*(u64 *)(r10 {w.slot}) = r2")
        return [f"{to} = *(u64 *)(r10 {w.slot})"]
    return moved


def context(w: Writer, to: str) -> list[str]:
    return [f"{to} = r6"]


def moved_context(w: Writer, to: str) -> list[str]:
    return [f"{to} = r6", f"{to} += {w.random.choice([4, -4, 8])}"]


def map_value(w: Writer, to: str) -> list[str]:
    place = w.lookup(w.random.choice(PLAIN_MAPS), True)
    moved = w.random.choice([0, 0, 0, 4, 24, 32, -4])
    return [f"{to} = {place}", *([f"{to} += {moved}"] if moved else [])]


def maybe_value(w: Writer, to: str) -> list[str]:
    return [f"{to} = {w.lookup(w.random.choice('ha'), False)}"]


def text(w: Writer, to: str) -> list[str]:
    at = w.random.choice([0, 0, 0, 0, 4, 31, 32])
    return [f"{to} = txt[0]+{at} ll"]


def any_map(w: Writer, to: str) -> list[str]:
    return [f"{to} = {w.random.choice(MAPS).name} ll"]


def packet(w: Writer, to: str) -> list[str]:
    moved = w.random.choice([0, 0, 4, 14, 32, -1])
    return [f"{to} = r8", *([f"{to} += {moved}"] if moved else [])]


def packet_end(w: Writer, to: str) -> list[str]:
    return [f"{to} = r9"]


def socket(w: Writer, to: str) -> list[str]:
    name = w.random.choice(["sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp"])
    place = w.kept(
        "r1 = r6",
        "r2 = r10",
        "r2 += -128",
        "r3 = 12",
        "r4 = 0",
        "r5 = 0",
        f"call bpf_{name}",
        null_check=w.random.random() < 0.9,
    )
    if w.random.random() < 0.8:
        w.after += [f"r1 = {place}", "call bpf_sk_release"]
    if w.random.random() < 0.2:
        other = w.random.choice(["tcp_sock", "sk_fullsock", "get_listener_sock"])
        place = w.kept(f"r1 = {place}", f"call bpf_{other}")
    return [f"{to} = {place}"]


def record(w: Writer, to: str) -> list[str]:
    size = w.random.choice([8, 16, 64])
    lines = ["r1 = rb ll", f"r2 = {size}", "r3 = 0", "call bpf_ringbuf_reserve"]
    place = w.kept(*lines, null_check=w.random.random() < 0.9)
    if w.random.random() < 0.7:
        w.after += [f"r1 = {place}", "r2 = 0", "call bpf_ringbuf_discard"]
    moved = w.random.choice([0, 0, 0, 0, 8, -8])
    return [f"{to} = {place}", *([f"{to} += {moved}"] if moved else [])]


def task(w: Writer, to: str) -> list[str]:
    place = w.kept("call bpf_get_current_task_btf", null_check=False)
    return [f"{to} = {place}"]


def dynptr(w: Writer, to: str) -> list[str]:
    w.dynptr += 16
    at = w.dynptr
    if w.random.random() < 0.5:
        place = w.lookup("h", True)
        w.lines += [f"r1 = {place}", "r2 = 16", "r3 = 0", "r4 = r10", f"r4 += {at}"]
        w.lines.append("call bpf_dynptr_from_mem")
    else:
        w.lines += ["r1 = rb ll", "r2 = 16", "r3 = 0", "r4 = r10", f"r4 += {at}"]
        w.lines.append("call bpf_ringbuf_reserve_dynptr")
        w.after += ["r1 = r10", f"r1 += {at}", "r2 = 0"]
        w.after.append("call bpf_ringbuf_discard_dynptr")
    moved = w.random.choice([0, 0, 0, 0, 0, 0, 8, 4, -16])
    return [f"{to} = r10", f"{to} += {at + moved}"]


def nothing(w: Writer, to: str) -> list[str]:
    return []


Value = Callable[[Writer, str], list[str]]
VALUES: tuple[Value, ...] = (
    *(number, odd_number, unknown, stack, odd_stack, context, moved_context),
    *(map_value, maybe_value, text, any_map, packet, packet_end, socket, record),
    *(task, dynptr, nothing),
)
MEMORY = (stack, stack, stack, map_value, odd_stack, packet, record, text, task)
RIGHT = {
    Kind.ANYTHING: (number, unknown),
    Kind.PTR_TO_CTX: (context,),
    Kind.PTR_TO_MAP_KEY: MEMORY,
    Kind.PTR_TO_MAP_VALUE: MEMORY,
    Kind.PTR_TO_MEM: MEMORY,
    Kind.CONST_SIZE: (number, number, unknown, odd_number),
    Kind.CONST_SIZE_OR_ZERO: (number, number, unknown, odd_number),
    Kind.CONST_ALLOC_SIZE_OR_ZERO: (number, number, unknown),
    Kind.PTR_TO_CONST_STR: (text, text, map_value),
    Kind.PTR_TO_RINGBUF_MEM: (record,),
    Kind.PTR_TO_SPIN_LOCK: (map_value, text),
    Kind.PTR_TO_TIMER: (map_value, text),
    Kind.PTR_TO_DYNPTR: (dynptr, dynptr, dynptr, stack),
    Kind.PTR_TO_SOCKET: (socket,),
    Kind.PTR_TO_SOCK_COMMON: (socket,),
    Kind.PTR_TO_BTF_ID_SOCK_COMMON: (socket,),
    Kind.PTR_TO_BTF_ID: (task,),
}
