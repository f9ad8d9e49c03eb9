"""Calls of kfuncs, against Linux: verdict, errno, message and the log of level 2.

Tables of small programs, a kfunc's rows together, then random ones over all kfuncs.
"""

import random
from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.btf import Kind
from ebpflab.btf.kfuncs import KFUNCS, Kfunc, KfuncFlag
from ebpflab.verifier.check import verify
from tests.engine.kfunc_programs import (
    PLACES,
    TYPES,
    kernel,
    lookup,
    member,
    program,
    random_program,
    stack,
    traced,
)
from tests.engine.test_verifier_calls import difference

NEW = f"{stack(1, 8)}; r2 = 0; r3 = 10; call bpf_iter_num_new"
NEXT = f"{stack(1, 8)}; call bpf_iter_num_next"
DESTROY = f"{stack(1, 8)}; call bpf_iter_num_destroy"
CT = "call bpf_ct_release"
TASK = "r1 = 1; call bpf_task_from_pid; if r0 == 0 goto END; r7 = r0"
RELEASE = "r1 = r7; call bpf_task_release"
SAVE, RESTORE = "call bpf_local_irq_save", "call bpf_local_irq_restore"
LOCK, UNLOCK = "r1 = r6; call bpf_spin_lock", "r1 = r6; call bpf_spin_unlock"
DROP = "r1 = r7; r2 = 0; call bpf_obj_drop_impl"
HOLD = "r1 = r6; call bpf_res_spin_lock; if r0 != 0 goto END"
FREE = "r1 = r6; call bpf_res_spin_unlock"
XDP = f"r2 = 0; {stack(3, 16)}; call bpf_dynptr_from_xdp"
SKB = f"r2 = 0; {stack(3, 16)}; call bpf_dynptr_from_skb"
LISTS, POINTERS, HOLDERS, QUEUES = map(lookup, ("lists", "kptrs", "locks", "queues"))
PUSH = (
    "r1 = r6; r1 += 8; r2 = r7; r2 += 8; r3 = 0; r4 = 0; call bpf_list_push_front_impl"
)


def new(type: int) -> str:
    call = f"r1 = {type}; r2 = 0; call bpf_obj_new_impl"
    return f"{call}; if r0 == 0 goto END; r7 = r0"


def xchg(off: int, value: str) -> str:
    return f"r1 = r6; r1 += {off}; r2 = {value}; call bpf_kptr_xchg"


def part(size: int, flags: str = "") -> str:
    call = f"{stack(1, 16)}; r2 = 0; r3 = 0; r4 = {size}; call bpf_dynptr_slice{flags}"
    return f"{call}; if r0 == 0 goto END"


ITERATORS = [
    f"{NEW}; {DESTROY}",
    NEW,
    f"{NEW}; LOOP: {NEXT}; if r0 == 0 goto +2; r1 = *(u32 *)(r0 +0); goto LOOP"
    f"; {DESTROY}",
    f"{NEW}; r6 = 0; LOOP: {NEXT}; if r0 == 0 goto +2; r6 += 1; goto LOOP; {DESTROY}",
    f"{NEW}; {NEW}",
    NEXT,
    DESTROY,
    f"{NEW}; r1 = *(u64 *)(r10 -8); {DESTROY}",
    f"{NEW}; *(u64 *)(r10 -8) = 0; {DESTROY}",
    f"{NEW}; *(u8 *)(r10 -8) = 0; {DESTROY}",
    f"{stack(1, 4)}; r2 = 0; r3 = 1; call bpf_iter_num_new",
    f"{stack(1, 520)}; r2 = 0; r3 = 1; call bpf_iter_num_new",
    "r1 = 0; r2 = 0; r3 = 1; call bpf_iter_num_new",
    f"{stack(1, 8)}; r2 = r10; r3 = 1; call bpf_iter_num_new",
    f"{stack(1, 8)}; r2 = 1; call bpf_iter_num_new",
    f"{stack(1, 8)}; r2 = 0; r3 = 0; call bpf_iter_task_new",
]
SECTIONS = [
    "call bpf_rcu_read_lock; call bpf_rcu_read_unlock",
    "call bpf_rcu_read_lock",
    "call bpf_rcu_read_unlock",
    "call bpf_rcu_read_lock; call bpf_rcu_read_lock",
    "call bpf_preempt_disable",
    "call bpf_preempt_enable",
    "call bpf_preempt_disable; call bpf_preempt_disable; call bpf_preempt_enable",
    f"{stack(1, 8)}; {SAVE}; {stack(1, 8)}; {RESTORE}",
    f"{stack(1, 8)}; {SAVE}",
    f"{stack(1, 8)}; {RESTORE}",
    f"{stack(1, 8)}; {SAVE}; {stack(1, 16)}; {SAVE}; {stack(1, 8)}; {RESTORE}",
    f"{stack(1, 8)}; {SAVE}; *(u64 *)(r10 -8) = 0",
    f"{stack(1, 7)}; {SAVE}",
]
REFERENCES = [
    f"{TASK}; {RELEASE}",
    TASK,
    "r1 = 1; call bpf_task_from_pid; r1 = r0; call bpf_task_release",
    f"{TASK}; {RELEASE}; r1 = *(u32 *)(r7 +0)",
    f"{TASK}; {RELEASE}; {RELEASE}",
    f"{TASK}; r1 = r7; r1 += 8; call bpf_task_release",
    f"{TASK}; r1 = r7; call bpf_cgroup_release",
    "call bpf_task_release",
    "r1 = 0; call bpf_task_release",
    "r1 = 0; call bpf_throw",
    "r1 = r10; call bpf_throw",
    f"{TASK}; r1 = 0; call bpf_throw",
]
CASTS = [
    "call bpf_cast_to_kern_ctx; r0 = *(u64 *)(r0 +0)",
    "r1 = 0; call bpf_cast_to_kern_ctx",
    "r1 = 5; r2 = 114; call bpf_rdonly_cast; r0 = *(u64 *)(r0 +0)",
    "r1 = 5; r2 = 0; call bpf_rdonly_cast; r0 = *(u64 *)(r0 +100)",
    "r1 = 5; r2 = 1; call bpf_rdonly_cast",
    "r1 = 5; r2 = -1; call bpf_rdonly_cast",
    "r2 = *(u32 *)(r1 +0); call bpf_rdonly_cast",
    "r1 = kptrs ll; call bpf_map_sum_elem_count",
]
OBJECTS = [
    f"{new(TYPES.plain)}; {DROP}",
    new(TYPES.plain),
    f"{new(TYPES.plain)}; *(u64 *)(r7 +8) = 5; r1 = *(u64 *)(r7 +0); {DROP}",
    f"{new(TYPES.plain)}; *(u64 *)(r7 +16) = 5; {DROP}",
    f"{new(TYPES.plain)}; {DROP}; r1 = *(u64 *)(r7 +0)",
    new(TYPES.u64),
    new(9999),
    f"{new(TYPES.counted)}; r1 = r7; r2 = 0; call bpf_refcount_acquire_impl; {DROP}",
    f"{new(TYPES.plain)}; r1 = r7; r2 = 0; call bpf_refcount_acquire_impl",
    f"{new(TYPES.counted)}; r1 = *(u32 *)(r7 +8)",
    f"{new(TYPES.counted)}; *(u64 *)(r7 +8) = 1",
    f"r1 = {TYPES.counted}; r2 = 0; call bpf_percpu_obj_new_impl",
    f"r1 = {TYPES.plain}; r2 = 0; call bpf_percpu_obj_new_impl",
]
KPTRS = [
    *(f"{POINTERS}; r1 = *(u64 *)(r6 +{off})" for off in range(8, 48, 4)),
    *(f"{POINTERS}; *(u64 *)(r6 +{off}) = 0" for off in range(8, 48, 8)),
    f"{POINTERS}; *(u64 *)(r6 +8) = 1",
    f"{POINTERS}; r1 = *(u64 *)(r6 +8); *(u64 *)(r6 +8) = r1",
    f"{POINTERS}; r1 = *(u64 *)(r6 +24); *(u64 *)(r6 +8) = r1",
    f"{POINTERS}; r1 = *(u64 *)(r6 +16); if r1 == 0 goto END; r2 = *(u32 *)(r1 +9)",
    f"{POINTERS}; {TASK}; {xchg(16, 'r7')}; if r0 == 0 goto END; r7 = r0; {RELEASE}",
    f"{POINTERS}; {TASK}; {xchg(24, 'r7')}",
    f"{POINTERS}; {xchg(16, '0')}; if r0 == 0 goto END; r7 = r0; {RELEASE}",
    f"{POINTERS}; {xchg(16, '0')}",
    f"{POINTERS}; {xchg(8, '0')}",
    f"{POINTERS}; {xchg(12, '0')}",
    f"{POINTERS}; {xchg(16, '5')}",
    f"{LISTS}; {xchg(0, '0')}",
    f"{POINTERS}; {new(TYPES.plain)}; {xchg(32, 'r7')}",
    f"{POINTERS}; {new(TYPES.counted)}; {xchg(32, 'r7')}",
]
GRAPHS = [
    f"{LISTS}; {new(TYPES.in_list)}; {LOCK}; {PUSH}; {UNLOCK}",
    f"{LISTS}; {new(TYPES.in_list)}; {PUSH}",
    f"{LISTS}; {new(TYPES.in_tree)}; {LOCK}; {PUSH}; {UNLOCK}",
    f"{LISTS}; {new(TYPES.in_list)}; {LOCK}; {PUSH}; *(u64 *)(r7 +0) = 5; {UNLOCK}",
    f"{LISTS}; {new(TYPES.in_list)}; {LOCK}; {PUSH}; {UNLOCK}; *(u64 *)(r7 +0) = 5",
    f"{LISTS}; {LOCK}; r1 = r6; r1 += 8; call bpf_list_pop_front; r8 = r0; {UNLOCK}",
    f"{LISTS}; {LOCK}; r1 = r6; r1 += 24; call bpf_list_front; {UNLOCK}",
    f"{LISTS}; {LOCK}; r1 = r6; r1 += 24; call bpf_rbtree_first; {UNLOCK}",
    f"{LISTS}; {LOCK}; {TASK}",
]
LOCKS = [
    f"{HOLDERS}; {HOLD}; {FREE}",
    f"{HOLDERS}; r1 = r6; call bpf_res_spin_lock; {FREE}",
    f"{HOLDERS}; {HOLD}; {HOLD}",
    f"{HOLDERS}; {FREE}",
    f"{HOLDERS}; {HOLD}",
    f"{HOLDERS}; r1 = r6; r1 += 4; call bpf_res_spin_lock",
    f"{LISTS}; r1 = r6; call bpf_res_spin_lock",
    f"{QUEUES}; r1 = r6; r1 += 8; r2 = queues ll; r3 = 0; call bpf_wq_init",
    f"{QUEUES}; r1 = r6; r1 += 8; r2 = works ll; r3 = 0; call bpf_wq_init",
    f"{QUEUES}; r1 = r6; r2 = queues ll; r3 = 0; call bpf_wq_init",
]
DYNPTRS = [
    f"{XDP}; {stack(1, 16)}; call bpf_dynptr_size",
    f"{XDP}; {part(14)}; r0 = *(u8 *)(r0 +13)",
    f"{XDP}; {part(14)}; r0 = *(u8 *)(r0 +14)",
    f"{XDP}; {part(14, '_rdwr')}; *(u8 *)(r0 +13) = 1",
    f"{XDP}; {part(14)}; *(u8 *)(r0 +13) = 1",
    SKB,
    f"{stack(1, 16)}; call bpf_dynptr_size",
    "r1 = 0; call bpf_dynptr_size",
]


@pytest.mark.parametrize(
    "rows",
    [ITERATORS, SECTIONS, REFERENCES, CASTS, OBJECTS, KPTRS, GRAPHS, LOCKS, DYNPTRS],
    ids=[
        "iterators",
        "sections",
        "references",
        "casts",
        "objects",
        "kptrs",
        "graphs",
        "locks",
        "dynptrs",
    ],
)
def test_programs_are_judged_as_by_linux(linux, rows: list[str]) -> None:
    for text in rows:
        for type in ("xdp", "sched_cls"):
            made = program(text, type)
            verify(made)  # it is judged at all
            assert difference(made) == "", text


def tasks() -> Iterator[str]:
    """Programs with a task that the kernel gave."""
    given = "r7 = *(u64 *)(r1 +8)"
    acquire = (
        "call bpf_task_acquire; if r0 == 0 goto END; r1 = r0; call bpf_task_release"
    )
    for name in ("real_parent", "parent", "cgroups", "cpus_ptr"):
        at = f"r1 = *(u64 *)(r7 +{member('task_struct', name)})"
        yield f"{given}; {at}; {acquire}"
        yield f"{given}; {at}; call bpf_cpumask_first"
        read = f"call bpf_rcu_read_lock; {at}; r8 = r1; call bpf_rcu_read_unlock"
        yield f"{given}; {read}; r1 = r8; {acquire}"
    yield f"{given}; r1 = r7; {acquire}"
    yield f"{given}; r1 = r7; r1 += 16; {acquire}"
    yield f"{given}; r1 = r7; r2 = r7; call bpf_task_under_cgroup"
    yield f"{given}; {stack(1, 8)}; r2 = r7; r3 = 0; call bpf_iter_css_task_new"
    following = f"{stack(1, 8)}; call bpf_iter_task_next"
    ending = f"{stack(1, 8)}; call bpf_iter_task_destroy"
    task = f"{given}; {stack(1, 8)}; r2 = r7; r3 = 0; call bpf_iter_task_new"
    yield f"{task}; {following}; {ending}"
    yield task


def test_tasks_are_trusted_as_by_linux(linux) -> None:
    for text in tasks():
        assert difference(traced(text)) == "", text


def test_members_that_may_be_written(linux) -> None:
    """A congestion control writes a socket, a packet program a connection."""
    for structure in ("sock", "inet_connection_sock", "tcp_sock"):
        found = kernel().find(structure, Kind.STRUCT)
        for row in found.members[::4]:
            text = f"r2 = *(u64 *)(r1 +0); *(u32 *)(r2 +{row.offset}) = 1"
            to = "tcp_congestion_ops.cong_avoid"
            assert difference(program(text, "struct_ops", attach_to=to)) == "", row
    zeros = "; ".join(f"*(u64 *)(r10 -{off}) = 0" for off in range(8, 48, 8))
    sizes = "r3 = 12; r5 = 12; call bpf_skb_ct_lookup; if r0 == 0 goto END; r7 = r0"
    look = f"{zeros}; {stack(2, 16)}; {stack(4, 32)}; {sizes}"
    for name in ("mark", "timeout", "status"):
        write = f"*(u32 *)(r7 +{member('nf_conn', name)}) = 1"
        assert difference(program(f"{look}; {write}; r1 = r7; {CT}")) == "", name


def test_who_may_call_what(linux) -> None:
    """Every kfunc from some program types: whether it is allowed at all."""
    for number, name in enumerate(KFUNCS):
        for type, attach, to, flags in (PLACES * 2)[number % len(PLACES) :][:2]:
            made = program(f"call {name}", type, attach, attach_to=to, flags=flags)
            assert difference(made) == "", (name, type)


@pytest.mark.parametrize("seed", range(3))
def test_random_programs_are_judged_as_by_linux(linux, seed: int) -> None:
    chance = random.Random(6180 + seed)
    for _ in range(100):
        made = random_program(chance)
        if made:
            assert difference(made) == "", lab.disassemble(made)


def test_a_wrong_row_is_noticed(linux, monkeypatch) -> None:
    made = program(f"{TASK}; {RELEASE}", "sched_cls")
    row = KFUNCS["bpf_task_from_pid"]
    wrong = Kfunc(row.name, row.flags & ~KfuncFlag.RET_NULL, row.families)
    assert difference(made) == ""
    from ebpflab.verifier import kfunc_calls

    monkeypatch.setitem(KFUNCS, row.name, wrong)
    kfunc_calls._prototype.cache_clear()
    assert difference(made) != ""
    monkeypatch.undo()
    kfunc_calls._prototype.cache_clear()
