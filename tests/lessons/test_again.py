"""What `python -m tests.lessons.again` takes away is gone, and lessons still pass.

Each thing is taken away in a process of its own. Not here: the lessons with all there
is (`make test` runs them so), and many times in a row (`again.py` does, on demand).
"""

import subprocess
import sys

import pytest

from tests.lessons.again import EACH, ROOT, TAKEN

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="capabilities and namespaces are Linux's"
)
EVERYTHING = EACH[-1]
# For each thing, an expression that is true where it is there.
IS_THERE = {
    "kernel": "not __import__('ebpflab.linux').linux.available()",
    "llvmlite": "not __import__('ebpflab.jit.machine_code').jit.machine_code.missing()",
    "network": "len(__import__('socket').if_nameindex()) > 1",
}
ASK = """
import subprocess, sys
from tests.lessons.again import TAKEN
for name in sys.argv[2:]:
    TAKEN[name]()
sys.exit(subprocess.run([sys.executable, "-c", sys.argv[1]]).returncode)
"""


def is_there(thing: str, *taken: str) -> bool:
    """Ask a new process, after some things were taken away, whether one is there."""
    question = f"import sys; sys.exit(0 if {IS_THERE[thing]} else 7)"
    command = [sys.executable, "-c", ASK, question, *taken]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 7), done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("thing", TAKEN)
def test_what_is_taken_away_is_gone(thing: str) -> None:
    if not is_there(thing):
        pytest.skip(f"{thing} is not here anyway")
    try:
        assert not is_there(thing, thing)
    except AssertionError as error:
        if "the network stays" in str(error):
            pytest.skip("no network namespaces for this user")
        raise


@pytest.mark.parametrize("name", ["01-kernel-and-userspace", "03-4-jit", "03-6-maps"])
def test_a_lesson_passes_without_all_of_it(name: str) -> None:
    """Those that ask for most: measurements, machine code, the real kernel."""
    command = [sys.executable, "-m", "tests.lessons.again", name]
    without = [thing for thing in EVERYTHING if thing != "network" or may_unshare()]
    done = subprocess.run(
        [*command, "--without", *without], cwd=ROOT, capture_output=True, text=True
    )
    # How long it takes on a busy machine is for `again.py` to tell, not for a test.
    assert done.stdout.count("1 of 1") == 2, done.stdout + done.stderr


def test_no_lesson_is_no_success() -> None:
    command = [sys.executable, "-m", "tests.lessons.again", "no-such-lesson"]
    done = subprocess.run(
        [*command, "--without", "nothing"], cwd=ROOT, capture_output=True
    )
    assert done.returncode == 1


def may_unshare() -> bool:
    """Tell whether this user may leave for a network namespace."""
    question = "import ctypes, sys; sys.exit(-ctypes.CDLL(None).unshare(0x40000000))"
    return subprocess.run([sys.executable, "-c", question]).returncode == 0
