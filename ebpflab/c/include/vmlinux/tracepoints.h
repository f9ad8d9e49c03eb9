/* Contexts of SEC("tp/..."): what each tracepoint tells. `__data_loc_x` is where the
 * text x lies: the lower 16 bits are its distance from the context's start.
 */
#pragma once

struct trace_entry {
	unsigned short type;
	unsigned char flags, preempt_count;
	int pid;
};
struct trace_event_raw_sys_enter {
	struct trace_entry ent;
	long id;
	unsigned long args[6];
	char __data[];
};
struct trace_event_raw_sys_exit {
	struct trace_entry ent;
	long id, ret;
	char __data[];
};
struct trace_event_raw_sched_switch {
	struct trace_entry ent;
	char prev_comm[16];
	pid_t prev_pid;
	int prev_prio;
	long prev_state;
	char next_comm[16];
	pid_t next_pid;
	int next_prio;
	char __data[];
};
struct trace_event_raw_sched_wakeup_template {
	struct trace_entry ent;
	char comm[16];
	pid_t pid;
	int prio, target_cpu;
	char __data[];
};
struct trace_event_raw_sched_process_template {
	struct trace_entry ent;
	u32 __data_loc_comm;
	pid_t pid;
	int prio;
	char __data[];
};
struct trace_event_raw_sched_process_exit {
	struct trace_entry ent;
	char comm[16];
	pid_t pid;
	int prio;
	bool group_dead;
	char __data[];
};
struct trace_event_raw_sched_process_fork {
	struct trace_entry ent;
	u32 __data_loc_parent_comm;
	pid_t parent_pid;
	u32 __data_loc_child_comm;
	pid_t child_pid;
	char __data[];
};
struct trace_event_raw_sched_process_exec {
	struct trace_entry ent;
	u32 __data_loc_filename;
	pid_t pid, old_pid;
	char __data[];
};
struct trace_event_raw_sched_stat_runtime {
	struct trace_entry ent;
	u32 __data_loc_comm;
	pid_t pid;
	u64 runtime;
	char __data[];
};
struct trace_event_raw_sched_migrate_task {
	struct trace_entry ent;
	u32 __data_loc_comm;
	pid_t pid;
	int prio, orig_cpu, dest_cpu;
	char __data[];
};
struct trace_event_raw_signal_generate {
	struct trace_entry ent;
	int sig, errno, code;
	char comm[16];
	pid_t pid;
	int group, result;
	char __data[];
};
struct trace_event_raw_signal_deliver {
	struct trace_entry ent;
	int sig, errno, code;
	unsigned long sa_handler, sa_flags;
	char __data[];
};
struct trace_event_raw_block_rq {
	struct trace_entry ent;
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector, bytes;
	unsigned short ioprio;
	char rwbs[10], comm[16];
	u32 __data_loc_cmd;
	char __data[];
};
struct trace_event_raw_block_rq_completion {
	struct trace_entry ent;
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector;
	int error;
	unsigned short ioprio;
	char rwbs[10];
	u32 __data_loc_cmd;
	char __data[];
};
struct trace_event_raw_block_rq_requeue {
	struct trace_entry ent;
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector;
	unsigned short ioprio;
	char rwbs[10];
	u32 __data_loc_cmd;
	char __data[];
};
struct trace_event_raw_block_bio {
	struct trace_entry ent;
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector;
	char rwbs[10], comm[16];
	char __data[];
};
struct trace_event_raw_inet_sock_set_state {
	struct trace_entry ent;
	const void *skaddr;
	int oldstate, newstate;
	__u16 sport, dport, family, protocol;
	__u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16];
	char __data[];
};
struct trace_event_raw_tcp_event_sk {
	struct trace_entry ent;
	const void *skaddr;
	__u16 sport, dport, family;
	__u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16];
	__u64 sock_cookie;
	char __data[];
};
struct trace_event_raw_net_dev_template {
	struct trace_entry ent;
	void *skbaddr;
	unsigned int len;
	u32 __data_loc_name;
	char __data[];
};
struct trace_event_raw_kfree_skb {
	struct trace_entry ent;
	void *skbaddr, *location, *rx_sk;
	unsigned short protocol;
	enum skb_drop_reason reason;
	char __data[];
};
struct trace_event_raw_consume_skb {
	struct trace_entry ent;
	void *skbaddr, *location;
	char __data[];
};
struct trace_event_raw_irq_handler_entry {
	struct trace_entry ent;
	int irq;
	u32 __data_loc_name;
	char __data[];
};
struct trace_event_raw_irq_handler_exit {
	struct trace_entry ent;
	int irq, ret;
	char __data[];
};
struct trace_event_raw_softirq {
	struct trace_entry ent;
	unsigned int vec;
	char __data[];
};
struct trace_event_raw_kmalloc {
	struct trace_entry ent;
	unsigned long call_site;
	const void *ptr;
	size_t bytes_req, bytes_alloc;
	unsigned long gfp_flags;
	int node;
	char __data[];
};
struct trace_event_raw_kmem_cache_alloc {
	struct trace_entry ent;
	unsigned long call_site;
	const void *ptr;
	u32 __data_loc_name;
	size_t bytes_req, bytes_alloc;
	unsigned long gfp_flags;
	int node;
	bool accounted;
	char __data[];
};
struct trace_event_raw_kfree {
	struct trace_entry ent;
	unsigned long call_site;
	const void *ptr;
	char __data[];
};
struct trace_event_raw_mm_page_alloc {
	struct trace_entry ent;
	unsigned long pfn;
	unsigned int order;
	unsigned long gfp_flags;
	int migratetype;
	char __data[];
};
struct trace_event_raw_exceptions {
	struct trace_entry ent;
	unsigned long address, ip, error_code;
	char __data[];
};
struct trace_event_raw_task_newtask {
	struct trace_entry ent;
	pid_t pid;
	char comm[16];
	u64 clone_flags;
	short oom_score_adj;
	char __data[];
};
struct trace_event_raw_xdp_exception {
	struct trace_entry ent;
	int prog_id;
	u32 act;
	int ifindex;
	char __data[];
};
struct trace_event_raw_workqueue_execute_start {
	struct trace_entry ent;
	void *work, *function;
	char __data[];
};
