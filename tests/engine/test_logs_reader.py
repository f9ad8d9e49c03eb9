"""Reading logs: every line told apart, states written back equal, trees that add up.

The oracle is Linux: stored logs, and fresh ones of the programs of this folder. What
must hold of any log: each instruction that was looked at is a step or a pruning, so
that heat adds up to `processed`; no line is left over. And whatever is cut out of a
log, reading what is left raises nothing.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebpflab as lab
from ebpflab.logs import read
from ebpflab.logs.replay import exploration_of
from ebpflab.logs.states import read_state, read_value
from ebpflab.results.exploration import EXIT, FORK, LOOP, REJECTED, SAFE
from ebpflab.timeline import Timeline
from tests.engine.reason_programs import program_of, rows

FOLDER = Path(__file__).parent / "logs"
STORED = (FOLDER / "linux-6.18.txt").read_text()
HEADS = re.findall(r"^--- (.*)$", STORED, re.MULTILINE)
LOGS = [
    text.partition("\n=====")[0]
    for text in re.split(r"^--- .*$", STORED, flags=re.MULTILINE)[1:]
]
OTHERS = tomllib.loads((FOLDER / "old.toml").read_text())["log"]
STATE = re.compile(
    r"(?:;|\d:|to \d+:|state:|stack=:|^) ((?:frame\d+: )?(?:R\d+=|fp-\d+=).*)$",
    re.MULTILINE,
)


# ---- stored logs of Linux 6.18 -----------------------------------------------------


@pytest.mark.parametrize(("head", "log"), list(zip(HEADS, LOGS, strict=True)))
def test_a_log_of_linux_is_read_whole(head: str, log: str) -> None:
    told = read(log)
    assert told.unrecognized == []
    assert bool(told.reason) == ("REJECTED" in head)
    assert told.is_whole
    if "level 2" in head and told.steps:
        count = told.statistics["count"]
        assert sum(exploration_of(told).heat.values()) == count


def test_there_are_all_27_programs() -> None:
    assert len(re.findall(r"^hex: ", STORED, re.MULTILINE)) == 27


def test_states_are_written_back_equal() -> None:
    states = STATE.findall(STORED)
    assert len(states) > 200
    assert [s for s in states if str(read_state(s)) != s.strip()] == []


OLD_STATES = [
    "R0_w=inv0 R1=ctx(id=0,off=0,imm=0) R10=fp0",
    "R0=inv(id=0,umax_value=255,var_off=(0x0; 0xff)) R7=invP3 fp-8_w=mmmm????",
    "R1=imm5 R2=unkn R10=fp fp-16=map_value",
    "R1=trusted_ptr_in6() R3=ptr_sock6(off=3) fp-8=????scalar(umax=255) refs=2,4 cb",
    "frame1: R1=pkt(r=0xfffffffffffffffe) fp-16=00005 fp-24=dynptr_ringbuf(ref_id=2)",
    "R0=0xffffffff R1=-1 R3=P-4095 fp-8=0 fp-40=mmmmP-1",
    "fp-32=iter_num(ref_id=1,state=active,depth=0)",
]


@pytest.mark.parametrize("text", OLD_STATES)
def test_states_of_other_kernels_too(text: str) -> None:
    assert str(read_state(text)) == text


def test_the_parts_of_a_state() -> None:
    state = read_state(
        "frame1: R1_w=Pscalar(id=3,smin=smin32=-1,smax=umax32=0xffffffff,"
        "var_off=(0x0; 0xff)) R2=pkt(id=2,off=14,r=0xfffffffffffffffe) fp-8=0000????"
    )
    number, packet = state.registers["r1"], state.registers["r2"]
    assert (state.frame, number.type, number.precise) == (1, "scalar", True)
    assert (number.bound("smin"), number.bound("smin32")) == (-1, -1)
    assert (number.bound("smax"), number.bound("umax")) == (0xFFFFFFFF, (1 << 64) - 1)
    assert (packet.off, packet.number("r"), packet.number("id")) == (14, -2, 2)
    assert state.stack["fp-8"].marks == "0000????"
    assert read_value("invP5").bound("umax32") == 5
    assert read_value("map_value_or_null(id=1)").may_be_null


# ---- other kernels, other tools -----------------------------------------------------


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case["what"])
def test_logs_of_other_kernels_and_tools(case: dict) -> None:
    told, verdict = read(case["text"]), lab.explain(case["text"])
    assert (told.reason or [""])[-1] == case["reason"] == verdict.message
    assert len(told.steps) == case["steps"]
    assert verdict.insns_processed == case["processed"]
    kind = verdict.rejection.kind if verdict.rejection else ""
    assert kind == case["kind"]


WRAPS = {
    "windows": lambda log: log.replace("\n", "\r\n"),
    "colors": lambda log: log.replace("R1", "\x1b[31mR1\x1b[0m"),
    "libbpf": lambda log: "libbpf: -- BEGIN DUMP LOG ---\nlibbpf: \n" + log,
    "times": lambda log: re.sub(r"^(?=.)", "[ 12.345678] ", log, flags=re.MULTILINE),
    "quoted": lambda log: re.sub(r"^", "> ", log, flags=re.MULTILINE),
    "one line of JSON": lambda log: log.strip().replace("\n", "\\n"),
    "bytes": lambda log: log.encode(),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("number", [0, 4, 10, 20])
def test_what_tools_put_around_a_log_is_taken_off(wrap: str, number: int) -> None:
    plain, wrapped = read(LOGS[number]), read(WRAPS[wrap](LOGS[number]))
    assert [s.text for s in wrapped.steps] == [s.text for s in plain.steps]
    assert wrapped.reason == plain.reason
    assert wrapped.statistics == plain.statistics


# ---- timelines and trees ------------------------------------------------------------

FORKS = next(
    log for h, log in zip(HEADS, LOGS, strict=True) if "from 4 to 6: R1" in log
)
LOOPS = next(
    log
    for h, log in zip(HEADS, LOGS, strict=True)
    if "level 2" in h and "SCC exit" in log
)
ENDLESS = next(log for log in LOGS if "from 2 to 1" in log)
CALLS = next(log for log in LOGS if "returning from callee" in log)
PRUNED = next(log for log in LOGS if "from 6 to 8: safe" in log)


def test_a_fork_and_its_two_paths() -> None:
    walked = exploration_of(read(FORKS))
    assert [node.ended for node in walked.nodes] == [FORK, EXIT, EXIT]
    assert (walked.forks, walked.children(0)) == ((4,), (1, 2))
    inside, outside = walked.nodes[1], walked.nodes[2]
    states = walked.timeline.state(inside.first), walked.timeline.state(outside.first)
    assert [s.registers["r2"] for s in states] == ["pkt(r=14)", "pkt(r=0)"]


def test_a_check_holds_for_copies() -> None:
    """The log tells of r4 alone; r2 is a copy of the same packet pointer."""
    timeline = exploration_of(read(FORKS)).timeline
    assert timeline.state(4).registers["r2"] == "pkt(r=14)"
    assert timeline.state(3).registers["r2"] == "pkt(r=0)"


def test_a_pruned_path_is_a_node_without_steps() -> None:
    walked = exploration_of(read(PRUNED))
    pruned = walked.nodes[-1]
    assert (pruned.ended, pruned.count, pruned.pruned_at) == (SAFE, 0, 8)
    assert pruned.covered_by is None


def test_rounds_of_loops() -> None:
    walked = exploration_of(read(LOOPS))
    assert walked.rounds == {1: 8, 2: 8}
    endless = exploration_of(read(ENDLESS))
    assert [n.round for n in endless.nodes if n.pc == 1] == [2, 3]
    assert endless.nodes[-1].ended == LOOP
    assert endless.timeline.outcome.fault_pc == 1


def test_calls_and_returns() -> None:
    timeline = exploration_of(read(CALLS)).timeline
    assert [step.frame for step in timeline.steps] == [0, 0, 1, 1, 1, 0]
    assert timeline.state(4).registers["r1"] == "3"
    assert timeline.state(5).registers["r1"] is None, "r1 is the callee's"
    assert timeline.state(5).registers["r0"] == "2"


def test_a_refused_path() -> None:
    walked = exploration_of(read(LOGS[0]))
    assert [node.ended for node in walked.nodes] == [REJECTED]
    assert walked.timeline.outcome.fault_pc == 6
    assert walked.timeline.state(0).claims == {"fp-8": "0000????"}


@pytest.mark.parametrize("log", LOGS, ids=HEADS)
def test_an_exploration_survives_its_text(log: str) -> None:
    timeline = exploration_of(read(log), "prog", "xdp").timeline
    assert Timeline.from_json(timeline.to_json()) == timeline


@pytest.mark.parametrize(
    "planted",
    [
        ('"new":"ctx()"', '"new":"a\\nb"'),
        ('"slot":"r1"', '"slot":"r11"'),
        ('"slot":"fp-8"', '"slot":"packet+0"'),
        ('"kind":"exploration"', '"kind":"dream"'),
        ('"kind":"exploration"', '"kind":"run"'),
    ],
)
def test_what_no_exploration_can_be_is_refused(planted: tuple[str, str]) -> None:
    text = exploration_of(read(LOGS[0])).timeline.to_json()
    assert planted[0] in text
    with pytest.raises(lab.ProgramError):
        Timeline.from_json(text.replace(*planted))


# ---- fresh logs ---------------------------------------------------------------------


def test_logs_of_refused_programs_are_read_whole(linux) -> None:
    count = 0
    for _, kind, row in rows():
        program, privileged = program_of(row), row.get("privileged", True)
        for level in (1, 2) if kind not in ("too-complex", "too-many-branches") else ():
            verdict = linux.verify(program, privileged=privileged, log_level=level)
            told = read(verdict.log)
            assert (told.unrecognized, kind) == ([], kind)
            assert told.reason[-1] == verdict.message
            count += 1
            if level == 2 and told.steps:
                heat = exploration_of(told).heat
                assert sum(heat.values()) == verdict.insns_processed, kind
    assert count > 300


def test_what_was_asked_for_again_is_the_exploration(linux) -> None:
    program = lab.assemble(
        "r1 = 0\nX:\nr1 += 1\nif r1 < 9 goto X\nr0 = 2\nexit", type="xdp"
    )
    verdict = linux.verify(program)
    assert verdict.accepted
    assert verdict.exploration.rounds == {1: 9, 2: 9}
    assert sum(verdict.exploration.heat.values()) == verdict.insns_processed
    assert (verdict.timeline.title, verdict.timeline.type) == ("prog", "xdp")
    with pytest.raises(lab.RunError, match="cannot tell its exploration"):
        _ = lab.explain(verdict.log).exploration


# ---- cut and broken logs ------------------------------------------------------------


def pieces() -> Iterator[str]:
    for log in LOGS:
        lines = log.splitlines(keepends=True)
        for at in range(0, len(lines), 7):
            yield "".join(lines[at:])
            yield "".join(lines[: -at or None])
            yield "".join(lines[:at] + lines[at + 1 :])
        yield log[len(log) // 3 :]


def look_at(text: str | bytes) -> None:
    """Ask for everything that a text can tell; only our own errors may come."""
    with suppress(lab.EbpfLabError):
        verdict = lab.explain(text)
        told = str(verdict.rejection)
        assert told
        Timeline.from_json(verdict.timeline.to_json())


def test_any_piece_of_a_log_can_be_looked_at() -> None:
    for piece in pieces():
        look_at(piece)


@given(st.integers(0, len(LOGS) - 1), st.data())
def test_logs_cut_anywhere(number: int, data: st.DataObject) -> None:
    log = LOGS[number]
    start, end = sorted(data.draw(st.integers(0, len(log))) for _ in range(2))
    look_at(log[start:end])
    look_at(log[:start] + log[end:])


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_texts_that_are_no_log(text: str | bytes) -> None:
    look_at(text)


@pytest.mark.parametrize("text", ["", "hello", "\n\n", "int main(void) { return 0; }"])
def test_nothing_of_a_log(text: str) -> None:
    with pytest.raises(lab.ProgramError, match="nothing of a verifier's log"):
        lab.explain(text)


@pytest.mark.parametrize("wrong", [None, 3, ["R0 !read_ok"]])
def test_no_text(wrong: object) -> None:
    with pytest.raises(lab.ProgramError, match="is text"):
        lab.explain(wrong)


@pytest.mark.parametrize("number", ["007", "9" * 5000, "-1", "٣", "0x" + "f" * 99])
def test_numbers_that_no_kernel_writes(number: str) -> None:
    for log in LOGS[::4]:
        look_at(re.sub(r"\d+", number, log))
        look_at(log.replace("1", number))


PATHOLOGICAL = {
    "blanks in a step": "0: (bf) r0 = r1" + " " * 200_000 + "x",
    "blanks before the statistics": "stack depth 8" + " " * 60_000 + "x",
    "parentheses": "0: (b7) r0 = 0 " + ") " * 100_000,
    "escapes": "0: (95) exit" + "\x1b]" * 100_000,
    "one long message": "R0 !read_ok\nfunc x " + "supported only for " * 20_000,
    "open parentheses": "0: R1=scalar" + "(" * 100_000,
    "many short lines": "0: (95) exit\n" * 50_000,
    "colons": "a: " * 100_000 + "load program: permission denied: x",
}


@pytest.mark.parametrize("what", PATHOLOGICAL)
@pytest.mark.timeout(30)
def test_no_text_takes_long(what: str) -> None:
    look_at(PATHOLOGICAL[what])
