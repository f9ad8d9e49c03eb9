"""ebpflab: watch eBPF happen. The public names; everything else is behind them.

    import ebpflab as lab

    obj = lab.compile(source)                    # C -> an Object
    run = lab.run(obj.programs["prog"], packet)  # as Linux's test run would
    lab.linux.run(obj.programs["prog"], packet)  # the same, on the real kernel

How things look is the business of `ebpflab_widgets`; nothing here draws.
"""

from ebpflab import linux
from ebpflab.c.compiler import compile
from ebpflab.elf import load
from ebpflab.errors import (
    AssemblyError,
    CompileError,
    EbpfLabError,
    EncodingError,
    LinuxError,
    MapError,
    ObjectError,
    ProgramError,
    RunError,
    VerifierError,
    VmFault,
)
from ebpflab.listing import assemble, disassemble
from ebpflab.maps import live_maps as maps
from ebpflab.maps.base import Map
from ebpflab.packets import describe, read_capture
from ebpflab.program import MapSpec, Object, Program
from ebpflab.results import Event, Run, Verdict
from ebpflab.timeline import Timeline
from ebpflab.vm.run import run

__version__ = "0.1.0"

__all__ = [
    "AssemblyError",
    "CompileError",
    "EbpfLabError",
    "EncodingError",
    "Event",
    "LinuxError",
    "Map",
    "MapError",
    "MapSpec",
    "Object",
    "ObjectError",
    "Program",
    "ProgramError",
    "Run",
    "RunError",
    "Timeline",
    "Verdict",
    "VerifierError",
    "VmFault",
    "assemble",
    "compile",
    "describe",
    "disassemble",
    "linux",
    "load",
    "maps",
    "read_capture",
    "run",
]
