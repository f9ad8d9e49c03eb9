"""Rules that few programs meet: each with a program that does, against Linux.

Compared are verdict, errno, message and count, and the log of level 2.
"""

from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.logs import last_message
from ebpflab.verifier.check import verify
from tests.engine.agreement import compare

KEEP_EVERY_STATE = 8  # a flag of programs
PROGRAMS = {
    "control comes out of the middle of a load": """
        if r1 == 0 goto next
        goto inside
        next:
        r2 = 5 ll
        inside:
        r0 = 0
        exit""",
    "a jump into a load's second half": """
        goto +2
        r9 += -1
        r2 = 5 ll
        r0 = 0
        exit""",
    "a copied constant is no longer a moved copy": """
        call bpf_get_prandom_u32
        r7 = r0
        call bpf_get_prandom_u32
        r6 = r0
        r3 = r6
        r4 = 0
        if r7 == 5 goto second
        r6 += 0
        if r6 != 16 goto out
        r1 = r6
        goto merge
        second:
        r6 = 16
        goto merge
        merge:
        r0 = 0
        r1 = r10
        r1 += -64
        r1 += r6
        *(u8 *)(r1 +0) = 0
        out:
        r0 = 0
        exit""",
}
PARTLY_WRITTEN = """
    r6 = r1
    call bpf_get_prandom_u32
    r4 = r0
    r4 &= 1
    r4 += 1
    r1 = 0
    *(u16 *)(r10 -64) = r1
    r1 = r6
    r2 = 0
    r3 = r10
    r3 += -{}
    call bpf_skb_load_bytes
    r0 = 0
    exit"""
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int f(void *ctx) { return *(int *)(ctx + %s); }
"""


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("flags", [0, KEEP_EVERY_STATE])
def test_it_is_judged_as_linux_does(linux, name: str, flags: int) -> None:
    program = replace(lab.assemble(PROGRAMS[name], type="xdp"), flags=flags)
    assert compare(linux, program) == []


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("place", [60, 61, 62, 63, 64, 65])
def test_a_helper_overwrites_what_one_number_took(linux, place, privileged) -> None:
    """One byte of a number stands for all its slot, until a helper writes there."""
    program = lab.assemble(PARTLY_WRITTEN.format(place), type="socket_filter")
    assert compare(linux, program, privileged=privileged) == []


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_the_line_behind_a_refused_context_access(linux, level: int) -> None:
    """At level 4 no line was shown before the reason, so it is shown behind it."""
    (program,) = lab.compile(SOURCE % "40").programs.values()
    theirs, ours = (ask(program, log_level=level) for ask in (linux.verify, verify))
    assert theirs.message == ours.message == "invalid bpf_context access off=40 size=4"
    if level == 4:
        assert ours.log.splitlines()[:2] == theirs.log.splitlines()[:2]
        assert last_message(ours.log) == ours.message


def test_a_long_line_is_cut_as_linux_cuts_it(linux) -> None:
    (program,) = lab.compile(SOURCE % ("4 + 0" + " + 0" * 400)).programs.values()
    assert compare(linux, program) == []
