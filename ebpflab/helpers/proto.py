"""A helper's contract and behavior, declared together, and the `Env` that it acts on.

The contract (`Proto`) says what each argument must be: a verifier reads it to judge, an
engine to turn the five words of a call into maps, bytes and numbers. The behavior is a
plain function over those. Names are the kernel's (enum bpf_arg_type, bpf_return_type).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from ebpflab.errors import VmFault
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map
from ebpflab.program import Program


class Arg(Enum):
    """What an argument must be (kernel: enum bpf_arg_type, with its flags in the name).

    MEM is read by the helper, UNINIT_MEM written by it; the size of both is the next
    argument, unless the name says it (a long, a dynptr's 16 bytes).
    """

    ANYTHING = auto()
    PTR_TO_CTX = auto()
    CONST_MAP_PTR = auto()
    PTR_TO_MAP_KEY = auto()
    PTR_TO_MAP_VALUE = auto()
    PTR_TO_UNINIT_MAP_VALUE = auto()
    PTR_TO_MAP_VALUE_OR_NULL = auto()
    PTR_TO_MEM = auto()
    PTR_TO_MEM_OR_NULL = auto()
    PTR_TO_UNINIT_MEM = auto()
    PTR_TO_LONG = auto()  # 8 bytes, written
    PTR_TO_CONST_STR = auto()  # in a read-only map, zero-terminated
    PTR_TO_FUNC = auto()
    PTR_TO_STACK_OR_NULL = auto()  # a callback's context
    PTR_TO_RINGBUF_MEM = auto()  # what ringbuf_reserve returned
    PTR_TO_SPIN_LOCK = auto()
    PTR_TO_MEM_REGION = auto()  # memory that is kept, not read; its size comes next
    PTR_TO_DYNPTR = auto()
    PTR_TO_UNINIT_DYNPTR = auto()
    CONST_SIZE = auto()
    CONST_SIZE_OR_ZERO = auto()
    CONST_ALLOC_SIZE_OR_ZERO = auto()


SIZES = (Arg.CONST_SIZE, Arg.CONST_SIZE_OR_ZERO)
READ_MEMORY = (Arg.PTR_TO_MEM, Arg.PTR_TO_MEM_OR_NULL)


class Ret(Enum):
    """What a helper returns (kernel: enum bpf_return_type)."""

    INTEGER = auto()
    VOID = auto()
    PTR_TO_MAP_VALUE_OR_NULL = auto()
    PTR_TO_RINGBUF_MEM_OR_NULL = auto()
    PTR_TO_DYNPTR_MEM_OR_NULL = auto()


ADDRESSES = (
    Ret.PTR_TO_MAP_VALUE_OR_NULL,
    Ret.PTR_TO_RINGBUF_MEM_OR_NULL,
    Ret.PTR_TO_DYNPTR_MEM_OR_NULL,
)


@dataclass(frozen=True, slots=True)
class Task:
    """The process in whose name programs run here; a simulated one."""

    pid: int = 1234  # the thread
    tgid: int = 1234  # the process
    uid: int = 1000
    gid: int = 1000
    comm: bytes = b"ebpflab"


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet and the room around it, as a program may move its limits.

    before + meta + data + after never changes its length by moving a limit; `linear`
    tells how many bytes of `data` lie between data and data_end.
    """

    before: bytes  # free room in front
    meta: bytes  # between data_meta and data
    data: bytes
    room_after: int  # free bytes behind
    header: int = 0  # bytes of `before` that are the link-layer header
    network: int = 0  # where in `data` the network header begins


@dataclass(frozen=True, slots=True)
class Callback:
    """A wish of a helper: call the program's function at this address."""

    function: int
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TailCall:
    """A wish of a helper: go on in another program, and do not come back."""

    program: Program


class Env(Protocol):
    """What a behavior may reach: memory, the packet, the clock, the machine."""

    cpu: int
    program_type: str
    task: Task
    frame: Frame

    def read(self, address: int, size: int) -> bytes: ...
    def write(self, address: int, data: bytes) -> None: ...
    def check_room(self, address: int, size: int) -> None: ...
    def map_at(self, address: int) -> Map | None: ...
    def handle_of(self, map: Map) -> int: ...
    def address_of(self, map: Map, offset: int) -> int: ...
    def scratch(self, name: str, data: bytes) -> int: ...
    def packet(self) -> tuple[int, int] | None: ...
    def move(self, frame: Frame) -> None: ...
    def patch(self, offset: int, data: bytes) -> None: ...
    def context(self, name: str) -> int: ...
    def set_context(self, name: str, value: int) -> None: ...
    def clock_ns(self) -> int: ...
    def random_u32(self) -> int: ...
    def record(self, map: Map, cpu: int, data: bytes) -> None: ...
    def reserve(self, map: Map, size: int) -> int: ...
    def commit(self, address: int, keep: bool) -> None: ...
    def trace(self, text: bytes) -> None: ...
    def tell(self, effect: str, **values: str | int) -> None: ...
    def write_map(self, map: Map, change: Callable[[], None]) -> None: ...


Result = int | None | TailCall | Generator[Callback, int, int]
Behavior = Callable[..., Result]


@dataclass(frozen=True, slots=True)
class Proto:
    """A helper's contract (kernel: struct bpf_func_proto) with its behavior."""

    id: int
    name: str
    args: tuple[Arg, ...]
    ret: Ret
    gpl_only: bool
    moves_packet: bool  # pointers into the packet are invalid afterwards
    run: Behavior
    map_kind: Any = Map  # the classes of map that it takes, from run's signature


HELPERS: dict[int, Proto] = {}


def helper(
    *args: Arg,
    ret: Ret = Ret.INTEGER,
    gpl_only: bool = False,
    moves_packet: bool = False,
) -> Callable[[Behavior], Behavior]:
    """Register a helper under the UAPI number of its function's name."""

    def register(run: Behavior) -> Behavior:
        id = HELPER_IDS[run.__name__]
        if id in HELPERS:
            raise ValueError(f"helper {id} is already {HELPERS[id].name}")
        kind = run.__annotations__.get("map", Map)
        rest = (args, ret, gpl_only, moves_packet, run, kind)
        HELPERS[id] = Proto(id, run.__name__, *rest)
        return run

    return register


def call(proto: Proto, env: Env, words: list[int]) -> Result:
    """Run a helper on the five words of a call; return what it answers.

    Raises:  VmFault: an argument is not what the contract says.
    """
    arguments: list[Any] = []
    for index, kind in enumerate(proto.args):
        if kind in SIZES and proto.args[index - 1] in READ_MEMORY:
            continue  # the bytes before it know their size
        following = words[index + 1] if index + 1 < len(words) else 0
        map = next((a for a in arguments if isinstance(a, Map)), None)
        arguments.append(_argument(kind, env, words[index], following, map, index))
        if isinstance(arguments[-1], Map):
            _check_kind(proto, arguments[-1])
    return proto.run(env, *arguments)


def _check_kind(proto: Proto, map: Map) -> None:
    if not isinstance(map, proto.map_kind):
        raise VmFault.of(
            "helper-wrong-map", name=proto.name, map=map.name, type=map.type
        )


def _argument(
    kind: Arg, env: Env, word: int, following: int, map: Map | None, index: int
) -> Any:
    """Turn one word into what the contract says it is."""
    match kind:
        case Arg.CONST_MAP_PTR:
            found = env.map_at(word)
            if found is None:
                raise VmFault.of("helper-not-a-map", arg=index + 1, address=word)
            return found
        case Arg.PTR_TO_MAP_KEY if map is not None:
            return env.read(word, map.spec.key_size)
        case Arg.PTR_TO_MAP_VALUE if map is not None:
            return env.read(word, map.spec.value_size)
        case Arg.PTR_TO_MEM:
            return env.read(word, following & WORD32)
        case Arg.PTR_TO_UNINIT_MEM:
            env.check_room(word, following & WORD32)
            return word
        case Arg.PTR_TO_MEM_OR_NULL:
            return env.read(word, following & WORD32) if word else b""
        case Arg.CONST_SIZE | Arg.CONST_SIZE_OR_ZERO:
            return word & WORD32
        case _:
            return word
