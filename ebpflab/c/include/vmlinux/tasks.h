/* Tasks and what they belong to: credentials, namespaces, control groups. */
#pragma once

struct thread_info {
	unsigned long flags, syscall_work;
	u32 status, cpu;
};
struct sched_entity {
	unsigned char on_rq;
	u64 exec_start, sum_exec_runtime, prev_sum_exec_runtime, vruntime;
	u64 deadline, slice, nr_migrations;
	int depth;
	struct sched_entity *parent;
	struct cfs_rq *cfs_rq;
};
struct cfs_rq {
	unsigned int nr_queued, h_nr_queued;
	struct sched_entity *curr;
	struct rq *rq;
};
struct rq {
	unsigned int nr_running;
	int cpu;
	u64 clock, clock_task, nr_switches;
	struct task_struct *curr, *idle;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	void *stack;
	refcount_t usage;
	unsigned int flags, ptrace;
	int on_cpu, wake_cpu, recent_used_cpu, on_rq;
	int prio, static_prio, normal_prio;
	unsigned int rt_priority;
	struct sched_entity se;
	unsigned int policy;
	int nr_cpus_allowed;
	struct list_head tasks;
	struct mm_struct *mm, *active_mm;
	int exit_state, exit_code, exit_signal, pdeath_signal;
	unsigned long jobctl;
	unsigned int personality;
	unsigned int in_execve : 1;
	unsigned int in_iowait : 1;
	unsigned long atomic_flags;
	pid_t pid, tgid;
	struct task_struct *real_parent, *parent;
	struct list_head children, sibling;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node;
	void *worker_private;
	u64 utime, stime, gtime;
	unsigned long nvcsw, nivcsw;
	u64 start_time, start_boottime;
	unsigned long min_flt, maj_flt;
	const struct cred *ptracer_cred, *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	kuid_t loginuid;
	unsigned int sessionid;
	u64 self_exec_id;
	struct css_set *cgroups;
	struct io_context *io_context;
};

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	refcount_t count;
	unsigned int level;
	struct upid numbers[];
};
struct signal_struct {
	atomic_t live;
	int nr_threads, group_exit_code, leader;
	short oom_score_adj, oom_score_adj_min;
	struct pid *pids[4]; /* by enum pid_type */
	struct tty_struct *tty;
	u64 cutime, cstime;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt, inblock, oublock, maxrss;
};
struct tty_struct {
	int index, count;
	char name[64];
};
struct user_struct {
	kuid_t uid;
};
struct cred {
	atomic_long_t usage;
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct user_struct *user;
	struct user_namespace *user_ns;
};

struct ns_common {
	unsigned int inum; /* the number in /proc/PID/ns */
};
struct nsproxy {
	refcount_t count;
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns, *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};
struct new_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65];
	char domainname[65];
};
struct uts_namespace {
	struct new_utsname name;
	struct user_namespace *user_ns;
	struct ns_common ns;
};
struct ipc_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
};
struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
	struct user_namespace *user_ns;
};
struct pid_namespace {
	unsigned int pid_allocated, level;
	struct task_struct *child_reaper;
	struct pid_namespace *parent;
	struct user_namespace *user_ns;
	struct ns_common ns;
};
struct time_namespace {
	struct ns_common ns;
};
struct cgroup_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
};
struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
	kgid_t group;
	struct ns_common ns;
	unsigned long flags;
};

struct kernfs_node {
	const char *name;
	struct kernfs_node *__parent; /* parent before Linux 6.15 */
	u64 id;
	umode_t mode;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	int id;
	u64 serial_nr;
	struct cgroup_subsys_state *parent;
};
struct cgroup_root {
	int hierarchy_id;
	char name[64];
};
struct cgroup {
	struct cgroup_subsys_state self;
	unsigned long flags;
	int level, max_depth;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	struct cgroup *ancestors[];
};
struct css_set {
	struct cgroup_subsys_state *subsys[12];
	refcount_t refcount;
	struct cgroup *dfl_cgrp;
	int nr_tasks;
};
