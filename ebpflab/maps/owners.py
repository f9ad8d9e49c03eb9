"""What stands in maps, or has values there: sockets, tasks, files, cgroups.

Linux takes a descriptor for each; here it is the thing itself:

    maps["peers"][0] = Socket("tcp", "established")
    maps["per_task"][Task(pid=7)] = 1

Nothing here does anything: what a socket sends belongs to a simulated kernel.
"""

from dataclasses import dataclass, field
from itertools import count

_cookies = count(1)


@dataclass(frozen=True, slots=True)
class Task:
    """A thread; a program that runs alone runs in the name of such a one."""

    pid: int = 1234  # the thread
    tgid: int = 1234  # the process
    uid: int = 1000
    gid: int = 1000
    comm: bytes = b"ebpflab"

    @property
    def number(self) -> int:
        return self.pid

    def __str__(self) -> str:
        return f"{self.comm.decode(errors='replace')} {self.pid}"


@dataclass(frozen=True, slots=True)
class Socket:
    """A socket, as far as maps ask.

    `kind` is tcp, udp, unix_stream, unix_dgram, unix_seqpacket, raw, packet, netlink,
    xdp or none; `state` new, bound, listen, established or close_wait.
    """

    kind: str = "tcp"
    state: str = "new"
    reuseport: bool = False  # SO_REUSEPORT was set before it was bound
    cookie: int = field(default_factory=lambda: next(_cookies))

    @property
    def number(self) -> int:
        return self.cookie

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.cookie}"


# The socket of a packet that belongs to none: a test run's.
TEST_SOCKET = Socket("none", cookie=0)


@dataclass(frozen=True, slots=True)
class Inode:
    """A file, by its number in its file system."""

    number: int = 1

    def __str__(self) -> str:
        return f"inode {self.number}"


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A control group, by its id."""

    number: int = 1

    def __str__(self) -> str:
        return f"cgroup {self.number}"


Owner = Task | Socket | Inode | Cgroup
