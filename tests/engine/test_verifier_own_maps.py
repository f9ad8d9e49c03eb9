"""Maps whose values belong to the kernel: programs may read them, and no more.

Against Linux: verdict, errno and message, for every map that programs can name.
"""

from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.verifier.check import verify
from tests.differential.blueprints import blueprints

CLEAR = "".join(f"*(u64 *)(r10 -{at}) = 0\n" for at in range(8, 200, 8))
LOOKUP = "r1 = {} ll\nr2 = r10\nr2 += -100\ncall bpf_map_lookup_elem\n"
FOUND = LOOKUP + "if r0 == 0 goto out\n{}\nout:\nr0 = 0\nexit"
USES = (
    "*(u32 *)(r0 +0) = 1",
    "r1 = *(u32 *)(r0 +0)",
    "r1 = r0\nr2 = 4\nr3 = 0\ncall bpf_probe_read_kernel",
    "r1 = 1\nlock *(u32 *)(r0 +0) += r1",
    "r2 = r0\nr1 = hash ll\ncall bpf_map_lookup_elem",
)
CALLS = ("update", "delete", "push", "pop", "peek")
CALL = "r1 = {} ll\nr2 = r10\nr2 += -100\nr3 = {}\nr4 = 0\ncall bpf_map_{}_elem\n"


def texts(name: str) -> Iterator[str]:
    for use in USES:
        yield CLEAR + FOUND.format(name, use)
    for call in CALLS:
        third = "0" if call == "push" else "r10\nr3 += -200"
        yield CLEAR + CALL.format(name, third, call) + "r0 = 0\nexit"


@pytest.mark.parametrize("name", blueprints())
def test_values_are_judged_as_linux_does(linux, name: str) -> None:
    maps = blueprints()
    for text in texts(name):
        program = lab.assemble(text, type="xdp", maps=[maps[name], maps["hash"]])
        try:
            theirs = linux.verify(program, log_level=4)
        except lab.LinuxError:  # it makes no such map
            continue
        ours = verify(program, log_level=0)
        assert (ours.errno, ours.message) == (theirs.errno, theirs.message), text


def test_a_program_does_not_write_a_device_map() -> None:
    program = lab.assemble(
        CLEAR + FOUND.format("devmap", USES[0]),
        type="xdp",
        maps=[blueprints()["devmap"]],
    )
    assert verify(program).message.startswith("write into map forbidden")
