"""The kernel's logs of Debian's eBPF tools, at level 2, are read whole.

No line is left over, and each instruction that was looked at is a step or a pruning.
"""

from contextlib import suppress

import pytest

from ebpflab.errors import LinuxError
from ebpflab.logs import read
from ebpflab.logs.replay import exploration_of
from tests.objects.tools import as_the_tool_loads, installed, opened

pytestmark = pytest.mark.skipif(bool(installed()), reason=installed())

SOME = ("biosnoop", "execsnoop", "opensnoop", "runqlat", "tcptop", "xdp-filter")
EVERY_STEP = 2  # log level


@pytest.mark.parametrize("tool", SOME)
def test_a_tools_logs_are_read_whole(tool: str, linux) -> None:
    count = 0
    for name, program in opened(tool).programs.items():
        with suppress(LinuxError):
            verdict = linux.verify(as_the_tool_loads(program), log_level=EVERY_STEP)
            told = read(verdict.log)
            assert told.unrecognized == [], name
            heat = exploration_of(told).heat
            assert sum(heat.values()) == verdict.insns_processed, name
            count += 1
    assert count
