"""May this program call this helper, here and now?

Its type decides, and for a few helpers the attach type; the license; whether who loads
it is privileged; whether it may sleep; and what it holds at this moment.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Mapping

from ebpflab.btf import Kind as TypeKind
from ebpflab.helpers.allowed import may_call
from ebpflab.helpers.contract import Kind, Ret
from ebpflab.helpers.proto import HELPERS, Proto
from ebpflab.isa.disassembler import NO_NAMES
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind
from ebpflab.program import Program
from ebpflab.verifier.control import is_kfunc_call
from ebpflab.verifier.env import Env
from ebpflab.verifier.fastcall import FAST_HELPERS, FAST_KFUNCS, CallSummary
from ebpflab.verifier.kfunc_calls import is_allowed
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.licenses import is_gpl_compatible
from ebpflab.verifier.references import active_locks
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.struct_ops import may_call_helper

UNSPEC = 0  # no helper: an instruction that was never filled in
SLEEPABLE = 1 << 4  # BPF_F_SLEEPABLE
NOT_IN_PROBES = {  # programs of type syscall have these for the sake of others
    "sk_storage_get",
    "sk_storage_delete",
    "d_path",
}
ALLOWED_UNDER_A_LOCK = ("spin_unlock", "kptr_xchg")


def arguments(insn: Insn, program: Program, perfmon: bool = True) -> int:
    """Return how many registers a call reads; all five where that is not known."""
    proto = _known(insn, program, perfmon)
    return _count(proto, program) if proto else 5


def _known(insn: Insn, program: Program, perfmon: bool) -> Proto | None:
    """Return the contract of a helper; None: there is none that it may call."""
    proto = HELPERS.get(insn.imm) if insn.src == CallKind.HELPER else None
    return proto if proto and _is_there(proto, program, perfmon) else None


def _count(proto: Proto, program: Program) -> int:
    return sum(arg.kind is not Kind.DONTCARE for arg in proto.args_for(program.type))


def call_summary(
    insn: Insn, program: Program, kfuncs: Mapping[int, Prototype], perfmon: bool = True
) -> CallSummary | None:
    """Return what a call loses; None where that is not known."""
    kfunc = kfuncs.get(insn.imm) if is_kfunc_call(insn) else None
    if kfunc and is_allowed(program, kfunc):
        is_void, is_fast = (
            kfunc.returns.kind is TypeKind.VOID,
            kfunc.name in FAST_KFUNCS,
        )
        return CallSummary(len(kfunc.parameters), is_void, is_fast)
    proto = _known(insn, program, perfmon)
    if proto is None:
        return None
    is_void, is_fast = proto.ret is Ret.VOID, proto.name in FAST_HELPERS
    return CallSummary(_count(proto, program), is_void, is_fast)


def _check_locked(env: Env, insn: Insn) -> None:
    """Refuse most calls while a spin lock is held."""
    if not active_locks(env.cur):
        return
    if HELPER_NAMES.get(insn.imm) not in ALLOWED_UNDER_A_LOCK:
        text = "function calls are not allowed while holding a lock"
        raise Refusal(EINVAL, text)


def _is_there(proto: Proto, program: Program, perfmon: bool) -> bool:
    attach = program.expected_attach_type
    if program.type == "struct_ops" and not may_call_helper(program, proto.name):
        return False
    return may_call(program.type, proto.name, attach or "", perfmon)


def callable_helper(env: Env, insn: Insn) -> Proto:
    """Return the contract of a helper that this program may call here."""
    _check_locked(env, insn)
    name = NO_NAMES.helper(insn.imm)
    if insn.imm != UNSPEC and insn.imm not in HELPERS:
        raise Refusal(EINVAL, f"invalid func {name}")
    proto = HELPERS.get(insn.imm)
    if proto is None or not _is_there(proto, env.program, env.allow_ptr_leaks):
        raise Refusal(EINVAL, f"program of this type cannot use helper {name}")
    restricted = proto.gpl_only and env.program.type not in proto.free_for
    if restricted and not is_gpl_compatible(env.program.license):
        text = "cannot call GPL-restricted function from non-GPL compatible program"
        raise Refusal(EINVAL, text)
    if env.program.type == "syscall" and proto.name in NOT_IN_PROBES:
        raise Refusal(EINVAL, "helper call is not allowed in probe")
    if proto.might_sleep:
        _check_may_sleep(env, name)
    return proto


def _check_may_sleep(env: Env, name: str) -> None:
    if not env.cur.in_sleepable:
        raise Refusal(EINVAL, "helper call might sleep in a non-sleepable prog")
    regions = (
        (env.cur.active_rcu_locks, "rcu_read_lock"),
        (env.cur.active_preempt_locks, "non-preemptible"),
        (env.cur.active_irq_id, "IRQ-disabled"),
    )
    for inside, region in regions:
        if inside:
            raise Refusal(EINVAL, f"sleepable helper {name} in {region} region")
