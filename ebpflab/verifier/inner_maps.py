"""Maps inside maps: what a lookup gives is a map again, whose blueprint is known.

A program's maps are named by their index; the blueprints of inner maps follow them, in
the order of the maps that hold them. Linux does not know an inner map by its name.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Sequence
from dataclasses import replace

from ebpflab.btf.records import record_of
from ebpflab.btf.special import Special
from ebpflab.program import MapSpec, Program
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import NOTHING_RARE, RegState

TOLD_APART = (Special.TIMER, Special.WORKQUEUE, Special.TASK_WORK)


def with_inner_maps(program: Program) -> Program:
    """Return a program whose maps are followed by those inside of them."""
    inner = [replace(spec.inner, name="") for spec in program.maps if spec.inner]
    return replace(program, maps=(*program.maps, *inner)) if inner else program


def as_inner_map(reg: RegState, maps: Sequence[MapSpec]) -> RegState:
    """Return what a lookup in a map of maps found."""
    holders = [place for place, spec in enumerate(maps) if spec.inner]
    place = len(maps) - len(holders) + holders.index(reg.map)
    keeps_id = record_of(maps[place]).of(*TOLD_APART) is not None
    rare = NOTHING_RARE._replace(map_uid=reg.id if keeps_id else 0)
    kind = RegType.CONST_PTR_TO_MAP
    return RegState(kind, ZERO, id=reg.id, map=place, rare=rare)
