"""The engines by name, and the one that takes packets one by one.

An engine runs a `Task` and gives an answer a packet. The interpreter is here; compilers
add themselves to `ENGINES` (jit/). All give equal answers, faults and events; they
differ in time alone.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ebpflab.errors import VmFault
from ebpflab.listing import place_of
from ebpflab.maps.base import Map
from ebpflab.results import Event, Run
from ebpflab.timeline import Timeline
from ebpflab.vm.machine import Machine
from ebpflab.vm.setting import Setting, put_back
from ebpflab.vm.story import tell

Progress = Callable[[int, int], object]  # packets that are done, packets in all


@dataclass(frozen=True, slots=True)
class Task:
    """What to run: a setting for each packet is made from `before`, the one before."""

    before: Setting
    packets: Sequence[bytes]
    repeat: int = 1
    progress: Progress | None = None

    def setting(self, number: int) -> Setting:
        """Return what packet `number` starts from."""
        return self.before.next(self.packets[number], number + 1)


Engine = Callable[[Task], Sequence[Run]]
ENGINES: dict[str, Engine] = {}


def engine(name: str) -> Callable[[Engine], Engine]:
    """Register an engine under its name; `auto` may be given to a better one."""

    def register(run: Engine) -> Engine:
        ENGINES[name] = run
        return run

    return register


def one_by_one(task: Task, execute: Callable[[Machine], object]) -> list[Run]:
    """Run each packet on a machine of its own, which `execute` runs to its end."""
    answers = []
    for number in range(len(task.packets)):
        answers.append(_answer(task.setting(number), task.repeat, execute))
        if task.progress:
            task.progress(number + 1, len(task.packets))
    return answers


@engine("auto")
@engine("interpreter")
def interpret(task: Task) -> list[Run]:
    """Run instruction by instruction."""
    return one_by_one(task, Machine.run)


def _answer(first: Setting, repeat: int, execute: Callable[[Machine], object]) -> Run:
    """Run `repeat` times and gather the answer."""
    maps = first.library.used
    contents = [map.snapshot() for map in maps]
    replay = replay_of(first, repeat, contents)
    read_before = [len(waiting(map)) for map in maps]
    began_ns = time.perf_counter_ns()
    try:
        last, data, traced = _turns(first, repeat, execute, replay)
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
    setting: Setting,
    repeat: int,
    execute: Callable[[Machine], object],
    replay: Callable[[], Timeline],
) -> tuple[Machine, bytes, list[Event]]:
    """Run one turn after the other; return the last one, and what it gave."""
    traced: list[Event] = []
    for _ in range(repeat):
        machine = setting.machine()
        try:
            execute(machine)
        except VmFault as fault:
            fault.at, fault.replay = place_of(machine.loaded.program, fault.pc), replay
            raise
        traced += machine.env.traced
        data, setting = setting.answered(machine), setting.after(machine)
    return machine, data, traced


def replay_of(
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
    return tuple(event for map, count in pairs for event in waiting(map)[count:])


def waiting(map: Map) -> list[Event]:
    """Return the records that nobody has read yet."""
    return getattr(map, "waiting", [])
