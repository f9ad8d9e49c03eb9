"""Live maps: one class per map type, made from its blueprint. See base.py first.

This module is also the public function `ebpflab.maps(obj)`: calling it makes live maps.
"""

import sys
from types import ModuleType

from ebpflab.errors import MapError, expect
from ebpflab.maps import (  # noqa: F401  (they register)
    arena,
    array,
    bloom_filter,
    cgroup_array,
    cgroup_storage,
    hash,
    local_storage,
    lpm_trie,
    lru,
    maps_of_maps,
    perf_event_array,
    prog_array,
    ringbuf,
    sequence,
    sockets,
    stack_trace,
    struct_ops,
    targets,
    user_ringbuf,
)
from ebpflab.maps.base import Map, type_of_map
from ebpflab.maps.journals import Journal, journal  # noqa: F401
from ebpflab.maps.operations import Operation  # noqa: F401
from ebpflab.program import MapSpec, Object, Program


def make_map(spec: MapSpec) -> Map:
    """Make the live map of a blueprint, with its first contents.

    Raises:  MapError: a type that the kit does not have, or numbers that Linux refuses.
    """
    if spec.type not in type_of_map:
        known = ", ".join(sorted(type_of_map))
        raise MapError.of("map-unknown-type", at=spec.name, type=spec.type, known=known)
    made = type_of_map[spec.type](spec)
    for key, value in spec.init.items():
        made.update(key, value)
    if spec.frozen:
        made.freeze()
    return made


def live_maps(owner: Object | Program) -> dict[str, Map]:
    """Make the live maps of an object or a program; they outlast a run.

    Slots that the object fills from the start hold its programs and maps.

    Raises:  MapError: see make_map. ProgramError: it is neither.
    """
    expect(owner, (Object, Program), "maps(...)")
    specs = owner.maps.values() if isinstance(owner, Object) else owner.maps
    made = {spec.name: make_map(spec) for spec in specs}
    things: dict[str, Program | Map] = {**made}
    if isinstance(owner, Object):
        things |= owner.programs
    for spec in specs:
        for index, name in spec.slots.items():
            if name in things:
                made[spec.name].update(index, things[name])
    return made


class _CallableModule(ModuleType):
    """A module that can be called: `ebpflab.maps` is a name of both."""

    def __call__(self, owner: Object | Program) -> dict[str, Map]:
        """Make the live maps of an object or a program; see live_maps."""
        return live_maps(owner)


sys.modules[__name__].__class__ = _CallableModule
