"""A verdict beside a run, an exploration, a prediction: without a browser.

The oracle of what is claimed is the engine (`ebpflab.claims`, the log's own words),
that of what is drawn `is_within`: no claimed word lies outside of the drawn bands.
"""

import json
import random
import re
from dataclasses import replace

import pytest
from ebpflab_widgets import step
from ebpflab_widgets.beside import OPEN
from ebpflab_widgets.claimed import bands, drawn_register, drawn_slot
from ebpflab_widgets.words import claimed

import ebpflab as lab
from ebpflab.claims import claims
from ebpflab.claims.values import is_within
from ebpflab.errors import EbpfLabError, RunError
from ebpflab.logs.states import read_value
from tests.widgets import talk
from tests.widgets.explored import assembled

SIGNED = "scalar(smin=smin32=-5,smax=smax32=7)"
MASKED = "scalar(smin=smin32=0,smax=umax=smax32=umax32=248,var_off=(0x0; 0xf8))"
LOWER = "scalar(smin32=0,smax32=umax32=63,var_off=(0x0; 0xffffffff0000003f))"
NEGATIVE = "scalar(smin=-9,smax=-1,umin=0xfffffffffffffff7)"
POINTER = "map_value(id=3,off=4,map=counts,ks=4,vs=16,smin=0,smax=umax=8)"
VARIABLE = "pkt(id=1,off=14,r=34,smin=0,smax=umax=60,var_off=(0x0; 0x3c))"
SHORT_WORDS = [  # as the log wrote it, as it is told in hex and in decimal
    ("scalar()", "scalar()", "scalar()"),
    ("64", "0x40", "64"),
    ("-7", "-7", "-7"),
    (SIGNED, "-5…7", "-5…7"),
    (MASKED, "0…0xf8", "0…248"),
    (LOWER, "w 0…0x3f", "w 0…63"),
    (NEGATIVE, "-9…-1", "-9…-1"),
    ("P16", "0x10", "16"),
    ("ctx()", "ctx()", "ctx()"),
    ("fp-16", "fp-16", "fp-16"),
    (POINTER, "map_value(counts)+4…12", "map_value(counts)+4…12"),
    (VARIABLE, "pkt+14…74 r=34", "pkt+14…74 r=34"),
]


@pytest.mark.parametrize(("text", "hexadecimal", "decimal"), SHORT_WORDS)
def test_a_claim_in_short(text: str, hexadecimal: str, decimal: str) -> None:
    drawn = drawn_register(text)
    assert drawn["t"] == text
    assert claimed(drawn, 16) == hexadecimal
    assert claimed(drawn, 10) == decimal


@pytest.mark.parametrize("text", [SIGNED, MASKED, LOWER, NEGATIVE, "scalar()", "64"])
def test_no_claimed_word_lies_outside_of_its_bands(text: str) -> None:
    value, choose = read_value(text), random.Random(7)
    near = [n & (1 << 64) - 1 for n in range(-12, 260)]
    words = near + [choose.getrandbits(choose.randrange(1, 65)) for _ in range(500)]
    drawn = bands(value)
    assert [word for word in words if is_within(value, word)]
    for word in words:
        if is_within(value, word):
            assert any(low <= word <= high for low, high in drawn), hex(word)


def test_a_slot_keeps_the_marks_of_the_log() -> None:
    assert drawn_slot("mmmmmmscalar()")["w"] == "mmmmmmscalar()"
    assert drawn_slot("scalar(id=1)")["b"]


# ---- beside a run --------------------------------------------------------------


def told_beside(length: int, verdict: lab.Verdict) -> list[dict[str, int]]:
    """Return, after each step, which claim stands beside which slot."""
    view = step(talk.run(length), beside=verdict)
    now: dict[str, int] = {}
    states = []
    for told in view._shown[0].beside.told:
        now = {**now, **told.changed}
        states.append(dict(now))
    return states


def test_every_claim_of_the_engine_stands_beside_its_value() -> None:
    run, verdict = talk.run(), talk.verdict()
    view = step(run, beside=verdict)
    drawn = view._claims.drawn
    states = told_beside(74, verdict)
    for state, expected in zip(states, claims(run, verdict), strict=True):
        shown = {s: drawn[n]["t"] for s, n in state.items() if n >= 0}
        missing = {s: str(c) for s, c in expected.items() if shown.get(s) != str(c)}
        assert missing == {}


def test_what_a_covered_path_leaves_open_is_no_claim() -> None:
    """The trap: an imprecise 64 of the covering state meets a live 60."""
    states = told_beside(talk.SHORT, talk.verdict())
    assert states[-1]["r6"] == OPEN
    text = step(talk.run(talk.SHORT), beside=talk.verdict()).text
    assert "covered by a state proved before" in text
    assert "OUTSIDE" not in text


def test_a_value_outside_of_its_claim_is_shouted() -> None:
    text = step(talk.run(), beside=talk.lying()).text
    assert "✕ r6 = 0x40 OUTSIDE of its claim 0x41" in text
    assert text.count("OUTSIDE") == 1


def test_claims_change_the_fingerprint() -> None:
    run = talk.run()
    texts = {step(run).text, step(run, beside=talk.verdict()).text}
    prints = {text.splitlines()[-1] for text in texts}
    assert len(prints) == 2


def test_a_claim_that_changed_changes_the_text() -> None:
    other = talk.verdict().log.replace("umax32=0xffff,", "umax32=0xfffe,")
    run = talk.run()
    before = step(run, beside=talk.verdict()).text.splitlines()
    after = step(run, beside=lab.explain(other)).text.splitlines()
    assert before[-1] != after[-1]


@pytest.mark.parametrize("case", ["timeline", "number", "exploration", "prediction"])
def test_what_cannot_stand_beside_is_refused(case: str) -> None:
    run, verdict = talk.run(), talk.verdict()
    calls = {
        "timeline": lambda: step(run.timeline, beside=verdict),
        "number": lambda: step(run, beside=3),  # type: ignore[arg-type]
        "exploration": lambda: step(verdict, beside=verdict),
        "prediction": lambda: step(verdict, predict=True),
    }
    with pytest.raises(EbpfLabError) as caught:
        calls[case]()
    assert caught.value.hint


def test_another_programs_verdict_is_refused() -> None:
    with pytest.raises(RunError):
        step(talk.run(), beside=lab.verify(assembled("nested")))


# ---- an exploration, a log -----------------------------------------------------


def test_an_exploration_tells_each_step_once() -> None:
    verdict = talk.verdict()
    text = step(verdict).text
    lines = text.splitlines()
    assert lines[0].endswith("37 steps on 3 paths, accepted")
    assert sum("path " in line and "from" in line for line in lines) == 3
    steps = [line for line in lines if line[:5].strip().isdigit()]
    assert len(steps) == len(verdict.timeline.steps)
    assert "path 2, from 14: ⊆ pruned before 26" in text


def test_the_other_way_of_a_fork_does_not_hold_its_claim() -> None:
    """At a fork a log tells one way: `r6 >= 64` is not so where r6 < 64."""
    walk = step(talk.verdict())._shown[0].walk
    straight, other = (walk.line(path) for path in walk.paths[:2])
    at = next(i for i, one in enumerate(straight.steps) if one.pc == 12)
    assert [change.slot for change in straight.steps[at].changes] == ["r6"]
    assert other.steps[at].changes == ()
    later = next(c for c in other.steps[at + 1].changes if c.slot == "r6")
    assert later.old == straight.steps[at].changes[0].old


def test_a_kernels_log_is_stepped_like_our_own(linux) -> None:  # type: ignore[no-untyped-def]
    ours = step(talk.verdict())
    real = linux.verify(talk.program(), log_level=2)
    theirs = step(lab.explain(real.log))
    assert known_in(theirs.text) == known_in(ours.text)


def known_in(text: str) -> list[str]:
    """Return the lines without how wide they are, and without the map's address."""
    lines = [" ".join(line.split()) for line in text.splitlines()[1:-1]]
    return [re.sub(r"^(\d+ 21) r2 = 0x[0-9a-f]+", r"\1 r2 = map", x) for x in lines]


def test_a_timeline_of_an_exploration_is_a_tree_too() -> None:
    verdict = talk.verdict()
    bare = step(verdict.timeline)
    assert len(bare._shown[0].walk.paths) == 3
    assert "37 steps on 3 paths" in bare.text


def test_a_refusal_opens_on_the_path_that_was_refused() -> None:
    program = lab.assemble(
        """r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r1 +4)
        r0 = *(u8 *)(r2 +14)
        exit""",
        type="xdp",
        name="bad",
    )
    view = step(lab.verify(program))
    assert view._shown[0].walk.paths[view.chosen].ended == "rejected"
    assert "invalid access to packet, off=14 size=1" in view.text.splitlines()[-2]
    assert "3 steps on 1 path, refused" in view.text.splitlines()[0]


def test_a_refused_call_changes_nothing() -> None:
    """What was wrong stays to be seen: the call that was refused clobbers nothing."""
    program = lab.assemble("r1 = 0\ncall 12345\nexit", type="xdp", name="bad")
    view = step(lab.verify(program))
    (path,) = view._shown[0].walk.paths
    last = view._shown[0].walk.line(path).steps[-1]
    assert view._shown[0].timeline.outcome.fault_pc == last.pc
    assert last.changes == ()


@pytest.mark.parametrize("index", [0, 11, 30])
def test_changing_what_is_known_changes_the_text(index: int) -> None:
    timeline = talk.verdict().timeline
    while not timeline.steps[index].changes:
        index += 1
    one = timeline.steps[index]
    changes = (replace(one.changes[0], new="7"), *one.changes[1:])
    steps = list(timeline.steps)
    steps[index] = replace(one, changes=changes)
    assert step(replace(timeline, steps=tuple(steps))).text != step(timeline).text


# ---- predict, then reveal ------------------------------------------------------


def test_a_prediction_does_not_tell_the_answer() -> None:
    view = step(talk.run(), predict=True)
    for told in (view.text, view.html()):
        assert "XDP_PASS (2)" not in told
        assert "0x4000000000" not in told
    assert set(json.loads(view.data)) == {"veiled"}
    assert "26 instructions; predict each" in view.text


def test_the_page_of_the_talk_is_small() -> None:
    for view in (step(talk.run()), step(talk.run(), beside=talk.verdict())):
        assert len(view.html().encode()) < 300_000
