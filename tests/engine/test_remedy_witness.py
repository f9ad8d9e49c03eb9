"""A witness is an input on which a program really goes wrong; a sound one has none."""

import pytest

import ebpflab as lab
from ebpflab.program import MapSpec
from ebpflab.remedy.witness import witness

COUNTERS = MapSpec("array", 4, 8, 4, name="counters")
SEEN = MapSpec("hash", 4, 8, 4, name="seen")
RING = MapSpec("ringbuf", 0, 0, 4096, name="ring")
WRONG = {
    "a packet read behind its end": (
        """
        r2 = *(u32 *)(r1 +0)
        r0 = *(u8 *)(r2 +40)
        exit
        """,
        (),
    ),
    "only for packets of one protocol, and too short": (
        """
        r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r1 +4)
        r4 = r2
        r4 += 14
        if r4 > r3 goto out
        r5 = *(u16 *)(r2 +12)
        if r5 != 8 goto out
        r0 = *(u8 *)(r2 +23)
        exit
        out: r0 = 2
        exit
        """,
        (),
    ),
    "a lookup that may miss": (
        """
        r1 = 7
        *(u32 *)(r10 -4) = r1
        r2 = r10
        r2 += -4
        r1 = map[0] ll
        call bpf_map_lookup_elem
        r0 = *(u64 *)(r0 +0)
        exit
        """,
        (SEEN,),
    ),
    "a register that nobody wrote": ("r0 = r7\nexit", ()),
    "a loop without end": ("again: r0 = 1\ngoto again", ()),
    "a record that is never sent": (
        """
        r1 = map[0] ll
        r2 = 8
        r3 = 0
        call bpf_ringbuf_reserve
        r0 = 0
        exit
        """,
        (RING,),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_is_found(name):
    text, maps = WRONG[name]
    program = lab.assemble(text, type="xdp", maps=list(maps))
    found = witness(program)
    assert found.found
    assert found.problem in str(found)
    if found.fault:
        with pytest.raises(lab.VmFault):
            found.run()


def test_equal_seeds_find_the_same_input():
    program = lab.assemble(WRONG["a packet read behind its end"][0], type="xdp")
    assert witness(program, seed=3).trial == witness(program, seed=3).trial


def test_a_program_that_does_no_wrong_has_no_witness():
    found = witness(lab.assemble("r0 = 2\nexit", type="xdp"), tries=100)
    assert not found.found
    assert "100" in str(found)
    with pytest.raises(lab.ProgramError):
        found.run()


def test_progress_is_told():
    told = []
    witness(
        lab.assemble("r0 = 1\nexit", type="xdp"),
        tries=64,
        progress=lambda *now: told.append(now),
    )
    assert told
