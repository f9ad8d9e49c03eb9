"""The real kernel through bpf(2): verify, run, maps. An oracle, and a place to try.

Start with `verdict.py` (the verifier's answer) and `prog_run.py` (one run);
`syscall.py` is the table under both. Nothing here attaches a program to anything.
"""

from ebpflab.linux.available import available
from ebpflab.linux.opened import maps
from ebpflab.linux.prog_run import run
from ebpflab.linux.verdict import verify

__all__ = ["available", "maps", "run", "verify"]
