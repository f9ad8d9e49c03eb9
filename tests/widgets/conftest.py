"""Timelines that the tests of the views step through, made by hand.

`talk_program` is the program of the talk (the run that the kit's first lesson shows);
`loop` runs as long as one likes; `with_calls` has call frames. They stand here so that
the views can be tested without the engine.
"""

import pytest

from ebpflab.timeline import (
    Change,
    Effect,
    Field,
    Line,
    Outcome,
    Region,
    Step,
    Test,
    Timeline,
)

STACK, CTX, PACKET, MAP = 1, 2, 3, 4
STACK_SIZE = 512
CLOCK_NS = 8113204551920

SOURCE = """\
SEC("xdp")
int xdp_sample_prog(struct xdp_md *ctx)
{
  void *data_end = (void *)(long)ctx->data_end;
  void *data = (void *)(long)ctx->data;
  struct event metadata = {};
  __u16 sample_size; __u64 flags;

  if (data >= data_end)
    return XDP_DROP;
  metadata.pkt_len = (__u16)(data_end - data);
  metadata.time = bpf_ktime_get_ns();
  sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
  flags = BPF_F_CURRENT_CPU
        | (__u64)sample_size << 32;
  bpf_perf_event_output(ctx, &my_map, flags,
        &metadata, sizeof(metadata));
  return XDP_PASS;
}"""

# pc, C line, text, kind, target
LISTING = [
    (0, 2, "r6 = r1", "alu", None),
    (1, 4, "r1 = *(u32 *)(r6 +4)", "memory", None),
    (2, 5, "r2 = *(u32 *)(r6 +0)", "memory", None),
    (3, 5, "r3 = 0", "alu", None),
    (4, 6, "*(u64 *)(r10 -8) = r3", "memory", None),
    (5, 6, "w0 = 1", "alu", None),
    (6, 9, "if r2 >= r1 goto pc+23", "branch", 30),
    (7, 11, "w1 -= w2", "alu", None),
    (8, 11, "w2 = w1", "alu", None),
    (9, 11, "w2 &= 65535", "alu", None),
    (10, 11, "w7 = w1", "alu", None),
    (11, 13, "if w2 < 64 goto pc+1", "branch", 13),
    (12, 13, "w7 = 64", "alu", None),
    (13, 11, "*(u16 *)(r10 -8) = r1", "memory", None),
    (14, 12, "call bpf_ktime_get_ns#5", "call", None),
    (15, 12, "*(u64 *)(r10 -16) = r0", "memory", None),
    (16, 14, "w7 &= 65535", "alu", None),
    (17, 14, "r7 <<= 32", "alu", None),
    (18, 14, "r1 = 0xffffffff ll", "alu", None),
    (20, 14, "r7 |= r1", "alu", None),
    (21, 16, "r4 = r10", "alu", None),
    (22, 16, "r4 += -16", "alu", None),
    (23, 16, "r1 = r6", "alu", None),
    (24, 16, "r2 = my_map ll", "alu", None),
    (26, 16, "r3 = r7", "alu", None),
    (27, 16, "r5 = 16", "alu", None),
    (28, 16, "call bpf_perf_event_output#25", "call", None),
    (29, 18, "w0 = 2", "alu", None),
    (30, 18, "exit", "exit", None),
]

PACKETS = {
    74: "0242ac1100020242ac11000308004500003c1c46400040060a740a0000010a000002d4310050"
    "19f2c4e600000000a002faf0b2e10000020405b40402080a1f3b6ac20000000001030307",
    60: "0242ac1100020242ac1100030800450000281c46400040060a870a0000010a000002d4310050"
    "19f2c4e77b3e11095010faf0417a0000000000000000",
}

# group, name, offset, size, text
HEADERS = [
    ("Ethernet", "dst", 0, 6, ""),
    ("Ethernet", "src", 6, 6, ""),
    ("Ethernet", "type", 12, 2, "IPv4"),
    ("IPv4", "ver·ihl", 14, 1, ""),
    ("IPv4", "tos", 15, 1, ""),
    ("IPv4", "length", 16, 2, ""),
    ("IPv4", "id", 18, 2, ""),
    ("IPv4", "flags", 20, 2, ""),
    ("IPv4", "ttl", 22, 1, "64"),
    ("IPv4", "proto", 23, 1, "TCP"),
    ("IPv4", "csum", 24, 2, ""),
    ("IPv4", "src", 26, 4, "10.0.0.1"),
    ("IPv4", "dst", 30, 4, "10.0.0.2"),
    ("TCP", "sport", 34, 2, "54321"),
    ("TCP", "dport", 36, 2, "80"),
    ("TCP", "seq", 38, 4, ""),
    ("TCP", "ack", 42, 4, ""),
    ("TCP", "off", 46, 1, ""),
    ("TCP", "flags", 47, 1, "SYN"),
    ("TCP", "window", 48, 2, "64240"),
    ("TCP", "csum", 50, 2, ""),
    ("TCP", "urg", 52, 2, ""),
]


def at(region: int, offset: int) -> str:
    """Spell an address as the engine does."""
    return hex(region << 32 | offset)


def little(value: int, size: int) -> str:
    return value.to_bytes(size, "little").hex()


class Recorder:
    """Collects steps, keeping the old values by itself."""

    def __init__(self, start: dict[str, str]) -> None:
        self.now: dict[str, str | None] = dict(start)
        self.steps: list[Step] = []

    def add(self, pc: int, *changes: tuple[str, str | None], **more: object) -> None:
        made = []
        for slot, new in changes:
            made.append(Change(slot, self.old(slot, new), new))
            self.now[slot] = None if "/" in slot else new
        steps = self.steps
        values = {"frame": 0, **more}
        steps.append(Step(len(steps) - 1, pc=pc, changes=tuple(made), **values))

    def old(self, slot: str, new: str | None) -> str | None:
        if "+" not in slot:
            return self.now.get(slot)
        known = self.now.get(slot)
        size = len(new or "")
        if known is None:
            return "??" * (size // 2)
        return known[:size]


def talk_program(length: int = 74) -> Timeline:
    """Return the talk's program on one of its two packets."""
    packet, long = PACKETS[length], length >= 64
    size = 64 if long else length
    run = Recorder({"r1": at(CTX, 0), "r10": at(STACK, STACK_SIZE)})
    add = run.add
    add(0, ("r6", at(CTX, 0)), reads=("r1",), pointers=("r6",))
    add(1, ("r1", at(PACKET, length)), reads=("r6", "ctx+4:4"), pointers=("r1",))
    add(2, ("r2", at(PACKET, 0)), reads=("r6", "ctx+0:4"), pointers=("r2",))
    add(3, ("r3", "0x0"))
    add(4, ("stack+504", little(0, 8)), reads=("r3", "r10"))
    add(5, ("r0", "0x1"))
    test = Test("r2", at(PACKET, 0), ">=", "r1", at(PACKET, length), False, 30, 7)
    add(6, reads=("r2", "r1"), test=test)
    add(7, ("r1", hex(length)), reads=("r1", "r2"))
    add(8, ("r2", hex(length)), reads=("r1",))
    add(9, ("r2", hex(length)), reads=("r2",))
    add(10, ("r7", hex(length)), reads=("r1",))
    test = Test("w2", hex(length), "<", "", "0x40", not long, 13, 12 if long else 13)
    add(11, reads=("r2",), test=test)
    if long:
        add(12, ("r7", "0x40"))
    add(13, ("stack+504", little(length, 2)), reads=("r1", "r10"))
    lost = [(f"r{n}", None) for n in range(1, 4)]
    add(14, ("r0", hex(CLOCK_NS)), *lost, effect=Effect("effect-clock"))
    add(15, ("stack+496", little(CLOCK_NS, 8)), reads=("r0", "r10"))
    add(16, ("r7", hex(size)), reads=("r7",))
    add(17, ("r7", hex(size << 32)), reads=("r7",))
    add(18, ("r1", "0xffffffff"))
    add(20, ("r7", hex(size << 32 | 0xFFFFFFFF)), reads=("r7", "r1"))
    add(21, ("r4", at(STACK, 512)), reads=("r10",), pointers=("r4",))
    add(22, ("r4", at(STACK, 496)), reads=("r4",), pointers=("r4",))
    add(23, ("r1", at(CTX, 0)), reads=("r6",), pointers=("r1",))
    add(24, ("r2", at(MAP, 0)), pointers=("r2",))
    add(26, ("r3", hex(size << 32 | 0xFFFFFFFF)), reads=("r7",))
    add(27, ("r5", "0x10"))
    record = little(CLOCK_NS, 8) + little(length, 2) + "00" * 6 + packet[: 2 * size]
    lost = [(f"r{n}", None) for n in range(1, 6)]
    add(
        28,
        ("r0", "0x0"),
        *lost,
        ("my_map/cpu0", record),
        reads=("r1", "r2", "r3", "r4", "r5", "stack+496:16", f"packet+0:{size}"),
        effect=Effect("effect-output", {"size": 16, "appended": size, "map": "my_map"}),
    )
    add(29, ("r0", "0x2"))
    add(30, reads=("r0",))
    return Timeline(
        title="xdp_sample_prog",
        type="xdp",
        listing=tuple(Line(pc, text, line, to, k) for pc, line, text, k, to in LISTING),
        steps=tuple(run.steps),
        regions=(
            Region(STACK, "stack", "stack", STACK_SIZE),
            Region(CTX, "ctx", "ctx", 24, "00" * 24),
            Region(PACKET, "packet", "packet", length, packet),
            Region(MAP, "my_map", "map", 0, detail="perf_event_array"),
        ),
        fields=(
            *(
                Field("packet", g, n, o, s, t)
                for g, n, o, s, t in HEADERS
                if o + s <= length
            ),
            Field("stack", "metadata", "time", 496, 8),
            Field("stack", "metadata", "pkt_len", 504, 2),
            Field("my_map/cpu0", "event", "time", 0, 8),
            Field("my_map/cpu0", "event", "pkt_len", 8, 2),
        ),
        source=SOURCE,
        source_name="xdp_sample.c",
        start=(
            Change("r1", None, at(CTX, 0)),
            Change("r10", None, at(STACK, STACK_SIZE)),
        ),
        start_pointers=("r1", "r10"),
        outcome=Outcome("0x2", "XDP_PASS"),
    )


def loop(steps: int) -> Timeline:
    """Return a loop that adds, stores and tests, `steps` instructions long."""
    run = Recorder({"r1": at(CTX, 0), "r10": at(STACK, STACK_SIZE)})
    run.add(0, ("r0", "0x0"))
    while len(run.steps) < steps - 1:
        total = len(run.steps) // 3 + 1
        run.add(1, ("r0", hex(total)), reads=("r0",))
        run.add(2, ("stack+504", little(total, 8)), reads=("r0", "r10"))
        goes_on = len(run.steps) < steps - 2
        test = Test("r0", hex(total), "<", "", hex(steps), goes_on, 1, 3 - 2 * goes_on)
        run.add(3, reads=("r0",), test=test)
    run.add(4, reads=("r0",))
    listing = (
        Line(0, "r0 = 0", 1),
        Line(1, "r0 += 1", 2),
        Line(2, "*(u64 *)(r10 -8) = r0", 3, None, "memory"),
        Line(3, f"if r0 < {steps} goto pc-3", 2, 1, "branch"),
        Line(4, "exit", 4, None, "exit"),
    )
    return Timeline(
        title="count",
        type="raw",
        listing=listing,
        steps=tuple(run.steps),
        regions=(Region(STACK, "stack", "stack", STACK_SIZE),),
        source="long n = 0;\ndo n++;\n  keep(n);\nreturn n;",
        start=(Change("r10", None, at(STACK, STACK_SIZE)),),
        start_pointers=("r10",),
        outcome=Outcome(hex(steps // 3)),
    )


def with_calls() -> Timeline:
    """Return a program that calls a function with a pointer into its own stack."""
    inner = 5
    run = Recorder({"r1": at(CTX, 0), "r10": at(STACK, STACK_SIZE)})
    run.add(0, ("r1", at(STACK, 512)), reads=("r10",), pointers=("r1",))
    run.add(1, ("r1", at(STACK, 496)), reads=("r1",), pointers=("r1",))
    run.add(2, ("r10", at(inner, 512)), reads=("r1",), pointers=("r10",))
    run.add(5, ("stack1+504", little(STACK << 32 | 496, 8)), reads=("r1", "r10"),
            frame=1, pointers=("stack1+504",))  # fmt: skip
    run.add(6, ("r0", hex(2**64 - 7)), frame=1)
    run.add(7, ("stack+496", little(2**64 - 7, 8)), reads=("r1", "r0"), frame=1)
    lost = [(f"r{n}", None) for n in (1,)]
    run.add(8, *lost, ("r10", at(STACK, 512)), frame=1, pointers=("r10",))
    test = Test("r0", hex(2**64 - 7), "s<", "", "0x0", True, 4, 4)
    run.add(3, reads=("r0",), test=test)
    run.add(4, reads=("r0",))
    listing = (
        Line(0, "r1 = r10"),
        Line(1, "r1 += -16"),
        Line(2, "call pc+2", 0, 5, "call"),
        Line(3, "if r0 s< 0 goto pc+0", 0, 4, "branch"),
        Line(4, "exit", 0, None, "exit"),
        Line(5, "*(u64 *)(r10 -8) = r1", 0, None, "memory"),
        Line(6, "r0 = -7"),
        Line(7, "*(u64 *)(r1 +0) = r0", 0, None, "memory"),
        Line(8, "exit", 0, None, "exit"),
    )
    return Timeline(
        title="with_calls",
        type="raw",
        listing=listing,
        steps=tuple(run.steps),
        regions=(
            Region(STACK, "stack", "stack", STACK_SIZE),
            Region(inner, "stack1", "stack", STACK_SIZE),
        ),
        start=(Change("r10", None, at(STACK, STACK_SIZE)),),
        start_pointers=("r10",),
        outcome=Outcome(hex(2**64 - 7)),
    )


@pytest.fixture(scope="session")
def timelines() -> dict[str, Timeline]:
    """Return the made timelines by name."""
    return {
        "talk": talk_program(),
        "short": talk_program(60),
        "calls": with_calls(),
        "loop": loop(211),  # more than the tape has cells
    }
