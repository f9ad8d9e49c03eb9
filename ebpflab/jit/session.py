"""Compiled code and Python on the same run: questions answered, errors carried out.

Compiled code runs a packet alone as long as nothing is rare. When it asks, a machine is
made for that packet as the interpreter has it (shared.py); the interpreter's own action
does the instruction, and the tables are brought up to date. An error is kept until
compiled code has returned.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ebpflab.errors import VmFault
from ebpflab.isa.operations import SIZE_BY_CODE, InsnClass
from ebpflab.isa.uses import is_helper_call
from ebpflab.jit import compiled as codes
from ebpflab.jit.shared import SharedMachine
from ebpflab.jit.tables import Row, Tables
from ebpflab.vm.loaded import Loaded
from ebpflab.vm.machine import Machine
from ebpflab.vm.setting import Setting

DONE, LEFT = 1, 2  # answers; 0 says that there is an error
SLICE = 20_000_000  # instructions after which Python is asked, so that Ctrl-C is heard
_LARGEST_BUDGET = 1 << 62
_CHANGES_KEYS = (2, 3)  # bpf_map_update_elem, bpf_map_delete_elem: r2 is the key
_INT, _WORD = ctypes.c_int64, ctypes.c_uint64
_ACCESS = ctypes.CFUNCTYPE(None, _WORD, _WORD, _INT, _INT, _WORD, _WORD)
_ASKED = ctypes.CFUNCTYPE(None, _WORD, _WORD, _INT, _INT)
_ENTRY = ctypes.CFUNCTYPE(_INT, _WORD, _WORD, _INT, _WORD)


class Session:
    """Compiled code at work on packets that start from equal settings."""

    def __init__(
        self,
        first: Setting,
        packets: bytearray,
        setting_at: Callable[[int, int], Setting],
        finished: Callable[[int, int, Setting, Machine], None],
        checked: bool = True,
    ) -> None:
        """Prepare a run.

        Args:    first: what the first packet starts from.
                 packets: all of them, one after the other, and a byte more.
                 setting_at: gives the setting of a packet and a turn.
                 finished: is told when a packet for which a machine was made is done.
        """
        self.setting_at, self.finished = setting_at, finished
        self.error: BaseException | None = None
        self._guards: list[Callable[..., None]] = []
        self.asked: SharedMachine | None = None
        self.model = first.machine()
        self.tables = Tables(self.model, packets, checked)
        self.budget = min(first.budget, _LARGEST_BUDGET)
        self.by_address: dict[int, Row] = {}
        self.first = self._row(first.library.first)
        self.tables.set("program", self.first.function(0))
        self.tables.set("stack_used", self.first.stack_used)
        self.tables.set("first_limit", min(self.budget, SLICE))
        self._python = self._connect()

    def _row(self, loaded: Loaded) -> Row:
        machine = self.asked.machine if self.asked else self.model
        row = self.tables.row_of(loaded, machine.env)
        self.by_address[row.address] = row
        return row

    def _connect(self) -> list[Any]:
        """Let compiled code call Python; return what must live as long as it may."""
        functions = {
            "python_access": _ACCESS(self._guarded(self._access)),
            "python_step": _ASKED(self._guarded(self._step)),
            "python_over": _ASKED(self._guarded(self._over)),
            "python_done": _ASKED(self._guarded(self._done)),
        }
        for name, function in functions.items():
            self.tables.set(name, ctypes.cast(function, ctypes.c_void_p).value or 0)
        glue = codes.glue()
        for name in ("access", "step", "over", "done", "frame"):
            self.tables.set(name, glue.address(name))
        self._enter = _ENTRY(glue.address("entry"))
        return [*functions.values(), glue]

    def _guarded(self, answer: Callable[..., int]) -> Callable[..., None]:
        """Return a function that never raises: errors wait for compiled code's end."""

        def guarded(*arguments: int) -> None:
            try:
                self.tables.set("answer", answer(*arguments))
            except BaseException as error:  # KeyboardInterrupt, too
                self.error = error

        self._guards.append(guarded)
        return guarded

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear errors that come before a guard has begun: Ctrl-C, most of all."""
        before = sys.unraisablehook

        def hear(told: sys.UnraisableHookArgs) -> None:
            if told.object in self._guards:
                self.error = told.exc_value
            else:
                before(told)

        sys.unraisablehook = hear
        try:
            yield
        finally:
            sys.unraisablehook = before

    def raise_error(self) -> None:
        """Raise what stopped compiled code."""
        error, self.error = self.error, None
        raise error or KeyboardInterrupt

    def shared(self) -> SharedMachine:
        """Return the machine of the packet that runs; made when it is first needed."""
        if self.asked is None:
            tables = self.tables
            setting = self.setting_at(tables.get("at_packet"), tables.get("at_turn"))
            self.asked = SharedMachine(setting, tables, self._run, self.first)
        return self.asked

    # -- what compiled code asks --

    def _access(
        self, core: int, program: int, pc: int, depth: int, address: int, value: int
    ) -> int:
        """Load or store where compiled code found no plain place."""
        machine = self.shared().machine
        loaded = machine.loaded = self.by_address[program].loaded
        insn = loaded.code.insns[pc]
        assert insn
        size = SIZE_BY_CODE[insn.size_code].bytes
        try:
            if insn.insn_class is InsnClass.LDX:
                self.tables.set("loaded", machine.memory.load(address, size))
            else:
                machine.memory.store(address, size, value)
        except VmFault as fault:
            fault.pc = pc
            raise
        return DONE

    def _step(self, core: int, program: int, pc: int, depth: int) -> int:
        """Let the interpreter do an instruction."""
        tables, row = self.tables, self.by_address[program]
        shared = self.shared()
        machine = shared.machine
        machine.regs[:] = tables.registers
        machine.executed = tables.get("executed")
        key = self._changed_key(row, machine, pc)
        left = shared.steps.do(row.loaded, pc, depth)
        tables.registers = machine.regs
        tables.set("executed", machine.executed)
        shared.follow()
        self._follow_keys(key)
        return LEFT if left else DONE

    def _changed_key(self, row: Row, machine: Machine, pc: int) -> int:
        """Return the address of the key that this instruction may put or remove."""
        insns = row.loaded.code.insns
        insn = insns[pc] if pc < len(insns) else None
        changes = insn and is_helper_call(insn) and insn.imm in _CHANGES_KEYS
        return machine.regs[2] if changes else 0

    def _follow_keys(self, key: int) -> None:
        """Bring the mirrors of keys up to date; the one at `key` has changed."""
        machine = self.shared().machine
        for row in self.tables.rows.values():
            for index, keys in row.keys.items():
                if keys.seen != keys.map.changes:
                    size = keys.map.spec.key_size
                    changed = machine.memory.read(key, size) if key else None
                    row.follow(index, changed)
                elif keys.address != row.table_of(index):
                    row.follow(index)

    def _over(self, core: int, program: int, pc: int, executed: int) -> int:
        """Answer a new limit, or that the budget is used up."""
        if executed > self.budget:
            machine = self.shared().machine
            machine.loaded, machine.executed = self.by_address[program].loaded, executed
            machine.check_budget(pc)
        limit = min(self.budget, executed + SLICE)
        self.tables.set("limit", limit)
        return limit

    def _done(self, core: int, program: int, packet: int, turn: int) -> int:
        """Let go of the machine of a packet that is done.

        One that had a machine in an earlier turn gets one here, to be answered from.
        """
        shared = self.shared()
        self.finished(packet, turn, shared.setting, shared.machine)
        shared.close()
        self.asked = None
        return DONE

    # -- what Python calls --

    def _run(self, loaded: Loaded, entry: int, depth: int) -> int:
        """Run a function on the machine's registers; return where it exited."""
        tables, row = self.tables, self._row(loaded)
        shared = self.shared()
        machine = shared.machine
        shared.follow()
        self._follow_keys(0)
        tables.registers = machine.regs
        tables.set("executed", machine.executed)
        address = row.function(entry, self._is_usual(machine, entry, depth))
        if not self._enter(tables.address, row.address, depth, address):
            self.raise_error()
        machine.regs[:6] = tables.registers[:6]
        machine.executed = tables.get("executed")
        return tables.get("exit_pc")

    def _is_usual(self, machine: Machine, entry: int, depth: int) -> bool:
        """Tell whether r1 and r10 are what the code of entry 0 counts on."""
        frame = machine.regs[10] == machine.frame_pointer(depth)
        return frame and (entry != 0 or machine.regs[1] == self.tables.get("ctx"))
