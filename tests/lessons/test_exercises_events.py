"""The exercises about events: solutions pass, starters fail, mistakes get their hints.

Where there is a real kernel, its verifier takes the solutions. What all exercises share
is in `test_exercises.py`.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_events import EXERCISES

import ebpflab as lab
from tests.lessons.answers import hint, solution

CARD = "head[12] == 8 && head[13] == 0 && "
DROPS, PASSES = "return 0;\n    return 1;", "return 1;\n    return 0;"
UNIT = "skb->protocol == bpf_htons(0x0800) && "
ADDRESS = "ctx->user_ip4 != bpf_htonl(0x0a600001) || "

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("two-hooks", CARD, "", "hooks-ipv6"),
    ("two-hooks", UNIT, "", "hooks-ipv6"),
    ("two-hooks", "skb, 9", "skb, 23", "hooks-passes"),
    ("two-hooks", DROPS, PASSES, "hooks-passes"),
    ("two-hooks", "return XDP_PASS", "return XDP_TX", "hooks-drops"),
    ("two-hooks", "protocol == 17)", "protocol != 6)", "hooks-drops"),
    ("two-hooks", "    return 1;\n}", "    return protocol == 99 ? 2 : 1;\n}",
     "hooks-refused"),
    ("two-hooks", "cgroup_skb/ingress", "tc", "hooks-programs"),
    ("service", "bpf_htons(8080)", "8080", "service-target"),
    ("service", "bpf_htons(80))", "80)", "service-target"),
    ("service", " || ctx->user_port != bpf_htons(80)", "", "service-other-port"),
    ("service", ADDRESS, "", "service-other-address"),
    ("service", "    return 1;\n}", "    return 0;\n}", "service-refuses"),
    ("service", "cgroup/connect4", "cgroup_skb/egress", "service-program"),
]  # fmt: skip

READS_OUTSIDE = """
    __u8 *data = (void *)(long)ctx->data, *head = data;
"""


def test_a_read_outside_is_told() -> None:
    source = solution("two-hooks").replace("__u8 head[24] = {};", READS_OUTSIDE)
    source = source.replace("bpf_xdp_load_bytes(ctx, 0, head, 24);", "")
    answer = check("two-hooks", source.replace("head[23]", "head[2300]"))
    assert hint("hooks-outside", answer)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_linux_takes_the_solutions(exercise: str, linux: Any) -> None:
    for program in lab.compile(solution(exercise)).programs.values():
        assert linux.verify(program).accepted
