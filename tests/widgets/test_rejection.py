"""The rejection view: its text, its data, and the picture of each kind of refusal."""

import json

import pytest
from ebpflab_widgets import explain
from ebpflab_widgets.wording import ViewError

import ebpflab as lab
from ebpflab.remedy.outcome import Outcome, by_length, outcome_of
from tests.widgets.refusals import FAMILIES, SOURCE, verdict_of


@pytest.fixture(scope="module")
def program() -> lab.Program:
    return lab.compile(SOURCE, file="drop.c").programs["drop_udp"]


def test_the_text_tells_all_that_the_view_shows(program, monkeypatch):
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    text = repr(explain(lab.verify(program)))
    first, *rows = text.splitlines()
    assert first.startswith("drop_udp: refused. Memory safety")
    assert rows[0].endswith(
        "invalid access to packet, off=23 size=1, R1(id=0,off=23,r=14)"
    )
    assert "drop.c:19: if (ip->protocol == IPPROTO_UDP)" in text
    assert "if r3 > r2 goto pc+9" in text
    assert "bytes of data, it goes wrong" in text
    assert "+   if ((void *)(ip + 1) > (void *)data_end) return XDP_PASS;" in text
    assert text == repr(explain(lab.verify(program)))


def test_what_is_proved_and_what_is_touched_are_the_verifiers_numbers(program):
    proof = json.loads(explain(lab.verify(program)).data)["proof"]
    assert (proof["object"], proof["low"], proof["proved"]) == ("packet", 0, 14)
    assert (proof["first"], proof["last"], proof["size"]) == (23, 23, 1)
    assert proof["parts"][0] == ["Ethernet", 0, 14]


def test_an_index_is_shown_with_all_that_it_may_be():
    proof = json.loads(explain(verdict_of("memory-above")).data)["proof"]
    assert (proof["first"], proof["last"], proof["proved"]) == (0, 15, 8)


def test_written_and_unwritten_stack_bytes_stand_where_they_are():
    if reason := lab.linux.available():
        pytest.skip(reason)
    code = "*(u32 *)(r10 -4) = 7\nr0 = *(u64 *)(r10 -8)\nexit"
    half = lab.assemble(code, type="socket_filter")
    verdict = lab.linux.verify(half, privileged=False)
    proof = json.loads(explain(verdict).data)["proof"]
    assert proof["first"] == -8
    assert [mark == "?" for mark in proof["marks"]] == [True] * 4 + [False] * 4


@pytest.mark.parametrize(("kind", "picture"), FAMILIES.items())
def test_each_family_has_its_picture(kind, picture):
    data = json.loads(explain(verdict_of(kind), tries=40).data)
    assert data["proof"]["picture"] == picture
    assert data["message"] == verdict_of(kind).rejection.message


def test_a_pasted_log_tells_the_same_without_the_program(program):
    known = json.loads(explain(lab.verify(program)).data)
    pasted = json.loads(explain(lab.verify(program).log).data)
    assert pasted["witness"] is pasted["fix"] is None
    assert pasted["message"] == known["message"]
    assert pasted["proof"] | {"parts": 0} == known["proof"] | {"parts": 0}
    assert [c["pc"] for c in pasted["how"]] == [c["pc"] for c in known["how"]]


def test_a_pasted_log_with_its_program_has_witness_and_fix(program):
    data = json.loads(explain(lab.verify(program).log, program=program).data)
    assert data["witness"]["found"]
    assert data["fix"]


def test_the_strip_goes_wrong_exactly_where_the_byte_is_missing(program):
    witness = json.loads(explain(lab.verify(program)).data)["witness"]
    assert witness["by"] == "length"
    wrong = {cell["size"] for cell in witness["cells"] if cell["wrong"]}
    assert wrong == set(range(14, 24))
    assert {cell["byte"] for cell in witness["cells"] if cell["wrong"]} == {23}


def test_the_fix_is_accepted_and_mends_the_witness(program):
    fix = json.loads(explain(lab.verify(program)).data)["fix"]
    became = {row["became"] for row in fix["inputs"] if row["witness"]}
    assert became == {"mended"}
    assert {row["became"] for row in fix["inputs"]} <= {"mended", "same"}
    assert fix["message"].startswith("processed ")


def test_an_accepted_program_has_nothing_to_explain():
    fine = lab.assemble("r0 = 2\nexit", type="xdp")
    assert "2" in repr(explain(lab.verify(fine)))


@pytest.mark.parametrize("wrong", [None, 3, ["log"]])
def test_what_is_no_verdict_is_said(wrong):
    with pytest.raises(ViewError, match="explain"):
        explain(wrong)


def test_what_is_no_log_is_said():
    with pytest.raises(lab.EbpfLabError):
        explain("hello")


def test_a_program_that_is_none_is_said(program):
    with pytest.raises(ViewError, match="program=str"):
        explain(lab.verify(program), program="drop_udp")


def test_outcomes_tell_answers_and_faults(program):
    trial = lab.witness(program).trial
    ended = {
        len(cut.data): outcome
        for cut, outcome in by_length(program, trial, (13, 14, 23, 24))
    }
    # a test run of xdp takes 14 bytes at least
    assert set(ended) == {14, 23, 24}
    assert ended[14].pc == ended[23].pc == 11
    assert ended[24] == Outcome(ended[24].retval, ended[24].name)
    assert ended[14].became(ended[24]) == "mended"
    assert ended[24].became(ended[24]) == "same"
    assert ended[24].became(ended[14]) == "changed"
    assert str(outcome_of(program, trial)).startswith("✕ ")
