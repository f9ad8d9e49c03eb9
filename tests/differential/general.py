"""Pieces that go with every family: numbers, tests, the stack, loops that end.

They bring about what makes a verifier's work hard: paths that meet again, numbers that
are known on one path only, copies that stay linked, values that go through the stack.
"""

from tests.differential.template import Chooser
from tests.engine import test_vm_against_linux

NUMBERS = "{0~1~-1~2~7~8~15~31~63~64~100~255~256~4096~0x7fffffff~-8~-100}"
WIDTH, SLOT = "u{8~16~32~64}", "{8~16~24}"
COMPARE = "{==~!=~>~>=~<~<=~s>~s>=~s<~s<=~&}"


def arithmetic(chooser: Chooser) -> str:
    """Return a line of arithmetic on r7 and r8, any row."""
    line = test_vm_against_linux.arithmetic(chooser.chance)
    for old, new in (("7", "8"), ("6", "7")):
        line = line.replace(f"r{old}", f"r{new}").replace(f"w{old}", f"w{new}")
    return line


GENERAL = (
    arithmetic,
    arithmetic,
    f"if {{r~w}}7 {COMPARE} {NUMBERS} goto over#; {{r~w}}8 += {NUMBERS}; over#:",
    f"if {{r7 {COMPARE} r8~w7 {COMPARE} w8}} goto over#; r8 = r7; over#:",
    "{r7~r8} &= {1~7~15~63~255~0xffff}",
    "r9 = r7; r9 += {1~8~-4}; if r7 {<~s<~!=} {5~16~100} goto over#; r8 = r9; over#:",
    f"*({WIDTH} *)(r10 -{SLOT}) = {{r7~r8}}; r8 = *({WIDTH} *)(r10 -{SLOT})",
    "*(u64 *)(r10 -32) = r7; if r7 {>~==} 9 goto over#; r7 = *(u64 *)(r10 -32); over#:",
    "*(u64 *)(r10 -40) = r6; r9 = *(u64 *)(r10 -40); r6 = r9; r9 = 0",
    "r9 = {0..3}; again#:; r7 {+=~^=} 5; r9 += 1; if r9 {<~s<~!=} {4~7} goto again#",
    "r9 = r10; r9 += -{8~24~56}; *(u{8~32} *)(r9 +{0~4}) = {r7~0~5}; r9 = 0",
    "if r7 s< 0 goto over#; if r7 s> {7~40~400} goto over#; r8 = r7; over#:",
)

_UNKNOWN = (
    "call bpf_get_prandom_u32; {r7~r8} = r0",
    "call bpf_ktime_get_ns; {r7~r8} = r0",
    "r7 = *(u{8~16~32~64} *)(r10 -{8~16~24})",
    "",
)


def numbers(chooser: Chooser) -> str:
    """Return a beginning that gives r7, r8 and r9 numbers, known ones or not."""
    first = f"r7 = {NUMBERS}; r8 = {NUMBERS}; r9 = 0; "
    return chooser.fill(first + chooser.chance.choice(_UNKNOWN) + ";")
