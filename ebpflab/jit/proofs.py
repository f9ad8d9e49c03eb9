"""What proofs are worth: the same program with and without the checks of its accesses.

Checks are left out where a packet or a map value is reached, and only so: for a program
that a verifier has accepted, in a process of its own, on the program that the proof is
of. An engine never does it. Were the proof wrong, that process would die or read what
it must not; ours would say so. Not here: proving.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ebpflab.errors import RunError
from ebpflab.jit import machine_code
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab.vm.engines import Task
from ebpflab.vm.loaded import Library
from ebpflab.vm.machine import DEFAULT_BUDGET
from ebpflab.vm.setting import Setting

ROUNDS = 9
TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Proof:
    """That a verifier accepted this very program, with these maps."""

    of: str  # hash

    def check(self, program: Program) -> None:
        """Raises RunError: the proof is of another program."""
        if self.of != hash_of(program):
            raise RunError.of("proof-of-another", name=program.name)


@dataclass(frozen=True, slots=True)
class Worth:
    """Both times, in ns a run: each round's, so that the spread can be shown."""

    checked_ns: tuple[float, ...]
    unchecked_ns: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The best without checks over the best with them."""
        return min(self.unchecked_ns) / min(self.checked_ns)


def hash_of(program: Program) -> str:
    """Return what tells a program, its maps and its context from any other."""
    specs = [repr(spec) for spec in program.maps]
    parts = (program.code, program.type, program.expected_attach_type, specs)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def prove(program: Program, verify: Callable[[Program], Verdict]) -> Proof:
    """Return the proof that a verifier gives. Raises VerifierError: it refuses."""
    verify(program).check()
    return Proof(hash_of(program))


def worth(program: Program, data: bytes, proof: Proof, *, repeat: int = 1000) -> Worth:
    """Measure a program with and without checks, in a process of its own.

    Raises:  RunError: the proof is of another program, or there is no machine code, or
             the process died, or both gave different answers.
    """
    proof.check(program)
    if machine_code.missing():
        raise RunError.of("jit-missing", reason=machine_code.missing())
    task = pickle.dumps((program, bytes(data), proof, repeat))
    command = [sys.executable, "-m", "ebpflab.jit.proofs"]
    try:
        done = subprocess.run(
            command, input=task, capture_output=True, timeout=TIMEOUT_S, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise RunError.of("unchecked-died", error=error) from error
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise RunError.of("unchecked-died", error=answer["error"])
    return Worth(tuple(answer["checked"]), tuple(answer["unchecked"]))


def _measure(program: Program, data: bytes, proof: Proof, repeat: int) -> object:
    """Run both in turn; all answers must be equal. In the child only."""
    from ebpflab.jit.batch import Runner

    proof.check(program)
    times: dict[bool, list[float]] = {True: [], False: []}
    answers = set()
    for _ in range(ROUNDS):
        for checked, found in times.items():
            library = Library.around(program, {})
            before = Setting(library, b"", {}, DEFAULT_BUDGET, 0)
            batch = Runner(Task(before, [data], repeat), checked).run()
            found.append(batch.duration_ns)
            answers.add((batch[0].retval, batch[0].data))
    if len(answers) > 1:
        return {"error": "different answers"}
    return {"checked": times[True], "unchecked": times[False]}


if __name__ == "__main__":
    json.dump(_measure(*pickle.loads(sys.stdin.buffer.read())), sys.stdout)
