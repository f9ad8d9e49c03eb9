"""Which arguments of a tracepoint may be null, by tracepoint; and those of iterators.

The kernel's types do not say it, the kernel's verifier knows it. A tracepoint that is
not listed gives no null pointer.

Source: what Linux 6.18 gives for every argument of every tracepoint and iterator.
"""

# arguments, from 0: the tracepoints
_NULLABLE = {
    (0,): """
        mm_collapse_huge_page_isolate mm_page_alloc mm_page_alloc_zone_locked
        mm_page_pcpu_drain tmigr_update_events xfs_blockgc_flush_all xfs_blockgc_start
        xfs_blockgc_stop xfs_blockgc_worker xfs_defer_add_item xfs_defer_cancel_item
        xfs_defer_cancel_list xfs_defer_create_intent xfs_defer_finish_item
        xfs_defer_isolate_paused xfs_defer_item_pause xfs_defer_item_unpause
        xfs_defer_pending_abort xfs_defer_pending_finish xfs_defer_relog_intent
        xfs_fs_sync_fs xfs_inodegc_flush xfs_inodegc_push xfs_inodegc_queue
        xfs_inodegc_start xfs_inodegc_stop xfs_inodegc_throttle
    """,
    (0, 1): """
        tcp_send_reset
    """,
    (1,): """
        break_lease_block break_lease_noblock break_lease_unblock ext4_mballoc_discard
        ext4_mballoc_free fcntl_setlk flock_lock_inode folio_wait_writeback
        generic_delete_lease hugetlbfs_alloc_inode locks_remove_posix
        mm_khugepaged_collapse_file mm_khugepaged_scan_file mm_khugepaged_scan_pmd
        posix_lock_inode sched_pi_setprio time_out_leases writeback_dirty_folio
        xfs_blockgc_free_space xfs_ioc_free_eofblocks
    """,
    (2,): """
        fib_table_lookup sched_stick_numa sched_swap_numa tcp_sendmsg_locked
        xfs_btree_overlapped_query_range xfs_btree_updkeys
    """,
    (3,): """
        kfree_skb qdisc_dequeue
    """,
    (4,): """
        xfs_map_blocks_alloc xfs_map_blocks_found
    """,
}
NULLABLE = {
    name: arguments for arguments, names in _NULLABLE.items() for name in names.split()
}
# iterator: what each argument behind the first is, as the log spells it; those not
# listed are trusted pointers to what their type says
ITERATORS = {
    "bpf_link": {1: "ptr_or_null_"},
    "bpf_map": {1: "trusted_ptr_or_null_"},
    "bpf_map_elem": {2: "rdonly_buf_or_null", 3: "buf_or_null"},
    "bpf_prog": {1: "ptr_or_null_"},
    "bpf_sk_storage_map": {2: "ptr_or_null_", 3: "buf_or_null"},
    "cgroup": {1: "trusted_ptr_or_null_"},
    "dmabuf": {1: "ptr_or_null_"},
    "ipv6_route": {1: "ptr_or_null_"},
    "kmem_cache": {1: "trusted_ptr_or_null_"},
    "ksym": {1: "ptr_or_null_"},
    "netlink": {1: "ptr_or_null_"},
    "sockmap": {2: "rdonly_buf_or_null", 3: "ptr_or_null_"},
    "task": {1: "trusted_ptr_or_null_"},
    "task_file": {1: "ptr_or_null_", 3: "ptr_or_null_"},
    "task_vma": {1: "ptr_or_null_", 2: "ptr_or_null_"},
    "tcp": {1: "trusted_ptr_or_null_"},
    "udp": {1: "trusted_ptr_or_null_"},
    "unix": {1: "ptr_or_null_"},
}
