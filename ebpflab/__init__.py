"""ebpflab: watch eBPF happen. The public names; everything else is behind them.

    import ebpflab as lab

    obj = lab.compile(source)                    # C -> an Object
    run = lab.run(obj.programs["prog"], packet)  # as Linux's test run would
    lab.linux.run(obj.programs["prog"], packet)  # the same, on the real kernel

How things look is the business of `ebpflab_widgets`; nothing here draws. A name is
loaded when it is first used, so that the import itself takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebpflab import cost as cost
    from ebpflab import linux as linux
    from ebpflab.c.compiler import compile as compile
    from ebpflab.claims import Violation as Violation
    from ebpflab.claims import check_claims as check_claims
    from ebpflab.elf import load as load
    from ebpflab.errors import (
        AssemblyError as AssemblyError,
    )
    from ebpflab.errors import (
        CompileError as CompileError,
    )
    from ebpflab.errors import (
        CostError as CostError,
    )
    from ebpflab.errors import (
        EbpfLabError as EbpfLabError,
    )
    from ebpflab.errors import (
        EncodingError as EncodingError,
    )
    from ebpflab.errors import (
        LinuxError as LinuxError,
    )
    from ebpflab.errors import (
        MapError as MapError,
    )
    from ebpflab.errors import (
        ObjectError as ObjectError,
    )
    from ebpflab.errors import (
        ProgramError as ProgramError,
    )
    from ebpflab.errors import (
        RunError as RunError,
    )
    from ebpflab.errors import (
        VerifierError as VerifierError,
    )
    from ebpflab.errors import (
        VmFault as VmFault,
    )
    from ebpflab.jit import run as run
    from ebpflab.listing import assemble as assemble
    from ebpflab.listing import disassemble as disassemble
    from ebpflab.maps import live_maps
    from ebpflab.maps.base import Map as Map
    from ebpflab.packets import describe as describe
    from ebpflab.packets import read_capture as read_capture
    from ebpflab.program import MapSpec as MapSpec
    from ebpflab.program import Object as Object
    from ebpflab.program import Program as Program
    from ebpflab.reasons import explain as explain
    from ebpflab.remedy.c_fix import fix_source as fix_source
    from ebpflab.remedy.mend import fix as fix
    from ebpflab.remedy.witness import witness as witness
    from ebpflab.results import Event as Event
    from ebpflab.results import Exploration as Exploration
    from ebpflab.results import Rejection as Rejection
    from ebpflab.results import Run as Run
    from ebpflab.results import Verdict as Verdict
    from ebpflab.timeline import Timeline as Timeline
    from ebpflab.verifier.verdict import verify as verify

    maps = live_maps

__version__ = "0.1.0"

_HOMES = {
    "c.compiler": ("compile",),
    "claims": ("Violation", "check_claims"),
    "cost": ("cost",),
    "elf": ("load",),
    "errors": (
        "AssemblyError",
        "CompileError",
        "CostError",
        "EbpfLabError",
        "EncodingError",
        "LinuxError",
        "MapError",
        "ObjectError",
        "ProgramError",
        "RunError",
        "VerifierError",
        "VmFault",
    ),
    "jit": ("run",),
    "linux": ("linux",),
    "listing": ("assemble", "disassemble"),
    "maps": ("maps",),
    "maps.base": ("Map",),
    "packets": ("describe", "read_capture"),
    "program": ("MapSpec", "Object", "Program"),
    "reasons": ("explain",),
    "results": ("Event", "Exploration", "Rejection", "Run", "Verdict"),
    "remedy.c_fix": ("fix_source",),
    "remedy.mend": ("fix",),
    "remedy.witness": ("witness",),
    "timeline": ("Timeline",),
    "verifier.verdict": ("verify",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"ebpflab.{_HOME_OF[name]}")
    return module if _HOME_OF[name] == name else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(_HOME_OF)
