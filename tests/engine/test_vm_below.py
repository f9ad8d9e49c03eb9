"""An access below a region is about that region, whatever lies before it."""

import pytest

import ebpflab as lab
from ebpflab.errors import VmFault

PACKET = bytes(64)
BELOW = {  # assembler -> the region, and what the fault tells of the place
    "*(u64 *)(r10 -520) = 1\nr0 = 2\nexit": ("stack", "r10-520"),
    "r2 = r10\nr2 += -513\nr0 = *(u8 *)(r2 +0)\nexit": ("stack", "r10-513"),
    "r1 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r1 -1)\nexit": ("packet", "offset -1"),
}


@pytest.mark.parametrize("text", BELOW)
@pytest.mark.parametrize("engine", ["interpreter", "auto"])
def test_the_fault_names_the_region_above(text: str, engine: str) -> None:
    region, place = BELOW[text]
    with pytest.raises(VmFault) as fault:
        lab.run(lab.assemble(text, type="xdp"), PACKET, engine=engine)
    assert fault.value.region == region
    assert place in fault.value.why


def test_a_plain_number_is_no_place_below_anything() -> None:
    text = "w1 = -8\nr0 = *(u8 *)(r1 +0)\nexit"
    with pytest.raises(VmFault) as fault:
        lab.run(lab.assemble(text, type="xdp"), PACKET)
    assert fault.value.key == "null-access"


def test_far_above_a_region_is_still_about_it() -> None:
    text = "r1 = r10\nr1 += 4096\nr0 = *(u8 *)(r1 +0)\nexit"
    with pytest.raises(VmFault) as fault:
        lab.run(lab.assemble(text, type="xdp"), PACKET)
    assert fault.value.region == "stack"
