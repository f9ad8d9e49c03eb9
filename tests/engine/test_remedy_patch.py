"""A patched program does what it did: jumps, calls and debug information still fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebpflab as lab
from ebpflab.isa.insn import Insn
from ebpflab.remedy.patch import Edit, patched

KEEP = Insn(0xBF, dst=1, src=1)  # r1 = r1: it changes nothing
PROGRAM = """
    r6 = r1
    r0 = 0
    r7 = 5
again:
    r0 += r7
    r7 -= 1
    if r7 s> 0 goto again
    r1 = r0
    r8 = 0x1122334455667788 ll
    call double
    if w0 != 30 goto wrong
    gotol done
wrong:
    r0 = 99
done:
    exit
double:
    r0 = r1
    r0 <<= 1
    exit
"""


def places(program: lab.Program) -> list[int]:
    return [pc for pc, insn in enumerate(program.insns) if insn]


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 3)), max_size=6))
def test_instructions_that_do_nothing_change_nothing(wanted):
    program = lab.assemble(PROGRAM, type="raw")
    starts = places(program)
    edits = {
        starts[n]: Edit(starts[n], (KEEP,) * count)
        for n, count in wanted
        if starts[n] not in range(1)
    }
    answer = lab.run(patched(program, list(edits.values())), b"")
    assert answer.retval == lab.run(program, b"").retval == 30


def test_a_jump_to_the_patched_place_meets_the_new_instructions_first():
    program = lab.assemble("r0 = 0\nif r0 == 0 goto out\nr0 = 1\nout: exit", type="raw")
    answer = lab.run(patched(program, [Edit(3, (Insn(0xB7, imm=7),))]), b"")
    assert answer.retval == 7


def test_an_inserted_jump_leads_to_a_slot_of_the_program_before():
    program = lab.assemble("r0 = 1\nr0 = 2\nr0 = 3\nexit", type="raw")
    to_end = Edit(1, (Insn(0x05),), leads_to={0: 3})
    assert lab.run(patched(program, [to_end]), b"").retval == 1


def test_old_instructions_can_be_replaced():
    program = lab.assemble("r0 = 1 ll\nr0 += 1\nexit", type="raw")
    edited = patched(program, [Edit(0, (Insn(0xB7, imm=40),), drops=2)])
    assert lab.disassemble(edited) == "r0 = 40\nr0 += 1\nexit"


def test_lines_of_the_source_move_with_their_instructions():
    source = "int f(void *c) { int a = 1; return a + 1; }"
    (program,) = lab.compile(source, type="xdp").programs.values()
    edited = patched(program, [Edit(0, (KEEP, KEEP))])
    assert [row.pc for row in edited.lines] == [row.pc + 2 for row in program.lines]


def test_a_jump_that_becomes_too_long_is_an_error():
    body = "r0 = 0\n" * 32_766
    program = lab.assemble(f"r1 = 1\nif r1 == 0 goto out\n{body}out: exit", type="raw")
    with pytest.raises(lab.ProgramError, match="32768"):
        patched(program, [Edit(5, (KEEP, KEEP))])
