"""Maps in the real kernel: made from their blueprint, read and written by key.

A `LiveMap` has the same operations as the maps of `ebpflab.maps`, and the errno are
the kernel's own. Not here: several maps at once
(`opened.py`), reading records (`perf.py`, `ringbuf.py`).
Source: bpf(2), bpf-helpers(7); behavior as observed on Linux 6.18.
"""

import ctypes
import errno
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, nullcontext
from typing import Any
from weakref import WeakValueDictionary

from ebpflab.errors import MapError
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.linux.btf import load_btf, struct_ops_fields
from ebpflab.linux.cpus import possible_cpus
from ebpflab.linux.descriptor import Descriptor, Fd
from ebpflab.linux.load import loaded
from ebpflab.linux.syscall import bpf, checked, errno_words, kernel_name
from ebpflab.linux.types import number_of
from ebpflab.maps.userspace import Key, Userspace
from ebpflab.program import MapSpec, Program

_ALIGNMENT = 8  # bytes; each CPU's value starts at a multiple of it
_RECORDS = ("perf_event_array", "ringbuf", "user_ringbuf")  # no values to look up
_OF_MAPS = ("array_of_maps", "hash_of_maps")
_HOLD_THINGS = {  # a value is a descriptor: what is put in, for people
    "prog_array": "Program",
    **dict.fromkeys(_OF_MAPS, "LiveMap"),
    "perf_event_array": "perf event",
    "cgroup_array": "cgroup",
    **dict.fromkeys(("sockmap", "sockhash", "reuseport_sockarray"), "socket"),
    "xskmap": "socket",
}
_NO_FD = (1 << 31) - 1  # beyond the largest that Linux gives out
_ROUNDS, _MORE_KEYS = 2, 1024  # see `keys`


class LiveMap(Userspace):
    """One map in the kernel; it lives until it is closed or forgotten.

    The value of a per-CPU map is that of all CPUs, one after another, each padded to
    a multiple of 8 bytes. What is read from a map of maps is the inner map's id.
    """

    def __init__(
        self, spec: MapSpec, siblings: "MutableMapping[str, LiveMap] | None" = None
    ) -> None:
        """Make the map, with its first contents; its slots are filled by `opened.py`.

        Args:    siblings: maps by name, for programs that are put into this one.
        Raises:  LinuxError: the kernel has no such type, or refuses the numbers.
        """
        self.spec = spec
        self.siblings = WeakValueDictionary() if siblings is None else siblings
        at = f"{spec.name or 'map'} ({spec.type})"
        self.types = load_btf(spec.btf, at) if spec.btf else None
        self.descriptor = _created(spec, at, self.types)
        for key, value in spec.init.items():
            self[key] = value
        if spec.frozen:
            self.freeze()

    @property
    def type(self) -> str:
        return self.spec.type

    @property
    def fd(self) -> Fd:
        return self.descriptor.number

    @property
    def value_size(self) -> int:
        """How many bytes a lookup gives: for a per-CPU map, those of all CPUs."""
        size = self.spec.value_size
        if not self.type.startswith(("percpu_", "lru_percpu_")):
            return size
        return -(-size // _ALIGNMENT) * _ALIGNMENT * len(possible_cpus())

    def key_bytes(self, key: Key) -> bytes:
        """Return the key as bytes. Raises MapError: not `key_size` bytes."""
        return self.sized(key, self.spec.key_size, "key")

    def value_bytes(self, value: Any) -> bytes:
        """Return a value as bytes, of a per-CPU map those of all CPUs."""
        return self.sized(value, self.value_size, "value")

    def close(self) -> None:
        """Let go of the map; the kernel frees it when nobody else holds it."""
        self.types = None
        self.descriptor.close()

    def __enter__(self) -> "LiveMap":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lookup(self, key: Key = b"") -> bytes | None:
        """Return the value of `key`, or None; of a queue or stack, the next value.

        Raises:  MapError: the map type cannot do this.
        """
        value = ctypes.create_string_buffer(max(self.value_size, 1))
        data = self.sized(key, self.spec.key_size, "key")
        number = self._ask("MAP_LOOKUP_ELEM", key=data, value=value)
        if number == errno.ENOENT:
            return None
        self._check("MAP_LOOKUP_ELEM", number)
        return self.typed(value.raw[: self.value_size], "value")

    def update(self, key: Key, value: "Value", flags: int = 0) -> None:
        """Put a value; flags 1 = only if new, 2 = only if there.

        The value of a map of maps is the inner LiveMap, that of a prog_array a
        Program: it is loaded with the maps of the same name that were made together
        with this one, and the kernel keeps it as long as it stands here. A plain
        number is never taken for a descriptor.

        Raises:  MapError: with the kernel's errno. LinuxError: `flags` is no number.
                 VerifierError: the program was rejected.
        """
        data = self.sized(key, self.spec.key_size, "key")
        with ExitStack() as stack:
            content = self._content(value, stack)
            number = self._ask("MAP_UPDATE_ELEM", key=data, value=content, flags=flags)
        if number == errno.EBADF and self.type in _HOLD_THINGS:
            wanted = _HOLD_THINGS[self.type]
            raise self.refuse(number, "linux-map-thing", wanted=wanted)
        self._check("MAP_UPDATE_ELEM", number)

    def _content(self, value: "Value", stack: ExitStack) -> bytes:
        """Return a value as the kernel takes it; a program lasts as long as the stack.

        Where things stand, anything else becomes a number that no descriptor has.
        """
        size = self.value_size
        if isinstance(value, Program) and self.type == "prog_array":
            return self.sized(
                stack.enter_context(self._loaded(value)).number, size, "value"
            )
        if isinstance(value, LiveMap) and self.type in _OF_MAPS:
            return self.sized(value.fd, size, "value")
        if self.type not in _HOLD_THINGS or isinstance(value, Fd):
            return self.sized(value, size, "value")
        if not isinstance(value, LiveMap | Program):
            self.sized(value, size, "value")
        return _NO_FD.to_bytes(size, "little")

    def _loaded(self, program: Program) -> Descriptor:
        """Load a program that is to stand here; maps are shared by their names."""
        known = {**self.siblings, self.name: self}
        with ExitStack() as stack:
            maps = [
                known[spec.name]
                if spec.name and spec.name in known
                else stack.enter_context(LiveMap(spec))
                for spec in program.maps
            ]
            return loaded(program, maps)

    def delete(self, key: Key) -> None:
        """Remove a key. Raises MapError: with the kernel's errno."""
        data = self.sized(key, self.spec.key_size, "key")
        self._check("MAP_DELETE_ELEM", self._ask("MAP_DELETE_ELEM", key=data))

    def pop(self, key: Key = b"") -> bytes:
        """Take a value out: the next of a queue or stack, or that of a key.

        Raises:  MapError: nothing there, or the map type cannot do this.
        """
        value = ctypes.create_string_buffer(max(self.value_size, 1))
        data = self.sized(key, self.spec.key_size, "key")
        number = self._ask("MAP_LOOKUP_AND_DELETE_ELEM", key=data, value=value)
        self._check("MAP_LOOKUP_AND_DELETE_ELEM", number)
        return self.typed(value.raw[: self.value_size], "value")

    def freeze(self) -> None:
        """Forbid writing from userspace from now on. Raises MapError."""
        self._check("MAP_FREEZE", bpf("MAP_FREEZE", map_fd=self.fd).errno)

    def keys(self) -> Iterator[bytes]:
        """Go through the keys, in the kernel's order.

        When the last key is gone meanwhile, the kernel begins again, so that a key
        may come twice.

        Raises:  MapError: as Linux refuses it; or keys that come and go all the time
                 have given twice as many as there is room for, and 1,024 more.
        """
        if self.type in _RECORDS or not self.spec.key_size:
            return
        key: bytes | None = None
        following = ctypes.create_string_buffer(self.spec.key_size)
        for _ in range(_ROUNDS * self.spec.max_entries + _MORE_KEYS):
            place: dict[str, Any] = {} if key is None else {"key": key}
            number = self._ask("MAP_GET_NEXT_KEY", **place, next_key=following)
            if number == errno.ENOENT:
                return
            self._check("MAP_GET_NEXT_KEY", number)
            key = following.raw[: self.spec.key_size]
            yield key
        raise self.refuse(errno.EAGAIN, "linux-keys-endless")

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Go through keys with their values; slots that hold nothing are left out."""
        for key in self.keys():
            value = LiveMap.lookup(self, key)  # its own: a journal hears the others
            if value is not None:
                yield key, value

    def contents(self) -> dict[bytes, bytes]:
        """Return a copy of all that can be read; {} where nothing can."""
        try:
            return dict(self.items())
        except MapError:
            return {}

    def _ask(self, command: str, **fields: Any) -> int:
        """Ask about an element; maps without keys (a queue) want no pointer to one."""
        if not self.spec.key_size:
            fields.pop("key", None)
        return bpf(command, map_fd=self.fd, **fields).errno

    def _check(self, command: str, number: int) -> None:
        if number:
            words = errno_words(number)
            raise self.refuse(number, "linux-map-refused", command=command, words=words)


Value = Key | LiveMap | Program


def _created(spec: MapSpec, at: str, types: Descriptor | None) -> Descriptor:
    fields = {
        "map_type": number_of(spec.type, MAP_TYPES, "linux-map-type"),
        "key_size": spec.key_size,
        "value_size": spec.value_size,
        "max_entries": _entries(spec),
        "map_flags": spec.flags,
        "map_name": kernel_name(spec.name),
        "map_extra": spec.extra,
    }
    if spec.type == "struct_ops" and spec.btf:
        fields |= struct_ops_fields(spec)
    inner = LiveMap(spec.inner) if spec.inner else nullcontext()
    with inner as template:
        if template is not None:  # an empty map is false
            fields["inner_map_fd"] = template.fd
        if types:
            fields["btf_fd"] = types.number
            if spec.type != "struct_ops":  # its value's type is the kernel's
                fields["btf_key_type_id"] = spec.key_type
                fields["btf_value_type_id"] = spec.value_type
        return Descriptor(checked(at, "MAP_CREATE", **fields).value)


def _entries(spec: MapSpec) -> int:
    """Return how many entries; a perf event array of 0 has one for each CPU."""
    if spec.type == "perf_event_array" and spec.max_entries == 0:
        return len(possible_cpus())
    return spec.max_entries
