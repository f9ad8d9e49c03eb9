"""Which state covered a path that stopped: the exploration of our own walks tells."""

import pytest

import ebpflab as lab
from ebpflab.results import Exploration
from ebpflab.results.exploration import SAFE
from ebpflab.verifier import visited
from tests.differential.families import FAMILIES

# r7 is 2 or 3 where the ways meet, and decides what r0 is; r8 never matters.
MEETING = """
    r6 = *(u32 *)(r1 +16)
    r7 = 3
    r8 = 7
    if r6 == 0 goto meet
    r7 = 2
    if r6 == 1 goto meet
    r7 = 3
    r8 = 9
meet:
    r1 = 0
    r2 = 0
    r3 = 0
    r4 = 0
    r5 = 0
    r0 = 0
    if r7 > 2 goto more
    exit
more:
    r0 = 1
    exit
"""


def explored(text: str) -> Exploration:
    verdict = lab.verify(lab.assemble(text, type="socket_filter"), log_level=2)
    assert verdict.accepted, verdict.message
    return verdict.exploration


def pruned(walked: Exploration) -> list[tuple[int, int, int]]:
    """Return slot, covering node and step of each path that stopped."""
    return [
        (node.pruned_at, node.covered_by, node.covering_step)
        for node in walked.nodes
        if node.ended == SAFE
    ]


def test_the_covering_state_is_not_always_the_last_one_there() -> None:
    """The second way with r7 = 3 stops at the first; another was walked between."""
    walked = explored(MEETING)
    ((slot, node, step),) = pruned(walked)
    steps, made = walked.timeline.steps, walked.nodes[node]
    assert steps[step].pc == slot
    assert step in range(made.first, made.first + made.count)
    visits = [index for index, other in enumerate(steps) if other.pc == slot]
    assert step == min(visits) < max(visits)
    assert walked.timeline.state(steps[step].parent).registers["r7"] == "3"


def test_a_log_alone_does_not_tell_it() -> None:
    verdict = lab.verify(lab.assemble(MEETING, type="socket_filter"), log_level=2)
    walked = lab.explain(verdict.log).exploration
    assert {row[1:] for row in pruned(walked)} == {(None, -1)}


def test_it_is_told_of_shorter_logs_too() -> None:
    program = lab.assemble(MEETING, type="socket_filter")
    found = [pruned(lab.verify(program, log_level=n).exploration) for n in (0, 1, 2, 4)]
    assert found[0]
    assert found == [found[0]] * 4


@pytest.mark.parametrize("part", range(4))
def test_each_stopped_path_has_its_state(part: int, monkeypatch) -> None:
    """What the exploration tells is the state that the walk compared with."""
    hits: list[tuple[int, int]] = []
    right = visited._hit

    def hit(env, entry, in_loop):
        hits.append((entry.state.insn_idx, len(entry.state.frames) - 1))
        right(env, entry, in_loop)

    monkeypatch.setattr(visited, "_hit", hit)
    for family in [*FAMILIES][part::4]:
        for seed in (3, 4):
            hits.clear()
            try:
                verdict = lab.verify(FAMILIES[family](seed), log_level=2)
                walked = verdict.exploration
            except lab.EbpfLabError:  # not modelled, or refused before the walk
                continue
            steps = [walked.timeline.steps[row[2]] for row in pruned(walked)]
            assert [(step.pc, step.frame) for step in steps] == hits
