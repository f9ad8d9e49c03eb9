"""Tracing: arguments by type, walks through the kernel's structures, kfuncs, RCU."""

from tests.differential.family import Family

_TASK = "{call bpf_get_current_task_btf; r9 = r0;}"
_WALK = (
    f"{_TASK}r8 = *(u{{32~64~~8~16}} *)(r9 +{{0~16~24~32~~3~30000~-8}}); r9 = 0",
    f"{_TASK}r5 = *(u64 *)(r9 +{{0~8~16~1200~1208~~5~32}}); r9 = 0",
    f"{_TASK}r1 = r9; {{~~r1 += 8}}; call kfunc bpf_task_acquire; {{if r0 == 0 goto none#~~}}; r1 = r0; {{call kfunc bpf_task_release~~}}; none#:; r9 = 0",
    "call kfunc bpf_rcu_read_lock; r8 = r7; {call kfunc bpf_rcu_read_unlock~call kfunc bpf_rcu_read_unlock~~}",
    "call kfunc bpf_preempt_disable; {~~call bpf_get_prandom_u32}; {call kfunc bpf_preempt_enable~~}",
)
_ARGUMENT = (
    "r9 = *(u64 *)(r6 +{0~8~~16~4~64~-8}); r9 = 0",
    "r9 = *(u64 *)(r6 +{8~8~~16}); r8 = *(u32 *)(r9 +{0~16~~30000}); r9 = 0",
    "r9 = *(u{64~~32~8} *)(r6 +0); r9 = 0",
    "{~~*(u64 *)(r6 +0) = 1}",
)
_TYPES = (
    "tracing/trace_raw_tp@sched_switch",
    "tracing/trace_raw_tp@sched_process_exec",
    "tracing/trace_raw_tp@sched_wakeup",
    "tracing/trace_raw_tp@sys_enter",
    "tracing/trace_raw_tp@tcp_retransmit_skb",
)

FAMILIES = (
    Family("walks", _WALK, ("kprobe", "raw_tracepoint", "tracepoint", *_TYPES)),
    Family("tp_btf", (*_ARGUMENT, *_WALK[:2]), _TYPES, count=4),
    Family(
        "other_tracing",
        (*_ARGUMENT, *_WALK[:3]),
        (
            "tracing/trace_iter@task",
            "tracing/trace_iter@bpf_map",
            "tracing/trace_fentry@vfs_read",
            "lsm/lsm_mac@file_open",
            "raw_tracepoint",
            "raw_tracepoint_writable",
            "struct_ops@tcp_congestion_ops.ssthresh",
            "struct_ops@tcp_congestion_ops.cong_avoid",
        ),
        count=4,
    ),
    Family(
        "kfuncs",
        _WALK[2:5],
        ("syscall!16", "tracing/trace_raw_tp@sched_switch", "sched_cls", "xdp"),
    ),
)
