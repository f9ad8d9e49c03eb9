"""array_of_maps and hash_of_maps: maps by index or key, chosen while a program runs.

The blueprint has an `inner` one; every map put in must be like it. A program's lookup
gives the inner map, in which it then looks again.
Source: docs.kernel.org/bpf/map_of_maps.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.hash import HASH_FLAGS, Hash
from ebpflab.maps.rights import ENOTSUPP, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.maps.things import FD_SIZE, ThingArray
from ebpflab.program import MapSpec

NOT_INSIDE = ("array_of_maps", "hash_of_maps", "prog_array", "cgroup_storage")


def check_inner(outer: Map) -> MapSpec:
    """Return the blueprint of the maps inside. Raises MapError: none, or odd."""
    inner = outer.spec.inner
    if inner is None:
        raise outer.refuse(errno.EINVAL, "inner-missing")
    if inner.type in NOT_INSIDE:
        number = errno.EINVAL if inner.type.endswith("_of_maps") else ENOTSUPP
        raise outer.refuse(number, "inner-type", type=inner.type)
    return inner


def check_like(outer: Map, thing: Any) -> None:
    """Refuse a map that is not like the blueprint of those inside."""
    wanted = outer.spec.inner
    assert wanted
    if not isinstance(thing, Map):
        raise outer.refuse(errno.EBADF, "things-other", wanted="Map")
    if _kind(thing.spec) != _kind(wanted):
        raise outer.refuse(errno.EINVAL, "inner-unlike", name=thing.name)


def _kind(spec: MapSpec) -> tuple[object, ...]:
    """Return what must be equal between an inner map and the blueprint."""
    open_size = spec.type != "array" or spec.flags & CreateFlag.INNER_MAP
    entries = 0 if open_size else spec.max_entries
    return spec.type, spec.key_size, spec.value_size, spec.flags, entries


def snapshot_with(outer: Map, restore_outer: Callable[[], None]) -> Callable[[], None]:
    """Remember the maps inside too."""
    inner = [row.value.snapshot() for row in outer.rows().values()]

    def restore() -> None:
        restore_outer()
        for restore_inner in inner:
            restore_inner()

    return restore


@map_type
class ArrayOfMaps(ThingArray):
    """Maps by index."""

    type = "array_of_maps"
    described = Described.NEVER
    wanted = "Map"

    def check_spec(self) -> None:
        super().check_spec()
        check_inner(self)

    def accept(self, thing: Any) -> None:
        check_like(self, thing)

    def snapshot(self) -> Callable[[], None]:
        return snapshot_with(self, super().snapshot())


@map_type
class HashOfMaps(Hash):
    """Maps by key."""

    type = "hash_of_maps"
    described = Described.NEVER
    value_access = False
    flags_taken = HASH_FLAGS & ~(CreateFlag.RDONLY_PROG | CreateFlag.WRONLY_PROG)

    def check_spec(self) -> None:
        super().check_spec()
        self.things: dict[bytes, Map] = {}
        if self.spec.value_size != FD_SIZE:
            raise self.refuse(errno.EINVAL, "things-spec", wanted="Map")
        check_inner(self)

    def thing_at(self, key: bytes) -> Any:
        """Return the map under a key, or None."""
        return self.things.get(key)

    def lookup(self, key: Key = b"") -> Any:
        data = self.key_bytes(key)
        self.check_readable()
        return self.thing_at(data)

    def update(self, key: Key, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a live map. Raises MapError with Linux's errno."""
        data = self.key_bytes(key)
        self.check_writable()
        check_like(self, value)
        self.store(data, bytes(FD_SIZE), flags)
        self.things[data] = value

    def remove(self, key: bytes) -> None:
        super().remove(key)
        del self.things[key]

    def pop(self, key: Key = b"") -> Any:
        """Refuse: a map cannot be taken out. Raises MapError."""
        return Map.pop(self, key)

    def keys(self) -> Iterator[bytes]:
        return iter(list(self.things))

    def rows(self) -> Rows:
        slots = super().rows()
        return {key: Row(map, slots[key].place) for key, map in self.things.items()}

    def snapshot(self) -> Callable[[], None]:
        kept, restore_slots = dict(self.things), super().snapshot()

        def restore() -> None:
            restore_slots()
            self.things = dict(kept)

        return snapshot_with(self, restore)
