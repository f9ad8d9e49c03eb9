"""The journal: every operation on a map, and the rows that each of them changed."""

import random

import pytest

import ebpflab as lab
from ebpflab.maps import journal, make_map
from ebpflab.maps.operations import PROGRAM, USERSPACE
from ebpflab.maps.rows import applied, difference
from tests.engine.map_operations import answer, key_for, values_for

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct traffic { __u64 packets; __u64 bytes; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32);
         __type(value, struct traffic); __uint(max_entries, 4); } seen SEC(".maps");
SEC("xdp") int count(struct xdp_md *c)
{
    __u32 key = 7;
    struct traffic *found = bpf_map_lookup_elem(&seen, &key);
    struct traffic first = {1, c->data_end - c->data};
    if (found) {
        found->packets++;
        return XDP_PASS;
    }
    bpf_map_update_elem(&seen, &key, &first, 0);
    return XDP_DROP;
}
"""

SPECS = [
    lab.MapSpec("array", 4, 6, 5, name="m"),
    lab.MapSpec("percpu_array", 4, 6, 5, name="m"),
    lab.MapSpec("hash", 2, 5, 6, name="m"),
    lab.MapSpec("percpu_hash", 2, 5, 6, name="m"),
    lab.MapSpec("lru_hash", 2, 5, 4, name="m"),
    lab.MapSpec("lru_percpu_hash", 2, 5, 4, name="m"),
    lab.MapSpec("lpm_trie", 6, 3, 6, name="m", flags=1),
    lab.MapSpec("queue", 0, 5, 4, name="m"),
    lab.MapSpec("stack", 0, 5, 4, name="m"),
    lab.MapSpec("bloom_filter", 0, 4, 4, name="m"),
    lab.MapSpec("devmap_hash", 4, 4, 5, name="m"),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
@pytest.mark.parametrize("seed", range(20))
def test_the_changes_lead_to_what_the_map_holds(spec, seed) -> None:
    chance = random.Random(seed)
    live = make_map(spec)
    live_rows = [live.rows()]
    with journal(live) as heard:
        for _ in range(60):
            key, (value, other) = key_for(spec, chance), values_for(spec, chance)
            both = [value, other] if "percpu" in spec.type else value
            flags = chance.choice((0, 0, 1, 2))
            action = chance.choice(
                [
                    lambda: live.update(key, both, flags),  # noqa: B023
                    lambda: live.delete(key),  # noqa: B023
                    lambda: live.pop(key),  # noqa: B023
                    lambda: live.lookup(key or value),  # noqa: B023
                    lambda: live.find(key),  # noqa: B023
                ]
            )
            before = len(heard)
            answer(action)
            assert len(heard) == before + 1
            live_rows.append(live.rows())
    rows = live_rows[0]
    for op, expected in zip(heard, live_rows[1:], strict=True):
        rows = applied(rows, op.changes)
        assert rows == dict(expected)
        if "array" not in spec.type and spec.type != "bloom_filter":
            assert list(rows) == list(expected), "the order"


def test_a_difference_turns_one_into_the_other() -> None:
    chance = random.Random(1)
    old = {n: chance.random() for n in range(6)}
    for _ in range(300):
        new = dict(old)
        victim = chance.choice([*old, 99])
        new.pop(victim, None)
        if chance.random() < 0.7:
            new[victim] = chance.choice([old.get(victim, 0), chance.random()])
        rows = applied(old, difference(old, new))
        assert list(rows.items()) == list(new.items())
        old = new


def test_a_journal_that_is_off_leaves_no_trace() -> None:
    live = make_map(SPECS[2])
    first, second = journal(live), journal(live)
    first.begin()
    second.begin()
    live[1] = b"12345"
    first.end()
    live[2] = b"12345"
    second.end()
    live[3] = b"12345"
    assert (len(first), len(second)) == (1, 2)
    assert not vars(live).keys() & (USERSPACE | PROGRAM).keys()


def test_every_operation_of_a_map_is_heard() -> None:
    methods = {
        name
        for spec in SPECS
        for name in vars(type(make_map(spec)))
        if not name.startswith("_") and callable(getattr(type(make_map(spec)), name))
    }
    other = {"check_spec", "rows", "keys", "snapshot", "same_key", "met", "in_range"}
    assert methods - other <= USERSPACE.keys() | PROGRAM.keys()


def test_what_is_refused_is_heard_with_its_errno() -> None:
    live = make_map(lab.MapSpec("hash", 4, 8, 1, name="m"))
    with journal(live) as heard:
        live[1] = 1
        with pytest.raises(lab.MapError):
            live[2] = 2
        with pytest.raises(lab.MapError):
            live["name"] = 2
    assert [op.error and op.error.errno for op in heard] == [None, 7, 22]
    assert [len(op.changes) for op in heard] == [1, 0, 0]


def test_what_an_lru_map_evicts_is_told() -> None:
    live = make_map(lab.MapSpec("lru_hash", 4, 8, 2, name="m"))
    with journal(live) as heard:
        live[1], live[2] = 1, 2
        live.find((1).to_bytes(4, "little"))
        live[3] = 3
    assert [change.name[0] for change in heard.operations[-1].evicted] == [2]
    assert heard.operations[2].changes[0].last


def test_a_lookup_in_a_trie_tells_which_prefixes_fit() -> None:
    live = make_map(lab.MapSpec("lpm_trie", 8, 4, 4, name="m", flags=1))
    live["10.0.0.0/8"], live["10.1.0.0/16"], live["11.0.0.0/8"] = 1, 2, 3
    with journal(live) as heard:
        live.lookup("10.1.2.3")
    assert [met[0] for met in heard.operations[0].met] == [16, 8]


@pytest.fixture(scope="module")
def obj() -> lab.Object:
    return lab.compile(SOURCE)


def test_a_run_told_again_says_after_which_step(obj) -> None:
    maps = lab.maps(obj)
    program = obj.programs["count"]
    lab.run(program, bytes(60), maps=maps)
    run = lab.run(program, bytes(60), maps=maps)
    with journal(run.maps, of_retelling=True) as heard:
        timeline = run.timeline
    lookup, write = heard
    assert (lookup.name, write.name) == ("lookup", "write")
    assert lookup.result.packets == 1
    assert write.changes[0].new.value.packets == 2
    texts = {line.pc: line.text for line in timeline.listing}
    for op in heard:
        text = texts[timeline.steps[op.step - 1].pc]
        assert ("call" in text) == (op.name == "lookup")
    slots = [c.slot for c in timeline.steps[write.step - 1].changes]
    assert any(slot.startswith("seen") for slot in slots)


def test_who_heard_a_run_does_not_hear_it_told_again(obj) -> None:
    maps = lab.maps(obj)
    with journal(maps) as heard:
        run = lab.run(obj.programs["count"], bytes(60), maps=maps)
        count = len(heard)
        assert run.timeline
    assert count == len(heard) == 2
    assert [op.by for op in heard] == ["program", "program"]


def test_a_write_through_a_pointer_is_found_afterwards(obj) -> None:
    maps = lab.maps(obj)
    lab.run(obj.programs["count"], bytes(60), maps=maps)
    with journal(maps) as heard:
        lab.run(obj.programs["count"], bytes(60), maps=maps, engine="interpreter")
    assert [op.name for op in heard] == ["lookup", "write"]


def test_only_live_maps_are_heard() -> None:
    for wrong in (3, "map", [3], None):
        with pytest.raises(lab.EbpfLabError):
            journal(wrong)


RING = lab.MapSpec("ringbuf", 0, 0, 4096, name="r")


def test_records_are_told_by_their_place() -> None:
    live = make_map(RING)
    with journal(live) as heard:
        first, second = live.reserve(1016), live.reserve(504)
        live.commit(second, 1, bytes(504))
        live.commit(first, 0, None)
        live.read()
        assert live.reserve(5000) is None
    names = [op.name for op in heard]
    assert names == ["reserve", "reserve", "submit", "discard", "read", "reserve"]
    states = [[c.new and c.new.state for c in op.changes] for op in heard]
    expected = [["reserved"], ["reserved"], ["ready"], ["discarded"], [None, None], []]
    assert states == expected
    assert [c.name for c in heard.operations[4].changes] == [0, 1024]


def test_a_map_of_maps_is_heard_once_a_lookup() -> None:
    """Remembering the contents for a timeline is no operation."""
    inner = lab.MapSpec("array", 4, 4, 1, name="inner")
    outer = make_map(lab.MapSpec("array_of_maps", 4, 4, 1, name="outer", inner=inner))
    outer.update(0, make_map(inner))
    with journal(outer) as heard:
        restore = outer.snapshot()
        outer.lookup(0)
        restore()
    assert [op.name for op in heard] == ["lookup"]
