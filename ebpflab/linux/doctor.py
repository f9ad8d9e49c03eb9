"""What this machine can do for the kit, and what to do about what it cannot.

One function a question; each answers with a `Finding`, in the reader's language. The
answers are for people: programs ask `available()` or try. Not here: printing them
(`cli.py`).
"""

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ebpflab.btf.kernel import USUAL_FILE
from ebpflab.language import catalogue
from ebpflab.linux.available import available
from ebpflab.linux.syscall import this_machine

OLDEST_PYTHON = (3, 11)
_SYSCTL = Path("/proc/sys")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: `ok` is False if something is missing, None if it only informs."""

    name: str
    ok: bool | None
    what: str  # what was found
    hint: str = ""  # what to do about it


def doctor() -> list[Finding]:
    """Look at everything the kit can use; never raises, changes nothing."""
    return [finding for look in _LOOKS if (finding := look())]


def _finding(row: str, ok: bool | None, state: str, **values: object) -> Finding:
    """Make a finding from a catalogue row: its name, the state's text, its hint."""
    say = catalogue().say
    hint = "" if ok else say(row, f"{state}-try", **values)
    return Finding(say(row, "name"), ok, say(row, state, **values), hint)


def _python() -> Finding:
    found = platform.python_version()
    good = tuple(int(n) for n in platform.python_version_tuple()[:2]) >= OLDEST_PYTHON
    return _finding("doctor-python", good, "good" if good else "bad", version=found)


def _platform() -> Finding:
    system, machine = this_machine()
    return _finding("doctor-platform", None, "good", system=system, machine=machine)


def _kernel() -> Finding:
    reason = available()
    if reason:
        return _finding("doctor-kernel", False, "bad", reason=reason)
    return _finding("doctor-kernel", True, "good", release=platform.release())


def _jit() -> Finding | None:
    value = _setting("net/core/bpf_jit_enable")
    if value is None:
        return None
    return _finding("doctor-jit", value != "0", "bad" if value == "0" else "good")


def _unprivileged() -> Finding | None:
    value = _setting("kernel/unprivileged_bpf_disabled")
    if value is None:
        return None
    state = "allowed" if value == "0" else "forbidden"
    return _finding("doctor-unprivileged", None, state, value=value)


def _btf() -> Finding | None:
    if not this_machine()[0].startswith("linux"):
        return None
    there = os.access(USUAL_FILE, os.R_OK)
    return _finding("doctor-btf", there, "good" if there else "bad", path=USUAL_FILE)


def _compiler() -> Finding:
    if importlib.util.find_spec("ziglang"):
        return _finding("doctor-compiler", True, "good")
    if path := shutil.which("clang"):
        return _finding("doctor-compiler", True, "clang", path=path)
    return _finding("doctor-compiler", False, "bad")


def _jupyter() -> Finding:
    there = importlib.util.find_spec("jupyterlab") is not None
    return _finding("doctor-jupyter", there, "good" if there else "bad")


def _setting(name: str) -> str | None:
    """Return a kernel setting; None where there is none."""
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return None


_LOOKS: tuple[Callable[[], Finding | None], ...] = (
    _python,
    _platform,
    _kernel,
    _jit,
    _unprivileged,
    _btf,
    _compiler,
    _jupyter,
)
