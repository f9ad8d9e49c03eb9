"""One argument of a helper: does the register fit what the contract says?

Which kinds of registers fit stands in `arg_types.py`; memory is `helper_mem.py`.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.btf.record_search import RecordField
from ebpflab.helpers.contract import Arg, ArgFlag, Kind
from ebpflab.helpers.proto import Proto
from ebpflab.isa.words import WORD32
from ebpflab.program import MapSpec
from ebpflab.verifier.arg_types import (
    check_func_arg_reg_off,
    check_reg_type,
    is_btf_pointer,
)
from ebpflab.verifier.btf_args import check_btf_arg, check_percpu_arg
from ebpflab.verifier.check_alignment import check_ptr_alignment
from ebpflab.verifier.check_dynptr import check_acquired, process_dynptr_arg
from ebpflab.verifier.check_lock import process_spin_lock
from ebpflab.verifier.check_packet import may_access_direct_pkt_data
from ebpflab.verifier.check_text import check_reg_const_str
from ebpflab.verifier.check_timer import process_timer
from ebpflab.verifier.constant_key import constant_key
from ebpflab.verifier.env import Env
from ebpflab.verifier.helper_mem import (
    HelperMem,
    check_helper_mem_access,
    check_mem_size_reg,
)
from ebpflab.verifier.kptr_args import process_kptr
from ebpflab.verifier.map_helpers import SOCKET_MAPS
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base
from ebpflab.verifier.states import PACKETS, RegState

NO_KEY = -1
NEVER_MISSED = ("array", "percpu_array")  # every index below max_entries is there


@dataclass(slots=True)
class CallArgs:
    """What a call's arguments are, as far as they were checked (bpf_call_arg_meta)."""

    env: Env
    proto: Proto
    args: tuple[Arg, ...]
    map: int = -1  # index into the program's maps
    map_uid: int = 0
    const_key: int = NO_KEY  # the map's key, where it is a known number
    ref_obj_id: int = 0
    release_regno: int = 0
    mem: HelperMem = field(default_factory=HelperMem)
    largest_size: int = 0  # the size argument's largest value
    mem_size: int = 0  # bytes of the result
    subprog: int = -1  # the function to be called back
    variable: RegState | None = None  # each CPU has its own of what it leads to
    dynptr: RegState | None = None
    kptr: tuple[RegState, RecordField] | None = None  # where one is exchanged

    @property
    def spec(self) -> MapSpec:
        return self.env.program.maps[self.map]

    def check_all(self) -> None:
        """Check the arguments one after another (kernel: check_func_arg)."""
        for number, arg in enumerate(self.args, 1):
            if arg.kind is Kind.DONTCARE:
                return
            self._check(number, arg)

    def _check(self, number: int, arg: Arg) -> None:
        env = self.env
        reg = env.read(number)
        if arg.kind is Kind.ANYTHING:
            if env.is_pointer_value(number):
                raise Refusal(EACCES, f"R{number} leaks addr into helper function")
            return
        if reg.type in PACKETS and not self._may_read_packet():
            raise Refusal(EACCES, "helper access to the packet is not allowed")
        if arg.kind is Kind.PTR_TO_MAP_VALUE:
            arg = self._resolved(arg)
        if not (arg.may_be_null and reg.is_null):
            self._check_type(number, reg, arg)
        if arg.is_released:
            self._note_release(number, reg, arg)
        self._note_reference(number, reg, arg)
        if judge := JUDGES.get(arg.kind):
            judge(self, number, reg, arg)

    def _may_read_packet(self) -> bool:
        if not may_access_direct_pkt_data(self.env, writes=False):
            return False
        return self.proto.pkt_access or self.env.program.type == "cgroup_sockopt"

    def _resolved(self, arg: Arg) -> Arg:
        """Say what a map of this type takes for its values (resolve_map_arg_type)."""
        if self.spec.type in SOCKET_MAPS:
            if arg != Arg.PTR_TO_MAP_VALUE:
                raise Refusal(EINVAL, "invalid arg_type for sockmap/sockhash")
            return Arg.PTR_TO_BTF_ID_SOCK_COMMON
        if self.spec.type == "bloom_filter" and self.proto.name == "map_peek_elem":
            return Arg.PTR_TO_MAP_VALUE
        return arg

    def _check_type(self, number: int, reg: RegState, arg: Arg) -> None:
        is_kptr = self.proto.name == "kptr_xchg" and number == 2
        check_reg_type(number, reg, arg, is_kptr=is_kptr)
        if is_btf_pointer(reg):
            if arg.kind in MEMORY:
                if not arg.flags & ArgFlag.MEM_RDONLY:
                    what = f"may write into memory pointed by R{number}"
                    text = f"{self.name}() {what} type={reg.type.text}"
                    raise Refusal(EACCES, text)
            else:
                check_btf_arg(self.env, self.proto, number, reg, arg)
        check_func_arg_reg_off(number, reg, arg)

    @property
    def name(self) -> str:
        return f"bpf_{self.proto.name}"

    def _note_release(self, number: int, reg: RegState, arg: Arg) -> None:
        if arg.kind is Kind.PTR_TO_DYNPTR:
            if reg.type.base is Base.CONST_PTR_TO_DYNPTR:
                raise Refusal(EINVAL, "CONST_PTR_TO_DYNPTR cannot be released")
            check_acquired(self.env, number)
        elif not reg.ref_obj_id and not reg.is_null:
            what = "must be referenced when passed to release function"
            raise Refusal(EINVAL, f"R{number} {what}")
        self.release_regno = number

    def _note_reference(self, number: int, reg: RegState, arg: Arg) -> None:
        if not reg.ref_obj_id or arg.kind is Kind.KPTR_XCHG_DEST:
            return
        if self.ref_obj_id:
            ids = f"{reg.ref_obj_id} {self.ref_obj_id}"
            text = f"more than one arg with ref_obj_id R{number} {ids}"
            raise Refusal(EACCES, text, is_ended=False)
        self.ref_obj_id = reg.ref_obj_id


# ---- the kinds -----------------------------------------------------------------

MEMORY = (Kind.PTR_TO_MEM, Kind.PTR_TO_MAP_KEY, Kind.PTR_TO_MAP_VALUE)
Judge = Callable[[CallArgs, int, RegState, Arg], None]


def _map(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    if call.map >= 0:  # a timer's map: it must be the one that the timer is in
        uid = reg.rare.map_uid
        if call.map != reg.map or call.map_uid != uid:
            text = f"timer pointer in R1 map_uid={call.map_uid} doesn't match"
            raise Refusal(EINVAL, f"{text} map pointer in R2 map_uid={uid}")
    call.map, call.map_uid = reg.map, reg.rare.map_uid


def _map_key(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    size = call.spec.key_size
    check_helper_mem_access(call.env, number, size, None)
    if call.spec.type in NEVER_MISSED:
        call.const_key = constant_key(call.env, reg, size)


def _map_value(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    if arg.may_be_null and reg.is_null:
        return
    call.mem.raw = arg.is_uninit
    size = call.spec.value_size
    check_helper_mem_access(call.env, number, size, call.mem, writes=arg.is_written)


def _memory(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    """Judge memory of a fixed size; other memory is judged with its size."""
    call.mem.raw = arg.is_uninit
    if not arg.size:
        return
    env, writes = call.env, arg.is_written
    check_helper_mem_access(env, number, arg.size, call.mem, writes=writes)
    if arg.flags & ArgFlag.MEM_ALIGNED:
        check_ptr_alignment(env, reg, 0, arg.size, strict=True)


def _size(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    call.largest_size = reg.bounds.umax
    check_mem_size_reg(
        call.env,
        number,
        call.mem,
        writes=call.args[number - 2].is_written,
        zero_ok=arg.kind is Kind.CONST_SIZE_OR_ZERO,
    )


def _alloc_size(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    if not reg.bounds.is_const:
        raise Refusal(EACCES, f"R{number} is not a known constant'")
    call.mem_size = reg.bounds.value & WORD32
    call.env.mark_chain_precision(number)


def _function(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    call.subprog = reg.rare.subprog


def _timer(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    process_timer(call.env, number)
    call.map, call.map_uid = reg.map, reg.rare.map_uid


def _spin_lock(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    process_spin_lock(call.env, number, locks=call.proto.name == "spin_lock")


def _dynptr(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    call.dynptr = process_dynptr_arg(call.env, number, arg)


def _const_str(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    check_reg_const_str(call.env, number)


def _kptr(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    call.kptr = reg, process_kptr(call.env, number)


def _percpu(call: CallArgs, number: int, reg: RegState, arg: Arg) -> None:
    check_percpu_arg(number, reg)
    call.variable = reg


JUDGES: dict[Kind, Judge] = {
    Kind.CONST_MAP_PTR: _map,
    Kind.PTR_TO_MAP_KEY: _map_key,
    Kind.PTR_TO_MAP_VALUE: _map_value,
    Kind.PTR_TO_MEM: _memory,
    Kind.CONST_SIZE: _size,
    Kind.CONST_SIZE_OR_ZERO: _size,
    Kind.CONST_ALLOC_SIZE_OR_ZERO: _alloc_size,
    Kind.PTR_TO_FUNC: _function,
    Kind.PTR_TO_TIMER: _timer,
    Kind.PTR_TO_SPIN_LOCK: _spin_lock,
    Kind.PTR_TO_DYNPTR: _dynptr,
    Kind.PTR_TO_CONST_STR: _const_str,
    Kind.KPTR_XCHG_DEST: _kptr,
    Kind.PTR_TO_PERCPU_BTF_ID: _percpu,
}
