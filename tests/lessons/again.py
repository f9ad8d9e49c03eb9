"""Restart and run all, again and again: every lesson, strictly compared, and timed.

`python -m tests.lessons.again --times 20` runs each lesson in both languages as
`make test` does, in each of the conditions below: with all there is, without a kernel
to ask, without llvmlite, without network, without all three. It prints one line a
lesson, and returns 1 if one differed or took more than 30 s. `--without kernel` asks
for one condition, names (`03-4-jit`) for some lessons. What is taken away is taken from
this process and its children alone. Not here: what a lesson must say (nbval compares).
"""

import argparse
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lessons.test_truth import ROOT, nbval

LIMIT_S = 30  # a lesson, with the start of its Python
EACH = ((), ("network",), ("kernel",), ("llvmlite",), ("network", "kernel", "llvmlite"))

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # linux/sockios.h, linux/if.h
PR_CAPBSET_DROP = 24  # linux/prctl.h
LOAD_PROGRAMS = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
NO_MODULE = 'raise ModuleNotFoundError("taken away", name="llvmlite")\n'


# ---- what can be taken away ----------------------------------------------------


def without_network() -> None:
    """Leave for a network namespace with nothing but its own loopback."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare: the network stays")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sH14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, up)


def without_kernel() -> None:
    """Drop what bpf(2) asks for; programs started from here never get it back."""
    libc = ctypes.CDLL(None, use_errno=True)
    for name, number in LOAD_PROGRAMS.items():
        if libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) and os.geteuid() == 0:
            raise OSError(ctypes.get_errno(), f"prctl: {name} stays")


def without_llvmlite() -> None:
    """Put a module before llvmlite that cannot be imported."""
    folder = tempfile.mkdtemp(prefix="ebpflab-no-llvmlite-")
    (Path(folder) / "llvmlite.py").write_text(NO_MODULE)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}:{before}" if before else folder


TAKEN: dict[str, Callable[[], None]] = {
    "network": without_network,  # before the capability that this needs is dropped
    "kernel": without_kernel,
    "llvmlite": without_llvmlite,
}


# ---- the runs ------------------------------------------------------------------


def main(argv: list[str]) -> int:
    """Run what was asked for; return 1 if a lesson failed, else 0."""
    asked = argparse.ArgumentParser(prog="python -m tests.lessons.again")
    asked.add_argument(
        "names", nargs="*", help="lessons, such as 03-4-jit; default all"
    )
    asked.add_argument("--times", type=int, default=1)
    asked.add_argument("--without", nargs="+", choices=[*TAKEN, "nothing"])
    given = asked.parse_args(argv)
    if given.without is None:
        return max(in_its_own_process(given.times, each, given.names) for each in EACH)
    for name in (name for name in TAKEN if name in given.without):
        TAKEN[name]()
    print(f"without {', '.join(given.without)}:", flush=True)
    return max([report(path, given.times) for path in found(given.names)], default=1)


def in_its_own_process(times: int, without: tuple[str, ...], names: list[str]) -> int:
    command = [sys.executable, "-m", "tests.lessons.again", *names]
    options = ["--times", str(times), "--without", *(without or ["nothing"])]
    return subprocess.run([*command, *options], cwd=ROOT).returncode


def found(names: list[str]) -> Iterator[Path]:
    """Yield the lessons named, in both languages; without names, all."""
    for path in sorted((ROOT / "notebooks").glob("*/*.ipynb")):
        if path.stem in names or not names:
            yield path


def report(path: Path, times: int) -> int:
    """Run a lesson so many times, print how often it passed and how long it took."""
    passed, seconds = 0, []
    for _ in range(times):
        began = time.monotonic()
        done = nbval(path)
        seconds.append(time.monotonic() - began)
        passed += done.returncode == 0
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-500:])
    verdict = (
        "differs" if passed < times else "slow" if max(seconds) > LIMIT_S else "ok"
    )
    took = f"{min(seconds):.1f} to {max(seconds):.1f} s"
    name = f"{path.parent.name}/{path.stem}"
    print(f"  {verdict:<8}{name:<28} {passed} of {times}  {took}", flush=True)
    return int(verdict != "ok")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
