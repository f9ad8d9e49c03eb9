"""How C declares each helper: one line a helper, and the header made from them.

The numbers stand in isa/helper_ids.py; a helper is called through a constant that holds
its number, so the header is one line `static R (* const bpf_name)(...) = (void *)n;` a
helper. Not here: what a helper demands and does (helpers/). Source: bpf-helpers(7).
"""

import re
from functools import cache

from ebpflab.isa.helper_ids import HELPER_IDS

_SHORT = {
    "SKB": "struct __sk_buff *skb",
    "XDP": "struct xdp_md *xdp_md",
    "MSG": "struct sk_msg_md *msg",
    "SKOPS": "struct bpf_sock_ops *skops",
    "TIMER": "struct bpf_timer *timer",
    "DYNPTR": "struct bpf_dynptr *ptr",
    "TASK": "struct task_struct *task",
    "OUTPUT": "void *ctx, void *map, __u64 flags, void *data, __u64 size",
    "READ": "void *dst, __u32 size, const void *unsafe_ptr",
    "LOOKUP": "void *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size, "
    "__u64 netns, __u64 flags",
    "COOKIE": "void *sk, void *iph, __u32 iph_len, struct tcphdr *th, __u32 th_len",
    "SOCKOPT": "void *bpf_socket, int level, int optname, void *optval, int optlen",
    "SYSCTL": "struct bpf_sysctl *ctx",
}

_PROTOTYPES = """
void *map_lookup_elem(void *map, const void *key)
long map_update_elem(void *map, const void *key, const void *value, __u64 flags)
long map_delete_elem(void *map, const void *key)
long map_push_elem(void *map, const void *value, __u64 flags)
long map_pop_elem(void *map, void *value)
long map_peek_elem(void *map, void *value)
void *map_lookup_percpu_elem(void *map, const void *key, __u32 cpu)
long for_each_map_elem(void *map, void *callback_fn, void *callback_ctx, __u64 flags)
long tail_call(void *ctx, void *prog_array_map, __u32 index)
long loop(__u32 nr_loops, void *callback_fn, void *callback_ctx, __u64 flags)

__u64 ktime_get_ns(void)
__u64 ktime_get_boot_ns(void)
__u64 ktime_get_coarse_ns(void)
__u64 ktime_get_tai_ns(void)
__u64 jiffies64(void)
__u32 get_prandom_u32(void)
__u32 get_smp_processor_id(void)
long get_numa_node_id(void)
long timer_init(TIMER, void *map, __u64 flags)
long timer_set_callback(TIMER, void *callback_fn)
long timer_start(TIMER, __u64 nsecs, __u64 flags)
long timer_cancel(TIMER)
long spin_lock(struct bpf_spin_lock *lock)
long spin_unlock(struct bpf_spin_lock *lock)
void *kptr_xchg(void *dst, void *ptr)
void *per_cpu_ptr(const void *percpu_ptr, __u32 cpu)
void *this_cpu_ptr(const void *percpu_ptr)

long trace_printk(const char *fmt, __u32 fmt_size, ...)
long trace_vprintk(const char *fmt, __u32 fmt_size, const void *data, __u32 data_len)
long snprintf(char *str, __u32 str_size, const char *fmt, __u64 *data, __u32 data_len)
long strtol(const char *buf, unsigned long buf_len, __u64 flags, long *res)
long strtoul(const char *buf, unsigned long buf_len, __u64 flags, unsigned long *res)
long strncmp(const char *s1, __u32 s1_sz, const char *s2)
long seq_printf(struct seq_file *m, const char *fmt, __u32 fmt_size, \
const void *data, __u32 data_len)
long seq_write(struct seq_file *m, const void *data, __u32 len)
long snprintf_btf(char *str, __u32 str_size, struct btf_ptr *ptr, \
__u32 btf_ptr_size, __u64 flags)
long seq_printf_btf(struct seq_file *m, struct btf_ptr *ptr, \
__u32 ptr_size, __u64 flags)

long perf_event_output(OUTPUT)
long skb_output(OUTPUT)
long xdp_output(OUTPUT)
__u64 perf_event_read(void *map, __u64 flags)
long perf_event_read_value(void *map, __u64 flags, \
struct bpf_perf_event_value *buf, __u32 buf_size)
long perf_prog_read_value(struct bpf_perf_event_data *ctx, \
struct bpf_perf_event_value *buf, __u32 buf_size)
long read_branch_records(struct bpf_perf_event_data *ctx, void *buf, \
__u32 size, __u64 flags)
long get_branch_snapshot(void *entries, __u32 size, __u64 flags)
long ringbuf_output(void *ringbuf, void *data, __u64 size, __u64 flags)
void *ringbuf_reserve(void *ringbuf, __u64 size, __u64 flags)
void ringbuf_submit(void *data, __u64 flags)
void ringbuf_discard(void *data, __u64 flags)
__u64 ringbuf_query(void *ringbuf, __u64 flags)
long ringbuf_reserve_dynptr(void *ringbuf, __u32 size, __u64 flags, DYNPTR)
void ringbuf_submit_dynptr(DYNPTR, __u64 flags)
void ringbuf_discard_dynptr(DYNPTR, __u64 flags)
long user_ringbuf_drain(void *map, void *callback_fn, void *ctx, __u64 flags)
long dynptr_from_mem(void *data, __u32 size, __u64 flags, DYNPTR)
long dynptr_read(void *dst, __u64 len, const struct bpf_dynptr *src, \
__u64 offset, __u64 flags)
long dynptr_write(const struct bpf_dynptr *dst, __u64 offset, void *src, \
__u64 len, __u64 flags)
void *dynptr_data(const DYNPTR, __u64 offset, __u64 len)

__u64 get_current_pid_tgid(void)
__u64 get_current_uid_gid(void)
long get_current_comm(void *buf, __u32 size_of_buf)
__u64 get_current_task(void)
struct task_struct *get_current_task_btf(void)
__u64 get_current_cgroup_id(void)
__u64 get_current_ancestor_cgroup_id(int ancestor_level)
long current_task_under_cgroup(void *map, __u32 index)
long get_ns_current_pid_tgid(__u64 dev, __u64 ino, \
struct bpf_pidns_info *nsdata, __u32 size)
long send_signal(__u32 sig)
long send_signal_thread(__u32 sig)
long probe_read(READ)
long probe_read_str(READ)
long probe_read_user(READ)
long probe_read_kernel(READ)
long probe_read_user_str(READ)
long probe_read_kernel_str(READ)
long probe_write_user(void *dst, const void *src, __u32 len)
long copy_from_user(void *dst, __u32 size, const void *user_ptr)
long copy_from_user_task(void *dst, __u32 size, const void *user_ptr, TASK, __u64 flags)
long get_stackid(void *ctx, void *map, __u64 flags)
long get_stack(void *ctx, void *buf, __u32 size, __u64 flags)
long get_task_stack(TASK, void *buf, __u32 size, __u64 flags)
long task_pt_regs(TASK)
long find_vma(TASK, __u64 addr, void *callback_fn, void *callback_ctx, __u64 flags)
long override_return(struct pt_regs *regs, __u64 rc)
__u64 get_func_ip(void *ctx)
long get_func_arg(void *ctx, __u32 n, __u64 *value)
long get_func_ret(void *ctx, __u64 *value)
long get_func_arg_cnt(void *ctx)
__u64 get_attach_cookie(void *ctx)
long d_path(struct path *path, char *buf, __u32 sz)
long bprm_opts_set(struct linux_binprm *bprm, __u64 flags)
long ima_inode_hash(struct inode *inode, void *dst, __u32 size)
long ima_file_hash(struct file *file, void *dst, __u32 size)
long sys_bpf(__u32 cmd, void *attr, __u32 attr_size)
long sys_close(__u32 fd)
long btf_find_by_name_kind(char *name, int name_sz, __u32 kind, int flags)
long kallsyms_lookup_name(const char *name, int name_sz, int flags, __u64 *res)

void *get_local_storage(void *map, __u64 flags)
void *sk_storage_get(void *map, void *sk, void *value, __u64 flags)
long sk_storage_delete(void *map, void *sk)
void *inode_storage_get(void *map, void *inode, void *value, __u64 flags)
int inode_storage_delete(void *map, void *inode)
void *task_storage_get(void *map, TASK, void *value, __u64 flags)
long task_storage_delete(void *map, TASK)
void *cgrp_storage_get(void *map, struct cgroup *cgroup, void *value, __u64 flags)
long cgrp_storage_delete(void *map, struct cgroup *cgroup)

long xdp_adjust_head(XDP, int delta)
long xdp_adjust_meta(XDP, int delta)
long xdp_adjust_tail(XDP, int delta)
__u64 xdp_get_buff_len(XDP)
long xdp_load_bytes(XDP, __u32 offset, void *buf, __u32 len)
long xdp_store_bytes(XDP, __u32 offset, void *buf, __u32 len)
long redirect(__u32 ifindex, __u64 flags)
long redirect_map(void *map, __u64 key, __u64 flags)
long redirect_neigh(__u32 ifindex, struct bpf_redir_neigh *params, \
int plen, __u64 flags)
long redirect_peer(__u32 ifindex, __u64 flags)
long clone_redirect(SKB, __u32 ifindex, __u64 flags)
long fib_lookup(void *ctx, struct bpf_fib_lookup *params, int plen, __u32 flags)
long check_mtu(void *ctx, __u32 ifindex, __u32 *mtu_len, __s32 len_diff, __u64 flags)
__u64 get_netns_cookie(void *ctx)

long skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len)
long skb_load_bytes_relative(const void *skb, __u32 offset, void *to, __u32 len, \
__u32 start_header)
long skb_store_bytes(SKB, __u32 offset, const void *from, __u32 len, __u64 flags)
long skb_pull_data(SKB, __u32 len)
long skb_change_head(SKB, __u32 len, __u64 flags)
long skb_change_tail(SKB, __u32 len, __u64 flags)
long skb_change_proto(SKB, __be16 proto, __u64 flags)
long skb_change_type(SKB, __u32 type)
long skb_adjust_room(SKB, __s32 len_diff, __u32 mode, __u64 flags)
long skb_vlan_push(SKB, __be16 vlan_proto, __u16 vlan_tci)
long skb_vlan_pop(SKB)
long skb_ecn_set_ce(SKB)
long skb_set_tstamp(SKB, __u64 tstamp, __u32 tstamp_type)
long l3_csum_replace(SKB, __u32 offset, __u64 from, __u64 to, __u64 size)
long l4_csum_replace(SKB, __u32 offset, __u64 from, __u64 to, __u64 flags)
__s64 csum_diff(__be32 *from, __u32 from_size, __be32 *to, __u32 to_size, __wsum seed)
__s64 csum_update(SKB, __wsum csum)
long csum_level(SKB, __u64 level)
__u32 get_hash_recalc(SKB)
long set_hash(SKB, __u32 hash)
void set_hash_invalid(SKB)
__u32 get_cgroup_classid(SKB)
__u64 skb_cgroup_classid(SKB)
__u64 skb_cgroup_id(SKB)
__u64 skb_ancestor_cgroup_id(SKB, int ancestor_level)
long skb_under_cgroup(SKB, void *map, __u32 index)
__u32 get_route_realm(SKB)
long skb_get_tunnel_key(SKB, struct bpf_tunnel_key *key, __u32 size, __u64 flags)
long skb_set_tunnel_key(SKB, struct bpf_tunnel_key *key, __u32 size, __u64 flags)
long skb_get_tunnel_opt(SKB, void *opt, __u32 size)
long skb_set_tunnel_opt(SKB, void *opt, __u32 size)
long skb_get_xfrm_state(SKB, __u32 index, struct bpf_xfrm_state *xfrm_state, \
__u32 size, __u64 flags)
long lwt_push_encap(SKB, __u32 type, void *hdr, __u32 len)
long lwt_seg6_store_bytes(SKB, __u32 offset, const void *from, __u32 len)
long lwt_seg6_adjust_srh(SKB, __u32 offset, __s32 delta)
long lwt_seg6_action(SKB, __u32 action, void *param, __u32 param_len)

__u64 get_socket_cookie(void *ctx)
__u32 get_socket_uid(SKB)
long setsockopt(SOCKOPT)
long getsockopt(SOCKOPT)
int get_retval(void)
int set_retval(int retval)
long bind(struct bpf_sock_addr *ctx, struct sockaddr *addr, int addr_len)
struct bpf_sock *sk_lookup_tcp(LOOKUP)
struct bpf_sock *sk_lookup_udp(LOOKUP)
struct bpf_sock *skc_lookup_tcp(LOOKUP)
long sk_release(void *sock)
long sk_assign(void *ctx, void *sk, __u64 flags)
struct bpf_sock *sk_fullsock(struct bpf_sock *sk)
struct bpf_tcp_sock *tcp_sock(struct bpf_sock *sk)
struct bpf_sock *get_listener_sock(struct bpf_sock *sk)
__u64 sk_cgroup_id(void *sk)
__u64 sk_ancestor_cgroup_id(void *sk, int ancestor_level)
struct tcp6_sock *skc_to_tcp6_sock(void *sk)
struct tcp_sock *skc_to_tcp_sock(void *sk)
struct tcp_timewait_sock *skc_to_tcp_timewait_sock(void *sk)
struct tcp_request_sock *skc_to_tcp_request_sock(void *sk)
struct udp6_sock *skc_to_udp6_sock(void *sk)
struct unix_sock *skc_to_unix_sock(void *sk)
struct mptcp_sock *skc_to_mptcp_sock(void *sk)
struct socket *sock_from_file(struct file *file)
long tcp_send_ack(void *tp, __u32 rcv_nxt)
long tcp_check_syncookie(COOKIE)
__s64 tcp_gen_syncookie(COOKIE)
__s64 tcp_raw_gen_syncookie_ipv4(struct iphdr *iph, struct tcphdr *th, __u32 th_len)
__s64 tcp_raw_gen_syncookie_ipv6(struct ipv6hdr *iph, struct tcphdr *th, __u32 th_len)
long tcp_raw_check_syncookie_ipv4(struct iphdr *iph, struct tcphdr *th)
long tcp_raw_check_syncookie_ipv6(struct ipv6hdr *iph, struct tcphdr *th)
long sock_ops_cb_flags_set(struct bpf_sock_ops *bpf_sock, int argval)
long load_hdr_opt(SKOPS, void *searchby_res, __u32 len, __u64 flags)
long store_hdr_opt(SKOPS, const void *from, __u32 len, __u64 flags)
long reserve_hdr_opt(SKOPS, __u32 len, __u64 flags)
long sock_map_update(SKOPS, void *map, void *key, __u64 flags)
long sock_hash_update(SKOPS, void *map, void *key, __u64 flags)
long sk_redirect_map(SKB, void *map, __u32 key, __u64 flags)
long sk_redirect_hash(SKB, void *map, void *key, __u64 flags)
long msg_redirect_map(MSG, void *map, __u32 key, __u64 flags)
long msg_redirect_hash(MSG, void *map, void *key, __u64 flags)
long msg_apply_bytes(MSG, __u32 bytes)
long msg_cork_bytes(MSG, __u32 bytes)
long msg_pull_data(MSG, __u32 start, __u32 end, __u64 flags)
long msg_push_data(MSG, __u32 start, __u32 len, __u64 flags)
long msg_pop_data(MSG, __u32 start, __u32 len, __u64 flags)
long sk_select_reuseport(struct sk_reuseport_md *reuse, void *map, void *key, \
__u64 flags)
long sysctl_get_name(SYSCTL, char *buf, unsigned long buf_len, __u64 flags)
long sysctl_get_current_value(SYSCTL, char *buf, unsigned long buf_len)
long sysctl_get_new_value(SYSCTL, char *buf, unsigned long buf_len)
long sysctl_set_new_value(SYSCTL, const char *buf, unsigned long buf_len)
long rc_repeat(void *ctx)
long rc_keydown(void *ctx, __u32 protocol, __u64 scancode, __u32 toggle)
long rc_pointer_rel(void *ctx, __s32 rel_x, __s32 rel_y)
"""

_LINE = re.compile(r"(?P<returns>.*?)(?P<name>\w+)\((?P<arguments>.*)\)")
_HEADER = """\
/* Helpers: what a program may ask of the kernel. Made from the kit's own table. */
#ifndef __BPF_HELPER_DEFS_H__
#define __BPF_HELPER_DEFS_H__

{structs}

{helpers}

#endif
"""


def _parse() -> dict[str, tuple[str, str]]:
    table = {}
    for line in filter(None, _PROTOTYPES.splitlines()):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"not a prototype: {line}")
        arguments = re.sub(r"\b[A-Z]{3,}\b", lambda m: _SHORT[m[0]], found["arguments"])
        table[found["name"]] = (found["returns"], arguments)
    return table


PROTOTYPES = _parse()  # name -> (type that it returns, arguments)


@cache
def helper_header() -> str:
    """Return the text of `bpf/bpf_helper_defs.h`."""
    rows = sorted(PROTOTYPES.items(), key=lambda row: HELPER_IDS[row[0]])
    helpers = [
        f"static {ret}(* const bpf_{name})({arguments}) = (void *){HELPER_IDS[name]};"
        for name, (ret, arguments) in rows
    ]
    structs = sorted(set(re.findall(r"struct \w+", "\n".join(helpers))))
    return _HEADER.format(
        structs="\n".join(f"{struct};" for struct in structs),
        helpers="\n".join(helpers),
    )
