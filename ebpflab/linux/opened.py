"""Several maps at once: those of an object or a program, with their slots filled.

A blueprint's `slots` name maps and programs of the same object. Maps made together
know each other, so that a program put into one of them shares the others.
Source: bpf(2); the rule of names is that of `ebpflab.maps`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from weakref import WeakValueDictionary

from ebpflab.errors import LinuxError
from ebpflab.linux.livemap import LiveMap
from ebpflab.program import MapSpec, Object, Program


def maps(owner: Object | Program) -> dict[str, LiveMap]:
    """Make the maps of an object or a program in the kernel; they outlast a run.

    Slots that the object fills from the start hold its maps, and its programs, which
    are loaded for that. (A program alone knows no other programs.)

    Raises:  LinuxError: the kernel refuses a map; VerifierError: a program for a slot.
    """
    if not isinstance(owner, Object | Program):
        raise LinuxError.of("linux-no-owner", found=type(owner).__name__)
    specs = owner.maps.values() if isinstance(owner, Object) else owner.maps
    programs = owner.programs if isinstance(owner, Object) else {}
    together: WeakValueDictionary[str, LiveMap] = WeakValueDictionary()
    made = {spec.name: LiveMap(spec, together) for spec in specs}
    together.update(made)
    _fill(made.values(), made, programs)
    return made


@contextmanager
def opened_maps(
    specs: Sequence[MapSpec], given: Mapping[str, LiveMap] | None = None
) -> Iterator[list[LiveMap]]:
    """Give the live maps of some blueprints; those not `given` last for the block.

    Raises:  LinuxError: the kernel refuses one, or a given map is not one of Linux.
    """
    given = _checked(given or {}, [spec.name for spec in specs])
    together = WeakValueDictionary(given)
    with ExitStack() as stack:
        live = [
            given[spec.name]
            if spec.name in given
            else stack.enter_context(LiveMap(spec, together))
            for spec in specs
        ]
        together.update({one.name: one for one in live})
        own = [one for one in live if given.get(one.name) is not one]
        _fill(own, together, {})
        yield live


def _fill(
    made: Iterable[LiveMap],
    maps: Mapping[str, LiveMap],
    programs: Mapping[str, Program],
) -> None:
    """Put into the slots what their blueprints name, as far as it is known."""
    for live in made:
        things = programs if live.type == "prog_array" else maps
        for index, name in live.spec.slots.items():
            if name in things:
                live.update(index, things[name])


def _checked(given: Mapping[str, LiveMap], names: Sequence[str]) -> dict[str, LiveMap]:
    """Return the maps given.

    A map that is not used may be among them (those of an object's other programs),
    but not under a name that is not its own.

    Raises:  LinuxError: not live maps by name, or a name that the program has not.
    """
    if not isinstance(given, Mapping):
        raise LinuxError.of("linux-foreign-map", at="maps")
    for name, live in given.items():
        if not isinstance(live, LiveMap):
            raise LinuxError.of("linux-foreign-map", at=str(name))
        if name not in names and name != live.name:
            close = get_close_matches(str(name), names, n=1, cutoff=0) or ["-"]
            known = ", ".join(names) or "-"
            raise LinuxError.of(
                "linux-no-such-map", name=name, known=known, close=close[0]
            )
    return dict(given)
