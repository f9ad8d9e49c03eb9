"""What map values hold for the kernel: which maps Linux makes of which types.

The types are written here, so that the writer is tested with them: Linux reads them.
"""

from collections.abc import Iterator

import pytest

from ebpflab.btf import Btf, BtfWriter, Kind
from ebpflab.btf.records import record_of, type_record
from ebpflab.btf.special import KPTRS, SIZES, Special
from ebpflab.errors import LinuxError
from ebpflab.linux.livemap import LiveMap
from ebpflab.program import MapSpec

MAP_TYPES = (
    *("hash", "array", "lru_hash"),
    *("percpu_hash", "percpu_array", "lru_percpu_hash"),
)
STRUCTURES = [kind for kind in Special if kind not in KPTRS]
TARGETS = (
    *("task_struct", "cgroup", "bpf_cpumask", "sk_buff", "mystruct", "sock", "file"),
    "bpf_crypto_ctx",
)
TAGS = (*(kind.value for kind in KPTRS), "other", "user")


class Types(BtfWriter):
    """Types with every special structure among them."""

    def __init__(self) -> None:
        super().__init__()
        self.u32, self.u64 = self.integer("u32", 4), self.integer("u64", 8)
        self.special = {kind: self._structure(kind) for kind in STRUCTURES}

    def _structure(self, kind: Special) -> int:
        size = SIZES[kind][0]
        words = [(f"w{i}", self.u64) for i in range(size // 8)] or [("w", self.u32)]
        return self.struct(kind.value, words)

    def part(self, kind: Special) -> int:
        if kind in KPTRS:
            return self.kptr(kind.value, "task_struct")
        return self.special[kind]

    def kptr(self, tag: str, name: str) -> int:
        target = self.struct(name, [("a", self.u64)])
        return self.pointer(self.alias(Kind.TYPE_TAG, tag, target))

    def spec(self, value: int, type: str = "hash", flags: int = 0) -> MapSpec:
        size = Btf.parse(self.raw).size_of(value)
        kinds = {"btf": self.raw, "key_type": self.u32, "value_type": value}
        return MapSpec(type, 4, size, 1, name="m", flags=flags, **kinds)


def alone(kind: Special) -> Iterator[MapSpec]:
    """One part in a value: in each map, nested, in an array, behind a typedef ..."""
    for type in MAP_TYPES:
        made = Types()
        value = made.struct("v", [("x", made.u64), ("f", made.part(kind))])
        yield made.spec(value, type)
    for shape in ("read-only", "nested", "array", "union", "inside", "itself"):
        made = Types()
        part = made.part(kind)
        row, flags = ("f", part), 0
        if shape == "read-only":
            flags = 0x80
        elif shape == "nested":
            row = ("f", made.struct("in", [("y", made.u64), ("f", part)]))
        elif shape == "array":
            row = ("f", made.array(part, 3, made.u32))
        elif shape == "inside":
            row = ("f", part, 4)
        value = made.struct("v", [("x", made.u64), row])
        if shape == "union":
            value = made.union("v", [("x", made.u64), ("f", part)])
        yield made.spec(part if shape == "itself" else value, flags=flags)
    for alias in (Kind.TYPEDEF, Kind.CONST, Kind.VOLATILE):
        made = Types()
        other = made.alias(alias, "a" * (alias is Kind.TYPEDEF), made.part(kind))
        yield made.spec(made.struct("v", [("x", made.u64), ("f", other)]))


def together(kind: Special) -> Iterator[MapSpec]:
    """Two parts in one value."""
    for other in Special:
        if Special.REFCOUNT in (kind, other):
            continue  # two of them make Linux complain in its own log
        made = Types()
        parts = [("f", made.part(kind)), ("g", made.part(other), 64)]
        yield made.spec(made.struct("v", [("x", made.u64), *parts]))


def pointers(tag: str) -> Iterator[MapSpec]:
    for name in TARGETS:
        made = Types()
        yield made.spec(made.struct("v", [("f", made.kptr(tag, name))]))
    for count in (11, 12):
        made = Types()
        many = made.array(made.kptr(tag, "task_struct"), count, made.u32)
        yield made.spec(made.struct("v", [("f", many)]))
    made = Types()
    odd = made.pointer(made.alias(Kind.TYPE_TAG, tag, made.u64))
    yield made.spec(made.struct("v", [("f", odd)]))


def graphs() -> Iterator[MapSpec]:
    """Lists and trees: what they hold, and the lock beside them."""
    for lock in (Special.SPIN_LOCK, Special.RES_SPIN_LOCK, Special.TIMER):
        for root, node in (
            (Special.LIST_HEAD, Special.LIST_NODE),
            (Special.RB_ROOT, Special.RB_NODE),
        ):
            for said in ("node:link", "node:other", "nothing:link", "node"):
                made = Types()
                rows = [("d", made.u64), ("link", made.special[node])]
                made.struct("node", rows)
                parts = [("l", made.special[lock]), ("r", made.special[root])]
                value = made.struct("v", parts)
                made.tag(f"contains:{said}", value, 1)
                yield made.spec(value)


def answer(spec: MapSpec) -> int:
    try:
        LiveMap(spec).close()
    except LinuxError as error:
        return error.errno
    return 0


def wrong(specs: Iterator[MapSpec]) -> list[tuple[int, int]]:
    """Return Linux's errno and ours, where they are not the same."""
    pairs = ((answer(spec), record_of(spec).errno) for spec in specs)
    return [pair for pair in pairs if pair[0] != pair[1]]


@pytest.mark.parametrize("kind", Special, ids=lambda kind: kind.name)
def test_values_are_taken_as_by_linux(linux, kind: Special) -> None:
    assert wrong(alone(kind)) == []
    assert wrong(together(kind)) == []


@pytest.mark.parametrize("tag", TAGS)
def test_pointers_are_taken_as_by_linux(linux, tag: str) -> None:
    assert wrong(pointers(tag)) == []


def test_lists_and_trees_are_taken_as_by_linux(linux) -> None:
    assert wrong(graphs()) == []


def test_places_of_parts() -> None:
    made = Types()
    parts = [("lock", made.part(Special.SPIN_LOCK)), ("x", made.u64)]
    pair = made.array(made.kptr("kptr", "mystruct"), 2, made.u32)
    value = made.struct("v", [*parts, ("p", pair)])
    record = record_of(made.spec(value))
    found = [(field.kind, field.offset) for field in record.fields]
    assert found == [
        (Special.SPIN_LOCK, 0),
        (Special.KPTR_REF, 16),
        (Special.KPTR_REF, 24),
    ]
    assert [field.offset for field in record.touched(20, 25)] == [16, 24]
    assert record.at(16) is record.of(*KPTRS)
    assert not record_of(MapSpec("hash", 4, 8, 1))


def test_types_that_contain_themselves_are_refused() -> None:
    made = Types()
    following = made.struct("before", []) + 1
    assert made.struct("loop", [("a", following)], size=8) == following
    assert type_record(made.raw, following).errno


def test_what_is_written_is_read() -> None:
    made = Types()
    bits = made.struct("bits", [("a", made.u32, 0, 3), ("b", made.u32, 3, 13)])
    color = made.enum("color", [("RED", -1), ("BLUE", 7)])
    returns = made.prototype(made.u32, [("x", made.u64)])
    function = made.function("f", returns)
    variable = made.variable("v", color)
    section = made.section(".data", [(variable, 0, 4)])
    btf = Btf.parse(made.raw)
    sizes = [(m.name, m.bit_offset, m.bit_size) for m in btf.type(bits).members]
    assert sizes == [("a", 0, 3), ("b", 3, 13)]
    assert [m.value for m in btf.type(color).members] == [-1, 7]
    assert btf.type(btf.type(function).type).members[0].name == "x"
    assert btf.type(section).members[0].name == "v"
    assert btf.find("color", Kind.ENUM).id == color
