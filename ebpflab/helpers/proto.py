"""A helper's contract and behavior, declared together, and the `Env` that it acts on.

The contract (`Proto`) says what each argument must be: a verifier reads it to judge, an
engine to turn the five words of a call into maps, bytes and numbers. The behavior is a
plain function over those. Names are the kernel's (enum bpf_arg_type, bpf_return_type).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ebpflab.errors import VmFault
from ebpflab.helpers.contract import SIZES, Arg, Kind, Ret
from ebpflab.helpers.heap import Heap
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map
from ebpflab.maps.owners import Owner, Task
from ebpflab.program import Program


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
    heap: Heap

    def read(self, address: int, size: int) -> bytes: ...
    def write(self, address: int, data: bytes) -> None: ...
    def check_room(self, address: int, size: int) -> None: ...
    def map_at(self, address: int) -> Map | None: ...
    def handle_of(self, map: Map) -> int: ...
    def address_of(self, map: Map, offset: int) -> int: ...
    def owner_at(self, address: int) -> Owner | None: ...
    def address_of_owner(self, owner: Owner) -> int: ...
    def scratch(self, name: str, data: bytes, *, writable: bool = False) -> int: ...
    def retire(self, address: int) -> None: ...
    def size_of(self, type: int) -> int: ...
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
    def kernel(self, helper: str, *arguments: Any) -> int: ...


Result = int | None | TailCall | Generator[Callback, int, int]
Behavior = Callable[..., Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proto:
    """A helper's contract (kernel: struct bpf_func_proto) with its behavior."""

    id: int
    name: str
    args: tuple[Arg, ...]
    ret: Ret = Ret.INTEGER
    structure: str = ""  # what a result that is a BTF pointer points to
    gpl_only: bool = False
    free_for: tuple[str, ...] = ()  # program types that may have it all the same
    might_sleep: bool = False  # for sleepable programs only
    pkt_access: bool = False  # its memory may lie in the packet
    moves_packet: bool = False  # pointers into the packet are invalid afterwards
    acquires: bool = False  # the result is to be given back
    casts: bool = False  # the result is its first argument, seen as something else
    variants: Mapping[str, tuple[Arg, ...]] = field(default_factory=dict)
    run: Behavior
    map_kind: Any = Map  # the classes of map that it takes, from run's signature

    def args_for(self, program_type: str) -> tuple[Arg, ...]:
        """Return what programs of a type pass; a few types pass something else."""
        return self.variants.get(program_type, self.args)


HELPERS: dict[int, Proto] = {}


def helper(*args: Arg, **rest: Any) -> Callable[[Behavior], Behavior]:
    """Register a helper under the UAPI number of its function's name.

    Args:    rest: the other fields of a Proto.
    """

    def register(run: Behavior) -> Behavior:
        id = HELPER_IDS[run.__name__]
        if id in HELPERS:
            raise ValueError(f"helper {id} is already {HELPERS[id].name}")
        kind = run.__annotations__.get("map", Map)
        name = run.__name__
        HELPERS[id] = Proto(id=id, name=name, args=args, run=run, map_kind=kind, **rest)
        return run

    return register


def call(proto: Proto, env: Env, words: list[int]) -> Result:
    """Run a helper on the five words of a call; return what it answers.

    Raises:  VmFault: an argument is not what the contract says.
    """
    args = proto.args_for(env.program_type)
    arguments: list[Any] = []
    for index, arg in enumerate(args):
        if arg.kind in SIZES and _is_read(args[index - 1]):
            continue  # the bytes before it know their size
        following = words[index + 1] if index + 1 < len(words) else 0
        map = next((a for a in arguments if isinstance(a, Map)), None)
        arguments.append(_argument(arg, env, words[index], following, map, index))
        if isinstance(arguments[-1], Map):
            _check_kind(proto, arguments[-1])
    return proto.run(env, *arguments)


def _is_read(arg: Arg) -> bool:
    return arg.kind is Kind.PTR_TO_MEM and not arg.is_written


def _check_kind(proto: Proto, map: Map) -> None:
    if not isinstance(map, proto.map_kind):
        raise VmFault.of(
            "helper-wrong-map", name=proto.name, map=map.name, type=map.type
        )


def _argument(
    arg: Arg, env: Env, word: int, following: int, map: Map | None, index: int
) -> Any:
    """Turn one word into what the contract says it is."""
    match arg.kind:
        case Kind.CONST_MAP_PTR:
            found = env.map_at(word)
            if found is None:
                raise VmFault.of("helper-not-a-map", arg=index + 1, address=word)
            return found
        case Kind.PTR_TO_MAP_KEY if map is not None:
            return env.read(word, map.spec.key_size)
        case Kind.PTR_TO_MAP_VALUE if map is not None and not arg.is_written:
            if arg.may_be_null and not word:
                return b""
            return env.read(word, map.spec.value_size)
        case Kind.PTR_TO_MEM:
            return _memory(arg, env, word, arg.size or following & WORD32)
        case kind if kind in SIZES:
            return word & WORD32
        case _:
            return word


def _memory(arg: Arg, env: Env, word: int, size: int) -> Any:
    """Return the bytes that a helper reads, or the checked address of its result."""
    if arg.is_written:
        if word or not arg.may_be_null:
            env.check_room(word, size)
        return word
    return env.read(word, size) if word or not arg.may_be_null else b""
