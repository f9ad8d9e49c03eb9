"""Which compiler, with which options, in which folders; and running it.

The compiler is clang as the `ziglang` wheel brings it, with Linux's UAPI headers; or
the one that EBPFLAB_CLANG names. Our own headers are in include/. Not here: what the
compiler says (diagnostics.py), what it wrote (elf/).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ebpflab.c.prototypes import helper_header
from ebpflab.errors import CompileError

if sys.platform == "linux":
    import resource

HEADERS = Path(__file__).parent / "include"
HOSTED = ("-fhosted", "-fbuiltin")  # as if there were a C library
KERNEL_TREE = "kernel_tree.h"  # read first for sources of the kernel's tree
ANY_LINUX = "any-linux-any"
UAPI_FOLDERS = (ANY_LINUX, "x86-linux-any")
CPUS = ("v1", "v2", "v3", "v4")
TIME_LIMIT = 60  # seconds
MEMORY_LIMIT = 4 << 30  # bytes; where Linux can set one for another process
CHOOSE = "EBPFLAB_CLANG"
OPTIONS = (
    *("-O2", "-g", "-c", "-x", "c", "-Wall"),
    "-Wno-unknown-attributes",
    "-fdebug-compilation-dir=.",
    "-fstack-size-section",
    "-fno-jump-tables",  # no verifier up to Linux 6.18 follows one
    "-fno-color-diagnostics",
    *("-MMD", "-MF", "dependencies"),
)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler that knows eBPF."""

    command: tuple[str, ...]
    headers: tuple[Path, ...]
    identity: str  # differs when what it writes may differ


@dataclass(frozen=True, slots=True)
class Said:
    """What one run of the compiler gave."""

    status: int
    messages: str


def toolchain() -> Toolchain:
    """Find the compiler.

    Raises:  CompileError: there is none.
    """
    chosen = os.environ.get(CHOOSE)
    wheel = _wheel()
    if chosen:
        command: tuple[str, ...] = (chosen, "-target", "bpfel")
        headers = _uapi(wheel) if wheel else _system_headers()
        return Toolchain(command, headers, f"{chosen} {_age(chosen)}")
    if wheel is None:
        raise CompileError.of("c-no-compiler")
    command = (str(_zig(wheel)), "cc", "-target", "bpfel-freestanding")
    return Toolchain(command, _uapi(wheel), f"ziglang {version('ziglang')}")


def native_toolchain(target: str, uapi: str) -> Toolchain:
    """Find the compiler for this machine's own code.

    Args:    target: the machine as zig names it. uapi: zig's folder of its headers.
    Raises:  CompileError: there is none.
    """
    wheel = _wheel()
    if wheel is None:
        raise CompileError.of("c-no-compiler")
    command = (str(_zig(wheel)), "cc", "-target", target)
    identity = f"ziglang {version('ziglang')} {target}"
    return Toolchain(command, _headers(wheel, (ANY_LINUX, uapi)), identity)


@cache
def _wheel() -> Path | None:
    try:
        import ziglang
    except ImportError:
        return None
    return Path(ziglang.__file__).parent


def _zig(wheel: Path) -> Path:
    return wheel / ("zig.exe" if os.name == "nt" else "zig")


def _uapi(wheel: Path) -> tuple[Path, ...]:
    return _headers(wheel, UAPI_FOLDERS)


def _headers(wheel: Path, names: Sequence[str]) -> tuple[Path, ...]:
    return tuple(wheel / "lib/libc/include" / name for name in names)


def _system_headers() -> tuple[Path, ...]:
    return tuple(Path("/usr/include").glob("*-linux-gnu"))


def _age(command: str) -> int:
    path = Path(command)
    return path.stat().st_mtime_ns if path.is_file() else 0


def options(
    tools: Toolchain,
    cpu: str,
    include: Sequence[Path],
    quoted: Path,
    defines: Mapping[str, object],
) -> tuple[str, ...]:
    """Return the options of one compilation; paths in them are absolute.

    Raises:  CompileError: no such cpu.
    """
    if cpu not in CPUS:
        raise CompileError.of("c-cpu", cpu=cpu, known=", ".join(CPUS))
    folders = [f"-I{folder.absolute()}" for folder in include]
    ours = (HEADERS, HEADERS / "bpf")  # "bpf_helpers.h" alone: the older spelling
    system = [f"-isystem{folder}" for folder in (*ours, *tools.headers)]
    values = [f"-D{n}" if v is None else f"-D{n}={v}" for n, v in defines.items()]
    quotes = ["-iquote", str(quoted.absolute())]
    return (*OPTIONS, f"-mcpu={cpu}", *values, *quotes, *folders, *system)


def run(tools: Toolchain, arguments: Sequence[str], folder: Path, caches: Path) -> Said:
    """Run the compiler in `folder`; nothing that it starts outlives the time limit.

    Raises:  CompileError: it cannot be started, or takes too long.
    """
    generated = folder / "include" / "bpf"
    generated.mkdir(parents=True)
    (generated / "bpf_helper_defs.h").write_text(helper_header())
    with suppress(OSError):  # <uapi/linux/bpf.h>: the kernel sources' spelling
        (generated.parent / "uapi").symlink_to(tools.headers[0])
    folders = (generated.parent, generated)
    command = [*tools.command, *arguments, *(f"-isystem{f}" for f in folders)]
    zig = {f"ZIG_{which}_CACHE_DIR": str(caches) for which in ("GLOBAL", "LOCAL")}
    english = {"LC_ALL": "C", "TMPDIR": str(folder)}
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **zig, **english},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CompileError.of("c-not-started", at=command[0], error=error) from error
    _limit_memory(process.pid)
    return _wait(process)


def _limit_memory(pid: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, ValueError):  # it has ended, or has a lower limit
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def _wait(process: subprocess.Popen[bytes]) -> Said:
    with process:
        try:
            said, _ = process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired as error:
            raise CompileError.of("c-too-long", limit=TIME_LIMIT) from error
        finally:
            _end(process)
    return Said(process.returncode, said.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the compiler, and what it has started, if it still runs."""
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
