"""cgroup_array: cgroups by index, to ask whether a packet or a task is of one.

Kernel differs: there are no cgroups without a simulated kernel, so nothing can be put
in. Source: bpf-helpers(7), bpf_skb_under_cgroup; errno as observed on Linux 6.18.
"""

from typing import Any

from ebpflab.maps.base import Key, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.maps.things import ThingArray


@map_type
class CgroupArray(ThingArray):
    """Slots for cgroups."""

    type = "cgroup_array"
    described = Described.NEVER
    wanted = "cgroup"

    def lookup(self, key: Key = b"") -> Any:
        self.key_bytes(key)
        self.check_readable()
        raise self.refuse(ENOTSUPP, "things-other", wanted=self.wanted)
