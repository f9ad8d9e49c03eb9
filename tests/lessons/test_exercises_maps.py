"""The exercises about maps: solutions pass, starters fail, mistakes get their hints.

Where there is a real kernel, it makes the maps of the solutions, and runs their
programs alike. What all exercises share is in `test_exercises.py`.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_maps import EXERCISES
from ebpflab_widgets.wording import catalogue

import ebpflab as lab
from tests.lessons.test_exercises import PACKETS, hint, solution, starters

LPM = "MAP(LPM_TRIE, 8, 1, 16, BPF_F_NO_PREALLOC)"
RECENT, HITS, JOBS = "LRU_HASH, 4, 8, 4", "PERCPU_ARRAY", "QUEUE, 0, 4, 4"
EVENTS = "RINGBUF, 0, 0, 4096"
LOOK_FIRST = "if (bpf_map_lookup_elem(&known, &from))\n        return 1;"
KNOWN = "BPF_MAP_TYPE_HASH); __uint(max_entries, 1000)"
TO_NEWS = "bpf_ringbuf_output(&news, &from, 4, 0)"

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("choose-the-map", LPM, "MAP(HASH, 8, 1, 16, 0)", "choose-blocked"),
    ("choose-the-map", LPM, "MAP(LPM_TRIE, 8, 1, 16, 0)", "choose-cannot-be"),
    ("choose-the-map", RECENT, "HASH, 4, 8, 4", "choose-recent"),
    ("choose-the-map", RECENT, "ARRAY, 4, 8, 4", "choose-recent"),
    ("choose-the-map", RECENT, "STACK, 0, 8, 4", "choose-recent"),
    ("choose-the-map", HITS, "ARRAY", "choose-hits"),
    ("choose-the-map", HITS, "HASH", "choose-hits"),
    ("choose-the-map", JOBS, "STACK, 0, 4, 4", "choose-jobs-newest"),
    ("choose-the-map", JOBS, "HASH, 4, 4, 4", "choose-jobs"),
    ("choose-the-map", JOBS, "QUEUE, 4, 4, 4", "choose-cannot-be"),
    ("choose-the-map", EVENTS, "PERF_EVENT_ARRAY, 4, 4, 2", "choose-events-by-cpu"),
    ("choose-the-map", EVENTS, "QUEUE, 0, 64, 64", "choose-events"),
    ("choose-the-map", EVENTS, "RINGBUF, 0, 0, 100", "choose-cannot-be"),
    ("choose-the-map", "blocked", "denied", "choose-no-map"),
    ("tell-once", LOOK_FIRST, "", "tell-again"),
    ("tell-once", "if (bpf", "if (!bpf", "tell-nothing"),
    ("tell-once", KNOWN, KNOWN.replace("1000", "100"), "tell-forgets"),
    ("tell-once", KNOWN, KNOWN.replace("HASH", "LRU_HASH").replace("1000", "64"),
     "tell-forgets"),
    ("tell-once", TO_NEWS, TO_NEWS.replace("&from, 4", "&yes, 1"), "tell-other"),
    ("tell-once", "skb, 12", "skb, 16", "tell-other"),
    ("tell-once", "return 1;\n}", "return 0;\n}", "tell-verdict"),
    ("tell-once", "news", "told", "tell-no-news"),
    ("tell-once", "cgroup_skb/ingress", "xdp", "exercise-one-cgroup-program"),
]  # fmt: skip

BLOOM = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } news SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 1000);
         __type(value, __u32); } known SEC(".maps");
SEC("cgroup_skb/ingress") int tell(struct __sk_buff *skb)
{
    __u32 from;
    bpf_skb_load_bytes(skb, 12, &from, 4);
    if (bpf_map_peek_elem(&known, &from) == 0)
        return 1;
    bpf_map_push_elem(&known, &from, BPF_ANY);
    bpf_ringbuf_output(&news, &from, 4, 0);
    return 1;
}"""  # noqa: E501


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_solution_passes(
    exercise: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    answer = check(exercise, solution(exercise))
    assert answer.passed, answer
    assert answer.text.startswith({"en": "Right.", "fr": "Juste."}[language])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_starter_of_the_lesson_fails(exercise: str) -> None:
    answer = check(exercise, starters()[exercise])
    assert not answer.passed
    assert answer.text.startswith("Not yet")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("exercise", "right", "wrong", "row"), WRONG)
def test_a_mistake_gets_its_hint(
    exercise: str,
    right: str,
    wrong: str,
    row: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    source = solution(exercise)
    assert right in source
    answer = check(exercise, source.replace(right, wrong))
    assert not answer.passed
    assert hint(row, answer)


def test_a_bloom_filter_misses_somebody() -> None:
    assert hint("tell-missed", check("tell-once", BLOOM))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_different_mistakes_get_different_hints(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    for exercise in EXERCISES:
        rows = {row for name, _, _, row in WRONG if name == exercise}
        hints = {catalogue().say(row, "hint") for row in rows}
        assert len(hints) == len(rows) >= 2


@pytest.mark.parametrize("exercise", EXERCISES)
def test_linux_takes_the_solutions(exercise: str, linux: Any) -> None:
    made = lab.compile(solution(exercise))
    assert linux.maps(made).keys() == made.maps.keys()
    for program in made.programs.values():
        assert linux.verify(program).accepted
        given = [linux.run(program, packet).retval for packet in PACKETS]
        assert given == [run.retval for run in lab.run(program, PACKETS)]
