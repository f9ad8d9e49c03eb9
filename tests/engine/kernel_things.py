"""Sockets, tasks, files and cgroups: the kernel's own, and what stands for each here.

The sockets are made in a network namespace of their own, in a thread that enters it, so
that the tests stay where they are. Everything is closed at the end.
"""

import ctypes
import fcntl
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from ebpflab.maps.owners import Cgroup, Inode, Socket, Task
from tests.engine.map_operations import Thing

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, UP = 0x8914, 0x1
AF_XDP = 44
SO_COOKIE = 57
HERE = ("127.0.0.1", 0)
STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


@cache
def cookie_of(fd: int) -> int:
    with socket.fromfd(fd, socket.AF_INET, STREAM) as made:
        told = made.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
    return int.from_bytes(told, "little")


class SocketThing(Thing):
    """A socket; its number in the kernel is its cookie."""

    @property
    def id(self) -> int:
        return cookie_of(self.fd)


class OwnerThing(Thing):
    """An owner of values; nothing answers with its number."""

    id = -1


def inet(kind: int, bound: bool, listens: bool, shared: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if bound:
        made.bind(HERE)
    if listens:
        made.listen(8)
    return made


def connected(kind: int, shared: bool = False) -> list[socket.socket]:
    """Return a connected socket, and the others that it takes."""
    other = inet(kind, True, kind == STREAM, False)
    made = inet(kind, shared, False, shared)
    made.connect(other.getsockname())
    return [made, other, *([other.accept()[0]] if kind == STREAM else [])]


def half_closed() -> list[socket.socket]:
    client, listener, accepted = connected(STREAM)
    client.close()
    return [accepted, listener]


def new(family: int, kind: int, protocol: int = 0) -> list[socket.socket]:
    return [socket.socket(family, kind, protocol)]


def pair(kind: int) -> list[socket.socket]:
    return list(socket.socketpair(socket.AF_UNIX, kind))


def sockets() -> Iterator[tuple[Socket, list[socket.socket]]]:
    """Yield each socket as it is here, with the real one first among some."""
    for name, kind in (("tcp", STREAM), ("udp", DGRAM)):
        for shared in (False, True):
            yield Socket(name, "new", shared), [inet(kind, False, False, shared)]
            yield Socket(name, "bound", shared), [inet(kind, True, False, shared)]
            yield Socket(name, "established", shared), connected(kind, shared)
    for shared in (False, True):
        yield Socket("tcp", "listen", shared), [inet(STREAM, True, True, shared)]
    yield Socket("tcp", "close_wait"), half_closed()
    for name, kind in (("stream", STREAM), ("dgram", DGRAM)):
        yield Socket(f"unix_{name}", "established"), pair(kind)
        yield Socket(f"unix_{name}", "new"), new(socket.AF_UNIX, kind)
    yield Socket("unix_seqpacket", "established"), pair(socket.SOCK_SEQPACKET)
    yield Socket("raw"), new(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    yield Socket("packet"), new(socket.AF_PACKET, socket.SOCK_RAW)
    yield Socket("netlink"), new(socket.AF_NETLINK, socket.SOCK_RAW)
    for _ in range(2):
        yield Socket("xdp"), new(AF_XDP, socket.SOCK_RAW)


def in_own_namespace(made: list[tuple[Socket, list[socket.socket]]]) -> None:
    """Fill the list, in a thread: it is in another namespace afterwards."""
    ctypes.CDLL(None).unshare(CLONE_NEWNET)
    with socket.socket(socket.AF_INET, DGRAM) as control:
        up = struct.pack("16sh14s", b"lo", UP, b"")
        fcntl.ioctl(control, SIOCSIFFLAGS, up)
    made.extend(sockets())


def cgroup_folder() -> Path:
    """Return where the second version of cgroups is mounted."""
    rows = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return next(Path(row[1]) for row in rows if row[2] == "cgroup2")


@contextmanager
def kernel_things() -> Iterator[dict[str, list[Thing]]]:
    """Give the things of each map type that holds them, or has values of them."""
    made: list[tuple[Socket, list[socket.socket]]] = []
    thread = threading.Thread(target=in_own_namespace, args=(made,))
    thread.start()
    thread.join()
    cookie_of.cache_clear()  # descriptors are given again
    with ExitStack() as stack:
        for _, real in made:
            for one in real:
                stack.enter_context(one)

        def kept(fd: int) -> int:
            stack.callback(os.close, fd)
            return fd

        files = [stack.enter_context(tempfile.NamedTemporaryFile()) for _ in range(2)]
        folder = os.open(cgroup_folder(), os.O_RDONLY | os.O_DIRECTORY)
        held = [SocketThing(mine, real[0].fileno()) for mine, real in made]
        owners = {
            "task_storage": [
                OwnerThing(Task(pid), kept(os.pidfd_open(pid)))
                for pid in (os.getpid(), 1)
            ],
            "inode_storage": [OwnerThing(Inode(f.fileno()), f.fileno()) for f in files],
            "cgrp_storage": [OwnerThing(Cgroup(), kept(folder))],
            "sk_storage": [OwnerThing(t.ours, t.fd) for t in held[:3]],
        }
        other = OwnerThing(Inode(0), files[0].fileno())
        for type in ("task_storage", "cgrp_storage", "sk_storage"):
            owners[type].append(other)
        sockmaps = ("sockmap", "sockhash", "reuseport_sockarray", "xskmap")
        slots = {type: [*fitting(type, held), other] for type in sockmaps}
        yield slots | owners


def fitting(type: str, held: list[SocketThing]) -> list[Thing]:
    """Return those that fit twice over, so that slots are filled often."""
    good = {
        "sockmap": lambda s: s.state == "established" and s.kind != "unix_seqpacket",
        "sockhash": lambda s: s.state in ("listen", "established"),
        "reuseport_sockarray": lambda s: s.reuseport,
        "xskmap": lambda s: s.kind == "xdp",
    }[type]
    return [*held, *(thing for thing in held if good(thing.ours))]
