"""Programs that call one helper each, with arguments right and wrong, made at random.

Mostly an argument is right for its kind (`call_values.py`); now and then another one is
taken.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from ebpflab.helpers import ADDRESSES, HELPERS, Arg, Kind, Ret, may_call
from ebpflab.hooks import HOOKS
from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier.map_helpers import TYPES_OF
from tests.engine.call_values import (
    MAPS,
    PLAIN_MAPS,
    RIGHT,
    VALUES,
    ZEROED,
    Value,
    Writer,
    odd_stack,
    stack,
)


def argument(w: Writer, helper: str, arg: Arg, to: str) -> list[str]:
    """Return the lines that give a helper one argument; mostly a right one."""
    chance = w.random.random()
    if chance < 0.07:
        return w.random.choice(VALUES)(w, to)
    if arg.may_be_null and chance < 0.25:
        return [f"{to} = 0"]
    if arg.kind is Kind.CONST_MAP_PTR:
        types = TYPES_OF.get(helper, ())
        fitting = [spec.name for spec in MAPS if spec.type in types] or PLAIN_MAPS
        wanted = fitting if chance < 0.9 else [spec.name for spec in MAPS]
        return [f"{to} = {w.random.choice(list(wanted))} ll"]
    if arg.is_uninit and arg.kind is Kind.PTR_TO_DYNPTR:
        return w.random.choice([stack, stack, odd_stack])(w, to)
    return w.random.choice(RIGHT.get(arg.kind, VALUES))(w, to)


ATTACHED_TO_NOTHING = [
    type for type in HOOKS if type not in ("raw", "tracing", "lsm", "struct_ops", "ext")
]


def types_of(helper: str) -> list[str]:
    """Return the program types that have a helper."""
    return [type for type in ATTACHED_TO_NOTHING if may_call(type, helper)]


USES_OF_POINTERS = (
    [],
    ["if r0 == 0 goto OUT", "r1 = *(u8 *)(r0 +0)"],
    ["if r0 == 0 goto OUT", "*(u64 *)(r0 +8) = 1"],
    ["r1 = *(u32 *)(r0 +4)"],
    ["if r0 == 0 goto OUT", "r0 += 4", "r1 = *(u32 *)(r0 +0)"],
)
USES_OF_NUMBERS = (
    [],
    ["r1 = r0", "r1 += 8", "r2 = *(u64 *)(r10 -80)"],
    [
        *("if r0 s> 3 goto OUT", "if r0 s< 0 goto OUT", "r1 = r10", "r1 += r0"),
        "r2 = *(u64 *)(r10 -128)",
    ],
    ["r1 = *(u32 *)(r8 +4)"],
    ["r2 = r0", "r2 &= 7", "r1 = r10", "r1 += -72", "r1 += r2", "r3 = *(u8 *)(r1 +0)"],
)


def use(chance: random.Random, ret: Ret) -> list[str]:
    """Return lines that do something with the result."""
    of_pointers = (ret in ADDRESSES) != (chance.random() < 0.03)
    return chance.choice(USES_OF_POINTERS if of_pointers else USES_OF_NUMBERS)


def call_program(
    seed: int,
    helper: str | None = None,
    *,
    forced: tuple[int, Value] | None = None,
    types: Sequence[str] = ATTACHED_TO_NOTHING,
) -> Program:
    """Return a program that calls one helper.

    Args:    forced: an argument, from 1, and what it is to be.
    """
    chance = random.Random(seed)
    names = [proto.name for proto in HELPERS.values() if types_of(proto.name)]
    helper = helper or chance.choice(names)
    proto = next(proto for proto in HELPERS.values() if proto.name == helper)
    type = chance.choice([type for type in types_of(helper) if type in types])
    w = Writer(chance, type)
    calls = []
    for place, arg in enumerate(proto.args_for(type), 1):
        if forced and place == forced[0]:
            calls += forced[1](w, f"r{place}")
        elif arg.kind is not Kind.DONTCARE:
            calls += argument(w, helper, arg, f"r{place}")
    body = [
        *("r6 = r1", "call bpf_get_prandom_u32", "r7 = r0"),
        *(f"*(u64 *)(r10 {at}) = 0" for at in ZEROED),
        *w.packet(),
        *w.lines,
        *calls,
        f"call bpf_{helper}",
        *use(chance, proto.ret),
        *w.after,
        *("OUT:", f"r0 = {chance.choice([0, 1])}", "exit"),
    ]
    flags = 1 << 4 if type == "syscall" else 0
    attach = list(HOOKS[type].attach_types) or [None]
    text = "\n".join(body)
    maps = [spec for spec in MAPS if re.search(rf"\b{spec.name}( ll|\[)", text)]
    program = assemble(text, type=type, maps=maps)
    return replace(
        program,
        flags=flags,
        expected_attach_type=chance.choice(attach),
        license=chance.choice(["GPL"] * 9 + ["Proprietary"]),
    )
