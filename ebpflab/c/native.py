"""C for the machine that this runs on: a small library, compiled once, to be called.

For loops whose time is measured. The library needs no libc to be built, so the wheel's
compiler needs nothing but itself; it is kept by the hash of its source and compiler.
"""

import hashlib
import platform
import tempfile
from pathlib import Path

from ebpflab.c.cache import folder
from ebpflab.c.toolchain import Toolchain, native_toolchain, run
from ebpflab.errors import CompileError

TARGETS = {  # zig's name for the machine, and its folder of Linux headers
    ("Linux", "x86_64"): ("x86_64-linux-none", "x86-linux-any"),
    ("Linux", "aarch64"): ("aarch64-linux-none", "aarch64-linux-any"),
}
OPTIONS = ("-shared", "-fPIC", "-nostdlib", "-O2", "-g0", "-x", "c")


def native_library(source: Path) -> Path:
    """Return the path of the library that a C file gives on this machine.

    Raises:  CompileError: no compiler, a machine that is not known, or an error in it.
    """
    machine = platform.system(), platform.machine()
    if machine not in TARGETS:
        known = ", ".join(" ".join(pair) for pair in TARGETS)
        raise CompileError.of("native-machine", found=" ".join(machine), known=known)
    tools = native_toolchain(*TARGETS[machine])
    text = f"{tools.identity} {OPTIONS} {source.read_text()}"
    made = folder() / "native" / f"{hashlib.sha256(text.encode()).hexdigest()}.so"
    if not made.exists():
        _compile(tools, source, made)
    return made


def _compile(tools: Toolchain, source: Path, made: Path) -> None:
    """Compile into a folder of its own, then put the result in its place at once."""
    made.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as work:
        built = Path(work) / "library.so"
        headers = [f"-isystem{path}" for path in tools.headers]
        arguments = [*OPTIONS, *headers, str(source), "-o", str(built)]
        said = run(tools, arguments, Path(work), folder())
        if said.status or not built.exists():
            raise CompileError.of("native-failed", at=source.name, said=said.messages)
        built.replace(made)
