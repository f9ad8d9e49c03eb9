"""Functions, callbacks and their loops against Linux: whole logs, line by line.

Random programs of several functions are judged by both, and so are small ones, one
rule each. Verdict, errno, message, `processed`, states, backtracking through frames,
the stack's liveness by chain of calls, and all counters must be equal.
"""

import re
from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.btf.writer import GLOBAL
from ebpflab.program import MapSpec, Program
from ebpflab.verifier import back_moves, equal_regs, frames, stack_depth
from ebpflab.verifier.backtrack import Backtrack
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled
from ebpflab.verifier.stack_liveness import StackLiveness
from tests.engine.function_programs import random_functions
from tests.engine.functions import program_of
from tests.engine.test_verifier_walk import MAPS, answer, differences, lines

TOO_MANY = 20_000  # instructions processed: their logs take long to write
PROGRAMS = MapSpec("prog_array", 4, 4, 4, name="p")
RECORDS = MapSpec("user_ringbuf", 0, 0, 4096, name="u")
ALL_MAPS = (*MAPS, PROGRAMS, RECORDS)
END = "\nr0 = 0\nexit\n"


def compared(linux, seeds: range, length: int) -> Iterator[str]:
    """Yield how Linux and we differ on random programs."""
    for seed in seeds:
        program = random_functions(seed, length)
        if linux.verify(program, log_level=4).insns_processed < TOO_MANY:
            if "No program to jit" in verify(program, log_level=0).message:
                continue  # the number in it counts what Linux has put in, too
            if found := next(differences(linux, program), None):
                yield f"seed {seed}: {found}"


@pytest.mark.parametrize(("seeds", "length"), [(range(120), 12), (range(500, 530), 40)])
def test_linux_says_the_same_of_functions(linux, seeds: range, length: int) -> None:
    assert list(compared(linux, seeds, length)) == []


# ---- one rule each ---------------------------------------------------------------

LOOP = "r1 = {}\nr2 = F ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop" + END + "F:\n"
EACH = (
    "r1 = {} ll\nr2 = F ll\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem" + END + "F:\n"
)
PACKET = (
    "r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\nr2 = r6\nr2 += 8\n"
    "if r2 > r7 goto X\ncall F\nr0 = *(u8 *)(r6 +1)\nX:" + END + "F:\n"
)
RULES = {
    "arguments and results": "r1 = 5\nr2 = r10\nr2 += -8\ncall F\nr1 = r10\nr1 += r0"
    + END
    + "F:\n*(u64 *)(r2 +0) = r1\nr0 = *(u64 *)(r2 +0)\nr0 &= 7\nexit",
    "lost registers": "r1 = 5\ncall F\nr0 = r1\nexit\nF:\nr0 = 0\nexit",
    "a pointer to the own stack": "call F" + END + "F:\nr0 = r10\nexit",
    "a pointer to a caller's stack": "r1 = r10\nr1 += -8\ncall F\n*(u64 *)(r0 +0) = 1"
    + END
    + "F:\nr0 = r1\nexit",
    "no result": "call F\nr1 = r0" + END + "F:\nexit",
    "recursion": "call F" + END + "F:\ncall F" + END,
    "a jump out": "call F" + END + "F:\ngoto +9\nr0 = 0\nexit",
    "an end without exit": "call F" + END + "F:\nr0 = 0",
    "a tail call": "call F\nr7 = r0\nr7 &= 7\nr1 = r10\nr1 += r7"
    + END
    + "F:\nr2 = p ll\nr3 = 0\ncall bpf_tail_call\nr0 = 0\nexit",
    "a tail call and the packet": PACKET
    + "r2 = p ll\nr3 = 0\ncall bpf_tail_call\nr0 = 0\nexit",
    "a tail call far down": "*(u64 *)(r10 -256) = 0\ncall F"
    + END
    + "F:\nr2 = p ll\nr3 = 0\ncall bpf_tail_call\nr0 = 0\nexit",
    "rounds that write": LOOP.format(10)
    + "r1 = *(u64 *)(r2 +0)\nr1 += 1\n*(u64 *)(r2 +0) = r1\nr0 = 0\nexit",
    "rounds by no number": LOOP.format("r1") + "r0 = 0\nexit",
    "no round": LOOP.format(0) + "r0 = r10\nexit",
    "a wrong answer": LOOP.format(3) + "r0 = 2\nexit",
    "an answer that is a pointer": LOOP.format(3) + "r0 = r1\nr0 = r2\nexit",
    "a callback that counts": LOOP.format(3)
    + "r6 = *(u64 *)(r2 +0)\nr6 += 1\nif r6 > 9 goto +1\n*(u64 *)(r2 +0) = r6"
    + END,
    "rounds in rounds": LOOP.format(5)
    + "r6 = r2\nr1 = 3\nr2 = G ll\nr3 = r6\nr4 = 0\ncall bpf_loop"
    + END
    + "G:\nr3 = *(u64 *)(r2 +0)\nr3 += 1\n*(u64 *)(r2 +0) = r3\nr0 = 0\nexit",
    "rounds without end": LOOP.format(5)
    + "r3 = r2\nr1 = 3\nr2 = F ll\nr4 = 0\ncall bpf_loop"
    + END,
    "an element": EACH.format("h")
    + "r0 = *(u32 *)(r2 +0)\nr1 = *(u64 *)(r3 +8)\n*(u64 *)(r3 +0) = r1\nr0 = 0\nexit",
    "an element's end": EACH.format("a")
    + "r0 = *(u32 *)(r2 +0)\nr0 &= 7\nr3 += r0\nr0 = *(u8 *)(r3 +42)\nr0 = 0\nexit",
    "an element's key written": EACH.format("a") + "*(u32 *)(r2 +0) = 1" + END,
    "no elements": EACH.format("p") + "r0 = 0\nexit",
    "records": "r1 = u ll\nr2 = F ll\nr3 = 0\nr4 = 0\ncall bpf_user_ringbuf_drain"
    + END
    + "F:\nr2 = 0\nr3 = 8\ncall bpf_dynptr_data\nif r0 == 0 goto X\n"
    "r0 = *(u8 *)(r0 +7)\nX:" + END,
    "a function's address": "r2 = F ll\nr0 = *(u8 *)(r2 +0)\nexit\nF:\nr0 = 0\nexit",
    "an address spilled": "r2 = F ll\n*(u64 *)(r10 -8) = r2\nr2 = *(u64 *)(r10 -8)\n"
    "r1 = 3\nr3 = 0\nr4 = 0\ncall bpf_loop" + END + "F:\nr0 = 0\nexit",
    "may_goto": "r0 = 0\nL:\nmay_goto X\nr0 += 1\ngoto L\nX:" + END,
    "may_goto that does nothing": "may_goto X\nX:" + END,
    "may_goto and a sum": "r6 = 0\nL:\nmay_goto X\nr6 += 1\nif r6 > 100 goto X\n"
    "r1 = r10\nr1 -= r6\ngoto L\nX:\nr6 &= 7\nr1 = r10\nr1 += r6\nr0 = *(u8 *)(r1 -8)"
    + END,
    "a loop beside may_goto": "r6 = 0\nL:\nmay_goto X\ngoto L\nX:\ngoto X",
}


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_linux_says_the_same_of_one_rule(linux, rule: str, level: int) -> None:
    program = program_of(RULES[rule], maps=ALL_MAPS)
    assert list(differences(linux, program, level)) == []


def test_without_types_there_are_no_callbacks(linux) -> None:
    whole = program_of(LOOP.format(3) + "r0 = 0\nexit")
    program = Program(whole.code, type="xdp")
    assert list(differences(linux, program)) == []


# ---- the stack of all calls ------------------------------------------------------


def chain(sizes: list[int]) -> str:
    """Write functions that call one another, with so many bytes of stack each."""
    text = ""
    for number, size in enumerate(sizes):
        text += f"F{number}:\n" if number else ""
        text += f"*(u64 *)(r10 -{size}) = 0\n" if size else ""
        text += f"call F{number + 1}\n" if number + 1 < len(sizes) else ""
        text += "r0 = 0\nexit\n"
    return text


SIZES = [
    *([256, 256], [256, 264], [504, 8], [512, 8], [512, 512], [56, 464]),
    *([8] * 8, [8] * 9, [64, 512, 512], [56] * 8, [64] * 8, [72] * 8),
]


@pytest.mark.parametrize("type", ["xdp", "kprobe", "tracepoint", "raw_tracepoint"])
def test_how_much_stack_calls_may_take(linux, type: str) -> None:
    for sizes in SIZES:
        program = program_of(chain(sizes), type=type)
        assert list(differences(linux, program)) == [], sizes


# ---- level 4 ---------------------------------------------------------------------

TIME = re.compile(r"verification time \d+ usec")


def test_linux_counts_the_same_stack(linux) -> None:
    for seed in range(2000, 2080):
        program = random_functions(seed, 14)
        theirs = linux.verify(program, log_level=4)
        if theirs.insns_processed < TOO_MANY and "jit" not in theirs.message:
            ours = verify(program, log_level=4)
            assert TIME.sub("", ours.log) == TIME.sub("", theirs.log), seed


MANY_CALLS = """r6 = 0
L:
r1 = r6
call F
r6 += 1
if r6 < 1000 goto L
r0 = 0
exit
F:
r6 = r1
r6 &= 7
*(u64 *)(r10 -8) = r6
r1 = r6
call G
r1 = *(u64 *)(r10 -8)
r0 += r1
exit
G:
*(u64 *)(r10 -16) = r1
r0 = *(u64 *)(r10 -16)
r0 *= 3
if r0 > 9 goto +1
r0 = 1
exit
"""


def test_many_calls_are_counted_as_linux_counts(linux) -> None:
    program = program_of(MANY_CALLS)
    theirs, ours = linux.verify(program, log_level=4), verify(program, log_level=4)
    assert TIME.sub("", ours.log) == TIME.sub("", theirs.log)
    assert ours.insns_processed > 15_000


# ---- global functions ------------------------------------------------------------

CALL = "call F" + END + "F:\n"
TO_STACK = "r1 = r10\nr1 += -8\n"
CHECKED = "r0 = 0\nif r1 == 0 goto +1\nr0 = *(u32 *)(r1 +{})\nexit"
GLOBALS = {
    "no argument": (CALL + "r0 = 3\nexit", []),
    "a number": ("r1 = 1\n" + CALL + "r0 = r1\nexit", ["int"]),
    "a number that is a pointer": (CALL + "r0 = r1\nexit", ["int"]),
    "a result in bounds": ("r1 = 1\ncall F\nr0 &= 1\nexit\nF:\nr0 = 3\nexit", ["int"]),
    "the context": (CALL + "r0 = *(u32 *)(r1 +16)\nexit", ["ctx"]),
    "no context": ("r1 = 1\n" + CALL + "r0 = 0\nexit", ["ctx"]),
    "memory": (TO_STACK + CALL + CHECKED.format(0), ["int*"]),
    "memory, its end": (TO_STACK + CALL + CHECKED.format(4), ["int*"]),
    "memory, unchecked": (TO_STACK + CALL + "r0 = *(u32 *)(r1 +0)\nexit", ["int*"]),
    "no memory": ("r1 = 0\n" + CALL + CHECKED.format(0), ["int*"]),
    "too little memory": ("r1 = r10\nr1 += -2\n" + CALL + CHECKED.format(0), ["int*"]),
    "memory that is a context": (CALL + CHECKED.format(0), ["int*"]),
    "a structure": (TO_STACK + CALL + CHECKED.format(4), ["pair*"]),
    "a structure by value": ("r1 = 1\n" + CALL + "r0 = 0\nexit", ["pair"]),
    "memory of no size": (TO_STACK + CALL + "r0 = 0\nexit", ["void*"]),
    "memory of unknown size": (TO_STACK + CALL + "r0 = 0\nexit", ["fwd*"]),
    "too many arguments": ("r1 = 1\n" + CALL + "r0 = 0\nexit", ["int"] * 6),
    "a pointer as result": (CALL + "r0 = r10\nexit", []),
    "no result": (CALL + "exit", []),
    "itself": ("r1 = 0\n" + CALL + "call F" + END, ["int"]),
    "a number that matters": (
        "r1 = 0\n" + CALL + "r1 &= 7\nr2 = r10\nr2 += r1\nr0 = *(u8 *)(r2 -8)\nexit",
        ["int"],
    ),
    "the packet moved": (PACKET + "r2 = 0\ncall bpf_xdp_adjust_head" + END, ["ctx"]),
    "the packet not moved": (PACKET + "r0 = 0\nexit", ["ctx"]),
    "a callback": (LOOP.format(3) + "r0 = 0\nexit", []),
    "an infinite loop": (CALL + "goto F", []),
    "sleep": (CALL + "r1 = 0\nr2 = 0\nr3 = 0\ncall bpf_copy_from_user" + END, []),
}


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("linkage", [GLOBAL, 0])
@pytest.mark.parametrize("rule", GLOBALS)
def test_linux_says_the_same_of_a_prototype(linux, rule, linkage, level) -> None:
    """A static function's prototype is compared too, but only told of."""
    text, prototype = GLOBALS[rule]
    type = "kprobe" if rule == "sleep" else "xdp"
    prototypes = {1: prototype}
    program = program_of(text, type=type, linkages={1: linkage}, prototypes=prototypes)
    try:
        assert list(differences(linux, program, level)) == []
    except NotModelled:
        assert rule == "sleep"


# ---- planted errors --------------------------------------------------------------


def leave_arguments(walk: Backtrack, step, entry) -> bool:
    """Forget that a number came from the caller."""
    walk.regs, walk.slots = walk.outer.pop()
    return True


PLANTED = [
    (back_moves, "local_call", leave_arguments),
    (frames, "copy_arguments", lambda env, caller, callee: None),
    (equal_regs, "_within", lambda old, new: True),
    (StackLiveness, "before", lambda self, state: [0] * len(state.frames)),
    (stack_depth, "_rounded", lambda size: 0),
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED, ids=lambda v: str(v)[:30])
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    monkeypatch.setattr(where, name, wrong)
    seeds = compared(linux, range(300), 14)
    deep = program_of(chain([256, 264]))
    assert answer(verify(deep)) != answer(linux.verify(deep)) or next(seeds, None)


def test_lines_of_c_are_written(linux) -> None:
    source = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    static __attribute__((noinline)) int twice(int n) {
        if (n > 100)
            return 0;
        return n * 2;
    }
    SEC("xdp") int main_program(struct xdp_md *ctx) {
        return twice(ctx->rx_queue_index) + twice(3);
    }
    char _license[] SEC("license") = "GPL";
    """
    program = lab.compile(source).programs["main_program"]
    theirs, ours = linux.verify(program, log_level=2), verify(program, log_level=2)
    assert "; if (n > 100) @ prog.c:" in ours.log
    assert lines(ours.log) == lines(theirs.log)
