"""Programs that take objects, use them and give them back, made at random.

Records of a ring buffer, sockets, dynptrs and map values live in registers r6 to r9 and
in stack slots; statements take one, check it, copy it, read or write it, give it back,
overwrite it, jump. Most programs forget something.
"""

import random
from dataclasses import dataclass, field

from ebpflab.listing import assemble
from ebpflab.program import MapSpec, Program

MAPS = (
    MapSpec("hash", 4, 32, 8, name="h"),
    MapSpec("array", 4, 32, 4, name="a"),
    MapSpec("ringbuf", 0, 0, 4096, name="rb"),
    MapSpec("prog_array", 4, 4, 4, name="progs"),
    MapSpec("sockmap", 4, 4, 4, name="sm"),
    MapSpec("array_of_maps", 4, 4, 4, name="outer", inner=MapSpec("array", 4, 16, 4)),
)
TYPES = ("sched_cls", "xdp", "cgroup_skb", "sk_skb")
KEPT = (6, 7, 8, 9)
PLACES = (-8, -16, -24, -32)
DYNPTRS = (-64, -80, -96)


@dataclass
class Writer:
    """Writes one program, statement by statement."""

    random: random.Random
    lines: list[str] = field(default_factory=lambda: ["*(u64 *)(r10 -128) = r1"])
    open: list[str] = field(default_factory=list)
    labels: int = 0
    held: list[tuple[str, str]] = field(default_factory=list)  # kind, place

    def place(self) -> str:
        """Return a register or a stack slot for an object."""
        if self.random.random() < 0.6:
            return f"r{self.random.choice(KEPT)}"
        return f"*(u64 *)(r10 {self.random.choice(PLACES)})"

    def keep(self, kind: str) -> None:
        place = self.place()
        self.lines.append(f"{place} = r0")
        self.held.append((kind, place))

    def any(self, *kinds: str) -> str:
        """Return where an object of these kinds is; now and then any place."""
        fitting = [place for kind, place in self.held if kind in kinds]
        if fitting and self.random.random() < 0.9:
            return self.random.choice(fitting)
        return self.place()

    def label(self) -> str:
        if self.open and self.random.random() < 0.4:
            return self.random.choice(self.open)
        self.labels += 1
        self.open.append(f"L{self.labels}")
        return self.open[-1]

    # ---- statements ------------------------------------------------------------

    def reserve(self) -> None:
        size = self.random.choice([8, 16, 64])
        self.lines += ["r1 = rb ll", f"r2 = {size}", "r3 = 0"]
        self.lines.append("call bpf_ringbuf_reserve")
        self.checked("record")

    def checked(self, kind: str) -> None:
        """Keep r0, mostly checked, before or after it is kept."""
        when = self.random.random()
        if when < 0.5:
            self.lines.append(f"if r0 == 0 goto {self.label()}")
        self.keep(kind)
        if 0.5 <= when < 0.85:
            self.lines.append(f"r1 = {self.held[-1][1]}")
            self.lines.append(f"if r1 == 0 goto {self.label()}")

    def socket(self) -> None:
        name = self.random.choice(["sk_lookup_tcp", "skc_lookup_tcp"])
        self.lines += ["r1 = *(u64 *)(r10 -128)", "r2 = r10", "r2 += -120"]
        self.lines += ["r3 = 12", "r4 = 0", "r5 = 0", f"call bpf_{name}"]
        self.checked("socket")

    def cast(self) -> None:
        name = self.random.choice(["tcp_sock", "sk_fullsock", "skc_to_tcp_sock"])
        self.lines += [f"r1 = {self.any('socket')}", f"call bpf_{name}"]
        self.checked(self.random.choice(["socket", "cast"]))

    def lookup(self) -> None:
        map = self.random.choice(["h", "a", "h", "a", "sm", "outer"])
        self.lines += ["*(u32 *)(r10 -40) = 1", "r2 = r10", "r2 += -40"]
        self.lines += [f"r1 = {map} ll", "call bpf_map_lookup_elem"]
        self.checked({"sm": "socket", "outer": "map"}.get(map, "value"))

    def lookup_inside(self) -> None:
        self.lines += ["r2 = r10", "r2 += -40", f"r1 = {self.any('map')}"]
        self.lines.append("call bpf_map_lookup_elem")
        self.checked("value")

    def release(self) -> None:
        chosen = self.random.choice(self.held or [("record", "r6")])
        self.held = [one for one in self.held if one != chosen]
        kind, place = chosen
        if kind == "record":
            self.lines += [f"r1 = {place}", "r2 = 0", "call bpf_ringbuf_discard"]
        elif kind in ("socket", "cast"):
            self.lines += [f"r1 = {place}", "call bpf_sk_release"]

    def release_all(self) -> None:
        for kind, place in self.held:
            if kind == "record":
                lines = [f"r1 = {place}", "r2 = 0", "call bpf_ringbuf_submit"]
            elif kind == "socket":
                lines = [f"r1 = {place}", "call bpf_sk_release"]
            elif kind == "dynptr":
                lines = ["r1 = r10", f"r1 += {place}", "r2 = 0"]
                lines.append("call bpf_ringbuf_discard_dynptr")
            else:
                lines = []
            self.lines += lines if self.random.random() < 0.95 else []

    def use(self) -> None:
        self.lines.append(f"r1 = {self.any('record', 'value', 'slice', 'socket')}")
        off = self.random.choice([0, 0, 4, 8, 24])
        how = f"*(u32 *)(r1 +{off})"
        written = self.random.random() < 0.3
        self.lines.append(f"{how} = 1" if written else f"r2 = {how}")

    def copy(self) -> None:
        source, target = self.any("record", "value", "socket"), self.place()
        self.lines += [f"r1 = {source}", f"{target} = r1"]
        kinds = [kind for kind, place in self.held if place == source]
        self.held += [(kind, target) for kind in kinds if kind != "record"]

    def overwrite(self) -> None:
        at = self.random.choice([*PLACES, *DYNPTRS, -72])
        size = self.random.choice([8, 64, 64])
        self.lines.append(f"*(u{size} *)(r10 {at}) = 0")

    def dynptr(self) -> None:
        at = self.random.choice(DYNPTRS)
        if self.random.random() < 0.5:
            self.lines += ["r1 = rb ll", "r2 = 16", "r3 = 0", "r4 = r10"]
            self.lines += [f"r4 += {at}", "call bpf_ringbuf_reserve_dynptr"]
            self.held.append(("dynptr", str(at)))
        else:
            self.lines += [f"r1 = {self.any('value')}", "r2 = 16", "r3 = 0"]
            self.lines += ["r4 = r10", f"r4 += {at}", "call bpf_dynptr_from_mem"]
            self.held.append(("local", str(at)))

    def slice(self) -> None:
        places = [place for kind, place in self.held if kind in ("dynptr", "local")]
        at = self.random.choice(places or DYNPTRS)
        self.lines += ["r1 = r10", f"r1 += {at}", "r2 = 0", "r3 = 8"]
        self.lines.append("call bpf_dynptr_data")
        self.checked("slice")

    def jump(self) -> None:
        self.lines += ["call bpf_get_prandom_u32"]
        self.lines.append(f"if r0 > 7 goto {self.label()}")

    def land(self) -> None:
        if self.open:
            place = self.random.randrange(len(self.open))
            self.lines.append(f"{self.open.pop(place)}:")

    def fill(self) -> None:
        at = self.random.choice([-48, -40, -64, -96, -120])
        size = self.random.choice([8, 16, 4])
        self.lines += ["r1 = r10", f"r1 += {at}", f"r2 = {size}"]
        self.lines.append("call bpf_get_current_comm")

    def tail(self) -> None:
        self.lines += ["r1 = *(u64 *)(r10 -128)", "r2 = progs ll", "r3 = 1"]
        self.lines.append("call bpf_tail_call")


NEEDS = {  # a statement: what must be there for it, mostly
    Writer.use: ("record", "value", "slice", "socket"),
    Writer.copy: ("record", "value", "socket"),
    Writer.release: ("record", "socket", "cast"),
    Writer.cast: ("socket",),
    Writer.slice: ("dynptr", "local"),
    Writer.lookup_inside: ("map",),
}
STATEMENTS = (
    *(Writer.reserve, Writer.socket, Writer.lookup, Writer.lookup, Writer.dynptr),
    *(Writer.use, Writer.use, Writer.copy, Writer.release, Writer.release),
    *(Writer.overwrite, Writer.slice, Writer.jump, Writer.land, Writer.land),
    *(Writer.cast, Writer.fill, Writer.lookup_inside),
)


def sequence_program(seed: int, length: int = 8) -> Program:
    """Return a random program that handles objects."""
    chance = random.Random(f"sequence {seed}")
    w = Writer(chance)
    for number in KEPT:
        w.lines.append(f"r{number} = {number}")
    for _ in range(chance.randint(2, length)):
        statement = chance.choice(STATEMENTS)
        wanted = NEEDS.get(statement, ())
        there = not wanted or any(kind in wanted for kind, _ in w.held)
        if there or chance.random() < 0.05:
            statement(w)
    if chance.random() < 0.05:
        w.tail()
    if chance.random() < 0.5:
        w.lines += [f"{label}:" for label in w.open]
        w.open = []
    w.release_all()
    w.lines += [*(f"{label}:" for label in w.open), "r0 = 0", "exit"]
    text = "\n".join(w.lines)
    maps = [spec for spec in MAPS if f"{spec.name} ll" in text]
    return assemble(text, type=chance.choice(TYPES), maps=maps)
