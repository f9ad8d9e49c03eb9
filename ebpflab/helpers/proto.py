"""A helper's contract and behavior, declared together, and the `Env` that it acts on.

The contract (`Proto`) says what each argument must be: a verifier reads it to judge, an
engine to turn the five words of a call into maps, bytes and numbers. The behavior is a
plain function over those. Names are the kernel's (enum bpf_arg_type, bpf_return_type).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from ebpflab.errors import VmFault
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.maps.base import Map


class Arg(Enum):
    """What an argument must be (kernel: enum bpf_arg_type)."""

    ANYTHING = auto()
    PTR_TO_CTX = auto()
    CONST_MAP_PTR = auto()
    PTR_TO_MAP_KEY = auto()
    PTR_TO_MAP_VALUE = auto()
    PTR_TO_MEM = auto()  # read by the helper; its size is the next argument
    PTR_TO_UNINIT_MEM = auto()  # written by the helper; likewise
    CONST_SIZE = auto()
    CONST_SIZE_OR_ZERO = auto()


class Ret(Enum):
    """What a helper returns (kernel: enum bpf_return_type)."""

    INTEGER = auto()
    PTR_TO_MAP_VALUE_OR_NULL = auto()


class Env(Protocol):
    """What a behavior may reach: memory, the packet, the clock, the machine."""

    cpu: int

    def read(self, address: int, size: int) -> bytes: ...
    def write(self, address: int, data: bytes) -> None: ...
    def map_at(self, address: int) -> Map | None: ...
    def address_of(self, map: Map, offset: int) -> int: ...
    def packet(self) -> tuple[int, int] | None: ...
    def clock_ns(self) -> int: ...
    def random_u32(self) -> int: ...
    def record(self, map: Map, cpu: int, data: bytes) -> None: ...
    def tell(self, effect: str, **values: str | int) -> None: ...
    def write_map(self, map: Map, change: Callable[[], None]) -> None: ...


Behavior = Callable[..., int | None]


@dataclass(frozen=True, slots=True)
class Proto:
    """A helper's contract (kernel: struct bpf_func_proto) with its behavior."""

    id: int
    name: str
    args: tuple[Arg, ...]
    ret: Ret
    gpl_only: bool
    run: Behavior


HELPERS: dict[int, Proto] = {}


def helper(
    *args: Arg, ret: Ret = Ret.INTEGER, gpl_only: bool = False
) -> Callable[[Behavior], Behavior]:
    """Register a helper under the UAPI number of its function's name."""

    def register(run: Behavior) -> Behavior:
        id = HELPER_IDS[run.__name__]
        if id in HELPERS:
            raise ValueError(f"helper {id} is already {HELPERS[id].name}")
        HELPERS[id] = Proto(id, run.__name__, args, ret, gpl_only, run)
        return run

    return register


def call(proto: Proto, env: Env, words: list[int]) -> int:
    """Run a helper on the five words of a call; return r0.

    Raises:  VmFault: an argument is not what the contract says.
    """
    arguments: list[Any] = []
    for index, kind in enumerate(proto.args):
        if kind in _SIZES and proto.args[index - 1] is Arg.PTR_TO_MEM:
            continue  # the bytes before it know their size
        following = words[index + 1] if index + 1 < len(words) else 0
        map = next((a for a in arguments if isinstance(a, Map)), None)
        arguments.append(_argument(kind, env, words[index], following, map, index))
    result = proto.run(env, *arguments)
    if proto.ret is Ret.PTR_TO_MAP_VALUE_OR_NULL:
        return 0 if result is None else env.address_of(arguments[0], result)
    return (result or 0) & WORD64


_SIZES = (Arg.CONST_SIZE, Arg.CONST_SIZE_OR_ZERO)


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
        case Arg.PTR_TO_MAP_KEY if map:
            return env.read(word, map.spec.key_size)
        case Arg.PTR_TO_MAP_VALUE if map:
            return env.read(word, map.spec.value_size)
        case Arg.PTR_TO_MEM:
            return env.read(word, following & WORD32)
        case Arg.CONST_SIZE | Arg.CONST_SIZE_OR_ZERO:
            return word & WORD32
        case _:
            return word
