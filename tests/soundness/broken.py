"""Broken programs: noise, random instructions, good programs with something changed.

What is changed may be the code, the types and lines beside it, its maps, what it is
attached to. Not here: what is asked of them (`robust.py`).
"""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import ebpflab as lab
from ebpflab.errors import ProgramError
from ebpflab.hooks import HOOKS
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.isa.spellings import FORMS
from ebpflab.linux.types import ATTACH_TYPES
from tests.differential.blueprints import blueprints
from tests.differential.families import FAMILIES
from tests.differential.mutations import mutated
from tests.engine.test_tutorials import SOURCES, compiled

SLOT = 8  # bytes of an instruction
EDGES = (0, 1, 2, 4, 7, 8, 16, 64, 512, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
NUMBERS = (0, 1, -1, 2, 4, 8, 64, 512, -512, 1 << 30, (1 << 31) - 1, -(1 << 31))
OFFSETS = (0, 0, 0, 1, -1, 2, 3, -2, -4, -8, -16, 4, 8, 16, -512, (1 << 15) - 1)
TYPES = (*HOOKS, "raw", "", "no such type")
NAMES = ("", "sched_switch", "vfs_read", "task", "tcp_congestion_ops", "?", "a" * 300)
ATTACH = (None, "", "?", *ATTACH_TYPES)
MAP_PARTS = (
    *("type", "key_size", "value_size", "max_entries", "flags", "extra"),
    *("btf", "key_type", "value_type", "frozen", "init", "inner"),
)

Chance = random.Random


@cache
def objects() -> tuple[lab.Program, ...]:
    """Return programs of real objects, with their types, lines and maps."""
    made = [program for path in SOURCES for program in _programs(path)]
    return (*made, *_more)


_more: list[lab.Program] = []


def add_objects(programs: Sequence[lab.Program]) -> None:
    """Let programs of more objects be among those that are changed."""
    _more.extend(programs)
    objects.cache_clear()


def _programs(path: Any) -> list[lab.Program]:
    obj, _ = compiled(path)
    return list(obj.programs.values())


def noise(chance: Chance) -> lab.Program:
    """Bytes, now and then not whole instructions."""
    length = SLOT * chance.choice((0, 1, 2, 5, 20, 200))
    length += chance.choice((0, 0, 0, 0, 1, 7))
    return _of_any_type(chance.randbytes(length), chance)


def rows(chance: Chance) -> lab.Program:
    """Valid instructions, one after the other."""
    insns = [_insn(chance) for _ in range(chance.choice((1, 3, 10, 40)))]
    return _of_any_type(encode([*insns, Insn(0xB7), Insn(0x95)]), chance)


def _insn(chance: Chance) -> Insn:
    form = chance.choice(FORMS)
    fields = {
        "dst": chance.choice((0, 1, 2, 3, 6, 10)),
        "src": chance.choice((0, 1, 2, 3, 6, 10)),
        "off": chance.choice(OFFSETS),
        "imm": chance.choice((*NUMBERS, chance.randrange(220))),
        "next_imm": chance.choice((0, 0, 0, 1, 64)),
    }
    return Insn(form.opcode, **{**fields, **form.fixed})


def family(chance: Chance) -> lab.Program:
    """A program of a family, with more than one thing changed."""
    made = FAMILIES[chance.choice([*FAMILIES])](chance.randrange(10_000))
    return _mutated(made, chance)


def real(chance: Chance) -> lab.Program:
    """A program of a real object, with an instruction or several changed."""
    return _mutated(chance.choice(objects()), chance)


def mangled(chance: Chance) -> lab.Program:
    """Code with bytes changed, pieces cut out, doubled or exchanged."""
    program = _good(chance)
    return replace(program, code=_changed(program.code, chance))


def dressed(chance: Chance) -> lab.Program:
    """Right code; what stands beside it is broken."""
    program = _good(chance)
    for _ in range(chance.choice((1, 1, 2, 4))):
        part = chance.choice([*PARTS])
        program = replace(program, **{part: PARTS[part](program, chance)})
    return program


KINDS: dict[str, Callable[[Chance], lab.Program]] = {
    made.__name__: made for made in (noise, rows, family, real, mangled, dressed)
}


def _good(chance: Chance) -> lab.Program:
    if chance.random() < 0.6:
        return chance.choice(objects())
    return FAMILIES[chance.choice([*FAMILIES])](chance.randrange(10_000))


def _mutated(program: lab.Program, chance: Chance) -> lab.Program:
    for _ in range(chance.choice((1, 1, 2, 5))):
        program = mutated(program, chance)
    if chance.random() < 0.1:
        program = replace(program, type=chance.choice(TYPES))
    return program


def _of_any_type(code: bytes, chance: Chance) -> lab.Program:
    specs = [*blueprints().values()]
    maps = chance.sample(specs, chance.choice((0, 1, 3)))
    return lab.Program(code, type=chance.choice(TYPES), maps=maps)


def _changed(data: bytes, chance: Chance) -> bytes:
    """Change bytes here and there; whole words are edges more often than not."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(6):
            case 0:
                made[at : at + 1] = chance.randbytes(1)
            case 1:
                made[at : at + 4] = chance.choice(EDGES).to_bytes(4, "little")
            case 2:
                at -= at % SLOT
                del made[at : at + SLOT * chance.choice((1, 1, 3))]
            case 3:
                at -= at % SLOT
                made[at:at] = made[at : at + SLOT * chance.choice((1, 2, 6))]
            case 4:
                other = chance.randrange(len(made) + 1)
                made[at:at] = made[other - other % SLOT :][:SLOT]
            case 5 if chance.random() < 0.1:
                del made[at:]
    return bytes(made)


def _bytes(part: str) -> Callable[[lab.Program, Chance], bytes | None]:
    """Make a change of types or lines: none, noise, others' or a few other bytes."""

    def change(program: lab.Program, chance: Chance) -> bytes | None:
        now: bytes | None = getattr(program, part)
        if not now or chance.random() < 0.2:
            other = getattr(chance.choice(objects()), part)
            return chance.choice((None, b"", chance.randbytes(40), other))
        return _changed(now, chance)

    return change


def _maps(program: lab.Program, chance: Chance) -> list[lab.MapSpec]:
    specs = list(program.maps)
    if not specs or chance.random() < 0.3:
        return chance.sample([*blueprints().values()], chance.choice((0, 1, 2)))
    place = chance.randrange(len(specs))
    with suppress(ProgramError):  # of a blueprint that cannot be
        specs[place] = replace(specs[place], **_map_part(specs[place], chance))
    return specs


def _map_part(spec: lab.MapSpec, chance: Chance) -> dict[str, Any]:
    part = chance.choice(MAP_PARTS)
    values: dict[str, Callable[[], Any]] = {
        "type": lambda: chance.choice((*MAP_TYPES, "no such map")),
        "btf": lambda: chance.choice((None, _changed(spec.btf or b"", chance))),
        "frozen": lambda: not spec.frozen,
        "init": lambda: {chance.randbytes(4): chance.randbytes(8)},
        "inner": lambda: chance.choice((None, spec)),
    }
    return {part: values.get(part, lambda: chance.choice(EDGES))()}


PARTS: dict[str, Callable[[lab.Program, Chance], Any]] = {
    "btf": _bytes("btf"),
    "func_info": _bytes("func_info"),
    "line_info": _bytes("line_info"),
    "maps": _maps,
    "type": lambda program, chance: chance.choice(TYPES),
    "expected_attach_type": lambda program, chance: chance.choice(ATTACH),
    "attach_to": lambda program, chance: chance.choice((None, *NAMES)),
    "license": lambda program, chance: chance.choice(("", "MIT", "GPL", "\0", "é")),
    "flags": lambda program, chance: chance.choice((*EDGES, 1 << chance.randrange(8))),
}
