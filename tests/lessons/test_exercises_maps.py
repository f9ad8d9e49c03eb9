"""The exercises about maps: solutions pass, starters fail, mistakes get their hints.

Where there is a real kernel, it makes the maps of the solutions, and runs their
programs alike. What all exercises share is in `test_exercises.py`.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_maps import EXERCISES

import ebpflab as lab
from tests.lessons.answers import PACKETS, hint, solution

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


def test_a_bloom_filter_misses_somebody() -> None:
    assert hint("tell-missed", check("tell-once", BLOOM))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_linux_takes_the_solutions(exercise: str, linux: Any) -> None:
    made = lab.compile(solution(exercise))
    assert linux.maps(made).keys() == made.maps.keys()
    for program in made.programs.values():
        assert linux.verify(program).accepted
        given = [linux.run(program, packet).retval for packet in PACKETS]
        assert given == [run.retval for run in lab.run(program, PACKETS)]
