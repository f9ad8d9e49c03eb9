"""A program in memory, and the library of all that a run may come to by tail calls.

Where programs call each other, their slots are told apart by a base: the listing of a
timeline holds one program after another, and slot 3 of the second is `base + 3` there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ebpflab.errors import RunError
from ebpflab.isa.legal import check
from ebpflab.maps import make_map
from ebpflab.maps.base import Map
from ebpflab.maps.prog_array import ProgArray
from ebpflab.program import MapSpec, Program
from ebpflab.vm.code import Code


@dataclass(slots=True, eq=False)
class Loaded:
    """One program with its code and its maps, in its own order."""

    program: Program
    code: Code
    maps: list[Map]
    base: int  # slots of the programs before it
    library: Library


@dataclass(slots=True, eq=False)
class Library:
    """Programs, each loaded once; they share the maps that are named and made alike."""

    given: Mapping[str, Map]  # by name; they stand for every map of that name
    maps: dict[str, Map] = field(default_factory=dict)
    programs: list[Loaded] = field(default_factory=list)

    @classmethod
    def around(cls, program: Program, given: Mapping[str, Map]) -> Library:
        """Load a program, and whatever the program arrays of its maps hold."""
        library = cls(given)
        library.of(program)
        return library

    @property
    def first(self) -> Loaded:
        return self.programs[0]

    @property
    def used(self) -> list[Map]:
        """All maps of the programs, each once."""
        maps = {id(m): m for loaded in self.programs for m in loaded.maps}
        return list(maps.values())

    def of(self, program: Program) -> Loaded:
        """Return a program as it is loaded here; load it when it is new.

        Raises:  EncodingError: its code is illegal. MapError: a map of it is.
        """
        for loaded in self.programs:
            if loaded.program is program:
                return loaded
        check(program.insns)
        if self.programs and program.type != self.first.program.type:
            raise RunError.of(
                "tail-call-type",
                name=program.name,
                type=program.type,
                first=self.first.program.type,
            )
        base = sum(len(loaded.code.insns) for loaded in self.programs)
        maps = [self._live(spec) for spec in program.maps]
        made = Loaded(program, Code(program.insns), maps, base, self)
        self.programs.append(made)
        for called in _called(made.maps):
            self.of(called)
        return made

    def _live(self, spec: MapSpec) -> Map:
        """Return the live map of a blueprint: given, shared, or new."""
        if spec.name in self.given:
            return self.given[spec.name]
        known = self.maps.get(spec.name)
        if known is None or not spec.name or known.spec != spec:
            known = self.maps[spec.name] = make_map(spec)
        return known


def _called(maps: list[Map]) -> Iterator[Program]:
    """Yield the programs that wait in the slots of program arrays."""
    for map in maps:
        if isinstance(map, ProgArray):
            yield from map.things.values()
