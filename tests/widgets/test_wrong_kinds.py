"""Whatever a view is given, it is shown or refused in words: nothing from inside."""

from contextlib import suppress

import pytest
from ebpflab_widgets import costs, explain, paths, step, watch

import ebpflab as lab

WRONG = [None, 0, -1, 1.5, "", "\0", b"", b"\xff" * 33, object(), [], [1], {"a": 1}]
PROGRAM = lab.assemble("r0 = 2\nexit", type="xdp")
OTHERS = [PROGRAM, lab.verify(PROGRAM), lab.run(PROGRAM, bytes(64)), lab.maps(PROGRAM)]


@pytest.mark.parametrize("view", [step, explain, paths, watch, costs])
def test_a_view_of_something_else(view):
    for wrong in WRONG + OTHERS:
        if view is costs and wrong is None:
            continue  # it measures: no mistake
        with suppress(lab.EbpfLabError):
            assert str(view(wrong))


def test_a_second_timeline_that_is_none():
    run = lab.run(PROGRAM, bytes(64))
    for wrong in WRONG[1:]:
        with pytest.raises(lab.EbpfLabError):
            step(run, beside=wrong)


@pytest.mark.parametrize("path", [None, 3, 1.5, b"x", object(), "\0"])
def test_a_path_that_is_none(path):
    with pytest.raises(lab.EbpfLabError):
        step(lab.run(PROGRAM, bytes(64))).save(path)


def test_mending_what_is_no_program():
    with pytest.raises(lab.ProgramError):
        lab.fix_source(b"exit", lab.verify(PROGRAM))
    with pytest.raises(lab.ProgramError):
        lab.fix_source(PROGRAM, "R1 !read_ok")
