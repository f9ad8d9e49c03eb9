"""The public `run`: a program on data, as BPF_PROG_TEST_RUN runs it on Linux.

It checks what it is given, runs, and gathers the answer. Asked for the timeline, it
does the same again from the same setting, with a recorder that watches.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import SupportsBytes, TypedDict, Unpack, cast, overload

from ebpflab.errors import ProgramError, RunError, VmFault, expect
from ebpflab.hooks import ContextField, Hook, hook_of
from ebpflab.listing import place_of
from ebpflab.maps.base import Map
from ebpflab.program import Program, as_bytes
from ebpflab.results import Event, Run
from ebpflab.timeline import Timeline
from ebpflab.vm.loaded import Library
from ebpflab.vm.machine import DEFAULT_BUDGET, Machine
from ebpflab.vm.setting import Setting, put_back
from ebpflab.vm.story import tell

ENGINES = ("auto", "interpreter")

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


@overload
def run(program: Program, data: Data = b"", **options: Unpack[_Options]) -> Run: ...


@overload
def run(
    program: Program, data: Sequence[Data], **options: Unpack[_Options]
) -> list[Run]: ...


def run(
    program: Program,
    data: Data | Sequence[Data] = b"",
    *,
    ctx: Context | None = None,
    maps: Mapping[str, Map] | None = None,
    engine: str = "auto",
    repeat: int = 1,
    trace: bool = False,
    budget: int | None = None,
    seed: int = 0,
) -> Run | list[Run]:
    """Run a program on data (a packet), or on each of a list of them.

    Args:    data: bytes, or a list of bytes: then the answer is a list, in order.
             ctx: context fields that differ from a test run's own, by name; or the
             bytes of the whole context.
             maps: live maps by name (`ebpflab.maps`); those not given are made new.
             repeat: how often; packet and maps carry over, as on Linux.
             trace: record the timeline now instead of when it is asked for.
             budget: instructions that may run before a loop is called endless.
             seed: of the clock and the random numbers; equal seed, equal run.
    Raises:  RunError, ProgramError: it cannot start. VmFault: it went wrong; the
             fault has the slot, the address, and a timeline up to there.
    """
    expect(seed, int, "seed")
    _check_arguments(program, engine, repeat, budget)
    setting = Setting(
        Library.around(program, _live(maps or {})),
        data=b"",
        context=_context(program, {} if ctx is None else ctx),
        budget=budget or DEFAULT_BUDGET,
        seed=seed,
    )
    several = isinstance(data, list | tuple)
    answers = []
    for packet in cast(Sequence[Data], data if several else [data]):
        setting = setting.next(_sized(program, packet))
        answers.append(_answer(setting, repeat))
        if trace:
            assert answers[-1].timeline
    return answers if several else answers[0]


def _answer(first: Setting, repeat: int) -> Run:
    """Run `repeat` times and gather the answer."""
    maps = first.library.used
    contents = [map.snapshot() for map in maps]
    replay = _replay(first, repeat, contents)
    read_before = [len(_waiting(map)) for map in maps]
    began_ns = time.perf_counter_ns()
    try:
        last, data, traced = _turns(first, repeat, replay)
    except KeyboardInterrupt:  # nothing may stay half done
        for restore in contents:
            restore()
        raise
    duration_ns = (time.perf_counter_ns() - began_ns) // repeat
    retval = last.regs[0] & ((1 << first.hook.return_bits) - 1)
    return Run(
        retval=retval,
        data=data,
        maps={map.name: map for map in maps},
        events=(*_events_since(maps, read_before), *traced),
        duration_ns=duration_ns,
        retval_name=first.hook.returns.get(retval, ""),
        ctx=last.context,
        replay=replay,
    )


def _turns(
    setting: Setting, repeat: int, replay: Callable[[], Timeline]
) -> tuple[Machine, bytes, list[Event]]:
    """Run one turn after the other; return the last one, and what it gave."""
    traced: list[Event] = []
    for _ in range(repeat):
        machine = setting.machine()
        try:
            machine.run()
        except VmFault as fault:
            fault.at, fault.replay = place_of(machine.loaded.program, fault.pc), replay
            raise
        traced += machine.env.traced
        data, setting = setting.answered(machine), setting.after(machine)
    return machine, data, traced


def _replay(
    first: Setting, repeat: int, contents: list[Callable[[], None]]
) -> Callable[[], Timeline]:
    """Keep what is needed to tell the last turn of this run again."""

    def replay() -> Timeline:
        with put_back(first.library.used, contents):
            setting = first
            for _ in range(repeat - 1):
                machine = setting.machine()
                machine.run()
                setting = setting.after(machine)
            return tell(first.program, setting.machine())

    return replay


def _events_since(maps: list[Map], read_before: list[int]) -> tuple[Event, ...]:
    """Return the records that were sent after the first `read_before` of each map."""
    pairs = zip(maps, read_before, strict=True)
    return tuple(event for map, count in pairs for event in _waiting(map)[count:])


def _waiting(map: Map) -> list[Event]:
    return getattr(map, "waiting", [])


def _check_arguments(
    program: Program, engine: str, repeat: int, budget: int | None
) -> None:
    if not isinstance(program, Program):
        raise ProgramError.of("not-a-program", found=type(program).__name__)
    if engine not in ENGINES:
        raise RunError.of("engine-unknown", engine=engine)
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
