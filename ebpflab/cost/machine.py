"""On what a cost was measured: processor, kernel, mitigations, in one line.

A cost without its machine is no fact: the same system call takes twice as long where
the page tables are switched at every entry (Meltdown) or branch predictors are flushed.

Source: /proc/cpuinfo, uname(2), /sys/devices/system/cpu/vulnerabilities.
"""

import os
import platform
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
VULNERABILITIES = Path("/sys/devices/system/cpu/vulnerabilities")
SHOWN = ("meltdown", "spectre_v2", "retbleed")  # those that a system call pays for


def describe_machine() -> str:
    """Return the machine as one line; what cannot be read is left out."""
    cpus = os.cpu_count() or 1
    parts = [
        f"{platform.system()} {_version()}",
        f"{_processor()}, {cpus} CPU{'s' if cpus > 1 else ''}",
        *_mitigations(),
    ]
    return ", ".join(part for part in parts if part.strip())


def _version() -> str:
    found = re.match(r"[\d.]+", platform.release())
    return found[0] if found else platform.release()


def _processor() -> str:
    """Return the processor's name; a virtual machine says that it is one."""
    text = _read(CPUINFO)
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    virtual = " (virtual)" if re.search(r"^flags.*\bhypervisor\b", text, re.M) else ""
    return (name[1].strip() if name else platform.machine()) + virtual


def _mitigations() -> list[str]:
    """Return what a system call pays for here, in the kernel's own words."""
    states = ((name, _read(VULNERABILITIES / name)) for name in SHOWN)
    return [f"{name}: {_short(text)}" for name, text in states if text]


def _short(text: str) -> str:
    return text.removeprefix("Mitigation:").split(";")[0].strip().lower()


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
