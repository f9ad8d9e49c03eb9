"""The exercises about helpers: solutions pass, starters fail, mistakes get their hints.

Where there is a real kernel, it runs the solutions alike. What all exercises share is
in `test_exercises.py`.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise_helpers import EXERCISES, tcp, with_ttl

import ebpflab as lab
from tests.lessons.answers import PACKETS, program, solution

WHERE = "34 + (length >> 4) * 4"
STORE = "bpf_skb_store_bytes(skb, 22, &new, 2, 0);"
IPV4_FIRST = "if (skb->protocol != bpf_htons(0x0800))\n        return 0;"
EXPIRED = "if (old.ttl <= 1)\n        return 2;"
REPLACE = "bpf_l3_csum_replace(skb, 24, *(__u16 *)&old, *(__u16 *)&new, 2);"

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("no-get", WHERE, "54", "no-get-captured"),
    ("no-get", WHERE, "34 + (length & 15) * 4", "no-get-captured"),
    ("no-get", WHERE, "66", "no-get-options"),
    ("no-get", "? 2 : 0", "? 0 : 2", "no-get-captured"),
    ("no-get", ', 4, "GET ")', ', 3, "GET")', "no-get-word"),
    ("no-get", " || protocol != 6", "", "no-get-udp"),
    ("no-get", "(word, 4", "(word, 0", "no-get-other"),
    ("no-get", '"tc"', '"xdp"', "exercise-one-tc-program"),
    ("one-hop", REPLACE, "", "hop-old-checksum"),
    ("one-hop", "&old, *(__u16 *)&new", "&new, *(__u16 *)&old", "hop-checksum"),
    ("one-hop", "*(__u16 *)&old, *(__u16 *)&new", "old.ttl << 8, new.ttl << 8",
     "hop-checksum"),
    ("one-hop", "new.ttl -= 1", "new.ttl -= 2", "hop-ttl"),
    ("one-hop", STORE, "", "hop-ttl"),
    ("one-hop", "    return 0;\n}", "    return 1;\n}", "hop-verdict"),
    ("one-hop", EXPIRED, "", "hop-expired"),
    ("one-hop", IPV4_FIRST, "", "hop-ipv6"),
    ("one-hop", STORE, STORE + " bpf_skb_store_bytes(skb, 40, &new, 2, 0);",
     "hop-other-bytes"),
]  # fmt: skip


@pytest.mark.parametrize("exercise", EXERCISES)
def test_linux_takes_the_solutions(exercise: str, linux: Any) -> None:
    right = program(solution(exercise))
    assert linux.verify(right).accepted
    packets = [*PACKETS, tcp(b"GET / HTTP/1.0", b""), with_ttl(1), with_ttl(2)]
    for packet in packets:
        theirs, ours = linux.run(right, packet), lab.run(right, packet)
        assert (theirs.retval, theirs.data) == (ours.retval, ours.data)
