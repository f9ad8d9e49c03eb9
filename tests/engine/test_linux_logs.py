"""Reading a verifier log: the reason and the count, at any level, cut or not."""

import pytest

from ebpflab.logs import last_message, masked, processed

STATISTICS = (
    "processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
    "peak_states 0 mark_read 0\n"
)
TRACE = """0: R1=ctx() R10=fp0
0: (62) *(u32 *)(r10 -4) = 0          ; R10=fp0 fp-8=0000????
"""
REASON = "R0 invalid mem access 'map_value_or_null'"
LOOP = """infinite loop detected at insn 0
cur state: R0=0 R1=ctx() R10=fp0
old state: R0=0 R1=ctx() R10=fp0
"""
TIMES = "verification time 13 usec\nstack depth 8\n"


@pytest.mark.parametrize(
    ("log", "message", "count"),
    [
        (TRACE + REASON + "\n" + STATISTICS, REASON, 6),
        ("func#0 @0\n" + TRACE + REASON + "\n" + STATISTICS, REASON, 6),
        (REASON + "\n" + TIMES + STATISTICS, REASON, 6),
        (
            REASON + "\nverification time 9 usec\nstack depth 8+16\n" + STATISTICS,
            REASON,
            6,
        ),
        (REASON + STATISTICS, REASON, 6),  # a reason without its newline
        (REASON + TIMES + STATISTICS, REASON, 6),
        (TRACE + LOOP + STATISTICS, "infinite loop detected at insn 0", 6),
        (TRACE + REASON + "\n", REASON, 0),  # cut before the statistics
        (TRACE + REASON[:20], REASON[:20], 0),
        (TRACE, "", 0),
        (STATISTICS, "", 6),
        (TIMES + STATISTICS, "", 6),
        (TRACE + "from 6 to 8: safe\n" + STATISTICS, "", 6),
        ("", "", 0),
        (REASON + "\n" + STATISTICS + "-- END PROG LOAD LOG --\n", REASON, 6),
        ("a\n" + STATISTICS + "b\n" + STATISTICS.replace("6 insns", "9 insns"), "b", 9),
    ],
)
def test_the_reason_and_the_count(log: str, message: str, count: int) -> None:
    assert (last_message(log), processed(log)) == (message, count)


@pytest.mark.parametrize(
    ("message", "same"),
    [
        ("3: (18) r1 = 0xffff888224ba0c00", "3: (18) r1 = ADDRESS"),
        (
            "R0=map_value(id=1,map=gt,ks=4,vs=8)",
            "R0=map_value(id=N,map=NAME,ks=4,vs=8)",
        ),
        (
            "fd 7 is not pointing to valid bpf_map",
            "fd N is not pointing to valid bpf_map",
        ),
        ("R2 offset is outside of the packet", "R2 offset is outside of the packet"),
        (
            "Unreleased reference id=3 alloc_insn=7",
            "Unreleased reference id=N alloc_insn=7",
        ),
    ],
)
def test_what_two_loads_do_not_share(message: str, same: str) -> None:
    assert masked(message) == same
