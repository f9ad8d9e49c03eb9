"""Calls of helpers: every argument against the helper's contract, then what it gives.

Only contracts are modelled that speak of maps, their keys and values, and plain
numbers; a call of any other helper gets no verdict.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.helpers.proto import HELPERS, Arg, Proto, Ret
from ebpflab.isa.disassembler import NO_NAMES
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind
from ebpflab.program import MapSpec
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_mem import check_map_access, check_packet_access
from ebpflab.verifier.check_stack import read_range, stack_offset
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal, not_modelled
from ebpflab.verifier.reg_types import PTR_TO_MAP_VALUE_OR_NULL, RegType
from ebpflab.verifier.states import (
    NOT_INIT,
    PACKETS,
    SPILL,
    UNKNOWN_SCALAR,
    ZERO_BYTE,
    RegState,
)

CALLER_SAVED = range(6)
UNSPEC = 0  # no helper: an instruction that was never filled in
HELPERS_OF_ALL_TYPES = {1, 2, 3, 5, 7, 8}  # lookup, update, delete, time, random, CPU
PLAIN_MAPS = {"array", "hash", "percpu_array", "percpu_hash", "lru_hash"}
NEVER_MISSED = {"array", "percpu_array"}  # every index below max_entries is there
MEMORY = "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"


def arguments(insn: Insn) -> int:
    """Return how many registers a call reads; all five where that is not known."""
    proto = HELPERS.get(insn.imm)
    if insn.src != CallKind.HELPER or proto is None:
        return 5
    return len(proto.args) if proto.id in HELPERS_OF_ALL_TYPES else 5


def check_helper_call(env: Env, insn: Insn) -> None:
    """Judge a call, and put its result into r0."""
    if insn.src != CallKind.HELPER:
        not_modelled("calls of functions and kfuncs", env.insn_idx)
    proto = _proto(env, insn)
    found = _Arguments(env)
    for number, kind in enumerate(proto.args, 1):
        found.check(number, kind)
    regs = env.regs
    for number in CALLER_SAVED:
        regs[number] = NOT_INIT
    env.log.regs |= 1
    regs[0] = _result(env, proto, found)


def _proto(env: Env, insn: Insn) -> Proto:
    if insn.imm == UNSPEC:
        text = f"program of this type cannot use helper {NO_NAMES.helper(insn.imm)}"
        raise Refusal(EINVAL, text)
    if insn.imm not in HELPER_NAMES:
        raise Refusal(EINVAL, f"invalid func {NO_NAMES.helper(insn.imm)}")
    if insn.imm not in HELPERS_OF_ALL_TYPES or insn.imm not in HELPERS:
        name = NO_NAMES.helper(insn.imm)
        not_modelled(f"a call of {name}", env.insn_idx)
    return HELPERS[insn.imm]


class _Arguments:
    """What a call's arguments are, as far as they were checked."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.map = -1  # index into the program's maps
        self.key = -1  # where it is a known number

    @property
    def spec(self) -> MapSpec:
        return self.env.program.maps[self.map]

    def check(self, number: int, kind: Arg) -> None:
        """Check one argument (kernel: check_func_arg)."""
        reg = self.env.read(number)
        if kind is Arg.ANYTHING:
            return
        if kind is Arg.CONST_MAP_PTR:
            self._map(number, reg)
        elif kind is Arg.PTR_TO_MAP_KEY:
            self._memory(number, reg, self.spec.key_size)
            if self.spec.type in NEVER_MISSED:
                self.key = constant_key(self.env, reg, self.spec.key_size)
        elif kind is Arg.PTR_TO_MAP_VALUE:
            self._memory(number, reg, self.spec.value_size)
        else:
            not_modelled(f"an argument of kind {kind.name}", self.env.insn_idx)

    def _map(self, number: int, reg: RegState) -> None:
        if reg.type is not RegType.CONST_PTR_TO_MAP:
            _wrong_type(number, reg, "map_ptr")
        self.map = reg.map
        spec = self.spec
        if spec.type not in PLAIN_MAPS or spec.btf is not None or spec.flags:
            not_modelled(f"maps of type {spec.type}, or with flags", self.env.insn_idx)

    def _memory(self, number: int, reg: RegState, size: int) -> None:
        """Check memory that a helper reads (kernel: check_helper_mem_access)."""
        if reg.type is RegType.PTR_TO_STACK:
            read_range(self.env, number, size)
        elif reg.type is RegType.PTR_TO_MAP_VALUE:
            check_map_access(self.env, number, 0, size)
        elif reg.type in PACKETS:
            check_packet_access(self.env, number, 0, size)
        else:
            _wrong_type(number, reg, MEMORY)


def _wrong_type(number: int, reg: RegState, expected: str) -> None:
    text = f"R{number} type={reg.type.text} expected={expected}"
    raise Refusal(EACCES, text)


def constant_key(env: Env, reg: RegState, size: int) -> int:
    """Return a key on the stack that is a known number; -1: it is not.

    That a lookup cannot miss then follows from the number, so it mattered.
    """
    if reg.type is not RegType.PTR_TO_STACK:
        return -1
    start = stack_offset(env, _number_of(env, reg), 0, size, "")
    number, first = (-start - 1) // 8, (-start - 1) % 8
    slot = env.cur.frame.stack[number]
    below = slot.marks[: first + 1][::-1]  # from the key's first byte up
    if len(below) - len(below.lstrip(ZERO_BYTE)) >= size:
        return 0
    spilled = len(below) - len(below.lstrip(SPILL))
    if not slot.is_spilled_scalar or spilled != size or not slot.reg.bounds.is_const:
        return -1
    env.mark_precise(0, 1 << number)
    return slot.reg.bounds.value


def _number_of(env: Env, reg: RegState) -> int:
    return next(number for number, one in enumerate(env.regs) if one is reg)


def _result(env: Env, proto: Proto, found: _Arguments) -> RegState:
    if proto.ret is Ret.INTEGER:
        return UNKNOWN_SCALAR
    if proto.ret is not Ret.PTR_TO_MAP_VALUE_OR_NULL:
        not_modelled(f"a result of kind {proto.ret.name}", env.insn_idx)
    if 0 <= found.key < found.spec.max_entries:
        return RegState(RegType.PTR_TO_MAP_VALUE, ZERO, map=found.map)
    kind = PTR_TO_MAP_VALUE_OR_NULL
    return RegState(kind, ZERO, id=env.new_id(), map=found.map)
