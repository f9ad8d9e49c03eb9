"""The public `run`: a program on data, as BPF_PROG_TEST_RUN runs it on Linux.

It checks what it is given, and lets an engine run it (engines.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import SupportsBytes, TypedDict, Unpack, cast, overload

from ebpflab.errors import ProgramError, RunError, expect
from ebpflab.hooks import ContextField, Hook, hook_of
from ebpflab.maps.base import Map
from ebpflab.program import Program, as_bytes
from ebpflab.results import Run
from ebpflab.vm.engines import ENGINES, Progress, Task
from ebpflab.vm.loaded import Library
from ebpflab.vm.machine import DEFAULT_BUDGET
from ebpflab.vm.setting import Setting

STREAMED = 4_096  # packets that are taken from an iterator at once

Data = bytes | SupportsBytes
Context = Mapping[str, int] | bytes | SupportsBytes


class _Options(TypedDict, total=False):
    """The keywords of `run`, for the two ways to call it."""

    ctx: Context | None
    maps: Mapping[str, Map] | None
    engine: str
    repeat: int
    trace: bool
    budget: int | None
    seed: int
    progress: Progress | None


@overload
def run(program: Program, data: Data = b"", **options: Unpack[_Options]) -> Run: ...


@overload
def run(
    program: Program, data: Sequence[Data], **options: Unpack[_Options]
) -> Sequence[Run]: ...


@overload
def run(
    program: Program, data: Iterator[Data], **options: Unpack[_Options]
) -> Iterator[Run]: ...


def run(
    program: Program,
    data: Data | Sequence[Data] | Iterator[Data] = b"",
    *,
    ctx: Context | None = None,
    maps: Mapping[str, Map] | None = None,
    engine: str = "auto",
    repeat: int = 1,
    trace: bool = False,
    budget: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Run | Sequence[Run] | Iterator[Run]:
    """Run a program on data (a packet), or on each of many.

    Args:    data: bytes, or a list of bytes: then the answer is a sequence, in order.
             Or an iterator of bytes, as long as it likes: then the answer is an
             iterator, and only some thousand packets are in memory at once.
             ctx: context fields that differ from a test run's own, by name; or the
             bytes of the whole context.
             maps: live maps by name (`ebpflab.maps`); those not given are made new.
             engine: "interpreter", "source", "jit", or "auto": whichever is faster
             here. All of them answer the same.
             repeat: how often; packet and maps carry over, as on Linux.
             trace: record the timeline now instead of when it is asked for.
             budget: instructions that may run before a loop is called endless.
             seed: of the clock and the random numbers; equal seed, equal run.
             progress: is told how many packets are done, and of how many.
    Raises:  RunError, ProgramError: it cannot start. VmFault: it went wrong; the
             fault has the slot, the address, and a timeline up to there.
    """
    expect(seed, int, "seed")
    _check_arguments(program, engine, repeat, budget)
    before = Setting(
        Library.around(program, _live(maps or {})),
        data=b"",
        context=_context(program, {} if ctx is None else ctx),
        budget=budget or DEFAULT_BUDGET,
        seed=seed,
    )
    if isinstance(data, Iterator):
        return _stream(before, data, engine, repeat, progress)
    several = isinstance(data, list | tuple)
    given = cast(Sequence[Data], data if several else [data])
    packets = [_sized(program, packet) for packet in given]
    answers = ENGINES[engine](Task(before, packets, repeat, progress))
    if trace:
        for answer in answers:
            assert answer.timeline
    return answers if several else answers[0]


def _stream(
    before: Setting,
    data: Iterator[Data],
    engine: str,
    repeat: int,
    progress: Progress | None,
) -> Iterator[Run]:
    """Run packets as they come, some thousand at once."""
    done = 0
    while some := [_sized(before.program, p) for p in islice(data, STREAMED)]:
        yield from ENGINES[engine](Task(before, some, repeat))
        done += len(some)
        before = before.next(b"", len(some))
        if progress:
            progress(done, done)


def _check_arguments(
    program: Program, engine: str, repeat: int, budget: int | None
) -> None:
    if not isinstance(program, Program):
        raise ProgramError.of("not-a-program", found=type(program).__name__)
    if not isinstance(engine, str) or engine not in ENGINES:
        raise RunError.of("engine-unknown", engine=engine, known=", ".join(ENGINES))
    for number in (repeat, 1 if budget is None else budget):
        if not isinstance(number, int) or number < 1:
            raise RunError.of("repeat-not-positive", found=repr(number))
    hook_of(program.type)


def _sized(program: Program, data: Data) -> bytes:
    """Return the data, if a test run of Linux would take it."""
    hook, packet = hook_of(program.type), as_bytes(data, "data")
    if not hook.data_min <= len(packet) <= hook.data_max:
        raise RunError.of(
            "data-size",
            type=hook.type,
            size=len(packet),
            least=hook.data_min,
            most=hook.data_max,
        )
    return packet


def _context(program: Program, given: Context) -> Mapping[str, int] | bytes:
    """Return a context that a run may be given: known fields, or bytes.

    Raises:  RunError: a field that no run takes, a number that does not fit.
    """
    hook = hook_of(program.type)
    if not isinstance(given, Mapping):
        return _context_bytes(hook, as_bytes(given, "ctx"))
    settable = {f.name: f for f in hook.fields if f.settable}
    for name, value in given.items():
        if name not in settable or not _fits(value, settable[name]):
            raise RunError.of(
                "ctx-unknown",
                context=hook.context or hook.type,
                found=f"{name}={value!r}",
                known=", ".join(settable) or "-",
            )
    return given


def _context_bytes(hook: Hook, given: bytes) -> bytes:
    """Return a whole context; longer than the structure it may be, with zeros."""
    if not hook.open_size and any(given[hook.context_size :]):
        raise RunError.of(
            "ctx-size", type=hook.type, size=len(given), most=hook.context_size
        )
    return given if hook.open_size else given[: hook.context_size]


def _fits(value: int, row: ContextField) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 8 * row.size


def _live(given: Mapping[str, Map]) -> Mapping[str, Map]:
    """Return the maps given, all of them live. Raises RunError: one is not."""
    expect(given, Mapping, "maps")
    for name, map in given.items():
        if not isinstance(map, Map):
            raise RunError.of("maps-not-live", name=name, found=type(map).__name__)
    return given
