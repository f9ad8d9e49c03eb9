"""Where an address of a run points: its region, and how far into it.

An address may leave its region for a while (`r2 += -4` on the first byte): its distance
is then negative, or beyond the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ebpflab.timeline import Region, Timeline

_SHIFT = 32
_HALF = 1 << (_SHIFT - 1)


@dataclass(slots=True)
class Places:
    """The regions of one run, by number; where the data of each packet begins."""

    regions: Mapping[int, Region]
    data: dict[int, int] = field(default_factory=dict)  # by region, learned

    @classmethod
    def of(cls, run: Timeline) -> "Places":
        return cls({region.number: region for region in run.regions})

    def find(self, word: int) -> tuple[Region, int] | None:
        """Return the region that an address belongs to, and the signed distance."""
        number = (word + _HALF) >> _SHIFT
        region = self.regions.get(number)
        return (region, word - (number << _SHIFT)) if region else None
