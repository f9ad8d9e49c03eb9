"""prog_array: programs by index, for tail calls: `maps["jmp"][0] = program`.

All programs in it, and those that call into it, are of one type.
Source: bpf-helpers(7), bpf_tail_call; errno as observed on Linux 6.18.
"""

import errno
from typing import Any

from ebpflab.maps.base import map_type
from ebpflab.maps.things import ThingArray
from ebpflab.program import Program


@map_type
class ProgArray(ThingArray):
    """Slots with programs."""

    type = "prog_array"
    wanted = "Program"
    owner = ""  # the type of the first program that came in; it stays when that goes

    def accept(self, thing: Any) -> None:
        if not isinstance(thing, Program):
            super().accept(thing)
        wanted = self.owner or thing.type
        if thing.type != wanted:
            raise self.refuse(
                errno.EINVAL, "prog-array-type", type=thing.type, types=wanted
            )
        self.owner = wanted
