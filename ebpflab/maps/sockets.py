"""sockmap, sockhash, reuseport_sockarray, xskmap: sockets by index or key.

A program sends data to a socket of such a map, or chooses the one that shall have it.

    maps["peers"][0] = Socket("tcp", "established")

Kernel differs: a socket that is closed stays; one may stand in two arrays of listeners.
Source: docs.kernel.org/bpf/map_sockmap.html and map_xskmap.html; which sockets fit, and
errno, as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator
from typing import Any, ClassVar

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.owners import Owner, Socket
from ebpflab.maps.rights import (
    ENOTSUPP,
    EVERY_ACCESS,
    FROM_USERSPACE,
    CreateFlag,
    UpdateFlag,
)
from ebpflab.maps.rows import Row, Rows
from ebpflab.maps.things import FD_SIZE, ThingArray
from ebpflab.program import Program

COOKIE_SIZE = 8  # bytes: with values this large, userspace finds a socket's cookie
LONGEST_KEY = 512  # bytes
BOUND = ("bound", "established")
SENDING = {  # states in which a socket's data can be taken over, by kind
    "tcp": ("listen", "established"),
    "udp": BOUND,
    "unix_stream": ("established",),
    "unix_dgram": ("new", *BOUND),
}
LISTENING = {"tcp": ("listen",), "udp": ("bound",)}


class SocketMap(ThingArray):
    """Slots with sockets."""

    wanted = "Socket"
    value_sizes: ClassVar[tuple[int, ...]] = (FD_SIZE, COOKIE_SIZE)
    unreadable = errno.ENOSPC  # when userspace looks for no cookie

    def check_spec(self) -> None:
        spec = self.spec
        self.things: dict[Any, Any] = {}
        sized = self.is_key_size(spec.key_size) and spec.value_size in self.value_sizes
        if not sized or not spec.max_entries:
            raise self.refuse(errno.EINVAL, "socket-spec", most=LONGEST_KEY)

    def is_key_size(self, size: int) -> bool:
        return size == INDEX_SIZE

    def accept(self, thing: Any) -> None:
        """Refuse what is no socket. Raises MapError with Linux's errno."""
        if not isinstance(thing, Socket):
            other = isinstance(thing, Owner | Program | Map)
            number = errno.ENOTSOCK if other else errno.EBADF
            raise self.refuse(number, "things-other", wanted=self.wanted)

    def lookup(self, key: Key = b"") -> Any:
        """Return the socket in a slot. Raises MapError: not readable by userspace."""
        data = self.key_bytes(key)
        self.check_readable()
        if self.spec.value_size != COOKIE_SIZE:
            raise self.refuse(self.unreadable, "socket-no-cookie")
        return self.thing_at(data)

    def update(self, key: Key, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a socket into a slot. Raises MapError with Linux's errno."""
        data = self.key_bytes(key)
        self.check_writable()
        self.hold(data, value, flags)

    def hold(self, key: bytes, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a socket into a slot, as a program does too. Raises MapError."""
        raise NotImplementedError

    def check_flags(self, flags: int) -> None:
        if flags > UpdateFlag.EXIST:
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)

    def check_index(self, key: bytes) -> None:
        if int.from_bytes(key, "little") >= self.spec.max_entries:
            last = self.spec.max_entries - 1
            raise self.refuse(errno.E2BIG, "array-index", last=last)

    def check_there(self, key: bytes, flags: int) -> None:
        """Refuse what the flags forbid: to replace a socket, or to add one."""
        there = self.thing_at(key) is not None
        if there and flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "map-key-exists", shown=key.hex(" "))
        if not there and flags == UpdateFlag.EXIST:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=key.hex(" "))

    def put(self, key: bytes, thing: Any) -> None:
        self.things[int.from_bytes(key, "little")] = thing


@map_type
class Sockmap(SocketMap):
    """Sockets by index, to send data to."""

    type = "sockmap"
    described = Described.NEVER
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE

    def hold(self, key: bytes, value: Any, flags: int = UpdateFlag.ANY) -> None:
        self.accept(value)
        late = value.kind == "unix_seqpacket"  # refused after all else
        if not late and value.state not in SENDING.get(value.kind, ()):
            raise self.refuse(errno.EOPNOTSUPP, "socket-unfit", socket=value)
        self.check_flags(flags)
        self.check_slot(key)
        if late:
            raise self.refuse(errno.EOPNOTSUPP, "socket-unfit", socket=value)
        self.check_there(key, flags)
        self.check_room(key)
        self.put(key, value)

    def check_slot(self, key: bytes) -> None:
        self.check_index(key)

    def check_room(self, key: bytes) -> None:
        """Refuse a new key where there is no room."""

    def remove(self, key: bytes) -> None:
        if self.thing_at(key) is None:
            raise self.refuse(errno.EINVAL, "map-no-such-key", shown=key.hex(" "))
        del self.things[int.from_bytes(key, "little")]


@map_type
class Sockhash(Sockmap):
    """Sockets by any key, to send data to."""

    type = "sockhash"

    def check_spec(self) -> None:
        super().check_spec()
        if self.spec.key_size > LONGEST_KEY:
            raise self.refuse(errno.E2BIG, "socket-spec", most=LONGEST_KEY)

    def is_key_size(self, size: int) -> bool:
        return size > 0

    def thing_at(self, key: bytes) -> Any:
        return self.things.get(key)

    def check_slot(self, key: bytes) -> None:
        """Take any key."""

    def check_room(self, key: bytes) -> None:
        entries = self.spec.max_entries
        if key not in self.things and len(self.things) >= entries:
            raise self.refuse(errno.E2BIG, "map-full", entries=entries)

    def put(self, key: bytes, thing: Any) -> None:
        self.things[key] = thing

    def remove(self, key: bytes) -> None:
        if key not in self.things:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=key.hex(" "))
        del self.things[key]

    def keys(self) -> Iterator[bytes]:
        return iter(list(self.things))

    def rows(self) -> Rows:
        numbered = enumerate(self.things.items())
        return {key: Row(thing, place) for place, (key, thing) in numbered}


@map_type
class ReuseportSockarray(SocketMap):
    """Sockets that listen on one port; a program chooses who gets a packet."""

    type = "reuseport_sockarray"
    flags_taken = CreateFlag.NUMA_NODE | EVERY_ACCESS

    def hold(self, key: bytes, value: Any, flags: int = UpdateFlag.ANY) -> None:
        self.check_flags(flags)
        self.check_index(key)
        self.accept(value)
        self.check_there(key, flags)
        if value.kind not in LISTENING:
            raise self.refuse(ENOTSUPP, "socket-unfit", socket=value)
        if not value.reuseport or value.state not in LISTENING[value.kind]:
            raise self.refuse(errno.EINVAL, "socket-unfit", socket=value)
        if value in self.things.values():
            raise self.refuse(errno.EBUSY, "socket-busy", socket=value)
        self.put(key, value)


@map_type
class Xskmap(SocketMap):
    """Sockets that take whole packets from a driver (AF_XDP)."""

    type = "xskmap"
    described = Described.NEVER
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE
    value_sizes = (FD_SIZE,)
    unreadable = errno.EOPNOTSUPP

    def hold(self, key: bytes, value: Any, flags: int = UpdateFlag.ANY) -> None:
        self.check_flags(flags)
        self.check_index(key)
        self.accept(value)
        if value.kind != "xdp":
            raise self.refuse(errno.EOPNOTSUPP, "socket-unfit", socket=value)
        if self.thing_at(key) != value:
            self.check_there(key, flags)
        self.put(key, value)

    def holds(self, key: bytes) -> bool:
        """Tell whether a packet can be redirected there."""
        return self.thing_at(key) is not None

    def remove(self, key: bytes) -> None:
        index = int.from_bytes(key, "little")
        if index >= self.spec.max_entries:
            last = self.spec.max_entries - 1
            raise self.refuse(errno.EINVAL, "array-index", last=last)
        self.things.pop(index, None)
