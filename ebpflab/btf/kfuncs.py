"""kfuncs: functions of the kernel that programs call by the number of their type.

The kernel's BTF has their prototypes. What a call gives or takes (a reference, null),
which arguments must be trusted, whether it may sleep, and which programs may call it,
it does not have: that is the table here.

    acquire    hands out a reference       release    takes one back
    null       may return null             trusted    takes trusted pointers only
    rcu        takes RCU pointers too      protected  wants an RCU section around it
    sleeps     for sleepable programs      new, next, destroy  of an iterator

Source: Documentation/bpf/kfuncs.rst; for each, what Linux 6.18 accepts and refuses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag, auto


class KfuncFlag(IntFlag):
    """What is known of a kfunc (kernel: KF_*)."""

    NONE = 0
    ACQUIRE = auto()
    RELEASE = auto()
    RET_NULL = auto()
    TRUSTED_ARGS = auto()
    SLEEPABLE = auto()
    RCU = auto()
    RCU_PROTECTED = auto()
    ITER_NEW = auto()
    ITER_NEXT = auto()
    ITER_DESTROY = auto()


ITER = KfuncFlag.ITER_NEW | KfuncFlag.ITER_NEXT | KfuncFlag.ITER_DESTROY
_WORDS = {
    "acquire": KfuncFlag.ACQUIRE,
    "release": KfuncFlag.RELEASE,
    "null": KfuncFlag.RET_NULL,
    "trusted": KfuncFlag.TRUSTED_ARGS,
    "sleeps": KfuncFlag.SLEEPABLE,
    "rcu": KfuncFlag.RCU,
    "protected": KfuncFlag.RCU_PROTECTED,
    "new": KfuncFlag.ITER_NEW,
    "next": KfuncFlag.ITER_NEXT,
    "destroy": KfuncFlag.ITER_DESTROY,
}


@dataclass(frozen=True, slots=True)
class Kfunc:
    """One kfunc: what is known of it beside its prototype."""

    name: str
    flags: KfuncFlag
    families: frozenset[str]  # of programs that may call it; empty = all
    attach_types: tuple[str, ...] = ()  # and attached so; () = whatever

    def may_be_called(self, type: str, attach_type: str | None) -> bool:
        """Tell whether a program of this type may call it."""
        if self.families and FAMILIES.get(type, "") not in self.families:
            return False
        return not self.attach_types or (attach_type or "") in self.attach_types


FAMILIES = {  # program types that share what they may call; others: only what all may
    "xdp": "xdp",
    "sched_cls": "tc",
    "sched_act": "act",
    "socket_filter": "socket",
    "netfilter": "netfilter",
    "sk_skb": "sk_skb",
    "kprobe": "kprobe",
    "struct_ops": "struct_ops",
    "syscall": "syscall",
    **dict.fromkeys(("tracepoint", "perf_event", "tracing", "lsm"), "tracing"),
    **dict.fromkeys(("lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local"), "lwt"),
    **dict.fromkeys(
        (
            *("cgroup_skb", "cgroup_sock", "cgroup_device", "cgroup_sock_addr"),
            *("cgroup_sysctl", "cgroup_sockopt", "sock_ops"),
        ),
        "cgroup",
    ),
}
_GENERIC = "xdp tc cgroup tracing struct_ops syscall"
_MASKS = "tracing struct_ops syscall"

_TABLE = {  # families: name and flags, one a line
    "": """
        __bpf_trap
        bpf_arena_alloc_pages trusted sleeps
        bpf_arena_free_pages trusted sleeps
        bpf_arena_reserve_pages trusted sleeps
        bpf_cast_to_kern_ctx
        bpf_cgroup_read_xattr rcu
        bpf_copy_from_user_dynptr sleeps
        bpf_copy_from_user_str sleeps
        bpf_copy_from_user_str_dynptr sleeps
        bpf_copy_from_user_task_dynptr sleeps trusted
        bpf_copy_from_user_task_str sleeps
        bpf_copy_from_user_task_str_dynptr sleeps trusted
        bpf_dynptr_adjust
        bpf_dynptr_clone
        bpf_dynptr_copy
        bpf_dynptr_is_null
        bpf_dynptr_is_rdonly
        bpf_dynptr_memset
        bpf_dynptr_size
        bpf_dynptr_slice null
        bpf_dynptr_slice_rdwr null
        bpf_get_kmem_cache
        bpf_iter_bits_new new
        bpf_iter_bits_next next null
        bpf_iter_bits_destroy destroy
        bpf_iter_css_new new trusted protected
        bpf_iter_css_next next null
        bpf_iter_css_destroy destroy
        bpf_iter_css_task_new new trusted
        bpf_iter_css_task_next next null
        bpf_iter_css_task_destroy destroy
        bpf_iter_dmabuf_new new sleeps
        bpf_iter_dmabuf_next next null sleeps
        bpf_iter_dmabuf_destroy destroy sleeps
        bpf_iter_kmem_cache_new new sleeps
        bpf_iter_kmem_cache_next next null sleeps
        bpf_iter_kmem_cache_destroy destroy sleeps
        bpf_iter_num_new new
        bpf_iter_num_next next null
        bpf_iter_num_destroy destroy
        bpf_iter_task_new new trusted protected
        bpf_iter_task_next next null
        bpf_iter_task_destroy destroy
        bpf_iter_task_vma_new new rcu
        bpf_iter_task_vma_next next null
        bpf_iter_task_vma_destroy destroy
        bpf_local_irq_restore
        bpf_local_irq_save
        bpf_map_sum_elem_count trusted
        bpf_modify_return_test_tp
        bpf_preempt_disable
        bpf_preempt_enable
        bpf_probe_read_kernel_dynptr
        bpf_probe_read_kernel_str_dynptr
        bpf_probe_read_user_dynptr
        bpf_probe_read_user_str_dynptr
        bpf_rcu_read_lock
        bpf_rcu_read_unlock
        bpf_rdonly_cast
        bpf_res_spin_lock null
        bpf_res_spin_lock_irqsave null
        bpf_res_spin_unlock
        bpf_res_spin_unlock_irqrestore
        bpf_strcasecmp
        bpf_strchr
        bpf_strchrnul
        bpf_strcmp
        bpf_strcspn
        bpf_stream_vprintk_impl trusted
        bpf_strlen
        bpf_strnchr
        bpf_strnlen
        bpf_strnstr
        bpf_strrchr
        bpf_strspn
        bpf_strstr
        bpf_task_work_schedule_resume_impl trusted
        bpf_task_work_schedule_signal_impl trusted
        bpf_wq_init
        bpf_wq_set_callback_impl
        bpf_wq_start
        bpf_xdp_metadata_rx_hash trusted
        bpf_xdp_metadata_rx_timestamp trusted
        bpf_xdp_metadata_rx_vlan_tag trusted
    """,
    _GENERIC: """
        bpf_cgroup_acquire acquire rcu null
        bpf_cgroup_ancestor acquire rcu null
        bpf_cgroup_from_id acquire null
        bpf_cgroup_release release
        bpf_key_put release
        bpf_list_back null
        bpf_list_front null
        bpf_list_pop_back acquire null
        bpf_list_pop_front acquire null
        bpf_list_push_back_impl
        bpf_list_push_front_impl
        bpf_lookup_system_key acquire null
        bpf_lookup_user_key acquire null sleeps
        bpf_obj_drop_impl release
        bpf_obj_new_impl acquire null
        bpf_percpu_obj_drop_impl release
        bpf_percpu_obj_new_impl acquire null
        bpf_rbtree_add_impl
        bpf_rbtree_first null
        bpf_rbtree_left null
        bpf_rbtree_remove acquire null
        bpf_rbtree_right null
        bpf_rbtree_root null
        bpf_refcount_acquire_impl acquire null rcu
        bpf_send_signal_task trusted
        bpf_task_acquire acquire rcu null
        bpf_task_from_pid acquire null
        bpf_task_from_vpid acquire null
        bpf_task_get_cgroup1 acquire rcu null
        bpf_task_release release
        bpf_task_under_cgroup rcu
        bpf_throw
    """,
    _MASKS: """
        bpf_cpumask_acquire acquire trusted
        bpf_cpumask_and rcu
        bpf_cpumask_any_and_distribute rcu
        bpf_cpumask_any_distribute rcu
        bpf_cpumask_clear rcu
        bpf_cpumask_clear_cpu rcu
        bpf_cpumask_copy rcu
        bpf_cpumask_create acquire null
        bpf_cpumask_empty rcu
        bpf_cpumask_equal rcu
        bpf_cpumask_first rcu
        bpf_cpumask_first_and rcu
        bpf_cpumask_first_zero rcu
        bpf_cpumask_full rcu
        bpf_cpumask_intersects rcu
        bpf_cpumask_or rcu
        bpf_cpumask_populate rcu
        bpf_cpumask_release release
        bpf_cpumask_set_cpu rcu
        bpf_cpumask_setall rcu
        bpf_cpumask_subset rcu
        bpf_cpumask_test_and_clear_cpu rcu
        bpf_cpumask_test_and_set_cpu rcu
        bpf_cpumask_test_cpu rcu
        bpf_cpumask_weight rcu
        bpf_cpumask_xor rcu
    """,
    "tc act socket cgroup sk_skb lwt netfilter tracing": """
        bpf_dynptr_from_skb trusted
    """,
    "tc act": """
        bpf_dynptr_from_skb_meta trusted
    """,
    "xdp": """
        bpf_dynptr_from_xdp
        bpf_xdp_get_xfrm_state acquire null
        bpf_xdp_pull_data
        bpf_xdp_xfrm_state_release release
    """,
    "xdp tc": """
        bpf_ct_change_status trusted
        bpf_ct_change_timeout trusted
        bpf_ct_insert_entry acquire null release
        bpf_ct_release release
        bpf_ct_set_nat_info trusted
        bpf_ct_set_status trusted
        bpf_ct_set_timeout trusted
        bpf_skb_ct_alloc acquire null
        bpf_skb_ct_lookup acquire null
        bpf_xdp_ct_alloc acquire null
        bpf_xdp_ct_lookup acquire null
    """,
    "xdp tc act": """
        bpf_crypto_decrypt rcu
        bpf_crypto_encrypt rcu
    """,
    "syscall": """
        bpf_crypto_ctx_acquire acquire rcu null
        bpf_crypto_ctx_create acquire null sleeps
        bpf_crypto_ctx_release release
    """,
    "tc": """
        bpf_sk_assign_tcp_reqsk trusted
    """,
    "tc tracing syscall": """
        bpf_kfunc_call_memb_release release
        bpf_kfunc_call_test_release release
    """,
    "cgroup": """
        bpf_sock_addr_set_sun_path
        bpf_sock_ops_enable_tx_tstamp trusted
    """,
    "tracing": """
        bpf_sock_destroy trusted
        css_rstat_flush sleeps
        css_rstat_updated
        bpf_get_dentry_xattr sleeps trusted
        bpf_get_file_xattr sleeps trusted
        bpf_get_task_exe_file acquire trusted null
        bpf_path_d_path trusted
        bpf_put_file release
        bpf_remove_dentry_xattr sleeps trusted
        bpf_set_dentry_xattr sleeps trusted
    """,
    "kprobe": """
        bpf_session_cookie
        bpf_session_is_return
    """,
    "struct_ops": """
        bbr_cwnd_event
        bbr_init
        bbr_main
        bbr_min_tso_segs
        bbr_set_state
        bbr_sndbuf_expand
        bbr_ssthresh
        bbr_undo_cwnd
        cubictcp_acked
        cubictcp_cong_avoid
        cubictcp_cwnd_event
        cubictcp_init
        cubictcp_recalc_ssthresh
        cubictcp_state
        tcp_cong_avoid_ai
        tcp_reno_cong_avoid
        tcp_reno_ssthresh
        tcp_reno_undo_cwnd
        tcp_slow_start
    """,
}
_LSM = ("lsm_mac",)
_SESSIONS = ("trace_kprobe_session", "trace_uprobe_session")
_ATTACHED = {  # those that ask for more than the program's type
    "bpf_sock_destroy": ("trace_iter",),
    "bpf_session_cookie": _SESSIONS,
    "bpf_session_is_return": _SESSIONS,
    **dict.fromkeys(
        (
            *("bpf_get_dentry_xattr", "bpf_get_file_xattr", "bpf_get_task_exe_file"),
            *("bpf_path_d_path", "bpf_put_file", "bpf_remove_dentry_xattr"),
            "bpf_set_dentry_xattr",
        ),
        _LSM,
    ),
}


def _rows() -> Iterator[Kfunc]:
    for families, text in _TABLE.items():
        for line in text.strip().splitlines():
            name, *words = line.split()
            flags = KfuncFlag.NONE
            for word in words:
                flags |= _WORDS[word]
            callers = frozenset(families.split())
            yield Kfunc(name, flags, callers, _ATTACHED.get(name, ()))


KFUNCS = {row.name: row for row in _rows()}
