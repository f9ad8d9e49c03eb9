"""What a reader of an object should know: remarks, not errors. One function a part.

Whatever the kit reads otherwise than libbpf does, leaves to others, or does not find
here, is said. The sentences stand in the catalogue.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from ebpflab.btf.kernel import kernel_btf
from ebpflab.elf.functions import TEXT, Function
from ebpflab.elf.kernel_config import kernel_options
from ebpflab.elf.link import Parts
from ebpflab.elf.maps import MapPlace
from ebpflab.elf.sections import meaning_of
from ebpflab.elf.struct_ops import filled_structures
from ebpflab.language import catalogue


def notices(parts: Parts, mains: Sequence[Function], type: str | None) -> Iterator[str]:
    """Yield the remarks about an object; a `type` given makes sections unimportant."""
    sections = dict.fromkeys(f.section.name for f in mains if not type)
    yield from dict.fromkeys(chain.from_iterable(map(_about_section, sections)))
    if not mains and any(f.section.name == TEXT for f in parts.functions):
        yield catalogue().say("no-section")
    yield from _about_static(parts)
    yield from _about_kernel(parts)
    for place in parts.maps:
        yield from _about_map(place)
    for variable, structure, members in filled_structures(parts.elf, parts.btf):
        yield catalogue().say(
            "struct-ops", name=variable, type=structure, members=members
        )


def _about_section(section: str) -> Iterator[str]:
    say, meaning = catalogue().say, meaning_of(section)
    if meaning is None:
        yield say("section-unknown", section=section)
    elif not meaning.exact:
        yield say("section-inexact", section=section, prefix=meaning.kind.prefix)
    elif meaning.kind.prefix.startswith("usdt"):
        yield say("section-usdt")


def _about_static(parts: Parts) -> Iterator[str]:
    """Tell of functions that stand where programs stand, but are local to the file."""
    for f in parts.functions:
        if f.is_local and f.section.name != TEXT:
            row = "section-static-alone" if f.is_alone else "section-static"
            yield catalogue().say(row, name=f.name, section=f.section.name)


def _about_kernel(parts: Parts) -> Iterator[str]:
    say = catalogue().say
    if parts.btf_ext.core and kernel_btf() is None:
        yield say("core-no-kernel")
    for name in dict.fromkeys(parts.missing):
        yield say("core-missing", name=name)
    if parts.kconfig and kernel_options() is None:
        yield say("kconfig-unknown", names=", ".join(parts.options))


def _about_map(place: MapPlace) -> Iterator[str]:
    say, spec = catalogue().say, place.spec
    if place.pinned:
        yield say("map-pinned", map=spec.name)
    if spec.slots:
        slots = ", ".join(f"[{at}] = {name}" for at, name in spec.slots.items())
        yield say("map-slots", map=spec.name, slots=slots)
