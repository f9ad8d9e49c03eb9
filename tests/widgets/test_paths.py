"""The paths view: its text and its data, against the verifier's own numbers."""

import json

import pytest
from ebpflab_widgets import paths
from ebpflab_widgets.paths import columns, spell
from ebpflab_widgets.wording import ViewError

import ebpflab as lab
from tests.widgets.explored import PROGRAMS, assembled
from tests.widgets.talk import program


@pytest.fixture(scope="module", params=PROGRAMS)
def verdict(request) -> lab.Verdict:
    return lab.verify(assembled(request.param))


def data_of(verdict: lab.Verdict) -> dict:
    return json.loads(paths(verdict).data)


def test_heat_adds_up_to_what_the_verifier_processed(verdict):
    data = data_of(verdict)
    assert data["processed"] == verdict.insns_processed
    assert sum(row[4] for row in data["heat"]) == verdict.insns_processed
    assert all(sum(row[3]) == row[4] for row in data["heat"])


def test_every_stretch_names_its_parent_and_its_end(verdict):
    nodes = verdict.exploration.nodes
    for number, (parent, pc, slots, count, ended, *_) in enumerate(
        data_of(verdict)["nodes"]
    ):
        assert parent == nodes[number].parent < number
        assert (pc, count, ended) == (
            nodes[number].pc,
            nodes[number].count,
            nodes[number].ended,
        )
        assert bool(slots) == bool(count)


def test_the_same_walk_is_seen_of_a_real_kernel():
    if reason := lab.linux.available():
        pytest.skip(reason)
    program = assembled("count_ff")
    theirs = data_of(lab.linux.verify(program, log_level=2))
    assert theirs["nodes"] == data_of(lab.verify(program))["nodes"]


def test_the_text_has_a_line_a_stretch(monkeypatch):
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    text = repr(paths(lab.verify(assembled("count_ff"))))
    first, *lines = text.splitlines()
    assert first == "count_ff: 49 examined, 11 stretches, 4 pruned"
    assert len(lines) == 11
    assert lines[7].split() == ["8", "←", "4", "11–13,", "8", "pruned", "at", "9"]


def test_a_long_text_says_how_much_it_leaves_out():
    text = repr(paths(lab.verify(assembled("long_loop"))))
    assert len(text.splitlines()) < 70


def test_a_pruned_state_is_compared_with_the_one_that_covers(verdict):
    nodes, pruned = verdict.exploration.nodes, data_of(verdict)["pruned"]
    told = {int(n): (by, is_known) for n, (by, _, is_known) in pruned.items()}
    assert told == {
        number: (node.covered_by, True)
        for number, node in enumerate(nodes)
        if node.ended == "safe"
    }


def test_a_kernels_log_names_no_state_so_the_closest_is_shown():
    if reason := lab.linux.available():
        pytest.skip(reason)
    pruned = data_of(lab.linux.verify(assembled("count_ff"), log_level=2))["pruned"]
    assert pruned
    assert not any(is_known for _, _, is_known in pruned.values())


def test_what_the_log_does_not_tell_is_not_compared():
    """The kept r6 is 4; on this path it was written last, and no line tells it."""
    pruned = data_of(lab.verify(assembled("nested")))["pruned"]
    rows = {slot: rest for slot, *rest in pruned["19"][1]}
    assert rows["r6"] == ["", "4", "untold"]
    assert rows["r0"] == ["11", "11", "same"]


def test_how_each_register_fits():
    pruned = data_of(lab.verify(assembled("count_ff")))["pruned"]
    by, rows, is_known = pruned["7"]
    relations = {slot: relation for slot, _, _, relation in rows}
    assert (by, is_known) == (4, True)
    assert relations["r0"] == relations["r2"] == "same"
    assert relations["r7"] == "loose"
    assert relations["r1"] == relations["r3"] == relations["r4"] == "dead"


def test_loops_are_told_by_round_and_rounds_in_between_are_one_column():
    data = data_of(lab.verify(assembled("long_loop")))
    assert data["rounds"] == 100
    assert data["columns"][-2:] == [[7, 99], [100, 100]]
    assert columns(3) == [[1, 1], [2, 2], [3, 3]]


def test_c_lines_stand_above_their_instructions():
    verdict = lab.verify(program())
    heat = data_of(verdict)["heat"]
    lines = {row[0]: row[5] for row in heat if row[5]}
    source = verdict.exploration.timeline.source
    assert source == program().source
    assert len(lines) > 5
    assert all(text in source for text in lines.values())
    assert "bpf_ktime_get_ns" in lines[9]
    assert "ctx->data" in lines[0]


def test_a_function_is_told_by_its_depth():
    assert (
        max(node[7] for node in data_of(lab.verify(assembled("calls")))["nodes"]) == 1
    )


def test_a_refused_walk_ends_where_it_is_refused():
    refused = lab.assemble("r1 = *(u64 *)(r1 +3)\nr0 = 2\nexit", type="xdp")
    data = data_of(lab.verify(refused))
    assert not data["accepted"]
    assert data["nodes"][-1][4] == "rejected"


def test_slots_are_spelled_as_runs():
    assert spell([0, 1, 2, 8, 9, 8]) == "0–2, 8–9, 8"
    assert spell([5]) == "5"


@pytest.mark.parametrize("wrong", [None, "log", 4])
def test_what_is_no_verdict_is_said(wrong):
    with pytest.raises(ViewError, match="paths"):
        paths(wrong)


def test_a_program_that_was_never_walked_is_said():
    unreachable = lab.assemble("r0 = 0\nexit\nr0 = 1\nexit", type="xdp")
    with pytest.raises(lab.EbpfLabError):
        paths(lab.verify(unreachable))
