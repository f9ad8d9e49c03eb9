"""What a callback's registers hold when a helper calls it.

Source: bpf-helpers(7), which gives each callback's C signature; what Linux 6.18 shows
(`callee:`).
"""

from collections.abc import Callable

from ebpflab.btf import Kind
from ebpflab.btf.kernel import kernel_btf
from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.callbacks import push_callback_call
from ebpflab.verifier.env import Env
from ebpflab.verifier.frames import SetCallee
from ebpflab.verifier.refusal import Refusal, not_modelled
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import NOTHING_RARE, UNKNOWN_SCALAR, FuncState, RegState

ENOTSUPP = 524  # the kernel's own number: it has no name outside
ONE_OR_ZERO, ONLY_ZERO = (0, 1), (0, 0)
WITH_ELEMENTS = (  # map types whose elements can be gone over
    "array",
    "percpu_array",
    "hash",
    "lru_hash",
    "percpu_hash",
    "lru_percpu_hash",
)


def call_back(env: Env, insn: Insn, name: str) -> None:
    """Judge the callback that a helper was given; all arguments fit already."""
    CALL_BACK[name](env, insn)


def _loop(env: Env, insn: Insn) -> None:
    """bpf_loop(rounds, callback, context, flags): callback(round, context)."""
    _note_inline(env)
    env.mark_chain_precision(1)
    frame = env.cur.frame
    if frame.callback_depth < frame.regs[1].bounds.umax:
        return _push(env, insn, 2, set_loop_callback_state)
    frame.callback_depth = 0
    if env.log.is_full:
        level = len(env.cur.frames) - 1
        env.log.tell(f"frame{level} bpf_loop iteration limit reached\n")
    return None


def _note_inline(env: Env) -> None:
    """Note whether every visit of this call may be turned into a loop of its own.

    It may where the callback is always the same and the flags are 0, which then matters
    (kernel: update_loop_inline_state).
    """
    idx, subprog = env.insn_idx, env.regs[2].rare.subprog
    known = env.inlined_loops.get(idx, subprog)
    if known < 0:
        return
    fits = env.regs[4].is_null
    if fits:
        env.mark_chain_precision(4)
    env.inlined_loops[idx] = subprog if fits and known == subprog else -1


def set_loop_callback_state(env: Env, caller: FuncState, callee: FuncState) -> None:
    callee.regs[1] = UNKNOWN_SCALAR
    callee.regs[2] = caller.regs[3]
    _answers(callee, ONE_OR_ZERO)


def _for_each_map_elem(env: Env, insn: Insn) -> None:
    """bpf_for_each_map_elem(map, callback, context, flags)."""
    if env.program.maps[env.regs[1].map].type not in WITH_ELEMENTS:
        raise Refusal(ENOTSUPP, "callback function not allowed for map")
    _push(env, insn, 2, set_map_elem_callback_state)


def set_map_elem_callback_state(env: Env, caller: FuncState, callee: FuncState) -> None:
    """callback(map, key, value, context)."""
    _set_element(callee, caller.regs[1], caller.regs[1])
    callee.regs[4] = caller.regs[3]
    _answers(callee, ONE_OR_ZERO)


def _set_element(callee: FuncState, map: RegState, owner: RegState) -> None:
    """Give a map, a key and a value of it."""
    rare = NOTHING_RARE._replace(map_uid=owner.rare.map_uid)
    key, value = RegType.PTR_TO_MAP_KEY, RegType.PTR_TO_MAP_VALUE
    callee.regs[1] = map
    callee.regs[2] = RegState(key, ZERO, map=owner.map, rare=rare)
    callee.regs[3] = RegState(value, ZERO, map=owner.map, rare=rare)


def _timer_set_callback(env: Env, insn: Insn) -> None:
    """bpf_timer_set_callback(timer, callback)."""
    _push(env, insn, 2, set_timer_callback_state)


def set_timer_callback_state(
    env: Env, caller: FuncState, callee: FuncState, owner: RegState | None = None
) -> None:
    """callback(map, key, value): the element that the timer (or r1) is in."""
    owner = owner or caller.regs[1]
    map = RegState(RegType.CONST_PTR_TO_MAP, ZERO, map=owner.map)
    _set_element(callee, map, owner)
    callee.in_async_callback, callee.returns = True, ONLY_ZERO


def _find_vma(env: Env, insn: Insn) -> None:
    """bpf_find_vma(task, address, callback, context, flags)."""
    _push(env, insn, 3, set_find_vma_callback_state)


def set_find_vma_callback_state(env: Env, caller: FuncState, callee: FuncState) -> None:
    """callback(task, vma, context)."""
    btf = kernel_btf()
    vma = btf.find("vm_area_struct", Kind.STRUCT) if btf else None
    if vma is None:
        not_modelled("find_vma without the kernel's types", env.insn_idx)
    rare = NOTHING_RARE._replace(btf_type=vma.id, btf_name=vma.name)
    callee.regs[1] = caller.regs[1]
    callee.regs[2] = RegState(RegType.PTR_TO_BTF_ID, ZERO, rare=rare)
    callee.regs[3] = caller.regs[4]
    _answers(callee, ONE_OR_ZERO)


def _user_ringbuf_drain(env: Env, insn: Insn) -> None:
    """bpf_user_ringbuf_drain(map, callback, context, flags)."""
    _push(env, insn, 2, set_user_ringbuf_callback_state)


def set_user_ringbuf_callback_state(
    env: Env, caller: FuncState, callee: FuncState
) -> None:
    """callback(dynptr, context)."""
    rare = NOTHING_RARE._replace(dynptr="local", first_slot=True)
    kind = RegType.CONST_PTR_TO_DYNPTR
    callee.regs[1] = RegState(kind, ZERO, id=env.new_id(), rare=rare)
    callee.regs[2] = caller.regs[3]
    _answers(callee, ONE_OR_ZERO)


def _answers(callee: FuncState, range: tuple[int, int]) -> None:
    callee.in_callback, callee.returns = True, range


def _push(env: Env, insn: Insn, argument: int, set_callee: SetCallee) -> None:
    subprog = env.regs[argument].rare.subprog
    push_callback_call(env, insn, subprog, set_callee)


CALL_BACK: dict[str, Callable[[Env, Insn], None]] = {
    "loop": _loop,
    "for_each_map_elem": _for_each_map_elem,
    "timer_set_callback": _timer_set_callback,
    "find_vma": _find_vma,
    "user_ringbuf_drain": _user_ringbuf_drain,
}
