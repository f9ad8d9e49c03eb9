"""Calls of helpers against Linux: contracts, arguments, results, references.

Random programs that call one helper each, over all program types, are judged by both,
with and without CAP_PERFMON: verdict, errno, message, count and the whole log of level
2 must be the same. A planted error in a contract must show.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.helpers import HELPERS, Arg, Kind
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled
from tests.differential.mutations import mutated
from tests.engine.call_sequences import sequence_program
from tests.engine.call_values import Value, packet, task, text
from tests.engine.calls import call_program, types_of

BY_NAME = {proto.name: proto for proto in HELPERS.values()}
MEMORY = (Kind.PTR_TO_MEM, Kind.PTR_TO_MAP_KEY, Kind.PTR_TO_MAP_VALUE)
CALLABLE = [proto.name for proto in HELPERS.values() if types_of(proto.name)]
LIVENESS = re.compile(r"\(\d+\) (frame|live stack)")  # `+live` lines: another test's


def comparable(verdict: Verdict) -> tuple[object, ...]:
    """Return what must be equal; addresses of maps differ from load to load."""
    lines = [
        re.sub(r" +;", " ;", re.sub(r"(\(18\) r\d+ = )\S+", r"\1", line))
        for line in verdict.log.splitlines()
        if not LIVENESS.match(line)
    ]
    return verdict.accepted, verdict.errno, verdict.message, lines


def difference(program: lab.Program, privileged: bool = True) -> str:
    """Return where Linux and we differ first; "" where we do not."""
    try:
        theirs = lab.linux.verify(program, log_level=2, privileged=privileged)
    except lab.LinuxError:  # it did not judge
        return ""
    try:
        ours = verify(program, log_level=2, privileged=privileged)
    except NotModelled:
        return ""
    there, here = comparable(theirs), comparable(ours)
    if there == here:
        return ""
    pairs = zip((*there[:3], *there[3]), (*here[:3], *here[3]), strict=False)
    return str(next((pair for pair in pairs if pair[0] != pair[1]), "the log's length"))


def differences(
    programs: Iterator[tuple[str, lab.Program]], privileged: bool = True
) -> list[str]:
    found = ((name, difference(program, privileged)) for name, program in programs)
    return [f"{name}: {what}" for name, what in found if what]


def each_helper(seeds: range) -> Iterator[tuple[str, lab.Program]]:
    for seed in seeds:
        for helper in CALLABLE:
            yield f"{helper} {seed}", call_program(seed, helper)


def test_each_helper_is_judged_as_linux_does(linux: None) -> None:
    assert differences(each_helper(range(2))) == []


SEEING = ("xdp", "sched_cls", "cgroup_skb", "lwt_in", "sk_skb")


def each_memory_argument(value: Value) -> Iterator[tuple[str, lab.Program]]:
    for helper in CALLABLE:
        if not set(types_of(helper)) & set(SEEING):
            continue
        for place, arg in enumerate(BY_NAME[helper].args, 1):
            if arg.kind in MEMORY:
                for seed in range(3):
                    forced = place, value
                    yield (
                        f"{helper} {place} {seed}",
                        call_program(seed, helper, forced=forced, types=SEEING),
                    )


@pytest.mark.parametrize("value", [packet, text, task])
def test_memory_is_where_linux_lets_it_be(linux: None, value: Value) -> None:
    assert differences(each_memory_argument(value)) == []


def objects(length: int) -> Iterator[tuple[str, lab.Program]]:
    for seed in range(150):
        yield f"{seed}", sequence_program(seed, length)


@pytest.mark.parametrize("length", [5, 12])
def test_objects_are_given_back_as_linux_wants(linux: None, length: int) -> None:
    assert differences(objects(length)) == []


def test_also_without_perfmon(linux: None) -> None:
    assert differences(each_helper(range(2, 3)), privileged=False) == []


def test_also_mutants(linux: None) -> None:
    programs = (
        (str(seed), mutated(call_program(seed), random.Random(seed)))
        for seed in range(120)
    )
    assert differences(programs) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"pkt_access": False},
        {"args": (Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_VALUE)},
        {"gpl_only": True},
    ],
    ids=str,
)
def test_a_wrong_contract_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, object]
) -> None:
    lookup = HELPERS[1]
    monkeypatch.setitem(HELPERS, 1, replace(lookup, **wrong))
    programs = ((str(seed), call_program(seed, lookup.name)) for seed in range(60))
    assert differences(programs) != []
