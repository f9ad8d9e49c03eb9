"""Before the walk: the program as a whole, and what the walk will want to know of it.

Source: what Linux 6.18 refuses before it walks, and the head of its log at level 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ebpflab.hooks import HOOKS
from ebpflab.isa.disassembler import Names
from ebpflab.isa.insn import Insn
from ebpflab.program import Program
from ebpflab.verifier.attachment import find_attachment
from ebpflab.verifier.back_steps import CALL_BACK, back_step
from ebpflab.verifier.backedges import Loops
from ebpflab.verifier.backtrack import BackStep
from ebpflab.verifier.cfg import Graph, check_cfg
from ebpflab.verifier.check_attach import SLEEPABLE, check_attach
from ebpflab.verifier.check_legal import raw_slots, slots_of_program
from ebpflab.verifier.check_wide import resolve_pseudo_ldimm64
from ebpflab.verifier.control import is_kfunc_call, is_local_call
from ebpflab.verifier.effects import mark_effects
from ebpflab.verifier.env import Env
from ebpflab.verifier.exceptions import add_exception_callback
from ebpflab.verifier.fastcall import mark_fastcall_patterns
from ebpflab.verifier.functions import (
    Functions,
    check_btf_info,
    check_btf_info_early,
    read_functions,
)
from ebpflab.verifier.helper_rights import arguments, call_summary
from ebpflab.verifier.inner_maps import with_inner_maps
from ebpflab.verifier.kfunc_calls import add_kfunc_calls, is_allowed, mark_kfuncs
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.liveness import live_registers
from ebpflab.verifier.log import Log, Writer
from ebpflab.verifier.loops import components
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.reg_sanity import TEST_REG_INVARIANTS
from ebpflab.verifier.source_lines import SourceLines, check_btf_line
from ebpflab.verifier.stack_liveness import StackLiveness
from ebpflab.verifier.states import initial_state
from ebpflab.verifier.subprogs import Subprogs, add_subprogs, check_subprogs

STRICT_ALIGNMENT, ANY_ALIGNMENT = 1, 2  # flags of a program
ALIGNMENT = STRICT_ALIGNMENT | ANY_ALIGNMENT
TEST_RND_HI32, TEST_STATE_FREQ, XDP_HAS_FRAGS = 4, 8, 32
XDP_DEV_BOUND_ONLY = 64
KNOWN_FLAGS = ALIGNMENT | SLEEPABLE | TEST_RND_HI32 | TEST_STATE_FREQ
KNOWN_FLAGS |= XDP_HAS_FRAGS | XDP_DEV_BOUND_ONLY | TEST_REG_INVARIANTS


@dataclass(slots=True)
class Checked:
    """A program that passed what is asked of it as a whole."""

    program: Program
    insns: Sequence[Insn | None]
    subprogs: Subprogs
    functions: Functions
    kfuncs: Mapping[int, Prototype]
    lines: SourceLines
    used_maps: Sequence[int]
    graph: Graph


def prepared(
    program: Program,
    log: Log,
    subprogs: Subprogs,
    *,
    privileged: bool = True,
    kernel: bytes | None = None,
) -> Env:
    """Check the program as a whole; return what the walk works on.

    Args:    subprogs: filled with the program's functions.
             kernel: the kernel's BTF, if not that of this machine.
    """
    whole = _checked(program, log, subprogs, privileged, kernel)
    env = _env(whole, log, privileged)
    env.attachment, env.btf = find_attachment(whole.program, kernel), kernel
    env.has_fastcalls = mark_fastcall_patterns(
        whole.insns,
        subprogs,
        lambda insn: call_summary(insn, whole.program, whole.kfuncs, privileged),
    )
    if log.is_full:
        _tell_live_registers(env)
    return env


def _checked(
    program: Program,
    log: Log,
    subprogs: Subprogs,
    privileged: bool,
    kernel: bytes | None,
) -> Checked:
    """Refuse what is wrong with the whole program, in the order of Linux."""
    insns = slots_of_program(program)
    _check_modelled(program, insns)
    btf, rows = read_functions(program)
    functions = check_btf_info_early(btf, rows)
    add_subprogs(insns, subprogs)
    kfuncs = add_kfunc_calls(program, insns, kernel)
    add_exception_callback(functions, rows, subprogs)
    _tell_subprogs(log, subprogs)
    check_subprogs(raw_slots(insns), subprogs)
    check_btf_info(functions, rows, subprogs)
    lines = check_btf_line(program, btf, insns, subprogs)
    used_maps = resolve_pseudo_ldimm64(program, insns, kernel, privileged=privileged)
    program = with_inner_maps(program)
    graph = check_cfg(insns, subprogs)
    mark_kfuncs(graph, insns, kfuncs)
    mark_effects(insns, subprogs, kfuncs)
    check_attach(program, HOOKS[program.type])
    return Checked(program, insns, subprogs, functions, kfuncs, lines, used_maps, graph)


def _env(whole: Checked, log: Log, privileged: bool) -> Env:
    """Return a verification that is about to begin."""
    program, insns, graph = whole.program, whole.insns, whole.graph
    names = Names(kfuncs={id: proto.name for id, proto in whole.kfuncs.items()})
    log.writer = Writer(insns, program.maps, names, whole.lines)
    tell = log.tell if log.is_full else None
    state = initial_state()
    state.in_sleepable = bool(program.flags & SLEEPABLE)
    return Env(
        program,
        HOOKS[program.type],
        insns,
        graph,
        _live_registers(whole, privileged),
        [_back_step(insn, idx, whole) for idx, insn in enumerate(insns)],
        Loops(components(graph), tell),
        whole.subprogs,
        log,
        state,
        StackLiveness(graph, whole.subprogs, tell),
        functions=whole.functions,
        kfuncs=whole.kfuncs,
        used_maps=whole.used_maps,
        allow_ptr_leaks=privileged,
        allow_uninit_stack=privileged,
        bypass_spec_v1=privileged,
        bypass_spec_v4=privileged,
        strict_alignment=program.flags & ALIGNMENT == STRICT_ALIGNMENT,
        keeps_every_state=bool(program.flags & TEST_STATE_FREQ),
    )


def _live_registers(whole: Checked, privileged: bool) -> Sequence[int]:
    """Return which registers may still be read, by slot; calls read their arguments."""

    def count(insn: Insn) -> int:
        proto = whole.kfuncs.get(insn.imm) if is_kfunc_call(insn) else None
        if proto and is_allowed(whole.program, proto):
            return len(proto.parameters)
        return arguments(insn, whole.program, privileged)

    return live_registers(whole.insns, whole.graph, count)


def _check_modelled(program: Program, insns: Sequence[Insn | None]) -> None:
    """Refuse to judge what this verifier does not know."""
    hook = HOOKS.get(program.type)
    if hook is None or not hook.verified:
        not_modelled(f"programs of type {program.type}")
    if program.flags & ~KNOWN_FLAGS:
        not_modelled("program flags")
    if not insns:
        not_modelled("an empty program")


def _back_step(insn: Insn | None, idx: int, whole: Checked) -> BackStep | None:
    """Return how wanted numbers move back: over global functions, they are not seen."""
    if idx in whole.graph.callbacks:
        return CALL_BACK
    if insn and is_local_call(insn):
        callee = whole.subprogs.starting_at(idx + 1 + insn.imm)
        return back_step(insn, is_global=whole.functions.is_global(callee))
    return back_step(insn)


def _tell_subprogs(log: Log, subprogs: Subprogs) -> None:
    if log.is_full:
        for number, subprog in enumerate(subprogs):
            log.tell(f"func#{number} @{subprog.start}\n")


def _tell_live_registers(env: Env) -> None:
    env.log.tell("Live regs before insn:\n")
    for idx, insn in enumerate(env.insns):
        if insn:
            live = env.live_regs[idx]
            shown = "".join(str(r) if live >> r & 1 else "." for r in range(10))
            loop = f"{env.loops.numbers[idx]:3d} " if env.loops.numbers[idx] else "    "
            env.log.tell(f"{loop}{idx:3d}: {shown} {env.log.writer.insn(idx)}\n")
