"""What compiled code leaves to the interpreter: one instruction at a time.

Compiled code does the usual; what is rare (a fault, a helper, a load that is not plain)
is done here by the interpreter's own action on the same machine, so that it means the
same in every tier. A call or a callback that such an instruction begins runs compiled
again, down to its return. Not here: the compilers.
"""

from __future__ import annotations

from collections.abc import Callable

from ebpflab.vm.actions import Action, action_of, placed
from ebpflab.vm.loaded import Loaded
from ebpflab.vm.machine import Frame, Machine

Run = Callable[[Loaded, int, int], int]
"""Run a function (program, slot, frame) on the machine's registers; return where it
exited."""

_NOWHERE = -1  # the return slot of a frame that only stands for one of compiled code


class Steps:
    """Steps of one machine; `run` runs a compiled function."""

    def __init__(self, machine: Machine, run: Run) -> None:
        self.machine = machine
        self.run = run
        self.exit_pc = 0  # where the last function exited
        self._actions: dict[tuple[int, int], tuple[Action, int]] = {}

    def do(self, loaded: Loaded, pc: int, depth: int) -> bool:
        """Do the instruction in slot `pc`; True: the function is left after it.

        The machine's registers and count must be up to date; they are afterwards.

        Raises:  VmFault, RunError: as the interpreter raises it.
        """
        machine, outer = self.machine, self.machine.frames
        stand_in = Frame(_NOWHERE, machine.regs[6:], loaded)
        machine.loaded, machine.frames = loaded, [stand_in] * depth
        try:
            return self._do(loaded, pc, depth)
        finally:
            machine.frames = outer

    def _do(self, loaded: Loaded, pc: int, depth: int) -> bool:
        machine = self.machine
        action, after = self._action(loaded, pc)
        machine.pc = after
        action(machine)
        while len(machine.frames) > depth:
            self._run_entered()
        if machine.ended or len(machine.frames) < depth:
            return True
        if machine.loaded is loaded and machine.pc == after:
            return False
        self.run(machine.loaded, machine.pc, depth)  # a tail call
        return True

    def _run_entered(self) -> None:
        """Run what a call or a callback has entered, down to its return."""
        machine = self.machine
        exit_pc = self.run(machine.loaded, machine.pc, len(machine.frames))
        placed(Machine.leave, exit_pc)(machine)

    def _action(self, loaded: Loaded, pc: int) -> tuple[Action, int]:
        """Return what the instruction in slot `pc` does, and the slot after it."""
        key = loaded.base, pc
        if key not in self._actions:
            insns = loaded.code.insns
            insn = insns[pc] if pc < len(insns) else None
            if insn is None:
                loaded.code.block_at(pc)  # tells that nothing is there
                raise AssertionError(f"an instruction in slot {pc}")
            self._actions[key] = action_of(insn, pc), pc + insn.slots
        return self._actions[key]
