"""Maps in the real kernel, listened to: what Python did, what others did meanwhile.

The oracle is the kernel's own contents: after each look, the rows that the journal's
changes add up to are those that the map holds.
"""

import random
from collections.abc import Iterator

import pytest

from ebpflab.errors import MapError
from ebpflab.linux.journal import KERNEL, cpus_of, journal, read_rows
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.rows import applied
from ebpflab.program import MapSpec

KEYS, MOVES = 6, 200


@pytest.fixture
def table(linux: None) -> Iterator[LiveMap]:
    with LiveMap(MapSpec("hash", 4, 8, KEYS, name="table")) as made:
        yield made


def test_what_python_does_is_heard_when_it_happens(table: LiveMap) -> None:
    with journal([table]) as ops:
        table[1] = 5
        assert table.lookup(1) == (5).to_bytes(8, "little")
        with pytest.raises(MapError):
            table.update(2, 7, 2)
        del table[1]
        heard = [(op.name, op.by, bool(op.error)) for op in ops]
    me = "userspace"
    assert heard == [
        ("update", me, False),
        ("lookup", me, False),
        ("update", me, True),
        ("delete", me, False),
    ]
    table[3] = 1
    assert len(ops) == 4


def test_what_others_do_is_seen_at_the_next_look(table: LiveMap) -> None:
    table[1] = 1
    with journal([table]) as ops:
        LiveMap.update(table, 2, 2)  # as another process would
        LiveMap.delete(table, 1)
        assert [(op.name, op.by) for op in ops] == [
            ("delete", KERNEL),
            ("write", KERNEL),
        ]
        assert len(ops) == 2


def test_changes_add_up_to_what_the_kernel_holds(table: LiveMap) -> None:
    """Half of the moves are heard, half are only seen; both sides agree in the end."""
    chance = random.Random(6)
    with journal([table]) as ops:
        for _ in range(MOVES):
            key, value = chance.randrange(KEYS), chance.randrange(9)
            for_all = chance.random() < 0.5
            act = table.update if for_all else lambda k, v: LiveMap.update(table, k, v)
            if chance.random() < 0.3 and key in table:
                table.delete(key)
            else:
                act(key, value)
            if chance.random() < 0.2:
                rows = ops.start[id(table)]
                for op in ops.operations:
                    rows = applied(rows, op.changes)
                kept = {name: row.value for name, row in rows.items()}
                assert kept == table.contents()
                places = [row.place for row in rows.values()]
                assert len(set(places)) == len(places)
                assert max(places, default=0) < KEYS


def test_values_of_all_cpus_stand_side_by_side(linux: None) -> None:
    with LiveMap(MapSpec("percpu_array", 4, 4, 2, name="each")) as each:
        count = cpus_of(each)
        each[1] = b"".join(n.to_bytes(8, "little") for n in range(count))
        row = read_rows(each)[1]
        assert row.value == [n.to_bytes(4, "little") for n in range(count)]


def test_a_map_that_is_gone_keeps_its_last_look(table: LiveMap) -> None:
    table[1] = 1
    with journal([table]) as ops:
        table.close()
        assert len(ops) == 0
        assert ops.lost is not None
    with pytest.raises(MapError):
        journal([table]).begin()


@pytest.mark.parametrize("type", ["queue", "ringbuf", "bloom_filter"])
def test_what_nobody_can_look_through_has_no_rows(linux: None, type: str) -> None:
    sizes = (0, 0, 4096) if type == "ringbuf" else (0, 4, 4)
    with (
        LiveMap(MapSpec(type, *sizes, name="closed")) as closed,
        journal([closed]) as o,
    ):
        assert read_rows(closed) == {}
        assert o.operations == ()
